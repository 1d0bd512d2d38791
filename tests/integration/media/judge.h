/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/judge.h - looks at and listens to a stream's access units, through
 * libavcodec's own decoders.
 *
 * Also what the container writers will rely on is checked here: the first picture is a key frame,
 * time stamps of each track rise, lengths of NAL units add up.
 */
#ifndef TESS_TESTS_JUDGE_H
#define TESS_TESTS_JUDGE_H

#include "pipeline/stream/au.h"
#include "tests/support/test_pattern.h"

struct judge;

struct judge_handlers {
	void (*picture)(void *arg, int64_t pts_us, const struct tess_test_i420 *picture);
	/* NULL: audio is not decoded */
	void (*sound)(void *arg, int64_t pts_us, const float *left, const float *right,
		      unsigned frames);
	void *arg;
};

/** Fails the cmocka test that runs when something is wrong. */
struct judge *judge_open(const struct judge_handlers *handlers);
void judge_close(struct judge *judge);
void judge_au(struct judge *judge, const struct tess_stream_info *info, const struct tess_au *au);
/** FNV-1a over all bytes, time stamps and flags that were given. */
uint64_t judge_digest(const struct judge *judge);

#endif
