/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/room.c - one room: its publishers and its mixes.
 */
#include "firmware/media/room.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/log.h"

/* A mix that could not be opened is tried again after this. */
#define RETRY_US INT64_C(1000000)

/* A mix that is wanted. */
struct entry {
	struct tess_desired_mix desired;
	struct tess_mix *mix; /* NULL: could not be opened, see error */
	int error;
	int64_t retry_us;
};

struct tess_room {
	const struct tess_media_context *context;
	tess_room_stream_handler *handler;
	void *arg;
	struct tess_publisher **publishers;
	unsigned publisher_count, publisher_capacity;
	struct entry *entries;
	unsigned entry_count, entry_capacity;
	unsigned bridge_version; /* that the ways are of */
	char name[TESS_DESIRED_NAME];
};

int tess_room_alloc(struct tess_room **roomp, const char *name,
		    const struct tess_media_context *context, tess_room_stream_handler *handler,
		    void *arg)
{
	struct tess_room *room = calloc(1, sizeof(*room));

	if (!room)
		return -ENOMEM;
	room->context = context;
	room->handler = handler;
	room->arg = arg;
	memcpy(room->name, name, strnlen(name, sizeof(room->name) - 1));
	*roomp = room;
	return 0;
}

void tess_room_free(struct tess_room *room)
{
	if (!room)
		return;
	for (unsigned i = 0; i < room->entry_count; i++)
		tess_mix_close(room->entries[i].mix);
	for (unsigned i = 0; i < room->publisher_count; i++)
		tess_publisher_close(room->publishers[i]);
	free(room->publishers);
	free(room->entries);
	free(room);
}

const char *tess_room_name(const struct tess_room *room)
{
	return room->name;
}

bool tess_room_is_empty(const struct tess_room *room)
{
	return !room->publisher_count && !room->entry_count;
}

/* The ways from publishers to the mixes that take them, of this room and of others. */
static void join_ways(struct tess_room *room)
{
	struct tess_tap taps[TESS_MAX_TAPS];

	room->bridge_version = tess_bridge_version(room->context->bridge);
	for (unsigned p = 0; p < room->publisher_count; p++) {
		unsigned count = 0;

		for (unsigned i = 0; i < room->entry_count; i++) {
			struct tess_tap tap;

			if (!room->entries[i].mix)
				continue;
			tap = tess_mix_tap(room->entries[i].mix, room->publishers[p]);
			/* those that do not take it leave room for other rooms */
			if (tap.tile || tap.sound)
				taps[count++] = tap;
		}
		tess_publisher_set_taps(room->publishers[p], taps, count);
	}
}

/* After any change of who is there: seats in all mixes, then the ways to them. */
static void seat(struct tess_room *room)
{
	for (unsigned i = 0; i < room->entry_count; i++) {
		struct entry *entry = &room->entries[i];
		int error;

		if (!entry->mix)
			continue;
		error = tess_mix_seat(entry->mix, room->publishers, room->publisher_count);
		if (error)
			TESS_ERROR("mix.seat_failed", "room=%s mix=%lld error=%d", room->name,
				   (long long)entry->desired.id, error);
	}
	join_ways(room);
}

static unsigned open_mixes(const struct tess_room *room)
{
	unsigned count = 0;

	for (unsigned i = 0; i < room->entry_count; i++)
		count += room->entries[i].mix != NULL;
	return count;
}

static void open_mix(struct tess_room *room, struct entry *entry, int64_t now_us)
{
	int memfd, eventfd, error_before = entry->error;

	if (open_mixes(room) == TESS_MAX_TAPS)
		entry->error = -EUSERS;
	else
		entry->error = tess_mix_open(&entry->mix, room->context, &entry->desired, now_us);
	if (entry->error) {
		entry->mix = NULL;
		entry->retry_us = now_us + RETRY_US;
		if (entry->error != error_before) /* once, not at each retry */
			TESS_ERROR("mix.open_failed", "room=%s mix=%lld error=\"%s\"", room->name,
				   (long long)entry->desired.id, strerrordesc_np(-entry->error));
		return;
	}
	TESS_INFO("mix.started", "room=%s mix=%lld stream=%s", room->name,
		  (long long)entry->desired.id, entry->desired.stream);
	tess_mix_descriptors(entry->mix, &memfd, &eventfd);
	room->handler(room->arg, entry->desired.stream, tess_mix_stream_epoch(entry->mix), memfd,
		      eventfd);
	if (tess_mix_mp3_descriptors(entry->mix, &memfd, &eventfd))
		room->handler(room->arg, entry->desired.mp3_stream,
			      tess_mix_stream_epoch(entry->mix), memfd, eventfd);
}

static void move_mix(struct tess_room *room, struct entry *entry)
{
	int from = tess_mix_engine(entry->mix);

	tess_mix_move(entry->mix);
	TESS_WARN("mix.moved", "room=%s mix=%lld from_engine=%d to_engine=%d", room->name,
		  (long long)entry->desired.id, from, tess_mix_engine(entry->mix));
}

/* Mixes whose device is lost go on with another one. */
static void move_mixes(struct tess_room *room)
{
	bool moved = false;

	for (unsigned i = 0; i < room->entry_count; i++) {
		struct entry *entry = &room->entries[i];

		if (entry->mix && tess_mix_must_move(entry->mix)) {
			move_mix(room, entry);
			moved = true;
		}
	}
	if (moved)
		seat(room);
}

static bool stream_desired(const struct tess_desired *desired, const char *stream)
{
	for (unsigned i = 0; i < desired->mix_count; i++) {
		if (!strcmp(desired->mixes[i].stream, stream) ||
		    !strcmp(desired->mixes[i].mp3_stream, stream))
			return true;
	}
	return false;
}

/* Its streams have ended for good, unless somebody else is to have their names. */
static void tell_end(struct tess_room *room, const struct entry *entry,
		     const struct tess_desired *wanted)
{
	const char *const streams[] = {entry->desired.stream, entry->desired.mp3_stream};

	for (unsigned i = 0; entry->mix && i < 2; i++) {
		if (*streams[i] && !stream_desired(wanted, streams[i]))
			room->handler(room->arg, streams[i], tess_mix_stream_epoch(entry->mix), -1,
				      -1);
	}
}

static void prune_mixes(struct tess_room *room, const struct tess_desired *desired)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < room->entry_count; i++) {
		struct entry *entry = &room->entries[i];
		const struct tess_desired_mix *wanted =
			tess_desired_find_mix(desired, entry->desired.id);

		if (wanted && !strcmp(wanted->room, room->name)) {
			room->entries[kept++] = *entry;
			continue;
		}
		TESS_INFO("mix.stopped", "room=%s mix=%lld stream=%s", room->name,
			  (long long)entry->desired.id, entry->desired.stream);
		tell_end(room, entry, desired);
		tess_mix_close(entry->mix);
	}
	room->entry_count = kept;
}

static bool is_wanted(const struct tess_room *room, const struct tess_desired *desired,
		      const struct tess_publisher *publisher)
{
	int64_t id = tess_publisher_desired(publisher)->id;
	const struct tess_desired_publisher *wanted =
		tess_publisher_is_guest(publisher)
			? tess_desired_find_guest(desired, id, room->name)
			: tess_desired_find_publisher(desired, id);

	return wanted && !strcmp(wanted->room, room->name);
}

/* The stream of a publisher's own has ended. */
static void end_stream(struct tess_room *room, const struct tess_publisher *publisher)
{
	uint64_t epoch = tess_publisher_stream_epoch(publisher);

	if (epoch)
		room->handler(room->arg, tess_publisher_desired(publisher)->stream, epoch, -1, -1);
}

void tess_room_prune(struct tess_room *room, const struct tess_desired *desired)
{
	unsigned total = room->publisher_count, kept = 0;

	prune_mixes(room, desired);
	for (unsigned i = 0; i < total; i++) {
		struct tess_publisher *publisher = room->publishers[i];

		/* those that go gather at the end */
		if (is_wanted(room, desired, publisher)) {
			room->publishers[i] = room->publishers[kept];
			room->publishers[kept++] = publisher;
		}
	}
	room->publisher_count = kept;
	/* the mixes let go of them first */
	seat(room);
	for (unsigned i = kept; i < total; i++) {
		const struct tess_desired_publisher *gone =
			tess_publisher_desired(room->publishers[i]);

		TESS_INFO("publisher.closed", "room=%s user=%s publisher=%lld", room->name,
			  gone->user, (long long)gone->id);
		end_stream(room, room->publishers[i]);
		tess_publisher_close(room->publishers[i]);
	}
}

static struct tess_publisher *find_publisher(const struct tess_room *room, int64_t id)
{
	for (unsigned i = 0; i < room->publisher_count; i++) {
		if (tess_publisher_desired(room->publishers[i])->id == id)
			return room->publishers[i];
	}
	return NULL;
}

/* Room for one more in an array. */
static int reserve(void **array, unsigned *capacity, unsigned count, size_t size)
{
	unsigned larger = *capacity ? *capacity * 2 : 8;
	void *grown;

	if (count < *capacity)
		return 0;
	grown = realloc(*array, larger * size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*capacity = larger;
	return 0;
}

static void grow_publisher(struct tess_room *room, const struct tess_desired_publisher *desired,
			   int64_t now_us)
{
	struct tess_publisher *publisher = find_publisher(room, desired->id);
	int error;

	if (publisher) {
		if (strcmp(tess_publisher_desired(publisher)->stream, desired->stream) != 0)
			end_stream(room, publisher);
		tess_publisher_update(publisher, desired, now_us);
		return;
	}
	error = reserve((void **)&room->publishers, &room->publisher_capacity,
			room->publisher_count, sizeof(*room->publishers));
	if (!error)
		error = tess_publisher_open(&publisher, room->context, desired, now_us);
	if (error) {
		TESS_ERROR("publisher.open_failed", "room=%s user=%s publisher=%lld error=%d",
			   room->name, desired->user, (long long)desired->id, error);
		return;
	}
	room->publishers[room->publisher_count++] = publisher;
	TESS_INFO("publisher.opened", "room=%s user=%s publisher=%lld video_port=%u audio_port=%u",
		  room->name, desired->user, (long long)desired->id, desired->video.port,
		  desired->audio.port);
}

static struct entry *find_entry(struct tess_room *room, int64_t id)
{
	for (unsigned i = 0; i < room->entry_count; i++) {
		if (room->entries[i].desired.id == id)
			return &room->entries[i];
	}
	return NULL;
}

static bool same_pictures(const struct tess_desired_pictures *a,
			  const struct tess_desired_pictures *b)
{
	const struct tess_rect *at = &a->water_mark_rect, *bt = &b->water_mark_rect;

	for (unsigned i = 0; i < TESS_ROOM_MAX_SEATS; i++) {
		if (strcmp(a->places[i], b->places[i]) != 0)
			return false;
	}
	return !strcmp(a->background, b->background) && !strcmp(a->water_mark, b->water_mark) &&
	       at->x == bt->x && at->y == bt->y && at->width == bt->width &&
	       at->height == bt->height;
}

static void grow_mix(struct tess_room *room, const struct tess_desired *wanted,
		     const struct tess_desired_mix *desired, int64_t now_us)
{
	struct entry *entry = find_entry(room, desired->id);

	if (!entry) {
		if (reserve((void **)&room->entries, &room->entry_capacity, room->entry_count,
			    sizeof(*room->entries))) {
			TESS_ERROR("mix.open_failed", "room=%s mix=%lld error=memory", room->name,
				   (long long)desired->id);
			return;
		}
		entry = &room->entries[room->entry_count++];
		*entry = (struct entry){.desired = *desired};
		open_mix(room, entry, now_us);
		return;
	}
	/* pictures come, when they have been fetched, and go without a new epoch */
	if (entry->desired.epoch == desired->epoch && entry->desired.frozen == desired->frozen &&
	    same_pictures(&entry->desired.pictures, &desired->pictures))
		return;
	tell_end(room, entry, wanted);
	entry->desired = *desired;
	if (entry->mix && tess_mix_can_become(entry->mix, desired)) {
		tess_mix_update(entry->mix, desired, now_us);
		TESS_INFO("mix.changed", "room=%s mix=%lld epoch=%lld", room->name,
			  (long long)desired->id, (long long)desired->epoch);
		return;
	}
	/* the publishers forget the old one in seat() */
	tess_mix_close(entry->mix);
	entry->mix = NULL;
	open_mix(room, entry, now_us);
}

void tess_room_grow(struct tess_room *room, const struct tess_desired *desired, int64_t now_us)
{
	for (unsigned i = 0; i < desired->publisher_count; i++) {
		if (!strcmp(desired->publishers[i].room, room->name))
			grow_publisher(room, &desired->publishers[i], now_us);
	}
	for (unsigned i = 0; i < desired->guest_count; i++) {
		if (!strcmp(desired->guests[i].room, room->name))
			grow_publisher(room, &desired->guests[i], now_us);
	}
	for (unsigned i = 0; i < desired->mix_count; i++) {
		if (!strcmp(desired->mixes[i].room, room->name))
			grow_mix(room, desired, &desired->mixes[i], now_us);
	}
	seat(room);
}

static void tell_stream(struct tess_room *room, struct tess_publisher *publisher)
{
	int memfd, eventfd;
	uint64_t epoch;

	if (tess_publisher_stream_news(publisher, &epoch, &memfd, &eventfd))
		room->handler(room->arg, tess_publisher_desired(publisher)->stream, epoch, memfd,
			      eventfd);
}

int64_t tess_room_step(struct tess_room *room, int64_t now_us)
{
	int64_t next_us = INT64_MAX;

	move_mixes(room);
	if (room->bridge_version != tess_bridge_version(room->context->bridge))
		join_ways(room);
	for (unsigned i = 0; i < room->publisher_count; i++) {
		int64_t due_us = tess_publisher_step(room->publishers[i], now_us);

		next_us = due_us < next_us ? due_us : next_us;
		tell_stream(room, room->publishers[i]);
	}
	for (unsigned i = 0; i < room->entry_count; i++) {
		if (room->entries[i].mix) {
			int64_t due_us = tess_mix_step(room->entries[i].mix, now_us);

			next_us = due_us < next_us ? due_us : next_us;
		}
	}
	return next_us;
}

void tess_room_housekeep(struct tess_room *room, int64_t now_us)
{
	bool opened = false;

	for (unsigned i = 0; i < room->publisher_count; i++)
		tess_publisher_housekeep(room->publishers[i], now_us);
	for (unsigned i = 0; i < room->entry_count; i++) {
		struct entry *entry = &room->entries[i];

		if (!entry->mix && now_us >= entry->retry_us) {
			open_mix(room, entry, now_us);
			opened = true;
		}
	}
	if (opened)
		seat(room);
}

void tess_room_measure(struct tess_room *room, int64_t now_us)
{
	for (unsigned i = 0; i < room->publisher_count; i++)
		tess_publisher_measure(room->publishers[i], now_us);
	for (unsigned i = 0; i < room->entry_count; i++) {
		if (room->entries[i].mix)
			tess_mix_measure(room->entries[i].mix, now_us);
	}
}

void tess_room_facts(const struct tess_room *room, int64_t now_us, struct tess_media_facts *facts)
{
	for (unsigned i = 0; i < room->publisher_count; i++) {
		if (!tess_publisher_is_guest(room->publishers[i]))
			tess_publisher_facts(room->publishers[i], now_us,
					     &facts->publishers[facts->publisher_count++]);
	}
	for (unsigned i = 0; i < room->entry_count; i++) {
		const struct entry *entry = &room->entries[i];
		struct tess_mix_facts *mix = &facts->mixes[facts->mix_count++];

		if (entry->mix) {
			tess_mix_facts(entry->mix, mix);
			continue;
		}
		mix->id = entry->desired.id;
		mix->epoch = entry->desired.epoch;
		mix->state = TESS_MIX_ERROR;
		mix->error = entry->error;
		mix->engine = -1;
	}
}

void tess_room_count(const struct tess_room *room, unsigned *publishers, unsigned *mixes)
{
	*publishers = room->publisher_count;
	*mixes = room->entry_count;
}

static uint64_t stir(uint64_t hash, uint64_t value)
{
	return (hash ^ value) * UINT64_C(1099511628211); /* FNV-1a */
}

uint64_t tess_room_fingerprint(const struct tess_room *room, int64_t now_us)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (unsigned i = 0; i < room->publisher_count; i++) {
		if (tess_publisher_is_guest(room->publishers[i]))
			continue;
		hash = stir(hash, (uint64_t)tess_publisher_desired(room->publishers[i])->id);
		hash = stir(hash, tess_publisher_state(room->publishers[i], now_us));
	}
	for (unsigned i = 0; i < room->entry_count; i++) {
		const struct entry *entry = &room->entries[i];

		hash = stir(hash, (uint64_t)entry->desired.id);
		hash = stir(hash, (uint64_t)entry->desired.epoch);
		hash = stir(hash, entry->mix ? tess_mix_state(entry->mix) : TESS_MIX_ERROR);
		hash = stir(hash, entry->mix ? (uint64_t)tess_mix_engine(entry->mix) : 0);
	}
	return hash;
}
