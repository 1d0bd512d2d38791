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
	struct tess_record_state *state;
	struct tess_record_end *end;
	uint64_t file_size;
	struct tess_bytes head; /* as the journal has it */
};

int tess_record_end_parse(int64_t *end_utc_us, const struct tess_journal_record *record)
{
	json_t *json = json_loadb((const char *)record->payload, record->length,
				  JSON_REJECT_DUPLICATES, NULL);
	json_int_t utc_us;
	int error = json_unpack(json, "{s:I}", "end_utc_us", &utc_us) ? -EBADMSG : 0;

	if (!error)
		*end_utc_us = utc_us;
	json_decref(json);
	return error;
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
	return tess_record_state_init(r->state, r->head.data, r->head.length);
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

static int take_fragment(struct recovery *r, const struct tess_journal_record *record)
{
	struct tess_cursor cursor = tess_cursor_of(record->payload, record->length);
	uint64_t offset = tess_get_u64(&cursor);
	struct tess_moof moof;

	if (tess_moof_parse(&moof, cursor.at, tess_left(&cursor)) || offset > r->file_size ||
	    moof.total > r->file_size - offset)
		return -EBADMSG;
	return tess_record_state_apply(r->state, &moof, offset);
}

static int take_end(struct recovery *r, const struct tess_journal_record *record)
{
	r->end->ended = true;
	return tess_record_end_parse(&r->end->utc_us, record);
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
	uint64_t offset = r->state->media_end;
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
		error = tess_record_state_apply(r->state, &moof, offset);
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

/** A recording that goes on: find what the journal lacks, cut what is torn. */
static int recover_running(struct recovery *r)
{
	int error = cut(r->file->journal, r->file->journal_end, "journal", r->file);
	uint64_t known = r->state->fragments;

	while (!error) {
		int found = take_from_file(r);

		if (found <= 0) {
			error = found;
			break;
		}
	}
	if (error)
		return error;
	if (r->state->fragments > known)
		TESS_INFO("record.found", "file=%s fragments=%llu", r->file->base,
			  (unsigned long long)(r->state->fragments - known));
	if (!r->state->fragments)
		return -ENOENT;
	error = cut(r->file->fd, r->state->media_end, "mp4", r->file);
	if (!error)
		error = repair_head(r);
	if (!error && fdatasync(r->file->fd))
		error = -errno;
	r->file->media_end = r->state->media_end;
	return error;
}

/** The name that the finished file got: BASE_END.mp4. @retval 0, -ENOENT, errors */
static int find_finished(struct tess_record_file *file)
{
	size_t length = strlen(file->base);
	int error = -ENOENT, fd = openat(file->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!listing) {
		error = -errno;
		if (fd >= 0)
			(void)close(fd);
		return error;
	}
	while (error && (entry = readdir(listing))) {
		size_t entry_length = strlen(entry->d_name);

		/* _YYYY-MM-DD-HH-MM-SS.mp4 */
		if (entry_length != length + 24 ||
		    strncmp(entry->d_name, file->base, length) != 0 ||
		    entry->d_name[length] != '_' ||
		    strcmp(entry->d_name + entry_length - 4, ".mp4") != 0)
			continue;
		memcpy(file->name, entry->d_name, entry_length + 1);
		error = 0;
	}
	(void)closedir(listing);
	return error;
}

static int recover_ended(struct recovery *r)
{
	struct tess_record_file *file = r->file;
	int error;

	file->media_end = r->state->media_end;
	if (file->fd >= 0)
		return r->state->fragments ? 0 : -ENOENT;
	error = find_finished(file);
	if (error)
		return error;
	r->end->finished = true;
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
	(void)snprintf(name, sizeof(name), "%s.journal", file->base);
	file->journal = openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (file->journal < 0)
		return -errno;
	file->fd = openat(dir, file->name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (file->fd < 0) {
		r->file_size = UINT64_MAX; /* under its final name it has them all */
		return errno == ENOENT ? 0 : -errno;
	}
	if (fstat(file->fd, &info))
		return -errno;
	r->file_size = (uint64_t)info.st_size;
	return 0;
}

static int recover(struct recovery *r)
{
	int error = read_journal(r);

	/* the header was on disk before there was a file */
	if (error == -EBADMSG && r->file->fd < 0)
		return -ENOENT;
	if (error)
		return error;
	if (r->end->ended)
		return recover_ended(r);
	return r->file->fd < 0 ? -ENOENT : recover_running(r);
}

int tess_record_file_recover(struct tess_record_file *file, struct tess_record_meta *meta,
			     struct tess_record_state *state, struct tess_record_end *end, int dir,
			     const char *base)
{
	struct recovery r = {.file = file, .meta = meta, .state = state, .end = end};
	int error;

	tess_record_file_init(file);
	*state = (struct tess_record_state){0};
	*end = (struct tess_record_end){0};
	if (strlen(base) > TESS_RECORD_PREFIX_SIZE + 20)
		return -EBADMSG;
	(void)snprintf(file->base, sizeof(file->base), "%s", base);
	(void)snprintf(file->name, sizeof(file->name), "%.100s.mp4", base);
	error = open_files(&r, dir);
	if (!error)
		error = recover(&r);
	if (error == -ENOENT && file->journal >= 0) {
		TESS_INFO("record.empty", "file=%s", base);
		if (tess_record_file_remove(file))
			error = -EIO;
	}
	tess_bytes_free(&r.head);
	if (error) {
		tess_record_file_close(file);
		tess_record_state_free(state);
	}
	return error;
}
