/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/vod_media.c - a file as the MediaInfo of VOD. Blocks that the box has
 * nothing for are left out.
 */
#include <stdio.h>
#include <string.h>

#include "firmware/control/api/address.h"
#include "firmware/control/api/vod.h"
#include "firmware/control/times.h"

/* MediaUrl is good as long as the file, or ten years. */
#define ADDRESS_LIFE_S (10LL * 366 * 86400)

static const char *category_of(const struct tess_file *file)
{
	return file->width ? "Video" : "Audio";
}

/* Who was recorded; a mix is nobody's. */
static json_t *users_of(const struct tess_control *control, const struct tess_file *file)
{
	struct tess_recording row;

	if (tess_store_recording_get(control->store, &row, file->recording) || !*row.user)
		return json_array();
	return json_pack("[s]", row.user);
}

static json_t *source_info(const struct tess_control *control, const struct tess_file *file)
{
	char host[TESS_HOST_MAX], path[32], start[32], end[32], task[24];

	tess_address_host(host, control);
	snprintf(path, sizeof(path), "trtc_%u", file->application);
	snprintf(task, sizeof(task), "%lld", (long long)file->recording);
	tess_time_text(start, file->start_us);
	tess_time_text(end, file->end_us);
	return json_pack("{ss ss s{ss ss ss ss ss} s{sI ss ss so}}", "SourceType", "Record",
			 "SourceContext", "", "LiveRecordInfo", "Domain", host, "Path", path,
			 "StreamId", file->stream_id, "RecordStartTime", start, "RecordEndTime",
			 end, "TrtcRecordInfo", "SdkAppId", (json_int_t)file->application, "RoomId",
			 file->room, "TaskId", task, "UserIds", users_of(control, file));
}

static json_t *basic_info(const struct tess_control *control, const struct tess_file *file)
{
	int64_t now_us = tess_control_utc_us(control), life_s = ADDRESS_LIFE_S;
	char created[32], expires[32] = "9999-12-31T23:59:59Z", url[TESS_FILE_URL_MAX];
	char cover[512];

	tess_time_text(created, file->created_us);
	if (file->expires_us) {
		tess_time_text(expires, file->expires_us);
		life_s = (file->expires_us - now_us) / 1000000;
	}
	*cover = 0;
	if (file->cover) {
		char path[160];

		tess_address_control(cover, control);
		if (tess_address_cover(path, control, file->id))
			return NULL;
		snprintf(cover + strlen(cover), sizeof(cover) - strlen(cover), "%s", path);
	}
	if (tess_address_media_file(url, control, NULL, file, life_s))
		return NULL;
	return json_pack("{ss ss ss ss ss si ss ss ss ss ss so ss ss s[] ss ss ss ss}", "Name",
			 file->name, "Description", "", "CreateTime", created, "UpdateTime",
			 created, "ExpireTime", expires, "ClassId", 0, "ClassName", "", "ClassPath",
			 "", "CoverUrl", cover, "Type", file->format, "MediaUrl", url, "SourceInfo",
			 source_info(control, file), "StorageRegion", TESS_VOD_REGION,
			 "StoragePath", file->path, "TagSet", "Vid", "", "Category",
			 category_of(file), "Status", "Normal", "StorageClass", "STANDARD");
}

static json_t *meta_data(const struct tess_file *file)
{
	double duration_s = (double)file->duration_us / 1e6;
	int64_t bitrate = duration_s > 0 ? (int64_t)((double)file->size_bytes * 8 / duration_s) : 0;
	json_t *video = json_array();

	if (file->width &&
	    json_array_append_new(video, json_pack("{si si ss}", "Width", file->width, "Height",
						   file->height, "Codec", "h264"))) {
		json_decref(video);
		return NULL;
	}
	return json_pack(
		"{sI ss sI si si sf si so s[{ss}] sf sf}", "Size", (json_int_t)file->size_bytes,
		"Container", file->format, "Bitrate", (json_int_t)bitrate, "Height", file->height,
		"Width", file->width, "Duration", duration_s, "Rotate", 0, "VideoStreamSet", video,
		"AudioStreamSet", "Codec", !strcmp(file->format, "mp3") ? "mp3" : "aac",
		"VideoDuration", file->width ? duration_s : 0, "AudioDuration", duration_s);
}

json_t *tess_vod_media_info(const struct tess_control *control, const struct tess_file *file,
			    unsigned blocks)
{
	char id[24];
	json_t *info;

	snprintf(id, sizeof(id), "%lld", (long long)file->id);
	info = json_pack("{ss}", "FileId", id);
	if (((blocks & TESS_VOD_BASIC) &&
	     json_object_set_new(info, "BasicInfo", basic_info(control, file))) ||
	    ((blocks & TESS_VOD_META) && json_object_set_new(info, "MetaData", meta_data(file)))) {
		json_decref(info);
		return NULL;
	}
	return info;
}
