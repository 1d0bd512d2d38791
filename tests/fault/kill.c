/* SPDX-License-Identifier: GPL-3.0-or-later
 * Two hundred times kill -9, at random, while recording. In between, media goes on, or stays away
 * longer than the ring reaches back, or begins anew. The end is one file that has everything but
 * what could not be had, and of that at most what one fragment holds.
 *
 * TESSERA_LONG=1: two thousand times. TESSERA_SEED: another sequence.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/fault/verdict.h"

#define MAX_KILLS 2000

struct story {
	char dir[256], record_dir[300], state_path[300];
	struct world world;
	struct excuse excuses[MAX_KILLS];
	unsigned excuse_count;
	int64_t last_committed_us;
};

static pid_t begin_life(const struct story *story)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl(FAULT_LIFE, "fault_life", story->record_dir, story->dir, story->state_path,
		      NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	return pid;
}

static void kill_after(pid_t pid, useconds_t time)
{
	int status;

	(void)usleep(time);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status)); /* it did not end by itself before */
}

/** How long a life takes to have something on disk, on this machine as it is at first. */
static useconds_t measure_life(const struct story *story)
{
	struct timespec begin, now;
	pid_t pid = begin_life(story);

	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	while (!story->world.state->committed_us)
		(void)usleep(500);
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	kill_after(pid, 0);
	return (useconds_t)((now.tv_sec - begin.tv_sec) * 1000000 +
			    (now.tv_nsec - begin.tv_nsec) / 1000);
}

/** What goes on in the world until the next life. */
static void meanwhile(struct story *story)
{
	struct world_state *state = story->world.state;
	int64_t held_us;

	state->now_us += rand() % 1500000;
	switch (rand() % 10) {
	case 0: /* longer than the ring reaches back */
		state->now_us += WORLD_RING_US + 2000000;
		break;
	case 1: /* media died too */
		state->epoch_us = state->now_us;
		break;
	default:
		break;
	}
	held_us = state->now_us - WORLD_RING_US;
	if (held_us < state->epoch_us)
		held_us = state->epoch_us;
	if (held_us > state->on_disk_us - 200000)
		story->excuses[story->excuse_count++] = (struct excuse){
			state->on_disk_us - 100000, held_us + WORLD_KEY_US + 100000};
}

static void random_kills(void **arg)
{
	const char *seed = getenv("TESSERA_SEED"), *many = getenv("TESSERA_LONG");
	unsigned kills = many && many[0] == '1' ? MAX_KILLS : 200, survived = 0, missing;
	struct story story = {0};
	useconds_t life_us;
	json_t *facts;
	char *text;

	(void)arg;
	srand(seed ? (unsigned)atoi(seed) : 1);
	media_make_dir(story.dir, sizeof(story.dir));
	(void)snprintf(story.record_dir, sizeof(story.record_dir), "%s/rec", story.dir);
	(void)snprintf(story.state_path, sizeof(story.state_path), "%s/state", story.dir);
	world_encode(story.dir);
	world_open(&story.world, story.dir, story.state_path);
	story.world.state->now_us = 10000000;

	life_us = measure_life(&story);
	for (unsigned i = 0; i < kills; i++) {
		int64_t before_us = story.world.state->committed_us;

		kill_after(begin_life(&story), (useconds_t)rand() % (3 * life_us));
		/* nothing that was committed is lost; the life told of it when it had recovered */
		assert_true(story.world.state->committed_us >= before_us);
		/* two of three lives shall have recorded something, however busy the machine is */
		if (story.world.state->committed_us > before_us) {
			survived++;
			life_us -= life_us / 40;
		} else {
			life_us += life_us / 20;
		}
		meanwhile(&story);
	}
	print_message("%u kills within %u us, %u lives recorded something, %lld s\n", kills,
		      3 * life_us, survived, (long long)story.world.state->committed_us / 1000000);
	assert_true(survived > kills / 4);

	text = media_must_run("%s %s %s %s until_us=%lld finish=1", FAULT_LIFE, story.record_dir,
			      story.dir, story.state_path,
			      (long long)story.world.state->now_us + 3000000);
	facts = json_loads(text, 0, NULL);
	if (!facts)
		print_error("%s\n", text);
	assert_non_null(facts);
	missing = verdict_content(&story.world, story.record_dir, facts, story.excuses,
				  story.excuse_count);
	print_message("%u units missing in %zu gaps\n", missing,
		      json_array_size(json_object_get(facts, "gaps")));
	json_decref(facts);
	free(text);
	world_close(&story.world);
	media_remove_dir(story.dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_kills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
