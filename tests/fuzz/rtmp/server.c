/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any bytes from a player or a publisher. By bits of the first byte: behind a good handshake or as
 * they are; publishing already; in pieces. The server stays within its bounds, and what a publisher
 * sends becomes access units that are well-formed, at times that rise.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/rtmp/address.h"
#include "pipeline/rtmp/clock.h"
#include "pipeline/rtmp/server.h"
#include "pipeline/rtmp/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int play(void *arg, const char *name, const char *query)
{
	(void)arg;
	if (strlen(name) >= TESS_RTMP_MAX_NAME || strlen(query) >= TESS_RTMP_MAX_NAME)
		abort();
	return 0;
}

static void check(bool good)
{
	if (!good)
		abort();
}

struct publisher {
	struct tess_rtmp_units units;
	struct tess_rtmp_clock clock;
	int64_t last_us[3], now_us;
};

static int publish(void *arg, const char *app, const char *name, const char *query)
{
	struct tess_rtmp_address address;
	int rc = tess_rtmp_address_parse(&address, app, name, query);

	(void)arg;
	check(strlen(app) < TESS_RTMP_MAX_APP && strlen(name) < TESS_RTMP_MAX_PUBLISH_NAME);
	check(rc || (*address.room && *address.user && address.sdk_app_id));
	return rc;
}

static void check_picture(const struct tess_rtmp_unit *unit)
{
	const uint8_t *at = unit->data, *nal;
	unsigned idr = 0, sps = 0;
	size_t length;
	int rc;

	while ((rc = tess_h264_next_nal(&nal, &length, &at, unit->data + unit->length)) == 1) {
		idr += (nal[0] & 0x1f) == TESS_H264_NAL_IDR;
		sps += (nal[0] & 0x1f) == TESS_H264_NAL_SPS;
	}
	check(!rc && unit->key == (idr != 0) && (!idr || sps));
}

static int media(void *arg, const struct tess_rtmp_message *message)
{
	struct publisher *publisher = arg;
	struct tess_rtmp_unit unit;
	struct tess_rtmp_times times;
	int rc = tess_rtmp_units_take(&publisher->units, message, &unit);

	check(rc == 1 || rc == 0 || rc == -EBADMSG || rc == -ENOTSUP);
	check(rc != -ENOTSUP || *publisher->units.reason);
	if (rc != 1)
		return rc == -ENOTSUP ? 0 : rc;
	if (unit.track == TESS_TRACK_VIDEO)
		check_picture(&unit);
	publisher->now_us += 1000;
	times = tess_rtmp_clock_map(&publisher->clock, unit.track, message->time_ms,
				    unit.composition_ms, unit.track == TESS_TRACK_AUDIO ? 21333 : 0,
				    publisher->now_us);
	check(times.dts_us > publisher->last_us[unit.track] && times.pts_us >= times.dts_us);
	publisher->last_us[unit.track] = times.dts_us;
	return 0;
}

static int input(struct tess_rtmp_server *server, const uint8_t *data, size_t size, size_t step)
{
	int rc = 0;

	for (size_t at = 0; at < size && !rc; at += step) {
		rc = tess_rtmp_server_input(server, data + at, size - at < step ? size - at : step);
		if (!rc && server->state == TESS_RTMP_SERVER_ASKING)
			tess_rtmp_server_accept(server);
	}
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t hello[1 + 2 * 1536] = {3};
	struct publisher publisher = {.now_us = 1000000000};
	struct tess_rtmp_server server;
	int rc = 0;

	if (!size || tess_rtmp_server_init(&server, "live", 1))
		return 0;
	server.play = play;
	server.publish = publish;
	server.media = media;
	server.arg = &publisher;
	if (*data & 3)
		rc = tess_rtmp_server_input(&server, hello, sizeof(hello));
	if (!rc && *data & 2)
		tess_rtmp_server_accept(&server);
	if (!rc)
		rc = input(&server, data + 1, size - 1, *data & 4 ? 7 : size);
	if (!rc && server.session.out.length > TESS_RTMP_MAX_OUT + 4096)
		abort();
	tess_rtmp_server_fini(&server);
	tess_rtmp_units_fini(&publisher.units);
	return 0;
}
