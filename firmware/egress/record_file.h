/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/record_file.h - a part of a recording on disk: APP/PREFIX_START.mp4 and what it
 * has in other formats (record_output.h), and their journal APP/PREFIX_START.journal. Every call
 * blocks for the disk; each may be killed, or the power fail, at any instant, and
 * tess_record_file_recover() and a repetition of the call go on from there.
 *
 * The order that makes it so:
 *   create   journal with its header, synced, before any file
 *   append   fragment in each format, synced, MP4 last; then its journal record, which is synced
 *            only where no MP4 tells the same
 *   finish   END in the journal, synced; MP4: the plain index behind the media, synced; 16 bytes
 *            that turn the fragments into one mdat, synced; all formats: rename to
 *            APP/PREFIX_START_END; folder, synced
 * The journal is removed only when control has stored the recording (records.h).
 */
#ifndef TESS_EGRESS_RECORD_FILE_H
#define TESS_EGRESS_RECORD_FILE_H

#include "firmware/egress/record_output.h"

/** Zero-initialised with its three descriptors -1 is closed. */
struct tess_record_file {
	int dir; /* the application's folder */
	int fd;	 /* of the MP4; -1: finished, or there is none */
	int journal;
	char base[TESS_RECORD_NAME_SIZE];  /* PREFIX_START */
	char final[TESS_RECORD_NAME_SIZE]; /* PREFIX_START_END; "" until it ends */
	uint64_t journal_end;
	unsigned formats;
	const char *journal_suffix;			  /* of the journal's name, behind base */
	struct tess_output *outputs[TESS_RECORD_FORMATS]; /* NULL: not of the formats, or MP4 */
	struct tess_record_state state;			  /* of what is on disk */
	uint64_t mp4_bytes;				  /* once finished */
};

/** How a recording ends, as its journal says. */
struct tess_record_end {
	bool ended;
	int64_t utc_us;
	bool last;			   /* the recording ends with this part */
	char final[TESS_RECORD_NAME_SIZE]; /* PREFIX_START_END; "": to be made of utc_us */
	bool finished;			   /* all files are there under their final names */
};

void tess_record_file_init(struct tess_record_file *file);
void tess_record_file_close(struct tess_record_file *file);
/**
 * Make the folder of meta->app below @p record_dir, the journal and the files of meta->formats
 * (each of which can hold the stream). Should the name be taken, the start in it is a second later.
 * Names are in the time zone of the process.
 * @retval 0 or a negative errno of the system; then nothing is left behind
 */
int tess_record_file_create(struct tess_record_file *file, int record_dir,
			    const struct tess_record_meta *meta, const uint8_t *head,
			    size_t length) TESS_MUST_CHECK;
/**
 * Append a fragment: its moof with the mdat's header, and the payloads. Repeat it after a failure.
 * @retval 0 it is on disk for good; -EBADMSG it does not follow; or a negative errno of the system
 */
int tess_record_file_append(struct tess_record_file *file, const struct tess_bytes *moof,
			    const struct tess_bytes *first,
			    const struct tess_bytes *second) TESS_MUST_CHECK;
/** Note in the journal that media time @p origin_us is 0 in the file, on boot @p boot_id. */
int tess_record_file_note_origin(struct tess_record_file *file, int64_t origin_us,
				 const char *boot_id) TESS_MUST_CHECK;
/** Bytes of a format's file, or of its segments. */
uint64_t tess_record_file_bytes(const struct tess_record_file *file,
				enum tess_record_format format);
/**
 * Finish: complete all formats, MP4 as a plain one, under the final name (file->final). Repeat it
 * after a failure.
 * @retval 0; -EBADMSG the journal does not make an index; -ENOMEM, -EFBIG; or errors of the system
 */
int tess_record_file_finish(struct tess_record_file *file, const struct tess_record_meta *meta,
			    const struct tess_record_end *end) TESS_MUST_CHECK;
/** It is finished: close all but its folder, as tess_record_file_finish() has done. */
void tess_record_file_rest(struct tess_record_file *file);
/**
 * Open the recording whose journal is BASE.journal (or BASE is NAME.hls) in folder @p dir (which
 * stays the caller's), drop what was torn off at the end of journal and file, and say all that is
 * known of it. One that has no fragment and never will is removed.
 * @retval 0 file, meta, state and end are filled in; file and state are the caller's
 * @retval -ENOENT there was nothing worth keeping
 * @retval -EBADMSG the journal's header is damaged beside a file that holds media: both stay
 * @retval -ENOMEM, or errors of the system: try again later
 */
int tess_record_file_recover(struct tess_record_file *file, struct tess_record_meta *meta,
			     struct tess_record_state *state, struct tess_record_end *end, int dir,
			     const char *base) TESS_MUST_CHECK;
/** What an END record says. @retval 0, -EBADMSG */
struct tess_journal_record;
int tess_record_end_parse(struct tess_record_end *end, const struct tess_journal_record *record);
/** Outputs for file->formats that hold nothing and are not open. @retval 0, -ENOMEM */
int tess_record_file_make_outputs(struct tess_record_file *file) TESS_MUST_CHECK;
/** HLS alone may lie beside a recording's other formats, so its journal has another name. */
#define TESS_RECORD_JOURNAL	".journal"
#define TESS_RECORD_HLS_JOURNAL ".hls.journal"
/** Append _YYYY-MM-DD-HH-MM-SS in the time zone of the process. */
void tess_record_append_time(char name[TESS_RECORD_NAME_SIZE], int64_t utc_us);
/** Remove the files and then the journal. @retval 0 or a negative errno */
int tess_record_file_remove(struct tess_record_file *file) TESS_MUST_CHECK;

#endif
