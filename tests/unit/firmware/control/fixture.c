/* SPDX-License-Identifier: GPL-3.0-or-later
 * See fixture.h.
 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cloud/cmocka_headers.h"
#include "firmware/control/http/dispatch.h"

static int64_t now_us(const struct tess_clock *clock)
{
	const struct fixture *fixture =
		(const void *)((const char *)clock - offsetof(struct fixture, time));

	/* a client in another thread may move it */
	return __atomic_load_n(&fixture->time.now_us, __ATOMIC_SEQ_CST);
}

static int64_t utc_us(const struct tess_clock *clock)
{
	return ((const struct fixture *)((const char *)clock - offsetof(struct fixture, time)))
		->time.utc_us;
}

static void changed(void *arg)
{
	((struct fixture *)arg)->changes++;
}

static void start(struct fixture *fixture)
{
	assert_int_equal(
		tess_control_open(&fixture->control, &fixture->config, &fixture->time.clock), 0);
	fixture->control.changed = changed;
	fixture->control.changed_arg = fixture;
}

void fixture_open(struct fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	tess_response_init(&fixture->response);
	(void)stpcpy(fixture->dir, "/tmp/tessera-test-XXXXXX");
	assert_non_null(mkdtemp(fixture->dir));
	tess_config_defaults(&fixture->config);
	(void)stpcpy(fixture->config.box.state_dir, fixture->dir);
	(void)stpcpy(fixture->config.box.run_dir, fixture->dir);
	(void)stpcpy(fixture->config.egress.record_dir, fixture->dir);
	(void)snprintf(fixture->config.control.webui_dir, sizeof(fixture->config.control.webui_dir),
		       "%s/webui", fixture->dir);
	fixture->time.clock.now_us = now_us;
	fixture->time.clock.utc_us = utc_us;
	fixture->time.now_us = 5000000;
	fixture->time.utc_us = FIXTURE_UTC_US;
	fixture->address = "192.0.2.7";
	fixture_header(fixture, "Host", "box.lan:8080");
	start(fixture);
}

static void forget_answer(struct fixture *fixture)
{
	json_decref(fixture->json);
	fixture->json = NULL;
	tess_response_fini(&fixture->response);
	tess_response_init(&fixture->response);
}

void fixture_close(struct fixture *fixture)
{
	char command[96];

	forget_answer(fixture);
	tess_control_close(&fixture->control);
	(void)snprintf(command, sizeof(command), "rm -rf %s", fixture->dir);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): our own folder */
}

void fixture_restart(struct fixture *fixture)
{
	tess_control_close(&fixture->control);
	start(fixture);
}

void fixture_advance(struct fixture *fixture, int64_t us)
{
	fixture->time.now_us += us;
	fixture->time.utc_us += us;
}

void fixture_header(struct fixture *fixture, const char *name, const char *value)
{
	struct fixture_header *header = fixture->headers;

	while (header->name && strcasecmp(header->name, name) != 0)
		header++;
	assert_true(header < fixture->headers + 8);
	header->name = name;
	header->value = value;
}

static const char *get_header(void *arg, const char *name)
{
	const struct fixture *fixture = arg;

	for (unsigned i = 0; i < 8 && fixture->headers[i].name; i++)
		if (!strcasecmp(fixture->headers[i].name, name))
			return fixture->headers[i].value;
	return NULL;
}

json_t *fixture_call(struct fixture *fixture, const char *method, const char *path,
		     const char *body, unsigned status)
{
	char *target = strdup(path), *query = strchr(target, '?'), *text = strdup(body ? body : "");
	struct tess_request request = {
		.method = method,
		.path = target,
		.query = query ? query + 1 : "",
		.get_header = get_header,
		.header_arg = fixture,
		.body = text,
		.body_length = strlen(text),
		.address = fixture->address,
		.loopback = fixture->loopback,
	};

	if (query)
		*query = 0;
	for (char *at = text; *at; at++)
		if (*at == '\'')
			*at = '"';
	forget_answer(fixture);
	tess_dispatch(&fixture->control, &request, &fixture->response);
	if (fixture->response.status != status)
		print_error("%s %s: %u %s\n", method, path, fixture->response.status,
			    fixture->response.body ? fixture->response.body : "");
	assert_int_equal(fixture->response.status, status);
	if (fixture->response.body)
		fixture->json = json_loads(fixture->response.body, 0, NULL);
	free(target);
	free(text);
	return fixture->json;
}

static const json_t *member(const struct fixture *fixture, const char *path)
{
	const char *dot = strchr(path, '.');
	char name[64];

	if (!dot)
		return json_object_get(fixture->json, path);
	(void)snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
	return json_object_get(json_object_get(fixture->json, name), dot + 1);
}

const char *fixture_text(const struct fixture *fixture, const char *name)
{
	const char *text = json_string_value(member(fixture, name));

	assert_non_null(text);
	return text;
}

json_int_t fixture_int(const struct fixture *fixture, const char *name)
{
	const json_t *value = member(fixture, name);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

void fixture_refused(struct fixture *fixture, const char *method, const char *path,
		     const char *body, unsigned status, const char *code, const char *field)
{
	fixture_call(fixture, method, path, body, status);
	if (strcmp(fixture_text(fixture, "error.code"), code) != 0 ||
	    strcmp(fixture_text(fixture, "error.field"), field) != 0)
		print_error("%s %s: %s\n", method, path, fixture->response.body);
	assert_string_equal(fixture_text(fixture, "error.code"), code);
	assert_string_equal(fixture_text(fixture, "error.field"), field);
	assert_true(strlen(fixture_text(fixture, "error.message")) > 5);
}

void fixture_password(const struct fixture *fixture, char password[64])
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/initial-password", fixture->dir);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(password, 64, file));
	assert_int_equal(fclose(file), 0);
	password[strcspn(password, "\n")] = 0;
}

void fixture_login(struct fixture *fixture)
{
	char password[64], body[128];
	const char *cookie;

	fixture_password(fixture, password);
	(void)snprintf(body, sizeof(body), "{'user':'admin','password':'%s'}", password);
	fixture_header(fixture, "Content-Type", "application/json");
	fixture_call(fixture, "POST", "/api/v1/login", body, 200);
	cookie = tess_response_get(&fixture->response, "Set-Cookie");
	assert_non_null(cookie);
	(void)snprintf(fixture->cookie, sizeof(fixture->cookie), "%.*s", (int)strcspn(cookie, ";"),
		       cookie);
	fixture_header(fixture, "Cookie", fixture->cookie);
}

void fixture_application(struct fixture *fixture)
{
	struct tess_application application = {
		.id = 1400000001, .name = "demo", .created_us = FIXTURE_UTC_US};

	memset(application.usersig_key, 'a', TESS_USERSIG_KEY_MAX);
	assert_int_equal(tess_store_application_add(fixture->control.store, &application), 0);
}

void fixture_user(struct fixture *fixture, const char *user)
{
	char body[64];

	(void)snprintf(body, sizeof(body), "{'user':'%s'}", user);
	fixture_call(fixture, "POST", "/api/v1/applications/1400000001/rooms/101/users", body, 201);
}
