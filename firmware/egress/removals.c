/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/removals.c - see removals.h.
 */
#include "firmware/egress/removals.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/egress/record_links.h"

/* APP/NAME, as control got it from us. */
static const char *name_of(const char *path)
{
	const char *slash = path ? strchr(path, '/') : NULL;

	if (!slash || slash == path || strspn(path, "0123456789") != (size_t)(slash - path) ||
	    slash[1] == '.' || !slash[1] || strchr(slash + 1, '/'))
		return NULL;
	return slash + 1;
}

static bool is_gone(int record_dir, const char *path)
{
	struct stat info;

	return fstatat(record_dir, path, &info, AT_SYMLINK_NOFOLLOW) && errno == ENOENT;
}

/* @return true: it was removed now */
static bool remove_one(int record_dir, int64_t id, const char *path, unsigned *budget, bool *more)
{
	int rc = tess_links_remove_one(record_dir, id, name_of(path), path, budget);

	*more |= rc == -EAGAIN;
	if (rc && rc != -ENOENT && rc != -EAGAIN)
		TESS_WARN("record.not_removed", "path=%s error=\"%s\"", path, strerror(-rc));
	if (rc)
		return false;
	TESS_INFO("record.file_removed", "record=%" PRId64 " path=%s", id, path);
	return true;
}

json_t *tess_removals_step(const char *record_dir, const json_t *wanted, bool *more)
{
	json_t *gone = json_array(), *item;
	unsigned budget = TESS_REMOVALS_A_STEP;
	size_t i;
	int fd;

	*more = false;
	if (!gone || !json_array_size(wanted))
		return gone;
	fd = open(record_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return gone;
	json_array_foreach(wanted, i, item)
	{
		const char *path = json_string_value(json_object_get(item, "path"));
		int64_t id = json_integer_value(json_object_get(item, "id"));

		if (!name_of(path))
			continue;
		if (!is_gone(fd, path) && !remove_one(fd, id, path, &budget, more))
			continue;
		(void)json_array_append(gone, item);
	}
	(void)close(fd);
	return gone;
}
