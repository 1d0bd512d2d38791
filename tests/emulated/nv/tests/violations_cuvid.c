/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/tests/violations_cuvid.c - libnvcuvid says what is wrong with each wrong call.
 */
#include "tests/emulated/nv/tests/device.h"

#include <string.h>

/* The beginning of an IDR slice: first_mb 0, type I, PPS 0, frame_num 0; what follows is noise. */
static const unsigned char idr[] = {0, 0, 1, 0x65, 0x88, 0x80, 0x12, 0x34, 0x56, 0x78};

struct picture {
	CUVIDPICPARAMS params;
	unsigned offset;
	unsigned char data[64];
};

static void ask(struct test_device *d)
{
	CUVIDDECODECAPS caps = {.eCodecType = cudaVideoCodec_H264,
				.eChromaFormat = cudaVideoChromaFormat_420};

	assert_int_equal(d->cuvid->cuvidGetDecoderCaps(&caps), CUDA_SUCCESS);
	assert_int_equal(caps.bIsSupported, 1);
}

static CUVIDDECODECREATEINFO description(void)
{
	return (CUVIDDECODECREATEINFO){.ulWidth = 64,
				       .ulHeight = 64,
				       .ulNumDecodeSurfaces = 4,
				       .CodecType = cudaVideoCodec_H264,
				       .ChromaFormat = cudaVideoChromaFormat_420,
				       .OutputFormat = cudaVideoSurfaceFormat_NV12,
				       .ulTargetWidth = 64,
				       .ulTargetHeight = 64,
				       .ulNumOutputSurfaces = 2};
}

static CUvideodecoder decoder(struct test_device *d)
{
	CUVIDDECODECREATEINFO info = description();
	CUvideodecoder made;

	ask(d);
	assert_int_equal(d->cuvid->cuvidCreateDecoder(&made, &info), CUDA_SUCCESS);
	return made;
}

/* A picture of which all is right, and then the decoder does what it can with the noise. */
static void begin(struct picture *p, int index)
{
	CUVIDH264PICPARAMS *h = &p->params.CodecSpecific.h264;

	memset(p, 0, sizeof(*p));
	memcpy(p->data, idr, sizeof(idr));
	p->params.PicWidthInMbs = p->params.FrameHeightInMbs = 4;
	p->params.CurrPicIdx = index;
	p->params.nBitstreamDataLen = sizeof(idr);
	p->params.pBitstreamData = p->data;
	p->params.nNumSlices = 1;
	p->params.pSliceDataOffsets = &p->offset;
	p->params.ref_pic_flag = 1;
	h->num_ref_frames = 2;
	h->frame_mbs_only_flag = 1;
	h->CurrFieldOrderCnt[0] = h->CurrFieldOrderCnt[1] = 8;
	for (int i = 0; i < 16; i++)
		h->dpb[i].PicIdx = -1;
	memset(h->WeightScale4x4, 16, sizeof(h->WeightScale4x4));
	memset(h->WeightScale8x8, 16, sizeof(h->WeightScale8x8));
}

static void refer(struct picture *p, int index, int poc)
{
	p->params.CodecSpecific.h264.dpb[0] = (CUVIDH264DPBENTRY){
		.PicIdx = index, .used_for_reference = 3, .FieldOrderCnt = {poc, poc}};
}

static void decode(struct test_device *d, CUvideodecoder v, struct picture *p)
{
	d->cuvid->cuvidDecodePicture(v, &p->params);
}

static CUvideodecoder decoded(struct test_device *d, int index)
{
	CUvideodecoder v = decoder(d);
	struct picture p;

	begin(&p, index);
	assert_int_equal(d->cuvid->cuvidDecodePicture(v, &p.params), CUDA_SUCCESS);
	return v;
}

static unsigned long long map(struct test_device *d, CUvideodecoder v, int index)
{
	CUVIDPROCPARAMS params = {.progressive_frame = 1};
	unsigned long long address = 0;
	unsigned pitch;

	d->cuvid->cuvidMapVideoFrame(v, index, &address, &pitch, &params);
	return address;
}

static void caps_context(struct test_device *d, CUcontext c)
{
	CUcontext popped;
	(void)c;
	d->cuda->cuCtxPopCurrent(&popped);
	ask(d);
}

static void caps_reserved(struct test_device *d, CUcontext c)
{
	CUVIDDECODECAPS caps = {.reserved1 = {1}};
	(void)c;
	d->cuvid->cuvidGetDecoderCaps(&caps);
}

static void create(struct test_device *d, CUVIDDECODECREATEINFO info, int asked)
{
	CUvideodecoder made;

	if (asked)
		ask(d);
	d->cuvid->cuvidCreateDecoder(&made, &info);
}

static void create_unasked(struct test_device *d, CUcontext c)
{
	(void)c;
	create(d, description(), 0);
}

static void create_surfaces(struct test_device *d, CUcontext c)
{
	CUVIDDECODECREATEINFO info = description();
	(void)c;
	info.ulNumDecodeSurfaces = 0;
	create(d, info, 1);
}

static void create_outputs(struct test_device *d, CUcontext c)
{
	CUVIDDECODECREATEINFO info = description();
	(void)c;
	info.ulNumOutputSurfaces = 0;
	create(d, info, 1);
}

static void create_format(struct test_device *d, CUcontext c)
{
	CUVIDDECODECREATEINFO info = description();
	(void)c;
	info.OutputFormat = cudaVideoSurfaceFormat_P016;
	create(d, info, 1);
}

static void create_scaled(struct test_device *d, CUcontext c)
{
	CUVIDDECODECREATEINFO info = description();
	(void)c;
	info.ulTargetWidth = 32;
	create(d, info, 1);
}

static void elsewhere(struct test_device *d, CUcontext c)
{
	CUvideodecoder v = decoder(d);
	CUcontext other;
	struct picture p;
	(void)c;
	d->cuda->cuCtxCreate(&other, 0, 0);
	begin(&p, 0);
	decode(d, v, &p);
}

static void dead(struct test_device *d, CUcontext c)
{
	CUvideodecoder v = decoder(d);
	struct picture p;
	(void)c;
	d->cuvid->cuvidDestroyDecoder(v);
	begin(&p, 0);
	decode(d, v, &p);
}

#define WRONG_PICTURE(name, change)                          \
	static void name(struct test_device *d, CUcontext c) \
	{                                                    \
		struct picture p;                            \
		(void)c;                                     \
		begin(&p, 0);                                \
		change;                                      \
		decode(d, decoder(d), &p);                   \
	}
WRONG_PICTURE(index_high, p.params.CurrPicIdx = 4)
WRONG_PICTURE(index_low, p.params.CurrPicIdx = -1)
WRONG_PICTURE(size, p.params.PicWidthInMbs = 5)
WRONG_PICTURE(deep, p.params.CodecSpecific.h264.bit_depth_luma_minus8 = 2)
WRONG_PICTURE(many_references, p.params.CodecSpecific.h264.num_ref_frames = 17)
WRONG_PICTURE(no_first_field, p.params.field_pic_flag = p.params.second_field = 1)
WRONG_PICTURE(no_slices, p.params.nNumSlices = 0)
WRONG_PICTURE(slice_outside, p.offset = 6)
WRONG_PICTURE(start_code, p.data[2] = 2)
WRONG_PICTURE(nal_type, p.data[3] = 0x67)
WRONG_PICTURE(ref_flag, p.params.ref_pic_flag = 0)
WRONG_PICTURE(first_macroblock, (p.data[4] = 0, p.data[5] = 1))
WRONG_PICTURE(frame_num, p.params.CodecSpecific.h264.frame_num = 3)
WRONG_PICTURE(field_flag, p.params.field_pic_flag = 1)
WRONG_PICTURE(never_decoded, refer(&p, 2, 8))
WRONG_PICTURE(reference_index, refer(&p, 9, 8))

#define WRONG_REFERENCE(name, index, reference, poc)         \
	static void name(struct test_device *d, CUcontext c) \
	{                                                    \
		CUvideodecoder v = decoded(d, 1);            \
		struct picture p;                            \
		(void)c;                                     \
		begin(&p, index);                            \
		refer(&p, reference, poc);                   \
		decode(d, v, &p);                            \
	}
WRONG_REFERENCE(other_poc, 2, 1, 6)
WRONG_REFERENCE(overwrites, 1, 1, 8)

static void map_undecoded(struct test_device *d, CUcontext c)
{
	(void)c;
	map(d, decoded(d, 1), 2);
}

static void map_many(struct test_device *d, CUcontext c)
{
	CUvideodecoder v = decoded(d, 1);
	(void)c;
	for (int i = 0; i < 3; i++)
		map(d, v, 1);
}

static void unmap_twice(struct test_device *d, CUcontext c)
{
	CUvideodecoder v = decoded(d, 1);
	unsigned long long address = map(d, v, 1);
	(void)c;
	d->cuvid->cuvidUnmapVideoFrame(v, address);
	d->cuvid->cuvidUnmapVideoFrame(v, address);
}

static void destroy_mapped(struct test_device *d, CUcontext c)
{
	CUvideodecoder v = decoded(d, 1);
	(void)c;
	map(d, v, 1);
	d->cuvid->cuvidDestroyDecoder(v);
}

static void free_mapped(struct test_device *d, CUcontext c)
{
	(void)c;
	d->cuda->cuMemFree(map(d, decoded(d, 1), 1));
}

static void leak(struct test_device *d, CUcontext c)
{
	decoder(d);
	d->cuda->cuCtxDestroy(c);
}

#define PICTURE "cuvidDecodePicture: "

static const struct test_violation violations[] = {
	{"caps_context", "", caps_context, "cuvidGetDecoderCaps: no current context"},
	{"caps_reserved", "", caps_reserved, "cuvidGetDecoderCaps: reserved fields are not 0"},
	{"create_unasked", "", create_unasked,
	 "cuvidCreateDecoder: cuvidGetDecoderCaps was not asked about codec 4"},
	{"create_surfaces", "", create_surfaces, "cuvidCreateDecoder: ulNumDecodeSurfaces is 0"},
	{"create_outputs", "", create_outputs, "cuvidCreateDecoder: ulNumOutputSurfaces 0"},
	{"create_format", "", create_format, "cuvidCreateDecoder: output format 1"},
	{"create_scaled", "", create_scaled, "NVDEC's scaler is not emulated"},
	{"elsewhere", "", elsewhere, PICTURE "the decoder is another context's"},
	{"dead", "", dead, PICTURE "dead decoder"},
	{"index_high", "", index_high, PICTURE "CurrPicIdx 4 of 4 surfaces"},
	{"index_low", "", index_low, PICTURE "CurrPicIdx -1 of 4 surfaces"},
	{"size", "", size, PICTURE "5x4 macroblocks in a decoder of 64x64"},
	{"deep", "", deep, PICTURE "not 8 bits"},
	{"many_references", "", many_references, PICTURE "num_ref_frames 17"},
	{"no_first_field", "", no_first_field, PICTURE "a second field without its first"},
	{"no_slices", "", no_slices, PICTURE "a picture without slices"},
	{"slice_outside", "", slice_outside, PICTURE "slice 0 at 6 lies outside"},
	{"start_code", "", start_code, PICTURE "slice 0 has no start code"},
	{"nal_type", "", nal_type, PICTURE "slice 0 is a NAL unit of type 7"},
	{"ref_flag", "", ref_flag, PICTURE "ref_pic_flag is 0, nal_ref_idc 3"},
	{"first_macroblock", "", first_macroblock, PICTURE "slice 0 begins at macroblock"},
	{"frame_num", "", frame_num, PICTURE "frame_num is 3, in slice 0 0"},
	{"field_flag", "", field_flag, PICTURE "field_pic_flag is 1, in slice 0 0"},
	{"never_decoded", "", never_decoded, PICTURE "dpb[0]: surface 2 was never decoded"},
	{"reference_index", "", reference_index, PICTURE "dpb[0]: surface 9"},
	{"other_poc", "", other_poc, PICTURE "dpb[0]: surface 1 holds POC 8, not 6"},
	{"overwrites", "", overwrites, PICTURE "the picture overwrites its reference, surface 1"},
	{"map_undecoded", "", map_undecoded, "cuvidMapVideoFrame: picture 2 was never decoded"},
	{"map_many", "", map_many, "cuvidMapVideoFrame: all 2 output surfaces are mapped"},
	{"unmap_twice", "", unmap_twice, "is not mapped"},
	{"destroy_mapped", "", destroy_mapped, "cuvidDestroyDecoder: a picture is mapped"},
	{"free_mapped", "", free_mapped, "is no live allocation"},
	{"leak", "", leak, "leak at cuCtxDestroy: decoder 1"},
};

static void test_violations(void **state)
{
	(void)state;
	assert_int_equal(
		test_device_violations(violations, sizeof(violations) / sizeof(violations[0])), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_violations)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
