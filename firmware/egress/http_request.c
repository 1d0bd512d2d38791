/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/http_request.c - a strict parser of request heads.
 */
#include "firmware/egress/http_request.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* A piece of the head. */
struct text {
	const char *at;
	size_t length;
};

static bool text_is(struct text text, const char *word)
{
	return text.length == strlen(word) && !memcmp(text.at, word, text.length);
}

static bool text_is_nocase(struct text text, const char *word)
{
	return text.length == strlen(word) && !strncasecmp(text.at, word, text.length);
}

static bool text_starts_nocase(struct text text, const char *word)
{
	return text.length >= strlen(word) && !strncasecmp(text.at, word, strlen(word));
}

/** tchar of RFC 9110 §5.6.2 */
static bool is_token_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static struct text trim(struct text text)
{
	while (text.length && (*text.at == ' ' || *text.at == '\t')) {
		text.at++;
		text.length--;
	}
	while (text.length && (text.at[text.length - 1] == ' ' || text.at[text.length - 1] == '\t'))
		text.length--;
	return text;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/** Percent-decode, with a 0 at the end. @retval 0, -EBADMSG, -EMSGSIZE */
static int decode(char *out, size_t size, struct text in)
{
	size_t used = 0;

	for (size_t i = 0; i < in.length; i++) {
		int c = (unsigned char)in.at[i];

		if (c == '%') {
			int high = i + 2 < in.length ? hex_digit(in.at[i + 1]) : -1;
			int low = i + 2 < in.length ? hex_digit(in.at[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -EBADMSG;
			c = high << 4 | low;
			i += 2;
		}
		if (c < 0x20 || c == 0x7f)
			return -EBADMSG;
		if (used + 1 >= size)
			return -EMSGSIZE;
		out[used++] = (char)c;
	}
	out[used] = 0;
	return 0;
}

static bool has_dot_dot(const char *path)
{
	for (const char *at = path; (at = strstr(at, "..")); at++) {
		if ((at == path || at[-1] == '/') && (at[2] == '/' || !at[2]))
			return true;
	}
	return false;
}

/** @retval 0, -EBADMSG, -EMSGSIZE */
static int parse_target(struct tess_http_request *request, struct text target)
{
	const char *question;
	struct text path;
	int rc;

	/* absolute-form, which servers must take (RFC 9112 §3.2.2) */
	if (text_starts_nocase(target, "http://")) {
		const char *slash = memchr(target.at + 7, '/', target.length - 7);

		if (!slash)
			return -EBADMSG;
		target.length -= (size_t)(slash - target.at);
		target.at = slash;
	}
	if (text_is(target, "*")) { /* OPTIONS * */
		memcpy(request->path, "*", 2);
		return request->method == TESS_HTTP_OPTIONS ? 0 : -EBADMSG;
	}
	if (!target.length || *target.at != '/')
		return -EBADMSG;
	question = memchr(target.at, '?', target.length);
	path = target;
	if (question) {
		size_t length = target.length - (size_t)(question - target.at) - 1;

		path.length = (size_t)(question - target.at);
		if (length >= sizeof(request->query))
			return -EMSGSIZE;
		memcpy(request->query, question + 1, length);
		request->query[length] = 0;
	}
	rc = decode(request->path, sizeof(request->path), path);
	if (rc)
		return rc;
	return has_dot_dot(request->path) ? -EBADMSG : 0;
}

/** @retval 0, -EBADMSG, -EMSGSIZE, -EOPNOTSUPP */
static int parse_request_line(struct tess_http_request *request, struct text line)
{
	const char *space = memchr(line.at, ' ', line.length);
	struct text method = {.at = line.at}, target, version;
	const char *end = line.at + line.length;

	if (!space)
		return -EBADMSG;
	method.length = (size_t)(space - line.at);
	target.at = space + 1;
	space = memchr(target.at, ' ', (size_t)(end - target.at));
	if (!space)
		return -EBADMSG;
	target.length = (size_t)(space - target.at);
	version = (struct text){.at = space + 1, .length = (size_t)(end - space) - 1};
	for (size_t i = 0; i < method.length; i++)
		if (!is_token_char(method.at[i]))
			return -EBADMSG;
	if (text_is(version, "HTTP/1.1"))
		request->keep_alive = true;
	else if (!text_is(version, "HTTP/1.0"))
		return -EBADMSG;
	if (text_is(method, "GET"))
		request->method = TESS_HTTP_GET;
	else if (text_is(method, "HEAD"))
		request->method = TESS_HTTP_HEAD;
	else if (text_is(method, "OPTIONS"))
		request->method = TESS_HTTP_OPTIONS;
	else
		return method.length ? -EOPNOTSUPP : -EBADMSG;
	return parse_target(request, target);
}

/** Decimal digits up to something else. @return how many were taken; 0: none, or too large */
static size_t parse_number(uint64_t *value, struct text text)
{
	size_t i;

	*value = 0;
	for (i = 0; i < text.length && text.at[i] >= '0' && text.at[i] <= '9'; i++) {
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(text.at[i] - '0'), value))
			return 0;
	}
	return i;
}

/** A range that is not understood is as if it were not there (RFC 9110 §14.2). */
static void parse_range(struct tess_http_range *range, struct text value)
{
	struct tess_http_range parsed = {.present = true, .last = UINT64_MAX};
	size_t digits;

	if (!text_starts_nocase(value, "bytes="))
		return;
	value.at += 6;
	value.length -= 6;
	digits = parse_number(&parsed.first, value);
	if (digits == value.length || value.at[digits] != '-')
		return;
	value.at += digits + 1;
	value.length -= digits + 1;
	if (!digits) {
		parsed.suffix = true;
		digits = parse_number(&parsed.first, value);
		if (!digits || digits != value.length)
			return;
	} else if (value.length) {
		digits = parse_number(&parsed.last, value);
		if (!digits || digits != value.length || parsed.last < parsed.first)
			return;
	}
	*range = parsed;
}

static int copy_value(char *out, size_t size, struct text value)
{
	if (value.length >= size)
		return -EMSGSIZE;
	memcpy(out, value.at, value.length);
	out[value.length] = 0;
	return 0;
}

static void copy_beginning(char *out, size_t size, struct text value)
{
	size_t length = value.length < size ? value.length : size - 1;

	memcpy(out, value.at, length);
	out[length] = 0;
}

/** Of what a URL may have there; anything else is as if it were not said. */
static void take_host(struct tess_http_request *request, struct text value)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.:[]";

	if (copy_value(request->host, sizeof(request->host), value) ||
	    request->host[strspn(request->host, plain)])
		request->host[0] = 0;
}

/** @retval 0, -EBADMSG, -EMSGSIZE */
static int parse_header(struct tess_http_request *request, struct text line, unsigned *hosts)
{
	const char *colon = memchr(line.at, ':', line.length);
	struct text name = {.at = line.at}, value;
	uint64_t number;

	/* no name, a blank before the colon, a folded line: RFC 9112 §5.1, §5.2 */
	if (!colon || colon == line.at)
		return -EBADMSG;
	name.length = (size_t)(colon - line.at);
	for (size_t i = 0; i < name.length; i++)
		if (!is_token_char(name.at[i]))
			return -EBADMSG;
	value = trim((struct text){.at = colon + 1, .length = line.length - name.length - 1});
	for (size_t i = 0; i < value.length; i++)
		if (((unsigned char)value.at[i] < 0x20 && value.at[i] != '\t') ||
		    value.at[i] == 0x7f)
			return -EBADMSG;
	if (text_is_nocase(name, "host")) {
		++*hosts;
		take_host(request, value);
		return 0;
	}
	if (text_is_nocase(name, "referer")) {
		if (value.length >= sizeof(request->referrer))
			value.length = sizeof(request->referrer) - 1;
		return copy_value(request->referrer, sizeof(request->referrer), value);
	}
	if (text_is_nocase(name, "origin"))
		return copy_value(request->origin, sizeof(request->origin), value);
	if (text_is_nocase(name, "transfer-encoding"))
		return -EBADMSG;
	else if (text_is_nocase(name, "content-length"))
		return parse_number(&number, value) == value.length && value.length && !number
			       ? 0
			       : -EBADMSG;
	else if (text_is_nocase(name, "connection"))
		request->keep_alive = !text_is_nocase(value, "close") &&
				      (request->keep_alive || text_is_nocase(value, "keep-alive"));
	else if (text_is_nocase(name, "range"))
		parse_range(&request->range, value);
	else if (text_is_nocase(name, "if-none-match"))
		return copy_value(request->if_none_match, sizeof(request->if_none_match), value);
	else if (text_is_nocase(name, "if-range"))
		return copy_value(request->if_range, sizeof(request->if_range), value);
	else if (text_is_nocase(name, "user-agent"))
		copy_beginning(request->user_agent, sizeof(request->user_agent), value);
	return 0;
}

/** The line at *at, without its CR LF. @retval 1, 0 not complete, -EBADMSG a bare LF */
static int next_line(struct text *line, const char **at, const char *end)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));

	if (!newline)
		return 0;
	if (newline == *at || newline[-1] != '\r')
		return -EBADMSG;
	*line = (struct text){.at = *at, .length = (size_t)(newline - *at) - 1};
	*at = newline + 1;
	return 1;
}

int tess_http_parse(struct tess_http_request *request, const uint8_t *data, size_t length,
		    size_t *used)
{
	const char *at = (const char *)data;
	const char *end = at + (length < TESS_HTTP_MAX_HEAD ? length : TESS_HTTP_MAX_HEAD);
	unsigned lines = 0, hosts = 0;
	bool is_1_1 = false;
	struct text line;
	int rc;

	*request = (struct tess_http_request){.method = TESS_HTTP_GET};
	while ((rc = next_line(&line, &at, end)) == 1) {
		if (lines++ == 0) {
			rc = parse_request_line(request, line);
			is_1_1 = request->keep_alive;
		} else if (line.length) {
			rc = parse_header(request, line, &hosts);
		} else {
			/* RFC 9112 §3.2: exactly one Host in HTTP/1.1 */
			*used = (size_t)(at - (const char *)data);
			return hosts > 1 || (is_1_1 && !hosts) ? -EBADMSG : 0;
		}
		if (rc)
			return rc;
	}
	if (rc)
		return rc;
	return length >= TESS_HTTP_MAX_HEAD ? -EMSGSIZE : -EAGAIN;
}

int tess_http_query(char *value, size_t size, const char *query, const char *name)
{
	size_t name_length = strlen(name);

	while (*query) {
		size_t length = strcspn(query, "&");

		if (length > name_length && !memcmp(query, name, name_length) &&
		    query[name_length] == '=')
			return decode(value, size,
				      (struct text){.at = query + name_length + 1,
						    .length = length - name_length - 1});
		query += length;
		if (*query)
			query++;
	}
	return -ENOENT;
}

int tess_http_range_apply(const struct tess_http_range *range, uint64_t size, uint64_t *first,
			  uint64_t *last)
{
	*first = 0;
	*last = size ? size - 1 : 0;
	if (!range->present)
		return 0;
	if (range->suffix) {
		if (!range->first || !size)
			return -ERANGE;
		*first = range->first < size ? size - range->first : 0;
		return 1;
	}
	if (range->first >= size)
		return -ERANGE;
	*first = range->first;
	if (range->last < *last)
		*last = range->last;
	return 1;
}
