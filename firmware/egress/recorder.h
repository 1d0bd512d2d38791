/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/recorder.h - one part of a recording: takes access units, makes fragments, has
 * them written.
 *
 * Backpressure: while the disk is behind (or fails, which is tried again each second), the recorder
 * is not ready and its units wait in the stream's ring; only when that overruns is something lost,
 * and then the recording goes on at the next key frame with a marked gap.
 *
 * Threads: the loop's; the file is touched by the writer's thread alone while jobs are under way.
 */
#ifndef TESS_EGRESS_RECORDER_H
#define TESS_EGRESS_RECORDER_H

#include "firmware/egress/record_file.h"
#include "firmware/egress/record_writer.h"
#include "firmware/egress/records.h"
#include "hal/clock.h"

/** Bytes that all recordings together may have waiting for the disk, and time that one may. */
#define TESS_RECORDER_MAX_BYTES (16u << 20)
#define TESS_RECORDER_MAX_US	30000000

enum tess_recorder_state {
	TESS_RECORDER_WAITING = 1, /* no media yet */
	TESS_RECORDER_RECORDING,
	TESS_RECORDER_GAP, /* the stream is away, or the disk fails */
	TESS_RECORDER_FINISHING,
	TESS_RECORDER_FINISHED,
	TESS_RECORDER_FAILED, /* for good */
	TESS_RECORDER_DELETED,
};

/** What all recorders share; outlives them. */
struct tess_recorder_shared {
	struct tess_writer *writer;
	const struct tess_clock *clock;
	int record_dir;
	int64_t fragment_us;
	char boot_id[40];
	struct tess_records_counters counters;
	void (*changed)(void *arg); /* facts have changed */
	void *arg;
};

struct tess_recorder;

/** A new one; meta tells the order, and which part of it. @retval 0, -ENOMEM */
int tess_recorder_alloc(struct tess_recorder **recorderp, struct tess_recorder_shared *shared,
			const struct tess_record_meta *meta) TESS_MUST_CHECK;
/**
 * One that tess_record_file_recover() brought back. On success file and state are the recorder's.
 * One that had ended goes on to be finished, the others wait for units.
 * @retval 0, -ENOMEM
 */
int tess_recorder_resume(struct tess_recorder **recorderp, struct tess_recorder_shared *shared,
			 const struct tess_record_meta *meta, const struct tess_record_file *file,
			 const struct tess_record_state *state,
			 const struct tess_record_end *end) TESS_MUST_CHECK;
/** When it has no jobs under way: the writer was stopped, or tess_recorder_is_idle(). Accepts NULL.
 */
void tess_recorder_free(struct tess_recorder *recorder);
bool tess_recorder_is_idle(const struct tess_recorder *recorder);

/** Where its sink attaches: TESS_SINK_NEWEST_KEY, or behind what it has. */
int64_t tess_recorder_after_us(const struct tess_recorder *recorder);
/** What the sink hears (sink.h). */
void tess_recorder_stream_up(struct tess_recorder *recorder, const struct tess_stream_info *info,
			     uint64_t epoch);
/** From now on it is of another stream: the next one that comes up does not continue this one. */
void tess_recorder_stream_moved(struct tess_recorder *recorder);
bool tess_recorder_is_ready(const struct tess_recorder *recorder);
void tess_recorder_au(struct tess_recorder *recorder, const struct tess_au *au);
void tess_recorder_stream_away(struct tess_recorder *recorder);

/** Now and then: a fragment that has waited long enough is written even if nothing follows. */
void tess_recorder_tick(struct tess_recorder *recorder);
/** Write what was taken so far. */
void tess_recorder_flush(struct tess_recorder *recorder);
/** No more units: finish the files. @p last: no part comes after it, for it is all to end. */
void tess_recorder_finish(struct tess_recorder *recorder, bool last);
/** It cannot be: state failed, with this text. */
void tess_recorder_fail(struct tess_recorder *recorder, const char *error);
/** Control has stored it: link it by its id (record_links.h), remove the journal; then it may be
 * forgotten. */
void tess_recorder_acknowledge(struct tess_recorder *recorder);
/** True once the above is done. */
bool tess_recorder_is_acknowledged(const struct tess_recorder *recorder);
/** Remove its file, whatever state it is in. */
void tess_recorder_delete(struct tess_recorder *recorder);

enum tess_recorder_state tess_recorder_state(const struct tess_recorder *recorder);
const struct tess_record_meta *tess_recorder_meta(const struct tess_recorder *recorder);
/** It has, or will have, a file. */
bool tess_recorder_has_begun(const struct tess_recorder *recorder);
/** Whether its files have such a track; all that it could have before it has begun. */
bool tess_recorder_has_track(const struct tess_recorder *recorder, enum tess_track track);
/** Media time up to which it took all there was; INT64_MIN: it took nothing. */
int64_t tess_recorder_last_us(const struct tess_recorder *recorder);
/** Media time that is 0 in its files, once it has begun. */
int64_t tess_recorder_origin_us(const struct tess_recorder *recorder);
/** UTC up to which each of its tracks is on disk. */
int64_t tess_recorder_whole_utc_us(const struct tess_recorder *recorder);
const char *tess_recorder_state_name(enum tess_recorder_state state);
const char *tess_recorder_error(const struct tess_recorder *recorder);
/** Whether one of its files, or its folder of segments, has this name. */
bool tess_recorder_has_file(const struct tess_recorder *recorder, const char *name);
/** APP/NAME below the record folder of its first file; "" before there is one */
const char *tess_recorder_path(const struct tess_recorder *recorder);
/** Its object in the facts (docs/links.md); the caller's reference, or NULL. */
json_t *tess_recorder_facts(const struct tess_recorder *recorder);

#endif
