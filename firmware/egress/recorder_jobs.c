/* SPDX-License-Identifier: GPL-3.0-or-later
 * The jobs of a recording for the disk: each has a run on the writer's thread, and a done on the
 * loop's.
 */
#include "firmware/egress/recorder_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/egress/record_links.h"

/** A job and what it needs; not all members are used by all kinds. */
struct record_job {
	struct tess_writer_job base;
	struct tess_recorder *recorder;
	struct tess_fragment_bytes fragment;
	struct tess_bytes head;
	struct tess_record_meta meta;	     /* as it was when the job was made */
	char name[TESS_RECORD_NAME_SIZE];    /* out: of the files */
	uint64_t bytes[TESS_RECORD_FORMATS]; /* out: of the files */
	struct tess_record_end end;
};

/* Told once, not at each try. */
static void set_error(struct tess_recorder *r, const char *doing, int error)
{
	char text[sizeof(r->error)];

	(void)snprintf(text, sizeof(text), "%s: %s", doing, strerror(-error));
	if (!strcmp(text, r->error))
		return;
	memcpy(r->error, text, sizeof(text));
	TESS_ERROR("record.error", "record=%" PRId64 " path=%s error=\"%s\"", r->meta.id, r->path,
		   r->error);
	tess_recorder_changed(r);
}

void tess_recorder_on_failing(void *arg, int error)
{
	struct tess_recorder *r = arg;

	r->shared->counters.write_errors++;
	r->disk_fails = true;
	set_error(r, "disk", error);
}

static struct record_job *job_alloc(struct tess_recorder *r,
				    int (*run)(struct tess_writer_job *job),
				    void (*done)(struct tess_writer_job *job, int result))
{
	struct record_job *job = calloc(1, sizeof(*job));

	if (!job) {
		TESS_ERROR("record.no_memory", "record=%" PRId64, r->meta.id);
		return NULL;
	}
	job->base.run = run;
	job->base.done = done;
	job->recorder = r;
	job->meta = r->meta;
	return job;
}

static void job_submit(struct record_job *job)
{
	job->recorder->jobs++;
	tess_lane_submit(job->recorder->lane, &job->base);
}

/** Every done() begins with this. */
static void job_ended(struct record_job *job, int result)
{
	struct tess_recorder *r = job->recorder;
	/* one more fragment of a recording that goes on is no news: facts are told now and then */
	bool news = result || r->disk_fails || r->deleting || r->state != TESS_RECORDER_RECORDING;

	r->jobs--;
	if (!result && r->disk_fails) {
		r->disk_fails = false;
		r->error[0] = 0;
		TESS_INFO("record.disk_back", "record=%" PRId64 " path=%s", r->meta.id, r->path);
	}
	if (news)
		tess_recorder_changed(r);
}

static void job_free(struct record_job *job)
{
	tess_bytes_free(&job->fragment.moof);
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++)
		tess_bytes_free(&job->fragment.payloads[i]);
	tess_bytes_free(&job->head);
	free(job);
}

void tess_recorder_set_name(struct tess_recorder *r, const char *name)
{
	unsigned first = 0;

	while (first < TESS_RECORD_FORMATS - 1 && !(r->meta.formats >> first & 1))
		first++;
	(void)snprintf(r->name, sizeof(r->name), "%s", name);
	(void)snprintf(r->path, sizeof(r->path), "%" PRId64 "/%s%s", r->meta.app, name,
		       tess_record_format_suffix(first));
}

/** On the writer's thread: what the loop is to know of the files. */
static void look_at(struct record_job *job)
{
	const struct tess_record_file *file = &job->recorder->file;

	(void)snprintf(job->name, sizeof(job->name), "%s",
		       file->final[0] ? file->final : file->base);
	for (unsigned i = 0; i < TESS_RECORD_FORMATS; i++)
		job->bytes[i] = tess_record_file_bytes(file, i);
}

/* making the file */

static int run_create(struct tess_writer_job *base)
{
	struct record_job *job = (struct record_job *)base;
	struct tess_record_file *file = &job->recorder->file;
	int error = tess_record_file_create(file, job->recorder->shared->record_dir, &job->meta,
					    job->head.data, job->head.length);

	base->repeat = error && error != -EINVAL;
	if (!error)
		look_at(job);
	return error;
}

static void done_create(struct tess_writer_job *base, int result)
{
	struct record_job *job = (struct record_job *)base;
	struct tess_recorder *r = job->recorder;

	job_ended(job, result);
	if (!result) {
		tess_recorder_set_name(r, job->name);
		memcpy(r->bytes, job->bytes, sizeof(r->bytes));
		tess_recorder_changed(r);
		TESS_INFO("record.started", "record=%" PRId64 " stream=%s path=%s", r->meta.id,
			  r->meta.stream, r->path);
	} else if (result != -ECANCELED) {
		tess_recorder_fail(r, strerror(-result));
	}
	job_free(job);
}

int tess_recorder_submit_create(struct tess_recorder *r, struct tess_bytes *head)
{
	struct record_job *job = job_alloc(r, run_create, done_create);

	if (!job) {
		tess_bytes_free(head);
		return -ENOMEM;
	}
	job->head = *head;
	job->base.bytes = head->capacity;
	job_submit(job);
	return 0;
}

/* a fragment */

static int run_append(struct tess_writer_job *base)
{
	struct record_job *job = (struct record_job *)base;
	int error = tess_record_file_append(&job->recorder->file, &job->fragment.moof,
					    &job->fragment.payloads[0], &job->fragment.payloads[1]);

	base->repeat = error && error != -EBADMSG;
	if (!error)
		look_at(job);
	return error;
}

static void done_append(struct tess_writer_job *base, int result)
{
	struct record_job *job = (struct record_job *)base;
	struct tess_recorder *r = job->recorder;
	const struct tess_bytes *bytes = &job->fragment.moof;
	struct tess_moof moof;

	job_ended(job, result);
	if (!result && (tess_moof_parse(&moof, bytes->data, bytes->length - 8) ||
			tess_record_state_apply(&r->held, &moof, r->held.media_end)))
		tess_recorder_fail(r, "out of step with the file");
	else if (result && result != -ECANCELED)
		tess_recorder_fail(r, strerror(-result));
	if (!result) {
		r->shared->counters.fragments++;
		for (unsigned i = 0; i < TESS_RECORD_FORMATS; i++)
			r->shared->counters.bytes += job->bytes[i] - r->bytes[i];
		memcpy(r->bytes, job->bytes, sizeof(r->bytes));
	}
	job_free(job);
}

void tess_recorder_on_fragment(void *arg, struct tess_fragment_bytes *fragment)
{
	struct tess_recorder *r = arg;
	struct record_job *job = job_alloc(r, run_append, done_append);

	if (!job) {
		/* what is on disk and what was emitted would part company */
		tess_bytes_free(&fragment->moof);
		for (unsigned i = 0; i < TESS_MP4_TRACKS; i++)
			tess_bytes_free(&fragment->payloads[i]);
		tess_recorder_fail(r, strerror(ENOMEM));
		return;
	}
	job->fragment = *fragment;
	job->base.bytes = fragment->moof.capacity + fragment->payloads[0].capacity +
			  fragment->payloads[1].capacity;
	job_submit(job);
}

/* where media time is in the file */

static int run_note(struct tess_writer_job *base)
{
	struct record_job *job = (struct record_job *)base;
	int error = tess_record_file_note_origin(&job->recorder->file, job->meta.origin_us,
						 job->meta.boot_id);

	base->repeat = error != 0;
	return error;
}

static void done_plain(struct tess_writer_job *base, int result)
{
	struct record_job *job = (struct record_job *)base;

	job_ended(job, result);
	job_free(job);
}

void tess_recorder_submit_origin(struct tess_recorder *r)
{
	struct record_job *job;

	r->reanchored = r->fragmenter.timeline.reanchored;
	r->meta.origin_us = r->fragmenter.timeline.origin_us;
	job = job_alloc(r, run_note, done_plain);
	if (job)
		job_submit(job);
}

/* finishing */

static int run_finish(struct tess_writer_job *base)
{
	struct record_job *job = (struct record_job *)base;
	struct tess_record_file *file = &job->recorder->file;
	int error = tess_record_file_finish(file, &job->meta, &job->end);

	if (!error)
		look_at(job);
	/* -ENOENT: somebody removed the file, and trying again does not bring it back */
	base->repeat = error && error != -EBADMSG && error != -EFBIG && error != -ENODATA &&
		       error != -ENOENT;
	return error;
}

static void done_finish(struct tess_writer_job *base, int result)
{
	struct record_job *job = (struct record_job *)base;
	struct tess_recorder *r = job->recorder;

	job_ended(job, result);
	if (!result) {
		memcpy(r->bytes, job->bytes, sizeof(r->bytes));
		r->state = TESS_RECORDER_FINISHED;
		tess_recorder_set_name(r, job->name);
		TESS_INFO("record.finished", "record=%" PRId64 " path=%s", r->meta.id, r->path);
	} else if (result != -ECANCELED) {
		tess_recorder_fail(r, result == -ENODATA  ? "no media"
				      : result == -ENOENT ? "the file was removed"
							  : strerror(-result));
	}
	job_free(job);
}

void tess_recorder_submit_finish(struct tess_recorder *r)
{
	struct record_job *job = job_alloc(r, run_finish, done_finish);

	r->state = TESS_RECORDER_FINISHING;
	if (!job) {
		tess_recorder_fail(r, strerror(ENOMEM));
		return;
	}
	job->end = r->end;
	job_submit(job);
}

/* removing */

static int run_delete(struct tess_writer_job *base)
{
	struct record_job *job = (struct record_job *)base;
	struct tess_recorder *r = job->recorder;
	int error = r->file.dir >= 0 ? tess_record_file_remove(&r->file) : 0;

	if (!error)
		error = tess_links_remove(r->shared->record_dir, job->meta.id);
	base->repeat = error != 0;
	return error;
}

static void done_delete(struct tess_writer_job *base, int result)
{
	struct record_job *job = (struct record_job *)base;
	struct tess_recorder *r = job->recorder;

	job_ended(job, result);
	if (!result) {
		r->state = TESS_RECORDER_DELETED;
		TESS_INFO("record.deleted", "record=%" PRId64 " path=%s", r->meta.id, r->path);
	}
	job_free(job);
}

void tess_recorder_submit_delete(struct tess_recorder *r)
{
	struct record_job *job = job_alloc(r, run_delete, done_delete);

	if (job)
		job_submit(job);
}

/* stored by control */

static int run_acknowledge(struct tess_writer_job *base)
{
	struct record_job *job = (struct record_job *)base;
	const struct tess_record_file *file = &job->recorder->file;
	char name[TESS_RECORD_NAME_SIZE + 16];
	int dir = job->recorder->shared->record_dir, error = 0;

	for (unsigned i = 0; i < TESS_RECORD_FORMATS && !error; i++) {
		if (!(file->formats >> i & 1))
			continue;
		/* a playlist after its folder: from then on both may be removed */
		(void)snprintf(name, sizeof(name), "%s.hls", file->base);
		if (i == TESS_RECORD_HLS)
			error = tess_links_add(dir, job->meta.id, job->meta.app, name);
		(void)snprintf(name, sizeof(name), "%s%s", file->final,
			       tess_record_format_suffix(i));
		if (!error)
			error = tess_links_add(dir, job->meta.id, job->meta.app, name);
	}
	(void)snprintf(name, sizeof(name), "%s%s", file->base, file->journal_suffix);
	if (!error && unlinkat(file->dir, name, 0) && errno != ENOENT)
		error = -errno;
	base->repeat = error != 0;
	return error;
}

static void done_acknowledge(struct tess_writer_job *base, int result)
{
	struct record_job *job = (struct record_job *)base;

	job_ended(job, result);
	job->recorder->acknowledged = !result;
	job_free(job);
}

void tess_recorder_submit_acknowledge(struct tess_recorder *r)
{
	struct record_job *job = job_alloc(r, run_acknowledge, done_acknowledge);

	if (job)
		job_submit(job);
}
