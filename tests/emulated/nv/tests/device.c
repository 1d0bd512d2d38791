/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/tests/device.c - see device.h.
 */
#include "tests/emulated/nv/tests/device.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void *symbol(const char *name)
{
	void *library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD), *found;

	assert_non_null(library);
	found = dlsym(library, name);
	assert_non_null(found);
	dlclose(library);
	return found;
}

void test_device_load(struct test_device *device, const char *personality)
{
	memset(device, 0, sizeof(*device));
	if (personality)
		setenv("TESSERA_EMU_NV", personality, 1);
	assert_int_equal(cuda_load_functions(&device->cuda, NULL), 0);
	assert_int_equal(cuvid_load_functions(&device->cuvid, NULL), 0);
	assert_int_equal(nvenc_load_functions(&device->nvenc, NULL), 0);
	*(void **)&device->statistics = symbol("emu_nv_statistics");
	*(void **)&device->mark = symbol("emu_nv_mark");
	*(void **)&device->set = symbol("emu_nv_set");
}

CUcontext test_device_open(struct test_device *device, const char *personality)
{
	CUcontext context;

	test_device_load(device, personality);
	assert_int_equal(device->cuda->cuInit(0), CUDA_SUCCESS);
	assert_int_equal(device->cuda->cuCtxCreate(&context, CU_CTX_SCHED_BLOCKING_SYNC, 0),
			 CUDA_SUCCESS);
	return context;
}

void test_device_close(struct test_device *device, CUcontext context)
{
	if (context)
		device->cuda->cuCtxDestroy(context);
	nvenc_free_functions(&device->nvenc);
	cuvid_free_functions(&device->cuvid);
	cuda_free_functions(&device->cuda);
}

char *test_device_read(const char *path)
{
	FILE *file = fopen(path, "rb");
	char *text = calloc(1, 1 << 20);

	assert_true(file && text);
	assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
	fclose(file);
	return text;
}

CUfunction test_device_kernel(struct test_device *device, CUmodule *module, const char *name)
{
	char *ptx = test_device_read(TEST_PTX);
	CUfunction function;

	assert_int_equal(device->cuda->cuModuleLoadData(module, ptx), CUDA_SUCCESS);
	assert_int_equal(device->cuda->cuModuleGetFunction(&function, *module, name), CUDA_SUCCESS);
	free(ptx);
	return function;
}

int test_device_fork(void (*run)(const void *), const void *argument, char *text, size_t size)
{
	int ends[2], status = 0;
	size_t used = 0;
	ssize_t got;
	char drain[512];

	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		setenv("CMOCKA_TEST_ABORT", "1", 1); /* not on with the parent's other tests */
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		run(argument);
		exit(0);
	}
	close(ends[1]);
	while ((got = read(ends[0], drain, sizeof(drain))) > 0) {
		size_t room = size - 1 - used, take = (size_t)got < room ? (size_t)got : room;

		memcpy(text + used, drain, take);
		used += take;
	}
	text[used] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void run_violation(const void *argument)
{
	const struct test_violation *violation = argument;
	struct test_device device;
	CUcontext context = test_device_open(&device, violation->personality);

	violation->run(&device, context);
}

int test_device_violations(const struct test_violation *table, size_t count)
{
	int wrong = 0;

	for (size_t i = 0; i < count; i++) {
		char text[4096];
		int status = test_device_fork(run_violation, &table[i], text, sizeof(text));
		const char *said = strstr(text, "emulated nv: violation: ");

		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && said &&
		    strstr(said, table[i].says))
			continue;
		fprintf(stderr, "%s: status %#x, wanted \"%s\": %s\n", table[i].name,
			(unsigned)status, table[i].says, text);
		wrong++;
	}
	return wrong;
}
