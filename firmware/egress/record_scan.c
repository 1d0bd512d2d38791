/* SPDX-License-Identifier: GPL-3.0-or-later
 * The record folder as a whole.
 */
#include "firmware/egress/record_scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_folders(const char *path)
{
	char part[256];

	for (size_t i = 1; i < sizeof(part); i++) {
		if (path[i] && path[i] != '/')
			continue;
		(void)snprintf(part, sizeof(part), "%.*s", (int)i, path);
		if (mkdir(part, 0750) && errno != EEXIST)
			return -errno;
		if (!path[i])
			return 0;
	}
	return -ENAMETOOLONG;
}

int tess_record_dir_open(const char *path)
{
	int error = path[0] ? make_folders(path) : -EINVAL, fd;

	if (error)
		return error;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* one process at a time: two would write the same files */
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		error = errno == EWOULDBLOCK ? -EBUSY : -errno;
		(void)close(fd);
		return error;
	}
	return fd;
}

int tess_record_app_open(int record_dir, const char *app)
{
	int fd = openat(record_dir, app, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

static DIR *open_listing(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *listing = fd < 0 ? NULL : fdopendir(fd);

	if (!listing && fd >= 0)
		(void)close(fd);
	return listing;
}

static void scan_folder(DIR *folder, const char *app,
			void (*found)(void *arg, const char *app, const char *base), void *arg)
{
	static const char suffix[] = ".journal";
	struct dirent *item;
	char base[256];

	while ((item = readdir(folder))) {
		size_t length = strlen(item->d_name);

		if (length <= strlen(suffix) ||
		    strcmp(item->d_name + length - strlen(suffix), suffix) != 0)
			continue;
		(void)snprintf(base, sizeof(base), "%.*s", (int)(length - strlen(suffix)),
			       item->d_name);
		found(arg, app, base);
	}
}

int tess_record_scan(int record_dir, void (*found)(void *arg, const char *app, const char *base),
		     void *arg)
{
	DIR *listing = open_listing(record_dir, ".");
	struct dirent *item;

	if (!listing)
		return -errno;
	while ((item = readdir(listing))) {
		DIR *folder;

		if (strspn(item->d_name, "0123456789") != strlen(item->d_name))
			continue; /* applications have numbers */
		folder = open_listing(record_dir, item->d_name);
		if (!folder)
			continue;
		scan_folder(folder, item->d_name, found, arg);
		(void)closedir(folder);
	}
	(void)closedir(listing);
	return 0;
}
