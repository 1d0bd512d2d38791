/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/relay_lookup.c - see relay_lookup.h.
 *
 * The thread and the loop share the question, and each lets go of it when it needs it no more; the
 * thread knows nothing of the loop, and tells it by an eventfd.
 */
#include "firmware/egress/relay_lookup.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct question {
	atomic_int references;
	atomic_bool answered; /* from then on the thread writes nothing below */
	int eventfd;
	char host[256], port[8];
	union tess_addr addresses[TESS_LOOKUP_MAX];
	unsigned count;
};

struct tess_lookup {
	struct question *question;
	struct tess_watch *watch;
	tess_lookup_handler *handler;
	void *arg;
};

static void release(struct question *question)
{
	if (atomic_fetch_sub(&question->references, 1) > 1)
		return;
	(void)close(question->eventfd);
	free(question);
}

static void *ask(void *arg)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct question *question = arg;
	struct addrinfo *list = NULL;
	const uint64_t one = 1;

	if (!getaddrinfo(question->host, question->port, &hints, &list)) {
		for (const struct addrinfo *at = list; at && question->count < TESS_LOOKUP_MAX;
		     at = at->ai_next) {
			if (at->ai_addrlen <= sizeof(union tess_addr))
				memcpy(&question->addresses[question->count++], at->ai_addr,
				       at->ai_addrlen);
		}
		freeaddrinfo(list);
	}
	atomic_store(&question->answered, true);
	/* 8 bytes into an empty eventfd are always taken */
	(void)!write(question->eventfd, &one, sizeof(one));
	release(question);
	return NULL;
}

static void on_answer(void *arg, uint32_t events)
{
	struct tess_lookup *lookup = arg;

	(void)events;
	if (!atomic_load(&lookup->question->answered))
		return;
	tess_watch_remove(lookup->watch);
	lookup->watch = NULL;
	lookup->handler(lookup->arg, lookup->question->addresses, lookup->question->count);
}

static int start_thread(struct question *question)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int rc;

	if (pthread_attr_init(&attributes))
		return -ENOMEM;
	(void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	atomic_fetch_add(&question->references, 1);
	rc = pthread_create(&thread, &attributes, ask, question);
	if (rc)
		atomic_fetch_sub(&question->references, 1);
	(void)pthread_attr_destroy(&attributes);
	return -rc;
}

int tess_lookup_start(struct tess_lookup **lookupp, struct tess_loop *loop, const char *host,
		      uint16_t port, tess_lookup_handler *handler, void *arg)
{
	struct tess_lookup *lookup = calloc(1, sizeof(*lookup));
	struct question *question = calloc(1, sizeof(*question));
	int rc = -ENOMEM;

	if (!lookup || !question)
		goto failed;
	atomic_init(&question->references, 1);
	atomic_init(&question->answered, false);
	(void)snprintf(question->host, sizeof(question->host), "%s", host);
	(void)snprintf(question->port, sizeof(question->port), "%u", port);
	question->eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (question->eventfd < 0) {
		rc = -errno;
		goto failed;
	}
	lookup->question = question;
	lookup->handler = handler;
	lookup->arg = arg;
	rc = tess_watch_add(&lookup->watch, loop, question->eventfd, EPOLLIN, on_answer, lookup);
	if (!rc)
		rc = start_thread(question);
	if (rc) {
		tess_watch_remove(lookup->watch);
		(void)close(question->eventfd);
		goto failed;
	}
	*lookupp = lookup;
	return 0;
failed:
	free(question);
	free(lookup);
	return rc;
}

void tess_lookup_end(struct tess_lookup *lookup)
{
	if (!lookup)
		return;
	tess_watch_remove(lookup->watch);
	release(lookup->question);
	free(lookup);
}
