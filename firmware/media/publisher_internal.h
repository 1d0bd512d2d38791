/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/publisher_internal.h - a publisher, for the files it is made of.
 */
#ifndef TESS_MEDIA_PUBLISHER_INTERNAL_H
#define TESS_MEDIA_PUBLISHER_INTERNAL_H

#include "firmware/media/input.h"
#include "firmware/media/publication.h"
#include "firmware/media/publisher.h"
#include "firmware/media/receiver.h"
#include "firmware/media/thin.h"

/* Pictures whose arrival is remembered until they are shown. */
#define TESS_ARRIVALS 32

struct arrival {
	int64_t capture_us, arrival_us;
};

/* The decoder on one device. */
struct decoding {
	struct tess_decode *decode;
	bool need_key; /* nothing is of use before one */
	/* it is new and goes through the kept access units, of which this is the next; until all
	 * have come out, so that those that come meanwhile find room */
	bool behind;
	unsigned next;
};

struct tess_publisher {
	const struct tess_media_context *context;
	struct tess_desired_publisher desired;
	int64_t opened_us;
	int error;	   /* of making a decoder */
	int picture_error; /* why the last picture could not be decoded, if that is not damage */
	struct tess_rtp_source *source;
	struct tess_receiver video, audio;
	struct tess_input *input; /* of one that comes by egress: in place of RTP */
	int64_t now_us;		  /* of the step that takes from it */
	int64_t hurry_until_us;	  /* its pictures are looked for more often until then */

	struct tess_line *line; /* of a guest; all that follows but the taps is unused then */
	struct tess_tap taps[TESS_MAX_TAPS]; /* those of the branches after those of the room */
	unsigned tap_count;
	struct tess_branches branches;

	struct tess_gop gop;
	struct tess_thin thin;
	struct decoding decodings[TESS_MAX_TAPS]; /* while a tap wants pictures of that device */
	unsigned decoding_count;
	uint16_t width, height;
	struct arrival arrivals[TESS_ARRIVALS];
	unsigned next_arrival;

	struct tess_audio_decoder *audio_decoder; /* while a tap or the publication wants sound */
	bool sound_wanted;

	struct tess_publication *publication;	   /* NULL: what is sent is no stream of its own */
	bool publication_video, publication_audio; /* that it was opened for */
	uint64_t stream_epoch;			   /* of the ring last told, 0: none */
};

/* What has come to a publisher (@p arg), of RTP or by egress. */
tess_rtp_au_handler tess_publisher_picture, tess_publisher_sound;

/** The input of one that comes by egress. @retval 0, -ENOMEM */
int tess_publisher_open_input(struct tess_publisher *publisher) TESS_MUST_CHECK;
/** Open the decoder of sound; publisher->error says if it could not be. */
void tess_publisher_open_audio(struct tess_publisher *publisher);
/** Bring the stream of its own to what is desired; one that is right already goes on. */
void tess_publisher_set_stream(struct tess_publisher *publisher);
/** By the key that it had: whoever read it has been told. */
void tess_publisher_end_stream(struct tess_publisher *publisher);

#endif
