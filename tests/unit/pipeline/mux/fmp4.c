/* SPDX-License-Identifier: GPL-3.0-or-later
 * Head, fragments and final index, byte for byte, and what the strict parser refuses.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/mux/crc32c.h"
#include "pipeline/mux/mp4_index.h"

static const uint8_t avcc[] = {1,    0x42, 0xc0, 0x28, 0xff, 0xe1, 0,	 26,   0x67, 0x42, 0xc0,
			       0x28, 0xd9, 0x00, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00,
			       0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0x78, 0x3c, 0x60, 0xc9,
			       0x20, 1,	   0,	 5,    0x68, 0xcb, 0x83, 0xcb, 0x20};
static const uint8_t asc[] = {0x11, 0x90}; /* AAC-LC, 48 kHz, stereo */

/** Bytes of the moof that make_fragment() makes. */
#define MOOF 218

static void make_tracks(struct tess_mp4_track tracks[TESS_MP4_TRACKS])
{
	memset(tracks, 0, sizeof(*tracks) * TESS_MP4_TRACKS);
	assert_int_equal(tess_mp4_video_track(&tracks[0], avcc, sizeof(avcc)), 0);
	assert_int_equal(tess_mp4_audio_track(&tracks[1], asc, sizeof(asc)), 0);
}

/** Two pictures and a frame of sound, as a whole fragment. */
static struct tess_bytes make_fragment(uint32_t sequence, uint64_t picture_dts, uint64_t sound_dts)
{
	struct tess_fragment f = {.sequence = sequence, .gap_us = 77};
	struct tess_bytes out = {0};

	assert_int_equal(tess_fragment_add(&f, TESS_TRACK_VIDEO, picture_dts, 0, true,
					   (const uint8_t *)"ABCDE", 5),
			 0);
	assert_int_equal(tess_fragment_add(&f, TESS_TRACK_AUDIO, sound_dts, 0, true,
					   (const uint8_t *)"xyz", 3),
			 0);
	assert_int_equal(tess_fragment_add(&f, TESS_TRACK_VIDEO, picture_dts + 6000, 300, false,
					   (const uint8_t *)"FG", 2),
			 0);
	f.runs[0].description = f.runs[1].description = 1;
	tess_fragment_put_moof(&f, (const uint32_t[]){6001, 1024}, &out);
	tess_put_data(&out, "ABCDEFGxyz", 10);
	assert_false(out.failed);
	tess_fragment_free(&f);
	return out;
}

static void crc_of_known_data(void **state)
{
	static const uint8_t zeros[32];

	(void)state;
	assert_int_equal(tess_crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(tess_crc32c(0, zeros, 32), 0x8a9136aa); /* RFC 3720 B.4 */
	assert_int_equal(tess_crc32c(tess_crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
	assert_int_equal(tess_crc32c(0, "", 0), 0);
}

static void ticks_never_add_up_errors(void **state)
{
	(void)state;
	/* 1/15 s in whole microseconds is 6000 ticks each time, for a year */
	for (int64_t n = 0; n < 15ll * 86400 * 365; n += 1234567)
		assert_int_equal(tess_mp4_ticks((n * 1000000 + 7) / 15, 90000), n * 6000);
	for (int64_t n = 0; n < 47ll * 86400 * 365; n += 1234567)
		assert_int_equal(tess_mp4_ticks((n * 1024 * 1000000 + 24000) / 48000, 48000),
				 n * 1024);
	assert_int_equal(tess_mp4_us(tess_mp4_ticks(123456789, 90000), 90000), 123456789);
}

static void head_byte_for_byte(void **state)
{
	static const uint8_t begin[] = {0,   0,	  0,   32,  'f', 't', 'y', 'p', 'i', 's', 'o', 'm',
					0,   0,	  2,   0,   'i', 's', 'o', 'm', 'i', 's', 'o', '6',
					'a', 'v', 'c', '1', 'm', 'p', '4', '1', 0,   0,	  0,   16,
					'f', 'r', 'e', 'e', 0,	 0,   0,   0,	0,   0,	  0,   0};
	struct tess_mp4_track tracks[TESS_MP4_TRACKS], parsed[TESS_MP4_TRACKS];
	uint8_t header[TESS_FMP4_PLACEHOLDER_BYTES];
	struct tess_bytes out = {0};

	(void)state;
	make_tracks(tracks);
	tess_fmp4_put_head(&out, tracks, 0);
	assert_memory_equal(out.data, begin, sizeof(begin));
	/* the placeholder lies within one sector of the disk */
	assert_true(TESS_FMP4_PLACEHOLDER_AT + TESS_FMP4_PLACEHOLDER_BYTES <= 512);
	assert_memory_equal(out.data + 52, "moov", 4);
	assert_int_equal(tess_fmp4_head_parse(parsed, out.data, out.length), 0);
	assert_memory_equal(parsed, tracks, sizeof(tracks));
	for (size_t length = 0; length < out.length; length++)
		assert_int_equal(tess_fmp4_head_parse(parsed, out.data, length), -EBADMSG);
	tess_fmp4_final_header(header, 0x123456789a);
	assert_memory_equal(header, "\0\0\0\1mdat\0\0\0\x12\x34\x56\x78\x7a", 16);
	tess_bytes_free(&out);
}

static void fragment_byte_for_byte(void **state)
{
	/* clang-format off */
	static const uint8_t moof[] = {
		0, 0, 0, 218, 'm', 'o', 'o', 'f',
		0, 0, 0, 16, 'm', 'f', 'h', 'd', 0, 0, 0, 0, 0, 0, 0, 9,
		0, 0, 0, 96, 't', 'r', 'a', 'f',
		0, 0, 0, 16, 't', 'f', 'h', 'd', 0, 2, 0, 0, 0, 0, 0, 1,
		0, 0, 0, 20, 't', 'f', 'd', 't', 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x5f, 0x90,
		0, 0, 0, 52, 't', 'r', 'u', 'n', 0, 0, 0xf, 1, 0, 0, 0, 2, 0, 0, 0, 226,
		0, 0, 0x17, 0x70, 0, 0, 0, 5, 2, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0x17, 0x71, 0, 0, 0, 2, 1, 1, 0, 0, 0, 0, 1, 0x2c,
		0, 0, 0, 72, 't', 'r', 'a', 'f'};
	/* clang-format on */
	struct tess_bytes out = make_fragment(9, 90000, 48000);

	(void)state;
	assert_memory_equal(out.data, moof, sizeof(moof));
	assert_memory_equal(out.data + MOOF, "\0\0\0\x12mdatABCDEFGxyz", 18);
	assert_int_equal(out.length, MOOF + 18);
	tess_bytes_free(&out);
}

static void fragment_round_trip(void **state)
{
	struct tess_bytes out = make_fragment(9, 90000, 48000);
	struct tess_mp4_sample sample;
	struct tess_moof moof;

	(void)state;
	assert_int_equal(tess_moof_parse(&moof, out.data, MOOF), 0);
	assert_int_equal(moof.length, MOOF);
	assert_int_equal(moof.total, out.length);
	assert_int_equal(moof.sequence, 9);
	assert_int_equal(moof.gap_us, 77);
	assert_int_equal(moof.runs[0].count, 2);
	assert_int_equal(moof.runs[0].first_dts, 90000);
	assert_int_equal(moof.runs[0].data_offset, 226);
	assert_int_equal(moof.runs[1].data_offset, 233);
	assert_int_equal(tess_moof_last_dts(&moof.runs[0]), 96000);
	sample = tess_moof_sample(&moof.runs[0], 1);
	assert_int_equal(sample.duration, 6001);
	assert_int_equal(sample.size, 2);
	assert_int_equal(sample.cts, 300);
	assert_false(sample.key);
	assert_true(tess_moof_sample(&moof.runs[0], 0).key);
	assert_int_equal(tess_crc32c(tess_moof_crc(&moof, out.data), out.data + MOOF, 18),
			 moof.crc);
	tess_bytes_free(&out);
}

/** Any byte changed: refused by the parser, or by the CRC. */
static void no_damage_goes_unseen(void **state)
{
	struct tess_bytes out = make_fragment(9, 90000, 48000);
	struct tess_moof moof;

	(void)state;
	for (size_t at = 0; at < out.length; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			out.data[at] ^= 1u << bit;
			if (!tess_moof_parse(&moof, out.data, MOOF))
				assert_int_not_equal(tess_crc32c(tess_moof_crc(&moof, out.data),
								 out.data + MOOF,
								 out.length - MOOF),
						     moof.crc);
			out.data[at] ^= 1u << bit;
		}
	}
	for (size_t length = 0; length < MOOF; length++) {
		uint8_t *cut = malloc(length ? length : 1);

		memcpy(cut, out.data, length);
		assert_int_equal(tess_moof_parse(&moof, cut, length), -EBADMSG);
		free(cut);
	}
	tess_bytes_free(&out);
}

/** As in CVE-2024-47537: a count whose size in bytes wraps round. */
static void sample_count_that_overflows(void **state)
{
	static const uint32_t counts[] = {0, 1, 3, 0x10000002, 0x20000002, 0x40000002, 0xffffffff};
	struct tess_bytes out = make_fragment(9, 90000, 48000);
	struct tess_moof moof;

	(void)state;
	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		tess_patch_u32(&out, 80, counts[i]);
		assert_int_equal(tess_moof_parse(&moof, out.data, MOOF), -EBADMSG);
	}
	tess_patch_u32(&out, 80, 2);
	assert_int_equal(tess_moof_parse(&moof, out.data, MOOF), 0);
	/* a size of a sample that leads out of everything */
	tess_patch_u32(&out, 92, 0xfffffff0);
	assert_int_equal(tess_moof_parse(&moof, out.data, MOOF), -EBADMSG);
	tess_bytes_free(&out);
}

static void limits_of_a_fragment(void **state)
{
	static const uint8_t data[1 << 20];
	struct tess_fragment f = {0};

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(
			tess_fragment_add(&f, TESS_TRACK_VIDEO, i, 0, true, data, sizeof(data)), 0);
	assert_int_equal(tess_fragment_add(&f, TESS_TRACK_VIDEO, 9, 0, true, data, 1), -EMSGSIZE);
	/* times that do not rise */
	assert_int_equal(tess_fragment_add(&f, TESS_TRACK_VIDEO, 7, 0, true, data, 0), -EINVAL);
	assert_int_equal(tess_fragment_add(&f, TESS_TRACK_VIDEO, 0x200000000, 0, true, data, 0),
			 -EINVAL);
	tess_fragment_free(&f);
	for (unsigned i = 0; i < TESS_FMP4_MAX_SAMPLES; i++)
		assert_int_equal(tess_fragment_add(&f, TESS_TRACK_AUDIO, i, 0, true, data, 1), 0);
	assert_int_equal(tess_fragment_add(&f, TESS_TRACK_VIDEO, 0, 0, true, data, 1), -EMSGSIZE);
	tess_fragment_free(&f);
}

/** Enter the boxes of a path like "trak/mdia"; the n-th trak. */
static struct tess_cursor enter(struct tess_cursor cursor, const char *path, unsigned nth)
{
	struct tess_cursor body = {0};

	for (; *path; path += path[4] ? 5 : 4) {
		for (;;) {
			char type[4];
			bool found;

			assert_true(tess_left(&cursor) >= 8);
			memcpy(type, cursor.at + 4, 4);
			assert_true(tess_get_box(&cursor, type, &body));
			found = memcmp(type, path, 4) == 0;
			if (found && memcmp(path, "trak", 4) == 0 && nth) {
				nth--;
				continue;
			}
			if (found)
				break;
		}
		cursor = body;
	}
	return cursor;
}

/** PixelAspectRatioBox (ISO/IEC 14496-12 §12.1.4): the stream's, square where it does not say; and
 * the track's width goes by it (§8.3.2). */
static void shape_of_samples(void **state)
{
	static const struct {
		uint32_t width, height;
		uint8_t length, avcc[48];
	} known[] = {
		{45, 46, 42, {1,    0x42, 0xc0, 0x0c, 0xff, 0xe1, 0,	27,   0x67, 0x42, 0xc0,
			      0x0c, 0xda, 0x05, 0x06, 0x7e, 0x7f, 0xfc, 0x00, 0xb4, 0x00, 0xb8,
			      0x40, 0x00, 0x00, 0x03, 0x00, 0x40, 0x00, 0x00, 0x07, 0x83, 0xc5,
			      0x0a, 0xa8, 1,	0,    4,    0x68, 0xce, 0x0f, 0xc8}},
		{1, 1, 37, {1,	  0x42, 0xc0, 0x0c, 0xff, 0xe1, 0,    22,   0x67, 0x42,
			    0xc0, 0x0c, 0xda, 0x05, 0x06, 0x7e, 0x78, 0x40, 0x00, 0x00,
			    0x03, 0x00, 0x40, 0x00, 0x00, 0x07, 0x83, 0xc5, 0x0a, 0xa8,
			    1,	  0,	4,    0x68, 0xce, 0x0f, 0xc8}},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct tess_mp4_track tracks[TESS_MP4_TRACKS] = {0};
		struct tess_bytes out = {0};
		struct tess_cursor head, entry, pasp, tkhd;

		assert_int_equal(tess_mp4_video_track(&tracks[0], known[i].avcc, known[i].length),
				 0);
		tess_fmp4_put_head(&out, tracks, 0);
		head = tess_cursor_of(out.data, out.length);
		tkhd = enter(head, "moov/trak/tkhd", 0);
		assert_non_null(tess_get_data(&tkhd, tess_left(&tkhd) - 8));
		assert_int_equal(tess_get_u32(&tkhd),
				 (UINT64_C(320) << 16) * known[i].width / known[i].height);
		assert_int_equal(tess_get_u32(&tkhd), 180 << 16);
		entry = enter(head, "moov/trak/mdia/minf/stbl/stsd", 0);
		assert_non_null(tess_get_data(&entry, 8));
		entry = enter(entry, "avc1", 0);
		assert_non_null(tess_get_data(&entry, 78));
		pasp = enter(entry, "pasp", 0);
		assert_int_equal(tess_left(&pasp), 8);
		assert_int_equal(tess_get_u32(&pasp), known[i].width);
		assert_int_equal(tess_get_u32(&pasp), known[i].height);
		tess_bytes_free(&out);
	}
}

static void assert_table(struct tess_cursor cursor, const uint32_t *values, unsigned count)
{
	assert_int_equal(tess_left(&cursor), 4 + 4 * (size_t)count);
	(void)tess_get_u32(&cursor); /* version and flags */
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(tess_get_u32(&cursor), values[i]);
}
#define TABLE(cursor, ...)                                    \
	assert_table(cursor, (const uint32_t[]){__VA_ARGS__}, \
		     sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void add_fragment(struct tess_mp4_index *index, uint32_t sequence, uint64_t picture_dts,
			 uint64_t sound_dts, uint64_t offset)
{
	struct tess_bytes out = make_fragment(sequence, picture_dts, sound_dts);
	struct tess_moof moof;

	assert_int_equal(tess_moof_parse(&moof, out.data, MOOF), 0);
	assert_int_equal(tess_mp4_index_add(index, &moof, offset), 0);
	tess_bytes_free(&out);
}

/** The tables of two fragments with a gap between them; the sound begins 10 ms late. */
static void index_tables(void **state)
{
	struct tess_mp4_track tracks[TESS_MP4_TRACKS];
	struct tess_mp4_index *index;
	struct tess_bytes moov = {0};
	struct tess_cursor file, video, audio, elst;

	(void)state;
	make_tracks(tracks);
	assert_int_equal(tess_mp4_index_alloc(&index, tracks), 0);
	add_fragment(index, 1, 0, 480, 1000);
	add_fragment(index, 2, 90000, 48480, 5000);
	assert_int_equal(tess_mp4_index_put_moov(index, 0, &moov), 0);
	file = tess_cursor_of(moov.data, moov.length);
	video = enter(file, "moov/trak/mdia/minf/stbl", 0);
	audio = enter(file, "moov/trak/mdia/minf/stbl", 1);
	/* deltas 6000, the gap 84000, 6000, and the guess for the last one */
	TABLE(enter(video, "stts", 0), 4, 1, 6000, 1, 84000, 1, 6000, 1, 6001);
	TABLE(enter(video, "ctts", 0), 4, 1, 0, 1, 300, 1, 0, 1, 300);
	TABLE(enter(video, "stss", 0), 2, 1, 3);
	TABLE(enter(video, "stsc", 0), 1, 1, 2, 1);
	TABLE(enter(video, "stsz", 0), 0, 4, 5, 2, 5, 2);
	TABLE(enter(video, "stco", 0), 2, 1226, 5226);
	TABLE(enter(audio, "stts", 0), 2, 1, 48000, 1, 1024);
	TABLE(enter(audio, "stsz", 0), 0, 2, 3, 3);
	TABLE(enter(audio, "stco", 0), 2, 1233, 5233);
	elst = enter(file, "moov/trak/edts/elst", 1);
	assert_int_equal(tess_get_u32(&elst), 1u << 24);
	assert_int_equal(tess_get_u32(&elst), 2);
	assert_int_equal(tess_get_u64(&elst), 900); /* 10 ms of the movie are empty */
	assert_true(tess_get_u64(&elst) == UINT64_MAX);
	(void)tess_get_u32(&elst);
	assert_int_equal(tess_get_u64(&elst), (48000 + 1024) * 90 / 48);
	assert_int_equal(tess_get_u64(&elst), 0);
	tess_bytes_free(&moov);
	tess_mp4_index_free(index);
}

static void offsets_beyond_32_bits(void **state)
{
	struct tess_mp4_track tracks[TESS_MP4_TRACKS];
	struct tess_mp4_index *index;
	struct tess_bytes moov = {0};
	struct tess_cursor co64;

	(void)state;
	make_tracks(tracks);
	assert_int_equal(tess_mp4_index_alloc(&index, tracks), 0);
	add_fragment(index, 1, 0, 0, 1000);
	add_fragment(index, 2, 90000, 48000, 0x500000000);
	assert_int_equal(tess_mp4_index_put_moov(index, 0, &moov), 0);
	co64 = enter(tess_cursor_of(moov.data, moov.length), "moov/trak/mdia/minf/stbl/co64", 0);
	(void)tess_get_u32(&co64);
	assert_int_equal(tess_get_u32(&co64), 2);
	assert_int_equal(tess_get_u64(&co64), 1226);
	assert_int_equal(tess_get_u64(&co64), 0x500000000 + 226);
	tess_bytes_free(&moov);
	tess_mp4_index_free(index);
}

static void index_refuses_what_does_not_follow(void **state)
{
	struct tess_bytes out = make_fragment(2, 3000, 48000), moov = {0};
	struct tess_mp4_track tracks[TESS_MP4_TRACKS];
	struct tess_mp4_index *index;
	struct tess_moof moof;

	(void)state;
	make_tracks(tracks);
	assert_int_equal(tess_mp4_index_alloc(&index, tracks), 0);
	assert_int_equal(tess_mp4_index_put_moov(index, 0, &moov), -ENODATA);
	add_fragment(index, 1, 0, 0, 1000);
	assert_int_equal(tess_moof_parse(&moof, out.data, MOOF), 0);
	/* it begins before the last picture */
	assert_int_equal(tess_mp4_index_add(index, &moof, 5000), -EBADMSG);
	/* a description that nobody told of */
	moof.runs[0].first_dts = 90000;
	moof.runs[0].description = 2;
	assert_int_equal(tess_mp4_index_add(index, &moof, 5000), -EBADMSG);
	/* one that does not parse */
	moof.runs[0].fresh = out.data;
	moof.runs[0].fresh_length = 16;
	assert_int_equal(tess_mp4_index_add(index, &moof, 5000), -EBADMSG);
	tess_mp4_index_free(index);
	tess_bytes_free(&out);
	tess_bytes_free(&moov);
}

static void audio_configurations(void **state)
{
	static const uint8_t mono[] = {0x12, 0x08}, written_out[] = {0x17, 0x80, 0x5d, 0xc0, 0x10},
			     program[] = {0x11, 0x80}, reserved[] = {0x17, 0x00},
			     layer3[] = {0xf8, 0x48, 0x20}, layer2[] = {0xf8, 0x28, 0x20},
			     none[] = {0xf8, 0x48, 0x00}, fast[] = {0xf8, 0x5e, 0x20};
	struct tess_mp4_audio audio;

	(void)state;
	assert_int_equal(tess_mp4_audio_parse(&audio, asc, 2), 0);
	assert_int_equal(audio.rate, 48000);
	assert_int_equal(audio.channels, 2);
	assert_int_equal(tess_mp4_audio_parse(&audio, mono, 2), 0);
	assert_int_equal(audio.rate, 44100);
	assert_int_equal(audio.channels, 1);
	assert_int_equal(tess_mp4_audio_parse(&audio, written_out, 5), 0);
	assert_int_equal(audio.rate, 48000);
	assert_int_equal(audio.channels, 2);
	assert_int_equal(tess_mp4_audio_parse(&audio, written_out, 4), -EBADMSG);
	assert_int_equal(tess_mp4_audio_parse(&audio, program, 2), -ENOTSUP);
	assert_int_equal(tess_mp4_audio_parse(&audio, reserved, 2), -EBADMSG);
	assert_int_equal(tess_mp4_audio_parse(&audio, asc, 1), -EBADMSG);
	assert_false(audio.mp3);
	assert_int_equal(tess_mp4_audio_parse(&audio, layer3, 3), 0);
	assert_int_equal(audio.rate, 44100);
	assert_int_equal(audio.channels, 1);
	assert_true(audio.mp3);
	assert_int_equal(tess_mp4_audio_parse(&audio, layer3, 2), -EBADMSG);
	assert_int_equal(tess_mp4_audio_parse(&audio, layer2, 3), -EBADMSG);
	assert_int_equal(tess_mp4_audio_parse(&audio, none, 3), -EBADMSG);
	assert_int_equal(tess_mp4_audio_parse(&audio, fast, 3), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_of_known_data),
		cmocka_unit_test(ticks_never_add_up_errors),
		cmocka_unit_test(head_byte_for_byte),
		cmocka_unit_test(shape_of_samples),
		cmocka_unit_test(fragment_byte_for_byte),
		cmocka_unit_test(fragment_round_trip),
		cmocka_unit_test(no_damage_goes_unseen),
		cmocka_unit_test(sample_count_that_overflows),
		cmocka_unit_test(limits_of_a_fragment),
		cmocka_unit_test(index_tables),
		cmocka_unit_test(offsets_beyond_32_bits),
		cmocka_unit_test(index_refuses_what_does_not_follow),
		cmocka_unit_test(audio_configurations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
