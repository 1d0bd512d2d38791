/* SPDX-License-Identifier: GPL-3.0-or-later
 * A recording of the box's media again and again, and what its files hold: for formats.c and
 * splits.c.
 */
#ifndef TESS_TEST_RECORD_LOOPS_H
#define TESS_TEST_RECORD_LOOPS_H

#include "tests/unit/firmware/egress/record_box.h"

/** 120 pictures and 375 frames of sound in exactly 8 s: a loop. */
#define LOOP_US	 8000000ll
#define PICTURES 120
#define SOUNDS	 375

/** Recording 1 of the stream "mix-1", in these formats; @p more of its members. */
#define ORDER(formats, more)                                                         \
	"{\"records\":[{\"id\":1,\"stream\":\"mix-1\",\"app\":7,\"prefix\":\"all\"," \
	"\"formats\":" formats more "}]}"
#define ALL   "[\"mp4\",\"hls\",\"flv\",\"aac\"]"
#define START "7/all_2020-02-16-12-12-12"

/** Loops [from, to) of the media. */
void feed_loops(struct box *box, unsigned from, unsigned to);
/** The first so many microseconds of a loop. */
void feed_begin(struct box *box, unsigned loop, int64_t until_us);
/** For turning_until(): the first file of the box's recording is finished. */
bool has_finished_file(void *box);

/** A whole text file below the record folder; the caller's. */
char *read_text(struct box *box, const char *path);
unsigned count_of(const char *text, const char *what);
/** A file decodes without a complaint into so many pictures and samples of sound. */
void assert_decodes(struct box *box, const char *path, unsigned pictures, unsigned sounds);
/** The files of a format hold, one after the other, the units of the loops and nothing else. */
void assert_holds(struct box *box, const char *format, unsigned loops);
/** Each segment that a playlist lists is there, as a whole. @return how many */
unsigned check_playlist(struct box *box, const char *text);
void assert_no_files(struct box *box);

#endif
