/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/scenario.h - builds desired states and runs captures through the media
 * process on virtual time.
 */
#ifndef TESS_TESTS_SCENARIO_H
#define TESS_TESTS_SCENARIO_H

#include <jansson.h>

#include "firmware/media/replay.h"
#include "tests/integration/media/judge.h"
#include "tests/support/capture.h"

#define SCENARIO_JITTER_MS 100
/* what is captured at t is shown this much later (firmware/media/mix.h) */
#define SCENARIO_DELAY_MS (SCENARIO_JITTER_MS + 40)

/** Publisher @p id of the capture: ports 20000 + 4 * id and the next even one. */
uint16_t scenario_video_port(unsigned id);
uint16_t scenario_audio_port(unsigned id);
/** A publisher of the capture with these ports and a tone of its own. */
struct tess_test_publisher scenario_publisher(unsigned id);
double scenario_tone_hz(unsigned id);

/** A desired publisher, user "uID", with video and audio; the caller's to change and to give over.
 */
json_t *scenario_desired_publisher(unsigned id, unsigned order);
/** A mix of the room in a grid, 15 pictures a second; the caller's. */
json_t *scenario_desired_mix(unsigned width, unsigned height);
/** A desired state; takes both lists over. */
json_t *scenario_desired(json_t *publishers, json_t *mixes);
/** An empty scenario; add steps in the order of time. */
json_t *scenario_new(void);
void scenario_step(json_t *scenario, unsigned at_ms, json_t *desired); /* takes desired over */

struct scenario_result {
	uint64_t digest;  /* of all access units */
	unsigned streams; /* rings that were seen */
	json_t *facts;	  /* the last ones; the caller's */
};

/**
 * Write the capture, replay it (both may fail the test), judge all streams alike; times that the
 * handlers get count from the capture's begin. Takes the scenario over.
 */
struct scenario_result scenario_run(const struct tess_test_capture *capture, json_t *scenario,
				    const struct judge_handlers *handlers);
/** The same on these engines (struct tess_engines_config). */
struct scenario_result scenario_run_on(const struct tess_test_capture *capture, json_t *scenario,
				       const struct judge_handlers *handlers,
				       const struct tess_engine_driver *const *drivers);
/** And with these still pictures, ended by one without a key, for mixes to name; NULL: none. */
struct scenario_result scenario_run_pictures(const struct tess_test_capture *capture,
					     json_t *scenario,
					     const struct judge_handlers *handlers,
					     const struct tess_engine_driver *const *drivers,
					     const struct tess_media_replay_picture *pictures);
/** A counter of the last facts: list[index].object.counters.name, object "" for mixes. */
json_int_t scenario_counter(const struct scenario_result *result, const char *list, unsigned index,
			    const char *object, const char *name);

#endif
