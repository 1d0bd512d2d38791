/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/limiter.c - see limiter.h.
 */
#include "firmware/control/jobs/limiter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/control/text.h"

struct entry {
	char key[128]; /* "" = free */
	int64_t since_us;
	unsigned count;
};

struct tess_limiter {
	int64_t window_us;
	unsigned size;
	struct entry entries[];
};

int tess_limiter_alloc(struct tess_limiter **limiterp, unsigned keys, int64_t window_us)
{
	struct tess_limiter *limiter;

	limiter = calloc(1, sizeof(*limiter) + keys * sizeof(limiter->entries[0]));
	if (!limiter)
		return -ENOMEM;
	limiter->window_us = window_us;
	limiter->size = keys;
	*limiterp = limiter;
	return 0;
}

void tess_limiter_free(struct tess_limiter *limiter)
{
	free(limiter);
}

static struct entry *find(struct tess_limiter *limiter, const char *key)
{
	char wanted[sizeof(limiter->entries[0].key)];

	tess_text_copy(wanted, sizeof(wanted), key);
	for (unsigned i = 0; i < limiter->size; i++)
		if (!strcmp(limiter->entries[i].key, wanted))
			return &limiter->entries[i];
	return NULL;
}

static struct entry *replace(struct tess_limiter *limiter, const char *key, int64_t now_us)
{
	struct entry *oldest = &limiter->entries[0];

	for (unsigned i = 0; i < limiter->size; i++) {
		struct entry *entry = &limiter->entries[i];

		if (!entry->key[0]) {
			oldest = entry;
			break;
		}
		if (entry->since_us < oldest->since_us)
			oldest = entry;
	}
	tess_text_copy(oldest->key, sizeof(oldest->key), key);
	oldest->since_us = now_us;
	oldest->count = 0;
	return oldest;
}

int64_t tess_limiter_count(struct tess_limiter *limiter, const char *key, unsigned most,
			   int64_t now_us)
{
	struct entry *entry = find(limiter, key);

	if (!entry) {
		entry = replace(limiter, key, now_us);
	} else if (now_us - entry->since_us >= limiter->window_us) {
		entry->since_us = now_us;
		entry->count = 0;
	}
	if (entry->count >= most)
		return entry->since_us + limiter->window_us - now_us;
	entry->count++;
	return 0;
}

void tess_limiter_forget(struct tess_limiter *limiter, const char *key)
{
	struct entry *entry = find(limiter, key);

	if (entry)
		memset(entry, 0, sizeof(*entry));
}
