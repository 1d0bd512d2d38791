/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/drm_shim.c - tells libva that the file of an emulated device is a render node.
 *
 * Preloaded, or linked before libdrm. Every other descriptor goes to libdrm.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xf86drm.h>

#define EXPORT __attribute__((visibility("default")))

static const char first_line[] = "tessera emulated va device\n";

static bool emulated(int fd)
{
	char head[sizeof(first_line) - 1];
	struct stat stat;
	return fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) &&
	       pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	       memcmp(head, first_line, sizeof(head)) == 0;
}

EXPORT int drmGetNodeTypeFromFd(int fd)
{
	if (emulated(fd))
		return DRM_NODE_RENDER;
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "drmGetNodeTypeFromFd");
	return real ? real(fd) : -1;
}

/* libdrm's drmFreeVersion takes what malloc gave, so it frees this too */
EXPORT drmVersionPtr drmGetVersion(int fd)
{
	if (!emulated(fd)) {
		drmVersionPtr (*real)(int) =
			(drmVersionPtr(*)(int))dlsym(RTLD_NEXT, "drmGetVersion");
		return real ? real(fd) : NULL;
	}
	drmVersionPtr version = calloc(1, sizeof(*version));
	if (!version)
		return NULL;
	version->name = strdup("tessemu");
	version->name_len = (int)strlen("tessemu");
	return version;
}
