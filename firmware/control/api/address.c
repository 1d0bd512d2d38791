/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/address.c - see address.h.
 */
#include "firmware/control/api/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/control/cloud/digest.h"
#include "firmware/control/cloud/host.h"
#include "firmware/control/cloud/stream_name.h"
#include "firmware/control/text.h"

/* The host that the client asked for, without the port; IPv6 in brackets. What is no host name or
 * address is not repeated to anybody. */
static void asked_host(char host[TESS_HOST_MAX], const struct tess_request *request)
{
	const char *received = request->get_header(request->header_arg, "Host");
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-_:[]";

	if (received && *received &&
	    (tess_host_form(host, received, 1) || tess_host_form(host, received, 0)) && *host &&
	    strspn(host, allowed) == strlen(host))
		return;
	tess_text_copy(host, TESS_HOST_MAX, "localhost");
}

void tess_address_media(char address[256], const struct tess_control *control,
			const struct tess_request *request)
{
	char host[TESS_HOST_MAX];
	size_t length;

	if (*control->config->media.address) {
		snprintf(address, 256, "%s", control->config->media.address);
		return;
	}
	asked_host(host, request);
	length = strlen(host);
	if (host[0] == '[' && host[length - 1] == ']') {
		host[length - 1] = 0;
		snprintf(address, 256, "%s", host + 1);
	} else {
		snprintf(address, 256, "%s", host);
	}
}

/* The address of the interface to the world; nothing is sent. */
static bool own_address(char host[TESS_HOST_MAX])
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)}, own;
	socklen_t length = sizeof(own);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool found;

	if (fd < 0)
		return false;
	to.sin_addr.s_addr = htonl(0xc0000201); /* 192.0.2.1, RFC 5737: of nobody */
	found = !connect(fd, (struct sockaddr *)&to, sizeof(to)) &&
		!getsockname(fd, (struct sockaddr *)&own, &length) &&
		inet_ntop(AF_INET, &own.sin_addr, host, TESS_HOST_MAX);
	close(fd);
	return found;
}

void tess_address_host(char host[TESS_HOST_MAX], const struct tess_control *control)
{
	const char *from = control->config->egress.public_url, *end;
	union tess_addr listen;

	if (*from) {
		from = strstr(from, "://") + 3;
	} else {
		from = control->config->egress.listen;
		if (!tess_config_address(from, &listen) &&
		    (listen.sa.sa_family == AF_INET
			     ? listen.in.sin_addr.s_addr == htonl(INADDR_ANY)
			     : IN6_IS_ADDR_UNSPECIFIED(&listen.in6.sin6_addr))) {
			if (!own_address(host))
				tess_text_copy(host, TESS_HOST_MAX, "localhost");
			return;
		}
	}
	end = *from == '[' ? strchr(from, ']') : NULL;
	end = end ? end + 1 : from + strcspn(from, ":/");
	tess_text_copy(host, TESS_HOST_MAX, from);
	if (end - from < TESS_HOST_MAX)
		host[end - from] = 0;
}

/* As configured, without slashes at its end. */
static void copy_address(char url[320], const char *configured)
{
	size_t length = strlen(configured);

	while (length && configured[length - 1] == '/')
		length--;
	snprintf(url, 320, "%.*s", (int)length, configured);
}

void tess_address_egress(char url[320], const struct tess_control *control,
			 const struct tess_request *request)
{
	const char *configured = control->config->egress.public_url;
	const char *port = strrchr(control->config->egress.listen, ':');
	char host[TESS_HOST_MAX];

	if (*configured) {
		copy_address(url, configured);
		return;
	}
	if (request)
		asked_host(host, request);
	else
		tess_address_host(host, control);
	snprintf(url, 320, "http://%s%s", host, port ? port : "");
}

static void live_address(char url[TESS_LIVE_URL_MAX], const struct tess_control *control,
			 const struct tess_request *request, const char *stream_id, const char *end)
{
	char name[3 * TESS_STREAM_NAME_MAX + 4], base[320];

	if (!*stream_id) {
		*url = 0;
		return;
	}
	tess_percent_encode(name, sizeof(name), stream_id);
	tess_address_egress(base, control, request);
	snprintf(url, TESS_LIVE_URL_MAX, "%s/live/%s%s", base, name, end);
}

void tess_address_flv(char url[TESS_LIVE_URL_MAX], const struct tess_control *control,
		      const struct tess_request *request, const char *stream_id)
{
	live_address(url, control, request, stream_id, ".flv");
}

void tess_address_hls(char url[TESS_LIVE_URL_MAX], const struct tess_control *control,
		      const struct tess_request *request, const char *stream_id)
{
	live_address(url, control, request, stream_id, ".m3u8");
}

/* "rtmp://host:port"; "" when egress has no such port */
static void rtmp_server(char url[400], const struct tess_control *control,
			const struct tess_request *request)
{
	const char *port = strrchr(control->config->egress.rtmp_listen, ':');
	char base[320], *host, *end;

	*url = 0;
	if (!port)
		return;
	/* the host is that of the other live addresses */
	tess_address_egress(base, control, request);
	host = strstr(base, "://");
	host = host ? host + 3 : base;
	end = *host == '[' ? strchr(host, ']') : NULL;
	end = end ? end + 1 : host + strcspn(host, ":/");
	*end = 0;
	snprintf(url, 400, "rtmp://%s%s", host, strcmp(port, ":1935") != 0 ? port : "");
}

void tess_address_rtmp(char url[TESS_LIVE_URL_MAX], const struct tess_control *control,
		       const struct tess_request *request, const char *stream_id)
{
	char server[400];

	rtmp_server(server, control, request);
	*url = 0;
	/* players take the name as it stands, without decoding */
	if (*stream_id && *server)
		snprintf(url, TESS_LIVE_URL_MAX, "%s/live/%s", server, stream_id);
}

void tess_address_rtmp_rooms(char url[TESS_LIVE_URL_MAX], const struct tess_control *control,
			     const struct tess_request *request, enum tess_room_id_type type)
{
	char server[400];

	rtmp_server(server, control, request);
	*url = 0;
	if (*server)
		snprintf(url, TESS_LIVE_URL_MAX, "%s/%s", server,
			 type == TESS_ROOM_ID_STRING ? "strroom" : "room");
}

static void unhex(uint8_t *data, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned value = 0;

		sscanf(text + 2 * i, "%2x", &value);
		data[i] = (uint8_t)value;
	}
}

/* The right to a recording's files until a time. */
static int sign(char text[TESS_SHA256_HEX], const struct tess_control *control, int64_t recording,
		int64_t expires)
{
	uint8_t key[32], mac[TESS_SHA256_BYTES];
	size_t mac_length;
	char what[64];
	int rc;

	unhex(key, control->token_key, sizeof(key));
	snprintf(what, sizeof(what), "%" PRId64 ":%" PRId64, recording, expires);
	rc = tess_hmac(mac, &mac_length, TESS_HMAC_SHA256, key, sizeof(key), what, strlen(what));
	if (!rc)
		tess_hex(text, mac, mac_length);
	return rc;
}

/* An address that is asked for again and again is the same all day, or a browser would fetch the
 * picture each time. */
#define COVER_LIFE_S (86400LL)

int tess_address_cover(char path[160], const struct tess_control *control, int64_t file)
{
	int64_t now = tess_control_utc_us(control) / 1000000;
	int64_t expires = (now / COVER_LIFE_S + 8) * COVER_LIFE_S;
	char signature[TESS_SHA256_HEX];
	int rc = sign(signature, control, file, expires);

	snprintf(path, 160, "/cover/%" PRId64 "/%" PRId64 "/%s.jpg", file, expires, signature);
	return rc;
}

void tess_address_control(char url[320], const struct tess_control *control)
{
	const char *port = strrchr(control->config->control.listen, ':');
	char host[TESS_HOST_MAX];

	if (*control->config->control.public_url) {
		copy_address(url, control->config->control.public_url);
		return;
	}
	tess_address_host(host, control);
	snprintf(url, 320, "http://%s%s", host, port ? port : "");
}

int tess_address_check(const struct tess_control *control, int64_t recording, const char *expires,
		       const char *signature)
{
	int64_t until = strtoll(expires, NULL, 10);
	char right[TESS_SHA256_HEX];
	int rc = sign(right, control, recording, until);

	if (rc)
		return rc;
	return tess_equal_secret(right, signature) && until * 1000000 > tess_control_utc_us(control)
		       ? 0
		       : -EACCES;
}

int tess_address_file(char url[512], const struct tess_control *control,
		      const struct tess_request *request, int64_t recording, int64_t life_s)
{
	int64_t expires = tess_control_utc_us(control) / 1000000 + life_s;
	char signature[TESS_SHA256_HEX], base[320];
	int rc = sign(signature, control, recording, expires);

	if (rc)
		return rc;
	tess_address_egress(base, control, request);
	snprintf(url, 512, "%s/record/%" PRId64 ".mp4?expires=%" PRId64 "&sign=%s", base, recording,
		 expires, signature);
	return 0;
}

int tess_address_media_file(char url[TESS_FILE_URL_MAX], const struct tess_control *control,
			    const struct tess_request *request, const struct tess_file *file,
			    int64_t life_s)
{
	int64_t expires = tess_control_utc_us(control) / 1000000 + life_s;
	const char *name = strrchr(file->path, '/');
	char signature[TESS_SHA256_HEX], base[320], encoded[3 * sizeof(file->path) + 4];
	int rc;

	if (file->part == 1 && !strcmp(file->format, "mp4"))
		return tess_address_file(url, control, request, file->recording, life_s);
	rc = sign(signature, control, file->recording, expires);
	if (rc)
		return rc;
	tess_address_egress(base, control, request);
	tess_percent_encode(encoded, sizeof(encoded), name ? name + 1 : file->path);
	snprintf(url, TESS_FILE_URL_MAX, "%s/record/%" PRId64 "/%" PRId64 "/%s/%s", base,
		 file->recording, expires, signature, encoded);
	return 0;
}
