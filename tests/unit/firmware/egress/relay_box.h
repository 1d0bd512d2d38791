/* SPDX-License-Identifier: GPL-3.0-or-later
 * The relays of a box in a loop's thread of its own, with a stream that the test writes and servers
 * that it plays: for relays.c and relay_failures.c.
 */
#ifndef TESS_TEST_RELAY_BOX_H
#define TESS_TEST_RELAY_BOX_H

#include "firmware/egress/relays.h"
#include "tests/unit/firmware/egress/media_ring.h"
#include "tests/unit/firmware/egress/rtmp_peer.h"

/* patient, so that a busy machine is no bad server; tests of patience have less */
#define PATIENT_US 8000000
#define RTMP_URL   "rtmp://127.0.0.1:%u/app/key%u"
/** The target of the steady server. */
#define STEADY_ID 100

struct box {
	struct turning *turning;
	struct tess_streams *streams;
	struct tess_traffic *traffic;
	struct tess_relays *relays;
	struct tess_ring_writer *ring;
	int listener;	      /* of the servers that the test plays */
	uint16_t port;	      /* its own */
	uint16_t target_port; /* which targets are given: its own, or of what is in front of it */
	uint16_t steady_port; /* 0: there is no steady server */
	uint16_t srt_port;    /* of a server of SRT, given to targets instead, or 0 */
	int64_t opening_us, stall_us;
	uint32_t attempts;
};

extern struct box box;

/* What is told of a target. */
struct told {
	int id;
	char state[16], error[96];
	int64_t bytes, dropped, publishes, failures;
};

/** Everything but the three settings at the end of the box, which are taken as they are. */
void box_open(void);
void box_close(void);
void box_listen(void);
/** A socket at this port, 0: any, of which nobody takes connections. */
int box_bind(uint16_t port);

/** Targets 1 to @p count of stream "s"; @p url has the port and the number. The steady one too. */
void box_want(unsigned count, int64_t epoch, const char *url);
void box_begin_stream(uint64_t epoch);
void box_video(uint32_t number, size_t length, bool key);
void box_audio(uint32_t number);

struct told box_told(int id);
/** Wait for a state, 10 s at most. */
struct told box_until(int id, const char *state);

int box_accept(void);
/** Nobody connects for a while, much longer than the greatest pause. */
void box_nobody_comes(void);
/** Take a connection up to the answer of its publish. */
void box_publish_with(struct rtmp_peer *peer, const char *level, const char *code);
void box_publish(struct rtmp_peer *peer);

/** A server beside that takes all it gets; it is the target STEADY_ID from the next box_want() on.
 */
void box_steady_start(void);
/** Wait until it has this picture, 10 s at most: then it has had each one since its first. */
void box_steady_has(uint32_t number);
/** Bytes allocated in this process; 0 where sanitizers count by themselves. */
size_t box_heap(void);

#endif
