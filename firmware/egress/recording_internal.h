/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/recording_internal.h - what recording.c (units, parts) and recording_facts.c
 * share.
 */
#ifndef TESS_EGRESS_RECORDING_INTERNAL_H
#define TESS_EGRESS_RECORDING_INTERNAL_H

#include "firmware/egress/recording.h"

/** HLS alone is here, since it is not split; all others are in row 0. */
#define HLS_ROW 1
#define ROWS	2

struct part {
	struct part *next; /* the one made after it */
	struct tess_recorder *recorder;
	unsigned row;
	bool ended; /* no more units come to it */
};

/** Formats that are split at the same times. */
struct row {
	unsigned formats; /* 0: there is no such row */
	int64_t split_us;
	unsigned parts;		       /* made */
	struct tess_recorder *current; /* takes units; NULL: the next unit begins one */
	struct tess_recorder *closing; /* takes what is older than split_at_us; NULL: none */
	bool renew;		       /* sound has come that the current part has no track for */
	int64_t split_at_us, ended_us; /* media time; ended: of the last one that has ended */
};

struct tess_recording {
	struct tess_recorder_shared *shared;
	struct tess_record_meta order;
	struct part *parts;
	struct row rows[ROWS];
	struct tess_stream_info info;
	uint64_t epoch;
	bool up, away, ending, failed, deleting, acknowledged;
	char error[128];
};

/** A part that failed, NULL: none did */
const struct tess_recorder *tess_recording_failed_part(const struct tess_recording *recording);

#endif
