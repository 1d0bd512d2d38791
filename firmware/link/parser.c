/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/link/parser.c - cuts a byte stream into JSON messages; see link.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/link/link.h"

struct tess_link_parser {
	uint8_t head[4];
	size_t head_length;
	uint8_t *body;
	size_t body_length, body_size; /* got, expected */
	size_t capacity;
};

int tess_link_parser_alloc(struct tess_link_parser **parserp)
{
	*parserp = calloc(1, sizeof(**parserp));
	return *parserp ? 0 : -ENOMEM;
}

void tess_link_parser_free(struct tess_link_parser *parser)
{
	if (!parser)
		return;
	free(parser->body);
	free(parser);
}

/* Room for @p need bytes, doubled, so that a length alone cannot make us allocate megabytes. */
static int grow(struct tess_link_parser *parser, size_t need)
{
	size_t capacity = parser->capacity ? parser->capacity : 4096;
	uint8_t *body;

	if (need <= parser->capacity)
		return 0;
	while (capacity < need)
		capacity *= 2;
	body = realloc(parser->body, capacity);
	if (!body)
		return -ENOMEM;
	parser->body = body;
	parser->capacity = capacity;
	return 0;
}

int tess_link_parser_feed(struct tess_link_parser *parser, const uint8_t *data, size_t length,
			  size_t *used, json_t **messagep)
{
	size_t take;

	*used = 0;
	*messagep = NULL;
	if (parser->head_length < sizeof(parser->head)) {
		take = sizeof(parser->head) - parser->head_length;
		if (take > length)
			take = length;
		memcpy(parser->head + parser->head_length, data, take);
		parser->head_length += take;
		*used = take;
		if (parser->head_length < sizeof(parser->head))
			return 0;
		parser->body_size = (size_t)parser->head[0] | (size_t)parser->head[1] << 8 |
				    (size_t)parser->head[2] << 16 | (size_t)parser->head[3] << 24;
		parser->body_length = 0;
		if (parser->body_size < 2 || parser->body_size > TESS_LINK_MAX_BYTES)
			return -EBADMSG;
	}
	take = parser->body_size - parser->body_length;
	if (take > length - *used)
		take = length - *used;
	if (grow(parser, parser->body_length + take))
		return -ENOMEM;
	if (take)
		memcpy(parser->body + parser->body_length, data + *used, take);
	parser->body_length += take;
	*used += take;
	if (parser->body_length < parser->body_size)
		return 0;
	parser->head_length = 0;
	*messagep = json_loadb((const char *)parser->body, parser->body_size,
			       JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(*messagep)) {
		json_decref(*messagep);
		*messagep = NULL;
		return -EBADMSG;
	}
	return 1;
}
