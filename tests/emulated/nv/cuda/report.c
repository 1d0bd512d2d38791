/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/cuda/report.c - violations, statistics, and the check for leaks at exit.
 */
#include "tests/emulated/nv/core.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

EMU_EXPORT emu_nv_statistics_fn emu_nv_statistics;
EMU_EXPORT emu_nv_mark_fn emu_nv_mark;

void emu_violation(const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	dprintf(STDERR_FILENO, "emulated nv: violation: %s\n", text);
	abort();
}

static void add(struct emu_nv_stats *sum, const struct emu_nv_stats *stats)
{
	const uint64_t *from = (const uint64_t *)stats;
	uint64_t *to = (uint64_t *)sum;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

int emu_nv_statistics(int device, struct emu_nv_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	if (device != EMU_NV_ALL && !emu_device(device))
		return -ENODEV;
	for (int i = 0; i < emu_device_count(); i++)
		if (device == EMU_NV_ALL || device == i)
			add(stats, &emu_device(i)->stats);
	return 0;
}

void emu_nv_mark(void)
{
	for (int i = 0; i < emu_device_count(); i++) {
		struct emu_nv_stats *s = &emu_device(i)->stats;
		uint64_t *fields[] = {&s->decoded,   &s->kernels,	 &s->encoded,
				      &s->idr,	     &s->uploads,	 &s->upload_bytes,
				      &s->downloads, &s->download_bytes, &s->copies,
				      &s->allocated, &s->refused,	 &s->failed};

		for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++)
			__atomic_store_n(fields[k], 0, __ATOMIC_RELAXED);
	}
}

static void write_statistics(const char *path)
{
	struct emu_nv_stats s;
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd < 0)
		return;
	emu_nv_statistics(EMU_NV_ALL, &s);
	dprintf(fd,
		"decoded=%lu kernels=%lu encoded=%lu idr=%lu uploads=%lu upload_bytes=%lu "
		"downloads=%lu download_bytes=%lu copies=%lu allocations=%lu allocations_bytes=%lu "
		"allocated=%lu contexts=%lu decoders=%lu sessions=%lu registered=%lu mapped=%lu "
		"frames_mapped=%lu refused=%lu failed=%lu\n",
		s.decoded, s.kernels, s.encoded, s.idr, s.uploads, s.upload_bytes, s.downloads,
		s.download_bytes, s.copies, s.allocations, s.allocations_bytes, s.allocated,
		s.contexts, s.decoders, s.sessions, s.registered, s.mapped, s.frames_mapped,
		s.refused, s.failed);
	close(fd);
}

/* A destructor runs after all that programs register with atexit(). */
__attribute__((destructor)) static void at_exit(void)
{
	const char *path = getenv("TESSERA_EMU_STATS");

	if (path)
		write_statistics(path);
	emu_context_check_stack();
	emu_handle_leaks(NULL, "at exit");
	unsigned left = emu_memory_live(NULL);

	EMU_REQUIRE(!left, "leak at exit: %u allocations of device memory", left);
}
