/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/capture.h - writes what many publishers send to the box as one capture.
 *
 * Everything is a function of the configuration: the same one gives the same bytes. Time is true
 * time in seconds from the capture's begin (0). A publisher's pictures are test patterns
 * (test_pattern.h) that carry the true time of capture; its sound is a tone of its own. At each
 * multiple of flash_every_s (not at 0) the first picture taken then, and those of the next flash_s,
 * flash; the beep begins at the very time of that picture: tess_test_flash_time_us() says when.
 *
 * One that goes away and is started anew is two publishers with one id, the second with another
 * life; so is one whose sound and picture begin at different times.
 *
 * A packet leaves when it was captured plus send_delay_ms, those of one picture 0.1 ms apart; then
 * it is lost, held back or put off as told. Sender reports (once a second, first after 0.2 s) are
 * never lost; they carry the publisher's wall clock, which is wrong by wall_clock_ms.
 *
 *	struct tess_test_publisher publishers[2] = {
 *		{.id = 0, .video_port = 20000, .audio_port = 20002, .tone_hz = 440},
 *		{.id = 1, .video_port = 20004, .audio_port = 20006, .tone_hz = 660},
 *	};
 *	struct tess_test_capture capture = {
 *		.publishers = publishers, .count = 2, .duration_s = 20, .seed = 1,
 *	};
 *	error = tess_test_capture_write("/tmp/x.pcap", &capture);
 */
#ifndef TESS_TESTS_CAPTURE_H
#define TESS_TESTS_CAPTURE_H

#include "tests/support/test_media.h"

/** All senders' addresses are 10.0.0.(1 + id), port 40000 for video and 40002 for audio. */
#define TESS_TEST_VIDEO_PAYLOAD_TYPE 96
#define TESS_TEST_AUDIO_PAYLOAD_TYPE 97
/** UTC at the capture's begin, if not set. */
#define TESS_TEST_UTC_US 1700000000000000LL

/** Zeros are good values for everything but the ports. */
struct tess_test_publisher {
	unsigned id;			 /* in the pictures, 0 .. 31 */
	uint16_t video_port, audio_port; /* where to, even; 0: sends none. RTCP goes to port + 1 */
	bool rtcp_mux;			 /* RTCP to the port itself (RFC 5761) */
	double start_s, stop_s;		 /* stop 0: at the end */

	struct tess_test_video_config video; /* width 0: 160x90 */
	double resize_at_s;		     /* 0: never */
	unsigned resize_width, resize_height;
	double ssrc_change_at_s; /* 0: never; both streams begin anew with a key frame */

	double tone_hz, tone_level; /* level 0: silence */
	unsigned audio_channels;    /* 0: 1 */
	double flash_every_s;	    /* 0: never */
	double flash_s;		    /* 0: 0.2 */
	double beep_hz, beep_level; /* 0: 1000 Hz, 0.5 */

	double loss_percent;
	double reorder_percent; /* so many are put off by 5 to 25 ms, behind later ones */
	double duplicate_percent;
	double jitter_ms; /* each stream's packets are held back by up to that, in order */
	double send_delay_ms;
	int audio_ppm, video_ppm; /* how much too fast the clocks run */
	double wall_clock_ms;	  /* how much the sender's wall clock is ahead at the begin */
	int wall_clock_ppm;	  /* how much too fast it runs */
	bool no_sender_reports;
	double first_report_s; /* after the begin; 0: 0.2, negative: before the first packet */
	double sent_from_s;    /* what was captured before it is not sent */
	unsigned life; /* how often it was started anew before: other ports, SSRCs and numbers */
};

struct tess_test_capture {
	const struct tess_test_publisher *publishers;
	unsigned count;
	double duration_s;
	uint64_t seed;
	int64_t utc_us; /* UTC at the begin; 0: TESS_TEST_UTC_US */
};

/** @retval 0, -EINVAL, -ENOMEM, -ENOSYS, or an error of the file */
int tess_test_capture_write(const char *path,
			    const struct tess_test_capture *capture) TESS_MUST_CHECK;

/**
 * When, in true microseconds, the @p number-th flash and its beep begin (1: the one at
 * flash_every_s); -1 if the publisher was not there yet.
 */
int64_t tess_test_flash_time_us(const struct tess_test_publisher *publisher, unsigned number);

#endif
