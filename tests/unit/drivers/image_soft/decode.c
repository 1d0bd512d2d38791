/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of drivers/image_soft/decode.c, formats.c and rgba.c: what each kind of picture decodes to,
 * and that none is too much.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/image_soft/image_soft.h"
#include "tests/support/images.h"

#define WIDTH  37
#define HEIGHT 21

static void paint(uint8_t rgba[4], unsigned x, unsigned y)
{
	rgba[0] = (uint8_t)(x * 6);
	rgba[1] = (uint8_t)(y * 12);
	rgba[2] = (uint8_t)(255 - x * 3);
	rgba[3] = 255;
}

static void paint_alpha(uint8_t rgba[4], unsigned x, unsigned y)
{
	paint(rgba, x, y);
	rgba[3] = (uint8_t)(x * 5 + y);
}

static void assert_painted(const struct tess_image_rgba *image, tess_test_paint *as, int tolerance)
{
	assert_int_equal(image->width, WIDTH);
	assert_int_equal(image->height, HEIGHT);
	for (unsigned y = 0; y < HEIGHT; y++) {
		for (unsigned x = 0; x < WIDTH; x++) {
			const uint8_t *pixel = image->pixels + (size_t)4 * (y * WIDTH + x);
			uint8_t expected[4];

			as(expected, x, y);
			for (int i = 0; i < 4; i++) {
				if (abs(pixel[i] - expected[i]) > tolerance)
					fail_msg("%u,%u component %d: %d, not %d", x, y, i,
						 pixel[i], expected[i]);
			}
		}
	}
}

static void assert_decodes(const char *format, tess_test_paint *as, int tolerance, bool alpha)
{
	struct tess_image_rgba image;
	uint8_t *data;
	size_t length = tess_test_image(&data, format, WIDTH, HEIGHT, as);

	assert_int_equal(tess_image_decode(&image, data, length), 0);
	assert_painted(&image, as, tolerance);
	assert_int_equal(image.alpha, alpha);
	tess_image_free(&image);
	free(data);
}

static void test_formats(void **state)
{
	(void)state;
	assert_decodes("png", paint, 0, false);
	assert_decodes("png", paint_alpha, 0, true);
	assert_decodes("bmp", paint, 0, false);
	assert_decodes("jpeg", paint, 8, false);
}

/* A 2 x 1 picture with a palette, grey, and one bit a pixel, as BMP by hand. */
static void test_palette(void **state)
{
	/* BITMAPFILEHEADER, BITMAPINFOHEADER, two colours, one row of 4 bytes */
	static const uint8_t bmp[] = {
		'B',  'M',  66,	  0, 0, 0, 0, 0, 0,    0,    62,   0, 0, 0, /* file */
		40,   0,    0,	  0, 2, 0, 0, 0, 1,    0,    0,	   0, 1, 0,
		8,    0, /* 2 x 1, 8 bits */
		0,    0,    0,	  0, 4, 0, 0, 0, 0,    0,    0,	   0, 0, 0,
		0,    0,					      /* */
		2,    0,    0,	  0, 2, 0, 0, 0, 0x30, 0x20, 0x10, 0, /* blue green red */
		0x60, 0x50, 0x40, 0, 1, 0, 0, 0,
	};
	static const uint8_t expected[] = {0x40, 0x50, 0x60, 255, 0x10, 0x20, 0x30, 255};
	struct tess_image_rgba image;

	(void)state;
	assert_int_equal(tess_image_decode(&image, bmp, sizeof(bmp)), 0);
	assert_int_equal(image.width, 2);
	assert_int_equal(image.height, 1);
	assert_memory_equal(image.pixels, expected, sizeof(expected));
	assert_false(image.alpha);
	tess_image_free(&image);
}

static void assert_refused(const void *data, size_t length, int error)
{
	struct tess_image_rgba image;

	assert_int_equal(tess_image_decode(&image, data, length), error);
	assert_null(image.pixels);
}

static void test_other_kinds(void **state)
{
	(void)state;
	assert_refused("", 0, -EINVAL);
	assert_refused("GIF89a............", 18, -EINVAL);
	assert_refused("\x89PNG\r\n\x1a\n", 8, -EINVAL);
	assert_refused("<svg>", 5, -EINVAL);
	assert_refused("\0\0\0\x1c"
		       "ftypavif",
		       12, -EINVAL);
}

static void test_damaged(void **state)
{
	static const char *const names[] = {"png", "jpeg", "bmp"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		uint8_t *data;
		size_t length = tess_test_image(&data, names[i], WIDTH, HEIGHT, paint);

		assert_refused(data, length / 2, -EBADMSG);
		assert_refused(data, 30, -EBADMSG);
		free(data);
	}
}

static void put32(uint8_t *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Sizes in the headers that no memory may be taken for. */
static void test_too_large(void **state)
{
	uint8_t *data, *large = calloc(1, TESS_IMAGE_MAX_BYTES + 1);
	size_t length = tess_test_image(&data, "png", WIDTH, HEIGHT, paint);

	(void)state;
	assert_non_null(large);
	put32(data + 16, 8193);
	put32(data + 20, 1);
	assert_refused(data, length, -EFBIG);
	put32(data + 16, 0xffffffff);
	put32(data + 20, 0xffffffff);
	assert_refused(data, length, -EFBIG);
	put32(data + 16, 4097);
	put32(data + 20, 4096);
	assert_refused(data, length, -EFBIG);
	free(data);
	length = tess_test_image(&data, "bmp", WIDTH, HEIGHT, paint);
	memcpy(data + 18, "\0\0\0\x80", 4); /* -2147483648 */
	assert_refused(data, length, -EFBIG);
	memcpy(data + 18, "\x01\x10\0\0\x00\xf0\xff\xff", 8); /* 4097 x -4096 */
	assert_refused(data, length, -EFBIG);
	free(data);
	length = tess_test_image(&data, "jpeg", WIDTH, HEIGHT, paint);
	for (size_t i = 0; i + 8 < length; i++) {
		if (data[i] == 0xff && data[i + 1] == 0xc0) {
			memset(data + i + 5, 0xff, 4); /* 65535 x 65535 */
			break;
		}
	}
	assert_refused(data, length, -EFBIG);
	memcpy(large, data, length);
	assert_refused(large, TESS_IMAGE_MAX_BYTES + 1, -EFBIG);
	free(data);
	free(large);
}

/* More scans than any picture has: each costs time for a few bytes. */
static void test_scans(void **state)
{
	static const uint8_t scan[] = {0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0};
	uint8_t *data, many[65 * sizeof(scan) + 3] = {0xff, 0xd8, 0xff};
	size_t length = tess_test_image(&data, "jpeg", WIDTH, HEIGHT, paint);
	struct tess_image_rgba image;

	(void)state;
	for (size_t i = 0; i < 65; i++)
		memcpy(many + 2 + i * sizeof(scan), scan, sizeof(scan));
	assert_refused(many, sizeof(many), -ENOTSUP);
	assert_int_equal(tess_image_decode(&image, data, length), 0);
	tess_image_free(&image);
	free(data);
}

/* Chunks beside the picture do not reach the decoder: here one that says it is compressed text. */
static void test_other_chunks(void **state)
{
	static const uint8_t text[] = {0,
				       0,
				       0,
				       7,
				       'z',
				       'T',
				       'X',
				       't',
				       'a',
				       0,
				       0,
				       1,
				       2,
				       3,
				       4,
				       /* a wrong checksum */ 9,
				       9,
				       9,
				       9};
	struct tess_image_rgba image;
	uint8_t *data, *more;
	size_t length = tess_test_image(&data, "png", WIDTH, HEIGHT, paint_alpha);

	(void)state;
	more = malloc(length + sizeof(text));
	assert_non_null(more);
	memcpy(more, data, 33); /* signature and IHDR */
	memcpy(more + 33, text, sizeof(text));
	memcpy(more + 33 + sizeof(text), data + 33, length - 33);
	assert_int_equal(tess_image_decode(&image, more, length + sizeof(text)), 0);
	assert_painted(&image, paint_alpha, 0);
	tess_image_free(&image);
	/* but the picture's own checksums count */
	data[length - 20] ^= 1;
	assert_refused(data, length, -EBADMSG);
	free(more);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),	     cmocka_unit_test(test_palette),
		cmocka_unit_test(test_other_kinds),  cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_too_large),    cmocka_unit_test(test_scans),
		cmocka_unit_test(test_other_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
