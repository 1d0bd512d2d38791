/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/facts_pieces.c - see facts_pieces.h.
 */
#include "firmware/egress/facts_pieces.h"

#include <stdbool.h>

struct pieces {
	json_t *all, *last;
	size_t bytes, max_bytes; /* of the last */
	bool failed;
};

static size_t size_of(const json_t *json)
{
	return json_dumpb(json, NULL, 0, JSON_COMPACT) + 1;
}

static void begin_piece(struct pieces *pieces)
{
	pieces->last = json_array();
	pieces->bytes = 0;
	pieces->failed |= json_array_append_new(pieces->all, pieces->last) != 0;
}

static void add(struct pieces *pieces, json_t *record, size_t bytes)
{
	if (pieces->bytes && pieces->bytes + bytes > pieces->max_bytes)
		begin_piece(pieces);
	pieces->failed |= json_array_append(pieces->last, record) != 0;
	pieces->bytes += bytes;
}

/* The recording again and again, each time with as many files as go into a message. */
static void add_by_files(struct pieces *pieces, json_t *record)
{
	const json_t *files = json_object_get(record, "files");
	size_t count = json_array_size(files), own, each, at = 0;
	json_t *copy = json_copy(record);

	(void)json_object_del(copy, "files");
	own = size_of(copy);
	json_decref(copy);
	each = count ? (size_of(files) + count - 1) / count : 1;
	do {
		size_t room = own < pieces->max_bytes ? (pieces->max_bytes - own) / each : 0;
		json_t *some = json_array();

		for (size_t end = at + (room ? room : 1); at < end && at < count; at++)
			pieces->failed |= json_array_append(some, json_array_get(files, at)) != 0;
		copy = json_copy(record);
		pieces->failed |= json_object_set_new(copy, "files", some) != 0;
		add(pieces, copy, copy ? size_of(copy) : 0);
		json_decref(copy);
	} while (at < count && !pieces->failed);
}

json_t *tess_facts_pieces(const json_t *records, size_t max_bytes)
{
	struct pieces pieces = {.all = json_array(), .max_bytes = max_bytes};
	json_t *record;
	size_t i;

	if (!pieces.all)
		return NULL;
	begin_piece(&pieces);
	json_array_foreach(records, i, record)
	{
		size_t bytes = size_of(record);

		if (bytes > max_bytes)
			add_by_files(&pieces, record);
		else
			add(&pieces, record, bytes);
		if (pieces.failed)
			break;
	}
	if (!pieces.failed)
		return pieces.all;
	json_decref(pieces.all);
	return NULL;
}
