/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/decode_soft/input.h - what libavcodec decodes from: reference-counted input with zeroed
 * padding. For all decoders that feed it.
 */
#ifndef TESS_DECODE_INPUT_H
#define TESS_DECODE_INPUT_H

#include <libavcodec/packet.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/compiler.h"

/**
 * Copy an access unit into an empty packet. @p buffer (at first NULL) serves again once the decoder
 * has let go of it; av_buffer_unref() it at the end. @retval 0, -ENOMEM
 */
int tess_decode_input(AVPacket *packet, AVBufferRef **buffer, const uint8_t *data,
		      size_t length) TESS_MUST_CHECK;

#endif
