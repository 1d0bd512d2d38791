/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/record_file.h - a recording on disk: APP/PREFIX_START.mp4 and its journal
 * APP/PREFIX_START.journal. Every call blocks for the disk; each may be killed, or the power fail,
 * at any instant, and tess_record_file_recover() and a repetition of the call go on from there.
 *
 * The order that makes it so:
 *   create   journal with its header, synced, before the file
 *   append   fragment, synced, before its journal record (which is not: the file tells the same)
 *   finish   END in the journal, synced; the plain index behind the media, synced; 16 bytes that
 * turn the fragments into one mdat, synced; rename to APP/PREFIX_START_END.mp4; folder, synced The
 * journal is removed only when control has stored the recording (records.h).
 */
#ifndef TESS_EGRESS_RECORD_FILE_H
#define TESS_EGRESS_RECORD_FILE_H

#include "firmware/egress/record_state.h"

#define TESS_RECORD_NAME_SIZE 128

/** Zero-initialised with its three descriptors -1 is closed. */
struct tess_record_file {
	int dir; /* the application's folder */
	int fd;	 /* of the media; -1 once finished */
	int journal;
	char base[TESS_RECORD_NAME_SIZE]; /* PREFIX_START */
	char name[TESS_RECORD_NAME_SIZE]; /* of the media file as it is now */
	uint64_t media_end, journal_end;
};

/** How a recording ends, as its journal says. */
struct tess_record_end {
	bool ended;
	int64_t utc_us;
	bool finished; /* the plain file is there under its final name */
};

void tess_record_file_init(struct tess_record_file *file);
void tess_record_file_close(struct tess_record_file *file);
/**
 * Make the folder of meta->app below @p record_dir, the journal and the file. Should the name be
 * taken, the start in it is a second later. Names are in the time zone of the process.
 * @retval 0 or a negative errno of the system; then nothing is left behind
 */
int tess_record_file_create(struct tess_record_file *file, int record_dir,
			    const struct tess_record_meta *meta, const uint8_t *head,
			    size_t length) TESS_MUST_CHECK;
/**
 * Append a fragment: its moof with the mdat's header, and the payloads. Repeat it after a failure.
 * @retval 0 it is on disk for good; or a negative errno of the system
 */
int tess_record_file_append(struct tess_record_file *file, const struct tess_bytes *moof,
			    const struct tess_bytes *first,
			    const struct tess_bytes *second) TESS_MUST_CHECK;
/** Note in the journal that media time @p origin_us is 0 in the file, on boot @p boot_id. */
int tess_record_file_note_origin(struct tess_record_file *file, int64_t origin_us,
				 const char *boot_id) TESS_MUST_CHECK;
/**
 * Finish: make it a plain MP4 under its final name (file->name). Repeat it after a failure.
 * @retval 0; -EBADMSG the journal does not make an index; -ENOMEM, -EFBIG; or errors of the system
 */
int tess_record_file_finish(struct tess_record_file *file, const struct tess_record_meta *meta,
			    int64_t end_utc_us) TESS_MUST_CHECK;
/**
 * Open the recording whose journal is BASE.journal in folder @p dir (which stays the caller's),
 * drop what was torn off at the end of journal and file, and say all that is known of it. One that
 * has no fragment and never will is removed.
 * @retval 0 file, meta, state and end are filled in; file and state are the caller's
 * @retval -ENOENT there was nothing worth keeping
 * @retval -EBADMSG the journal's header is damaged beside a file that holds media: both stay
 * @retval -ENOMEM, or errors of the system: try again later
 */
int tess_record_file_recover(struct tess_record_file *file, struct tess_record_meta *meta,
			     struct tess_record_state *state, struct tess_record_end *end, int dir,
			     const char *base) TESS_MUST_CHECK;
/** The end's UTC in an END record. @retval 0, -EBADMSG */
struct tess_journal_record;
int tess_record_end_parse(int64_t *end_utc_us, const struct tess_journal_record *record);
/** Remove the file and then the journal. @retval 0 or a negative errno */
int tess_record_file_remove(struct tess_record_file *file) TESS_MUST_CHECK;

#endif
