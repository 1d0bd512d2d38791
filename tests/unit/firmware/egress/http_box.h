/* SPDX-License-Identifier: GPL-3.0-or-later
 * The HTTP server, in clear and by TLS, before live outputs and one recording, with clients that
 * ask it.
 */
#ifndef TESS_TEST_HTTP_BOX_H
#define TESS_TEST_HTTP_BOX_H

#include "firmware/base/config.h"
#include "tests/unit/firmware/egress/http_client.h"
#include "tests/unit/firmware/egress/live_box.h"

#define FILE_SIZE 3000000
#define KEY_HEX	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/** The box of the test that runs. */
extern struct http_box {
	struct tess_http *http, *https;
	struct tess_tls_context *tls;
	uint16_t port, tls_port;
	/** Of recording 5, whose files are named there...: FILE_SIZE bytes. */
	uint8_t *file_data;
	char file_path[32];
	struct tess_config tls_config; /* with the files of: */
	char certificate_path[48], key_path[48];
} http_box;

/** One stream "s" is to be watched as "show", of application 7. */
int http_box_set_up(void **state);
/** Without an output, and with so much memory for HLS. */
void http_box_open(uint64_t hls_bytes);
int http_box_tear_down(void **state);

#define HTTP_TEST(name) cmocka_unit_test_setup_teardown(name, http_box_set_up, http_box_tear_down)

/** To fetch recordings: as struct tess_http_config has it. */
int open_record(void *arg, int64_t id, const char *name, int *fdp, uint32_t *app);
void set_tls_files(struct tess_config *config, const char *certificate, const char *key);

/** Send a request and read the head of the answer. @return its status */
int ask_on(struct client *client, const char *method, const char *target, const char *headers);
/** On a connection of its own. */
int ask(struct client *client, const char *method, const char *target, const char *headers);
/** The same by TLS; @p receive_bytes of the socket's buffer, or 0. */
int ask_tls(struct client *client, const char *target, const char *headers, int receive_bytes);
/** The same, and the connection is closed. */
int status_of(const char *method, const char *target, const char *headers);
/** Of the head that came last, which has it; at most 99 characters. */
void header_value(const struct client *client, const char *name, char *value);
/** What the traffic has of an application; -1: nothing */
json_int_t sent_for(json_int_t app, const char *item);

#endif
