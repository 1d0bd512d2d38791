/* SPDX-License-Identifier: GPL-3.0-or-later
 * A recording as HLS: segments and init segments in the folder BASE.hls, the playlist BASE.m3u8
 * beside it. The playlist is replaced as a whole, after what it lists is on disk, and can be made
 * again from the fragments at any time.
 *
 * Where sound goes on for long without pictures, segments get stills: the last key frame, as it was
 * sent, read from the segment where it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "firmware/egress/record_journal.h"
#include "firmware/egress/record_output.h"
#include "pipeline/mux/hls.h"

/** A still is written again after this: some players show what follows one too early, by up to half
 * of its duration. But no more of them in a segment than fit into so many bytes. */
#define STILL_US    1000000
#define STILL_BYTES (1u << 20)

#define FOLDER_SIZE (TESS_RECORD_NAME_SIZE + 8)

struct hls {
	struct tess_output base;
	struct tess_hls list;
	char folder[FOLDER_SIZE]; /* BASE.hls */
	int folder_fd;
	int fd, fresh_fd; /* the last segment; one that begins with the fragment being written */
	uint64_t segment_bytes;
	unsigned described[TESS_MP4_TRACKS]; /* by the last init segment */
	struct {
		uint32_t segment, size;
		uint64_t at; /* in the segment */
	} key;		     /* the last key frame */
	bool unpublished;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void segment_name(char name[32], uint32_t number)
{
	(void)snprintf(name, 32, "%05" PRIu32 ".m4s", number);
}

static void init_name(char name[32], uint32_t number)
{
	(void)snprintf(name, 32, "init-%" PRIu32 ".mp4", number);
}

/** An empty file, whatever was there. @retval fd, or a negative errno */
static int open_fresh(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT)
		fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, 0) == 0)
		return fd;
	(void)close(fd);
	return -EIO;
}

/** Write a whole file and sync it. */
static int write_file(int dir, const char *name, const struct tess_bytes *bytes)
{
	int fd = open_fresh(dir, name), error;

	if (fd < 0)
		return fd;
	error = tess_write_fully(fd, &(struct iovec){bytes->data, bytes->length}, 1, 0);
	if (!error && fdatasync(fd))
		error = -errno;
	(void)close(fd);
	return error;
}

/* the playlist */

static int write_playlist(struct hls *hls, bool ended)
{
	char name[FOLDER_SIZE], fresh[FOLDER_SIZE + 8];
	struct tess_bytes text = {0};
	int error;

	(void)snprintf(name, sizeof(name), "%s%s", hls->base.base,
		       tess_record_format_suffix(TESS_RECORD_HLS));
	(void)snprintf(fresh, sizeof(fresh), "%s.new", name);
	tess_hls_put_playlist(&hls->list, ended, hls->folder, &text);
	error = text.failed ? -ENOMEM : write_file(hls->base.dir, fresh, &text);
	tess_bytes_free(&text);
	if (!error && renameat(hls->base.dir, fresh, hls->base.dir, name))
		error = -errno;
	return error;
}

static int publish_hls(struct tess_output *output)
{
	struct hls *hls = (struct hls *)output;
	int error = hls->unpublished ? write_playlist(hls, false) : 0;

	if (!error)
		hls->unpublished = false;
	return error;
}

/* fragments */

static bool needs_init(const struct hls *hls, const struct tess_moof *moof)
{
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		if (moof->runs[i].count && moof->runs[i].description != hls->described[i])
			return true;
	}
	return false;
}

static void set_folder(struct hls *hls)
{
	(void)snprintf(hls->folder, sizeof(hls->folder), "%s.hls", hls->base.base);
}

static struct tess_hls_fragment place_of(const struct hls *hls,
					 const struct tess_output_fragment *fragment)
{
	const struct tess_record_state *state = fragment->state;
	const struct tess_moof_run *video = &fragment->moof->runs[0];
	struct tess_hls_fragment place = {.begin_us = INT64_MAX,
					  .seen = video->count || !state->tracks[0].timescale,
					  .gap = fragment->moof->gap_us > 0,
					  .other_init = needs_init(hls, fragment->moof)};

	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		const struct tess_moof_run *run = &fragment->moof->runs[i];
		int64_t begin_us, end_us;

		if (!run->count)
			continue;
		begin_us = tess_mp4_us(run->first_dts, state->tracks[i].timescale);
		end_us = tess_mp4_us(tess_moof_last_dts(run) +
					     tess_moof_sample(run, run->count - 1).duration,
				     state->tracks[i].timescale);
		if (begin_us < place.begin_us)
			place.begin_us = begin_us;
		if (end_us > place.end_us)
			place.end_us = end_us;
		if (i == 0 || !state->tracks[0].timescale) {
			place.first_us = begin_us;
			place.shown_us = end_us;
		}
	}
	place.key = video->count ? tess_moof_sample(video, 0).key : !state->tracks[0].timescale;
	return place;
}

/** Of which description an init segment made for this fragment is; 0: it has no such track. */
static unsigned description_for(const struct hls *hls, const struct tess_output_fragment *fragment,
				unsigned track)
{
	if (!fragment->state->tracks[track].timescale)
		return 0;
	if (fragment->moof->runs[track].count)
		return fragment->moof->runs[track].description;
	return hls->described[track] ? hls->described[track] : fragment->state->track[track].count;
}

static void put_init(const struct hls *hls, const struct tess_output_fragment *fragment,
		     struct tess_bytes *out)
{
	struct tess_mp4_track tracks[TESS_MP4_TRACKS] = {0};

	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		unsigned index = description_for(hls, fragment, i);
		size_t length;
		const uint8_t *data = tess_output_description(fragment, i, index, &length);

		if (!data)
			continue;
		tracks[i].timescale = fragment->state->tracks[i].timescale;
		tracks[i].description.length = (uint16_t)length;
		memcpy(tracks[i].description.data, data, length);
	}
	tess_fmp4_put_head(out, tracks, 0);
}

static int write_init(struct hls *hls, const struct tess_output_fragment *fragment)
{
	struct tess_bytes init = {0};
	char name[32];
	int error;

	put_init(hls, fragment, &init);
	init_name(name, hls->list.inits + 1);
	error = init.failed ? -ENOMEM : write_file(hls->folder_fd, name, &init);
	tess_bytes_free(&init);
	return error;
}

/** The last key frame; nothing where it cannot be read. @retval 0, -ENOMEM */
static int read_key(const struct hls *hls, struct tess_bytes *out)
{
	char name[32];
	int fd;

	segment_name(name, hls->key.segment);
	fd = openat(hls->folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return 0;
	tess_put_zeros(out, hls->key.size);
	if (!out->failed &&
	    pread(fd, out->data, out->length, (off_t)hls->key.at) != (ssize_t)out->length)
		out->length = 0;
	(void)close(fd);
	return out->failed ? -ENOMEM : 0;
}

/** Show the last key frame from the begin of the last segment until then. */
static int write_stills(struct hls *hls, const struct tess_output_fragment *next, int64_t until_us)
{
	uint32_t timescale = next->state->tracks[0].timescale;
	uint64_t from = tess_mp4_ticks(hls->list.begin_us, timescale);
	uint64_t until = tess_mp4_ticks(until_us, timescale);
	uint64_t count = (uint64_t)(until_us - hls->list.begin_us + STILL_US - 1) / STILL_US;
	struct tess_fragment still = {.sequence = next->state->sequence};
	struct tess_bytes key = {0}, moof = {0};
	uint32_t guess[TESS_MP4_TRACKS] = {0};
	int error = read_key(hls, &key);

	if (error || !key.length) {
		tess_bytes_free(&key);
		return error;
	}
	if (count > STILL_BYTES / key.length)
		count = STILL_BYTES / key.length ? STILL_BYTES / key.length : 1;
	for (uint64_t i = 0; i < count && !error; i++)
		error = tess_fragment_add(&still, TESS_TRACK_VIDEO,
					  from + (until - from) * i / count, 0, true, key.data,
					  key.length);
	tess_bytes_free(&key);
	still.runs[0].description = (uint8_t)hls->described[0];
	if (!error) {
		guess[0] = (uint32_t)(until - still.runs[0].last_dts);
		tess_fragment_put_moof(&still, guess, &moof);
		error = moof.failed ? -ENOMEM : 0;
	}
	if (!error)
		error = tess_write_fully(hls->fd,
					 (struct iovec[]){{moof.data, moof.length},
							  {still.runs[0].payload.data,
							   still.runs[0].payload.length}},
					 2, hls->segment_bytes);
	if (!error && fdatasync(hls->fd))
		error = -errno;
	tess_bytes_free(&moof);
	tess_fragment_free(&still);
	return error;
}

/** End the last segment, and begin the next. */
static int begin_segment(struct hls *hls, const struct tess_output_fragment *fragment,
			 const struct tess_hls_fragment *place)
{
	char name[32];
	int64_t until_us;
	int error = 0;

	if (tess_hls_holds(&hls->list, place, &until_us))
		error = write_stills(hls, fragment, until_us);
	if (error)
		return error;
	close_fd(&hls->fresh_fd);
	segment_name(name, hls->list.segments + 1);
	hls->fresh_fd = open_fresh(hls->folder_fd, name);
	return hls->fresh_fd < 0 ? hls->fresh_fd : 0;
}

static int write_hls(struct tess_output *output, const struct tess_output_fragment *fragment)
{
	struct hls *hls = (struct hls *)output;
	struct tess_hls_fragment place = place_of(hls, fragment);
	bool begins = tess_hls_begins(&hls->list, &place);
	uint64_t at = begins ? 0 : hls->segment_bytes;
	struct iovec pieces[1 + TESS_MP4_TRACKS] = {{fragment->head->data, fragment->head->length}};
	int error = place.other_init ? write_init(hls, fragment) : 0, fd, ignored;

	if (!error && begins)
		error = begin_segment(hls, fragment, &place);
	if (error)
		return error;
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++)
		pieces[1 + i] =
			(struct iovec){fragment->payloads[i]->data, fragment->payloads[i]->length};
	fd = begins ? hls->fresh_fd : hls->fd;
	error = tess_write_fully(fd, pieces, 1 + TESS_MP4_TRACKS, at);
	if (!error && fdatasync(fd))
		error = -errno;
	if (!error && (begins || place.other_init) && fsync(hls->folder_fd))
		error = -errno;
	if (error) {
		ignored = ftruncate(fd, (off_t)at);
		(void)ignored;
	}
	return error;
}

/** Where the last key frame is, if it is in this fragment of the last segment. */
static void find_key(struct hls *hls, const struct tess_moof *moof)
{
	const struct tess_moof_run *video = &moof->runs[0];
	uint64_t at = hls->segment_bytes + video->data_offset;

	for (uint32_t i = 0; i < video->count; i++) {
		struct tess_mp4_sample sample = tess_moof_sample(video, i);

		if (sample.key) {
			hls->key.segment = hls->list.segments;
			hls->key.at = at;
			hls->key.size = sample.size;
		}
		at += sample.size;
	}
}

static void take_hls(struct tess_output *output, const struct tess_output_fragment *fragment)
{
	struct hls *hls = (struct hls *)output;
	struct tess_hls_fragment place = place_of(hls, fragment);

	set_folder(hls);
	if (tess_hls_begins(&hls->list, &place)) {
		close_fd(&hls->fd);
		hls->fd = hls->fresh_fd;
		hls->fresh_fd = -1;
		hls->segment_bytes = 0;
	}
	if (tess_hls_add(&hls->list, &place, hls->folder))
		hls->unpublished = true;
	for (unsigned i = 0; i < TESS_MP4_TRACKS && place.other_init; i++)
		hls->described[i] = description_for(hls, fragment, i);
	find_key(hls, fragment->moof);
	hls->segment_bytes += fragment->moof->total;
	output->bytes += fragment->moof->total;
}

/* its life */

static int open_folder(struct hls *hls)
{
	if (hls->folder_fd >= 0)
		return 0;
	if (mkdirat(hls->base.dir, hls->folder, 0750) && errno != EEXIST)
		return -errno;
	hls->folder_fd =
		openat(hls->base.dir, hls->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return hls->folder_fd < 0 || fsync(hls->base.dir) ? -errno : 0;
}

/** The last segment, cut to what was taken. */
static int open_last(struct hls *hls)
{
	struct stat info;
	char name[32];

	close_fd(&hls->fd);
	segment_name(name, hls->list.segments);
	hls->fd = openat(hls->folder_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (hls->fd < 0)
		return errno == ENOENT ? -EBADMSG : -errno;
	if (fstat(hls->fd, &info))
		return -errno;
	if ((uint64_t)info.st_size < hls->segment_bytes)
		return -EBADMSG;
	return (uint64_t)info.st_size > hls->segment_bytes &&
			       ftruncate(hls->fd, (off_t)hls->segment_bytes)
		       ? -errno
		       : 0;
}

/** What was begun with a fragment that was not taken. */
static int remove_untaken(struct hls *hls)
{
	char name[FOLDER_SIZE + 16];

	segment_name(name, hls->list.segments + 1);
	if (unlinkat(hls->folder_fd, name, 0) && errno != ENOENT)
		return -errno;
	init_name(name, hls->list.inits + 1);
	if (unlinkat(hls->folder_fd, name, 0) && errno != ENOENT)
		return -errno;
	(void)snprintf(name, sizeof(name), "%s.m3u8.new", hls->base.base);
	return unlinkat(hls->base.dir, name, 0) && errno != ENOENT ? -errno : 0;
}

static int open_hls(struct tess_output *output)
{
	struct hls *hls = (struct hls *)output;
	int error;

	set_folder(hls);
	error = open_folder(hls);
	if (!error)
		error = remove_untaken(hls);
	if (!error && hls->list.segments)
		error = open_last(hls);
	if (!error && hls->list.segments > 1)
		error = write_playlist(hls, false);
	return error;
}

static int finish_hls(struct tess_output *output, const struct tess_output_end *end)
{
	struct hls *hls = (struct hls *)output;
	int here = tess_output_exists(output, output->base);
	int there = here ? 0 : tess_output_exists(output, end->final), error;

	if (here < 0 || there < 0)
		return here < 0 ? here : there;
	if (there) /* it had been renamed, so it is the last one */
		return 0;
	error = write_playlist(hls, true);
	return error ? error : tess_output_rename(output, end->final);
}

static int remove_hls(struct tess_output *output, const char *final)
{
	struct hls *hls = (struct hls *)output;
	char name[FOLDER_SIZE + 8];
	int error = tess_output_unlink(output, final);

	(void)snprintf(name, sizeof(name), "%s.m3u8.new", output->base);
	if (!error && unlinkat(output->dir, name, 0) && errno != ENOENT)
		error = -errno;
	set_folder(hls);
	return error ? error : tess_output_remove_folder(output->dir, hls->folder);
}

static void close_hls(struct tess_output *output)
{
	struct hls *hls = (struct hls *)output;

	close_fd(&hls->fd);
	close_fd(&hls->fresh_fd);
	close_fd(&hls->folder_fd);
}

static void free_hls(struct tess_output *output)
{
	struct hls *hls = (struct hls *)output;

	close_hls(output);
	tess_hls_free(&hls->list);
	free(hls);
}

static const struct tess_output_ops hls_ops = {
	.open = open_hls,
	.write = write_hls,
	.take = take_hls,
	.publish = publish_hls,
	.finish = finish_hls,
	.close = close_hls,
	.remove = remove_hls,
	.free = free_hls,
};

int tess_output_hls_alloc(struct tess_output **outputp)
{
	struct hls *hls = calloc(1, sizeof(*hls));

	if (!hls)
		return -ENOMEM;
	hls->base.ops = &hls_ops;
	hls->folder_fd = hls->fd = hls->fresh_fd = -1;
	*outputp = &hls->base;
	return 0;
}
