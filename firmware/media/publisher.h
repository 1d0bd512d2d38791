/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/publisher.h - one user's stream coming in: its ports, RTP tracks, video decoders
 * and audio decoder, and where pictures and sound go.
 *
 * Video is decoded on a strand of the pool, once on each device that a mix of it works on, and only
 * while one shows it. The access units since the last key frame are kept, and a decoder that is new
 * goes through them as fast as it can, so that it need not wait for the next one. What no other
 * picture refers to is not decoded if the mixes show fewer pictures than remain
 * (firmware/media/thin.h). Audio is decoded in the room's thread while a mix hears it, or the
 * stream is wanted that is the user's own (firmware/media/publication.h).
 *
 * A guest is a publisher of another room, which receives and decodes it: pictures and sound come
 * over a line of the bridge. Threads: belongs to the room's thread.
 */
#ifndef TESS_MEDIA_PUBLISHER_H
#define TESS_MEDIA_PUBLISHER_H

#include "firmware/media/bridge.h"
#include "firmware/media/context.h"
#include "firmware/media/decode.h"
#include "firmware/media/desired.h"
#include "firmware/media/facts.h"
#include "pipeline/mix/audio.h"

struct tess_publisher;

/** Where one mix takes a publisher's pictures and sound; both stay the mix's, either may be NULL.
 */
struct tess_tap {
	struct tess_tile_source *tile; /* NULL: nobody sees the picture */
	uint16_t width, height;	       /* that the picture is drawn at */
	uint16_t frame_rate;	       /* that it is shown at, at most */
	struct tess_audio_source *sound;
};

/** Is it one of another room? Its own room tells the facts of it. */
bool tess_publisher_is_guest(const struct tess_publisher *publisher);
/**
 * Open; @p context must outlive it. A port that cannot be had is no failure: the publisher is in
 * state ERROR and tries again by itself. @retval 0, -ENOMEM
 */
int tess_publisher_open(struct tess_publisher **publisherp,
			const struct tess_media_context *context,
			const struct tess_desired_publisher *desired,
			int64_t now_us) TESS_MUST_CHECK;
void tess_publisher_close(struct tess_publisher *publisher); /* accepts NULL */
/** Change to @p desired, of the same id and room; what is not different goes on. */
void tess_publisher_update(struct tess_publisher *publisher,
			   const struct tess_desired_publisher *desired, int64_t now_us);
const struct tess_desired_publisher *tess_publisher_desired(const struct tess_publisher *publisher);
/**
 * Send pictures and sound to these from now on, @p count <= TESS_MAX_TAPS, and to those of other
 * rooms that the bridge knows of; to TESS_MAX_TAPS in all.
 */
void tess_publisher_set_taps(struct tess_publisher *publisher, const struct tess_tap *taps,
			     unsigned count);

/**
 * Do what is due. @return when it must be called again at the latest: every 20 ms while another
 * room wants it, or its pictures come so late that those which nobody looks for sooner would miss
 * their tick
 */
int64_t tess_publisher_step(struct tess_publisher *publisher, int64_t now_us);
/** Every 50 ms or so: RTCP that is due, ports that could not be had. */
void tess_publisher_housekeep(struct tess_publisher *publisher, int64_t now_us);
/** True once for each new ring of the stream of its own, by the key in desired->stream: epoch and
 * descriptors, which stay the publisher's. */
bool tess_publisher_stream_news(struct tess_publisher *publisher, uint64_t *epoch, int *memfd,
				int *eventfd);
/** The epoch of the ring last told, which may be over already; 0: none was, by this key. */
uint64_t tess_publisher_stream_epoch(const struct tess_publisher *publisher);
/** When the last packet of the picture captured at @p capture_us came in; 0 if that is forgotten.
 */
int64_t tess_publisher_arrival_us(const struct tess_publisher *publisher, int64_t capture_us);
/** What decoding its pictures costs, in megapixels a second. */
double tess_publisher_price(const struct tess_publisher *publisher);
/** Take bit rates and frame rates over the time since the last call. */
void tess_publisher_measure(struct tess_publisher *publisher, int64_t now_us);
enum tess_publisher_state tess_publisher_state(const struct tess_publisher *publisher,
					       int64_t now_us);
void tess_publisher_facts(const struct tess_publisher *publisher, int64_t now_us,
			  struct tess_publisher_facts *facts);

#endif
