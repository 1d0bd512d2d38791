/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/http_file.h - a file as the body of a response: ranges, conditions (RFC 9110 §13,
 * §14).
 */
#ifndef TESS_EGRESS_HTTP_FILE_H
#define TESS_EGRESS_HTTP_FILE_H

#include "firmware/egress/http_request.h"
#include "firmware/egress/transport.h"

/** Room for the headers that tess_http_file_open() writes. */
#define TESS_HTTP_FILE_HEADERS 768

struct tess_http_file {
	int fd;		 /* -1: there is no body */
	uint64_t offset; /* of the next byte to send */
	uint64_t left;
};

/**
 * Take a file that is open for reading as the answer to a request, and say how to answer. A file
 * that grows is sent as long as it was at this moment. @p name is offered for saving, and its
 * ending says of what type it is.
 * @return the status: 200, 206, 304 or 416, with its headers in @p headers (each line ends with CR
 * LF); 404 if it is not a regular file, without any. @p fd is the file's, or closed if no body is
 * to be sent.
 */
int tess_http_file_take(struct tess_http_file *file, char headers[TESS_HTTP_FILE_HEADERS], int fd,
			const char *name, const struct tess_http_request *request) TESS_MUST_CHECK;
void tess_http_file_close(struct tess_http_file *file); /* may be called again */
/** Send once. @retval 1 all was sent, 0 more is left, -EAGAIN the socket is full, -EIO it or the
 * file failed */
int tess_http_file_send(struct tess_http_file *file,
			const struct tess_transport *transport) TESS_MUST_CHECK;

#endif
