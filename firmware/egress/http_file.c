/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/http_file.c - files as response bodies.
 */
#include "firmware/egress/http_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* the loop serves others between two of these */
#define BYTES_A_TURN (256u << 10)

/** RFC 8216 §10, RFC 4337, and what players expect of the others. */
static const char *type_of(const char *name)
{
	static const struct {
		const char *suffix, *type;
	} types[] = {
		{".mp4", "video/mp4"},	 {".m4s", "video/mp4"},
		{".flv", "video/x-flv"}, {".m3u8", "application/vnd.apple.mpegurl"},
		{".aac", "audio/aac"},	 {".mp3", "audio/mpeg"},
	};
	const char *suffix = strrchr(name, '.');

	for (unsigned i = 0; suffix && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(suffix, types[i].suffix) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

int tess_http_file_take(struct tess_http_file *file, char headers[TESS_HTTP_FILE_HEADERS], int fd,
			const char *name, const struct tess_http_request *request)
{
	struct tess_http_range range = request->range;
	char etag[64], modified[64];
	uint64_t size, first, last;
	struct stat status;
	struct tm utc;
	int partial, used;

	*file = (struct tess_http_file){.fd = fd};
	if (fstat(fd, &status) || !S_ISREG(status.st_mode)) {
		tess_http_file_close(file);
		return 404;
	}
	size = (uint64_t)status.st_size;
	(void)snprintf(etag, sizeof(etag), "\"%" PRIx64 "-%" PRIx64 "-%lx\"", size,
		       (uint64_t)status.st_mtim.tv_sec, (unsigned long)status.st_mtim.tv_nsec);
	(void)gmtime_r(&status.st_mtim.tv_sec, &utc);
	(void)strftime(modified, sizeof(modified), "%a, %d %b %Y %H:%M:%S GMT", &utc);
	used = snprintf(headers, TESS_HTTP_FILE_HEADERS,
			"ETag: %s\r\nLast-Modified: %s\r\nAccept-Ranges: bytes\r\n", etag,
			modified);
	if (!strcmp(request->if_none_match, "*") || strstr(request->if_none_match, etag)) {
		tess_http_file_close(file);
		return 304;
	}
	/* RFC 9110 §13.1.5: the range is for that very version only */
	if (request->if_range[0] && strcmp(request->if_range, etag) != 0 &&
	    strcmp(request->if_range, modified) != 0)
		range.present = false;
	partial = tess_http_range_apply(&range, size, &first, &last);
	if (partial < 0) {
		tess_http_file_close(file);
		(void)snprintf(headers, TESS_HTTP_FILE_HEADERS,
			       "Content-Range: bytes */%" PRIu64 "\r\nContent-Length: 0\r\n", size);
		return 416;
	}
	file->offset = first;
	file->left = size ? last - first + 1 : 0;
	if (partial)
		used += snprintf(headers + used, TESS_HTTP_FILE_HEADERS - (size_t)used,
				 "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n",
				 first, last, size);
	(void)snprintf(headers + used, TESS_HTTP_FILE_HEADERS - (size_t)used,
		       "Content-Type: %s\r\nContent-Length: %" PRIu64
		       "\r\nCache-Control: no-cache\r\n"
		       "Content-Disposition: inline; filename=\"%s\"\r\n",
		       type_of(name), file->left, name);
	if (request->method == TESS_HTTP_HEAD || !file->left)
		tess_http_file_close(file);
	return partial ? 206 : 200;
}

void tess_http_file_close(struct tess_http_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	file->fd = -1;
	file->left = 0;
}

int tess_http_file_send(struct tess_http_file *file, const struct tess_transport *transport)
{
	off_t offset = (off_t)file->offset;
	size_t length = file->left < BYTES_A_TURN ? (size_t)file->left : BYTES_A_TURN;
	ssize_t sent;

	/* all was taken before, and the last of it waited for the network */
	if (!file->left) {
		int rc = tess_transport_flush(transport);

		return rc ? rc : 1;
	}
	sent = tess_transport_send_file(transport, file->fd, &offset, length);

	if (sent < 0)
		return errno == EAGAIN || errno == EINTR ? -EAGAIN : -EIO;
	if (sent == 0)
		return -EIO; /* it became shorter: the promised length cannot be kept */
	file->offset = (uint64_t)offset;
	file->left -= (uint64_t)sent;
	return !file->left && !tess_transport_is_behind(transport);
}
