/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/srt_url.h - the address of an SRT server, and of any server that streams are pushed
 * to:
 *
 *   srt://host:port[?streamid=ID&passphrase=10 to 79 characters&pbkeylen=16|24|32&latency=MS]
 *
 * Values are percent-decoded. What is behind the question mark is a secret. Threads: any.
 */
#ifndef TESS_BASE_SRT_URL_H
#define TESS_BASE_SRT_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/compiler.h"

/** Longest address, its 0 included. */
#define TESS_SRT_URL_SIZE 1024

struct tess_srt_url {
	char host[256]; /* IPv6 without brackets */
	uint16_t port;
	char stream_id[513]; /* "": none */
	char passphrase[80]; /* "": not encrypted */
	uint8_t key_bytes;   /* 0: the library's choice */
	uint16_t latency_ms; /* 0: the library's choice */
};

/** Whether it is one by its scheme. */
bool tess_srt_url_is(const char *text);
/** @retval 0, -EINVAL: *error is a sentence that says why, without anything of the address */
int tess_srt_url_parse(struct tess_srt_url *url, const char *text,
		       const char **error) TESS_MUST_CHECK;

/** Check the address of a server that streams are pushed to, by RTMP or SRT. @retval as above */
int tess_relay_url_check(const char *text, const char **error) TESS_MUST_CHECK;
/** What may be shown of it, with "***" for what is secret; "" for what is no address. */
void tess_relay_url_mask(char *masked, size_t size, const char *text);

#endif
