/* SPDX-License-Identifier: GPL-3.0-or-later
 * A disk that crashes, forgets and fails on command.
 *
 * For a power loss it keeps, for each change since the last sync of its file or folder, what was
 * there before. What is lost then is decided change by change: some of its sectors may hold the old
 * bytes or (of a write longer than a sector) garbage, the file may have any length between; of the
 * folders' changes the last ones are undone, as a journaling file system does it.
 */
#include "tests/fault/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "firmware/egress/record_writer.h"

#define SECTOR 512
/** Instead of the second between two attempts. */
#define RETRY_US 5000

ssize_t __real_pwritev(int fd, const struct iovec *pieces, int count, off_t offset);
int __real_fdatasync(int fd);
int __real_fsync(int fd);
int __real_ftruncate(int fd, off_t length);
int __real_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __real_unlinkat(int dir, const char *name, int flags);
int __real_symlinkat(const char *target, int dir, const char *name);
int __real_mkdirat(int dir, const char *name, mode_t mode);
int __real_openat(int dir, const char *name, int flags, ...);
int __real_tess_writer_alloc(struct tess_writer **writerp, struct tess_loop *loop,
			     int64_t retry_us);
int __wrap_tess_writer_alloc(struct tess_writer **writerp, struct tess_loop *loop,
			     int64_t retry_us);
ssize_t __wrap_pwritev(int fd, const struct iovec *pieces, int count, off_t offset);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_ftruncate(int fd, off_t length);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_unlinkat(int dir, const char *name, int flags);
int __wrap_symlinkat(const char *target, int dir, const char *name);
int __wrap_mkdirat(int dir, const char *name, mode_t mode);
int __wrap_openat(int dir, const char *name, int flags, ...);

/** A change of a file's content that was not synced. */
struct change {
	struct change *next;
	ino_t inode;
	int fd; /* a duplicate */
	off_t offset, old_size;
	size_t length;	   /* of the write; 0: the file was cut */
	size_t old_length; /* of old */
	uint8_t *old;	   /* what was there from offset on */
};

enum folder_kind { MADE = 1, RENAMED, UNLINKED, MADE_FOLDER };

/** A change of a folder that was not synced. */
struct folder_change {
	struct folder_change *next; /* the one before it */
	enum folder_kind kind;
	ino_t inode; /* of the folder */
	int dir;
	char name[160], to[160], backup[64];
};

static struct {
	pthread_mutex_t lock;
	bool active;
	uint64_t operations, crash_at, fail_at;
	bool failing;
	unsigned power; /* seed; 0: the kernel lives on */
	int fail_errno;
	bool no_sync;
	int64_t slow_us;
	_Atomic int64_t now_us;
	_Atomic unsigned at_work;
	struct change *changes; /* newest first */
	struct folder_change *folder_changes;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER, .fail_errno = ENOSPC};

bool disk_option(const char *text)
{
	const char *value = strchr(text, '=');
	uint64_t number = value ? strtoull(value + 1, NULL, 10) : 0;

	if (strncmp(text, "crash_at=", 9) == 0)
		disk.crash_at = number;
	else if (strncmp(text, "power=", 6) == 0)
		disk.power = (unsigned)number;
	else if (strncmp(text, "fail_at=", 8) == 0)
		disk.fail_at = number;
	else if (strncmp(text, "fail_errno=", 11) == 0)
		disk.fail_errno = (int)number;
	else if (strncmp(text, "slow_us=", 8) == 0)
		disk.slow_us = (int64_t)number;
	else if (strncmp(text, "no_sync=", 8) == 0)
		disk.no_sync = number;
	else
		return false;
	return true;
}

void disk_begin(void)
{
	srand(disk.power ? disk.power : (unsigned)disk.crash_at);
	disk.active = true;
}

void disk_fail(bool failing)
{
	pthread_mutex_lock(&disk.lock);
	disk.failing = failing;
	pthread_mutex_unlock(&disk.lock);
}

bool disk_time(int64_t now_us)
{
	if (!disk.slow_us)
		return true;
	if (disk.at_work)
		return false;
	disk.now_us = now_us;
	return true;
}

/** The rest of a call that was done at once. */
static void be_slow(void)
{
	int64_t until_us = disk.now_us + disk.slow_us;

	disk.at_work--;
	while (disk.now_us < until_us)
		(void)usleep(50);
}

uint64_t disk_operations(void)
{
	uint64_t operations;

	pthread_mutex_lock(&disk.lock);
	operations = disk.operations;
	pthread_mutex_unlock(&disk.lock);
	return operations;
}

static ino_t inode_of(int fd)
{
	struct stat info;

	return fstat(fd, &info) ? 0 : info.st_ino;
}

static off_t size_of(int fd)
{
	struct stat info;

	return fstat(fd, &info) ? 0 : info.st_size;
}

static void keep_old(int fd, off_t offset, size_t length)
{
	struct change *change = calloc(1, sizeof(*change));
	off_t size = size_of(fd);
	size_t want = length ? length : (size_t)(size > offset ? size - offset : 0);
	ssize_t got = 0;

	if (!change)
		abort();
	change->inode = inode_of(fd);
	change->fd = dup(fd);
	change->offset = offset;
	change->old_size = size;
	change->length = length;
	change->old = malloc(want + 1);
	if (!change->old || change->fd < 0)
		abort();
	if (offset < size)
		got = pread(fd, change->old, want, offset);
	change->old_length = got > 0 ? (size_t)got : 0;
	change->next = disk.changes;
	disk.changes = change;
}

static void forget_changes(ino_t inode)
{
	struct change **at = &disk.changes;
	struct folder_change **folder = &disk.folder_changes;

	while (*at) {
		struct change *change = *at;

		if (change->inode != inode) {
			at = &change->next;
			continue;
		}
		*at = change->next;
		(void)close(change->fd);
		free(change->old);
		free(change);
	}
	while (*folder) {
		struct folder_change *change = *folder;

		if (change->inode != inode) {
			folder = &change->next;
			continue;
		}
		*folder = change->next;
		if (change->backup[0])
			(void)__real_unlinkat(change->dir, change->backup, 0);
		(void)close(change->dir);
		free(change);
	}
}

static struct folder_change *note_folder(enum folder_kind kind, int dir, const char *name)
{
	struct folder_change *change = calloc(1, sizeof(*change));

	if (!change)
		abort();
	change->kind = kind;
	change->inode = inode_of(dir);
	change->dir = dup(dir);
	(void)snprintf(change->name, sizeof(change->name), "%s", name);
	change->next = disk.folder_changes;
	disk.folder_changes = change;
	return change;
}

static void put_at(int fd, const void *data, size_t length, off_t offset)
{
	struct iovec piece = {(void *)data, length};

	if (length && __real_pwritev(fd, &piece, 1, offset) < 0)
		abort();
}

/** Some of the sectors of a write, from its begin. */
struct range {
	size_t from, to;
};

static struct range some_sectors(const struct change *change)
{
	size_t before = (size_t)change->offset % SECTOR;
	size_t sectors = (before + change->length + SECTOR - 1) / SECTOR;
	size_t from = (size_t)rand() % sectors, to = from + 1 + (size_t)rand() % (sectors - from);
	struct range range = {from ? from * SECTOR - before : 0, to * SECTOR - before};

	if (range.to > change->length)
		range.to = change->length;
	return range;
}

static void garble(const struct change *change, struct range range)
{
	uint8_t *bytes = malloc(change->length);

	if (!bytes)
		abort();
	for (size_t i = 0; i < change->length; i++)
		bytes[i] = (uint8_t)rand();
	put_at(change->fd, bytes, range.to - range.from, change->offset + (off_t)range.from);
	free(bytes);
}

/** The old bytes again; where there were none, zeros. */
static void undo_write(const struct change *change, struct range range)
{
	uint8_t *bytes = calloc(1, change->length);

	if (!bytes)
		abort();
	memcpy(bytes, change->old, change->old_length);
	put_at(change->fd, bytes + range.from, range.to - range.from,
	       change->offset + (off_t)range.from);
	free(bytes);
}

static void lose_power(void)
{
	off_t sector;

	/* newest first, so that undoing goes back in time */
	for (struct change *change = disk.changes; change; change = change->next) {
		bool one_sector;

		if (!change->length) { /* a cut */
			if (rand() % 2)
				put_at(change->fd, change->old, change->old_length, change->offset);
			continue;
		}
		sector = change->offset / SECTOR;
		one_sector = (change->offset + (off_t)change->length - 1) / SECTOR == sector;
		switch (rand() % (one_sector ? 2 : 4)) {
		case 0:
			break;
		case 1:
			undo_write(change, some_sectors(change));
			break;
		case 2:
			garble(change, some_sectors(change));
			break;
		default: /* the file was not yet so long */
			if (change->old_size < size_of(change->fd)) {
				off_t grown = size_of(change->fd) - change->old_size;

				if (__real_ftruncate(change->fd,
						     change->old_size + rand() % (grown + 1)))
					abort();
			}
			break;
		}
	}
	for (struct folder_change *change = disk.folder_changes; change && rand() % 4;
	     change = change->next) {
		switch (change->kind) {
		case MADE:
			(void)__real_unlinkat(change->dir, change->name, 0);
			break;
		case RENAMED:
			(void)__real_renameat(change->dir, change->to, change->dir, change->name);
			break;
		case UNLINKED:
			(void)__real_renameat(change->dir, change->backup, change->dir,
					      change->name);
			break;
		case MADE_FOLDER:
			(void)__real_unlinkat(change->dir, change->name, AT_REMOVEDIR);
			break;
		}
	}
}

static void crash(void)
{
	if (disk.power)
		lose_power();
	_exit(DISK_CRASHED);
}

/** Locks. @return 0 go on, -1 fail with errno */
static int before(void)
{
	uint64_t now;

	pthread_mutex_lock(&disk.lock);
	if (!disk.active)
		return 0;
	now = ++disk.operations;
	if (now == disk.crash_at)
		crash();
	if (disk.failing || now == disk.fail_at) {
		errno = disk.fail_errno;
		return -1;
	}
	return 0;
}

static int after(int result)
{
	int error = errno;

	pthread_mutex_unlock(&disk.lock);
	errno = error;
	return result;
}

ssize_t __wrap_pwritev(int fd, const struct iovec *pieces, int count, off_t offset)
{
	size_t length = 0;
	ssize_t result;

	disk.at_work++;
	for (int i = 0; i < count; i++)
		length += pieces[i].iov_len;
	pthread_mutex_lock(&disk.lock);
	if (disk.active && disk.operations + 1 == disk.crash_at && rand() % 2) {
		/* cut off somewhere in it */
		size_t part = (size_t)rand() % (length + 1);

		keep_old(fd, offset, length);
		for (int i = 0; i < count && part; i++) {
			size_t now = pieces[i].iov_len < part ? pieces[i].iov_len : part;

			put_at(fd, pieces[i].iov_base, now, offset);
			offset += (off_t)now;
			part -= now;
		}
		crash();
	}
	pthread_mutex_unlock(&disk.lock);
	if (before()) {
		disk.at_work--;
		return after(-1);
	}
	if (disk.active)
		keep_old(fd, offset, length);
	result = __real_pwritev(fd, pieces, count, offset);
	after(0);
	be_slow();
	return result;
}

/** The kernel lives on, so where nothing is timed there is nothing to wait for. */
static bool waits(void)
{
	return !disk.crash_at && !disk.fail_at && !disk.no_sync;
}

static int sync_by(int (*call)(int fd), int fd)
{
	int result;

	disk.at_work++;
	if (before()) {
		disk.at_work--;
		return after(-1);
	}
	forget_changes(inode_of(fd));
	result = after(waits() ? call(fd) : 0);
	be_slow();
	return result;
}

int __wrap_fdatasync(int fd)
{
	return sync_by(__real_fdatasync, fd);
}

int __wrap_fsync(int fd)
{
	return sync_by(__real_fsync, fd);
}

int __wrap_ftruncate(int fd, off_t length)
{
	if (before())
		return after(-1);
	if (disk.active)
		keep_old(fd, length, 0);
	return after(__real_ftruncate(fd, length));
}

int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	struct folder_change *change;

	if (before())
		return after(-1);
	if (__real_renameat(from_dir, from, to_dir, to))
		return after(-1);
	change = note_folder(RENAMED, from_dir, from);
	(void)snprintf(change->to, sizeof(change->to), "%s", to);
	return after(0);
}

int __wrap_unlinkat(int dir, const char *name, int flags)
{
	struct folder_change *change;
	static unsigned backups;
	char backup[64];

	if (before())
		return after(-1);
	/* not in the folder itself, which may be removed next */
	(void)snprintf(backup, sizeof(backup), "../.undo-%d-%u", (int)getpid(), backups++);
	if (linkat(dir, name, dir, backup, 0))
		backup[0] = 0;
	if (__real_unlinkat(dir, name, flags)) {
		int error = errno;

		if (backup[0])
			(void)__real_unlinkat(dir, backup, 0);
		errno = error;
		return after(-1);
	}
	change = note_folder(UNLINKED, dir, name);
	memcpy(change->backup, backup, sizeof(backup));
	return after(0);
}

int __wrap_symlinkat(const char *target, int dir, const char *name)
{
	if (before())
		return after(-1);
	if (__real_symlinkat(target, dir, name))
		return after(-1);
	(void)note_folder(MADE, dir, name);
	return after(0);
}

int __wrap_mkdirat(int dir, const char *name, mode_t mode)
{
	if (before())
		return after(-1);
	if (__real_mkdirat(dir, name, mode))
		return after(-1);
	(void)note_folder(MADE_FOLDER, dir, name);
	return after(0);
}

int __wrap_openat(int dir, const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list args;
	int fd;

	if (!(flags & O_CREAT))
		return __real_openat(dir, name, flags);
	va_start(args, flags);
	mode = va_arg(args, mode_t);
	va_end(args);
	if (before())
		return after(-1);
	fd = __real_openat(dir, name, flags, mode);
	if (fd >= 0)
		(void)note_folder(MADE, dir, name);
	return after(fd);
}

int __wrap_tess_writer_alloc(struct tess_writer **writerp, struct tess_loop *loop, int64_t retry_us)
{
	return __real_tess_writer_alloc(writerp, loop, retry_us < RETRY_US ? retry_us : RETRY_US);
}
