/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any JSON as the config of a user's mix; what is accepted must keep its bounds.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/control/cloud/client_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void check(const struct tess_mix_request *mix)
{
	json_t *json;

	must(tess_stream_id_valid(mix->stream_id));
	must(mix->layout.preset_count <= TESS_CLOUD_MAX_MIXED);
	must(mix->audio_only ||
	     (mix->video.width >= 16 && mix->video.width <= 1920 && mix->video.height >= 16 &&
	      mix->video.height <= 1920 && mix->video.width % 2 == 0 &&
	      mix->video.height % 2 == 0 && mix->video.bitrate_kbps && mix->video.frame_rate));
	for (unsigned i = 0; i < mix->layout.preset_count; i++) {
		const struct tess_mix_place *place = &mix->layout.presets[i];

		must(place->x + place->width <= mix->video.width);
		must(place->y + place->height <= mix->video.height);
		must(place->input <= 2 && place->render <= 2 && place->z <= 15);
	}
	json = tess_mix_request_to_json(mix);
	must(json != NULL);
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tess_client client = {.room = {1400000001, TESS_ROOM_ID_NUMBER, "101"},
				     .user = "anna",
				     .screen = {9, 2560, 1600}};
	json_t *config = json_loadb((const char *)data, size, 0, NULL);
	struct tess_cloud_error error = {0};
	struct tess_mix_request mix;

	if (json_is_object(config)) {
		if (!tess_client_config_parse(&mix, &client, config, &error))
			check(&mix);
		else
			must(error.message[0] != '\0');
	}
	json_decref(config);
	return 0;
}
