/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/search.c - the search for files, fast among a million.
 *
 * All filters are in one statement, in which arrays are JSON texts. What differs is what leads: the
 * narrowest of ids, prefixes, streams, rooms and texts, if it finds few files by its index; else
 * the time of making, by which the files are gone through: what is common is found soon on that
 * way.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/control/store/file_row.h"

#define FEW 3000

/* The arrays that each row is compared with, taken apart once: prefixes, texts. */
#define WITH                                                           \
	"WITH p(v) AS MATERIALIZED (SELECT value FROM json_each(?4))," \
	" t(v) AS MATERIALIZED (SELECT lower(value) FROM json_each(?6)) "

/* The parameters are those of bind_filter(). */
#define MATCHES                                                                              \
	" AND state = 'there'"                                                               \
	" AND (?3 IS NULL OR f.id IN (SELECT value FROM json_each(?3)))"                     \
	" AND (?4 IS NULL OR EXISTS (SELECT 1 FROM p WHERE substr(name, 1, length(v)) = v))" \
	" AND (?5 IS NULL OR +stream_id IN (SELECT value FROM json_each(?5)))"               \
	" AND (?6 IS NULL OR EXISTS (SELECT 1 FROM t WHERE instr(lower(name), v) > 0))"      \
	" AND (?17 IS NULL OR instr(lower(name), lower(?17)) > 0)"                           \
	" AND (?7 IS NULL OR +room IN (SELECT value FROM json_each(?7)))"                    \
	" AND (?8 IS NULL OR format IN (SELECT value FROM json_each(?8)))"                   \
	" AND (?9 IS NULL OR CASE WHEN width > 0 THEN 'Video' ELSE 'Audio' END"              \
	"  IN (SELECT value FROM json_each(?9)))"                                            \
	" AND coalesce(expires_us, 9223372036854775807) >= ?12"                              \
	" AND coalesce(expires_us, 9223372036854775807) <= ?13 "

#define BY_TIME \
	"WHERE application = ?1 AND area = ?2 AND created_us >= ?10 AND created_us <= ?11" MATCHES
#define LED                                                                                \
	" AND +application = ?1 AND +area = ?2 AND +created_us >= ?10 AND +created_us <= " \
	"?11" MATCHES

#define IDS "SELECT value FROM json_each(?3)"
#define NAMES                                                                                    \
	"SELECT g.id FROM json_each(?4) CROSS JOIN recording_file AS g WHERE g.application = ?1" \
	" AND g.area = ?2 AND g.name >= value AND g.name < value || char(1114111)"
#define STREAMS                                                                                  \
	"SELECT g.id FROM json_each(?5) CROSS JOIN recording_file AS g WHERE g.application = ?1" \
	" AND g.area = ?2 AND g.stream_id = value"
#define ROOMS                                                                                    \
	"SELECT g.id FROM json_each(?7) CROSS JOIN recording_file AS g WHERE g.application = ?1" \
	" AND g.area = ?2 AND g.room = value"
/* ?14 is the expression for the index of texts */
#define TEXTS "SELECT rowid FROM recording_text WHERE recording_text MATCH ?14"

enum leader { BY_TIME_OF_MAKING = 1, BY_IDS, BY_NAMES, BY_STREAMS, BY_ROOMS, BY_TEXTS };

#define BEST                                                                            \
	"CASE WHEN ?6 IS NULL THEN 0 ELSE (SELECT min(CASE WHEN lower(name) = v THEN 0" \
	" WHEN instr(lower(name), v) = 1 THEN 1 ELSE 2 END) FROM t) END, "

struct search {
	char *ids, *prefixes, *streams, *texts, *rooms, *formats, *categories;
	char *match; /* for the index of texts; NULL: it cannot lead */
	int failed;
};

static char *dump(struct search *search, const json_t *array)
{
	char *text;

	if (!array)
		return NULL;
	text = json_dumps(array, JSON_COMPACT);
	if (!text)
		search->failed = -ENOMEM;
	return text;
}

static size_t characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80; /* UTF-8 */
	return count;
}

/* "one" OR "two": each a phrase; the index knows nothing shorter than three characters. */
static char *match_of(struct search *search, const json_t *texts)
{
	size_t size = 1, i;
	const json_t *value;
	char *match, *to;

	json_array_foreach(texts, i, value)
	{
		if (characters(json_string_value(value)) < 3)
			return NULL;
		size += 2 * strlen(json_string_value(value)) + 8;
	}
	match = to = malloc(size);
	if (!match) {
		search->failed = -ENOMEM;
		return NULL;
	}
	json_array_foreach(texts, i, value)
	{
		to = stpcpy(to, i ? " OR \"" : "\"");
		for (const char *at = json_string_value(value); *at; at++) {
			if (*at == '"')
				*to++ = '"';
			*to++ = *at;
		}
		*to++ = '"';
	}
	*to = 0;
	return match;
}

static int search_begin(struct search *search, const struct tess_file_filter *filter)
{
	*search = (struct search){0};
	search->ids = dump(search, filter->ids);
	search->prefixes = dump(search, filter->prefixes);
	search->streams = dump(search, filter->streams);
	search->texts = dump(search, filter->texts);
	search->rooms = dump(search, filter->rooms);
	search->formats = dump(search, filter->formats);
	search->categories = dump(search, filter->categories);
	if (filter->texts) {
		search->match = match_of(search, filter->texts);
	} else if (filter->text) {
		json_t *one = json_pack("[s]", filter->text);

		search->texts = dump(search, one);
		search->match = match_of(search, one);
		json_decref(one);
	}
	return search->failed;
}

static void search_end(struct search *search)
{
	char *all[] = {search->ids,   search->prefixes, search->streams,    search->texts,
		       search->rooms, search->formats,	search->categories, search->match};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		free(all[i]);
}

static void bind_filter(struct tess_query *q, const struct tess_file_filter *filter,
			const struct search *search)
{
	tess_query_int(q, filter->application);
	tess_query_int(q, filter->area);
	tess_query_text(q, search->ids);
	tess_query_text(q, search->prefixes);
	tess_query_text(q, search->streams);
	tess_query_text(q, search->texts);
	tess_query_text(q, search->rooms);
	tess_query_text(q, search->formats);
	tess_query_text(q, search->categories);
	tess_query_int(q, filter->created_from);
	tess_query_int(q, filter->created_to ? filter->created_to : INT64_MAX);
	tess_query_int(q, filter->expires_from);
	tess_query_int(q, filter->expires_to ? filter->expires_to : INT64_MAX);
	tess_query_text(q, search->match);
}

#define COUNT(what) "SELECT count(*) FROM (" what " LIMIT ?)"

/* Of the leaders that are asked for, the first that finds few. */
static int choose(struct tess_store *store, const struct tess_file_filter *filter,
		  const struct search *search)
{
	static const enum leader order[] = {BY_NAMES, BY_STREAMS, BY_ROOMS, BY_TEXTS};

	if (search->ids)
		return BY_IDS;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		struct tess_query q;
		int64_t count = 0;
		int rc;

		if (order[i] == BY_NAMES && search->prefixes) {
			q = tess_query(store->db, COUNT(NAMES));
			tess_query_int(&q, filter->application);
			tess_query_int(&q, filter->area);
			tess_query_null(&q);
			tess_query_text(&q, search->prefixes);
		} else if (order[i] == BY_STREAMS && search->streams) {
			q = tess_query(store->db, COUNT(STREAMS));
			tess_query_int(&q, filter->application);
			tess_query_int(&q, filter->area);
			tess_query_null(&q);
			tess_query_null(&q);
			tess_query_text(&q, search->streams);
		} else if (order[i] == BY_ROOMS && search->rooms) {
			q = tess_query(store->db, COUNT(ROOMS));
			tess_query_int(&q, filter->application);
			tess_query_int(&q, filter->area);
			for (int unused = 3; unused < 7; unused++)
				tess_query_null(&q);
			tess_query_text(&q, search->rooms);
		} else if (order[i] == BY_TEXTS && search->match) {
			q = tess_query(store->db, COUNT("SELECT 1 FROM recording_text"
							" WHERE recording_text MATCH ?"));
			tess_query_text(&q, search->match);
		} else {
			continue;
		}
		tess_query_int(&q, FEW + 1);
		rc = tess_store_value(&q, &count);
		if (rc)
			return rc;
		if (count <= FEW)
			return (int)order[i];
	}
	return BY_TIME_OF_MAKING;
}

#define PAGE(leader, order)                                                      \
	WITH TESS_FILE_COLUMNS "WHERE f.id IN (" leader ")" LED "ORDER BY " BEST \
			       "created_us " order ", f.id " order " LIMIT ?15 OFFSET ?16"
#define PAGE_BY_TIME(order)                                                         \
	WITH TESS_FILE_COLUMNS BY_TIME "ORDER BY created_us " order ", f.id " order \
				       " LIMIT ?15 OFFSET ?16"

static struct tess_query page_of(struct tess_db *db, int leader, bool oldest_first)
{
	switch (leader) {
	case BY_IDS:
		return oldest_first ? tess_query(db, PAGE(IDS, "ASC"))
				    : tess_query(db, PAGE(IDS, "DESC"));
	case BY_NAMES:
		return oldest_first ? tess_query(db, PAGE(NAMES, "ASC"))
				    : tess_query(db, PAGE(NAMES, "DESC"));
	case BY_STREAMS:
		return oldest_first ? tess_query(db, PAGE(STREAMS, "ASC"))
				    : tess_query(db, PAGE(STREAMS, "DESC"));
	case BY_ROOMS:
		return oldest_first ? tess_query(db, PAGE(ROOMS, "ASC"))
				    : tess_query(db, PAGE(ROOMS, "DESC"));
	case BY_TEXTS:
		return oldest_first ? tess_query(db, PAGE(TEXTS, "ASC"))
				    : tess_query(db, PAGE(TEXTS, "DESC"));
	default:
		return oldest_first ? tess_query(db, PAGE_BY_TIME("ASC"))
				    : tess_query(db, PAGE_BY_TIME("DESC"));
	}
}

int tess_store_files_search(struct tess_store *store, const struct tess_file_filter *filter,
			    int (*each)(void *arg, const struct tess_file *row), void *arg)
{
	struct search search;
	struct tess_query q;
	int rc = search_begin(&search, filter);

	if (!rc)
		rc = choose(store, filter, &search);
	if (rc > 0) {
		q = page_of(store->db, rc, filter->oldest_first);
		bind_filter(&q, filter, &search);
		tess_query_int(&q, filter->limit);
		tess_query_int(&q, filter->offset);
		tess_query_text(&q, filter->text);
		rc = tess_file_list(&q, each, arg);
	}
	search_end(&search);
	return rc;
}

#define TOTAL(leader)                                                                         \
	WITH "SELECT count(*) FROM (SELECT 1 FROM recording_file AS f WHERE f.id IN (" leader \
	     ")" LED "LIMIT ?15)"

static struct tess_query total_of(struct tess_db *db, int leader)
{
	switch (leader) {
	case BY_IDS:
		return tess_query(db, TOTAL(IDS));
	case BY_NAMES:
		return tess_query(db, TOTAL(NAMES));
	case BY_STREAMS:
		return tess_query(db, TOTAL(STREAMS));
	case BY_ROOMS:
		return tess_query(db, TOTAL(ROOMS));
	case BY_TEXTS:
		return tess_query(db, TOTAL(TEXTS));
	default:
		return tess_query(db, WITH
				  "SELECT count(*) FROM (SELECT 1 FROM recording_file AS f " BY_TIME
				  "LIMIT ?15)");
	}
}

int tess_store_files_count(struct tess_store *store, const struct tess_file_filter *filter,
			   int64_t *count)
{
	struct search search;
	struct tess_query q;
	int rc = search_begin(&search, filter);

	if (!rc)
		rc = choose(store, filter, &search);
	if (rc > 0) {
		q = total_of(store->db, rc);
		bind_filter(&q, filter, &search);
		tess_query_int(&q, TESS_FILES_COUNT_MAX);
		tess_query_null(&q);
		tess_query_text(&q, filter->text);
		rc = tess_store_value(&q, count);
	}
	search_end(&search);
	return rc;
}
