/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_nv/gpu.h - what kernels.cu needs of each of its three compilers.
 *
 * clang (-x cuda, no toolkit) and nvcc make PTX of it; any C compiler makes functions for the host
 * of it, in which each load and store is looked at by tess_gpu_host_address(): tests run those.
 */
#ifndef TESS_ENGINE_NV_GPU_H
#define TESS_ENGINE_NV_GPU_H

#if defined(__CUDA__) || defined(__CUDACC__)
#if defined(__clang__)
#define __global__	     __attribute__((global))
#define __device__	     __attribute__((device))
#define GPU_THREAD(axis)     __nvvm_read_ptx_sreg_tid_##axis()
#define GPU_BLOCK_SIZE(axis) __nvvm_read_ptx_sreg_ntid_##axis()
#define GPU_BLOCK(axis)	     __nvvm_read_ptx_sreg_ctaid_##axis()
#else
#define GPU_THREAD(axis)     threadIdx.axis
#define GPU_BLOCK_SIZE(axis) blockDim.axis
#define GPU_BLOCK(axis)	     blockIdx.axis
#endif
#define GPU_KERNEL(name, type)	  extern "C" __global__ void name(struct type arg)
#define GPU_FUNCTION		  static inline __attribute__((always_inline)) __device__
#define GPU_LOAD(address, offset) (((const unsigned char *)(address))[offset])
#define GPU_STORE(address, offset, value) \
	(((unsigned char *)(address))[offset] = (unsigned char)(value))
#else
/* the emulated device's; it runs one thread of the grid after the other */
struct tess_gpu_dimension {
	unsigned x, y, z;
};
extern _Thread_local struct tess_gpu_dimension tess_gpu_tid, tess_gpu_ntid, tess_gpu_ctaid;
/* the byte at address + offset of the device, as the host can reach it */
extern unsigned char *tess_gpu_host_address(unsigned long long address, long long offset,
					    int write);
#define GPU_THREAD(axis)     tess_gpu_tid.axis
#define GPU_BLOCK_SIZE(axis) tess_gpu_ntid.axis
#define GPU_BLOCK(axis)	     tess_gpu_ctaid.axis
#define GPU_KERNEL(name, type)                                                \
	static void tess_gpu_body_##name(struct type arg);                    \
	void tess_gpu_launch_##name(void **parameters);                       \
	void tess_gpu_launch_##name(void **parameters)                        \
	{                                                                     \
		tess_gpu_body_##name(*(struct type *)parameters[0]);          \
	}                                                                     \
	extern const unsigned tess_gpu_parameter_bytes_##name;                \
	const unsigned tess_gpu_parameter_bytes_##name = sizeof(struct type); \
	static void tess_gpu_body_##name(struct type arg)
#define GPU_FUNCTION		  static inline
#define GPU_LOAD(address, offset) (*tess_gpu_host_address((address), (offset), 0))
#define GPU_STORE(address, offset, value) \
	(*tess_gpu_host_address((address), (offset), 1) = (unsigned char)(value))
#endif

#endif
