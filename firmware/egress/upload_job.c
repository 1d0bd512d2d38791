/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/upload_job.c - see upload_job.h. One request by libcurl. The piece is read twice:
 * its MD5 goes before it (Content-MD5, RFC 1864), so that the receiver takes nothing that differs.
 */
#include "firmware/egress/upload_job.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "firmware/egress/playlist.h"
#include "firmware/egress/record_links.h"
#include "firmware/egress/uploads.h"

#define READ_BYTES (256u << 10)
#define CONNECT_S  10L

/* A piece being sent. */
struct sending {
	struct tess_upload_job *job;
	int fd;
	uint64_t at; /* within the piece */
};

/* APP/NAME or APP/FOLDER.hls/NAME of plain characters, so that it stays where it belongs. */
static bool path_is_good(const char *path)
{
	static const char good[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
	unsigned parts = 0;

	if (strspn(path, "0123456789") != strcspn(path, "/"))
		return false;
	for (; *path; parts++) {
		size_t length = strspn(path, good);

		if (!length || *path == '.' || (path[length] && path[length] != '/'))
			return false;
		path += length;
		if (*path && !*++path)
			return false;
	}
	return parts == 2 || parts == 3;
}

int tess_upload_job_read(struct tess_upload_job *job, const json_t *order)
{
	const char *id = NULL, *path = NULL, *url = "";
	json_int_t offset = 0, bytes = 0;
	int list = 0, inspect = 0, key_frame = 0;
	json_int_t record = 0;

	if (json_unpack((json_t *)order, "{s:s, s:s, s?b, s?b, s?b, s?I, s?I, s?I, s?s}", "id", &id,
			"path", &path, "list", &list, "inspect", &inspect, "key_frame", &key_frame,
			"record", &record, "offset", &offset, "bytes", &bytes, "url", &url) ||
	    strlen(id) >= sizeof(job->id) || strlen(path) >= sizeof(job->path) ||
	    !path_is_good(path) || offset < 0 || bytes < 0 ||
	    (!list && !inspect && !key_frame && !*url) || (inspect && record <= 0))
		return -EINVAL;
	memcpy(job->id, id, strlen(id) + 1);
	memcpy(job->path, path, strlen(path) + 1);
	job->list = list;
	job->inspect = inspect;
	job->key_frame = key_frame;
	job->record = record;
	job->offset = (uint64_t)offset;
	job->bytes = (uint64_t)bytes;
	job->url = strdup(url);
	return job->url ? 0 : -ENOMEM;
}

void tess_upload_job_free(struct tess_upload_job *job)
{
	free(job->url);
	free(job->playlist);
	json_decref(job->files);
	tess_bytes_free(&job->frame);
}

void tess_upload_job_cancel(struct tess_upload_job *job)
{
	atomic_store(&job->cancel, true);
}

static void fail(struct tess_upload_job *job, const char *error)
{
	if (*job->error)
		return;
	(void)snprintf(job->error, sizeof(job->error), "%s", error);
	for (char *at = job->error; *at; at++) {
		if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)
			*at = '?';
	}
}

/* @return a descriptor, or -1 with the error told */
static int open_file(struct tess_upload_job *job, int dir, const char *path, uint64_t *size)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat info;

	if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
		*size = (uint64_t)info.st_size;
		return fd;
	}
	fail(job, fd < 0 && errno != ENOENT ? strerror(errno) : "the file is not there");
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* a piece */

/* @retval 0 job->md5 is filled, and its base64 in @p base64 */
static int hash_piece(struct tess_upload_job *job, int fd, char base64[32])
{
	uint8_t *buffer = malloc(READ_BYTES), digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint64_t at = 0;
	int ok = buffer && context && EVP_DigestInit_ex(context, EVP_md5(), NULL);

	while (ok && at < job->bytes && !atomic_load(&job->cancel)) {
		uint64_t left = job->bytes - at;
		ssize_t got = pread(fd, buffer, left < READ_BYTES ? (size_t)left : READ_BYTES,
				    (off_t)(job->offset + at));

		if (got <= 0) {
			fail(job, got < 0 ? strerror(errno) : "the file became shorter");
			ok = 0;
			break;
		}
		ok = EVP_DigestUpdate(context, buffer, (size_t)got);
		at += (uint64_t)got;
	}
	ok = ok && EVP_DigestFinal_ex(context, digest, NULL);
	EVP_MD_CTX_free(context);
	free(buffer);
	if (!ok) {
		fail(job, "no memory");
		return -EIO;
	}
	for (unsigned i = 0; i < 16; i++)
		(void)snprintf(job->md5 + (size_t)2 * i, 3, "%02x", digest[i]);
	(void)EVP_EncodeBlock((unsigned char *)base64, digest, 16);
	return 0;
}

static size_t on_read(char *data, size_t size, size_t count, void *arg)
{
	struct sending *sending = arg;
	struct tess_upload_job *job = sending->job;
	uint64_t left = job->bytes - sending->at;
	size_t length = size * count;
	ssize_t got;

	if (length > left)
		length = (size_t)left;
	if (!length)
		return 0;
	got = pread(sending->fd, data, length, (off_t)(job->offset + sending->at));
	if (got <= 0) {
		fail(job, got < 0 ? strerror(errno) : "the file became shorter");
		return CURL_READFUNC_ABORT;
	}
	sending->at += (uint64_t)got;
	atomic_store(&job->sent, sending->at);
	return (size_t)got;
}

static int on_seek(void *arg, curl_off_t offset, int origin)
{
	struct sending *sending = arg;

	if (origin != SEEK_SET || offset < 0)
		return CURL_SEEKFUNC_CANTSEEK;
	sending->at = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static int on_progress(void *arg, curl_off_t total, curl_off_t now, curl_off_t up,
		       curl_off_t up_now)
{
	struct tess_upload_job *job = arg;

	(void)total;
	(void)now;
	(void)up;
	(void)up_now;
	return atomic_load(&job->cancel);
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
	struct tess_upload_job *job = arg;
	size_t length = size * count, used;

	if (length > 5 && !strncasecmp(data, "etag:", 5)) {
		const char *at = data + 5;

		length -= 5;
		while (length && strchr(" \"", *at)) {
			at++;
			length--;
		}
		for (used = 0; used < length && !strchr("\" \r\n", at[used]);)
			used++;
		(void)snprintf(job->etag, sizeof(job->etag), "%.*s", (int)used, at);
	}
	return size * count;
}

/* Why it was refused: <Code> and <Message> of the answer, which is short. */
struct refusal {
	char text[2048];
	size_t length;
};

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct refusal *refusal = arg;
	size_t length = size * count, room = sizeof(refusal->text) - 1 - refusal->length;

	memcpy(refusal->text + refusal->length, data, length < room ? length : room);
	refusal->length += length < room ? length : room;
	refusal->text[refusal->length] = 0;
	return length;
}

static void tell_refusal(struct tess_upload_job *job, const struct refusal *refusal)
{
	const char *code = strstr(refusal->text, "<Code>");
	char text[96];

	(void)snprintf(text, sizeof(text), "the server answered %ld%s%.*s", job->status,
		       code ? " " : "", code ? (int)strcspn(code + 6, "<") : 0,
		       code ? code + 6 : "");
	fail(job, text);
}

static bool set_options(CURL *easy, struct sending *sending, struct refusal *refusal,
			struct curl_slist *headers, const char *ca_file)
{
	struct tess_upload_job *job = sending->job;
	int bad = 0;

	bad |= curl_easy_setopt(easy, CURLOPT_URL, job->url);
	bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	bad |= curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)job->bytes);
	bad |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	bad |= curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
	bad |= curl_easy_setopt(easy, CURLOPT_READDATA, sending);
	bad |= curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
	bad |= curl_easy_setopt(easy, CURLOPT_SEEKDATA, sending);
	bad |= curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	bad |= curl_easy_setopt(easy, CURLOPT_XFERINFODATA, job);
	bad |= curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, job);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, refusal);
	bad |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
	bad |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	bad |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)TESS_UPLOADS_STALL_S);
	bad |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)TESS_UPLOADS_STALL_BYTES_S);
	bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "Tessera");
	if (*ca_file)
		bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
	return !bad;
}

static void send_piece(struct tess_upload_job *job, int fd, const char *ca_file)
{
	struct sending sending = {.job = job, .fd = fd};
	char base64[32], md5[64], error[CURL_ERROR_SIZE] = "";
	struct refusal refusal = {.length = 0};
	struct curl_slist *headers;
	CURLcode result = CURLE_FAILED_INIT;
	CURL *easy;

	if (hash_piece(job, fd, base64))
		return;
	(void)snprintf(md5, sizeof(md5), "Content-MD5: %s", base64);
	headers = curl_slist_append(NULL, "Expect:");
	if (headers)
		(void)curl_slist_append(headers, md5);
	easy = curl_easy_init();
	if (easy && headers && set_options(easy, &sending, &refusal, headers, ca_file) &&
	    !curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error)) {
		result = curl_easy_perform(easy);
		(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &job->status);
	}
	/* an answer that came before all was sent tells more than what broke off */
	if (job->status >= 300)
		tell_refusal(job, &refusal);
	else if (result)
		fail(job, *error ? error : curl_easy_strerror(result));
	else if (job->status / 100 != 2)
		tell_refusal(job, &refusal);
	job->done = !*job->error;
	if (easy)
		curl_easy_cleanup(easy);
	curl_slist_free_all(headers);
}

/* a list */

static bool add_file(struct tess_upload_job *job, int dir, const char *path)
{
	uint64_t size;
	int fd;

	if (!path_is_good(path)) {
		fail(job, "the playlist lists what is not beside it");
		return false;
	}
	fd = open_file(job, dir, path, &size);
	if (fd < 0)
		return false;
	(void)close(fd);
	if (json_array_size(job->files) >= TESS_UPLOAD_MAX_FILES ||
	    json_array_append_new(job->files, json_pack("[s, I]", path, (json_int_t)size))) {
		fail(job, "the playlist is too long");
		return false;
	}
	return true;
}

/* A segment, or the map that segments begin with. */
static bool add_listed(struct tess_upload_job *job, int dir, const struct tess_playlist_line *line)
{
	const char *slash = strchr(job->path, '/');
	char path[sizeof(job->path)];

	if (!line->text || line->kind == TESS_PLAYLIST_DURATION)
		return true;
	if (snprintf(path, sizeof(path), "%.*s/%.*s", (int)(slash - job->path), job->path,
		     (int)line->length, line->text) >= (int)sizeof(path)) {
		fail(job, "the playlist is not ours");
		return false;
	}
	return add_file(job, dir, path);
}

static char *read_playlist(struct tess_upload_job *job, int fd, uint64_t size)
{
	char *text = size <= TESS_UPLOAD_MAX_PLAYLIST ? calloc(1, size + 1) : NULL;
	ssize_t got = text ? pread(fd, text, size, 0) : -1;

	if (got == (ssize_t)size)
		return text;
	fail(job, "the playlist cannot be read");
	free(text);
	return NULL;
}

static bool fits_message(struct tess_upload_job *job)
{
	json_t *text = json_string(job->playlist);
	size_t bytes = json_dumpb(job->files, NULL, 0, JSON_COMPACT) +
		       json_dumpb(text, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);

	json_decref(text);
	if (bytes > TESS_UPLOAD_MAX_LIST)
		fail(job, "the playlist is too long");
	return bytes <= TESS_UPLOAD_MAX_LIST;
}

static void list_playlist(struct tess_upload_job *job, int dir, int fd, uint64_t size)
{
	char *text = read_playlist(job, fd, size);
	struct tess_playlist_line line;
	const char *at = text;
	bool good = true;

	job->files = json_array();
	if (!text || !job->files) {
		fail(job, "no memory");
		free(text);
		return;
	}
	while (good && !atomic_load(&job->cancel) && tess_playlist_next(&line, &at))
		good = add_listed(job, dir, &line);
	job->playlist = text;
	job->done = good && add_file(job, dir, job->path) && fits_message(job);
}

/* a file without a row */

/* FOLDER of the FOLDER/NAME that a playlist begins with */
static bool folder_of(char *folder, size_t size, const char *playlist)
{
	const char *uri = strstr(playlist, "URI=\"");
	size_t length = uri ? strcspn(uri + 5, "/\"\n") : 0;

	if (!length || length >= size || uri[5 + length] != '/')
		return false;
	memcpy(folder, uri + 5, length);
	folder[length] = 0;
	return true;
}

/* Its folder, which the link leads to, is the number before the slash. */
static int add_links(const struct tess_upload_job *job, int dir, const char *folder)
{
	int64_t app = strtoll(job->path, NULL, 10);
	int rc = tess_links_add(dir, job->record, app, strchr(job->path, '/') + 1);

	return rc || !*folder ? rc : tess_links_add(dir, job->record, app, folder);
}

/* What the file lies in. @return a descriptor, or -1 */
static int open_app(const struct tess_upload_job *job, int dir)
{
	char app[24];

	(void)snprintf(app, sizeof(app), "%.*s", (int)strcspn(job->path, "/"), job->path);
	return openat(dir, app, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static int inspect_hls(struct tess_upload_job *job, int dir, int fd, uint64_t size, char *folder,
		       size_t folder_size)
{
	char *text = read_playlist(job, fd, size);
	int at = open_app(job, dir), rc = -EBADMSG;

	if (text && at >= 0 && folder_of(folder, folder_size, text))
		rc = tess_inspect_playlist(&job->found, at, text, &job->cancel);
	if (at >= 0)
		(void)close(at);
	free(text);
	return rc;
}

static void inspect(struct tess_upload_job *job, int dir, int fd, uint64_t size)
{
	const char *suffix = strrchr(job->path, '.');
	char folder[256] = "";
	int rc;

	if (suffix && !strcmp(suffix, ".m3u8"))
		rc = inspect_hls(job, dir, fd, size, folder, sizeof(folder));
	else
		rc = tess_inspect(&job->found, fd, suffix ? suffix + 1 : "", &job->cancel);
	if (!rc)
		rc = add_links(job, dir, folder);
	if (rc)
		fail(job, rc == -EBADMSG ? "it is none of our files" : strerror(-rc));
	job->done = !rc;
}

/* a key frame */

static void cut_key_frame(struct tess_upload_job *job, int dir, int fd, uint64_t size)
{
	const char *suffix = strrchr(job->path, '.');
	int rc = -EBADMSG;

	if (suffix && !strcmp(suffix, ".m3u8")) {
		char *text = read_playlist(job, fd, size);
		int at = open_app(job, dir);

		if (text && at >= 0)
			rc = tess_key_frame_hls(&job->frame, at, text);
		if (at >= 0)
			(void)close(at);
		free(text);
	} else {
		rc = tess_key_frame_mp4(&job->frame, fd);
	}
	if (rc)
		fail(job, strerror(-rc));
	job->done = !rc;
}

void tess_upload_job_run(struct tess_upload_job *job, const char *record_dir, const char *ca_file)
{
	int dir = open(record_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
	uint64_t size = 0;

	if (dir < 0)
		fail(job, strerror(errno));
	else
		fd = open_file(job, dir, job->path, &size);
	if (fd >= 0 && job->list)
		list_playlist(job, dir, fd, size);
	else if (fd >= 0 && job->inspect)
		inspect(job, dir, fd, size);
	else if (fd >= 0 && job->key_frame)
		cut_key_frame(job, dir, fd, size);
	else if (fd >= 0 && job->offset + job->bytes > size)
		fail(job, "the file is shorter than it was");
	else if (fd >= 0)
		send_piece(job, fd, ca_file);
	if (fd >= 0)
		(void)close(fd);
	if (dir >= 0)
		(void)close(dir);
}

json_t *tess_upload_job_facts(const struct tess_upload_job *job, bool over)
{
	json_t *facts = json_pack("{s:s, s:s, s:I}", "id", job->id, "state",
				  !over	      ? "sending"
				  : job->done ? "done"
					      : "failed",
				  "sent", (json_int_t)atomic_load(&job->sent));

	if (!over || !facts)
		return facts;
	(void)json_object_set_new(facts, "status", json_integer(job->status));
	(void)json_object_set_new(facts, "etag", json_string(job->etag));
	(void)json_object_set_new(facts, "md5", json_string(job->md5));
	(void)json_object_set_new(facts, "error", json_string(job->error));
	if (job->done && job->inspect) {
		(void)json_object_set_new(facts, "bytes",
					  json_integer((json_int_t)job->found.bytes));
		(void)json_object_set_new(facts, "duration_us",
					  json_integer(job->found.duration_us));
		(void)json_object_set_new(facts, "width", json_integer(job->found.width));
		(void)json_object_set_new(facts, "height", json_integer(job->found.height));
	}
	if (job->done && job->list) {
		(void)json_object_set(facts, "files", job->files);
		(void)json_object_set_new(facts, "playlist", json_string(job->playlist));
	}
	return facts;
}
