/* SPDX-License-Identifier: GPL-3.0-or-later
 * Links by id.
 */
#include "firmware/egress/record_links.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/egress/record_output.h"

#define PATH_SIZE 256

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length > tail && strcmp(text + length - tail, end) == 0;
}

/** by-id/ID as a folder, made if @p make. @retval a descriptor, or a negative errno */
static int open_links(int record_dir, int64_t id, bool make)
{
	char path[40];
	int fd;

	if (make && mkdirat(record_dir, "by-id", 0750) && errno != EEXIST)
		return -errno;
	(void)snprintf(path, sizeof(path), "by-id/%" PRId64, id);
	if (make && mkdirat(record_dir, path, 0750) && errno != EEXIST)
		return -errno;
	fd = openat(record_dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

static int sync_above(int record_dir)
{
	int fd = openat(record_dir, "by-id", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = fd < 0 || fsync(fd) ? -errno : 0;

	if (fd >= 0)
		(void)close(fd);
	return !error && fsync(record_dir) ? -errno : error;
}

int tess_links_add(int record_dir, int64_t id, int64_t app, const char *name)
{
	int fd = open_links(record_dir, id, true), error = 0;
	char target[PATH_SIZE];

	if (fd < 0)
		return fd;
	(void)snprintf(target, sizeof(target), "../../%" PRId64 "/%s", app, name);
	if ((symlinkat(target, fd, name) && errno != EEXIST) || fsync(fd))
		error = -errno;
	(void)close(fd);
	return error ? error : sync_above(record_dir);
}

/** Where a link points below the record folder. @retval 0, -ENOENT it is none, or errors */
static int read_link(int dir, const char *link, const char *above, char *path, size_t size)
{
	char target[PATH_SIZE];
	ssize_t length = readlinkat(dir, link, target, sizeof(target) - 1);

	if (length < 0)
		return errno == EINVAL || errno == ENOTDIR ? -ENOENT : -errno;
	target[length] = 0;
	if (strncmp(target, above, strlen(above)) != 0 || strlen(target) >= size)
		return -ENOENT;
	(void)snprintf(path, size, "%s", target + strlen(above));
	return 0;
}

static int read_old_link(int record_dir, int64_t id, char *path, size_t size)
{
	char link[40];

	(void)snprintf(link, sizeof(link), "by-id/%" PRId64, id);
	return read_link(record_dir, link, "../", path, size);
}

/** The first in the order of names, which is that of time. */
static int find_first_mp4(int links, char *name, size_t size)
{
	int fd = openat(links, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	name[0] = 0;
	if (!listing) {
		int error = -errno;

		if (fd >= 0)
			(void)close(fd);
		return error;
	}
	while ((entry = readdir(listing))) {
		if (ends_with(entry->d_name, ".mp4") && strlen(entry->d_name) < size &&
		    (!name[0] || strcmp(entry->d_name, name) < 0))
			(void)snprintf(name, size, "%s", entry->d_name);
	}
	(void)closedir(listing);
	return name[0] ? 0 : -ENOENT;
}

int tess_links_find(int record_dir, int64_t id, const char *name, char *path, size_t size)
{
	char first[PATH_SIZE];
	int fd, error = read_old_link(record_dir, id, path, size);

	if (!error) {
		const char *file = strchr(path, '/');

		return !name || (file && strcmp(file + 1, name) == 0) ? 0 : -ENOENT;
	}
	fd = open_links(record_dir, id, false);
	if (fd < 0)
		return fd;
	error = name ? 0 : find_first_mp4(fd, first, sizeof(first));
	if (!error)
		error = read_link(fd, name ? name : first, "../../", path, size);
	(void)close(fd);
	return error;
}

static int remove_path(int record_dir, const char *path, unsigned *budget)
{
	if (ends_with(path, ".hls"))
		return tess_output_remove_some(record_dir, path, budget);
	if (!*budget)
		return -EAGAIN;
	--*budget;
	return unlinkat(record_dir, path, 0) && errno != ENOENT ? -errno : 0;
}

static int remove_linked(int record_dir, int links)
{
	unsigned all = UINT_MAX;
	int fd = openat(links, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;
	DIR *listing = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	char path[PATH_SIZE];

	if (!listing) {
		error = -errno;
		if (fd >= 0)
			(void)close(fd);
		return error;
	}
	while (!error && (entry = readdir(listing))) {
		error = read_link(links, entry->d_name, "../../", path, sizeof(path));
		if (error == -ENOENT) { /* "." and ".." */
			error = 0;
			continue;
		}
		if (!error)
			error = remove_path(record_dir, path, &all);
		if (!error && unlinkat(links, entry->d_name, 0))
			error = -errno;
	}
	(void)closedir(listing);
	return error;
}

/** The one file of the old layout and its link. @p path NULL: whichever. @retval 0, -ENOENT, ... */
static int remove_old(int record_dir, int64_t id, const char *path, unsigned *budget)
{
	char target[PATH_SIZE], link[40];
	int error = read_old_link(record_dir, id, target, sizeof(target));

	if (!error && path && strcmp(path, target) != 0)
		error = -ENOENT;
	if (!error)
		error = remove_path(record_dir, target, budget);
	(void)snprintf(link, sizeof(link), "by-id/%" PRId64, id);
	return !error && unlinkat(record_dir, link, 0) && errno != ENOENT ? -errno : error;
}

int tess_links_remove(int record_dir, int64_t id)
{
	unsigned all = UINT_MAX;
	char link[40];
	int error = remove_old(record_dir, id, NULL, &all), fd;

	if (error != -ENOENT)
		return error;
	(void)snprintf(link, sizeof(link), "by-id/%" PRId64, id);
	fd = open_links(record_dir, id, false);
	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR ? 0 : fd;
	error = remove_linked(record_dir, fd);
	(void)close(fd);
	return !error && unlinkat(record_dir, link, AT_REMOVEDIR) && errno != ENOENT ? -errno
										     : error;
}

/** The folder PREFIX_START.hls of the playlist PREFIX_START_END.m3u8 that is linked beside it. */
static int find_folder(int links, const char *playlist, char *name, size_t size)
{
	int fd = openat(links, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int error = -ENOENT;

	if (!listing) {
		error = -errno;
		if (fd >= 0)
			(void)close(fd);
		return error;
	}
	while (error && (entry = readdir(listing))) {
		size_t length = strlen(entry->d_name);

		if (!ends_with(entry->d_name, ".hls") || length >= size ||
		    strncmp(entry->d_name, playlist, length - 4) != 0 ||
		    playlist[length - 4] != '_')
			continue;
		(void)snprintf(name, size, "%s", entry->d_name);
		error = 0;
	}
	(void)closedir(listing);
	return error;
}

static int remove_link(int record_dir, int links, const char *name, unsigned *budget)
{
	char path[PATH_SIZE];
	int error = read_link(links, name, "../../", path, sizeof(path));

	if (!error)
		error = remove_path(record_dir, path, budget);
	return !error && unlinkat(links, name, 0) ? -errno : error;
}

int tess_links_remove_one(int record_dir, int64_t id, const char *name, const char *path,
			  unsigned *budget)
{
	char target[PATH_SIZE], folder[PATH_SIZE];
	int error = remove_old(record_dir, id, path, budget), fd;

	if (error != -ENOENT)
		return error;
	fd = open_links(record_dir, id, false);
	if (fd < 0)
		return fd == -ENOTDIR || fd == -ELOOP ? -ENOENT : fd;
	error = read_link(fd, name, "../../", target, sizeof(target));
	if (!error && strcmp(target, path) != 0)
		error = -ENOENT;
	/* the playlist last: as long as it is there, this is done again */
	if (!error && ends_with(name, ".m3u8") && !find_folder(fd, name, folder, sizeof(folder)))
		error = remove_link(record_dir, fd, folder, budget);
	if (!error)
		error = remove_link(record_dir, fd, name, budget);
	(void)close(fd);
	return error;
}
