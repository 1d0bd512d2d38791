/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/v1.c - the signatures HmacSHA1 and HmacSHA256 over the decoded parameters.
 */
#include "firmware/control/cloud/v1.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/control/cloud/host.h"

/* METHOD HOST "/?" NAME=VALUE&... in the byte order of the names, which is the form's own order */
static char *string_to_sign(const char *method, const char *host, const struct tess_form *form)
{
	size_t size = strlen(method) + strlen(host) + sizeof("/?");
	const char *separator = "";
	char *text, *end;

	for (size_t i = 0; i < form->count; i++)
		size += strlen(form->fields[i].name) + strlen(form->fields[i].value) + 2;
	text = malloc(size);
	if (!text)
		return NULL;
	end = stpcpy(stpcpy(stpcpy(text, method), host), "/?");
	for (size_t i = 0; i < form->count; i++) {
		if (!strcmp(form->fields[i].name, "Signature"))
			continue;
		end = stpcpy(stpcpy(end, separator), form->fields[i].name);
		end = stpcpy(stpcpy(end, "="), form->fields[i].value);
		separator = "&";
	}
	return text;
}

int tess_v1_sign(char signature[TESS_V1_SIGNATURE], const char *method, const char *host,
		 const struct tess_form *form, const char *secret_key)
{
	const char *name = tess_form_get(form, "SignatureMethod");
	enum tess_hmac hash =
		name && !strcmp(name, "HmacSHA256") ? TESS_HMAC_SHA256 : TESS_HMAC_SHA1;
	char *text;
	int err;

	text = string_to_sign(method, host, form);
	if (!text)
		return -ENOMEM;
	err = tess_hmac_base64(signature, hash, secret_key, text, strlen(text));
	free(text);
	return err;
}

int tess_v1_verify(const char *method, const char *received_host, const struct tess_form *form,
		   const char *secret_key)
{
	const char *received = tess_form_get(form, "Signature");
	char host[TESS_HOST_MAX], signature[TESS_V1_SIGNATURE];
	bool equal = false;
	int err;

	if (!received || !received_host)
		return -EKEYREJECTED;
	for (unsigned i = 0; tess_host_form(host, received_host, i); i++) {
		err = tess_v1_sign(signature, method, host, form, secret_key);
		if (err)
			return err;
		equal = tess_equal_secret(signature, received) || equal;
	}
	return equal ? 0 : -EKEYREJECTED;
}
