/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/nvenc/picture.c - pictures to encode, and the bitstream buffers they come out
 * of.
 */
#include "tests/emulated/nv/nvenc/session.h"

#include <stdlib.h>

static struct bitstream *bitstream_of(const struct session *session, void *handle, const char *op)
{
	struct bitstream *bitstream = emu_handle(handle, EMU_BITSTREAM, op);

	EMU_REQUIRE(bitstream->session == session, "%s: the bitstream buffer is another session's",
		    op);
	return bitstream;
}

/* session->lock is held */
static void bitstream_reset(struct bitstream *bitstream)
{
	free(bitstream->data);
	bitstream->data = NULL;
	bitstream->state = BITSTREAM_FREE;
}

NVENCSTATUS NVENCAPI bitstream_create(void *handle, NV_ENC_CREATE_BITSTREAM_BUFFER *parameters)
{
	const char *op = "nvEncCreateBitstreamBuffer";
	SESSION_ENTER(session, handle, op);
	struct bitstream *bitstream;

	CHECK_VERSION(parameters, NV_ENC_CREATE_BITSTREAM_BUFFER_VER, op);
	EMU_REQUIRE(session->codec, "%s: called before nvEncInitializeEncoder", op);
	bitstream = emu_handle_new(EMU_BITSTREAM, sizeof(*bitstream), session->context);
	bitstream->session = session;
	bitstream->state = BITSTREAM_FREE;
	bitstream->packet = av_packet_alloc();
	EMU_REQUIRE(bitstream->packet, "the host is out of memory");
	pthread_mutex_lock(&session->lock);
	session->buffers++;
	pthread_mutex_unlock(&session->lock);
	parameters->bitstreamBuffer = bitstream;
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI bitstream_destroy(void *handle, NV_ENC_OUTPUT_PTR buffer)
{
	const char *op = "nvEncDestroyBitstreamBuffer";
	struct session *session = session_enter(handle, op);

	if (!buffer) /* libavcodec's, of one that could not be made */
		return NV_ENC_ERR_INVALID_PTR;
	struct bitstream *bitstream = bitstream_of(session, buffer, op);

	EMU_REQUIRE(bitstream->state != BITSTREAM_LOCKED, "%s: the buffer is locked", op);
	emu_stream_wait_for(session->context, bitstream->operation);
	pthread_mutex_lock(&session->lock);
	bitstream_reset(bitstream);
	session->buffers--;
	pthread_mutex_unlock(&session->lock);
	av_packet_free(&bitstream->packet);
	emu_handle_end(bitstream);
	return session_gate(session->context->device, op);
}

NVENCSTATUS NVENCAPI bitstream_lock(void *handle, NV_ENC_LOCK_BITSTREAM *p)
{
	const char *op = "nvEncLockBitstream";
	struct session *session = session_enter(handle, op);
	struct bitstream *bitstream = bitstream_of(session, p->outputBitstream, op);

	CHECK_VERSION(p, NV_ENC_LOCK_BITSTREAM_VER, op);
	EMU_REQUIRE(bitstream->state != BITSTREAM_LOCKED, "%s: the buffer is locked", op);
	EMU_REQUIRE(bitstream->state == BITSTREAM_ENCODED,
		    "%s: nothing was encoded into the buffer", op);
	if (p->doNotWait && !emu_stream_done(session->context, bitstream->operation))
		return NV_ENC_ERR_LOCK_BUSY;
	emu_stream_wait_for(session->context, bitstream->operation);
	NVENCSTATUS error = session_gate(session->context->device, op);

	/* the picture has been read, even if what came of it cannot be had */
	pthread_mutex_lock(&session->lock);
	if (!error)
		bitstream->state = BITSTREAM_LOCKED;
	if (bitstream->input)
		bitstream->input->encoding--;
	bitstream->input = NULL;
	pthread_mutex_unlock(&session->lock);
	if (error)
		return error;
	EMU_REQUIRE(!bitstream->failed, "x264 does not encode");
	p->bitstreamBufferPtr = bitstream->data;
	p->bitstreamSizeInBytes = (uint32_t)bitstream->length;
	p->outputTimeStamp = bitstream->timestamp;
	p->frameIdx = bitstream->frame;
	p->pictureType = bitstream->idr ? NV_ENC_PIC_TYPE_IDR : NV_ENC_PIC_TYPE_P;
	p->pictureStruct = NV_ENC_PIC_STRUCT_FRAME;
	p->numSlices = 1;
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI bitstream_unlock(void *handle, NV_ENC_OUTPUT_PTR buffer)
{
	const char *op = "nvEncUnlockBitstream";
	struct session *session = session_enter(handle, op);
	struct bitstream *bitstream = bitstream_of(session, buffer, op);

	EMU_REQUIRE(bitstream->state == BITSTREAM_LOCKED, "%s: the buffer is not locked", op);
	pthread_mutex_lock(&session->lock);
	bitstream_reset(bitstream);
	pthread_mutex_unlock(&session->lock);
	return session_gate(session->context->device, op);
}

static void check_picture(const struct session *session, const NV_ENC_PIC_PARAMS *p,
			  const struct resource *resource, const struct bitstream *bitstream,
			  const char *op)
{
	EMU_REQUIRE(bitstream->state == BITSTREAM_FREE,
		    "%s: the bitstream buffer is busy: not locked, or not unlocked", op);
	EMU_REQUIRE(p->bufferFmt == NV_ENC_BUFFER_FORMAT_NV12, "%s: bufferFmt %#x", op,
		    p->bufferFmt);
	EMU_REQUIRE(p->inputPitch == resource->pitch, "%s: pitch %u, registered with %u", op,
		    p->inputPitch, resource->pitch);
	/* libavcodec leaves the size at 0 when the input is a registered resource. */
	EMU_REQUIRE(
		(!p->inputWidth || p->inputWidth == session->parameters.encodeWidth) &&
			(!p->inputHeight || p->inputHeight == session->parameters.encodeHeight) &&
			resource->width >= session->parameters.encodeWidth &&
			resource->height >= session->parameters.encodeHeight,
		"%s: a picture of %ux%u, registered as %ux%u, in a session of %ux%u", op,
		p->inputWidth, p->inputHeight, resource->width, resource->height,
		session->parameters.encodeWidth, session->parameters.encodeHeight);
	EMU_REQUIRE(p->pictureStruct == NV_ENC_PIC_STRUCT_FRAME, "%s: picture structure %d", op,
		    p->pictureStruct);
}

/* What was not locked by now stays in its buffer for the caller to drain. */
static NVENCSTATUS end_of_stream(struct session *session)
{
	if (!session->codec)
		return NV_ENC_ERR_ENCODER_NOT_INITIALIZED;
	emu_stream_wait_all(session->context);
	session->undrained = false;
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI picture_encode(void *handle, NV_ENC_PIC_PARAMS *p)
{
	const char *op = "nvEncEncodePicture";
	SESSION_ENTER(session, handle, op);
	struct encoder_job *job = malloc(sizeof(*job));

	EMU_REQUIRE(job, "the host is out of memory");
	CHECK_VERSION(p, NV_ENC_PIC_PARAMS_VER, op);
	if (p->encodePicFlags & NV_ENC_PIC_FLAG_EOS) {
		free(job);
		return end_of_stream(session);
	}
	EMU_REQUIRE(session->codec, "%s: called before nvEncInitializeEncoder", op);
	struct mapping *input = emu_handle(p->inputBuffer, EMU_MAPPING, op);
	struct bitstream *bitstream = bitstream_of(session, p->outputBitstream, op);
	const struct resource *resource = input->resource;

	EMU_REQUIRE(input->session == session, "%s: the resource is another session's", op);
	check_picture(session, p, resource, bitstream, op);
	pthread_mutex_lock(&session->lock);
	*job = (struct encoder_job){
		.session = session,
		.bitstream = bitstream,
		.pixels = emu_memory(session->context, resource->address,
				     (size_t)resource->pitch * resource->height * 3 / 2, op),
		.pitch = resource->pitch,
		.height = resource->height,
		.bit_rate = session->config.rcParams.averageBitRate,
		.idr = session->force_idr || (p->encodePicFlags & NV_ENC_PIC_FLAG_FORCEIDR)};
	session->force_idr = false;
	session->undrained = true;
	input->encoding++;
	bitstream->input = input;
	bitstream->state = BITSTREAM_ENCODED;
	bitstream->timestamp = p->inputTimeStamp;
	bitstream->frame = p->frameIdx;
	pthread_mutex_unlock(&session->lock);
	bitstream->operation = emu_stream_submit(session->input, encoder_run, job);
	return NV_ENC_SUCCESS;
}
