/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_vaapi/rig.c - the engine on an emulated device, beside the software
 * engine.
 */
#include "tests/unit/drivers/engine_vaapi/rig.h"

#include <dlfcn.h>
#include <libavcodec/avcodec.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void on_fault(void *arg, const struct tess_engine_fault *fault)
{
	struct rig *rig = arg;
	assert_string_equal(fault->device, rig->device);
	pthread_mutex_lock(&rig->lock);
	rig->faults++;
	snprintf(rig->call, sizeof(rig->call), "%s", fault->call);
	snprintf(rig->error, sizeof(rig->error), "%s", fault->error);
	pthread_mutex_unlock(&rig->lock);
}

void rig_open(struct rig *rig, const char *personality)
{
	*rig = (struct rig){.lock = PTHREAD_MUTEX_INITIALIZER};
	strcpy(rig->device, "/tmp/tess-vaapi-XXXXXX");
	int fd = mkstemp(rig->device);
	assert_true(fd >= 0);
	assert_true(dprintf(fd, "tessera emulated va device\n%s", personality ? personality : "") >
		    0);
	close(fd);
	const struct tess_engine_config config = {
		.device = rig->device,
		.fault = on_fault,
		.arg = rig,
	};
	assert_int_equal(tess_engine_vaapi.open(&rig->vaapi, &config), 0);
	assert_int_equal(tess_engine_soft.open(&rig->soft, &(struct tess_engine_config){0}), 0);
}

static void *emulator(const char *name)
{
	void *function = dlsym(RTLD_DEFAULT, name);
	assert_non_null(function);
	return function;
}

struct emu_va_stats rig_device(const struct rig *rig)
{
	struct emu_va_stats stats;
	emu_va_stats_fn *get = (emu_va_stats_fn *)emulator("emu_va_get_stats");
	assert_int_equal(get(rig->device, &stats), 0);
	return stats;
}

void rig_mark(const struct rig *rig)
{
	assert_int_equal(((emu_va_mark_fn *)emulator("emu_va_mark"))(rig->device), 0);
}

void rig_fail(const struct rig *rig, const char *op, unsigned n, int status)
{
	emu_va_fail_fn *fail_call = (emu_va_fail_fn *)emulator("emu_va_fail");
	assert_int_equal(fail_call(rig->device, op, n, status), 0);
}

void rig_lose(const struct rig *rig)
{
	assert_int_equal(((emu_va_lose_fn *)emulator("emu_va_lose"))(rig->device, 0), 0);
}

void rig_close(struct rig *rig)
{
	assert_int_equal(rig_stats(rig).surfaces_live, 0);
	tess_engine_vaapi.close(rig->vaapi); /* the device aborts if anything of it is left */
	tess_engine_soft.close(rig->soft);
	unlink(rig->device);
	pthread_mutex_destroy(&rig->lock);
}

struct tess_engine_stats rig_stats(const struct rig *rig)
{
	struct tess_engine_stats stats;
	tess_engine_vaapi.stats(rig->vaapi, &stats);
	return stats;
}

/* a start code of a unit that begins an access unit in these clips: a delimiter, parameter sets or
 * SEI before a picture, or a picture's first slice (first_mb_in_slice 0: its first bit is set) */
static void split(struct clip *clip, size_t length)
{
	AVCodecParserContext *parser = av_parser_init(AV_CODEC_ID_H264);
	AVCodecContext *codec = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
	assert_non_null(parser);
	assert_non_null(codec);
	const uint8_t *at = clip->data;
	size_t end = 0;
	while (end < length || at) {
		uint8_t *unit;
		int size;
		size_t left = length - (size_t)(at - clip->data);
		int used = av_parser_parse2(parser, codec, &unit, &size, left ? at : NULL,
					    (int)left, AV_NOPTS_VALUE, AV_NOPTS_VALUE, 0);
		assert_true(used >= 0);
		at += used;
		if (size) {
			assert_true(clip->count < 256);
			end += (size_t)size;
			clip->offsets[++clip->count] = end;
		} else if (!left) {
			break;
		}
	}
	assert_int_equal(end, length);
	av_parser_close(parser);
	avcodec_free_context(&codec);
}

void clip_load(struct clip *clip, const char *name)
{
	char path[512];
	const char *folder = getenv("TESS_CLIPS");
	*clip = (struct clip){0};
	assert_non_null(folder);
	snprintf(path, sizeof(path), "%s/%s.h264", folder, name);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size_t length = (size_t)ftell(file);
	rewind(file);
	clip->data = calloc(1, length + AV_INPUT_BUFFER_PADDING_SIZE);
	assert_non_null(clip->data);
	assert_int_equal(fread(clip->data, 1, length, file), length);
	fclose(file);
	split(clip, length);
}

void clip_free(struct clip *clip)
{
	free(clip->data);
}

int clip_decode(const struct clip *clip, unsigned i, const struct tess_engine *engine,
		struct tess_decoder *decoder, struct tess_surface **surfacep)
{
	return engine->driver->decoder_decode(decoder, clip->data + clip->offsets[i],
					      clip->offsets[i + 1] - clip->offsets[i], 1000LL * i,
					      surfacep);
}

uint8_t *rig_i420(struct tess_engine *engine, struct tess_surface *surface)
{
	uint8_t *i420 = malloc((size_t)surface->width * surface->height * 3 / 2);
	assert_non_null(i420);
	assert_int_equal(engine->driver->download(engine, surface, i420), 0);
	return i420;
}

int rig_difference(const uint8_t *a, const uint8_t *b, size_t count)
{
	int most = 0;
	for (size_t i = 0; i < count; i++) {
		int difference = abs(a[i] - b[i]);
		most = difference > most ? difference : most;
	}
	return most;
}

double rig_psnr(const uint8_t *a, const uint8_t *b, size_t count)
{
	double sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += (a[i] - b[i]) * (a[i] - b[i]);
	return sum > 0 ? 10 * log10(255.0 * 255.0 * (double)count / sum) : 99;
}
