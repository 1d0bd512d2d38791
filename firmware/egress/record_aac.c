/* SPDX-License-Identifier: GPL-3.0-or-later
 * The sound of a recording as a row of ADTS frames. It has no times: what is missing in a gap is
 * missing without a trace in the file; the facts tell of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "firmware/egress/record_output.h"
#include "pipeline/mux/adts.h"

struct aac {
	struct tess_output base;
	int fd;
};

#define SOUND 1

static int open_aac(struct tess_output *output)
{
	struct aac *aac = (struct aac *)output;
	int fd = tess_output_open_file(output);

	if (fd < 0)
		return fd;
	if (aac->fd >= 0)
		(void)close(aac->fd);
	aac->fd = fd;
	return 0;
}

/** What ADTS cannot tell, or hold, is left out: of these the header alone decides. */
static bool header_of(uint8_t header[TESS_ADTS_HEADER_BYTES],
		      const struct tess_output_fragment *fragment, uint32_t size)
{
	size_t length;
	const uint8_t *config = tess_output_description(
		fragment, SOUND, fragment->moof->runs[SOUND].description, &length);

	return config && tess_adts_header(header, config, length, size) == 0;
}

static int write_aac(struct tess_output *output, const struct tess_output_fragment *fragment)
{
	const struct tess_moof_run *run = &fragment->moof->runs[SOUND];
	const uint8_t *data = fragment->payloads[SOUND]->data;
	uint8_t header[TESS_ADTS_HEADER_BYTES];
	struct tess_bytes bytes = {0};
	int error = 0;

	for (uint32_t i = 0; i < run->count; i++) {
		uint32_t size = tess_moof_sample(run, i).size;

		if (header_of(header, fragment, size)) {
			tess_put_data(&bytes, header, sizeof(header));
			tess_put_data(&bytes, data, size);
		}
		data += size;
	}
	if (run->count)
		error = tess_output_append(output, ((struct aac *)output)->fd, &bytes);
	tess_bytes_free(&bytes);
	return error;
}

static void take_aac(struct tess_output *output, const struct tess_output_fragment *fragment)
{
	const struct tess_moof_run *run = &fragment->moof->runs[SOUND];
	uint8_t header[TESS_ADTS_HEADER_BYTES];

	for (uint32_t i = 0; i < run->count; i++) {
		uint32_t size = tess_moof_sample(run, i).size;

		if (header_of(header, fragment, size))
			output->bytes += size + sizeof(header);
	}
}

static int finish_aac(struct tess_output *output, const struct tess_output_end *end)
{
	return tess_output_rename(output, end->final);
}

static void close_aac(struct tess_output *output)
{
	struct aac *aac = (struct aac *)output;

	if (aac->fd >= 0)
		(void)close(aac->fd);
	aac->fd = -1;
}

static void free_aac(struct tess_output *output)
{
	close_aac(output);
	free(output);
}

static const struct tess_output_ops aac_ops = {
	.open = open_aac,
	.write = write_aac,
	.take = take_aac,
	.finish = finish_aac,
	.close = close_aac,
	.remove = tess_output_unlink,
	.free = free_aac,
};

int tess_output_aac_alloc(struct tess_output **outputp)
{
	struct aac *aac = calloc(1, sizeof(*aac));

	if (!aac)
		return -ENOMEM;
	aac->base.ops = &aac_ops;
	aac->fd = -1;
	*outputp = &aac->base;
	return 0;
}
