/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/track.c - see track.h
 */
#include "pipeline/rtp/track.h"

#include <errno.h>
#include <stdlib.h>

#include "pipeline/rtp/clock.h"
#include "pipeline/rtp/feedback.h"
#include "pipeline/rtp/h264.h"
#include "pipeline/rtp/header.h"
#include "pipeline/rtp/jitter.h"
#include "pipeline/rtp/opus.h"
#include "pipeline/rtp/rtcp.h"
#include "pipeline/rtp/sequence.h"

struct tess_rtp_track {
	struct tess_rtp_track_config config;
	tess_rtp_au_handler *handler;
	void *arg;
	struct tess_rtp_counters counters;
	int64_t now_us; /* never goes back */
	struct tess_rtp_sequence sequence;
	struct tess_packet *held; /* the first of a sender that is not confirmed yet */
	struct tess_rtp_header held_header;
	/* a sender report can come before the first packet that it is about */
	bool early_report;
	struct tess_rtcp_sender_report report;
	int64_t report_us;
	struct tess_rtp_clock clock;
	struct tess_rtp_feedback feedback;
	uint32_t lost_before; /* packets given up in front of the next payload */
	bool discontinuity;   /* Opus: to tell with the next packet */
	struct tess_rtp_opus opus;
	struct tess_rtp_h264 h264;
	struct tess_rtp_jitter jitter;
};

static void give_h264(void *arg, const struct tess_rtp_h264_frame *frame)
{
	struct tess_rtp_track *track = arg;
	const struct tess_rtp_au au = {
		.data = frame->data,
		.length = frame->length,
		.media_us = tess_rtp_clock_map(&track->clock, frame->timestamp, track->now_us),
		.rtp_timestamp = frame->timestamp,
		.key = frame->key,
		.discontinuity = frame->discontinuity,
	};

	track->counters.access_units++;
	track->handler(track->arg, &au);
}

static void give_opus(struct tess_rtp_track *track, const uint8_t *payload, size_t length,
		      uint32_t timestamp, uint32_t lost)
{
	struct tess_rtp_au au = {
		.data = payload,
		.length = length,
		.rtp_timestamp = timestamp,
	};

	if (lost)
		track->discontinuity = true;
	if (tess_rtp_opus_push(&track->opus, payload, length, timestamp, lost, &au.lost_frames)) {
		track->counters.bad_depacketise++;
		track->discontinuity = true;
		return;
	}
	if (length > track->config.max_au_bytes) {
		track->counters.oversize++;
		track->discontinuity = true;
		return;
	}
	au.discontinuity = track->discontinuity;
	track->discontinuity = false;
	au.media_us = tess_rtp_clock_map(&track->clock, timestamp, track->now_us);
	track->counters.access_units++;
	track->handler(track->arg, &au);
}

/* Depacketise what is in order, or whose turn has come. */
static void drain(struct tess_rtp_track *track)
{
	struct tess_rtp_slot slot;
	uint32_t lost;

	while (tess_rtp_jitter_pop(&track->jitter, track->now_us, &slot, &lost)) {
		const uint8_t *payload = slot.packet->data + slot.payload_offset;

		track->counters.lost += lost;
		track->lost_before += lost;
		if (slot.payload_length > 0 || !slot.padded) { /* else a probe of the path */
			if (track->config.codec == TESS_CODEC_H264)
				tess_rtp_h264_push(&track->h264, payload, slot.payload_length,
						   slot.timestamp, slot.marker,
						   track->lost_before > 0);
			else
				give_opus(track, payload, slot.payload_length, slot.timestamp,
					  track->lost_before);
			track->lost_before = 0;
		}
		tess_packet_release(slot.packet);
	}
}

static bool use_report(struct tess_rtp_track *track, const struct tess_rtcp_sender_report *report,
		       int64_t arrival_us)
{
	tess_rtp_feedback_sender_report(&track->feedback, report->ntp, arrival_us);
	/* a sender without a wall clock says 0, RFC 3550 §6.4.1 */
	return report->ntp && tess_rtp_clock_report(&track->clock, report->rtp_timestamp,
						    tess_rtp_ntp_us(report->ntp), arrival_us);
}

static void on_sender_report(void *arg, const struct tess_rtcp_sender_report *report)
{
	struct tess_rtp_track *track = arg;

	if (!track->sequence.started || report->ssrc != track->sequence.ssrc) {
		track->early_report = true;
		track->report = *report;
		track->report_us = track->now_us;
	} else if (use_report(track, report, track->now_us)) {
		track->counters.sender_reports++;
	}
}

static void on_bye(void *arg, uint32_t ssrc)
{
	struct tess_rtp_track *track = arg;

	if (!track->sequence.started || ssrc != track->sequence.ssrc)
		return;
	tess_rtp_jitter_give_up(&track->jitter);
	drain(track);
	tess_rtp_sequence_bye(&track->sequence);
}

static void receive_rtcp(struct tess_rtp_track *track, struct tess_packet *packet)
{
	static const struct tess_rtcp_events events = {
		.sender_report = on_sender_report,
		.bye = on_bye,
	};

	if (tess_rtcp_parse(packet->data, packet->length, &events, track))
		track->counters.malformed++;
	tess_packet_release(packet);
}

/* A packet of the sender, in order of arrival. */
static void accept_packet(struct tess_rtp_track *track, struct tess_packet *packet,
			  const struct tess_rtp_header *header, int64_t extended)
{
	tess_rtp_feedback_packet(&track->feedback, header->ssrc, extended, header->timestamp,
				 packet->arrival_us);
	tess_rtp_jitter_make_room(&track->jitter, extended);
	drain(track);
	switch (tess_rtp_jitter_insert(&track->jitter, packet, header, extended)) {
	case TESS_RTP_STORED_REORDERED:
		track->counters.reordered++;
		break;
	case TESS_RTP_STORED:
		break;
	case TESS_RTP_DUPLICATE:
		track->counters.duplicate++;
		tess_packet_release(packet);
		return;
	case TESS_RTP_LATE:
		track->counters.late++;
		tess_packet_release(packet);
		return;
	}
	track->counters.packets++;
	track->counters.bytes += header->payload_length;
	tess_rtp_clock_arrival(&track->clock, header->timestamp, packet->arrival_us);
	if (track->early_report && track->report.ssrc == header->ssrc) {
		track->early_report = false;
		if (use_report(track, &track->report, track->report_us))
			track->counters.sender_reports++;
	}
	drain(track);
}

static void hold(struct tess_rtp_track *track, struct tess_packet *packet,
		 const struct tess_rtp_header *header)
{
	if (track->held) {
		track->counters.untrusted++;
		tess_packet_release(track->held);
	}
	track->held = packet;
	track->held_header = *header;
}

/* The sender began anew, or another took its place: the packet held and this one are its first. */
static void restart(struct tess_rtp_track *track, struct tess_packet *packet,
		    const struct tess_rtp_header *header, int64_t extended, bool other)
{
	struct tess_packet *held = track->held;

	track->held = NULL;
	tess_rtp_jitter_give_up(&track->jitter);
	drain(track);
	tess_rtp_jitter_reset(&track->jitter);
	if (other)
		track->counters.ssrc_changes++;
	else
		track->counters.restarts++;
	tess_rtp_feedback_restart(&track->feedback);
	tess_rtp_clock_restart(&track->clock);
	track->lost_before = 0;
	track->discontinuity = true;
	track->opus = (struct tess_rtp_opus){0};
	if (track->config.codec == TESS_CODEC_H264)
		tess_rtp_h264_restart(&track->h264);
	accept_packet(track, held, &track->held_header, extended - 1);
	accept_packet(track, packet, header, extended);
}

static void receive_rtp(struct tess_rtp_track *track, struct tess_packet *packet)
{
	struct tess_rtp_header header;
	uint32_t ssrc = track->sequence.ssrc;
	int64_t extended;

	if (tess_rtp_header_parse(&header, packet->data, packet->length)) {
		track->counters.malformed++;
		tess_packet_release(packet);
		return;
	}
	if (header.payload_type != track->config.payload_type) {
		track->counters.wrong_payload_type++;
		tess_packet_release(packet);
		return;
	}
	switch (tess_rtp_sequence_check(&track->sequence, &header, packet->arrival_us, &extended)) {
	case TESS_RTP_ACCEPT:
		accept_packet(track, packet, &header, extended);
		break;
	case TESS_RTP_HOLD:
		hold(track, packet, &header);
		break;
	case TESS_RTP_RESTART:
		restart(track, packet, &header, extended, header.ssrc != ssrc);
		break;
	case TESS_RTP_REFUSE:
		track->counters.untrusted++;
		tess_packet_release(packet);
		break;
	}
}

void tess_rtp_track_receive(struct tess_rtp_track *track, struct tess_packet *packet)
{
	if (packet->arrival_us > track->now_us)
		track->now_us = packet->arrival_us;
	if (tess_rtp_is_rtcp(packet->data, packet->length))
		receive_rtcp(track, packet);
	else
		receive_rtp(track, packet);
}

void tess_rtp_track_poll(struct tess_rtp_track *track, int64_t now_us)
{
	if (now_us > track->now_us)
		track->now_us = now_us;
	drain(track);
}

int64_t tess_rtp_track_deadline(const struct tess_rtp_track *track)
{
	return tess_rtp_jitter_deadline(&track->jitter);
}

size_t tess_rtp_track_rtcp(struct tess_rtp_track *track, int64_t now_us, uint8_t *buffer,
			   size_t capacity)
{
	return tess_rtp_feedback_write(&track->feedback, track->h264.key_wanted, now_us, buffer,
				       capacity);
}

void tess_rtp_track_want_key(struct tess_rtp_track *track)
{
	if (track->config.codec == TESS_CODEC_H264)
		track->h264.key_wanted = true;
}

const struct tess_rtp_counters *tess_rtp_track_counters(const struct tess_rtp_track *track)
{
	return &track->counters;
}

bool tess_rtp_track_source(const struct tess_rtp_track *track, uint32_t *ssrc)
{
	*ssrc = track->sequence.ssrc;
	return track->sequence.started;
}

uint32_t tess_rtp_track_jitter_us(const struct tess_rtp_track *track)
{
	return tess_rtp_feedback_jitter_us(&track->feedback);
}

int tess_rtp_track_alloc(struct tess_rtp_track **trackp, struct tess_rtp_source *source,
			 const struct tess_rtp_track_config *config, tess_rtp_au_handler *handler,
			 void *arg)
{
	struct tess_rtp_track *track;

	if ((config->codec != TESS_CODEC_H264 && config->codec != TESS_CODEC_OPUS) ||
	    config->payload_type > 127 || config->clock_rate == 0 || config->max_au_bytes == 0)
		return -EINVAL;
	track = calloc(1, sizeof(*track));
	if (!track)
		return -ENOMEM;
	track->config = *config;
	track->handler = handler;
	track->arg = arg;
	if (config->codec == TESS_CODEC_H264 &&
	    tess_rtp_h264_init(&track->h264, config->max_au_bytes, &track->counters, give_h264,
			       track)) {
		free(track);
		return -ENOMEM;
	}
	tess_rtp_clock_init(&track->clock, source, config->clock_rate);
	tess_rtp_feedback_init(&track->feedback, config->clock_rate);
	tess_rtp_jitter_init(&track->jitter, config->jitter_us);
	*trackp = track;
	return 0;
}

void tess_rtp_track_free(struct tess_rtp_track *track)
{
	if (!track)
		return;
	if (track->held)
		tess_packet_release(track->held);
	tess_rtp_jitter_reset(&track->jitter);
	tess_rtp_clock_clear(&track->clock);
	tess_rtp_h264_clear(&track->h264);
	free(track);
}
