/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests tests/support/decode.c on files that ffmpeg made
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/decode.h"
#include "tests/support/tone.h"

static char folder[] = "/tmp/tess_decode_XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

/* 2 s of grey that turns white after 1 s, and a tone of 500 Hz. */
static void make_file(const char *name)
{
	char command[512];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	(void)snprintf(
		command, sizeof(command),
		"ffmpeg -v error -nostdin -f lavfi -i color=gray:s=64x48:r=25:d=1 "
		"-f lavfi -i color=white:s=64x48:r=25:d=1 "
		"-f lavfi -i aevalsrc='0.25*sin(2*PI*500*t)|0.25*sin(2*PI*500*t)':s=44100:d=2 "
		"-filter_complex '[0][1]concat' -c:v libx264 -preset ultrafast -tune zerolatency "
		"-c:a aac -b:a 96k %s",
		path);
	assert_int_equal(system(command), 0);
}

struct seen {
	unsigned pictures, white, sounds;
	int64_t first_us, last_us, white_us, next_us;
	size_t samples;
	float pcm[44100 * 3];
	unsigned rate;
};

static void on_picture(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	struct seen *seen = arg;
	uint8_t mean[3];

	assert_int_equal(picture->width, 64);
	assert_int_equal(picture->height, 48);
	tess_test_i420_mean(mean, picture, &(struct tess_rect){0, 0, 64, 48});
	if (seen->pictures++ == 0)
		seen->first_us = pts_us;
	else
		assert_true(pts_us > seen->last_us);
	seen->last_us = pts_us;
	if (mean[0] < 200)
		assert_in_range(mean[0], 120, 132);
	else if (seen->white++ == 0)
		seen->white_us = pts_us;
}

static void on_sound(void *arg, int64_t pts_us, const float *pcm, unsigned frames, unsigned rate)
{
	struct seen *seen = arg;

	if (seen->sounds++ > 0)
		assert_true(llabs(pts_us - seen->next_us) <= 1000);
	seen->next_us = pts_us + (int64_t)frames * 1000000 / rate;
	seen->rate = rate;
	for (unsigned i = 0; i < frames && seen->samples < 44100 * 3; i++)
		seen->pcm[seen->samples++] = pcm[i * 2];
}

static const struct tess_test_decode_handlers handlers = {on_picture, on_sound};

static void contents_and_times(void **state)
{
	static const char *const names[] = {"x.mp4", "x.flv"};
	static struct seen seen;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct tess_test_file_info info;

		make_file(names[i]);
		assert_int_equal(tess_test_file_info(&info, path), 0);
		assert_int_equal(info.width, 64);
		assert_int_equal(info.height, 48);
		assert_int_equal(info.sample_rate, 44100);
		assert_int_equal(info.channels, 2);
		assert_true(fabs(info.duration_s - 2) < 0.1);

		memset(&seen, 0, sizeof(seen));
		assert_int_equal(tess_test_decode(path, &handlers, &seen), 0);
		assert_int_equal(seen.pictures, 50);
		assert_int_equal(seen.white, 25);
		assert_int_equal(seen.white_us - seen.first_us, 1000000);
		assert_int_equal(seen.last_us - seen.first_us, 1960000);
		assert_int_equal(seen.rate, 44100);
		assert_in_range(seen.samples, 88200 - 2048, 88200 + 3 * 1024);
		assert_true(
			fabs(tess_tone_db(tess_tone_level(seen.pcm + 8820, 44100, 1, 0, 44100, 500),
					  0.25)) < 0.5);
		assert_int_equal(unlink(path), 0);
	}
}

static void damage_is_told(void **state)
{
	struct tess_test_file_info info;
	static struct seen seen;
	FILE *file;

	(void)state;
	make_file("broken.flv");
	file = fopen(path, "r+");
	assert_non_null(file);
	/* behind the headers, through a few pictures */
	assert_int_equal(fseek(file, 6000, SEEK_SET), 0);
	for (unsigned i = 0; i < 3000; i++)
		assert_int_equal(fputc((int)(i * 31 & 0xff), file), (int)(i * 31 & 0xff));
	assert_int_equal(fclose(file), 0);
	assert_int_equal(tess_test_decode(path, &handlers, &seen), -EBADMSG);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(tess_test_file_info(&info, path), -EBADMSG); /* not there */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contents_and_times),
		cmocka_unit_test(damage_is_told),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
