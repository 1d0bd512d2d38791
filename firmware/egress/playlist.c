/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/playlist.c - see playlist.h.
 */
#include "firmware/egress/playlist.h"

#include <string.h>

/* Behind this tag, if the line begins with it; else NULL. */
static const char *behind(const char *line, size_t length, const char *tag)
{
	size_t of_tag = strlen(tag);

	return length >= of_tag && !memcmp(line, tag, of_tag) ? line + of_tag : NULL;
}

static void take_uri(struct tess_playlist_line *line, const char *attributes, const char *end)
{
	static const char name[] = "URI=\"";
	const char *uri = memmem(attributes, (size_t)(end - attributes), name, sizeof(name) - 1);
	const char *quote;

	line->text = uri ? uri + sizeof(name) - 1 : NULL;
	quote = uri ? memchr(line->text, '"', (size_t)(end - line->text)) : NULL;
	line->length = uri ? (size_t)((quote ? quote : end) - line->text) : 0;
}

bool tess_playlist_next(struct tess_playlist_line *line, const char **at)
{
	while (**at) {
		const char *text = *at, *value;
		size_t length = strcspn(text, "\n");

		*at += length + (text[length] == '\n');
		if (length && text[length - 1] == '\r')
			length--;
		*line = (struct tess_playlist_line){.text = text, .length = length};
		if (!length)
			continue;
		if (*text != '#') {
			line->kind = TESS_PLAYLIST_SEGMENT;
			return true;
		}
		if ((value = behind(text, length, "#EXT-X-MAP:"))) {
			line->kind = TESS_PLAYLIST_MAP;
			take_uri(line, value, text + length);
			return true;
		}
		if ((value = behind(text, length, "#EXTINF:"))) {
			line->kind = TESS_PLAYLIST_DURATION;
			line->length -= (size_t)(value - text);
			line->text = value;
			return true;
		}
	}
	return false;
}
