/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/internal.h - what the files of the store share.
 */
#ifndef TESS_CONTROL_STORE_INTERNAL_H
#define TESS_CONTROL_STORE_INTERNAL_H

#include "firmware/control/store/db.h"
#include "firmware/control/store/store.h"

struct tess_store {
	struct tess_db *db;
};

/** Bind application, room_type, room: the order of the columns everywhere. */
void tess_store_bind_room(struct tess_query *query, const struct tess_cloud_room *room);
/** Read them back from three columns. */
void tess_store_column_room(const struct tess_query *query, int column,
			    struct tess_cloud_room *room);
/** Bind a text, "" as a null. */
void tess_store_bind_optional(struct tess_query *query, const char *text);
/** Run; -ENOENT when no row was changed. */
int tess_store_run_one(struct tess_query *query) TESS_MUST_CHECK;
/** The first column of the first row. @retval 0, -ENOENT no row */
int tess_store_value(struct tess_query *query, int64_t *value) TESS_MUST_CHECK;

#endif
