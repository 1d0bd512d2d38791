/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/device.c - the devices of this process, and what a test may ask of them.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/emulated/va/emu.h"

#define EXPORT __attribute__((visibility("default")))

/* devices stay until the process ends, so that their counts can be read after vaTerminate */
static pthread_mutex_t devices_lock = PTHREAD_MUTEX_INITIALIZER;
static struct emu_device *devices;

static bool path_of(int fd, char path[PATH_MAX])
{
	char link[64];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, PATH_MAX - 1);
	if (length <= 0)
		return false;
	path[length] = '\0';
	return true;
}

static struct emu_device *find(const char *path)
{
	struct emu_device *device = devices;
	while (device && strcmp(device->path, path) != 0)
		device = device->next;
	return device;
}

static struct emu_device *find_path(const char *path)
{
	char real[PATH_MAX];
	if (!realpath(path, real))
		return NULL;
	pthread_mutex_lock(&devices_lock);
	struct emu_device *device = find(real);
	pthread_mutex_unlock(&devices_lock);
	return device;
}

static struct emu_device *add(const char *path)
{
	struct emu_device *device = emu_zalloc(sizeof(*device));
	device->path = emu_copy(path, strlen(path) + 1);
	pthread_mutex_init(&device->lock, NULL);
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&device->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	device->next = devices;
	devices = device;
	return device;
}

struct emu_device *emu_device_open(int fd)
{
	char path[PATH_MAX];
	if (!path_of(fd, path))
		return NULL;
	pthread_mutex_lock(&devices_lock);
	struct emu_device *device = find(path);
	if (!device)
		device = add(path);
	pthread_mutex_lock(&device->lock);
	if (device->displays++ == 0) {
		emu_personality_read(device, fd);
		emu_worker_start(device);
	}
	pthread_mutex_unlock(&device->lock);
	pthread_mutex_unlock(&devices_lock);
	return device;
}

static void write_stats(const struct emu_device *device)
{
	const struct emu_va_stats *stats = &device->stats;
	const struct emu_va_objects *made = &stats->made;
	const char *path = getenv("TESSERA_EMU_STATS");
	FILE *file = path ? fopen(path, "ae") : stderr;
	if (!file)
		return;
	fprintf(file,
		"device=%s decoded=%llu damaged=%llu passes=%llu layers=%llu encoded=%llu "
		"downloads=%llu uploads=%llu derived=%llu surfaces=%llu contexts=%llu configs=%llu "
		"images=%llu buffers=%llu coded_buffers=%llu\n",
		device->path, (unsigned long long)stats->decoded,
		(unsigned long long)stats->damaged, (unsigned long long)stats->passes,
		(unsigned long long)stats->layers, (unsigned long long)stats->encoded,
		(unsigned long long)stats->downloads, (unsigned long long)stats->uploads,
		(unsigned long long)stats->derived, (unsigned long long)made->surfaces,
		(unsigned long long)made->contexts, (unsigned long long)made->configs,
		(unsigned long long)made->images, (unsigned long long)made->buffers,
		(unsigned long long)made->coded_buffers);
	if (file != stderr)
		fclose(file);
}

void emu_device_close(struct emu_device *device)
{
	pthread_mutex_lock(&devices_lock);
	pthread_mutex_lock(&device->lock);
	if (--device->displays == 0)
		emu_worker_stop(device);
	write_stats(device);
	pthread_mutex_unlock(&device->lock);
	pthread_mutex_unlock(&devices_lock);
}

EXPORT int emu_va_get_stats(const char *path, struct emu_va_stats *stats)
{
	struct emu_device *device = find_path(path);
	if (!device)
		return -ENODEV;
	pthread_mutex_lock(&device->lock);
	*stats = device->stats;
	pthread_mutex_unlock(&device->lock);
	return 0;
}

EXPORT int emu_va_mark(const char *path)
{
	struct emu_device *device = find_path(path);
	if (!device)
		return -ENODEV;
	pthread_mutex_lock(&device->lock);
	device->stats.made = (struct emu_va_objects){0};
	pthread_mutex_unlock(&device->lock);
	return 0;
}

EXPORT int emu_va_fail(const char *path, const char *op, unsigned n, int status)
{
	struct emu_device *device = find_path(path);
	if (!device)
		return -ENODEV;
	pthread_mutex_lock(&device->lock);
	int err = emu_fault_arm(device, op, n, status);
	pthread_mutex_unlock(&device->lock);
	return err;
}

EXPORT int emu_va_lose(const char *path, unsigned calls)
{
	struct emu_device *device = find_path(path);
	if (!device)
		return -ENODEV;
	pthread_mutex_lock(&device->lock);
	if (device->calls + calls == 0)
		device->calls = 1;
	device->lost_after = device->calls + calls;
	pthread_mutex_unlock(&device->lock);
	return 0;
}
