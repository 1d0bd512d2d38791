/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/mix_field.c - the parameters of a mix by our names.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "firmware/control/api/mix_body.h"

static const struct name {
	const char *theirs, *ours;
} NAMES[] = {
	{"OutputParams.StreamId", "stream_id"},
	{"OutputParams.RecordId", "record_id"},
	{"EncodeParams.VideoWidth", "video.width"},
	{"EncodeParams.VideoHeight", "video.height"},
	{"EncodeParams.VideoBitrate", "video.bitrate_kbps"},
	{"EncodeParams.VideoFramerate", "video.frame_rate"},
	{"EncodeParams.VideoGop", "video.gop_s"},
	{"EncodeParams.BackgroundColor", "video.background"},
	{"EncodeParams.BackgroundImageId", "video.background_image.id"},
	{"EncodeParams.BackgroundImageUrl", "video.background_image.url"},
	{"EncodeParams.AudioSampleRate", "audio.sample_rate"},
	{"EncodeParams.AudioBitrate", "audio.bitrate_kbps"},
	{"EncodeParams.AudioChannels", "audio.channels"},
	{"LayoutParams.Template", "layout.template"},
	{"LayoutParams.RenderMode", "layout.render"},
	{"LayoutParams.PureAudioHoldPlaceMode", "layout.pure_audio_hold_place"},
	{"LayoutParams.MixVideoUids", "layout.users"},
	{"LayoutParams.MainVideoUserId", "layout.big.user"},
	{"LayoutParams.MainVideoStreamType", "layout.big.stream_type"},
	{"LayoutParams.MainVideoRightAlign", "layout.big_right"},
	{"LayoutParams.WaterMarkParams.WaterMarkId", "layout.water_mark.id"},
	{"LayoutParams.WaterMarkParams.WaterMarkUrl", "layout.water_mark.url"},
	{"LayoutParams.WaterMarkParams.LocationX", "layout.water_mark.x"},
	{"LayoutParams.WaterMarkParams.LocationY", "layout.water_mark.y"},
	{"LayoutParams.WaterMarkParams.WaterMarkWidth", "layout.water_mark.width"},
	{"LayoutParams.WaterMarkParams.WaterMarkHeight", "layout.water_mark.height"},
};

/* Of SmallVideoLayoutParams and of each PresetLayoutConfig. */
static const struct name PLACE[] = {
	{"UserId", "user"},	   {"StreamType", "stream_type"}, {"LocationX", "x"},
	{"LocationY", "y"},	   {"ImageWidth", "width"},	  {"ImageHeight", "height"},
	{"ZOrder", "z"},	   {"RenderMode", "render"},	  {"MixInputType", "input"},
	{"PlaceImageId", "image"},
};

static const char *find(const struct name *names, size_t count, const char *theirs)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(names[i].theirs, theirs))
			return names[i].ours;
	}
	return NULL;
}

/* "layout." and the place; a member that we do not have is its place's fault. */
static int put_place(char *field, const char *place, const char *member)
{
	const char *ours = find(PLACE, sizeof(PLACE) / sizeof(PLACE[0]), member);

	(void)snprintf(field, TESS_MIX_FIELD_MAX, "layout.%s%s%s", place, ours ? "." : "",
		       ours ? ours : "");
	return 0;
}

int tess_mix_field(char field[TESS_MIX_FIELD_MAX], const char *parameter)
{
	static const char small[] = "LayoutParams.SmallVideoLayoutParams.";
	static const char presets[] = "LayoutParams.PresetLayoutConfig";
	const char *ours = find(NAMES, sizeof(NAMES) / sizeof(NAMES[0]), parameter), *index;
	unsigned number;
	int length = 0;
	char place[32];

	if (ours) {
		(void)stpcpy(field, ours);
		return 0;
	}
	if (!strncmp(parameter, small, sizeof(small) - 1))
		return put_place(field, "small", parameter + sizeof(small) - 1);
	if (strncmp(parameter, presets, sizeof(presets) - 1) != 0)
		return -ENOENT;
	index = parameter + sizeof(presets) - 1;
	/* NOLINTNEXTLINE(cert-err34-c): an index that the check wrote */
	if (sscanf(index, ".%u.%n", &number, &length) != 1 || !length)
		return put_place(field, "presets", "");
	(void)snprintf(place, sizeof(place), "presets.%u", number);
	return put_place(field, place, index + length);
}
