/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/clock.c - see clock.h
 */
#include "pipeline/rtp/clock.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* A user has a picture, a screen and sound; more wall clocks than that are mapped by arrival. */
#define BASES 4
/* Sound and picture of one clock are not further apart than this when they come in. */
#define JOIN_US 2000000
/* After the sender's clock was set, tracks that tell of the same step are this close. */
#define SAME_STEP_US 20000
/* Reports after which a track that did not step will not do so any more. */
#define SETTLED_REPORTS 4
/* Packets further off than this, for so long, are of a new time line. */
#define STRANGE_US	2000000
#define STRANGE_TIME_US 1000000

/* A wall clock of the sender against ours. */
struct tess_rtp_base {
	unsigned users;
	unsigned serial; /* rises with each base made */
	struct tess_rtp_offset offset;
};

struct tess_rtp_source {
	struct tess_rtp_clock *clocks;
	unsigned steps; /* how often one of its tracks saw the sender's clock being set */
	unsigned serial;
	struct tess_rtp_base bases[BASES];
};

int tess_rtp_source_alloc(struct tess_rtp_source **sourcep)
{
	struct tess_rtp_source *source = calloc(1, sizeof(*source));

	if (!source)
		return -ENOMEM;
	*sourcep = source;
	return 0;
}

void tess_rtp_source_free(struct tess_rtp_source *source)
{
	free(source);
}

static void leave_base(struct tess_rtp_clock *clock)
{
	if (clock->base)
		clock->base->users--;
	clock->base = NULL;
	clock->residual_us = 0;
}

static void forget(struct tess_rtp_clock *clock)
{
	leave_base(clock);
	tess_rtp_ntp_init(&clock->ntp, clock->rate);
	clock->strange_us = INT64_MAX;
	clock->reports_since = 0;
}

void tess_rtp_clock_restart(struct tess_rtp_clock *clock)
{
	forget(clock);
	clock->started = clock->delivered = false;
	clock->replaced = true;
	clock->last_rtp = INT64_MIN;
}

void tess_rtp_clock_init(struct tess_rtp_clock *clock, struct tess_rtp_source *source,
			 uint32_t rate)
{
	*clock = (struct tess_rtp_clock){.source = source, .sister = source->clocks, .rate = rate};
	source->clocks = clock;
	tess_rtp_clock_restart(clock);
	clock->replaced = false;
}

void tess_rtp_clock_clear(struct tess_rtp_clock *clock)
{
	struct tess_rtp_clock **link = &clock->source->clocks;

	leave_base(clock);
	while (*link != clock)
		link = &(*link)->sister;
	*link = clock->sister;
}

static int64_t extend(const struct tess_rtp_clock *clock, uint32_t timestamp)
{
	return clock->rtp + (int32_t)(timestamp - (uint32_t)clock->rtp);
}

/* RTP time in microseconds at the nominal rate. */
static int64_t nominal_us(const struct tess_rtp_clock *clock, int64_t rtp)
{
	int64_t seconds = rtp / clock->rate;

	return seconds * 1000000 + (rtp - seconds * clock->rate) * 1000000 / clock->rate;
}

static int64_t by_base(const struct tess_rtp_clock *clock, const struct tess_rtp_base *base,
		       int64_t rtp)
{
	return tess_rtp_ntp_map(&clock->ntp, rtp) + tess_rtp_offset_value(&base->offset);
}

static int64_t mapped(const struct tess_rtp_clock *clock, int64_t rtp)
{
	if (clock->base)
		return by_base(clock, clock->base, rtp) + llround(clock->residual_us);
	return nominal_us(clock, rtp) + tess_rtp_offset_value(&clock->arrival);
}

/* Go on from @p media_us at the last packet; the rest is slewed away, or dropped if it is far. */
static void use_base(struct tess_rtp_clock *clock, struct tess_rtp_base *base, int64_t media_us,
		     int64_t now_us)
{
	leave_base(clock);
	base->users++;
	clock->base = base;
	clock->residual_us = (double)(media_us - by_base(clock, base, clock->rtp));
	if (fabs(clock->residual_us) > TESS_RTP_STEP_US)
		clock->residual_us = 0;
	clock->residual_at_us = now_us;
}

/* A base of the track's own, which begins where it stands. */
static void make_base(struct tess_rtp_clock *clock, int64_t media_us, int64_t now_us)
{
	struct tess_rtp_source *source = clock->source;
	struct tess_rtp_base *base = NULL;

	leave_base(clock);
	for (unsigned i = 0; i < BASES && !base; i++) {
		if (source->bases[i].users == 0)
			base = &source->bases[i];
	}
	if (!base)
		return;
	base->serial = ++source->serial;
	tess_rtp_offset_start(&base->offset, media_us - tess_rtp_ntp_map(&clock->ntp, clock->rtp),
			      now_us);
	use_base(clock, base, media_us, now_us);
}

/* Is it still learnt, or may it be of the sender that was replaced? */
static bool goes_on(const struct tess_rtp_clock *clock, const struct tess_rtp_base *base)
{
	return !clock->replaced || base->offset.updated_us > clock->begun_us;
}

/*
 * The base in use, other than the track's, that maps nearest to @p media_us.
 * @param[out] unsure there are others, which may not go on
 */
static struct tess_rtp_base *nearest_base(struct tess_rtp_clock *clock, int64_t media_us,
					  int64_t *distance_us, bool *unsure)
{
	struct tess_rtp_base *nearest = NULL;

	*distance_us = INT64_MAX;
	*unsure = false;
	for (unsigned i = 0; i < BASES; i++) {
		struct tess_rtp_base *base = &clock->source->bases[i];
		int64_t distance;

		if (base->users == 0 || base == clock->base)
			continue;
		if (!goes_on(clock, base)) {
			*unsure = true;
			continue;
		}
		distance = llabs(by_base(clock, base, clock->rtp) - media_us);
		if (distance < *distance_us) {
			*distance_us = distance;
			nearest = base;
		}
	}
	return nearest;
}

/* A track that is mapped by arrival has reports. */
static void join(struct tess_rtp_clock *clock, int64_t media_us, int64_t now_us)
{
	int64_t distance;
	bool unsure;
	struct tess_rtp_base *base = nearest_base(clock, media_us, &distance, &unsure);

	if (!base && unsure)
		return; /* until its sister sends or is replaced as well */
	if (!base || distance > JOIN_US)
		make_base(clock, media_us, now_us);
	else if (distance <= TESS_RTP_STEP_US || clock->ntp.count > 1 || !clock->delivered)
		use_base(clock, base,
			 clock->delivered ? media_us : by_base(clock, base, clock->rtp), now_us);
	/* else one report alone shall not make it jump */
}

void tess_rtp_clock_arrival(struct tess_rtp_clock *clock, uint32_t timestamp, int64_t arrival_us)
{
	int64_t rtp, sample_us;

	if (!clock->started) {
		clock->started = true;
		clock->begun_us = arrival_us;
		clock->rtp = timestamp;
		tess_rtp_offset_start(&clock->arrival, arrival_us - nominal_us(clock, clock->rtp),
				      arrival_us);
		return;
	}
	rtp = extend(clock, timestamp);
	sample_us = arrival_us - nominal_us(clock, rtp);

	if (llabs(arrival_us - mapped(clock, rtp)) > STRANGE_US) {
		/* a stray timestamp or a stall must not spoil what was learnt */
		if (arrival_us < clock->strange_us)
			clock->strange_us = arrival_us;
		if (arrival_us - clock->strange_us < STRANGE_TIME_US)
			return;
		forget(clock);
		clock->rtp = rtp;
		clock->last_rtp = INT64_MIN;
		tess_rtp_offset_start(&clock->arrival, sample_us, arrival_us);
		return;
	}
	clock->rtp = rtp;
	clock->strange_us = INT64_MAX;
	tess_rtp_offset_feed(&clock->arrival, sample_us, arrival_us);
	if (!clock->base && clock->ntp.count)
		join(clock, mapped(clock, rtp), arrival_us);
	if (clock->base) {
		int64_t elapsed = arrival_us - clock->residual_at_us;

		tess_rtp_offset_feed(&clock->base->offset,
				     arrival_us - tess_rtp_ntp_map(&clock->ntp, rtp), arrival_us);
		if (elapsed > 0) {
			clock->residual_us -= tess_rtp_slew(clock->residual_us, elapsed);
			clock->residual_at_us = arrival_us;
		}
	}
}

/* The sender's clock was set. Sound and picture go on, and follow it together. */
static void step(struct tess_rtp_clock *clock, int64_t media_us, int64_t now_us)
{
	int64_t distance;
	bool unsure;
	struct tess_rtp_base *base = nearest_base(clock, media_us, &distance, &unsure);

	clock->source->steps++;
	if (distance <= SAME_STEP_US)
		use_base(clock, base, media_us, now_us); /* a sister was first to see it */
	else
		make_base(clock, media_us, now_us);
}

/*
 * If a track stepped and its sister has not since, both are sure of their clock and it was the
 * relation between them that changed.
 */
static void meet_sister(struct tess_rtp_clock *clock, int64_t media_us, int64_t now_us)
{
	for (struct tess_rtp_clock *other = clock->source->clocks; other; other = other->sister) {
		if (!other->base || other->base->serial >= clock->base->serial ||
		    other->steps_seen != clock->source->steps ||
		    other->reports_since < SETTLED_REPORTS)
			continue;
		if (llabs(by_base(clock, other->base, clock->rtp) - media_us) <= JOIN_US) {
			use_base(clock, other->base, media_us, now_us);
			return;
		}
	}
}

bool tess_rtp_clock_report(struct tess_rtp_clock *clock, uint32_t timestamp, int64_t ntp_us,
			   int64_t now_us)
{
	int64_t media_us = mapped(clock, clock->rtp);
	enum tess_rtp_ntp_result result =
		tess_rtp_ntp_add(&clock->ntp, extend(clock, timestamp), ntp_us);

	if (result == TESS_RTP_NTP_LEFT_OUT)
		return false;
	if (!clock->base)
		join(clock, media_us, now_us);
	else if (result == TESS_RTP_NTP_STEPPED)
		step(clock, media_us, now_us);
	else
		use_base(clock, clock->base, media_us, now_us);

	if (clock->steps_seen != clock->source->steps) {
		clock->steps_seen = clock->source->steps;
		clock->reports_since = 0;
	}
	clock->reports_since++;
	if (clock->base && clock->reports_since >= SETTLED_REPORTS)
		meet_sister(clock, media_us, now_us);
	return true;
}

int64_t tess_rtp_clock_map(struct tess_rtp_clock *clock, uint32_t timestamp, int64_t now_us)
{
	int64_t rtp = extend(clock, timestamp);
	int64_t media_us = mapped(clock, rtp);

	bool strange = llabs(media_us - now_us) > STRANGE_US;

	if (!strange && clock->delivered && rtp < clock->last_rtp) /* out of display order */
		return media_us < clock->last_us ? media_us : clock->last_us;
	if (!strange && clock->delivered && rtp == clock->last_rtp)
		return clock->last_us;
	if (strange || media_us > now_us + TESS_RTP_STEP_US)
		media_us = now_us;
	if (clock->delivered && media_us <= clock->last_us)
		media_us = clock->last_us + 1;
	clock->delivered = true;
	clock->last_us = media_us;
	if (!strange)
		clock->last_rtp = rtp;
	return media_us;
}
