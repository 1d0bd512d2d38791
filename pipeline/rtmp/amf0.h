/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtmp/amf0.h - the values of RTMP's commands (Action Message Format, AMF 0, December
 * 2007): what commands need of it, to write and to read.
 *
 * A reader takes scalars, and objects of which it picks some members; all else is skipped, however
 * it is nested, down to TESS_AMF0_MAX_DEPTH. All input is hostile.
 */
#ifndef TESS_RTMP_AMF0_H
#define TESS_RTMP_AMF0_H

#include "hal/compiler.h"
#include "pipeline/mux/bytes.h"

#define TESS_AMF0_MAX_DEPTH 16

/* AMF 0 §2.1, the marker and 1, as no value is 0 */
enum tess_amf0_type {
	TESS_AMF0_NUMBER = 1,
	TESS_AMF0_BOOLEAN,
	TESS_AMF0_STRING,
	TESS_AMF0_OTHER, /* null, undefined, an object, a date...: there, and skipped */
};

struct tess_amf0_value {
	enum tess_amf0_type type; /* 0: absent */
	double number;		  /* of a boolean: 0 or 1 */
	const uint8_t *text;	  /* not ended by a 0; belongs to what was read */
	size_t length;
};

/** The next value. @retval 0, -ENODATA there is none, -EBADMSG damaged or nested too deeply */
int tess_amf0_get(struct tess_cursor *at, struct tess_amf0_value *value) TESS_MUST_CHECK;

/** The value behind the next one, which is skipped: a null stands before a command's own values. */
int tess_amf0_get_second(struct tess_cursor *at, struct tess_amf0_value *value) TESS_MUST_CHECK;

/** A member that is wanted, and what it was; of several of one name the last. */
struct tess_amf0_member {
	const char *name;
	struct tess_amf0_value value;
};
/**
 * The next value, which may be an object, an ECMA array or anything else (then no member is there).
 * @retval 0, -ENODATA, -EBADMSG
 */
int tess_amf0_get_object(struct tess_cursor *at, struct tess_amf0_member *members,
			 unsigned count) TESS_MUST_CHECK;
/** Copy a text, cut to fit, as a string; "" if the value is none, or has a 0 or control in it. */
void tess_amf0_text(char *text, size_t size, const struct tess_amf0_value *value);

void tess_amf0_put_number(struct tess_bytes *out, double value);
/** A text longer than 65535 bytes becomes a long string (§2.14). */
void tess_amf0_put_string(struct tess_bytes *out, const char *text);
void tess_amf0_put_null(struct tess_bytes *out);
/** An object: begin, then for each member its name and its value, end. */
void tess_amf0_begin_object(struct tess_bytes *out);
void tess_amf0_put_name(struct tess_bytes *out, const char *name);
void tess_amf0_end_object(struct tess_bytes *out);

#endif
