/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/wire.h - a tag of the window as bytes for one viewer: as FLV, or as messages of
 * an RTMP connection. The body is the window's in either case; only headers are made.
 */
#ifndef TESS_EGRESS_WIRE_H
#define TESS_EGRESS_WIRE_H

#include <sys/uio.h>

#include "firmware/egress/window.h"

enum tess_wire_kind {
	TESS_WIRE_FLV = 1,
	TESS_WIRE_RTMP_PLAY,	/* to a player */
	TESS_WIRE_RTMP_PUBLISH, /* to a server: metadata as @setDataFrame */
};

struct tess_wire {
	enum tess_wire_kind kind;
	uint32_t stream; /* RTMP: the message stream */
};

/** Room for any header that is made, with what goes before metadata. */
#define TESS_WIRE_HEAD 32

/** Pieces for one write. */
struct tess_wire_out {
	struct iovec *iov;
	uint8_t (*heads)[TESS_WIRE_HEAD]; /* one for each of iov */
	unsigned used, max;
};

/** Bytes of a tag, its headers included; 0: it is nothing for this kind. */
uint32_t tess_wire_bytes(const struct tess_wire *wire, const struct tess_tag *tag,
			 uint32_t time_ms);
/** Put the bytes of a tag from @p skip on. False: not all of them found room. */
bool tess_wire_put(const struct tess_wire *wire, struct tess_wire_out *out,
		   const struct tess_tag *tag, uint32_t time_ms, uint32_t skip);

#endif
