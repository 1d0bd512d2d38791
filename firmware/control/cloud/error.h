/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/error.h - the errors that the cloud API answers: a code of the published
 * list and a message for people.
 *
 * Functions of this folder that refuse a request return -EINVAL and have filled a tess_cloud_error;
 * any other negative errno means that the box itself failed, which the client sees as
 * InternalError.
 */
#ifndef TESS_CLOUD_ERROR_H
#define TESS_CLOUD_ERROR_H

#include "hal/compiler.h"

/* clang-format off */
#define TESS_CLOUD_CODES(X) \
	X(INVALID_AUTHORIZATION, "AuthFailure.InvalidAuthorization") \
	X(SECRET_ID_NOT_FOUND, "AuthFailure.SecretIdNotFound") \
	X(SIGNATURE_EXPIRE, "AuthFailure.SignatureExpire") \
	X(SIGNATURE_FAILURE, "AuthFailure.SignatureFailure") \
	X(FAILED, "FailedOperation") \
	X(INVALID_VOD_USER, "FailedOperation.InvalidVodUser") \
	X(MIX_SESSION_NOT_EXIST, "FailedOperation.MixSessionNotExist") \
	X(REQUEST_REJECTION, "FailedOperation.RequestRejection") \
	X(RESTRICTED_FREQUENCY, "FailedOperation.RestrictedFrequency") \
	X(ROOM_NOT_EXIST, "FailedOperation.RoomNotExist") \
	X(INTERNAL, "InternalError") \
	X(INVALID_ACTION, "InvalidAction") \
	X(INVALID_PARAMETER, "InvalidParameter") \
	X(INVALID_AUDIO_ENCODE_PARAMS, "InvalidParameter.AudioEncodeParams") \
	X(INVALID_BACKGROUND_IMAGE_URL, "InvalidParameter.BackgroundImageUrl") \
	X(INVALID_BIZ_ID, "InvalidParameter.BizId") \
	X(CHECK_CONTENT_FAILED, "InvalidParameter.CheckContentFailed") \
	X(CHECK_SUFFIX_FAILED, "InvalidParameter.CheckSuffixFailed") \
	X(INVALID_ENCODE_PARAMS, "InvalidParameter.EncodeParams") \
	X(INVALID_MAIN_VIDEO_RIGHT_ALIGN, "InvalidParameter.MainVideoRightAlign") \
	X(INVALID_MAIN_VIDEO_STREAM_TYPE, "InvalidParameter.MainVideoStreamType") \
	X(INVALID_OUTPUT_PARAMS, "InvalidParameter.OutputParams") \
	X(PICTURE_NOT_FOUND, "InvalidParameter.PictureNotFound") \
	X(INVALID_PRESET_LAYOUT_CONFIG, "InvalidParameter.PresetLayoutConfig") \
	X(INVALID_PUBLISH_CDN_URLS, "InvalidParameter.PublishCdnUrls") \
	X(INVALID_PURE_AUDIO_STREAM, "InvalidParameter.PureAudioStream") \
	X(QUERY_SCALE_OVERSIZE, "InvalidParameter.QueryScaleOversize") \
	X(INVALID_RECORD_AUDIO_ONLY, "InvalidParameter.RecordAudioOnly") \
	X(INVALID_RECORD_ID, "InvalidParameter.RecordId") \
	X(INVALID_ROOM_ID, "InvalidParameter.RoomId") \
	X(INVALID_SDK_APP_ID, "InvalidParameter.SdkAppId") \
	X(INVALID_SMALL_VIDEO_LAYOUT_PARAMS, "InvalidParameter.SmallVideoLayoutParams") \
	X(INVALID_SMALL_VIDEO_STREAM_TYPE, "InvalidParameter.SmallVideoStreamType") \
	X(INVALID_STR_ROOM_ID, "InvalidParameter.StrRoomId") \
	X(INVALID_STREAM_ID, "InvalidParameter.StreamId") \
	X(INVALID_VIDEO_RESOLUTION, "InvalidParameter.VideoResolution") \
	X(INVALID_VALUE, "InvalidParameterValue") \
	X(VALUE_CATEGORIES, "InvalidParameterValue.Categories") \
	X(VALUE_CLASS_IDS, "InvalidParameterValue.ClassIds") \
	X(VALUE_DESCRIPTION, "InvalidParameterValue.Description") \
	X(VALUE_END_TIME, "InvalidParameterValue.EndTime") \
	X(VALUE_FILE_IDS, "InvalidParameterValue.FileIds") \
	X(VALUE_FILE_IDS_EMPTY, "InvalidParameterValue.FileIdsEmpty") \
	X(VALUE_FILE_IDS_OVER_LIMIT, "InvalidParameterValue.FileIdsOverLimit") \
	X(VALUE_NAME, "InvalidParameterValue.Name") \
	X(VALUE_NAME_PREFIXES, "InvalidParameterValue.NamePrefixes") \
	X(VALUE_NAMES, "InvalidParameterValue.Names") \
	X(VALUE_OFFSET, "InvalidParameterValue.Offset") \
	X(VALUE_SORT, "InvalidParameterValue.Sort") \
	X(VALUE_SOURCE_TYPE, "InvalidParameterValue.SourceType") \
	X(VALUE_SOURCE_TYPES, "InvalidParameterValue.SourceTypes") \
	X(VALUE_START_TIME, "InvalidParameterValue.StartTime") \
	X(VALUE_STORAGE_REGIONS, "InvalidParameterValue.StorageRegions") \
	X(VALUE_STREAM_IDS, "InvalidParameterValue.StreamIds") \
	X(VALUE_SUB_APP_ID, "InvalidParameterValue.SubAppId") \
	X(VALUE_TAGS, "InvalidParameterValue.Tags") \
	X(VALUE_TEXT, "InvalidParameterValue.Text") \
	X(LIMIT_EXCEEDED, "LimitExceeded") \
	X(MISSING_PARAMETER, "MissingParameter") \
	X(MISSING_AUDIO_ENCODE_PARAMS, "MissingParameter.AudioEncodeParams") \
	X(MISSING_BIZ_ID, "MissingParameter.BizId") \
	X(MISSING_ENCODE_PARAMS, "MissingParameter.EncodeParams") \
	X(MISSING_OUTPUT_PARAMS, "MissingParameter.OutputParams") \
	X(MISSING_PRESET_LAYOUT_CONFIG, "MissingParameter.PresetLayoutConfig") \
	X(MISSING_PUBLISH_CDN_URLS, "MissingParameter.PublishCdnUrls") \
	X(MISSING_ROOM_ID, "MissingParameter.RoomId") \
	X(MISSING_SDK_APP_ID, "MissingParameter.SdkAppId") \
	X(MISSING_STREAM_ID, "MissingParameter.StreamId") \
	X(MISSING_VIDEO_ENCODE_PARAMS, "MissingParameter.VideoEncodeParams") \
	X(NO_SUCH_VERSION, "NoSuchVersion") \
	X(REQUEST_SIZE_LIMIT_EXCEEDED, "RequestSizeLimitExceeded") \
	X(RESOURCE_INSUFFICIENT, "ResourceInsufficient.RequestRejection") \
	X(RESOURCE_NOT_FOUND, "ResourceNotFound") \
	X(PLAY_DOMAIN_NO_RECORD, "ResourceNotFound.PlayDomainNoRecord") \
	X(PUSH_DOMAIN_NO_RECORD, "ResourceNotFound.PushDomainNoRecord") \
	X(UNAUTHORIZED_SDK_APP_ID, "UnauthorizedOperation.SdkAppId") \
	X(UNSUPPORTED_OPERATION, "UnsupportedOperation") \
	X(UNSUPPORTED_PROTOCOL, "UnsupportedProtocol")
/* clang-format on */

enum tess_cloud_code {
	TESS_CLOUD_CODE_BEFORE_FIRST, /* zero is no code */
#define X(name, text) TESS_CLOUD_##name,
	TESS_CLOUD_CODES(X)
#undef X
};

struct tess_cloud_error {
	enum tess_cloud_code code;
	char message[256];	/* English, ASCII */
	const char *message_zh; /* the published Chinese text, static; NULL where there is none */
	char parameter[128];	/* at fault, "EncodeParams.VideoGop"; "": none in particular */
};

/** The text of a code, e.g. "InvalidParameter.RoomId"; "InternalError" for what is no code. */
const char *tess_cloud_code_text(enum tess_cloud_code code);
/**
 * Fill @p error: anything but printable ASCII in the message becomes '?' (parts of it may have come
 * from the client).
 * @return -EINVAL, so that a refusal is one statement
 */
int tess_cloud_refuse(struct tess_cloud_error *error, enum tess_cloud_code code, const char *format,
		      ...) __attribute__((format(printf, 3, 4)));
/** As tess_cloud_refuse(), with the published pair of texts. @p message_zh is static. @return
 * -EINVAL */
int tess_cloud_refuse_zh(struct tess_cloud_error *error, enum tess_cloud_code code,
			 const char *message, const char *message_zh);

#endif
