/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/facts.c - see facts.h.
 */
#include "firmware/control/jobs/facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOSS_WINDOW_US 5000000

/* A message and the objects in it by their id or name; the index borrows from the message. */
struct told {
	json_t *message;
	json_t *publishers, *mixes, *records, *relays, *live; /* id or name -> object */
};

struct process {
	bool up;
	int64_t since_utc_us;
	struct told now;
};

struct tess_facts {
	struct process process[TESS_PROCESS_EGRESS + 1];
	/* what media told at the begin of this loss window and of the one before */
	struct told window, before;
	int64_t window_us;
};

static const char *const NAMES[] = {
	[TESS_PROCESS_MEDIA] = "media",
	[TESS_PROCESS_EGRESS] = "egress",
};

int tess_process_from_text(const char *name)
{
	for (int i = TESS_PROCESS_MEDIA; i <= TESS_PROCESS_EGRESS; i++)
		if (!strcmp(NAMES[i], name))
			return i;
	return 0;
}

const char *tess_process_text(enum tess_process process)
{
	return NAMES[process];
}

static void told_clear(struct told *told)
{
	json_decref(told->publishers);
	json_decref(told->mixes);
	json_decref(told->records);
	json_decref(told->relays);
	json_decref(told->live);
	json_decref(told->message);
	memset(told, 0, sizeof(*told));
}

static struct told told_share(const struct told *told)
{
	json_incref(told->publishers);
	json_incref(told->mixes);
	json_incref(told->records);
	json_incref(told->relays);
	json_incref(told->live);
	json_incref(told->message);
	return *told;
}

/* {"12": {"id": 12, ...}} of an array; what has no key is left out */
static json_t *index_of(const json_t *array, const char *key)
{
	json_t *index = json_object(), *entry, *value;
	char number[24];
	size_t i;

	if (!index)
		return NULL;
	json_array_foreach(array, i, entry)
	{
		value = json_object_get(entry, key);
		if (json_is_integer(value)) {
			snprintf(number, sizeof(number), "%lld",
				 (long long)json_integer_value(value));
			if (json_object_set(index, number, entry))
				goto failed;
		} else if (json_is_string(value)) {
			if (json_object_set(index, json_string_value(value), entry))
				goto failed;
		}
	}
	return index;
failed:
	json_decref(index);
	return NULL;
}

static int told_take(struct told *told, json_t *message)
{
	struct told next = {
		.message = json_incref(message),
		.publishers = index_of(json_object_get(message, "publishers"), "id"),
		.mixes = index_of(json_object_get(message, "mixes"), "id"),
		.records = index_of(json_object_get(message, "records"), "id"),
		.relays = index_of(json_object_get(message, "relays"), "id"),
		.live = index_of(json_object_get(message, "live"), "name"),
	};

	if (!next.publishers || !next.mixes || !next.records || !next.relays || !next.live) {
		told_clear(&next);
		return -ENOMEM;
	}
	told_clear(told);
	*told = next;
	return 0;
}

int tess_facts_alloc(struct tess_facts **factsp)
{
	struct tess_facts *facts = calloc(1, sizeof(*facts));

	if (!facts)
		return -ENOMEM;
	*factsp = facts;
	return 0;
}

void tess_facts_free(struct tess_facts *facts)
{
	if (!facts)
		return;
	for (int i = TESS_PROCESS_MEDIA; i <= TESS_PROCESS_EGRESS; i++)
		told_clear(&facts->process[i].now);
	told_clear(&facts->window);
	told_clear(&facts->before);
	free(facts);
}

void tess_facts_up(struct tess_facts *facts, enum tess_process process, int64_t utc_us)
{
	facts->process[process].up = true;
	facts->process[process].since_utc_us = utc_us;
}

void tess_facts_down(struct tess_facts *facts, enum tess_process process, int64_t utc_us)
{
	facts->process[process].up = false;
	facts->process[process].since_utc_us = utc_us;
	told_clear(&facts->process[process].now);
	if (process == TESS_PROCESS_MEDIA) {
		told_clear(&facts->window);
		told_clear(&facts->before);
	}
}

bool tess_facts_is_up(const struct tess_facts *facts, enum tess_process process)
{
	return facts->process[process].up;
}

int64_t tess_facts_since(const struct tess_facts *facts, enum tess_process process)
{
	return facts->process[process].since_utc_us;
}

int tess_facts_take(struct tess_facts *facts, enum tess_process process, json_t *message,
		    int64_t now_us)
{
	int rc = told_take(&facts->process[process].now, message);

	if (rc || process != TESS_PROCESS_MEDIA)
		return rc;
	if (!facts->window.message || now_us - facts->window_us >= LOSS_WINDOW_US) {
		told_clear(&facts->before);
		facts->before = facts->window;
		facts->window = told_share(&facts->process[process].now);
		facts->window_us = now_us;
	}
	return 0;
}

static json_t *by_id(const json_t *index, int64_t id)
{
	char key[24];

	snprintf(key, sizeof(key), "%lld", (long long)id);
	return json_object_get(index, key);
}

json_t *tess_facts_publisher(const struct tess_facts *facts, int64_t id)
{
	return by_id(facts->process[TESS_PROCESS_MEDIA].now.publishers, id);
}

json_t *tess_facts_mix(const struct tess_facts *facts, int64_t id)
{
	return by_id(facts->process[TESS_PROCESS_MEDIA].now.mixes, id);
}

json_t *tess_facts_record(const struct tess_facts *facts, int64_t id)
{
	return by_id(facts->process[TESS_PROCESS_EGRESS].now.records, id);
}

json_t *tess_facts_relay(const struct tess_facts *facts, int64_t id)
{
	return by_id(facts->process[TESS_PROCESS_EGRESS].now.relays, id);
}

json_t *tess_facts_live(const struct tess_facts *facts, const char *name)
{
	return json_object_get(facts->process[TESS_PROCESS_EGRESS].now.live, name);
}

json_t *tess_facts_member(const struct tess_facts *facts, enum tess_process process,
			  const char *name)
{
	return json_object_get(facts->process[process].now.message, name);
}

static void count(const struct told *told, int64_t id, const char *track, int64_t *packets,
		  int64_t *lost)
{
	const json_t *object = json_object_get(by_id(told->publishers, id), track);

	*packets = json_integer_value(json_object_get(object, "packets"));
	*lost = json_integer_value(json_object_get(object, "lost"));
}

double tess_facts_loss_percent(const struct tess_facts *facts, int64_t publisher, const char *track)
{
	/* in the first window there is none before: count from its begin, then */
	const struct told *then = facts->before.message ? &facts->before : &facts->window;
	int64_t packets, lost, packets_then, lost_then;

	count(&facts->process[TESS_PROCESS_MEDIA].now, publisher, track, &packets, &lost);
	count(then, publisher, track, &packets_then, &lost_then);
	packets -= packets_then;
	lost -= lost_then;
	/* a late packet takes its loss back; a source that began anew counts from 0 */
	if (packets < 0 || lost <= 0)
		return 0;
	return 100.0 * (double)lost / (double)(packets + lost);
}
