/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/events.c - see events.h. The fields are those of the cloud's live
 * recording.
 */
#include "firmware/control/jobs/events.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/control/api/address.h"
#include "firmware/control/cloud/digest.h"
#include "firmware/control/store/callbacks.h"
#include "firmware/control/text.h"

/* how long an address in a callback is good when the file never expires */
#define ADDRESS_LIFE_S (10LL * 366 * 86400)

/* Takes the reference. */
static int add(struct tess_control *control, const struct tess_recording *recording, int event_type,
	       json_t *body)
{
	struct tess_callback callback = {
		.application = recording->room.sdk_app_id,
		.recording = recording->id,
		.event_type = event_type,
		.created_us = tess_control_utc_us(control),
	};
	size_t length;

	if (!body)
		return -ENOMEM;
	length = json_dumpb(body, callback.body, sizeof(callback.body) - 1, JSON_COMPACT);
	json_decref(body);
	if (!length || length >= sizeof(callback.body))
		return -ENOMEM;
	callback.next_us = callback.created_us;
	tess_text_copy(callback.url, sizeof(callback.url), recording->settings.callback_url);
	tess_text_copy(callback.key, sizeof(callback.key), recording->settings.callback_key);
	if (control->outbox)
		control->outbox(control->outbox_arg);
	return tess_store_callback_add(control->store, &callback);
}

/* What is recorded only has no stream id. */
static const char *stream_name(const struct tess_recording *recording)
{
	return *recording->stream_id ? recording->stream_id : recording->record_id;
}

/* The members that all have; "domain" or "app" is where the stream went to. */
static json_t *common(struct tess_control *control, const struct tess_recording *recording,
		      int event_type, const char *format)
{
	char host[320], application[32], task[48];

	tess_address_host(host, control);
	snprintf(application, sizeof(application), "trtc_%u", recording->room.sdk_app_id);
	snprintf(task, sizeof(task), "%lld_%s", (long long)recording->id, format);
	return json_pack("{si sI ss ss ss ss}", "event_type", event_type, "appid",
			 (json_int_t)recording->room.sdk_app_id, "appname", application,
			 event_type == TESS_EVENT_FILE ? "app" : "domain", host, "stream_id",
			 stream_name(recording), "task_id", task);
}

static int merge(json_t *to, json_t *more)
{
	int rc = !to || !more || json_object_update(to, more) ? -ENOMEM : 0;

	json_decref(more);
	return rc;
}

/* As the query of a push: who was recorded. A mix is nobody's. */
static void stream_param(char *text, size_t size, const struct tess_recording *recording)
{
	char user[TESS_BASE64_SIZE(TESS_CLOUD_MAX_USER)];

	tess_base64_encode(user, recording->user, strlen(recording->user));
	snprintf(text, size,
		 "from=interactive&client_business_type=0&sdkappid=%u&sdkapptype=1&groupid=%s"
		 "&userid=%s&ts=%llx&userdefinerecordid=%s&roomid=%s&useMixPlayer=1",
		 recording->room.sdk_app_id, recording->room.id, user,
		 (unsigned long long)(recording->created_us / 1000000), recording->record_id,
		 recording->room.id);
}

static int address_of(char url[TESS_FILE_URL_MAX], struct tess_control *control,
		      const struct tess_file *file)
{
	int64_t life_s = ADDRESS_LIFE_S;

	if (file->expires_us)
		life_s = (file->expires_us - tess_control_utc_us(control)) / 1000000;
	return tess_address_media_file(url, control, NULL, file, life_s);
}

int tess_events_file(struct tess_control *control, const struct tess_recording *recording,
		     const struct tess_file *file)
{
	char url[TESS_FILE_URL_MAX], id[24], video_id[64], param[640], hash[TESS_SHA256_HEX];
	json_t *body;
	int rc;

	if (!*recording->settings.callback_url)
		return 0;
	snprintf(id, sizeof(id), "%lld", (long long)file->id);
	rc = address_of(url, control, file);
	if (!rc)
		rc = tess_sha256_hex(hash, id, strlen(id));
	if (rc)
		return rc;
	snprintf(video_id, sizeof(video_id), "%u_%.32s", file->application, hash);
	stream_param(param, sizeof(param), recording);
	body = common(control, recording, TESS_EVENT_FILE, file->format);
	rc = merge(body,
		   json_pack("{ss sI sI sI sI sI ss ss ss sI ss ss si si ss}", "channel_id",
			     stream_name(recording), "start_time",
			     (json_int_t)(file->start_us / 1000000), "start_time_usec",
			     (json_int_t)(file->start_us % 1000000), "end_time",
			     (json_int_t)(file->end_us / 1000000), "end_time_usec",
			     (json_int_t)(file->end_us % 1000000), "duration",
			     (json_int_t)((file->duration_us + 500000) / 1000000), "file_format",
			     file->format, "file_id", id, "record_file_id", id, "file_size",
			     (json_int_t)file->size_bytes, "video_id", video_id, "video_url", url,
			     "media_start_time", 0, "record_bps", 0, "stream_param", param));
	if (rc) {
		json_decref(body);
		return rc;
	}
	return add(control, recording, TESS_EVENT_FILE, body);
}

static int format_number(const char *format)
{
	static const char *const formats[] = {"flv", "hls", "mp4", "aac", "mp3"};

	for (int i = 0; i < 5; i++)
		if (!strcmp(formats[i], format))
			return i + 1;
	return 0;
}

static int add_status(struct tess_control *control, const struct tess_recording *recording,
		      const char *event, const char *format)
{
	int64_t now_us = tess_control_utc_us(control);
	/* 1: by a rule, here the application's mode; 5: by a call */
	bool by_rule =
		!strcmp(recording->cause, "automatic") || !strcmp(recording->cause, "specified");
	char detail[128];
	json_t *body;
	int rc;

	snprintf(detail, sizeof(detail),
		 "{\"file_format\":%d,\"record_bps\":0,\"start_model\":%d,\"record_content\":1,"
		 "\"source_type\":1,\"codec_temp_id\":0}",
		 format_number(format), by_rule ? 1 : 5);
	body = common(control, recording, TESS_EVENT_STATUS, format);
	rc = merge(body, json_pack("{sI ss ss sI ss}", "event_time", (json_int_t)(now_us / 1000000),
				   "record_event", event, "record_detail", detail, "seq",
				   (json_int_t)now_us, "session_id", recording->stream));
	if (rc) {
		json_decref(body);
		return rc;
	}
	return add(control, recording, TESS_EVENT_STATUS, body);
}

int tess_events_status(struct tess_control *control, const struct tess_recording *recording,
		       const char *event)
{
	char formats[sizeof(recording->settings.formats)], *rest = formats, *format;
	int rc = 0;

	if (!*recording->settings.callback_url)
		return 0;
	tess_text_copy(formats, sizeof(formats), recording->settings.formats);
	while (!rc && (format = strsep(&rest, " ")))
		rc = add_status(control, recording, event, format);
	return rc;
}

int tess_events_upload(struct tess_control *control, const struct tess_recording *recording,
		       const struct tess_upload *upload, const char *event)
{
	return *recording->settings.callback_url
		       ? add_status(control, recording, event, upload->format)
		       : 0;
}
