/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/wire.h - big endian numbers in packets.
 */
#ifndef TESS_RTP_WIRE_H
#define TESS_RTP_WIRE_H

#include <stdint.h>

static inline uint16_t tess_rtp_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t tess_rtp_get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void tess_rtp_put16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline void tess_rtp_put32(uint8_t *p, uint32_t value)
{
	tess_rtp_put16(p, (uint16_t)(value >> 16));
	tess_rtp_put16(p + 2, (uint16_t)value);
}

#endif
