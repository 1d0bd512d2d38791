/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/migrations.c - the steps of the schema. A step that was released is never
 * changed; a new one is added at the end.
 */
#include "firmware/control/store/migrations.h"

#include <errno.h>
#include <stdio.h>

#include "firmware/base/log.h"

/* Times are UTC microseconds. AUTOINCREMENT: an id is never used twice, also not after a delete, as
 * the other processes may still tell of the old one. */
static const char *const STEPS[] = {
	/* 1 */
	"CREATE TABLE setting(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"

	"CREATE TABLE admin_user("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" name TEXT NOT NULL UNIQUE,"
	" password TEXT NOT NULL,"   /* argon2id, encoded */
	" initial INTEGER NOT NULL," /* 1: the password is still the generated one */
	" created_us INTEGER NOT NULL);"

	"CREATE TABLE session("
	" hash TEXT PRIMARY KEY," /* SHA-256 of the cookie, in hex */
	" user INTEGER NOT NULL REFERENCES admin_user(id) ON DELETE CASCADE,"
	" created_us INTEGER NOT NULL,"
	" expires_us INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX session_user ON session(user);"

	"CREATE TABLE token("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" name TEXT NOT NULL UNIQUE,"
	" hash TEXT NOT NULL UNIQUE," /* SHA-256 of the token, in hex */
	" scope TEXT NOT NULL CHECK(scope IN ('admin','read')),"
	" created_us INTEGER NOT NULL,"
	" last_used_us INTEGER);"

	"CREATE TABLE application("
	" id INTEGER PRIMARY KEY," /* SdkAppId */
	" name TEXT NOT NULL,"
	" description TEXT NOT NULL,"
	" usersig_key TEXT NOT NULL,"
	" created_us INTEGER NOT NULL);"

	"CREATE TABLE api_key("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" secret_id TEXT NOT NULL UNIQUE,"
	" secret_key TEXT NOT NULL," /* in clear: signatures are checked with it */
	" application INTEGER NOT NULL REFERENCES application(id) ON DELETE CASCADE,"
	" enabled INTEGER NOT NULL,"
	" created_us INTEGER NOT NULL);"
	"CREATE INDEX api_key_application ON api_key(application);"

	/* desired: a user sends into a room; the id is also the order of entry */
	"CREATE TABLE publisher("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" application INTEGER NOT NULL REFERENCES application(id) ON DELETE CASCADE,"
	" room_type TEXT NOT NULL CHECK(room_type IN ('number','string')),"
	" room TEXT NOT NULL,"
	" user TEXT NOT NULL,"
	" stream_type TEXT NOT NULL CHECK(stream_type IN ('main','aux')),"
	" source TEXT NOT NULL,"
	" video_port INTEGER UNIQUE," /* null: sends no video */
	" video_payload_type INTEGER,"
	" audio_port INTEGER UNIQUE,"
	" audio_payload_type INTEGER,"
	" entered_us INTEGER NOT NULL,"
	" UNIQUE(application, room_type, room, user, stream_type));"

	/* desired: the mix of a room */
	"CREATE TABLE mix("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" application INTEGER NOT NULL REFERENCES application(id) ON DELETE CASCADE,"
	" room_type TEXT NOT NULL CHECK(room_type IN ('number','string')),"
	" room TEXT NOT NULL,"
	" epoch INTEGER NOT NULL,"
	" stream_id TEXT UNIQUE," /* null: not watched */
	" record_id TEXT,"	  /* null: not recorded */
	" params TEXT NOT NULL,"  /* JSON: video, audio, layout as on the links */
	" started_us INTEGER NOT NULL,"
	" UNIQUE(application, room_type, room));"

	"CREATE TABLE recording("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" application INTEGER NOT NULL REFERENCES application(id) ON DELETE RESTRICT,"
	" room_type TEXT NOT NULL,"
	" room TEXT NOT NULL,"
	" stream TEXT NOT NULL," /* of the mix, e.g. mix-3 */
	" stream_id TEXT NOT NULL,"
	" record_id TEXT NOT NULL,"
	" wanted INTEGER NOT NULL," /* 1: it should go on */
	" state TEXT NOT NULL,"
	" path TEXT NOT NULL DEFAULT '',"
	" created_us INTEGER NOT NULL,"
	" start_us INTEGER,"
	" end_us INTEGER,"
	" duration_us INTEGER NOT NULL DEFAULT 0,"
	" size_bytes INTEGER NOT NULL DEFAULT 0,"
	" width INTEGER NOT NULL DEFAULT 0,"
	" height INTEGER NOT NULL DEFAULT 0,"
	" gaps TEXT NOT NULL DEFAULT '[]',"
	" error TEXT NOT NULL DEFAULT '');"
	"CREATE INDEX recording_application ON recording(application, id);"
	"CREATE INDEX recording_record_id ON recording(record_id);"
	"CREATE INDEX recording_open ON recording(state)"
	" WHERE state NOT IN ('finished','failed');"

	"CREATE TABLE audit("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" at_us INTEGER NOT NULL,"
	" who TEXT NOT NULL,"
	" address TEXT NOT NULL,"
	" action TEXT NOT NULL,"
	" target TEXT NOT NULL);",

	/* 2: relays. Desired: a stream is pushed to another server */
	"CREATE TABLE relay("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" application INTEGER NOT NULL REFERENCES application(id) ON DELETE CASCADE,"
	" stream_id TEXT NOT NULL,"
	" url TEXT NOT NULL," /* with its key, in clear */
	" enabled INTEGER NOT NULL,"
	" mix INTEGER UNIQUE REFERENCES mix(id) ON DELETE CASCADE," /* null: an administrator's */
	" epoch INTEGER NOT NULL,"
	" created_us INTEGER NOT NULL,"
	" UNIQUE(application, stream_id, url));",
};

unsigned tess_migrations_latest(void)
{
	return sizeof(STEPS) / sizeof(STEPS[0]);
}

static int version_of(struct tess_db *db, unsigned *version)
{
	struct tess_query q = tess_query(db, "PRAGMA user_version");

	if (tess_query_row(&q) == 1)
		*version = (unsigned)tess_column_int(&q, 0);
	return tess_query_end(&q);
}

static int step(struct tess_db *db, unsigned version)
{
	char set[64];
	int rc;

	rc = tess_db_begin(db);
	if (rc)
		return rc;
	rc = tess_db_script(db, STEPS[version - 1]);
	if (!rc) {
		snprintf(set, sizeof(set), "PRAGMA user_version=%u", version);
		rc = tess_db_script(db, set);
	}
	return tess_db_finish(db, rc);
}

int tess_migrations_run(struct tess_db *db, unsigned target)
{
	unsigned version = 0;
	int rc;

	rc = version_of(db, &version);
	if (rc)
		return rc;
	if (version > tess_migrations_latest()) {
		TESS_ERROR("store.newer", "version=%u known=%u", version, tess_migrations_latest());
		return -ENOTSUP;
	}
	while (version < target && version < tess_migrations_latest()) {
		rc = step(db, ++version);
		if (rc)
			return rc;
		TESS_INFO("store.migrated", "version=%u", version);
	}
	return 0;
}
