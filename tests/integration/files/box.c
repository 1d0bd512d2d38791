/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/files/box.c - runs the box on virtual time and keeps its files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/engine_nv/engine_nv.h"
#include "drivers/engine_soft/engine_soft.h"
#include "drivers/engine_vaapi/engine_vaapi.h"
#include "firmware/egress/record_file.h"
#include "firmware/egress/record_fragmenter.h"
#include "firmware/egress/viewer.h"
#include "tests/integration/files/box.h"

#define APP	    1400000001
#define FRAGMENT_US 1000000
#define LAG_BYTES   (1u << 20)

struct recording {
	bool begun;
	int dir;
	struct tess_record_meta meta;
	struct tess_fragmenter fragmenter;
	struct tess_record_file file;
};

struct player {
	bool begun;
	struct tess_window *window;
	struct tess_viewer viewer;
	int sockets[2]; /* the box's end, the player's */
	FILE *file;
};

struct box {
	struct box_files *files;
	uint64_t epoch; /* of the one stream */
	struct recording recording;
	struct player player;
};

static void on_fragment(void *arg, struct tess_fragment_bytes *fragment)
{
	struct recording *recording = arg;

	assert_int_equal(tess_record_file_append(&recording->file, &fragment->moof,
						 &fragment->payloads[0], &fragment->payloads[1]),
			 0);
	tess_bytes_free(&fragment->moof);
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++)
		tess_bytes_free(&fragment->payloads[i]);
}

static bool begin_recording(struct box *box, const struct tess_stream_info *info,
			    const struct tess_au *au)
{
	struct recording *recording = &box->recording;
	struct tess_bytes head = {0};
	int error;

	recording->meta = (struct tess_record_meta){
		.id = 1,
		.app = APP,
		.stream = "mix-3",
		.prefix = "test",
		.start_utc_us = TESS_MEDIA_REPLAY_UTC_US + au->dts_us - TESS_MEDIA_REPLAY_START_US,
		.origin_us = au->dts_us,
		.boot_id = "test",
		.formats = 1u << TESS_RECORD_MP4,
	};
	error = tess_fragmenter_begin(&recording->fragmenter, info, au,
				      recording->meta.start_utc_us, &head);
	if (!error) {
		error = tess_record_file_create(&recording->file, recording->dir, &recording->meta,
						head.data, head.length);
		box->files->mp4_origin_us = au->dts_us - TESS_MEDIA_REPLAY_START_US;
		recording->begun = true;
	} else if (error == -EAGAIN) {
		error = 0;
	}
	tess_bytes_free(&head);
	assert_int_equal(error, 0);
	return recording->begun;
}

static void record(struct box *box, const struct tess_stream_info *info, const struct tess_au *au)
{
	struct recording *recording = &box->recording;
	int error;

	if (!recording->begun && !begin_recording(box, info, au))
		return;
	error = tess_fragmenter_add(&recording->fragmenter, au);
	/* sound of the time before the first picture */
	if (error == -ESTALE && au->track == TESS_TRACK_AUDIO)
		assert_true(au->dts_us <= recording->meta.origin_us + 100000);
	else
		assert_int_equal(error, 0);
}

static void finish_recording(struct box *box)
{
	struct recording *recording = &box->recording;
	struct tess_record_end end = {.ended = true, .last = true};

	assert_true(recording->begun);
	tess_fragmenter_cut(&recording->fragmenter);
	end.utc_us = recording->meta.start_utc_us + tess_fragmenter_end_us(&recording->fragmenter);
	assert_int_equal(tess_record_file_finish(&recording->file, &recording->meta, &end), 0);
	/* nothing was missing, so no gap may be marked */
	assert_int_equal(recording->fragmenter.state.gap_count, 0);
	(void)snprintf(box->files->mp4, sizeof(box->files->mp4), "%s/%d/%.100s.mp4",
		       box->files->dir, APP, recording->file.final);
	tess_record_file_close(&recording->file);
	tess_fragmenter_free(&recording->fragmenter);
	(void)close(recording->dir);
}

static void take_in(struct player *player)
{
	static char buffer[65536];
	ssize_t length;

	while ((length = read(player->sockets[1], buffer, sizeof(buffer))) > 0)
		assert_int_equal(fwrite(buffer, 1, (size_t)length, player->file), length);
	assert_true(length == 0 || errno == EAGAIN);
}

static void play(struct box *box, const struct tess_stream_info *info, const struct tess_au *au)
{
	static const struct tess_wire flv = {.kind = TESS_WIRE_FLV};
	struct player *player = &box->player;
	enum tess_viewer_result result;
	int error;

	if (!player->begun) {
		tess_window_begin(player->window, info);
		tess_viewer_init(&player->viewer, player->sockets[0], &flv, player->window);
		player->begun = true;
	}
	error = tess_window_add(player->window, au);
	if (error == -EAGAIN && !player->viewer.based)
		return;
	assert_int_equal(error, 0);
	do {
		result = tess_viewer_send(&player->viewer, player->window);
		assert_int_not_equal(result, TESS_VIEWER_CLOSED);
		take_in(player);
	} while (result != TESS_VIEWER_IDLE);
	box->files->flv_origin_us = player->viewer.base_ms * 1000 - TESS_MEDIA_REPLAY_START_US;
}

static void finish_player(struct box *box)
{
	struct player *player = &box->player;

	assert_true(player->viewer.based);
	tess_viewer_clear(&player->viewer);
	tess_window_free(player->window);
	(void)close(player->sockets[0]);
	take_in(player);
	(void)close(player->sockets[1]);
	assert_int_equal(fclose(player->file), 0);
}

static void on_au(void *arg, const char *stream, uint64_t epoch,
		  const struct tess_stream_info *info, const struct tess_au *au)
{
	struct box *box = arg;

	assert_string_equal(stream, "mix-3");
	/* whatever the publishers do, the stream goes on */
	assert_true(!box->epoch || epoch == box->epoch);
	assert_false(au->discontinuity);
	box->epoch = epoch;
	record(box, info, au);
	play(box, info, au);
}

static void open_box(struct box *box, struct box_files *files)
{
	memset(files, 0, sizeof(*files));
	strcpy(files->dir, "/tmp/tessera-test-XXXXXX");
	assert_non_null(mkdtemp(files->dir));
	(void)snprintf(files->flv, sizeof(files->flv), "%s/live.flv", files->dir);

	*box = (struct box){.files = files};
	box->recording.dir = open(files->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(box->recording.dir >= 0);
	tess_record_file_init(&box->recording.file);
	tess_fragmenter_init(&box->recording.fragmenter, FRAGMENT_US, on_fragment, &box->recording);

	assert_int_equal(tess_window_alloc(&box->player.window, LAG_BYTES), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
				    box->player.sockets),
			 0);
	box->player.file = fopen(files->flv, "wbe");
	assert_non_null(box->player.file);
}

/* The engine that TESSERA_TEST_ENGINE names, on an emulated device; none: software. */
struct device {
	const struct tess_engine_driver *drivers[3];
	char names[2][TESS_ENGINE_DEVICE_MAX];
};

static void choose_device(struct device *device, struct tess_media_replay_handlers *handlers,
			  const struct box_files *files)
{
	const char *engine = getenv("TESSERA_TEST_ENGINE");

	if (!engine)
		return;
	*device = (struct device){.drivers = {&tess_engine_nv, &tess_engine_soft, NULL},
				  .names = {"0", ""}};
	handlers->drivers = device->drivers;
	handlers->devices = device->names;
	if (strcmp(engine, tess_engine_vaapi.name) == 0) {
		FILE *file;

		device->drivers[0] = &tess_engine_vaapi;
		(void)snprintf(device->names[0], sizeof(device->names[0]), "%s/device", files->dir);
		file = fopen(device->names[0], "we");
		assert_non_null(file);
		assert_true(fputs("tessera emulated va device\n", file) >= 0);
		assert_int_equal(fclose(file), 0);
	}
}

/* All of it must be the device's work. */
static void on_facts(void *arg, int64_t now_us, const struct tess_media_facts *facts)
{
	(void)arg;
	(void)now_us;
	for (unsigned i = 0; i < facts->mix_count; i++)
		assert_int_equal(facts->mixes[i].engine, 0);
}

void box_run(struct box_files *files, const struct tess_test_capture *capture, json_t *scenario)
{
	struct box box;
	struct device device;
	struct tess_media_replay_handlers handlers = {.au = on_au, .facts = on_facts, .arg = &box};
	char path[128], error[256];

	open_box(&box, files);
	choose_device(&device, &handlers, files);
	(void)snprintf(path, sizeof(path), "%s/in.pcap", files->dir);
	assert_int_equal(tess_test_capture_write(path, capture), 0);
	if (tess_media_replay(path, scenario, &handlers, error, sizeof(error)))
		fail_msg("%s", error);
	json_decref(scenario);
	(void)unlink(path);
	if (handlers.devices)
		(void)unlink(device.names[0]);
	finish_recording(&box);
	finish_player(&box);
}

void box_run_all(struct box_files *files, const struct tess_test_capture *capture, json_t *mix)
{
	json_t *scenario = scenario_new(), *publishers = json_array(), *mixes = json_array();

	for (unsigned i = 0; i < capture->count; i++)
		json_array_append_new(publishers,
				      scenario_desired_publisher(capture->publishers[i].id, i + 1));
	json_array_append_new(mixes, mix);
	scenario_step(scenario, 0, scenario_desired(publishers, mixes));
	box_run(files, capture, scenario);
}

void box_files_remove(struct box_files *files)
{
	char path[512];

	(void)unlink(files->flv);
	(void)unlink(files->mp4);
	/* beside PREFIX_START_END.mp4 there is PREFIX_START.journal until control has stored it */
	*strrchr(files->mp4, '_') = '\0';
	(void)snprintf(path, sizeof(path), "%s.journal", files->mp4);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/%d", files->dir, APP);
	(void)rmdir(path);
	assert_int_equal(rmdir(files->dir), 0);
}

/* Shifts the file's times to the capture's. */
struct shift {
	const struct box_watcher *watcher;
	int64_t origin_us;
};

static void on_picture(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	const struct shift *shift = arg;

	shift->watcher->handlers.picture(shift->watcher->arg, pts_us + shift->origin_us, picture);
}

static void on_sound(void *arg, int64_t pts_us, const float *pcm, unsigned frames, unsigned rate)
{
	const struct shift *shift = arg;

	shift->watcher->handlers.sound(shift->watcher->arg, pts_us + shift->origin_us, pcm, frames,
				       rate);
}

static void watch_one(const struct box_watcher *watcher, const char *name, const char *path,
		      int64_t origin_us)
{
	const struct tess_test_decode_handlers handlers = {
		.picture = watcher->handlers.picture ? on_picture : NULL,
		.sound = watcher->handlers.sound ? on_sound : NULL,
	};
	struct shift shift = {.watcher = watcher, .origin_us = origin_us};

	watcher->begin(watcher->arg, name);
	assert_int_equal(tess_test_decode(path, &handlers, &shift), 0);
	watcher->end(watcher->arg, name);
}

void box_watch(const struct box_files *files, const struct box_watcher *watcher)
{
	watch_one(watcher, "mp4", files->mp4, files->mp4_origin_us);
	watch_one(watcher, "flv", files->flv, files->flv_origin_us);
}
