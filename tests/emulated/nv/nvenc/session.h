/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/nvenc/session.h - an encode session of the emulated NVENC.
 */
#ifndef TESS_EMULATED_NV_NVENC_SESSION_H
#define TESS_EMULATED_NV_NVENC_SESSION_H

#include <pthread.h>
#include <ffnvcodec/dynlink_cuda.h>
#include <ffnvcodec/nvEncodeAPI.h>
#include <libavcodec/avcodec.h>

#include "tests/emulated/nv/core.h"

#define SESSION_MIN_WIDTH  145u
#define SESSION_MIN_HEIGHT 49u

struct session {
	struct emu_handle handle;
	pthread_mutex_t lock;
	struct emu_context *context;
	struct emu_stream *input; /* encoding is in its order */
	NV_ENC_INITIALIZE_PARAMS parameters;
	NV_ENC_CONFIG config;
	AVCodecContext *codec; /* NULL: not initialised */
	int64_t pictures;
	unsigned registered, buffers;
	bool undrained; /* pictures since the last end of stream */
	bool force_idr; /* asked for by nvEncReconfigureEncoder */
};

/** A registered device pointer, and what it is while it is mapped. */
struct resource {
	struct emu_handle handle;
	struct session *session;
	struct mapping *mapping;
	CUdeviceptr address;
	uint32_t width, height, pitch;
};

struct mapping {
	struct emu_handle handle;
	struct session *session;
	struct resource *resource;
	unsigned encoding; /* pictures whose bitstream was not locked yet */
};

enum bitstream_state {
	BITSTREAM_FREE = 1,
	BITSTREAM_ENCODED, /* or about to be */
	BITSTREAM_LOCKED,
};

struct bitstream {
	struct emu_handle handle;
	struct session *session;
	enum bitstream_state state;
	struct mapping *input;
	uint64_t operation; /* of the stream: the encoding */
	AVPacket *packet;
	uint8_t *data; /* what a lock shows */
	size_t length;
	bool idr, failed;
	uint64_t timestamp;
	uint32_t frame;
};

/** The session a handle stands for; a violation of @p op otherwise. */
struct session *session_enter(void *handle, const char *op);
/** The same, with parameters and the gate for faults. */
#define SESSION_ENTER(session, handle, op)                                        \
	struct session *session = session_enter(handle, op);                      \
	do {                                                                      \
		NVENCSTATUS gate_ = session_gate((session)->context->device, op); \
		if (gate_)                                                        \
			return gate_;                                             \
	} while (0)
NVENCSTATUS session_gate(struct emu_device *device, const char *op);

#define CHECK_VERSION(structure, wanted, op)                                                      \
	EMU_REQUIRE((structure)->version == (wanted), "%s: struct version %#x, not " #wanted, op, \
		    (structure)->version)

/* presets.c */
void presets_fill(NV_ENC_PRESET_CONFIG *preset, const GUID *guid, NV_ENC_TUNING_INFO tuning);
int presets_capability(const struct emu_device *device, NV_ENC_CAPS capability);
/** Abort unless the device can do what is configured. */
void presets_check(const struct emu_device *device, const NV_ENC_INITIALIZE_PARAMS *parameters,
		   const char *op);

/* encoder.c: x264 behind a session */
NVENCSTATUS encoder_open(struct session *session);
struct encoder_job {
	struct session *session;
	struct bitstream *bitstream;
	const uint8_t *pixels;
	uint32_t pitch, height; /* of the registered resource */
	int64_t bit_rate;
	bool idr;
};
/** Encode; frees the job. */
void encoder_run(void *job);

/* The API's functions, by their names in NV_ENCODE_API_FUNCTION_LIST. */
NVENCSTATUS NVENCAPI session_open(NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS *parameters, void **handlep);
NVENCSTATUS NVENCAPI session_guid_count(void *handle, uint32_t *count);
NVENCSTATUS NVENCAPI session_guids(void *handle, GUID *guids, uint32_t size, uint32_t *count);
NVENCSTATUS NVENCAPI session_caps(void *handle, GUID codec, NV_ENC_CAPS_PARAM *parameter,
				  int *value);
NVENCSTATUS NVENCAPI session_preset(void *handle, GUID codec, GUID preset,
				    NV_ENC_TUNING_INFO tuning, NV_ENC_PRESET_CONFIG *config);
NVENCSTATUS NVENCAPI session_initialize(void *handle, NV_ENC_INITIALIZE_PARAMS *parameters);
NVENCSTATUS NVENCAPI session_reconfigure(void *handle, NV_ENC_RECONFIGURE_PARAMS *parameters);
NVENCSTATUS NVENCAPI session_sequence(void *handle, NV_ENC_SEQUENCE_PARAM_PAYLOAD *payload);
NVENCSTATUS NVENCAPI session_streams(void *handle, NV_ENC_CUSTREAM_PTR input,
				     NV_ENC_CUSTREAM_PTR output);
NVENCSTATUS NVENCAPI session_destroy(void *handle);
NVENCSTATUS NVENCAPI resource_register(void *handle, NV_ENC_REGISTER_RESOURCE *parameters);
NVENCSTATUS NVENCAPI resource_unregister(void *handle, NV_ENC_REGISTERED_PTR resource);
NVENCSTATUS NVENCAPI resource_map(void *handle, NV_ENC_MAP_INPUT_RESOURCE *parameters);
NVENCSTATUS NVENCAPI resource_unmap(void *handle, NV_ENC_INPUT_PTR mapping);
NVENCSTATUS NVENCAPI bitstream_create(void *handle, NV_ENC_CREATE_BITSTREAM_BUFFER *parameters);
NVENCSTATUS NVENCAPI bitstream_destroy(void *handle, NV_ENC_OUTPUT_PTR buffer);
NVENCSTATUS NVENCAPI bitstream_lock(void *handle, NV_ENC_LOCK_BITSTREAM *parameters);
NVENCSTATUS NVENCAPI bitstream_unlock(void *handle, NV_ENC_OUTPUT_PTR buffer);
NVENCSTATUS NVENCAPI picture_encode(void *handle, NV_ENC_PIC_PARAMS *parameters);

#endif
