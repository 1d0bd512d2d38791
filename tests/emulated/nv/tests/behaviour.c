/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/tests/behaviour.c - what right calls do: memory, kernels, lateness, faults.
 *
 * A personality holds for a process: each test that wants one of its own forks.
 */
#include "tests/emulated/nv/tests/device.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/emulated/nv/tests/kernels.h"

#define SIDE 64

static struct test_device d;

static CUdeviceptr memory(size_t bytes)
{
	CUdeviceptr address;

	assert_int_equal(d.cuda->cuMemAlloc(&address, bytes), CUDA_SUCCESS);
	return address;
}

static void fresh_memory(CUcontext context)
{
	CUdeviceptr address = memory(1000), pitched;
	unsigned char bytes[1000];
	size_t pitch;
	(void)context;
	assert_int_equal(d.cuda->cuMemcpyDtoH(bytes, address, sizeof(bytes)), CUDA_SUCCESS);
	for (size_t i = 0; i < sizeof(bytes); i++)
		assert_int_equal(bytes[i], 0xA5);
	assert_int_equal(d.cuda->cuMemAllocPitch(&pitched, &pitch, 700, 10, 16), CUDA_SUCCESS);
	assert_int_equal(pitch, 1024);
	assert_true(pitched % 256 == 0);
	d.cuda->cuMemFree(pitched);
	d.cuda->cuMemFree(address);
	/* an address is not soon given out again */
	CUdeviceptr next = memory(1000);

	assert_true(next != address);
	d.cuda->cuMemFree(next);
}

static void copies_and_statistics(CUcontext context)
{
	struct emu_nv_stats stats;
	unsigned char from[SIDE * SIDE], to[SIDE * SIDE];
	CUdeviceptr a = memory(sizeof(from)), b = memory(sizeof(from));
	CUDA_MEMCPY2D part = {.srcMemoryType = CU_MEMORYTYPE_DEVICE,
			      .srcDevice = a,
			      .srcPitch = SIDE,
			      .srcXInBytes = 8,
			      .srcY = 4,
			      .dstMemoryType = CU_MEMORYTYPE_HOST,
			      .dstHost = to,
			      .dstPitch = 16,
			      .WidthInBytes = 16,
			      .Height = 8};
	(void)context;
	d.mark();
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (unsigned char)(i * 7 + i / SIDE);
	assert_int_equal(d.cuda->cuMemcpyHtoD(a, from, sizeof(from)), CUDA_SUCCESS);
	assert_int_equal(d.cuda->cuMemcpyDtoDAsync(b, a, sizeof(from), NULL), CUDA_SUCCESS);
	assert_int_equal(d.cuda->cuMemcpyDtoH(to, b, sizeof(to)), CUDA_SUCCESS);
	assert_memory_equal(to, from, sizeof(from));
	assert_int_equal(d.cuda->cuMemcpy2D(&part), CUDA_SUCCESS);
	for (size_t y = 0; y < 8; y++)
		assert_memory_equal(to + 16 * y, from + (4 + y) * SIDE + 8, 16);
	assert_int_equal(d.cuda->cuMemsetD8Async(a, 9, 5, NULL), CUDA_SUCCESS);
	assert_int_equal(d.cuda->cuMemcpyDtoH(to, a, 6), CUDA_SUCCESS);
	assert_int_equal(to[4], 9);
	assert_int_equal(to[5], from[5]);
	assert_int_equal(d.statistics(EMU_NV_ALL, &stats), 0);
	assert_int_equal(stats.uploads, 1);
	assert_int_equal(stats.upload_bytes, sizeof(from));
	assert_int_equal(stats.copies, 1);
	assert_int_equal(stats.downloads, 3);
	assert_int_equal(stats.download_bytes, sizeof(from) + 16 * 8 + 6);
	assert_int_equal(stats.allocations, 2);
	assert_int_equal(stats.allocations_bytes, 2 * sizeof(from));
	assert_int_equal(stats.allocated, 0);
	assert_int_equal(stats.contexts, 1);
	d.cuda->cuMemFree(a);
	d.cuda->cuMemFree(b);
	d.cuda->cuMemFree(memory(10));
	d.statistics(0, &stats);
	assert_int_equal(stats.allocations, 0);
	assert_int_equal(stats.allocated, 1);
	assert_true(d.statistics(1, &stats) < 0);
}

/* A plane of a gradient, scaled to @p to on @p stream. */
static void scale(CUfunction function, CUdeviceptr from, CUdeviceptr to, CUstream stream)
{
	struct scale_arg arg = {from, to, SIDE, SIDE, SIDE, SIDE - 1, SIDE, SIDE - 1};
	void *parameters[] = {&arg};

	assert_int_equal(d.cuda->cuLaunchKernel(function, SIDE / 32, SIDE / 8, 1, 32, 8, 1, 0,
						stream, parameters, NULL),
			 CUDA_SUCCESS);
}

/* What `scale` makes of a picture all of whose samples are 77. */
static void check_plane(const unsigned char *plane, int value)
{
	for (int i = 0; i < SIDE * (SIDE - 1); i++)
		assert_int_equal(plane[i], value);
}

static void kernels(CUcontext context)
{
	CUmodule module;
	CUfunction function = test_device_kernel(&d, &module, "scale");
	CUdeviceptr from = memory(SIDE * SIDE), to = memory(SIDE * SIDE);
	unsigned char plane[SIDE * SIDE];
	struct emu_nv_stats stats;
	(void)context;
	d.cuda->cuMemsetD8Async(from, 77, SIDE * SIDE, NULL);
	scale(function, from, to, NULL);
	d.cuda->cuMemcpyDtoH(plane, to, sizeof(plane));
	check_plane(plane, 77);
	assert_int_equal(plane[SIDE * SIDE - 1], 0xA5); /* the row behind was left alone */
	d.statistics(0, &stats);
	assert_int_equal(stats.kernels, 1);
	d.cuda->cuMemFree(from);
	d.cuda->cuMemFree(to);
	d.cuda->cuModuleUnload(module);
}

/* Streams in no order: what is read without waiting is what was there before. */
static void late(CUcontext context)
{
	CUmodule module;
	CUfunction function = test_device_kernel(&d, &module, "scale");
	CUdeviceptr from = memory(SIDE * SIDE), to = memory(SIDE * SIDE);
	unsigned char plane[SIDE * SIDE];
	CUstream draws, reads;
	CUevent drawn;
	(void)context;
	d.cuda->cuStreamCreate(&draws, CU_STREAM_NON_BLOCKING);
	d.cuda->cuStreamCreate(&reads, CU_STREAM_NON_BLOCKING);
	d.cuda->cuEventCreate(&drawn, CU_EVENT_DISABLE_TIMING);
	d.cuda->cuMemsetD8Async(from, 77, SIDE * SIDE, draws);
	scale(function, from, to, draws);
	d.cuda->cuEventRecord(drawn, draws);
	assert_int_equal(d.cuda->cuStreamQuery(draws), CUDA_ERROR_NOT_READY);
	assert_int_equal(d.cuda->cuEventQuery(drawn), CUDA_ERROR_NOT_READY);
	d.cuda->cuMemcpyDtoHAsync(plane, to, sizeof(plane), reads);
	d.cuda->cuStreamSynchronize(reads);
	check_plane(plane, 0xA5);
	d.cuda->cuEventSynchronize(drawn);
	assert_int_equal(d.cuda->cuStreamQuery(draws), CUDA_SUCCESS);
	d.cuda->cuMemcpyDtoHAsync(plane, to, sizeof(plane), reads);
	d.cuda->cuStreamSynchronize(reads);
	check_plane(plane, 77);
	assert_int_equal(d.set(0, "late=yes"), 0);
	d.cuda->cuMemsetD8Async(to, 1, SIDE * SIDE, draws);
	while (d.cuda->cuStreamQuery(draws) == CUDA_ERROR_NOT_READY) /* late, but not never */
		usleep(1000);
	assert_int_equal(d.cuda->cuStreamQuery(draws), CUDA_SUCCESS);
	d.cuda->cuEventDestroy(drawn);
	d.cuda->cuStreamDestroy(reads);
	d.cuda->cuStreamDestroy(draws);
	d.cuda->cuMemFree(from);
	d.cuda->cuMemFree(to);
	d.cuda->cuModuleUnload(module);
}

/* A blocking stream is in order with the default stream; what came from the host was taken at once.
 */
static void late_in_order(CUcontext context)
{
	unsigned char bytes[4] = {1, 2, 3, 4};
	CUdeviceptr address = memory(4);
	CUstream stream;
	(void)context;
	d.cuda->cuStreamCreate(&stream, 0);
	d.cuda->cuMemcpyHtoDAsync(address, bytes, 4, stream);
	memset(bytes, 0, sizeof(bytes));
	d.cuda->cuMemcpyDtoH(bytes, address, 4);
	assert_int_equal(bytes[0], 1);
	assert_int_equal(bytes[3], 4);
	d.cuda->cuStreamDestroy(stream);
	d.cuda->cuMemFree(address);
}

static void faults(CUcontext context)
{
	CUdeviceptr address;
	struct emu_nv_stats stats;
	(void)context;
	assert_int_equal(d.cuda->cuMemAlloc(&address, 8), CUDA_SUCCESS);
	d.cuda->cuMemFree(address);
	assert_int_equal(d.cuda->cuMemAlloc(&address, 8), 2); /* from the environment */
	assert_int_equal(d.set(0, "fail=cuMemAlloc:2:2,fail=cuStreamSynchronize:1:719"), 0);
	assert_int_equal(d.cuda->cuStreamSynchronize(NULL), 719);
	assert_int_equal(d.cuda->cuStreamSynchronize(NULL), CUDA_SUCCESS);
	address = memory(8);
	d.cuda->cuMemFree(address);
	assert_int_equal(d.cuda->cuMemAlloc(&address, 8), 2);
	d.statistics(0, &stats);
	assert_int_equal(stats.failed, 3);
	assert_true(d.set(0, "fail=cuMemAlloc") < 0);
	assert_true(d.set(0, "what=1") < 0);
	assert_true(d.set(5, "lost_after=0") < 0);
}

static void lost(CUcontext context)
{
	CUdeviceptr address = memory(8);
	CUcontext popped;

	assert_int_equal(d.set(0, "lost_after=1"), 0);
	assert_int_equal(d.cuda->cuStreamSynchronize(NULL), CUDA_SUCCESS);
	for (int i = 0; i < 3; i++)
		assert_int_equal(d.cuda->cuStreamSynchronize(NULL), 719);
	assert_int_equal(d.cuda->cuMemFree(address), 719);
	assert_int_equal(d.cuda->cuCtxPopCurrent(&popped), CUDA_SUCCESS);
	assert_int_equal(d.cuda->cuCtxPushCurrent(context), CUDA_SUCCESS);
}

static void two_devices(CUcontext context)
{
	char name[64];
	int count, major, minor;
	CUcontext other;
	CUdevice device;
	CUdeviceptr address;
	struct emu_nv_stats stats;
	(void)context;
	d.cuda->cuDeviceGetCount(&count);
	assert_int_equal(count, 2);
	assert_int_equal(d.cuda->cuDeviceGet(&device, 2), 101);
	d.cuda->cuDeviceGetName(name, sizeof(name), 1);
	assert_string_equal(name, "Second");
	d.cuda->cuDeviceComputeCapability(&major, &minor, 1);
	assert_int_equal(10 * major + minor, 86);
	d.cuda->cuDeviceComputeCapability(&major, &minor, 0);
	assert_int_equal(10 * major + minor, 75);
	assert_int_equal(d.cuda->cuCtxCreate(&other, 0, 1), CUDA_SUCCESS);
	address = memory(16);
	d.set(1, "lost_after=0");
	assert_int_equal(d.cuda->cuStreamSynchronize(NULL), 719);
	d.statistics(1, &stats);
	assert_int_equal(stats.allocations, 1);
	d.statistics(0, &stats);
	assert_int_equal(stats.allocations, 0);
	d.cuda->cuMemFree(address);
	d.cuda->cuCtxDestroy(other);
	assert_int_equal(d.cuda->cuStreamSynchronize(NULL), CUDA_SUCCESS);
}

static void old_device(CUcontext context)
{
	const char *newer = ".version 7.5\n.target sm_52\n.address_size 64\n";
	char *ptx = test_device_read(TEST_PTX);
	CUmodule module;
	struct emu_nv_stats stats;
	(void)context;
	assert_int_equal(d.cuda->cuModuleLoadData(&module, ptx), 209);
	assert_int_equal(d.cuda->cuModuleLoadData(&module, newer), 222);
	d.statistics(0, &stats);
	assert_int_equal(stats.refused, 2);
	free(ptx);
}

static void small_memory(CUcontext context)
{
	CUdeviceptr address, second;
	(void)context;
	address = memory(700000);
	assert_int_equal(d.cuda->cuMemAlloc(&second, 700000), 2);
	assert_int_equal(d.cuda->cuMemAlloc(&second, 2000000), 2);
	d.cuda->cuMemFree(address);
	for (int i = 0; i < 10; i++) /* round the end of the memory */
		d.cuda->cuMemFree(memory(700000));
}

static void decoders(CUcontext context)
{
	CUVIDDECODECAPS caps = {.eCodecType = cudaVideoCodec_VP9,
				.eChromaFormat = cudaVideoChromaFormat_420};
	CUVIDDECODECREATEINFO info = {.ulWidth = 64,
				      .ulHeight = 64,
				      .ulNumDecodeSurfaces = 7,
				      .CodecType = cudaVideoCodec_H264,
				      .ChromaFormat = cudaVideoChromaFormat_420,
				      .ulTargetWidth = 64,
				      .ulTargetHeight = 64,
				      .ulNumOutputSurfaces = 2};
	CUvideodecoder made;
	(void)context;
	assert_int_equal(d.cuvid->cuvidGetDecoderCaps(&caps), CUDA_SUCCESS);
	assert_int_equal(caps.bIsSupported, 0);
	caps.eCodecType = cudaVideoCodec_H264;
	assert_int_equal(d.cuvid->cuvidGetDecoderCaps(&caps), CUDA_SUCCESS);
	assert_int_equal(caps.bIsSupported, 1);
	assert_int_equal(caps.nMaxWidth, 1920);
	assert_int_equal(d.cuvid->cuvidCreateDecoder(&made, &info),
			 1); /* 6 surfaces are the limit */
	info.ulNumDecodeSurfaces = 6;
	info.ulWidth = info.ulTargetWidth = 1922;
	assert_int_equal(d.cuvid->cuvidCreateDecoder(&made, &info), 1);
	info.ulWidth = info.ulTargetWidth = 64;
	assert_int_equal(d.cuvid->cuvidCreateDecoder(&made, &info), CUDA_SUCCESS);
	assert_int_equal(d.cuvid->cuvidDestroyDecoder(made), CUDA_SUCCESS);
}

static void primary(CUcontext context)
{
	CUcontext first, second, popped;
	unsigned flags;
	int active;
	(void)context;
	assert_int_equal(d.cuda->cuDevicePrimaryCtxRetain(&first, 0), CUDA_SUCCESS);
	assert_int_equal(d.cuda->cuDevicePrimaryCtxRetain(&second, 0), CUDA_SUCCESS);
	assert_ptr_equal(first, second);
	d.cuda->cuCtxPushCurrent(first);
	d.cuda->cuCtxPopCurrent(&popped);
	assert_ptr_equal(popped, first);
	d.cuda->cuDevicePrimaryCtxRelease(0);
	d.cuda->cuDevicePrimaryCtxGetState(0, &flags, &active);
	assert_int_equal(active, 1);
	d.cuda->cuDevicePrimaryCtxRelease(0);
	d.cuda->cuDevicePrimaryCtxGetState(0, &flags, &active);
	assert_int_equal(active, 0);
}

static void *work(void *context)
{
	CUcontext popped;

	d.cuda->cuCtxPushCurrent(context);
	for (int i = 0; i < 50; i++) {
		unsigned char bytes[256], value = 0;
		CUdeviceptr address = memory(sizeof(bytes));

		d.cuda->cuMemsetD8Async(address, (unsigned char)i, sizeof(bytes), NULL);
		d.cuda->cuMemcpyDtoH(bytes, address, sizeof(bytes));
		for (size_t k = 0; k < sizeof(bytes); k++)
			value |= (unsigned char)(bytes[k] ^ i);
		assert_int_equal(value, 0);
		d.cuda->cuMemFree(address);
	}
	d.cuda->cuCtxPopCurrent(&popped);
	return NULL;
}

static void threads(CUcontext context)
{
	pthread_t made[4];

	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&made[i], NULL, work, context), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(made[i], NULL);
}

struct behaviour {
	const char *personality;
	void (*run)(CUcontext context);
};

static void run_behaviour(const void *argument)
{
	const struct behaviour *behaviour = argument;

	CUcontext context = test_device_open(&d, behaviour->personality);

	behaviour->run(context);
	test_device_close(&d, context);
}

#define BEHAVIOUR(name, text)                                                                 \
	static void test_##name(void **state)                                                 \
	{                                                                                     \
		static const struct behaviour behaviour = {text, name};                       \
		char said[4096];                                                              \
		int status = test_device_fork(run_behaviour, &behaviour, said, sizeof(said)); \
		(void)state;                                                                  \
		if (!WIFEXITED(status) || WEXITSTATUS(status))                                \
			fail_msg("status %#x: %s", (unsigned)status, said);                   \
	}
BEHAVIOUR(fresh_memory, "")
BEHAVIOUR(copies_and_statistics, "")
BEHAVIOUR(kernels, "")
BEHAVIOUR(late, "late=5000") /* longer than any pause of the test */
BEHAVIOUR(late_in_order, "late=yes")
BEHAVIOUR(faults, "fail=cuMemAlloc:2:2")
BEHAVIOUR(lost, "")
BEHAVIOUR(two_devices, "devices=2,1.name=Second,1.capability=8.6")
BEHAVIOUR(old_device, "capability=5.0")
BEHAVIOUR(small_memory, "memory=1")
BEHAVIOUR(decoders, "surfaces=6,max_width=1920")
BEHAVIOUR(primary, "")
BEHAVIOUR(threads, "late=yes")

static void no_device(const void *argument)
{
	(void)argument;
	test_device_load(&d, "devices=0");
	assert_int_equal(d.cuda->cuInit(0), 100);
}

static void test_no_device(void **state)
{
	char said[1024];
	(void)state;
	assert_int_equal(test_device_fork(no_device, NULL, said, sizeof(said)), 0);
}

static void test_statistics_file(void **state)
{
	static const struct behaviour behaviour = {"", kernels};
	char path[] = "/tmp/emu_nv_stats_XXXXXX", said[1024];
	int fd = mkstemp(path);
	(void)state;
	assert_true(fd >= 0);
	close(fd);
	setenv("TESSERA_EMU_STATS", path, 1);
	assert_int_equal(test_device_fork(run_behaviour, &behaviour, said, sizeof(said)), 0);
	unsetenv("TESSERA_EMU_STATS");
	char *text = test_device_read(path);

	assert_non_null(strstr(text, " kernels=1 "));
	assert_non_null(strstr(text, " downloads=1 download_bytes=4096 "));
	assert_non_null(strstr(text, " allocations=0 "));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	free(text);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_device),
		cmocka_unit_test(test_fresh_memory),
		cmocka_unit_test(test_copies_and_statistics),
		cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_late_in_order),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_two_devices),
		cmocka_unit_test(test_old_device),
		cmocka_unit_test(test_small_memory),
		cmocka_unit_test(test_decoders),
		cmocka_unit_test(test_primary),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_statistics_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
