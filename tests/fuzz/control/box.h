/* SPDX-License-Identifier: GPL-3.0-or-later
 * A tessera-control for fuzzing: an application, a user in a room, a mix that is recorded, a token;
 * each input works on this state, in a transaction that is taken back.
 */
#ifndef FUZZ_CONTROL_BOX_H
#define FUZZ_CONTROL_BOX_H

#include "firmware/control/control.h"

#define BOX_TOKEN "tess_fuzz"

/** The same one in each call, made in the first. */
struct tess_control *box_begin(void);
void box_end(struct tess_control *control);
/** Answer a request with the token, or without any login; aborts on an answer that must not be. */
void box_request(struct tess_control *control, const char *method, const char *target,
		 const char *body, size_t body_length, bool logged_in);

#endif
