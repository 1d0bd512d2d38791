/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/violation_scene.h - the scene in which a wrong step is taken.
 */
#ifndef TESS_TESTS_EMU_VIOLATION_SCENE_H
#define TESS_TESTS_EMU_VIOLATION_SCENE_H

#include "tests/emulated/va/tests/rig.h"
#include "tests/emulated/va/tests/tiny.h"
#include "tests/emulated/va/tests/violation.h"

#define SIDE 64

/* a decoder and a video processor, one picture decoded and in late work */
extern struct scene {
	struct rig rig;
	struct tiny_stream stream;
	struct rig_context decoder, processor;
	VASurfaceID drawn, fresh, target, rgb;
	VABufferID buffer; /* of the decoder, filled */
	VABufferID layer;  /* of the processor, filled */
	VAImage image;	   /* NV12, filled */
} scene;

void scene_set_up(const char *personality);
void scene_tear_down(void);
/** Decode the stream's picture into this surface. */
void scene_decode(VASurfaceID target);

struct steps {
	void (*run)(VADisplay display);
	const char *personality;
};

/** Of a violation, whose argument are the steps: the scene, the wrong step, and nothing after it.
 */
void scene_step(const void *steps);

#define STEP(function, message)                                                        \
	{                                                                              \
#function, scene_step, &(const struct steps){function, NULL }, message \
	}
#define LATE(function, message)                                                 \
	{                                                                       \
#function " late", scene_step,                                  \
			&(const struct steps){function, "late=yes\n" }, message \
	}

#endif
