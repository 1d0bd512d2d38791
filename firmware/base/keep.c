/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/keep.c - see keep.h.
 */
#include "firmware/base/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define VARIABLE "TESSERA_KEEP_FD"
#define SEALS	 (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW)

int tess_keep_create(void)
{
	int fd = memfd_create("tessera-keep", MFD_CLOEXEC | MFD_ALLOW_SEALING), error;

	if (fd < 0)
		return -errno;
	if (!ftruncate(fd, TESS_KEEP_SIZE) && !fcntl(fd, F_ADD_SEALS, SEALS))
		return fd;
	error = -errno;
	(void)close(fd);
	return error;
}

void tess_keep_pass(int fd)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", fd);
	if (!fcntl(fd, F_SETFD, 0))
		(void)setenv(VARIABLE, text, 1);
}

void *tess_keep_find(void)
{
	const char *text = getenv(VARIABLE);
	void *memory = MAP_FAILED;
	struct stat info;
	char *end;
	long fd;

	if (!text)
		return NULL;
	fd = strtol(text, &end, 10);
	/* not any descriptor that happens to have the number */
	if (end == text || *end || fd <= STDERR_FILENO || fd > 65535 ||
	    fcntl((int)fd, F_GET_SEALS) != SEALS)
		return NULL;
	if (!fstat((int)fd, &info) && info.st_size == TESS_KEEP_SIZE)
		memory = mmap(NULL, TESS_KEEP_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
	(void)close((int)fd);
	return memory == MAP_FAILED ? NULL : memory;
}
