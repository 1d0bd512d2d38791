/* SPDX-License-Identifier: GPL-3.0-or-later
 * A reader over a hostile ring: the input becomes its constants, counters and slots, and goes on
 * changing them between two reads.
 *
 * The input is a row of writes: 2 bytes where (in words of 8 bytes), 8 bytes what. After each 7th
 * write the reader is used in every way.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pipeline/stream/ring.h"
#include "pipeline/stream/ring_layout.h"

#define SLOTS	   16
#define DATA_BYTES 4096
#define WRITE	   10

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t total;
static int memfd = -1;
static uint8_t *memory, *first; /* what the reader sees; a good ring to begin with */

static void prepare(void)
{
	struct tess_ring_config config = {.epoch = 1, .data_bytes = DATA_BYTES, .slots = SLOTS};
	struct tess_stream_info info = {.has_video = true};
	struct tess_au au = {.data = (const uint8_t *)"0123456789",
			     .length = 10,
			     .track = TESS_TRACK_VIDEO,
			     .key = true};
	struct tess_ring_writer *writer;

	total = ring_total_bytes(SLOTS, DATA_BYTES);
	memfd = memfd_create("fuzz", MFD_ALLOW_SEALING);
	first = malloc(total);
	if (!first || memfd < 0 || ftruncate(memfd, (off_t)total) ||
	    fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK) ||
	    tess_ring_writer_alloc(&writer, &config, &info))
		abort();
	for (unsigned i = 0; i < 20; i++)
		if (tess_ring_write(writer, &au))
			abort();
	if (pread(tess_ring_writer_memfd(writer), first, total, 0) != (ssize_t)total)
		abort();
	tess_ring_writer_free(writer);
	memory = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	if (memory == MAP_FAILED)
		abort();
}

static void use(struct tess_ring_reader *reader)
{
	uint8_t buffer[DATA_BYTES];
	struct tess_au au;
	size_t needed;

	for (unsigned i = 0; i < 4; i++) {
		needed = 0;
		/* a small buffer too: what is needed must be possible */
		if (!tess_ring_read(reader, &au, buffer, i == 2 ? 5 : sizeof(buffer), &needed) &&
		    au.length > DATA_BYTES / 2)
			abort();
		if (needed > DATA_BYTES / 2)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tess_ring_reader *reader = NULL;
	unsigned writes = 0;

	if (memfd < 0)
		prepare();
	memcpy(memory, first, total);
	/* an even first byte: the constants are attacked too, and the reader opens what it finds */
	if (size && (data[0] & 1) && tess_ring_reader_alloc(&reader, memfd))
		abort();
	for (; size >= WRITE; data += WRITE, size -= WRITE) {
		/* the header's first words and the slots are worth more tries than the rest of the
		 * page */
		size_t words = (sizeof(struct ring_header) + SLOTS * sizeof(struct ring_slot)) / 8;
		size_t word = (size_t)(data[0] >> 1 | data[1] << 7) % words;

		if (word >= sizeof(struct ring_header) / 8)
			word += (TESS_RING_HEADER_SIZE - sizeof(struct ring_header)) / 8;
		memcpy(memory + word * 8, data + 2, 8);
		if (++writes % 7)
			continue;
		if (!reader && tess_ring_reader_alloc(&reader, memfd))
			reader = NULL;
		if (!reader)
			continue;
		use(reader);
		(void)tess_ring_seek_key(reader);
		use(reader);
		(void)tess_ring_seek_after(reader, (int64_t)writes);
		use(reader);
		tess_ring_seek_oldest(reader);
		use(reader);
	}
	if (!reader && tess_ring_reader_alloc(&reader, memfd))
		return 0;
	use(reader);
	tess_ring_reader_free(reader);
	return 0;
}
