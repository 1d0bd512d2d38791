/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/window.c - FLV tags of a stream, made once.
 */
#include "firmware/egress/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hal/engine.h"

struct tess_window {
	struct tess_tag *tags[TESS_WINDOW_MAX_TAGS];
	uint64_t tail, head;
	uint64_t bytes;	    /* of all tags ever added */
	uint64_t lag_bytes; /* how far behind the newest key frame a viewer may be */
	uint64_t key;	    /* number of the newest key frame; valid if it is held */
	bool has_key;
	bool need_key;		  /* nothing can be decoded yet */
	struct tess_start *start; /* of the next key frame */
	struct tess_h264_config config;
	struct tess_stream_info info;
};

void tess_start_release(struct tess_start *start)
{
	if (!start || --start->references)
		return;
	for (unsigned i = 0; i < start->count; i++)
		tess_tag_release(start->tags[i]);
	free(start);
}

void tess_tag_release(struct tess_tag *tag)
{
	if (!tag || --tag->references)
		return;
	tess_start_release(tag->start);
	free(tag);
}

static struct tess_tag *tag_alloc(enum tess_flv_type type, size_t length)
{
	struct tess_tag *tag = malloc(sizeof(*tag) + length);

	if (!tag)
		return NULL;
	*tag = (struct tess_tag){.references = 1, .type = type, .length = (uint32_t)length};
	return tag;
}

/** @retval 0, -ENOMEM */
static int start_add(struct tess_start *start, enum tess_flv_type type, const uint8_t *data,
		     size_t length)
{
	struct tess_tag *tag = tag_alloc(type, length);

	if (!tag)
		return -ENOMEM;
	memcpy(tag->data, data, length);
	start->tags[start->count++] = tag;
	return 0;
}

static struct tess_start *start_alloc(const struct tess_stream_info *info,
				      const struct tess_h264_config *config)
{
	struct tess_start *start = calloc(1, sizeof(*start));
	uint8_t data[TESS_FLV_CONFIG_SIZE];
	size_t length;
	int rc;

	if (!start)
		return NULL;
	start->references = 1;
	tess_flv_header(data, info->has_video, info->has_audio);
	rc = start_add(start, 0, data, TESS_FLV_HEADER_SIZE);
	if (!rc) {
		length = tess_flv_put_metadata(data, info);
		rc = start_add(start, TESS_FLV_SCRIPT, data, length + TESS_FLV_TRAILER_SIZE);
	}
	if (!rc && info->has_video) {
		length = tess_flv_put_video_config(data, config);
		rc = start_add(start, TESS_FLV_VIDEO, data, length + TESS_FLV_TRAILER_SIZE);
	}
	if (!rc && info->has_audio) {
		length = tess_flv_put_audio_config(data, info);
		rc = start_add(start, TESS_FLV_AUDIO, data, length + TESS_FLV_TRAILER_SIZE);
	}
	if (rc) {
		tess_start_release(start);
		return NULL;
	}
	return start;
}

int tess_window_alloc(struct tess_window **windowp, uint64_t lag_bytes)
{
	struct tess_window *window = calloc(1, sizeof(*window));

	if (!window)
		return -ENOMEM;
	window->lag_bytes = lag_bytes;
	window->need_key = true;
	*windowp = window;
	return 0;
}

static struct tess_tag **place_of(struct tess_window *window, uint64_t number)
{
	return &window->tags[number % TESS_WINDOW_MAX_TAGS];
}

static void drop_oldest(struct tess_window *window)
{
	if (window->tail == window->key)
		window->has_key = false;
	tess_tag_release(*place_of(window, window->tail));
	*place_of(window, window->tail) = NULL;
	window->tail++;
}

void tess_window_free(struct tess_window *window)
{
	if (!window)
		return;
	while (window->tail < window->head)
		drop_oldest(window);
	tess_start_release(window->start);
	free(window);
}

static bool same_info(const struct tess_stream_info *a, const struct tess_stream_info *b)
{
	return a->has_video == b->has_video && a->has_audio == b->has_audio &&
	       a->width == b->width && a->height == b->height && a->frame_rate == b->frame_rate &&
	       a->video_bitrate_bps == b->video_bitrate_bps && a->audio_rate == b->audio_rate &&
	       a->audio_channels == b->audio_channels &&
	       a->audio_config_length == b->audio_config_length &&
	       !memcmp(a->audio_config, b->audio_config, sizeof(a->audio_config));
}

void tess_window_begin(struct tess_window *window, const struct tess_stream_info *info)
{
	struct tess_stream_info begun = *info;

	begun.has_audio = info->has_audio && info->audio_codec == TESS_CODEC_AAC;
	window->need_key = true;
	/* a restart that changed nothing is none for a player's decoders */
	if (same_info(&begun, &window->info))
		return;
	window->info = begun;
	tess_start_release(window->start);
	window->start = NULL;
}

/** What is to be known before this key frame, made anew if it changed. @retval 0, -EBADMSG, -ENOMEM
 */
static int refresh_start(struct tess_window *window, const struct tess_au *au)
{
	struct tess_h264_config config = window->config;
	struct tess_stream_info info = window->info;
	struct tess_start *start;

	if (window->info.has_video) {
		int rc = tess_h264_config_from_au(&config, au->data, au->length);

		/* without parameter sets of its own it goes by those before, if there were any */
		if (rc && !(rc == -ENOENT && window->start))
			return -EBADMSG;
		if (!rc) {
			info.width = config.sps.width;
			info.height = config.sps.height;
		}
		if (window->start && config.avcc_length == window->config.avcc_length &&
		    !memcmp(config.avcc, window->config.avcc, config.avcc_length))
			return 0;
	} else if (window->start) {
		return 0;
	}
	start = start_alloc(&info, &config);
	if (!start)
		return -ENOMEM;
	tess_start_release(window->start);
	window->start = start;
	window->config = config;
	return 0;
}

/** Whether no other picture is predicted from this one (nal_ref_idc, ITU-T H.264 §7.4.1). */
static bool is_unreferenced(const struct tess_au *au)
{
	const uint8_t *nal, *at = au->data;
	bool slice = false;
	size_t length;

	if (au->track != TESS_TRACK_VIDEO || au->key)
		return false;
	while (tess_h264_next_nal(&nal, &length, &at, au->data + au->length) == 1) {
		unsigned type = nal[0] & 0x1f;

		if (type < 1 || type > TESS_H264_NAL_IDR)
			continue;
		if (nal[0] & 0x60)
			return false;
		slice = true;
	}
	return slice;
}

static void make_room(struct tess_window *window, uint64_t length)
{
	while (window->tail < window->head) {
		uint64_t behind =
			window->bytes + length - (*place_of(window, window->tail))->position;
		bool full = window->head - window->tail == TESS_WINDOW_MAX_TAGS ||
			    behind > TESS_WINDOW_MAX_BYTES;
		bool wanted = (window->has_key && window->tail >= window->key) ||
			      behind <= window->lag_bytes;

		if (wanted && !full)
			return;
		drop_oldest(window);
	}
}

int tess_window_add(struct tess_window *window, const struct tess_au *au)
{
	bool is_video = au->track == TESS_TRACK_VIDEO;
	bool begins = window->info.has_video ? is_video && au->key : !is_video;
	struct tess_tag *tag;
	int rc;

	if (is_video ? !window->info.has_video : !window->info.has_audio)
		return -EAGAIN;
	if (begins) {
		rc = refresh_start(window, au);
		if (rc)
			return rc;
	} else if (window->need_key) {
		return -EAGAIN;
	}
	tag = tag_alloc(is_video ? TESS_FLV_VIDEO : TESS_FLV_AUDIO,
			tess_flv_body_bytes(au) + TESS_FLV_TRAILER_SIZE);
	if (!tag)
		return -ENOMEM;
	rc = tess_flv_put_au(tag->data, au);
	if (rc) {
		tess_tag_release(tag);
		return rc;
	}
	make_room(window, tag->length);
	window->need_key = false;
	tag->dts_ms = au->dts_us / 1000;
	tag->unreferenced = is_unreferenced(au);
	tag->position = window->bytes;
	if (begins) {
		tag->start = window->start;
		tag->start->references++;
		window->key = window->head;
		window->has_key = true;
	}
	*place_of(window, window->head++) = tag;
	window->bytes += TESS_FLV_TAG_HEADER_SIZE + tag->length;
	return 0;
}

uint64_t tess_window_head(const struct tess_window *window)
{
	return window->head;
}

uint64_t tess_window_bytes(const struct tess_window *window)
{
	return window->bytes;
}

const struct tess_tag *tess_window_tag(const struct tess_window *window, uint64_t number)
{
	if (number < window->tail || number >= window->head)
		return NULL;
	return window->tags[number % TESS_WINDOW_MAX_TAGS];
}

int tess_window_key(const struct tess_window *window, uint64_t *number)
{
	if (!window->has_key)
		return -ENOENT;
	*number = window->key;
	return 0;
}
