/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_vaapi/mixer.h - what a mix does with an engine: decode streams, draw
 * them in a grid, encode the canvas.
 */
#ifndef TESS_TEST_VAAPI_MIXER_H
#define TESS_TEST_VAAPI_MIXER_H

#include "tests/unit/drivers/engine_vaapi/rig.h"

#define MIXER_STREAMS 16
/* pictures that a tile keeps: a queue of 8, and the one shown */
#define MIXER_HELD 9

struct mixer {
	struct rig *rig;
	const struct clip *clip;
	unsigned streams, tick;
	uint16_t width, height;
	bool force_key; /* the next picture */
	struct tess_decoder *decoders[MIXER_STREAMS];
	struct tess_surface *held[MIXER_STREAMS][MIXER_HELD];
	struct tess_compositor *compositor;
	struct tess_encoder *encoder;
	/* of the last tick */
	int decode_error[MIXER_STREAMS], draw_error, encode_error;
	unsigned pictures;	     /* decoded */
	struct tess_encoded encoded; /* length 0: nothing */
};

/** Open all; a fault or a lost device while opening fails the test. */
void mixer_open(struct mixer *mixer, struct rig *rig, const struct clip *clip, unsigned streams,
		uint16_t width, uint16_t height);
/** Accepts one that is half open. */
void mixer_close(struct mixer *mixer);
/**
 * Decode the clip's next access unit in each decoder (it begins again at its end), draw the newest
 * pictures, encode. Errors are noted; what cannot go on after one is left out.
 */
void mixer_run(struct mixer *mixer);
/** Did all of the last tick work? */
bool mixer_good(const struct mixer *mixer);

#endif
