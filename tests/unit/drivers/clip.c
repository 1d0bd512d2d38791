/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/clip.c - see clip.h.
 */
#include "tests/unit/drivers/clip.h"

#include <libavcodec/avcodec.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/** Into access units. */
static void split(struct clip *clip, size_t length)
{
	AVCodecParserContext *parser = av_parser_init(AV_CODEC_ID_H264);
	AVCodecContext *codec = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
	assert_non_null(parser);
	assert_non_null(codec);
	size_t at = 0, end = 0, left;
	int size;
	do { /* without input the last unit comes out */
		uint8_t *unit;
		left = length - at;
		int used =
			av_parser_parse2(parser, codec, &unit, &size, left ? clip->data + at : NULL,
					 (int)left, AV_NOPTS_VALUE, AV_NOPTS_VALUE, 0);
		assert_true(used >= 0);
		at += (size_t)used;
		if (size) {
			assert_true(clip->count < 256);
			end += (size_t)size;
			clip->offsets[++clip->count] = end;
		}
	} while (left || size);
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

double rig_psnr(const uint8_t *a, const uint8_t *b, size_t count)
{
	double sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += (a[i] - b[i]) * (a[i] - b[i]);
	return sum > 0 ? 10 * log10(255.0 * 255.0 * (double)count / sum) : 99;
}
