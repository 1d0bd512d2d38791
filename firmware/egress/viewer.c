/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/viewer.c - sends the window's tags with the viewer's own time stamps.
 */
#include "firmware/egress/viewer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define MAX_PIECES (TESS_VIEWER_IOVECS / 2)
/* of one that is eased: where pictures are left out that nothing needs, where all are, and where it
 * is well again */
#define LAG_UNREFERENCED_MS 1000
#define LAG_TO_KEY_MS	    2000
#define LAG_WELL_MS	    300
/* as long as it has not caught up with where it began, as much as a group of pictures is normal */
#define LAG_BEGIN_MS 10000

/* Where a viewer is: what would be sent next. */
struct place {
	uint64_t number;
	struct tess_start *start;
	unsigned start_part;
	bool begun;
	enum tess_viewer_drop drop;
	uint32_t dropped;
};

/* A tag as it goes to this viewer, and where the viewer is behind it. */
struct piece {
	const struct tess_tag *tag;
	uint32_t time_ms, skip, length; /* length: with its header, skip of it was sent before */
	struct place behind;
};

void tess_viewer_init(struct tess_viewer *viewer, int fd, const struct tess_wire *wire,
		      const struct tess_window *window)
{
	*viewer = (struct tess_viewer){.fd = fd, .wire = *wire};
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

bool tess_viewer_ease(struct tess_viewer *viewer, const struct tess_window *window)
{
	const struct tess_tag *tag = tess_window_tag(window, viewer->number), *newest;
	int64_t lag_ms;

	if (!viewer->placed || viewer->number >= tess_window_head(window)) {
		if (viewer->drop == TESS_VIEWER_DROP_UNREFERENCED)
			viewer->drop = TESS_VIEWER_DROP_NONE;
		return false;
	}
	if (!tag)
		return tess_viewer_check_lag(viewer, window, UINT64_MAX);
	newest = tess_window_tag(window, tess_window_head(window) - 1);
	lag_ms = newest->dts_ms - tag->dts_ms;
	if (lag_ms > (viewer->caught_up ? LAG_TO_KEY_MS : LAG_BEGIN_MS))
		viewer->drop = TESS_VIEWER_DROP_TO_KEY;
	else if (viewer->drop != TESS_VIEWER_DROP_TO_KEY && viewer->caught_up &&
		 lag_ms > LAG_UNREFERENCED_MS)
		viewer->drop = TESS_VIEWER_DROP_UNREFERENCED;
	else if (viewer->drop == TESS_VIEWER_DROP_UNREFERENCED && lag_ms < LAG_WELL_MS)
		viewer->drop = TESS_VIEWER_DROP_NONE;
	return false;
}

int64_t tess_viewer_delay_ms(const struct tess_viewer *viewer, const struct tess_window *window)
{
	uint64_t head = tess_window_head(window);
	const struct tess_tag *newest = head ? tess_window_tag(window, head - 1) : NULL;

	return newest && viewer->based && newest->dts_ms > viewer->sent_ms
		       ? newest->dts_ms - viewer->sent_ms
		       : 0;
}

/** Whether pictures are shown in another order than they are decoded in: those keep their times,
 * since the difference is in the tag's body. */
static bool is_reordered(const struct tess_window *window, uint64_t from)
{
	const struct tess_tag *tag;

	for (uint64_t i = from; (tag = tess_window_tag(window, i)); i++) {
		/* AVCVIDEOPACKET: CompositionTime is behind AVCPacketType */
		if (tag->type == TESS_FLV_VIDEO && tag->length > 5 &&
		    (tag->data[2] | tag->data[3] | tag->data[4]))
			return true;
	}
	return false;
}

/** Set the time line by the key frame that is sent first. */
static void begin_time(struct tess_viewer *viewer, const struct tess_window *window, int64_t key_ms)
{
	const struct tess_tag *newest = tess_window_tag(window, tess_window_head(window) - 1);
	int64_t live_ms = newest->dts_ms - TESS_VIEWER_CUSHION_MS;

	viewer->base_ms = viewer->sent_ms = viewer->live_ms = key_ms;
	viewer->based = true;
	if (viewer->wire.kind != TESS_WIRE_RTMP_PUBLISH &&
	    live_ms - key_ms >= TESS_VIEWER_CUSHION_MS && !is_reordered(window, viewer->number))
		viewer->live_ms = live_ms;
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
	if (!viewer->based)
		begin_time(viewer, window, tag->dts_ms);
	return true;
}

static uint32_t time_for(const struct tess_viewer *viewer, const struct tess_tag *tag)
{
	int64_t live_at_ms = (viewer->live_ms - viewer->base_ms) / TESS_VIEWER_HURRY;

	if (tag->dts_ms <= viewer->base_ms)
		return 0;
	if (tag->dts_ms < viewer->live_ms)
		return (uint32_t)((tag->dts_ms - viewer->base_ms) / TESS_VIEWER_HURRY);
	return (uint32_t)(live_at_ms + tag->dts_ms - viewer->live_ms);
}

/** Go over what is not to be sent. @return the tag that is, or NULL */
static const struct tess_tag *pass_over(struct place *place, const struct tess_viewer *viewer,
					const struct tess_window *window)
{
	const struct tess_tag *tag;

	while ((tag = tess_window_tag(window, place->number))) {
		/* of the time before the first picture, or of that which is hurried through */
		if (tag->type == TESS_FLV_AUDIO && tag->dts_ms < viewer->live_ms) {
			place->number++;
			continue;
		}
		if (!place->drop || tag->type != TESS_FLV_VIDEO)
			break;
		if (tag->start) {
			place->drop = TESS_VIEWER_DROP_NONE;
			break;
		}
		if (place->drop == TESS_VIEWER_DROP_UNREFERENCED && !tag->unreferenced)
			break;
		place->number++;
		place->dropped++;
	}
	return tag;
}

/** The next tag from @p place on, which moves behind it. */
static bool next_piece(struct piece *piece, const struct tess_viewer *viewer,
		       const struct tess_window *window, struct place *place)
{
	const struct tess_tag *tag = pass_over(place, viewer, window);
	bool flv = viewer->wire.kind == TESS_WIRE_FLV;

	if (!tag)
		return false;
	*piece = (struct piece){.tag = tag, .time_ms = time_for(viewer, tag)};
	if (tag->start && tag->start != place->start) {
		/* the file header is FLV's, and only for the very first */
		if ((place->begun || !flv) && place->start_part == TESS_START_HEADER)
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
	piece->length = tess_wire_bytes(&viewer->wire, piece->tag, piece->time_ms);
	piece->behind = *place;
	return true;
}

static unsigned gather(struct piece *pieces, const struct tess_viewer *viewer,
		       const struct tess_window *window, struct place place)
{
	unsigned count = 0;

	if (viewer->partial)
		pieces[count++] =
			(struct piece){.tag = viewer->partial,
				       .time_ms = viewer->partial_ms,
				       .skip = viewer->partial_sent,
				       .length = tess_wire_bytes(&viewer->wire, viewer->partial,
								 viewer->partial_ms),
				       .behind = place};
	if (!viewer->placed || viewer->hold)
		return count;
	while (count < MAX_PIECES && next_piece(&pieces[count], viewer, window, &place))
		count++;
	return count;
}

static void fill(const struct tess_viewer *viewer, struct tess_wire_out *out,
		 const struct piece *pieces, unsigned count)
{
	unsigned i = 0;

	/* what finds no room goes with the next write */
	while (i < count &&
	       tess_wire_put(&viewer->wire, out, pieces[i].tag, pieces[i].time_ms, pieces[i].skip))
		i++;
}

static void move_to(struct tess_viewer *viewer, const struct place *place)
{
	viewer->drop = place->drop;
	viewer->number = place->number;
	viewer->start_part = place->start_part;
	viewer->begun = place->begun;
	if (viewer->start != place->start) {
		place->start->references++;
		tess_start_release(viewer->start);
		viewer->start = place->start;
	}
}

/** Account for @p sent bytes of the pieces. */
static void advance(struct tess_viewer *viewer, const struct piece *pieces, unsigned count,
		    size_t sent)
{
	uint32_t dropped = 0;

	viewer->bytes_sent += sent;
	for (unsigned i = 0; i < count; i++) {
		uint32_t left = pieces[i].length - pieces[i].skip;
		struct tess_tag *before = viewer->partial;

		if (!sent)
			return;
		move_to(viewer, &pieces[i].behind);
		viewer->dropped += pieces[i].behind.dropped - dropped;
		dropped = pieces[i].behind.dropped;
		if (sent < left) {
			viewer->partial = tess_tag_hold(pieces[i].tag);
			viewer->partial_ms = pieces[i].time_ms;
			viewer->partial_sent = pieces[i].skip + (uint32_t)sent;
			tess_tag_release(before);
			return;
		}
		sent -= left;
		if (pieces[i].tag->dts_ms > viewer->sent_ms)
			viewer->sent_ms = pieces[i].tag->dts_ms;
		viewer->partial = NULL;
		tess_tag_release(before);
	}
}

static ssize_t write_pieces(const struct tess_viewer *viewer, struct iovec *iov, unsigned count)
{
	const struct msghdr message = {.msg_iov = iov, .msg_iovlen = count};

	if (viewer->write)
		return viewer->write(viewer->write_arg, iov, count);
	return sendmsg(viewer->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/** Where it goes on, pictures that are not sent passed over for good. */
static struct place place_of(struct tess_viewer *viewer, const struct tess_window *window)
{
	struct place place = {.number = viewer->number,
			      .start = viewer->start,
			      .start_part = viewer->start_part,
			      .begun = viewer->begun,
			      .drop = viewer->drop};

	if (viewer->placed) {
		(void)pass_over(&place, viewer, window);
		viewer->number = place.number;
		viewer->drop = place.drop;
		viewer->dropped += place.dropped;
		place.dropped = 0;
	}
	return place;
}

enum tess_viewer_result tess_viewer_send(struct tess_viewer *viewer,
					 const struct tess_window *window)
{
	uint8_t heads[TESS_VIEWER_IOVECS][TESS_WIRE_HEAD];
	struct iovec iov[TESS_VIEWER_IOVECS];
	struct tess_wire_out out = {.iov = iov, .heads = heads, .max = TESS_VIEWER_IOVECS};
	struct piece pieces[MAX_PIECES];
	size_t length = 0;
	unsigned count;
	ssize_t sent;

	if (!find_place(viewer, window) && !viewer->partial)
		return TESS_VIEWER_IDLE;
	count = gather(pieces, viewer, window, place_of(viewer, window));
	if (!count)
		return TESS_VIEWER_IDLE;
	fill(viewer, &out, pieces, count);
	for (unsigned i = 0; i < out.used; i++)
		length += iov[i].iov_len;
	sent = write_pieces(viewer, iov, out.used);
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR ? TESS_VIEWER_BLOCKED : TESS_VIEWER_CLOSED;
	advance(viewer, pieces, count, (size_t)sent);
	if ((size_t)sent < length)
		return TESS_VIEWER_BLOCKED;
	if (viewer->partial || (viewer->placed && tess_window_tag(window, viewer->number)))
		return TESS_VIEWER_MORE;
	viewer->caught_up |= viewer->placed;
	return TESS_VIEWER_IDLE;
}
