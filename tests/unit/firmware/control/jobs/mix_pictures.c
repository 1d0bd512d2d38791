/* SPDX-License-Identifier: GPL-3.0-or-later
 * The pictures of mixes: what is refused, what a mix's state warns of, what media gets, and what is
 * fetched from addresses.
 */
#include "firmware/control/jobs/pictures.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "firmware/control/cloud/digest.h"
#include "firmware/control/cloud/picture_content.h"
#include "firmware/control/jobs/desired.h"
#include "firmware/control/jobs/reconcile.h"
#include "firmware/control/jobs/rooms.h"
#include "firmware/link/link.h"
#include "jobs/cloud_call.h"

#define APP	 1400000001
#define PATH	 "/api/v1/applications/1400000001/pictures"
#define MIX	 "/api/v1/applications/1400000001/rooms/101/mix"
#define BMP_TEXT "Qk1waWN0dXJl" /* "BMpicture" */
#define PNG_TEXT "iVBORw0KGgox"

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	cloud_open_admin(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static void facts(const char *text)
{
	json_t *message = json_of(text);

	tess_facts_up(f.control.facts, TESS_PROCESS_MEDIA, FIXTURE_UTC_US);
	assert_int_equal(tess_facts_take(f.control.facts, TESS_PROCESS_MEDIA, message, 0), 0);
	json_decref(message);
}

static void hash_of(char hash[TESS_SHA256_HEX], const char *content)
{
	assert_int_equal(tess_sha256_hex(hash, content, strlen(content)), 0);
}

#define WITH_PICTURES(url)                                                                        \
	"{'stream_id':'s','video':{'background_image':{'url':'" url "'}},'layout':{'template':4," \
	"'water_mark':{'id':1,'x':2,'y':4,'width':60,'height':40},'presets':[{'width':100,"       \
	"'height':100},{'width':100,'height':100,'image':2}]}}"

static void test_mixes(void **state)
{
	char one[TESS_SHA256_HEX], two[TESS_SHA256_HEX], text[512];
	json_t *message;

	(void)state;
	fixture_user(&f, "alice");
	fixture_refused(&f, "POST", MIX, WITH_PICTURES("http://a/b.png"), 400, "ResourceNotFound",
			"layout.water_mark.id");
	fixture_call(&f, "POST", PATH, "{'content':'" BMP_TEXT "'}", 201);
	fixture_refused(&f, "POST", MIX, WITH_PICTURES("http://a/b.png"), 400, "ResourceNotFound",
			"layout.presets.1.image");
	fixture_refused(&f, "POST", MIX, "{'stream_id':'s','video':{'background_image':{'id':9}}}",
			400, "ResourceNotFound", "video.background_image.id");
	fixture_call(&f, "POST", PATH, "{'content':'" PNG_TEXT "'}", 201);
	fixture_call(&f, "POST", MIX, WITH_PICTURES("http://a/b.png"), 200);
	assert_json(json_object_get(f.json, "layout"),
		    "{'template':4,'render':0,'users':[],'pure_audio_hold_place':0,'water_mark':{"
		    "'id':1,'x':2,'y':4,'width':60,'height':40},'presets':[{'user':'',"
		    "'stream_type':'main','x':0,'y':0,'width':100,'height':100,'z':0,'render':0,"
		    "'input':0},{'user':'','stream_type':'main','x':0,'y':0,'width':100,"
		    "'height':100,'z':0,'render':0,'input':0,'image':2}]}");
	assert_json(json_object_get(json_object_get(f.json, "video"), "background_image"),
		    "{'url':'http://a/b.png'}");
	assert_json(json_object_get(f.json, "warnings"), "[]");

	/* on the link: what is there by its key, nothing of what is not fetched yet */
	hash_of(one, "BMpicture");
	hash_of(two, "\x89PNG\r\n\x1a\n1");
	assert_int_equal(tess_desired_media(&message, &f.control, 1), 0);
	(void)snprintf(text, sizeof(text),
		       "{'template':4,'render':0,'users':[],'pure_audio_hold_place':0,"
		       "'water_mark':{'image':'%s','x':2,'y':4,'width':60,'height':40},'presets':[{"
		       "'user':'','stream_type':'main','x':0,'y':0,'width':100,'height':100,'z':0,"
		       "'render':0,'input':0},{'user':'','stream_type':'main','x':0,'y':0,"
		       "'width':100,'height':100,'z':0,'render':0,'input':0,'image':'%s'}]}",
		       one, two);
	assert_json(json_object_get(json_array_get(json_object_get(message, "mixes"), 0), "layout"),
		    text);
	assert_null(json_object_get(
		json_object_get(json_array_get(json_object_get(message, "mixes"), 0), "video"),
		"background_image"));
	json_decref(message);
	assert_int_equal(tess_store_fetched_set(f.control.store, "http://a/b.png", two, "x", 1), 0);
	assert_int_equal(tess_desired_media(&message, &f.control, 1), 0);
	assert_string_equal(
		json_string_value(json_object_get(
			json_object_get(json_array_get(json_object_get(message, "mixes"), 0),
					"video"),
			"background_image")),
		two);
	json_decref(message);

	/* one that media cannot decode, and one that is deleted while the mix runs */
	(void)snprintf(text, sizeof(text), "{'pictures':[{'key':'%s','error':'it is damaged'}]}",
		       one);
	facts(text);
	f.changes = 0;
	fixture_call(&f, "DELETE", PATH "/2", NULL, 204);
	assert_int_equal(f.changes, 1);
	fixture_call(&f, "GET", MIX, NULL, 200);
	assert_json(json_object_get(f.json, "warnings"),
		    "[{'field':'layout.water_mark','message':'The picture cannot be shown: it is "
		    "damaged.'},{'field':'layout.presets.1.image','message':'Picture 2 has been "
		    "deleted.'}]");
	assert_int_equal(tess_desired_media(&message, &f.control, 1), 0);
	assert_null(json_object_get(
		json_array_get(json_object_get(
				       json_object_get(
					       json_array_get(json_object_get(message, "mixes"), 0),
					       "layout"),
				       "presets"),
			       1),
		"image"));
	json_decref(message);
}

static void test_mix_faults(void **state)
{
	static const struct {
		const char *body, *code, *field;
	} cases[] = {
		{"{'stream_id':'s','video':{'background_image':7}}", "invalid_parameter",
		 "video.background_image"},
		{"{'stream_id':'s','video':{'background_image':{}}}", "invalid_parameter",
		 "video.background_image"},
		{"{'stream_id':'s','video':{'background_image':{'id':1,'url':'http://a/b.png'}}}",
		 "invalid_parameter", "video.background_image"},
		{"{'stream_id':'s','video':{'background_image':{'id':0}}}", "invalid_parameter",
		 "video.background_image.id"},
		{"{'stream_id':'s','video':{'background_image':{'file':'x'}}}", "invalid_parameter",
		 "video.background_image.file"},
		{"{'stream_id':'s','video':{'background_image':{'url':'ftp://a/b.png'}}}",
		 "InvalidParameter.BackgroundImageUrl", "video.background_image.url"},
		{"{'stream_id':'s','layout':{'water_mark':1}}", "invalid_parameter",
		 "layout.water_mark"},
		{"{'stream_id':'s','layout':{'water_mark':{'id':1}}}", "MissingParameter",
		 "layout.water_mark.width"},
		{"{'stream_id':'s','layout':{'water_mark':{'url':'http://a/b.gif','x':0,'y':0,"
		 "'width':2,'height':2}}}",
		 "InvalidParameter", "layout.water_mark.url"},
		{"{'stream_id':'s','layout':{'water_mark':{'id':1,'x':1280,'y':0,'width':2,"
		 "'height':2}}}",
		 "InvalidParameter", "layout.water_mark.width"},
		{"{'stream_id':'s','layout':{'presets':[{'image':'x'}]}}", "invalid_parameter",
		 "layout.presets.0.image"},
		{"{'stream_id':'s','layout':{'presets':[{'image':-1}]}}",
		 "InvalidParameter.PresetLayoutConfig", "layout.presets.0.image"},
	};

	(void)state;
	fixture_user(&f, "alice");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		fixture_refused(&f, "POST", MIX, cases[i].body, 400, cases[i].code, cases[i].field);
	fixture_call(&f, "GET", "/api/v1/mixes", NULL, 200);
	assert_json(f.json, "{'mixes':[]}");
}

/* 16 places with a picture each and the longest of names and addresses fit. */
static void test_the_longest(void **state)
{
	json_t *body = json_of("{'stream_id':'s','layout':{'template':4}}");
	json_t *presets = json_array(), *layout = json_object_get(body, "layout"), *users;
	char url[TESS_CLOUD_MAX_URL + 1] = "http://", user[TESS_CLOUD_MAX_USER + 1] = "";
	char *text;

	(void)state;
	fixture_user(&f, "alice");
	fixture_call(&f, "POST", PATH, "{'content':'" BMP_TEXT "'}", 201);
	memset(url + 7, 'a', sizeof(url) - 8 - 4);
	(void)strcat(url, ".png");
	users = json_array();
	for (int i = 0; i < 16; i++) {
		(void)snprintf(user, sizeof(user), "user_of_thirty_two_characters_%02d", i);
		json_array_append_new(presets,
				      json_pack("{ss ss si si si si si si}", "user", user,
						"stream_type", "aux", "x", 100, "y", 100, "width",
						1000, "height", 600, "z", 2147483647, "image", 1));
		json_array_append_new(users, json_string(user));
	}
	json_object_set_new(layout, "presets", presets);
	json_object_set_new(layout, "users", users);
	json_object_set_new(layout, "water_mark",
			    json_pack("{ss si si si si}", "url", url, "x", 1000, "y", 100, "width",
				      200, "height", 100));
	json_object_set_new(body, "video", json_pack("{s{ss}}", "background_image", "url", url));
	text = json_dumps(body, 0);
	fixture_call(&f, "POST", MIX, text, 200);
	assert_int_equal(
		json_array_size(json_object_get(json_object_get(f.json, "layout"), "presets")), 16);
	free(text);
	json_decref(body);
}

/* By the config of a user, who names ids and addresses alike. */
static void test_of_a_user(void **state)
{
	static const char path[] = "/api/v1/applications/1400000001/rooms/101/users/alice/mix";
	json_t *config = json_of("{'mode':1,'videoWidth':640,'videoHeight':360,'videoBitrate':500,"
				 "'backgroundImage':'9','mixUsers':[]}");
	json_t *users = json_object_get(config, "mixUsers"), *body;
	char url[TESS_CLOUD_MAX_URL + 1] = "http://";
	char *text;

	(void)state;
	fixture_user(&f, "alice");
	fixture_call(&f, "POST", PATH, "{'content':'" BMP_TEXT "'}", 201);
	memset(url + 7, 'a', sizeof(url) - 8 - 4);
	(void)strcat(url, ".png");
	/* the longest there can be */
	for (int i = 0; i < 16; i++)
		json_array_append_new(users, json_pack("{ss ss si si si}", "userId", "alice",
						       "image", url, "inputType", i ? 3 : 4,
						       "width", 100, "height", 100));
	body = json_pack("{so}", "config", config);
	text = json_dumps(body, 0);
	fixture_refused(&f, "POST", path, text, 400, "ResourceNotFound", "config");
	free(text);
	json_object_set_new(config, "backgroundImage", json_string("1"));
	text = json_dumps(body, 0);
	fixture_call(&f, "POST", path, text, 200);
	free(text);
	json_decref(body);
	assert_int_equal(
		json_array_size(json_object_get(json_object_get(f.json, "layout"), "presets")), 15);
	assert_json(json_object_get(json_object_get(f.json, "video"), "background_image"),
		    "{'id':1}");
}

/* ---- to media ---- */

static struct {
	struct tess_loop *loop;
	struct tess_link *link;
	struct tess_timer *timer;
	unsigned pictures, states;
	char keys[4][TESS_SHA256_HEX];
	unsigned step;
} peer;

static void up(void *arg, struct tess_link *link)
{
	json_t *hello = json_pack("{ss ss si}", "type", "hello", "process", "media", "version",
				  TESS_LINK_VERSION);

	(void)arg;
	assert_int_equal(tess_link_send(link, hello, NULL, 0), 0);
	json_decref(hello);
}

static void on_message(void *arg, struct tess_link *link, json_t *json, int *fds, unsigned count)
{
	const char *type = json_string_value(json_object_get(json, "type"));
	char content[32] = "", hash[TESS_SHA256_HEX];

	(void)arg;
	(void)link;
	if (strcmp(type, "picture") != 0) {
		assert_int_equal(count, 0);
		peer.states++;
		return;
	}
	assert_int_equal(count, 1);
	assert_int_equal(pread(fds[0], content, sizeof(content) - 1, 0),
			 json_integer_value(json_object_get(json, "bytes")));
	/* nobody can change or cut it any more */
	assert_int_equal(pwrite(fds[0], "x", 1, 0), -1);
	assert_int_equal(ftruncate(fds[0], 1), -1);
	hash_of(hash, content);
	assert_string_equal(json_string_value(json_object_get(json, "key")), hash);
	(void)stpcpy(peer.keys[peer.pictures++ % 4], hash);
	(void)close(fds[0]);
}

static void start_mix(const char *body)
{
	fixture_call(&f, "POST", MIX, body, 200);
}

static void on_timer(void *arg)
{
	static const struct tess_link_handlers handlers = {up, on_message, NULL};
	char path[96];

	(void)arg;
	(void)snprintf(path, sizeof(path), "%s/control.sock", f.dir);
	if (peer.step == 0) {
		start_mix("{'stream_id':'s','video':{'background_image':{'id':1}}}");
		assert_int_equal(tess_link_connect(&peer.link, peer.loop, path, &handlers, NULL),
				 0);
		peer.step++;
	} else if (peer.step == 1 && peer.states == 1) {
		/* the picture came before the state that names it; the second one is new, the first
		 * is known */
		assert_int_equal(peer.pictures, 1);
		start_mix("{'stream_id':'s','video':{'background_image':{'id':1}},'layout':{"
			  "'water_mark':{'id':2,'x':0,'y':0,'width':20,'height':20}}}");
		peer.step++;
	} else if (peer.step == 2 && peer.states == 2) {
		assert_int_equal(peer.pictures, 2);
		start_mix("{'stream_id':'s'}");
		peer.step++;
	} else if (peer.step == 3 && peer.states == 3) {
		/* what no state named was forgotten: it is sent again */
		assert_int_equal(peer.pictures, 2);
		start_mix("{'stream_id':'s','video':{'background_image':{'id':2}}}");
		peer.step++;
	} else if (peer.step == 4 && peer.states == 4) {
		assert_int_equal(peer.pictures, 3);
		/* a new link has nothing */
		tess_link_free(peer.link);
		assert_int_equal(tess_link_connect(&peer.link, peer.loop, path, &handlers, NULL),
				 0);
		peer.step++;
	} else if (peer.step == 5 && peer.states == 5) {
		assert_int_equal(peer.pictures, 4);
		tess_loop_stop(peer.loop);
	}
	tess_timer_start(peer.timer, 2000);
}

static void test_link(void **state)
{
	struct tess_reconcile *reconcile;
	char one[TESS_SHA256_HEX], two[TESS_SHA256_HEX];

	(void)state;
	memset(&peer, 0, sizeof(peer));
	fixture_user(&f, "alice");
	fixture_call(&f, "POST", PATH, "{'content':'" BMP_TEXT "'}", 201);
	fixture_call(&f, "POST", PATH, "{'content':'" PNG_TEXT "'}", 201);
	assert_int_equal(tess_loop_alloc(&peer.loop), 0);
	assert_int_equal(tess_timer_alloc(&peer.timer, peer.loop, on_timer, NULL), 0);
	assert_int_equal(tess_reconcile_start(&reconcile, &f.control, peer.loop), 0);
	tess_timer_start(peer.timer, 0);
	assert_int_equal(tess_loop_run(peer.loop), 0);
	hash_of(one, "BMpicture");
	hash_of(two, "\x89PNG\r\n\x1a\n1");
	assert_string_equal(peer.keys[0], one);
	assert_string_equal(peer.keys[1], two);
	assert_string_equal(peer.keys[2], two);
	assert_string_equal(peer.keys[3], two);
	tess_link_free(peer.link);
	tess_reconcile_stop(reconcile);
	tess_timer_free(peer.timer);
	tess_loop_free(peer.loop);
}

/* ---- addresses ---- */

static unsigned tries; /* of one address that is refused at once */

static void on_failed(void *arg)
{
	json_t *warnings;

	(void)arg;
	fixture_call(&f, "GET", MIX, NULL, 200);
	warnings = json_object_get(f.json, "warnings");
	if (json_array_size(warnings)) {
		assert_json(warnings,
			    "[{'field':'video.background_image','message':'The picture could not "
			    "be fetched: the address is one of this machine or link.'}]");
		if (++tries == 2) {
			tess_loop_stop(peer.loop);
			return;
		}
		/* the same start again tries again: until then there is no warning */
		start_mix("{'stream_id':'s','video':{'background_image':{'url':"
			  "'http://127.0.0.1:9/a.png'}}}");
		assert_json(json_object_get(f.json, "warnings"), "[]");
	}
	tess_timer_start(peer.timer, 2000);
}

static void refresh(void *arg)
{
	assert_int_equal(tess_pictures_refresh(arg), 0);
}

static int count_fetched(void *arg, const char *url)
{
	(void)url;
	++*(unsigned *)arg;
	return 0;
}

static void test_addresses(void **state)
{
	struct tess_reconcile *reconcile;
	unsigned count = 0;

	(void)state;
	memset(&peer, 0, sizeof(peer));
	tries = 0;
	fixture_user(&f, "alice");
	start_mix("{'stream_id':'s','video':{'background_image':{'url':"
		  "'http://127.0.0.1:9/a.png'}}}");
	/* what no mix names is forgotten, what one names is not fetched again */
	assert_int_equal(tess_store_fetched_set(f.control.store, "http://old/a.png", "1", "x", 1),
			 0);
	assert_int_equal(tess_loop_alloc(&peer.loop), 0);
	assert_int_equal(tess_timer_alloc(&peer.timer, peer.loop, on_failed, NULL), 0);
	assert_int_equal(tess_reconcile_start(&reconcile, &f.control, peer.loop), 0);
	assert_int_equal(tess_pictures_refresh(&f.control), 0);
	assert_int_equal(tess_store_fetched(f.control.store, count_fetched, &count), 0);
	assert_int_equal(count, 0);
	tess_timer_start(peer.timer, 0);
	/* without a link to media */
	f.control.changed = refresh;
	f.control.changed_arg = &f.control;
	assert_int_equal(tess_loop_run(peer.loop), 0);
	assert_int_equal(tries, 2);
	tess_reconcile_stop(reconcile);
	tess_timer_free(peer.timer);
	tess_loop_free(peer.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_mixes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mix_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_longest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_of_a_user, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link, setup, teardown),
		cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
