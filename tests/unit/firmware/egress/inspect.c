/* SPDX-License-Identifier: GPL-3.0-or-later
 * Looking into files of which nothing else is known.
 */
#include "firmware/egress/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/egress/playlist.h"
#include "pipeline/mux/bytes.h"

static int file_of(const void *data, size_t length)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, length), length);
	return fd;
}

static int inspect(struct tess_inspection *out, const void *data, size_t length, const char *format)
{
	int fd = file_of(data, length), rc = tess_inspect(out, fd, format, NULL);

	(void)close(fd);
	return rc;
}

/* ftyp, media, moov with a duration of 2.5 s and a picture of 320 x 180 */
static void make_mp4(struct tess_bytes *out)
{
	size_t box, moov, trak;

	box = tess_box_begin(out, "ftyp");
	tess_put_zeros(out, 8);
	tess_box_end(out, box);
	/* of 64 bits, as ours have it */
	tess_put_u32(out, 1);
	tess_put_data(out, "mdat", 4);
	tess_put_u64(out, 16 + 40);
	tess_put_zeros(out, 40);
	moov = tess_box_begin(out, "moov");
	box = tess_full_box_begin(out, "mvhd", 1, 0);
	tess_put_zeros(out, 16);
	tess_put_u32(out, 1000);
	tess_put_u64(out, 2500);
	tess_put_zeros(out, 80);
	tess_box_end(out, box);
	for (unsigned i = 0; i < 2; i++) { /* the second is sound */
		trak = tess_box_begin(out, "trak");
		box = tess_full_box_begin(out, "tkhd", 0, 3);
		tess_put_zeros(out, 72);
		tess_put_u32(out, i ? 0 : 320u << 16);
		tess_put_u32(out, i ? 0 : 180u << 16);
		tess_box_end(out, box);
		tess_box_end(out, trak);
	}
	tess_box_end(out, moov);
}

static void test_mp4(void **state)
{
	struct tess_inspection out;
	struct tess_bytes bytes = {0};

	(void)state;
	make_mp4(&bytes);
	assert_int_equal(inspect(&out, bytes.data, bytes.length, "mp4"), 0);
	assert_int_equal(out.duration_us, 2500000);
	assert_int_equal(out.bytes, bytes.length);
	assert_int_equal(out.width, 320);
	assert_int_equal(out.height, 180);
	/* cut anywhere before its index it is none; a wrong length is none either */
	for (size_t length = 0; length < bytes.length; length++)
		assert_int_equal(inspect(&out, bytes.data, length, "mp4"), -EBADMSG);
	bytes.data[0] = 0x7f;
	assert_int_equal(inspect(&out, bytes.data, bytes.length, "mp4"), -EBADMSG);
	assert_int_equal(inspect(&out, bytes.data, bytes.length, "mp3"), -EBADMSG);
	tess_bytes_free(&bytes);
}

static void put_number(struct tess_bytes *out, const char *name, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	tess_put_u16(out, (uint16_t)strlen(name));
	tess_put_data(out, name, strlen(name));
	tess_put_u8(out, 0);
	tess_put_u64(out, bits);
}

static void test_flv(void **state)
{
	static const double bad[] = {-1, 1e12, 0.0 / 0.0};
	struct tess_inspection out;
	struct tess_bytes bytes = {0};

	(void)state;
	tess_put_data(&bytes, "FLV\1\5\0\0\0\11\0\0\0\0", 13);
	put_number(&bytes, "duration", 61.25);
	put_number(&bytes, "width", 640);
	put_number(&bytes, "height", 360);
	assert_int_equal(inspect(&out, bytes.data, bytes.length, "flv"), 0);
	assert_int_equal(out.duration_us, 61250000);
	assert_int_equal(out.width, 640);
	assert_int_equal(inspect(&out, bytes.data, 20, "flv"), -EBADMSG);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		bytes.length = 13;
		put_number(&bytes, "duration", bad[i]);
		assert_int_equal(inspect(&out, bytes.data, bytes.length, "flv"), -EBADMSG);
	}
	tess_bytes_free(&bytes);
}

/* Frames of 500 bytes at 48 kHz. */
static void make_aac(struct tess_bytes *out, unsigned frames)
{
	static const uint8_t head[] = {0xff, 0xf1, 0x4c, 0x80, 500 >> 3, (500 & 7) << 5 | 0x1f,
				       0xfc};

	for (unsigned i = 0; i < frames; i++) {
		tess_put_data(out, head, sizeof(head));
		tess_put_zeros(out, 500 - sizeof(head));
	}
}

static void test_aac(void **state)
{
	atomic_bool cancel = true;
	struct tess_inspection out;
	struct tess_bytes bytes = {0};
	int fd;

	(void)state;
	make_aac(&bytes, 1500); /* more than is read at once */
	assert_int_equal(inspect(&out, bytes.data, bytes.length, "aac"), 0);
	assert_int_equal(out.duration_us, 32000000);
	assert_int_equal(out.width, 0);
	/* a torn last frame does not count, one that is none in between does */
	assert_int_equal(inspect(&out, bytes.data, bytes.length - 1, "aac"), 0);
	assert_int_equal(out.duration_us, 31978667);
	bytes.data[5000] = 0;
	assert_int_equal(inspect(&out, bytes.data, bytes.length, "aac"), -EBADMSG);
	assert_int_equal(inspect(&out, "", 0, "aac"), -EBADMSG);
	fd = file_of(bytes.data, bytes.length);
	assert_int_equal(tess_inspect(&out, fd, "aac", &cancel), -ECANCELED);
	(void)close(fd);
	tess_bytes_free(&bytes);
}

/* 48 kHz: frames of 384 bytes at 128 kbit/s; 24 kHz: of 96 bytes at 32 kbit/s */
static void test_mp3(void **state)
{
	static const uint8_t heads[2][4] = {{0xff, 0xfb, 0x94, 0xc0}, {0xff, 0xf3, 0x44, 0xc0}};
	static const unsigned sizes[2] = {384, 96};
	struct tess_inspection out;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct tess_bytes bytes = {0};

		for (unsigned n = 0; n < 1000; n++) {
			tess_put_data(&bytes, heads[i], 4);
			tess_put_zeros(&bytes, sizes[i] - 4);
		}
		assert_int_equal(inspect(&out, bytes.data, bytes.length, "mp3"), 0);
		assert_int_equal(out.duration_us, 24000000);
		assert_int_equal(out.bytes, bytes.length);
		assert_int_equal(out.width, 0);
		assert_int_equal(inspect(&out, bytes.data, bytes.length - 1, "mp3"), 0);
		assert_int_equal(out.duration_us, 23976000);
		bytes.data[5 * sizes[i]] = 0;
		assert_int_equal(inspect(&out, bytes.data, bytes.length, "mp3"), -EBADMSG);
		tess_bytes_free(&bytes);
	}
	/* 44.1 kHz: 417 bytes, and 418 with padding */
	{
		struct tess_bytes bytes = {0};

		tess_put_data(&bytes, "\xff\xfb\x90\xc0", 4);
		tess_put_zeros(&bytes, 413);
		tess_put_data(&bytes, "\xff\xfb\x92\xc0", 4);
		tess_put_zeros(&bytes, 414);
		assert_int_equal(inspect(&out, bytes.data, bytes.length, "mp3"), 0);
		assert_int_equal(out.duration_us, 52245);
		tess_bytes_free(&bytes);
	}
	/* AAC is none, nor Layer II, nor what has no bit rate */
	assert_int_equal(inspect(&out, "\xff\xf1\x4c\x80", 4, "mp3"), -EBADMSG);
	assert_int_equal(inspect(&out, "\xff\xfd\x94\xc0", 4, "mp3"), -EBADMSG);
	assert_int_equal(inspect(&out, "\xff\xfb\x04\xc0", 4, "mp3"), -EBADMSG);
}

static void put(int dir, const char *name, const void *data, size_t length)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, data, length), length);
	(void)close(fd);
}

static void test_hls(void **state)
{
	static const char text[] = "#EXTM3U\n#EXT-X-MAP:URI=\"a.hls/i.mp4\"\n#EXTINF:4.000,\n"
				   "a.hls/1.m4s\n#EXTINF:1.5,\na.hls/2.m4s\n#EXT-X-ENDLIST\n";
	char path[] = "/tmp/tessera-inspect-XXXXXX", command[64];
	struct tess_inspection out;
	struct tess_bytes init = {0};
	int dir;

	(void)state;
	assert_non_null(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(dir, "a.hls", 0700), 0);
	make_mp4(&init);
	put(dir, "a.hls/i.mp4", init.data, init.length);
	put(dir, "a.hls/1.m4s", "12345", 5);
	assert_int_equal(tess_inspect_playlist(&out, dir, text, NULL), -ENOENT);
	put(dir, "a.hls/2.m4s", "123", 3);
	assert_int_equal(tess_inspect_playlist(&out, dir, text, NULL), 0);
	assert_int_equal(out.duration_us, 5500000);
	assert_int_equal(out.bytes, strlen(text) + init.length + 8);
	assert_int_equal(out.width, 320);
	assert_int_equal(tess_inspect_playlist(&out, dir, "#EXTM3U\n../x\n", NULL), -EBADMSG);
	assert_int_equal(tess_inspect_playlist(&out, dir, "#EXTM3U\n/etc/passwd\n", NULL),
			 -EBADMSG);
	assert_int_equal(tess_inspect_playlist(&out, dir, "#EXTM3U\na.hls\n", NULL), -EBADMSG);
	assert_int_equal(tess_inspect_playlist(&out, dir, "no", NULL), -EBADMSG);
	tess_bytes_free(&init);
	(void)close(dir);
	(void)snprintf(command, sizeof(command), "rm -rf %s", path);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): our own folder */
}

static void test_playlist_lines(void **state)
{
	static const struct tess_playlist_line want[] = {
		{TESS_PLAYLIST_MAP, "i.mp4", 5},    {TESS_PLAYLIST_DURATION, "4.5,title", 9},
		{TESS_PLAYLIST_SEGMENT, "1", 1},    {TESS_PLAYLIST_MAP, NULL, 0},
		{TESS_PLAYLIST_SEGMENT, " 2", 2},   {TESS_PLAYLIST_MAP, "no end", 6},
		{TESS_PLAYLIST_SEGMENT, "3.m4", 4},
	};
	const char *at = "#EXTM3U\r\n#EXT-X-MAP:BYTERANGE=\"1@0\",URI=\"i.mp4\",X=\"y\"\r\n"
			 "#EXTINF:4.5,title\r\n1\r\n\r\n\n#EXT-X-MAP:BYTERANGE=\"1@0\"\n 2\n"
			 "#EXT-X-MAP:URI=\"no end\n#EXT-X-MAPS:URI=\"z\"\n3.m4";
	struct tess_playlist_line line;

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_true(tess_playlist_next(&line, &at));
		assert_int_equal(line.kind, want[i].kind);
		assert_int_equal(line.length, want[i].length);
		if (want[i].text)
			assert_memory_equal(line.text, want[i].text, line.length);
		else
			assert_null(line.text);
	}
	assert_false(tess_playlist_next(&line, &at));
	assert_string_equal(at, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mp4), cmocka_unit_test(test_flv),
		cmocka_unit_test(test_aac), cmocka_unit_test(test_mp3),
		cmocka_unit_test(test_hls), cmocka_unit_test(test_playlist_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
