/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/call.h - one call of the admin API on its way through the handlers.
 *
 * A handler returns 0 when it has answered, be it with a refusal, or a negative errno, which is
 * answered with 500 and logged.
 */
#ifndef TESS_CONTROL_API_CALL_H
#define TESS_CONTROL_API_CALL_H

#include "firmware/control/api/request.h"
#include "firmware/control/cloud/digest.h"
#include "firmware/control/cloud/form.h"
#include "firmware/control/control.h"
#include "firmware/control/times.h"

#define TESS_CALL_MAX_PARAMS 4

enum tess_via {
	TESS_VIA_NONE = 1, /* nobody has logged in */
	TESS_VIA_SESSION,
	TESS_VIA_TOKEN,
};

/** Who calls. */
struct tess_identity {
	enum tess_via via;
	bool admin;   /* may change things */
	bool initial; /* session: the generated password is still in use */
	int64_t user; /* session: administrator */
	char name[TESS_NAME_MAX + 1];
	char hash[TESS_SHA256_HEX]; /* session: of the cookie */
	int64_t expires_us;	    /* 0 = never */
};

struct tess_call {
	struct tess_control *control;
	const struct tess_request *request;
	struct tess_response *response;
	struct tess_identity identity;
	const char *params[TESS_CALL_MAX_PARAMS]; /* of the path, decoded, in order */
	struct tess_form query;
	json_t *body; /* an object; empty when there was no body */
};

/** Answer with a refusal. @return 0, -ENOMEM */
int tess_call_error(struct tess_call *call, unsigned status, const char *code, const char *field,
		    const char *format, ...) __attribute__((format(printf, 5, 6)));
/** 400 invalid_parameter. */
int tess_call_invalid(struct tess_call *call, const char *field, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** 404 not_found, "There is no WHAT." */
int tess_call_missing(struct tess_call *call, const char *what);
/** An answer without a body. */
int tess_call_empty(struct tess_call *call, unsigned status);
/** Write who did what into the audit log. A failure is logged alone: the deed is done. */
void tess_call_audit(struct tess_call *call, const char *action, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** UTC microseconds as RFC 3339 text; null for 0. New reference. */
json_t *tess_time_json(int64_t utc_us);

/**
 * The members of a body, by name; the last part of a dotted name is the member's. All return 1
 * there and good, 0 absent, -EINVAL bad and answered, -ENOMEM.
 */
int tess_field_text(struct tess_call *call, const json_t *object, const char *name, size_t min,
		    size_t max, const char **value) TESS_MUST_CHECK;
int tess_field_int(struct tess_call *call, const json_t *object, const char *name, int64_t min,
		   int64_t max, int64_t *value) TESS_MUST_CHECK;
int tess_field_bool(struct tess_call *call, const json_t *object, const char *name,
		    bool *value) TESS_MUST_CHECK;
/** @p choices are separated by blanks. */
int tess_field_choice(struct tess_call *call, const json_t *object, const char *name,
		      const char *choices, const char **value) TESS_MUST_CHECK;
/** A member object. */
int tess_field_object(struct tess_call *call, const json_t *object, const char *name,
		      json_t **value) TESS_MUST_CHECK;
/** The field is required: turns absent (0) into a refusal. */
int tess_field_required(struct tess_call *call, const char *name, int found) TESS_MUST_CHECK;
/** No other members than these (separated by blanks). @p prefix as "video." or "". 1 or negative.
 */
int tess_fields_only(struct tess_call *call, const json_t *object, const char *prefix,
		     const char *names) TESS_MUST_CHECK;

/** Query parameters, as the fields above. */
int tess_query_param_int(struct tess_call *call, const char *name, int64_t min, int64_t max,
			 int64_t *value) TESS_MUST_CHECK;
int tess_query_param_choice(struct tess_call *call, const char *name, const char *choices,
			    const char **value) TESS_MUST_CHECK;
int tess_query_param_time(struct tess_call *call, const char *name,
			  int64_t *utc_us) TESS_MUST_CHECK;
/** A path parameter that is an id. @retval 1, -EINVAL answered with 404, -ENOMEM */
int tess_path_id(struct tess_call *call, unsigned index, const char *what,
		 int64_t *id) TESS_MUST_CHECK;
/** What is refused and answered is no error of the box: -EINVAL to 0. */
int tess_call_done(int rc) TESS_MUST_CHECK;

#endif
