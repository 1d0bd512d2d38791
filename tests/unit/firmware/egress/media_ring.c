/* SPDX-License-Identifier: GPL-3.0-or-later
 * A ring as media makes it.
 */
#include "tests/unit/firmware/egress/media_ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

struct offer {
	struct tess_streams *streams;
	uint64_t epoch;
	int memfd, eventfd;
};

static void do_offer(void *arg)
{
	struct offer *offer = arg;

	assert_int_equal(
		tess_streams_offer(offer->streams, "s", offer->epoch, offer->memfd, offer->eventfd),
		0);
}

static void do_away(void *arg)
{
	tess_streams_away(arg);
}

static void do_end(void *arg)
{
	tess_streams_end(arg, "s", UINT64_MAX);
}

struct tess_ring_writer *media_ring(struct turning *turning, struct tess_streams *streams,
				    uint64_t epoch)
{
	struct tess_ring_config config = {.epoch = epoch, .data_bytes = 8 << 20, .slots = 2048};
	struct offer offer = {.streams = streams, .epoch = epoch};
	struct tess_ring_writer *ring;

	assert_int_equal(tess_ring_writer_alloc(&ring, &config, &unit_info), 0);
	offer.memfd = dup(tess_ring_writer_memfd(ring));
	offer.eventfd = dup(tess_ring_writer_eventfd(ring));
	turning_do(turning, do_offer, &offer);
	return ring;
}

void media_away(struct turning *turning, struct tess_streams *streams)
{
	turning_do(turning, do_away, streams);
}

void media_end(struct turning *turning, struct tess_streams *streams)
{
	turning_do(turning, do_end, streams);
}

void video(struct tess_ring_writer *ring, uint32_t number, size_t length, bool key)
{
	static uint8_t data[UNIT_MAX];
	struct tess_au au = unit_video(data, number, length, key, false);

	assert_int_equal(tess_ring_write(ring, &au), 0);
}

void audio(struct tess_ring_writer *ring, uint32_t number)
{
	uint8_t data[100];
	struct tess_au au = unit_audio(data, number, 60);

	assert_int_equal(tess_ring_write(ring, &au), 0);
}
