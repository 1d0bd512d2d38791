/* SPDX-License-Identifier: GPL-3.0-or-later
 * Brings a recording back after its process died or the power failed.
 *
 * The journal is read up to the first record that is not whole; then the file is searched onwards,
 * fragment by fragment, each proven by its CRC; what follows is torn and cut off. Nothing else is
 * changed, so doing it again, or being killed in it, makes no difference.
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
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/egress/record_journal.h"
#include "pipeline/mux/crc32c.h"

#define READ_BYTES (64u << 10)

struct recovery {
	struct tess_record_file *file;
	struct tess_record_meta *meta;
	struct tess_record_end *end;
	uint64_t file_size;
	struct tess_bytes head; /* as the journal has it */
};

int tess_record_end_parse(struct tess_record_end *end, const struct tess_journal_record *record)
{
	json_t *json = json_loadb((const char *)record->payload, record->length,
				  JSON_REJECT_DUPLICATES, NULL);
	/* an earlier firmware noted no more than the time */
	const char *final = "";
	json_int_t utc_us;
	int last = 1;
	int error = json_unpack(json, "{s:I, s?b, s?s}", "end_utc_us", &utc_us, "last", &last,
				"final", &final) ||
				    strlen(final) >= sizeof(end->final) || strchr(final, '/')
			    ? -EBADMSG
			    : 0;

	if (!error) {
		end->ended = true;
		end->utc_us = utc_us;
		end->last = last;
		(void)snprintf(end->final, sizeof(end->final), "%s", final);
	}
	json_decref(json);
	return error;
}

/** The MP4 of this name is not of this part: HLS alone may lie beside the others. */
static void leave_mp4(struct recovery *r)
{
	if (r->file->fd >= 0)
		(void)close(r->file->fd);
	r->file->fd = -1;
	r->file_size = UINT64_MAX;
}

static int take_header(struct recovery *r, const struct tess_journal_record *record)
{
	struct tess_cursor cursor = tess_cursor_of(record->payload, record->length);
	uint32_t length = tess_get_u32(&cursor);
	const uint8_t *text = tess_get_data(&cursor, length);
	int error;

	if (!text)
		return -EBADMSG;
	error = tess_record_meta_parse(r->meta, (const char *)text, length);
	if (error)
		return error;
	tess_put_data(&r->head, cursor.at, tess_left(&cursor));
	if (r->head.failed)
		return -ENOMEM;
	r->file->formats = r->meta->formats;
	if (!(r->file->formats >> TESS_RECORD_MP4 & 1))
		leave_mp4(r);
	error = tess_record_file_make_outputs(r->file);
	return error ? error
		     : tess_record_state_init(&r->file->state, r->head.data, r->head.length);
}

static int take_origin(struct recovery *r, const struct tess_journal_record *record)
{
	json_t *json = json_loadb((const char *)record->payload, record->length,
				  JSON_REJECT_DUPLICATES, NULL);
	const char *boot_id;
	json_int_t origin_us;
	int error = -EBADMSG;

	if (json_unpack(json, "{s:I, s:s}", "origin_us", &origin_us, "boot_id", &boot_id) == 0 &&
	    strlen(boot_id) < sizeof(r->meta->boot_id)) {
		r->meta->origin_us = origin_us;
		memcpy(r->meta->boot_id, boot_id, strlen(boot_id) + 1);
		error = 0;
	}
	json_decref(json);
	return error;
}

/** It counts, in all formats. @retval 0, -EBADMSG it does not follow, -ENOMEM */
static int take(struct recovery *r, const struct tess_moof *moof, uint64_t offset)
{
	struct tess_output_fragment fragment = {.state = &r->file->state, .moof = moof};
	struct tess_record_state after;
	int error;

	if (r->file->formats == 1u << TESS_RECORD_MP4)
		return tess_record_state_apply(&r->file->state, moof, offset);
	error = tess_record_state_copy(&after, &r->file->state);
	if (!error) {
		error = tess_record_state_apply(&after, moof, offset);
		if (error)
			tess_record_state_free(&after);
	}
	if (error)
		return error;
	/* outputs look at the state before it */
	for (unsigned i = 0; i < TESS_RECORD_FORMATS; i++) {
		if (r->file->outputs[i])
			r->file->outputs[i]->ops->take(r->file->outputs[i], &fragment);
	}
	tess_record_state_free(&r->file->state);
	r->file->state = after;
	return 0;
}

static int take_fragment(struct recovery *r, const struct tess_journal_record *record)
{
	struct tess_cursor cursor = tess_cursor_of(record->payload, record->length);
	uint64_t offset = tess_get_u64(&cursor);
	struct tess_moof moof;

	if (tess_moof_parse(&moof, cursor.at, tess_left(&cursor)) || offset > r->file_size ||
	    moof.total > r->file_size - offset)
		return -EBADMSG;
	return take(r, &moof, offset);
}

static int take_end(struct recovery *r, const struct tess_journal_record *record)
{
	return tess_record_end_parse(r->end, record);
}

/**
 * Read the journal; journal_end says how far it is good.
 * @retval 0, -EBADMSG its header is not, -ENOMEM, errors of the system
 */
static int read_journal(struct recovery *r)
{
	struct tess_journal_record record;
	struct tess_journal_reader reader;
	bool begun = false;
	int error;

	tess_journal_reader_init(&reader, r->file->journal);
	while ((error = tess_journal_read(&reader, &record)) > 0) {
		if (begun == (record.type == TESS_JOURNAL_HEADER) || r->end->ended) {
			error = -EBADMSG;
			break;
		}
		switch (record.type) {
		case TESS_JOURNAL_HEADER:
			error = take_header(r, &record);
			begun = !error;
			break;
		case TESS_JOURNAL_FRAGMENT:
			error = take_fragment(r, &record);
			break;
		case TESS_JOURNAL_ORIGIN:
			error = take_origin(r, &record);
			break;
		case TESS_JOURNAL_END:
			error = take_end(r, &record);
			break;
		}
		if (error)
			break;
		r->file->journal_end = reader.offset;
	}
	tess_journal_reader_free(&reader);
	if (error == -EBADMSG && begun)
		error = 0; /* the file will tell the rest */
	return !error && !begun ? -EBADMSG : error;
}

/** @retval 1 the payload of this moof makes its CRC, 0 it does not, or errors of pread */
static int payload_is_whole(const struct recovery *r, const struct tess_moof *moof,
			    const uint8_t *data, uint64_t offset)
{
	uint32_t crc = tess_moof_crc(moof, data), left = moof->total - moof->length;
	uint8_t *buffer = malloc(READ_BYTES);
	int error = buffer ? 0 : -ENOMEM;

	for (offset += moof->length; left && !error;) {
		uint32_t length = left < READ_BYTES ? left : READ_BYTES;

		error = tess_read_fully(r->file->fd, buffer, length, offset);
		if (!error)
			crc = tess_crc32c(crc, buffer, length);
		offset += length;
		left -= length;
	}
	free(buffer);
	return error ? error : crc == moof->crc;
}

/** The box at @p offset, if it can be a moof. @retval 1 *data is the caller's, 0 no moof, errors */
static int read_moof(const struct recovery *r, uint64_t offset, uint8_t **data, uint32_t *length)
{
	uint8_t header[8];
	int error;

	*data = NULL;
	if (offset > r->file_size || r->file_size - offset < sizeof(header))
		return 0;
	error = tess_read_fully(r->file->fd, header, sizeof(header), offset);
	if (error)
		return error;
	*length = (uint32_t)header[0] << 24 | (uint32_t)header[1] << 16 | (uint32_t)header[2] << 8 |
		  header[3];
	if (memcmp(header + 4, "moof", 4) != 0 || *length < sizeof(header) ||
	    *length > TESS_FMP4_MAX_MOOF_BYTES || *length > r->file_size - offset)
		return 0;
	*data = malloc(*length);
	if (!*data)
		return -ENOMEM;
	error = tess_read_fully(r->file->fd, *data, *length, offset);
	return error ? error : 1;
}

static int append_to_journal(struct recovery *r, uint64_t offset, uint8_t *data, uint32_t length)
{
	uint8_t at[8];
	int64_t written;

	for (unsigned i = 0; i < 8; i++)
		at[i] = (uint8_t)(offset >> (56 - 8 * i));
	written = tess_journal_write(r->file->journal, r->file->journal_end, TESS_JOURNAL_FRAGMENT,
				     (struct iovec[]){{at, 8}, {data, length}}, 2);
	if (written < 0)
		return (int)written;
	r->file->journal_end += (uint64_t)written;
	return 0;
}

/** One fragment that the journal does not have. @retval 1 it was whole, 0 it was not, errors */
static int take_from_file(struct recovery *r)
{
	uint64_t offset = r->file->state.media_end;
	struct tess_moof moof;
	uint8_t *data;
	uint32_t length = 0;
	int found = read_moof(r, offset, &data, &length), error;

	if (found > 0 &&
	    (tess_moof_parse(&moof, data, length) || moof.total > r->file_size - offset))
		found = 0;
	if (found > 0)
		found = payload_is_whole(r, &moof, data, offset);
	if (found > 0) {
		error = take(r, &moof, offset);
		if (!error)
			error = append_to_journal(r, offset, data, length);
		if (error)
			found = error == -EBADMSG ? 0 : error;
	}
	free(data);
	return found;
}

static int cut(int fd, uint64_t end, const char *what, const struct tess_record_file *file)
{
	struct stat info;

	if (fstat(fd, &info))
		return -errno;
	if ((uint64_t)info.st_size <= end)
		return 0;
	TESS_INFO("record.cut", "file=%s.%s bytes=%llu at=%llu", file->base, what,
		  (unsigned long long)info.st_size - end, (unsigned long long)end);
	return ftruncate(fd, (off_t)end) ? -errno : 0;
}

/** The head again, should the disk have lost it. */
static int repair_head(struct recovery *r)
{
	uint8_t *present = malloc(r->head.length);
	int error;

	if (!present)
		return -ENOMEM;
	error = tess_read_fully(r->file->fd, present, r->head.length, 0);
	if (!error && memcmp(present, r->head.data, r->head.length) != 0)
		error = tess_write_fully(r->file->fd, &(struct iovec){r->head.data, r->head.length},
					 1, 0);
	free(present);
	return error;
}

/** What the MP4 has and the journal lacks; then what is torn is cut off. */
static int recover_mp4(struct recovery *r)
{
	uint64_t known = r->file->state.fragments;
	int found, error;

	do {
		found = take_from_file(r);
	} while (found > 0);
	if (found < 0)
		return found;
	if (r->file->state.fragments > known)
		TESS_INFO("record.found", "file=%s fragments=%llu", r->file->base,
			  (unsigned long long)(r->file->state.fragments - known));
	if (!r->file->state.fragments)
		return -ENOENT;
	error = cut(r->file->fd, r->file->state.media_end, "mp4", r->file);
	if (!error)
		error = repair_head(r);
	return !error && fdatasync(r->file->fd) ? -errno : error;
}

/** One format that cannot be brought back does not hold up the others. */
static int open_outputs(struct recovery *r)
{
	struct tess_record_file *file = r->file;

	for (unsigned i = 0; i < TESS_RECORD_FORMATS; i++) {
		int error = file->outputs[i] ? file->outputs[i]->ops->open(file->outputs[i]) : 0;

		if (error && error != -EBADMSG && error != -ENOENT)
			return error;
		if (!error)
			continue;
		TESS_ERROR("record.format_lost", "file=%s%s error=\"it is shorter than it was\"",
			   file->base, tess_record_format_suffix(i));
		file->outputs[i]->ops->free(file->outputs[i]);
		file->outputs[i] = NULL;
		file->formats &= ~(1u << i);
	}
	r->meta->formats = file->formats;
	return file->formats ? 0 : -EBADMSG;
}

/** A recording that goes on: find what the journal lacks, cut what is torn. */
static int recover_running(struct recovery *r)
{
	struct tess_record_file *file = r->file;
	int error = cut(file->journal, file->journal_end, "journal", file);

	if (!error && file->fd < 0) /* none was ordered, or somebody removed it */
		file->formats &= ~(1u << TESS_RECORD_MP4);
	if (!error && !file->formats)
		return -ENOENT;
	if (!error && file->fd >= 0)
		error = recover_mp4(r);
	if (!error && !file->state.fragments)
		error = -ENOENT;
	return error ? error : open_outputs(r);
}

/** Whether all files have their final names. @retval 1, 0, or errors of the system */
static int is_finished(const struct tess_record_file *file)
{
	for (unsigned i = 0; i < TESS_RECORD_FORMATS; i++) {
		struct tess_output names = {.format = i, .dir = file->dir};
		int here, there;

		if (!(file->formats >> i & 1))
			continue;
		here = tess_output_exists(&names, file->base);
		there = here ? 0 : tess_output_exists(&names, file->final);
		if (here < 0 || there <= 0)
			return here < 0 ? here : there;
	}
	return 1;
}

static int recover_ended(struct recovery *r)
{
	struct tess_record_file *file = r->file;
	struct stat info;
	char name[TESS_RECORD_NAME_SIZE + 8];
	int finished;

	(void)snprintf(file->final, sizeof(file->final), "%s", r->end->final);
	if (!file->final[0]) {
		(void)snprintf(file->final, sizeof(file->final), "%s", file->base);
		tess_record_append_time(file->final, r->end->utc_us);
	}
	if (!file->state.fragments)
		return -ENOENT;
	finished = is_finished(file);
	if (finished <= 0)
		return finished;
	r->end->finished = true;
	(void)snprintf(name, sizeof(name), "%s.mp4", file->final);
	if (fstatat(file->dir, name, &info, AT_SYMLINK_NOFOLLOW) == 0)
		file->mp4_bytes = (uint64_t)info.st_size;
	tess_record_file_rest(file);
	/* the one who renamed it may have died before this */
	return fsync(file->dir) ? -errno : 0;
}

static int open_files(struct recovery *r, int dir)
{
	struct tess_record_file *file = r->file;
	char name[TESS_RECORD_NAME_SIZE + 16];
	struct stat info;

	file->dir = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file->dir < 0)
		return -errno;
	(void)snprintf(name, sizeof(name), "%s%s", file->base, file->journal_suffix);
	file->journal = openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (file->journal < 0)
		return -errno;
	(void)snprintf(name, sizeof(name), "%s.mp4", file->base);
	file->fd = openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (file->fd < 0) {
		r->file_size = UINT64_MAX; /* under its final name, or in others, it has them all */
		return errno == ENOENT ? 0 : -errno;
	}
	if (fstat(file->fd, &info))
		return -errno;
	r->file_size = (uint64_t)info.st_size;
	return 0;
}

/** Whether there is anything of the recording but a journal. */
static bool has_files(const struct tess_record_file *file)
{
	struct stat info;
	char name[TESS_RECORD_NAME_SIZE + 8];

	(void)snprintf(name, sizeof(name), "%s.hls", file->base);
	if (file->fd >= 0 || fstatat(file->dir, name, &info, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	for (unsigned i = 0; i < TESS_RECORD_FORMATS; i++) {
		struct tess_output names = {.format = i, .dir = file->dir};

		if (tess_output_exists(&names, file->base))
			return true;
	}
	return false;
}

static int recover(struct recovery *r)
{
	int error = read_journal(r);

	/* the header was on disk before there was a file */
	if (error == -EBADMSG && !has_files(r->file))
		return -ENOENT;
	if (error)
		return error;
	return r->end->ended ? recover_ended(r) : recover_running(r);
}

int tess_record_file_recover(struct tess_record_file *file, struct tess_record_meta *meta,
			     struct tess_record_state *state, struct tess_record_end *end, int dir,
			     const char *base)
{
	struct recovery r = {.file = file, .meta = meta, .end = end};
	int error;

	tess_record_file_init(file);
	*state = (struct tess_record_state){0};
	*end = (struct tess_record_end){0};
	if (strlen(base) > TESS_RECORD_PREFIX_SIZE + 24)
		return -EBADMSG;
	(void)snprintf(file->base, sizeof(file->base), "%s", base);
	file->journal_suffix = TESS_RECORD_JOURNAL;
	if (strlen(base) > 4 && strcmp(base + strlen(base) - 4, ".hls") == 0) {
		file->base[strlen(base) - 4] = 0;
		file->journal_suffix = TESS_RECORD_HLS_JOURNAL;
	}
	error = open_files(&r, dir);
	if (!error)
		error = recover(&r);
	if (!error)
		error = tess_record_state_copy(state, &file->state);
	if (error == -ENOENT && file->journal >= 0) {
		TESS_INFO("record.empty", "file=%s", base);
		if (tess_record_file_remove(file))
			error = -EIO;
	}
	tess_bytes_free(&r.head);
	if (error)
		tess_record_file_close(file);
	return error;
}
