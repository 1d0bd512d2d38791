/* SPDX-License-Identifier: GPL-3.0-or-later
 * What an object storage answers: XML, and an ETag.
 */
#include <stdlib.h>
#include <string.h>

#include "firmware/control/jobs/s3.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"UploadId", "ETag", "Code"};
	char text[40], etag[TESS_UPLOAD_ETAG_MAX + 1], *xml = calloc(1, size + 1);

	if (size)
		memcpy(xml, data, size);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!tess_s3_element(text, sizeof(text), xml, names[i]) &&
		    strlen(text) >= sizeof(text))
			abort();
	tess_s3_etag(etag, xml);
	if (strlen(etag) > TESS_UPLOAD_ETAG_MAX ||
	    (tess_s3_etag_is_md5(etag) && strlen(etag) != 32))
		abort();
	free(xml);
	return 0;
}
