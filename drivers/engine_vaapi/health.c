/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_vaapi/health.c - small work that depends on nothing but the device.
 */
#include "drivers/engine_vaapi/vaapi.h"

#include <errno.h>
#include <libavutil/hwcontext.h>
#include <libavutil/hwcontext_vaapi.h>
#include <libavutil/pixfmt.h>

#define ATTEMPTS 3

static const struct tess_rect whole = {0, 0, VAAPI_SMALL_SIDE, VAAPI_SMALL_SIDE};

/* draw the black surface side by side. @retval 0, -EIO */
static int draw(struct vaapi_engine *engine, struct vaapi_watch *watch, unsigned layers)
{
	struct vaapi_health *health = &engine->health;
	struct vaapi_layer layer[VAAPI_MAX_LAYERS];
	enum { SIDE = VAAPI_SMALL_SIDE / 4 };
	for (unsigned i = 0; i < layers; i++)
		layer[i] = (struct vaapi_layer){
			.surface = vaapi_id(health->black),
			.source = whole,
			.target = {(int)(i % 4) * SIDE, (int)(i / 4) * SIDE, SIDE, SIDE},
		};
	int err = vaapi_vpp_pass(&health->vpp, watch, vaapi_id(health->scratch), 0xff000000, layer,
				 layers);
	if (!err && !vaapi_ok(watch, "vaSyncSurface",
			      vaSyncSurface(engine->display, vaapi_id(health->scratch))))
		err = -EIO;
	return err;
}

/* drivers do not say how many layers they take */
static int find_layers(struct vaapi_engine *engine)
{
	for (unsigned layers = VAAPI_MAX_LAYERS; layers > 0; layers /= 2) {
		struct vaapi_watch watch;
		vaapi_watch_begin(&watch, engine);
		int err = draw(engine, &watch, layers);
		vaapi_watch_forget(&watch);
		if (!err) {
			engine->layers = layers;
			return 0;
		}
	}
	return -EIO;
}

int vaapi_health_open(struct vaapi_engine *engine, struct vaapi_watch *watch)
{
	struct vaapi_health *health = &engine->health;
	int err = vaapi_vpp_open(&health->vpp, watch, NULL, engine->max_side, engine->max_side);
	if (err)
		return err;
	health->frames =
		vaapi_frames_new(watch, AV_PIX_FMT_NV12, VAAPI_SMALL_SIDE, VAAPI_SMALL_SIDE, 0);
	health->black = av_frame_alloc();
	health->scratch = av_frame_alloc();
	if (!health->frames || !health->black || !health->scratch ||
	    av_hwframe_get_buffer(health->frames, health->black, 0) < 0 ||
	    av_hwframe_get_buffer(health->frames, health->scratch, 0) < 0)
		return -ENOMEM;
	err = vaapi_fill(health->black, tess_compose_yuv_of_rgb(0));
	return err ? err : find_layers(engine);
}

void vaapi_health_close(struct vaapi_engine *engine)
{
	struct vaapi_health *health = &engine->health;
	vaapi_vpp_close(&health->vpp);
	av_frame_free(&health->black);
	av_frame_free(&health->scratch);
	av_buffer_unref(&health->frames);
}

bool vaapi_healthy(struct vaapi_engine *engine)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		struct vaapi_watch watch;
		vaapi_watch_begin(&watch, engine);
		pthread_mutex_lock(&engine->health.lock);
		int err = draw(engine, &watch, 1);
		pthread_mutex_unlock(&engine->health.lock);
		vaapi_watch_tell(&watch);
		if (!err)
			return true;
	}
	return false;
}

int vaapi_blacken(struct vaapi_engine *engine, struct vaapi_watch *watch, AVBufferRef *frames)
{
	const AVHWFramesContext *context = (AVHWFramesContext *)frames->data;
	const AVVAAPIFramesContext *pool = context->hwctx;
	const struct vaapi_layer layer = {
		.surface = vaapi_id(engine->health.black),
		.source = whole,
		.target = {0, 0, context->width & ~1, context->height & ~1},
	};
	int err = 0;
	pthread_mutex_lock(&engine->health.lock);
	for (int i = 0; i < pool->nb_surfaces && !err; i++)
		err = vaapi_vpp_pass(&engine->health.vpp, watch, pool->surface_ids[i], 0xff000000,
				     &layer, 1);
	pthread_mutex_unlock(&engine->health.lock);
	return err;
}
