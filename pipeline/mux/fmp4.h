/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mux/fmp4.h - a recording that is playable at every instant: its head, its fragments, and
 * the strict parser that recovery and the final index read them with.
 *
 *   ftyp | free (16 bytes) | moov (mvex) | moof mdat | moof mdat | ...
 *
 * When the recording is finished, a plain index (mp4_index.h) is appended and the 16-byte `free`
 * becomes the header of one large mdat that spans everything up to it; the ftyp never changes.
 *
 * A fragment holds one run of samples of each track that has some. The last box of its moof is a
 * `free` with what players need not know: u32 CRC-32C of the whole fragment, moof and mdat, this
 * field being zero u64 microseconds of media that are missing before the fragment, 0 = it continues
 * the one before for each track: u8 sample description (from 1; 0: no samples), u16 length and
 * bytes of that description where it appears for the first time So a fragment can be proven whole,
 * and the index made, from the file alone. All fragments refer to the one description of the head;
 * parameter sets stay in the samples, so those after a change play as well.
 */
#ifndef TESS_MUX_FMP4_H
#define TESS_MUX_FMP4_H

#include "hal/net.h"
#include "pipeline/mux/mp4.h"

/** Where the placeholder begins that becomes the large mdat's header; it lies within one sector. */
#define TESS_FMP4_PLACEHOLDER_AT    32
#define TESS_FMP4_PLACEHOLDER_BYTES 16
/** A fragment is cut before it gets larger. */
#define TESS_FMP4_MAX_FRAGMENT_BYTES (8u << 20)
#define TESS_FMP4_MAX_SAMPLES	     4096
#define TESS_FMP4_MAX_MOOF_BYTES     (256u << 10)

/** Put the head of a recording with these tracks. */
void tess_fmp4_put_head(struct tess_bytes *out, const struct tess_mp4_track tracks[TESS_MP4_TRACKS],
			int64_t created_utc_us);
/** The header of the large mdat for media that end at @p end (an offset in the file). */
void tess_fmp4_final_header(uint8_t header[TESS_FMP4_PLACEHOLDER_BYTES], uint64_t end);
/** The tracks of a head that tess_fmp4_put_head() made. @retval 0, -EBADMSG */
int tess_fmp4_head_parse(struct tess_mp4_track tracks[TESS_MP4_TRACKS], const uint8_t *head,
			 size_t length) TESS_MUST_CHECK;

struct tess_mp4_sample {
	uint32_t duration; /* ticks; of the last one in a fragment a guess */
	uint32_t size;	   /* bytes */
	uint32_t cts;	   /* ticks from decoding to showing */
	bool key;
};

/** The samples of one track, as they are collected. */
struct tess_fragment_run {
	uint64_t first_dts, last_dts; /* ticks */
	uint32_t count;
	uint32_t allocated;
	struct tess_mp4_sample *samples;
	struct tess_bytes payload;
	uint8_t description;			  /* index, from 1 */
	const struct tess_mp4_description *fresh; /* not NULL: it appears for the first time */
};

/** A fragment that is being collected. Zero-initialised is empty. */
struct tess_fragment {
	uint32_t sequence;
	uint64_t gap_us;
	struct tess_fragment_run runs[TESS_MP4_TRACKS];
};

void tess_fragment_free(struct tess_fragment *fragment); /* empty again */
uint32_t tess_fragment_samples(const struct tess_fragment *fragment);
size_t tess_fragment_bytes(const struct tess_fragment *fragment); /* of payload */
/**
 * Append a sample; its data are copied. @p dts must be above the run's last.
 * @retval 0, -EINVAL dts not above or beyond 32 bits of the last one, -EMSGSIZE cut first, -ENOMEM
 */
int tess_fragment_add(struct tess_fragment *fragment, enum tess_track track, uint64_t dts,
		      uint32_t cts, bool key, const uint8_t *data, size_t length) TESS_MUST_CHECK;
/**
 * Put the moof and the header of its mdat; the payloads of the runs follow it in the file, video
 * first.
 * @p guess is the duration in ticks of each run's last sample. @p out may have failed after it.
 */
void tess_fragment_put_moof(struct tess_fragment *fragment, const uint32_t guess[TESS_MP4_TRACKS],
			    struct tess_bytes *out);

/** A run of samples as parsed; points into the moof. */
struct tess_moof_run {
	uint32_t count;
	uint64_t first_dts;
	uint32_t data_offset; /* from the moof's begin */
	uint32_t data_bytes;  /* sum of the sample sizes */
	uint8_t description;
	uint16_t fresh_length; /* of the description, when it appears here for the first time */
	const uint8_t *fresh;
	const uint8_t *entries;
	bool has_flags, has_cts;
};

struct tess_moof {
	uint32_t length; /* of the moof box */
	uint32_t total;	 /* with the mdat */
	uint32_t sequence;
	uint64_t gap_us;
	uint32_t crc;
	uint32_t crc_at; /* offset of the CRC field */
	struct tess_moof_run runs[TESS_MP4_TRACKS];
};

/**
 * Parse one moof box as tess_fragment_put_moof() makes it; anything else is refused.
 * @retval 0, -EBADMSG
 */
int tess_moof_parse(struct tess_moof *moof, const uint8_t *data, size_t length) TESS_MUST_CHECK;
/** Sample @p index of a run, which must be below its count. */
struct tess_mp4_sample tess_moof_sample(const struct tess_moof_run *run, uint32_t index);
/** Ticks of the last sample of a run that has one. */
uint64_t tess_moof_last_dts(const struct tess_moof_run *run);
/** The CRC over a moof box that was parsed, to be continued over its mdat box, header included. */
uint32_t tess_moof_crc(const struct tess_moof *moof, const uint8_t *data);

#endif
