/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/compose/plan.c - what is drawn, in which order.
 *
 * A tile is opaque on all of its rectangle, its bars included, unless its surface has alpha. So a
 * tile that is drawn again spoils only what lies over it; one with alpha can only be drawn again on
 * what was beneath it at first.
 */
#include "drivers/compose/plan.h"

#include <errno.h>
#include <string.h>

#include "drivers/compose/geometry.h"

static const struct tess_compose_yuv black = {16, 128, 128};

enum redraw {
	REDRAW_NONE = 1,
	REDRAW_PICTURE, /* the picture covers exactly what the one before it did */
	REDRAW_WHOLE,	/* also what shows beside it */
};

/* what goes on while a plan is made */
struct making {
	struct tess_compose_plan *plan;
	const struct tess_compose_state *state; /* of the canvas to come */
	const struct tess_scene *scene;
	struct tess_compose_yuv background;
	enum redraw redraw[TESS_ENGINE_MAX_TILES];
	bool restore[TESS_ENGINE_MAX_TILES]; /* the background shows through the tile */
};

void tess_compose_init(struct tess_compose_state *state, uint16_t width, uint16_t height)
{
	*state = (struct tess_compose_state){.width = width, .height = height};
}

void tess_compose_done(struct tess_compose_state *state)
{
	state->known = true;
}

static bool tile_valid(const struct tess_compose_state *state, const struct tess_tile *tile,
		       bool alpha)
{
	const struct tess_rect *rect = &tile->rect;
	if (!tess_compose_rect_valid(rect, state->width, state->height) ||
	    tile->render < TESS_RENDER_CROP || tile->render > TESS_RENDER_STRETCH ||
	    tile->border & 1)
		return false;
	return !alpha ||
	       (tile->render == TESS_RENDER_STRETCH && tile->border == 0 &&
		rect->width == tile->surface->width && rect->height == tile->surface->height);
}

/* @retval 0, -EINVAL */
static int describe(struct tess_compose_shown *shown, const struct tess_compose_state *state,
		    const struct tess_tile *tile, tess_compose_look *look, const void *engine)
{
	const struct tess_surface *surface = tile->surface;
	int alpha = surface ? look(engine, tile->surface) : 0;
	if (alpha < 0 || !tile_valid(state, tile, alpha))
		return -EINVAL;
	*shown = (struct tess_compose_shown){
		.rect = tile->rect,
		.render = tile->render,
		.border = tile->border,
		.border_color = tile->border_color,
	};
	if (surface) {
		shown->picture = true;
		shown->alpha = alpha;
		shown->serial = surface->serial;
		shown->width = surface->width;
		shown->height = surface->height;
		shown->sar_num = surface->sar_num;
		shown->sar_den = surface->sar_den;
	}
	return 0;
}

/* @p now: what the canvas will show. @retval 0, -EINVAL */
static int describe_scene(struct tess_compose_state *now, const struct tess_compose_state *old,
			  const struct tess_scene *scene, tess_compose_look *look,
			  const void *engine)
{
	if (scene->count > TESS_ENGINE_MAX_TILES)
		return -EINVAL;
	tess_compose_init(now, old->width, old->height);
	now->background = scene->background;
	now->capture_us = old->capture_us;
	now->count = scene->count;
	if (scene->backdrop) {
		if (look(engine, scene->backdrop) != 0)
			return -EINVAL;
		now->backdrop = true;
		now->backdrop_serial = scene->backdrop->serial;
	}
	for (unsigned i = 0; i < scene->count; i++) {
		const struct tess_surface *surface = scene->tiles[i].surface;
		int err = describe(&now->shown[i], now, &scene->tiles[i], look, engine);
		if (err)
			return err;
		if (surface && surface->capture_us > now->capture_us)
			now->capture_us = surface->capture_us;
	}
	return 0;
}

static bool layout_changed(const struct tess_compose_state *old,
			   const struct tess_compose_state *now)
{
	if (!old->known || now->count != old->count || now->background != old->background ||
	    now->backdrop != old->backdrop || now->backdrop_serial != old->backdrop_serial)
		return true;
	for (unsigned i = 0; i < now->count; i++) {
		const struct tess_compose_shown *a = &old->shown[i], *b = &now->shown[i];
		if (!tess_compose_rect_equal(&a->rect, &b->rect) || a->render != b->render ||
		    a->border != b->border || a->border_color != b->border_color)
			return true;
	}
	return false;
}

static enum redraw redraw_of(const struct tess_compose_shown *old,
			     const struct tess_compose_shown *now)
{
	if (old->picture == now->picture && old->serial == now->serial)
		return REDRAW_NONE;
	if (old->picture && now->picture && old->width == now->width &&
	    old->height == now->height && old->sar_num == now->sar_num &&
	    old->sar_den == now->sar_den)
		return REDRAW_PICTURE;
	return REDRAW_WHOLE;
}

static bool overlap(const struct making *making, unsigned a, unsigned b)
{
	return tess_compose_rect_overlaps(&making->state->shown[a].rect,
					  &making->state->shown[b].rect);
}

/* @return whether that is new */
static bool mark(struct making *making, unsigned i)
{
	bool new = making->redraw[i] != REDRAW_WHOLE;
	making->redraw[i] = REDRAW_WHOLE;
	return new;
}

/* what is drawn again with tile i. @return whether any of it is new */
static bool spread(struct making *making, unsigned i)
{
	const struct tess_compose_state *state = making->state;
	bool new = false;
	for (unsigned j = i + 1; j < state->count; j++)
		if (overlap(making, i, j))
			new |= mark(making, j);
	if (!state->shown[i].alpha)
		return new;
	for (unsigned j = i; j-- > 0;) {
		if (!overlap(making, i, j))
			continue;
		new |= mark(making, j);
		if (!state->shown[j].alpha &&
		    tess_compose_rect_contains(&state->shown[j].rect, &state->shown[i].rect))
			return new;
	}
	making->restore[i] = true;
	return new;
}

static void spread_all(struct making *making)
{
	bool new;
	do {
		new = false;
		for (unsigned i = 0; i < making->state->count; i++)
			if (making->redraw[i] != REDRAW_NONE)
				new |= spread(making, i);
	} while (new);
}

static void add(struct making *making, const struct tess_compose_op *op)
{
	making->plan->ops[making->plan->count++] = *op;
}

static void fill(struct making *making, int32_t x, int32_t y, int32_t width, int32_t height,
		 struct tess_compose_yuv color)
{
	if (width > 0 && height > 0)
		add(making, &(struct tess_compose_op){.kind = TESS_COMPOSE_FILL,
						      .target = {x, y, width, height},
						      .color = color});
}

/* a part of the canvas as it is without tiles */
static void ground(struct making *making, const struct tess_rect *rect)
{
	struct tess_surface *backdrop = making->scene->backdrop;
	if (!backdrop) {
		fill(making, rect->x, rect->y, rect->width, rect->height, making->background);
		return;
	}
	const struct tess_rect canvas = {0, 0, making->state->width, making->state->height};
	add(making,
	    &(struct tess_compose_op){
		    .kind = TESS_COMPOSE_BACKDROP,
		    .target = *rect,
		    .source = tess_compose_place(backdrop, &canvas, TESS_RENDER_CROP).source,
		    .surface = backdrop,
	    });
}

/* nothing but the ground is beneath this part of tile i yet */
static bool on_ground(const struct making *making, unsigned i, const struct tess_rect *rect)
{
	if (!making->plan->whole)
		return false;
	for (unsigned j = 0; j < i; j++)
		if (tess_compose_rect_overlaps(&making->state->shown[j].rect, rect))
			return false;
	return true;
}

static bool same_color(struct tess_compose_yuv a, struct tess_compose_yuv b)
{
	return a.y == b.y && a.u == b.u && a.v == b.v;
}

/* black, as far as it is not black anyway */
static void blacken(struct making *making, unsigned i, const struct tess_rect *rect)
{
	if (making->scene->backdrop || !same_color(making->background, black) ||
	    !on_ground(making, i, rect))
		fill(making, rect->x, rect->y, rect->width, rect->height, black);
}

static void beside(struct making *making, unsigned i, struct tess_rect rect)
{
	if (rect.width <= 0 || rect.height <= 0)
		return;
	if (making->scene->tiles[i].render == TESS_RENDER_FIT_BLACK)
		blacken(making, i, &rect);
	else if (!on_ground(making, i, &rect))
		ground(making, &rect);
}

/* what of the tile the picture leaves free */
static void all_beside(struct making *making, unsigned i, const struct tess_rect *picture)
{
	const struct tess_rect *tile = &making->state->shown[i].rect;
	int32_t right = picture->x + picture->width, bottom = picture->y + picture->height;
	if (picture->height < tile->height) {
		beside(making, i,
		       (struct tess_rect){tile->x, tile->y, tile->width, picture->y - tile->y});
		beside(making, i,
		       (struct tess_rect){tile->x, bottom, tile->width,
					  tile->y + tile->height - bottom});
	} else {
		beside(making, i,
		       (struct tess_rect){tile->x, tile->y, picture->x - tile->x, tile->height});
		beside(making, i,
		       (struct tess_rect){right, tile->y, tile->x + tile->width - right,
					  tile->height});
	}
}

/* @return whether it leaves nothing of the tile */
static bool border_hides(const struct tess_tile *tile)
{
	return 2 * tile->border >= tile->rect.width || 2 * tile->border >= tile->rect.height;
}

static void frame(struct making *making, const struct tess_tile *tile)
{
	const struct tess_rect *rect = &tile->rect;
	struct tess_compose_yuv color = tess_compose_yuv_of_rgb(tile->border_color);
	int32_t border = tile->border, inner = rect->height - 2 * border;
	if (border_hides(tile)) {
		fill(making, rect->x, rect->y, rect->width, rect->height, color);
		return;
	}
	fill(making, rect->x, rect->y, rect->width, border, color);
	fill(making, rect->x, rect->y + rect->height - border, rect->width, border, color);
	fill(making, rect->x, rect->y + border, border, inner, color);
	fill(making, rect->x + rect->width - border, rect->y + border, border, inner, color);
}

static void add_tile(struct making *making, unsigned i)
{
	const struct tess_tile *tile = &making->scene->tiles[i];
	struct tess_compose_op op = {.kind = TESS_COMPOSE_BLEND,
				     .target = tile->rect,
				     .source = {0, 0, tile->rect.width, tile->rect.height},
				     .surface = tile->surface};
	if (making->state->shown[i].alpha) {
		add(making, &op);
		return;
	}
	if (!border_hides(tile)) {
		if (tile->surface) {
			struct tess_compose_geometry geometry =
				tess_compose_place(tile->surface, &tile->rect, tile->render);
			if (making->redraw[i] == REDRAW_WHOLE)
				all_beside(making, i, &geometry.target);
			op.kind = TESS_COMPOSE_PICTURE;
			op.target = geometry.target;
			op.source = geometry.source;
			add(making, &op);
		} else {
			blacken(making, i, &tile->rect);
		}
	}
	frame(making, tile);
}

/* whether the operations from @p first on leave nothing of rect as it was */
static bool covered(const struct tess_compose_plan *plan, unsigned first,
		    const struct tess_rect *rect)
{
	if (rect->width <= 0 || rect->height <= 0)
		return true;
	for (unsigned i = first; i < plan->count; i++) {
		const struct tess_rect *over = &plan->ops[i].target;
		if (plan->ops[i].kind == TESS_COMPOSE_BLEND ||
		    !tess_compose_rect_overlaps(over, rect))
			continue;
		int32_t right = rect->x + rect->width, bottom = rect->y + rect->height;
		int32_t top = over->y > rect->y ? over->y : rect->y;
		int32_t low = over->y + over->height < bottom ? over->y + over->height : bottom;
		int32_t far = over->x + over->width;
		const struct tess_rect rest[] = {
			{rect->x, rect->y, rect->width, over->y - rect->y},
			{rect->x, low, rect->width, bottom - low},
			{rect->x, top, over->x - rect->x, low - top},
			{far, top, right - far, low - top},
		};
		for (int k = 0; k < 4; k++)
			if (!covered(plan, i + 1, &rest[k]))
				return false;
		return true;
	}
	return false;
}

static void add_all(struct making *making)
{
	struct tess_compose_plan *plan = making->plan;
	const struct tess_rect canvas = {0, 0, making->state->width, making->state->height};
	if (plan->whole)
		ground(making, &canvas);
	for (unsigned i = 0; i < making->state->count; i++)
		if (!plan->whole && making->restore[i])
			ground(making, &making->state->shown[i].rect);
	for (unsigned i = 0; i < making->state->count; i++) {
		if (making->redraw[i] == REDRAW_NONE)
			continue;
		add_tile(making, i);
		plan->drawn++;
	}
	plan->kept = making->state->count - plan->drawn;
	if (plan->whole && covered(plan, 1, &canvas)) {
		plan->count--;
		memmove(&plan->ops[0], &plan->ops[1], plan->count * sizeof(plan->ops[0]));
	}
}

int tess_compose_plan(struct tess_compose_plan *plan, struct tess_compose_state *state,
		      const struct tess_scene *scene, bool whole, tess_compose_look *look,
		      const void *engine)
{
	struct tess_compose_state now;
	int err = describe_scene(&now, state, scene, look, engine);
	if (err)
		return err;
	struct making making = {
		.plan = plan,
		.state = &now,
		.scene = scene,
		.background = tess_compose_yuv_of_rgb(scene->background),
	};
	bool everything = layout_changed(state, &now), changed = everything;
	for (unsigned i = 0; i < now.count; i++) {
		making.redraw[i] =
			everything ? REDRAW_WHOLE : redraw_of(&state->shown[i], &now.shown[i]);
		changed |= making.redraw[i] != REDRAW_NONE;
	}
	if (whole && changed) {
		everything = true;
		for (unsigned i = 0; i < now.count; i++)
			making.redraw[i] = REDRAW_WHOLE;
	}
	plan->unchanged = !changed;
	plan->whole = everything;
	plan->count = plan->drawn = 0;
	plan->capture_us = now.capture_us;
	if (!everything)
		spread_all(&making);
	add_all(&making);
	/* until done() says so, the canvas is not known */
	now.known = !changed;
	*state = now;
	return 0;
}
