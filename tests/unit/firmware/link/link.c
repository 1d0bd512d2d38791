/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/link: messages, descriptors, reconnecting, and the parser on bad bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "firmware/link/link.h"

struct fixture {
	struct tess_loop *loop;
	struct tess_timer *limit;
	struct tess_link_server *server;
	struct tess_link *client, *accepted;
	char folder[64], path[96];
	int ups, downs, messages;
	json_int_t last;
	bool fds_right;
	size_t bytes;
};

static void too_late(void *arg)
{
	tess_loop_stop(((struct fixture *)arg)->loop);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/tessera-link-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof(f->path), "%s/s.sock", f->folder);
	assert_int_equal(tess_loop_alloc(&f->loop), 0);
	assert_int_equal(tess_timer_alloc(&f->limit, f->loop, too_late, f), 0);
	tess_timer_start(f->limit, 30000000);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	tess_link_free(f->client);
	tess_link_server_free(f->server);
	tess_loop_free(f->loop);
	unlink(f->path);
	rmdir(f->folder);
	free(f);
	return 0;
}

static void send_number(struct tess_link *link, int number, const int *fds, unsigned count)
{
	json_t *message = json_pack("{s:s,s:i}", "type", "test", "n", number);

	assert_int_equal(tess_link_send(link, message, fds, count), 0);
	json_decref(message);
}

static int memory_with(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

static void server_up(void *arg, struct tess_link *link)
{
	struct fixture *f = arg;

	f->accepted = link;
	f->ups++;
}

static void client_up(void *arg, struct tess_link *link)
{
	struct fixture *f = arg;
	int fds[2] = {memory_with("first"), memory_with("second")};

	f->ups++;
	/* three messages at once: the descriptors belong to the second */
	send_number(link, 1, NULL, 0);
	send_number(link, 2, fds, 2);
	send_number(link, 3, NULL, 0);
	close(fds[0]);
	close(fds[1]);
}

static void server_message(void *arg, struct tess_link *link, json_t *message, int *fds,
			   unsigned count)
{
	struct fixture *f = arg;
	char text[16] = "";

	f->messages++;
	f->last = json_integer_value(json_object_get(message, "n"));
	assert_int_equal(f->last, f->messages);
	assert_int_equal(count, f->last == 2 ? 2 : 0);
	if (count == 2) {
		assert_int_equal(pread(fds[0], text, 15, 0), 5);
		assert_string_equal(text, "first");
		assert_int_equal(pread(fds[1], text, 15, 0), 6);
		assert_string_equal(text, "second");
		close(fds[0]);
		close(fds[1]);
		f->fds_right = true;
	}
	if (f->last == 3)
		send_number(link, 4, NULL, 0);
}

static void client_message(void *arg, struct tess_link *link, json_t *message, int *fds,
			   unsigned count)
{
	struct fixture *f = arg;

	(void)link, (void)fds;
	assert_int_equal(count, 0);
	f->last = json_integer_value(json_object_get(message, "n"));
	tess_loop_stop(f->loop);
}

static const struct tess_link_handlers server_handlers = {.up = server_up,
							  .message = server_message};
static const struct tess_link_handlers client_handlers = {.up = client_up,
							  .message = client_message};

static void test_both_ways_with_descriptors(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(tess_link_listen(&f->server, f->loop, f->path, &server_handlers, f), 0);
	assert_int_equal(tess_link_connect(&f->client, f->loop, f->path, &client_handlers, f), 0);
	assert_int_equal(tess_loop_run(f->loop), 0);
	assert_int_equal(f->last, 4);
	assert_true(f->fds_right);
	assert_int_equal(f->ups, 2);
}

static void start_server(void *arg)
{
	struct fixture *f = arg;

	assert_int_equal(tess_link_listen(&f->server, f->loop, f->path, &server_handlers, f), 0);
}

/* The server comes later than the client: the client finds it by itself. */
static void test_server_comes_late(void **state)
{
	struct fixture *f = *state;
	struct tess_timer *later;

	assert_int_equal(tess_link_connect(&f->client, f->loop, f->path, &client_handlers, f), 0);
	assert_int_equal(tess_timer_alloc(&later, f->loop, start_server, f), 0);
	tess_timer_start(later, 120000);
	assert_int_equal(tess_loop_run(f->loop), 0);
	assert_int_equal(f->last, 4);
}

/* A second process must not take a socket over, nor remove it; what a dead one left is nobody's. */
static void test_a_socket_in_use_is_kept(void **state)
{
	struct fixture *f = *state;
	struct tess_link_server *second = NULL;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat before, after;
	int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->path);
	assert_int_equal(bind(dead, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(dead, 1), 0);
	assert_int_equal(tess_link_listen(&second, f->loop, f->path, &server_handlers, f),
			 -EADDRINUSE);
	assert_int_equal(close(dead), 0);
	assert_int_equal(tess_link_listen(&f->server, f->loop, f->path, &server_handlers, f), 0);
	assert_int_equal(stat(f->path, &before), 0);
	assert_int_equal(tess_link_listen(&second, f->loop, f->path, &server_handlers, f),
			 -EADDRINUSE);
	assert_null(second);
	assert_int_equal(stat(f->path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void count_message(void *arg, struct tess_link *link, json_t *message, int *fds,
			  unsigned count)
{
	struct fixture *f = arg;

	(void)link, (void)fds, (void)count;
	f->bytes += json_string_length(json_object_get(message, "text"));
	if (++f->messages == 40)
		tess_loop_stop(f->loop);
}

static void flood(void *arg, struct tess_link *link)
{
	char *text = malloc(300001);
	json_t *message;

	(void)arg;
	memset(text, 'x', 300000);
	text[300000] = '\0';
	message = json_pack("{s:s}", "text", text);
	/* far more than a socket's buffer: the rest waits in the queue */
	for (int i = 0; i < 40; i++)
		assert_int_equal(tess_link_send(link, message, NULL, 0), 0);
	json_decref(message);
	free(text);
}

static void test_large_queue_arrives_whole(void **state)
{
	static const struct tess_link_handlers count = {.message = count_message};
	static const struct tess_link_handlers sender = {.up = flood, .message = client_message};
	struct fixture *f = *state;

	assert_int_equal(tess_link_listen(&f->server, f->loop, f->path, &count, f), 0);
	assert_int_equal(tess_link_connect(&f->client, f->loop, f->path, &sender, f), 0);
	assert_int_equal(tess_loop_run(f->loop), 0);
	assert_int_equal(f->messages, 40);
	assert_int_equal(f->bytes, 40 * 300000);
}

static void overflow(void *arg, struct tess_link *link)
{
	struct fixture *f = arg;
	char *text = malloc(3000001);
	json_t *message;
	int err = 0;

	memset(text, 'x', 3000000);
	text[3000000] = '\0';
	message = json_pack("{s:s}", "text", text);
	for (int i = 0; i < 10 && !err; i++)
		err = tess_link_send(link, message, NULL, 0);
	assert_int_equal(err, -ENOBUFS);
	assert_int_equal(tess_link_send(link, message, NULL, 0), -ENOTCONN);
	json_decref(message);
	free(text);
	f->ups++;
}

static void stop_on_down(void *arg, struct tess_link *link)
{
	struct fixture *f = arg;

	(void)link;
	f->downs++;
	tess_loop_stop(f->loop);
}

static void test_queue_is_bounded(void **state)
{
	static const struct tess_link_handlers count = {.message = count_message};
	static const struct tess_link_handlers sender = {
		.up = overflow, .message = client_message, .down = stop_on_down};
	struct fixture *f = *state;

	assert_int_equal(tess_link_listen(&f->server, f->loop, f->path, &count, f), 0);
	assert_int_equal(tess_link_connect(&f->client, f->loop, f->path, &sender, f), 0);
	assert_int_equal(tess_loop_run(f->loop), 0);
	assert_int_equal(f->downs, 1);
	assert_int_equal(f->messages, 0);
}

/* Raw bytes that are no message: the server closes the link and goes on for others. */
static void test_garbage_closes_the_link(void **state)
{
	static const struct tess_link_handlers handlers = {
		.up = server_up, .message = server_message, .down = stop_on_down};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct fixture *f = *state;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(tess_link_listen(&f->server, f->loop, f->path, &handlers, f), 0);
	memcpy(address.sun_path, f->path, strlen(f->path) + 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(write(fd, "\x05\0\0\0[1,2]", 9), 9);
	assert_int_equal(tess_loop_run(f->loop), 0);
	assert_int_equal(f->downs, 1);
	assert_int_equal(f->messages, 0);
	close(fd);
}

static int feed(const void *data, size_t length, size_t step, int *messages)
{
	struct tess_link_parser *parser;
	const uint8_t *p = data;
	int err = 0;

	assert_int_equal(tess_link_parser_alloc(&parser), 0);
	while (length && err >= 0) {
		size_t take = length < step ? length : step, used;
		json_t *message;

		err = tess_link_parser_feed(parser, p, take, &used, &message);
		if (err == 1) {
			(*messages)++;
			json_decref(message);
		}
		p += used;
		length -= used;
	}
	tess_link_parser_free(parser);
	return err < 0 ? err : 0;
}

static void test_parser(void **state)
{
	static const char two[] = "\x02\0\0\0{}\x07\0\0\0{\"a\":1}";
	int messages = 0;

	(void)state;
	for (size_t step = 1; step < sizeof(two); step++) {
		messages = 0;
		assert_int_equal(feed(two, sizeof(two) - 1, step, &messages), 0);
		assert_int_equal(messages, 2);
	}
	assert_int_equal(feed("\0\0\0\0", 4, 4, &messages), -EBADMSG);
	assert_int_equal(feed("\x01\0\0\0{", 5, 5, &messages), -EBADMSG);
	assert_int_equal(feed("\xff\xff\xff\xff{}", 6, 6, &messages), -EBADMSG);
	assert_int_equal(feed("\x01\0\x80\0{}", 6, 6, &messages), -EBADMSG); /* 8 MiB + 1 */
	assert_int_equal(feed("\x0d\0\0\0{\"a\":1,\"a\":2}", 17, 17, &messages), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_both_ways_with_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_socket_in_use_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_server_comes_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large_queue_arrives_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_queue_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_garbage_closes_the_link, setup, teardown),
		cmocka_unit_test(test_parser),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
