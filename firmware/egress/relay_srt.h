/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/relay_srt.h - a connection to an SRT server (as caller) and a cursor in a
 * window, whose tags it sends as a transport stream.
 *
 * libsrt sends from threads and a queue of its own and drops by itself what is too late for the
 * connection's latency. Nothing here waits: the loop looks each tick. While the queue is full,
 * pictures are left out as for other servers, sound is not. Threads: the loop's.
 */
#ifndef TESS_EGRESS_RELAY_SRT_H
#define TESS_EGRESS_RELAY_SRT_H

#include "firmware/base/srt_url.h"
#include "firmware/egress/window.h"
#include "hal/net.h"

struct tess_relay_srt;

/** libsrt with its threads, from the first connection on. All zero: not begun. */
struct tess_srt_library {
	bool begun;
};

/** After all connections; waits for the threads, a second or so. */
void tess_srt_library_end(struct tess_srt_library *library);

/** Begin to connect. @p window and @p library outlive it. @retval 0, -ENOMEM, -EINVAL,
 * -ECONNREFUSED */
int tess_relay_srt_open(struct tess_relay_srt **srtp, struct tess_srt_library *library,
			const union tess_addr *address, const struct tess_srt_url *url,
			const struct tess_window *window) TESS_MUST_CHECK;
void tess_relay_srt_close(struct tess_relay_srt *srt); /* accepts NULL */
/**
 * How far connecting is. @retval 0 connected; -EAGAIN; -EACCES the server refuses what we bring
 * (its passphrase, its stream); -ECONNREFUSED or another error
 */
int tess_relay_srt_connect(const struct tess_relay_srt *srt) TESS_MUST_CHECK;
/** Send what there is, as far as the queue takes it. @retval 0 all, -EAGAIN, -EPIPE it is broken */
int tess_relay_srt_serve(struct tess_relay_srt *srt) TESS_MUST_CHECK;
/** How far what was given to the queue is behind the newest access unit. */
int64_t tess_relay_srt_delay_ms(const struct tess_relay_srt *srt);
void tess_relay_srt_count(const struct tess_relay_srt *srt, uint64_t *bytes, uint64_t *pictures);

#endif
