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
	/* 2: the user that started a mix ('' = the API), and the other CDN it is sent to ('' =
	 * none; JSON, with a secret in it) */
	"ALTER TABLE mix ADD COLUMN starter TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE mix ADD COLUMN publish TEXT NOT NULL DEFAULT '';",
	/* 3: how an application's pictures that stand still are shown ('' = as the box has it) */
	"ALTER TABLE application ADD COLUMN frozen TEXT NOT NULL DEFAULT '';",

	/* 2 */
	"CREATE TABLE picture("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" application INTEGER NOT NULL REFERENCES application(id) ON DELETE CASCADE,"
	" format TEXT NOT NULL CHECK(format IN ('png','jpeg','bmp')),"
	" width INTEGER NOT NULL," /* these four are the client's own */
	" height INTEGER NOT NULL,"
	" x INTEGER NOT NULL,"
	" y INTEGER NOT NULL,"
	" hash TEXT NOT NULL," /* SHA-256 of the content, in hex */
	" created_us INTEGER NOT NULL,"
	" content BLOB NOT NULL);"
	"CREATE INDEX picture_application ON picture(application, id);"
	"CREATE INDEX picture_hash ON picture(hash);"

	/* what mixes show by its address, for as long as one names it */
	"CREATE TABLE fetched("
	" url TEXT PRIMARY KEY,"
	" hash TEXT NOT NULL,"
	" content BLOB NOT NULL);"
	"CREATE INDEX fetched_hash ON fetched(hash);",
	/* 5: settings of recording, storage areas, files, callbacks, usage */
	"CREATE TABLE storage_area("
	" id INTEGER PRIMARY KEY AUTOINCREMENT," /* SubAppId */
	" application INTEGER NOT NULL REFERENCES application(id) ON DELETE CASCADE,"
	" name TEXT NOT NULL,"
	" description TEXT NOT NULL,"
	" status TEXT NOT NULL CHECK(status IN ('On','Off','Destroyed')),"
	" quota_bytes INTEGER NOT NULL," /* 0: none */
	" created_us INTEGER NOT NULL);"
	"CREATE INDEX storage_area_application ON storage_area(application);"
	"INSERT INTO sqlite_sequence(name, seq) VALUES('storage_area', 1500000000);"

	"CREATE TABLE record_setting("
	" application INTEGER PRIMARY KEY REFERENCES application(id) ON DELETE CASCADE,"
	" mode TEXT NOT NULL CHECK(mode IN ('rest','specified','automatic')),"
	" formats TEXT NOT NULL," /* e.g. 'hls mp4' */
	" split_minutes INTEGER NOT NULL,"
	" resume_timeout_s INTEGER NOT NULL,"
	" retention_days INTEGER NOT NULL," /* 0: for ever */
	" area INTEGER NOT NULL,"	    /* 0: the application's own */
	" callback_url TEXT NOT NULL,"
	" callback_key TEXT NOT NULL);"

	/* as the settings were when the recording began */
	"ALTER TABLE recording ADD COLUMN formats TEXT NOT NULL DEFAULT 'mp4';"
	"ALTER TABLE recording ADD COLUMN split_minutes INTEGER NOT NULL DEFAULT 120;"
	"ALTER TABLE recording ADD COLUMN resume_timeout_s INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE recording ADD COLUMN retention_days INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE recording ADD COLUMN area INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE recording ADD COLUMN callback_url TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE recording ADD COLUMN callback_key TEXT NOT NULL DEFAULT '';"
	/* of its duration, what is in the table usage */
	"ALTER TABLE recording ADD COLUMN metered_us INTEGER NOT NULL DEFAULT 0;"
	"DROP INDEX recording_record_id;"
	"CREATE INDEX recording_record_id ON recording(record_id, id);"
	"CREATE INDEX recording_begin ON recording(coalesce(start_us, created_us));"
	"CREATE INDEX recording_area ON recording(area) WHERE area != 0;"

	/* What is finished, a row a file. Texts of the recording are repeated for the search. */
	"CREATE TABLE recording_file("
	" id INTEGER PRIMARY KEY AUTOINCREMENT," /* FileId: 19 digits, rising */
	" recording INTEGER NOT NULL REFERENCES recording(id) ON DELETE CASCADE,"
	" application INTEGER NOT NULL,"
	" area INTEGER NOT NULL,"
	" room TEXT NOT NULL,"
	" stream_id TEXT NOT NULL,"
	" record_id TEXT NOT NULL,"
	" format TEXT NOT NULL,"
	" part INTEGER NOT NULL DEFAULT 1," /* of a recording that was split */
	" path TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" state TEXT NOT NULL DEFAULT 'there' CHECK(state IN ('there','deleting')),"
	" hold INTEGER NOT NULL DEFAULT 0,"
	" created_us INTEGER NOT NULL,"
	" start_us INTEGER NOT NULL,"
	" end_us INTEGER NOT NULL,"
	" expires_us INTEGER," /* null: never */
	" duration_us INTEGER NOT NULL,"
	" size_bytes INTEGER NOT NULL,"
	" width INTEGER NOT NULL,"
	" height INTEGER NOT NULL,"
	" UNIQUE(recording, path));"
	"CREATE INDEX recording_file_created ON recording_file(application, area, created_us);"
	"CREATE INDEX recording_file_name ON recording_file(application, area, name);"
	"CREATE INDEX recording_file_stream ON recording_file(application, area, stream_id);"
	"CREATE INDEX recording_file_bytes ON recording_file(application, area, size_bytes);"
	"CREATE INDEX recording_file_expires ON recording_file(expires_us)"
	" WHERE state = 'there' AND NOT hold AND expires_us IS NOT NULL;"
	"CREATE INDEX recording_file_deleting ON recording_file(recording)"
	" WHERE state = 'deleting';"
	"CREATE VIRTUAL TABLE recording_text USING fts5(name, content='recording_file',"
	" content_rowid='id', tokenize='trigram');"
	"INSERT INTO recording_file(id, recording, application, area, room, stream_id, record_id,"
	" format, path, name, created_us, start_us, end_us, duration_us, size_bytes, width, height)"
	" SELECT 1000000000000000000 + id, id, application, 0, room,"
	"  CASE stream_id WHEN '' THEN record_id ELSE stream_id END, record_id, 'mp4',"
	"  path, replace(substr(path, instr(path, '/') + 1), '.mp4', ''),"
	"  coalesce(end_us, created_us), coalesce(start_us, created_us),"
	"  coalesce(end_us, created_us), duration_us, size_bytes, width, height"
	" FROM recording WHERE state = 'finished' AND path != '';"
	"INSERT INTO recording_text(rowid, name) SELECT id, name FROM recording_file;"

	"CREATE TABLE callback("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" application INTEGER NOT NULL REFERENCES application(id) ON DELETE CASCADE,"
	" recording INTEGER NOT NULL," /* its order is kept */
	" event_type INTEGER NOT NULL,"
	" url TEXT NOT NULL,"
	" key TEXT NOT NULL,"  /* signs; empty: not signed */
	" body TEXT NOT NULL," /* JSON without t and sign */
	" state TEXT NOT NULL CHECK(state IN ('waiting','dead')),"
	" attempts INTEGER NOT NULL DEFAULT 0,"
	" created_us INTEGER NOT NULL,"
	" next_us INTEGER NOT NULL,"
	" error TEXT NOT NULL DEFAULT '');"
	"CREATE INDEX callback_order ON callback(recording, id) WHERE state = 'waiting';"
	"CREATE INDEX callback_due ON callback(next_us) WHERE state = 'waiting';"
	"CREATE INDEX callback_application ON callback(application, state, id);"

	/* recorded time, in slots of five minutes */
	"CREATE TABLE usage("
	" application INTEGER NOT NULL REFERENCES application(id) ON DELETE CASCADE,"
	" slot_us INTEGER NOT NULL,"
	" tier TEXT NOT NULL CHECK(tier IN ('audio','sd','hd','fhd')),"
	" us INTEGER NOT NULL,"
	" PRIMARY KEY(application, slot_us, tier)) WITHOUT ROWID;",
	/* 6: relays. Desired: a stream is pushed to another server */
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
	/* 7: what users send as live streams of their own */
	"ALTER TABLE application ADD COLUMN live_all INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE application ADD COLUMN name_rule TEXT NOT NULL DEFAULT 'plain'"
	" CHECK(name_rule IN ('plain','md5'));"
	"ALTER TABLE application ADD COLUMN biz_id INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE publisher ADD COLUMN stream_id TEXT NOT NULL DEFAULT '';" /* as given */
	"ALTER TABLE publisher ADD COLUMN record_id TEXT NOT NULL DEFAULT '';"
	/* stream_id, or else by the application's rule; a live stream has it alone */
	"ALTER TABLE publisher ADD COLUMN stream_name TEXT NOT NULL DEFAULT '';"
	/* of who is there already, by the rule that all have now, where nothing is to be encoded */
	"UPDATE publisher SET stream_name = application || '_' || room || '_' || user || '_' ||"
	" stream_type WHERE room NOT GLOB '*[^A-Za-z0-9_.~-]*';"
	"ALTER TABLE publisher ADD COLUMN live INTEGER NOT NULL DEFAULT 0;"
	"CREATE UNIQUE INDEX publisher_live ON publisher(stream_name) WHERE live;"
	"CREATE INDEX publisher_stream_name ON publisher(application, stream_name);",
	/* 8: who may watch and push live streams; usage that is counted */
	"CREATE TABLE live_domain("
	" kind TEXT NOT NULL CHECK(kind IN ('play','push')),"
	" name TEXT NOT NULL,"
	" application INTEGER NOT NULL REFERENCES application(id) ON DELETE CASCADE,"
	" enabled INTEGER NOT NULL," /* 1: the address must be signed */
	" key TEXT NOT NULL,"	     /* in clear: addresses are checked with it */
	" back_key TEXT NOT NULL,"
	" delta_s INTEGER NOT NULL,"
	" created_us INTEGER NOT NULL,"
	" PRIMARY KEY(kind, name)) WITHOUT ROWID;"
	"CREATE INDEX live_domain_application ON live_domain(application);"

	"CREATE TABLE live_setting("
	" application INTEGER PRIMARY KEY REFERENCES application(id) ON DELETE CASCADE,"
	" referrer_mode TEXT NOT NULL CHECK(referrer_mode IN ('off','allow','deny')),"
	" referrer_empty INTEGER NOT NULL,"
	" referrers TEXT NOT NULL," /* blanks between */
	" ip_allow TEXT NOT NULL,"
	" ip_deny TEXT NOT NULL,"
	" origins TEXT NOT NULL,"
	" max_viewers INTEGER NOT NULL," /* 0: as the box has it */
	" max_stream_viewers INTEGER NOT NULL);"

	/* in slots of five minutes: bytes, or microseconds */
	"CREATE TABLE amount("
	" application INTEGER NOT NULL REFERENCES application(id) ON DELETE CASCADE,"
	" slot_us INTEGER NOT NULL,"
	" item TEXT NOT NULL,"
	" amount INTEGER NOT NULL,"
	" PRIMARY KEY(application, slot_us, item)) WITHOUT ROWID;"
	/* of a process's counts, what is in the table amount */
	"CREATE TABLE amount_told("
	" application INTEGER NOT NULL REFERENCES application(id) ON DELETE CASCADE,"
	" item TEXT NOT NULL,"
	" run INTEGER NOT NULL,"
	" told INTEGER NOT NULL,"
	" PRIMARY KEY(application, item)) WITHOUT ROWID;",
	/* 9: recordings of single users */
	/* 'mix'; or of a user, and then why: 'automatic', 'specified', 'api' */
	"ALTER TABLE recording ADD COLUMN cause TEXT NOT NULL DEFAULT 'mix';"
	"ALTER TABLE recording ADD COLUMN user TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE recording ADD COLUMN stream_type TEXT NOT NULL DEFAULT '';"
	/* the user has left: then it ends; null: the user is there */
	"ALTER TABLE recording ADD COLUMN ends_us INTEGER;"
	/* what the names of its files begin with */
	"ALTER TABLE recording ADD COLUMN prefix TEXT NOT NULL DEFAULT '';"
	"UPDATE recording SET prefix = record_id;"
	"DROP INDEX recording_record_id;"
	"CREATE INDEX recording_prefix ON recording(prefix, id);",
	/* 10: upload of finished files to object storage */
	"CREATE TABLE upload_setting("
	" application INTEGER PRIMARY KEY REFERENCES application(id) ON DELETE CASCADE,"
	" enabled INTEGER NOT NULL,"
	" endpoint TEXT NOT NULL," /* http(s)://host[:port] */
	" bucket TEXT NOT NULL,"
	" region TEXT NOT NULL,"
	" prefix TEXT NOT NULL,"
	" path_style INTEGER NOT NULL,"
	" access_key TEXT NOT NULL,"
	" secret_key TEXT NOT NULL," /* in clear: requests are signed with it */
	" delete_local INTEGER NOT NULL);"

	/* An object, or the objects of an HLS file. The row outlives its file's until they are
	 * removed. Where it lies is as the settings were when it began. */
	"CREATE TABLE upload("
	" file INTEGER PRIMARY KEY," /* FileId */
	" application INTEGER NOT NULL REFERENCES application(id) ON DELETE CASCADE,"
	" recording INTEGER NOT NULL,"
	" path TEXT NOT NULL,"
	" format TEXT NOT NULL,"
	" size_bytes INTEGER NOT NULL,"
	" state TEXT NOT NULL"
	"  CHECK(state IN ('pending','uploading','uploaded','failed','removing')),"
	" endpoint TEXT NOT NULL,"
	" bucket TEXT NOT NULL,"
	" region TEXT NOT NULL,"
	" prefix TEXT NOT NULL,"
	" path_style INTEGER NOT NULL,"
	" delete_local INTEGER NOT NULL,"
	" upload_id TEXT NOT NULL DEFAULT ''," /* of a multipart upload that is under way */
	" items INTEGER NOT NULL DEFAULT 0,"   /* rows of upload_item; 0: not known yet */
	" etag TEXT NOT NULL DEFAULT '',"      /* as the upload's last answer said */
	" playlist TEXT NOT NULL DEFAULT '',"  /* of an HLS file */
	" attempts INTEGER NOT NULL DEFAULT 0,"
	" next_us INTEGER NOT NULL,"
	" error TEXT NOT NULL DEFAULT '');"
	"CREATE INDEX upload_due ON upload(next_us) WHERE state != 'uploaded';"
	"CREATE INDEX upload_state ON upload(state, application);"
	"CREATE INDEX upload_recording ON upload(recording, path);"

	/* where objects have gone to: pages may load them from there */
	"CREATE TABLE upload_origin("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" endpoint TEXT NOT NULL,"
	" bucket TEXT NOT NULL,"
	" path_style INTEGER NOT NULL,"
	" UNIQUE(endpoint, bucket, path_style));"

	/* parts of one object, or objects of an HLS file, in the order in which they are sent */
	"CREATE TABLE upload_item("
	" file INTEGER NOT NULL REFERENCES upload(file) ON DELETE CASCADE,"
	" item INTEGER NOT NULL," /* from 1 */
	" path TEXT NOT NULL,"	  /* below the folder of recordings */
	" at_bytes INTEGER NOT NULL,"
	" bytes INTEGER NOT NULL,"
	" etag TEXT NOT NULL DEFAULT ''," /* empty: it is not there yet */
	" PRIMARY KEY(file, item)) WITHOUT ROWID;"

	/* 1 the file is on this disk, 2 it is to leave it, 0 it has left */
	"ALTER TABLE recording_file ADD COLUMN local INTEGER NOT NULL DEFAULT 1;"
	/* 0 nobody made a thumbnail of it, 1 it has one, 2 none could be made */
	"ALTER TABLE recording_file ADD COLUMN cover INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX recording_file_uncovered ON recording_file(id) WHERE cover = 0 AND width > 0"
	" AND local = 1 AND state = 'there' AND format IN ('mp4','hls');"
	"CREATE TABLE cover("
	" file INTEGER PRIMARY KEY REFERENCES recording_file(id) ON DELETE CASCADE,"
	" jpeg BLOB NOT NULL);"
	"CREATE INDEX recording_file_leaving ON recording_file(recording) WHERE local = 2;"
	"CREATE INDEX recording_file_path ON recording_file(path);"
	"CREATE INDEX recording_state ON recording(state);" /* to be counted */
	"CREATE INDEX recording_file_room ON recording_file(application, area, room);",
	/* 11: publishers by RTMP, who have no ports; what they send: 1 pictures, 2 sound; 0: by RTP
	 */
	"ALTER TABLE publisher ADD COLUMN rtmp INTEGER NOT NULL DEFAULT 0;",
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
