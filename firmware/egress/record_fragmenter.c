/* SPDX-License-Identifier: GPL-3.0-or-later
 * Access units to fragments.
 */
#include "firmware/egress/record_fragmenter.h"

#include <errno.h>
#include <string.h>

#include "firmware/base/log.h"
#include "hal/engine.h"

/** Sound alone does not end a fragment until the picture is this late. */
#define WAIT_FOR_VIDEO_US 500000
/** A stream that comes back within this has lost nothing, unless it says so. */
#define MAX_UNMARKED_US 250000
/** A distance of samples that is believed when the last one's duration is guessed. */
#define MAX_DISTANCE_US 2000000

void tess_fragmenter_init(struct tess_fragmenter *f, int64_t fragment_us,
			  void (*emit)(void *arg, struct tess_fragment_bytes *fragment), void *arg)
{
	*f = (struct tess_fragmenter){.fragment_us = fragment_us, .emit = emit, .arg = arg};
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++)
		f->track[i].description = 1;
}

void tess_fragmenter_free(struct tess_fragmenter *f)
{
	tess_record_state_free(&f->state);
	tess_fragment_free(&f->fragment);
}

static bool is_kept(const struct tess_stream_info *info)
{
	return info->audio_codec == TESS_CODEC_AAC || info->audio_codec == TESS_CODEC_MP3;
}

static void take_audio_config(struct tess_fragmenter *f, const struct tess_stream_info *info)
{
	struct tess_mp4_track parsed;

	if (!info->has_audio || !is_kept(info) ||
	    info->audio_config_length > sizeof(info->audio_config) ||
	    tess_mp4_audio_track(&parsed, info->audio_config, info->audio_config_length))
		return;
	f->audio_config = parsed.description;
}

static int begin_tracks(struct tess_mp4_track tracks[TESS_MP4_TRACKS],
			const struct tess_stream_info *info, const struct tess_au *au)
{
	struct tess_h264_config config;
	int error;

	if (info->has_video) {
		if (au->track != TESS_TRACK_VIDEO || !au->key)
			return -EAGAIN;
		error = tess_h264_config_from_au(&config, au->data, au->length);
		if (error)
			return error == -ENOTSUP ? error : -EAGAIN;
		if (tess_mp4_video_track(&tracks[0], config.avcc, config.avcc_length))
			return -EAGAIN;
	}
	if (info->has_audio &&
	    (!is_kept(info) || info->audio_config_length > sizeof(info->audio_config) ||
	     tess_mp4_audio_track(&tracks[1], info->audio_config, info->audio_config_length)))
		return -ENOTSUP;
	return info->has_video || info->has_audio ? 0 : -ENOTSUP;
}

int tess_fragmenter_begin(struct tess_fragmenter *f, const struct tess_stream_info *info,
			  const struct tess_au *au, int64_t created_utc_us, struct tess_bytes *head)
{
	struct tess_mp4_track tracks[TESS_MP4_TRACKS] = {0};
	int error = begin_tracks(tracks, info, au);

	if (error)
		return error;
	tess_fmp4_put_head(head, tracks, created_utc_us);
	if (head->failed)
		return -ENOMEM;
	error = tess_record_state_init(&f->state, head->data, head->length);
	if (error)
		return error;
	tess_timeline_init(&f->timeline, au->dts_us);
	take_audio_config(f, info);
	return 0;
}

void tess_fragmenter_resume(struct tess_fragmenter *f, const struct tess_record_state *state,
			    int64_t origin_us)
{
	f->state = *state;
	f->resumed = true;
	tess_timeline_init(&f->timeline, origin_us);
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		if (!state->track[i].begun)
			continue;
		f->track[i].description = (uint8_t)state->track[i].count;
		f->track[i].distance = state->track[i].last_duration;
		tess_timeline_resume(&f->timeline, TESS_TRACK_VIDEO + i,
				     tess_record_state_last_us(state, TESS_TRACK_VIDEO + i));
	}
	if (state->tracks[1].timescale)
		f->audio_config = state->track[1].list[f->track[1].description - 1];
}

void tess_fragmenter_stream_up(struct tess_fragmenter *f, const struct tess_stream_info *info,
			       bool lost)
{
	take_audio_config(f, info);
	f->resumed = true;
	f->heard_alone = !info->has_video;
	if (lost) {
		tess_timeline_mark_gap(&f->timeline);
		f->need_key = true;
	}
}

/** What a unit is dropped for leaves a hole that only a key frame ends. */
static void lose(struct tess_fragmenter *f, enum tess_track track)
{
	tess_timeline_mark_gap(&f->timeline);
	if (track == TESS_TRACK_VIDEO)
		f->need_key = true;
}

/** The last picture is shown as long as the fragment has sound: players of HLS stop where a track
 * has nothing. Durations of both tracks' last samples. */
static uint32_t until_sound_ends(const struct tess_fragmenter *f, uint32_t duration,
				 uint32_t of_sound)
{
	const struct tess_fragment_run *video = &f->fragment.runs[0], *sound = &f->fragment.runs[1];
	uint64_t end;

	if (!video->count || !sound->count)
		return duration;
	end = tess_mp4_ticks(tess_mp4_us(sound->last_dts + of_sound, f->state.tracks[1].timescale),
			     f->state.tracks[0].timescale);
	return end > video->last_dts + duration && end - video->last_dts <= UINT32_MAX
		       ? (uint32_t)(end - video->last_dts)
		       : duration;
}

/** End the fragment; @p goes_on: with a picture, so that the last one's duration is known. */
static void cut(struct tess_fragmenter *f, bool goes_on)
{
	struct tess_fragment_bytes out = {0};
	uint32_t guess[TESS_MP4_TRACKS];
	struct tess_moof moof;
	int error;

	if (!tess_fragment_samples(&f->fragment))
		return;
	f->fragment.sequence = f->state.sequence + 1;
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		struct tess_fragment_run *run = &f->fragment.runs[i];

		run->description = f->track[i].description;
		run->fresh = f->track[i].fresh.length ? &f->track[i].fresh : NULL;
		guess[i] = f->track[i].distance;
		if (!guess[i])
			guess[i] = i ? 1024 : TESS_MP4_VIDEO_TIMESCALE / 15;
	}
	if (!goes_on)
		guess[0] = until_sound_ends(f, guess[0], guess[1]);
	tess_fragment_put_moof(&f->fragment, guess, &out.moof);
	error = out.moof.failed ? -ENOMEM : 0;
	/* read it the way recovery will, so that nothing is written that it would not take */
	if (!error)
		error = tess_moof_parse(&moof, out.moof.data, out.moof.length - 8);
	if (!error)
		error = tess_record_state_apply(&f->state, &moof, f->state.media_end);
	if (error) {
		TESS_ERROR("record.fragment_lost", "error=%s", strerror(-error));
		tess_bytes_free(&out.moof);
		lose(f, TESS_TRACK_VIDEO);
	} else {
		for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
			if (f->fragment.runs[i].count)
				f->track[i].fresh.length = 0;
			out.payloads[i] = f->fragment.runs[i].payload;
			f->fragment.runs[i].payload = (struct tess_bytes){0};
		}
		f->emit(f->arg, &out);
	}
	tess_fragment_free(&f->fragment);
}

void tess_fragmenter_cut(struct tess_fragmenter *f)
{
	cut(f, false);
}

/** Have the samples from here on use this description; @p goes_on as for cut(). */
static void use_description(struct tess_fragmenter *f, enum tess_track track,
			    const struct tess_mp4_description *wanted, bool goes_on)
{
	unsigned i = tess_mp4_index_of(track), index;
	const struct tess_mp4_description *now =
		f->track[i].fresh.length ? &f->track[i].fresh
					 : &f->state.track[i].list[f->track[i].description - 1];

	if (now->length == wanted->length && memcmp(now->data, wanted->data, now->length) == 0)
		return;
	if (f->fragment.runs[i].count)
		cut(f, goes_on);
	index = tess_record_state_find(&f->state, track, wanted->data, wanted->length);
	if (index) {
		f->track[i].description = (uint8_t)index;
		f->track[i].fresh.length = 0;
	} else if (f->state.track[i].count < TESS_MP4_MAX_DESCRIPTIONS) {
		f->track[i].description = (uint8_t)(f->state.track[i].count + 1);
		f->track[i].fresh = *wanted;
	} /* else it goes on under the last one: parameter sets are in the samples too */
}

static void follow_description(struct tess_fragmenter *f, const struct tess_au *au, bool goes_on)
{
	struct tess_h264_config config;
	struct tess_mp4_description wanted;

	if (au->track == TESS_TRACK_AUDIO) {
		use_description(f, TESS_TRACK_AUDIO, &f->audio_config, goes_on);
		return;
	}
	if (!au->key || tess_h264_config_from_au(&config, au->data, au->length))
		return;
	wanted.length = config.avcc_length;
	memcpy(wanted.data, config.avcc, config.avcc_length);
	use_description(f, TESS_TRACK_VIDEO, &wanted, goes_on);
}

static bool fragment_is_over(const struct tess_fragmenter *f, const struct tess_au *au,
			     const struct tess_timeline_place *place)
{
	int64_t age_us = place->dts_us - f->begin_us;

	if (place->gap_us ||
	    au->length > TESS_FMP4_MAX_FRAGMENT_BYTES - tess_fragment_bytes(&f->fragment) ||
	    tess_fragment_samples(&f->fragment) == TESS_FMP4_MAX_SAMPLES)
		return true;
	if (au->track == TESS_TRACK_VIDEO && au->key && age_us >= f->fragment_us * 3 / 4)
		return true;
	if (au->track == TESS_TRACK_AUDIO && f->fragment.runs[0].count)
		age_us -= WAIT_FOR_VIDEO_US;
	return age_us >= f->fragment_us;
}

/** After a stream came up, more than a few pictures missing are a gap even if nobody says so. */
static void check_resumed(struct tess_fragmenter *f, const struct tess_au *au)
{
	int64_t last_us = tess_timeline_last_media_us(&f->timeline);

	/* pictures that have ended do not go on */
	if (f->heard_alone && f->timeline.tracks[1].begun)
		last_us = f->timeline.origin_us + f->timeline.tracks[1].last_us;
	if (f->resumed && last_us != INT64_MIN && au->dts_us > last_us + MAX_UNMARKED_US)
		tess_timeline_mark_gap(&f->timeline);
}

/** Ticks of the newest sample of a track. */
static bool last_ticks(const struct tess_fragmenter *f, unsigned i, uint64_t *ticks)
{
	*ticks = f->fragment.runs[i].count ? f->fragment.runs[i].last_dts
					   : f->state.track[i].last_dts;
	return f->fragment.runs[i].count || f->state.track[i].begun;
}

int tess_fragmenter_add(struct tess_fragmenter *f, const struct tess_au *au)
{
	unsigned i = tess_mp4_index_of(au->track);
	uint32_t timescale = f->state.tracks[i].timescale;
	struct tess_timeline_place place;
	uint64_t ticks, last;
	bool goes_on;
	int error;

	if (!timescale || !au->length)
		return -EINVAL;
	if (au->discontinuity)
		f->need_key = true;
	if (au->track == TESS_TRACK_VIDEO && f->need_key && !au->key) {
		tess_timeline_mark_gap(&f->timeline);
		return -EAGAIN;
	}
	check_resumed(f, au);
	error = tess_timeline_place(&f->timeline, au, &place);
	if (error)
		return error;
	ticks = tess_mp4_ticks(place.dts_us, timescale);
	if (last_ticks(f, i, &last)) {
		if (ticks <= last)
			return -ESTALE;
		if (ticks - last > UINT32_MAX)
			return -EINVAL;
		if (!place.gap_us && tess_mp4_us(ticks - last, timescale) <= MAX_DISTANCE_US)
			f->track[i].distance = (uint32_t)(ticks - last);
	}
	goes_on = au->track == TESS_TRACK_VIDEO && !place.gap_us;
	follow_description(f, au, goes_on);
	if (tess_fragment_samples(&f->fragment) && fragment_is_over(f, au, &place))
		cut(f, goes_on);
	if (!tess_fragment_samples(&f->fragment))
		f->begin_us = place.dts_us;
	error = tess_fragment_add(&f->fragment, au->track, ticks,
				  (uint32_t)(tess_mp4_ticks(place.pts_us, timescale) - ticks),
				  au->key, au->data, au->length);
	if (error) {
		lose(f, au->track);
		return error == -EMSGSIZE ? -EINVAL : error;
	}
	if (place.gap_us)
		f->fragment.gap_us = (uint64_t)place.gap_us;
	if (au->track == TESS_TRACK_VIDEO)
		f->need_key = false;
	f->resumed = false;
	return 0;
}

int64_t tess_fragmenter_end_us(const struct tess_fragmenter *f)
{
	int64_t end_us = tess_record_state_duration_us(&f->state);

	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		const struct tess_fragment_run *run = &f->fragment.runs[i];
		int64_t run_us;

		if (!run->count)
			continue;
		run_us = tess_mp4_us(run->last_dts + f->track[i].distance,
				     f->state.tracks[i].timescale);
		if (run_us > end_us)
			end_us = run_us;
	}
	return end_us;
}
