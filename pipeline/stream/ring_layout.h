/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/stream/ring_layout.h - how a ring lies in its memory; private to the writer and the
 * reader.
 *
 *   header page | slot 0 .. slots-1 | data area
 *
 * Access units are numbered from 0. Those in [tail, head) are held whole; number n has slot n %
 * slots. Its bytes lie in the data area from position % data_bytes on, going round at the end;
 * positions rise for ever and are multiples of 8.
 *
 * The two counters are the sequence lock. The writer raises tail before it overwrites anything, and
 * head after all is written. A reader that finds tail still at or below its number after copying
 * has read nothing that was overwritten. The copy races with the writer by design, so slots and
 * data are moved in relaxed atomic words: no data race in the sense of C17 §5.1.2.4, the fences
 * give the order.
 */
#ifndef TESS_STREAM_RING_LAYOUT_H
#define TESS_STREAM_RING_LAYOUT_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#define TESS_RING_MAGIC	      UINT64_C(0x3152414545535354)
#define TESS_RING_VERSION     1
#define TESS_RING_HEADER_SIZE 4096
#define TESS_RING_MIN_DATA    4096
#define TESS_RING_MAX_DATA    (UINT32_C(1) << 30)
#define TESS_RING_MIN_SLOTS   2
#define TESS_RING_MAX_SLOTS   (UINT32_C(1) << 16)
/* no reader may be cut off by truncation (SIGBUS), none may map for writing */
#define TESS_RING_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL)

/* Fixed before the memory is handed out, then never changed. */
struct ring_constants {
	uint64_t magic;
	uint32_t version;
	uint32_t slots;
	uint32_t data_bytes;
	uint32_t video_bitrate_bps;
	uint64_t epoch;
	uint32_t audio_rate;
	uint16_t width, height;
	uint16_t frame_rate;
	uint8_t has_video, has_audio;
	uint8_t audio_channels;
	uint8_t audio_codec;
	uint8_t audio_config_length;
	uint8_t reserved;
	uint8_t audio_config[16];
};

struct ring_header {
	struct ring_constants constants;
	alignas(64) _Atomic uint64_t head;
	_Atomic uint64_t tail;
	_Atomic uint32_t ended;
};

_Static_assert(sizeof(struct ring_header) <= TESS_RING_HEADER_SIZE, "the header is one page");

enum {
	RING_FLAG_VIDEO = 1,
	RING_FLAG_KEY = 2,
	RING_FLAG_DISCONTINUITY = 4,
};

struct ring_slot {
	_Atomic uint64_t position;
	_Atomic uint64_t length_flags; /* length << 32 | flags */
	_Atomic uint64_t pts_us, dts_us;
};

static inline uint64_t ring_total_bytes(uint32_t slots, uint32_t data_bytes)
{
	return TESS_RING_HEADER_SIZE + (uint64_t)slots * sizeof(struct ring_slot) + data_bytes;
}

#endif
