/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/covers.c - see covers.h.
 */
#include "firmware/control/jobs/covers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/control/jobs/facts.h"
#include "firmware/control/store/covers.h"
#include "firmware/control/text.h"

#define RECHECK_US 5000000

enum stage { IDLE, CUTTING, DECODING };

struct tess_covers {
	struct tess_control *control;
	struct tess_timer *timer;
	enum stage stage;
	int64_t file, since_us;
	char id[48], path[256];
};

static int take_first(void *arg, int64_t file, const char *path)
{
	struct tess_covers *covers = arg;

	covers->file = file;
	tess_text_copy(covers->path, sizeof(covers->path), path);
	return 1;
}

/* With the next file, now or later. */
static void finish(struct tess_covers *covers)
{
	covers->stage = IDLE;
	tess_timer_start(covers->timer, 0);
}

static int begin(struct tess_covers *covers)
{
	struct tess_control *control = covers->control;
	int rc = tess_store_covers_missing(control->store, take_first, covers);

	if (rc != 1)
		return rc;
	rc = tess_store_cover_try(control->store, covers->file);
	if (rc)
		return rc;
	covers->stage = CUTTING;
	covers->since_us = tess_clock_now_us(control->clock);
	(void)snprintf(covers->id, sizeof(covers->id), "cover:%" PRId64, covers->file);
	tess_control_orders(control);
	return 1;
}

static void tick(void *arg)
{
	struct tess_covers *covers = arg;
	struct tess_control *control = covers->control;
	int64_t now_us = tess_clock_now_us(control->clock);
	int rc;

	if (covers->stage != IDLE && now_us - covers->since_us > TESS_COVERS_TIMEOUT_US) {
		TESS_WARN("cover.late", "file=%" PRId64, covers->file);
		covers->stage = IDLE;
		tess_control_orders(control);
	}
	if (covers->stage == IDLE && tess_facts_is_up(control->facts, TESS_PROCESS_MEDIA) &&
	    tess_facts_is_up(control->facts, TESS_PROCESS_EGRESS)) {
		rc = begin(covers);
		if (rc < 0)
			TESS_ERROR("cover.begin", "error=\"%s\"", strerror(-rc));
	}
	tess_timer_start(covers->timer, RECHECK_US);
}

int tess_covers_start(struct tess_control *control, struct tess_loop *loop)
{
	struct tess_covers *covers = calloc(1, sizeof(*covers));

	if (!covers)
		return -ENOMEM;
	covers->control = control;
	if (tess_timer_alloc(&covers->timer, loop, tick, covers)) {
		free(covers);
		return -ENOMEM;
	}
	control->covers = covers;
	tess_timer_start(covers->timer, 0);
	return 0;
}

void tess_covers_stop(struct tess_control *control)
{
	struct tess_covers *covers = control->covers;

	control->covers = NULL;
	if (!covers)
		return;
	tess_timer_free(covers->timer);
	free(covers);
}

void tess_covers_wake(struct tess_control *control)
{
	if (control->covers && control->covers->stage == IDLE)
		tess_timer_start(control->covers->timer, 0);
}

void tess_covers_orders(const struct tess_control *control, json_t *orders)
{
	const struct tess_covers *covers = control->covers;

	if (covers && covers->stage == CUTTING)
		(void)json_array_append_new(orders,
					    json_pack("{ss ss sb}", "id", covers->id, "path",
						      covers->path, "key_frame", 1));
}

static bool is_ours(const struct tess_covers *covers, enum stage stage, const json_t *message)
{
	const char *id = json_string_value(json_object_get(message, "id"));

	return covers && covers->stage == stage && id && !strcmp(id, covers->id);
}

int tess_covers_told(struct tess_control *control, const json_t *told)
{
	struct tess_covers *covers = control->covers;
	const json_t *fact;
	size_t i;

	json_array_foreach(told, i, fact)
	{
		const char *state = json_string_value(json_object_get(fact, "state"));

		/* the frame of one that is done came before this */
		if (!is_ours(covers, CUTTING, fact) || !state || !strcmp(state, "sending"))
			continue;
		TESS_INFO("cover.none", "file=%" PRId64 " error=\"%.80s\"", covers->file,
			  json_string_value(json_object_get(fact, "error")));
		finish(covers);
		return 1;
	}
	return 0;
}

int tess_covers_key_frame(struct tess_control *control, const json_t *message)
{
	if (!is_ours(control->covers, CUTTING, message))
		return 0;
	control->covers->stage = DECODING;
	return 1;
}

static int keep(struct tess_control *control, int64_t file, int fd)
{
	struct stat info;
	uint8_t *jpeg;
	int rc = 0;

	if (fd < 0 || fstat(fd, &info) || info.st_size < 4 || info.st_size > TESS_COVER_MAX_BYTES)
		return -EBADMSG;
	jpeg = malloc((size_t)info.st_size);
	if (!jpeg)
		return -ENOMEM;
	/* ITU-T T.81 table B.1: SOI */
	if (pread(fd, jpeg, (size_t)info.st_size, 0) != info.st_size || jpeg[0] != 0xff ||
	    jpeg[1] != 0xd8)
		rc = -EBADMSG;
	if (!rc)
		rc = tess_store_cover_set(control->store, file, jpeg, (size_t)info.st_size);
	free(jpeg);
	return rc;
}

void tess_covers_made(struct tess_control *control, const json_t *message, int fd)
{
	struct tess_covers *covers = control->covers;
	const char *error = json_string_value(json_object_get(message, "error"));
	int rc;

	if (!is_ours(covers, DECODING, message))
		return;
	rc = error && *error ? -EBADMSG : keep(control, covers->file, fd);
	if (rc)
		TESS_INFO("cover.none", "file=%" PRId64 " error=\"%s\"", covers->file,
			  error && *error ? error : strerror(-rc));
	finish(covers);
}
