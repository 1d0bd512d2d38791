/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/rooms.c - users enter and leave, see rooms.h.
 */
#include "firmware/control/jobs/rooms.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/control/jobs/publications.h"
#include "firmware/control/jobs/user_records.h"

/* Which ports of the range are taken, a bit a pair of ports. */
struct ports {
	uint16_t first;
	unsigned pairs;
	unsigned next; /* the pair to look at first */
	uint8_t taken[65536 / 2 / 8];
};

static void take(struct ports *ports, uint16_t port)
{
	unsigned pair = (unsigned)(port - ports->first) / 2;

	if (port >= ports->first && pair < ports->pairs)
		ports->taken[pair / 8] |= (uint8_t)(1u << pair % 8);
}

static int take_of(void *arg, const struct tess_publisher *row)
{
	take(arg, row->video_port);
	take(arg, row->audio_port);
	return 0;
}

/* Goes round, so that late packets of who left do not reach who enters next. */
static uint16_t find_free(struct ports *ports)
{
	for (unsigned i = 0; i < ports->pairs; i++) {
		unsigned pair = (ports->next + i) % ports->pairs;
		uint16_t port = (uint16_t)(ports->first + 2 * pair);

		if (ports->taken[pair / 8] & 1u << pair % 8)
			continue;
		take(ports, port);
		ports->next = pair + 1;
		return port;
	}
	return 0;
}

static int allocate(struct tess_control *control, struct tess_publisher *publisher, bool video,
		    bool audio)
{
	struct ports ports = {
		.first = control->config->media.rtp_port_min,
		.next = control->next_port_pair,
	};
	int rc;

	ports.pairs = (control->config->media.rtp_port_max - ports.first + 1u) / 2;
	rc = tess_store_publishers(control->store, NULL, take_of, &ports);
	if (rc)
		return rc;
	publisher->video_port = video ? find_free(&ports) : 0;
	publisher->audio_port = audio ? find_free(&ports) : 0;
	if ((video && !publisher->video_port) || (audio && !publisher->audio_port))
		return -EADDRNOTAVAIL;
	control->next_port_pair = ports.next;
	return 0;
}

static int enter(struct tess_control *control, struct tess_publisher *publisher, bool video,
		 bool audio)
{
	struct tess_application application;
	int rc;

	rc = tess_store_application_get(control->store, &application, publisher->room.sdk_app_id);
	if (rc)
		return rc;
	rc = tess_store_publisher_is(control->store, &publisher->room, publisher->user,
				     publisher->stream_type);
	if (rc)
		return rc < 0 ? rc : -EEXIST;
	rc = tess_publication_name(control, publisher, &application);
	if (!rc)
		rc = allocate(control, publisher, video, audio);
	if (rc)
		return rc;
	publisher->entered_us = tess_control_utc_us(control);
	rc = tess_store_publisher_add(control->store, publisher);
	return rc ? rc : tess_user_records_enter(control, publisher);
}

int tess_rooms_enter(struct tess_control *control, struct tess_publisher *publisher, bool video,
		     bool audio)
{
	int rc = tess_store_begin(control->store);

	if (rc)
		return rc;
	rc = tess_store_finish(control->store, enter(control, publisher, video, audio));
	if (rc)
		return rc;
	TESS_INFO("user.enter", "app=%u room=%s user=%s stream_type=%s", publisher->room.sdk_app_id,
		  publisher->room.id, publisher->user, publisher->stream_type);
	tess_control_changed(control);
	return 0;
}

/* Does the user still send anything in the room? */
static int is_there(struct tess_control *control, const struct tess_cloud_room *room,
		    const char *user)
{
	int rc = tess_store_publisher_is(control->store, room, user, "main");

	return rc ? rc : tess_store_publisher_is(control->store, room, user, "aux");
}

/* The mix ends with the last user of the room, and with the user that started it. */
static int end_if_over(struct tess_control *control, const struct tess_cloud_room *room)
{
	struct tess_mix mix;
	int64_t users = 0;
	int rc = tess_store_mix_find(control->store, &mix, room);

	if (rc)
		return rc == -ENOENT ? 0 : rc;
	rc = tess_store_room_users(control->store, room, &users);
	if (!rc && users && *mix.starter)
		rc = is_there(control, room, mix.starter);
	else if (!rc)
		rc = users != 0;
	return rc ? (rc < 0 ? rc : 0) : tess_rooms_mix_stop(control, room);
}

int tess_rooms_leave(struct tess_control *control, const struct tess_cloud_room *room,
		     const char *user, const char *stream_type)
{
	int rc = tess_store_begin(control->store);

	if (rc)
		return rc;
	rc = tess_store_recordings_leave(control->store, room, user, stream_type,
					 tess_control_utc_us(control));
	if (!rc)
		rc = tess_store_publisher_leave(control->store, room, user, stream_type);
	if (!rc)
		rc = end_if_over(control, room);
	rc = tess_store_finish(control->store, rc);
	if (rc)
		return rc;
	TESS_INFO("user.leave", "app=%u room=%s user=%s stream_type=%s", room->sdk_app_id, room->id,
		  user, stream_type ? stream_type : "all");
	tess_control_changed(control);
	return 0;
}

int tess_rooms_dismiss(struct tess_control *control, const struct tess_cloud_room *room)
{
	int rc = tess_store_begin(control->store);

	if (rc)
		return rc;
	rc = tess_store_recordings_leave(control->store, room, NULL, NULL,
					 tess_control_utc_us(control));
	if (!rc)
		rc = tess_store_room_clear(control->store, room);
	if (!rc)
		rc = end_if_over(control, room);
	rc = tess_store_finish(control->store, rc);
	if (rc)
		return rc;
	TESS_INFO("room.dismiss", "app=%u room=%s", room->sdk_app_id, room->id);
	tess_control_changed(control);
	return 0;
}

struct idle {
	struct tess_control *control;
	int64_t limit_ms;
	struct tess_publisher found;
};

static int find_idle(void *arg, const struct tess_publisher *row)
{
	struct idle *idle = arg;
	const json_t *fact = tess_facts_publisher(idle->control->facts, row->id);

	if (!fact || json_integer_value(json_object_get(fact, "idle_ms")) < idle->limit_ms)
		return 0;
	idle->found = *row;
	return 1;
}

void tess_rooms_leave_idle(struct tess_control *control)
{
	struct idle idle = {
		.control = control,
		.limit_ms = (int64_t)control->config->media.idle_leave_s * 1000,
	};
	int rc;

	if (!idle.limit_ms)
		return;
	/* a list must not change below its callback: one at a time */
	while ((rc = tess_store_publishers(control->store, NULL, find_idle, &idle)) == 1) {
		TESS_INFO("user.idle", "app=%u room=%s user=%s", idle.found.room.sdk_app_id,
			  idle.found.room.id, idle.found.user);
		rc = tess_rooms_leave(control, &idle.found.room, idle.found.user,
				      idle.found.stream_type);
		if (rc)
			break;
	}
	if (rc)
		TESS_ERROR("user.idle", "error=\"%s\"", strerror(-rc));
}
