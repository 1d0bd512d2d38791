/* SPDX-License-Identifier: GPL-3.0-or-later
 * The search among many recordings: how long a page takes, with its total, at the store.
 *
 *   bench-search [ROWS]     1000000 by default
 *
 * Half of the applications' names are common ("lesson_..."), the others rare; the searches are
 * those of the library page and of SearchMedia: by prefix and time, narrow, wide and in vain.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "firmware/control/store/db.h"
#include "firmware/control/store/files.h"

#define APP	 1400000001u
#define BEGIN_US 1600000000000000LL
#define STEP_US	 60000000LL /* one a minute */
#define GOAL_MS	 20.0
#define ROUNDS	 7

/* Of the processor's time: all is in memory, and what other programs take of it is not looked for.
 */
static double now_ms(void)
{
	struct timespec at;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
	return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static void must(int rc, const char *what)
{
	if (rc) {
		(void)fprintf(stderr, "%s: %s\n", what, strerror(-rc));
		exit(1);
	}
}

/* Rows as the store makes them, in one statement each: a million transactions would take hours. */
static void fill(struct tess_store *store, long rows)
{
	struct tess_db *db = tess_store_db(store);
	char sql[2048];

	must(tess_db_script(db, "PRAGMA cache_size = -400000; PRAGMA synchronous = OFF;"
				" PRAGMA journal_mode = OFF; PRAGMA temp_store = MEMORY"),
	     "cache");
	(void)snprintf(
		sql, sizeof(sql),
		"INSERT INTO application(id, name, description, usersig_key, created_us)"
		" VALUES(%u, 'bench', '', '', 1);"
		"CREATE TEMP TABLE n AS WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1"
		"  FROM c WHERE i < %ld) SELECT i, CASE WHEN i %% 2 THEN 'lesson_' || (i %% 100)"
		"  ELSE 'x' || printf('%%08x', i * 2654435761 %% 4294967296) END AS name FROM c;"
		"INSERT INTO recording(id, application, room_type, room, stream, stream_id,"
		" record_id, prefix, wanted, state, path, created_us, start_us, end_us)"
		" SELECT i, %u, 'number', '101', 'mix-' || i, 'stream-' || (i %% 1000), name, "
		"name, 0,"
		" 'finished', 'p', %lld + i * %lld, %lld + i * %lld, %lld + i * %lld FROM n;",
		APP, rows, APP, BEGIN_US, STEP_US, BEGIN_US, STEP_US, BEGIN_US, STEP_US);
	must(tess_db_script(db, sql), "recordings");
	(void)snprintf(
		sql, sizeof(sql),
		"INSERT INTO recording_file(id, recording, application, area, room, stream_id,"
		" record_id, format, path, name, created_us, start_us, end_us, duration_us,"
		" size_bytes, width, height) SELECT 1600000000000000000 + i, i, %u, 0,"
		" CASE WHEN i %% 5000 THEN '101' ELSE 'rare' END,"
		" 'stream-' || (i %% 1000), name, 'mp4', i || '.mp4', name || '_' || i,"
		" %lld + i * %lld, 1, 2, 3, 4, 640, 360 FROM n;"
		"INSERT INTO recording_text(rowid, name) SELECT id, name FROM recording_file;",
		APP, BEGIN_US, STEP_US);
	must(tess_db_script(db, sql), "files");
	/* as the box has it */
	must(tess_db_script(db, "PRAGMA cache_size = -16384; PRAGMA synchronous = FULL;"
				" PRAGMA journal_mode = WAL"),
	     "cache");
}

static int count_recording(void *arg, const struct tess_recording *row)
{
	(void)row;
	++*(long *)arg;
	return 0;
}

static int count_file(void *arg, const struct tess_file *row)
{
	(void)row;
	++*(long *)arg;
	return 0;
}

static double worst_ms;

static void report(const char *name, double best_ms, long found, int64_t total)
{
	(void)printf("%-44s %8.2f ms  %3ld of %lld\n", name, best_ms, found, (long long)total);
	if (best_ms > worst_ms)
		worst_ms = best_ms;
}

static void library(struct tess_store *store, const char *name, struct tess_recording_filter filter)
{
	double best_ms = 1e9;
	int64_t total = 0;
	long found = 0;

	filter.limit = 25;
	for (int i = 0; i < ROUNDS; i++) {
		double begin_ms = now_ms();

		found = 0;
		must(tess_store_recordings_count(store, &filter, &total), name);
		must(tess_store_recordings(store, &filter, count_recording, &found), name);
		if (now_ms() - begin_ms < best_ms)
			best_ms = now_ms() - begin_ms;
	}
	report(name, best_ms, found, total);
}

static void media(struct tess_store *store, const char *name, struct tess_file_filter filter)
{
	double best_ms = 1e9;
	int64_t total = 0;
	long found = 0;

	filter.application = APP;
	filter.limit = 10;
	for (int i = 0; i < ROUNDS; i++) {
		double begin_ms = now_ms();

		found = 0;
		must(tess_store_files_count(store, &filter, &total), name);
		must(tess_store_files_search(store, &filter, count_file, &found), name);
		if (now_ms() - begin_ms < best_ms)
			best_ms = now_ms() - begin_ms;
	}
	report(name, best_ms, found, total);
}

static void measure(struct tess_store *store, long rows)
{
	int64_t half_us = BEGIN_US + rows / 2 * STEP_US;
	json_t *wide = json_pack("[s]", "lesson_"), *narrow = json_pack("[s]", "xfff");
	json_t *text = json_pack("[s]", "SSON"), *rare = json_pack("[s]", "fffe");
	json_t *stream = json_pack("[s]", "stream-77"), *none = json_pack("[s]", "nothing");
	json_t *common_room = json_pack("[s]", "101"), *rare_room = json_pack("[s]", "rare");

#define LIBRARY(name, ...) library(store, name, (struct tess_recording_filter){__VA_ARGS__})
#define MEDIA(name, ...)   media(store, name, (struct tess_file_filter){__VA_ARGS__})
	LIBRARY("library: all", .limit = 0);
	LIBRARY("library: all, page 100", .offset = 2500);
	LIBRARY("library: wide prefix", .prefix = "lesson_");
	LIBRARY("library: narrow prefix", .prefix = "xfff");
	LIBRARY("library: no such prefix", .prefix = "nothing");
	LIBRARY("library: an hour", .from_us = half_us, .to_us = half_us + 3600000000);
	LIBRARY("library: half the time", .to_us = half_us);
	LIBRARY("library: wide prefix, half the time", .prefix = "lesson_", .to_us = half_us);
	LIBRARY("library: wide prefix, an hour", .prefix = "lesson_", .from_us = half_us,
		.to_us = half_us + 3600000000);
	LIBRARY("library: narrow prefix, half the time", .prefix = "xff", .to_us = half_us);
	MEDIA("SearchMedia: all", .limit = 0);
	MEDIA("SearchMedia: all, oldest first", .oldest_first = true);
	MEDIA("SearchMedia: all, the last page", .offset = 4990);
	MEDIA("SearchMedia: wide prefix", .prefixes = wide);
	MEDIA("SearchMedia: narrow prefix", .prefixes = narrow);
	MEDIA("SearchMedia: wide prefix, an hour", .prefixes = wide, .created_from = half_us,
	      .created_to = half_us + 3600000000);
	MEDIA("SearchMedia: text in half of the names", .texts = text);
	MEDIA("SearchMedia: rare text", .texts = rare);
	MEDIA("SearchMedia: no such text", .text = "nothing");
	MEDIA("SearchMedia: a stream", .streams = stream);
	MEDIA("SearchMedia: a stream, half the time", .streams = stream, .created_to = half_us);
	MEDIA("SearchMedia: no such stream", .streams = none);
	MEDIA("SearchMedia: a room of nearly all", .rooms = common_room);
	MEDIA("SearchMedia: a rare room", .rooms = rare_room);
	MEDIA("SearchMedia: no such room", .rooms = none);
	json_decref(common_room);
	json_decref(rare_room);
	json_decref(wide);
	json_decref(narrow);
	json_decref(text);
	json_decref(rare);
	json_decref(stream);
	json_decref(none);
}

int main(int argc, char **argv)
{
	long rows = argc > 1 ? strtol(argv[1], NULL, 10) : 1000000;
	char dir[] = "/tmp/tessera-search-XXXXXX", path[64];
	static const char *const files[] = {"tessera.db", "tessera.db-wal", "tessera.db-shm"};
	struct tess_store *store;

	if (rows < 1000 || !mkdtemp(dir)) {
		(void)fprintf(stderr, "usage: bench-search [ROWS], at least 1000\n");
		return 2;
	}
	must(tess_store_open(&store, dir), dir);
	fill(store, rows);
	measure(store, rows);
	tess_store_close(store);
	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
	(void)printf("result search_page=%.2f ms goal=%.0f %s\n", worst_ms, GOAL_MS,
		     worst_ms <= GOAL_MS ? "ok" : "short");
	return worst_ms <= GOAL_MS ? 0 : 1;
}
