/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/receiver.c - one medium of a publisher coming in.
 */
#include "firmware/media/receiver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

/* A picture of a 4096x4096 stream at its most wasteful stays below this. */
#define MAX_AU_BYTES ((size_t)4 << 20)

static void open_flows(struct tess_receiver *receiver)
{
	struct tess_flows *flows = receiver->context->flows;
	uint16_t port = receiver->desired.port;

	receiver->error = 0;
	if (!receiver->flow_open) {
		receiver->error = tess_flows_open(flows, port, receiver);
		receiver->flow_open = !receiver->error;
	}
	if (!receiver->rtcp_flow_open && !receiver->error) {
		receiver->error = tess_flows_open(flows, port + 1, receiver);
		receiver->rtcp_flow_open = !receiver->error;
	}
}

int tess_receiver_open(struct tess_receiver *receiver, const struct tess_media_context *context,
		       const struct tess_desired_media *desired, const union tess_addr *allowed,
		       struct tess_rtp_source *source, tess_rtp_au_handler *handler, void *arg,
		       int64_t now_us)
{
	const struct tess_rtp_track_config config = {
		.codec = desired->codec,
		.payload_type = desired->payload_type,
		.clock_rate = desired->codec == TESS_CODEC_OPUS ? 48000 : 90000,
		.jitter_us = context->jitter_us,
		.max_au_bytes = MAX_AU_BYTES,
	};
	int error;

	memset(receiver, 0, sizeof(*receiver));
	receiver->context = context;
	receiver->measured_us = now_us;
	if (!desired->port) {
		receiver->desired = *desired;
		return 0;
	}
	error = tess_rtp_track_alloc(&receiver->track, source, &config, handler, arg);
	if (error)
		return error;
	receiver->desired = *desired;
	tess_latch_init(&receiver->latch, allowed, desired->payload_type);
	open_flows(receiver);
	return 0;
}

void tess_receiver_close(struct tess_receiver *receiver)
{
	if (!receiver->desired.present)
		return;
	if (!receiver->track) {
		memset(receiver, 0, sizeof(*receiver));
		return;
	}
	if (receiver->flow_open)
		tess_flows_close(receiver->context->flows, receiver->desired.port);
	if (receiver->rtcp_flow_open)
		tess_flows_close(receiver->context->flows, receiver->desired.port + 1);
	tess_latch_clear(&receiver->latch);
	tess_rtp_track_free(receiver->track);
	memset(receiver, 0, sizeof(*receiver));
}

static void accept_packet(struct tess_receiver *receiver, struct tess_packet *packet)
{
	receiver->last_us = packet->arrival_us;
	if (tess_latch_is_rtcp(packet)) {
		receiver->rtcp_known = true;
		receiver->rtcp_us = packet->arrival_us;
		receiver->rtcp_remote = packet->remote;
		receiver->rtcp_port = packet->local_port;
	}
	tess_rtp_track_receive(receiver->track, packet);
}

void tess_receiver_receive(struct tess_receiver *receiver, struct tess_packet *packet)
{
	int64_t last_us = receiver->latch.last_us;
	struct tess_packet *held[2];

	switch (tess_latch_check(&receiver->latch, packet, held)) {
	case TESS_LATCH_ACCEPTED:
		/* who was started anew gets no reports where its predecessor was */
		if (held[1] && receiver->rtcp_us <= last_us)
			receiver->rtcp_known = false;
		for (unsigned i = 0; i < 2; i++) {
			if (held[i])
				accept_packet(receiver, held[i]);
		}
		accept_packet(receiver, packet);
		break;
	case TESS_LATCH_HELD:
		break;
	case TESS_LATCH_REFUSED:
		receiver->counters.wrong_source++;
		tess_packet_release(packet);
		break;
	}
}

void tess_receiver_count(struct tess_receiver *receiver, size_t length, int64_t now_us)
{
	receiver->last_us = now_us;
	receiver->input.packets++;
	receiver->input.access_units++;
	receiver->input.bytes += length;
}

void tess_receiver_want_key(struct tess_receiver *receiver)
{
	if (receiver->track)
		tess_rtp_track_want_key(receiver->track);
}

static const struct tess_rtp_counters *rtp_counters(const struct tess_receiver *receiver)
{
	return receiver->track ? tess_rtp_track_counters(receiver->track) : &receiver->input;
}

int64_t tess_receiver_step(struct tess_receiver *receiver, int64_t now_us)
{
	if (!receiver->track)
		return INT64_MAX;
	if (tess_rtp_track_deadline(receiver->track) <= now_us)
		tess_rtp_track_poll(receiver->track, now_us);
	return tess_rtp_track_deadline(receiver->track);
}

static union tess_addr rtcp_address(const struct tess_receiver *receiver)
{
	union tess_addr remote = receiver->latch.remote;

	if (receiver->rtcp_known)
		return receiver->rtcp_remote;
	/* RFC 3550 §11: the next higher port; sin_port and sin6_port are at the same place */
	remote.in.sin_port = htons((uint16_t)(ntohs(remote.in.sin_port) + 1));
	return remote;
}

static void send_rtcp(struct tess_receiver *receiver, int64_t now_us)
{
	const struct tess_net_driver *driver = receiver->context->net->driver;
	struct tess_packet *packet = driver->tx_alloc(receiver->context->net);
	size_t length;

	if (!packet) {
		receiver->counters.rtcp_unsent++;
		return;
	}
	length = tess_rtp_track_rtcp(receiver->track, now_us, packet->data, packet->capacity);
	if (!length) {
		tess_packet_release(packet);
		return;
	}
	packet->length = (uint32_t)length;
	packet->local_port =
		receiver->rtcp_known ? receiver->rtcp_port : receiver->desired.port + 1;
	packet->remote = rtcp_address(receiver);
	driver->tx_burst(receiver->context->net, &packet, 1);
}

/* So that a flood of others' packets is held back before it comes to us. */
static void tell_source(struct tess_receiver *receiver)
{
	struct tess_net *net = receiver->context->net;
	uint32_t ssrc;

	if (!net->driver->flow_source || !receiver->flow_open || !receiver->rtcp_flow_open ||
	    !tess_rtp_track_source(receiver->track, &ssrc) ||
	    (receiver->source_told && receiver->source == ssrc))
		return;
	net->driver->flow_source(net, receiver->desired.port, ssrc);
	net->driver->flow_source(net, (uint16_t)(receiver->desired.port + 1), ssrc);
	receiver->source_told = true;
	receiver->source = ssrc;
}

void tess_receiver_housekeep(struct tess_receiver *receiver, int64_t now_us)
{
	if (!receiver->track)
		return;
	if (!receiver->flow_open || !receiver->rtcp_flow_open)
		open_flows(receiver);
	tell_source(receiver);
	if (receiver->latch.latched && receiver->rtcp_flow_open)
		send_rtcp(receiver, now_us);
}

void tess_receiver_measure(struct tess_receiver *receiver, int64_t now_us)
{
	int64_t elapsed_us = now_us - receiver->measured_us;
	const struct tess_rtp_counters *now;

	if (!receiver->desired.present || elapsed_us <= 0)
		return;
	now = rtp_counters(receiver);
	receiver->bitrate_bps = (uint32_t)((now->bytes - receiver->measured.bytes) * 8000000 /
					   (uint64_t)elapsed_us);
	receiver->access_units_per_second =
		(double)(now->access_units - receiver->measured.access_units) * 1e6 /
		(double)elapsed_us;
	receiver->measured = *now;
	receiver->measured_us = now_us;
}

void tess_receiver_facts(const struct tess_receiver *receiver, struct tess_media_facts_track *facts)
{
	facts->present = receiver->desired.present;
	if (!facts->present)
		return;
	facts->rtp = *rtp_counters(receiver);
	facts->counters = receiver->counters;
	facts->jitter_us = receiver->track ? tess_rtp_track_jitter_us(receiver->track) : 0;
	facts->bitrate_bps = receiver->bitrate_bps;
}
