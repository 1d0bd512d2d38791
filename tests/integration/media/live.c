/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/live.c - the real program with its threads: RTP over loopback in, rings
 * out. The test plays control and egress, changes what is desired, kills the program, and finds the
 * canvas back in 2 s. Run it under ThreadSanitizer too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/clock/clock.h"
#include "firmware/base/log.h"
#include "firmware/base/loop.h"
#include "firmware/link/link.h"
#include "pipeline/stream/ring.h"
#include "tests/integration/media/scenario.h"
#include "tests/support/rtp_sender.h"
#include "tests/support/tone.h"

#define PUBLISHERS 3
#define FRAME_US   20000
#define PICTURE_US (1000000 / 15)
#define BUFFER	   (4u << 20)

struct box;

/* One of the publishers, sending in real time. */
struct publisher {
	struct box *box;
	unsigned id;
	bool sending;
	struct tess_test_video *video;
	struct tess_test_audio *audio;
	struct tess_rtp_sender video_sender, audio_sender;
	uint64_t audio_frames;
	int64_t next_video_us, next_audio_us, next_report_us;
};

struct box {
	struct tess_loop *loop;
	struct tess_timer *timer;
	struct tess_link_server *control;
	struct tess_link *media;   /* the program's link to control */
	struct tess_link *streams; /* our link to its streams */
	char directory[64], config[96];
	uint16_t base_port;
	pid_t program;
	int socket;
	struct publisher publishers[PUBLISHERS];
	json_t *desired, *facts;
	int64_t epoch;

	struct tess_ring_reader *ring;
	uint64_t ring_epoch;
	unsigned rings, ends;
	struct judge *judge;
	uint8_t *buffer;
	/* what was seen since reset() */
	unsigned width, tiles;
	unsigned pictures, readable[PUBLISHERS];
	int64_t first_picture_us, best_age_us;
	uint64_t sound_frames;

	const struct step *step;
	int64_t deadline_us; /* of the step; 0: not begun */
	bool failed;
	json_t *mix; /* as it is desired */
	int64_t killed_us;
};

/* The test is a list of these, run by the loop. */
struct step {
	void (*act)(struct box *box);
	bool (*done)(const struct box *box);
	unsigned seconds; /* in which it must be done */
	const char *what;
};

static int64_t now_us(void)
{
	return tess_clock_now_us(tess_clock_system());
}

/* The publishers */

static void send_packet(const struct publisher *publisher, uint16_t port, const uint8_t *data,
			size_t length)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	(void)sendto(publisher->box->socket, data, length, 0, (struct sockaddr *)&to, sizeof(to));
}

static void on_video_packet(void *arg, const uint8_t *data, size_t length, bool rtcp)
{
	const struct publisher *publisher = arg;

	send_packet(publisher, (uint16_t)(publisher->box->base_port + 4 * publisher->id + rtcp),
		    data, length);
}

static void on_audio_packet(void *arg, const uint8_t *data, size_t length, bool rtcp)
{
	const struct publisher *publisher = arg;

	send_packet(publisher, (uint16_t)(publisher->box->base_port + 4 * publisher->id + 2 + rtcp),
		    data, length);
}

static void publisher_init(struct publisher *publisher, struct box *box, unsigned id)
{
	const struct tess_test_video_config video = {.width = 160, .height = 90};
	const struct tess_rtp_sender_config video_rtp = {.ssrc = 100 + id,
							 .payload_type =
								 TESS_TEST_VIDEO_PAYLOAD_TYPE,
							 .clock_rate = 90000,
							 .first_sequence = 65000};
	const struct tess_rtp_sender_config audio_rtp = {.ssrc = 200 + id,
							 .payload_type =
								 TESS_TEST_AUDIO_PAYLOAD_TYPE,
							 .clock_rate = 48000};

	publisher->box = box;
	publisher->id = id;
	assert_int_equal(tess_test_video_open(&publisher->video, &video), 0);
	assert_int_equal(tess_test_audio_open(&publisher->audio, 1, 0), 0);
	tess_rtp_sender_init(&publisher->video_sender, &video_rtp, on_video_packet, publisher);
	tess_rtp_sender_init(&publisher->audio_sender, &audio_rtp, on_audio_packet, publisher);
}

static void publisher_start(struct publisher *publisher)
{
	publisher->sending = true;
	publisher->next_video_us = publisher->next_audio_us = publisher->next_report_us = now_us();
}

static void send_picture(struct publisher *publisher, int64_t capture_us)
{
	const struct tess_test_pattern pattern = {.id = publisher->id, .time_us = capture_us};
	const uint8_t *data;
	size_t length;

	tess_test_pattern_draw(tess_test_video_picture(publisher->video), &pattern);
	assert_int_equal(tess_test_video_encode(publisher->video, false, &data, &length), 0);
	tess_rtp_sender_h264(&publisher->video_sender, capture_us, data, length);
}

static void send_sound(struct publisher *publisher, int64_t capture_us)
{
	float pcm[TESS_TEST_AUDIO_FRAMES] = {0};
	const uint8_t *data;
	size_t length;

	tess_tone_add(pcm, TESS_TEST_AUDIO_FRAMES, 1, TESS_TEST_AUDIO_RATE,
		      (double)publisher->audio_frames / TESS_TEST_AUDIO_RATE,
		      scenario_tone_hz(publisher->id), 0.1);
	publisher->audio_frames += TESS_TEST_AUDIO_FRAMES;
	assert_int_equal(tess_test_audio_encode(publisher->audio, pcm, &data, &length), 0);
	tess_rtp_sender_opus(&publisher->audio_sender, capture_us, data, length);
}

static void publisher_step(struct publisher *publisher)
{
	int64_t now = now_us();

	for (; publisher->sending && publisher->next_video_us <= now;
	     publisher->next_video_us += PICTURE_US)
		send_picture(publisher, publisher->next_video_us);
	for (; publisher->sending && publisher->next_audio_us <= now;
	     publisher->next_audio_us += FRAME_US)
		send_sound(publisher, publisher->next_audio_us);
	if (publisher->sending && publisher->next_report_us <= now) {
		tess_rtp_sender_report(&publisher->video_sender, now, now + TESS_TEST_UTC_US);
		tess_rtp_sender_report(&publisher->audio_sender, now, now + TESS_TEST_UTC_US);
		publisher->next_report_us += 1000000;
	}
}

/* The reader of the stream */

static void on_picture(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	struct box *box = arg;

	if (picture->width != box->width || pts_us <= box->killed_us)
		return; /* from before the change, or the restart, that is waited for */
	if (!box->pictures++)
		box->first_picture_us = pts_us;
	for (unsigned i = 0; i < box->tiles; i++) {
		int32_t width = (int32_t)(box->tiles > 1 ? box->width / 2 : box->width);
		int32_t height = (int32_t)(box->tiles > 2 ? picture->height / 2 : picture->height);
		struct tess_rect rect = {(int32_t)(i % 2) * width, (int32_t)(i / 2) * height, width,
					 height};
		struct tess_test_pattern pattern;
		int64_t age_us;

		if (tess_test_pattern_read(&pattern, picture, &rect, TESS_RENDER_CROP, 160, 90) ||
		    pattern.id != i)
			continue;
		box->readable[i]++;
		age_us = (pts_us - pattern.time_us) % TESS_TEST_PATTERN_WRAP_US;
		if (age_us > TESS_TEST_PATTERN_WRAP_US / 2)
			age_us -= TESS_TEST_PATTERN_WRAP_US;
		box->best_age_us = age_us < box->best_age_us ? age_us : box->best_age_us;
	}
}

static void on_sound(void *arg, int64_t pts_us, const float *left, const float *right,
		     unsigned frames)
{
	struct box *box = arg;

	(void)pts_us;
	(void)left;
	(void)right;
	box->sound_frames += frames;
}

static void close_ring(struct box *box)
{
	if (box->judge)
		judge_close(box->judge);
	tess_ring_reader_free(box->ring);
	box->judge = NULL;
	box->ring = NULL;
}

static void open_ring(struct box *box, int memfd, uint64_t epoch)
{
	const struct judge_handlers handlers = {
		.picture = on_picture, .sound = on_sound, .arg = box};

	close_ring(box);
	assert_true(epoch > box->ring_epoch);
	box->ring_epoch = epoch;
	box->rings++;
	assert_int_equal(tess_ring_reader_alloc(&box->ring, memfd), 0);
	assert_true(tess_ring_reader_epoch(box->ring) == epoch);
	tess_ring_seek_oldest(box->ring);
	box->judge = judge_open(&handlers);
}

static void read_ring(struct box *box)
{
	struct tess_au au;
	size_t needed;
	int error;

	while (box->ring && !(error = tess_ring_read(box->ring, &au, box->buffer, BUFFER, &needed)))
		judge_au(box->judge, tess_ring_reader_info(box->ring), &au);
	if (box->ring)
		assert_true(error == -EAGAIN || error == -EPIPE);
}

static void on_stream(void *arg, struct tess_link *link, json_t *message, int *fds,
		      unsigned fd_count)
{
	const char *type = json_string_value(json_object_get(message, "type"));
	struct box *box = arg;

	(void)link;
	assert_string_equal(json_string_value(json_object_get(message, "stream")), "mix-3");
	if (!strcmp(type, "stream")) {
		assert_int_equal(fd_count, 2);
		open_ring(box, fds[0],
			  (uint64_t)json_integer_value(json_object_get(message, "epoch")));
	} else {
		assert_string_equal(type, "stream_end");
		box->ends++;
	}
	for (unsigned i = 0; i < fd_count; i++)
		(void)close(fds[i]);
}

/* Control */

static void send_desired(struct box *box)
{
	if (!box->desired || !box->media)
		return;
	json_object_set_new(box->desired, "epoch", json_integer(++box->epoch));
	assert_int_equal(tess_link_send(box->media, box->desired, NULL, 0), 0);
}

static void on_media_message(void *arg, struct tess_link *link, json_t *message, int *fds,
			     unsigned fd_count)
{
	const char *type = json_string_value(json_object_get(message, "type"));
	struct box *box = arg;

	(void)fds;
	assert_int_equal(fd_count, 0);
	if (!strcmp(type, "hello")) {
		assert_string_equal(json_string_value(json_object_get(message, "process")),
				    "media");
		box->media = link;
		send_desired(box);
		return;
	}
	assert_string_equal(type, "facts");
	json_decref(box->facts);
	box->facts = json_incref(message);
}

static void on_media_down(void *arg, struct tess_link *link)
{
	struct box *box = arg;

	if (box->media == link)
		box->media = NULL;
}

static void start_program(struct box *box)
{
	box->program = fork();
	assert_true(box->program >= 0);
	if (!box->program) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* when a check fails we are gone */
		(void)execl(TESSERA_MEDIA, TESSERA_MEDIA, "--config", box->config, (char *)NULL);
		_exit(127);
	}
}

static void on_timer(void *arg)
{
	struct box *box = arg;

	for (unsigned i = 0; i < PUBLISHERS; i++)
		publisher_step(&box->publishers[i]);
	read_ring(box);
	if (!box->deadline_us) {
		box->step->act(box);
		box->deadline_us = now_us() + box->step->seconds * INT64_C(1000000);
	} else if (box->step->done(box)) {
		box->step++;
		box->deadline_us = 0;
	} else if (now_us() > box->deadline_us) {
		box->failed = true;
	}
	if (box->failed || !box->step->act)
		tess_loop_stop(box->loop);
	else
		tess_timer_start(box->timer, 5000);
}

static void reset(struct box *box, unsigned width, unsigned tiles)
{
	box->width = width;
	box->tiles = tiles;
	box->pictures = 0;
	memset(box->readable, 0, sizeof(box->readable));
	box->sound_frames = 0;
	box->best_age_us = INT64_MAX;
}

static json_t *desired(const struct box *box, unsigned publishers, json_t *mix)
{
	json_t *list = json_array();

	for (unsigned id = 0; id < publishers; id++) {
		json_t *publisher = scenario_desired_publisher(id, id + 1);

		json_object_set_new(json_object_get(publisher, "video"), "port",
				    json_integer(box->base_port + 4 * id));
		json_object_set_new(json_object_get(publisher, "audio"), "port",
				    json_integer(box->base_port + 4 * id + 2));
		json_array_append_new(list, publisher);
	}
	return scenario_desired(list, mix ? json_pack("[o]", mix) : json_array());
}

static void set_desired(struct box *box, json_t *wanted)
{
	json_decref(box->desired);
	box->desired = wanted;
	send_desired(box);
}

static struct box *box_open(void)
{
	static const struct tess_link_handlers control = {.message = on_media_message,
							  .down = on_media_down};
	static const struct tess_link_handlers streams = {.message = on_stream};
	struct box *box = calloc(1, sizeof(*box));
	char path[96];
	FILE *config;

	assert_non_null(box);
	tess_log_init("test", TESS_LOG_WARN);
	(void)snprintf(box->directory, sizeof(box->directory), "/tmp/tessera-test-XXXXXX");
	assert_non_null(mkdtemp(box->directory));
	(void)snprintf(box->config, sizeof(box->config), "%s/conf", box->directory);
	config = fopen(box->config, "w");
	assert_non_null(config);
	fprintf(config,
		"box = { run_dir = \"%s\"; };\n"
		"media = { net = \"udp:127.0.0.1\"; jitter_ms = %d; codec_threads = 2; workers = "
		"2; };\n",
		box->directory, SCENARIO_JITTER_MS);
	assert_int_equal(fclose(config), 0);
	/* between those of tests of net_udp and those that the kernel gives out */
	box->base_port = (uint16_t)(32200 + getpid() % 45 * 4 * PUBLISHERS);
	box->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(box->socket >= 0);
	box->buffer = malloc(BUFFER);
	assert_int_equal(tess_loop_alloc(&box->loop), 0);
	assert_int_equal(tess_timer_alloc(&box->timer, box->loop, on_timer, box), 0);
	for (unsigned i = 0; i < PUBLISHERS; i++)
		publisher_init(&box->publishers[i], box, i);
	(void)snprintf(path, sizeof(path), "%s/control.sock", box->directory);
	assert_int_equal(tess_link_listen(&box->control, box->loop, path, &control, box), 0);
	(void)snprintf(path, sizeof(path), "%s/streams.sock", box->directory);
	assert_int_equal(tess_link_connect(&box->streams, box->loop, path, &streams, box), 0);
	start_program(box);
	return box;
}

/* The program must end well when it is asked to: sanitizers make it fail if they found anything. */
static void box_close(struct box *box)
{
	char path[96];
	int status;

	assert_int_equal(kill(box->program, SIGTERM), 0);
	assert_int_equal(waitpid(box->program, &status, 0), box->program);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close_ring(box);
	tess_link_free(box->streams);
	tess_link_server_free(box->control);
	tess_timer_free(box->timer);
	tess_loop_free(box->loop);
	for (unsigned i = 0; i < PUBLISHERS; i++) {
		tess_test_video_close(box->publishers[i].video);
		tess_test_audio_close(box->publishers[i].audio);
	}
	json_decref(box->mix);
	json_decref(box->desired);
	json_decref(box->facts);
	free(box->buffer);
	(void)close(box->socket);
	(void)unlink(box->config);
	(void)snprintf(path, sizeof(path), "%s/streams.sock", box->directory);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/control.sock", box->directory);
	(void)unlink(path);
	assert_int_equal(rmdir(box->directory), 0);
	free(box);
}

static bool all_tiles_readable(const struct box *box)
{
	for (unsigned i = 0; i < box->tiles; i++) {
		if (box->readable[i] < 20)
			return false;
	}
	return box->sound_frames > 24000;
}

static bool facts_say_running(const struct box *box)
{
	const json_t *mix = json_array_get(json_object_get(box->facts, "mixes"), 0);
	const json_t *publishers = json_object_get(box->facts, "publishers");
	const char *state = json_string_value(json_object_get(mix, "state"));

	for (size_t i = 0; i < json_array_size(publishers); i++) {
		const json_t *publisher = json_array_get(publishers, i);

		if (strcmp(json_string_value(json_object_get(publisher, "state")), "receiving") !=
		    0)
			return false;
	}
	return state && !strcmp(state, "running") &&
	       json_integer_value(json_object_get(mix, "latency_p95_us")) > 0 &&
	       json_array_size(json_object_get(mix, "tiles")) == box->tiles;
}

static bool any_picture(const struct box *box)
{
	return box->pictures > 0;
}

static bool stream_ended(const struct box *box)
{
	return box->ends > 0;
}

static void begin(struct box *box)
{
	box->mix = scenario_desired_mix(640, 360);
	for (unsigned i = 0; i < PUBLISHERS; i++)
		publisher_start(&box->publishers[i]);
	reset(box, 640, 2);
	set_desired(box, desired(box, 2, json_incref(box->mix)));
}

static void look_at_facts(struct box *box)
{
	(void)box;
}

static void change_the_mix(struct box *box)
{
	print_message("p95 %lld us from packet to access unit, beyond the jitter buffer\n",
		      (long long)json_integer_value(json_object_get(
			      json_array_get(json_object_get(box->facts, "mixes"), 0),
			      "latency_p95_us")));
	json_object_set_new(json_object_get(box->mix, "video"), "width", json_integer(320));
	json_object_set_new(json_object_get(box->mix, "video"), "height", json_integer(180));
	json_object_set_new(box->mix, "epoch", json_integer(2));
	reset(box, 320, 3);
	set_desired(box, desired(box, 3, json_incref(box->mix)));
}

/* How long the thread of the program that waited longest for a processor did so: what other
 * programs took of its time. */
static int64_t kept_waiting_us(pid_t program)
{
	long long longest_ns = 0, waited_ns;
	char path[320];
	struct dirent *entry;
	FILE *file;
	DIR *tasks;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)program);
	tasks = opendir(path);
	while (tasks && (entry = readdir(tasks))) {
		(void)snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", (int)program,
			       entry->d_name);
		file = fopen(path, "re");
		if (file && fscanf(file, "%*d %lld", &waited_ns) == 1 && waited_ns > longest_ns)
			longest_ns = waited_ns;
		if (file)
			(void)fclose(file);
	}
	if (tasks)
		(void)closedir(tasks);
	return longest_ns / 1000;
}

static void kill_and_restart(struct box *box)
{
	int status;

	assert_int_equal(box->rings, 1); /* the change was made in place */
	/* burnt-in clocks are on the time line of the access units; what a machine that is busy
	 * with other things adds to their age is not ours */
	assert_true(box->best_age_us > -PICTURE_US);
	assert_true(box->best_age_us <
		    400000 + kept_waiting_us(box->program) + kept_waiting_us(getpid()));
	assert_int_equal(kill(box->program, SIGKILL), 0);
	assert_int_equal(waitpid(box->program, &status, 0), box->program);
	reset(box, 320, 3);
	box->killed_us = now_us();
	start_program(box);
}

static void look_at_tiles(struct box *box)
{
	int64_t after_us = box->first_picture_us - box->killed_us;

	print_message(
		"first composed picture %lld ms after the restart, %lld of them kept waiting\n",
		(long long)after_us / 1000, (long long)kept_waiting_us(box->program) / 1000);
	if (!SANITIZED)
		assert_true(after_us - kept_waiting_us(box->program) <= 2000000);
	assert_int_equal(box->rings, 2);
}

static void end_the_job(struct box *box)
{
	assert_int_equal(box->ends, 0);
	set_desired(box, desired(box, 1, NULL));
}

static const struct step steps[] = {
	{begin, all_tiles_readable, 180, "two publishers in their tiles, with sound"},
	{look_at_facts, facts_say_running, 60, "facts of a running mix"},
	{change_the_mix, all_tiles_readable, 180, "three publishers in their tiles"},
	{kill_and_restart, any_picture, 60, "a composed picture after the restart"},
	{look_at_tiles, all_tiles_readable, 180, "three publishers after the restart"},
	{end_the_job, stream_ended, 60, "the end of the stream"},
	{0},
};

static void a_room_on_real_threads(void **state)
{
	struct box *box = box_open();

	(void)state;
	box->step = steps;
	tess_timer_start(box->timer, 0);
	assert_int_equal(tess_loop_run(box->loop), 0);
	if (box->failed)
		fail_msg("not in %u s: %s; facts %s", box->step->seconds, box->step->what,
			 json_dumps(box->facts, JSON_COMPACT));
	box_close(box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_room_on_real_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
