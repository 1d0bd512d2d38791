/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/sequence.c - see sequence.h
 */
#include "pipeline/rtp/sequence.h"

/* A sender that was silent for so long may be replaced by the one that it replaced. */
#define SILENCE_US 1000000
/* A packet held for longer belongs to another life of its sender. */
#define CONFIRM_US 5000000

static bool in_range(int32_t delta)
{
	return delta > -TESS_RTP_MAX_MISORDER && delta < TESS_RTP_MAX_DROPOUT;
}

static void begin(struct tess_rtp_sequence *sequence, const struct tess_rtp_header *header,
		  int64_t arrival_us)
{
	if (sequence->started && sequence->ssrc != header->ssrc) {
		sequence->has_previous = true;
		sequence->previous_ssrc = sequence->ssrc;
	}
	sequence->started = true;
	sequence->has_candidate = false;
	sequence->ssrc = header->ssrc;
	sequence->highest = TESS_RTP_FIRST_CYCLE + (int64_t)header->sequence;
	sequence->last_us = arrival_us;
}

enum tess_rtp_verdict tess_rtp_sequence_check(struct tess_rtp_sequence *sequence,
					      const struct tess_rtp_header *header,
					      int64_t arrival_us, int64_t *extended)
{
	if (!sequence->started) {
		begin(sequence, header, arrival_us);
		*extended = sequence->highest;
		return TESS_RTP_ACCEPT;
	}

	if (header->ssrc == sequence->ssrc) {
		int32_t delta = (int16_t)(uint16_t)(header->sequence - sequence->highest);

		if (in_range(delta)) {
			*extended = sequence->highest + delta;
			if (delta > 0)
				sequence->highest = *extended;
			sequence->last_us = arrival_us;
			return TESS_RTP_ACCEPT;
		}
	} else if (sequence->has_previous && header->ssrc == sequence->previous_ssrc &&
		   arrival_us - sequence->last_us < SILENCE_US) {
		return TESS_RTP_REFUSE;
	}

	if (sequence->has_candidate && header->ssrc == sequence->candidate_ssrc &&
	    header->sequence == sequence->candidate_next &&
	    arrival_us - sequence->candidate_us < CONFIRM_US) {
		begin(sequence, header, arrival_us);
		/* the held packet comes first and may be the one before the wrap */
		*extended = sequence->highest;
		return TESS_RTP_RESTART;
	}
	sequence->has_candidate = true;
	sequence->candidate_ssrc = header->ssrc;
	sequence->candidate_us = arrival_us;
	sequence->candidate_next = (uint16_t)(header->sequence + 1);
	return TESS_RTP_HOLD;
}

void tess_rtp_sequence_bye(struct tess_rtp_sequence *sequence)
{
	sequence->has_previous = false;
}
