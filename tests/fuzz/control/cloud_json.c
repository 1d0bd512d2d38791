/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any JSON body through the parameters of both kinds of mix; what is accepted must keep its bounds.
 */
#include <stdlib.h>
#include <string.h>

#include "firmware/control/cloud/mix_params.h"
#include "firmware/control/cloud/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct tess_mix_request *mix)
{
	json_t *json;

	if (!mix->room.sdk_app_id || !mix->room.id[0] ||
	    (!mix->stream_id[0] && !mix->record_id[0]) || mix->layout.layout > 4 ||
	    mix->layout.preset_count > TESS_CLOUD_MAX_MIXED ||
	    mix->layout.user_count > TESS_CLOUD_MAX_MIXED)
		abort();
	if (!mix->audio_only && (mix->video.width < 16 || mix->video.width > 1920 ||
				 mix->video.width % 2 || mix->video.height % 2))
		abort();
	json = tess_mix_request_to_json(mix);
	if (!json)
		abort();
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tess_cloud_error error;
	struct tess_cloud_room room;
	struct tess_mix_request mix;
	json_t *params;

	if (tess_params_from_json(&params, data, size, &error))
		return 0;
	for (int type = TESS_ROOM_ID_NUMBER; type <= TESS_ROOM_ID_STRING; type++) {
		error.message[0] = '\0';
		if (!tess_mix_request_parse(&mix, params, (enum tess_room_id_type)type, &error))
			check(&mix);
		else if (!error.message[0])
			abort();
		(void)!tess_cloud_room_parse(&room, params, (enum tess_room_id_type)type, &error);
	}
	json_decref(params);
	return 0;
}
