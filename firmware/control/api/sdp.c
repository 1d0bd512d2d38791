/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/sdp.c - see sdp.h.
 */
#include "firmware/control/api/sdp.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void add(char *sdp, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(char *sdp, const char *format, ...)
{
	size_t length = strlen(sdp);
	va_list args;

	va_start(args, format);
	vsnprintf(sdp + length, TESS_SDP_MAX - length, format, args);
	va_end(args);
}

void tess_sdp_write(char sdp[TESS_SDP_MAX], const struct tess_publisher *publisher,
		    const char *address)
{
	const char *type = strchr(address, ':') ? "IP6" : "IP4";

	*sdp = 0;
	add(sdp, "v=0\r\no=- %lld 1 IN %s %s\r\ns=%s\r\nc=IN %s %s\r\nt=0 0\r\na=recvonly\r\n",
	    (long long)publisher->id, type, address, publisher->user, type, address);
	if (publisher->video_port)
		add(sdp,
		    "m=video %u RTP/AVP %u\r\na=rtpmap:%u H264/90000\r\n"
		    "a=fmtp:%u packetization-mode=1\r\n",
		    publisher->video_port, publisher->video_payload_type,
		    publisher->video_payload_type, publisher->video_payload_type);
	if (publisher->audio_port) /* RFC 7587 §7: always 48000/2 */
		add(sdp, "m=audio %u RTP/AVP %u\r\na=rtpmap:%u opus/48000/2\r\n",
		    publisher->audio_port, publisher->audio_payload_type,
		    publisher->audio_payload_type);
}
