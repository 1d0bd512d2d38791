/* SPDX-License-Identifier: GPL-3.0-or-later
 * Creates, appends to and finishes a recording on disk.
 */
#include "firmware/egress/record_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/egress/record_journal.h"
#include "pipeline/mux/mp4_index.h"

/** How many seconds a start or end may be moved to find a free name. */
#define NAME_TRIES 600
/** Two days before the year 10000, so that it is so in every time zone. */
#define MAX_UTC_S 253402128000

void tess_record_file_init(struct tess_record_file *file)
{
	*file = (struct tess_record_file){.dir = -1, .fd = -1, .journal = -1};
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

void tess_record_file_close(struct tess_record_file *file)
{
	for (unsigned i = 0; i < TESS_RECORD_FORMATS; i++) {
		if (file->outputs[i])
			file->outputs[i]->ops->free(file->outputs[i]);
		file->outputs[i] = NULL;
	}
	tess_record_state_free(&file->state);
	close_fd(&file->fd);
	close_fd(&file->journal);
	close_fd(&file->dir);
}

static bool has_mp4(const struct tess_record_file *file)
{
	return file->formats >> TESS_RECORD_MP4 & 1;
}

int tess_record_file_make_outputs(struct tess_record_file *file)
{
	for (unsigned i = 0; i < TESS_RECORD_FORMATS; i++) {
		if (i == TESS_RECORD_MP4 || !(file->formats >> i & 1))
			continue;
		if (tess_output_alloc(&file->outputs[i], i, file->dir, file->base))
			return -ENOMEM;
	}
	return 0;
}

/** Append _YYYY-MM-DD-HH-MM-SS; beyond the years of four digits it is 1970. */
void tess_record_append_time(char name[TESS_RECORD_NAME_SIZE], int64_t utc_us)
{
	time_t seconds = (time_t)(utc_us / 1000000);
	size_t length = strlen(name);
	struct tm local;

	if (seconds < 0 || seconds > MAX_UTC_S)
		seconds = 0;
	if (!localtime_r(&seconds, &local) ||
	    !strftime(name + length, TESS_RECORD_NAME_SIZE - length, "_%Y-%m-%d-%H-%M-%S", &local))
		name[length] = 0;
}

static int open_new(int dir, const char *base, const char *suffix)
{
	char name[TESS_RECORD_NAME_SIZE + 16];
	int fd;

	(void)snprintf(name, sizeof(name), "%s%s", base, suffix);
	fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	return fd < 0 ? -errno : fd;
}

static int unlink_suffix(int dir, const char *base, const char *suffix)
{
	char name[TESS_RECORD_NAME_SIZE + 16];

	(void)snprintf(name, sizeof(name), "%s%s", base, suffix);
	return unlinkat(dir, name, 0) && errno != ENOENT ? -errno : 0;
}

static int open_app_dir(int record_dir, int64_t app)
{
	char name[24];
	int fd;

	(void)snprintf(name, sizeof(name), "%lld", (long long)app);
	/* synced even if it was there: whoever made it may have died before it was on disk */
	if ((mkdirat(record_dir, name, 0750) && errno != EEXIST) || fsync(record_dir))
		return -errno;
	fd = openat(record_dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int write_header(struct tess_record_file *file, const struct tess_record_meta *meta,
			const uint8_t *head, size_t length)
{
	char *text = tess_record_meta_dump(meta);
	size_t text_length;
	uint8_t size[4];
	int64_t written;

	if (!text)
		return -ENOMEM;
	text_length = strlen(text);
	for (unsigned i = 0; i < 4; i++)
		size[i] = (uint8_t)(text_length >> (24 - 8 * i));
	written = tess_journal_write(
		file->journal, 0, TESS_JOURNAL_HEADER,
		(struct iovec[]){{size, 4}, {text, text_length}, {(void *)head, length}}, 3);
	free(text);
	if (written < 0)
		return (int)written;
	file->journal_end = (uint64_t)written;
	return fdatasync(file->journal) ? -errno : 0;
}

/** Whether a file of ours, in the making or finished, might have this name behind its base. */
static bool is_ours(const struct tess_record_file *file, const char *rest)
{
	size_t length = strlen(rest);

	if (rest[0] != '_' && rest[0] != '.')
		return false;
	if (strcmp(rest, file->journal_suffix) == 0)
		return true;
	for (unsigned i = 0; i < TESS_RECORD_FORMATS; i++) {
		const char *suffix = tess_record_format_suffix(i);

		if ((file->formats >> i & 1) && length >= strlen(suffix) &&
		    strcmp(rest + length - strlen(suffix), suffix) == 0)
			return true;
	}
	return (file->formats >> TESS_RECORD_HLS & 1) && strcmp(rest, ".hls") == 0;
}

static int name_is_taken(const struct tess_record_file *file)
{
	size_t length = strlen(file->base);
	struct dirent *entry;
	int taken = 0, fd = openat(file->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = fd < 0 ? NULL : fdopendir(fd);

	if (!listing) {
		taken = -errno;
		if (fd >= 0)
			(void)close(fd);
		return taken;
	}
	while (!taken && (entry = readdir(listing)))
		taken = strncmp(entry->d_name, file->base, length) == 0 &&
			is_ours(file, entry->d_name + length);
	(void)closedir(listing);
	return taken;
}

static int create_mp4(struct tess_record_file *file, const uint8_t *head, size_t length)
{
	file->fd = open_new(file->dir, file->base, ".mp4");
	if (file->fd < 0)
		return file->fd;
	return tess_write_fully(file->fd, &(struct iovec){(void *)head, length}, 1, 0);
}

static int create_files(struct tess_record_file *file, const uint8_t *head, size_t length)
{
	int error = tess_record_state_init(&file->state, head, length);

	if (!error)
		error = tess_record_file_make_outputs(file);
	for (unsigned i = 0; i < TESS_RECORD_FORMATS && !error; i++) {
		if (file->outputs[i])
			error = file->outputs[i]->ops->open(file->outputs[i]);
	}
	if (!error && has_mp4(file))
		error = create_mp4(file, head, length);
	if (!error && fsync(file->dir))
		error = -errno;
	return error;
}

/** Journal and files under one name. @retval 0, -EEXIST it is taken, or another negative errno */
static int create_all(struct tess_record_file *file, const struct tess_record_meta *meta,
		      const uint8_t *head, size_t length)
{
	int error = name_is_taken(file), dir = file->dir;

	if (error)
		return error < 0 ? error : -EEXIST;
	file->journal = open_new(file->dir, file->base, file->journal_suffix);
	if (file->journal < 0)
		return file->journal;
	error = write_header(file, meta, head, length);
	if (!error)
		error = create_files(file, head, length);
	if (!error)
		return 0;
	/* what cannot be removed is empty, which the next start sees */
	if (tess_record_file_remove(file))
		TESS_WARN("record.not_removed", "file=%s", file->base);
	file->dir = -1;
	tess_record_file_close(file);
	file->dir = dir;
	return error;
}

int tess_record_file_create(struct tess_record_file *file, int record_dir,
			    const struct tess_record_meta *meta, const uint8_t *head, size_t length)
{
	int error = -EEXIST;

	if (!tess_record_prefix_is_good(meta->prefix))
		return -EINVAL;
	file->formats = meta->formats;
	file->journal_suffix = meta->formats == 1u << TESS_RECORD_HLS ? TESS_RECORD_HLS_JOURNAL
								      : TESS_RECORD_JOURNAL;
	file->dir = open_app_dir(record_dir, meta->app);
	if (file->dir < 0)
		return file->dir;
	for (int64_t later = 0; error == -EEXIST && later < NAME_TRIES; later++) {
		(void)snprintf(file->base, sizeof(file->base), "%s", meta->prefix);
		tess_record_append_time(file->base, meta->start_utc_us + later * 1000000);
		error = create_all(file, meta, head, length);
	}
	if (error)
		close_fd(&file->dir);
	return error;
}

static int append_mp4(struct tess_record_file *file, struct iovec pieces[3])
{
	int error = tess_write_fully(file->fd, pieces, 3, file->state.media_end), ignored;

	if (!error && fdatasync(file->fd))
		error = -errno;
	if (error) {
		/* leave no half fragment to those who read the file meanwhile */
		ignored = ftruncate(file->fd, (off_t)file->state.media_end);
		(void)ignored;
	}
	return error;
}

static int append_journal(struct tess_record_file *file, const struct tess_bytes *moof)
{
	uint8_t offset[8];
	int64_t written;

	for (unsigned i = 0; i < 8; i++)
		offset[i] = (uint8_t)(file->state.media_end >> (56 - 8 * i));
	/* the moof without the mdat's header */
	written = tess_journal_write(file->journal, file->journal_end, TESS_JOURNAL_FRAGMENT,
				     (struct iovec[]){{offset, 8}, {moof->data, moof->length - 8}},
				     2);
	if (written < 0)
		return (int)written;
	if (!has_mp4(file) && fdatasync(file->journal))
		return -errno;
	file->journal_end += (uint64_t)written;
	return 0;
}

/** The fragment is on disk: it counts from now on. */
static int take(struct tess_record_file *file, const struct tess_output_fragment *fragment)
{
	for (unsigned i = 0; i < TESS_RECORD_FORMATS; i++) {
		struct tess_output *output = file->outputs[i];
		int error = 0;

		if (!output)
			continue;
		output->ops->take(output, fragment);
		if (output->ops->publish)
			error = output->ops->publish(output);
		if (error)
			TESS_WARN("record.not_published", "file=%s format=%s error=\"%s\"",
				  file->base, tess_record_format_name(i), strerror(-error));
	}
	return tess_record_state_apply(&file->state, fragment->moof, file->state.media_end);
}

int tess_record_file_append(struct tess_record_file *file, const struct tess_bytes *moof,
			    const struct tess_bytes *first, const struct tess_bytes *second)
{
	struct iovec pieces[] = {{moof->data, moof->length},
				 {first->data, first->length},
				 {second->data, second->length}};
	struct tess_moof parsed;
	struct tess_output_fragment fragment = {
		.state = &file->state, .moof = &parsed, .head = moof, .payloads = {first, second}};
	int error = tess_moof_parse(&parsed, moof->data, moof->length - 8);

	for (unsigned i = 0; i < TESS_RECORD_FORMATS && !error; i++) {
		if (file->outputs[i])
			error = file->outputs[i]->ops->write(file->outputs[i], &fragment);
	}
	if (!error && has_mp4(file))
		error = append_mp4(file, pieces);
	if (!error)
		error = append_journal(file, moof);
	return error ? error : take(file, &fragment);
}

uint64_t tess_record_file_bytes(const struct tess_record_file *file, enum tess_record_format format)
{
	if (format != TESS_RECORD_MP4)
		return file->outputs[format] ? file->outputs[format]->bytes : 0;
	return file->mp4_bytes ? file->mp4_bytes : file->state.media_end;
}

static int note(struct tess_record_file *file, enum tess_journal_type type, json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	int64_t written = -ENOMEM;

	json_decref(json);
	if (text)
		written = tess_journal_write(file->journal, file->journal_end, type,
					     &(struct iovec){text, strlen(text)}, 1);
	free(text);
	if (written < 0)
		return (int)written;
	file->journal_end += (uint64_t)written;
	return 0;
}

int tess_record_file_note_origin(struct tess_record_file *file, int64_t origin_us,
				 const char *boot_id)
{
	return note(
		file, TESS_JOURNAL_ORIGIN,
		json_pack("{s:I, s:s}", "origin_us", (json_int_t)origin_us, "boot_id", boot_id));
}

/** What finishing needs of the journal. */
struct journal_index {
	struct tess_mp4_index *index;
	uint64_t media_end;
	struct tess_record_end end;
};

static int read_head(struct journal_index *out, struct tess_cursor cursor)
{
	struct tess_mp4_track tracks[TESS_MP4_TRACKS];
	int error;

	if (out->index)
		return -EBADMSG;
	(void)tess_get_data(&cursor, tess_get_u32(&cursor));
	error = tess_fmp4_head_parse(tracks, cursor.at, tess_left(&cursor));
	return error ? error : tess_mp4_index_alloc(&out->index, tracks);
}

static int read_fragment(struct journal_index *out, struct tess_cursor cursor)
{
	uint64_t offset = tess_get_u64(&cursor);
	struct tess_moof moof;

	if (!out->index || tess_moof_parse(&moof, cursor.at, tess_left(&cursor)))
		return -EBADMSG;
	out->media_end = offset + moof.total;
	return tess_mp4_index_add(out->index, &moof, offset);
}

static int read_journal(struct tess_record_file *file, struct journal_index *out)
{
	struct tess_journal_record record;
	struct tess_journal_reader reader;
	int error;

	tess_journal_reader_init(&reader, file->journal);
	while ((error = tess_journal_read(&reader, &record)) > 0) {
		struct tess_cursor cursor = tess_cursor_of(record.payload, record.length);

		error = 0;
		switch (record.type) {
		case TESS_JOURNAL_HEADER:
			error = read_head(out, cursor);
			break;
		case TESS_JOURNAL_FRAGMENT:
			error = read_fragment(out, cursor);
			break;
		case TESS_JOURNAL_END:
			error = tess_record_end_parse(&out->end, &record);
			break;
		case TESS_JOURNAL_ORIGIN:
			break;
		}
		if (error)
			break;
	}
	tess_journal_reader_free(&reader);
	return error;
}

/** Turn what lies between the ftyp and the index into one mdat. */
static int close_media(struct tess_record_file *file, struct tess_mp4_index *index,
		       const struct tess_record_meta *meta)
{
	uint8_t header[TESS_FMP4_PLACEHOLDER_BYTES], present[TESS_FMP4_PLACEHOLDER_BYTES];
	struct tess_bytes moov = {0};
	int error;

	tess_fmp4_final_header(header, file->state.media_end);
	error = tess_read_fully(file->fd, present, sizeof(present), TESS_FMP4_PLACEHOLDER_AT);
	if (error || memcmp(present, header, sizeof(header)) == 0)
		return error;
	error = tess_mp4_index_put_moov(index, meta->start_utc_us, &moov);
	/* an earlier attempt may have left a longer one */
	if (!error && ftruncate(file->fd, (off_t)file->state.media_end))
		error = -errno;
	if (!error)
		error = tess_write_fully(file->fd, &(struct iovec){moov.data, moov.length}, 1,
					 file->state.media_end);
	tess_bytes_free(&moov);
	if (!error && fdatasync(file->fd))
		error = -errno;
	if (!error)
		error = tess_write_fully(file->fd, &(struct iovec){header, sizeof(header)}, 1,
					 TESS_FMP4_PLACEHOLDER_AT);
	if (!error && fdatasync(file->fd))
		error = -errno;
	return error;
}

/** The MP4 under its final name; an earlier attempt may have got as far. */
static int finish_mp4(struct tess_record_file *file, const struct tess_record_meta *meta,
		      struct journal_index *journal)
{
	char from[TESS_RECORD_NAME_SIZE + 8], to[TESS_RECORD_NAME_SIZE + 8];
	struct stat info;
	int error = 0;

	if (file->fd >= 0 && (!journal->index || journal->media_end != file->state.media_end))
		return -EBADMSG;
	if (file->fd >= 0)
		error = close_media(file, journal->index, meta);
	(void)snprintf(from, sizeof(from), "%s.mp4", file->base);
	(void)snprintf(to, sizeof(to), "%s.mp4", file->final);
	if (!error && renameat(file->dir, from, file->dir, to) && errno != ENOENT)
		error = -errno;
	/* -ENOENT if somebody removed it */
	if (!error && fstatat(file->dir, to, &info, AT_SYMLINK_NOFOLLOW))
		error = -errno;
	if (!error)
		file->mp4_bytes = (uint64_t)info.st_size;
	return error;
}

/** Note the end, if that was not done, and with it the final name: the time zone may change. */
static int note_end(struct tess_record_file *file, const struct tess_record_end *noted,
		    const struct tess_record_end *end)
{
	int error = 0;

	(void)snprintf(file->final, sizeof(file->final), "%s", noted->final);
	if (!file->final[0]) {
		(void)snprintf(file->final, sizeof(file->final), "%s", file->base);
		tess_record_append_time(file->final, noted->ended ? noted->utc_us : end->utc_us);
	}
	if (!noted->ended)
		error = note(file, TESS_JOURNAL_END,
			     json_pack("{s:I, s:b, s:s}", "end_utc_us", (json_int_t)end->utc_us,
				       "last", (int)end->last, "final", file->final));
	return !error && fdatasync(file->journal) ? -errno : error;
}

static int finish(struct tess_record_file *file, const struct tess_record_meta *meta,
		  struct journal_index *journal, const struct tess_record_end *how)
{
	struct tess_output_end end = {file->final, &file->state};
	int error = note_end(file, &journal->end, how);

	if (!error && has_mp4(file))
		error = finish_mp4(file, meta, journal);
	for (unsigned i = 0; i < TESS_RECORD_FORMATS && !error; i++) {
		if (file->outputs[i])
			error = file->outputs[i]->ops->finish(file->outputs[i], &end);
	}
	if (!error && fsync(file->dir))
		error = -errno;
	return error;
}

/* Of many finished parts none keeps more than its folder open. */
void tess_record_file_rest(struct tess_record_file *file)
{
	for (unsigned i = 0; i < TESS_RECORD_FORMATS; i++) {
		if (file->outputs[i])
			file->outputs[i]->ops->close(file->outputs[i]);
	}
	close_fd(&file->fd);
	close_fd(&file->journal);
}

int tess_record_file_finish(struct tess_record_file *file, const struct tess_record_meta *meta,
			    const struct tess_record_end *end)
{
	struct journal_index journal = {0};
	int error = read_journal(file, &journal);

	if (!error)
		error = finish(file, meta, &journal, end);
	if (!error)
		tess_record_file_rest(file);
	tess_mp4_index_free(journal.index);
	return error;
}

int tess_record_file_remove(struct tess_record_file *file)
{
	const char *final = file->final[0] ? file->final : NULL;
	int error = 0;

	for (unsigned i = 0; i < TESS_RECORD_FORMATS && !error; i++) {
		if (file->outputs[i])
			error = file->outputs[i]->ops->remove(file->outputs[i], final);
	}
	if (!error && has_mp4(file))
		error = unlink_suffix(file->dir, file->base, ".mp4");
	if (!error && has_mp4(file) && final)
		error = unlink_suffix(file->dir, final, ".mp4");
	return error ? error : unlink_suffix(file->dir, file->base, file->journal_suffix);
}
