/* SPDX-License-Identifier: GPL-3.0-or-later
 * A tessera-control without sockets: a store in a folder of its own, a clock that stands still
 * until it is moved, requests by hand.
 */
#ifndef TEST_CONTROL_FIXTURE_H
#define TEST_CONTROL_FIXTURE_H

#include <jansson.h>

#include "firmware/control/api/request.h"
#include "firmware/control/control.h"

#define FIXTURE_UTC_US 1700000000000000 /* 2023-11-14T22:13:20Z, where the clock begins */

struct fixture_header {
	const char *name, *value;
};

struct fixture {
	char dir[64];
	struct tess_config config;
	struct {
		struct tess_clock clock; /* first */
		int64_t now_us, utc_us;
	} time;
	struct tess_control control;
	unsigned changes; /* of the desired state */
	/* sent with each call; a cookie after fixture_login() */
	struct fixture_header headers[8];
	char cookie[128];
	const char *address;
	bool loopback;
	struct tess_response response; /* of the last call */
	json_t *json;		       /* its body, NULL when it is none */
};

void fixture_open(struct fixture *fixture);
/** Closes and removes the folder. */
void fixture_close(struct fixture *fixture);
/** Closes control and opens it again on the same folder: a restart. */
void fixture_restart(struct fixture *fixture);
void fixture_advance(struct fixture *fixture, int64_t us);
/** A NULL value takes the header away. */
void fixture_header(struct fixture *fixture, const char *name, const char *value);
/**
 * Call with a body written with ' for " (NULL = none); path may have a query. Fails the test unless
 * the status is this. @return the JSON of the answer, the fixture's
 */
json_t *fixture_call(struct fixture *fixture, const char *method, const char *path,
		     const char *body, unsigned status);
/** As fixture_call(), and the error must have this code and field. */
void fixture_refused(struct fixture *fixture, const char *method, const char *path,
		     const char *body, unsigned status, const char *code, const char *field);
/** Log in as admin with the initial password; the cookie and JSON headers are sent from then on. */
void fixture_login(struct fixture *fixture);
/** The initial password. */
void fixture_password(const struct fixture *fixture, char password[64]);
/** Application 1400000001, and users in its room 101. */
void fixture_application(struct fixture *fixture);
void fixture_user(struct fixture *fixture, const char *user);
/** A text member of the last answer, by name or "object.name". */
const char *fixture_text(const struct fixture *fixture, const char *name);
/** An integer member. */
json_int_t fixture_int(const struct fixture *fixture, const char *name);

#endif
