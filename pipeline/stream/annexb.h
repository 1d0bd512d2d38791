/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/stream/annexb.h - the two ways H.264 NAL units are strung together: behind start codes
 * (ITU-T H.264 Annex B) and behind 4-byte lengths (ISO/IEC 14496-15 §5.3.2).
 */
#ifndef TESS_STREAM_ANNEXB_H
#define TESS_STREAM_ANNEXB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/net.h"

/**
 * The first NAL unit at or behind *offset of an Annex B byte stream, its trailing zeros taken off
 * (Annex B.1.1: trailing_zero_8bits); empty ones are passed over. *offset moves behind it.
 * @return true *nal and *length are set and point into @p data; false: no more
 */
bool tess_annexb_next(const uint8_t *data, size_t size, size_t *offset, const uint8_t **nal,
		      size_t *length);
/**
 * Annex B to length-prefixed. @p out may not overlap @p data.
 * @retval 0 *length bytes of out are set, -EBADMSG no NAL unit, -EMSGSIZE larger than @p capacity
 */
int tess_annexb_to_lengths(uint8_t *out, size_t capacity, size_t *length, const uint8_t *data,
			   size_t size) TESS_MUST_CHECK;

#endif
