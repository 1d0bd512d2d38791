/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mux/adts.h - the header that makes a raw AAC frame one of an ADTS stream
 * (ISO/IEC 13818-7 §6.2).
 */
#ifndef TESS_MUX_ADTS_H
#define TESS_MUX_ADTS_H

#include <stddef.h>
#include <stdint.h>

#include "hal/net.h"

#define TESS_ADTS_HEADER_BYTES 7

/**
 * The header of a frame of @p frame_bytes.
 * @param config an AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1)
 * @retval 0
 * @retval -ENOTSUP ADTS cannot tell this object type, rate or channels; -EMSGSIZE too large a frame
 */
int tess_adts_header(uint8_t out[TESS_ADTS_HEADER_BYTES], const uint8_t *config,
		     size_t config_length, size_t frame_bytes) TESS_MUST_CHECK;

#endif
