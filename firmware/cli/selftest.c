/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/cli/selftest.c - tries one engine step by step.
 *
 * Decoding must be exact. Scalers and encoders differ from device to device: what they make must
 * look like what software makes of it, by the peak signal-to-noise ratio (PSNR) of its luma.
 */
#include "firmware/cli/selftest.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/clock/clock.h"
#include "firmware/cli/selftest_side.h"
#include "firmware/engine/measure.h"

#define WIDTH	     SELFTEST_WIDTH
#define HEIGHT	     SELFTEST_HEIGHT
#define STREAM	     45
#define FORCED_KEY   20
#define RATE	     15
#define BITRATE_BPS  1500000
#define STREAM_BYTES (4u << 20)
#define MIN_COMPOSE  30.0 /* dB, of noisy pictures through another scaler */
#define MIN_ENCODE   30.0
#define CANVAS_BYTES ((size_t)WIDTH * HEIGHT * 3 / 2)

struct fault_count {
	char call[48], error[80];
	unsigned count;
};

struct rig {
	FILE *out;
	struct selftest_side device, software;
	unsigned failures;
	struct fault_count faults[16];
	unsigned fault_kinds;
	/* a stream that software has encoded */
	uint8_t *stream;
	size_t lengths[STREAM];
	uint8_t *a, *b; /* I420 of a canvas each */
};

static void on_fault(void *arg, const struct tess_engine_fault *fault)
{
	struct rig *rig = arg;
	unsigned i = 0;

	while (i < rig->fault_kinds &&
	       strncmp(rig->faults[i].call, fault->call, sizeof(rig->faults[i].call) - 1) != 0)
		i++;
	if (i == sizeof(rig->faults) / sizeof(rig->faults[0]))
		return;
	if (i == rig->fault_kinds) {
		(void)snprintf(rig->faults[i].call, sizeof(rig->faults[i].call), "%s", fault->call);
		(void)snprintf(rig->faults[i].error, sizeof(rig->faults[i].error), "%s",
			       fault->error);
		rig->fault_kinds++;
	}
	rig->faults[i].count++;
}

static void report(struct rig *rig, const char *step, bool good, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
static void report(struct rig *rig, const char *step, bool good, const char *format, ...)
{
	va_list args;

	fprintf(rig->out, "  %-28s %-7s ", step, good ? "ok" : "FAILED");
	va_start(args, format);
	vfprintf(rig->out, format, args);
	va_end(args);
	fputc('\n', rig->out);
	(void)fflush(rig->out);
	rig->failures += !good;
}

/* @return true if @p error is one, which is reported */
static bool failed(struct rig *rig, const char *step, const char *call, int error)
{
	if (error)
		report(rig, step, false, "%s: %s", call, strerrordesc_np(-error));
	return error != 0;
}

struct likeness {
	double psnr; /* of luma; infinite when equal */
	unsigned worst;
	bool exact;
};

static struct likeness compare(const uint8_t *a, const uint8_t *b, unsigned width, unsigned height)
{
	size_t luma = (size_t)width * height;
	struct likeness likeness = {0};
	double squares = 0;

	for (size_t i = 0; i < luma * 3 / 2; i++) {
		int difference = a[i] - b[i];
		unsigned size = (unsigned)abs(difference);

		if (size > likeness.worst)
			likeness.worst = size;
		if (i < luma)
			squares += (double)difference * difference;
	}
	likeness.exact = !likeness.worst;
	likeness.psnr = squares > 0 ? 10 * log10(255.0 * 255.0 * (double)luma / squares) : INFINITY;
	return likeness;
}

static void report_likeness(struct rig *rig, const char *step, const struct likeness *likeness,
			    double min_psnr)
{
	if (likeness->exact)
		report(rig, step, true, "exact");
	else
		report(rig, step, likeness->psnr >= min_psnr, "%.1f dB, largest difference %u",
		       likeness->psnr, likeness->worst);
}

/* ---- still pictures ---- */

static void try_upload(struct rig *rig)
{
	const char *step = "still picture up and down";
	struct likeness likeness;

	if (failed(rig, step, "upload", selftest_side_upload(&rig->device)) ||
	    failed(rig, step, "software", selftest_side_upload(&rig->software)) ||
	    failed(rig, step, "download",
		   selftest_side_download(&rig->device, rig->device.pictures[0], rig->a)))
		return;
	if (failed(rig, step, "software",
		   selftest_side_download(&rig->software, rig->software.pictures[0], rig->b)))
		return;
	likeness = compare(rig->a, rig->b, SELFTEST_PICTURE_WIDTH, SELFTEST_PICTURE_HEIGHT);
	report_likeness(rig, step, &likeness, MIN_COMPOSE);
}

/* ---- composing ---- */

static const struct {
	enum selftest_scene kind;
	const char *name;
} scenes[] = {
	{SELFTEST_AS_THEY_ARE, "compose: as they are"},
	{SELFTEST_SMALLER, "compose: smaller"},
	{SELFTEST_LARGER, "compose: larger"},
	{SELFTEST_CROPPED, "compose: cropped"},
	{SELFTEST_BESIDE, "compose: with margins"},
	{SELFTEST_DECORATED, "compose: frames, a logo"},
};

/* Draw a scene on a compositor of its own and copy the canvas out. */
static int draw_once(const struct selftest_side *side, enum selftest_scene kind, uint8_t *i420)
{
	struct tess_compositor *compositor;
	struct tess_surface *canvas;
	int error = side->driver->compositor_open(&compositor, side->engine, WIDTH, HEIGHT);

	if (error)
		return error;
	error = selftest_side_draw(side, compositor, kind, &canvas);
	if (!error) {
		error = selftest_side_download(side, canvas, i420);
		tess_surface_unref(canvas);
	}
	side->driver->compositor_close(compositor);
	return error;
}

static void try_scenes(struct rig *rig)
{
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		struct likeness likeness;

		if (failed(rig, scenes[i].name, "draw",
			   draw_once(&rig->device, scenes[i].kind, rig->a)) ||
		    failed(rig, scenes[i].name, "software",
			   draw_once(&rig->software, scenes[i].kind, rig->b)))
			continue;
		likeness = compare(rig->a, rig->b, WIDTH, HEIGHT);
		report_likeness(rig, scenes[i].name, &likeness, MIN_COMPOSE);
	}
}

/* ---- streams ---- */

/* What is done with each canvas of a moving scene and what the encoder made of it. */
typedef int canvas_handler(struct rig *rig, void *arg, unsigned number, struct tess_surface *canvas,
			   const struct tess_encoded *encoded);

static int encode_scenes(struct rig *rig, const struct selftest_side *side,
			 struct tess_compositor *compositor, struct tess_encoder *encoder,
			 canvas_handler *handler, void *arg)
{
	/* now and then all changes, mostly nothing does */
	static const enum selftest_scene kinds[] = {SELFTEST_AS_THEY_ARE, SELFTEST_SMALLER,
						    SELFTEST_DECORATED};

	for (unsigned i = 0; i < STREAM; i++) {
		struct tess_surface *canvas;
		struct tess_encoded encoded;
		int error = selftest_side_draw(side, compositor, kinds[i / 15 % 3], &canvas);

		if (error)
			return error;
		error = side->driver->encoder_encode(encoder, canvas,
						     (int64_t)(i + 1) * 1000000 / RATE,
						     i == FORCED_KEY, &encoded);
		if (!error)
			error = handler(rig, arg, i, canvas, &encoded);
		tess_surface_unref(canvas);
		if (error)
			return error;
	}
	return 0;
}

static int encode_stream(struct rig *rig, const struct selftest_side *side, canvas_handler *handler,
			 void *arg)
{
	const struct tess_encoder_config config = {
		.width = WIDTH,
		.height = HEIGHT,
		.frame_rate = RATE,
		.gop_frames = 3 * RATE,
		.bitrate_bps = BITRATE_BPS,
	};
	struct tess_compositor *compositor = NULL;
	struct tess_encoder *encoder = NULL;
	int error = side->driver->compositor_open(&compositor, side->engine, WIDTH, HEIGHT);

	if (error)
		return error;
	error = side->driver->encoder_open(&encoder, side->engine, &config);
	if (!error) {
		error = encode_scenes(rig, side, compositor, encoder, handler, arg);
		side->driver->encoder_close(encoder);
	}
	side->driver->compositor_close(compositor);
	return error;
}

static int keep_unit(struct rig *rig, void *arg, unsigned number, struct tess_surface *canvas,
		     const struct tess_encoded *encoded)
{
	size_t *length = arg;

	(void)canvas;
	if (encoded->length > STREAM_BYTES - *length)
		return -E2BIG;
	memcpy(rig->stream + *length, encoded->data, encoded->length);
	rig->lengths[number] = encoded->length;
	*length += encoded->length;
	return 0;
}

/* The next picture of the stream; *at is moved on. */
static int decode_next(const struct rig *rig, const struct selftest_side *side,
		       struct tess_decoder *decoder, unsigned number, size_t *at,
		       struct tess_surface **surface)
{
	int error = side->driver->decoder_decode(decoder, rig->stream + *at, rig->lengths[number],
						 number, surface);

	*at += rig->lengths[number];
	if (!error && !*surface)
		error = -EIO; /* low delay: one in, one out */
	return error;
}

static void try_decode(struct rig *rig)
{
	const char *step = "decode H.264";
	struct selftest_side *sides[2] = {&rig->device, &rig->software};
	struct tess_decoder *decoders[2] = {NULL, NULL};
	unsigned different = 0, decoded = 0;
	int error = 0;

	for (unsigned i = 0; i < 2 && !error; i++) {
		error = sides[i]->driver->decoder_open(&decoders[i], sides[i]->engine,
						       TESS_CODEC_H264);
		if (error)
			decoders[i] = NULL;
	}
	for (size_t n = 0, at = 0; n < STREAM && !error; n++) {
		size_t next = at;

		for (unsigned i = 0; i < 2 && !error; i++) {
			struct tess_surface *surface = NULL;

			next = at;
			error = decode_next(rig, sides[i], decoders[i], (unsigned)n, &next,
					    &surface);
			if (!error)
				error = selftest_side_download(sides[i], surface,
							       i ? rig->b : rig->a);
			tess_surface_unref(surface);
		}
		at = next;
		if (!error) {
			different += memcmp(rig->a, rig->b, CANVAS_BYTES) != 0;
			decoded++;
		}
	}
	for (unsigned i = 0; i < 2; i++)
		sides[i]->driver->decoder_close(decoders[i]);
	if (!failed(rig, step, "decode", error))
		report(rig, step, !different, "%u pictures, %u not exact", decoded, different);
}

/* What comes of the engine's own encoder, through software's decoder. */
struct encoding {
	struct tess_decoder *decoder;
	unsigned out, keys;
	bool first_is_key, forced_is_key;
	size_t bytes;
	double worst_psnr, sum_psnr;
};

static int judge_unit(struct rig *rig, void *arg, unsigned number, struct tess_surface *canvas,
		      const struct tess_encoded *encoded)
{
	const struct selftest_side *software = &rig->software;
	struct encoding *encoding = arg;
	struct tess_surface *surface = NULL;
	struct likeness likeness;
	int error;

	if (!encoded->length)
		return 0;
	encoding->out++;
	encoding->keys += encoded->key;
	encoding->bytes += encoded->length;
	encoding->first_is_key = encoding->first_is_key || (number == 0 && encoded->key);
	encoding->forced_is_key = encoding->forced_is_key || (number == FORCED_KEY && encoded->key);
	error = software->driver->decoder_decode(encoding->decoder, encoded->data, encoded->length,
						 number, &surface);
	if (!error && !surface)
		error = -EIO;
	if (!error)
		error = selftest_side_download(software, surface, rig->b);
	if (!error)
		error = selftest_side_download(&rig->device, canvas, rig->a);
	tess_surface_unref(surface);
	if (error)
		return error;
	likeness = compare(rig->a, rig->b, WIDTH, HEIGHT);
	encoding->sum_psnr += likeness.exact ? 100 : likeness.psnr;
	if (encoding->out == 1 || likeness.psnr < encoding->worst_psnr)
		encoding->worst_psnr = likeness.psnr;
	return 0;
}

static void try_encode(struct rig *rig)
{
	const char *step = "encode H.264";
	struct encoding encoding = {0};
	int error = rig->software.driver->decoder_open(&encoding.decoder, rig->software.engine,
						       TESS_CODEC_H264);

	if (failed(rig, step, "software", error))
		return;
	error = encode_stream(rig, &rig->device, judge_unit, &encoding);
	rig->software.driver->decoder_close(encoding.decoder);
	if (failed(rig, step, "encode", error))
		return;
	report(rig, step, encoding.out == STREAM && encoding.sum_psnr / encoding.out >= MIN_ENCODE,
	       "%u of %u pictures, %.1f dB, at worst %.1f", encoding.out, STREAM,
	       encoding.out ? encoding.sum_psnr / encoding.out : 0, encoding.worst_psnr);
	report(rig, "encode: key frames", encoding.first_is_key && encoding.forced_is_key,
	       "%u, the first %s, that asked for %s", encoding.keys,
	       encoding.first_is_key ? "is there" : "is missing",
	       encoding.forced_is_key ? "is there" : "is missing");
	/* three seconds, with two key frames in them */
	report(rig, "encode: bit rate", encoding.bytes * 8 < 2 * STREAM / RATE * BITRATE_BPS,
	       "%.0f kbit/s of %u", (double)encoding.bytes * 8 * RATE / STREAM / 1000,
	       BITRATE_BPS / 1000);
}

/* Decoded, composed and encoded without a picture that leaves the device. */
static int run_through(struct rig *rig, struct tess_decoder *decoder,
		       struct tess_compositor *compositor, struct tess_encoder *encoder)
{
	const struct selftest_side *side = &rig->device;
	int error = 0;

	for (size_t n = 0, at = 0; n < STREAM && !error; n++) {
		struct tess_surface *surface = NULL, *canvas = NULL;
		struct tess_encoded encoded;
		struct tess_tile tiles[1];
		const struct tess_scene scene = {.tiles = tiles, .count = 1};

		error = decode_next(rig, side, decoder, (unsigned)n, &at, &surface);
		if (error)
			return error;
		tiles[0] = (struct tess_tile){
			.rect = {0, 0, 640, 360}, .render = TESS_RENDER_CROP, .surface = surface};
		error = side->driver->compositor_draw(compositor, &scene, &canvas);
		if (!error)
			error = side->driver->encoder_encode(encoder, canvas,
							     (int64_t)(n + 1) * 1000000 / RATE,
							     false, &encoded);
		tess_surface_unref(canvas);
		tess_surface_unref(surface);
	}
	return error;
}

static void try_whole_way(struct rig *rig)
{
	const char *step = "decode, compose, encode";
	const struct tess_encoder_config config = {640, 360, RATE, 3 * RATE, 500000, 0};
	const struct selftest_side *side = &rig->device;
	struct tess_engine_stats before, after;
	struct tess_compositor *compositor = NULL;
	struct tess_encoder *encoder = NULL;
	struct tess_decoder *decoder = NULL;
	int error;

	side->driver->stats(side->engine, &before);
	error = side->driver->decoder_open(&decoder, side->engine, TESS_CODEC_H264);
	if (error)
		decoder = NULL;
	if (!error && (error = side->driver->compositor_open(&compositor, side->engine, 640, 360)))
		compositor = NULL;
	if (!error && (error = side->driver->encoder_open(&encoder, side->engine, &config)))
		encoder = NULL;
	if (!error)
		error = run_through(rig, decoder, compositor, encoder);
	side->driver->encoder_close(encoder);
	side->driver->compositor_close(compositor);
	side->driver->decoder_close(decoder);
	side->driver->stats(side->engine, &after);
	if (failed(rig, step, "pictures", error))
		return;
	report(rig, step,
	       after.downloads == before.downloads && after.uploads == before.uploads &&
		       after.fallback_decoded == before.fallback_decoded,
	       "%llu pictures to the host, %llu from it, %llu decoded by the CPU",
	       (unsigned long long)(after.downloads - before.downloads),
	       (unsigned long long)(after.uploads - before.uploads),
	       (unsigned long long)(after.fallback_decoded - before.fallback_decoded));
}

static void try_speed(struct rig *rig, bool shared)
{
	struct tess_work capacity = {0};
	const char *what = "";
	int error = tess_engine_measure(rig->device.engine,
					shared ? tess_clock_thread() : tess_clock_system(),
					&capacity, &what);

	if (!failed(rig, "speed", what, error))
		report(rig, "speed", true,
		       "decode %.0f, compose %.0f, encode %.0f megapixels a second%s",
		       capacity.decode, capacity.compose, capacity.encode,
		       shared ? " and thread" : "");
}

static void print_info(FILE *out, const struct tess_engine_driver *driver,
		       const struct tess_engine_info *info)
{
	static const struct {
		enum tess_codec codec;
		const char *name;
	} codecs[] = {{TESS_CODEC_H264, "H.264"},
		      {TESS_CODEC_H265, "H.265"},
		      {TESS_CODEC_VP8, "VP8"},
		      {TESS_CODEC_VP9, "VP9"}};

	fprintf(out, "\nengine   %s %s\nvendor   %s\ndecodes ", driver->name, info->device,
		info->vendor);
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (info->device_codecs & 1u << codecs[i].codec)
			fprintf(out, " %s", codecs[i].name);
	fprintf(out, "\nlimits   %u pixels a side, ", info->max_side);
	if (info->encoders)
		fprintf(out, "%u encoders\n", info->encoders);
	else
		fputs("any number of encoders\n", out);
}

static void try_all(struct rig *rig, const struct tess_engine_info *info)
{
	struct tess_engine_stats stats;
	size_t length = 0;

	try_upload(rig);
	if (rig->device.logo && rig->software.logo) {
		try_scenes(rig);
		if (!failed(rig, "a stream to decode", "software",
			    encode_stream(rig, &rig->software, keep_unit, &length))) {
			try_decode(rig);
			try_whole_way(rig);
		}
		try_encode(rig);
		try_speed(rig, info->shared_units);
	}
	selftest_side_drop(&rig->device);
	selftest_side_drop(&rig->software);
	rig->device.driver->stats(rig->device.engine, &stats);
	report(rig, "nothing is left", !stats.surfaces_live, "%llu pictures on the device",
	       (unsigned long long)stats.surfaces_live);
	report(rig, "calls of the device's API", !stats.faults, "%llu failed",
	       (unsigned long long)stats.faults);
}

unsigned tess_selftest(FILE *out, const struct tess_engine_driver *driver, const char *device,
		       const struct tess_engine_driver *software)
{
	struct rig rig = {
		.out = out, .device = {.driver = driver}, .software = {.driver = software}};
	struct tess_engine_info info = {0};
	int error;

	rig.stream = malloc(STREAM_BYTES);
	rig.a = malloc(CANVAS_BYTES);
	rig.b = malloc(CANVAS_BYTES);
	error = rig.stream && rig.a && rig.b ? 0 : -ENOMEM;
	if (!error)
		error = software->open(&rig.software.engine, &(struct tess_engine_config){0});
	if (error) {
		rig.software.engine = NULL;
		(void)failed(&rig, "software", "open", error);
	} else {
		error = driver->open(&rig.device.engine,
				     &(struct tess_engine_config){device, on_fault, &rig});
		if (error) {
			rig.device.engine = NULL;
			fprintf(out, "\nengine   %s %s\n", driver->name, device ? device : "");
			(void)failed(&rig, "open", driver->name, error);
		}
	}
	if (rig.device.engine) {
		driver->info(rig.device.engine, &info);
		print_info(out, driver, &info);
		try_all(&rig, &info);
		driver->close(rig.device.engine);
	}
	for (unsigned i = 0; i < rig.fault_kinds; i++)
		fprintf(out, "    %s: %s (%u times)\n", rig.faults[i].call, rig.faults[i].error,
			rig.faults[i].count);
	if (rig.software.engine)
		software->close(rig.software.engine);
	free(rig.stream);
	free(rig.a);
	free(rig.b);
	return rig.failures;
}
