/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/views.h - rows of the store together with what the other processes tell, as
 * the JSON of the admin API (the schemas of docs/openapi.yaml). All return new references, or NULL
 * when out of memory.
 */
#ifndef TESS_CONTROL_API_VIEWS_H
#define TESS_CONTROL_API_VIEWS_H

#include "firmware/control/api/call.h"
#include "firmware/control/store/files.h"

json_t *tess_view_user(const struct tess_call *call, const struct tess_publisher *row);
/** Where to send, with the SDP. */
json_t *tess_view_publisher(const struct tess_call *call, const struct tess_publisher *row);
json_t *tess_view_mix(const struct tess_call *call, const struct tess_mix *row);
json_t *tess_view_stream(const struct tess_call *call, const struct tess_mix *row);
/** The live stream that a user sends. */
json_t *tess_view_user_stream(const struct tess_call *call, const struct tess_publisher *row);
json_t *tess_view_recording(const struct tess_call *call, const struct tess_recording *row);
json_t *tess_view_file(const struct tess_control *control, const struct tess_file *row);
/** An engine as media tells of it, whole whatever it told. */
json_t *tess_view_engine(const json_t *fact);
/** "running", "starting", "error", or "unknown" while media is away. */
const char *tess_view_mix_state(const struct tess_control *control, int64_t mix);

/** Copies the members that @p from has, with @p missing (an integer, ...) for the others. */
int tess_view_copy(json_t *to, const json_t *from, const char *name,
		   json_t *missing) TESS_MUST_CHECK;

/** A relay, its address without the key. */
json_t *tess_view_relay(const struct tess_control *control, const struct tess_relay *row);
/** Its state: as egress tells, else "disabled", "waiting" or "unknown". */
const char *tess_view_relay_state(const struct tess_control *control, const struct tess_relay *row);

#endif
