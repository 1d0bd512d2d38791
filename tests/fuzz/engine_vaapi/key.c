/* SPDX-License-Identifier: GPL-3.0-or-later
 * Fuzzes drivers/engine_vaapi/key.c: the first byte chooses the codec, the rest is an access unit.
 * What is behind its end is not looked at, and more of it only turns the answer to yes.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/engine_vaapi/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t idr[] = {0, 0, 1, 0x65, 0x88}, irap[] = {0, 0, 1, 19 << 1, 1};
	static const enum tess_codec codecs[] = {TESS_CODEC_H264, TESS_CODEC_H265, TESS_CODEC_VP8,
						 TESS_CODEC_VP9};
	if (size == 0)
		return 0;
	enum tess_codec codec = codecs[data[0] % 4];
	size_t length = size - 1;
	uint8_t *unit = malloc(length + sizeof(idr));
	if (!unit)
		abort();
	memcpy(unit, data + 1, length);
	uint8_t *exact = malloc(length ? length : 1);
	if (!exact)
		abort();
	memcpy(exact, unit, length);
	vaapi_key(codec, exact, length);
	if (codec == TESS_CODEC_H264 || codec == TESS_CODEC_H265) {
		memcpy(unit + length, codec == TESS_CODEC_H264 ? idr : irap, sizeof(idr));
		if (!vaapi_key(codec, unit, length + sizeof(idr)))
			abort();
	}
	free(exact);
	free(unit);
	return 0;
}
