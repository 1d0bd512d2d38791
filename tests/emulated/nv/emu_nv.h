/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/emu_nv.h - what a test asks of the emulated NVIDIA driver beyond CUDA's API.
 *
 * Find the functions with dlsym() on libcuda.so.1; their names are those of the types without _fn.
 * All may be called from any thread. Devices count from 0; EMU_NV_ALL stands for all of them.
 *
 * Environment:
 * TESSERA_EMU_NV=key=value,... is the personality. A key holds for all devices, or for one with its
 * number before it ("1.name=B"). A later entry wins over an earlier one.
 *   devices=N          how many there are (default 1; 0: cuInit fails with CUDA_ERROR_NO_DEVICE)
 *   name=TEXT          cuDeviceGetName
 *   capability=7.5     compute capability
 *   surfaces=N         NVDEC surfaces a decoder (1 to 32)
 *   sessions=N         NVENC sessions a device
 *   codecs=h264+hevc   what cuvidGetDecoderCaps calls supported; only h264 can be decoded
 *   max_width=N, max_height=N   of NVDEC and NVENC
 *   memory=N           MiB of device memory
 *   fail=OP:N:CODE     the N-th call of OP from now (from 1) returns CODE; may be given many times.
 * OP is the function's name without _v2, as cuMemAlloc, nvEncEncodePicture lost_after=N       after
 * N more calls the device is dead: each call returns CODE 719, and NVENC's NV_ENC_ERR_GENERIC.
 * Releases release, but return that, too. late=yes           what is queued on a stream is done
 * only when it is waited for, or 2 ms later TESSERA_EMU_NV_KERNELS  shared object with the host
 * build of the kernels (device.h); default libkernels.so beside libcuda.so.1 TESSERA_EMU_STATS  at
 * exit one line of key=value statistics of all devices is appended to this file
 *
 * A call that breaks a rule of the API prints "emulated nv: violation: WHAT" and aborts, and so
 * does a leak at exit. What depends on the device and not on the caller (session limit, codec,
 * size, PTX too new) is refused with the error the driver has for it, and counted.
 */
#ifndef TESS_EMULATED_EMU_NV_H
#define TESS_EMULATED_EMU_NV_H

#include <stdint.h>

#define EMU_NV_ALL (-1)

struct emu_nv_stats {
	uint64_t decoded, kernels, encoded, idr; /* pictures, launches, pictures, IDR pictures */
	uint64_t uploads, upload_bytes;		 /* copies from host to device */
	uint64_t downloads, download_bytes;	 /* copies from device to host */
	uint64_t copies;			 /* from device to device */
	uint64_t allocations, allocations_bytes; /* live, by cuMemAlloc and cuMemAllocPitch */
	uint64_t allocated;			 /* calls of these since the last mark */
	uint64_t contexts, decoders, sessions;	 /* live */
	uint64_t registered, mapped;		 /* live resources of NVENC */
	uint64_t frames_mapped;			 /* pictures of NVDEC mapped now */
	uint64_t refused;			 /* calls refused as the device would */
	uint64_t failed;			 /* calls failed on demand, or since lost */
};

/** Statistics of one device or all. @retval 0, -ENODEV no such device */
typedef int emu_nv_statistics_fn(int device, struct emu_nv_stats *stats);
/** Set all that is not "live" to 0, and `allocated`, on all devices. */
typedef void emu_nv_mark_fn(void);
/** Personality text that holds from now on, such as a fault. @retval 0, -ENODEV, -EINVAL */
typedef int emu_nv_set_fn(int device, const char *text);

#endif
