/* SPDX-License-Identifier: GPL-3.0-or-later
 * The files of the web UI: what is found, what is not, with which headers.
 */
#include "firmware/control/http/static.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cloud/cmocka_headers.h"
#include "firmware/control/store/uploads.h"
#include "fixture.h"

static struct fixture f;

static void put(const char *name, const char *text)
{
	char path[320];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", f.config.control.webui_dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
	char path[320];

	(void)state;
	fixture_open(&f);
	fixture_application(&f);
	assert_int_equal(mkdir(f.config.control.webui_dir, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/assets", f.config.control.webui_dir);
	assert_int_equal(mkdir(path, 0755), 0);
	put("index.html", "<html>index");
	put("player.html", "<html>player");
	put("icon.svg", "<svg/>");
	put(".secret", "s");
	put("assets/app-1a2b.js", "let a;");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static void expect(const char *path, const char *content, const char *type)
{
	char got[64] = "";

	fixture_call(&f, "GET", path, NULL, 200);
	assert_true(f.response.file >= 0);
	assert_int_equal(f.response.file_length, strlen(content));
	assert_int_equal(read(f.response.file, got, sizeof(got)), strlen(content));
	assert_string_equal(got, content);
	assert_string_equal(tess_response_get(&f.response, "Content-Type"), type);
	assert_string_equal(tess_response_get(&f.response, "X-Content-Type-Options"), "nosniff");
}

#define HTML "text/html; charset=utf-8"

static void test_found(void **state)
{
	(void)state;
	expect("/", "<html>index", HTML);
	assert_string_equal(tess_response_get(&f.response, "Cache-Control"), "no-cache");
	assert_string_equal(tess_response_get(&f.response, "X-Frame-Options"), "DENY");
	expect("/index.html", "<html>index", HTML);
	expect("/icon.svg", "<svg/>", "image/svg+xml");
	expect("/assets/app-1a2b.js", "let a;", "text/javascript; charset=utf-8");
	assert_string_equal(tess_response_get(&f.response, "Cache-Control"),
			    "public, max-age=31536000, immutable");
	assert_null(tess_response_get(&f.response, "Content-Security-Policy"));
	/* the web UI's own paths */
	expect("/rooms/1400000001/101", "<html>index", HTML);
	expect("/assets", "<html>index", HTML);
	expect("/a%20room", "<html>index", HTML);
}

static void test_policy(void **state)
{
	const char *policy;

	(void)state;
	expect("/", "<html>index", HTML);
	policy = tess_response_get(&f.response, "Content-Security-Policy");
	assert_non_null(strstr(policy, "default-src 'none'; script-src 'self'; "));
	assert_non_null(strstr(policy, "connect-src 'self' http://box.lan:8088; "));
	assert_non_null(strstr(policy, "media-src 'self' blob: http://box.lan:8088; "));
	assert_null(strstr(policy, "unsafe"));
	/* and of the storages that files have gone to, each once */
	for (int64_t file = 1; file < 4; file++) {
		struct tess_upload upload = {.file = file,
					     .application = 1400000001,
					     .place = {.endpoint = "https://s3.example",
						       .bucket = "b",
						       .path_style = true}};

		assert_int_equal(tess_store_upload_add(f.control.store, &upload), 0);
		(void)stpcpy(upload.state, file < 3 ? "uploaded" : "failed");
		assert_int_equal(tess_store_upload_set(f.control.store, &upload), 0);
	}
	expect("/", "<html>index", HTML);
	policy = tess_response_get(&f.response, "Content-Security-Policy");
	assert_non_null(strstr(policy, "connect-src 'self' http://box.lan:8088 "
				       "https://s3.example; "));
	/* a Host made to widen it does not */
	fixture_header(&f, "Host", "x; script-src *");
	expect("/", "<html>index", HTML);
	policy = tess_response_get(&f.response, "Content-Security-Policy");
	assert_non_null(strstr(policy, "connect-src 'self' http://localhost:8088 "));
}

static void test_player(void **state)
{
	const char *policy;

	(void)state;
	expect("/player", "<html>player", HTML);
	policy = tess_response_get(&f.response, "Content-Security-Policy");
	assert_non_null(strstr(policy, "script-src 'self'; "));
	assert_non_null(strstr(policy, "; frame-ancestors *"));
	assert_null(tess_response_get(&f.response, "X-Frame-Options"));
	expect("/", "<html>index", HTML);
	assert_non_null(strstr(tess_response_get(&f.response, "Content-Security-Policy"),
			       "; frame-ancestors 'none'"));
}

static void test_not_found(void **state)
{
	static const char *const paths[] = {
		"/missing.js",	       "/assets/missing.css", "/.secret",
		"/assets/../icon.svg", "/../tessera.db",      "/%2e%2e/tessera.db",
		"/..%2ftessera.db",    "//etc/hosts.conf",    "/assets//app-1a2b.js",
		"/icon.svg/x.y",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		fixture_call(&f, "GET", paths[i], NULL, 404);
	f.config.control.webui_dir[0] = 0;
	fixture_call(&f, "GET", "/", NULL, 404);
}

static void test_known(void **state)
{
	char tag[64];

	(void)state;
	fixture_call(&f, "GET", "/icon.svg", NULL, 200);
	(void)snprintf(tag, sizeof(tag), "%s", tess_response_get(&f.response, "ETag"));
	fixture_header(&f, "If-None-Match", tag);
	fixture_call(&f, "GET", "/icon.svg", NULL, 304);
	assert_int_equal(f.response.file, -1);
	put("icon.svg", "<svg></svg>");
	fixture_call(&f, "GET", "/icon.svg", NULL, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_found, setup, teardown),
		cmocka_unit_test_setup_teardown(test_policy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_player, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_found, setup, teardown),
		cmocka_unit_test_setup_teardown(test_known, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
