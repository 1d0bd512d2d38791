/* SPDX-License-Identifier: GPL-3.0-or-later
 * Is there room for a mix? By what media told, and by what it has not told yet.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "firmware/control/jobs/rooms.h"
#include "fixture.h"

#define APP 1400000123

static struct fixture f;

static void enter(const char *room, const char *user)
{
	struct tess_publisher row = {.room = {APP, TESS_ROOM_ID_STRING, ""}, .stream_type = "main"};

	(void)stpcpy(row.room.id, room);
	(void)stpcpy(row.user, user);
	assert_int_equal(tess_rooms_enter(&f.control, &row, true, true), 0);
}

static int setup(void **state)
{
	struct tess_application application = {.id = APP, .name = "a"};

	(void)state;
	fixture_open(&f);
	assert_int_equal(tess_store_application_add(f.control.store, &application), 0);
	enter("a", "alice"); /* publisher 1 */
	enter("b", "bob");
	enter("c", "carol");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static void told(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void told(const char *format, ...)
{
	char text[2048];
	json_t *message;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	message = json_of(text);
	tess_facts_up(f.control.facts, TESS_PROCESS_MEDIA, FIXTURE_UTC_US);
	assert_int_equal(tess_facts_take(f.control.facts, TESS_PROCESS_MEDIA, message, 0), 0);
	json_decref(message);
}

/* An engine of which 1280x720, 15 a second, takes 10 % in each of composing and encoding, and a
 * publisher of whom nothing is known 10 % of decoding; in use so far: encoding. */
#define CAPACITY "'capacity':{'decode':34.56,'compose':138.24,'encode':138.24}"
#define ENGINE(name, state, shared, encode)                                                 \
	"{'name':'" name "','device':'0','state':'" state "','shared':" shared "," CAPACITY \
	",'used':{'decode':0,'compose':0,'encode':" encode "},'max_load':0.85}"
#define HALF "69.12" /* of encoding */
#define MUCH "82.94" /* 60 % */

static struct tess_mix_request request(const char *room, const char *stream)
{
	struct tess_mix_request mix = {
		.room = {APP, TESS_ROOM_ID_STRING, ""},
		.audio = {48000, 64, 2},
		.video = {.width = 1280,
			  .height = 720,
			  .bitrate_kbps = 1500,
			  .frame_rate = 15,
			  .gop_s = 3},
		.layout = {.layout = 1},
	};

	(void)stpcpy(mix.room.id, room);
	(void)stpcpy(mix.stream_id, stream);
	return mix;
}

static void accepted(const struct tess_mix_request *mix)
{
	struct tess_cloud_error error = {0};

	if (tess_rooms_mix_start(&f.control, mix, &error))
		fail_msg("%s", error.message);
}

static void refused(const struct tess_mix_request *mix, const char *message)
{
	struct tess_cloud_error error = {0};
	unsigned changes = f.changes;

	assert_int_equal(tess_rooms_mix_start(&f.control, mix, &error), -EINVAL);
	assert_int_equal(error.code, TESS_CLOUD_RESOURCE_INSUFFICIENT);
	assert_string_equal(tess_cloud_code_text(error.code),
			    "ResourceInsufficient.RequestRejection");
	assert_string_equal(error.message, message);
	assert_int_equal(f.changes, changes);
}

static void stop(const char *room)
{
	struct tess_cloud_room where = {APP, TESS_ROOM_ID_STRING, ""};

	(void)stpcpy(where.id, room);
	assert_int_equal(tess_rooms_mix_stop(&f.control, &where), 0);
}

static void test_nothing_known(void **state)
{
	const struct tess_mix_request a = request("a", "s");

	(void)state;
	accepted(&a);
	stop("a");
	told("{'engines':[]}");
	accepted(&a);
	stop("a");
	/* not measured */
	told("{'engines':[{'name':'soft','state':'ok','shared':true,'max_load':0.85}]}");
	accepted(&a);
	stop("a");
	/* away again */
	told("{'engines':[" ENGINE("soft", "ok", "true", "1000") "]}");
	tess_facts_down(f.control.facts, TESS_PROCESS_MEDIA, FIXTURE_UTC_US);
	accepted(&a);
}

static void test_shared(void **state)
{
	struct tess_mix_request a = request("a", "s");

	(void)state;
	told("{'engines':[" ENGINE("soft", "ok", "true", MUCH) "]}");
	refused(&a,
		"No engine has room for the mix: of soft 0, 25 % is free and 30 % more would be "
		"needed.");
	told("{'engines':[" ENGINE("soft", "ok", "true", HALF) "]}");
	accepted(&a);
	stop("a");
	/* pictures that are known */
	told("{'engines':[" ENGINE("soft", "ok", "true",
				   HALF) "],"
					 "'publishers':[{'id':1,'video':{'width':1280,'height':720,"
					 "'frame_rate':15.0}}]}");
	refused(&a,
		"No engine has room for the mix: of soft 0, 35 % is free and 60 % more would be "
		"needed.");
	/* which this mix does not show */
	a.layout.user_count = 1;
	(void)stpcpy(a.layout.users[0], "nobody");
	accepted(&a);
	stop("a");
	/* sound is always there */
	told("{'engines':[" ENGINE("soft", "ok", "true", "1000") "]}");
	a.audio_only = true;
	memset(&a.video, 0, sizeof(a.video));
	accepted(&a);
}

static void test_sixteen(void **state)
{
	const struct tess_mix_request a = request("a", "s");
	char user[16];

	(void)state;
	for (int i = 0; i < 20; i++) {
		(void)snprintf(user, sizeof(user), "u%d", i);
		enter("a", user);
	}
	/* 16 are decoded, however many there are */
	told("{'engines':[{'name':'nv','device':'0','state':'ok','shared':false,'max_load':0.95,"
	     "'capacity':{'decode':60,'compose':1000,'encode':1000}}]}");
	accepted(&a);
	stop("a");
	told("{'engines':[{'name':'nv','device':'0','state':'ok','shared':false,'max_load':0.95,"
	     "'capacity':{'decode':50,'compose':1000,'encode':1000}}]}");
	refused(&a, "No engine has room for the mix: of nv 0, 95 % is free and 111 % more would be "
		    "needed.");
}

static void test_devices(void **state)
{
	const struct tess_mix_request a = request("a", "s");

	(void)state;
	/* each kind of work apart: 60 and 10 % */
	told("{'engines':[" ENGINE("nv", "ok", "false", MUCH) "]}");
	accepted(&a);
	stop("a");
	told("{'engines':[" ENGINE("nv", "ok", "false", "110.6") "]}");
	refused(&a, "No engine has room for the mix: of nv 0, 5 % is free and 10 % more would be "
		    "needed.");
	/* another one has room */
	told("{'engines':[" ENGINE("nv", "ok", "false", "110.6") "," ENGINE("nv", "ok", "false",
									    "0") "]}");
	accepted(&a);
	stop("a");
	/* those that do not work do not count */
	told("{'engines':[" ENGINE("nv", "lost", "false", "0") "," ENGINE(
		"nv", "ok", "false", "110.6") "," ENGINE("soft", "standby", "true", "0") "]}");
	refused(&a, "No engine has room for the mix: of nv 0, 5 % is free and 10 % more would be "
		    "needed.");
}

static void test_not_told_yet(void **state)
{
	const struct tess_mix_request a = request("a", "s"), b = request("b", "t"),
				      c = request("c", "u");

	(void)state;
	/* 0.3 each, of 0.85 */
	told("{'engines':[" ENGINE("soft", "ok", "true", "0") "]}");
	accepted(&a);
	accepted(&b);
	refused(&c,
		"No engine has room for the mix: of soft 0, 25 % is free and 30 % more would be "
		"needed.");
	/* two engines: one each, and another one on either */
	told("{'engines':[" ENGINE("soft", "ok", "true", "0") "," ENGINE("nv", "ok", "false",
									 "0") "]}");
	accepted(&c);
	/* told now, they count once */
	told("{'engines':[" ENGINE(
		"soft", "ok", "true",
		"13.824") "],"
			  "'mixes':[{'id':1,'epoch':1,'engine':0},{'id':2,'epoch':1,'engine':0},"
			  "{'id':3,'epoch':1,'engine':0}]}");
	stop("c");
	accepted(&c);
}

#define MIX                                                                                \
	"'mixes':[{'id':1,'epoch':%d,'engine':0,'price':{'decode':3.456,'compose':13.824," \
	"'encode':13.824}}]"

static void test_change(void **state)
{
	struct tess_mix_request a = request("a", "s");

	(void)state;
	told("{'engines':[" ENGINE("soft", "ok", "true", "0") "]}");
	accepted(&a);
	/* full, with this mix in it: more is refused, as much or less is not */
	told("{'engines':[" ENGINE("soft", "ok", "true", "115") "]," MIX "}", 1);
	accepted(&a);
	a.video.width = 1920;
	a.video.height = 1080;
	refused(&a, "No engine has room for the mix: of soft 0, 2 % is free and 25 % more would be "
		    "needed.");
	a.video.width = 640;
	a.video.height = 360;
	accepted(&a);
	/* until media has told, what was given up is not yet free; nor is it counted twice */
	a.video.width = 1280;
	a.video.height = 720;
	accepted(&a);
	/* other ids: the old one makes room for the new one */
	(void)stpcpy(a.stream_id, "other");
	accepted(&a);
}

static void test_change_elsewhere(void **state)
{
	struct tess_mix_request a = request("a", "s");

	(void)state;
	told("{'engines':[" ENGINE("nv", "ok", "false", "0") "]}");
	accepted(&a);
	a.video.width = 1920;
	a.video.height = 1080;
	/* a mix stays where it is, so room elsewhere is none */
	told("{'engines':[" ENGINE("nv", "ok", "false", "110") "," ENGINE("nv", "ok", "false",
									  "0") "]," MIX "}",
	     1);
	refused(&a, "No engine has room for the mix: of nv 0, 5 % is free and 12 % more would be "
		    "needed.");
	/* but a new stream may begin there */
	(void)stpcpy(a.stream_id, "other");
	accepted(&a);
	stop("a");
	(void)stpcpy(a.stream_id, "s");
	a.video.width = 1280;
	a.video.height = 720;
	accepted(&a);
	/* and what is on a lost device is moving anyway */
	a.video.width = 1920;
	a.video.height = 1080;
	told("{'engines':[" ENGINE("nv", "lost", "false", "0") "," ENGINE(
		"soft", "ok", "true", "1000") "],"
					      "'mixes':[{'id':3,'epoch':1,'engine':0,'price':{'"
					      "decode':3.456,'compose':13.824,"
					      "'encode':13.824}}]}");
	accepted(&a);
}

static void test_nonsense(void **state)
{
	const struct tess_mix_request a = request("a", "s");

	(void)state;
	told("{'engines':7}");
	accepted(&a);
	told("{'engines':[7,null,'x',[]],'mixes':[{'id':1,'epoch':1,'engine':9}]}");
	accepted(&a);
	told("{'engines':[{'state':'ok','capacity':{'decode':-1,'encode':'x'},'used':[],"
	     "'max_load':-5}],'publishers':[{'id':1,'video':{'width':1e30,'height':-1e30,"
	     "'frame_rate':1e300}}],'mixes':[{'id':1,'epoch':1,'engine':-1,'price':7}]}");
	accepted(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_known, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shared, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sixteen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_devices, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_told_yet, setup, teardown),
		cmocka_unit_test_setup_teardown(test_change, setup, teardown),
		cmocka_unit_test_setup_teardown(test_change_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nonsense, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
