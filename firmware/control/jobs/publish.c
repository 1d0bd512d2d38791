/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/publish.c - see publish.h.
 */
#include "firmware/control/jobs/publish.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/control/cloud/form.h"
#include "firmware/control/cloud/stream_name.h"
#include "firmware/control/cloud/usersig.h"
#include "firmware/control/jobs/guard.h"
#include "firmware/control/jobs/rooms.h"
#include "firmware/control/text.h"

/* What a publisher is told; the code decides whether coming again makes sense. */
struct verdict {
	const char *code; /* NULL: it may */
	char message[160];
};

static bool refuse(struct verdict *verdict, const char *code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* @return false, for whoever says whether all is well */
static bool refuse(struct verdict *verdict, const char *code, const char *format, ...)
{
	va_list arguments;

	verdict->code = code;
	va_start(arguments, format);
	(void)vsnprintf(verdict->message, sizeof(verdict->message), format, arguments);
	va_end(arguments);
	return false;
}

/* By a UserSig, as every user enters. */
static bool has_usersig(const struct tess_control *control,
			const struct tess_application *application, const char *user,
			const char *usersig, struct verdict *verdict)
{
	int64_t now_s = tess_control_utc_us(control) / 1000000;

	switch (tess_usersig_verify(usersig, application->usersig_key, application->id, user,
				    now_s)) {
	case 0:
		return true;
	case -EKEYREJECTED:
		return refuse(verdict, "denied", "The UserSig was made with another key.");
	case -EPERM:
		return refuse(verdict, "denied", "The UserSig is of another user or application.");
	case -EKEYEXPIRED:
		return refuse(verdict, "denied", "The UserSig is not valid at this time.");
	default:
		return refuse(verdict, "denied", "The UserSig cannot be read.");
	}
}

/* By a key of the application's push domains. What is signed is the name that the stream has by the
 * rule, whatever name it is given: that says the room and the user. */
static bool has_push_key(struct tess_control *control, const struct tess_publisher *row,
			 const char *query, struct verdict *verdict)
{
	char name[TESS_STREAM_NAME_MAX + 1];
	int rc = tess_stream_name(name, TESS_NAME_RULE_PLAIN, &row->room, row->user,
				  row->stream_type, 0);

	if (!rc)
		rc = tess_guard_push(control, row->room.sdk_app_id, name, query);
	if (rc < 0)
		TESS_ERROR("user.publish", "error=\"%s\"", strerror(-rc));
	return rc > 0 || refuse(verdict, "denied",
				"txSecret and txTime are not right for this address, or over.");
}

static bool is_authorized(struct tess_control *control, const struct tess_application *application,
			  const struct tess_publisher *row, const struct tess_form *form,
			  const char *query, struct verdict *verdict)
{
	const char *usersig = tess_form_get(form, "usersig");

	if (usersig && *usersig)
		return has_usersig(control, application, row->user, usersig, verdict);
	if (tess_form_get(form, "txSecret"))
		return has_push_key(control, row, query, verdict);
	return refuse(verdict, "denied", "usersig is missing, or txSecret and txTime.");
}

static const char *text_of(const json_t *message, const char *name)
{
	const char *text = json_string_value(json_object_get(message, name));

	return text ? text : "";
}

/* Room and user as the message has them. */
static bool read_place(const json_t *message, struct tess_publisher *row, struct verdict *verdict)
{
	const char *room = text_of(message, "room"), *user = text_of(message, "user");
	json_int_t app = json_integer_value(json_object_get(message, "app"));
	bool is_string = !strcmp(text_of(message, "room_type"), "string");

	row->room.sdk_app_id = app > 0 && app <= UINT32_MAX ? (uint32_t)app : 0;
	row->room.type = is_string ? TESS_ROOM_ID_STRING : TESS_ROOM_ID_NUMBER;
	if (!tess_cloud_room_id_valid(row->room.type, room))
		return refuse(verdict, "bad_name",
			      is_string
				      ? "The room must be a text of 1 to 64 letters, digits, "
					"blanks and !#$%%&()+-:;<=.>?@[]^_{}|~,"
				      : "The room must be 1 to 4294967294 (for a text: strroom).");
	if (!tess_user_id_valid(user))
		return refuse(verdict, "bad_name",
			      "The user must be 1 to 32 letters, digits, '_' and '-'.");
	tess_text_copy(row->room.id, sizeof(row->room.id), room);
	tess_text_copy(row->user, sizeof(row->user), user);
	tess_text_copy(row->stream_type, sizeof(row->stream_type), "main");
	row->rtmp = TESS_RTMP_SENDS_VIDEO | TESS_RTMP_SENDS_AUDIO;
	return true;
}

/* The names that were given at entry. */
static bool read_names(const struct tess_form *form, struct tess_publisher *row,
		       struct verdict *verdict)
{
	const char *stream_id = tess_form_get(form, "stream_id");
	const char *record_id = tess_form_get(form, "record_id");

	if (stream_id && *stream_id && !tess_stream_id_valid(stream_id))
		return refuse(verdict, "bad_name",
			      "stream_id must be 1 to 64 bytes without blanks and /?#&\".");
	if (record_id && *record_id && !tess_record_id_valid(record_id))
		return refuse(verdict, "bad_name",
			      "record_id must be 1 to 64 letters, digits, '_' and '-'.");
	tess_text_copy(row->stream_id, sizeof(row->stream_id), stream_id ? stream_id : "");
	tess_text_copy(row->record_id, sizeof(row->record_id), record_id ? record_id : "");
	return true;
}

/* Who publishes by RTMP, and whether this user sends already. */
struct others {
	const struct tess_publisher *row;
	unsigned all, application;
	int64_t by_rtmp; /* the user's publisher, 0: none */
	bool by_rtp;
};

static int note_other(void *arg, const struct tess_publisher *row)
{
	struct others *others = arg;
	const struct tess_publisher *wanted = others->row;

	others->all += row->rtmp != 0;
	others->application += row->rtmp && row->room.sdk_app_id == wanted->room.sdk_app_id;
	if (row->room.sdk_app_id == wanted->room.sdk_app_id &&
	    row->room.type == wanted->room.type && !strcmp(row->room.id, wanted->room.id) &&
	    !strcmp(row->user, wanted->user) && !strcmp(row->stream_type, wanted->stream_type)) {
		others->by_rtp = !row->rtmp;
		others->by_rtmp = row->rtmp ? row->id : 0;
	}
	return 0;
}

/* @retval 0 see verdict; row->id is set if it may publish, or an error of the store */
static int enter(struct tess_control *control, struct tess_publisher *row, struct verdict *verdict)
{
	struct others others = {.row = row};
	int rc = tess_store_publishers(control->store, NULL, note_other, &others);

	if (rc)
		return rc;
	if (others.by_rtp) {
		refuse(verdict, "in_use", "The user sends to this room by RTP already.");
		return 0;
	}
	if (others.by_rtmp) {
		row->id = others.by_rtmp;
		TESS_INFO("user.publish_again", "app=%u room=%s user=%s publisher=%" PRId64,
			  row->room.sdk_app_id, row->room.id, row->user, row->id);
		return 0;
	}
	if (others.all >= TESS_PUBLISH_MAX || others.application >= TESS_PUBLISH_MAX_APPLICATION) {
		refuse(verdict, "full", "There are too many publishers by RTMP.");
		return 0;
	}
	rc = tess_rooms_enter(control, row, true, true);
	if (rc == -EADDRINUSE) {
		refuse(verdict, "in_use", "Another live stream has the name %.100s.",
		       row->stream_name);
		return 0;
	}
	return rc;
}

static int judge(struct tess_control *control, const json_t *message, struct tess_publisher *row,
		 struct verdict *verdict)
{
	const char *query = text_of(message, "query");
	struct tess_application application;
	struct tess_cloud_error error;
	struct tess_form form = {0};
	int rc;

	if (!read_place(message, row, verdict))
		return 0;
	rc = tess_form_parse(&form, query, strlen(query), &error);
	if (rc == -EINVAL) {
		refuse(verdict, "bad_name", "What stands behind '?' cannot be read.");
		return 0;
	}
	if (!rc)
		rc = tess_store_application_get(control->store, &application, row->room.sdk_app_id);
	if (rc == -ENOENT) {
		refuse(verdict, "denied", "There is no such application.");
		rc = 0;
	} else if (!rc && is_authorized(control, &application, row, &form, query, verdict) &&
		   read_names(&form, row, verdict)) {
		rc = enter(control, row, verdict);
	}
	tess_form_free(&form);
	return rc;
}

json_t *tess_publish_message(struct tess_control *control, const json_t *message)
{
	struct tess_publisher row = {0};
	struct verdict verdict = {0};
	int rc = judge(control, message, &row, &verdict);

	if (rc) {
		TESS_ERROR("user.publish", "error=\"%s\"", strerror(-rc));
		refuse(&verdict, "failed", "The box failed.");
	}
	return json_pack("{ss sI ss ss sI}", "type", "publish_answer", "request",
			 json_integer_value(json_object_get(message, "request")), "code",
			 verdict.code ? verdict.code : "", "message", verdict.message, "publisher",
			 (json_int_t)(verdict.code ? 0 : row.id));
}

struct search {
	int64_t id;
	struct tess_publisher found;
};

static int find(void *arg, const struct tess_publisher *row)
{
	struct search *search = arg;

	if (row->id != search->id || !row->rtmp)
		return 0;
	search->found = *row;
	return 1;
}

/* @return whether there is one of this id that comes by RTMP */
static bool find_publisher(struct tess_control *control, const json_t *message,
			   struct tess_publisher *row)
{
	struct search search = {.id = json_integer_value(json_object_get(message, "publisher"))};

	if (tess_store_publishers(control->store, NULL, find, &search) != 1)
		return false;
	*row = search.found;
	return true;
}

static unsigned sends_of(const json_t *message)
{
	unsigned sends =
		(json_is_true(json_object_get(message, "video")) ? TESS_RTMP_SENDS_VIDEO : 0) |
		(json_is_true(json_object_get(message, "audio")) ? TESS_RTMP_SENDS_AUDIO : 0);

	return sends ? sends : TESS_RTMP_SENDS_NOTHING;
}

static void set_sends(struct tess_control *control, const struct tess_publisher *row,
		      unsigned sends)
{
	int rc;

	if (row->rtmp == sends)
		return;
	rc = tess_store_publisher_sends(control->store, row->id, sends);
	if (rc)
		TESS_ERROR("user.publish", "error=\"%s\"", strerror(-rc));
	else
		tess_control_changed(control);
}

void tess_publish_tracks(struct tess_control *control, const json_t *message)
{
	struct tess_publisher row;

	if (find_publisher(control, message, &row))
		set_sends(control, &row, sends_of(message));
}

static void leave(struct tess_control *control, const struct tess_publisher *row)
{
	int rc = tess_rooms_leave(control, &row->room, row->user, row->stream_type);

	if (rc)
		TESS_ERROR("user.publish", "error=\"%s\"", strerror(-rc));
}

void tess_publish_end(struct tess_control *control, const json_t *message)
{
	struct tess_publisher row;

	/* one that was removed meanwhile is not there */
	if (find_publisher(control, message, &row))
		leave(control, &row);
}

/* The first whom egress does not know. */
struct lost {
	const json_t *told;
	int64_t entered_before_us;
	struct tess_publisher found;
};

static int find_lost(void *arg, const struct tess_publisher *row)
{
	struct lost *lost = arg;
	const json_t *object;
	size_t i;

	if (!row->rtmp || row->entered_us > lost->entered_before_us)
		return 0;
	json_array_foreach(lost->told, i, object)
	{
		if (json_integer_value(json_object_get(object, "publisher")) == row->id)
			return 0;
	}
	lost->found = *row;
	return 1;
}

void tess_publish_follow(struct tess_control *control)
{
	const json_t *told = tess_facts_member(control->facts, TESS_PROCESS_EGRESS, "publishers");
	int64_t before_us = tess_control_utc_us(control) - TESS_PUBLISH_GRACE_US;
	struct lost lost = {.told = told, .entered_before_us = before_us};
	const json_t *object;
	size_t i;

	json_array_foreach(told, i, object) tess_publish_tracks(control, object);
	if (tess_facts_since(control->facts, TESS_PROCESS_EGRESS) > before_us)
		return;
	/* a list must not change below its callback: one at a time */
	while (tess_store_publishers(control->store, NULL, find_lost, &lost) == 1) {
		TESS_INFO("user.lost", "app=%u room=%s user=%s", lost.found.room.sdk_app_id,
			  lost.found.room.id, lost.found.user);
		if (tess_rooms_leave(control, &lost.found.room, lost.found.user,
				     lost.found.stream_type))
			break;
	}
}
