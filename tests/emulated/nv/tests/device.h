/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/tests/device.h - a device opened by the product's loaders, for the tests.
 */
#ifndef TESS_EMULATED_NV_TESTS_DEVICE_H
#define TESS_EMULATED_NV_TESTS_DEVICE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ffnvcodec/dynlink_loader.h>

#include "tests/emulated/nv/emu_nv.h"

struct test_device {
	CudaFunctions *cuda;
	CuvidFunctions *cuvid;
	NvencFunctions *nvenc;
	emu_nv_statistics_fn *statistics;
	emu_nv_mark_fn *mark;
	emu_nv_set_fn *set;
};

/** The three libraries; with a personality, which counts before the first call alone. */
void test_device_load(struct test_device *device, const char *personality);
/** cuInit and a context on device 0, which stays current. */
CUcontext test_device_open(struct test_device *device, const char *personality);
void test_device_close(struct test_device *device, CUcontext context);
/** Kernel @p name of the tests' PTX (TEST_PTX). The module is *module. */
CUfunction test_device_kernel(struct test_device *device, CUmodule *module, const char *name);
/** The whole of a text file; the caller frees it. */
char *test_device_read(const char *path);

/** Do run(); @return how the child ended, as wait() says; *text is what it wrote to stderr. */
int test_device_fork(void (*run)(const void *argument), const void *argument, char *text,
		     size_t size);

/** A call that is wrong, and what the emulation must say before it aborts. */
struct test_violation {
	const char *name, *personality;
	void (*run)(struct test_device *device, CUcontext context);
	const char *says;
};

/** Each in a process of its own. @return how many did not abort so */
int test_device_violations(const struct test_violation *table, size_t count);

#endif
