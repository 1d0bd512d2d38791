/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/jitter.c - see jitter.h
 */
#include "pipeline/rtp/jitter.h"

#define MASK (TESS_RTP_JITTER_PACKETS - 1)

static struct tess_rtp_slot *slot_of(struct tess_rtp_jitter *jitter, int64_t extended)
{
	return &jitter->slots[extended & MASK];
}

void tess_rtp_jitter_init(struct tess_rtp_jitter *jitter, int64_t wait_us)
{
	*jitter = (struct tess_rtp_jitter){.wait_us = wait_us};
	tess_rtp_jitter_reset(jitter);
}

void tess_rtp_jitter_reset(struct tess_rtp_jitter *jitter)
{
	for (unsigned i = 0; i < TESS_RTP_JITTER_PACKETS; i++) {
		if (jitter->slots[i].packet)
			tess_packet_release(jitter->slots[i].packet);
		jitter->slots[i].packet = NULL;
		jitter->slots[i].extended = -1;
	}
	jitter->started = false;
	jitter->count = 0;
	jitter->given_up = 0;
}

/* All packets held are behind the hole at next: the one that came first made it known. */
static int64_t hole_known_since(struct tess_rtp_jitter *jitter)
{
	int64_t since = INT64_MAX;
	unsigned left = jitter->count;

	for (int64_t i = jitter->next; left; i++) {
		const struct tess_rtp_slot *slot = slot_of(jitter, i);

		if (!slot->packet)
			continue;
		left--;
		if (slot->packet->arrival_us < since)
			since = slot->packet->arrival_us;
	}
	return since;
}

void tess_rtp_jitter_make_room(struct tess_rtp_jitter *jitter, int64_t extended)
{
	int64_t floor = extended - TESS_RTP_JITTER_PACKETS + 1;

	if (jitter->started && floor > jitter->give_up_below)
		jitter->give_up_below = floor;
}

void tess_rtp_jitter_give_up(struct tess_rtp_jitter *jitter)
{
	if (jitter->count)
		jitter->give_up_below = jitter->highest;
}

enum tess_rtp_insert tess_rtp_jitter_insert(struct tess_rtp_jitter *jitter,
					    struct tess_packet *packet,
					    const struct tess_rtp_header *header, int64_t extended)
{
	struct tess_rtp_slot *slot = slot_of(jitter, extended);
	bool reordered;

	if (!jitter->started) {
		jitter->started = true;
		jitter->next = extended;
		jitter->highest = extended - 1;
		jitter->give_up_below = extended;
	}
	if (slot->extended == extended)
		return TESS_RTP_DUPLICATE;
	if (extended < jitter->next)
		return TESS_RTP_LATE;

	reordered = extended < jitter->highest;
	if (!reordered)
		jitter->highest = extended;
	if (jitter->count == 0)
		jitter->hole_since_us = packet->arrival_us;
	*slot = (struct tess_rtp_slot){
		.packet = packet,
		.extended = extended,
		.timestamp = header->timestamp,
		.payload_offset = header->payload_offset,
		.payload_length = header->payload_length,
		.marker = header->marker,
		.padded = header->padded,
	};
	jitter->count++;
	return reordered ? TESS_RTP_STORED_REORDERED : TESS_RTP_STORED;
}

/* Move next over the hole in front of the first packet held, if its time is over. */
static void skip_hole(struct tess_rtp_jitter *jitter, int64_t now_us)
{
	int64_t from = jitter->next;
	bool due = now_us >= tess_rtp_jitter_deadline(jitter);

	if (jitter->count == 0) {
		if (jitter->next < jitter->give_up_below)
			jitter->next = jitter->give_up_below;
	} else {
		while (!slot_of(jitter, jitter->next)->packet &&
		       (due || jitter->next < jitter->give_up_below))
			jitter->next++;
	}
	jitter->given_up += (uint32_t)(jitter->next - from);
}

bool tess_rtp_jitter_pop(struct tess_rtp_jitter *jitter, int64_t now_us, struct tess_rtp_slot *slot,
			 uint32_t *lost)
{
	struct tess_rtp_slot *head;

	if (!jitter->started)
		return false;
	if (!slot_of(jitter, jitter->next)->packet)
		skip_hole(jitter, now_us);
	head = slot_of(jitter, jitter->next);
	if (!head->packet)
		return false;

	*slot = *head;
	*lost = jitter->given_up;
	jitter->given_up = 0;
	head->packet = NULL;
	jitter->next++;
	jitter->count--;
	if (jitter->count && !slot_of(jitter, jitter->next)->packet)
		jitter->hole_since_us = hole_known_since(jitter);
	return true;
}

int64_t tess_rtp_jitter_deadline(const struct tess_rtp_jitter *jitter)
{
	if (jitter->count == 0)
		return INT64_MAX;
	return jitter->hole_since_us + jitter->wait_us;
}
