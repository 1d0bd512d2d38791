/* SPDX-License-Identifier: GPL-3.0-or-later
 * All recordings of the box.
 */
#include "firmware/egress/records.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/egress/record_links.h"
#include "firmware/egress/record_order.h"
#include "firmware/egress/record_scan.h"
#include "firmware/egress/recording.h"

#define TICK_US	 250000
#define RETRY_US 1000000

struct entry {
	struct tess_records *records;
	struct entry *next;
	struct tess_recording *recording;
	struct tess_sink *sink;
	bool desired, to_acknowledge, to_delete;
};

/** A recording on disk that could not be brought back, for the disk failed; it is tried again. */
struct unrecovered {
	struct unrecovered *next;
	char app[256], base[256];
	int64_t id; /* 0: not known */
	int error;
};

struct tess_records {
	struct tess_loop *loop;
	struct tess_streams *streams;
	struct tess_timer *timer, *soon;
	struct tess_recorder_shared shared;
	struct entry *entries;
	struct unrecovered *unrecovered;
	json_t *desired; /* as control said last; NULL: it has not yet */
	unsigned ticks;
	char time_zone[64], configured_zone[64];
	char record_dir[256];
	void (*changed)(void *arg);
	void *changed_arg;
};

/* what the sink hears goes to the recorder */

static void on_stream_up(void *arg, const struct tess_stream_info *info, uint64_t epoch)
{
	struct entry *entry = arg;

	tess_recording_stream_up(entry->recording, info, epoch);
}

static void on_au(void *arg, const struct tess_au *au)
{
	struct entry *entry = arg;

	tess_recording_au(entry->recording, au);
}

static void on_stream_away(void *arg)
{
	struct entry *entry = arg;

	tess_recording_stream_away(entry->recording);
}

static bool is_ready(void *arg)
{
	struct entry *entry = arg;

	return tess_recording_is_ready(entry->recording);
}

static const struct tess_sink_ops sink_ops = {
	.stream_up = on_stream_up,
	.au = on_au,
	.stream_away = on_stream_away,
	.stream_end = on_stream_away, /* whether more comes is for control to say */
	.ready = is_ready,
};

static struct entry *find(const struct tess_records *records, int64_t id)
{
	struct entry *entry = records->entries;

	while (entry && tess_recording_order(entry->recording)->id != id)
		entry = entry->next;
	return entry;
}

/** Takes the recording over. */
static struct entry *add(struct tess_records *records, struct tess_recording *recording)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry) {
		tess_recording_free(recording);
		return NULL;
	}
	entry->records = records;
	entry->recording = recording;
	entry->next = records->entries;
	records->entries = entry;
	return entry;
}

/** Forget the entry that *at points to; *at is the next one then. */
static void forget(struct entry **at)
{
	struct entry *entry = *at;

	*at = entry->next;
	tess_streams_detach(entry->sink);
	tess_recording_free(entry->recording);
	free(entry);
}

static void attach(struct entry *entry)
{
	int error = tess_streams_attach(&entry->sink, entry->records->streams,
					tess_recording_order(entry->recording)->stream, &sink_ops,
					entry, tess_recording_after_us(entry->recording));

	if (error)
		tess_recording_fail(entry->recording, strerror(-error));
}

static void detach(struct entry *entry)
{
	tess_streams_detach(entry->sink);
	entry->sink = NULL;
}

/** Its user is back under another stream. */
static void move(struct entry *entry, const char *stream)
{
	tess_recording_move(entry->recording, stream);
	if (!entry->sink)
		return;
	detach(entry);
	attach(entry);
}

/* what was there before */

/** A part that is back goes to its recording, which may be back already. Takes the part over. */
static int take_part(struct tess_records *records, const struct tess_record_meta *meta,
		     struct tess_recorder *part, const struct tess_record_end *end)
{
	struct entry *entry = find(records, meta->id);
	struct tess_recording *recording;
	int error = 0;

	if (!entry) {
		error = tess_recording_alloc(&recording, &records->shared, meta);
		entry = error ? NULL : add(records, recording);
	}
	if (!entry)
		error = -ENOMEM;
	if (!error)
		error = tess_recording_add(entry->recording, part, end);
	if (error) {
		tess_recorder_free(part);
		return error;
	}
	entry->desired = true; /* until control says otherwise */
	return 0;
}

/** @retval 0 it is back, or there is nothing to bring back; else it is to be tried again */
static int recover_one(struct tess_records *records, struct unrecovered *u)
{
	struct tess_record_meta meta = {0};
	struct tess_record_state state;
	struct tess_recorder *part;
	struct tess_record_file file;
	struct tess_record_end end;
	int dir = tess_record_app_open(records->shared.record_dir, u->app), error = dir;

	if (dir < 0)
		return error;
	error = tess_record_file_recover(&file, &meta, &state, &end, dir, u->base);
	(void)close(dir);
	u->id = meta.id;
	if (error)
		return error == -ENOENT ? 0 : error;
	error = tess_recorder_resume(&part, &records->shared, &meta, &file, &state, &end);
	if (error) {
		tess_record_file_close(&file);
		tess_record_state_free(&state);
		return error;
	}
	TESS_INFO("record.recovered", "record=%" PRId64 " path=%s fragments=%" PRIu64 " ended=%d",
		  meta.id, tess_recorder_path(part), state.fragments, end.ended);
	return take_part(records, &meta, part, &end);
}

/** With all parts back, what was not ended goes on. */
static void settle(struct tess_records *records)
{
	for (struct entry *entry = records->entries; entry; entry = entry->next) {
		tess_recording_settle(entry->recording);
		/* even before control says so: the ring does not hold much */
		if (!entry->sink && entry->desired && !tess_recording_is_ending(entry->recording))
			attach(entry);
	}
}

static void recover_all(struct tess_records *records)
{
	for (struct unrecovered **at = &records->unrecovered; *at;) {
		struct unrecovered *u = *at;
		int error = recover_one(records, u);

		if (error && error != u->error)
			TESS_ERROR("record.not_recovered", "file=%s/%s error=\"%s\"", u->app,
				   u->base, strerror(-error));
		u->error = error;
		if (error) {
			at = &u->next;
			continue;
		}
		*at = u->next;
		free(u);
	}
	settle(records);
}

static void on_journal(void *arg, const char *app, const char *base)
{
	struct tess_records *records = arg;
	struct unrecovered *u = calloc(1, sizeof(*u));

	if (!u)
		return;
	(void)snprintf(u->app, sizeof(u->app), "%s", app);
	(void)snprintf(u->base, sizeof(u->base), "%s", base);
	u->next = records->unrecovered;
	records->unrecovered = u;
}

/** Whether a recording lies on disk that could not be brought back yet. */
static bool is_unrecovered(const struct tess_records *records, int64_t id)
{
	const struct unrecovered *u = records->unrecovered;

	while (u && u->id != id)
		u = u->next;
	return u != NULL;
}

/** Names of files carry the time of this zone; TZ is process wide, and nothing else here reads it.
 */
static void set_time_zone(struct tess_records *records, const char *zone)
{
	if (!zone[0])
		zone = records->configured_zone;
	if (!zone[0] || strcmp(zone, records->time_zone) == 0)
		return;
	(void)snprintf(records->time_zone, sizeof(records->time_zone), "%s", zone);
	if (setenv("TZ", records->time_zone, 1) == 0)
		tzset();
}

static void on_changed(void *arg)
{
	struct tess_records *records = arg;

	if (records->soon)
		tess_timer_start(records->soon, 0);
}

/** Control has all that is to be told of it. */
static bool is_settled(const struct entry *entry)
{
	/* of a deleted one once it stops to ask for that */
	if (tess_recording_state(entry->recording) == TESS_RECORDER_DELETED)
		return !entry->to_delete;
	return tess_recording_is_acknowledged(entry->recording) &&
	       tess_recording_is_idle(entry->recording);
}

/** Bring each recording nearer to what is desired. */
static void reconcile(struct tess_records *records)
{
	for (struct entry **at = &records->entries; *at;) {
		struct entry *entry = *at;

		if (entry->to_delete)
			tess_recording_delete(entry->recording);
		else if (entry->to_acknowledge)
			tess_recording_acknowledge(entry->recording);
		if (is_settled(entry))
			forget(at);
		else
			at = &entry->next;
	}
}

/* what control desires */

static void start(struct tess_records *records, const json_t *json)
{
	struct tess_record_meta order;
	const char *wrong = tess_record_order_read(&order, json);
	struct tess_recording *recording;
	struct entry *entry;

	if (!order.id) {
		TESS_ERROR("record.bad_order", "error=\"%s\"", wrong);
		return;
	}
	entry = find(records, order.id);
	if (entry) {
		entry->desired = true;
		if (wrong)
			return;
		if (tess_recording_complete(entry->recording, &order) && entry->sink) {
			detach(entry);
			attach(entry);
		}
		if (strcmp(order.stream, tess_recording_order(entry->recording)->stream) != 0)
			move(entry, order.stream);
		return;
	}
	if (is_unrecovered(records, order.id))
		return; /* it will go on in its own file */
	if (tess_recording_alloc(&recording, &records->shared, &order))
		return; /* no memory: control will say it again */
	entry = add(records, recording);
	if (!entry)
		return;
	entry->desired = true;
	(void)tess_recording_complete(recording, &order);
	if (wrong)
		tess_recording_fail(recording, wrong);
	else
		attach(entry);
}

static void order_delete(struct tess_records *records, int64_t id)
{
	struct entry *entry = find(records, id);
	struct tess_recording *recording;

	if (!entry) {
		/* one that is not there is told of as deleted all the same */
		if (tess_recording_stored(&recording, &records->shared, id))
			return;
		entry = add(records, recording);
		if (!entry)
			return;
	}
	detach(entry);
	entry->to_delete = true;
}

/** Make the recordings equal to what is desired. */
static void apply(struct tess_records *records)
{
	const json_t *desired = records->desired;
	const char *zone = json_string_value(json_object_get(desired, "time_zone"));
	struct entry *entry;
	const json_t *item;
	size_t i;

	set_time_zone(records, zone ? zone : "");
	for (entry = records->entries; entry; entry = entry->next)
		entry->desired = entry->to_acknowledge = entry->to_delete = false;
	json_array_foreach(json_object_get(desired, "records"), i, item) start(records, item);
	json_array_foreach(json_object_get(desired, "acknowledged"), i, item)
	{
		entry = find(records, json_integer_value(item));
		if (entry)
			entry->to_acknowledge = true;
	}
	json_array_foreach(json_object_get(desired, "deleted"), i, item)
		order_delete(records, json_integer_value(item));
	for (entry = records->entries; entry; entry = entry->next) {
		if (entry->desired || entry->to_delete)
			continue;
		detach(entry);
		tess_recording_finish(entry->recording);
	}
	reconcile(records);
	on_changed(records);
}

/* its life */

static void read_boot_id(char id[40])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, id, 36);

	id[length > 0 ? length : 0] = 0;
	if (fd >= 0)
		(void)close(fd);
}

static void on_soon(void *arg)
{
	struct tess_records *records = arg;

	reconcile(records);
	if (records->changed)
		records->changed(records->changed_arg);
}

/** Make the folder again if somebody removed it; its descriptor stays, for the writer has it too.
 */
static void keep_folder(struct tess_records *records)
{
	struct stat info;
	int fd;

	if (fstat(records->shared.record_dir, &info) || info.st_nlink)
		return;
	fd = tess_record_dir_open(records->record_dir);
	if (fd < 0)
		return;
	if (dup3(fd, records->shared.record_dir, O_CLOEXEC) >= 0)
		TESS_WARN("record.folder_made_again", "path=%s", records->record_dir);
	(void)close(fd);
}

static void on_tick(void *arg)
{
	struct tess_records *records = arg;
	bool retry = ++records->ticks % (RETRY_US / TICK_US) == 0;

	if (retry)
		keep_folder(records);
	for (struct entry *entry = records->entries; entry; entry = entry->next)
		tess_recording_tick(entry->recording);
	if (records->unrecovered && retry) {
		recover_all(records);
		if (records->desired)
			apply(records);
	}
	reconcile(records);
	tess_timer_start(records->timer, TICK_US);
}

int tess_records_alloc(struct tess_records **recordsp, struct tess_loop *loop,
		       struct tess_streams *streams, const struct tess_clock *clock,
		       const struct tess_config *config)
{
	struct tess_records *records = calloc(1, sizeof(*records));
	int error;

	if (!records)
		return -ENOMEM;
	records->loop = loop;
	records->streams = streams;
	records->shared = (struct tess_recorder_shared){
		.clock = clock,
		.record_dir = -1,
		.fragment_us = (int64_t)config->egress.fragment_ms * 1000,
		.changed = on_changed,
		.arg = records,
	};
	read_boot_id(records->shared.boot_id);
	memcpy(records->record_dir, config->egress.record_dir, sizeof(records->record_dir));
	memcpy(records->configured_zone, config->box.time_zone, sizeof(records->configured_zone));
	set_time_zone(records, "");
	records->shared.record_dir = tess_record_dir_open(config->egress.record_dir);
	error = records->shared.record_dir < 0 ? records->shared.record_dir : 0;
	if (!error)
		error = tess_writer_alloc(&records->shared.writer, loop, RETRY_US);
	if (!error)
		error = tess_timer_alloc(&records->timer, loop, on_tick, records);
	if (!error)
		error = tess_timer_alloc(&records->soon, loop, on_soon, records);
	if (!error)
		error = tess_record_scan(records->shared.record_dir, on_journal, records);
	if (error) {
		tess_records_free(records);
		return error;
	}
	recover_all(records);
	tess_timer_start(records->timer, TICK_US);
	*recordsp = records;
	return 0;
}

void tess_records_free(struct tess_records *records)
{
	if (!records)
		return;
	for (struct entry *entry = records->entries; entry; entry = entry->next) {
		detach(entry);
		tess_recording_flush(entry->recording);
	}
	if (records->shared.writer)
		tess_writer_stop(records->shared.writer);
	while (records->entries)
		forget(&records->entries);
	while (records->unrecovered) {
		struct unrecovered *u = records->unrecovered;

		records->unrecovered = u->next;
		free(u);
	}
	tess_writer_free(records->shared.writer);
	json_decref(records->desired);
	tess_timer_free(records->timer);
	tess_timer_free(records->soon);
	if (records->shared.record_dir >= 0)
		(void)close(records->shared.record_dir);
	free(records);
}

void tess_records_on_change(struct tess_records *records, void (*changed)(void *arg), void *arg)
{
	records->changed = changed;
	records->changed_arg = arg;
}

void tess_records_set_desired(struct tess_records *records, const json_t *desired)
{
	json_decref(records->desired);
	records->desired = json_incref((json_t *)desired);
	apply(records);
}

json_t *tess_records_facts(const struct tess_records *records)
{
	json_t *facts = json_array();

	for (struct entry *entry = records->entries; entry; entry = entry->next) {
		if (json_array_append_new(facts, tess_recording_facts(entry->recording))) {
			json_decref(facts);
			return NULL;
		}
	}
	return facts;
}

void tess_records_counters(const struct tess_records *records,
			   struct tess_records_counters *counters)
{
	*counters = records->shared.counters;
}

/** NAME or NAME/FILE of no more than plain characters, so that it stays in its folder. */
static bool split_name(const char *name, char *first, size_t size, const char **rest)
{
	static const char good[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
	size_t length = strspn(name, good);

	if (!length || length >= size || name[0] == '.')
		return false;
	(void)snprintf(first, size, "%.*s", (int)length, name);
	*rest = name + length;
	if (!**rest)
		return true;
	return (*rest)[0] == '/' && (*rest)[1] && (*rest)[1] != '.' &&
	       strspn(*rest + 1, good) == strlen(*rest + 1);
}

int tess_records_open(const struct tess_records *records, int64_t id, const char *name, int *fdp,
		      int64_t *folderp)
{
	const struct entry *entry = find(records, id);
	char path[256] = "", first[256], whole[512];
	const char *rest = "";
	int error;

	if (name && !split_name(name, first, sizeof(first), &rest))
		return -ENOENT;
	if (entry)
		error = tess_recording_path(entry->recording, name ? first : NULL, path,
					    sizeof(path));
	else
		error = tess_links_find(records->shared.record_dir, id, name ? first : NULL, path,
					sizeof(path));
	if (error)
		return error;
	*folderp = strtoll(path, NULL, 10); /* ends at the slash */
	(void)snprintf(whole, sizeof(whole), "%s%s", path, rest);
	*fdp = openat(records->shared.record_dir, whole, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (*fdp >= 0)
		return 0;
	return errno == ENOTDIR ? -ENOENT : -errno;
}
