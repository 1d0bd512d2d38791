/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/client_mix.h - mixes that a user in a room starts
 * (setMixTranscodingConfig).
 *
 * However the call came in (admin API, link, signalling), it ends here. The mix is the user's: it
 * ends with the user's leaving, nobody else changes it, and a room has either one of a user or one
 * of the API.
 */
#ifndef TESS_CONTROL_JOBS_CLIENT_MIX_H
#define TESS_CONTROL_JOBS_CLIENT_MIX_H

#include "firmware/control/cloud/client_config.h"
#include "firmware/control/control.h"

/** So many mixes of other rooms may take in users of one room. */
#define TESS_CLIENT_MAX_JOINED 7

/**
 * Start the mix of client->user or change it; @p config NULL or JSON null ends it. The size of the
 * user's screen is looked up here. Codes beside those of the config: RoomNotExist the user is not
 * in the room, RequestRejection the user sends no sound, the room's mix is somebody else's, or
 * another room is taken into too many mixes, MixSessionNotExist there is none to end.
 * @retval 0, -EINVAL refused, see *error, or an error of the store
 */
int tess_client_mix_set(struct tess_control *control, const struct tess_client *client,
			const json_t *config, struct tess_cloud_error *error) TESS_MUST_CHECK;
/** Media told something: mixes that are as large as a screen follow the size it has now. */
void tess_client_mix_follow_screens(struct tess_control *control);
/**
 * The message "client_mix" of a link (docs/links.md). @return the answer to it, a new reference;
 * NULL when out of memory
 */
json_t *tess_client_mix_message(struct tess_control *control, const json_t *message);

#endif
