/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/egress/viewer and window: what a player gets, byte for byte.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/egress/viewer.h"
#include "hal/engine.h"
#include "tests/unit/firmware/egress/flv_play.h"

#define LAG 10000

static struct tess_window *window;
static uint8_t data[UNIT_MAX];

struct end {
	struct tess_viewer viewer;
	struct flv_player player;
	int fd;
};

static int setup(void **state)
{
	(void)state;
	assert_int_equal(tess_window_alloc(&window, LAG), 0);
	tess_window_begin(window, &unit_info);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tess_window_free(window);
	return 0;
}

static void video(uint32_t number, size_t length, bool key)
{
	struct tess_au au = unit_video(data, number, length, key, false);

	assert_int_equal(tess_window_add(window, &au), 0);
}

static void audio(uint32_t number)
{
	struct tess_au au = unit_audio(data, number, 60);

	assert_int_equal(tess_window_add(window, &au), 0);
}

static void join(struct end *end)
{
	static const struct tess_wire flv = {.kind = TESS_WIRE_FLV};
	int fds[2];

	*end = (struct end){0};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	end->fd = fds[1];
	tess_viewer_init(&end->viewer, fds[0], &flv, window);
}

static void leave(struct end *end)
{
	close(end->viewer.fd);
	close(end->fd);
	tess_viewer_clear(&end->viewer);
	flv_player_free(&end->player);
}

/** Read up to @p most bytes. */
static void receive(struct end *end, size_t most)
{
	static uint8_t buffer[1 << 20];
	ssize_t got;

	while (most) {
		got = recv(end->fd, buffer, most < sizeof(buffer) ? most : sizeof(buffer), 0);
		if (got <= 0)
			return;
		assert_true(flv_play(&end->player, buffer, (size_t)got));
		most -= (size_t)got;
	}
}

/** Send and receive all there is, and see exactly this. */
static void expect(struct end *end, const char *want)
{
	enum tess_viewer_result result;

	do {
		result = tess_viewer_send(&end->viewer, window);
		assert_int_not_equal(result, TESS_VIEWER_CLOSED);
		receive(end, SIZE_MAX);
	} while (result != TESS_VIEWER_IDLE);
	assert_string_equal(end->player.said, want);
	assert_int_equal(end->player.at, end->player.length);
	assert_int_equal(end->viewer.bytes_sent, end->player.length);
	end->player.said[0] = 0;
}

static void test_starts_at_newest_key(void **state)
{
	struct end end, late;

	(void)state;
	video(1000, 50, true);
	video(1040, 50, false);
	video(1080, 50, true);
	audio(1075);
	join(&end);
	audio(1090);
	/* its time begins at 0 with a picture, without the sound from before it */
	expect(&end, "header meta avc aac v1080@0k a1090@10");
	video(1120, 50, false);
	expect(&end, "v1120@40");
	expect(&end, "");
	video(1160, 50, true);
	video(1200, 50, false);
	expect(&end, "v1160@80k v1200@120"); /* the same configuration is not told again */
	join(&late);
	expect(&late, "header meta avc aac v1160@0k v1200@40");
	leave(&late);
	leave(&end);
}

static void test_waits_for_first_key(void **state)
{
	struct tess_au au = unit_video(data, 10, 50, false, false);
	struct end end;

	(void)state;
	join(&end);
	expect(&end, "");
	assert_int_equal(tess_window_add(window, &au), -EAGAIN);
	au = unit_audio(data, 11, 50);
	assert_int_equal(tess_window_add(window, &au), -EAGAIN);
	expect(&end, "");
	video(20, 50, true);
	expect(&end, "header meta avc aac v20@0k");
	leave(&end);
}

static void test_key_without_sets(void **state)
{
	/* a key frame that cannot be decoded by anybody is no beginning */
	static const uint8_t bare[] = {0, 0, 0, 5, 0x65, 0, 0, 0, 9};
	struct tess_au au = {
		.data = bare, .length = sizeof(bare), .track = TESS_TRACK_VIDEO, .key = true};
	struct end end;

	(void)state;
	assert_int_equal(tess_window_add(window, &au), -EBADMSG);
	video(0, 50, true);
	/* but behind others it goes by their parameter sets */
	assert_int_equal(tess_window_add(window, &au), 0);
	join(&end);
	expect(&end, "header meta avc aac v9@0k");
	leave(&end);
}

static void test_stream_changes(void **state)
{
	struct tess_au au;
	struct end end;

	(void)state;
	join(&end);
	video(100, 50, true);
	expect(&end, "header meta avc aac v100@0k");
	/* another picture size in the middle */
	au = unit_video(data, 200, 50, true, true);
	assert_int_equal(tess_window_add(window, &au), 0);
	expect(&end, "meta@100 avc-small@100 aac@100 v200@100k");
	/* media was restarted: on with the next key frame, on the same time line */
	tess_window_begin(window, &unit_info);
	au = unit_video(data, 5000, 50, false, false);
	assert_int_equal(tess_window_add(window, &au), -EAGAIN);
	expect(&end, "");
	video(5040, 50, true);
	audio(5041);
	expect(&end, "meta@4940 avc@4940 aac@4940 v5040@4940k a5041@4941");
	leave(&end);
}

static void test_audio_only(void **state)
{
	struct tess_stream_info info = unit_info;
	uint8_t header[13];
	struct tess_au au;
	struct end end;

	(void)state;
	info.has_video = false;
	tess_window_begin(window, &info);
	au = unit_video(data, 0, 50, true, false);
	assert_int_equal(tess_window_add(window, &au), -EAGAIN);
	audio(10);
	audio(20);
	join(&end);
	assert_int_equal(tess_viewer_send(&end.viewer, window), TESS_VIEWER_IDLE);
	assert_int_equal(recv(end.fd, header, 13, 0), 13);
	assert_int_equal(header[4], 4); /* sound only */
	end.player.begun = true;
	audio(30);
	assert_int_equal(tess_viewer_send(&end.viewer, window), TESS_VIEWER_IDLE);
	receive(&end, SIZE_MAX);
	assert_string_equal(end.player.said, "meta aac a20@0 a30@10");
	leave(&end);
}

static void test_no_opus(void **state)
{
	struct tess_stream_info info = unit_info;
	struct tess_au au;

	(void)state;
	info.audio_codec = TESS_CODEC_OPUS;
	tess_window_begin(window, &info);
	video(0, 50, true);
	au = unit_audio(data, 1, 50);
	assert_int_equal(tess_window_add(window, &au), -EAGAIN);
}

static void test_byte_by_byte(void **state)
{
	struct end end, whole;
	int small = 1;

	(void)state;
	join(&whole);
	join(&end);
	/* the smallest buffer there is, so that writes end in the middle of everything */
	assert_int_equal(setsockopt(end.viewer.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)),
			 0);
	for (uint32_t n = 0; n < 400; n++) {
		video(2 * n, n % 20 ? 300 + n : 9000, n % 20 == 0);
		audio(2 * n + 1);
		(void)tess_viewer_send(&end.viewer, window);
		receive(&end, 1 + n * 37 % 1000);
		while (tess_viewer_send(&whole.viewer, window) == TESS_VIEWER_MORE)
			continue;
		receive(&whole, SIZE_MAX);
		/* now and then it catches up, so that it is not out of the window */
		while (n % 5 == 4 && tess_viewer_send(&end.viewer, window) != TESS_VIEWER_IDLE)
			receive(&end, 1 + n * 7);
	}
	while (tess_viewer_send(&end.viewer, window) != TESS_VIEWER_IDLE)
		receive(&end, 1000);
	receive(&end, SIZE_MAX);
	assert_int_equal(whole.player.length, end.player.length);
	assert_memory_equal(whole.player.data, end.player.data, whole.player.length);
	leave(&whole);
	leave(&end);
}

static void test_slow_is_moved_on(void **state)
{
	struct end end;
	uint64_t key;

	(void)state;
	join(&end);
	video(0, 1000, true);
	expect(&end, "header meta avc aac v0@0k");
	for (uint32_t n = 1; n <= 12; n++)
		video(n * 10, 1000, false);
	/* it lags by more than it may, but there is no newer key frame to go on with */
	assert_false(tess_viewer_check_lag(&end.viewer, window, LAG));
	video(130, 1000, true);
	video(140, 1000, false);
	assert_true(tess_viewer_check_lag(&end.viewer, window, LAG));
	assert_false(tess_viewer_check_lag(&end.viewer, window, LAG)); /* once */
	expect(&end, "v130@130k v140@140");
	/* by time: not many bytes, but more than 10 s */
	video(1000, 100, true);
	video(11000, 100, true);
	assert_false(tess_viewer_check_lag(&end.viewer, window, LAG));
	video(11001, 100, false);
	assert_true(tess_viewer_check_lag(&end.viewer, window, LAG));
	assert_int_equal(tess_window_key(window, &key), 0);
	expect(&end, "v11000@11000k v11001@11001");
	leave(&end);
}

static void test_moved_in_the_middle_of_a_tag(void **state)
{
	int small = 1;
	struct end end;
	char want[64];

	(void)state;
	join(&end);
	assert_int_equal(setsockopt(end.viewer.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)),
			 0);
	video(0, 30000, true);
	assert_int_equal(tess_viewer_send(&end.viewer, window), TESS_VIEWER_BLOCKED);
	assert_non_null(end.viewer.partial);
	for (uint32_t n = 1; n <= 12; n++)
		video(n, 1000, false);
	video(20, 1000, true);
	/* what it has begun is gone from the window, but not for it */
	video(21, 20000, false);
	assert_null(tess_window_tag(window, 0));
	assert_true(tess_viewer_check_lag(&end.viewer, window, LAG));
	(void)strcpy(want, "header meta avc aac v0@0k v20@20k v21@21");
	expect(&end, want);
	leave(&end);
}

/** A picture that no other is predicted from: nal_ref_idc 0. */
static void unreferenced(uint32_t number)
{
	struct tess_au au = unit_video(data, number, 50, false, false);

	data[4] &= 0x1f;
	assert_int_equal(tess_window_add(window, &au), 0);
}

/** In the middle of a group of pictures: on to where the stream is, without running or lagging. */
static void test_joins_late(void **state)
{
	struct tess_au au;
	struct end end, other;

	(void)state;
	video(1000, 50, true);
	audio(1010);
	for (uint32_t ms = 1500; ms <= 3000; ms += 500)
		video(ms, 50, false);
	audio(2990);
	audio(3010);
	join(&end);
	/* 1000 to 2710 take a sixteenth of that, silently; the last 300 ms and all from then on
	 * take as long as they do */
	expect(&end, "header meta avc aac v1000@0k v1500@31 v2000@62 v2500@93 v3000@396 a2990@386 "
		     "a3010@406");
	video(3040, 50, false);
	audio(3050);
	expect(&end, "v3040@436 a3050@446");
	video(4000, 50, true);
	expect(&end, "v4000@1396k");
	leave(&end);
	/* pictures that are not shown in the order they are decoded in keep their times */
	au = unit_video(data, 4040, 50, false, false);
	au.pts_us += 40000;
	assert_int_equal(tess_window_add(window, &au), 0);
	video(6000, 50, false);
	join(&other);
	expect(&other, "header meta avc aac v4000@0k v4040@40 v6000@2000");
	leave(&other);
}

static void test_eased(void **state)
{
	struct tess_au au;
	struct end end;

	(void)state;
	join(&end);
	video(0, 50, true);
	/* where it began does not count, however far back it is; its times are kept (see above) */
	au = unit_video(data, 3000, 50, false, false);
	au.pts_us += 40000;
	assert_int_equal(tess_window_add(window, &au), 0);
	assert_false(tess_viewer_ease(&end.viewer, window));
	expect(&end, "header meta avc aac v0@0k v3000@3000");
	assert_int_equal(tess_viewer_delay_ms(&end.viewer, window), 0);
	/* 1.1 s behind: without the pictures that nothing needs */
	video(3100, 50, false);
	unreferenced(3200);
	audio(3250);
	video(4300, 50, false);
	unreferenced(4301);
	assert_int_equal(tess_viewer_delay_ms(&end.viewer, window), 1301);
	assert_false(tess_viewer_ease(&end.viewer, window));
	expect(&end, "v3100@3100 a3250@3250 v4300@4300");
	assert_int_equal(end.viewer.dropped, 2);
	/* it has caught up: all of them again */
	assert_false(tess_viewer_ease(&end.viewer, window));
	unreferenced(4400);
	expect(&end, "v4400@4400");
	/* 2.1 s behind: no picture up to the next key frame, and all of the sound */
	video(4500, 50, false);
	audio(4600);
	unreferenced(4700);
	video(6700, 50, false);
	audio(6701);
	assert_false(tess_viewer_ease(&end.viewer, window));
	expect(&end, "a4600@4600 a6701@6701");
	video(6800, 50, false);
	video(6900, 50, true);
	video(7000, 50, false);
	expect(&end, "v6900@6900k v7000@7000");
	assert_int_equal(end.viewer.dropped, 6);
	leave(&end);
}

static void test_window_limits(void **state)
{
	uint64_t key;
	struct end end;

	(void)state;
	join(&end);
	video(0, 100, true);
	expect(&end, "header meta avc aac v0@0k");
	/* one group of pictures that never ends */
	for (uint32_t n = 1; n <= TESS_WINDOW_MAX_TAGS; n++)
		video(n, 100, false);
	assert_int_equal(tess_window_key(window, &key), -ENOENT);
	/* without it only what a viewer may lag is of use */
	assert_null(tess_window_tag(window, TESS_WINDOW_MAX_TAGS - 100));
	assert_non_null(tess_window_tag(window, TESS_WINDOW_MAX_TAGS - 50));
	/* whoever fell out waits for the next key frame */
	assert_true(tess_viewer_check_lag(&end.viewer, window, LAG));
	expect(&end, "");
	video(9001, 100, true);
	expect(&end, "v9001@9001k");
	/* and by bytes */
	for (uint32_t n = 0; n <= TESS_WINDOW_MAX_BYTES / 60000; n++)
		video(9100 + n, 60000, false);
	assert_int_equal(tess_window_key(window, &key), -ENOENT);
	leave(&end);
}

static void test_closed(void **state)
{
	struct end end;

	(void)state;
	join(&end);
	video(0, 100, true);
	close(end.fd);
	assert_int_equal(tess_viewer_send(&end.viewer, window), TESS_VIEWER_CLOSED);
	end.fd = dup(end.viewer.fd);
	leave(&end);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_starts_at_newest_key, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waits_for_first_key, setup, teardown),
		cmocka_unit_test_setup_teardown(test_key_without_sets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_audio_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_opus, setup, teardown),
		cmocka_unit_test_setup_teardown(test_byte_by_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow_is_moved_on, setup, teardown),
		cmocka_unit_test_setup_teardown(test_moved_in_the_middle_of_a_tag, setup, teardown),
		cmocka_unit_test_setup_teardown(test_joins_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_eased, setup, teardown),
		cmocka_unit_test_setup_teardown(test_window_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
