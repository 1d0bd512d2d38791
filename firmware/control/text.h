/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/text.h - copying text into fixed places.
 */
#ifndef TESS_CONTROL_TEXT_H
#define TESS_CONTROL_TEXT_H

#include <string.h>

/** Copy, cut to fit; @p size is that of the place and not 0. */
static inline void tess_text_copy(char *to, size_t size, const char *from)
{
	size_t length = strnlen(from, size - 1);

	memcpy(to, from, length);
	to[length] = 0;
}

#endif
