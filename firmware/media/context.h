/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/context.h - what all publishers and mixes of one room worker use.
 */
#ifndef TESS_MEDIA_CONTEXT_H
#define TESS_MEDIA_CONTEXT_H

#include "firmware/media/engines.h"
#include "firmware/media/executor.h"
#include "firmware/media/flows.h"
#include "firmware/media/pictures.h"
#include "hal/audio.h"
#include "hal/clock.h"
#include "hal/net.h"

/** The longest time until the room's thread looks at what has come, if nobody needs it to earlier.
 * A little more than between two pictures of a mix of 15 a second: it looks when it draws them. */
#define TESS_MEDIA_NAP_US 70000

struct tess_bridge;
struct tess_inputs;

struct tess_media_context {
	struct tess_clock *clock;
	struct tess_net *net;
	struct tess_flows *flows;
	struct tess_engines *engines;
	const struct tess_audio_driver *audio;
	struct tess_executor *executor;
	struct tess_pictures *pictures; /* NULL: mixes show none */
	struct tess_bridge *bridge;	/* to publishers of other rooms */
	struct tess_inputs *inputs;	/* NULL: no publishers come by egress */
	uint32_t jitter_us;		/* how long a missing packet is waited for */
	/* monotonic to UTC as it was at start, for the epochs of streams, which rise over restarts
	 */
	int64_t utc_offset_us;
	float *pcm; /* scratch of the room's thread: TESS_AUDIO_MAX_FRAMES stereo frames */
};

#endif
