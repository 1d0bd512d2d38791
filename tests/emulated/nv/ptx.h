/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/ptx.h - what C made by ptx2c is written in (PTX ISA 7.4, clause 9.7.1 and others).
 *
 * Registers are unsigned; a signed instruction casts. Nothing here is undefined in C.
 */
#ifndef TESS_EMULATED_NV_PTX_H
#define TESS_EMULATED_NV_PTX_H

#include <stdlib.h>

#include "tests/emulated/nv/device.h"

/* Division by 0 is unspecified in PTX: no kernel may do it. */
#define PTX_DIVIDE(name, type, unsigned_type)                                                      \
	static inline type ptx_div_##name(type a, type b)                                          \
	{                                                                                          \
		if (!b)                                                                            \
			abort();                                                                   \
		return b == (type)-1 && (type)-1 < 0 ? (type)(0 - (unsigned_type)a)                \
						     : (type)(a / b);                              \
	}                                                                                          \
	static inline type ptx_rem_##name(type a, type b)                                          \
	{                                                                                          \
		if (!b)                                                                            \
			abort();                                                                   \
		return b == (type)-1 && (type)-1 < 0 ? 0 : (type)(a % b);                          \
	}
PTX_DIVIDE(u16, uint16_t, uint16_t)
PTX_DIVIDE(s16, int16_t, uint16_t)
PTX_DIVIDE(u32, uint32_t, uint32_t)
PTX_DIVIDE(s32, int32_t, uint32_t)
PTX_DIVIDE(u64, uint64_t, uint64_t)
PTX_DIVIDE(s64, int64_t, uint64_t)
#undef PTX_DIVIDE

/* Amounts from the width on shift everything out. */
#define PTX_SHIFT(bits)                                                                            \
	static inline uint##bits##_t ptx_shl_##bits(uint##bits##_t a, uint32_t n)                  \
	{                                                                                          \
		return n < (bits) ? (uint##bits##_t)(a << n) : 0;                                  \
	}                                                                                          \
	static inline uint##bits##_t ptx_shr_u##bits(uint##bits##_t a, uint32_t n)                 \
	{                                                                                          \
		return n < (bits) ? (uint##bits##_t)(a >> n) : 0;                                  \
	}                                                                                          \
	static inline uint##bits##_t ptx_shr_s##bits(uint##bits##_t a, uint32_t n)                 \
	{                                                                                          \
		return (uint##bits##_t)((int##bits##_t)a >> (n < (bits) ? n : (bits)-1));          \
	}
PTX_SHIFT(16)
PTX_SHIFT(32)
PTX_SHIFT(64)
#undef PTX_SHIFT

static inline uint32_t ptx_bfe_u32(uint32_t a, uint32_t from, uint32_t count)
{
	from &= 255;
	count &= 255;
	return count ? ptx_shr_u32(a, from) & (count < 32 ? (1u << count) - 1 : ~0u) : 0;
}

static inline uint32_t ptx_bfi_b32(uint32_t a, uint32_t b, uint32_t from, uint32_t count)
{
	from &= 255;
	count &= 255;
	uint32_t mask = ptx_shl_32(count < 32 ? (1u << count) - 1 : ~0u, from);

	return (b & ~mask) | (ptx_shl_32(a, from) & mask);
}

/* Each nibble of the selector takes a byte of a (0 to 3) or b (4 to 7), or its sign. */
static inline uint32_t ptx_prmt_b32(uint32_t a, uint32_t b, uint32_t selector)
{
	uint64_t bytes = (uint64_t)b << 32 | a;
	uint32_t result = 0;

	for (unsigned i = 0; i < 4; i++) {
		uint32_t s = selector >> 4 * i & 15;
		uint32_t byte = (uint32_t)(bytes >> 8 * (s & 7)) & 255;

		if (s & 8)
			byte = byte & 128 ? 255 : 0;
		result |= byte << 8 * i;
	}
	return result;
}

/* The parameter, in a space of its own. */
static inline const unsigned char *ptx_parameter(const void *parameter, unsigned size,
						 uint64_t address, unsigned bytes)
{
	uint64_t offset = address - (uint64_t)(uintptr_t)parameter;

	if (offset > size || bytes > size - offset)
		abort();
	return (const unsigned char *)parameter + offset;
}

#define PTX_LOAD_PARAMETER(bits)                                                                   \
	static inline uint##bits##_t ptx_parameter##bits(const void *parameter, unsigned size,     \
							 uint64_t address)                         \
	{                                                                                          \
		uint##bits##_t value;                                                              \
                                                                                                   \
		memcpy(&value, ptx_parameter(parameter, size, address, (bits) / 8),                \
		       sizeof(value));                                                             \
		return value;                                                                      \
	}
PTX_LOAD_PARAMETER(8)
PTX_LOAD_PARAMETER(16)
PTX_LOAD_PARAMETER(32)
PTX_LOAD_PARAMETER(64)
#undef PTX_LOAD_PARAMETER

#endif
