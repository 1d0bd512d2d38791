/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/vod_params.c - see vod_params.h.
 */
#include "firmware/control/cloud/vod_params.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "firmware/control/cloud/checks.h"
#include "firmware/control/cloud/params.h"
#include "firmware/control/times.h"

#define OPTIONAL TESS_CLOUD_CODE_BEFORE_FIRST

const char *const tess_vod_params[] = {
	"SubAppId",    "FileIds",	"Names",	  "NamePrefixes",   "Descriptions",
	"ClassIds",    "Tags",		"Categories",	  "SourceTypes",    "StreamIds",
	"CreateTime",  "ExpireTime",	"StorageRegions", "StorageClasses", "MediaTypes",
	"Status",      "ReviewResults", "TrtcSdkAppIds",  "TrtcRoomIds",    "StreamDomains",
	"StreamPaths", "Filters",	"Sort",		  "Offset",	    "Limit",
	"Text",	       "SourceType",	"StreamId",	  "StartTime",	    "EndTime",
	"Vids",	       "Vid",		"KnowledgeBases", "FileId",	    "DeleteParts",
	"Name",	       "Description",	"Type",		  "Mode",	    "StorageRegion",
	NULL,
};

static size_t characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

/* An array of texts. @return a new reference, NULL: absent, empty or not valid */
static json_t *check_texts(const struct tess_section *section, const char *name, size_t most,
			   size_t length, enum tess_cloud_code code)
{
	const json_t *array = tess_check_array(section, name, most, OPTIONAL, code), *value;
	char expected[80];
	size_t i;

	json_array_foreach(array, i, value)
	{
		if (json_is_string(value) && characters(json_string_value(value)) <= length)
			continue;
		(void)snprintf(expected, sizeof(expected),
			       "texts of at most %zu characters are expected", length);
		tess_check_invalid(section, name, code, expected);
		return NULL;
	}
	return json_incref((json_t *)array);
}

static bool is_one_of(const char *const *choices, const char *text)
{
	for (; *choices; choices++)
		if (!strcmp(*choices, text))
			return true;
	return false;
}

/* An array of these texts alone. */
static json_t *check_choices(const struct tess_section *section, const char *name,
			     const char *const *choices, enum tess_cloud_code code)
{
	json_t *array = check_texts(section, name, 16, 40, code), *value;
	size_t i;

	json_array_foreach(array, i, value)
	{
		if (is_one_of(choices, json_string_value(value)))
			continue;
		tess_check_invalid(section, name, code, "one of the documented texts is expected");
		json_decref(array);
		return NULL;
	}
	return array;
}

static bool has(const json_t *array, const char *text)
{
	const json_t *value;
	size_t i;

	json_array_foreach(array, i, value)
	{
		if (!strcmp(json_string_value(value), text))
			return true;
	}
	return false;
}

/* What all files of the box are: who asks for other values alone finds nothing. */
static void check_constant(struct tess_vod_request *request, json_t *array, const char *ours,
			   const char *also)
{
	if (array && !has(array, ours) && !(also && has(array, also)))
		request->nothing = true;
	json_decref(array);
}

static void check_constants(struct tess_vod_request *request, const struct tess_section *section)
{
	static const char *const sources[] = {"Record",	    "Upload",	     "VideoProcessing",
					      "TrtcRecord", "WebPageRecord", "Unknown",
					      NULL};
	static const char *const classes[] = {"STANDARD", "STANDARD_IA", "ARCHIVE", "DEEP_ARCHIVE",
					      NULL};
	static const char *const states[] = {"Normal", "SystemForbidden", "Forbidden", NULL};
	static const char *const reviews[] = {"pass", "review", "block", "notModerated", NULL};
	const char *source =
		tess_check_text(section, "SourceType", OPTIONAL, TESS_CLOUD_VALUE_SOURCE_TYPE);
	const json_t *ids, *id;
	json_t *texts;
	bool ours = false;
	size_t i;

	if (source && !is_one_of(sources, source))
		tess_check_invalid(section, "SourceType", TESS_CLOUD_VALUE_SOURCE_TYPE,
				   "one of the documented texts is expected");
	else if (source && strcmp(source, "Record") != 0 && strcmp(source, "TrtcRecord") != 0)
		request->nothing = true;
	check_constant(
		request,
		check_choices(section, "SourceTypes", sources, TESS_CLOUD_VALUE_SOURCE_TYPES),
		"Record", "TrtcRecord");
	check_constant(request,
		       check_choices(section, "StorageClasses", classes, TESS_CLOUD_INVALID_VALUE),
		       "STANDARD", NULL);
	check_constant(request, check_choices(section, "Status", states, TESS_CLOUD_INVALID_VALUE),
		       "Normal", NULL);
	check_constant(request,
		       check_choices(section, "ReviewResults", reviews, TESS_CLOUD_INVALID_VALUE),
		       "notModerated", NULL);
	check_constant(
		request,
		check_texts(section, "StorageRegions", 20, 20, TESS_CLOUD_VALUE_STORAGE_REGIONS),
		TESS_VOD_REGION, NULL);
	texts = check_texts(section, "Tags", 16, 32, TESS_CLOUD_VALUE_TAGS);
	if (texts)
		request->nothing = true;
	json_decref(texts);
	texts = check_texts(section, "Descriptions", 10, 100, TESS_CLOUD_INVALID_VALUE);
	if (texts)
		request->nothing = true;
	json_decref(texts);
	ids = tess_check_array(section, "ClassIds", 10, OPTIONAL, TESS_CLOUD_VALUE_CLASS_IDS);
	json_array_foreach(ids, i, id)
	{
		if (!json_is_integer(id) && !json_is_string(id))
			tess_check_invalid(section, "ClassIds", TESS_CLOUD_VALUE_CLASS_IDS,
					   "integers are expected");
		ours |= (json_is_integer(id) && !json_integer_value(id)) ||
			(json_is_string(id) && !strcmp(json_string_value(id), "0"));
	}
	if (ids && !ours)
		request->nothing = true;
}

/* A time of @p section. @retval 1 there, 0 absent or not valid */
static int check_time(const struct tess_section *section, const char *name,
		      enum tess_cloud_code code, int64_t *utc_us)
{
	const char *text = tess_check_text(section, name, OPTIONAL, code);

	if (!text)
		return 0;
	if (!tess_time_parse(utc_us, text))
		return 1;
	tess_check_invalid(section, name, code, "a time such as 2023-11-14T22:13:20Z is expected");
	return 0;
}

static void check_times(struct tess_vod_request *request, const struct tess_section *section)
{
	struct tess_section created =
		tess_check_object(section, "CreateTime", OPTIONAL, TESS_CLOUD_INVALID_VALUE);
	struct tess_section expires =
		tess_check_object(section, "ExpireTime", OPTIONAL, TESS_CLOUD_INVALID_VALUE);
	int64_t at;

	/* a second asked for is the whole second */
	if (check_time(section, "StartTime", TESS_CLOUD_VALUE_START_TIME, &at))
		request->created_from = at;
	if (check_time(section, "EndTime", TESS_CLOUD_VALUE_END_TIME, &at))
		request->created_to = at - 1;
	if (check_time(&created, "After", TESS_CLOUD_INVALID_VALUE, &at))
		request->created_from = at;
	if (check_time(&created, "Before", TESS_CLOUD_INVALID_VALUE, &at))
		request->created_to = at + 999999;
	if (check_time(&expires, "After", TESS_CLOUD_INVALID_VALUE, &at))
		request->expires_from = at;
	if (check_time(&expires, "Before", TESS_CLOUD_INVALID_VALUE, &at))
		request->expires_to = at + 999999;
}

static void check_blocks(struct tess_vod_request *request, const struct tess_section *section)
{
	json_t *filters = check_texts(section, "Filters", 32, 64, TESS_CLOUD_INVALID_VALUE);

	request->blocks = TESS_VOD_BASIC | TESS_VOD_META;
	if (filters)
		request->blocks = (has(filters, "basicInfo") ? TESS_VOD_BASIC : 0) |
				  (has(filters, "metaData") ? TESS_VOD_META : 0);
	json_decref(filters);
}

static void check_page(struct tess_vod_request *request, const struct tess_section *section,
		       int64_t most, int64_t absent)
{
	const struct tess_number offset = {"Offset", 0, INT32_MAX, OPTIONAL,
					   TESS_CLOUD_VALUE_OFFSET};
	const struct tess_number limit = {"Limit", 0, INT32_MAX, OPTIONAL,
					  TESS_CLOUD_INVALID_VALUE};
	char expected[64];

	request->offset = tess_check_number(section, &offset, 0);
	request->limit = tess_check_number(section, &limit, absent);
	if (request->offset + request->limit <= most)
		return;
	(void)snprintf(expected, sizeof(expected), "with Offset at most %lld is expected",
		       (long long)most);
	tess_check_invalid(section, "Limit", TESS_CLOUD_LIMIT_EXCEEDED, expected);
}

static void check_sort(struct tess_vod_request *request, const struct tess_section *section)
{
	struct tess_section sort =
		tess_check_object(section, "Sort", OPTIONAL, TESS_CLOUD_VALUE_SORT);
	const char *field, *order;

	if (!sort.object)
		return;
	field = tess_check_text(&sort, "Field", OPTIONAL, TESS_CLOUD_VALUE_SORT);
	order = tess_check_text(&sort, "Order", OPTIONAL, TESS_CLOUD_VALUE_SORT);
	if (field && strcmp(field, "CreateTime") != 0)
		tess_check_invalid(&sort, "Field", TESS_CLOUD_VALUE_SORT, "CreateTime is expected");
	if (order && strcmp(order, "Asc") != 0 && strcmp(order, "Desc") != 0)
		tess_check_invalid(&sort, "Order", TESS_CLOUD_VALUE_SORT,
				   "Asc or Desc is expected");
	request->oldest_first = order && !strcmp(order, "Asc");
}

/* StreamIds and the older StreamId: both must hold. */
static void check_streams(struct tess_vod_request *request, const struct tess_section *section)
{
	const char *one =
		tess_check_text(section, "StreamId", OPTIONAL, TESS_CLOUD_VALUE_STREAM_IDS);

	request->streams = check_texts(section, "StreamIds", 10, 1024, TESS_CLOUD_VALUE_STREAM_IDS);
	if (!one)
		return;
	if (request->streams && !has(request->streams, one))
		request->nothing = true;
	json_decref(request->streams);
	request->streams = json_pack("[s]", one);
}

/* Containers in the letters that ours have. */
static json_t *check_formats(const struct tess_section *section)
{
	json_t *given = check_texts(section, "MediaTypes", 10, 40, TESS_CLOUD_INVALID_VALUE);
	json_t *formats, *value;
	char text[160 + 1];
	size_t i;

	if (!given)
		return NULL;
	formats = json_array();
	json_array_foreach(given, i, value)
	{
		(void)snprintf(text, sizeof(text), "%s", json_string_value(value));
		for (char *at = text; *at; at++)
			*at = (char)tolower((unsigned char)*at);
		(void)json_array_append_new(formats, json_string(text));
	}
	json_decref(given);
	return formats;
}

static json_t *check_applications(const struct tess_section *section)
{
	const json_t *given =
		tess_check_array(section, "TrtcSdkAppIds", 10, OPTIONAL, TESS_CLOUD_INVALID_VALUE);
	const json_t *value;
	json_t *list, *holder;
	int64_t number;
	size_t i;

	if (!given)
		return NULL;
	list = json_array();
	json_array_foreach(given, i, value)
	{
		holder = json_pack("{sO}", "id", (json_t *)value);
		if (tess_params_int(&number, holder, "id"))
			tess_check_invalid(section, "TrtcSdkAppIds", TESS_CLOUD_INVALID_VALUE,
					   "integers are expected");
		else
			(void)json_array_append_new(list, json_integer(number));
		json_decref(holder);
	}
	return list;
}

static void check_search(struct tess_vod_request *request, const struct tess_section *section)
{
	static const char *const categories[] = {"Video", "Audio", "Image", NULL};

	request->file_ids = check_texts(section, "FileIds", 10, 40, TESS_CLOUD_VALUE_FILE_IDS);
	request->names = check_texts(section, "Names", 10, 100, TESS_CLOUD_VALUE_NAMES);
	request->prefixes =
		check_texts(section, "NamePrefixes", 10, 100, TESS_CLOUD_VALUE_NAME_PREFIXES);
	request->rooms = check_texts(section, "TrtcRoomIds", 10, 64, TESS_CLOUD_INVALID_VALUE);
	request->domains = check_texts(section, "StreamDomains", 10, 256, TESS_CLOUD_INVALID_VALUE);
	request->paths = check_texts(section, "StreamPaths", 10, 256, TESS_CLOUD_INVALID_VALUE);
	request->categories =
		check_choices(section, "Categories", categories, TESS_CLOUD_VALUE_CATEGORIES);
	request->formats = check_formats(section);
	request->applications = check_applications(section);
	request->text = tess_check_text(section, "Text", OPTIONAL, TESS_CLOUD_VALUE_TEXT);
	if (request->text && characters(request->text) > 64)
		tess_check_invalid(section, "Text", TESS_CLOUD_VALUE_TEXT,
				   "at most 64 characters are expected");
	check_streams(request, section);
	check_constants(request, section);
	check_times(request, section);
	check_blocks(request, section);
	check_sort(request, section);
	check_page(request, section, TESS_VOD_MAX_FOUND, 10);
}

static void check_describe(struct tess_vod_request *request, const struct tess_section *section)
{
	json_t *ids = NULL;

	check_blocks(request, section);
	switch (tess_params_array(&ids, section->object, "FileIds")) {
	case -ENOENT:
		tess_check_missing(section, "FileIds", TESS_CLOUD_MISSING_PARAMETER);
		return;
	case 0:
		if (!json_array_size(ids))
			tess_check_invalid(section, "FileIds", TESS_CLOUD_VALUE_FILE_IDS_EMPTY,
					   "at least one is expected");
		if (json_array_size(ids) > 20)
			tess_check_invalid(section, "FileIds", TESS_CLOUD_VALUE_FILE_IDS_OVER_LIMIT,
					   "at most 20 are expected");
		break;
	default:
		break;
	}
	request->file_ids = check_texts(section, "FileIds", 20, 40, TESS_CLOUD_VALUE_FILE_IDS);
}

static void check_delete(struct tess_vod_request *request, const struct tess_section *section)
{
	const char *id = tess_check_text(section, "FileId", TESS_CLOUD_MISSING_PARAMETER,
					 TESS_CLOUD_INVALID_VALUE);
	const json_t *parts =
		tess_check_array(section, "DeleteParts", 32, OPTIONAL, TESS_CLOUD_INVALID_VALUE);
	const json_t *part;
	size_t i;

	if (id)
		request->file_ids = json_pack("[s]", id);
	request->keep_original = parts != NULL;
	json_array_foreach(parts, i, part)
	{
		struct tess_section one = {.checks = section->checks,
					   .object = json_is_object(part) ? part : NULL,
					   .path = "DeleteParts."};
		const char *type;

		if (!one.object)
			tess_check_invalid(section, "DeleteParts", TESS_CLOUD_INVALID_VALUE,
					   "objects are expected");
		type = tess_check_text(&one, "Type", TESS_CLOUD_MISSING_PARAMETER,
				       TESS_CLOUD_INVALID_VALUE);
		if (type && !strcmp(type, "OriginalFiles"))
			request->keep_original = false;
	}
}

static void check_limit(const struct tess_section *section, const char *name, const char *text,
			size_t most, enum tess_cloud_code code)
{
	char expected[64];

	if (!text || characters(text) <= most)
		return;
	(void)snprintf(expected, sizeof(expected), "at most %zu characters are expected", most);
	tess_check_invalid(section, name, code, expected);
}

static void check_area(struct tess_vod_request *request, const struct tess_section *section)
{
	bool create = request->action == TESS_VOD_CREATE_AREA;
	/* the actions that change have but the general code */
	enum tess_cloud_code name = create ? TESS_CLOUD_VALUE_NAME : TESS_CLOUD_INVALID_VALUE;
	enum tess_cloud_code description =
		create ? TESS_CLOUD_VALUE_DESCRIPTION : TESS_CLOUD_INVALID_VALUE;

	request->name = tess_check_text(section, "Name",
					create ? TESS_CLOUD_MISSING_PARAMETER : OPTIONAL, name);
	request->description = tess_check_text(section, "Description", OPTIONAL, description);
	check_limit(section, "Name", request->name, 40, name);
	check_limit(section, "Description", request->description, 300, description);
	if (create && request->name && !*request->name)
		tess_check_invalid(section, "Name", name, "a name is expected");
}

static void check_status(struct tess_vod_request *request, const struct tess_section *section)
{
	static const char *const states[] = {"On", "Off", "Destroyed", NULL};

	request->status = tess_check_text(section, "Status", TESS_CLOUD_MISSING_PARAMETER,
					  TESS_CLOUD_INVALID_VALUE);
	if (request->status && !is_one_of(states, request->status))
		tess_check_invalid(section, "Status", TESS_CLOUD_INVALID_VALUE,
				   "On, Off or Destroyed is expected");
}

static void check_sub_app(struct tess_vod_request *request, const struct tess_section *section)
{
	bool needed =
		request->action == TESS_VOD_CHANGE_AREA || request->action == TESS_VOD_SWITCH_AREA;
	bool coded = request->action == TESS_VOD_SEARCH || request->action == TESS_VOD_CHANGE_AREA;
	const struct tess_number number = {
		"SubAppId", 0, INT64_MAX, needed ? TESS_CLOUD_MISSING_PARAMETER : OPTIONAL,
		coded ? TESS_CLOUD_VALUE_SUB_APP_ID : TESS_CLOUD_INVALID_VALUE};

	if (request->action != TESS_VOD_CREATE_AREA && request->action != TESS_VOD_AREAS)
		request->sub_app_id = tess_check_number(section, &number, 0);
}

int tess_vod_request_parse(struct tess_vod_request *request, enum tess_vod_action action,
			   const json_t *params, struct tess_cloud_error *error)
{
	struct tess_checks checks = {0};
	struct tess_section section = {.checks = &checks, .object = params};

	*request = (struct tess_vod_request){.action = action};
	check_sub_app(request, &section);
	switch (action) {
	case TESS_VOD_SEARCH:
		check_search(request, &section);
		break;
	case TESS_VOD_DESCRIBE:
		check_describe(request, &section);
		break;
	case TESS_VOD_DELETE:
		check_delete(request, &section);
		break;
	case TESS_VOD_CREATE_AREA:
	case TESS_VOD_CHANGE_AREA:
		check_area(request, &section);
		break;
	case TESS_VOD_AREAS:
		request->name =
			tess_check_text(&section, "Name", OPTIONAL, TESS_CLOUD_INVALID_VALUE);
		check_page(request, &section, INT32_MAX, 200);
		if (request->limit > 200)
			tess_check_invalid(&section, "Limit", TESS_CLOUD_INVALID_VALUE,
					   "at most 200 is expected");
		break;
	case TESS_VOD_SWITCH_AREA:
		check_status(request, &section);
		break;
	}
	return tess_checks_end(&checks, error);
}

void tess_vod_request_free(struct tess_vod_request *request)
{
	json_t *all[] = {request->file_ids,   request->names,	     request->prefixes,
			 request->streams,    request->rooms,	     request->formats,
			 request->categories, request->applications, request->domains,
			 request->paths};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		json_decref(all[i]);
}
