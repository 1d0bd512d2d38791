/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_vaapi/mixer.c - a mix on one thread.
 */
#include "tests/unit/drivers/engine_vaapi/mixer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct tess_engine_driver *const driver = &tess_engine_vaapi;

void mixer_open(struct mixer *mixer, struct rig *rig, const struct clip *clip, unsigned streams,
		uint16_t width, uint16_t height)
{
	*mixer = (struct mixer){
		.rig = rig, .clip = clip, .streams = streams, .width = width, .height = height};
	const struct tess_encoder_config config = {
		.width = width,
		.height = height,
		.frame_rate = 30,
		.gop_frames = 60,
		.bitrate_bps = 2000000,
	};
	for (unsigned i = 0; i < streams; i++)
		assert_int_equal(
			driver->decoder_open(&mixer->decoders[i], rig->vaapi, TESS_CODEC_H264), 0);
	assert_int_equal(driver->compositor_open(&mixer->compositor, rig->vaapi, width, height), 0);
	assert_int_equal(driver->encoder_open(&mixer->encoder, rig->vaapi, &config), 0);
}

void mixer_close(struct mixer *mixer)
{
	for (unsigned i = 0; i < mixer->streams; i++) {
		for (unsigned k = 0; k < MIXER_HELD; k++)
			tess_surface_unref(mixer->held[i][k]);
		driver->decoder_close(mixer->decoders[i]);
	}
	driver->compositor_close(mixer->compositor);
	driver->encoder_close(mixer->encoder);
}

static void decode(struct mixer *mixer, unsigned stream)
{
	struct tess_surface *surface, **held = mixer->held[stream];
	mixer->decode_error[stream] =
		clip_decode(mixer->clip, mixer->tick % mixer->clip->count, mixer->rig->vaapi,
			    mixer->decoders[stream], &surface);
	if (!surface)
		return;
	assert_int_equal(mixer->decode_error[stream], 0);
	mixer->pictures++;
	tess_surface_unref(held[MIXER_HELD - 1]);
	memmove(held + 1, held, (MIXER_HELD - 1) * sizeof(held[0]));
	held[0] = surface;
}

static struct tess_surface *draw(struct mixer *mixer)
{
	struct tess_tile tiles[MIXER_STREAMS];
	struct tess_surface *canvas = NULL;
	unsigned across = (unsigned)ceil(sqrt(mixer->streams));
	int32_t width = mixer->width / (int)across & ~1, height = mixer->height / (int)across & ~1;
	for (unsigned i = 0; i < mixer->streams; i++)
		tiles[i] = (struct tess_tile){
			.rect = {(int)(i % across) * width, (int)(i / across) * height, width,
				 height},
			.render = TESS_RENDER_CROP,
			.surface = mixer->held[i][0],
		};
	const struct tess_scene scene = {
		.background = 0x202020, .tiles = tiles, .count = mixer->streams};
	mixer->draw_error = driver->compositor_draw(mixer->compositor, &scene, &canvas);
	return mixer->draw_error ? NULL : canvas;
}

void mixer_run(struct mixer *mixer)
{
	mixer->pictures = 0;
	for (unsigned i = 0; i < mixer->streams; i++)
		decode(mixer, i);
	struct tess_surface *canvas = draw(mixer);
	mixer->encoded = (struct tess_encoded){0};
	mixer->encode_error = 0;
	if (canvas)
		mixer->encode_error =
			driver->encoder_encode(mixer->encoder, canvas, mixer->tick * 33333LL,
					       mixer->force_key, &mixer->encoded);
	mixer->force_key = false;
	tess_surface_unref(canvas);
	mixer->tick++;
}

bool mixer_good(const struct mixer *mixer)
{
	return mixer->pictures == mixer->streams && mixer->draw_error == 0 &&
	       mixer->encode_error == 0 && mixer->encoded.length > 0;
}
