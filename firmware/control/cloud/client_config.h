/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/client_config.h - the parameters of setMixTranscodingConfig, by which a
 * user in a room starts a mix: TRTCTranscodingConfig as JSON, its members by their names in the
 * client SDKs.
 *
 * The four modes become layouts that the box has already: PureAudio a mix without a picture; Manual
 * and PresetLayout the custom template, the latter with places for the user's own streams and for
 * who else is there; ScreenSharing two places of the whole canvas, the screen over the camera.
 */
#ifndef TESS_CLOUD_CLIENT_CONFIG_H
#define TESS_CLOUD_CLIENT_CONFIG_H

#include "firmware/control/cloud/mix_params.h"

/** Who starts a mix, and what the box knows of the user. */
struct tess_client {
	struct tess_cloud_room room;
	char user[TESS_CLOUD_MAX_USER + 1];
	/* the names that the user's own stream and recording have, "": the default name, and none
	 */
	char stream_id[TESS_CLOUD_MAX_ID + 1];
	char record_id[TESS_CLOUD_MAX_ID + 1];
	struct { /* the publisher of the user's screen and its size; 0: not known */
		int64_t publisher;
		uint32_t width, height;
	} screen;
};

/**
 * The size of a mix that is to be as large as the screen: its real size up to a width of 1920, else
 * 1920 wide and 1080, 1200 or 1440 high, what is nearest in shape; even. 1280 x 720 for 0 x 0.
 */
void tess_client_screen_size(uint32_t *width, uint32_t *height);
/** The bit rate that goes with it. */
uint32_t tess_client_screen_kbps(uint32_t width, uint32_t height, uint32_t frame_rate);
/**
 * Check a config and write what it asks for. @p config is an object, of any members.
 * @retval 0, -EINVAL refused, see *error, -ENOMEM
 */
int tess_client_config_parse(struct tess_mix_request *mix, const struct tess_client *client,
			     const json_t *config, struct tess_cloud_error *error) TESS_MUST_CHECK;

#endif
