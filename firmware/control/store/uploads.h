/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/uploads.h - finished files that go to object storage: where an application
 * sends them, and how far each is. A row outlives its file's, until its objects are removed too.
 *
 * Errors and callbacks as in store.h.
 */
#ifndef TESS_CONTROL_STORE_UPLOADS_H
#define TESS_CONTROL_STORE_UPLOADS_H

#include "firmware/control/store/files.h"

#define TESS_UPLOAD_ENDPOINT_MAX 255
#define TESS_UPLOAD_BUCKET_MAX	 63 /* of S3's rules */
#define TESS_UPLOAD_REGION_MAX	 63
#define TESS_UPLOAD_PREFIX_MAX	 200
#define TESS_UPLOAD_KEY_MAX	 128
#define TESS_UPLOAD_ID_MAX	 1024
#define TESS_UPLOAD_ETAG_MAX	 127
#define TESS_UPLOAD_ERROR_MAX	 159

/** A place that objects lie in. */
struct tess_upload_place {
	char endpoint[TESS_UPLOAD_ENDPOINT_MAX + 1]; /* http(s)://host[:port] */
	char bucket[TESS_UPLOAD_BUCKET_MAX + 1];
	char region[TESS_UPLOAD_REGION_MAX + 1];
	char prefix[TESS_UPLOAD_PREFIX_MAX + 1]; /* of the objects' names */
	bool path_style;			 /* endpoint/bucket/object, not bucket.endpoint */
};

struct tess_upload_settings {
	bool enabled;
	bool delete_local; /* once the upload is verified */
	struct tess_upload_place place;
	char access_key[TESS_UPLOAD_KEY_MAX + 1];
	char secret_key[TESS_UPLOAD_KEY_MAX + 1];
};

/** Those of the application, or the defaults: not enabled, path style, us-east-1. */
int tess_store_upload_settings_get(struct tess_store *store, struct tess_upload_settings *settings,
				   uint32_t application) TESS_MUST_CHECK;
/** Uploads of the application that failed are due at once. @retval 0, -ENOENT no such application
 */
int tess_store_upload_settings_set(struct tess_store *store, uint32_t application,
				   const struct tess_upload_settings *settings,
				   int64_t now_us) TESS_MUST_CHECK;
/** The endpoints that objects of ours have gone to, each once, the newest first, at most 20. */
int tess_store_upload_endpoints(struct tess_store *store,
				int (*each)(void *arg, const struct tess_upload_place *place),
				void *arg) TESS_MUST_CHECK;

struct tess_upload {
	int64_t file; /* FileId */
	uint32_t application;
	int64_t recording;
	char path[256]; /* of the file, below the folder of recordings */
	char format[8];
	int64_t size_bytes;
	char state[12]; /* "pending", "uploading", "uploaded", "failed", "removing" */
	struct tess_upload_place place;
	bool delete_local;
	char upload_id[TESS_UPLOAD_ID_MAX + 1]; /* "" = no multipart upload is under way */
	int64_t items;				/* 0 = not known yet */
	char etag[TESS_UPLOAD_ETAG_MAX + 1];	/* of a completed multipart upload */
	unsigned attempts;			/* that failed, since something went well */
	int64_t next_us;			/* not to be tried before */
	char error[TESS_UPLOAD_ERROR_MAX + 1];
	int64_t done_bytes; /* of items that are there; read only */
};

/** state pending, nothing done. @retval 0, -EEXIST the file has an upload */
int tess_store_upload_add(struct tess_store *store,
			  const struct tess_upload *upload) TESS_MUST_CHECK;
/** @retval 0, -ENOENT */
int tess_store_upload_get(struct tess_store *store, struct tess_upload *upload,
			  int64_t file) TESS_MUST_CHECK;
/** Of the recording the file with this path, that is not being removed. @retval 0, -ENOENT */
int tess_store_upload_find(struct tess_store *store, struct tess_upload *upload, int64_t recording,
			   const char *name) TESS_MUST_CHECK;
/** Those that are not done, due first. */
int tess_store_uploads_due(struct tess_store *store, int64_t now_us,
			   int (*each)(void *arg, const struct tess_upload *row),
			   void *arg) TESS_MUST_CHECK;
/** When the first of those is due that are due later. @retval 0, -ENOENT there is none */
int tess_store_upload_next(struct tess_store *store, int64_t after_us,
			   int64_t *next_us) TESS_MUST_CHECK;
/** state, upload_id, etag, attempts, next_us and error of upload->file. @retval 0, -ENOENT */
int tess_store_upload_set(struct tess_store *store,
			  const struct tess_upload *upload) TESS_MUST_CHECK;
/** Forget what was sent, for it to be sent again from its begin. @retval 0, -ENOENT */
int tess_store_upload_restart(struct tess_store *store, int64_t file) TESS_MUST_CHECK;
/** All objects are gone. @retval 0, -ENOENT */
int tess_store_upload_remove(struct tess_store *store, int64_t file) TESS_MUST_CHECK;
/** How many of each state. */
int tess_store_upload_states(struct tess_store *store,
			     int (*each)(void *arg, const char *state, int64_t count),
			     void *arg) TESS_MUST_CHECK;

/** Files of the application whose objects are still to be removed. */
int tess_store_uploads_removing(struct tess_store *store, uint32_t application,
				int64_t *count) TESS_MUST_CHECK;

struct tess_upload_item {
	int64_t item; /* from 1: PartNumber of a part */
	char path[320];
	int64_t at_bytes, bytes;
	char etag[TESS_UPLOAD_ETAG_MAX + 1]; /* "" = not there yet */
};

/** The next one; items are added in order, then tess_store_upload_items_end(). */
int tess_store_upload_item_add(struct tess_store *store, int64_t file,
			       const struct tess_upload_item *item) TESS_MUST_CHECK;
/** That were all @p count. @p playlist: text of an HLS file, else "". @retval 0, -ENOENT */
int tess_store_upload_items_end(struct tess_store *store, int64_t file, int64_t count,
				const char *playlist) TESS_MUST_CHECK;
/** In order, from @p from on; with @p missing only those that are not there. */
int tess_store_upload_items(struct tess_store *store, int64_t file, int64_t from, bool missing,
			    int (*each)(void *arg, const struct tess_upload_item *row),
			    void *arg) TESS_MUST_CHECK;
/** It is there; the upload gets on. @retval 0, -ENOENT */
int tess_store_upload_item_done(struct tess_store *store, int64_t file, int64_t item,
				const char *etag) TESS_MUST_CHECK;
/** The text of an HLS file's playlist, to be freed. @retval 0, -ENOENT, -ENOMEM */
int tess_store_upload_playlist(struct tess_store *store, int64_t file,
			       char **playlist) TESS_MUST_CHECK;

#endif
