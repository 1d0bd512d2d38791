/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/objects.c - see objects.h.
 */
#include "firmware/control/api/objects.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/control/api/address.h"
#include "firmware/control/api/router.h"
#include "firmware/control/cloud/form.h"
#include "firmware/control/jobs/guard.h"
#include "firmware/control/jobs/s3.h"
#include "firmware/control/jobs/uploads.h"
#include "firmware/control/store/covers.h"
#include "firmware/control/text.h"

#define PREFIX "/record/"
#define COVER  "/cover/"
/* long enough to watch what was begun in the evening until the morning */
#define LIFE_S (12 * 3600)

/* What an address says. */
struct asked {
	int64_t recording;
	char expires[24], sign[80];
	char name[256]; /* NAME or FOLDER/NAME; "" = the first MP4 */
	bool by_key;	/* of a play domain, with the right in the query */
};

static bool take(const char **at, char *part, size_t size, const char *ends)
{
	size_t length = strcspn(*at, ends);

	if (!length || length >= size)
		return false;
	memcpy(part, *at, length);
	part[length] = 0;
	*at += length;
	return true;
}

static bool is_number(const char *text)
{
	return *text && strlen(text) <= 18 && text[strspn(text, "0123456789")] == 0;
}

/* ID.mp4?expires=UNIX&sign=HEX */
static bool read_short(struct asked *asked, const char *at, const char *query)
{
	struct tess_cloud_error error;
	struct tess_form form = {0};
	const char *expires, *sign;
	bool good = false;

	if (strcmp(at, ".mp4") != 0 || tess_form_parse(&form, query, strlen(query), &error))
		return false;
	expires = tess_form_get(&form, "expires");
	sign = tess_form_get(&form, "sign");
	if (expires && sign) {
		tess_text_copy(asked->expires, sizeof(asked->expires), expires);
		tess_text_copy(asked->sign, sizeof(asked->sign), sign);
		good = is_number(asked->expires);
	}
	tess_form_free(&form);
	return good;
}

/* ID/UNIX/HEX/NAME, or ID/NAME */
static bool read_long(struct asked *asked, const char *at)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./";

	if (*at == '/' && at[1] && !strchr(at + 1, '/')) {
		asked->by_key = true;
		at++;
		return take(&at, asked->name, sizeof(asked->name), "/") &&
		       asked->name[strspn(asked->name, plain)] == 0;
	}
	if (*at++ != '/' || !take(&at, asked->expires, sizeof(asked->expires), "/") ||
	    *at++ != '/' || !take(&at, asked->sign, sizeof(asked->sign), "/") || *at++ != '/' ||
	    !*at || strlen(at) >= sizeof(asked->name) || at[strspn(at, plain)])
		return false;
	tess_text_copy(asked->name, sizeof(asked->name), at);
	return is_number(asked->expires);
}

static bool read_asked(struct asked *asked, const struct tess_request *request)
{
	const char *at = request->path + strlen(PREFIX);
	char id[24];

	*asked = (struct asked){0};
	if (!take(&at, id, sizeof(id), "/.") || !is_number(id))
		return false;
	asked->recording = strtoll(id, NULL, 10);
	return *at == '.' ? read_short(asked, at, request->query) : read_long(asked, at);
}

bool tess_objects_is_asked(const struct tess_request *request)
{
	return !strncmp(request->path, PREFIX, strlen(PREFIX)) ||
	       !strncmp(request->path, COVER, strlen(COVER));
}

static int refuse(struct tess_response *response, unsigned status)
{
	return status == 403 ? tess_response_error(response, 403, "forbidden", "",
						   "The address is wrong, or its time is over.")
			     : tess_response_error(response, 404, "not_found", "",
						   "There is no such file.");
}

/* ---- a playlist with addresses of its segments ---- */

struct text {
	char *data;
	size_t length, size;
};

static int append(struct text *text, const char *data, size_t length)
{
	if (!text->data || text->length + length + 1 > text->size) {
		size_t size = 2 * (text->length + length + 1);
		char *larger = realloc(text->data, size);

		if (!larger)
			return -ENOMEM;
		text->data = larger;
		text->size = size;
	}
	memcpy(text->data + text->length, data, length);
	text->length += length;
	text->data[text->length] = 0;
	return 0;
}

/* The address of what lies beside the playlist. */
static int append_address(struct text *text, struct tess_control *control,
			  const struct tess_upload *upload, const char *name, size_t length)
{
	const char *slash = strchr(upload->path, '/');
	char path[512], url[TESS_S3_URL_MAX];
	int rc;

	snprintf(path, sizeof(path), "%.*s/%.*s", slash ? (int)(slash - upload->path) : 0,
		 upload->path, (int)length, name);
	rc = tess_uploads_address(url, control, upload, path, LIFE_S);
	return rc ? rc : append(text, url, strlen(url));
}

static int append_line(struct text *text, struct tess_control *control,
		       const struct tess_upload *upload, const char *line, size_t length)
{
	static const char map[] = "#EXT-X-MAP:URI=\"";
	size_t begin = 0, end = length;
	int rc;

	if (length > sizeof(map) && !strncmp(line, map, sizeof(map) - 1)) {
		begin = sizeof(map) - 1;
		end = begin + strcspn(line + begin, "\"\n");
	} else if (!length || *line == '#') {
		rc = append(text, line, length);
		return rc ? rc : append(text, "\n", 1);
	}
	rc = append(text, line, begin);
	if (!rc)
		rc = append_address(text, control, upload, line + begin, end - begin);
	if (!rc)
		rc = append(text, line + end, length - end);
	return rc ? rc : append(text, "\n", 1);
}

static int answer_playlist(struct tess_control *control, const struct tess_upload *upload,
			   struct tess_response *response)
{
	struct text text = {0};
	char *playlist;
	int rc = tess_store_upload_playlist(control->store, upload->file, &playlist);

	for (const char *at = playlist; !rc && at && *at;) {
		size_t length = strcspn(at, "\n");

		rc = append_line(&text, control, upload, at, length);
		at += length + (at[length] == '\n');
	}
	free(playlist);
	if (!rc)
		rc = tess_response_text(response, 200, "application/vnd.apple.mpegurl",
					text.data ? text.data : "", text.length);
	free(text.data);
	return rc;
}

/* ---- */

/* @retval 0, -EACCES, -ENOENT, ... */
static int check_and_find(struct tess_upload *upload, struct tess_control *control,
			  const struct asked *asked, const char *query)
{
	char name[sizeof(asked->name)];
	int rc;

	if (!asked->by_key &&
	    tess_address_check(control, asked->recording, asked->expires, asked->sign))
		return -EACCES;
	rc = tess_store_upload_find(control->store, upload, asked->recording,
				    *asked->name ? asked->name : NULL);
	if (rc || !asked->by_key)
		return rc;
	tess_text_copy(name, sizeof(name), asked->name);
	if (strrchr(name, '.'))
		*strrchr(name, '.') = 0;
	rc = tess_guard_fetch(control, upload->application, name, query);
	return rc > 0 ? 0 : rc ? rc : -EACCES;
}

static int answer(struct tess_control *control, const struct tess_request *request,
		  struct tess_response *response)
{
	char url[TESS_S3_URL_MAX];
	struct tess_upload upload;
	struct asked asked;
	int rc;

	/* a page of this box plays it, from another port */
	rc = tess_response_header(response, "Access-Control-Allow-Origin", "*");
	if (!rc)
		rc = tess_response_header(response, "Cache-Control", "no-store");
	if (rc)
		return rc;
	if (!read_asked(&asked, request))
		return refuse(response, 404);
	rc = check_and_find(&upload, control, &asked, request->query);
	if (rc == -EACCES)
		return refuse(response, 403);
	if (rc == -ENOENT || (!rc && strcmp(upload.state, "uploaded") != 0))
		return refuse(response, 404);
	if (!rc && !strcmp(upload.format, "hls")) {
		rc = answer_playlist(control, &upload, response);
	} else if (!rc) {
		rc = tess_uploads_address(url, control, &upload, upload.path, LIFE_S);
		if (!rc)
			rc = tess_response_header(response, "Location", "%s", url);
		if (!rc)
			response->status = 302;
	}
	return rc == -EKEYREJECTED ? refuse(response, 404) : rc;
}

/* /cover/FILE/UNIX/HEX.jpg */
static int answer_cover(struct tess_control *control, const struct tess_request *request,
			struct tess_response *response)
{
	const char *at = request->path + strlen(COVER);
	char id[24], expires[24], signature[80];
	size_t length = 0;
	void *jpeg;
	int rc;

	if (!take(&at, id, sizeof(id), "/") || *at++ != '/' ||
	    !take(&at, expires, sizeof(expires), "/") || *at++ != '/' ||
	    !take(&at, signature, sizeof(signature), ".") || strcmp(at, ".jpg") != 0 ||
	    id[strspn(id, "0123456789")] || strlen(id) > 19 || !is_number(expires))
		return refuse(response, 404);
	if (tess_address_check(control, strtoll(id, NULL, 10), expires, signature))
		return refuse(response, 403);
	rc = tess_store_cover_get(control->store, strtoll(id, NULL, 10), &jpeg, &length);
	if (rc)
		return rc == -ENOENT ? refuse(response, 404) : rc;
	rc = tess_response_header(response, "Cache-Control", "private, max-age=86400");
	if (!rc)
		rc = tess_response_text(response, 200, "image/jpeg", jpeg, length);
	free(jpeg);
	return rc;
}

void tess_objects_handle(struct tess_control *control, const struct tess_request *request,
			 struct tess_response *response)
{
	int rc = !strncmp(request->path, COVER, strlen(COVER))
			 ? answer_cover(control, request, response)
			 : answer(control, request, response);

	if (rc)
		tess_router_failed(request, response, rc);
}
