/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/nvenc/api.c - the entry points of libnvidia-encode.so.1 and its function list.
 */
#include "tests/emulated/nv/nvenc/session.h"

EMU_EXPORT NVENCSTATUS NVENCAPI NvEncodeAPIGetMaxSupportedVersion(uint32_t *version);
EMU_EXPORT NVENCSTATUS NVENCAPI NvEncodeAPICreateInstance(NV_ENCODE_API_FUNCTION_LIST *functions);

/* Input comes from device memory alone. */
static NVENCSTATUS NVENCAPI create_input(void *handle, NV_ENC_CREATE_INPUT_BUFFER *parameters)
{
	(void)handle;
	(void)parameters;
	return NV_ENC_ERR_UNIMPLEMENTED;
}

static const char *NVENCAPI last_error(void *handle)
{
	session_enter(handle, "nvEncGetLastErrorString");
	return "error of the emulated driver";
}

NVENCSTATUS NVENCAPI NvEncodeAPIGetMaxSupportedVersion(uint32_t *version)
{
	*version = NVENCAPI_MAJOR_VERSION << 4 | NVENCAPI_MINOR_VERSION;
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI NvEncodeAPICreateInstance(NV_ENCODE_API_FUNCTION_LIST *functions)
{
	CHECK_VERSION(functions, NV_ENCODE_API_FUNCTION_LIST_VER, "NvEncodeAPICreateInstance");
	functions->nvEncOpenEncodeSessionEx = session_open;
	functions->nvEncGetEncodeGUIDCount = session_guid_count;
	functions->nvEncGetEncodeGUIDs = session_guids;
	functions->nvEncGetEncodeCaps = session_caps;
	functions->nvEncGetEncodePresetConfigEx = session_preset;
	functions->nvEncInitializeEncoder = session_initialize;
	functions->nvEncReconfigureEncoder = session_reconfigure;
	functions->nvEncGetSequenceParams = session_sequence;
	functions->nvEncSetIOCudaStreams = session_streams;
	functions->nvEncDestroyEncoder = session_destroy;
	functions->nvEncCreateInputBuffer = create_input;
	functions->nvEncRegisterResource = resource_register;
	functions->nvEncUnregisterResource = resource_unregister;
	functions->nvEncMapInputResource = resource_map;
	functions->nvEncUnmapInputResource = resource_unmap;
	functions->nvEncCreateBitstreamBuffer = bitstream_create;
	functions->nvEncDestroyBitstreamBuffer = bitstream_destroy;
	functions->nvEncLockBitstream = bitstream_lock;
	functions->nvEncUnlockBitstream = bitstream_unlock;
	functions->nvEncEncodePicture = picture_encode;
	functions->nvEncGetLastErrorString = last_error;
	return NV_ENC_SUCCESS;
}
