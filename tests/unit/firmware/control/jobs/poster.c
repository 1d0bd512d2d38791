/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/control/jobs/poster against receivers that take their time: an answer that
 * comes byte by byte, or never ends, is given up when its time is over, and keeps nobody else
 * waiting. And against one that looks at the signatures of requests to object storage.
 */
#include "firmware/control/jobs/poster.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/control/cloud/digest.h"
#include "firmware/control/jobs/s3.h"

#define TIMEOUT_US 600000

static struct tess_loop *loop;
static struct tess_poster *poster;

/* A server that sends some bytes of its answer every 20 ms, over and over from an offset on. */
struct receiver {
	struct tess_watch *door, *heard;
	struct tess_timer *timer;
	int listener, fd;
	const char *answer;
	size_t at, step, again;
	bool closed; /* by the other side */
	char url[64];
	char *request; /* if it is to hear one to its end before it answers */
};

static void trickle(void *arg)
{
	struct receiver *receiver = arg;
	char data[4096];

	if (receiver->closed)
		return;
	for (size_t i = 0; i < receiver->step; i++) {
		if (!receiver->answer[receiver->at])
			receiver->at = receiver->again;
		data[i] = receiver->answer[receiver->at++];
	}
	if (send(receiver->fd, data, receiver->step, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		receiver->closed = true;
	tess_timer_start(receiver->timer, 20000);
}

#define REQUEST_MAX 8192

static void hear(void *arg, uint32_t events)
{
	struct receiver *receiver = arg;
	size_t length = strlen(receiver->request);
	ssize_t count = read(receiver->fd, receiver->request + length, REQUEST_MAX - 1 - length);
	const char *body, *tells;

	(void)events;
	assert_true(count > 0);
	receiver->request[length + (size_t)count] = 0;
	body = strstr(receiver->request, "\r\n\r\n");
	tells = strstr(receiver->request, "Content-Length: ");
	if (!body || (tells && strlen(body + 4) < strtoul(tells + 16, NULL, 10)))
		return;
	tess_watch_remove(receiver->heard);
	trickle(receiver);
}

static void let_in(void *arg, uint32_t events)
{
	struct receiver *receiver = arg;

	(void)events;
	receiver->fd = accept4(receiver->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(receiver->fd >= 0);
	if (!receiver->request)
		trickle(receiver);
	else
		assert_int_equal(tess_watch_add(&receiver->heard, loop, receiver->fd, EPOLLIN, hear,
						receiver),
				 0);
}

static void receiver_start(struct receiver *receiver)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	receiver->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(receiver->listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(receiver->listener, 4), 0);
	assert_int_equal(getsockname(receiver->listener, (struct sockaddr *)&address, &size), 0);
	(void)snprintf(receiver->url, sizeof(receiver->url), "http://127.0.0.1:%u/",
		       ntohs(address.sin_port));
	assert_int_equal(tess_timer_alloc(&receiver->timer, loop, trickle, receiver), 0);
	assert_int_equal(tess_watch_add(&receiver->door, loop, receiver->listener, EPOLLIN, let_in,
					receiver),
			 0);
}

static void receiver_stop(struct receiver *receiver)
{
	tess_watch_remove(receiver->door);
	tess_timer_free(receiver->timer);
	close(receiver->fd);
	close(receiver->listener);
}

/* What became of the posts, in the order in which they ended. */
static struct {
	int order[8];
	long status[8];
	char error[8][64];
	unsigned count;
} over;

static void done(void *arg, long status, const char *error)
{
	unsigned i = over.count++;

	over.order[i] = *(const int *)arg;
	over.status[i] = status;
	(void)snprintf(over.error[i], sizeof(over.error[i]), "%s", error);
	if (over.count == 4)
		tess_loop_stop(loop);
}

static void test_slow_answers(void **state)
{
	static const int who[] = {0, 1, 2, 3};
	struct receiver receivers[] = {
		/* headers without end, byte by byte */
		{.answer = "HTTP/1.1 200 OK\r\nX: aaaaaaa", .step = 1, .again = 20},
		/* a body byte by byte, of which there is more than time */
		{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\na",
		 .step = 20,
		 .again = 43},
		/* one without end, quickly */
		{.answer = "HTTP/1.1 200 OK\r\n\r\nb", .step = 4096, .again = 19},
		/* and one that answers well, if slowly too */
		{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", .step = 10},
	};
	struct timespec before, after;

	(void)state;
	assert_int_equal(tess_loop_alloc(&loop), 0);
	assert_int_equal(tess_poster_start(&poster, loop, "", ""), 0);
	clock_gettime(CLOCK_MONOTONIC, &before);
	for (unsigned i = 0; i < 4; i++) {
		receiver_start(&receivers[i]);
		assert_int_equal(tess_poster_post(poster, receivers[i].url, "{}",
						  i == 3 ? 20000000 : TIMEOUT_US, done,
						  (void *)(uintptr_t)&who[i]),
				 0);
	}
	assert_int_equal(tess_loop_run(loop), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_int_equal(over.order[0], 3);
	assert_int_equal(over.status[0], 200);
	for (unsigned i = 1; i < 4; i++) {
		assert_int_equal(over.status[i], 0);
		assert_non_null(strstr(over.error[i], "timed out"));
	}
	assert_in_range((after.tv_sec - before.tv_sec) * 1000 +
				(after.tv_nsec - before.tv_nsec) / 1000000,
			TIMEOUT_US / 1000, 10000);
	tess_poster_stop(poster);
	for (unsigned i = 0; i < 4; i++)
		receiver_stop(&receivers[i]);
	tess_loop_free(loop);
}

static void answered(void *arg, const struct tess_ask_answer *answer)
{
	(void)arg;
	assert_int_equal(answer->status, 200);
	assert_string_equal(answer->etag, " \"e\"\r\n");
	tess_loop_stop(loop);
}

#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfi:YEXAMPLE KEY"

/* The signature of the text, by the key of the day, region and service. */
static void sign(char hex[TESS_SHA256_HEX], const char *day, const char *text)
{
	const char *steps[] = {day, "eu-central-1", "s3", "aws4_request", text};
	uint8_t key[TESS_SHA256_BYTES];
	const void *with = "AWS4" SECRET;
	size_t length = strlen(with);

	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(tess_hmac(key, &length, TESS_HMAC_SHA256, with, length, steps[i],
					   strlen(steps[i])),
				 0);
		with = key;
	}
	tess_hex(hex, key, length);
}

#define OBJECT "7/a b+c~(d)=\xc3\xbc\xe4\xb8\xad%.mp4"
#define PATH   "/bucket/box/7/a%20b%2Bc~%28d%29%3D%C3%BC%E4%B8%AD%25.mp4"
#define EMPTY  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct signed_case {
	const char *method, *query, *body, *hash;
} signed_cases[] = {
	{"POST", "uploads=", "", EMPTY},
	{"POST", "uploadId=%2Ba%2Fb%3D%3D_.-~", "<a/>",
	 "29114363f749a0226b6988dda3ca2492a954117ab6b5f382706c20300dabc079"},
	{"HEAD", "", NULL, EMPTY},
	{"DELETE", "uploadId=%2Ba%2Fb%3D%3D", NULL, EMPTY},
	{"DELETE", "", NULL, EMPTY},
};

/* The canonical request is written down here as AWS's "Authenticating Requests: Using the
 * Authorization Header" has it, whatever libcurl made of the address. */
static void check_signature(const char *request, const struct signed_case *of, const char *host)
{
	static const char date_is[] = "\r\nX-Amz-Date: ";
	static const char *const names = "content-type;host;x-amz-content-sha256;x-amz-date";
	const char *date = strstr(request, date_is);
	char text[2048], day[9], hash[TESS_SHA256_HEX];

	assert_non_null(date);
	date += strlen(date_is);
	(void)snprintf(day, sizeof(day), "%.8s", date);
	(void)snprintf(text, sizeof(text),
		       "%s\n%s\n%s\ncontent-type:application/xml\nhost:%s\n"
		       "x-amz-content-sha256:%s\nx-amz-date:%.16s\n\n%s\n%s",
		       of->method, PATH, of->query, host, of->hash, date, names, of->hash);
	assert_int_equal(tess_sha256_hex(hash, text, strlen(text)), 0);
	(void)snprintf(text, sizeof(text),
		       "AWS4-HMAC-SHA256\n%.16s\n%s/eu-central-1/s3/aws4_request\n%s", date, day,
		       hash);
	sign(hash, day, text);
	(void)snprintf(text, sizeof(text),
		       "\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/%s/"
		       "eu-central-1/s3/aws4_request, SignedHeaders=%s, Signature=%s\r\n",
		       day, names, hash);
	assert_non_null(strstr(request, text));
	/* what is signed is sent */
	(void)snprintf(text, sizeof(text), "\r\nx-amz-content-sha256: %s\r\n", of->hash);
	assert_non_null(strstr(request, text));
	assert_non_null(strstr(request, "\r\nContent-Type: application/xml\r\n"));
}

static void test_signed(void **state)
{
	static char request[REQUEST_MAX];
	struct tess_upload_place place = {.bucket = "bucket", .prefix = "box/", .path_style = true};

	(void)state;
	for (size_t i = 0; i < sizeof(signed_cases) / sizeof(signed_cases[0]); i++) {
		const struct signed_case *of = &signed_cases[i];
		struct receiver receiver = {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
						      "ETag: \"e\"\r\n\r\n",
					    .request = request};
		char url[TESS_S3_URL_MAX], line[512];
		const struct tess_ask ask = {.method = of->method,
					     .url = url,
					     .body = of->body,
					     .region = "eu-central-1",
					     .access_key = "AKIAIOSFODNN7EXAMPLE",
					     .secret_key = SECRET,
					     .timeout_us = 20000000};

		receiver.step = strlen(receiver.answer);
		*request = 0;
		assert_int_equal(tess_loop_alloc(&loop), 0);
		assert_int_equal(tess_poster_start(&poster, loop, "", ""), 0);
		receiver_start(&receiver);
		(void)snprintf(place.endpoint, sizeof(place.endpoint), "%.*s",
			       (int)strlen(receiver.url) - 1, receiver.url);
		assert_int_equal(tess_s3_url(url, &place, OBJECT, of->query), 0);
		assert_int_equal(tess_poster_ask(poster, &ask, answered, NULL), 0);
		assert_int_equal(tess_loop_run(loop), 0);
		(void)snprintf(line, sizeof(line), "%s %s%s%s HTTP/1.1\r\n", of->method, PATH,
			       *of->query ? "?" : "", of->query);
		assert_ptr_equal(strstr(request, line), request);
		check_signature(request, of, place.endpoint + strlen("http://"));
		tess_poster_stop(poster);
		receiver_stop(&receiver);
		tess_loop_free(loop);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_slow_answers),
						  cmocka_unit_test(test_signed)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
