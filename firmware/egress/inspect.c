/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/inspect.c - see inspect.h.
 */
#include "firmware/egress/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/egress/playlist.h"
#include "pipeline/mux/bytes.h"

#define MAX_INDEX_BYTES (64u << 20) /* a moov: some 16 bytes a sample */
#define MAX_BOXES	1000	    /* of the file */
#define FLV_BYTES	4096	    /* its metadata begin with what is looked for */
#define FRAMES_BYTES	(256u << 10)
#define MAX_DURATION_S	31622400.0 /* a year */
#define MAX_SIDE	16384

static bool is_canceled(const atomic_bool *cancel)
{
	return cancel && atomic_load(cancel);
}

/* @retval bytes read, fewer at the end; or a negative errno */
static ssize_t read_some(int fd, void *data, size_t length, uint64_t offset)
{
	size_t at = 0;

	while (at < length) {
		ssize_t got = pread(fd, (uint8_t *)data + at, length - at, (off_t)(offset + at));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		at += (size_t)got;
	}
	return (ssize_t)at;
}

static int set_duration(struct tess_inspection *out, double seconds)
{
	if (!(seconds >= 0 && seconds <= MAX_DURATION_S))
		return -EBADMSG;
	out->duration_us = (int64_t)(seconds * 1e6 + 0.5);
	return 0;
}

/* ---- MP4 ---- */

/* The next box of any type, with what is in it. */
static bool next_box(struct tess_cursor *from, uint32_t *type, struct tess_cursor *body)
{
	uint64_t size = tess_get_u32(from), head = 8;
	const uint8_t *data;

	*type = tess_get_u32(from);
	if (size == 1) {
		size = tess_get_u64(from);
		head = 16;
	}
	if (from->bad || size < head || size - head > tess_left(from))
		return false;
	data = tess_get_data(from, (size_t)(size - head));
	*body = tess_cursor_of(data, (size_t)(size - head));
	return true;
}

#define TYPE(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))

/* ISO/IEC 14496-12 §8.2.2 */
static int take_mvhd(struct tess_inspection *out, struct tess_cursor box)
{
	uint8_t version = tess_get_u8(&box);
	uint32_t timescale;
	uint64_t duration;

	(void)tess_get_data(&box, version == 1 ? 3 + 16 : 3 + 8);
	timescale = tess_get_u32(&box);
	duration = version == 1 ? tess_get_u64(&box) : tess_get_u32(&box);
	if (box.bad || version > 1 || !timescale)
		return -EBADMSG;
	return set_duration(out, (double)duration / timescale);
}

/* §8.3.2: the last two words are width and height, 16.16 */
static void take_tkhd(struct tess_inspection *out, struct tess_cursor box)
{
	size_t length = tess_left(&box);
	uint32_t width, height;

	if (length < 8)
		return;
	(void)tess_get_data(&box, length - 8);
	width = tess_get_u32(&box) >> 16;
	height = tess_get_u32(&box) >> 16;
	if (width && height && width <= MAX_SIDE && height <= MAX_SIDE) {
		out->width = width;
		out->height = height;
	}
}

static int take_moov(struct tess_inspection *out, const uint8_t *data, size_t length)
{
	struct tess_cursor boxes = tess_cursor_of(data, length), box, track, inner;
	int rc = -EBADMSG;
	uint32_t type, of;

	while (next_box(&boxes, &type, &box)) {
		if (type == TYPE('m', 'v', 'h', 'd')) {
			rc = take_mvhd(out, box);
			if (rc)
				return rc;
		}
		track = box;
		while (type == TYPE('t', 'r', 'a', 'k') && next_box(&track, &of, &inner))
			if (of == TYPE('t', 'k', 'h', 'd'))
				take_tkhd(out, inner);
	}
	return rc;
}

/* Find the moov among the boxes of the file. @retval 0, or as of tess_inspect() */
static int inspect_mp4(struct tess_inspection *out, int fd, uint64_t size)
{
	uint64_t at = 0;

	for (unsigned i = 0; i < MAX_BOXES && size - at >= 8; i++) {
		uint8_t head[16], *data;
		ssize_t got = read_some(fd, head, sizeof(head), at);
		struct tess_cursor cursor;
		uint64_t box, skip = 8;
		uint32_t type;
		int rc;

		if (got < 8)
			return got < 0 ? (int)got : -EBADMSG;
		cursor = tess_cursor_of(head, (size_t)got);
		box = tess_get_u32(&cursor);
		type = tess_get_u32(&cursor);
		if (box == 1) {
			box = tess_get_u64(&cursor);
			skip = 16;
		}
		if (cursor.bad || box < skip || box > size - at)
			return -EBADMSG;
		if (type != TYPE('m', 'o', 'o', 'v')) {
			at += box;
			continue;
		}
		if (box > MAX_INDEX_BYTES)
			return -EBADMSG;
		data = malloc((size_t)box);
		if (!data)
			return -ENOMEM;
		got = read_some(fd, data, (size_t)(box - skip), at + skip);
		rc = got < 0 ? (int)got : take_moov(out, data, (size_t)got);
		free(data);
		return rc;
	}
	return -EBADMSG;
}

/* ---- FLV ---- */

/* A number of the metadata (AMF 0 §2.2), by its name. */
static bool flv_number(const uint8_t *data, size_t length, const char *name, double *value)
{
	size_t name_length = strlen(name);
	uint64_t bits = 0;

	for (size_t i = 0; i + name_length + 11 <= length; i++) {
		if (data[i] || data[i + 1] != name_length ||
		    memcmp(data + i + 2, name, name_length) != 0 || data[i + 2 + name_length])
			continue;
		for (unsigned k = 0; k < 8; k++)
			bits = bits << 8 | data[i + 3 + name_length + k];
		memcpy(value, &bits, sizeof(*value));
		return true;
	}
	return false;
}

static int inspect_flv(struct tess_inspection *out, int fd)
{
	uint8_t data[FLV_BYTES];
	ssize_t got = read_some(fd, data, sizeof(data), 0);
	double duration = 0, width = 0, height = 0;

	if (got < 0)
		return (int)got;
	if (got < 16 || memcmp(data, "FLV\1", 4) != 0 ||
	    !flv_number(data, (size_t)got, "duration", &duration))
		return -EBADMSG;
	if (flv_number(data, (size_t)got, "width", &width) &&
	    flv_number(data, (size_t)got, "height", &height) && width >= 1 && height >= 1 &&
	    width <= MAX_SIDE && height <= MAX_SIDE) {
		out->width = (uint32_t)width;
		out->height = (uint32_t)height;
	}
	return set_duration(out, duration);
}

/* ---- frames in a row ---- */

struct frame {
	size_t size;
	unsigned samples;
	uint32_t rate;
};

/* How a frame begins. @return false: none does so */
struct frames {
	size_t head_bytes;
	bool (*read)(struct frame *frame, const uint8_t *head);
};

/* ADTS (ISO/IEC 13818-7 §6.2) */
static bool read_adts(struct frame *frame, const uint8_t *head)
{
	static const uint32_t rates[16] = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
					   22050, 16000, 12000, 11025, 8000,  7350};

	frame->size = (size_t)(head[3] & 3) << 11 | (size_t)head[4] << 3 | head[5] >> 5;
	frame->samples = 1024;
	frame->rate = rates[head[2] >> 2 & 15];
	return head[0] == 0xff && (head[1] & 0xf6) == 0xf0 && frame->size >= 7 && frame->rate;
}

/* Layer III of MPEG-1, and of MPEG-2 with its lower rates (ISO/IEC 11172-3 §2.4.2.3, 13818-3
 * §2.4.2.3) */
static bool read_mp3(struct frame *frame, const uint8_t *head)
{
	static const uint16_t kbps[2][16] = {
		{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
		{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}};
	static const uint32_t rates[4] = {44100, 48000, 32000};
	bool first = head[1] >> 3 & 1;
	uint32_t bps = kbps[first][head[2] >> 4] * 1000U;

	frame->samples = first ? 1152 : 576;
	frame->rate = rates[head[2] >> 2 & 3] >> !first;
	if (head[0] != 0xff || (head[1] & 0xf6) != 0xf2 || !bps || !frame->rate)
		return false;
	frame->size = frame->samples / 8 * bps / frame->rate + (head[2] >> 1 & 1);
	return true;
}

static const struct frames aac = {7, read_adts}, mp3 = {4, read_mp3};

/* The frames that are whole in @p data. @return bytes they take, or -EBADMSG */
static int64_t walk(const struct frames *frames, const uint8_t *data, size_t length,
		    uint64_t *samples, uint32_t *rate)
{
	size_t at = 0;

	while (length - at >= frames->head_bytes) {
		struct frame frame;

		if (!frames->read(&frame, data + at) || (*rate && *rate != frame.rate))
			return -EBADMSG;
		if (frame.size > length - at)
			break;
		*rate = frame.rate;
		*samples += frame.samples;
		at += frame.size;
	}
	return (int64_t)at;
}

static int inspect_frames(struct tess_inspection *out, int fd, const struct frames *frames,
			  const atomic_bool *cancel)
{
	uint8_t *data = malloc(FRAMES_BYTES);
	uint64_t samples = 0, at = 0;
	uint32_t rate = 0;
	int64_t used = data ? 1 : -ENOMEM;

	while (used > 0 && !is_canceled(cancel)) {
		ssize_t got = read_some(fd, data, FRAMES_BYTES, at);

		used = got < 0 ? got : walk(frames, data, (size_t)got, &samples, &rate);
		at += used > 0 ? (uint64_t)used : 0;
	}
	free(data);
	if (used < 0)
		return (int)used;
	if (is_canceled(cancel))
		return -ECANCELED;
	return rate ? set_duration(out, (double)samples / rate) : -EBADMSG;
}

int tess_inspect(struct tess_inspection *out, int fd, const char *format, const atomic_bool *cancel)
{
	struct stat info;

	*out = (struct tess_inspection){0};
	if (fstat(fd, &info))
		return -errno;
	out->bytes = (uint64_t)info.st_size;
	if (!strcmp(format, "mp4"))
		return inspect_mp4(out, fd, out->bytes);
	if (!strcmp(format, "flv"))
		return inspect_flv(out, fd);
	if (!strcmp(format, "aac"))
		return inspect_frames(out, fd, &aac, cancel);
	return strcmp(format, "mp3") != 0 ? -EBADMSG : inspect_frames(out, fd, &mp3, cancel);
}

/* ---- HLS ---- */

/* A file beside the playlist, of plain characters. @retval a descriptor, or a negative errno */
static int open_beside(int dir, const char *name, size_t length, uint64_t *bytes)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./";
	char path[256];
	struct stat info;
	int fd;

	if (!length || length >= sizeof(path))
		return -EBADMSG;
	memcpy(path, name, length);
	path[length] = 0;
	if (*path == '/' || strstr(path, "..") || path[strspn(path, plain)])
		return -EBADMSG;
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &info) || !S_ISREG(info.st_mode)) {
		(void)close(fd);
		return -EBADMSG;
	}
	*bytes += (uint64_t)info.st_size;
	return fd;
}

static int take_segment(struct tess_inspection *out, int dir, const char *name, size_t length)
{
	int fd = open_beside(dir, name, length, &out->bytes);

	if (fd < 0)
		return fd;
	(void)close(fd);
	return 0;
}

static int take_map(struct tess_inspection *out, int dir, const char *name, size_t length)
{
	struct tess_inspection init = {0};
	struct stat info;
	int fd, rc;

	if (!name)
		return -EBADMSG;
	fd = open_beside(dir, name, length, &out->bytes);
	if (fd < 0)
		return fd;
	rc = fstat(fd, &info) ? -errno : inspect_mp4(&init, fd, (uint64_t)info.st_size);
	(void)close(fd);
	if (!out->width) {
		out->width = init.width;
		out->height = init.height;
	}
	return rc;
}

int tess_inspect_playlist(struct tess_inspection *out, int dir, const char *text,
			  const atomic_bool *cancel)
{
	struct tess_playlist_line line;
	double duration = 0;
	int rc = 0;

	*out = (struct tess_inspection){.bytes = strlen(text)};
	if (strncmp(text, "#EXTM3U", 7) != 0)
		return -EBADMSG;
	while (!rc && tess_playlist_next(&line, &text)) {
		if (is_canceled(cancel))
			return -ECANCELED;
		if (line.kind == TESS_PLAYLIST_DURATION)
			duration += strtod(line.text, NULL);
		else if (line.kind == TESS_PLAYLIST_MAP)
			rc = take_map(out, dir, line.text, line.length);
		else
			rc = take_segment(out, dir, line.text, line.length);
	}
	return rc ? rc : set_duration(out, duration);
}
