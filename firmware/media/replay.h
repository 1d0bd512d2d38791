/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/replay.h - the media process on virtual time: a capture of packets and a list of
 * desired states in, the access units of all streams out; the same bytes each run.
 *
 * One room worker and codecs that run inline, so it is as fast as they are.
 */
#ifndef TESS_MEDIA_REPLAY_H
#define TESS_MEDIA_REPLAY_H

#include <jansson.h>

#include "firmware/media/facts.h"
#include "pipeline/stream/au.h"

/** The media time at which the first packet of the capture comes in. */
#define TESS_MEDIA_REPLAY_START_US INT64_C(1000000000)
/** The UTC at that time: 2026-01-01T00:00:00Z. */
#define TESS_MEDIA_REPLAY_UTC_US INT64_C(1767225600000000)

/** A picture that mixes may name. */
struct tess_media_replay_picture {
	const char *key;
	const void *data;
	size_t length;
};

struct tess_media_replay_handlers {
	/** An access unit of a stream; epoch tells apart the streams of one name. */
	void (*au)(void *arg, const char *stream, uint64_t epoch,
		   const struct tess_stream_info *info, const struct tess_au *au);
	/** Facts, each second and at changes of state. May be NULL. */
	void (*facts)(void *arg, int64_t now_us, const struct tess_media_facts *facts);
	void *arg;
	/** The engines to use, as of struct tess_engines_config; NULL: software alone. */
	const struct tess_engine_driver *const *drivers;
	const char (*devices)[TESS_ENGINE_DEVICE_MAX];
	/** The pictures, ended by one without a key; may be NULL. */
	const struct tess_media_replay_picture *pictures;
};

/**
 * Replay @p capture (a pcap file). @p scenario:
 *
 *   {"jitter_ms":100, "end_ms":12000,
 *    "steps":[{"at_ms":0,"desired":{...}},{"at_ms":5000,"desired":{...}}]}
 *
 * "desired" as in docs/links.md, times from the first packet on, rising. Without "end_ms" it ends
 * one second after the last packet and step. On failure @p error holds one line.
 * @retval 0, -EINVAL bad scenario, -EBADMSG bad capture, or another negative errno
 */
int tess_media_replay(const char *capture, const json_t *scenario,
		      const struct tess_media_replay_handlers *handlers, char *error,
		      size_t error_size) TESS_MUST_CHECK;

#endif
