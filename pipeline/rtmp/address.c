/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtmp/address.c - see address.h.
 */
#include "pipeline/rtmp/address.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define NUMBERS "room"
#define TEXTS	"strroom"

/* Where we are in application and name, which are read as if a '/' stood between them. */
struct path {
	const char *at, *end;
	const char *next; /* the name, while we are in the application */
};

/** The end of an application's path: its query, if it has one, is no part of it. */
static const char *app_end(const char *app)
{
	const char *end = app + strcspn(app, "?");

	while (end > app && end[-1] == '/')
		end--;
	return end;
}

/** The next part. @return false: there is none */
static bool next_part(struct path *path, const char **part, size_t *length)
{
	if (!path->at && path->next) {
		path->at = path->next;
		path->end = path->next + strlen(path->next);
		path->next = NULL;
	}
	if (!path->at)
		return false;
	*part = path->at;
	while (path->at < path->end && *path->at != '/')
		path->at++;
	*length = (size_t)(path->at - *part);
	path->at = path->at < path->end ? path->at + 1 : NULL;
	return true;
}

static bool is_word(const char *part, size_t length, const char *word)
{
	return length == strlen(word) && !memcmp(part, word, length);
}

bool tess_rtmp_is_room_app(const char *app)
{
	size_t length = strcspn(app, "/?");

	return is_word(app, length, NUMBERS) || is_word(app, length, TEXTS);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/** A part with its percent-encoding taken off: ASCII, printable, not empty. @retval 0, -EINVAL */
static int decode(char *text, size_t size, const char *part, size_t length)
{
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)part[i];

		if (c == '%') {
			int high = i + 2 < length ? digit(part[i + 1]) : -1;
			int low = i + 2 < length ? digit(part[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -EINVAL;
			c = (unsigned char)(high << 4 | low);
			i += 2;
		}
		if (c < 0x20 || c >= 0x7f || used + 1 >= size)
			return -EINVAL;
		text[used++] = (char)c;
	}
	text[used] = 0;
	return used ? 0 : -EINVAL;
}

static int number(uint32_t *value, const char *part, size_t length)
{
	uint64_t sum = 0;

	if (!length || length > 10)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		if (part[i] < '0' || part[i] > '9')
			return -EINVAL;
		sum = sum * 10 + (uint64_t)(part[i] - '0');
	}
	if (!sum || sum > UINT32_MAX)
		return -EINVAL;
	*value = (uint32_t)sum;
	return 0;
}

int tess_rtmp_address_parse(struct tess_rtmp_address *address, const char *app, const char *name,
			    const char *query)
{
	struct path path = {.at = app, .end = app_end(app), .next = name};
	const char *parts[4], *more;
	size_t lengths[4], more_length;

	for (unsigned i = 0; i < 4; i++)
		if (!next_part(&path, &parts[i], &lengths[i]))
			return -EINVAL;
	if (next_part(&path, &more, &more_length))
		return -EINVAL;
	*address = (struct tess_rtmp_address){.string_room = is_word(parts[0], lengths[0], TEXTS)};
	if ((!address->string_room && !is_word(parts[0], lengths[0], NUMBERS)) ||
	    number(&address->sdk_app_id, parts[1], lengths[1]) ||
	    decode(address->room, sizeof(address->room), parts[2], lengths[2]) ||
	    decode(address->user, sizeof(address->user), parts[3], lengths[3]))
		return -EINVAL;
	if (strlen(query) >= sizeof(address->query))
		return -EINVAL;
	for (const char *at = query; *at; at++)
		if (*at <= 0x20 || *at >= 0x7f)
			return -EINVAL;
	memcpy(address->query, query, strlen(query) + 1);
	return 0;
}
