/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/viewer.c - sends the window's tags with the viewer's own time stamps.
 */
#include "firmware/egress/viewer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define MAX_PIECES (TESS_VIEWER_IOVECS / 2)

/* Where a viewer is: what would be sent next. */
struct place {
	uint64_t number;
	struct tess_start *start;
	unsigned start_part;
	bool begun;
};

/* A tag as it goes to this viewer, and where the viewer is behind it. */
struct piece {
	const struct tess_tag *tag;
	uint32_t time_ms, skip, length; /* length: with its header, skip of it was sent before */
	struct place behind;
};

void tess_viewer_init(struct tess_viewer *viewer, int fd, const struct tess_window *window)
{
	*viewer = (struct tess_viewer){.fd = fd};
	if (tess_window_key(window, &viewer->number))
		viewer->number = tess_window_head(window);
}

void tess_viewer_clear(struct tess_viewer *viewer)
{
	tess_tag_release(viewer->partial);
	tess_start_release(viewer->start);
	viewer->partial = NULL;
	viewer->start = NULL;
}

bool tess_viewer_check_lag(struct tess_viewer *viewer, const struct tess_window *window,
			   uint64_t max_bytes)
{
	uint64_t head = tess_window_head(window), key;
	const struct tess_tag *tag, *newest;

	if (!viewer->placed || viewer->number >= head)
		return false;
	tag = tess_window_tag(window, viewer->number);
	newest = tess_window_tag(window, head - 1);
	if (!tag) {
		/* fell out of the window's hard limits: on with the newest key frame, if any */
		if (tess_window_key(window, &key))
			key = head;
	} else {
		if (tess_window_bytes(window) - tag->position <= max_bytes &&
		    newest->dts_ms - tag->dts_ms <= TESS_VIEWER_MAX_LAG_MS)
			return false;
		if (tess_window_key(window, &key) || key <= viewer->number)
			return false; /* it is already in the newest group: nothing to skip to */
	}
	viewer->number = key;
	viewer->start_part = 0;
	viewer->placed = false;
	return true;
}

/** The number of a tag to begin at, from viewer->number on; false: none yet. */
static bool find_place(struct tess_viewer *viewer, const struct tess_window *window)
{
	const struct tess_tag *tag;
	uint64_t key;

	if (viewer->placed)
		return true;
	if (tess_window_key(window, &key) || key < viewer->number)
		return false;
	tag = tess_window_tag(window, key);
	viewer->number = key;
	viewer->placed = true;
	if (!viewer->based) {
		viewer->base_ms = tag->dts_ms;
		viewer->based = true;
	}
	return true;
}

static uint32_t time_for(const struct tess_viewer *viewer, const struct tess_tag *tag)
{
	/* sound that belongs to the time just before the first picture is at 0 too */
	return tag->dts_ms > viewer->base_ms ? (uint32_t)(tag->dts_ms - viewer->base_ms) : 0;
}

static uint32_t wire_length(const struct tess_tag *tag)
{
	return tag->length + (tag->type ? TESS_FLV_TAG_HEADER_SIZE : 0);
}

/** The next tag from @p place on, which moves behind it. */
static bool next_piece(struct piece *piece, const struct tess_viewer *viewer,
		       const struct tess_window *window, struct place *place)
{
	const struct tess_tag *tag = tess_window_tag(window, place->number);

	if (!tag)
		return false;
	*piece = (struct piece){.tag = tag, .time_ms = time_for(viewer, tag)};
	if (tag->start && tag->start != place->start) {
		/* the file header is only for the very first */
		if (place->begun && place->start_part == TESS_START_HEADER)
			place->start_part++;
		place->begun = true;
		piece->tag = tag->start->tags[place->start_part++];
		if (place->start_part == tag->start->count) {
			place->start = tag->start;
			place->start_part = 0;
		}
	} else {
		place->number++;
	}
	piece->length = wire_length(piece->tag);
	piece->behind = *place;
	return true;
}

static unsigned gather(struct piece *pieces, const struct tess_viewer *viewer,
		       const struct tess_window *window)
{
	struct place place = {viewer->number, viewer->start, viewer->start_part, viewer->begun};
	unsigned count = 0;

	if (viewer->partial)
		pieces[count++] = (struct piece){.tag = viewer->partial,
						 .time_ms = viewer->partial_ms,
						 .skip = viewer->partial_sent,
						 .length = wire_length(viewer->partial),
						 .behind = place};
	if (!viewer->placed)
		return count;
	while (count < MAX_PIECES && next_piece(&pieces[count], viewer, window, &place))
		count++;
	return count;
}

static unsigned fill_iovecs(struct iovec *iov, uint8_t (*headers)[TESS_FLV_TAG_HEADER_SIZE],
			    const struct piece *pieces, unsigned count)
{
	unsigned used = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct tess_tag *tag = pieces[i].tag;
		uint32_t header = pieces[i].length - tag->length, skip = pieces[i].skip;

		if (skip < header) {
			tess_flv_tag_header(headers[i], tag->type,
					    tag->length - TESS_FLV_TRAILER_SIZE, pieces[i].time_ms);
			iov[used++] = (struct iovec){headers[i] + skip, header - skip};
			skip = header;
		}
		iov[used++] = (struct iovec){(uint8_t *)(uintptr_t)tag->data + (skip - header),
					     pieces[i].length - skip};
	}
	return used;
}

static void move_to(struct tess_viewer *viewer, const struct place *place)
{
	viewer->number = place->number;
	viewer->start_part = place->start_part;
	viewer->begun = place->begun;
	if (viewer->start != place->start) {
		place->start->references++;
		tess_start_release(viewer->start);
		viewer->start = place->start;
	}
}

/** Account for @p sent bytes of the pieces. @return whether all of them were sent */
static bool advance(struct tess_viewer *viewer, const struct piece *pieces, unsigned count,
		    size_t sent)
{
	viewer->bytes_sent += sent;
	for (unsigned i = 0; i < count; i++) {
		uint32_t left = pieces[i].length - pieces[i].skip;
		struct tess_tag *before = viewer->partial;

		if (!sent)
			return false;
		move_to(viewer, &pieces[i].behind);
		if (sent < left) {
			viewer->partial = tess_tag_hold(pieces[i].tag);
			viewer->partial_ms = pieces[i].time_ms;
			viewer->partial_sent = pieces[i].skip + (uint32_t)sent;
			tess_tag_release(before);
			return false;
		}
		sent -= left;
		viewer->partial = NULL;
		tess_tag_release(before);
	}
	return true;
}

enum tess_viewer_result tess_viewer_send(struct tess_viewer *viewer,
					 const struct tess_window *window)
{
	uint8_t headers[MAX_PIECES][TESS_FLV_TAG_HEADER_SIZE];
	struct iovec iov[TESS_VIEWER_IOVECS];
	struct piece pieces[MAX_PIECES];
	struct msghdr message = {.msg_iov = iov};
	unsigned count;
	ssize_t sent;

	if (!find_place(viewer, window) && !viewer->partial)
		return TESS_VIEWER_IDLE;
	count = gather(pieces, viewer, window);
	if (!count)
		return TESS_VIEWER_IDLE;
	message.msg_iovlen = fill_iovecs(iov, headers, pieces, count);
	sent = sendmsg(viewer->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR ? TESS_VIEWER_BLOCKED : TESS_VIEWER_CLOSED;
	if (!advance(viewer, pieces, count, (size_t)sent))
		return TESS_VIEWER_BLOCKED;
	return viewer->placed && tess_window_tag(window, viewer->number) ? TESS_VIEWER_MORE
									 : TESS_VIEWER_IDLE;
}
