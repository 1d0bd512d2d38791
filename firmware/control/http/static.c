/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/http/static.c - see static.h.
 */
#include "firmware/control/http/static.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/control/api/address.h"
#include "firmware/control/api/router.h"
#include "firmware/control/jobs/s3.h"

#define MAX_PATH_BYTES 512

static const char *type_of(const char *path)
{
	static const struct {
		const char *end, *type;
	} types[] = {
		{".html", "text/html; charset=utf-8"},
		{".js", "text/javascript; charset=utf-8"},
		{".mjs", "text/javascript; charset=utf-8"},
		{".css", "text/css; charset=utf-8"},
		{".json", "application/json"},
		{".webmanifest", "application/manifest+json"},
		{".svg", "image/svg+xml"},
		{".png", "image/png"},
		{".jpg", "image/jpeg"},
		{".webp", "image/webp"},
		{".ico", "image/x-icon"},
		{".woff2", "font/woff2"},
		{".wasm", "application/wasm"},
		{".txt", "text/plain; charset=utf-8"},
	};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(types[i].end, dot))
			return types[i].type;
	return "application/octet-stream";
}

/* Our files have plain names: what needs decoding, or begins with a dot, is not one of them. */
static bool is_safe(const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_./@+~";

	return *path == '/' && strlen(path) < MAX_PATH_BYTES &&
	       strspn(path, plain) == strlen(path) && !strstr(path, "/.") && !strstr(path, "//");
}

/* @retval a descriptor, or -ENOENT for what is not a file */
static int open_file(const char *dir, const char *path, struct stat *status)
{
	char full[MAX_PATH_BYTES + sizeof(((struct tess_config *)0)->control.webui_dir)];
	int fd;

	if (!*dir)
		return -ENOENT;
	snprintf(full, sizeof(full), "%s%s", dir, path);
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -ENOENT;
	if (!fstat(fd, status) && S_ISREG(status->st_mode))
		return fd;
	close(fd);
	return -ENOENT;
}

struct origins {
	char text[2048];
	size_t length;
};

static int add_origin(void *arg, const struct tess_upload_place *place)
{
	char origin[TESS_UPLOAD_ENDPOINT_MAX + TESS_UPLOAD_BUCKET_MAX + 4];
	struct origins *origins = arg;
	size_t length;

	tess_s3_origin(origin, place);
	length = strlen(origin);
	if (strstr(origins->text, origin) || length + 2 > sizeof(origins->text) - origins->length)
		return 0;
	origins->length += (size_t)snprintf(origins->text + origins->length,
					    sizeof(origins->text) - origins->length, " %s", origin);
	return 0;
}

/* What the page may load: its own files, and pictures and sound of egress and of the object
 * storages that egress sends it to; the player, which other pages may show within theirs, those of
 * any box's play domain. */
static int policy(struct tess_control *control, const struct tess_request *request,
		  struct tess_response *response, const char *path)
{
	struct origins origins = {.length = 0};
	char egress[320];
	int rc;

	if (!strcmp(path, TESS_STATIC_PLAYER_FILE))
		return tess_response_header(
			response, "Content-Security-Policy",
			"default-src 'none'; script-src 'self'; style-src 'self'; "
			"img-src 'self' data:; connect-src 'self' http: https:; "
			"media-src blob: http: https:; worker-src 'self' blob:; base-uri 'none'; "
			"form-action 'none'; frame-ancestors *");
	rc = tess_store_upload_endpoints(control->store, add_origin, &origins);
	if (rc)
		return rc;
	tess_address_egress(egress, control, request);
	return tess_response_header(
		response, "Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
		"img-src 'self' data: blob:; connect-src 'self' %s%s; media-src 'self' blob: %s%s; "
		"worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; "
		"form-action 'self'; frame-ancestors 'none'",
		egress, origins.text, egress, origins.text);
}

static int headers(struct tess_control *control, const struct tess_request *request,
		   struct tess_response *response, const char *path, const char *tag)
{
	/* the build puts a hash into the names below assets/ */
	const char *cache =
		!strncmp(path, "/assets/", 8) ? "public, max-age=31536000, immutable" : "no-cache";
	const char *type = type_of(path);
	int rc;

	rc = tess_response_header(response, "Content-Type", "%s", type);
	if (!rc)
		rc = tess_response_header(response, "Cache-Control", "%s", cache);
	if (!rc)
		rc = tess_response_header(response, "ETag", "%s", tag);
	if (!rc && !strncmp(type, "text/html", 9))
		rc = policy(control, request, response, path);
	return rc;
}

static int answer(struct tess_control *control, const struct tess_request *request,
		  struct tess_response *response)
{
	const char *path = !strcmp(request->path, "/")			? "/index.html"
			   : !strcmp(request->path, TESS_STATIC_PLAYER) ? TESS_STATIC_PLAYER_FILE
									: request->path;
	const char *dir = control->config->control.webui_dir, *known;
	const char *slash = strrchr(path, '/');
	struct stat status;
	char tag[64];
	int fd, rc;

	fd = is_safe(path) ? open_file(dir, path, &status) : -ENOENT;
	if (fd < 0 && !strchr(slash ? slash : path, '.')) {
		path = "/index.html";
		fd = open_file(dir, path, &status);
	}
	if (fd < 0) {
		static const char text[] = "There is no such page.\n";

		return tess_response_text(response, 404, "text/plain; charset=utf-8", text,
					  sizeof(text) - 1);
	}
	snprintf(tag, sizeof(tag), "\"%llx-%llx\"", (long long)status.st_mtime,
		 (long long)status.st_size);
	rc = headers(control, request, response, path, tag);
	known = request->get_header(request->header_arg, "If-None-Match");
	if (rc || (known && !strcmp(known, tag))) {
		close(fd);
		response->status = 304;
		return rc;
	}
	response->status = 200;
	response->file = fd;
	response->file_length = (size_t)status.st_size;
	return 0;
}

void tess_static_handle(struct tess_control *control, const struct tess_request *request,
			struct tess_response *response)
{
	int rc = answer(control, request, response);

	if (rc)
		tess_router_failed(request, response, rc);
}
