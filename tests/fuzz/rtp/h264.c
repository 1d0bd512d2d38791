/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/fuzz/rtp/h264.c - the H.264 depacketiser. The input is a list of payloads: a byte of flags,
 * a byte of length, the payload.
 */
#include <stdlib.h>
#include <string.h>

#include "pipeline/rtp/h264.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIMIT 2000

static void on_frame(void *arg, const struct tess_rtp_h264_frame *frame)
{
	static const uint8_t start_code[] = {0, 0, 0, 1};
	uint32_t *sum = arg;

	if (frame->length <= 4 || frame->length > LIMIT || memcmp(frame->data, start_code, 4) != 0)
		abort();
	for (size_t i = 0; i < frame->length; i++)
		*sum += frame->data[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tess_rtp_counters counters = {0};
	struct tess_rtp_h264 h264;
	uint32_t timestamp = 0, sum = 0;

	if (tess_rtp_h264_init(&h264, LIMIT, &counters, on_frame, &sum))
		abort();
	while (size >= 2) {
		uint8_t flags = data[0];
		size_t length = data[1];
		uint8_t *payload;

		data += 2;
		size -= 2;
		if (length > size)
			length = size;
		payload = malloc(length ? length : 1); /* its end is the end of memory */
		if (!payload)
			abort();
		memcpy(payload, data, length);
		data += length;
		size -= length;

		if (flags & 2)
			timestamp += 3000;
		if (flags & 8)
			tess_rtp_h264_restart(&h264);
		tess_rtp_h264_push(&h264, payload, length, timestamp, flags & 1, flags & 4);
		free(payload);
	}
	tess_rtp_h264_clear(&h264);
	return 0;
}
