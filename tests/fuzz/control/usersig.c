/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any text as a UserSig, and any document inside one.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <zlib.h>

#include "firmware/control/cloud/usersig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void verify(const char *usersig)
{
	if (!tess_usersig_verify(usersig, "key", 1400000123, "rexchang", 1700000060))
		abort(); /* nobody can guess the signature */
}

static void verify_document(const uint8_t *data, size_t size)
{
	uint8_t deflated[1024];
	uLongf length = sizeof(deflated);
	char text[2 * sizeof(deflated)];

	if (compress2(deflated, &length, data, size, 1) != Z_OK)
		return;
	(void)EVP_EncodeBlock((unsigned char *)text, deflated, (int)length);
	for (char *p = text; *p; p++)
		*p = (char)(*p == '+' ? '*' : *p == '/' ? '-' : *p == '=' ? '_' : *p);
	verify(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);

	if (text)
		verify(text);
	free(text);
	verify_document(data, size);
	return 0;
}
