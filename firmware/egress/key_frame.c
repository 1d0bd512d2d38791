/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/key_frame.c - see key_frame.h. A finished MP4 still has the fragments that it was
 * written in, inside its media (pipeline/mux/fmp4.h), and so has each segment.
 */
#include "firmware/egress/key_frame.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/egress/playlist.h"
#include "firmware/egress/record_journal.h"
#include "firmware/egress/record_output.h"

#define MAX_HEAD_BYTES (64u << 10)
#define HEAD_BOX_AT    (TESS_FMP4_PLACEHOLDER_AT + TESS_FMP4_PLACEHOLDER_BYTES)
#define TENTH	       10
/* key frames that are compared: the largest shows the most, and black is small */
#define CHOICE 8

/** A key frame that was found. */
struct found {
	uint64_t offset;
	uint32_t length;
	unsigned choice; /* of how many from the tenth on it is the largest; 0: it is before that */
	uint8_t avcc[TESS_H264_MAX_AVCC];
	size_t avcc_length;
};

static uint32_t u32_of(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The head as it was before the file was finished: its placeholder is a header since then. */
static int read_head(struct tess_record_state *state, int fd, uint64_t *end)
{
	static const uint8_t placeholder[TESS_FMP4_PLACEHOLDER_BYTES] = {0,   0,   0,	16,
									 'f', 'r', 'e', 'e'};
	uint8_t box[8], *head;
	uint32_t length;
	int rc = tess_read_fully(fd, box, sizeof(box), HEAD_BOX_AT);

	if (rc)
		return rc == -ENODATA ? -EBADMSG : rc;
	length = u32_of(box);
	if (memcmp(box + 4, "moov", 4) != 0 || length < sizeof(box) ||
	    length > MAX_HEAD_BYTES - HEAD_BOX_AT)
		return -EBADMSG;
	length += HEAD_BOX_AT;
	head = malloc(length);
	if (!head)
		return -ENOMEM;
	rc = tess_read_fully(fd, head, length, 0);
	memcpy(head + TESS_FMP4_PLACEHOLDER_AT, placeholder, sizeof(placeholder));
	if (!rc)
		rc = tess_record_state_init(state, head, length);
	free(head);
	*end = length;
	return rc == -ENODATA ? -EBADMSG : rc;
}

/* The moof at @p at. @retval 1 *data is the caller's, 0 there is none, errors */
static int read_moof(int fd, uint64_t at, struct tess_moof *moof, uint8_t **data)
{
	uint8_t box[8];
	uint32_t length;
	int rc = tess_read_fully(fd, box, sizeof(box), at);

	*moof = (struct tess_moof){0};
	*data = NULL;
	if (rc)
		return rc == -ENODATA ? 0 : rc;
	length = u32_of(box);
	if (memcmp(box + 4, "moof", 4) != 0 || length > TESS_FMP4_MAX_MOOF_BYTES ||
	    length < sizeof(box))
		return 0;
	*data = malloc(length);
	if (!*data)
		return -ENOMEM;
	rc = tess_read_fully(fd, *data, length, at);
	if (!rc)
		rc = tess_moof_parse(moof, *data, length);
	if (!rc)
		return 1;
	free(*data);
	*data = NULL;
	return rc == -ENODATA ? 0 : rc;
}

/* The key frame that a fragment begins its pictures with, if it does. Before the tenth the last one
 * is kept, from there on (@p late) the largest. */
static void take_key(struct found *found, const struct tess_record_state *state,
		     const struct tess_moof *moof, uint64_t at, bool late)
{
	const struct tess_moof_run *run = &moof->runs[0];
	const struct tess_output_fragment fragment = {.state = state, .moof = moof};
	struct tess_mp4_sample sample;
	const uint8_t *avcc;
	size_t length;

	if (!run->count)
		return;
	sample = tess_moof_sample(run, 0);
	avcc = tess_output_description(&fragment, 0, run->description, &length);
	if (!avcc) /* an init segment of its own has it as the first */
		avcc = tess_output_description(&fragment, 0, 1, &length);
	if (!sample.key || !avcc || !length || length > sizeof(found->avcc) ||
	    sample.size > TESS_KEY_FRAME_MAX_BYTES)
		return;
	if (late && found->choice++ && sample.size <= found->length)
		return;
	found->offset = at + run->data_offset;
	found->length = sample.size;
	memcpy(found->avcc, avcc, length);
	found->avcc_length = length;
}

static void put_nal(struct tess_bytes *out, const uint8_t *nal, size_t length)
{
	tess_put_u32(out, 1);
	tess_put_data(out, nal, length);
}

/* ISO/IEC 14496-15 §5.3.3.1: the parameter sets of a decoder configuration */
static int put_sets(struct tess_bytes *out, const uint8_t *avcc, size_t length)
{
	struct tess_cursor cursor = tess_cursor_of(avcc, length);

	(void)tess_get_data(&cursor, 5);
	for (unsigned kind = 0; kind < 2; kind++) {
		unsigned count = tess_get_u8(&cursor) & (kind ? 0xff : 0x1f);

		for (unsigned i = 0; i < count; i++) {
			uint16_t size = tess_get_u16(&cursor);
			const uint8_t *set = tess_get_data(&cursor, size);

			if (!set)
				return -EBADMSG;
			put_nal(out, set, size);
		}
	}
	return cursor.bad ? -EBADMSG : 0;
}

static int put_found(struct tess_bytes *out, int fd, const struct found *found)
{
	uint8_t *data = malloc(found->length ? found->length : 1);
	const uint8_t *at = data, *nal;
	size_t length;
	int rc;

	if (!data)
		return -ENOMEM;
	rc = tess_read_fully(fd, data, found->length, found->offset);
	if (!rc)
		rc = put_sets(out, found->avcc, found->avcc_length);
	while (!rc && (rc = tess_h264_next_nal(&nal, &length, &at, data + found->length)) > 0) {
		put_nal(out, nal, length);
		rc = 0;
	}
	free(data);
	if (out->failed)
		return -ENOMEM;
	return rc == -ENODATA ? -EBADMSG : rc;
}

int tess_key_frame_mp4(struct tess_bytes *out, int fd)
{
	struct tess_record_state state = {0};
	struct found found = {.offset = 0};
	struct stat info;
	uint64_t at = 0;
	int rc = fstat(fd, &info) ? -errno : read_head(&state, fd, &at);

	while (!rc) {
		bool late = at >= (uint64_t)info.st_size / TENTH;
		struct tess_moof moof;
		uint8_t *data;
		int there = read_moof(fd, at, &moof, &data);

		if (there <= 0) {
			rc = there;
			break;
		}
		take_key(&found, &state, &moof, at, late);
		rc = tess_record_state_apply(&state, &moof, at);
		at += moof.total;
		free(data);
		if (found.choice == CHOICE)
			break;
	}
	if (!rc)
		rc = found.offset ? put_found(out, fd, &found) : -ENOENT;
	tess_record_state_free(&state);
	return rc;
}

/* ---- HLS ---- */

/* What a playlist has up to a segment. */
struct place {
	char init[256], segment[256];
};

/* "" of what is not a plain name. */
static void copy_name(char name[256], const struct tess_playlist_line *line)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./";

	*name = 0;
	if (!line->length || line->length >= 256 || *line->text == '/')
		return;
	memcpy(name, line->text, line->length);
	name[line->length] = 0;
	if (name[strspn(name, plain)] || strstr(name, ".."))
		*name = 0;
}

/* The segment number @p index, from 0, and the map before it. @return segments that there are */
static unsigned find_segment(struct place *place, const char *text, unsigned index)
{
	struct tess_playlist_line line;
	unsigned count = 0;

	*place = (struct place){.init = ""};
	while (tess_playlist_next(&line, &text)) {
		if (line.kind == TESS_PLAYLIST_MAP && line.text && count <= index)
			copy_name(place->init, &line);
		else if (line.kind == TESS_PLAYLIST_SEGMENT && count++ == index)
			copy_name(place->segment, &line);
	}
	return count;
}

/* The largest key frame at @p from or behind it, else the last one before. */
static int find_in_segment(struct found *found, const struct tess_record_state *state, int fd,
			   uint64_t from)
{
	struct tess_moof moof;
	uint64_t at = 0;
	uint8_t *data;
	int there = 0;

	*found = (struct found){.offset = 0};
	while (found->choice < CHOICE && (there = read_moof(fd, at, &moof, &data)) > 0) {
		take_key(found, state, &moof, at, at >= from);
		free(data);
		at += moof.total;
	}
	return there < 0 ? there : found->offset ? 0 : -ENOENT;
}

static int key_of_segment(struct tess_bytes *out, int dir, const struct place *place, bool first)
{
	int init = openat(dir, place->init, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int segment = openat(dir, place->segment, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct tess_record_state state = {0};
	struct stat info = {0};
	struct found found;
	uint64_t end;
	int rc = init < 0 || segment < 0 ? -ENOENT : read_head(&state, init, &end);

	if (!rc && fstat(segment, &info))
		rc = -errno;
	if (!rc)
		rc = find_in_segment(&found, &state, segment,
				     first ? (uint64_t)info.st_size / TENTH : 0);
	if (!rc)
		rc = put_found(out, segment, &found);
	tess_record_state_free(&state);
	if (init >= 0)
		(void)close(init);
	if (segment >= 0)
		(void)close(segment);
	return rc;
}

int tess_key_frame_hls(struct tess_bytes *out, int dir, const char *text)
{
	struct place place;
	unsigned count = find_segment(&place, text, 0);

	if (!count)
		return -ENOENT;
	(void)find_segment(&place, text, count > 1 ? (count + TENTH - 1) / TENTH : 0);
	return *place.init && *place.segment ? key_of_segment(out, dir, &place, count == 1)
					     : -EBADMSG;
}
