/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/handler.h - the cloud API: a request in, an answer out.
 *
 * No sockets, no store, no log: what the box knows and does comes through the backend. Threads:
 * any, as far as the backend's calls allow it.
 */
#ifndef TESS_CLOUD_HANDLER_H
#define TESS_CLOUD_HANDLER_H

#include "firmware/control/cloud/live_params.h"
#include "firmware/control/cloud/mix_params.h"
#include "firmware/control/cloud/request.h"
#include "firmware/control/cloud/statistic_params.h"
#include "firmware/control/cloud/vod_params.h"

#define TESS_CLOUD_MAX_SECRET 128

/** An API key pair. */
struct tess_cloud_key {
	int64_t id;   /* the backend's own, for app_owned() */
	bool enabled; /* a disabled key is answered like an unknown one */
	char secret_key[TESS_CLOUD_MAX_SECRET + 1]; /* wiped by the handler after use */
};

/** A still picture of an application; the size and place are what its owner said. */
struct tess_cloud_picture {
	uint32_t sdk_app_id;
	int64_t id;
	uint32_t height, width, x, y;
};

/** Which pictures; id 0: all. */
struct tess_cloud_picture_query {
	uint32_t sdk_app_id, id;
	int64_t limit, offset;
};

/**
 * What the API needs from the box. All calls are required; arg is passed through. Calls that look
 * up return 1 yes, 0 no, or a negative errno; calls that act return 0, -EINVAL after
 * tess_cloud_refuse(error, ...), or another negative errno. Such an errno is answered with
 * InternalError and without its text: log it where it arises.
 */
struct tess_cloud_backend {
	/** Look up a SecretId (any bytes a client may send, at most 128). 1: *key is filled. */
	int (*find_key)(void *arg, const char *secret_id, struct tess_cloud_key *key);
	/** May this key act on this application (and is there such an application)? */
	int (*app_owned)(void *arg, int64_t key_id, uint32_t sdk_app_id);
	/** Is anybody, publishing or not, in the room? */
	int (*room_has_users)(void *arg, const struct tess_cloud_room *room);
	/** Is the live name used by a user's own stream or by another room's mix? */
	int (*stream_id_taken)(void *arg, const struct tess_cloud_room *room,
			       const char *stream_id);
	/** Start the mix of a room, or change the one that runs (SPEC: an identical call has no
	 * effect). TESS_CLOUD_RESOURCE_NOT_FOUND when a picture that it names is not there. */
	int (*mix_start)(void *arg, const struct tess_mix_request *mix,
			 struct tess_cloud_error *error);
	/** End the mix of a room; TESS_CLOUD_MIX_SESSION_NOT_EXIST when there is none. */
	int (*mix_stop)(void *arg, const struct tess_cloud_room *room,
			struct tess_cloud_error *error);
	/** Everybody leaves the room; TESS_CLOUD_ROOM_NOT_EXIST when nobody is there. */
	int (*room_dismiss)(void *arg, const struct tess_cloud_room *room,
			    struct tess_cloud_error *error);
	/** Keep a picture (its content is PNG, JPEG or BMP); 0: picture->id is set. */
	int (*picture_add)(void *arg, struct tess_cloud_picture *picture, const void *content,
			   size_t length, struct tess_cloud_error *error);
	/** Fill in the picture of this application and id; -ENOENT there is none. */
	int (*picture_get)(void *arg, struct tess_cloud_picture *picture);
	int (*picture_set)(void *arg, const struct tess_cloud_picture *picture);
	int (*picture_remove)(void *arg, uint32_t sdk_app_id, uint32_t id);
	/** Those of a page, and how many there are in all. */
	int (*pictures)(void *arg, const struct tess_cloud_picture_query *query, int64_t *total,
			int (*each)(void *each_arg, const struct tess_cloud_picture *picture),
			void *each_arg);
	/** An action of VOD on the application of the key; the answer's members into @p fields. */
	int (*vod)(void *arg, int64_t key_id, const struct tess_vod_request *request,
		   json_t *fields, struct tess_cloud_error *error);
	/** An action of LIVE on the application of the key. */
	int (*live)(void *arg, int64_t key_id, const struct tess_live_request *request,
		    json_t *fields, struct tess_cloud_error *error);
	/** Usage of the key's application. */
	int (*statistic)(void *arg, int64_t key_id, const struct tess_statistic_request *request,
			 json_t *fields, struct tess_cloud_error *error);
	void *arg;
};

/**
 * Answer one request. The checks come in a fixed order: method and size, presence of what
 * authenticates, time stamp, key, signature, version, action, body, missing, wrong, not yet
 * possible parameters, ownership of the application, room, state.
 * @retval 0 *response is filled, -ENOMEM, -EIO no random numbers; nothing to free then
 */
int tess_cloud_handle(const struct tess_cloud_request *request,
		      const struct tess_cloud_backend *backend,
		      struct tess_cloud_response *response) TESS_MUST_CHECK;
void tess_cloud_response_free(struct tess_cloud_response *response);

#endif
