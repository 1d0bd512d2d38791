/* SPDX-License-Identifier: GPL-3.0-or-later
 * tess-make-capture - writes a capture of synthetic publishers (tests/support/capture.h).
 *
 *	tess-make-capture OUT.pcap [duration=S] [seed=N] [publishers=N] NAME=VALUE,... ...
 *
 * Each argument of no other meaning describes one more publisher by the fields of struct
 * tess_test_publisher, e.g. video=20000,audio=20002,size=320x180,fps=15,tone=440,loss=2,flash=2 .
 * publishers=N adds N plain ones, each with a tone of its own, ports from 20000 on as the box gives
 * them: video 20000 + 4 i, audio 20002 + 4 i.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/capture.h"

#define MAX_PUBLISHERS TESS_TEST_PATTERN_IDS
#define FIRST_PORT     20000

struct field {
	const char *name;
	void (*set)(struct tess_test_publisher *publisher, const char *value);
	const char *help;
};

static unsigned number(const char *value)
{
	return (unsigned)strtoul(value, NULL, 10);
}

static void size(const char *value, unsigned *width, unsigned *height)
{
	char *end;

	*width = (unsigned)strtoul(value, &end, 10);
	*height = *end == 'x' ? number(end + 1) : 0;
}

static void set_size(struct tess_test_publisher *publisher, const char *value)
{
	size(value, &publisher->video.width, &publisher->video.height);
}

/* SECONDS:WIDTHxHEIGHT */
static void set_resize(struct tess_test_publisher *publisher, const char *value)
{
	char *end;

	publisher->resize_at_s = strtod(value, &end);
	if (*end == ':')
		size(end + 1, &publisher->resize_width, &publisher->resize_height);
}

#define SETTER(name, member, parse)                                                      \
	static void set_##name(struct tess_test_publisher *publisher, const char *value) \
	{                                                                                \
		publisher->member = parse;                                               \
	}
SETTER(id, id, number(value))
SETTER(video, video_port, (uint16_t)number(value))
SETTER(audio, audio_port, (uint16_t)number(value))
SETTER(mux, rtcp_mux, number(value) != 0)
SETTER(start, start_s, strtod(value, NULL))
SETTER(stop, stop_s, strtod(value, NULL))
SETTER(fps, video.frame_rate, number(value))
SETTER(bitrate, video.bitrate_bps, number(value))
SETTER(gop, video.gop_frames, number(value))
SETTER(ssrc, ssrc_change_at_s, strtod(value, NULL))
SETTER(tone, tone_hz, strtod(value, NULL))
SETTER(level, tone_level, strtod(value, NULL))
SETTER(channels, audio_channels, number(value))
SETTER(flash, flash_every_s, strtod(value, NULL))
SETTER(loss, loss_percent, strtod(value, NULL))
SETTER(reorder, reorder_percent, strtod(value, NULL))
SETTER(duplicate, duplicate_percent, strtod(value, NULL))
SETTER(jitter, jitter_ms, strtod(value, NULL))
SETTER(delay, send_delay_ms, strtod(value, NULL))
SETTER(appm, audio_ppm, atoi(value))
SETTER(vppm, video_ppm, atoi(value))
SETTER(wall, wall_clock_ms, strtod(value, NULL))
SETTER(nosr, no_sender_reports, number(value) != 0)

static const struct field fields[] = {
	{"id", set_id, "number in the pictures, 0..31 (its place in the arguments)"},
	{"video", set_video, "port of the video, RTCP on the next one"},
	{"audio", set_audio, "port of the audio"},
	{"mux", set_mux, "1: RTCP on the same port"},
	{"start", set_start, "seconds"},
	{"stop", set_stop, "seconds"},
	{"size", set_size, "WIDTHxHEIGHT (160x90)"},
	{"fps", set_fps, "pictures a second (15)"},
	{"bitrate", set_bitrate, "of the video, bit/s (constant quality)"},
	{"gop", set_gop, "distance of key frames in pictures (a second)"},
	{"resize", set_resize, "SECONDS:WIDTHxHEIGHT"},
	{"ssrc", set_ssrc, "change of SSRC at, seconds"},
	{"tone", set_tone, "Hz"},
	{"level", set_level, "of the tone, 0..1"},
	{"channels", set_channels, "of the audio (1)"},
	{"flash", set_flash, "flash and beep every so many seconds"},
	{"loss", set_loss, "per cent"},
	{"reorder", set_reorder, "per cent"},
	{"duplicate", set_duplicate, "per cent"},
	{"jitter", set_jitter, "ms"},
	{"delay", set_delay, "ms"},
	{"appm", set_appm, "audio clock too fast by"},
	{"vppm", set_vppm, "video clock too fast by"},
	{"wall", set_wall, "sender's wall clock ahead by, ms"},
	{"nosr", set_nosr, "1: no sender reports"},
};

static int parse_publisher(struct tess_test_publisher *publisher, char *text)
{
	for (char *part = strtok(text, ","); part; part = strtok(NULL, ",")) {
		char *value = strchr(part, '=');
		size_t i = 0;

		if (!value)
			return -1;
		*value++ = '\0';
		while (i < sizeof(fields) / sizeof(fields[0]) && strcmp(fields[i].name, part) != 0)
			i++;
		if (i == sizeof(fields) / sizeof(fields[0]))
			return -1;
		fields[i].set(publisher, value);
	}
	return 0;
}

static struct tess_test_publisher plain_publisher(unsigned id)
{
	return (struct tess_test_publisher){
		.id = id,
		.video_port = (uint16_t)(FIRST_PORT + 4 * id),
		.audio_port = (uint16_t)(FIRST_PORT + 4 * id + 2),
		.tone_hz = 300 + 100 * id,
		.tone_level = 0.1,
	};
}

static int usage(const char *program)
{
	(void)fprintf(
		stderr,
		"usage: %s OUT.pcap [duration=S] [seed=N] [publishers=N] FIELD=VALUE,... ...\n"
		"each FIELD=VALUE,... is a publisher:\n",
		program);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		(void)fprintf(stderr, "  %-10s %s\n", fields[i].name, fields[i].help);
	return 2;
}

int main(int argc, char **argv)
{
	struct tess_test_publisher publishers[MAX_PUBLISHERS];
	struct tess_test_capture capture = {.publishers = publishers, .duration_s = 20, .seed = 1};
	int error;

	if (argc < 3)
		return usage(argv[0]);
	for (int i = 2; i < argc; i++) {
		if (!strncmp(argv[i], "duration=", 9)) {
			capture.duration_s = strtod(argv[i] + 9, NULL);
		} else if (!strncmp(argv[i], "seed=", 5)) {
			capture.seed = strtoull(argv[i] + 5, NULL, 10);
		} else if (!strncmp(argv[i], "publishers=", 11)) {
			unsigned more = number(argv[i] + 11);

			for (; more > 0 && capture.count < MAX_PUBLISHERS; more--) {
				publishers[capture.count] = plain_publisher(capture.count);
				capture.count++;
			}
		} else if (capture.count < MAX_PUBLISHERS) {
			publishers[capture.count] =
				(struct tess_test_publisher){.id = capture.count};
			if (parse_publisher(&publishers[capture.count], argv[i]))
				return usage(argv[0]);
			capture.count++;
		}
	}
	error = tess_test_capture_write(argv[1], &capture);
	if (error)
		(void)fprintf(stderr, "%s: %s\n", argv[1], strerror(-error));
	return error ? 1 : 0;
}
