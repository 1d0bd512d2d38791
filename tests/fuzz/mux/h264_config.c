/* SPDX-License-Identifier: GPL-3.0-or-later
 * Parameter sets out of an access unit, a stored configuration, an SPS alone, an
 * AudioSpecificConfig.
 */
#include <stdlib.h>
#include <string.h>

#include "pipeline/mux/mp4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tess_h264_config config, again;
	struct tess_mp4_audio audio;
	struct tess_h264_sps sps;

	if (tess_h264_sps_parse(&sps, data, size) == 0 &&
	    (!sps.width || !sps.height || sps.width > TESS_H264_MAX_SIDE ||
	     sps.height > TESS_H264_MAX_SIDE))
		abort();
	if (tess_mp4_audio_parse(&audio, data, size) == 0 && (!audio.rate || !audio.channels))
		abort();
	if (tess_h264_config_from_avcc(&config, data, size) == 0 &&
	    config.avcc_length > TESS_H264_MAX_AVCC)
		abort();
	if (tess_h264_config_from_au(&config, data, size) == 0) {
		/* what was made is what is read back */
		if (tess_h264_config_from_avcc(&again, config.avcc, config.avcc_length) ||
		    again.avcc_length != config.avcc_length ||
		    memcmp(again.avcc, config.avcc, config.avcc_length) != 0)
			abort();
	}
	return 0;
}
