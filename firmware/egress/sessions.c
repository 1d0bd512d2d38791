/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/sessions.c - a hash table of sessions.
 */
#include "firmware/egress/sessions.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_SIZE 16

void tess_sessions_free(struct tess_sessions *sessions)
{
	free(sessions->places);
	*sessions = (struct tess_sessions){0};
}

/** Where it is, or would be; never full. */
static struct tess_session *place_of(const struct tess_sessions *sessions, uint64_t id)
{
	unsigned mask = sessions->size - 1, i = (unsigned)id & mask;

	while (sessions->places[i].id && sessions->places[i].id != id)
		i = (i + 1) & mask;
	return &sessions->places[i];
}

/** Into a table of another size, without those from before @p since_us. @retval 0, -ENOMEM */
static int move(struct tess_sessions *sessions, unsigned size, int64_t since_us)
{
	struct tess_sessions next = {.size = size};

	next.places = calloc(size, sizeof(*next.places));
	if (!next.places)
		return -ENOMEM;
	for (unsigned i = 0; i < sessions->size; i++) {
		const struct tess_session *session = &sessions->places[i];

		if (!session->id || session->last_us < since_us)
			continue;
		*place_of(&next, session->id) = *session;
		next.count++;
	}
	free(sessions->places);
	*sessions = next;
	return 0;
}

struct tess_session *tess_sessions_find(const struct tess_sessions *sessions, uint64_t id)
{
	struct tess_session *session = sessions->size ? place_of(sessions, id) : NULL;

	return session && session->id ? session : NULL;
}

bool tess_sessions_touch(struct tess_sessions *sessions, uint64_t id, int64_t now_us)
{
	struct tess_session *session = tess_sessions_find(sessions, id);

	if (!session)
		return false;
	session->last_us = now_us;
	return true;
}

int tess_sessions_add(struct tess_sessions *sessions, uint64_t id, int64_t now_us)
{
	/* at most half full */
	if (2 * (sessions->count + 1) > sessions->size &&
	    move(sessions, sessions->size ? 2 * sessions->size : FIRST_SIZE, INT64_MIN))
		return -ENOMEM;
	*place_of(sessions, id) =
		(struct tess_session){.id = id, .last_us = now_us, .since_us = now_us};
	sessions->count++;
	return 0;
}

unsigned tess_sessions_expire(struct tess_sessions *sessions, int64_t since_us)
{
	unsigned before = sessions->count, old = 0;

	for (unsigned i = 0; i < sessions->size; i++)
		old += sessions->places[i].id && sessions->places[i].last_us < since_us;
	/* without memory they stay a while */
	if (!old || move(sessions, sessions->size, since_us))
		return 0;
	return before - sessions->count;
}
