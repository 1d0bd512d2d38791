/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/migrations.h - the steps from one schema to the next.
 */
#ifndef TESS_CONTROL_STORE_MIGRATIONS_H
#define TESS_CONTROL_STORE_MIGRATIONS_H

#include "firmware/control/store/db.h"

/** The schema that this program writes: PRAGMA user_version. */
unsigned tess_migrations_latest(void);
/**
 * Bring the schema up to @p target (for tests; else the latest), each step in one transaction.
 * @retval 0, -ENOTSUP the file is of a newer program, or an error of the database
 */
int tess_migrations_run(struct tess_db *db, unsigned target) TESS_MUST_CHECK;

#endif
