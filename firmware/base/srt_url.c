/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/srt_url.c - see srt_url.h.
 */
#include "firmware/base/srt_url.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "firmware/base/rtmp_url.h"

#define SCHEME "srt://"

bool tess_srt_url_is(const char *text)
{
	return !strncasecmp(text, SCHEME, strlen(SCHEME));
}

static bool is_host(const char *text, bool bracketed)
{
	for (const char *p = text; *p; p++) {
		if (bracketed ? !isxdigit((unsigned char)*p) && !strchr(":.", *p)
			      : !isalnum((unsigned char)*p) && !strchr("-._", *p))
			return false;
	}
	return *text != 0;
}

/* "host:port" or "[v6]:port" up to a question mark, perhaps with a slash before it. */
static bool take_host(struct tess_srt_url *url, const char *text, const char **behind)
{
	bool bracketed = *text == '[';
	const char *end = bracketed ? strchr(text, ']') : strchr(text, ':');
	unsigned long port;
	size_t digits;

	if (!end)
		return false;
	text += bracketed;
	if ((size_t)(end - text) >= sizeof(url->host))
		return false;
	memcpy(url->host, text, (size_t)(end - text));
	end += bracketed;
	if (!is_host(url->host, bracketed) || *end != ':')
		return false;
	digits = strspn(++end, "0123456789");
	if (!digits || digits > 5)
		return false;
	port = strtoul(end, NULL, 10);
	end += digits;
	end += *end == '/';
	url->port = (uint16_t)port;
	*behind = end;
	return port > 0 && port <= UINT16_MAX && (!*end || *end == '?');
}

static int hex_digit(char digit)
{
	const char *digits = "0123456789abcdef", *at;

	at = digit ? strchr(digits, tolower((unsigned char)digit)) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* A value up to an ampersand. False: too long, or badly encoded. */
static bool decode(char *to, size_t size, const char *from, size_t length)
{
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		int byte = (unsigned char)from[i];

		if (byte == '%') {
			int high = i + 2 < length ? hex_digit(from[i + 1]) : -1;

			if (high < 0 || hex_digit(from[i + 2]) < 0)
				return false;
			byte = high << 4 | hex_digit(from[i + 2]);
			i += 2;
		}
		if (!byte || used + 1 >= size)
			return false;
		to[used++] = (char)byte;
	}
	to[used] = 0;
	return true;
}

static const char *take_member(struct tess_srt_url *url, const char *name, size_t name_length,
			       const char *value, size_t length)
{
	char text[16];

	if (name_length == 8 && !memcmp(name, "streamid", 8))
		return decode(url->stream_id, sizeof(url->stream_id), value, length)
			       ? NULL
			       : "The streamid of the address is longer than 512 bytes.";
	if (name_length == 10 && !memcmp(name, "passphrase", 10))
		return decode(url->passphrase, sizeof(url->passphrase), value, length) &&
				       strlen(url->passphrase) >= 10
			       ? NULL
			       : "The passphrase of the address must have 10 to 79 characters.";
	if (!decode(text, sizeof(text), value, length))
		return "The address has a member that is too long.";
	if (name_length == 8 && !memcmp(name, "pbkeylen", 8)) {
		url->key_bytes = (uint8_t)atoi(text);
		return !strcmp(text, "16") || !strcmp(text, "24") || !strcmp(text, "32")
			       ? NULL
			       : "pbkeylen must be 16, 24 or 32.";
	}
	if (name_length == 7 && !memcmp(name, "latency", 7)) {
		unsigned long latency = strtoul(text, NULL, 10);

		url->latency_ms = (uint16_t)latency;
		return *text && strspn(text, "0123456789") == strlen(text) && strlen(text) <= 5 &&
				       latency >= 20 && latency <= 8000
			       ? NULL
			       : "latency must be 20 to 8000 milliseconds.";
	}
	if (name_length == 4 && !memcmp(name, "mode", 4))
		return !strcmp(text, "caller") ? NULL : "The box calls: mode can only be caller.";
	return "Of an SRT address, streamid, passphrase, pbkeylen, latency and mode=caller are "
	       "known.";
}

int tess_srt_url_parse(struct tess_srt_url *url, const char *text, const char **error)
{
	const char *at;

	*url = (struct tess_srt_url){0};
	*error = "An address like srt://host:port?streamid=ID is expected.";
	if (!tess_srt_url_is(text))
		return -EINVAL;
	for (at = text; *at; at++) {
		if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7f)
			break;
	}
	if (*at || at - text >= TESS_SRT_URL_SIZE) {
		*error = "The address is too long, or has blanks or other characters that it "
			 "cannot have.";
		return -EINVAL;
	}
	if (!take_host(url, text + strlen(SCHEME), &at))
		return -EINVAL;
	while (*at) {
		const char *name = ++at, *equals = name + strcspn(name, "=&");
		const char *end = name + strcspn(name, "&");

		*error = *equals == '=' ? take_member(url, name, (size_t)(equals - name),
						      equals + 1, (size_t)(end - equals) - 1)
					: "A member of the address has no value.";
		if (*error)
			return -EINVAL;
		at = end;
	}
	*error = NULL;
	return 0;
}

int tess_relay_url_check(const char *text, const char **error)
{
	struct tess_srt_url srt;
	struct tess_rtmp_url rtmp;

	if (tess_srt_url_is(text))
		return tess_srt_url_parse(&srt, text, error);
	if (!tess_rtmp_url_parse(&rtmp, text, error))
		return 0;
	if (strncasecmp(text, "rtmp", 4) != 0)
		*error = "An address like rtmp://host/app/key, rtmps://host/app/key or "
			 "srt://host:port is expected.";
	return -EINVAL;
}

void tess_relay_url_mask(char *masked, size_t size, const char *text)
{
	struct tess_srt_url url;
	const char *unused;
	size_t open = strcspn(text, "?");

	if (!tess_srt_url_is(text)) {
		tess_rtmp_url_mask(masked, size, text);
		return;
	}
	*masked = 0;
	if (!tess_srt_url_parse(&url, text, &unused))
		(void)snprintf(masked, size, "%.*s%s", (int)open, text, text[open] ? "?***" : "");
}
