/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/replay_main.c - tessera-replay: a capture and a scenario in, files out.
 *
 * For each stream and its epoch, in the directory given, where N counts the streams of one name:
 *   STREAM.N.aus   all access units: records of a 24-byte header (little endian: length 4, track 1,
 * flags 1 (1 key, 2 discontinuity), 2 zero, pts 8, dts 8) and the bytes as in the ring
 *   STREAM.N.h264  video, Annex B
 *   STREAM.N.aac   audio, ADTS
 *   STREAM.N.csv   track,pts_us,dts_us,key,bytes with times from the first packet on
 * Facts go to standard output, a line of JSON each.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/media/replay.h"

struct output {
	struct output *next;
	char stream[TESS_DESIRED_NAME];
	uint64_t epoch;
	FILE *aus, *h264, *aac, *csv;
};

struct outputs {
	const char *directory;
	struct output *first;
	bool failed;
};

static FILE *create(struct outputs *outputs, const char *stream, unsigned number,
		    const char *suffix)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.%u.%s", outputs->directory, stream, number, suffix);
	file = fopen(path, "wb");
	if (!file)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	outputs->failed = outputs->failed || !file;
	return file;
}

static struct output *find_output(struct outputs *outputs, const char *stream, uint64_t epoch)
{
	struct output *output;
	unsigned number = 1;

	for (output = outputs->first; output; output = output->next) {
		if (!strcmp(output->stream, stream)) {
			if (output->epoch == epoch)
				return output;
			number++;
		}
	}
	if (strchr(stream, '/') || outputs->failed)
		return NULL;
	output = calloc(1, sizeof(*output));
	if (!output)
		return NULL;
	memcpy(output->stream, stream, strnlen(stream, sizeof(output->stream) - 1));
	output->epoch = epoch;
	output->aus = create(outputs, stream, number, "aus");
	output->h264 = create(outputs, stream, number, "h264");
	output->aac = create(outputs, stream, number, "aac");
	output->csv = create(outputs, stream, number, "csv");
	output->next = outputs->first;
	outputs->first = output;
	return output;
}

static void put_le(uint8_t *to, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

static bool write_record(FILE *file, const struct tess_au *au)
{
	uint8_t header[24] = {0};

	put_le(header, au->length, 4);
	header[4] = (uint8_t)au->track;
	header[5] = (uint8_t)((au->key ? 1 : 0) | (au->discontinuity ? 2 : 0));
	put_le(header + 8, (uint64_t)au->pts_us, 8);
	put_le(header + 16, (uint64_t)au->dts_us, 8);
	return fwrite(header, sizeof(header), 1, file) == 1 &&
	       fwrite(au->data, au->length, 1, file) == 1;
}

/* Length prefixes to start codes: both are 4 bytes. */
static bool write_annexb(FILE *file, const struct tess_au *au)
{
	static const uint8_t start[4] = {0, 0, 0, 1};
	size_t at = 0;

	while (at + 4 <= au->length) {
		const uint8_t *nal = au->data + at;
		size_t length =
			(size_t)nal[0] << 24 | (size_t)nal[1] << 16 | (size_t)nal[2] << 8 | nal[3];

		if (length > au->length - at - 4 || fwrite(start, sizeof(start), 1, file) != 1 ||
		    fwrite(nal + 4, length, 1, file) != 1)
			return false;
		at += 4 + length;
	}
	return at == au->length;
}

/* ISO/IEC 13818-7 §6.2, from the AudioSpecificConfig of an AAC-LC stream */
static bool write_adts(FILE *file, const struct tess_stream_info *info, const struct tess_au *au)
{
	unsigned rate = (info->audio_config[0] & 7u) << 1 | info->audio_config[1] >> 7;
	unsigned channels = info->audio_config[1] >> 3 & 15;
	size_t length = au->length + 7;
	const uint8_t header[7] = {
		0xff,
		0xf1,
		(uint8_t)(1 << 6 | rate << 2 | channels >> 2),
		(uint8_t)((channels & 3) << 6 | length >> 11),
		(uint8_t)(length >> 3),
		(uint8_t)((length & 7) << 5 | 0x1f),
		0xfc,
	};

	return fwrite(header, sizeof(header), 1, file) == 1 &&
	       fwrite(au->data, au->length, 1, file) == 1;
}

static void on_au(void *arg, const char *stream, uint64_t epoch,
		  const struct tess_stream_info *info, const struct tess_au *au)
{
	struct outputs *outputs = arg;
	struct output *output = find_output(outputs, stream, epoch);
	bool video = au->track == TESS_TRACK_VIDEO;

	if (!output || outputs->failed) {
		outputs->failed = true;
		return;
	}
	if (!write_record(output->aus, au) ||
	    !(video ? write_annexb(output->h264, au) : write_adts(output->aac, info, au)) ||
	    fprintf(output->csv, "%s,%" PRId64 ",%" PRId64 ",%d,%zu\n", video ? "video" : "audio",
		    au->pts_us - TESS_MEDIA_REPLAY_START_US,
		    au->dts_us - TESS_MEDIA_REPLAY_START_US, au->key, au->length) < 0)
		outputs->failed = true;
}

static void on_facts(void *arg, int64_t now_us, const struct tess_media_facts *facts)
{
	struct tess_media_facts *all[1] = {(struct tess_media_facts *)facts};
	json_t *message = tess_media_facts_message(all, 1, NULL, 0);

	(void)arg;
	if (!message)
		return;
	json_object_set_new(message, "at_ms",
			    json_integer((now_us - TESS_MEDIA_REPLAY_START_US) / 1000));
	json_dumpf(message, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(message);
}

static void close_file(struct outputs *outputs, FILE *file)
{
	if (file && fclose(file))
		outputs->failed = true;
}

static void close_outputs(struct outputs *outputs)
{
	while (outputs->first) {
		struct output *output = outputs->first;

		outputs->first = output->next;
		close_file(outputs, output->aus);
		close_file(outputs, output->h264);
		close_file(outputs, output->aac);
		close_file(outputs, output->csv);
		free(output);
	}
}

int main(int argc, char **argv)
{
	struct outputs outputs = {0};
	const struct tess_media_replay_handlers handlers = {
		.au = on_au,
		.facts = on_facts,
		.arg = &outputs,
	};
	json_error_t json_error;
	char error[512];
	json_t *scenario;
	int result;

	if (argc != 4) {
		fprintf(stderr, "usage: %s CAPTURE.pcap SCENARIO.json DIRECTORY\n", argv[0]);
		return 2;
	}
	outputs.directory = argv[3];
	scenario = json_load_file(argv[2], JSON_REJECT_DUPLICATES, &json_error);
	if (!scenario) {
		fprintf(stderr, "%s:%d: %s\n", argv[2], json_error.line, json_error.text);
		return 2;
	}
	result = tess_media_replay(argv[1], scenario, &handlers, error, sizeof(error));
	json_decref(scenario);
	close_outputs(&outputs);
	if (result)
		fprintf(stderr, "%s: %s\n", argv[0], error);
	else if (outputs.failed)
		fprintf(stderr, "%s: not all could be written\n", argv[0]);
	return result || outputs.failed ? 1 : 0;
}
