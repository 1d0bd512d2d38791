/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/pictures.c - see pictures.h.
 */
#include "firmware/control/jobs/pictures.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/control/cloud/digest.h"
#include "firmware/control/cloud/picture_content.h"
#include "firmware/control/jobs/fetch.h"
#include "firmware/control/jobs/mix_images.h"
#include "firmware/link/link.h"

struct tess_picture_jobs {
	struct tess_fetch *fetch; /* NULL: not yet */
	json_t *errors;		  /* address -> why it was not fetched */
	json_t *sent;		  /* keys that media has, as members */
};

int tess_picture_jobs_alloc(struct tess_picture_jobs **jobsp)
{
	struct tess_picture_jobs *jobs = calloc(1, sizeof(*jobs));

	if (!jobs)
		return -ENOMEM;
	jobs->errors = json_object();
	jobs->sent = json_object();
	if (!jobs->errors || !jobs->sent) {
		tess_picture_jobs_free(jobs);
		return -ENOMEM;
	}
	*jobsp = jobs;
	return 0;
}

void tess_picture_jobs_free(struct tess_picture_jobs *jobs)
{
	if (!jobs)
		return;
	tess_fetch_free(jobs->fetch);
	json_decref(jobs->errors);
	json_decref(jobs->sent);
	free(jobs);
}

/* ---- fetched from addresses ---- */

/* The host alone: the rest of an address may be somebody's secret. */
static int host_length(const char *url)
{
	const char *host = strstr(url, "://");

	return host ? (int)(host + 3 - url + (ptrdiff_t)strcspn(host + 3, "/?#")) : 0;
}

static void fetched(void *arg, const char *url, const char *error, const void *content,
		    size_t length)
{
	struct tess_control *control = arg;
	char hash[TESS_SHA256_HEX];
	int rc;

	if (content) {
		rc = tess_sha256_hex(hash, content, length);
		if (!rc)
			rc = tess_store_fetched_set(control->store, url, hash, content, length);
		error = rc ? "it could not be stored" : "";
	}
	if (*error)
		TESS_WARN("picture.not_fetched", "url=%.*s/... error=\"%s\"", host_length(url), url,
			  error);
	/* without memory for the text there is no warning, and no other try either */
	if (*error && json_object_set_new(control->pictures->errors, url, json_string(error)))
		TESS_ERROR("picture.not_fetched", "error=\"out of memory\"");
	if (!*error)
		tess_control_changed(control);
}

int tess_pictures_start(struct tess_control *control, struct tess_loop *loop)
{
	bool anywhere = !strcmp(control->config->control.fetch_from, "anywhere");

	return tess_fetch_alloc(&control->pictures->fetch, loop, anywhere, fetched, control);
}

void tess_pictures_stop(struct tess_control *control)
{
	tess_fetch_free(control->pictures->fetch);
	control->pictures->fetch = NULL;
}

static int add_url(void *arg, const struct tess_mix_image_at *image)
{
	return image->url && json_object_set_new(arg, image->url, json_true()) ? -ENOMEM : 0;
}

static int add_urls(void *arg, const struct tess_mix *row)
{
	json_t *params = json_loads(row->params, 0, NULL);
	int rc = params ? tess_mix_images(params, add_url, arg) : -ENOMEM;

	json_decref(params);
	return rc;
}

static bool is_wanted(void *arg, const char *url)
{
	return json_object_get(arg, url) != NULL;
}

static int add_unwanted(void *arg, const char *url)
{
	json_t *const *lists = arg; /* wanted, unwanted */

	return !is_wanted(lists[0], url) && json_array_append_new(lists[1], json_string(url))
		       ? -ENOMEM
		       : 0;
}

/* All that no mix names any more. */
static int forget(struct tess_control *control, json_t *wanted)
{
	json_t *unwanted = json_array(), *lists[] = {wanted, unwanted}, *url;
	const char *name;
	json_t *value;
	void *next;
	size_t i;
	int rc = tess_store_fetched(control->store, add_unwanted, lists);

	json_array_foreach(unwanted, i, url)
	{
		if (!rc)
			rc = tess_store_fetched_remove(control->store, json_string_value(url));
	}
	json_decref(unwanted);
	json_object_foreach_safe(control->pictures->errors, next, name, value)
	{
		if (!is_wanted(wanted, name))
			json_object_del(control->pictures->errors, name);
	}
	tess_fetch_keep(control->pictures->fetch, is_wanted, wanted);
	return rc;
}

int tess_pictures_refresh(struct tess_control *control)
{
	struct tess_picture_jobs *jobs = control->pictures;
	json_t *wanted = json_object(), *value;
	char hash[TESS_PICTURE_HASH];
	const char *url;
	int rc;

	rc = wanted ? tess_store_mixes(control->store, add_urls, wanted) : -ENOMEM;
	if (!rc && jobs->fetch)
		rc = forget(control, wanted);
	json_object_foreach(wanted, url, value)
	{
		if (rc || !jobs->fetch || json_object_get(jobs->errors, url))
			continue;
		rc = tess_store_fetched_hash(control->store, url, hash);
		if (rc == -ENOENT)
			rc = tess_fetch_start(jobs->fetch, url);
	}
	json_decref(wanted);
	return rc;
}

static int forgive(void *arg, const struct tess_mix_image_at *image)
{
	if (image->url)
		json_object_del(arg, image->url);
	return 0;
}

void tess_pictures_again(struct tess_control *control, const json_t *params)
{
	(void)tess_mix_images(params, forgive, control->pictures->errors);
}

/* ---- kept by applications ---- */

int tess_pictures_add(struct tess_control *control, struct tess_picture *picture,
		      const void *content, size_t length)
{
	const char *format = tess_picture_format(content, length);
	int64_t count = 0;
	int rc;

	if (!format)
		return -EINVAL;
	if (length > TESS_PICTURE_MAX_BYTES)
		return -EFBIG;
	rc = tess_store_picture_count(control->store, picture->application, &count);
	if (!rc && count >= TESS_PICTURES_MAX_OF_APPLICATION)
		rc = -EDQUOT;
	if (!rc)
		rc = tess_sha256_hex(picture->hash, content, length);
	if (rc)
		return rc;
	(void)stpcpy(picture->format, format);
	picture->bytes = (int64_t)length;
	picture->created_us = tess_control_utc_us(control);
	return tess_store_picture_add(control->store, picture, content);
}

int tess_pictures_remove(struct tess_control *control, uint32_t application, int64_t id)
{
	int rc = tess_store_picture_remove(control->store, application, id);

	if (!rc)
		tess_control_changed(control);
	return rc;
}

static int check(struct tess_control *control, uint32_t application, const char *name, uint32_t id,
		 struct tess_cloud_error *error)
{
	struct tess_picture picture;
	int rc = id ? tess_store_picture_get(control->store, &picture, application, id) : 0;

	if (rc == -ENOENT) {
		rc = tess_cloud_refuse(error, TESS_CLOUD_RESOURCE_NOT_FOUND,
				       "The parameter `%s` names picture %u, which is not there.",
				       name, id);
		(void)snprintf(error->parameter, sizeof(error->parameter), "%s", name);
	}
	return rc;
}

int tess_pictures_check(struct tess_control *control, const struct tess_mix_request *request,
			struct tess_cloud_error *error)
{
	uint32_t application = request->room.sdk_app_id;
	bool client = request->starter[0] != 0;
	int rc;

	if (request->audio_only)
		return 0;
	rc = check(control, application,
		   client ? "backgroundImage" : "EncodeParams.BackgroundImageId",
		   request->video.background_image.id, error);
	if (!rc)
		rc = check(control, application,
			   client ? "mixUsers" : "LayoutParams.WaterMarkParams.WaterMarkId",
			   request->layout.water_mark.id, error);
	for (unsigned i = 0; i < request->layout.preset_count && !rc; i++) {
		char name[64];

		(void)snprintf(name, sizeof(name),
			       "LayoutParams.PresetLayoutConfig.%u.PlaceImageId", i);
		rc = check(control, application, client ? "mixUsers" : name,
			   request->layout.presets[i].image.id, error);
	}
	return rc;
}

/* ---- in mixes ---- */

/* @retval 0, -ENOENT it is not there, or not yet */
static int key_of(struct tess_control *control, uint32_t application,
		  const struct tess_mix_image_at *image, char key[TESS_PICTURE_HASH])
{
	struct tess_picture picture;
	int rc;

	if (image->url)
		return tess_store_fetched_hash(control->store, image->url, key);
	rc = tess_store_picture_get(control->store, &picture, application, image->id);
	if (!rc)
		memcpy(key, picture.hash, sizeof(picture.hash));
	return rc;
}

struct resolving {
	struct tess_control *control;
	uint32_t application;
};

static int resolve(void *arg, const struct tess_mix_image_at *image)
{
	const struct resolving *resolving = arg;
	char key[TESS_PICTURE_HASH];
	int rc = key_of(resolving->control, resolving->application, image, key);

	if (rc && rc != -ENOENT)
		return rc;
	json_object_del(image->object, "id");
	if (rc)
		json_object_del(image->object, image->member);
	else if (json_object_set_new(image->object, image->member, json_string(key)))
		return -ENOMEM;
	json_object_del(image->object, "url");
	return 0;
}

int tess_pictures_resolve(struct tess_control *control, json_t *mix)
{
	struct resolving resolving = {control,
				      (uint32_t)json_integer_value(json_object_get(mix, "app"))};
	json_t *layout = json_object_get(mix, "layout");
	int rc = tess_mix_images(mix, resolve, &resolving);

	/* a place for it alone is nothing */
	if (!json_object_get(json_object_get(layout, "water_mark"), "image"))
		json_object_del(layout, "water_mark");
	return rc;
}

struct warning {
	struct tess_control *control;
	uint32_t application;
	json_t *list;
};

/* What media says about a picture that it has; NULL: nothing. */
static const char *media_error(const struct tess_control *control, const char *key)
{
	const json_t *list = tess_facts_member(control->facts, TESS_PROCESS_MEDIA, "pictures");
	const json_t *fact;
	size_t i;

	json_array_foreach(list, i, fact)
	{
		const char *of = json_string_value(json_object_get(fact, "key"));

		if (of && !strcmp(of, key))
			return json_string_value(json_object_get(fact, "error"));
	}
	return NULL;
}

static int warn(void *arg, const struct tess_mix_image_at *image)
{
	struct warning *warning = arg;
	struct tess_control *control = warning->control;
	char key[TESS_PICTURE_HASH], message[200];
	int rc = key_of(control, warning->application, image, key);
	const char *error;

	if (rc && rc != -ENOENT)
		return rc;
	if (!rc) {
		error = media_error(control, key);
		(void)snprintf(message, sizeof(message), "The picture cannot be shown: %s.",
			       error ? error : "");
	} else if (image->url) {
		error = json_string_value(json_object_get(control->pictures->errors, image->url));
		(void)snprintf(message, sizeof(message), "The picture could not be fetched: %s.",
			       error ? error : "");
	} else {
		error = "deleted";
		(void)snprintf(message, sizeof(message), "Picture %lld has been deleted.",
			       (long long)image->id);
	}
	if (!error)
		return 0;
	return json_array_append_new(warning->list, json_pack("{s:s,s:s}", "field", image->field,
							      "message", message))
		       ? -ENOMEM
		       : 0;
}

json_t *tess_pictures_warnings(struct tess_control *control, uint32_t application,
			       const json_t *params)
{
	struct warning warning = {control, application, json_array()};

	if (!warning.list || !tess_mix_images(params, warn, &warning))
		return warning.list;
	json_decref(warning.list);
	return NULL;
}

/* ---- to media ---- */

static int fill(int fd, const uint8_t *content, size_t length)
{
	for (size_t at = 0; at < length;) {
		ssize_t n = write(fd, content + at, length - at);

		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	return fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
		       ? -errno
		       : 0;
}

static int send_content(struct tess_link *link, const char *key, const void *content, size_t length)
{
	json_t *message = json_pack("{s:s,s:s,s:I}", "type", "picture", "key", key, "bytes",
				    (json_int_t)length);
	int fd = memfd_create("tessera-picture", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int rc = fd < 0 ? -errno : message ? fill(fd, content, length) : -ENOMEM;

	if (!rc)
		rc = tess_link_send(link, message, &fd, 1);
	if (fd >= 0)
		(void)close(fd);
	json_decref(message);
	return rc;
}

static int send_one(struct tess_control *control, struct tess_link *link, const char *key)
{
	void *content;
	size_t length;
	int rc = tess_store_picture_content(control->store, key, &content, &length);

	if (rc)
		return rc;
	rc = send_content(link, key, content, length);
	free(content);
	return rc;
}

static void add_key(json_t *keys, const json_t *key)
{
	const char *text = json_string_value(key);

	/* one that there is no memory for is sent again the next time */
	if (text)
		(void)json_object_set_new(keys, text, json_true());
}

static json_t *keys_of(const json_t *desired)
{
	json_t *keys = json_object(), *mix, *preset;
	size_t m, p;

	json_array_foreach(json_object_get(desired, "mixes"), m, mix)
	{
		const json_t *layout = json_object_get(mix, "layout");

		add_key(keys, json_object_get(json_object_get(mix, "video"), "background_image"));
		add_key(keys, json_object_get(json_object_get(layout, "water_mark"), "image"));
		json_array_foreach(json_object_get(layout, "presets"), p, preset)
			add_key(keys, json_object_get(preset, "image"));
	}
	return keys;
}

int tess_pictures_send(struct tess_control *control, struct tess_link *link, const json_t *desired)
{
	struct tess_picture_jobs *jobs = control->pictures;
	json_t *keys = keys_of(desired), *value;
	const char *key;
	int rc = keys ? 0 : -ENOMEM;

	json_object_foreach(keys, key, value)
	{
		if (!rc && !json_object_get(jobs->sent, key))
			rc = send_one(control, link, key);
	}
	if (rc) {
		json_decref(keys);
		return rc;
	}
	/* media forgets what the desired state does not name */
	json_decref(jobs->sent);
	jobs->sent = keys;
	return 0;
}

void tess_pictures_link_up(struct tess_control *control)
{
	json_object_clear(control->pictures->sent);
}
