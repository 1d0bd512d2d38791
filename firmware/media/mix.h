/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/mix.h - one mix of a room: who is in it, its clock, and its canvas.
 *
 * A mix lives a fixed delay behind the media time line, so that whoever's packets are late within
 * the jitter buffer still meet the others: at time t it draws what was captured until t - jitter -
 * 40 ms and lets hear what was captured at t - jitter - 20 ms. The margins are for decoding. Sound
 * that is due is mixed when a picture is drawn, or 60 ms later: what a room does costs less when it
 * is done at a time. Access units carry the time of capture. A picture on the canvas may be up to
 * one interval of the mix older than the moment it is drawn for, so half an interval is taken off
 * its time stamp: then picture and sound are never further apart than half an interval. Pictures
 * come at the mix's fixed rate whatever the publishers do; a tick that is missed is left out and
 * counted.
 *
 * A mix with a picture has its place on one device and stays there. When that is lost, or refuses
 * what the mix asks for, it must be moved; its stream goes on. Threads: belongs to the room's
 * thread.
 */
#ifndef TESS_MEDIA_MIX_H
#define TESS_MEDIA_MIX_H

#include "firmware/media/context.h"
#include "firmware/media/desired.h"
#include "firmware/media/facts.h"
#include "firmware/media/publisher.h"

#define TESS_MIX_PICTURE_MARGIN_US 40000
#define TESS_MIX_SOUND_MARGIN_US   20000

struct tess_mix;

/** @p context outlives the mix. @retval 0, -EINVAL, -ENOTSUP, -ENOMEM, -EMFILE */
int tess_mix_open(struct tess_mix **mixp, const struct tess_media_context *context,
		  const struct tess_desired_mix *desired, int64_t now_us) TESS_MUST_CHECK;
void tess_mix_close(struct tess_mix *mix); /* accepts NULL */
/** True if @p desired is something that the running mix can become in place. */
bool tess_mix_can_become(const struct tess_mix *mix, const struct tess_desired_mix *desired);
/** Take new parameters; sound stays as it runs. Seat afterwards. */
void tess_mix_update(struct tess_mix *mix, const struct tess_desired_mix *desired, int64_t now_us);
const struct tess_desired_mix *tess_mix_desired(const struct tess_mix *mix);

/** The stream's epoch and the ring's descriptors, which stay the mix's. */
uint64_t tess_mix_stream_epoch(const struct tess_mix *mix);
void tess_mix_descriptors(const struct tess_mix *mix, int *memfd, int *eventfd);
/** Those of its sound as MP3, of the same epoch; false: there is none. */
bool tess_mix_mp3_descriptors(const struct tess_mix *mix, int *memfd, int *eventfd);

/**
 * Give seats anew: @p publishers are all of the room. Whoever is in no longer is faded out. Must be
 * called before a publisher that was given is closed. @retval 0, -ENOMEM
 */
int tess_mix_seat(struct tess_mix *mix, struct tess_publisher *const *publishers, unsigned count);
/** Take in what became of its pictures. True if the device is of no use to this mix any more. */
bool tess_mix_must_move(struct tess_mix *mix);
/** Take a place on another device. Seat afterwards. */
void tess_mix_move(struct tess_mix *mix);
/** The index of its device among the engines, -1 for a mix without a picture. */
int tess_mix_engine(const struct tess_mix *mix);
/** Where this mix takes the pictures and sound of a publisher; both NULL if it does not. */
struct tess_tap tess_mix_tap(const struct tess_mix *mix, const struct tess_publisher *publisher);

/** Do what is due. @return when it must be called again at the latest */
int64_t tess_mix_step(struct tess_mix *mix, int64_t now_us);
void tess_mix_measure(struct tess_mix *mix, int64_t now_us);
enum tess_mix_state tess_mix_state(const struct tess_mix *mix);
void tess_mix_facts(const struct tess_mix *mix, struct tess_mix_facts *facts);

#endif
