/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/actions.c - the actions of each API version.
 */
#include "firmware/control/cloud/actions.h"

#include <errno.h>
#include <string.h>

#include "firmware/control/cloud/pictures.h"

/* The answer of a look-up. It refuses nothing, so that -EINVAL is a failure like any other. */
static int looked_up(int answer)
{
	return answer == -EINVAL ? -EIO : answer;
}

int tess_cloud_check_owner(const struct tess_cloud_context *context, uint32_t sdk_app_id,
			   struct tess_cloud_error *error)
{
	const struct tess_cloud_backend *backend = context->backend;
	int owned = looked_up(backend->app_owned(backend->arg, context->key_id, sdk_app_id));

	if (owned < 0)
		return owned;
	return owned ? 0
		     : tess_cloud_refuse(error, TESS_CLOUD_UNAUTHORIZED_SDK_APP_ID,
					 "The SecretId has no permission for the SdkAppId %u.",
					 sdk_app_id);
}

static int refuse_empty_room(struct tess_cloud_error *error)
{
	return tess_cloud_refuse(error, TESS_CLOUD_ROOM_NOT_EXIST,
				 "The room does not exist: nobody is in it.");
}

static int start_mix(const struct tess_cloud_context *context, json_t *fields,
		     struct tess_cloud_error *error)
{
	const struct tess_cloud_backend *backend = context->backend;
	struct tess_mix_request mix;
	int err, yes;

	(void)fields; /* the answer is the RequestId alone */
	err = tess_mix_request_parse(&mix, context->params, context->which, error);
	if (!err)
		err = tess_cloud_check_owner(context, mix.room.sdk_app_id, error);
	if (err)
		return err;
	yes = looked_up(backend->room_has_users(backend->arg, &mix.room));
	if (yes < 0)
		return yes;
	if (!yes)
		return refuse_empty_room(error);
	if (mix.stream_id[0]) {
		yes = looked_up(backend->stream_id_taken(backend->arg, &mix.room, mix.stream_id));
		if (yes < 0)
			return yes;
		if (yes)
			return tess_cloud_refuse(error, TESS_CLOUD_INVALID_STREAM_ID,
						 "The StreamId is in use by another stream.");
	}
	return backend->mix_start(backend->arg, &mix, error);
}

static int stop_mix(const struct tess_cloud_context *context, json_t *fields,
		    struct tess_cloud_error *error)
{
	const struct tess_cloud_backend *backend = context->backend;
	struct tess_cloud_room room;
	int err, yes;

	(void)fields;
	err = tess_cloud_room_parse(&room, context->params, context->which, error);
	if (!err)
		err = tess_cloud_check_owner(context, room.sdk_app_id, error);
	if (err)
		return err;
	yes = looked_up(backend->room_has_users(backend->arg, &room));
	if (yes < 0)
		return yes;
	/* also in an empty room: the last user may have left this instant, and the mix be there */
	err = backend->mix_stop(backend->arg, &room, error);
	if (err == -EINVAL && error->code == TESS_CLOUD_MIX_SESSION_NOT_EXIST && !yes)
		return refuse_empty_room(error);
	return err;
}

static int dismiss_room(const struct tess_cloud_context *context, json_t *fields,
			struct tess_cloud_error *error)
{
	const struct tess_cloud_backend *backend = context->backend;
	struct tess_cloud_room room;
	int err;

	(void)fields;
	err = tess_cloud_dismiss_parse(&room, context->params, context->which, error);
	if (!err)
		err = tess_cloud_check_owner(context, room.sdk_app_id, error);
	return err ? err : backend->room_dismiss(backend->arg, &room, error);
}

static int run_vod(const struct tess_cloud_context *context, json_t *fields,
		   struct tess_cloud_error *error)
{
	const struct tess_cloud_backend *backend = context->backend;
	struct tess_vod_request request;
	int err;

	err = tess_vod_request_parse(&request, context->which, context->params, error);
	if (!err)
		err = backend->vod(backend->arg, context->key_id, &request, fields, error);
	tess_vod_request_free(&request);
	return err;
}

static int run_live(const struct tess_cloud_context *context, json_t *fields,
		    struct tess_cloud_error *error)
{
	const struct tess_cloud_backend *backend = context->backend;
	struct tess_live_request request;
	int err = tess_live_request_parse(&request, context->which, context->params, error);

	return err ? err : backend->live(backend->arg, context->key_id, &request, fields, error);
}

static int run_statistic(const struct tess_cloud_context *context, json_t *fields,
			 struct tess_cloud_error *error)
{
	const struct tess_cloud_backend *backend = context->backend;
	struct tess_statistic_request request;
	int err = tess_statistic_request_parse(&request, context->which, context->params, error);

	return err ? err
		   : backend->statistic(backend->arg, context->key_id, &request, fields, error);
}

static const char *const statistic_params[] = {"StartTime", "EndTime", "SdkAppId", NULL};
static const char *const start_params[] = {
	"SdkAppId",	"RoomId",	"StrRoomId",	    "OutputParams",
	"EncodeParams", "LayoutParams", "PublishCdnParams", NULL,
};
static const char *const stop_params[] = {"SdkAppId", "RoomId", "StrRoomId", NULL};
static const char *const dismiss_params[] = {"SdkAppId", "RoomId", NULL};

/* clang-format off */
static const struct tess_cloud_action trtc_actions[] = {
	{"StartMCUMixTranscode", start_mix, TESS_ROOM_ID_NUMBER, start_params},
	{"StartMCUMixTranscodeByStrRoomId", start_mix, TESS_ROOM_ID_STRING, start_params},
	{"StopMCUMixTranscode", stop_mix, TESS_ROOM_ID_NUMBER, stop_params},
	{"StopMCUMixTranscodeByStrRoomId", stop_mix, TESS_ROOM_ID_STRING, stop_params},
	{"DismissRoom", dismiss_room, TESS_ROOM_ID_NUMBER, dismiss_params},
	{"DismissRoomByStrRoomId", dismiss_room, TESS_ROOM_ID_STRING, dismiss_params},
	{.name = "RemoveUser"},
	{.name = "RemoveUserByStrRoomId"},
	{.name = "SetUserBlocked"},
	{.name = "SetUserBlockedByStrRoomId"},
	{.name = "DescribeRoomInfo"},
	{.name = "DescribeRoomInformation"},
	{.name = "DescribeUserInfo"},
	{.name = "DescribeUserInformation"},
	{"CreatePicture", tess_cloud_create_picture, 0, tess_cloud_create_picture_params},
	{"DescribePicture", tess_cloud_describe_picture, 0, tess_cloud_describe_picture_params},
	{"ModifyPicture", tess_cloud_modify_picture, 0, tess_cloud_modify_picture_params},
	{"DeletePicture", tess_cloud_delete_picture, 0, tess_cloud_delete_picture_params},
	{"DescribeRecordStatistic", run_statistic, TESS_STATISTIC_RECORD, statistic_params},
	{"DescribeTrtcMcuTranscodeTime", run_statistic, TESS_STATISTIC_MCU, statistic_params},
	{.name = "DescribeRecordingUsage"},
	{"DescribeMixTranscodingUsage", run_statistic, TESS_STATISTIC_MIX, statistic_params},
	{.name = "CreateCloudRecording"},
	{.name = "DescribeCloudRecording"},
	{.name = "ModifyCloudRecording"},
	{.name = "DeleteCloudRecording"},
	{.name = "StartPublishCdnStream"},
	{.name = "UpdatePublishCdnStream"},
	{.name = "StopPublishCdnStream"},
	{0},
};

static const struct tess_cloud_action vod_actions[] = {
	{"SearchMedia", run_vod, TESS_VOD_SEARCH, tess_vod_params},
	{"DescribeMediaInfos", run_vod, TESS_VOD_DESCRIBE, tess_vod_params},
	{"DeleteMedia", run_vod, TESS_VOD_DELETE, tess_vod_params},
	{"CreateSubAppId", run_vod, TESS_VOD_CREATE_AREA, tess_vod_params},
	{"DescribeSubAppIds", run_vod, TESS_VOD_AREAS, tess_vod_params},
	{"ModifySubAppIdInfo", run_vod, TESS_VOD_CHANGE_AREA, tess_vod_params},
	{"ModifySubAppIdStatus", run_vod, TESS_VOD_SWITCH_AREA, tess_vod_params},
	{0},
};

static const struct tess_cloud_action live_actions[] = {
	{"DescribeLivePlayAuthKey", run_live, TESS_LIVE_PLAY_KEY, tess_live_params},
	{"ModifyLivePlayAuthKey", run_live, TESS_LIVE_SET_PLAY_KEY, tess_live_params},
	{"DescribeLivePushAuthKey", run_live, TESS_LIVE_PUSH_KEY, tess_live_params},
	{"ModifyLivePushAuthKey", run_live, TESS_LIVE_SET_PUSH_KEY, tess_live_params},
	{"DescribeLiveStreamState", run_live, TESS_LIVE_STATE, tess_live_params},
	{"DescribeLiveStreamOnlineList", run_live, TESS_LIVE_ONLINE, tess_live_params},
	{"DropLiveStream", run_live, TESS_LIVE_DROP, tess_live_params},
	{0},
};
/* clang-format on */

/* The version names the product: all products have one address here. */
static const struct {
	const char *version;
	const struct tess_cloud_action *actions;
} versions[] = {
	{"2019-07-22", trtc_actions},
	{"2018-07-17", vod_actions},
	{"2018-08-01", live_actions},
};

int tess_cloud_action_find(const struct tess_cloud_action **actionp, const char *version,
			   const char *name, struct tess_cloud_error *error)
{
	const struct tess_cloud_action *action = NULL;

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		if (!strcmp(versions[i].version, version))
			action = versions[i].actions;
	}
	if (!action)
		return tess_cloud_refuse(error, TESS_CLOUD_NO_SUCH_VERSION,
					 "The specified api version=`%.32s` does not exist.",
					 version);
	while (action->name && strcmp(action->name, name) != 0)
		action++;
	if (!action->name)
		return tess_cloud_refuse(error, TESS_CLOUD_INVALID_ACTION,
					 "The action `%.64s` does not exist in version `%s`.", name,
					 version);
	if (!action->run)
		return tess_cloud_refuse(error, TESS_CLOUD_UNSUPPORTED_OPERATION,
					 "The action `%s` is not available on this box.", name);
	*actionp = action;
	return 0;
}
