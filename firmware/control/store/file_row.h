/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/file_row.h - reading rows of recording_file, for the files of the store.
 */
#ifndef TESS_CONTROL_STORE_FILE_ROW_H
#define TESS_CONTROL_STORE_FILE_ROW_H

#include "firmware/control/store/files.h"
#include "firmware/control/store/internal.h"

#define TESS_FILE_COLUMNS                                                                          \
	"SELECT id, recording, application, area, room, stream_id, record_id, format, path, name," \
	" hold, created_us, start_us, end_us, expires_us, duration_us, size_bytes, width, height," \
	" part, local, cover"                                                                      \
	" FROM recording_file AS f "

void tess_file_column(const struct tess_query *query, struct tess_file *row);
/** All rows of the query; ends it. */
int tess_file_list(struct tess_query *query, int (*each)(void *arg, const struct tess_file *row),
		   void *arg);
/** Takes a file of a recording, or all when @p path is NULL, off the index of texts; before the
 * rows are removed. */
int tess_file_texts_forget(struct tess_store *store, int64_t recording,
			   const char *path) TESS_MUST_CHECK;

#endif
