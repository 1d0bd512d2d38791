/* SPDX-License-Identifier: GPL-3.0-or-later
 * A control with an application that has a key, and signed calls of its cloud API.
 */
#ifndef TEST_CONTROL_CLOUD_CALL_H
#define TEST_CONTROL_CLOUD_CALL_H

#include <jansson.h>

#include "fixture.h"

/** Opens the fixture, with this application alone. */
void cloud_open(struct fixture *fixture, uint32_t application);
/** The same with application 1400000001, as an administrator who has logged in. */
void cloud_open_admin(struct fixture *fixture);
/** Sign and send through the server's dispatcher. @return "Response" without its id, the caller's
 */
json_t *cloud_answer(struct fixture *fixture, const char *action, const char *body);
/** The same, of a body written with ' for "; the answer must be this, written alike. */
void cloud_expect(struct fixture *fixture, const char *action, const char *body,
		  const char *expected);
/** Of a body written with ' or ": the code of the answer must be this, "" = success. */
void cloud_code(struct fixture *fixture, const char *action, const char *body, const char *code);

#endif
