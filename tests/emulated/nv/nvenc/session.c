/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/nvenc/session.c - the life of an encode session.
 */
#include "tests/emulated/nv/nvenc/session.h"

#include <string.h>

static pthread_mutex_t count_lock = PTHREAD_MUTEX_INITIALIZER; /* sessions of a device */

NVENCSTATUS session_gate(struct emu_device *device, const char *op)
{
	int code = emu_gate(device, op);

	return code < 0 ? NV_ENC_ERR_GENERIC : (NVENCSTATUS)code;
}

struct session *session_enter(void *handle, const char *op)
{
	struct session *session = emu_handle(handle, EMU_SESSION, op);

	emu_handle(session->context, EMU_CONTEXT, op);
	return session;
}

NVENCSTATUS NVENCAPI session_open(NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS *p, void **handlep)
{
	const char *op = "nvEncOpenEncodeSessionEx";
	struct emu_context *context;
	struct session *session;
	NVENCSTATUS error;

	CHECK_VERSION(p, NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS_VER, op);
	EMU_REQUIRE(p->apiVersion == NVENCAPI_VERSION, "%s: apiVersion %#x", op, p->apiVersion);
	EMU_REQUIRE(p->deviceType == NV_ENC_DEVICE_TYPE_CUDA, "%s: device type %d", op,
		    p->deviceType);
	context = emu_handle(p->device, EMU_CONTEXT, op);
	error = session_gate(context->device, op);
	if (error)
		return error;
	pthread_mutex_lock(&count_lock);
	bool full = context->device->stats.sessions >= context->device->sessions;

	if (full)
		EMU_COUNT(context->device, refused, 1);
	else
		EMU_COUNT(context->device, sessions, 1);
	pthread_mutex_unlock(&count_lock);
	if (full)
		return NV_ENC_ERR_OUT_OF_MEMORY;
	session = emu_handle_new(EMU_SESSION, sizeof(*session), context);
	pthread_mutex_init(&session->lock, NULL);
	session->context = context;
	session->input = context->default_stream;
	*handlep = session;
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI session_guid_count(void *handle, uint32_t *count)
{
	SESSION_ENTER(session, handle, "nvEncGetEncodeGUIDCount");
	*count = 1;
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI session_guids(void *handle, GUID *guids, uint32_t size, uint32_t *count)
{
	SESSION_ENTER(session, handle, "nvEncGetEncodeGUIDs");
	EMU_REQUIRE(size >= 1, "nvEncGetEncodeGUIDs: room for %u", size);
	guids[0] = NV_ENC_CODEC_H264_GUID;
	*count = 1;
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI session_caps(void *handle, GUID codec, NV_ENC_CAPS_PARAM *parameter,
				  int *value)
{
	SESSION_ENTER(session, handle, "nvEncGetEncodeCaps");
	CHECK_VERSION(parameter, NV_ENC_CAPS_PARAM_VER, "nvEncGetEncodeCaps");
	EMU_REQUIRE(!memcmp(&codec, &NV_ENC_CODEC_H264_GUID, sizeof(codec)),
		    "nvEncGetEncodeCaps: of a codec other than H.264");
	*value = presets_capability(session->context->device, parameter->capsToQuery);
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI session_preset(void *handle, GUID codec, GUID preset,
				    NV_ENC_TUNING_INFO tuning, NV_ENC_PRESET_CONFIG *config)
{
	SESSION_ENTER(session, handle, "nvEncGetEncodePresetConfigEx");
	EMU_REQUIRE(!memcmp(&codec, &NV_ENC_CODEC_H264_GUID, sizeof(codec)),
		    "nvEncGetEncodePresetConfigEx: of a codec other than H.264");
	presets_fill(config, &preset, tuning);
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI session_initialize(void *handle, NV_ENC_INITIALIZE_PARAMS *parameters)
{
	SESSION_ENTER(session, handle, "nvEncInitializeEncoder");
	EMU_REQUIRE(!session->codec, "nvEncInitializeEncoder: called twice");
	presets_check(session->context->device, parameters, "nvEncInitializeEncoder");
	session->parameters = *parameters;
	session->config = *parameters->encodeConfig;
	session->parameters.encodeConfig = NULL;
	return encoder_open(session);
}

NVENCSTATUS NVENCAPI session_reconfigure(void *handle, NV_ENC_RECONFIGURE_PARAMS *parameters)
{
	const char *op = "nvEncReconfigureEncoder";
	SESSION_ENTER(session, handle, op);
	const NV_ENC_INITIALIZE_PARAMS *now = &parameters->reInitEncodeParams;

	CHECK_VERSION(parameters, NV_ENC_RECONFIGURE_PARAMS_VER, op);
	EMU_REQUIRE(session->codec, "%s: called before nvEncInitializeEncoder", op);
	presets_check(session->context->device, now, op);
	EMU_REQUIRE(now->encodeWidth == session->parameters.encodeWidth &&
			    now->encodeHeight == session->parameters.encodeHeight,
		    "%s: to another size, which the device lacks", op);
	EMU_REQUIRE(now->encodeConfig->rcParams.rateControlMode ==
				    session->config.rcParams.rateControlMode &&
			    now->encodeConfig->gopLength == session->config.gopLength &&
			    now->encodeConfig->frameIntervalP == session->config.frameIntervalP,
		    "%s: to another rate control mode or GOP", op);
	pthread_mutex_lock(&session->lock);
	session->config.rcParams = now->encodeConfig->rcParams;
	session->force_idr |= parameters->forceIDR || parameters->resetEncoder;
	pthread_mutex_unlock(&session->lock);
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI session_sequence(void *handle, NV_ENC_SEQUENCE_PARAM_PAYLOAD *payload)
{
	SESSION_ENTER(session, handle, "nvEncGetSequenceParams");
	CHECK_VERSION(payload, NV_ENC_SEQUENCE_PARAM_PAYLOAD_VER, "nvEncGetSequenceParams");
	EMU_REQUIRE(session->codec, "nvEncGetSequenceParams: called before nvEncInitializeEncoder");
	uint32_t length = (uint32_t)session->codec->extradata_size;

	EMU_REQUIRE(payload->inBufferSize >= length, "nvEncGetSequenceParams: room for %u bytes",
		    payload->inBufferSize);
	memcpy(payload->spsppsBuffer, session->codec->extradata, length);
	*payload->outSPSPPSPayloadSize = length;
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI session_streams(void *handle, NV_ENC_CUSTREAM_PTR input,
				     NV_ENC_CUSTREAM_PTR output)
{
	const char *op = "nvEncSetIOCudaStreams";
	SESSION_ENTER(session, handle, op);
	const CUstream *in = input, *out = output;

	EMU_REQUIRE(in && out, "%s: pointers to streams are wanted", op);
	emu_stream(session->context, *out, op);
	session->input = emu_stream(session->context, *in, op);
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI session_destroy(void *handle)
{
	const char *op = "nvEncDestroyEncoder";
	struct session *session = session_enter(handle, op);
	struct emu_device *device = session->context->device;

	emu_stream_wait_all(session->context);
	if (!device->lost) {
		EMU_REQUIRE(!session->undrained, "%s: pictures were not ended by EOS", op);
		EMU_REQUIRE(!session->registered, "%s: %u resources are still registered", op,
			    session->registered);
		EMU_REQUIRE(!session->buffers, "%s: %u bitstream buffers are left", op,
			    session->buffers);
	}
	avcodec_free_context(&session->codec);
	pthread_mutex_destroy(&session->lock);
	emu_handle_end(session);
	EMU_COUNT(device, sessions, -1);
	return session_gate(device, op);
}
