/* SPDX-License-Identifier: GPL-3.0-or-later
 * A box that records.
 */
#include "tests/unit/firmware/egress/record_box.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/log.h"
#include "hal/engine.h"

#define SECONDS 8

/** A call that is made in the loop's thread: arguments and results. */
struct call {
	struct box *box;
	const char *text; /* a stream, a state or a desired state */
	int64_t id, from_us, to_us;
	uint64_t number;
	int result, fd;
	bool answer;
	json_t *json;
};

static struct media media; /* a.h264 and a.aac from time 0 */
static char media_dir[256];
static const char *failing_file; /* writes to files of such a name fail */

ssize_t __real_pwritev(int fd, const struct iovec *pieces, int count, off_t offset);
ssize_t __wrap_pwritev(int fd, const struct iovec *pieces, int count, off_t offset);

ssize_t __wrap_pwritev(int fd, const struct iovec *pieces, int count, off_t offset)
{
	const char *failing = __atomic_load_n(&failing_file, __ATOMIC_RELAXED);
	char link[64], name[512];
	ssize_t length;

	if (failing) {
		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		length = readlink(link, name, sizeof(name) - 1);
		name[length > 0 ? length : 0] = 0;
		if (strstr(name, failing)) {
			errno = ENOSPC;
			return -1;
		}
	}
	return __real_pwritev(fd, pieces, count, offset);
}

void box_fail_writes(const char *name)
{
	__atomic_store_n(&failing_file, name, __ATOMIC_RELAXED);
}

int tess_streams_attach(struct tess_sink **sinkp, struct tess_streams *streams, const char *stream,
			const struct tess_sink_ops *ops, void *arg, int64_t after_dts_us)
{
	struct tess_sink *sink = streams->sinks;

	while (sink->ops)
		sink++;
	assert_true(sink < streams->sinks + MAX_SINKS);
	*sink = (struct tess_sink){.ops = ops, .arg = arg, .after_us = after_dts_us};
	(void)snprintf(sink->stream, sizeof(sink->stream), "%s", stream);
	*sinkp = sink;
	return 0;
}

void tess_streams_detach(struct tess_sink *sink)
{
	if (sink)
		sink->ops = NULL;
}

struct tess_sink *box_sink(struct box *box, const char *stream)
{
	for (unsigned i = 0; i < MAX_SINKS; i++) {
		if (box->streams.sinks[i].ops && strcmp(box->streams.sinks[i].stream, stream) == 0)
			return &box->streams.sinks[i];
	}
	return NULL;
}

static void bring_up_call(void *arg)
{
	struct call *call = arg;
	struct tess_sink *sink = box_sink(call->box, call->text);
	struct tess_stream_info info = {
		.has_video = true,
		.has_audio = true,
		.audio_codec = TESS_CODEC_AAC,
		.audio_config_length = 2,
	};

	memcpy(info.audio_config, media.audio_config, 2);
	if (sink)
		sink->ops->stream_up(sink->arg, &info, call->number);
	call->answer = sink != NULL;
}

void box_bring_up(struct box *box, const char *stream, uint64_t epoch)
{
	struct call call = {.box = box, .text = stream, .number = epoch};

	turning_do(box->turning, bring_up_call, &call);
	assert_true(call.answer);
}

static void take_away_call(void *arg)
{
	struct call *call = arg;
	struct tess_sink *sink = box_sink(call->box, call->text);

	if (sink)
		sink->ops->stream_away(sink->arg);
}

void box_take_away(struct box *box, const char *stream)
{
	struct call call = {.box = box, .text = stream};

	turning_do(box->turning, take_away_call, &call);
}

void box_give(struct box *box, const char *stream, struct tess_au au, int64_t shift_us)
{
	struct tess_sink *sink = box_sink(box, stream);

	if (!sink)
		return;
	au.dts_us += shift_us;
	au.pts_us += shift_us;
	box->clock.clock.advance_to(&box->clock.clock, au.dts_us);
	sink->ops->au(sink->arg, &au);
}

static void feed_call(void *arg)
{
	struct call *call = arg;

	call->answer = box_sink(call->box, call->text) != NULL;
	for (size_t i = 0; i < media.count; i++) {
		if (media.units[i].dts_us >= call->from_us && media.units[i].dts_us < call->to_us)
			box_give(call->box, call->text, media.units[i], START_US);
	}
}

/** The units of [from, to) of the media. */
void box_feed(struct box *box, const char *stream, int64_t from_us, int64_t to_us)
{
	struct call call = {.box = box, .text = stream, .from_us = from_us, .to_us = to_us};

	turning_do(box->turning, feed_call, &call);
	assert_true(call.answer);
}

static void on_change(void *arg)
{
	struct box *box = arg;

	box->changes++;
}

static void fact_call(void *arg)
{
	struct call *call = arg;
	json_t *facts = tess_records_facts(call->box->records), *item;
	size_t i;

	call->json = NULL;
	json_array_foreach(facts, i, item)
	{
		if (json_integer_value(json_object_get(item, "id")) == call->id)
			call->json = json_incref(item);
	}
	json_decref(facts);
}

/** What is told of a recording; NULL: nothing */
json_t *box_fact(struct box *box, int64_t id)
{
	struct call call = {.box = box, .id = id};

	turning_do(box->turning, fact_call, &call);
	return call.json;
}

const char *text_of(const json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name));
}

int64_t number_of(const json_t *json, const char *name)
{
	return json_integer_value(json_object_get(json, name));
}

static bool is_in_state(void *arg)
{
	struct call *call = arg;
	bool is;

	fact_call(call);
	is = strcmp(call->json ? text_of(call->json, "state") : "none", call->text) == 0;
	json_decref(call->json);
	return is;
}

/** Let things go on until the recording's state is this; "none": it is not told of. */
void box_wait_for(struct box *box, int64_t id, const char *state)
{
	struct call call = {.box = box, .id = id, .text = state};
	bool is = turning_until(box->turning, is_in_state, &call);

	if (!is)
		print_error("recording %lld does not become %s\n", (long long)id, state);
	assert_true(is);
}

static bool has_fragments(void *arg)
{
	struct tess_records_counters counters;
	struct call *call = arg;

	tess_records_counters(call->box->records, &counters);
	return counters.fragments >= call->number;
}

/** Until so many fragments, of all recordings, are on disk. */
void box_wait_for_fragments(struct box *box, uint64_t count)
{
	struct call call = {.box = box, .number = count};

	assert_true(turning_until(box->turning, has_fragments, &call));
}

static void open_call(void *arg)
{
	struct call *call = arg;

	call->result = tess_records_open(call->box->records, call->id, call->text, &call->fd,
					 &call->box->folder);
}

int box_open_file(struct box *box, int64_t id, int *fdp)
{
	return box_open_named(box, id, NULL, fdp);
}

int box_open_named(struct box *box, int64_t id, const char *name, int *fdp)
{
	struct call call = {.box = box, .id = id, .text = name};

	turning_do(box->turning, open_call, &call);
	*fdp = call.fd;
	return call.result;
}

static void ready_call(void *arg)
{
	struct call *call = arg;
	struct tess_sink *sink = box_sink(call->box, call->text);

	call->answer = sink->ops->ready(sink->arg);
}

bool box_is_ready(struct box *box, const char *stream)
{
	struct call call = {.box = box, .text = stream};

	turning_do(box->turning, ready_call, &call);
	return call.answer;
}

static void switch_on_call(void *arg)
{
	struct call *call = arg;
	struct box *box = call->box;

	call->result = tess_records_alloc(&box->records, turning_loop(box->turning), &box->streams,
					  &box->clock.clock, &box->config);
	if (!call->result)
		tess_records_on_change(box->records, on_change, box);
}

void box_switch_on(struct box *box)
{
	struct call call = {.box = box};

	memset(&box->streams, 0, sizeof(box->streams));
	box->turning = turning_start();
	turning_do(box->turning, switch_on_call, &call);
	assert_int_equal(call.result, 0);
}

static void switch_off_call(void *arg)
{
	struct box *box = arg;

	tess_records_free(box->records);
	box->records = NULL;
}

void box_switch_off(struct box *box)
{
	turning_do(box->turning, switch_off_call, box);
	turning_stop(box->turning);
	box->turning = NULL;
}

int box_set_up(void **state)
{
	struct box *box = calloc(1, sizeof(*box));

	tess_log_init("test", (enum tess_log_level)0);
	box->media = &media;
	box->media_dir = media_dir;
	media_make_dir(box->dir, sizeof(box->dir));
	box->config.egress.fragment_ms = 1000;
	(void)snprintf(box->config.egress.record_dir, sizeof(box->config.egress.record_dir),
		       "%.200s/deep/rec", box->dir);
	(void)snprintf(box->config.box.time_zone, sizeof(box->config.box.time_zone), "UTC");
	tess_clock_virtual_init(&box->clock, START_US, UTC_US);
	box_switch_on(box);
	*state = box;
	return 0;
}

int box_tear_down(void **state)
{
	struct box *box = *state;

	box_fail_writes(NULL);
	if (box->records)
		box_switch_off(box);
	media_remove_dir(box->dir);
	free(box);
	return 0;
}

static void desire_call(void *arg)
{
	struct call *call = arg;

	tess_records_set_desired(call->box->records, call->json);
}

void box_desire(struct box *box, const char *text)
{
	struct call call = {.box = box, .json = json_loads(text, 0, NULL)};

	assert_non_null(call.json);
	turning_do(box->turning, desire_call, &call);
	json_decref(call.json);
}

bool box_exists(struct box *box, const char *path, mode_t mode)
{
	char whole[600];
	struct stat info;

	(void)snprintf(whole, sizeof(whole), "%s/%s", box->config.egress.record_dir, path);
	if (stat(whole, &info))
		return false;
	if (mode)
		assert_int_equal(info.st_mode & 07777, mode);
	return true;
}

void box_assert_plays(struct box *box, const char *path, unsigned pictures)
{
	char *text = media_must_run(
		"ffmpeg -v error -nostdin -xerror -i %s/%s -f null - && ffprobe "
		"-v error -select_streams v -count_packets -show_entries "
		"stream=nb_read_packets -of csv=p=0 %s/%s",
		box->config.egress.record_dir, path, box->config.egress.record_dir, path);

	assert_int_equal(strtol(text, NULL, 10), pictures);
	free(text);
}

int box_encode(void **state)
{
	char path[512];

	(void)state;
	media_make_dir(media_dir, sizeof(media_dir));
	media_encode(media_dir, SECONDS);
	(void)snprintf(path, sizeof(path), "%s/a.h264", media_dir);
	media_add_video(&media, path, 15, 0);
	(void)snprintf(path, sizeof(path), "%s/a.aac", media_dir);
	media_add_audio(&media, path, 0);
	media_sort(&media);
	return 0;
}

int box_remove_media(void **state)
{
	(void)state;
	media_free(&media);
	media_remove_dir(media_dir);
	return 0;
}
