/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/cuvid/decoder.c - NVDEC decoders: capabilities, life, decoding by libavcodec.
 */
#include "tests/emulated/nv/cuvid/decoder.h"

#include <stdlib.h>
#include <string.h>

#define MIN_WIDTH  48u
#define MIN_HEIGHT 16u
#define QUIET	   200 /* above all levels: what happens in here is not for the caller's log */

EMU_EXPORT tcuvidGetDecoderCaps cuvidGetDecoderCaps;
CUresult cuvidGetDecoderCaps(CUVIDDECODECAPS *caps)
{
	EMU_ENTER(context, "cuvidGetDecoderCaps");
	const struct emu_device *device = context->device;

	EMU_REQUIRE(!caps->reserved1[0] && !caps->reserved1[1] && !caps->reserved1[2],
		    "cuvidGetDecoderCaps: reserved fields are not 0");
	EMU_REQUIRE((unsigned)caps->eCodecType < 32, "cuvidGetDecoderCaps: codec %d",
		    caps->eCodecType);
	__atomic_fetch_or(&context->decoder_caps, 1u << caps->eCodecType, __ATOMIC_RELAXED);
	caps->bIsSupported = (device->codecs >> caps->eCodecType & 1) &&
			     caps->eChromaFormat == cudaVideoChromaFormat_420 &&
			     !caps->nBitDepthMinus8;
	caps->nNumNVDECs = caps->bIsSupported;
	caps->nOutputFormatMask = caps->bIsSupported ? 1 << cudaVideoSurfaceFormat_NV12 : 0;
	caps->nMaxWidth = device->max_width;
	caps->nMaxHeight = device->max_height;
	caps->nMaxMBCount = device->max_width / 16 * (device->max_height / 16);
	caps->nMinWidth = MIN_WIDTH;
	caps->nMinHeight = MIN_HEIGHT;
	return CUDA_SUCCESS;
}

/* What the stream and the device decide: refused, not wrong. */
static CUresult supported(struct emu_device *device, const CUVIDDECODECREATEINFO *info)
{
	CUresult error = CUDA_SUCCESS;

	if (info->CodecType != cudaVideoCodec_H264 ||
	    !(device->codecs & 1u << cudaVideoCodec_H264) ||
	    info->ChromaFormat != cudaVideoChromaFormat_420 || info->bitDepthMinus8)
		error = (CUresult)EMU_NOT_SUPPORTED;
	else if (info->ulWidth < MIN_WIDTH || info->ulHeight < MIN_HEIGHT ||
		 info->ulWidth > device->max_width || info->ulHeight > device->max_height ||
		 info->ulNumDecodeSurfaces > device->surfaces)
		error = (CUresult)EMU_INVALID_VALUE;
	if (error)
		EMU_COUNT(device, refused, 1);
	return error;
}

/* Remembers the picture that the software decoder begins. */
static int get_buffer(AVCodecContext *codec, AVFrame *frame, int flags)
{
	struct decoder *decoder = codec->opaque;
	int error = avcodec_default_get_buffer2(codec, frame, flags);

	av_frame_unref(decoder->latest);
	return error ? error : av_frame_ref(decoder->latest, frame);
}

static void open_codec(struct decoder *decoder)
{
	const AVCodec *codec = avcodec_find_decoder_by_name("h264");
	AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;

	decoder->latest = av_frame_alloc();
	EMU_REQUIRE(context && decoder->latest, "libavcodec has no h264 decoder");
	context->thread_count = 1;
	context->flags |= AV_CODEC_FLAG_LOW_DELAY | AV_CODEC_FLAG_OUTPUT_CORRUPT;
	context->opaque = decoder;
	context->get_buffer2 = get_buffer;
	context->log_level_offset = QUIET;
	EMU_REQUIRE(!avcodec_open2(context, codec, NULL), "libavcodec does not open h264");
	decoder->codec = context;
}

EMU_EXPORT tcuvidCreateDecoder cuvidCreateDecoder;
CUresult cuvidCreateDecoder(CUvideodecoder *decoderp, CUVIDDECODECREATEINFO *info)
{
	EMU_ENTER(context, "cuvidCreateDecoder");
	CUresult error;

	EMU_REQUIRE((unsigned)info->CodecType < 32 &&
			    (context->decoder_caps >> info->CodecType & 1),
		    "cuvidCreateDecoder: cuvidGetDecoderCaps was not asked about codec %d",
		    info->CodecType);
	error = supported(context->device, info);
	if (error)
		return error;
	EMU_REQUIRE(info->ulNumDecodeSurfaces, "cuvidCreateDecoder: ulNumDecodeSurfaces is 0");
	EMU_REQUIRE(info->ulNumOutputSurfaces && info->ulNumOutputSurfaces <= DECODER_MAX_OUTPUTS,
		    "cuvidCreateDecoder: ulNumOutputSurfaces %lu",
		    (unsigned long)info->ulNumOutputSurfaces);
	EMU_REQUIRE(info->OutputFormat == cudaVideoSurfaceFormat_NV12,
		    "cuvidCreateDecoder: output format %d", info->OutputFormat);
	EMU_REQUIRE(info->ulTargetWidth == info->ulWidth &&
			    info->ulTargetHeight == info->ulHeight &&
			    !((info->ulWidth | info->ulHeight) & 1),
		    "cuvidCreateDecoder: %lux%lu to %lux%lu: NVDEC's scaler is not emulated",
		    (unsigned long)info->ulWidth, (unsigned long)info->ulHeight,
		    (unsigned long)info->ulTargetWidth, (unsigned long)info->ulTargetHeight);
	struct decoder *decoder = emu_handle_new(EMU_DECODER, sizeof(*decoder), context);

	pthread_mutex_init(&decoder->lock, NULL);
	decoder->context = context;
	decoder->info = *info;
	decoder->pitch = ((unsigned)info->ulWidth + 511) / 512 * 512;
	decoder->last_index = -1;
	open_codec(decoder);
	EMU_COUNT(context->device, decoders, 1);
	*decoderp = decoder;
	return CUDA_SUCCESS;
}

struct decoder *decoder_enter(CUvideodecoder handle, const char *op)
{
	struct emu_context *context = emu_current(op);
	struct decoder *decoder = emu_handle(handle, EMU_DECODER, op);

	EMU_REQUIRE(decoder->context == context, "%s: the decoder is another context's", op);
	return decoder;
}

EMU_EXPORT tcuvidDestroyDecoder cuvidDestroyDecoder;
CUresult cuvidDestroyDecoder(CUvideodecoder handle)
{
	struct decoder *decoder = decoder_enter(handle, "cuvidDestroyDecoder");
	struct emu_context *context = decoder->context;

	emu_stream_wait_all(context);
	for (int i = 0; i < DECODER_MAX_OUTPUTS; i++) {
		EMU_REQUIRE(!decoder->outputs[i].mapped,
			    "cuvidDestroyDecoder: a picture is mapped");
		if (decoder->outputs[i].address)
			emu_memory_end(context, decoder->outputs[i].address, false,
				       "cuvidDestroyDecoder");
	}
	for (int i = 0; i < DECODER_MAX_SURFACES; i++)
		av_frame_free(&decoder->surfaces[i].frame);
	avcodec_free_context(&decoder->codec);
	av_frame_free(&decoder->latest);
	pthread_mutex_destroy(&decoder->lock);
	emu_handle_end(decoder);
	EMU_COUNT(context->device, decoders, -1);
	return emu_cuda_gate(context->device, "cuvidDestroyDecoder");
}

/* @retval 0, or a negative error of libavcodec */
static int feed(struct decoder *decoder, const CUVIDPICPARAMS *picture)
{
	uint8_t headers[DECODER_MAX_HEADERS];
	size_t length = decoder_headers(picture, headers);
	bool known =
		length == decoder->headers_length && !memcmp(headers, decoder->headers, length);
	AVPacket *packet = av_packet_alloc();
	AVFrame *frame = av_frame_alloc();
	int error;

	EMU_REQUIRE(packet && frame, "the host is out of memory");
	if (known)
		length = 0;
	error = av_new_packet(packet, (int)(length + picture->nBitstreamDataLen));
	EMU_REQUIRE(!error, "the host is out of memory");
	if (!known) {
		memcpy(packet->data, headers, length);
		memcpy(decoder->headers, headers, length);
		decoder->headers_length = length;
	}
	memcpy(packet->data + length, picture->pBitstreamData, picture->nBitstreamDataLen);
	error = avcodec_send_packet(decoder->codec, packet);
	while (avcodec_receive_frame(decoder->codec, frame) == 0)
		av_frame_unref(frame);
	av_frame_free(&frame);
	av_packet_free(&packet);
	return error;
}

EMU_EXPORT tcuvidDecodePicture cuvidDecodePicture;
CUresult cuvidDecodePicture(CUvideodecoder handle, CUVIDPICPARAMS *picture)
{
	struct decoder *decoder = decoder_enter(handle, "cuvidDecodePicture");
	CUresult error = emu_cuda_gate(decoder->context->device, "cuvidDecodePicture");

	if (error)
		return error;
	pthread_mutex_lock(&decoder->lock);
	decoder_check_picture(decoder, picture);
	struct surface *surface = &decoder->surfaces[picture->CurrPicIdx];

	av_frame_unref(decoder->latest);
	surface->damaged = feed(decoder, picture) < 0;
	if (!picture->second_field)
		av_frame_free(&surface->frame);
	if (decoder->latest->data[0]) { /* not for a second field: it goes where the first is */
		av_frame_free(&surface->frame);
		surface->frame = av_frame_clone(decoder->latest);
	}
	surface->written = true;
	memcpy(surface->poc, picture->CodecSpecific.h264.CurrFieldOrderCnt, sizeof(surface->poc));
	decoder->last_index = picture->CurrPicIdx;
	pthread_mutex_unlock(&decoder->lock);
	if (!picture->second_field)
		EMU_COUNT(decoder->context->device, decoded, 1);
	return CUDA_SUCCESS;
}

EMU_EXPORT tcuvidGetDecodeStatus cuvidGetDecodeStatus;
CUresult cuvidGetDecodeStatus(CUvideodecoder handle, int index, CUVIDGETDECODESTATUS *status)
{
	struct decoder *decoder = decoder_enter(handle, "cuvidGetDecodeStatus");

	EMU_REQUIRE(index >= 0 && (unsigned)index < decoder->info.ulNumDecodeSurfaces,
		    "cuvidGetDecodeStatus: picture %d", index);
	pthread_mutex_lock(&decoder->lock);
	status->decodeStatus = !decoder->surfaces[index].written  ? cuvidDecodeStatus_Invalid
			       : decoder->surfaces[index].damaged ? cuvidDecodeStatus_Error
								  : cuvidDecodeStatus_Success;
	pthread_mutex_unlock(&decoder->lock);
	return CUDA_SUCCESS;
}
