/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/facts.h - what is: a snapshot that a room worker hands to the link's thread, and
 * its message ("facts" of docs/links.md).
 */
#ifndef TESS_MEDIA_FACTS_H
#define TESS_MEDIA_FACTS_H

#include <jansson.h>

#include "firmware/media/desired.h"
#include "firmware/media/engines.h"
#include "pipeline/room/seats.h"
#include "pipeline/rtp/track.h"

enum tess_publisher_state {
	TESS_PUBLISHER_WAITING = 1,
	TESS_PUBLISHER_RECEIVING,
	TESS_PUBLISHER_STALLED,
	TESS_PUBLISHER_ERROR,
};

enum tess_mix_state {
	TESS_MIX_STARTING = 1,
	TESS_MIX_RUNNING,
	TESS_MIX_ERROR,
};

/** Of one medium of a publisher, beside those of its RTP track. */
#define TESS_PUBLISHER_COUNTERS(X)                                                            \
	X(wrong_source, "packets dropped: not from the latched address")                      \
	X(left_out, "pictures not decoded: no mix needs them, no picture refers to them")     \
	X(waiting_for_key, "pictures not decoded: no key frame yet")                          \
	X(decoder_overflow, "pictures not decoded: the decoder's queue was full")             \
	X(decode_errors, "access units that the decoder refused")                             \
	X(concealed_frames, "48 kHz sample frames made up for lost ones")                     \
	X(line_overflow, "packets of sound that another room's mix was too slow for")         \
	X(stream_waiting, "pictures not in the user's own stream: no key frame since a loss") \
	X(stream_overflow, "pictures and 20 ms of sound not in it: writing took too long")    \
	X(rtcp_unsent, "RTCP reports not sent: no packet to put them in")

/** Of one mix. */
#define TESS_MIX_COUNTERS(X)                                                     \
	X(encoder_busy, "pictures left out: drawing and encoding took too long") \
	X(late_ticks, "pictures left out: the room's thread came too late")      \
	X(draw_errors, "pictures left out: compositor or encoder failed")        \
	X(sound_overflow, "20 ms of sound left out: encoding took too long")     \
	X(sound_errors, "20 ms of sound left out: the encoder failed")           \
	X(sound_jumps, "times that sound went on at a later moment")             \
	X(oversize, "access units too large for the stream's ring")              \
	X(pictures_skipped, "publishers' pictures never shown, a newer one was due")

#define X(name, help) uint64_t name;
struct tess_publisher_counters {
	TESS_PUBLISHER_COUNTERS(X)
};
struct tess_mix_counters {
	TESS_MIX_COUNTERS(X)
};
#undef X

struct tess_media_facts_track {
	bool present;
	struct tess_rtp_counters rtp;
	struct tess_publisher_counters counters;
	uint32_t jitter_us, bitrate_bps;
	double frame_rate;	/* video */
	uint16_t width, height; /* video: of the last picture decoded, 0 if none was */
	/* video: the size of the largest tile of it that can be seen, 0 if there is none */
	uint16_t tile_width, tile_height;
	uint8_t decoders; /* video: how many work on it: one on each device that shows it */
	float level;	  /* audio: peak in the mix, full scale is 1 */
};

struct tess_publisher_facts {
	int64_t id;
	enum tess_publisher_state state;
	int error; /* negative errno: in state ERROR, or pictures that cannot be decoded */
	int64_t idle_us;
	struct tess_media_facts_track video, audio;
};

struct tess_tile_facts {
	char user[TESS_DESIRED_NAME];
	bool auxiliary;
	struct tess_rect rect;
};

/** Who holds a place of a custom layout, also without a tile. */
struct tess_place_facts {
	char user[TESS_DESIRED_NAME];
	bool auxiliary;
	unsigned place; /* from 1 */
};

struct tess_mix_facts {
	int64_t id, epoch;
	enum tess_mix_state state;
	int error;		/* negative errno, in state ERROR */
	int engine;		/* that it works on, by its index; -1: none */
	struct tess_work price; /* megapixels a second */
	uint64_t frames;
	uint32_t bitrate_bps;
	double frame_rate;
	uint32_t latency_p95_us;
	struct tess_mix_counters counters;
	struct tess_tile_facts tiles[TESS_ROOM_MAX_SEATS];
	unsigned tile_count;
	struct tess_place_facts places[TESS_ROOM_MAX_SEATS];
	unsigned place_count;
};

struct tess_media_facts {
	struct tess_publisher_facts *publishers;
	unsigned publisher_count;
	struct tess_mix_facts *mixes;
	unsigned mix_count;
	struct tess_net_stats net;
	/* set by the service: its port, the CPU time of its thread, and when that was so */
	const char *net_spec;
	int64_t cpu_us, at_us;
};

/** Room for so many publishers and mixes, all zero. @retval 0, -ENOMEM */
int tess_media_facts_alloc(struct tess_media_facts **factsp, unsigned publishers,
			   unsigned mixes) TESS_MUST_CHECK;
void tess_media_facts_free(struct tess_media_facts *facts); /* accepts NULL */
/**
 * The message for the facts of @p count workers (NULL: nothing known of that one).
 * @retval a new reference, or NULL: out of memory
 */
json_t *tess_media_facts_message(struct tess_media_facts *const *facts, unsigned count,
				 const struct tess_engine_facts *engines,
				 unsigned engine_count) TESS_MUST_CHECK;

#endif
