/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/stream/ring_writer.c - the writing end of a stream's ring.
 */
#include "pipeline/stream/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pipeline/stream/annexb.h"
#include "pipeline/stream/ring_layout.h"

struct tess_ring_writer {
	struct ring_header *header;
	struct ring_slot *slots;
	_Atomic uint64_t *data;
	size_t total_bytes;
	uint32_t slot_count;
	uint32_t data_bytes;
	/* the writer's own counters: what is in the memory is for readers only */
	uint64_t head, tail, position;
	uint64_t *positions; /* of the access units held, by slot */
	uint8_t *scratch;    /* data_bytes / 2: an access unit converted from Annex B */
	int memfd, eventfd;
};

static void fill_constants(struct ring_constants *constants, const struct tess_ring_config *config,
			   uint32_t data_bytes, const struct tess_stream_info *info)
{
	constants->magic = TESS_RING_MAGIC;
	constants->version = TESS_RING_VERSION;
	constants->slots = config->slots;
	constants->data_bytes = data_bytes;
	constants->epoch = config->epoch;
	constants->has_video = info->has_video;
	constants->has_audio = info->has_audio;
	constants->width = info->width;
	constants->height = info->height;
	constants->frame_rate = info->frame_rate;
	constants->video_bitrate_bps = info->video_bitrate_bps;
	constants->audio_rate = info->audio_rate;
	constants->audio_channels = info->audio_channels;
	constants->audio_codec = info->audio_codec;
	constants->audio_config_length = info->audio_config_length;
	memcpy(constants->audio_config, info->audio_config, sizeof(constants->audio_config));
}

/** Make the memory: @return 0 or negative errno. */
static int map_memory(struct tess_ring_writer *writer)
{
	void *memory;

	writer->memfd = memfd_create("tessera-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (writer->memfd < 0)
		return errno == EMFILE || errno == ENFILE ? -EMFILE : -ENOMEM;
	if (ftruncate(writer->memfd, (off_t)writer->total_bytes))
		return -ENOMEM;
	memory = mmap(NULL, writer->total_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, writer->memfd,
		      0);
	if (memory == MAP_FAILED)
		return -ENOMEM;
	writer->header = memory;
	writer->slots = (void *)((uint8_t *)memory + TESS_RING_HEADER_SIZE);
	writer->data = (void *)(writer->slots + writer->slot_count);
	if (fcntl(writer->memfd, F_ADD_SEALS, TESS_RING_SEALS))
		return -EINVAL;
	writer->eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return writer->eventfd < 0 ? -EMFILE : 0;
}

int tess_ring_writer_alloc(struct tess_ring_writer **writerp, const struct tess_ring_config *config,
			   const struct tess_stream_info *info)
{
	struct tess_ring_writer *writer;
	int rc;

	if (config->slots < TESS_RING_MIN_SLOTS || config->slots > TESS_RING_MAX_SLOTS ||
	    (config->slots & (config->slots - 1)) || config->data_bytes < TESS_RING_MIN_DATA ||
	    config->data_bytes > TESS_RING_MAX_DATA ||
	    info->audio_config_length > sizeof(info->audio_config))
		return -EINVAL;
	writer = calloc(1, sizeof(*writer));
	if (!writer)
		return -ENOMEM;
	writer->memfd = writer->eventfd = -1;
	writer->slot_count = config->slots;
	writer->data_bytes = config->data_bytes & ~UINT32_C(7);
	writer->total_bytes = ring_total_bytes(writer->slot_count, writer->data_bytes);
	writer->positions = calloc(writer->slot_count, sizeof(*writer->positions));
	writer->scratch = malloc(writer->data_bytes / 2);
	rc = writer->positions && writer->scratch ? map_memory(writer) : -ENOMEM;
	if (rc) {
		tess_ring_writer_free(writer);
		return rc;
	}
	fill_constants(&writer->header->constants, config, writer->data_bytes, info);
	*writerp = writer;
	return 0;
}

static void notify(const struct tess_ring_writer *writer)
{
	const uint64_t one = 1;

	/* it can only fail with EAGAIN, when the reader has not looked 2^64 - 2 times */
	(void)!write(writer->eventfd, &one, sizeof(one));
}

void tess_ring_writer_free(struct tess_ring_writer *writer)
{
	if (!writer)
		return;
	if (writer->header) {
		if (writer->eventfd >= 0) {
			atomic_store_explicit(&writer->header->ended, 1, memory_order_release);
			notify(writer);
		}
		munmap(writer->header, writer->total_bytes);
	}
	if (writer->memfd >= 0)
		close(writer->memfd);
	if (writer->eventfd >= 0)
		close(writer->eventfd);
	free(writer->positions);
	free(writer->scratch);
	free(writer);
}

int tess_ring_writer_memfd(const struct tess_ring_writer *writer)
{
	return writer->memfd;
}

int tess_ring_writer_eventfd(const struct tess_ring_writer *writer)
{
	return writer->eventfd;
}

static void store_data(struct tess_ring_writer *writer, const uint8_t *data, size_t length)
{
	size_t words = writer->data_bytes / 8;
	size_t at = writer->position % writer->data_bytes / 8;
	uint64_t word;

	for (; length >= 8; data += 8, length -= 8) {
		memcpy(&word, data, 8);
		atomic_store_explicit(&writer->data[at], word, memory_order_relaxed);
		at = at + 1 == words ? 0 : at + 1;
	}
	if (length) {
		word = 0;
		memcpy(&word, data, length);
		atomic_store_explicit(&writer->data[at], word, memory_order_relaxed);
	}
}

int tess_ring_write(struct tess_ring_writer *writer, const struct tess_au *au)
{
	struct ring_header *header = writer->header;
	uint32_t mask = writer->slot_count - 1;
	struct ring_slot *slot = &writer->slots[writer->head & mask];
	uint64_t end, flags;

	if (au->length > writer->data_bytes / 2)
		return -EMSGSIZE;
	end = writer->position + ((au->length + 7) & ~(uint64_t)7);
	while (writer->tail < writer->head &&
	       (writer->head - writer->tail >= writer->slot_count ||
		end - writer->positions[writer->tail & mask] > writer->data_bytes))
		writer->tail++;
	/* release: who sees this tail sees a head not below it */
	atomic_store_explicit(&header->tail, writer->tail, memory_order_release);
	atomic_thread_fence(memory_order_release); /* tail is seen before anything written below */

	flags = (au->track == TESS_TRACK_VIDEO ? RING_FLAG_VIDEO : 0) |
		(au->key ? RING_FLAG_KEY : 0) | (au->discontinuity ? RING_FLAG_DISCONTINUITY : 0);
	atomic_store_explicit(&slot->position, writer->position, memory_order_relaxed);
	atomic_store_explicit(&slot->length_flags, (uint64_t)au->length << 32 | flags,
			      memory_order_relaxed);
	atomic_store_explicit(&slot->pts_us, (uint64_t)au->pts_us, memory_order_relaxed);
	atomic_store_explicit(&slot->dts_us, (uint64_t)au->dts_us, memory_order_relaxed);
	store_data(writer, au->data, au->length);
	writer->positions[writer->head & mask] = writer->position;
	writer->position = end;
	writer->head++;
	atomic_store_explicit(&header->head, writer->head, memory_order_release);
	notify(writer);
	return 0;
}

int tess_ring_write_annexb(struct tess_ring_writer *writer, const struct tess_au *au)
{
	struct tess_au converted = *au;
	int rc = tess_annexb_to_lengths(writer->scratch, writer->data_bytes / 2, &converted.length,
					au->data, au->length);

	if (rc)
		return rc;
	converted.data = writer->scratch;
	return tess_ring_write(writer, &converted);
}
