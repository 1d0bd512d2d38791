/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/text.h - copying text into fixed places, and lists of words as text.
 */
#ifndef TESS_CONTROL_TEXT_H
#define TESS_CONTROL_TEXT_H

#include <jansson.h>
#include <string.h>

/** Copy, cut to fit; @p size is that of the place and not 0. */
static inline void tess_text_copy(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size - 1);

	memcpy(to, from, length);
	to[length] = 0;
}

/** ["a","b"] of "a b" or "a, b"; NULL: no memory. */
json_t *tess_text_words_json(const char *words);

#endif
