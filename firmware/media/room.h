/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/room.h - one room: its publishers and its mixes, made equal to what is desired.
 *
 * Threads: belongs to the room's thread.
 */
#ifndef TESS_MEDIA_ROOM_H
#define TESS_MEDIA_ROOM_H

#include "firmware/media/mix.h"
#include "firmware/media/publisher.h"

struct tess_room;

/** A stream of a mix, or of a user's own, has begun; the descriptors stay theirs. Or (@p memfd -1)
 * ended for good. */
typedef void tess_room_stream_handler(void *arg, const char *stream, uint64_t epoch, int memfd,
				      int eventfd);

/** @p context outlives the room. @retval 0, -ENOMEM */
int tess_room_alloc(struct tess_room **roomp, const char *name,
		    const struct tess_media_context *context, tess_room_stream_handler *handler,
		    void *arg) TESS_MUST_CHECK;
void tess_room_free(struct tess_room *room); /* accepts NULL */
const char *tess_room_name(const struct tess_room *room);
/** Close what is not desired any more, which gives ports free. */
void tess_room_prune(struct tess_room *room, const struct tess_desired *desired);
/** Open what is desired of this room and new, and change what is to change. */
void tess_room_grow(struct tess_room *room, const struct tess_desired *desired, int64_t now_us);
bool tess_room_is_empty(const struct tess_room *room);

/** Do what is due. @return when it must be called again at the latest */
int64_t tess_room_step(struct tess_room *room, int64_t now_us);
/** Every 50 ms or so. */
void tess_room_housekeep(struct tess_room *room, int64_t now_us);
/** Take rates over the time since the last call. */
void tess_room_measure(struct tess_room *room, int64_t now_us);
/** Add this room's facts; there is room for them. */
void tess_room_facts(const struct tess_room *room, int64_t now_us, struct tess_media_facts *facts);
/** How many publishers and mixes there are. */
void tess_room_count(const struct tess_room *room, unsigned *publishers, unsigned *mixes);
/** A number that differs when the state of anything in the room has changed. */
uint64_t tess_room_fingerprint(const struct tess_room *room, int64_t now_us);

#endif
