/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/tests/kernels.cu - kernels that test the emulation: see kernels.h.
 */
#include "kernels.h"

#if defined(__CUDA__)
#define DEVICE			    static inline __attribute__((device))
#define THREAD(d)		    __nvvm_read_ptx_sreg_tid_##d()
#define BLOCK_SIZE(d)		    __nvvm_read_ptx_sreg_ntid_##d()
#define BLOCK(d)		    __nvvm_read_ptx_sreg_ctaid_##d()
#define KERNEL(name, type)	    extern "C" __attribute__((global)) void name(struct type a)
#define LOAD8(address, offset)	    (((const unsigned char *)(address))[offset])
#define STORE8(address, offset, v)  (((unsigned char *)(address))[offset] = (unsigned char)(v))
#define LOAD32(address, offset)	    (*(const unsigned *)((address) + (offset)))
#define STORE32(address, offset, v) (*(unsigned *)((address) + (offset)) = (v))
#define SPILL64(address, v)	    (*(unsigned long long *)(address) = (v))
#else
#include "tests/emulated/nv/device.h"
#define DEVICE			   static inline
#define THREAD(d)		   tess_gpu_tid.d
#define BLOCK_SIZE(d)		   tess_gpu_ntid.d
#define BLOCK(d)		   tess_gpu_ctaid.d
#define LOAD8(address, offset)	   emu_load8(address, offset)
#define STORE8(address, offset, v) emu_store8(address, offset, (uint8_t)(v))
#define LOAD32(address, offset)	   emu_load32(address, offset)
#define STORE32(address, offset, v) emu_store32(address, offset, v)
#define SPILL64(address, v)                                                                        \
	do {                                                                                       \
		unsigned long long value_ = (v);                                                   \
		memcpy(tess_gpu_host_address(address, 0, 1), &value_, 8);                          \
	} while (0)
#define KERNEL(name, type)                                                                         \
	extern const unsigned tess_gpu_parameter_bytes_##name;                                     \
	const unsigned tess_gpu_parameter_bytes_##name = sizeof(struct type);                      \
	static void body_##name(struct type a);                                                    \
	void tess_gpu_launch_##name(void **parameters);                                            \
	void tess_gpu_launch_##name(void **parameters)                                             \
	{                                                                                          \
		body_##name(*(struct type *)parameters[0]);                                        \
	}                                                                                          \
	static void body_##name(struct type a)
#endif

DEVICE int between(int a, int b, int part)
{
	return (a * (65536 - part) + b * part + 32768) >> 16;
}

KERNEL(scale, scale_arg)
{
	int x = (int)(BLOCK(x) * BLOCK_SIZE(x) + THREAD(x));
	int y = (int)(BLOCK(y) * BLOCK_SIZE(y) + THREAD(y));

	if (x >= a.to_width || y >= a.to_height)
		return;
	long long across = (long long)x * ((a.from_width - 1) << 16) / a.to_width;
	long long down = (long long)y * ((a.from_height - 1) << 16) / a.to_height;
	long long row = (down >> 16) * a.from_pitch + (across >> 16);
	int part = (int)(across & 65535) >> 1;
	int upper = between(LOAD8(a.from, row), LOAD8(a.from, row + 1), part * 2);
	int lower = between(LOAD8(a.from, row + a.from_pitch),
			    LOAD8(a.from, row + a.from_pitch + 1), part * 2);

	STORE8(a.to, (long long)y * a.to_pitch + x, between(upper, lower, (int)(down & 65535)));
}

KERNEL(mix, mix_arg)
{
	int i = (int)(BLOCK(x) * BLOCK_SIZE(x) + THREAD(x));

	if (i >= a.count)
		return;
	unsigned v = LOAD32(a.words, 4 * i);
	int s = (int)v >> 1;
	long long w = a.wide + s;

	for (unsigned k = 0; k < (v & 7); k++)
		w = w * 3 + (w >> 5) - (long long)(a.salt >> (k + 1));
	s = s / (a.tiny | 1) + s % (a.small | 1);
	v = v / (a.byte | 1u) ^ (v % (a.salt | 1u)) ^ (v << (a.salt & 31));
	s = s < a.small ? s - a.small : s > 1000 ? -s : ~s;
	unsigned short h = (unsigned short)(v >> 3) & (unsigned short)a.small;
	long long q = w / ((long long)a.salt * a.byte + 1) + (long long)((unsigned long long)w % 977u);
	signed char t = (signed char)(s + a.tiny);

	v ^= (unsigned)s + h * 7u + (unsigned)(q >> 32) + (unsigned)q + (unsigned)t;
	STORE32(a.words, 4 * i, v);
}

KERNEL(spill, spill_arg)
{
	if (BLOCK(x) == 0 && THREAD(x) == 0)
		SPILL64(a.to, 0xEEEEEEEEEEEEEEEEull);
}
