/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/poster.c - see poster.h. libcurl's multi interface on our loop.
 */
#include "firmware/control/jobs/poster.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/base/prefixes.h"
#include "firmware/control/cloud/digest.h"

struct tess_poster {
	struct tess_loop *loop;
	CURLM *multi;
	struct tess_timer *timer;
	const char *excluded, *ca_file;
	struct tess_post *posts;
};

struct tess_post {
	struct tess_post *next;
	struct tess_poster *poster;
	CURL *easy;
	struct curl_slist *headers;
	tess_post_done *done; /* of a post, else asked */
	tess_ask_done *asked;
	void *arg;
	char *answer; /* of an ask, TESS_ASK_BODY_MAX bytes and a 0 */
	size_t answer_length;
	char etag[160];
	bool refused; /* its address is an excluded one */
	char error[CURL_ERROR_SIZE];
};

/* A socket of libcurl's. */
struct socket_watch {
	struct tess_poster *poster;
	struct tess_watch *watch;
	curl_socket_t fd;
};

static void post_free(struct tess_post *post)
{
	struct tess_post **link = &post->poster->posts;

	while (*link && *link != post)
		link = &(*link)->next;
	if (*link)
		*link = post->next;
	if (post->easy) {
		(void)curl_multi_remove_handle(post->poster->multi, post->easy);
		curl_easy_cleanup(post->easy);
	}
	curl_slist_free_all(post->headers);
	free(post->answer);
	free(post);
}

static void post_over(struct tess_post *post, CURLcode result)
{
	struct tess_post over = *post;
	char error[CURL_ERROR_SIZE + 64] = "", none[1] = "";
	curl_off_t length = -1;
	long status = 0;

	(void)curl_easy_getinfo(post->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (result == CURLE_OK)
		(void)curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
	else if (post->refused)
		(void)snprintf(error, sizeof(error), "the address is excluded by the operator");
	else
		(void)snprintf(error, sizeof(error), "%s",
			       *post->error ? post->error : curl_easy_strerror(result));
	for (char *at = error; *at; at++)
		if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)
			*at = '?';
	post->answer = NULL;
	post_free(post);
	if (over.done) {
		over.done(over.arg, status, error);
	} else {
		const struct tess_ask_answer answer = {
			.status = status,
			.error = error,
			.body = over.answer ? over.answer : none,
			.etag = over.etag,
			.length = length,
		};

		over.asked(over.arg, &answer);
	}
	free(over.answer);
}

static void read_messages(struct tess_poster *poster)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(poster->multi, &left))) {
		char *post = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &post);
		post_over((struct tess_post *)(void *)post, message->data.result);
	}
}

static void on_socket(void *arg, uint32_t events)
{
	struct socket_watch *watch = arg;
	struct tess_poster *poster = watch->poster;
	int what = 0, running;

	if (events & (EPOLLIN | EPOLLHUP))
		what |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (events & EPOLLERR)
		what |= CURL_CSELECT_ERR;
	/* the watch may be gone after this */
	(void)curl_multi_socket_action(poster->multi, watch->fd, what, &running);
	read_messages(poster);
}

static void on_timer(void *arg)
{
	struct tess_poster *poster = arg;
	int running;

	(void)curl_multi_socket_action(poster->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	read_messages(poster);
}

static int set_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct tess_poster *poster = arg;

	(void)multi;
	if (timeout_ms < 0)
		tess_timer_stop(poster->timer);
	else
		tess_timer_start(poster->timer, timeout_ms * 1000);
	return 0;
}

static void forget_socket(struct tess_poster *poster, struct socket_watch *watch)
{
	tess_watch_remove(watch->watch);
	(void)curl_multi_assign(poster->multi, watch->fd, NULL);
	free(watch);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
	struct socket_watch *watch = assigned;
	struct tess_poster *poster = arg;
	uint32_t events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watch)
			forget_socket(poster, watch);
		return 0;
	}
	if (what != CURL_POLL_OUT)
		events |= EPOLLIN;
	if (what != CURL_POLL_IN)
		events |= EPOLLOUT;
	if (watch)
		return tess_watch_set(watch->watch, events) ? -1 : 0;
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return -1;
	watch->poster = poster;
	watch->fd = fd;
	if (tess_watch_add(&watch->watch, poster->loop, fd, events, on_socket, watch)) {
		free(watch);
		return -1;
	}
	(void)curl_multi_assign(poster->multi, fd, watch);
	return 0;
}

/* The address is known here, whatever the name was resolved to. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct tess_post *post = arg;
	union tess_addr addr = {0};

	(void)purpose;
	memcpy(&addr, &address->addr,
	       address->addrlen < sizeof(addr) ? address->addrlen : sizeof(addr));
	if (tess_prefixes_have(post->poster->excluded, &addr)) {
		post->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t forget_body(char *data, size_t size, size_t count, void *arg)
{
	(void)data;
	(void)arg;
	return size * count;
}

static size_t keep_body(char *data, size_t size, size_t count, void *arg)
{
	struct tess_post *post = arg;
	size_t length = size * count;

	if (!post->answer)
		post->answer = malloc(TESS_ASK_BODY_MAX + 1);
	if (!post->answer || length > TESS_ASK_BODY_MAX - post->answer_length)
		return 0; /* an error */
	memcpy(post->answer + post->answer_length, data, length);
	post->answer_length += length;
	post->answer[post->answer_length] = 0;
	return length;
}

static size_t keep_etag(char *data, size_t size, size_t count, void *arg)
{
	struct tess_post *post = arg;
	size_t length = size * count;

	if (length > 5 && !strncasecmp(data, "etag:", 5))
		(void)snprintf(post->etag, sizeof(post->etag), "%.*s", (int)(length - 5), data + 5);
	return length;
}

int tess_poster_start(struct tess_poster **posterp, struct tess_loop *loop, const char *excluded,
		      const char *ca_file)
{
	struct tess_poster *poster = calloc(1, sizeof(*poster));
	int rc;

	if (!poster)
		return -ENOMEM;
	poster->loop = loop;
	poster->excluded = excluded;
	poster->ca_file = ca_file;
	poster->multi = curl_multi_init();
	rc = poster->multi ? tess_timer_alloc(&poster->timer, loop, on_timer, poster) : -ENOMEM;
	if (rc) {
		tess_poster_stop(poster);
		return rc;
	}
	curl_multi_setopt(poster->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(poster->multi, CURLMOPT_SOCKETDATA, poster);
	curl_multi_setopt(poster->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(poster->multi, CURLMOPT_TIMERDATA, poster);
	*posterp = poster;
	return 0;
}

void tess_poster_stop(struct tess_poster *poster)
{
	if (!poster)
		return;
	while (poster->posts)
		post_free(poster->posts);
	(void)curl_multi_cleanup(poster->multi);
	tess_timer_free(poster->timer);
	free(poster);
}

static bool set_common(struct tess_post *post, const char *url, int64_t timeout_us)
{
	const struct tess_poster *poster = post->poster;
	CURL *easy = post->easy;
	int bad = 0;

	bad |= curl_easy_setopt(easy, CURLOPT_URL, url);
	bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	bad |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers);
	bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "Tessera");
	bad |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	bad |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
	bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* else to give up waits for the thread that looks the name up */
	bad |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(timeout_us / 1000));
	bad |= curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, post);
	bad |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, post->error);
	bad |= curl_easy_setopt(easy, CURLOPT_PRIVATE, post);
	if (*poster->ca_file)
		bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, poster->ca_file);
	return !bad;
}

static bool set_post(struct tess_post *post, const char *body)
{
	int bad = 0;

	bad |= curl_easy_setopt(post->easy, CURLOPT_POST, 1L);
	bad |= curl_easy_setopt(post->easy, CURLOPT_COPYPOSTFIELDS, body);
	bad |= curl_easy_setopt(post->easy, CURLOPT_WRITEFUNCTION, forget_body);
	return !bad;
}

static bool set_ask(struct tess_post *post, const struct tess_ask *ask)
{
	CURL *easy = post->easy;
	char how[96];
	int bad = 0;

	bad |= snprintf(how, sizeof(how), "aws:amz:%s:s3", ask->region) >= (int)sizeof(how);
	bad |= curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, how);
	bad |= curl_easy_setopt(easy, CURLOPT_USERNAME, ask->access_key);
	bad |= curl_easy_setopt(easy, CURLOPT_PASSWORD, ask->secret_key);
	if (!strcmp(ask->method, "HEAD"))
		bad |= curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	if (ask->body)
		bad |= curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, ask->body);
	else if (strcmp(ask->method, "HEAD") != 0)
		bad |= curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, ask->method);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep_body);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, keep_etag);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, post);
	return !bad;
}

static struct tess_post *post_alloc(struct tess_poster *poster, const char *header,
				    const char *other)
{
	struct tess_post *post = calloc(1, sizeof(*post));

	if (!post)
		return NULL;
	post->poster = poster;
	post->next = poster->posts;
	poster->posts = post;
	post->easy = curl_easy_init();
	post->headers = curl_slist_append(NULL, header);
	if (post->easy && post->headers && curl_slist_append(post->headers, other))
		return post;
	post_free(post);
	return NULL;
}

int tess_poster_ask(struct tess_poster *poster, const struct tess_ask *ask, tess_ask_done *done,
		    void *arg)
{
	char payload[32 + TESS_SHA256_HEX] = "x-amz-content-sha256: ";
	const char *body = ask->body ? ask->body : "";
	struct tess_post *post;

	/* libcurl 7.88 leaves this header to its caller. It signs all that it is given, "Expect:"
	 * too, which it would not send then: so there is none, and a body of more than 1 MiB waits
	 * a second for servers that do not say to go on. */
	if (tess_sha256_hex(payload + strlen(payload), body, strlen(body)))
		return -ENOMEM;
	post = post_alloc(poster, payload, "Content-Type: application/xml");
	if (!post)
		return -ENOMEM;
	post->asked = done;
	post->arg = arg;
	if (!set_common(post, ask->url, ask->timeout_us) || !set_ask(post, ask) ||
	    curl_multi_add_handle(poster->multi, post->easy)) {
		post_free(post);
		return -ENOMEM;
	}
	return 0;
}

int tess_poster_post(struct tess_poster *poster, const char *url, const char *body,
		     int64_t timeout_us, tess_post_done *done, void *arg)
{
	/* some servers would wait for the body that waits for them */
	struct tess_post *post = post_alloc(poster, "Expect:", "Content-Type: application/json");

	if (!post)
		return -ENOMEM;
	post->done = done;
	post->arg = arg;
	if (!set_common(post, url, timeout_us) || !set_post(post, body) ||
	    curl_multi_add_handle(poster->multi, post->easy)) {
		post_free(post);
		return -ENOMEM;
	}
	return 0;
}
