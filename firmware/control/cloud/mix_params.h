/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/mix_params.h - the parameters of Start and StopMCUMixTranscode, checked.
 */
#ifndef TESS_CLOUD_MIX_PARAMS_H
#define TESS_CLOUD_MIX_PARAMS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "firmware/control/cloud/error.h"

#define TESS_CLOUD_MAX_ID    64 /* bytes of StreamId, RecordId, StrRoomId */
#define TESS_CLOUD_MAX_USER  32
#define TESS_CLOUD_MAX_MIXED 16
#define TESS_STREAM_NAME_MAX 255 /* of a live stream, given or made by a rule */
#define TESS_CLOUD_MAX_URL   512 /* bytes of the address of a CDN or of a picture */

enum tess_room_id_type {
	TESS_ROOM_ID_NUMBER = 1, /* 123 and "123" are different rooms */
	TESS_ROOM_ID_STRING,
};

struct tess_cloud_room {
	uint32_t sdk_app_id;
	enum tess_room_id_type type;
	char id[TESS_CLOUD_MAX_ID + 1]; /* a number in decimal */
};

/** A user's main or auxiliary stream; user "": nobody in particular. */
struct tess_mix_who {
	char user[TESS_CLOUD_MAX_USER + 1];
	bool auxiliary;
};

/** A still picture: one that the application keeps, or one at an address. Neither: none. */
struct tess_mix_image {
	uint32_t id; /* 0: url, if that is not empty */
	char url[TESS_CLOUD_MAX_URL + 1];
};

/** A given rectangle and who is in it. */
struct tess_mix_place {
	struct tess_mix_who who;
	char room[TESS_CLOUD_MAX_ID +
		  1]; /* whom another room of the same kind sends; "": the own */
	uint32_t x, y, width, height, z;
	uint32_t render; /* RenderMode */
	uint32_t input;	 /* MixInputType */
	/* while nobody sends a picture there; PlaceImageId, with PlaceHolderMode 1 */
	struct tess_mix_image image;
};

struct tess_mix_request {
	struct tess_cloud_room room;
	char stream_id[TESS_CLOUD_MAX_ID + 1]; /* "" = not watched live */
	char record_id[TESS_CLOUD_MAX_ID + 1]; /* "" = not recorded; one of the two is there */
	char starter[TESS_CLOUD_MAX_USER + 1]; /* the user that started it; "": the API */
	const char *mode;		       /* of a user's mix, e.g. "Manual"; NULL: the API's */
	struct {			       /* PublishCdnParams; url "": none */
		uint32_t biz_id;
		char url[TESS_CLOUD_MAX_URL + 1]; /* has a secret in it */
	} publish;
	struct { /* a user's mix that is as large as the user's screen */
		bool size, bitrate;
		int64_t screen; /* the publisher whose size it has; 0: none was seen yet */
	} automatic;
	bool audio_only;
	bool record_audio_only; /* the recording is MP3 */
	struct {
		uint32_t sample_rate, bitrate_kbps, channels;
	} audio;
	struct { /* all 0 when audio_only; sizes even */
		uint32_t width, height, bitrate_kbps, frame_rate, gop_s, background;
		struct tess_mix_image background_image;
	} video;
	struct {
		uint32_t layout;     /* LayoutParams.Template */
		uint32_t render;     /* RenderMode */
		uint32_t big_render; /* of the screen template's big picture */
		uint32_t pure_audio_hold_place;
		unsigned user_count; /* of users: MixVideoUids; 0 = everybody */
		char users[TESS_CLOUD_MAX_MIXED][TESS_CLOUD_MAX_USER + 1];
		struct tess_mix_who big;     /* MainVideoUserId, MainVideoStreamType */
		bool big_right;		     /* MainVideoRightAlign */
		struct tess_mix_place small; /* SmallVideoLayoutParams; user "": none */
		unsigned preset_count;
		struct tess_mix_place presets[TESS_CLOUD_MAX_MIXED];
		/* presets of a user's mix: places for nobody in particular are for the others, each
		 * for the stream type it says; and who has no place is heard all the same */
		bool places_for_others, others_heard;
		struct tess_mix_image water_mark;
		struct tess_mix_place water_mark_place; /* its rectangle */
	} layout;
};

/** "number" or "string", as on the links. */
const char *tess_room_id_type_text(enum tess_room_id_type type);

/** 1..4294967294 in plain decimal, or 1..64 bytes of what a string room id may hold. */
bool tess_cloud_room_id_valid(enum tess_room_id_type type, const char *id);
/** 1..64 bytes that may be the name of a live stream. */
bool tess_stream_id_valid(const char *text);
/** 1..64 letters, digits, '_' and '-': RecordId, userDefineRecordId. */
bool tess_record_id_valid(const char *text);
/**
 * Check the parameters of StartMCUMixTranscode (@p type number) or …ByStrRoomId (string). All is
 * checked before anything is refused, and what is missing is told before what is wrong.
 * @retval 0, -EINVAL refused, see *error
 */
int tess_mix_request_parse(struct tess_mix_request *mix, const json_t *params,
			   enum tess_room_id_type type,
			   struct tess_cloud_error *error) TESS_MUST_CHECK;
/** The parameters of StopMCUMixTranscode(ByStrRoomId). @retval as above */
int tess_cloud_room_parse(struct tess_cloud_room *room, const json_t *params,
			  enum tess_room_id_type type,
			  struct tess_cloud_error *error) TESS_MUST_CHECK;
/**
 * A CDN's address without what is secret in it, e.g. rtmp://host/app and three asterisks.
 * @p masked has room for 8 bytes more than the address
 */
void tess_publish_url_mask(char *masked, size_t size, const char *url);
/** Those of DismissRoom(ByStrRoomId), which calls a string room RoomId too. @retval as above */
int tess_cloud_dismiss_parse(struct tess_cloud_room *room, const json_t *params,
			     enum tess_room_id_type type,
			     struct tess_cloud_error *error) TESS_MUST_CHECK;
/**
 * The members "video" (null when audio only), "audio" and "layout" of a mix as docs/links.md has
 * them, "mode" of a user's mix, "auto_size" and "record_audio_only" where it is so, and "stream_id"
 * and "record_id" (may be
 * ""). Equal requests give equal objects.
 * @return a new reference, NULL when out of memory
 */
json_t *tess_mix_request_to_json(const struct tess_mix_request *mix) TESS_MUST_CHECK;

#endif
