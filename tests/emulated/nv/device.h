/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/device.h - what the host build of a kernel runs against.
 *
 * libcuda.so.1 of the emulation defines all of it. A kernel NAME with one parameter by value is
 *   void tess_gpu_launch_NAME(void **parameters)       one thread of the grid
 *   const unsigned tess_gpu_parameter_bytes_NAME       sizeof its parameter
 * in the shared object that TESSERA_EMU_NV_KERNELS names.
 */
#ifndef TESS_EMULATED_NV_DEVICE_H
#define TESS_EMULATED_NV_DEVICE_H

#include <stdint.h>
#include <string.h>

/** threadIdx, blockDim and blockIdx of the thread that runs. */
extern _Thread_local struct tess_gpu_dim {
	unsigned x, y, z;
} tess_gpu_tid, tess_gpu_ntid, tess_gpu_ctaid;

/**
 * Where the host finds the byte at device address + offset; aborts when it lies in no live
 * allocation of the context that launched the kernel.
 */
unsigned char *tess_gpu_host_address(unsigned long long address, long long offset, int write);

/* Loads and stores of @p bytes; the first and the last byte are checked. */
static inline unsigned char *emu_access(uint64_t address, int64_t offset, int bytes, int write)
{
	unsigned char *host = tess_gpu_host_address(address, offset, write);

	if (bytes > 1)
		tess_gpu_host_address(address, offset + bytes - 1, write);
	return host;
}

#define EMU_ACCESS(bits)                                                                           \
	static inline uint##bits##_t emu_load##bits(uint64_t address, int64_t offset)              \
	{                                                                                          \
		uint##bits##_t value;                                                              \
                                                                                                   \
		memcpy(&value, emu_access(address, offset, (bits) / 8, 0), sizeof(value));         \
		return value;                                                                      \
	}                                                                                          \
	static inline void emu_store##bits(uint64_t address, int64_t offset, uint##bits##_t value) \
	{                                                                                          \
		memcpy(emu_access(address, offset, (bits) / 8, 1), &value, sizeof(value));         \
	}
EMU_ACCESS(8)
EMU_ACCESS(16)
EMU_ACCESS(32)
EMU_ACCESS(64)
#undef EMU_ACCESS

#endif
