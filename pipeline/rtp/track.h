/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/track.h - the receiving end of one RTP media stream: packets in, access units on the
 * box's media time line out.
 *
 *   validate (RFC 3550 A.1) -> reorder and wait (jitter buffer) -> depacketise (RFC 6184, RFC 7587)
 *   -> map RTP time to media time (arrival at once, slewed to the sender reports)
 *
 * Tracks of one user share a tess_rtp_source, so that sound and picture meet (RFC 3550 §6.4.1).
 * Threads: a source and its tracks belong to one thread. No clock is read: time comes in.
 * Memory: all of it at alloc, but for the buffer of H.264 access units, which doubles up to
 * max_au_bytes.
 */
#ifndef TESS_RTP_TRACK_H
#define TESS_RTP_TRACK_H

#include "hal/engine.h"
#include "hal/net.h"

struct tess_rtp_source; /* one user: maps the sender's wall clock to media time */
struct tess_rtp_track;

struct tess_rtp_track_config {
	enum tess_codec codec; /* H264 or OPUS */
	uint8_t payload_type;  /* packets of another one are dropped and counted */
	uint32_t clock_rate;   /* 90000, 48000 */
	uint32_t jitter_us;    /* how long a hole is waited for */
	size_t max_au_bytes;   /* larger access units are dropped and counted */
};

struct tess_rtp_au {
	const uint8_t *data; /* the track's. H.264: Annex B, 4-byte start codes; Opus: one packet */
	size_t length;
	int64_t media_us; /* when it was captured, on the media time line */
	uint32_t rtp_timestamp;
	bool key;	      /* H.264: an IDR picture, with SPS and PPS in front if known */
	bool discontinuity;   /* packets before this one are missing */
	uint32_t lost_frames; /* Opus: 48 kHz sample frames missing before it, 0: none or unknown */
};

/** Drop reasons and facts, each a counter (name, help). */
#define TESS_RTP_COUNTERS(X)                                                               \
	X(packets, "RTP packets accepted")                                                 \
	X(bytes, "RTP payload bytes accepted")                                             \
	X(lost, "packets given up as lost")                                                \
	X(reordered, "packets that came out of order and were put right")                  \
	X(duplicate, "duplicates dropped")                                                 \
	X(late, "packets dropped because their place was already passed")                  \
	X(malformed, "packets dropped as malformed")                                       \
	X(wrong_payload_type, "packets dropped for another payload type")                  \
	X(bad_depacketise, "packets dropped by the depacketiser")                          \
	X(access_units, "access units delivered")                                          \
	X(incomplete, "access units dropped as incomplete")                                \
	X(oversize, "access units dropped as too large")                                   \
	X(untrusted, "packets dropped of a sender that was not confirmed or was replaced") \
	X(ssrc_changes, "changes of the sender's SSRC")                                    \
	X(restarts, "sequence numbers that began anew")                                    \
	X(sender_reports, "RTCP sender reports used")

struct tess_rtp_counters {
#define X(name, help) uint64_t name;
	TESS_RTP_COUNTERS(X)
#undef X
};

typedef void tess_rtp_au_handler(void *arg, const struct tess_rtp_au *au);

int tess_rtp_source_alloc(struct tess_rtp_source **sourcep) TESS_MUST_CHECK; /* -ENOMEM */
void tess_rtp_source_free(struct tess_rtp_source *source); /* after its tracks; accepts NULL */

/** @retval 0, -EINVAL, -ENOMEM */
int tess_rtp_track_alloc(struct tess_rtp_track **trackp, struct tess_rtp_source *source,
			 const struct tess_rtp_track_config *config, tess_rtp_au_handler *handler,
			 void *arg) TESS_MUST_CHECK;
void tess_rtp_track_free(struct tess_rtp_track *track); /* accepts NULL */
/**
 * Take in one datagram, RTP or RTCP (told apart by RFC 5761 §4). The packet is released by the
 * track, now or later. May call the handler, which must not call back into the track.
 */
void tess_rtp_track_receive(struct tess_rtp_track *track, struct tess_packet *packet);
/** Give up on holes whose time is over; may call the handler. */
void tess_rtp_track_poll(struct tess_rtp_track *track, int64_t now_us);
/** When poll must be called at the latest; INT64_MAX if nothing waits. */
int64_t tess_rtp_track_deadline(const struct tess_rtp_track *track);
/**
 * Write the RTCP that is due (receiver report with SDES, and PLI while a key frame is wanted) as
 * one compound packet. @return its length, 0 if none is due
 */
size_t tess_rtp_track_rtcp(struct tess_rtp_track *track, int64_t now_us, uint8_t *buffer,
			   size_t capacity);
/** Ask the sender for a key frame (PLI, at most one per 500 ms). */
void tess_rtp_track_want_key(struct tess_rtp_track *track);
const struct tess_rtp_counters *tess_rtp_track_counters(const struct tess_rtp_track *track);
/** The SSRC that is being received. @return false: none yet */
bool tess_rtp_track_source(const struct tess_rtp_track *track, uint32_t *ssrc);
/** Interarrival jitter (RFC 3550 §6.4.1), microseconds. */
uint32_t tess_rtp_track_jitter_us(const struct tess_rtp_track *track);

#endif
