/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/tests/ptx.c - clang's PTX, through ptx2c, computes what the host build does.
 *
 * usage: test HOST_BUILD PTX_BUILD
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/emulated/nv/device.h"
#include "tests/emulated/nv/tests/kernels.h"

#define GEOMETRIES 300

typedef void launch_fn(void **parameters);

static void *host_build, *ptx_build;
/* Where the kernels may read and write. */
static unsigned char *memory;
static size_t memory_bytes;

#define EXPORTED __attribute__((visibility("default")))
EXPORTED _Thread_local struct tess_gpu_dim tess_gpu_tid, tess_gpu_ntid, tess_gpu_ctaid;

EXPORTED unsigned char *tess_gpu_host_address(unsigned long long address, long long offset,
					      int write)
{
	unsigned char *byte = (unsigned char *)(uintptr_t)(address + (unsigned long long)offset);

	(void)write;
	assert_true(byte >= memory && byte < memory + memory_bytes);
	return byte;
}

static uint32_t seed;

static uint32_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static int between(int low, int high)
{
	return low + (int)(next_random() % (uint32_t)(high - low + 1));
}

static launch_fn *kernel(void *library, const char *name)
{
	char symbol[64];
	void *found;
	launch_fn *launch;

	snprintf(symbol, sizeof(symbol), "tess_gpu_launch_%s", name);
	found = dlsym(library, symbol);
	assert_non_null(found);
	memcpy(&launch, &found, sizeof(launch));
	return launch;
}

static void run(launch_fn *launch, void *parameter, unsigned width, unsigned height)
{
	void *parameters[] = {parameter};

	tess_gpu_ntid = (struct tess_gpu_dim){32, 4, 1};
	for (unsigned y = 0; y < (height + 3) / 4 * 4; y++)
		for (unsigned x = 0; x < (width + 31) / 32 * 32; x++) {
			tess_gpu_ctaid = (struct tess_gpu_dim){x / 32, y / 4, 0};
			tess_gpu_tid = (struct tess_gpu_dim){x % 32, y % 4, 0};
			launch(parameters);
		}
}

static void fill(unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		bytes[i] = (unsigned char)next_random();
}

static void test_scale(void **state)
{
	launch_fn *of_host = kernel(host_build, "scale"), *of_ptx = kernel(ptx_build, "scale");
	(void)state;
	for (int i = 0; i < GEOMETRIES; i++) {
		struct scale_arg arg = {.from_width = between(2, 90),
					.from_height = between(2, 90),
					.to_width = between(1, 90),
					.to_height = between(1, 90)};
		arg.from_pitch = arg.from_width + between(0, 9);
		arg.to_pitch = arg.to_width + between(0, 9);
		size_t from_bytes = (size_t)(arg.from_pitch * arg.from_height);
		size_t to_bytes = (size_t)(arg.to_pitch * arg.to_height);
		unsigned char *expected = malloc(to_bytes);

		memory_bytes = from_bytes + to_bytes;
		memory = calloc(1, memory_bytes);
		assert_true(memory && expected);
		fill(memory, from_bytes);
		arg.from = (unsigned long long)(uintptr_t)memory;
		arg.to = arg.from + from_bytes;
		run(of_host, &arg, (unsigned)arg.to_width, (unsigned)arg.to_height);
		memcpy(expected, memory + from_bytes, to_bytes);
		memset(memory + from_bytes, 0, to_bytes);
		run(of_ptx, &arg, (unsigned)arg.to_width, (unsigned)arg.to_height);
		assert_memory_equal(memory + from_bytes, expected, to_bytes);
		free(memory);
		free(expected);
	}
}

static void test_mix(void **state)
{
	launch_fn *of_host = kernel(host_build, "mix"), *of_ptx = kernel(ptx_build, "mix");
	unsigned char before[4 * 256], expected[sizeof(before)];
	(void)state;
	for (int i = 0; i < GEOMETRIES; i++) {
		struct mix_arg arg = {.words = (unsigned long long)(uintptr_t)before,
				      .count = between(1, 256),
				      .salt = next_random(),
				      .small = (short)next_random(),
				      .tiny = (signed char)next_random(),
				      .byte = (unsigned char)next_random()};
		arg.wide = (long long)(int32_t)next_random() * (1 << 18);
		memory = before;
		memory_bytes = 4 * (size_t)arg.count;
		uint32_t again = seed;

		fill(before, sizeof(before));
		run(of_host, &arg, 256, 1);
		memcpy(expected, before, sizeof(before));
		seed = again;
		fill(before, sizeof(before));
		assert_memory_not_equal(before, expected, sizeof(before));
		run(of_ptx, &arg, 256, 1);
		assert_memory_equal(before, expected, sizeof(before));
	}
}

static void test_parameter_bytes(void **state)
{
	const unsigned *size = dlsym(ptx_build, "tess_gpu_parameter_bytes_scale");
	(void)state;
	assert_non_null(size);
	assert_int_equal(*size, sizeof(struct scale_arg));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parameter_bytes),
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_mix),
	};
	seed = 20260729;
	host_build = argc == 3 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
	ptx_build = argc == 3 ? dlopen(argv[2], RTLD_NOW | RTLD_LOCAL) : NULL;
	if (!host_build || !ptx_build) {
		fprintf(stderr, "%s\n", argc == 3 ? dlerror() : "usage: test HOST_BUILD PTX_BUILD");
		return 2;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
