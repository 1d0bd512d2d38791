/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/text.c - see text.h.
 */
#include "firmware/control/text.h"

json_t *tess_text_words_json(const char *words)
{
	static const char between[] = ", ";
	json_t *array = json_array();

	for (words += strspn(words, between); *words; words += strspn(words, between)) {
		size_t length = strcspn(words, between);

		if (json_array_append_new(array, json_stringn(words, length))) {
			json_decref(array);
			return NULL;
		}
		words += length;
	}
	return array;
}
