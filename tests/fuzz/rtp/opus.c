/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/fuzz/rtp/opus.c - the Opus depacketiser: 4 bytes of timestamp, one of loss, a packet.
 */
#include <stdlib.h>

#include "pipeline/rtp/opus.h"
#include "pipeline/rtp/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t first[] = {0xf8, 0};
	struct tess_rtp_opus opus = {0};
	uint32_t lost_frames;

	if (size < 5 || tess_rtp_opus_push(&opus, first, sizeof(first), 0, 0, &lost_frames))
		return 0;
	if (tess_rtp_opus_push(&opus, data + 5, size - 5, tess_rtp_get32(data), data[4],
			       &lost_frames) == 0 &&
	    (lost_frames > data[4] * 960U || opus.duration == 0 || opus.duration > 5760))
		abort();
	return 0;
}
