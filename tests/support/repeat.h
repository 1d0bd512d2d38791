/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/repeat.h - writes a picture of H.264 that repeats the one before it and that no
 * other refers to (nal_ref_idc 0), as an encoder with temporal layers sends them.
 *
 * It fits between any two pictures of a stream by x264 without B pictures and with CAVLC: such a
 * picture does not count in frame_num (ITU-T H.264 §7.4.3). All its macroblocks are skipped.
 */
#ifndef TESS_TESTS_REPEAT_H
#define TESS_TESTS_REPEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/compiler.h"

#define TESS_TEST_REPEAT_BYTES 64

/** All zero at first. */
struct tess_test_repeat {
	unsigned frame_num_bits, macroblocks;
	bool deblocking_control;
	unsigned references; /* since the last IDR picture, itself included */
};

/** An access unit (Annex B) of the stream. @retval 0, -ENOTSUP not a stream of this kind */
int tess_test_repeat_note(struct tess_test_repeat *repeat, const uint8_t *data,
			  size_t length) TESS_MUST_CHECK;
/** Write the picture that follows it, Annex B. @return its length */
size_t tess_test_repeat_write(const struct tess_test_repeat *repeat,
			      uint8_t data[TESS_TEST_REPEAT_BYTES]);

#endif
