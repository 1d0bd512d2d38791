/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/files.h - the finished files of recordings, which the cloud calls media.
 *
 * An area is seen through its application alone: every look-up by FileId names both. Errors and
 * callbacks as in store.h.
 */
#ifndef TESS_CONTROL_STORE_FILES_H
#define TESS_CONTROL_STORE_FILES_H

#include <jansson.h>

#include "firmware/control/store/store.h"

#define TESS_FILES_COUNT_MAX 5000 /* a search counts no further */

struct tess_file {
	int64_t id; /* FileId: 19 digits, rising, never used again */
	int64_t recording;
	uint32_t application;
	int64_t area; /* 0 = the application's own */
	char room[TESS_CLOUD_MAX_ID + 1];
	char stream_id[TESS_STREAM_NAME_MAX + 1];
	char record_id[TESS_CLOUD_MAX_ID + 1];
	char format[8]; /* "mp4", "hls", "flv", "aac", "mp3" */
	int64_t part;	/* of a recording that was split, from 1 */
	char path[256]; /* below the folder of recordings */
	char name[192]; /* of the path, without folder and suffix */
	bool hold;	/* neither retention nor anybody removes it */
	int64_t created_us, start_us, end_us;
	int64_t expires_us; /* 0 = never */
	int64_t duration_us, size_bytes;
	uint32_t width, height; /* 0 = sound alone */
	bool local;		/* on this disk; else in object storage alone; read only */
	bool cover;		/* it has a thumbnail; read only */
};

/**
 * @p file with all but its id; created_us is now.
 * @retval 0 with file->id set, -EEXIST the recording has a file of this path
 */
int tess_store_file_add(struct tess_store *store, struct tess_file *file) TESS_MUST_CHECK;
/** @retval 0, -ENOENT none that is there has this id in this area */
int tess_store_file_get(struct tess_store *store, struct tess_file *file, uint32_t application,
			int64_t area, int64_t id) TESS_MUST_CHECK;
/** @retval 1 some file has this path, 0 none, or an error */
int tess_store_file_has_path(struct tess_store *store, const char *path) TESS_MUST_CHECK;
/** Those of a recording that are there, in order of making. */
int tess_store_files_of(struct tess_store *store, int64_t recording,
			int (*each)(void *arg, const struct tess_file *row),
			void *arg) TESS_MUST_CHECK;
/** @retval 0, -ENOENT */
int tess_store_file_hold(struct tess_store *store, int64_t recording, int64_t id,
			 bool hold) TESS_MUST_CHECK;
/**
 * A file is to be removed: it is not found from now on. With the last of its recording the
 * recording goes too.
 * @retval 0, -ENOENT, -EBUSY it is held
 */
int tess_store_file_delete(struct tess_store *store, int64_t id) TESS_MUST_CHECK;
/** It is in object storage for good, and may leave this disk. @retval 0, -ENOENT none, or it is
 * held
 */
int tess_store_file_leave(struct tess_store *store, int64_t id) TESS_MUST_CHECK;
/** Files to be removed of recordings that stay, for egress; the first so many, as all are told in
 * one message: the others are there when these are gone. */
#define TESS_FILES_DELETING_MAX 5000
int tess_store_files_deleting(struct tess_store *store,
			      int (*each)(void *arg, int64_t recording, const char *path),
			      void *arg) TESS_MUST_CHECK;
/** Egress has removed it. @retval 0, -ENOENT no file of this path is to be removed */
int tess_store_file_removed(struct tess_store *store, int64_t recording,
			    const char *path) TESS_MUST_CHECK;
/** One that has expired and is not held. @retval 0 with *id, -ENOENT none */
int tess_store_file_expired(struct tess_store *store, int64_t *id, int64_t now_us) TESS_MUST_CHECK;

/** A search: what is NULL or 0 does not narrow; the arrays are JSON, any element matches. */
struct tess_file_filter {
	uint32_t application;
	int64_t area;
	const json_t *ids;	/* integers */
	const json_t *texts;	/* in the name, letters of any case */
	const char *text;	/* in the name besides */
	const json_t *prefixes; /* of the name */
	const json_t *streams, *rooms, *formats;
	const json_t *categories;	  /* "Video", "Audio" */
	int64_t created_from, created_to; /* µs, both included */
	int64_t expires_from, expires_to;
	bool oldest_first;
	int64_t limit, offset;
};

/**
 * A page, by time of making; with texts, the names that are one of them first, then those that
 * begin so (among at most some thousands of names; of more, by time alone).
 */
int tess_store_files_search(struct tess_store *store, const struct tess_file_filter *filter,
			    int (*each)(void *arg, const struct tess_file *row),
			    void *arg) TESS_MUST_CHECK;
/** How many a search finds, at most TESS_FILES_COUNT_MAX. */
int tess_store_files_count(struct tess_store *store, const struct tess_file_filter *filter,
			   int64_t *count) TESS_MUST_CHECK;

#endif
