/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/covers.c - see covers.h.
 */
#include "firmware/media/covers.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/cover_soft/cover_soft.h"

struct cover {
	struct tess_job job;
	struct tess_covers *covers;
	struct cover *next;
	char id[64];
	uint8_t *au;
	size_t length;
	uint8_t *jpeg;
	size_t size;
	int error;
};

struct tess_covers {
	struct tess_loop *loop;
	struct tess_strand *strand;
	struct tess_job last;
	tess_covers_made *made;
	void *arg;
	unsigned count; /* taken, and not answered yet */
	pthread_mutex_t lock;
	struct cover *done; /* made, and not answered yet */
};

int tess_covers_alloc(struct tess_covers **coversp, struct tess_loop *loop,
		      struct tess_executor *executor, tess_covers_made *made, void *arg)
{
	struct tess_covers *covers = calloc(1, sizeof(*covers));

	if (!covers)
		return -ENOMEM;
	covers->loop = loop;
	covers->made = made;
	covers->arg = arg;
	(void)pthread_mutex_init(&covers->lock, NULL);
	if (tess_strand_alloc(&covers->strand, executor, false)) {
		(void)pthread_mutex_destroy(&covers->lock);
		free(covers);
		return -ENOMEM;
	}
	*coversp = covers;
	return 0;
}

static void cover_free(struct cover *cover)
{
	free(cover->au);
	free(cover->jpeg);
	free(cover);
}

static void end(struct tess_job *job)
{
	struct tess_covers *covers =
		(struct tess_covers *)(void *)((char *)job - offsetof(struct tess_covers, last));

	while (covers->done) {
		struct cover *cover = covers->done;

		covers->done = cover->next;
		cover_free(cover);
	}
	(void)pthread_mutex_destroy(&covers->lock);
	free(covers);
}

void tess_covers_free(struct tess_covers *covers)
{
	if (!covers)
		return;
	covers->last.run = end;
	tess_strand_close(covers->strand, &covers->last);
}

/* @return a descriptor, or a negative errno */
static int memory_of(const uint8_t *data, size_t length)
{
	int fd = memfd_create("cover", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (write(fd, data, length) == (ssize_t)length)
		return fd;
	(void)close(fd);
	return -ENOSPC;
}

static void answer(struct tess_covers *covers, const char *id, int error, const struct cover *cover)
{
	int fd = error ? -1 : memory_of(cover->jpeg, cover->size);
	json_t *message;

	if (!error && fd < 0)
		error = fd;
	message = json_pack("{s:s, s:s, s:s}", "type", "cover", "id", id, "error",
			    error ? strerrordesc_np(-error) : "");
	if (message)
		covers->made(covers->arg, message, fd);
	json_decref(message);
	if (fd >= 0)
		(void)close(fd);
}

/* In the loop's thread. */
static void on_done(void *arg)
{
	struct tess_covers *covers = arg;
	struct cover *cover, *next;

	pthread_mutex_lock(&covers->lock);
	cover = covers->done;
	covers->done = NULL;
	pthread_mutex_unlock(&covers->lock);
	for (; cover; cover = next) {
		next = cover->next;
		covers->count--;
		answer(covers, cover->id, cover->error, cover);
		cover_free(cover);
	}
}

/* On the codec pool. */
static void run(struct tess_job *job)
{
	struct cover *cover = (struct cover *)job;
	struct tess_covers *covers = cover->covers;

	cover->error = tess_cover_make(&cover->jpeg, &cover->size, cover->au, cover->length);
	pthread_mutex_lock(&covers->lock);
	cover->next = covers->done;
	covers->done = cover;
	pthread_mutex_unlock(&covers->lock);
	/* should there be no memory, the next one takes it along */
	(void)!tess_loop_call(covers->loop, on_done, covers);
}

static int read_au(struct cover *cover, int fd)
{
	struct stat info;

	if (fstat(fd, &info))
		return -errno;
	if (info.st_size <= 0)
		return -EINVAL;
	if (info.st_size > TESS_COVERS_MAX_BYTES)
		return -EFBIG;
	cover->length = (size_t)info.st_size;
	cover->au = malloc(cover->length);
	if (!cover->au)
		return -ENOMEM;
	return pread(fd, cover->au, cover->length, 0) == info.st_size ? 0 : -EIO;
}

int tess_covers_take(struct tess_covers *covers, const json_t *message, int fd)
{
	const char *id = json_string_value(json_object_get(message, "id"));
	struct cover *cover;
	int error;

	if (!id || strlen(id) >= sizeof(cover->id))
		return -EINVAL; /* nobody to answer to */
	cover = covers->count < TESS_COVERS_MAX ? calloc(1, sizeof(*cover)) : NULL;
	error = !cover ? covers->count < TESS_COVERS_MAX ? -ENOMEM : -EBUSY : read_au(cover, fd);
	if (error) {
		answer(covers, id, error, NULL);
		if (cover)
			cover_free(cover);
		return error;
	}
	cover->covers = covers;
	cover->job.run = run;
	(void)snprintf(cover->id, sizeof(cover->id), "%s", id);
	covers->count++;
	tess_strand_post(covers->strand, &cover->job);
	return 0;
}
