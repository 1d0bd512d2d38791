/* SPDX-License-Identifier: GPL-3.0-or-later
 * Lives of one recording.
 */
#include "tests/fault/story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/fault/disk.h"

int set_up(void **state)
{
	struct story *story = calloc(1, sizeof(*story));

	media_make_dir(story->dir, sizeof(story->dir));
	(void)snprintf(story->record_dir, sizeof(story->record_dir), "%s/rec", story->dir);
	(void)snprintf(story->state_path, sizeof(story->state_path), "%s/state", story->dir);
	world_encode(story->dir);
	world_open(&story->world, story->dir, story->state_path);
	*state = story;
	return 0;
}

int tear_down(void **state)
{
	struct story *story = *state;

	world_close(&story->world);
	media_remove_dir(story->dir);
	free(story);
	return 0;
}

void begin_anew(struct story *story)
{
	struct world_state *state = story->world.state;

	media_remove_dir(story->record_dir);
	state->now_us = BEGIN_US;
	state->committed_us = state->on_disk_us = state->epoch_us = 0;
	state->operations = 0;
}

int live_until(const struct story *story, json_t **facts, int64_t until_us, const char *options)
{
	char *text, *json;
	int status;

	text = media_run(&status, "timeout 20 %s %s %s %s finish=1 until_us=%lld %s", FAULT_LIFE,
			 story->record_dir, story->dir, story->state_path, (long long)until_us,
			 options);
	json = strpbrk(text, "[{"); /* behind what it may have logged */
	*facts = json ? json_loads(json, 0, NULL) : NULL;
	if (!WIFEXITED(status) || (WEXITSTATUS(status) && WEXITSTATUS(status) != DISK_CRASHED))
		print_error("%s: %d %s\n", options, status, text);
	free(text);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}
