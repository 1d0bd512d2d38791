/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/live_internal.h - what live.c and live_facts.c share.
 */
#ifndef TESS_EGRESS_LIVE_INTERNAL_H
#define TESS_EGRESS_LIVE_INTERNAL_H

#include "firmware/base/log.h"
#include "firmware/egress/live.h"
#include "firmware/egress/live_hls.h"
#include "firmware/egress/viewer.h"

struct player {
	struct output *output;
	/* what each tick looks at, side by side */
	int64_t due_us, progress_us;
	bool blocked;
	bool drained;	/* all that there was had been sent */
	unsigned index; /* of output->players */
	struct tess_viewer viewer;
	struct tess_transport transport;
	struct tess_rtmp_server *rtmp; /* NULL: http-flv */
	struct tess_watch *watch;
	uint64_t id;
	union tess_addr address;
	int64_t joined_us;
	uint64_t metered; /* of the bytes sent, what is in the traffic */
	uint32_t input_bytes;
	uint32_t phase; /* of 1024: where in the turn it is written to */
};

struct output {
	struct output *next;
	struct tess_live *live;
	struct tess_sink *sink;
	struct tess_window *window;
	struct player **players; /* in no order; one that leaves is replaced by the last */
	unsigned player_count, player_room;
	char name[TESS_LIVE_NAME_SIZE], stream[TESS_STREAM_KEY_SIZE];
	struct tess_live_hls *hls; /* NULL: nobody watches it */
	uint64_t hls_metered;	   /* of what it sent, what is in the traffic */
	uint32_t app;
	bool wanted; /* while a desired state is applied */
	bool up, ended;
	int64_t away_us;	 /* since when it has not been up */
	uint64_t closed_sent;	 /* bytes sent to players that are gone */
	uint64_t measured_bytes; /* of the stream, when the bit rate was taken last */
	int64_t measured_us;
	struct tess_log_limit drop_limit;
};

struct tess_live {
	struct tess_loop *loop;
	struct tess_streams *streams;
	struct tess_live_config config;
	struct tess_timer *tick, *hls_sweep;
	struct output *outputs;
	unsigned output_count, player_count;
	struct tess_live_hls_config hls;
	uint64_t hls_held; /* bytes of all HLS */
	uint32_t next_phase;
	uint64_t next_viewer;
	uint64_t refused_stream, refused_application; /* of viewers_refused */
	uint64_t hls_refused, viewers_refused, viewer_overruns, viewers_stalled, units_dropped;
	uint64_t closed_sent; /* bytes sent to players that are gone, of all outputs there ever were
			       */
};

struct output *tess_live_find(struct tess_live *live, const char *name); /* NULL: none */
void tess_live_player_close(struct player *player, const char *reason);
/** Whose connection it is. */
void tess_live_peer(union tess_addr *address, int fd);
unsigned tess_live_hls_viewers_of(const struct output *output);
unsigned tess_live_viewers_of(const struct output *output);
/** What was sent since the last time is added to the traffic. */
void tess_live_meter(struct player *player);
void tess_live_meter_hls(struct output *output);

#endif
