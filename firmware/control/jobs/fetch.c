/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/fetch.c - see fetch.h.
 */
#include "firmware/control/jobs/fetch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/control/cloud/picture_content.h"

#define POLL_US	      INT64_C(20000)
#define RETRY_US      INT64_C(1000000)
#define MAX_TRIES     3
#define MAX_RUNNING   8
#define TIME_OUT_S    10L
#define MAX_REDIRECTS 3L

struct transfer {
	struct transfer *next;
	struct tess_fetch *fetch;
	CURL *easy; /* NULL: waits for its turn */
	int64_t retry_us;
	unsigned tries;
	bool forbidden, too_large;
	char *content;
	size_t length;
	char url[];
};

struct tess_fetch {
	struct tess_loop *loop;
	struct tess_timer *timer;
	CURLM *multi;
	bool anywhere;
	tess_fetch_done *done;
	void *arg;
	struct transfer *transfers; /* in order of their start */
	unsigned running;
};

static bool is_local_v4(uint32_t address)
{
	return address >> 24 == 0 || address >> 24 == 127 || address >> 16 == 0xa9fe ||
	       address >> 28 >= 0xe;
}

static bool is_local(const struct sockaddr *address)
{
	const struct in6_addr *v6 =
		&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	uint32_t v4;

	if (address->sa_family == AF_INET)
		return is_local_v4(ntohl(
			((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr));
	if (address->sa_family != AF_INET6)
		return true;
	if (IN6_IS_ADDR_V4MAPPED(v6) || IN6_IS_ADDR_V4COMPAT(v6)) {
		memcpy(&v4, v6->s6_addr + 12, sizeof(v4));
		return is_local_v4(ntohl(v4));
	}
	return IN6_IS_ADDR_LOOPBACK(v6) || IN6_IS_ADDR_UNSPECIFIED(v6) ||
	       IN6_IS_ADDR_LINKLOCAL(v6) || IN6_IS_ADDR_MULTICAST(v6);
}

/* The address that a name or a redirection has led to. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *transfer = arg;

	(void)purpose;
	if (!transfer->fetch->anywhere && is_local(&address->addr)) {
		transfer->forbidden = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *transfer = arg;
	size_t length = size * count;

	if (length > TESS_PICTURE_MAX_BYTES - transfer->length) {
		transfer->too_large = true;
		return CURL_WRITEFUNC_ERROR;
	}
	if (!transfer->content)
		transfer->content = malloc(TESS_PICTURE_MAX_BYTES);
	if (!transfer->content)
		return CURL_WRITEFUNC_ERROR;
	memcpy(transfer->content + transfer->length, data, length);
	transfer->length += length;
	return length;
}

static bool set_options(struct transfer *transfer)
{
	CURL *easy = transfer->easy;
	const char *url = transfer->url;

	return !curl_easy_setopt(easy, CURLOPT_URL, url) &&
	       !curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) &&
	       !curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&
	       !curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https") &&
	       !curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L) &&
	       !curl_easy_setopt(easy, CURLOPT_MAXREDIRS, MAX_REDIRECTS) &&
	       !curl_easy_setopt(easy, CURLOPT_TIMEOUT, TIME_OUT_S) &&
	       !curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) &&
	       /* else to give up waits for the thread that looks the name up */
	       !curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) &&
	       !curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L) &&
	       !curl_easy_setopt(easy, CURLOPT_PROXY, "") &&
	       !curl_easy_setopt(easy, CURLOPT_USERAGENT, "Tessera/" TESSERA_VERSION) &&
	       !curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) &&
	       !curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer) &&
	       !curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data) &&
	       !curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
}

static int begin(struct transfer *transfer)
{
	transfer->easy = curl_easy_init();
	transfer->length = 0;
	if (transfer->easy && set_options(transfer) &&
	    !curl_multi_add_handle(transfer->fetch->multi, transfer->easy)) {
		transfer->fetch->running++;
		transfer->tries++;
		return 0;
	}
	curl_easy_cleanup(transfer->easy);
	transfer->easy = NULL;
	return -ENOMEM;
}

static void end(struct transfer *transfer)
{
	if (!transfer->easy)
		return;
	curl_multi_remove_handle(transfer->fetch->multi, transfer->easy);
	curl_easy_cleanup(transfer->easy);
	transfer->easy = NULL;
	transfer->fetch->running--;
}

static void forget(struct transfer *transfer)
{
	struct transfer **at = &transfer->fetch->transfers;

	end(transfer);
	while (*at != transfer)
		at = &(*at)->next;
	*at = transfer->next;
	free(transfer->content);
	free(transfer);
}

static void explain(const struct transfer *transfer, CURLcode result, char *text, size_t size)
{
	long status = 0;

	if (transfer->forbidden) {
		(void)snprintf(text, size, "the address is one of this machine or link");
	} else if (transfer->too_large) {
		(void)snprintf(text, size, "it is larger than 2 MiB");
	} else if (result == CURLE_HTTP_RETURNED_ERROR &&
		   !curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status)) {
		(void)snprintf(text, size, "the server answers %ld", status);
	} else {
		(void)snprintf(text, size, "%s", curl_easy_strerror(result));
	}
}

/* One try is over. */
static void take_result(struct transfer *transfer, CURLcode result)
{
	struct tess_fetch *fetch = transfer->fetch;
	char text[128] = "";
	bool good = !result && tess_picture_format(transfer->content, transfer->length);

	if (result)
		explain(transfer, result, text, sizeof(text));
	else if (!good)
		(void)snprintf(text, sizeof(text), "it is no PNG, JPEG or BMP picture");
	end(transfer);
	if (result && !transfer->forbidden && !transfer->too_large && transfer->tries < MAX_TRIES) {
		transfer->retry_us = tess_loop_now_us(fetch->loop) + RETRY_US;
		return;
	}
	fetch->done(fetch->arg, transfer->url, text, good ? transfer->content : NULL,
		    transfer->length);
	forget(transfer);
}

static void begin_waiting(struct tess_fetch *fetch)
{
	int64_t now_us = tess_loop_now_us(fetch->loop);

	for (struct transfer *transfer = fetch->transfers; transfer && fetch->running < MAX_RUNNING;
	     transfer = transfer->next) {
		/* without memory it is tried again */
		if (!transfer->easy && now_us >= transfer->retry_us && begin(transfer))
			transfer->retry_us = now_us + RETRY_US;
	}
}

static void on_timer(void *arg)
{
	struct tess_fetch *fetch = arg;
	struct CURLMsg *message;
	int count;

	begin_waiting(fetch);
	(void)curl_multi_perform(fetch->multi, &count);
	while ((message = curl_multi_info_read(fetch->multi, &count))) {
		struct transfer *transfer;

		if (message->msg == CURLMSG_DONE &&
		    !curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer))
			take_result(transfer, message->data.result);
	}
	if (fetch->transfers)
		tess_timer_start(fetch->timer, POLL_US);
}

int tess_fetch_alloc(struct tess_fetch **fetchp, struct tess_loop *loop, bool anywhere,
		     tess_fetch_done *done, void *arg)
{
	struct tess_fetch *fetch = calloc(1, sizeof(*fetch));
	int error;

	if (!fetch)
		return -ENOMEM;
	if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
		free(fetch);
		return -ENOMEM;
	}
	fetch->loop = loop;
	fetch->anywhere = anywhere;
	fetch->done = done;
	fetch->arg = arg;
	fetch->multi = curl_multi_init();
	error = fetch->multi ? tess_timer_alloc(&fetch->timer, loop, on_timer, fetch) : -ENOMEM;
	if (error) {
		tess_fetch_free(fetch);
		return error;
	}
	*fetchp = fetch;
	return 0;
}

void tess_fetch_free(struct tess_fetch *fetch)
{
	if (!fetch)
		return;
	while (fetch->transfers)
		forget(fetch->transfers);
	curl_multi_cleanup(fetch->multi);
	tess_timer_free(fetch->timer);
	curl_global_cleanup();
	free(fetch);
}

int tess_fetch_start(struct tess_fetch *fetch, const char *url)
{
	struct transfer **at = &fetch->transfers, *transfer;

	for (; *at; at = &(*at)->next) {
		if (!strcmp((*at)->url, url))
			return 0;
	}
	transfer = calloc(1, sizeof(*transfer) + strlen(url) + 1);
	if (!transfer)
		return -ENOMEM;
	transfer->fetch = fetch;
	(void)stpcpy(transfer->url, url);
	*at = transfer;
	tess_timer_start(fetch->timer, 0);
	return 0;
}

void tess_fetch_keep(struct tess_fetch *fetch, bool (*wanted)(void *arg, const char *url),
		     void *arg)
{
	struct transfer *transfer = fetch->transfers;

	while (transfer) {
		struct transfer *next = transfer->next;

		if (!wanted(arg, transfer->url))
			forget(transfer);
		transfer = next;
	}
}
