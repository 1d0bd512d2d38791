/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtmp/amf0.c - see amf0.h.
 */
#include "pipeline/rtmp/amf0.h"

#include <errno.h>
#include <string.h>

/* AMF 0 §2.1 */
enum marker {
	MARKER_NUMBER = 0x00,
	MARKER_BOOLEAN = 0x01,
	MARKER_STRING = 0x02,
	MARKER_OBJECT = 0x03,
	MARKER_NULL = 0x05,
	MARKER_UNDEFINED = 0x06,
	MARKER_REFERENCE = 0x07,
	MARKER_ECMA_ARRAY = 0x08,
	MARKER_OBJECT_END = 0x09,
	MARKER_STRICT_ARRAY = 0x0a,
	MARKER_DATE = 0x0b,
	MARKER_LONG_STRING = 0x0c,
	MARKER_UNSUPPORTED = 0x0d,
	MARKER_XML = 0x0f,
	MARKER_TYPED_OBJECT = 0x10,
};

static int get_text(struct tess_cursor *at, size_t length, struct tess_amf0_value *value)
{
	value->type = TESS_AMF0_STRING;
	value->length = length;
	value->text = tess_get_data(at, length);
	return value->text || !length ? 0 : -EBADMSG;
}

static int skip_value(struct tess_cursor *at, unsigned depth);

/** A member's name. @retval 1, 0 it was the object's end, -EBADMSG */
static int get_name(struct tess_cursor *at, struct tess_amf0_value *name)
{
	if (get_text(at, tess_get_u16(at), name) || at->bad)
		return -EBADMSG;
	if (name->length)
		return 1;
	return tess_get_u8(at) == MARKER_OBJECT_END ? 0 : -EBADMSG;
}

/** Members up to the end; those wanted are kept. */
static int get_members(struct tess_cursor *at, struct tess_amf0_member *members, unsigned count,
		       unsigned depth);

/** The value behind its marker. @retval 0, -EBADMSG */
static int get_marked(struct tess_cursor *at, uint8_t marker, struct tess_amf0_value *value,
		      unsigned depth)
{
	uint64_t bits;
	uint32_t count;
	int rc = 0;

	*value = (struct tess_amf0_value){.type = TESS_AMF0_OTHER};
	switch ((enum marker)marker) {
	case MARKER_NUMBER:
		bits = tess_get_u64(at);
		memcpy(&value->number, &bits, sizeof(bits));
		value->type = TESS_AMF0_NUMBER;
		break;
	case MARKER_BOOLEAN:
		value->number = tess_get_u8(at) != 0;
		value->type = TESS_AMF0_BOOLEAN;
		break;
	case MARKER_STRING:
		rc = get_text(at, tess_get_u16(at), value);
		break;
	case MARKER_LONG_STRING:
	case MARKER_XML:
		rc = get_text(at, tess_get_u32(at), value);
		break;
	case MARKER_NULL:
	case MARKER_UNDEFINED:
	case MARKER_UNSUPPORTED:
		break;
	case MARKER_REFERENCE:
		(void)tess_get_u16(at);
		break;
	case MARKER_DATE:
		(void)tess_get_data(at, 10);
		break;
	case MARKER_TYPED_OBJECT:
		rc = get_text(at, tess_get_u16(at), value);
		value->type = TESS_AMF0_OTHER;
		if (!rc)
			rc = get_members(at, NULL, 0, depth + 1);
		break;
	case MARKER_ECMA_ARRAY:
		/* the count is only said: the end is what ends it (§2.10) */
		(void)tess_get_u32(at);
		rc = get_members(at, NULL, 0, depth + 1);
		break;
	case MARKER_OBJECT:
		rc = get_members(at, NULL, 0, depth + 1);
		break;
	case MARKER_STRICT_ARRAY:
		/* a huge count ends with the bytes: each value has at least one */
		count = tess_get_u32(at);
		while (count-- && !rc)
			rc = skip_value(at, depth + 1);
		break;
	case MARKER_OBJECT_END:
	default:
		return -EBADMSG;
	}
	return rc || at->bad ? -EBADMSG : 0;
}

static int skip_value(struct tess_cursor *at, unsigned depth)
{
	struct tess_amf0_value unused;

	if (depth > TESS_AMF0_MAX_DEPTH || !tess_left(at))
		return -EBADMSG;
	return get_marked(at, tess_get_u8(at), &unused, depth);
}

static int get_members(struct tess_cursor *at, struct tess_amf0_member *members, unsigned count,
		       unsigned depth)
{
	struct tess_amf0_value name, value;
	int more;

	if (depth > TESS_AMF0_MAX_DEPTH)
		return -EBADMSG;
	while ((more = get_name(at, &name)) > 0) {
		if (!tess_left(at) || get_marked(at, tess_get_u8(at), &value, depth))
			return -EBADMSG;
		for (unsigned i = 0; i < count; i++) {
			if (strlen(members[i].name) == name.length &&
			    !memcmp(members[i].name, name.text, name.length))
				members[i].value = value;
		}
	}
	return more;
}

int tess_amf0_get(struct tess_cursor *at, struct tess_amf0_value *value)
{
	*value = (struct tess_amf0_value){.type = 0};
	if (!tess_left(at))
		return -ENODATA;
	return get_marked(at, tess_get_u8(at), value, 0);
}

int tess_amf0_get_second(struct tess_cursor *at, struct tess_amf0_value *value)
{
	int rc = tess_amf0_get(at, value);

	return rc ? rc : tess_amf0_get(at, value);
}

int tess_amf0_get_object(struct tess_cursor *at, struct tess_amf0_member *members, unsigned count)
{
	struct tess_amf0_value unused;
	uint8_t marker;

	for (unsigned i = 0; i < count; i++)
		members[i].value = (struct tess_amf0_value){.type = 0};
	if (!tess_left(at))
		return -ENODATA;
	marker = tess_get_u8(at);
	if (marker == MARKER_ECMA_ARRAY)
		(void)tess_get_u32(at);
	else if (marker != MARKER_OBJECT)
		return get_marked(at, marker, &unused, 0);
	return get_members(at, members, count, 1) || at->bad ? -EBADMSG : 0;
}

void tess_amf0_text(char *text, size_t size, const struct tess_amf0_value *value)
{
	size_t length = value->type == TESS_AMF0_STRING ? value->length : 0;

	if (length > size - 1)
		length = size - 1;
	for (size_t i = 0; i < length; i++) {
		if (value->text[i] < 0x20 || value->text[i] == 0x7f)
			length = 0;
	}
	if (length)
		memcpy(text, value->text, length);
	text[length] = 0;
}

void tess_amf0_put_number(struct tess_bytes *out, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	tess_put_u8(out, MARKER_NUMBER);
	tess_put_u64(out, bits);
}

void tess_amf0_put_string(struct tess_bytes *out, const char *text)
{
	size_t length = strlen(text);

	if (length > 0xffff) {
		tess_put_u8(out, MARKER_LONG_STRING);
		tess_put_u32(out, (uint32_t)length);
	} else {
		tess_put_u8(out, MARKER_STRING);
		tess_put_u16(out, (uint16_t)length);
	}
	tess_put_data(out, text, length);
}

void tess_amf0_put_null(struct tess_bytes *out)
{
	tess_put_u8(out, MARKER_NULL);
}

void tess_amf0_begin_object(struct tess_bytes *out)
{
	tess_put_u8(out, MARKER_OBJECT);
}

void tess_amf0_put_name(struct tess_bytes *out, const char *name)
{
	size_t length = strlen(name);

	tess_put_u16(out, (uint16_t)length);
	tess_put_data(out, name, length);
}

void tess_amf0_end_object(struct tess_bytes *out)
{
	tess_put_u16(out, 0);
	tess_put_u8(out, MARKER_OBJECT_END);
}
