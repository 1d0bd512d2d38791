/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/tests/violations_nvenc.c - libnvidia-encode says what is wrong with each wrong
 * call.
 */
#include "tests/emulated/nv/tests/device.h"

#include <string.h>

#define WIDTH  256
#define HEIGHT 128

static NV_ENCODE_API_FUNCTION_LIST api;
static void *session;
static NV_ENC_CONFIG config;
static CUdeviceptr canvas;
static NV_ENC_REGISTERED_PTR registered;
static NV_ENC_INPUT_PTR mapped;
static NV_ENC_OUTPUT_PTR buffer;

static void create_api(struct test_device *d)
{
	api = (NV_ENCODE_API_FUNCTION_LIST){.version = NV_ENCODE_API_FUNCTION_LIST_VER};
	assert_int_equal(d->nvenc->NvEncodeAPICreateInstance(&api), NV_ENC_SUCCESS);
}

static NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS opening(CUcontext context)
{
	return (NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS){
		.version = NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS_VER,
		.apiVersion = NVENCAPI_VERSION,
		.deviceType = NV_ENC_DEVICE_TYPE_CUDA,
		.device = context};
}

static void open_session(struct test_device *d, CUcontext context)
{
	NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS params = opening(context);

	create_api(d);
	assert_int_equal(api.nvEncOpenEncodeSessionEx(&params, &session), NV_ENC_SUCCESS);
}

static NV_ENC_INITIALIZE_PARAMS initializing(void)
{
	NV_ENC_PRESET_CONFIG preset = {.version = NV_ENC_PRESET_CONFIG_VER,
				       .presetCfg = {.version = NV_ENC_CONFIG_VER}};

	assert_int_equal(api.nvEncGetEncodePresetConfigEx(
				 session, NV_ENC_CODEC_H264_GUID, NV_ENC_PRESET_P2_GUID,
				 NV_ENC_TUNING_INFO_ULTRA_LOW_LATENCY, &preset),
			 NV_ENC_SUCCESS);
	config = preset.presetCfg;
	return (NV_ENC_INITIALIZE_PARAMS){.version = NV_ENC_INITIALIZE_PARAMS_VER,
					  .encodeGUID = NV_ENC_CODEC_H264_GUID,
					  .presetGUID = NV_ENC_PRESET_P2_GUID,
					  .encodeWidth = WIDTH,
					  .encodeHeight = HEIGHT,
					  .frameRateNum = 30,
					  .frameRateDen = 1,
					  .enablePTD = 1,
					  .encodeConfig = &config};
}

static void initialize(struct test_device *d, CUcontext context)
{
	open_session(d, context);
	NV_ENC_INITIALIZE_PARAMS params = initializing();

	assert_int_equal(api.nvEncInitializeEncoder(session, &params), NV_ENC_SUCCESS);
	assert_int_equal(d->cuda->cuMemAlloc(&canvas, WIDTH * HEIGHT * 3 / 2), CUDA_SUCCESS);
}

static NV_ENC_REGISTER_RESOURCE registering(void)
{
	return (NV_ENC_REGISTER_RESOURCE){.version = NV_ENC_REGISTER_RESOURCE_VER,
					  .resourceType = NV_ENC_INPUT_RESOURCE_TYPE_CUDADEVICEPTR,
					  .width = WIDTH,
					  .height = HEIGHT,
					  .pitch = WIDTH,
					  .resourceToRegister = (void *)(uintptr_t)canvas,
					  .bufferFormat = NV_ENC_BUFFER_FORMAT_NV12};
}

static void map(void)
{
	NV_ENC_MAP_INPUT_RESOURCE params = {.version = NV_ENC_MAP_INPUT_RESOURCE_VER,
					    .registeredResource = registered};

	assert_int_equal(api.nvEncMapInputResource(session, &params), NV_ENC_SUCCESS);
	mapped = params.mappedResource;
}

/* All that a picture takes, mapped. */
static void prepare(struct test_device *d, CUcontext context)
{
	NV_ENC_CREATE_BITSTREAM_BUFFER bitstream = {.version = NV_ENC_CREATE_BITSTREAM_BUFFER_VER};

	initialize(d, context);
	NV_ENC_REGISTER_RESOURCE params = registering();

	assert_int_equal(api.nvEncRegisterResource(session, &params), NV_ENC_SUCCESS);
	registered = params.registeredResource;
	assert_int_equal(api.nvEncCreateBitstreamBuffer(session, &bitstream), NV_ENC_SUCCESS);
	buffer = bitstream.bitstreamBuffer;
	map();
}

static NV_ENC_PIC_PARAMS picturing(void)
{
	return (NV_ENC_PIC_PARAMS){.version = NV_ENC_PIC_PARAMS_VER,
				   .inputWidth = WIDTH,
				   .inputHeight = HEIGHT,
				   .inputPitch = WIDTH,
				   .inputBuffer = mapped,
				   .outputBitstream = buffer,
				   .bufferFmt = NV_ENC_BUFFER_FORMAT_NV12,
				   .pictureStruct = NV_ENC_PIC_STRUCT_FRAME};
}

static void encode(void)
{
	NV_ENC_PIC_PARAMS params = picturing();

	assert_int_equal(api.nvEncEncodePicture(session, &params), NV_ENC_SUCCESS);
}

static void lock(void)
{
	NV_ENC_LOCK_BITSTREAM params = {.version = NV_ENC_LOCK_BITSTREAM_VER,
					.outputBitstream = buffer};

	assert_int_equal(api.nvEncLockBitstream(session, &params), NV_ENC_SUCCESS);
	assert_true(params.bitstreamSizeInBytes > 0);
}

static void end_stream(void)
{
	NV_ENC_PIC_PARAMS params = {.version = NV_ENC_PIC_PARAMS_VER,
				    .encodePicFlags = NV_ENC_PIC_FLAG_EOS};

	assert_int_equal(api.nvEncEncodePicture(session, &params), NV_ENC_SUCCESS);
}

static void list_version(struct test_device *d, CUcontext c)
{
	NV_ENCODE_API_FUNCTION_LIST list = {.version = 1};
	(void)c;
	d->nvenc->NvEncodeAPICreateInstance(&list);
}

#define WRONG_OPEN(name, change)                                          \
	static void name(struct test_device *d, CUcontext c)              \
	{                                                                 \
		NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS params = opening(c); \
		create_api(d);                                            \
		change;                                                   \
		api.nvEncOpenEncodeSessionEx(&params, &session);          \
	}
WRONG_OPEN(open_version, params.version = 0)
WRONG_OPEN(open_api, params.apiVersion = 1)
WRONG_OPEN(open_type, params.deviceType = NV_ENC_DEVICE_TYPE_OPENGL)
WRONG_OPEN(open_device, params.device = &api)

#define WRONG_CONFIG(name, change)                                \
	static void name(struct test_device *d, CUcontext c)      \
	{                                                         \
		open_session(d, c);                               \
		NV_ENC_INITIALIZE_PARAMS params = initializing(); \
		change;                                           \
		api.nvEncInitializeEncoder(session, &params);     \
	}
WRONG_CONFIG(init_version, params.version = 0)
WRONG_CONFIG(init_config_version, config.version = 0)
WRONG_CONFIG(init_codec, params.encodeGUID = NV_ENC_CODEC_HEVC_GUID)
WRONG_CONFIG(init_small, params.encodeWidth = 128)
WRONG_CONFIG(init_large, params.encodeHeight = 5000)
WRONG_CONFIG(init_odd, params.encodeWidth = 257)
WRONG_CONFIG(init_rate, params.frameRateDen = 0)
WRONG_CONFIG(init_async, params.enableEncodeAsync = 1)
WRONG_CONFIG(init_types, params.enablePTD = 0)
WRONG_CONFIG(init_b_pictures, config.frameIntervalP = 3)
WRONG_CONFIG(init_lookahead, config.rcParams.enableLookahead = 1)
WRONG_CONFIG(init_chroma, config.encodeCodecConfig.h264Config.chromaFormatIDC = 3)
WRONG_CONFIG(init_control, config.rcParams.rateControlMode = (NV_ENC_PARAMS_RC_MODE)0x20)
WRONG_CONFIG(init_twice, api.nvEncInitializeEncoder(session, &params))

static void preset_version(struct test_device *d, CUcontext c)
{
	NV_ENC_PRESET_CONFIG preset = {.version = NV_ENC_PRESET_CONFIG_VER};

	open_session(d, c);
	api.nvEncGetEncodePresetConfigEx(session, NV_ENC_CODEC_H264_GUID, NV_ENC_PRESET_P2_GUID,
					 NV_ENC_TUNING_INFO_LOW_LATENCY, &preset);
}

static void preset_unknown(struct test_device *d, CUcontext c)
{
	NV_ENC_PRESET_CONFIG preset = {.version = NV_ENC_PRESET_CONFIG_VER,
				       .presetCfg = {.version = NV_ENC_CONFIG_VER}};

	open_session(d, c);
	api.nvEncGetEncodePresetConfigEx(session, NV_ENC_CODEC_H264_GUID, NV_ENC_CODEC_H264_GUID,
					 NV_ENC_TUNING_INFO_LOW_LATENCY, &preset);
}

static void caps_version(struct test_device *d, CUcontext c)
{
	NV_ENC_CAPS_PARAM params = {.version = 7};
	int value;

	open_session(d, c);
	api.nvEncGetEncodeCaps(session, NV_ENC_CODEC_H264_GUID, &params, &value);
}

static void buffer_before_init(struct test_device *d, CUcontext c)
{
	NV_ENC_CREATE_BITSTREAM_BUFFER params = {.version = NV_ENC_CREATE_BITSTREAM_BUFFER_VER};

	open_session(d, c);
	api.nvEncCreateBitstreamBuffer(session, &params);
}

static void encode_before_init(struct test_device *d, CUcontext c)
{
	open_session(d, c);
	NV_ENC_PIC_PARAMS params = picturing();

	api.nvEncEncodePicture(session, &params);
}

#define WRONG_RESOURCE(name, change)                             \
	static void name(struct test_device *d, CUcontext c)     \
	{                                                        \
		initialize(d, c);                                \
		NV_ENC_REGISTER_RESOURCE params = registering(); \
		change;                                          \
		api.nvEncRegisterResource(session, &params);     \
	}
WRONG_RESOURCE(register_version, params.version = 0)
WRONG_RESOURCE(register_type, params.resourceType = NV_ENC_INPUT_RESOURCE_TYPE_CUDAARRAY)
WRONG_RESOURCE(register_format, params.bufferFormat = NV_ENC_BUFFER_FORMAT_ARGB)
WRONG_RESOURCE(register_pitch, params.pitch = WIDTH - 4)
WRONG_RESOURCE(register_odd_pitch, params.pitch = WIDTH + 2)
WRONG_RESOURCE(register_range, params.height = HEIGHT + 2)
WRONG_RESOURCE(register_host, params.resourceToRegister = &api)

static void map_twice(struct test_device *d, CUcontext c)
{
	prepare(d, c);
	map();
}

static void map_unknown(struct test_device *d, CUcontext c)
{
	prepare(d, c);
	registered = buffer;
	map();
}

static void unmap_twice(struct test_device *d, CUcontext c)
{
	prepare(d, c);
	api.nvEncUnmapInputResource(session, mapped);
	api.nvEncUnmapInputResource(session, mapped);
}

static void unmap_encoding(struct test_device *d, CUcontext c)
{
	prepare(d, c);
	encode();
	api.nvEncUnmapInputResource(session, mapped);
}

static void unregister_mapped(struct test_device *d, CUcontext c)
{
	prepare(d, c);
	api.nvEncUnregisterResource(session, registered);
}

#define WRONG_PICTURE(name, change)                          \
	static void name(struct test_device *d, CUcontext c) \
	{                                                    \
		prepare(d, c);                               \
		NV_ENC_PIC_PARAMS params = picturing();      \
		change;                                      \
		api.nvEncEncodePicture(session, &params);    \
	}
WRONG_PICTURE(picture_version, params.version = 0)
WRONG_PICTURE(picture_unmapped, api.nvEncUnmapInputResource(session, mapped))
WRONG_PICTURE(picture_registered, params.inputBuffer = registered)
WRONG_PICTURE(picture_format, params.bufferFmt = NV_ENC_BUFFER_FORMAT_IYUV)
WRONG_PICTURE(picture_pitch, params.inputPitch = WIDTH + 64)
WRONG_PICTURE(picture_size, params.inputWidth = WIDTH - 2)
WRONG_PICTURE(picture_busy, encode())
WRONG_PICTURE(picture_locked, (encode(), lock()))
WRONG_PICTURE(picture_freed, d->cuda->cuMemFree(canvas))
WRONG_PICTURE(picture_fields, params.pictureStruct = NV_ENC_PIC_STRUCT_FIELD_TOP_BOTTOM)

static void lock_empty(struct test_device *d, CUcontext c)
{
	prepare(d, c);
	lock();
}

static void lock_twice(struct test_device *d, CUcontext c)
{
	prepare(d, c);
	encode();
	lock();
	lock();
}

static void lock_version(struct test_device *d, CUcontext c)
{
	NV_ENC_LOCK_BITSTREAM params = {.version = 0};

	prepare(d, c);
	encode();
	params.outputBitstream = buffer;
	api.nvEncLockBitstream(session, &params);
}

static void unlock_unlocked(struct test_device *d, CUcontext c)
{
	prepare(d, c);
	encode();
	api.nvEncUnlockBitstream(session, buffer);
}

static void destroy_locked(struct test_device *d, CUcontext c)
{
	prepare(d, c);
	encode();
	lock();
	api.nvEncDestroyBitstreamBuffer(session, buffer);
}

#define WRONG_RECONFIGURE(name, change)                                                       \
	static void name(struct test_device *d, CUcontext c)                                  \
	{                                                                                     \
		initialize(d, c);                                                             \
		NV_ENC_RECONFIGURE_PARAMS params = {.version = NV_ENC_RECONFIGURE_PARAMS_VER, \
						    .reInitEncodeParams = initializing()};    \
		change;                                                                       \
		api.nvEncReconfigureEncoder(session, &params);                                \
	}
WRONG_RECONFIGURE(reconfigure_version, params.version = 0)
WRONG_RECONFIGURE(reconfigure_size, params.reInitEncodeParams.encodeWidth = WIDTH + 2)
WRONG_RECONFIGURE(reconfigure_gop, config.gopLength = 7)

static void streams_null(struct test_device *d, CUcontext c)
{
	initialize(d, c);
	api.nvEncSetIOCudaStreams(session, NULL, NULL);
}

static void destroy_undrained(struct test_device *d, CUcontext c)
{
	prepare(d, c);
	encode();
	lock();
	api.nvEncUnlockBitstream(session, buffer);
	api.nvEncDestroyEncoder(session);
}

static void destroy_registered(struct test_device *d, CUcontext c)
{
	prepare(d, c);
	encode();
	lock();
	end_stream();
	api.nvEncDestroyEncoder(session);
}

static void destroy_buffers(struct test_device *d, CUcontext c)
{
	prepare(d, c);
	api.nvEncUnmapInputResource(session, mapped);
	api.nvEncUnregisterResource(session, registered);
	api.nvEncDestroyEncoder(session);
}

static void destroy_twice(struct test_device *d, CUcontext c)
{
	open_session(d, c);
	api.nvEncDestroyEncoder(session);
	api.nvEncDestroyEncoder(session);
}

static void leak(struct test_device *d, CUcontext c)
{
	open_session(d, c);
	d->cuda->cuCtxDestroy(c);
}

static const struct test_violation violations[] = {
	{"list_version", "", list_version, "NvEncodeAPICreateInstance: struct version 0x1"},
	{"open_version", "", open_version, "nvEncOpenEncodeSessionEx: struct version 0"},
	{"open_api", "", open_api, "nvEncOpenEncodeSessionEx: apiVersion 0x1"},
	{"open_type", "", open_type, "nvEncOpenEncodeSessionEx: device type 2"},
	{"open_device", "", open_device, "is no context"},
	{"init_version", "", init_version, "not NV_ENC_INITIALIZE_PARAMS_VER"},
	{"init_config_version", "", init_config_version, "not NV_ENC_CONFIG_VER"},
	{"init_codec", "", init_codec, "a codec other than H.264"},
	{"init_small", "", init_small, "nvEncInitializeEncoder: 128x128"},
	{"init_large", "", init_large, "nvEncInitializeEncoder: 256x5000"},
	{"init_limit", "max_width=240", init_rate, "nvEncInitializeEncoder: 256x128"},
	{"init_odd", "", init_odd, "nvEncInitializeEncoder: 257x128"},
	{"init_rate", "", init_rate, "nvEncInitializeEncoder: frame rate 30/0"},
	{"init_async", "", init_async, "asynchronous mode"},
	{"init_types", "", init_types, "picture types left to the caller"},
	{"init_b_pictures", "", init_b_pictures, "2 B pictures, the device has none"},
	{"init_lookahead", "", init_lookahead, "nvEncGetEncodeCaps says the device lacks"},
	{"init_chroma", "", init_chroma, "chromaFormatIDC 3"},
	{"init_control", "", init_control, "rate control mode 0x20"},
	{"init_twice", "", init_twice, "nvEncInitializeEncoder: called twice"},
	{"preset_version", "", preset_version, "not NV_ENC_CONFIG_VER"},
	{"preset_unknown", "", preset_unknown, "no preset P1 to P7"},
	{"caps_version", "", caps_version, "not NV_ENC_CAPS_PARAM_VER"},
	{"buffer_before_init", "", buffer_before_init,
	 "nvEncCreateBitstreamBuffer: called before nvEncInitializeEncoder"},
	{"encode_before_init", "", encode_before_init,
	 "nvEncEncodePicture: called before nvEncInitializeEncoder"},
	{"register_version", "", register_version, "not NV_ENC_REGISTER_RESOURCE_VER"},
	{"register_type", "", register_type, "nvEncRegisterResource: resource type 2"},
	{"register_format", "", register_format, "nvEncRegisterResource: format"},
	{"register_pitch", "", register_pitch, "nvEncRegisterResource: pitch 252, width 256"},
	{"register_odd_pitch", "", register_odd_pitch, "nvEncRegisterResource: pitch 258"},
	{"register_range", "", register_range, "nvEncRegisterResource: 49920 bytes at"},
	{"register_host", "", register_host, "are not inside live device memory"},
	{"map_twice", "", map_twice, "nvEncMapInputResource: the resource is mapped"},
	{"map_unknown", "", map_unknown, "is no registered resource"},
	{"unmap_twice", "", unmap_twice, "nvEncUnmapInputResource: dead mapped resource"},
	{"unmap_encoding", "", unmap_encoding, "before the bitstream of its picture was locked"},
	{"unregister_mapped", "", unregister_mapped,
	 "nvEncUnregisterResource: the resource is mapped"},
	{"picture_version", "", picture_version, "not NV_ENC_PIC_PARAMS_VER"},
	{"picture_unmapped", "", picture_unmapped, "nvEncEncodePicture: dead mapped resource"},
	{"picture_registered", "", picture_registered, "is no mapped resource"},
	{"picture_format", "", picture_format, "nvEncEncodePicture: bufferFmt"},
	{"picture_pitch", "", picture_pitch, "pitch 320, registered with 256"},
	{"picture_size", "", picture_size, "a picture of 254x128"},
	{"picture_busy", "", picture_busy, "the bitstream buffer is busy"},
	{"picture_locked", "", picture_locked, "the bitstream buffer is busy"},
	{"picture_freed", "", picture_freed, "nvEncEncodePicture: 49152 bytes at"},
	{"picture_fields", "", picture_fields, "nvEncEncodePicture: picture structure 2"},
	{"lock_empty", "", lock_empty, "nothing was encoded into the buffer"},
	{"lock_twice", "", lock_twice, "nvEncLockBitstream: the buffer is locked"},
	{"lock_version", "", lock_version, "not NV_ENC_LOCK_BITSTREAM_VER"},
	{"unlock_unlocked", "", unlock_unlocked, "nvEncUnlockBitstream: the buffer is not locked"},
	{"destroy_locked", "", destroy_locked, "nvEncDestroyBitstreamBuffer: the buffer is locked"},
	{"reconfigure_version", "", reconfigure_version, "not NV_ENC_RECONFIGURE_PARAMS_VER"},
	{"reconfigure_size", "", reconfigure_size, "nvEncReconfigureEncoder: to another size"},
	{"reconfigure_gop", "", reconfigure_gop, "to another rate control mode or GOP"},
	{"streams_null", "", streams_null, "nvEncSetIOCudaStreams: pointers to streams"},
	{"destroy_undrained", "", destroy_undrained, "pictures were not ended by EOS"},
	{"destroy_registered", "", destroy_registered, "1 resources are still registered"},
	{"destroy_buffers", "", destroy_buffers, "1 bitstream buffers are left"},
	{"destroy_twice", "", destroy_twice, "nvEncDestroyEncoder: dead encode session"},
	{"leak", "", leak, "leak at cuCtxDestroy: encode session 1"},
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
