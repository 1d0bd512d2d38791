/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/pipeline/rtp/sync.c - do sound and picture of one sender meet on the media time line?
 *
 * A simulated sender with a wall clock and two sampling clocks, all of them wrong, and a network.
 * True time is the box's. The error of an access unit is its media time minus its true capture
 * time; it holds the shortest delay of the network, the same for both tracks when they are in sync.
 */
#include "pipeline/rtp/track.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/pipeline/rtp/support.h"

#define SECOND	 INT64_C(1000000)
#define START_US (1000 * SECOND) /* the box runs for a while already */
#define NTP_US	 INT64_C(3900000000000000)
#define PENDING	 4096
/* 10 ms a second, measured over intervals that jitter makes longer or shorter */
#define SLEW 0.015

enum { AUDIO, VIDEO, TRACKS };

struct scene {
	double wall_ppm;    /* sender's wall clock against ours */
	double ppm[TRACKS]; /* sampling clocks against the wall clock */
	int64_t delay_us[TRACKS];
	int64_t jitter_us;
	unsigned loss_percent;
	int64_t report_from_us[TRACKS]; /* first sender report; INT64_MAX: none */
	int64_t length_us;
	/* change a report; NULL: none */
	void (*spoil)(const struct scene *scene, unsigned track, unsigned number, int64_t at_us,
		      int64_t *ntp_us);
	int64_t step_us;    /* for it */
	int64_t settled_us; /* from here on difference_us is measured */
	int64_t anew_us;    /* the picture begins anew with another SSRC; 0: never */
};

struct track {
	struct world *world;
	struct tess_rtp_track *track;
	double ticks_per_us; /* true time */
	uint32_t ssrc;
	uint32_t first_timestamp;
	unsigned frames, reports;
	uint16_t sequence;
	int64_t next_frame_us, next_report_us;
	unsigned units;
	int64_t media_us; /* of the last access unit */
	int64_t capture_us;
	int64_t error_us;
	int64_t error_at_end_us;
	double fastest; /* change of the error, of the time it took */
	unsigned backward;
};

struct world {
	const struct scene *scene;
	struct pool pool;
	struct tess_rtp_source *source;
	struct track tracks[TRACKS];
	uint64_t seed;
	int64_t now_us;
	struct {
		struct tess_packet *packet;
		struct track *track;
	} pending[PENDING];
	unsigned pending_count;
	int64_t difference_us; /* largest between the tracks' errors since settled_us */
};

static void on_au(void *arg, const struct tess_rtp_au *au)
{
	struct track *track = arg;
	struct world *world = track->world;
	int64_t capture = llround((double)(uint32_t)(au->rtp_timestamp - track->first_timestamp) /
				  track->ticks_per_us);
	int64_t error = au->media_us - START_US - capture;

	if (capture > world->now_us)
		return; /* from before it began anew */
	if (track->units++) {
		if (au->media_us <= track->media_us)
			track->backward++;
		if (capture > 5 * SECOND)
			track->fastest =
				fmax(track->fastest, fabs((double)(error - track->error_us)) /
							     (double)(capture - track->capture_us));
	}
	track->media_us = au->media_us;
	track->capture_us = capture;
	track->error_us = error;
	if (capture >= world->scene->settled_us) {
		int64_t difference =
			llabs(world->tracks[AUDIO].error_us - world->tracks[VIDEO].error_us);

		if (difference > world->difference_us)
			world->difference_us = difference;
	}
}

static void put_on_wire(struct world *world, struct track *track, struct tess_packet *packet)
{
	unsigned i = world->pending_count++;

	assert_in_range(world->pending_count, 0, PENDING);
	world->pending[i].packet = packet;
	world->pending[i].track = track;
}

static int64_t arrival(struct world *world, unsigned i)
{
	const struct scene *scene = world->scene;

	return START_US + world->now_us + scene->delay_us[i] +
	       (scene->jitter_us ? next_random(&world->seed) % scene->jitter_us : 0);
}

static void send_media(struct world *world, unsigned i, int64_t at_us)
{
	static const uint8_t opus[] = {0xf8, 1, 2, 3};
	static const uint8_t slice[] = {0x65, 0x88, 1};
	struct track *track = &world->tracks[i];
	struct rtp rtp = {
		.payload_type = 96,
		.ssrc = track->ssrc,
		.sequence = track->sequence++,
		.timestamp = track->first_timestamp +
			     (uint32_t)llround((double)at_us * track->ticks_per_us),
		.marker = true,
	};

	if (next_random(&world->seed) % 100 < world->scene->loss_percent)
		return;
	if (i == AUDIO)
		put_on_wire(world, track,
			    pool_rtp(&world->pool, &rtp, opus, sizeof(opus), arrival(world, i)));
	else
		put_on_wire(world, track,
			    pool_rtp(&world->pool, &rtp, slice, sizeof(slice), arrival(world, i)));
}

static void send_report(struct world *world, unsigned i)
{
	const struct scene *scene = world->scene;
	struct track *track = &world->tracks[i];
	int64_t ntp_us = NTP_US + llround((double)world->now_us * (1 + scene->wall_ppm * 1e-6));
	uint32_t timestamp = track->first_timestamp +
			     (uint32_t)llround((double)world->now_us * track->ticks_per_us);

	if (scene->spoil)
		scene->spoil(scene, i, track->reports, world->now_us, &ntp_us);
	track->reports++;
	put_on_wire(world, track,
		    pool_sender_report(&world->pool, track->ssrc, ntp_us, timestamp,
				       arrival(world, i)));
}

static void receive_due(struct world *world)
{
	for (unsigned i = 0; i < world->pending_count;) {
		struct tess_packet *packet = world->pending[i].packet;

		if (packet->arrival_us > START_US + world->now_us) {
			i++;
			continue;
		}
		tess_rtp_track_receive(world->pending[i].track->track, packet);
		memmove(&world->pending[i], &world->pending[i + 1],
			(--world->pending_count - i) * sizeof(world->pending[0]));
	}
}

/* Its first report comes before its first packet. */
static void begin_anew(struct world *world, struct track *track)
{
	track->ssrc += TRACKS;
	track->first_timestamp += 0x80000000;
	track->sequence += 30000;
	track->next_report_us = world->now_us;
}

static struct world *run(const struct scene *scene)
{
	static const int64_t interval_us[TRACKS] = {20000, 66667};
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	world->scene = scene;
	world->seed = 11;
	assert_int_equal(tess_rtp_source_alloc(&world->source), 0);
	for (unsigned i = 0; i < TRACKS; i++) {
		const struct tess_rtp_track_config config = {
			.codec = i == AUDIO ? TESS_CODEC_OPUS : TESS_CODEC_H264,
			.payload_type = 96,
			.clock_rate = i == AUDIO ? 48000 : 90000,
			.jitter_us = 100000,
			.max_au_bytes = 1000,
		};
		struct track *track = &world->tracks[i];

		track->world = world;
		track->ticks_per_us = config.clock_rate * 1e-6 * (1 + scene->wall_ppm * 1e-6) *
				      (1 + scene->ppm[i] * 1e-6);
		track->ssrc = i + 1;
		track->first_timestamp = i ? 0xffff0000 : 77;
		track->sequence = 65000;
		track->next_report_us = scene->report_from_us[i];
		assert_int_equal(
			tess_rtp_track_alloc(&track->track, world->source, &config, on_au, track),
			0);
	}
	for (; world->now_us < scene->length_us; world->now_us += 1000) {
		if (scene->anew_us && world->now_us == scene->anew_us)
			begin_anew(world, &world->tracks[VIDEO]);
		for (unsigned i = 0; i < TRACKS; i++) {
			struct track *track = &world->tracks[i];

			if (world->now_us >= track->next_report_us) {
				send_report(world, i);
				track->next_report_us += 5 * SECOND;
			}
			if (world->now_us >= track->next_frame_us) {
				send_media(world, i, track->next_frame_us);
				track->next_frame_us = ++track->frames * interval_us[i];
			}
		}
		receive_due(world);
		for (unsigned i = 0; i < TRACKS; i++) {
			struct tess_rtp_track *track = world->tracks[i].track;

			if (tess_rtp_track_deadline(track) <= START_US + world->now_us)
				tess_rtp_track_poll(track, START_US + world->now_us);
		}
	}
	for (unsigned i = 0; i < TRACKS; i++) {
		struct track *track = &world->tracks[i];

		track->error_at_end_us = track->error_us;
		assert_int_equal(tess_rtp_track_counters(track->track)->ssrc_changes,
				 scene->anew_us && i == VIDEO);
		tess_rtp_track_free(track->track);
		assert_int_equal(track->backward, 0);
	}
	tess_rtp_source_free(world->source);
	while (world->pending_count)
		tess_packet_release(world->pending[--world->pending_count].packet);
	assert_int_equal(world->pool.made, world->pool.released);
	return world;
}

/* The sender's wall clock runs 200 ppm beside ours: 10 s and 10 min after the start. */
static void sender_against_box(void **state)
{
	(void)state;
	for (double ppm = -200; ppm <= 200; ppm += 400) {
		const struct scene scene = {
			.wall_ppm = ppm,
			.delay_us = {3000, 40000},
			.jitter_us = 30000,
			.length_us = 620 * SECOND,
			.settled_us = 10 * SECOND,
		};
		struct world *world = run(&scene);

		assert_in_range(world->difference_us, 0, 2000);
		/* ... and it is where the fastest packets are */
		assert_true(llabs(world->tracks[AUDIO].error_at_end_us - 3000) < 6000);
		assert_true(world->tracks[AUDIO].fastest < SLEW);
		assert_in_range(world->tracks[AUDIO].units, 31000 - 2, 31000);
		free(world);
	}
}

/* Sound and picture are sampled by clocks 200 ppm apart. */
static void audio_against_video(void **state)
{
	(void)state;
	for (double ppm = -200; ppm <= 200; ppm += 400) {
		const struct scene scene = {
			.ppm = {ppm, 0},
			.delay_us = {3000, 40000},
			.jitter_us = 30000,
			.length_us = 620 * SECOND,
			.settled_us = 10 * SECOND,
		};
		struct world *world = run(&scene);

		assert_in_range(world->difference_us, 0, 4000);
		assert_true(world->tracks[AUDIO].fastest < SLEW);
		assert_true(world->tracks[VIDEO].fastest < SLEW);
		free(world);
	}
}

static void all_at_once(void **state)
{
	const struct scene scene = {
		.wall_ppm = 300,
		.ppm = {150, -50},
		.delay_us = {3000, 40000},
		.jitter_us = 300000,
		.loss_percent = 10,
		.length_us = 620 * SECOND,
		.settled_us = 10 * SECOND,
	};
	struct world *world = run(&scene);

	(void)state;
	assert_in_range(world->difference_us, 0, 5000);
	free(world);
}

/* Without reports only arrival is known: as good as the network is alike for both. */
static void no_reports(void **state)
{
	const struct scene scene = {
		.wall_ppm = 200,
		.ppm = {200, 0},
		.delay_us = {3000, 3000},
		.jitter_us = 30000,
		.report_from_us = {INT64_MAX, INT64_MAX},
		.length_us = 620 * SECOND,
		.settled_us = 10 * SECOND,
	};
	struct world *world = run(&scene);

	(void)state;
	assert_in_range(world->difference_us, 0, 8000);
	assert_true(llabs(world->tracks[AUDIO].error_at_end_us - 3000) < 6000);
	assert_true(world->tracks[AUDIO].fastest < SLEW);
	free(world);
}

/* Reports begin late and tell that the picture was 200 ms longer under way: slewed, in 40 s. */
static void from_arrival_to_reports(void **state)
{
	const struct scene scene = {
		.delay_us = {3000, 203000},
		.report_from_us = {20 * SECOND, 21 * SECOND},
		.length_us = 120 * SECOND,
		.settled_us = 50 * SECOND,
	};
	struct world *world = run(&scene);

	(void)state;
	assert_in_range(world->difference_us, 0, 500);
	assert_true(world->tracks[VIDEO].fastest < SLEW);
	assert_true(world->tracks[AUDIO].fastest < 0.002); /* sound was right and stays */
	assert_true(llabs(world->tracks[VIDEO].error_at_end_us - 3000) < 1000);
	free(world);
}

static void far_off_steps(void **state)
{
	const struct scene scene = {
		.delay_us = {3000, 903000},
		.report_from_us = {20 * SECOND, 21 * SECOND},
		.length_us = 60 * SECOND,
		.settled_us = 30 * SECOND,
	};
	struct world *world = run(&scene);

	(void)state;
	assert_in_range(world->difference_us, 0, 500);
	free(world);
}

static void every_third_is_garbage(const struct scene *scene, unsigned track, unsigned number,
				   int64_t at_us, int64_t *ntp_us)
{
	(void)scene;
	(void)at_us;
	if ((number + track) % 3 == 2)
		*ntp_us += number % 2 ? 3600 * SECOND : -400000;
}

static void garbage_reports(void **state)
{
	const struct scene scene = {
		.ppm = {100, -100},
		.delay_us = {3000, 40000},
		.jitter_us = 20000,
		.length_us = 300 * SECOND,
		.settled_us = 10 * SECOND,
		.spoil = every_third_is_garbage,
	};
	struct world *world = run(&scene);

	(void)state;
	assert_in_range(world->difference_us, 0, 5000);
	assert_true(world->tracks[AUDIO].fastest < 0.003);
	free(world);
}

static void first_is_garbage(const struct scene *scene, unsigned track, unsigned number,
			     int64_t at_us, int64_t *ntp_us)
{
	(void)scene;
	(void)at_us;
	if (track == VIDEO && number == 0)
		*ntp_us += 1000 * SECOND;
}

static void garbage_at_first(void **state)
{
	const struct scene scene = {
		.delay_us = {3000, 40000},
		.jitter_us = 20000,
		.length_us = 120 * SECOND,
		.settled_us = 60 * SECOND,
		.spoil = first_is_garbage,
	};
	struct world *world = run(&scene);

	(void)state;
	assert_in_range(world->difference_us, 0, 3000);
	assert_true(world->tracks[AUDIO].fastest < SLEW);
	assert_true(world->tracks[VIDEO].fastest < SLEW);
	free(world);
}

static void wall_clock_is_set(const struct scene *scene, unsigned track, unsigned number,
			      int64_t at_us, int64_t *ntp_us)
{
	(void)track;
	(void)number;
	if (at_us > 60 * SECOND)
		*ntp_us += scene->step_us;
}

/* Somebody sets the sender's clock: neither track may move, nor they come apart. */
static void clock_is_set(void **state)
{
	static const int64_t steps[] = {-5 * 3600 * SECOND,	-200000, 60000, 200000, 3 * SECOND,
					INT64_C(86400) * SECOND};

	(void)state;
	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct scene scene = {
			.delay_us = {3000, 40000},
			.jitter_us = 20000,
			.report_from_us = {0, 2 * SECOND},
			.length_us = 200 * SECOND,
			.settled_us = 10 * SECOND,
			.spoil = wall_clock_is_set,
			.step_us = steps[i],
		};
		struct world *world = run(&scene);

		assert_in_range(world->difference_us, 0, 4000);
		assert_true(world->tracks[AUDIO].fastest < 0.003);
		assert_true(llabs(world->tracks[AUDIO].error_at_end_us - 3000) < 3000);
		free(world);
	}
}

static void only_video_is_set(const struct scene *scene, unsigned track, unsigned number,
			      int64_t at_us, int64_t *ntp_us)
{
	(void)scene;
	(void)number;
	if (track == VIDEO && at_us > 60 * SECOND)
		*ntp_us += 200000;
}

/* What only one track tells, for long, is a change of the relation between the two. */
static void relation_changes(void **state)
{
	const struct scene scene = {
		.delay_us = {3000, 40000},
		.length_us = 200 * SECOND,
		.settled_us = 199 * SECOND,
		.spoil = only_video_is_set,
	};
	struct world *world = run(&scene);

	(void)state;
	assert_true(llabs(world->tracks[VIDEO].error_at_end_us -
			  world->tracks[AUDIO].error_at_end_us - 200000) < 1000);
	assert_true(world->tracks[VIDEO].fastest < SLEW);
	assert_true(world->tracks[AUDIO].fastest < SLEW);
	free(world);
}

static void clocks_of_two_machines(const struct scene *scene, unsigned track, unsigned number,
				   int64_t at_us, int64_t *ntp_us)
{
	(void)scene;
	(void)number;
	(void)at_us;
	if (track == VIDEO)
		*ntp_us += 7200 * SECOND;
}

/* Wall clocks that have nothing to do with each other leave it at arrival. */
static void unrelated_clocks(void **state)
{
	const struct scene scene = {
		.delay_us = {3000, 13000},
		.jitter_us = 10000,
		.length_us = 100 * SECOND,
		.settled_us = 10 * SECOND,
		.spoil = clocks_of_two_machines,
	};
	struct world *world = run(&scene);

	(void)state;
	assert_in_range(world->difference_us, 8000, 13000);
	free(world);
}

/* A picture that begins anew while the sound goes on meets it again. */
static void picture_begins_anew(void **state)
{
	const struct scene scene = {
		.delay_us = {3000, 90000},
		.jitter_us = 10000,
		.length_us = 60 * SECOND,
		.anew_us = 20 * SECOND,
		.settled_us = 35 * SECOND,
	};
	struct world *world = run(&scene);

	(void)state;
	assert_in_range(world->difference_us, 0, 2000);
	free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sender_against_box),
		cmocka_unit_test(audio_against_video),
		cmocka_unit_test(all_at_once),
		cmocka_unit_test(no_reports),
		cmocka_unit_test(from_arrival_to_reports),
		cmocka_unit_test(far_off_steps),
		cmocka_unit_test(garbage_reports),
		cmocka_unit_test(garbage_at_first),
		cmocka_unit_test(clock_is_set),
		cmocka_unit_test(relation_changes),
		cmocka_unit_test(unrelated_clocks),
		cmocka_unit_test(picture_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
