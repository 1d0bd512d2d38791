/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any text as the address of a target: what is shown of it never holds the key.
 */
#include <stdlib.h>
#include <string.h>

#include "firmware/base/rtmp_url.h"
#include "firmware/base/srt_url.h"

static void check(bool good)
{
	if (!good)
		abort();
}

/* Of an SRT address what is behind the question mark is not shown. */
static void check_srt(const char *text)
{
	char masked[TESS_SRT_URL_SIZE + 4];
	static struct tess_srt_url url;
	const char *error;

	tess_relay_url_mask(masked, sizeof(masked), text);
	if (tess_srt_url_parse(&url, text, &error)) {
		check(!*masked && *error);
		return;
	}
	check(*url.host && url.port);
	check(!strncmp(masked, text, strcspn(text, "?")));
	check(!strchr(text, '?') || !strcmp(masked + strcspn(text, "?"), "?***"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tess_rtmp_url url;
	char text[2 * TESS_RTMP_URL_SIZE], masked[TESS_RTMP_URL_SIZE + 4];
	const char *error;
	size_t shown;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	if (tess_srt_url_is(text)) {
		check_srt(text);
		return 0;
	}
	tess_rtmp_url_mask(masked, sizeof(masked), text);
	if (tess_rtmp_url_parse(&url, text, &error)) {
		check(!*masked && *error);
		return 0;
	}
	check(*url.host && url.port && *url.app && *url.key);
	/* the address is what is shown, and the key */
	shown = strlen(masked) - strlen("***");
	check(!strcmp(masked + shown, "***") && !strncmp(masked, text, shown));
	check(!strcmp(text + shown, url.key));
	return 0;
}
