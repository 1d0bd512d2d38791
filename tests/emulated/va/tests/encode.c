/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/encode.c - what the emulated encoder makes of its parameters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/emulated/va/h264.h"
#include "tests/emulated/va/tests/coder.h"

#define WIDTH	 320
#define HEIGHT	 192
#define PICTURES 120
#define SPACE	 (4u << 20)

struct run {
	const char *personality;
	unsigned rate_control;
	bool packed;
	uint32_t bits_per_second;
	unsigned second_idr, change_at;
	uint32_t changed_to;
	int qp, second_qp; /* the second from second_idr on */
};

struct result {
	size_t length, first_half, second_half; /* bytes; halves without the key pictures */
	struct coder_judge judge;
	int qp[PICTURES];
	struct emu_va_stats stats;
};

/* the quantiser that a picture's slice begins with */
static int qp_of(const uint8_t *data, size_t length)
{
	static struct emu_h264_sps sps; /* of the key picture before */
	static struct emu_h264_pps pps;
	struct emu_h264_slice slice;
	size_t at = 0, nal_length;
	const uint8_t *nal;
	int qp = -1;
	while ((nal = emu_nal_next(data, length, &at, &nal_length))) {
		uint8_t *rbsp = malloc(nal_length);
		MUST(rbsp);
		size_t n = emu_nal_unescape(rbsp, nal, nal_length);
		if ((nal[0] & 31) == 7)
			MUST(emu_h264_parse_sps(&sps, rbsp, n));
		else if ((nal[0] & 31) == 8)
			MUST(emu_h264_parse_pps(&pps, rbsp, n));
		else if (emu_h264_parse_slice(&slice, &sps, &pps, rbsp, n))
			qp = slice.qp;
		free(rbsp);
	}
	return qp;
}

static struct result encode(const struct run *run)
{
	struct rig rig;
	struct coder coder;
	struct coder_picture picture;
	struct result result = {0};
	uint8_t *stream = malloc(SPACE);
	MUST(stream);
	uint32_t rate = run->bits_per_second;
	rig_open(&rig, run->personality);
	coder_open(&coder, &rig, WIDTH, HEIGHT, run->rate_control, run->packed, 1u << 20);
	for (unsigned i = 0; i < PICTURES; i++) {
		bool idr = i == 0 || i == run->second_idr;
		if (run->change_at && i == run->change_at)
			rate = run->changed_to;
		rig_upload(&rig, coder.input, VA_FOURCC_NV12, WIDTH, HEIGHT, i);
		bool second = run->second_qp && i >= run->second_idr;
		coder_picture(&coder, &picture, idr, rate, second ? run->second_qp : run->qp);
		assert_int_equal(coder_encode(&coder, &picture), VA_STATUS_SUCCESS);
		size_t length = coder_take(&coder, stream + result.length, SPACE - result.length);
		assert_true(length > 0);
		result.qp[i] = qp_of(stream + result.length, length);
		if (!idr)
			*(i < PICTURES / 2 ? &result.first_half : &result.second_half) += length;
		result.length += length;
	}
	coder_close(&coder);
	rig_close(&rig);
	result.stats = rig_stats(&rig);
	rig_remove(&rig);
	coder_judge(&result.judge, stream, result.length, WIDTH, HEIGHT);
	free(stream);
	assert_int_equal(result.judge.pictures, PICTURES);
	assert_int_equal(result.stats.encoded, PICTURES);
	assert_int_equal(result.stats.downloads, 0);
	assert_int_equal(result.stats.uploads, PICTURES);
	return result;
}

static void good_pictures_at_their_rate(const struct run *run)
{
	struct result result = encode(run);
	double bits_per_second = (double)result.length * 8 * 30 / PICTURES;
	assert_true(coder_psnr(&result.judge) > 30);
	assert_int_equal(result.judge.keys, 1);
	/* the buffer lets it run over by one second's worth at most */
	assert_true(bits_per_second < 2 * run->bits_per_second);
	assert_true(bits_per_second > run->bits_per_second / 2);
}

static void own_headers_cbr(void **state)
{
	(void)state;
	good_pictures_at_their_rate(&(struct run){.personality = "",
						  .rate_control = VA_RC_CBR,
						  .bits_per_second = 1500000,
						  .qp = 26});
}

static void packed_headers_cbr(void **state)
{
	(void)state;
	good_pictures_at_their_rate(&(struct run){.personality = "",
						  .rate_control = VA_RC_CBR,
						  .packed = true,
						  .bits_per_second = 1500000,
						  .qp = 26});
}

static void packed_headers_vbr_late(void **state)
{
	(void)state;
	good_pictures_at_their_rate(&(struct run){.personality = "late=yes\n",
						  .rate_control = VA_RC_VBR,
						  .packed = true,
						  .bits_per_second = 1500000,
						  .qp = 26});
}

static void idr_when_told(void **state)
{
	(void)state;
	for (int packed = 0; packed < 2; packed++) {
		struct result result = encode(&(struct run){.personality = "",
							    .rate_control = VA_RC_CBR,
							    .packed = packed,
							    .bits_per_second = 1500000,
							    .second_idr = 21,
							    .qp = 26});
		assert_int_equal(result.judge.keys, 2);
		assert_true(coder_psnr(&result.judge) > 30);
	}
}

static void rate_changes_in_mid_stream(void **state)
{
	(void)state;
	struct run run = {.personality = "",
			  .rate_control = VA_RC_CBR,
			  .packed = true,
			  .bits_per_second = 1500000,
			  .change_at = PICTURES / 2,
			  .changed_to = 300000,
			  .qp = 26};
	struct result result = encode(&run);
	assert_true(result.second_half < result.first_half / 2);
	run.bits_per_second = 300000;
	run.changed_to = 1500000;
	result = encode(&run);
	assert_true(result.second_half > 2 * result.first_half);
}

static void quantiser_is_what_was_asked(void **state)
{
	(void)state;
	for (int packed = 0; packed < 2; packed++) {
		struct result result = encode(&(struct run){.personality = "",
							    .rate_control = VA_RC_CQP,
							    .packed = packed,
							    .second_idr = 30,
							    .qp = 24,
							    .second_qp = 32});
		for (unsigned i = 0; i < PICTURES; i++)
			assert_int_equal(result.qp[i], i < 30 ? 24 : 32);
	}
}

static void refuses_what_it_does_not_offer(void **state)
{
	(void)state;
	struct rig rig;
	VAConfigID config;
	VAConfigAttrib rate = {VAConfigAttribRateControl, VA_RC_ICQ};
	VAConfigAttrib packed = {VAConfigAttribEncPackedHeaders,
				 VA_ENC_PACKED_HEADER_SEQUENCE | VA_ENC_PACKED_HEADER_SLICE};
	rig_open(&rig, "packed_headers=no\n");
	assert_int_equal(vaCreateConfig(rig.display, VAProfileH264High, VAEntrypointEncSlice, &rate,
					1, &config),
			 VA_STATUS_ERROR_INVALID_PARAMETER);
	assert_int_equal(vaCreateConfig(rig.display, VAProfileH264High, VAEntrypointEncSlice,
					&packed, 1, &config),
			 VA_STATUS_ERROR_INVALID_PARAMETER);
	VA_OK(vaGetConfigAttributes(rig.display, VAProfileH264High, VAEntrypointEncSlice, &packed,
				    1));
	assert_int_equal(packed.value, VA_ENC_PACKED_HEADER_NONE);
	assert_int_equal(vaCreateConfig(rig.display, VAProfileVP9Profile0, VAEntrypointVLD, NULL, 0,
					&config),
			 VA_STATUS_ERROR_UNSUPPORTED_PROFILE);
	rig_close(&rig);
	rig_remove(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_headers_cbr),
		cmocka_unit_test(packed_headers_cbr),
		cmocka_unit_test(packed_headers_vbr_late),
		cmocka_unit_test(idr_when_told),
		cmocka_unit_test(rate_changes_in_mid_stream),
		cmocka_unit_test(quantiser_is_what_was_asked),
		cmocka_unit_test(refuses_what_it_does_not_offer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
