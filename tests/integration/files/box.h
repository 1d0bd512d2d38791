/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/files/box.h - what finally comes out of the box, on virtual time: packets in, a
 * finished recording and the bytes that a live player got out, and these decoded by ffmpeg.
 *
 * capture -> media process (replay) -> access units -> fragments, journal and final index, as the
 * recorder has them -> MP4; and -> window of tags -> a player's socket, as live has them -> FLV.
 * Only the threads, the link and the HTTP head are left out.
 */
#ifndef TESS_TESTS_BOX_H
#define TESS_TESTS_BOX_H

#include "tests/integration/media/scenario.h"
#include "tests/support/decode.h"

struct box_files {
	char dir[64]; /* all of it is the test's */
	char mp4[256], flv[256];
	/* what was captured at 0 has this time stamp, negated, in a file */
	int64_t mp4_origin_us, flv_origin_us;
};

/** Run the box; anything that goes wrong fails the test. Takes the scenario over. */
void box_run(struct box_files *files, const struct tess_test_capture *capture, json_t *scenario);
/** The same, of which all @p count publishers are desired from the beginning in a mix, taken over.
 */
void box_run_all(struct box_files *files, const struct tess_test_capture *capture, json_t *mix);
void box_files_remove(struct box_files *files);

/**
 * Decode both files, one after the other: handlers as of decode.h, but times are those of the
 * capture. @p begin is called before each with its name ("mp4", "flv"), @p end after it.
 */
struct box_watcher {
	struct tess_test_decode_handlers handlers;
	void (*begin)(void *arg, const char *name);
	void (*end)(void *arg, const char *name);
	void *arg;
};
void box_watch(const struct box_files *files, const struct box_watcher *watcher);

#endif
