/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/window.h - the last seconds of a stream as FLV tags, made once and shared by all
 * viewers.
 *
 * Tags are numbered for ever; those in [tail, head) are held. The window always goes back to the
 * newest key frame, so that a viewer has a picture at once, and further for viewers that lag, as
 * far as it was told to; both within TESS_WINDOW_MAX_BYTES and TESS_WINDOW_MAX_TAGS. A tag may
 * outlive the window by a reference: of a viewer that has sent half of it.
 */
#ifndef TESS_EGRESS_WINDOW_H
#define TESS_EGRESS_WINDOW_H

#include "pipeline/mux/flv.h"

#define TESS_WINDOW_MAX_BYTES (32u << 20)
#define TESS_WINDOW_MAX_TAGS  8192u /* power of two */

struct tess_start;

struct tess_tag {
	unsigned references;
	enum tess_flv_type type; /* 0: raw bytes (the file header), sent without a tag header */
	bool unreferenced;	 /* a picture that no other is predicted from */
	int64_t dts_ms;
	uint64_t position;	  /* bytes of all tags before it */
	struct tess_start *start; /* of a key frame: what a decoder must have had before it */
	uint32_t length;	  /* of data: body and trailer */
	uint8_t data[];
};

enum {
	TESS_START_HEADER,   /* the file header, for those who see nothing before it */
	TESS_START_METADATA, /* onMetaData */
	TESS_START_MAX = 4,  /* and up to two decoder configurations */
};

/** What goes before a key frame: shared by all key frames until the stream changes. */
struct tess_start {
	unsigned references;
	unsigned count;
	struct tess_tag *tags[TESS_START_MAX];
};

struct tess_window;

int tess_window_alloc(struct tess_window **windowp,
		      uint64_t lag_bytes) TESS_MUST_CHECK; /* -ENOMEM */
void tess_window_free(struct tess_window *window);	   /* accepts NULL */
/** The stream is there (again), perhaps as another: tags go on with the next key frame. */
void tess_window_begin(struct tess_window *window, const struct tess_stream_info *info);
/**
 * Append an access unit.
 * @retval 0, -EAGAIN nothing can be decoded before the next key frame, or the track is not for FLV:
 * dropped, -EMSGSIZE, -EBADMSG a key frame's parameter sets are damaged: dropped, -ENOMEM: dropped
 */
int tess_window_add(struct tess_window *window, const struct tess_au *au);

uint64_t tess_window_head(const struct tess_window *window);
/** Bytes of all tags ever added. */
uint64_t tess_window_bytes(const struct tess_window *window);
/** A tag that is held, or NULL. */
const struct tess_tag *tess_window_tag(const struct tess_window *window, uint64_t number);
/** The newest key frame held. @retval 0, -ENOENT */
int tess_window_key(const struct tess_window *window, uint64_t *number);

static inline struct tess_tag *tess_tag_hold(const struct tess_tag *tag)
{
	struct tess_tag *held = (struct tess_tag *)(uintptr_t)tag;

	held->references++;
	return held;
}
void tess_tag_release(struct tess_tag *tag);	   /* accepts NULL */
void tess_start_release(struct tess_start *start); /* accepts NULL */

#endif
