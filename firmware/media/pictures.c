/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/pictures.c - still pictures of mixes.
 *
 * One lock guards both lists and all counts of references; nothing is decoded, and no job posted,
 * with it held. Jobs stand on one strand, so that pictures take one thread of the pool at most.
 */
#include "firmware/media/pictures.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/log.h"

struct picture {
	struct picture *next;
	char key[TESS_DESIRED_PICTURE];
	unsigned references; /* of the list, and of stills */
	atomic_int error;    /* of decoding, which is for good */
	size_t length;
	uint8_t data[];
};

struct tess_still {
	struct tess_job job; /* first: a job is its still */
	struct tess_still *next;
	struct tess_pictures *pictures;
	struct picture *picture;
	struct tess_device *device;
	uint16_t width, height;
	enum tess_image_fit fit;
	unsigned references; /* of mixes, and of the job */
	atomic_bool failed;  /* but not for good */
	_Atomic(struct tess_surface *) surface;
};

struct tess_pictures {
	pthread_mutex_t lock;
	struct picture *list;
	unsigned count;
	struct tess_still *stills;
	struct tess_strand *strand;
	pthread_mutex_t post_lock; /* a strand takes jobs from one thread at a time */
	struct tess_job last;
};

static void run_last(struct tess_job *job)
{
	struct tess_pictures *pictures =
		(struct tess_pictures *)((char *)job - offsetof(struct tess_pictures, last));

	while (pictures->list) {
		struct picture *picture = pictures->list;

		pictures->list = picture->next;
		free(picture);
	}
	pthread_mutex_destroy(&pictures->lock);
	pthread_mutex_destroy(&pictures->post_lock);
	free(pictures);
}

int tess_pictures_alloc(struct tess_pictures **picturesp, struct tess_executor *executor)
{
	struct tess_pictures *pictures = calloc(1, sizeof(*pictures));

	if (!pictures)
		return -ENOMEM;
	if (tess_strand_alloc(&pictures->strand, executor, false)) {
		free(pictures);
		return -ENOMEM;
	}
	pthread_mutex_init(&pictures->lock, NULL);
	pthread_mutex_init(&pictures->post_lock, NULL);
	pictures->last.run = run_last;
	*picturesp = pictures;
	return 0;
}

void tess_pictures_free(struct tess_pictures *pictures)
{
	if (pictures)
		tess_strand_close(pictures->strand, &pictures->last);
}

/* The following are called with the lock held. */

static struct picture *find_picture(const struct tess_pictures *pictures, const char *key)
{
	struct picture *picture = pictures->list;

	while (picture && strcmp(picture->key, key) != 0)
		picture = picture->next;
	return picture;
}

static void drop_picture(struct picture *picture)
{
	if (!--picture->references)
		free(picture);
}

static struct tess_still *find_still(const struct tess_pictures *pictures,
				     const struct tess_still *wanted, const char *key)
{
	struct tess_still *still = pictures->stills;

	while (still && (still->device != wanted->device || still->width != wanted->width ||
			 still->height != wanted->height || still->fit != wanted->fit ||
			 strcmp(still->picture->key, key) != 0))
		still = still->next;
	return still;
}

/* @return the still if that was the last reference: it is nobody's then */
static struct tess_still *drop_still(struct tess_still *still)
{
	struct tess_still **at = &still->pictures->stills;

	if (--still->references)
		return NULL;
	while (*at != still)
		at = &(*at)->next;
	*at = still->next;
	drop_picture(still->picture);
	return still;
}

int tess_pictures_put(struct tess_pictures *pictures, const char *key, const void *data,
		      size_t length)
{
	struct picture *picture;
	int error = 0;

	if (!*key || strlen(key) >= TESS_DESIRED_PICTURE)
		return -EINVAL;
	if (length > TESS_IMAGE_MAX_BYTES)
		return -EFBIG;
	picture = calloc(1, sizeof(*picture) + length);
	if (!picture)
		return -ENOMEM;
	(void)stpcpy(picture->key, key);
	memcpy(picture->data, data, length);
	picture->length = length;
	picture->references = 1;
	pthread_mutex_lock(&pictures->lock);
	if (find_picture(pictures, key)) {
		free(picture);
	} else if (pictures->count == TESS_PICTURES_MAX) {
		free(picture);
		error = -ENOSPC;
	} else {
		picture->next = pictures->list;
		pictures->list = picture;
		pictures->count++;
	}
	pthread_mutex_unlock(&pictures->lock);
	return error;
}

/* Read, not mapped: who sent it may cut it short. */
static int read_all(int fd, uint8_t *data, size_t length)
{
	for (size_t at = 0; at < length;) {
		ssize_t n = pread(fd, data + at, length - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EBADMSG;
		at += (size_t)n;
	}
	return 0;
}

int tess_pictures_take(struct tess_pictures *pictures, const json_t *message, int fd)
{
	const char *key = json_string_value(json_object_get(message, "key"));
	json_int_t length = json_integer_value(json_object_get(message, "bytes"));
	uint8_t *data;
	int error;

	if (!key || length < 1)
		return -EINVAL;
	if (length > TESS_IMAGE_MAX_BYTES)
		return -EFBIG;
	data = malloc((size_t)length);
	if (!data)
		return -ENOMEM;
	error = read_all(fd, data, (size_t)length);
	if (!error)
		error = tess_pictures_put(pictures, key, data, (size_t)length);
	free(data);
	return error;
}

static bool names(const struct tess_desired_mix *mix, const char *key)
{
	bool named =
		!strcmp(mix->pictures.background, key) || !strcmp(mix->pictures.water_mark, key);

	for (unsigned i = 0; i < TESS_ROOM_MAX_SEATS && !named; i++)
		named = !strcmp(mix->pictures.places[i], key);
	return named;
}

static bool is_named(struct tess_desired *const *desired, unsigned count, const char *key)
{
	for (unsigned d = 0; d < count; d++) {
		for (unsigned i = 0; i < desired[d]->mix_count; i++) {
			if (names(&desired[d]->mixes[i], key))
				return true;
		}
	}
	return false;
}

void tess_pictures_keep(struct tess_pictures *pictures, struct tess_desired *const *desired,
			unsigned count)
{
	struct picture **at = &pictures->list;

	pthread_mutex_lock(&pictures->lock);
	while (*at) {
		struct picture *picture = *at;

		if (is_named(desired, count, picture->key)) {
			at = &picture->next;
			continue;
		}
		*at = picture->next;
		pictures->count--;
		drop_picture(picture);
	}
	pthread_mutex_unlock(&pictures->lock);
}

static const char *error_text(int error)
{
	switch (error) {
	case -EINVAL:
		return "it is not a PNG, JPEG or BMP picture";
	case -EFBIG:
		return "it has more than 16 megapixels";
	case -EBADMSG:
		return "it is damaged";
	case -ENOTSUP:
		return "its form of PNG, JPEG or BMP is not known";
	default:
		return strerrordesc_np(-error);
	}
}

json_t *tess_pictures_facts(struct tess_pictures *pictures)
{
	json_t *facts = json_array();
	bool good = facts != NULL;

	pthread_mutex_lock(&pictures->lock);
	for (const struct picture *picture = pictures->list; picture && good;
	     picture = picture->next) {
		int error = atomic_load(&picture->error);

		if (error)
			good = !json_array_append_new(facts,
						      json_pack("{s:s,s:s}", "key", picture->key,
								"error", error_text(error)));
	}
	pthread_mutex_unlock(&pictures->lock);
	if (good)
		return facts;
	json_decref(facts);
	return NULL;
}

/* Decode and scale. @return of errors those that are the picture's own stay with it */
static int prepare(struct tess_still *still, struct tess_image_rgba *fitted)
{
	struct tess_image_rgba image;
	int error = tess_image_decode(&image, still->picture->data, still->picture->length);

	if (error) {
		if (error != -ENOMEM && !atomic_exchange(&still->picture->error, error))
			TESS_WARN("picture.not_decoded", "key=%s error=\"%s\"", still->picture->key,
				  error_text(error));
		return error;
	}
	error = tess_image_fit(fitted, &image, still->width, still->height, still->fit);
	tess_image_free(&image);
	return error;
}

static int upload(struct tess_still *still, const struct tess_image_rgba *fitted)
{
	struct tess_engine *engine = still->device->engine;
	const struct tess_image image = {
		.rgba = fitted->pixels,
		.stride = (size_t)fitted->width * 4,
		.width = still->width,
		.height = still->height,
		.alpha = fitted->alpha,
	};
	struct tess_surface *surface;
	int error;

	if (tess_device_is_lost(still->device))
		return -ENODEV;
	error = engine->driver->upload(engine, &image, &surface);
	/* what is refused says nothing about the device's health */
	if (error != -EINVAL)
		error = tess_device_note(still->device, error);
	if (!error)
		atomic_store_explicit(&still->surface, surface, memory_order_release);
	return error;
}

static void run(struct tess_job *job)
{
	struct tess_still *still = (struct tess_still *)job;
	struct tess_image_rgba fitted = {0};
	int error = prepare(still, &fitted);

	if (!error) {
		error = upload(still, &fitted);
		if (error)
			TESS_WARN("picture.not_uploaded", "key=%s error=\"%s\"",
				  still->picture->key, strerrordesc_np(-error));
		tess_image_free(&fitted);
	}
	if (error && !atomic_load(&still->picture->error))
		atomic_store(&still->failed, true);
	tess_still_unref(still);
}

/* The job takes over a reference. */
static void post(struct tess_still *still)
{
	struct tess_pictures *pictures = still->pictures;

	atomic_store(&still->failed, false);
	pthread_mutex_lock(&pictures->post_lock);
	tess_strand_post(pictures->strand, &still->job);
	pthread_mutex_unlock(&pictures->post_lock);
}

struct tess_still *tess_still_get(struct tess_pictures *pictures, const char *key,
				  struct tess_device *device, uint16_t width, uint16_t height,
				  enum tess_image_fit fit)
{
	struct tess_still *fresh = calloc(1, sizeof(*fresh)), *still;

	if (!fresh)
		return NULL;
	*fresh = (struct tess_still){
		.job.run = run,
		.pictures = pictures,
		.device = device,
		.width = width,
		.height = height,
		.fit = fit,
		.references = 2, /* the caller's and the job's */
	};
	pthread_mutex_lock(&pictures->lock);
	still = find_still(pictures, fresh, key);
	if (still) {
		still->references++;
	} else {
		fresh->picture = find_picture(pictures, key);
		if (fresh->picture) {
			fresh->picture->references++;
			fresh->next = pictures->stills;
			pictures->stills = fresh;
		}
	}
	pthread_mutex_unlock(&pictures->lock);
	if (still || !fresh->picture) {
		free(fresh);
		return still;
	}
	tess_device_ref(device);
	post(fresh);
	return fresh;
}

void tess_still_unref(struct tess_still *still)
{
	struct tess_pictures *pictures = still ? still->pictures : NULL;

	if (!still)
		return;
	pthread_mutex_lock(&pictures->lock);
	still = drop_still(still);
	pthread_mutex_unlock(&pictures->lock);
	if (!still)
		return;
	tess_surface_unref(atomic_load(&still->surface));
	tess_device_unref(still->device);
	free(still);
}

struct tess_surface *tess_still_surface(struct tess_still *still)
{
	struct tess_surface *surface =
		still ? atomic_load_explicit(&still->surface, memory_order_acquire) : NULL;

	return surface ? tess_surface_ref(surface) : NULL;
}

void tess_still_retry(struct tess_still *still)
{
	if (!still || !atomic_exchange(&still->failed, false))
		return;
	pthread_mutex_lock(&still->pictures->lock);
	still->references++;
	pthread_mutex_unlock(&still->pictures->lock);
	post(still);
}
