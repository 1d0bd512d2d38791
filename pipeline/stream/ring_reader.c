/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/stream/ring_reader.c - the reading end of a stream's ring. Each value is taken from the
 * shared memory once, checked, and only then used: the other side may change it at any instant.
 */
#include "pipeline/stream/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "pipeline/stream/ring_layout.h"

struct tess_ring_reader {
	const struct ring_header *header;
	const struct ring_slot *slots;
	const _Atomic uint64_t *data;
	size_t total_bytes;
	uint32_t slot_count;
	uint32_t data_bytes;
	uint64_t epoch;
	uint64_t cursor; /* number of the next access unit to read */
	struct tess_stream_info info;
};

/* What the memory says is held: [tail, head). */
struct held {
	uint64_t tail, head;
};

/* A slot's values, taken once. */
struct entry {
	uint64_t position;
	uint32_t length, flags;
	int64_t pts_us, dts_us;
};

/** @retval 0, -EBADMSG */
static int take_constants(struct tess_ring_reader *reader, const struct ring_constants *constants)
{
	struct tess_stream_info *info = &reader->info;

	if (constants->magic != TESS_RING_MAGIC || constants->version != TESS_RING_VERSION ||
	    constants->slots < TESS_RING_MIN_SLOTS || constants->slots > TESS_RING_MAX_SLOTS ||
	    (constants->slots & (constants->slots - 1)) ||
	    constants->data_bytes < TESS_RING_MIN_DATA ||
	    constants->data_bytes > TESS_RING_MAX_DATA || constants->data_bytes % 8 ||
	    ring_total_bytes(constants->slots, constants->data_bytes) != reader->total_bytes ||
	    constants->audio_config_length > sizeof(info->audio_config))
		return -EBADMSG;
	reader->slot_count = constants->slots;
	reader->data_bytes = constants->data_bytes;
	reader->epoch = constants->epoch;
	info->has_video = constants->has_video != 0;
	info->has_audio = constants->has_audio != 0;
	info->width = constants->width;
	info->height = constants->height;
	info->frame_rate = constants->frame_rate;
	info->video_bitrate_bps = constants->video_bitrate_bps;
	info->audio_rate = constants->audio_rate;
	info->audio_channels = constants->audio_channels;
	info->audio_codec = constants->audio_codec;
	info->audio_config_length = constants->audio_config_length;
	memcpy(info->audio_config, constants->audio_config, sizeof(info->audio_config));
	return 0;
}

int tess_ring_reader_alloc(struct tess_ring_reader **readerp, int memfd)
{
	struct tess_ring_reader *reader;
	struct ring_constants constants;
	struct stat status;
	const void *memory;
	int seals, rc;

	/* a ring that could still shrink would be a SIGBUS in the middle of a read */
	seals = fcntl(memfd, F_GET_SEALS);
	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(memfd, &status) ||
	    status.st_size < (off_t)ring_total_bytes(TESS_RING_MIN_SLOTS, TESS_RING_MIN_DATA) ||
	    (uint64_t)status.st_size > ring_total_bytes(TESS_RING_MAX_SLOTS, TESS_RING_MAX_DATA))
		return -EBADMSG;
	reader = calloc(1, sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	reader->total_bytes = (size_t)status.st_size;
	memory = mmap(NULL, reader->total_bytes, PROT_READ, MAP_SHARED, memfd, 0);
	if (memory == MAP_FAILED) {
		free(reader);
		return -ENOMEM;
	}
	reader->header = memory;
	memcpy(&constants, &reader->header->constants, sizeof(constants));
	rc = take_constants(reader, &constants);
	if (rc) {
		tess_ring_reader_free(reader);
		return rc;
	}
	reader->slots = (const void *)((const uint8_t *)memory + TESS_RING_HEADER_SIZE);
	reader->data = (const void *)(reader->slots + reader->slot_count);
	tess_ring_seek_newest(reader);
	*readerp = reader;
	return 0;
}

void tess_ring_reader_free(struct tess_ring_reader *reader)
{
	if (!reader)
		return;
	munmap((void *)(uintptr_t)reader->header, reader->total_bytes);
	free(reader);
}

uint64_t tess_ring_reader_epoch(const struct tess_ring_reader *reader)
{
	return reader->epoch;
}

const struct tess_stream_info *tess_ring_reader_info(const struct tess_ring_reader *reader)
{
	return &reader->info;
}

/**
 * The tail is taken first: head is always at or above a tail that was seen before it. The distance
 * may be more than the slots when the writer goes on in between; still_held() tells in the end.
 */
static struct held take_held(const struct tess_ring_reader *reader)
{
	struct held held;

	held.tail = atomic_load_explicit(&reader->header->tail, memory_order_acquire);
	held.head = atomic_load_explicit(&reader->header->head, memory_order_acquire);
	return held;
}

static struct entry take_entry(const struct tess_ring_reader *reader, uint64_t number)
{
	const struct ring_slot *slot = &reader->slots[number & (reader->slot_count - 1)];
	uint64_t length_flags = atomic_load_explicit(&slot->length_flags, memory_order_relaxed);

	return (struct entry){
		.position = atomic_load_explicit(&slot->position, memory_order_relaxed),
		.length = (uint32_t)(length_flags >> 32),
		.flags = (uint32_t)length_flags,
		.pts_us = (int64_t)atomic_load_explicit(&slot->pts_us, memory_order_relaxed),
		.dts_us = (int64_t)atomic_load_explicit(&slot->dts_us, memory_order_relaxed),
	};
}

/** Whether the access unit was still held after all of it had been read. */
static bool still_held(const struct tess_ring_reader *reader, uint64_t number)
{
	atomic_thread_fence(memory_order_acquire); /* the loads above stay above */
	return atomic_load_explicit(&reader->header->tail, memory_order_relaxed) <= number;
}

void tess_ring_seek_oldest(struct tess_ring_reader *reader)
{
	reader->cursor = take_held(reader).tail;
}

void tess_ring_seek_newest(struct tess_ring_reader *reader)
{
	reader->cursor = take_held(reader).head;
}

int tess_ring_seek_key(struct tess_ring_reader *reader)
{
	struct held held = take_held(reader);
	uint32_t wanted = RING_FLAG_KEY | (reader->info.has_video ? RING_FLAG_VIDEO : 0);
	uint64_t number = held.head;

	for (uint32_t seen = 0; number > held.tail && seen < reader->slot_count; seen++) {
		number--;
		if ((take_entry(reader, number).flags & wanted) == wanted &&
		    still_held(reader, number)) {
			reader->cursor = number;
			return 0;
		}
	}
	return -ENOENT;
}

int tess_ring_seek_after(struct tess_ring_reader *reader, int64_t dts_us)
{
	struct held held = take_held(reader);
	bool older_held = held.tail == 0; /* nothing was overwritten yet */
	uint64_t number = held.tail;

	if (held.head - number > reader->slot_count)
		number = held.head - reader->slot_count;
	for (; number < held.head; number++) {
		struct entry entry = take_entry(reader, number);

		if (!still_held(reader, number)) {
			older_held = false;
			continue;
		}
		if (entry.dts_us > dts_us)
			break;
		older_held = true;
	}
	reader->cursor = number;
	return older_held ? 0 : 1;
}

static void load_data(const struct tess_ring_reader *reader, const struct entry *entry,
		      uint8_t *buffer)
{
	size_t words = reader->data_bytes / 8;
	size_t at = entry->position % reader->data_bytes / 8;
	size_t length = entry->length;
	uint64_t word;

	for (; length >= 8; buffer += 8, length -= 8) {
		word = atomic_load_explicit(&reader->data[at], memory_order_relaxed);
		memcpy(buffer, &word, 8);
		at = at + 1 == words ? 0 : at + 1;
	}
	if (length) {
		word = atomic_load_explicit(&reader->data[at], memory_order_relaxed);
		memcpy(buffer, &word, length);
	}
}

static int overrun(struct tess_ring_reader *reader)
{
	uint64_t tail = atomic_load_explicit(&reader->header->tail, memory_order_acquire);

	if (tail <= reader->cursor)
		return -EBADMSG; /* a tail that went back */
	reader->cursor = tail;
	return -EOVERFLOW;
}

int tess_ring_read(struct tess_ring_reader *reader, struct tess_au *au, uint8_t *buffer,
		   size_t capacity, size_t *needed)
{
	bool ended = atomic_load_explicit(&reader->header->ended, memory_order_acquire) != 0;
	struct held held = take_held(reader);
	struct entry entry;

	if (held.tail > held.head || reader->cursor > held.head)
		return -EBADMSG;
	if (reader->cursor == held.head)
		return ended ? -EPIPE : -EAGAIN;
	if (reader->cursor < held.tail)
		return overrun(reader);
	entry = take_entry(reader, reader->cursor);
	if (!still_held(reader, reader->cursor))
		return overrun(reader);
	if (entry.length > reader->data_bytes / 2 || entry.position % 8)
		return -EBADMSG;
	if (entry.length > capacity) {
		*needed = entry.length;
		return -EMSGSIZE;
	}
	load_data(reader, &entry, buffer);
	if (!still_held(reader, reader->cursor))
		return overrun(reader);
	*au = (struct tess_au){
		.data = buffer,
		.length = entry.length,
		.pts_us = entry.pts_us,
		.dts_us = entry.dts_us,
		.track = entry.flags & RING_FLAG_VIDEO ? TESS_TRACK_VIDEO : TESS_TRACK_AUDIO,
		.key = (entry.flags & RING_FLAG_KEY) != 0,
		.discontinuity = (entry.flags & RING_FLAG_DISCONTINUITY) != 0,
	};
	reader->cursor++;
	return 0;
}
