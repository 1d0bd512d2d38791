/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/decode_soft/input.c - see input.h.
 */
#include "drivers/decode_soft/input.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <string.h>

/* a buffer grows in steps of this */
#define STEP_BYTES 16384u

int tess_decode_input(AVPacket *packet, AVBufferRef **buffer, const uint8_t *data, size_t length)
{
	size_t padded = length + AV_INPUT_BUFFER_PADDING_SIZE;
	AVBufferRef *input = *buffer;
	if (!input || input->size < padded || !av_buffer_is_writable(input)) {
		size_t size = (padded + STEP_BYTES - 1) / STEP_BYTES * STEP_BYTES;
		av_buffer_unref(buffer);
		*buffer = input = av_buffer_alloc(size);
		if (!input)
			return -ENOMEM;
	}
	memcpy(input->data, data, length);
	memset(input->data + length, 0, AV_INPUT_BUFFER_PADDING_SIZE);
	packet->buf = av_buffer_ref(input);
	if (!packet->buf)
		return -ENOMEM;
	packet->data = input->data;
	packet->size = (int)length;
	return 0;
}
