/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/link/link.c against peers that do not keep the rules, and against handlers that
 * free what calls them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "firmware/link/link.h"

#define EMPTY	   "\x02\0\0\0{}"
#define EMPTY_SIZE 6

struct fixture {
	struct tess_loop *loop;
	struct tess_timer *end;
	struct tess_link_server *server;
	struct tess_link *client;
	char folder[64], path[96];
	int ups, downs, messages;
	unsigned fd_count;
	int stop_at_downs;
	bool (*done)(struct fixture *f);
	int looks;
	pid_t child;
	int child_status;
	enum { FREE_NOTHING = 1, FREE_IN_UP, FREE_IN_MESSAGE, FREE_IN_DOWN } free_in;
};

static void look(void *arg)
{
	struct fixture *f = arg;

	if (f->done && !f->done(f) && ++f->looks < 2000) {
		tess_timer_start(f->end, 5000);
	} else if (f->done) {
		f->done = NULL;
		tess_timer_start(f->end, 50000);
	} else {
		tess_loop_stop(f->loop);
	}
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->free_in = FREE_NOTHING;
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/tessera-link-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof(f->path), "%s/s.sock", f->folder);
	assert_int_equal(tess_loop_alloc(&f->loop), 0);
	assert_int_equal(tess_timer_alloc(&f->end, f->loop, look, f), 0);
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

static void run_for(struct fixture *f, int64_t us)
{
	tess_timer_start(f->end, us);
	assert_int_equal(tess_loop_run(f->loop), 0);
}

/* Until it is so, 10 s at most, and a moment longer: what must not come after it has its chance. */
static void run_until(struct fixture *f, bool (*done)(struct fixture *f))
{
	f->done = done;
	run_for(f, 5000);
}

static bool no_server(struct fixture *f)
{
	return !f->server;
}

static bool no_client(struct fixture *f)
{
	return !f->client;
}

static bool has_up(struct fixture *f)
{
	return f->ups > 0;
}

static bool has_message(struct fixture *f)
{
	return f->messages > 0;
}

static bool has_two_messages(struct fixture *f)
{
	return f->messages >= 2;
}

static bool child_has_ended(struct fixture *f)
{
	return waitpid(f->child, &f->child_status, WNOHANG) != 0;
}

static void free_both(struct fixture *f)
{
	tess_link_free(f->client);
	tess_link_server_free(f->server);
	f->client = NULL;
	f->server = NULL;
}

static void on_up(void *arg, struct tess_link *link)
{
	struct fixture *f = arg;

	(void)link;
	f->ups++;
	if (f->free_in == FREE_IN_UP)
		free_both(f);
}

static void on_message(void *arg, struct tess_link *link, json_t *message, int *fds,
		       unsigned fd_count)
{
	struct fixture *f = arg;

	(void)link;
	assert_true(json_is_object(message));
	f->messages++;
	for (unsigned i = 0; i < fd_count; i++)
		close(fds[i]);
	f->fd_count += fd_count;
	if (f->free_in == FREE_IN_MESSAGE)
		free_both(f);
}

static void on_down(void *arg, struct tess_link *link)
{
	struct fixture *f = arg;

	(void)link;
	f->downs++;
	if (f->free_in == FREE_IN_DOWN)
		free_both(f);
	if (f->downs == f->stop_at_downs)
		tess_loop_stop(f->loop);
}

static const struct tess_link_handlers handlers = {
	.up = on_up, .message = on_message, .down = on_down};

static void listen_for(struct fixture *f)
{
	assert_int_equal(tess_link_listen(&f->server, f->loop, f->path, &handlers, f), 0);
}

static void connect_to(int fd, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, path, strlen(path) + 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static int raw_client(struct fixture *f)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	listen_for(f);
	connect_to(fd, f->path);
	return fd;
}

/* Sends the bytes with @p count writing ends of pipes; the reading ends are the caller's. */
static void send_with_pipes(int fd, const void *data, size_t length, int *readers, unsigned count)
{
	char space[CMSG_SPACE(sizeof(int) * 16)] = {0};
	struct iovec iov = {(void *)(uintptr_t)data, length};
	struct msghdr header = {.msg_iov = &iov,
				.msg_iovlen = 1,
				.msg_control = space,
				.msg_controllen = CMSG_SPACE(sizeof(int) * count)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&header);
	int writers[16];

	assert_true(count <= 16);
	for (unsigned i = 0; i < count; i++) {
		int ends[2];

		assert_int_equal(pipe(ends), 0);
		readers[i] = ends[0];
		writers[i] = ends[1];
	}
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * count);
	memcpy(CMSG_DATA(c), writers, sizeof(int) * count);
	assert_int_equal(sendmsg(fd, &header, 0), (ssize_t)length);
	for (unsigned i = 0; i < count; i++)
		close(writers[i]);
}

/* Nobody may hold the other end of these pipes any more. */
static void assert_all_closed(int *readers, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct pollfd poll_fd = {.fd = readers[i], .events = POLLIN};

		assert_int_equal(poll(&poll_fd, 1, 0), 1);
		assert_int_equal(poll_fd.revents, POLLHUP);
		close(readers[i]);
	}
}

static void test_more_descriptors_than_allowed(void **state)
{
	struct fixture *f = *state;
	int readers[5], fd = raw_client(f);

	f->stop_at_downs = 1;
	send_with_pipes(fd, EMPTY, EMPTY_SIZE, readers, 5);
	run_for(f, 20000000);
	assert_int_equal(f->downs, 1);
	assert_int_equal(f->messages, 0);
	assert_all_closed(readers, 5);
	close(fd);
}

static void test_descriptors_that_nobody_claims(void **state)
{
	struct fixture *f = *state;
	int readers[12], fd = raw_client(f);

	f->stop_at_downs = 1;
	for (int i = 0; i < 3; i++)
		send_with_pipes(fd, EMPTY, EMPTY_SIZE, readers + 4 * i, 4);
	run_for(f, 20000000);
	assert_int_equal(f->downs, 1);
	assert_int_equal(f->messages, 2);
	assert_int_equal(f->fd_count, 0);
	assert_all_closed(readers, 12);
	close(fd);
}

/* A message that speaks of more descriptors than came with it is not delivered with fewer. */
static void test_descriptors_that_did_not_come(void **state)
{
	static const char *const texts[] = {"{\"fds\":2}", "{\"fds\":5}", "{\"fds\":-1}"};
	struct fixture *f = *state;
	int readers[3], fds[3];

	listen_for(f);
	f->stop_at_downs = 3;
	for (int i = 0; i < 3; i++) {
		char message[32] = {(char)strlen(texts[i])};

		memcpy(message + 4, texts[i], strlen(texts[i]));
		fds[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		connect_to(fds[i], f->path);
		send_with_pipes(fds[i], message, 4 + strlen(texts[i]), &readers[i], 1);
	}
	run_for(f, 20000000);
	assert_int_equal(f->downs, 3);
	assert_int_equal(f->messages, 0);
	assert_all_closed(readers, 3);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

/* ---- a peer that never stops sending ---- */

struct flood {
	int fd;
	int64_t until_ms;
};

static int64_t now_ms(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *flood(void *arg)
{
	struct flood *flood = arg;
	char data[100 * EMPTY_SIZE];

	for (int i = 0; i < 100; i++)
		memcpy(data + EMPTY_SIZE * i, EMPTY, EMPTY_SIZE);
	while (now_ms(CLOCK_MONOTONIC) < flood->until_ms &&
	       send(flood->fd, data, sizeof(data), MSG_NOSIGNAL) > 0)
		;
	return NULL;
}

static void test_flood_does_not_stop_the_timers(void **state)
{
	struct fixture *f = *state;
	struct flood writer = {.fd = raw_client(f), .until_ms = now_ms(CLOCK_MONOTONIC) + 10000};
	int64_t started_ms = now_ms(CLOCK_MONOTONIC);
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, flood, &writer), 0);
	run_until(f, has_message);
	assert_true(now_ms(CLOCK_MONOTONIC) - started_ms < 9000); /* while it still came */
	assert_true(f->messages > 0);
	assert_int_equal(f->downs, 0);
	tess_link_server_free(f->server); /* breaks the writer's connection */
	f->server = NULL;
	assert_int_equal(pthread_join(thread, NULL), 0);
	close(writer.fd);
}

/* ---- no descriptors left ---- */

static rlim_t open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	rlim_t highest = 0;
	struct dirent *entry;

	while ((entry = readdir(folder))) {
		rlim_t fd = strtoul(entry->d_name, NULL, 10);

		if (fd > highest && fd != (rlim_t)dirfd(folder))
			highest = fd;
	}
	closedir(folder);
	return highest + 1;
}

struct limited {
	struct fixture *fixture;
	struct rlimit before;
	int64_t cpu_ms;
};

static void restore_limit(void *arg)
{
	struct limited *limited = arg;

	limited->cpu_ms = now_ms(CLOCK_PROCESS_CPUTIME_ID) - limited->cpu_ms;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limited->before), 0);
	assert_int_equal(limited->fixture->ups, 0);
}

/* A connection that cannot be accepted waits, without keeping the processor busy, until it can be.
 */
static void test_accept_without_descriptors(void **state)
{
	struct limited limited = {.fixture = *state};
	struct fixture *f = *state;
	int fd = raw_client(f), holes[1024], count = 0;
	struct tess_timer *restore;
	struct rlimit limit;

	assert_int_equal(tess_timer_alloc(&restore, f->loop, restore_limit, &limited), 0);
	/* fill the numbers below the highest one */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limited.before), 0);
	limit = limited.before;
	limit.rlim_cur = open_descriptors();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while (count < 1024 && (holes[count] = dup(fd)) >= 0)
		count++;
	assert_int_equal(errno, EMFILE);
	limited.cpu_ms = now_ms(CLOCK_PROCESS_CPUTIME_ID);
	tess_timer_start(restore, 300000);
	run_until(f, has_up);
	assert_int_equal(f->ups, 1);
	assert_true(limited.cpu_ms < 40);
	while (count)
		close(holes[--count]);
	close(fd);
}

/* ---- who may connect ---- */

static void test_another_user_is_refused(void **state)
{
	struct fixture *f = *state;
	char byte;

	if (geteuid() != 0)
		skip();
	listen_for(f);
	assert_int_equal(chmod(f->folder, 0777), 0);
	assert_int_equal(chmod(f->path, 0777), 0);
	f->child = fork();
	if (f->child == 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		struct sockaddr_un address = {.sun_family = AF_UNIX};

		memcpy(address.sun_path, f->path, strlen(f->path) + 1);
		if (setuid(65534) || connect(fd, (struct sockaddr *)&address, sizeof(address)))
			_exit(1);
		/* the end, or a reset because of what was not read */
		(void)send(fd, EMPTY, EMPTY_SIZE, MSG_NOSIGNAL);
		_exit(read(fd, &byte, 1) <= 0 ? 0 : 2);
	}
	assert_true(f->child > 0);
	run_until(f, child_has_ended);
	assert_true(WIFEXITED(f->child_status));
	assert_int_equal(WEXITSTATUS(f->child_status), 0);
	assert_int_equal(f->ups, 0);
	assert_int_equal(f->messages, 0);
}

/* ---- handlers that free ---- */

static void send_two(void *arg, struct tess_link *link)
{
	json_t *message = json_object();

	(void)arg;
	assert_int_equal(tess_link_send(link, message, NULL, 0), 0);
	assert_int_equal(tess_link_send(link, message, NULL, 0), 0);
	json_decref(message);
}

static const struct tess_link_handlers sender = {.up = send_two, .message = on_message};

/* The server's handler frees both ends, itself among them, and is told nothing after that. */
static void free_in_server(struct fixture *f)
{
	listen_for(f);
	assert_int_equal(tess_link_connect(&f->client, f->loop, f->path, &sender, f), 0);
	run_until(f, no_server);
	assert_null(f->server);
	assert_int_equal(access(f->path, F_OK), -1);
}

static void test_free_in_up(void **state)
{
	struct fixture *f = *state;

	f->free_in = FREE_IN_UP;
	free_in_server(f);
	assert_int_equal(f->ups, 1);
	assert_int_equal(f->messages, 0);
	assert_int_equal(f->downs, 0);
}

static void test_free_in_message(void **state)
{
	struct fixture *f = *state;

	f->free_in = FREE_IN_MESSAGE;
	free_in_server(f);
	assert_int_equal(f->messages, 1); /* of two that came at once */
	assert_int_equal(f->downs, 0);
}

static void test_free_in_down(void **state)
{
	struct fixture *f = *state;
	int fd = raw_client(f);

	f->free_in = FREE_IN_DOWN;
	close(fd);
	run_until(f, no_server);
	assert_null(f->server);
	assert_int_equal(f->downs, 1);
}

/* The same for a client whose server goes away, sends, or is there. */
static void free_in_client(void **state, int free_in)
{
	static const struct tess_link_handlers quiet = {.up = send_two, .message = on_message};
	struct fixture *f = *state;

	f->free_in = free_in;
	assert_int_equal(tess_link_listen(&f->server, f->loop, f->path, &quiet, f), 0);
	assert_int_equal(tess_link_connect(&f->client, f->loop, f->path, &handlers, f), 0);
	run_until(f, no_client);
	assert_null(f->client);
	assert_int_equal(f->ups, 1);
	assert_int_equal(f->messages, free_in == FREE_IN_MESSAGE ? 1 : 0);
	assert_int_equal(f->downs, 0);
}

static void test_free_client_in_up(void **state)
{
	free_in_client(state, FREE_IN_UP);
}

static void test_free_client_in_message(void **state)
{
	free_in_client(state, FREE_IN_MESSAGE);
}

static void hang_up(void *arg, struct tess_link *link)
{
	struct fixture *f = arg;

	(void)link;
	tess_link_server_free(f->server);
	f->server = NULL;
}

static void test_free_client_in_down(void **state)
{
	static const struct tess_link_handlers rude = {.up = hang_up, .message = on_message};
	struct fixture *f = *state;

	f->free_in = FREE_IN_DOWN;
	assert_int_equal(tess_link_listen(&f->server, f->loop, f->path, &rude, f), 0);
	assert_int_equal(tess_link_connect(&f->client, f->loop, f->path, &handlers, f), 0);
	run_until(f, no_client);
	assert_null(f->client);
	assert_int_equal(f->ups, 1); /* it did not connect again */
	assert_int_equal(f->downs, 1);
}

/* ---- what cannot be sent ---- */

static void send_without_descriptors_left(void *arg, struct tess_link *link)
{
	struct fixture *f = arg;
	json_t *message = json_object();
	struct rlimit before, limit;
	int fd = 0;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	limit.rlim_cur = f->ups++ ? before.rlim_cur : 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(tess_link_send(link, message, &fd, 1), f->ups == 1 ? -EMFILE : 0);
	assert_int_equal(tess_link_send(link, message, NULL, 0), f->ups == 1 ? -ENOTCONN : 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	json_decref(message);
}

/* The other end does not get the second message without the first: it gets both, a little later. */
static void test_no_message_is_left_out(void **state)
{
	static const struct tess_link_handlers short_of = {
		.up = send_without_descriptors_left, .message = on_message, .down = on_down};
	static const struct tess_link_handlers receiver = {.message = on_message};
	struct fixture *f = *state;

	assert_int_equal(tess_link_listen(&f->server, f->loop, f->path, &receiver, f), 0);
	assert_int_equal(tess_link_connect(&f->client, f->loop, f->path, &short_of, f), 0);
	run_until(f, has_two_messages);
	assert_int_equal(f->ups, 2);
	assert_int_equal(f->downs, 1);
	assert_int_equal(f->messages, 2);
	assert_int_equal(f->fd_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_more_descriptors_than_allowed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_descriptors_that_nobody_claims, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_descriptors_that_did_not_come, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_flood_does_not_stop_the_timers, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_accept_without_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_user_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_free_in_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_free_in_message, setup, teardown),
		cmocka_unit_test_setup_teardown(test_free_in_down, setup, teardown),
		cmocka_unit_test_setup_teardown(test_free_client_in_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_free_client_in_message, setup, teardown),
		cmocka_unit_test_setup_teardown(test_free_client_in_down, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_message_is_left_out, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
