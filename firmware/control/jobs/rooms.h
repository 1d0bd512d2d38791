/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/rooms.h - what happens in rooms: users enter and leave, mixes start and
 * stop.
 *
 * State machine of a room's mix (both APIs): start without a mix creates it; the same stream id and
 * record id change it in place, keeping the sound's parameters; other ids, or a change between
 * picture and sound only, close the output and open a new one; stop, or the last user leaving,
 * closes it. What a user started (client_mix.h) ends with that user, and neither the API nor
 * anybody else changes it, nor may a user change the API's. Each step is one transaction, so that
 * no mix is ever just ending.
 */
#ifndef TESS_CONTROL_JOBS_ROOMS_H
#define TESS_CONTROL_JOBS_ROOMS_H

#include "firmware/control/control.h"

/** The most StartMCUMixTranscode calls a second and room. */
#define TESS_ROOMS_MAX_STARTS 20

/** The key of a mix's stream on the links, "mix-ID". */
void tess_rooms_stream(char stream[32], int64_t mix);
/** That of its sound as MP3, which is recorded with RecordAudioOnly. */
void tess_rooms_mp3_stream(char stream[32], int64_t mix);

/**
 * A user enters and will send. @p publisher comes with room, user, stream_type, source, payload
 * types, stream_id and record_id; ports (for @p video, @p audio), id, time, stream_name and live
 * are filled in.
 * @retval 0, -EEXIST the user sends this stream type already, -ENOENT no such application,
 * -EADDRINUSE another live stream has its name, -EADDRNOTAVAIL no port is free, or another error
 * of the store
 */
int tess_rooms_enter(struct tess_control *control, struct tess_publisher *publisher, bool video,
		     bool audio) TESS_MUST_CHECK;
/** One stream type of a user, or all when NULL. @retval 0, -ENOENT the user is not there */
int tess_rooms_leave(struct tess_control *control, const struct tess_cloud_room *room,
		     const char *user, const char *stream_type) TESS_MUST_CHECK;
/** Everybody leaves, and the mix ends. @retval 0, -ENOENT nobody is there */
int tess_rooms_dismiss(struct tess_control *control,
		       const struct tess_cloud_room *room) TESS_MUST_CHECK;
/** Those publishers that media has not heard for media.idle_leave_s leave. */
void tess_rooms_leave_idle(struct tess_control *control);

/** The checks of the room that come before the start. @retval 0, -EINVAL refused, see *error */
int tess_rooms_mix_check(struct tess_control *control, const struct tess_mix_request *request,
			 struct tess_cloud_error *error) TESS_MUST_CHECK;
/** @retval 0, -EINVAL refused, see *error, or an error of the store */
int tess_rooms_mix_start(struct tess_control *control, const struct tess_mix_request *request,
			 struct tess_cloud_error *error) TESS_MUST_CHECK;
/** @retval 0, -ENOENT the room has no mix, or an error of the store */
int tess_rooms_mix_stop(struct tess_control *control,
			const struct tess_cloud_room *room) TESS_MUST_CHECK;

#endif
