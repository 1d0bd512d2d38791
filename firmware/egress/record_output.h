/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/record_output.h - a format in which a recording lies on disk, beside its journal.
 *
 * An output is a function of the recording's fragments: where each of them stands in it follows
 * from their moofs alone. So it needs no journal of its own: what the recording's journal has is
 * told to a new output by take(), and open() then makes the files what they should be.
 *
 *   write   the fragment at the place where it belongs, synced; nothing counts yet
 *   take    the fragment counts: it is in the recording's journal
 *
 * MP4, whose file proves the journal, is in record_file.c itself.
 *
 * Threads: those of the recording's file. All calls but take() may block for the disk, and any may
 * be repeated after it has failed.
 */
#ifndef TESS_EGRESS_RECORD_OUTPUT_H
#define TESS_EGRESS_RECORD_OUTPUT_H

#include "firmware/egress/record_state.h"
#include "hal/engine.h"

/** In the order in which they are told of. */
enum tess_record_format {
	TESS_RECORD_MP4,
	TESS_RECORD_HLS,
	TESS_RECORD_FLV,
	TESS_RECORD_AAC,
	TESS_RECORD_MP3,
	TESS_RECORD_FORMATS,
};

/** Name in orders and facts, and what its files' names end with. */
const char *tess_record_format_name(enum tess_record_format format);
const char *tess_record_format_suffix(enum tess_record_format format);
/** Sets of them are bits. @return the bit of a name, 0: there is none such */
unsigned tess_record_format_bit(const char *name);
/**
 * Those of @p formats that can hold something of a stream like this. @p sound 0: it has none. MP3
 * comes in a stream of its own, of which nothing else is made.
 */
unsigned tess_record_formats_for(unsigned formats, bool has_video, enum tess_codec sound);

struct tess_output_fragment {
	const struct tess_record_state *state; /* of the recording before it */
	const struct tess_moof *moof;
	/* as it is written; not needed to take it */
	const struct tess_bytes *head; /* moof and mdat's header */
	const struct tess_bytes *payloads[TESS_MP4_TRACKS];
};

/** A track's description of this index, from 1; points into the fragment or its state, or NULL. */
const uint8_t *tess_output_description(const struct tess_output_fragment *fragment, unsigned track,
				       unsigned index, size_t *length);

/** How a recording ends. */
struct tess_output_end {
	const char *final; /* PREFIX_START_END */
	const struct tess_record_state *state;
};

struct tess_output {
	const struct tess_output_ops *ops;
	enum tess_record_format format;
	int dir;			  /* of the recording; the file's */
	char base[TESS_RECORD_NAME_SIZE]; /* PREFIX_START */
	uint64_t bytes;			  /* of what was taken */
};

struct tess_output_ops {
	/**
	 * Make its files hold what was taken and nothing else. @retval 0; -EBADMSG they have less;
	 * errors of the system
	 */
	int (*open)(struct tess_output *output);
	/** @retval 0, -ENOMEM, errors of the system: it will be written again */
	int (*write)(struct tess_output *output, const struct tess_output_fragment *fragment);
	void (*take)(struct tess_output *output, const struct tess_output_fragment *fragment);
	/** Optional: let what was taken be seen. An error is told, and it is done later. */
	int (*publish)(struct tess_output *output);
	/** Complete the file and give it its final name. @retval 0, errors of the system */
	int (*finish)(struct tess_output *output, const struct tess_output_end *end);
	/** It has finished: keep no descriptor of its files. */
	void (*close)(struct tess_output *output);
	/** Remove its files: of these names, BASE or @p final, which may be NULL. */
	int (*remove)(struct tess_output *output, const char *final);
	void (*free)(struct tess_output *output);
};

/** An output that holds nothing and has no files. @retval 0, -ENOMEM */
int tess_output_alloc(struct tess_output **outputp, enum tess_record_format format, int dir,
		      const char *base) TESS_MUST_CHECK;

/* Each for its own format. */
int tess_output_hls_alloc(struct tess_output **outputp) TESS_MUST_CHECK;
int tess_output_flv_alloc(struct tess_output **outputp) TESS_MUST_CHECK;
int tess_output_sound_alloc(struct tess_output **outputp) TESS_MUST_CHECK; /* AAC, MP3 */

/* What outputs of one file share. */

/** Open BASE.suffix, made if nothing was taken, cut to what was. @retval fd, or as of open() */
int tess_output_open_file(const struct tess_output *output) TESS_MUST_CHECK;
/** Write @p bytes behind what was taken, and sync; a failure leaves nothing of it. */
int tess_output_append(const struct tess_output *output, int fd,
		       const struct tess_bytes *bytes) TESS_MUST_CHECK;
/** BASE.suffix gets its final name, unless it has it. @retval 0, -ENOENT, errors of the system */
int tess_output_rename(const struct tess_output *output, const char *final) TESS_MUST_CHECK;
/** Unlink BASE.suffix and FINAL.suffix. */
int tess_output_unlink(struct tess_output *output, const char *final) TESS_MUST_CHECK;
/** Remove a folder with the files in it, if it is there. @retval 0 or a negative errno */
int tess_output_remove_folder(int dir, const char *name) TESS_MUST_CHECK;
/**
 * The same in steps: at most *budget files, each of which takes one from it.
 * @retval 0, -EAGAIN there is more in it, or another negative errno
 */
int tess_output_remove_some(int dir, const char *name, unsigned *budget) TESS_MUST_CHECK;
/** Whether NAME.suffix is there. @retval 1, 0, or a negative errno */
int tess_output_exists(const struct tess_output *output, const char *name) TESS_MUST_CHECK;

#endif
