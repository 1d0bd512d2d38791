/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any query string or form body: decoded, signed, made a tree, read as the parameters of a mix.
 */
#include <stdlib.h>
#include <string.h>

#include "firmware/control/cloud/mix_params.h"
#include "firmware/control/cloud/params.h"
#include "firmware/control/cloud/v1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char signature[TESS_V1_SIGNATURE];
	struct tess_cloud_error error;
	struct tess_mix_request mix;
	struct tess_form form;
	json_t *params;

	if (tess_form_parse(&form, (const char *)data, size, &error))
		return 0;
	for (size_t i = 1; i < form.count; i++) {
		if (strcmp(form.fields[i - 1].name, form.fields[i].name) >= 0)
			abort();
	}
	if (tess_v1_sign(signature, "POST", "box.lan", &form, "key"))
		abort();
	(void)!tess_v1_verify("GET", "box.lan:8080", &form, "key");
	if (!tess_params_from_form(&params, &form, &error)) {
		(void)!tess_mix_request_parse(&mix, params, TESS_ROOM_ID_STRING, &error);
		json_decref(params);
	}
	tess_form_free(&form);
	return 0;
}
