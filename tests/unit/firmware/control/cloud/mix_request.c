/* SPDX-License-Identifier: GPL-3.0-or-later
 * A good request to start a mix.
 */
#include "mix_request.h"

#include <string.h>

#include "json_text.h"

#define GOOD                                                                                      \
	"{'SdkAppId':1400000123,'RoomId':1001,'OutputParams':{'StreamId':'show','RecordId':"      \
	"'file001'},'EncodeParams':{'AudioSampleRate':48000,'AudioBitrate':64,'AudioChannels':2," \
	"'VideoWidth':1280,'VideoHeight':720,'VideoBitrate':1500,'VideoFramerate':15,"            \
	"'VideoGop':3},'LayoutParams':{'Template':1}}"

int mix_request_parse(struct tess_mix_request *mix, const char *patch, enum tess_room_id_type type,
		      struct tess_cloud_error *error)
{
	json_t *params = json_of(GOOD), *change = json_of(patch);
	int err;

	json_patch(params, change);
	memset(error, 0, sizeof(*error));
	err = tess_mix_request_parse(mix, params, type, error);
	json_decref(change);
	json_decref(params);
	return err;
}
