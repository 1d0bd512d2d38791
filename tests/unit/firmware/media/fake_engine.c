/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/fake_engine.c - engines without pictures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/firmware/media/fake_engine.h"

/* Drivers have no argument of their own: those of the test that runs. */
static struct fake_engine *fake_devices, *fake_software;
static unsigned fake_count;

struct fake_surface {
	struct tess_surface surface;
	struct fake_engine *fake;
};

struct tess_decoder {
	struct fake_engine *fake;
};

struct tess_compositor {
	struct fake_engine *fake;
	uint16_t width, height;
};

struct tess_encoder {
	struct fake_engine *fake;
	bool begun;
	uint8_t data[8];
};

static void destroy(struct tess_surface *surface)
{
	struct fake_surface *fake_surface = (struct fake_surface *)surface;

	atomic_fetch_sub(&fake_surface->fake->surfaces, 1);
	free(fake_surface);
}

static struct tess_surface *make_surface(struct fake_engine *fake, int64_t capture_us)
{
	struct fake_surface *surface = calloc(1, sizeof(*surface));

	if (!surface)
		abort();
	surface->fake = fake;
	atomic_init(&surface->surface.references, 1);
	surface->surface.width = 64;
	surface->surface.height = 32;
	surface->surface.capture_us = capture_us;
	surface->surface.serial =
		(uint64_t)atomic_fetch_add(&fake->surfaces, 1) + 1 + (uint64_t)capture_us;
	surface->surface.destroy = destroy;
	return &surface->surface;
}

static void maybe_hang(struct fake_engine *fake)
{
	if (!atomic_load(&fake->hang))
		return;
	(void)sem_post(&fake->entered);
	(void)sem_wait(&fake->release);
}

static int upload(struct tess_engine *engine, const struct tess_image *image,
		  struct tess_surface **surfacep)
{
	struct fake_engine *fake = (struct fake_engine *)engine;

	if (fake->gone)
		return -ENODEV;
	if (fake->upload_error)
		return fake->upload_error;
	*surfacep = make_surface(fake, 0);
	(*surfacep)->width = image->width;
	(*surfacep)->height = image->height;
	atomic_fetch_add(&fake->uploads, 1);
	return 0;
}

static int decoder_open(struct tess_decoder **decoderp, struct tess_engine *engine,
			enum tess_codec codec)
{
	struct fake_engine *fake = (struct fake_engine *)engine;

	if (fake->gone)
		return -ENODEV;
	if (codec != TESS_CODEC_H264 || fake->open_error)
		return fake->open_error ? fake->open_error : -1;
	*decoderp = calloc(1, sizeof(**decoderp));
	if (!*decoderp)
		abort();
	(*decoderp)->fake = fake;
	atomic_fetch_add(&fake->decoders_opened, 1);
	atomic_fetch_add(&fake->decoders_open, 1);
	return 0;
}

static void decoder_close(struct tess_decoder *decoder)
{
	if (decoder)
		atomic_fetch_sub(&decoder->fake->decoders_open, 1);
	free(decoder);
}

static int decoder_decode(struct tess_decoder *decoder, const uint8_t *data, size_t length,
			  int64_t capture_us, struct tess_surface **surfacep)
{
	struct fake_engine *fake = decoder->fake;

	(void)data;
	(void)length;
	*surfacep = NULL;
	maybe_hang(fake);
	if (fake->gone)
		return -ENODEV;
	atomic_fetch_add(&fake->decoded, 1);
	if (fake->decode_error)
		return fake->decode_error;
	*surfacep = make_surface(fake, capture_us);
	return 0;
}

static int compositor_open(struct tess_compositor **compositorp, struct tess_engine *engine,
			   uint16_t width, uint16_t height)
{
	struct fake_engine *fake = (struct fake_engine *)engine;

	if (fake->gone)
		return -ENODEV;
	*compositorp = calloc(1, sizeof(**compositorp));
	if (!*compositorp)
		abort();
	**compositorp = (struct tess_compositor){fake, width, height};
	atomic_fetch_add(&fake->compositors_opened, 1);
	atomic_fetch_add(&fake->compositors_open, 1);
	return 0;
}

static void compositor_close(struct tess_compositor *compositor)
{
	if (compositor)
		atomic_fetch_sub(&compositor->fake->compositors_open, 1);
	free(compositor);
}

static int compositor_draw(struct tess_compositor *compositor, const struct tess_scene *scene,
			   struct tess_surface **surfacep)
{
	unsigned shown = 0;

	if (compositor->fake->gone)
		return -ENODEV;
	for (unsigned i = 0; i < scene->count; i++) {
		const struct fake_surface *surface =
			(const struct fake_surface *)scene->tiles[i].surface;

		/* a surface of another engine would be read by the wrong device */
		if (surface && surface->fake != compositor->fake)
			abort();
		shown += surface != NULL;
	}
	compositor->fake->last_shown = shown;
	compositor->fake->last_tiles = scene->count;
	compositor->fake->last_background = scene->background;
	*surfacep = make_surface(compositor->fake, 0);
	return 0;
}

static int encoder_open(struct tess_encoder **encoderp, struct tess_engine *engine,
			const struct tess_encoder_config *config)
{
	struct fake_engine *fake = (struct fake_engine *)engine;

	if (fake->gone)
		return -ENODEV;
	if (fake->open_error)
		return fake->open_error;
	*encoderp = calloc(1, sizeof(**encoderp));
	if (!*encoderp)
		abort();
	(*encoderp)->fake = fake;
	fake->last_width = config->width;
	atomic_fetch_add(&fake->encoders_opened, 1);
	atomic_fetch_add(&fake->encoders_open, 1);
	return 0;
}

static void encoder_close(struct tess_encoder *encoder)
{
	if (encoder)
		atomic_fetch_sub(&encoder->fake->encoders_open, 1);
	free(encoder);
}

static int encoder_encode(struct tess_encoder *encoder, struct tess_surface *surface,
			  int64_t pts_us, bool force_key, struct tess_encoded *encoded)
{
	static const uint8_t idr[6] = {0, 0, 0, 1, 0x65, 0x88}, other[6] = {0, 0, 0, 1, 0x41, 0x9a};
	struct fake_engine *fake = encoder->fake;

	if (((struct fake_surface *)surface)->fake != fake)
		abort();
	maybe_hang(fake);
	if (fake->gone)
		return -ENODEV;
	if (fake->encode_error)
		return fake->encode_error;
	*encoded = (struct tess_encoded){encoder->data, sizeof(idr), pts_us, pts_us,
					 force_key || !encoder->begun};
	memcpy(encoder->data, encoded->key ? idr : other, sizeof(idr));
	encoder->begun = true;
	fake->last_pts_us = pts_us;
	atomic_fetch_add(&fake->forced_keys, force_key);
	atomic_fetch_add(&fake->encoded, 1);
	return 0;
}

static int encoder_set_bitrate(struct tess_encoder *encoder, uint32_t bitrate_bps)
{
	(void)bitrate_bps;
	atomic_fetch_add(&encoder->fake->bitrate_changes, 1);
	return 0;
}

static int open_fake(struct tess_engine **enginep, struct fake_engine *fake,
		     const struct tess_engine_config *config)
{
	if (fake->gone) {
		const struct tess_engine_fault fault = {fake->device, "fakeOpen", "it is gone"};

		config->fault(config->arg, &fault);
		return -ENODEV;
	}
	fake->config = *config;
	atomic_fetch_add(&fake->opened, 1);
	atomic_fetch_add(&fake->open, 1);
	*enginep = &fake->engine;
	return 0;
}

static unsigned devices(char (*names)[TESS_ENGINE_DEVICE_MAX], unsigned max)
{
	for (unsigned i = 0; i < fake_count && i < max; i++)
		snprintf(names[i], TESS_ENGINE_DEVICE_MAX, "%s", fake_devices[i].device);
	return fake_count;
}

static int open_device(struct tess_engine **enginep, const struct tess_engine_config *config)
{
	for (unsigned i = 0; i < fake_count; i++) {
		if (!config->device || !strcmp(fake_devices[i].device, config->device))
			return open_fake(enginep, &fake_devices[i], config);
	}
	return -ENODEV;
}

static int open_software(struct tess_engine **enginep, const struct tess_engine_config *config)
{
	return open_fake(enginep, fake_software, config);
}

static void close_engine(struct tess_engine *engine)
{
	struct fake_engine *fake = (struct fake_engine *)engine;

	assert_int_equal(fake->decoders_open, 0);
	assert_int_equal(fake->encoders_open, 0);
	assert_int_equal(fake->compositors_open, 0);
	assert_int_equal(fake->surfaces, 0);
	atomic_fetch_sub(&fake->open, 1);
}

static void info(const struct tess_engine *engine, struct tess_engine_info *info)
{
	const struct fake_engine *fake = (const struct fake_engine *)engine;

	*info = (struct tess_engine_info){
		.device_codecs = 1u << TESS_CODEC_H264,
		.max_side = 4096,
		.shared_units = fake->shared,
		.encoders = fake->encoders,
	};
	snprintf(info->device, sizeof(info->device), "%s", fake->device);
	snprintf(info->vendor, sizeof(info->vendor), "Fake \"%s\" \xff", fake->device);
}

static void stats(const struct tess_engine *engine, struct tess_engine_stats *stats)
{
	const struct fake_engine *fake = (const struct fake_engine *)engine;

	/* those of this opening would begin at 0; here all openings count alike */
	*stats = (struct tess_engine_stats){
		.decoded = (uint64_t)fake->decoded,
		.encoded = (uint64_t)fake->encoded,
		.surfaces_live = (uint64_t)fake->surfaces,
	};
}

#define CALLS                                                                           \
	.size = sizeof(struct tess_engine_driver), .close = close_engine, .info = info, \
	.stats = stats, .upload = upload, .decoder_open = decoder_open,                 \
	.decoder_close = decoder_close, .decoder_decode = decoder_decode,               \
	.compositor_open = compositor_open, .compositor_close = compositor_close,       \
	.compositor_draw = compositor_draw, .encoder_open = encoder_open,               \
	.encoder_close = encoder_close, .encoder_encode = encoder_encode,               \
	.encoder_set_bitrate = encoder_set_bitrate

static const struct tess_engine_driver device_driver = {
	CALLS,
	.name = "fake",
	.devices = devices,
	.open = open_device,
};

static const struct tess_engine_driver software_driver = {
	CALLS,
	.name = "soft",
	.open = open_software,
};

static const struct tess_engine_driver *const drivers[] = {&device_driver, &software_driver, NULL};

static int measure(struct tess_engine *engine, struct tess_work *capacity, const char **what)
{
	*what = "fake";
	*capacity = ((struct fake_engine *)engine)->capacity;
	return 0;
}

void fake_engine_init(struct fake_engine *fake)
{
	memset(fake, 0, sizeof(*fake));
	(void)snprintf(fake->device, sizeof(fake->device), "cpu");
	(void)sem_init(&fake->entered, 0, 0);
	(void)sem_init(&fake->release, 0, 0);
}

void fake_engine_done(struct fake_engine *fake)
{
	assert_int_equal(fake->open, 0);
	assert_int_equal(fake->decoders_open, 0);
	assert_int_equal(fake->encoders_open, 0);
	assert_int_equal(fake->compositors_open, 0);
	assert_int_equal(fake->surfaces, 0);
	(void)sem_destroy(&fake->entered);
	(void)sem_destroy(&fake->release);
}

static struct tess_engines *open_engines(struct fake_engine *fakes, unsigned count,
					 struct fake_engine *software, const char *engine,
					 const struct tess_clock *clock,
					 struct tess_engines_kept *kept)
{
	const struct tess_engines_config config = {
		.clock = clock,
		.drivers = drivers,
		.engine = engine,
		.threads = 2,
		.measure = measure,
		.kept = kept,
	};
	struct tess_engines *engines;

	fake_devices = fakes;
	fake_count = count;
	fake_software = software;
	for (unsigned i = 0; i < count; i++) {
		fakes[i].engine.driver = &device_driver;
		snprintf(fakes[i].device, sizeof(fakes[i].device), "fake%u", i);
	}
	software->engine.driver = &software_driver;
	assert_int_equal(tess_engines_open(&engines, &config), 0);
	return engines;
}

struct tess_engines *fake_engines_open(struct fake_engine *fakes, unsigned count,
				       struct fake_engine *software, const char *engine,
				       const struct tess_clock *clock)
{
	return open_engines(fakes, count, software, engine, clock, NULL);
}

struct tess_engines *fake_engines_reopen(struct fake_engine *fakes, unsigned count,
					 struct fake_engine *software,
					 const struct tess_clock *clock,
					 struct tess_engines_kept *kept)
{
	return open_engines(fakes, count, software, "auto", clock, kept);
}

struct tess_placement fake_engines_place(struct tess_engines *engines)
{
	struct tess_placement placement;

	tess_engines_place(engines, &placement, (struct tess_work){0}, 0);
	return placement;
}
