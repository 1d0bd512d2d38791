/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the formats of a recording share.
 */
#include "firmware/egress/record_output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "firmware/egress/record_journal.h"

static const struct {
	const char *name, *suffix;
	bool sound_only;
	bool is_mp3;
	int (*alloc)(struct tess_output **outputp);
} formats_of[TESS_RECORD_FORMATS] = {
	[TESS_RECORD_MP4] = {"mp4", ".mp4", false, false, NULL},
	[TESS_RECORD_HLS] = {"hls", ".m3u8", false, false, tess_output_hls_alloc},
	[TESS_RECORD_FLV] = {"flv", ".flv", false, false, tess_output_flv_alloc},
	[TESS_RECORD_AAC] = {"aac", ".aac", true, false, tess_output_sound_alloc},
	[TESS_RECORD_MP3] = {"mp3", ".mp3", true, true, tess_output_sound_alloc},
};

const char *tess_record_format_name(enum tess_record_format format)
{
	return formats_of[format].name;
}

const char *tess_record_format_suffix(enum tess_record_format format)
{
	return formats_of[format].suffix;
}

unsigned tess_record_format_bit(const char *name)
{
	for (unsigned i = 0; i < TESS_RECORD_FORMATS; i++) {
		if (strcmp(formats_of[i].name, name) == 0)
			return 1u << i;
	}
	return 0;
}

unsigned tess_record_formats_for(unsigned formats, bool has_video, enum tess_codec sound)
{
	for (unsigned i = 0; i < TESS_RECORD_FORMATS; i++) {
		bool heard = sound && (sound == TESS_CODEC_MP3) == formats_of[i].is_mp3;
		bool seen = has_video && !sound && !formats_of[i].sound_only;

		if (!heard && !seen)
			formats &= ~(1u << i);
	}
	return formats;
}

const uint8_t *tess_output_description(const struct tess_output_fragment *fragment, unsigned track,
				       unsigned index, size_t *length)
{
	const struct tess_moof_run *run = &fragment->moof->runs[track];

	*length = 0;
	if (run->count && run->fresh && run->description == index) {
		*length = run->fresh_length;
		return run->fresh;
	}
	if (!index || index > fragment->state->track[track].count)
		return NULL;
	*length = fragment->state->track[track].list[index - 1].length;
	return fragment->state->track[track].list[index - 1].data;
}

int tess_output_alloc(struct tess_output **outputp, enum tess_record_format format, int dir,
		      const char *base)
{
	int error = formats_of[format].alloc(outputp);

	if (error)
		return error;
	(*outputp)->format = format;
	(*outputp)->dir = dir;
	(void)snprintf((*outputp)->base, sizeof((*outputp)->base), "%s", base);
	return 0;
}

static void name_of(char name[TESS_RECORD_NAME_SIZE + 8], const struct tess_output *output,
		    const char *base)
{
	(void)snprintf(name, TESS_RECORD_NAME_SIZE + 8, "%s%s", base,
		       tess_record_format_suffix(output->format));
}

int tess_output_open_file(const struct tess_output *output)
{
	char name[TESS_RECORD_NAME_SIZE + 8];
	struct stat info;
	int error = 0, fd;

	name_of(name, output, output->base);
	fd = openat(output->dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT && !output->bytes)
		fd = openat(output->dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &info))
		error = -errno;
	else if ((uint64_t)info.st_size < output->bytes)
		error = -EBADMSG;
	else if ((uint64_t)info.st_size > output->bytes && ftruncate(fd, (off_t)output->bytes))
		error = -errno;
	if (!error)
		return fd;
	(void)close(fd);
	return error;
}

int tess_output_append(const struct tess_output *output, int fd, const struct tess_bytes *bytes)
{
	int error, ignored;

	if (bytes->failed)
		return -ENOMEM;
	error = tess_write_fully(fd, &(struct iovec){bytes->data, bytes->length}, 1, output->bytes);
	if (!error && fdatasync(fd))
		error = -errno;
	if (error) {
		ignored = ftruncate(fd, (off_t)output->bytes);
		(void)ignored;
	}
	return error;
}

int tess_output_exists(const struct tess_output *output, const char *base)
{
	char name[TESS_RECORD_NAME_SIZE + 8];
	struct stat info;

	name_of(name, output, base);
	if (fstatat(output->dir, name, &info, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0 : -errno;
}

int tess_output_rename(const struct tess_output *output, const char *final)
{
	char from[TESS_RECORD_NAME_SIZE + 8], to[TESS_RECORD_NAME_SIZE + 8];
	int there;

	name_of(from, output, output->base);
	name_of(to, output, final);
	if (renameat(output->dir, from, output->dir, to) == 0)
		return 0;
	if (errno != ENOENT)
		return -errno;
	there = tess_output_exists(output, final);
	return there < 0 ? there : there ? 0 : -ENOENT;
}

static int unlink_base(const struct tess_output *output, const char *base)
{
	char name[TESS_RECORD_NAME_SIZE + 8];

	name_of(name, output, base);
	return unlinkat(output->dir, name, 0) && errno != ENOENT ? -errno : 0;
}

int tess_output_unlink(struct tess_output *output, const char *final)
{
	int error = unlink_base(output, output->base);

	return !error && final ? unlink_base(output, final) : error;
}

int tess_output_remove_some(int dir, const char *name, unsigned *budget)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), error = 0;
	DIR *listing = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!listing) {
		error = -errno;
		if (fd >= 0)
			(void)close(fd);
		return error == -ENOENT ? 0 : error;
	}
	while (!error && (entry = readdir(listing))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (!*budget)
			error = -EAGAIN;
		else if (unlinkat(fd, entry->d_name, 0))
			error = -errno;
		else
			--*budget;
	}
	if (!error && unlinkat(dir, name, AT_REMOVEDIR))
		error = -errno;
	(void)closedir(listing);
	return error;
}

int tess_output_remove_folder(int dir, const char *name)
{
	unsigned all = UINT_MAX;

	return tess_output_remove_some(dir, name, &all);
}
