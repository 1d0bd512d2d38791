/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/feedback.c - see feedback.h
 */
#include "pipeline/rtp/feedback.h"

#include "pipeline/rtp/rtcp.h"
#include "pipeline/rtp/sequence.h"

/* RFC 3550 §6.2: 360 / bandwidth in kbit/s is about a second at the rates of a publisher */
#define REPORT_US	1000000
#define FIRST_REPORT_US 500000
#define PLI_US		500000
/* Who sent nothing for so long does not listen either. */
#define SILENT_US 2000000

void tess_rtp_feedback_init(struct tess_rtp_feedback *feedback, uint32_t clock_rate)
{
	*feedback = (struct tess_rtp_feedback){.clock_rate = clock_rate};
}

void tess_rtp_feedback_restart(struct tess_rtp_feedback *feedback)
{
	int64_t next_pli_us = feedback->next_pli_us; /* the limit holds on */

	tess_rtp_feedback_init(feedback, feedback->clock_rate);
	feedback->next_pli_us = next_pli_us;
}

void tess_rtp_feedback_packet(struct tess_rtp_feedback *feedback, uint32_t ssrc, int64_t extended,
			      uint32_t timestamp, int64_t arrival_us)
{
	uint32_t arrival =
		(uint32_t)(uint64_t)(arrival_us / 1000000 * feedback->clock_rate +
				     arrival_us % 1000000 * feedback->clock_rate / 1000000);
	uint32_t transit = arrival - timestamp;
	int32_t change;

	if (!feedback->started) {
		feedback->started = true;
		feedback->ssrc = ssrc;
		feedback->first = feedback->highest = extended;
		feedback->transit = transit;
		feedback->next_report_us = arrival_us + FIRST_REPORT_US;
	}
	feedback->received++;
	feedback->last_packet_us = arrival_us;
	if (extended > feedback->highest)
		feedback->highest = extended;

	/* A.8, in sixteenths; a jump of the timestamps is not jitter */
	change = (int32_t)(transit - feedback->transit);
	feedback->transit = transit;
	if (change == INT32_MIN ||
	    (uint32_t)(change < 0 ? -change : change) > feedback->clock_rate * 10)
		return;
	feedback->jitter_x16 -= (feedback->jitter_x16 + 8) >> 4;
	feedback->jitter_x16 += (uint32_t)(change < 0 ? -change : change);
}

void tess_rtp_feedback_sender_report(struct tess_rtp_feedback *feedback, uint64_t ntp,
				     int64_t arrival_us)
{
	feedback->last_sr = (uint32_t)(ntp >> 16);
	feedback->last_sr_us = arrival_us;
}

static void make_block(struct tess_rtp_feedback *feedback, int64_t now_us,
		       struct tess_rtcp_report_block *block)
{
	uint64_t expected = (uint64_t)(feedback->highest - feedback->first) + 1;
	int64_t lost = (int64_t)expected - (int64_t)feedback->received;
	int64_t expected_interval = (int64_t)(expected - feedback->expected_before);
	int64_t lost_interval =
		expected_interval - (int64_t)(feedback->received - feedback->received_before);

	feedback->expected_before = expected;
	feedback->received_before = feedback->received;
	*block = (struct tess_rtcp_report_block){
		.ssrc = feedback->ssrc,
		.highest_sequence = (uint32_t)(feedback->highest - TESS_RTP_FIRST_CYCLE),
		.jitter = feedback->jitter_x16 >> 4,
		.last_sr = feedback->last_sr,
	};
	if (expected_interval > 0 && lost_interval > 0)
		block->fraction_lost = (uint8_t)(lost_interval >= expected_interval
							 ? 255
							 : lost_interval * 256 / expected_interval);
	if (lost > 0x7fffff)
		lost = 0x7fffff;
	if (lost < -0x800000)
		lost = -0x800000;
	block->cumulative_lost = (int32_t)lost;
	if (feedback->last_sr)
		block->delay_since_last_sr =
			(uint32_t)((now_us - feedback->last_sr_us) * 65536 / 1000000);
}

size_t tess_rtp_feedback_write(struct tess_rtp_feedback *feedback, bool key_wanted, int64_t now_us,
			       uint8_t *buffer, size_t capacity)
{
	struct tess_rtcp_report_block block;
	bool pli = key_wanted && now_us >= feedback->next_pli_us;

	if (!feedback->started || capacity < TESS_RTCP_WRITE_BYTES ||
	    now_us - feedback->last_packet_us > SILENT_US)
		return 0;
	if (!pli && now_us < feedback->next_report_us)
		return 0;

	make_block(feedback, now_us, &block);
	feedback->next_report_us = now_us + REPORT_US;
	if (pli)
		feedback->next_pli_us = now_us + PLI_US;
	/* ours only has to differ from the sender's */
	return tess_rtcp_write(buffer, capacity, ~feedback->ssrc, &block, pli);
}

uint32_t tess_rtp_feedback_jitter_us(const struct tess_rtp_feedback *feedback)
{
	return (uint32_t)((uint64_t)(feedback->jitter_x16 >> 4) * 1000000 / feedback->clock_rate);
}
