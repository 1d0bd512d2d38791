/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/compose/plan.h - from what a canvas shall show to what an engine does for it.
 *
 * An engine keeps one state for each canvas. For each picture it makes a plan, executes the plan's
 * operations in their order, and, when all of them have worked, says so:
 *
 *	err = tess_compose_plan(&plan, &state, scene, ...);	-EINVAL: nothing happened
 *	if (plan.unchanged) hand out the last canvas again
 *	for (i = 0; i < plan.count; i++) execute(&plan.ops[i]);	an error: return it, done() is not
 *called tess_compose_done(&state);
 *
 * A plan that was not done makes the next one whole. Nothing here allocates; a state and a plan are
 * used by one thread at a time; surfaces are the scene's, of which no reference is taken.
 */
#ifndef TESS_COMPOSE_PLAN_H
#define TESS_COMPOSE_PLAN_H

#include "drivers/compose/color.h"
#include "hal/compiler.h"
#include "hal/engine.h"

enum tess_compose_kind {
	/* target in one colour */
	TESS_COMPOSE_FILL = 1,
	/* target as it is in the backdrop: source of the surface, scaled to the whole canvas */
	TESS_COMPOSE_BACKDROP,
	/* source of the surface, scaled to target; opaque */
	TESS_COMPOSE_PICTURE,
	/* the surface, which has alpha and is as large as target, over what is there */
	TESS_COMPOSE_BLEND,
};

struct tess_compose_op {
	enum tess_compose_kind kind;
	struct tess_rect target; /* of the canvas */
	struct tess_rect source; /* of the surface; not for FILL */
	struct tess_surface *surface;
	struct tess_compose_yuv color; /* of FILL, limited range */
};

/* the canvas, and for each tile: two fills beside its picture, the picture and four borders; or
 * what is beneath a translucent one, and that */
#define TESS_COMPOSE_MAX_OPS (1 + 7 * TESS_ENGINE_MAX_TILES)

struct tess_compose_plan {
	/* nothing is to be done, count is 0: the last canvas shows the scene */
	bool unchanged;
	/* nothing of the last canvas stays. If the background shows anywhere, the first operation
	 * is a FILL or BACKDROP of the whole canvas; otherwise the rest covers all of it. */
	bool whole;
	unsigned drawn, kept; /* tiles */
	int64_t capture_us;   /* of the canvas: the newest of its tiles, never falling */
	unsigned count;
	struct tess_compose_op ops[TESS_COMPOSE_MAX_OPS];
};

/** What a tile shows. The plan's own. */
struct tess_compose_shown {
	struct tess_rect rect;
	enum tess_render render;
	uint16_t border;
	uint32_t border_color;
	bool picture, alpha;
	uint64_t serial;
	uint16_t width, height, sar_num, sar_den;
};

/** What a canvas shows. Its fields are the plan's own. */
struct tess_compose_state {
	uint16_t width, height;
	bool known; /* the rest is what the last canvas shows */
	bool backdrop;
	uint64_t backdrop_serial;
	uint32_t background;
	int64_t capture_us;
	unsigned count;
	struct tess_compose_shown shown[TESS_ENGINE_MAX_TILES];
};

/**
 * An engine's look at a surface of a scene. @retval 0 it is opaque, 1 it has alpha, -EINVAL it is
 * of another engine
 */
typedef int tess_compose_look(const void *engine, struct tess_surface *surface);

/** A canvas of @p width x @p height (both even), on which nothing is known yet. */
void tess_compose_init(struct tess_compose_state *state, uint16_t width, uint16_t height);
/**
 * Make a plan. With @p whole everything is drawn each time that anything changed; otherwise only
 * what changed since the last plan, into the canvas as that one left it.
 * @retval 0, -EINVAL what compositor_draw() of hal/engine.h refuses; @p plan and @p state are as
 * they were
 */
int tess_compose_plan(struct tess_compose_plan *plan, struct tess_compose_state *state,
		      const struct tess_scene *scene, bool whole, tess_compose_look *look,
		      const void *engine) TESS_MUST_CHECK;
/** All operations of the last plan were executed. */
void tess_compose_done(struct tess_compose_state *state);

#endif
