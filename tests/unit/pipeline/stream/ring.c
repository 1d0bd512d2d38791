/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of pipeline/stream/ring.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "pipeline/stream/ring.h"
#include "pipeline/stream/ring_layout.h"

static const struct tess_stream_info info = {
	.has_video = true,
	.has_audio = true,
	.width = 1280,
	.height = 720,
	.frame_rate = 15,
	.video_bitrate_bps = 1500000,
	.audio_rate = 48000,
	.audio_channels = 2,
	.audio_codec = 6,
	.audio_config_length = 2,
	.audio_config = {0x11, 0x90},
};

static struct tess_ring_writer *make_writer(uint32_t data_bytes, uint32_t slots)
{
	struct tess_ring_config config = {.epoch = 77, .data_bytes = data_bytes, .slots = slots};
	struct tess_ring_writer *writer;

	assert_int_equal(tess_ring_writer_alloc(&writer, &config, &info), 0);
	return writer;
}

static struct tess_ring_reader *make_reader(const struct tess_ring_writer *writer)
{
	struct tess_ring_reader *reader;

	assert_int_equal(tess_ring_reader_alloc(&reader, tess_ring_writer_memfd(writer)), 0);
	return reader;
}

/* Access unit n: its bytes, length and times all follow from n, so that a reader can check them. */
static size_t unit_length(uint64_t n)
{
	return (size_t)(n * 131 % 701);
}

static uint8_t unit_byte(uint64_t n, size_t i)
{
	return (uint8_t)(n * 7 + i * 13 + (i >> 8));
}

static int write_unit(struct tess_ring_writer *writer, uint64_t n)
{
	uint8_t data[701];
	struct tess_au au = {
		.data = data,
		.length = unit_length(n),
		.pts_us = (int64_t)n * 1000 + 5,
		.dts_us = (int64_t)n * 1000,
		.track = n % 3 == 0 ? TESS_TRACK_VIDEO : TESS_TRACK_AUDIO,
		.key = n % 3 != 0 || n % 30 == 0,
		.discontinuity = n % 50 == 0,
	};

	for (size_t i = 0; i < au.length; i++)
		data[i] = unit_byte(n, i);
	return tess_ring_write(writer, &au);
}

/** @return the number of the access unit, or -1 if anything of it is wrong */
static int64_t check_unit(const struct tess_au *au)
{
	uint64_t n = (uint64_t)au->dts_us / 1000;

	if (au->length != unit_length(n) || au->pts_us != au->dts_us + 5 ||
	    (au->track == TESS_TRACK_VIDEO) != (n % 3 == 0) ||
	    au->key != (n % 3 != 0 || n % 30 == 0) || au->discontinuity != (n % 50 == 0))
		return -1;
	for (size_t i = 0; i < au->length; i++)
		if (au->data[i] != unit_byte(n, i))
			return -1;
	return (int64_t)n;
}

static int64_t read_number(struct tess_ring_reader *reader)
{
	uint8_t buffer[701];
	struct tess_au au;
	size_t needed;
	int rc = tess_ring_read(reader, &au, buffer, sizeof(buffer), &needed);

	return rc ? rc : check_unit(&au);
}

static void test_round_trip(void **state)
{
	struct tess_ring_writer *writer = make_writer(4096, 16);
	struct tess_ring_reader *reader = make_reader(writer);
	uint64_t notified;

	(void)state;
	assert_int_equal(tess_ring_reader_epoch(reader), 77);
	assert_memory_equal(tess_ring_reader_info(reader), &info, sizeof(info));
	assert_int_equal(read_number(reader), -EAGAIN);
	/* many times round both the slots and the data */
	for (uint64_t n = 0; n < 1000; n++) {
		assert_int_equal(write_unit(writer, n), 0);
		assert_int_equal(read_number(reader), n);
		assert_int_equal(read_number(reader), -EAGAIN);
	}
	assert_int_equal(read(tess_ring_writer_eventfd(writer), &notified, 8), 8);
	assert_int_equal(notified, 1000);
	tess_ring_writer_free(writer);
	assert_int_equal(read_number(reader), -EPIPE);
	tess_ring_reader_free(reader);
}

static void test_end_after_all_read(void **state)
{
	struct tess_ring_writer *writer = make_writer(4096, 16);
	struct tess_ring_reader *reader = make_reader(writer);

	(void)state;
	assert_int_equal(write_unit(writer, 1), 0);
	assert_int_equal(write_unit(writer, 2), 0);
	tess_ring_writer_free(writer);
	assert_int_equal(read_number(reader), 1);
	assert_int_equal(read_number(reader), 2);
	assert_int_equal(read_number(reader), -EPIPE);
	tess_ring_reader_free(reader);
	tess_ring_reader_free(NULL);
	tess_ring_writer_free(NULL);
}

static void test_overrun(void **state)
{
	struct tess_ring_writer *by_slots = make_writer(65536, 8);
	struct tess_ring_writer *by_data = make_writer(4096, 1024);
	struct tess_ring_reader *reader = make_reader(by_slots);
	uint64_t expected;
	int64_t n;

	(void)state;
	for (n = 0; n < 100; n++)
		assert_int_equal(write_unit(by_slots, (uint64_t)n), 0);
	assert_int_equal(read_number(reader), -EOVERFLOW);
	for (n = 92; n < 100; n++)
		assert_int_equal(read_number(reader), n);
	assert_int_equal(read_number(reader), -EAGAIN);
	tess_ring_reader_free(reader);
	tess_ring_writer_free(by_slots);

	reader = make_reader(by_data);
	for (n = 0; n < 100; n++)
		assert_int_equal(write_unit(by_data, (uint64_t)n), 0);
	/* as many of the newest as fit in 4096 bytes, each rounded up to 8 */
	for (expected = 100, n = 4096; n >= 0;)
		n -= (int64_t)(unit_length(--expected) + 7) & ~INT64_C(7);
	expected++;
	assert_true(expected < 95);
	assert_int_equal(read_number(reader), -EOVERFLOW);
	for (n = (int64_t)expected; n < 100; n++)
		assert_int_equal(read_number(reader), n);
	assert_int_equal(read_number(reader), -EAGAIN);
	tess_ring_reader_free(reader);
	tess_ring_writer_free(by_data);
}

static void test_seek(void **state)
{
	struct tess_ring_writer *writer = make_writer(65536, 64);
	struct tess_ring_reader *reader = make_reader(writer);

	(void)state;
	assert_int_equal(tess_ring_seek_key(reader), -ENOENT);
	assert_int_equal(tess_ring_seek_after(reader, 0), 0);
	for (uint64_t n = 10; n < 50; n++)
		assert_int_equal(write_unit(writer, n), 0);
	/* key audio frames are no place to begin at in a stream with video */
	assert_int_equal(tess_ring_seek_key(reader), 0);
	assert_int_equal(read_number(reader), 30);
	tess_ring_seek_newest(reader);
	assert_int_equal(read_number(reader), -EAGAIN);
	tess_ring_seek_oldest(reader);
	assert_int_equal(read_number(reader), 10);
	assert_int_equal(tess_ring_seek_after(reader, 19999), 0);
	assert_int_equal(read_number(reader), 20);
	assert_int_equal(tess_ring_seek_after(reader, 20000), 0);
	assert_int_equal(read_number(reader), 21);
	assert_int_equal(tess_ring_seek_after(reader, INT64_MIN), 0);
	assert_int_equal(read_number(reader), 10);
	assert_int_equal(tess_ring_seek_after(reader, 99999), 0);
	assert_int_equal(read_number(reader), -EAGAIN);
	/* 50 .. 199 push out all up to 135 */
	for (uint64_t n = 50; n < 200; n++)
		assert_int_equal(write_unit(writer, n), 0);
	assert_int_equal(tess_ring_seek_after(reader, 40000), 1);
	assert_int_equal(read_number(reader), 136);
	assert_int_equal(tess_ring_seek_after(reader, 135999), 1);
	assert_int_equal(tess_ring_seek_after(reader, 136000), 0);
	assert_int_equal(read_number(reader), 137);
	tess_ring_reader_free(reader);
	tess_ring_writer_free(writer);
}

static void test_sizes(void **state)
{
	struct tess_ring_writer *writer = make_writer(4096, 16);
	struct tess_ring_reader *reader = make_reader(writer);
	uint8_t data[2049] = {1}, buffer[2048];
	struct tess_au au = {.data = data, .length = 2049, .track = TESS_TRACK_VIDEO}, got;
	size_t needed = 0;

	(void)state;
	assert_int_equal(tess_ring_write(writer, &au), -EMSGSIZE);
	au.length = 2048;
	data[2047] = 9;
	assert_int_equal(tess_ring_write(writer, &au), 0);
	assert_int_equal(tess_ring_read(reader, &got, buffer, 2047, &needed), -EMSGSIZE);
	assert_int_equal(needed, 2048);
	assert_int_equal(tess_ring_read(reader, &got, buffer, 2048, &needed), 0);
	assert_int_equal(got.length, 2048);
	assert_memory_equal(buffer, data, 2048);
	tess_ring_reader_free(reader);
	tess_ring_writer_free(writer);
}

static void test_annexb(void **state)
{
	static const uint8_t stream[] = {0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x65, 0x88};
	static const uint8_t want[] = {0, 0, 0, 2, 0x67, 1, 0, 0, 0, 2, 0x65, 0x88};
	struct tess_ring_writer *writer = make_writer(4096, 16);
	struct tess_ring_reader *reader = make_reader(writer);
	struct tess_au au = {.data = stream,
			     .length = sizeof(stream),
			     .pts_us = 3,
			     .dts_us = 2,
			     .track = TESS_TRACK_VIDEO,
			     .key = true};
	uint8_t buffer[64];
	struct tess_au got;
	size_t needed;

	(void)state;
	assert_int_equal(tess_ring_write_annexb(writer, &au), 0);
	assert_int_equal(tess_ring_read(reader, &got, buffer, sizeof(buffer), &needed), 0);
	assert_int_equal(got.length, sizeof(want));
	assert_memory_equal(got.data, want, sizeof(want));
	assert_int_equal(got.pts_us, 3);
	assert_true(got.key);
	au.length = 3;
	assert_int_equal(tess_ring_write_annexb(writer, &au), -EBADMSG);
	tess_ring_reader_free(reader);
	tess_ring_writer_free(writer);
}

static void test_bad_config(void **state)
{
	static const struct tess_ring_config bad[] = {
		{.data_bytes = 4095, .slots = 16}, {.data_bytes = UINT32_MAX, .slots = 16},
		{.data_bytes = 4096, .slots = 0},  {.data_bytes = 4096, .slots = 1},
		{.data_bytes = 4096, .slots = 17}, {.data_bytes = 4096, .slots = 1 << 17},
	};
	struct tess_ring_writer *writer;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(tess_ring_writer_alloc(&writer, &bad[i], &info), -EINVAL);
}

/* A ring's memory as a hostile writer would make it: a copy that the test may change. */
struct forged {
	int memfd;
	struct ring_header *header;
	struct ring_slot *slots;
	size_t size;
};

static void forge(struct forged *forged, unsigned seals)
{
	struct tess_ring_writer *writer = make_writer(4096, 16);
	int source = tess_ring_writer_memfd(writer);
	void *memory;

	for (uint64_t n = 0; n < 3; n++)
		assert_int_equal(write_unit(writer, n), 0);
	forged->size = ring_total_bytes(16, 4096);
	forged->memfd = memfd_create("forged", MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(forged->memfd, (off_t)forged->size), 0);
	memory = mmap(NULL, forged->size, PROT_READ | PROT_WRITE, MAP_SHARED, forged->memfd, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_int_equal(pread(source, memory, forged->size, 0), forged->size);
	forged->header = memory;
	forged->slots = (void *)((uint8_t *)memory + TESS_RING_HEADER_SIZE);
	if (seals)
		assert_int_equal(fcntl(forged->memfd, F_ADD_SEALS, seals), 0);
	tess_ring_writer_free(writer);
}

static void forged_free(struct forged *forged)
{
	munmap(forged->header, forged->size);
	close(forged->memfd);
}

static void test_hostile_header(void **state)
{
	struct tess_ring_reader *reader;
	struct forged forged;
	struct ring_constants saved, *constants;

	(void)state;
	forge(&forged, 0);
	assert_int_equal(tess_ring_reader_alloc(&reader, forged.memfd), -EBADMSG);
	assert_int_equal(fcntl(forged.memfd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	assert_int_equal(tess_ring_reader_alloc(&reader, forged.memfd), 0);
	tess_ring_reader_free(reader);
	constants = &forged.header->constants;
	saved = *constants;
	constants->magic ^= 1;
	assert_int_equal(tess_ring_reader_alloc(&reader, forged.memfd), -EBADMSG);
	*constants = saved;
	constants->version++;
	assert_int_equal(tess_ring_reader_alloc(&reader, forged.memfd), -EBADMSG);
	*constants = saved;
	constants->slots = 32; /* more than the memory has */
	assert_int_equal(tess_ring_reader_alloc(&reader, forged.memfd), -EBADMSG);
	constants->slots = 0;
	assert_int_equal(tess_ring_reader_alloc(&reader, forged.memfd), -EBADMSG);
	*constants = saved;
	constants->data_bytes += 8;
	assert_int_equal(tess_ring_reader_alloc(&reader, forged.memfd), -EBADMSG);
	*constants = saved;
	constants->audio_config_length = 17;
	assert_int_equal(tess_ring_reader_alloc(&reader, forged.memfd), -EBADMSG);
	*constants = saved;
	constants->has_video = 2; /* no bool holds that */
	assert_int_equal(tess_ring_reader_alloc(&reader, forged.memfd), 0);
	assert_true(tess_ring_reader_info(reader)->has_video);
	tess_ring_reader_free(reader);
	forged_free(&forged);
	assert_int_equal(tess_ring_reader_alloc(&reader, STDIN_FILENO), -EBADMSG);
}

static void test_hostile_index(void **state)
{
	struct tess_ring_reader *reader;
	struct forged forged;

	(void)state;
	forge(&forged, F_SEAL_SHRINK);
	assert_int_equal(tess_ring_reader_alloc(&reader, forged.memfd), 0);
	tess_ring_seek_oldest(reader);
	atomic_store(&forged.slots[0].length_flags, UINT64_C(2049) << 32);
	assert_int_equal(read_number(reader), -EBADMSG);
	atomic_store(&forged.slots[0].length_flags, UINT64_MAX);
	assert_int_equal(read_number(reader), -EBADMSG);
	atomic_store(&forged.slots[0].length_flags, UINT64_C(8) << 32);
	atomic_store(&forged.slots[0].position, 4);
	assert_int_equal(read_number(reader), -EBADMSG);
	atomic_store(&forged.slots[0].position,
		     UINT64_MAX & ~UINT64_C(7)); /* wraps inside the area */
	assert_int_equal(read_number(reader), -1);
	atomic_store(&forged.header->head, 0); /* back below the cursor */
	assert_int_equal(read_number(reader), -EBADMSG);
	atomic_store(&forged.header->head, UINT64_MAX);
	assert_int_equal(tess_ring_seek_key(reader), -ENOENT);
	assert_int_equal(tess_ring_seek_after(reader, INT64_MAX), 0);
	atomic_store(&forged.header->tail, UINT64_MAX);
	atomic_store(&forged.header->head, 5);
	assert_int_equal(read_number(reader), -EBADMSG);
	tess_ring_reader_free(reader);
	forged_free(&forged);
}

static void test_read_only_for_readers(void **state)
{
	struct tess_ring_writer *writer = make_writer(4096, 16);
	int memfd = tess_ring_writer_memfd(writer);

	(void)state;
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0),
			 MAP_FAILED);
	assert_int_equal(pwrite(memfd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(memfd, 0), -1);
	tess_ring_writer_free(writer);
}

/* One writer without a pause against readers: each access unit that comes out is whole. */
enum { STRESS_UNITS = 60000, STRESS_READERS = 3 };

struct stress {
	struct tess_ring_writer *writer;
	atomic_uint started;
	struct {
		struct stress *stress;
		uint64_t read, overruns;
		bool damaged;
	} readers[STRESS_READERS];
};

static void *stress_write(void *arg)
{
	struct stress *stress = arg;

	while (atomic_load(&stress->started) < STRESS_READERS)
		usleep(100);
	for (uint64_t n = 0; n < STRESS_UNITS; n++) {
		(void)write_unit(stress->writer, n);
		if (n % 64 == 0)
			usleep(50);
	}
	return NULL;
}

static void *stress_read(void *arg)
{
	__typeof__(&((struct stress *)NULL)->readers[0]) self = arg;
	struct tess_ring_reader *reader;
	int64_t last = -1, n;

	if (tess_ring_reader_alloc(&reader, tess_ring_writer_memfd(self->stress->writer)))
		return NULL;
	atomic_fetch_add(&self->stress->started, 1);
	while (last < STRESS_UNITS - 1) {
		n = read_number(reader);
		if (n == -EOVERFLOW) {
			self->overruns++;
		} else if (n >= 0) {
			self->damaged |= n <= last;
			last = n;
			self->read++;
		} else if (n != -EAGAIN) {
			self->damaged = true;
			break;
		}
	}
	tess_ring_reader_free(reader);
	return NULL;
}

static void test_threads(void **state)
{
	struct stress stress = {.writer = make_writer(4096, 16)};
	pthread_t writer, readers[STRESS_READERS];

	(void)state;
	assert_int_equal(pthread_create(&writer, NULL, stress_write, &stress), 0);
	for (unsigned i = 0; i < STRESS_READERS; i++) {
		stress.readers[i].stress = &stress;
		assert_int_equal(pthread_create(&readers[i], NULL, stress_read, &stress.readers[i]),
				 0);
	}
	(void)pthread_join(writer, NULL);
	for (unsigned i = 0; i < STRESS_READERS; i++) {
		(void)pthread_join(readers[i], NULL);
		print_message("reader %u: %lu read, %lu overruns\n", i,
			      (unsigned long)stress.readers[i].read,
			      (unsigned long)stress.readers[i].overruns);
		assert_false(stress.readers[i].damaged);
		assert_true(stress.readers[i].read > 0);
	}
	tess_ring_writer_free(stress.writer);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_end_after_all_read),
		cmocka_unit_test(test_overrun),	      cmocka_unit_test(test_seek),
		cmocka_unit_test(test_sizes),	      cmocka_unit_test(test_annexb),
		cmocka_unit_test(test_bad_config),    cmocka_unit_test(test_hostile_header),
		cmocka_unit_test(test_hostile_index), cmocka_unit_test(test_read_only_for_readers),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
