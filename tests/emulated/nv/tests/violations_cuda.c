/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/tests/violations_cuda.c - libcuda says what is wrong with each wrong call.
 */
#include "tests/emulated/nv/tests/device.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/emulated/nv/tests/kernels.h"

#define HEAD ".version 4.1\n.target sm_52\n.address_size 64\n"

static CUdeviceptr memory(struct test_device *d, size_t bytes)
{
	CUdeviceptr address;

	assert_int_equal(d->cuda->cuMemAlloc(&address, bytes), CUDA_SUCCESS);
	return address;
}

static CUstream stream(struct test_device *d)
{
	CUstream made;

	assert_int_equal(d->cuda->cuStreamCreate(&made, 0), CUDA_SUCCESS);
	return made;
}

static CUcontext second_context(struct test_device *d)
{
	CUcontext made;

	assert_int_equal(d->cuda->cuCtxCreate(&made, 0, 0), CUDA_SUCCESS);
	return made;
}

static void pop(struct test_device *d)
{
	CUcontext popped;

	d->cuda->cuCtxPopCurrent(&popped);
}

static void init_flags(struct test_device *d, CUcontext c)
{
	(void)c;
	d->cuda->cuInit(1);
}

static void no_context(struct test_device *d, CUcontext c)
{
	(void)c;
	pop(d);
	memory(d, 16);
}

static void pop_empty(struct test_device *d, CUcontext c)
{
	(void)c;
	pop(d);
	pop(d);
}

static void push_overflow(struct test_device *d, CUcontext c)
{
	for (int i = 0; i < 20; i++)
		d->cuda->cuCtxPushCurrent(c);
}

static void dead_context(struct test_device *d, CUcontext c)
{
	d->cuda->cuCtxDestroy(c);
	d->cuda->cuCtxPushCurrent(c);
}

static void no_such_context(struct test_device *d, CUcontext c)
{
	(void)c;
	d->cuda->cuCtxPushCurrent((CUcontext)d);
}

static void destroy_pushed(struct test_device *d, CUcontext c)
{
	second_context(d);
	d->cuda->cuCtxDestroy(c);
}

static void destroy_primary(struct test_device *d, CUcontext c)
{
	CUcontext primary;
	(void)c;
	d->cuda->cuDevicePrimaryCtxRetain(&primary, 0);
	d->cuda->cuCtxDestroy(primary);
}

static void release_primary(struct test_device *d, CUcontext c)
{
	(void)c;
	d->cuda->cuDevicePrimaryCtxRelease(0);
}

static void destroy_with_memory(struct test_device *d, CUcontext c)
{
	memory(d, 100);
	d->cuda->cuCtxDestroy(c);
}

static void destroy_with_stream(struct test_device *d, CUcontext c)
{
	stream(d);
	d->cuda->cuCtxDestroy(c);
}

static void exit_with_context(struct test_device *d, CUcontext c)
{
	(void)c;
	pop(d);
}

static void exit_with_pushed(struct test_device *d, CUcontext c)
{
	(void)d;
	(void)c;
}

struct pusher {
	struct test_device *device;
	CUcontext context;
};

static void *push_and_end(void *argument)
{
	const struct pusher *pusher = argument;

	pusher->device->cuda->cuCtxPushCurrent(pusher->context);
	return NULL;
}

static void thread_with_pushed(struct test_device *d, CUcontext c)
{
	struct pusher pusher = {d, c};
	pthread_t thread;

	pthread_create(&thread, NULL, push_and_end, &pusher);
	pthread_join(thread, NULL);
}

static void no_such_device(struct test_device *d, CUcontext c)
{
	char name[8];
	(void)c;
	d->cuda->cuDeviceGetName(name, sizeof(name), 7);
}

static void empty_memory(struct test_device *d, CUcontext c)
{
	(void)c;
	memory(d, 0);
}

static void free_inside(struct test_device *d, CUcontext c)
{
	(void)c;
	d->cuda->cuMemFree(memory(d, 100) + 4);
}

static void free_twice(struct test_device *d, CUcontext c)
{
	CUdeviceptr address = memory(d, 100);
	(void)c;
	d->cuda->cuMemFree(address);
	d->cuda->cuMemFree(address);
}

static void free_elsewhere(struct test_device *d, CUcontext c)
{
	CUdeviceptr address = memory(d, 100);
	(void)c;
	second_context(d);
	d->cuda->cuMemFree(address);
}

static void copy_beyond(struct test_device *d, CUcontext c)
{
	char bytes[128] = {0};
	(void)c;
	d->cuda->cuMemcpyHtoD(memory(d, 100), bytes, 101);
}

static void copy_before(struct test_device *d, CUcontext c)
{
	char bytes[128];
	(void)c;
	d->cuda->cuMemcpyDtoH(bytes, memory(d, 100) - 1, 4);
}

static void copy_freed(struct test_device *d, CUcontext c)
{
	CUdeviceptr address = memory(d, 100);
	char bytes[4];
	(void)c;
	d->cuda->cuMemFree(address);
	d->cuda->cuMemcpyDtoH(bytes, address, sizeof(bytes));
}

static void copy_elsewhere(struct test_device *d, CUcontext c)
{
	CUdeviceptr address = memory(d, 100);
	char bytes[4];
	(void)c;
	second_context(d);
	d->cuda->cuMemcpyDtoH(bytes, address, sizeof(bytes));
}

static void copy_2d(struct test_device *d, size_t pitch, size_t width, size_t height)
{
	static char host[4096];
	CUDA_MEMCPY2D copy = {.srcMemoryType = CU_MEMORYTYPE_HOST,
			      .srcHost = host,
			      .srcPitch = 64,
			      .dstMemoryType = CU_MEMORYTYPE_DEVICE,
			      .dstDevice = memory(d, 64 * 8),
			      .dstPitch = pitch,
			      .WidthInBytes = width,
			      .Height = height};

	d->cuda->cuMemcpy2DAsync(&copy, NULL);
}

static void copy_pitch(struct test_device *d, CUcontext c)
{
	(void)c;
	copy_2d(d, 32, 64, 2);
}

static void copy_rows(struct test_device *d, CUcontext c)
{
	(void)c;
	copy_2d(d, 64, 64, 9);
}

static void copy_nothing(struct test_device *d, CUcontext c)
{
	(void)c;
	copy_2d(d, 64, 0, 1);
}

static void fill_beyond(struct test_device *d, CUcontext c)
{
	(void)c;
	d->cuda->cuMemsetD8Async(memory(d, 100), 1, 101, NULL);
}

static void touch(struct test_device *d, CUcontext c)
{
	(void)c;
	*(volatile char *)(uintptr_t)memory(d, 100) = 1;
}

static void load(struct test_device *d, const char *ptx)
{
	CUmodule module;

	d->cuda->cuModuleLoadData(&module, ptx);
}

static void ptx_garbage(struct test_device *d, CUcontext c)
{
	(void)c;
	load(d, "\177ELF");
}

static void ptx_target(struct test_device *d, CUcontext c)
{
	(void)c;
	load(d, ".version 4.1\n.address_size 64\n");
}

static void ptx_bits(struct test_device *d, CUcontext c)
{
	(void)c;
	load(d, ".version 4.1\n.target sm_52\n.address_size 32\n");
}

static void get_function(struct test_device *d, const char *ptx, const char *name)
{
	CUmodule module;
	CUfunction function;

	assert_int_equal(d->cuda->cuModuleLoadData(&module, ptx), CUDA_SUCCESS);
	d->cuda->cuModuleGetFunction(&function, module, name);
}

static void ptx_entry(struct test_device *d, CUcontext c)
{
	(void)c;
	get_function(d, HEAD ".visible .entry scale(\n.param .b8 a[40]\n)\n{}", "scal");
}

static void ptx_parameters(struct test_device *d, CUcontext c)
{
	(void)c;
	get_function(d, HEAD ".visible .entry scale(\n.param .b8 a[44]\n)\n{}", "scale");
}

static void ptx_host_build(struct test_device *d, CUcontext c)
{
	(void)c;
	get_function(d, HEAD ".visible .entry other(\n.param .b8 a[40]\n)\n{}", "other");
}

static void ptx_no_host_build(struct test_device *d, CUcontext c)
{
	(void)c;
	setenv("TESSERA_EMU_NV_KERNELS", "/nowhere/libkernels.so", 1);
	get_function(d, HEAD ".visible .entry other(\n.param .b8 a[40]\n)\n{}", "other");
}

static void launch(struct test_device *d, unsigned grid_y, unsigned block_x, unsigned block_y,
		   unsigned shared)
{
	struct scale_arg arg = {0};
	void *parameters[] = {&arg};
	CUmodule module;

	d->cuda->cuLaunchKernel(test_device_kernel(d, &module, "scale"), 1, grid_y, 1, block_x,
				block_y, 1, shared, NULL, parameters, NULL);
}

static void launch_block(struct test_device *d, CUcontext c)
{
	(void)c;
	launch(d, 1, 64, 32, 0);
}

static void launch_no_grid(struct test_device *d, CUcontext c)
{
	(void)c;
	launch(d, 0, 32, 8, 0);
}

static void launch_grid(struct test_device *d, CUcontext c)
{
	(void)c;
	launch(d, 65536, 32, 8, 0);
}

static void launch_shared(struct test_device *d, CUcontext c)
{
	(void)c;
	launch(d, 1, 32, 8, 49153);
}

static void launch_no_parameters(struct test_device *d, CUcontext c)
{
	CUmodule module;
	(void)c;
	d->cuda->cuLaunchKernel(test_device_kernel(d, &module, "scale"), 1, 1, 1, 32, 8, 1, 0, NULL,
				NULL, NULL);
}

static void launch_unloaded(struct test_device *d, CUcontext c)
{
	struct spill_arg arg = {0};
	void *parameters[] = {&arg};
	CUmodule module;
	CUfunction function = test_device_kernel(d, &module, "spill");
	(void)c;
	d->cuda->cuModuleUnload(module);
	d->cuda->cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, NULL, parameters, NULL);
}

/* A target one row short. */
static void kernel_range(struct test_device *d, int to_rows, int from_rows)
{
	struct scale_arg arg = {.from = memory(d, (size_t)from_rows * 64),
				.to = memory(d, (size_t)to_rows * 64),
				.from_pitch = 64,
				.to_pitch = 64,
				.from_width = 64,
				.from_height = 32,
				.to_width = 64,
				.to_height = 32};
	void *parameters[] = {&arg};
	CUmodule module;

	d->cuda->cuLaunchKernel(test_device_kernel(d, &module, "scale"), 2, 4, 1, 32, 8, 1, 0, NULL,
				parameters, NULL);
	d->cuda->cuStreamSynchronize(NULL);
}

static void kernel_writes(struct test_device *d, CUcontext c)
{
	(void)c;
	kernel_range(d, 31, 33);
}

static void kernel_reads(struct test_device *d, CUcontext c)
{
	(void)c;
	kernel_range(d, 32, 16);
}

static void red_zone(struct test_device *d, CUcontext c)
{
	CUdeviceptr address = memory(d, 100);
	struct spill_arg arg = {address + 96};
	void *parameters[] = {&arg};
	CUmodule module;
	(void)c;
	d->cuda->cuLaunchKernel(test_device_kernel(d, &module, "spill"), 1, 1, 1, 32, 1, 1, 0, NULL,
				parameters, NULL);
	d->cuda->cuMemFree(address);
}

static void dead_stream(struct test_device *d, CUcontext c)
{
	CUstream s = stream(d);
	(void)c;
	d->cuda->cuStreamDestroy(s);
	d->cuda->cuStreamSynchronize(s);
}

static void foreign_stream(struct test_device *d, CUcontext c)
{
	CUstream s = stream(d);
	(void)c;
	second_context(d);
	d->cuda->cuStreamSynchronize(s);
}

static void no_stream(struct test_device *d, CUcontext c)
{
	(void)c;
	d->cuda->cuStreamSynchronize((CUstream)c);
}

static void destroy_default(struct test_device *d, CUcontext c)
{
	(void)c;
	d->cuda->cuStreamDestroy(NULL);
}

static CUevent event(struct test_device *d)
{
	CUevent made;

	assert_int_equal(d->cuda->cuEventCreate(&made, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
	return made;
}

static void event_unrecorded(struct test_device *d, CUcontext c)
{
	(void)c;
	d->cuda->cuEventSynchronize(event(d));
}

static void event_query_unrecorded(struct test_device *d, CUcontext c)
{
	(void)c;
	d->cuda->cuEventQuery(event(d));
}

static void event_dead(struct test_device *d, CUcontext c)
{
	CUevent e = event(d);
	(void)c;
	d->cuda->cuEventDestroy(e);
	d->cuda->cuEventRecord(e, NULL);
}

static void event_foreign(struct test_device *d, CUcontext c)
{
	CUevent e = event(d);
	(void)c;
	second_context(d);
	d->cuda->cuEventRecord(e, NULL);
}

static void CUDAAPI call_back(CUstream s, CUresult status, void *user)
{
	struct test_device *d = user;
	(void)status;
	d->cuda->cuStreamSynchronize(s);
}

static void callback_calls(struct test_device *d, CUcontext c)
{
	(void)c;
	d->cuda->cuStreamAddCallback(NULL, call_back, d, 0);
	d->cuda->cuStreamSynchronize(NULL);
}

static const struct test_violation violations[] = {
	{"init_flags", "", init_flags, "cuInit: flags 1"},
	{"personality", "color=blue", init_flags, "personality: cannot read \"color=blue\""},
	{"no_context", "", no_context, "cuMemAlloc: no current context"},
	{"pop_empty", "", pop_empty, "cuCtxPopCurrent: no context is pushed"},
	{"push_overflow", "", push_overflow, "16 contexts pushed and not popped"},
	{"dead_context", "", dead_context, "cuCtxPushCurrent: dead context"},
	{"no_such_context", "", no_such_context, "is no context"},
	{"destroy_pushed", "", destroy_pushed, "cuCtxDestroy: the context is still pushed 1 times"},
	{"destroy_primary", "", destroy_primary, "cuCtxDestroy: of a primary context"},
	{"release_primary", "", release_primary, "cuDevicePrimaryCtxRelease: not retained"},
	{"destroy_with_memory", "", destroy_with_memory,
	 "leak at cuCtxDestroy: 1 allocations of device memory"},
	{"destroy_with_stream", "", destroy_with_stream, "leak at cuCtxDestroy: stream 1"},
	{"exit_with_context", "", exit_with_context, "leak at exit: context 1, stream 1"},
	{"exit_with_pushed", "", exit_with_pushed, "a thread ends with 1 contexts left pushed"},
	{"thread_with_pushed", "", thread_with_pushed, "a thread ends with 1 contexts left pushed"},
	{"no_such_device", "", no_such_device, "cuDeviceGetName: no device 7"},
	{"empty_memory", "", empty_memory, "cuMemAlloc: of 0 bytes"},
	{"free_inside", "", free_inside, "is no live allocation"},
	{"free_twice", "", free_twice, "is no live allocation"},
	{"free_elsewhere", "", free_elsewhere, "cuMemFree: the memory is another context's"},
	{"copy_beyond", "", copy_beyond, "cuMemcpyHtoD: 101 bytes at"},
	{"copy_before", "", copy_before, "cuMemcpyDtoH: 4 bytes at"},
	{"copy_freed", "", copy_freed, "are not inside live device memory"},
	{"copy_elsewhere", "", copy_elsewhere, "cuMemcpyDtoH: the memory is another context's"},
	{"copy_pitch", "", copy_pitch, "cuMemcpy2DAsync: pitch 32 < width 64"},
	{"copy_rows", "", copy_rows, "cuMemcpy2DAsync: 576 bytes at"},
	{"copy_nothing", "", copy_nothing, "cuMemcpy2DAsync: 0 x 1 bytes"},
	{"fill_beyond", "", fill_beyond, "cuMemsetD8Async: 101 bytes at"},
	{"touch", "", touch, "the host touches device memory at"},
	{"ptx_garbage", "", ptx_garbage, "the image is not PTX: no .version"},
	{"ptx_target", "", ptx_target, "the image is not PTX: no .target"},
	{"ptx_bits", "", ptx_bits, "the PTX is not for 64 bits"},
	{"ptx_entry", "", ptx_entry, "cuModuleGetFunction: no entry scal in the PTX"},
	{"ptx_parameters", "", ptx_parameters,
	 "scale has 44 parameter bytes in the PTX and 40 in the host build"},
	{"ptx_host_build", "", ptx_host_build, "the host build has no other"},
	{"ptx_no_host_build", "", ptx_no_host_build, "/nowhere/libkernels.so"},
	{"launch_block", "", launch_block, "scale: a block of 64x32x1 threads"},
	{"launch_no_grid", "", launch_no_grid, "scale: a grid of 1x0x1 blocks"},
	{"launch_grid", "", launch_grid, "scale: a grid of 1x65536x1 blocks"},
	{"launch_shared", "", launch_shared, "scale: 49153 bytes of shared memory"},
	{"launch_no_parameters", "", launch_no_parameters,
	 "scale: parameters come in kernelParams"},
	{"launch_unloaded", "", launch_unloaded, "cuLaunchKernel: dead module"},
	{"kernel_writes", "", kernel_writes, "kernel scale: write of"},
	{"kernel_writes_late", "late=yes", kernel_writes, "kernel scale: write of"},
	{"kernel_reads", "", kernel_reads, "kernel scale: read of"},
	{"red_zone", "", red_zone, "was written to"},
	{"dead_stream", "", dead_stream, "cuStreamSynchronize: dead stream"},
	{"foreign_stream", "", foreign_stream,
	 "cuStreamSynchronize: the stream is another context's"},
	{"no_stream", "", no_stream, "is no stream"},
	{"destroy_default", "", destroy_default, "cuStreamDestroy: of the default stream"},
	{"event_unrecorded", "", event_unrecorded,
	 "cuEventSynchronize: the event was never recorded"},
	{"event_query_unrecorded", "", event_query_unrecorded,
	 "cuEventQuery: the event was never recorded"},
	{"event_dead", "", event_dead, "cuEventRecord: dead event"},
	{"event_foreign", "", event_foreign, "cuEventRecord: the event is another context's"},
	{"callback_calls", "", callback_calls,
	 "cuStreamSynchronize: called from a stream's callback"},
	{"callback_calls_late", "late=yes", callback_calls, "called from a stream's callback"},
};

static void test_violations(void **state)
{
	(void)state;
	assert_int_equal(
		test_device_violations(violations, sizeof(violations) / sizeof(violations[0])), 0);
}

static void before_init(const void *argument)
{
	struct test_device device;
	int count;
	(void)argument;
	test_device_load(&device, "");
	device.cuda->cuDeviceGetCount(&count);
}

static void test_before_init(void **state)
{
	char text[1024];
	int status = test_device_fork(before_init, NULL, text, sizeof(text));
	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_non_null(strstr(text, "violation: cuDeviceGetCount: called before cuInit"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before_init),
		cmocka_unit_test(test_violations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
