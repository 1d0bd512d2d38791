/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mux/ts.h - an MPEG transport stream (ISO/IEC 13818-1) of one programme: H.264 as a byte
 * stream and AAC in ADTS, as SRT carries it.
 *
 * The tables (PAT, PMT) go before each key frame, and at least each 400 ms. The programme clock is
 * that of the decoding times; pictures and sound are to be decoded 300 ms after it, so that sound
 * that comes a little behind the pictures is in time.
 */
#ifndef TESS_MUX_TS_H
#define TESS_MUX_TS_H

#include "hal/compiler.h"
#include "pipeline/mux/bytes.h"
#include "pipeline/stream/au.h"

#define TESS_TS_PACKET 188

/** All zero but the first two at the begin. */
struct tess_ts {
	bool has_video, has_audio;
	bool begun;
	int64_t tables_us;   /* dts at which the tables went out */
	uint8_t counters[4]; /* continuity: of PAT, PMT, video, sound */
};

/**
 * Append the packets of an access unit to @p out, whole ones. Times are on any line that does not
 * step back by more than 300 ms. @p config: the AudioSpecificConfig of the sound.
 * @retval 0; -EINVAL a track that is not there; -EBADMSG not length-prefixed; -ENOTSUP sound that
 * ADTS has no words for; -EMSGSIZE; -ENOMEM: out->failed
 */
int tess_ts_put(struct tess_ts *ts, struct tess_bytes *out, const struct tess_au *au,
		const uint8_t *config, size_t config_length) TESS_MUST_CHECK;

#endif
