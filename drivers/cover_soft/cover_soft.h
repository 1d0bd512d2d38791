/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/cover_soft/cover_soft.h - a small JPEG of one access unit, by the CPU: thumbnails of
 * recordings. What comes in was sent by strangers; it is bounded as decode_soft bounds it.
 *
 * Threads: any; blocks for some tens of milliseconds.
 */
#ifndef TESS_COVER_SOFT_H
#define TESS_COVER_SOFT_H

#include <stddef.h>
#include <stdint.h>

#include "hal/compiler.h"

/** The longer side of what is made; a smaller picture stays as it is. */
#define TESS_COVER_SIDE 320

/**
 * Decode the H.264 access unit of a key frame (Annex B, with its parameter sets), and make a JPEG
 * (RFC 2435's kind: baseline, 4:2:0, full range) of it, pixels square.
 * @retval 0 *jpeg, of *size bytes, is the caller's, for free()
 * @retval -EBADMSG, -ENOTSUP as of tess_decode_soft_decode(), or no picture comes of it; -ENOMEM
 */
int tess_cover_make(uint8_t **jpeg, size_t *size, const uint8_t *au, size_t length) TESS_MUST_CHECK;

#endif
