/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/recording.h - one recording as control ordered it: a row of parts (recorder.h),
 * each with its own files.
 *
 * A part ends where it has reached the longest time of a file, at a key frame: what the stream
 * gives after it but is older still goes to that part, so that each unit is in exactly one. It also
 * ends after a break that is longer than the order allows, and where a track comes that its files
 * have not: a camera, at its first key frame; sound that a stream had not, at the next one. HLS is
 * not split: ordered together with others that are, it has a row of parts of its own.
 *
 * Threads: the loop's.
 */
#ifndef TESS_EGRESS_RECORDING_H
#define TESS_EGRESS_RECORDING_H

#include "firmware/egress/recorder.h"

struct tess_recording;

/** @p order tells id, app, stream, prefix, formats, split_us and resume_us. @retval 0, -ENOMEM */
int tess_recording_alloc(struct tess_recording **recordingp, struct tess_recorder_shared *shared,
			 const struct tess_record_meta *order) TESS_MUST_CHECK;
/** One that has nothing but links by its id, or not even these, to be deleted. @retval 0, -ENOMEM
 */
int tess_recording_stored(struct tess_recording **recordingp, struct tess_recorder_shared *shared,
			  int64_t id) TESS_MUST_CHECK;
/** When it is idle, or the writer was stopped. Accepts NULL. */
void tess_recording_free(struct tess_recording *recording);

/**
 * Add a part that tess_recorder_resume() brought back. On success it is the recording's.
 * @p end how it ended, if it did. @retval 0, -ENOMEM
 */
int tess_recording_add(struct tess_recording *recording, struct tess_recorder *part,
		       const struct tess_record_end *end) TESS_MUST_CHECK;
/** All its parts are back: which of them go on is known now. */
void tess_recording_settle(struct tess_recording *recording);
/** Control's order of a recording that was brought back: what its parts did not tell. */
void tess_recording_complete(struct tess_recording *recording,
			     const struct tess_record_meta *order);

/** What the sink hears, and where it attaches (recorder.h). */
/**
 * What it records is another stream from now on: its user is back. In the same files, if the break
 * allows it, else in a new part. It is to be attached to that stream.
 */
void tess_recording_move(struct tess_recording *recording, const char *stream);
int64_t tess_recording_after_us(const struct tess_recording *recording);
void tess_recording_stream_up(struct tess_recording *recording, const struct tess_stream_info *info,
			      uint64_t epoch);
bool tess_recording_is_ready(const struct tess_recording *recording);
void tess_recording_au(struct tess_recording *recording, const struct tess_au *au);
void tess_recording_stream_away(struct tess_recording *recording);

/* As of a recorder, for all parts. */
void tess_recording_tick(struct tess_recording *recording);
void tess_recording_flush(struct tess_recording *recording);
void tess_recording_finish(struct tess_recording *recording);
void tess_recording_fail(struct tess_recording *recording, const char *error);
void tess_recording_acknowledge(struct tess_recording *recording);
bool tess_recording_is_acknowledged(const struct tess_recording *recording);
void tess_recording_delete(struct tess_recording *recording);
bool tess_recording_is_idle(const struct tess_recording *recording);
/** No more units: it is being finished, or is. */
bool tess_recording_is_ending(const struct tess_recording *recording);
enum tess_recorder_state tess_recording_state(const struct tess_recording *recording);
const struct tess_record_meta *tess_recording_order(const struct tess_recording *recording);
/** APP/NAME of a file, or of the folder of segments; NULL: of the first file. @retval 0, -ENOENT */
int tess_recording_path(const struct tess_recording *recording, const char *name, char *path,
			size_t size) TESS_MUST_CHECK;
/** Its object in the facts (docs/links.md); the caller's reference, or NULL. */
json_t *tess_recording_facts(const struct tess_recording *recording);

#endif
