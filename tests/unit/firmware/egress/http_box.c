/* SPDX-License-Identifier: GPL-3.0-or-later
 * Servers that are asked.
 */
#include "tests/unit/firmware/egress/http_box.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/clock/clock.h"
#include "firmware/egress/http_server.h"
#include "firmware/egress/tls_context.h"

struct http_box http_box;

int open_record(void *arg, int64_t id, const char *name, int *fdp, uint32_t *app)
{
	(void)arg;
	*app = 8;
	if (id != 5 || (name && strncmp(name, "there", 5) != 0))
		return -ENOENT;
	*fdp = open(http_box.file_path, O_RDONLY | O_CLOEXEC);
	return *fdp < 0 ? -errno : 0;
}

static void do_start(void *arg)
{
	struct tess_http_config config = {
		.max_connections = 8,
		.max_viewers = 3,
		.clock = tess_clock_system(),
		.live = live_box.live,
		.guard = live_box.guard,
		.traffic = live_box.traffic,
		.record_open = open_record,
	};
	struct tess_loop *loop = turning_loop(live_box.turning);
	uint8_t key[TESS_TOKEN_KEY_SIZE];
	char error[256];

	(void)arg;
	config.listen.in = (struct sockaddr_in){.sin_family = AF_INET,
						.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(tess_token_key(key, KEY_HEX), 0);
	assert_int_equal(tess_http_alloc(&http_box.http, loop, &config), 0);
	tess_http_set_key(http_box.http, key);
	http_box.port = tess_http_port(http_box.http);
	assert_int_equal(
		tess_tls_context_alloc(&http_box.tls, &http_box.tls_config, error, sizeof(error)),
		0);
	config.tls = http_box.tls;
	assert_int_equal(tess_http_alloc(&http_box.https, loop, &config), 0);
	tess_http_set_key(http_box.https, key);
	http_box.tls_port = tess_http_port(http_box.https);
}

static void do_stop(void *arg)
{
	(void)arg;
	tess_http_free(http_box.http);
	tess_http_free(http_box.https);
	tess_tls_context_free(http_box.tls);
}

void set_tls_files(struct tess_config *config, const char *certificate, const char *key)
{
	(void)snprintf(config->egress.tls_certificate, sizeof(config->egress.tls_certificate), "%s",
		       certificate);
	(void)snprintf(config->egress.tls_key, sizeof(config->egress.tls_key), "%s", key);
}

static void make_files(void)
{
	int fd;

	http_box.file_data = malloc(FILE_SIZE);
	assert_non_null(http_box.file_data);
	for (size_t i = 0; i < FILE_SIZE; i++)
		http_box.file_data[i] = (uint8_t)(i * 2654435761u >> 13);
	(void)strcpy(http_box.file_path, "/tmp/tessera-test-XXXXXX");
	fd = mkstemp(http_box.file_path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, http_box.file_data, FILE_SIZE), FILE_SIZE);
	close(fd);
	(void)snprintf(http_box.certificate_path, sizeof(http_box.certificate_path), "%s.cert",
		       http_box.file_path);
	(void)snprintf(http_box.key_path, sizeof(http_box.key_path), "%s.key", http_box.file_path);
	make_certificate(http_box.certificate_path, http_box.key_path, "first");
	set_tls_files(&http_box.tls_config, http_box.certificate_path, http_box.key_path);
}

void http_box_open(uint64_t hls_bytes)
{
	make_files();
	live_box_open(hls_bytes);
	turning_do(live_box.turning, do_start, NULL);
}

int http_box_set_up(void **state)
{
	(void)state;
	http_box_open(16 << 20);
	set_outputs("[{\"stream\":\"s\",\"name\":\"show\",\"app\":7}]");
	return 0;
}

int http_box_tear_down(void **state)
{
	(void)state;
	turning_do(live_box.turning, do_stop, NULL);
	live_box_close();
	unlink(http_box.file_path);
	unlink(http_box.certificate_path);
	unlink(http_box.key_path);
	free(http_box.file_data);
	return 0;
}

int ask_on(struct client *client, const char *method, const char *target, const char *headers)
{
	char text[2048];

	(void)snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: x\r\n%s\r\n", method, target,
		       headers);
	client_send(client, text);
	return client_head(client);
}

int ask(struct client *client, const char *method, const char *target, const char *headers)
{
	client_open(client, http_box.port, 0);
	return ask_on(client, method, target, headers);
}

int ask_tls(struct client *client, const char *target, const char *headers, int receive_bytes)
{
	client_open(client, http_box.tls_port, receive_bytes);
	assert_true(client_secure(client, NULL));
	return ask_on(client, "GET", target, headers);
}

int status_of(const char *method, const char *target, const char *headers)
{
	struct client client;
	int status = ask(&client, method, target, headers);

	close(client.fd);
	return status;
}

void header_value(const struct client *client, const char *name, char *value)
{
	const char *at = strstr(client->text, name);

	assert_non_null(at);
	assert_int_equal(sscanf(at + strlen(name), ": %99[^\r]", value), 1);
}

static void get_traffic(void *arg)
{
	*(json_t **)arg = tess_traffic_facts(live_box.traffic);
}

json_int_t sent_for(json_int_t app, const char *item)
{
	json_t *facts, *one;
	json_int_t bytes = -1;
	size_t i;

	turning_do(live_box.turning, get_traffic, &facts);
	json_array_foreach(json_object_get(facts, "apps"), i, one)
	{
		if (json_integer_value(json_object_get(one, "app")) == app)
			bytes = json_integer_value(json_object_get(one, item));
	}
	json_decref(facts);
	return bytes;
}
