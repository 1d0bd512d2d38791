/* SPDX-License-Identifier: GPL-3.0-or-later
 * JSON in tests, written with ' for ".
 */
#ifndef TEST_JSON_TEXT_H
#define TEST_JSON_TEXT_H

#include <jansson.h>

/** The value, a new reference; fails the test when it is no JSON. */
json_t *json_of(const char *text);
/** Fails the test unless the value equals the text. */
void assert_json(const json_t *value, const char *text);
/** Put the members of @p patch over those of @p object, deep; null deletes. */
void json_patch(json_t *object, json_t *patch);

#endif
