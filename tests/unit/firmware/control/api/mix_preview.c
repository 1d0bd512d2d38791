/* SPDX-License-Identifier: GPL-3.0-or-later
 * How a mix would look: the rectangles are those of the specification's tables, for the people who
 * are there, and nothing is started.
 */
#include <stdio.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "fixture.h"

#define ROOM	"/api/v1/applications/1400000001/rooms/101"
#define MIX	ROOM "/mix"
#define PREVIEW MIX "/preview"

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_login(&f);
	fixture_application(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

/* On 1280 x 720, all users with pictures. */
static const struct table {
	int template, count;
	const char *rectangles;
} TABLES[] = {
	{0, 1, "0,0 1280x720"},
	{0, 2, "0,0 1280x720; 14,542 300x168"},
	{0, 3, "0,0 1280x720; 14,542 300x168; 330,542 300x168"},
	{0, 4, "0,0 1280x720; 14,542 300x168; 330,542 300x168; 646,542 300x168"},
	{0, 5,
	 "0,0 1280x720; 14,542 300x168; 330,542 300x168; 646,542 300x168; "
	 "962,542 300x168"},
	{0, 9,
	 "0,0 1280x720; 14,542 300x168; 330,542 300x168; 646,542 300x168; "
	 "962,542 300x168; 14,364 300x168; 330,364 300x168; "
	 "646,364 300x168; 962,364 300x168"},
	{0, 16,
	 "0,0 1280x720; 14,542 300x168; 330,542 300x168; 646,542 300x168; "
	 "962,542 300x168; 14,364 300x168; 330,364 300x168; "
	 "646,364 300x168; 962,364 300x168; 14,186 300x168; "
	 "330,186 300x168; 646,186 300x168; 962,186 300x168; 14,8 300x168; "
	 "330,8 300x168; 646,8 300x168"},
	{1, 1, "0,0 1280x720"},
	{1, 2, "0,0 640x720; 640,0 640x720"},
	{1, 3, "0,0 640x360; 640,0 640x360; 0,360 640x360"},
	{1, 4, "0,0 640x360; 640,0 640x360; 0,360 640x360; 640,360 640x360"},
	{1, 5,
	 "0,0 426x240; 426,0 426x240; 852,0 426x240; 0,240 426x240; "
	 "426,240 426x240"},
	{1, 9,
	 "0,0 426x240; 426,0 426x240; 852,0 426x240; 0,240 426x240; "
	 "426,240 426x240; 852,240 426x240; 0,480 426x240; 426,480 426x240; "
	 "852,480 426x240"},
	{1, 16,
	 "0,0 320x180; 320,0 320x180; 640,0 320x180; 960,0 320x180; "
	 "0,180 320x180; 320,180 320x180; 640,180 320x180; 960,180 320x180; "
	 "0,360 320x180; 320,360 320x180; 640,360 320x180; 960,360 320x180; "
	 "0,540 320x180; 320,540 320x180; 640,540 320x180; 960,540 320x180"},
	{2, 1, "0,0 1024x720"},
	{2, 2, "0,0 1024x720; 1024,0 256x180"},
	{2, 3, "0,0 1024x720; 1024,0 256x180; 1024,180 256x180"},
	{2, 4, "0,0 1024x720; 1024,0 256x180; 1024,180 256x180; 1024,360 256x180"},
	{2, 5,
	 "0,0 1024x720; 1024,0 256x180; 1024,180 256x180; 1024,360 256x180; "
	 "1024,540 256x180"},
	{2, 9,
	 "0,0 1138x720; 1138,0 142x90; 1138,90 142x90; 1138,180 142x90; "
	 "1138,270 142x90; 1138,360 142x90; 1138,450 142x90; "
	 "1138,540 142x90; 1138,630 142x90"},
	{2, 16,
	 "0,0 1024x720; 1024,0 128x90; 1024,90 128x90; 1024,180 128x90; "
	 "1024,270 128x90; 1024,360 128x90; 1024,450 128x90; "
	 "1024,540 128x90; 1024,630 128x90; 1152,0 128x90; 1152,90 128x90; "
	 "1152,180 128x90; 1152,270 128x90; 1152,360 128x90; "
	 "1152,450 128x90; 1152,540 128x90"},
};

static int number(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	assert_true(json_is_integer(value));
	return (int)json_integer_value(value);
}

/* "x,y wxh; ..." of a list of the answer. */
static const char *rectangles(const char *list)
{
	static char text[1024];
	const json_t *tile;
	char *end = text;
	size_t i;

	text[0] = '\0';
	json_array_foreach(json_object_get(f.json, list), i, tile) end +=
		sprintf(end, "%s%d,%d %dx%d", i ? "; " : "", number(tile, "x"), number(tile, "y"),
			number(tile, "width"), number(tile, "height"));
	return text;
}

/* "alice bob/aux" of a list; "-" for nobody. */
static const char *names(const char *list)
{
	static char text[1024];
	const json_t *tile;
	char *end = text;
	size_t i;

	text[0] = '\0';
	json_array_foreach(json_object_get(f.json, list), i, tile)
	{
		const char *user = json_string_value(json_object_get(tile, "user"));
		const char *type = json_string_value(json_object_get(tile, "stream_type"));

		end += sprintf(end, "%s%s%s", i ? " " : "", *user ? user : "-",
			       strcmp(type, "aux") != 0 ? "" : "/aux");
	}
	return text;
}

/* who has this property: "mixed", "seen", "heard" */
static const char *people(const char *property)
{
	static char text[1024];
	const json_t *person;
	char *end = text;
	size_t i;

	text[0] = '\0';
	json_array_foreach(json_object_get(f.json, "people"), i, person)
	{
		if (json_is_true(json_object_get(person, property)))
			end += sprintf(end, "%s%s", end == text ? "" : " ",
				       json_string_value(json_object_get(person, "user")));
	}
	return text;
}

static void look(const char *body)
{
	fixture_call(&f, "POST", PREVIEW, body, 200);
}

static void enter(const char *body)
{
	fixture_call(&f, "POST", ROOM "/users", body, 201);
}

static void test_tables(void **state)
{
	int count = 0;

	(void)state;
	for (int n = 1; n <= 16; n++) {
		char user[8];

		(void)snprintf(user, sizeof(user), "u%d", n);
		fixture_user(&f, user);
		for (size_t i = 0; i < sizeof(TABLES) / sizeof(TABLES[0]); i++) {
			char body[128];

			if (TABLES[i].count != n)
				continue;
			/* the big tile of template 2 stands also when it is nobody's */
			(void)snprintf(body, sizeof(body),
				       "{'layout':{'template':%d,'big':{'user':'u1'}}}",
				       TABLES[i].template);
			look(body);
			assert_string_equal(rectangles("tiles"), TABLES[i].rectangles);
			assert_int_equal(number(f.json, "width"), 1280);
			assert_int_equal(number(f.json, "height"), 720);
			count++;
		}
	}
	assert_int_equal(count, sizeof(TABLES) / sizeof(TABLES[0]));
	assert_string_equal(names("tiles"), "u1 u2 u3 u4 u5 u6 u7 u8 u9 u10 u11 u12 u13 u14 u15 "
					    "u16");

	/* the seventeenth waits */
	fixture_user(&f, "u17");
	look("{}");
	assert_int_equal(json_array_size(json_object_get(f.json, "tiles")), 16);
	assert_int_equal(json_array_size(json_object_get(f.json, "people")), 17);
	assert_json(json_array_get(json_object_get(f.json, "people"), 16),
		    "{'user':'u17','stream_type':'main','mixed':false,'seen':false,'heard':false}");

	/* nothing was started */
	fixture_call(&f, "GET", "/api/v1/mixes", NULL, 200);
	assert_json(f.json, "{'mixes':[]}");
}

static void test_parameters(void **state)
{
	(void)state;
	look("{'stream_id':'show'}"); /* an empty room has a canvas as well */
	assert_json(f.json, "{'width':1280,'height':720,'tiles':[],'places':[],'people':[],"
			    "'water_mark':null}");
	enter("{'user':'alice'}");
	enter("{'user':'bob'}");
	enter("{'user':'carol','video':false}");
	enter("{'user':'alice','stream_type':'aux','audio':false}");

	look("{'layout':{'template':1}}");
	assert_string_equal(names("tiles"), "alice alice/aux bob carol");
	look("{'layout':{'template':1,'users':['bob','carol']}}");
	assert_string_equal(names("tiles"), "bob carol");
	assert_string_equal(people("heard"), "alice bob carol");
	look("{'layout':{'template':1,'pure_audio_hold_place':2}}");
	assert_string_equal(names("tiles"), "alice alice/aux bob");
	assert_string_equal(people("mixed"), "alice bob carol alice");

	/* an odd portrait canvas is rounded first; the big one fits by default, at the right here
	 */
	look("{'video':{'width':721,'height':1079},'layout':{'template':2,"
	     "'big':{'user':'alice','stream_type':'aux'},'big_right':true}}");
	assert_int_equal(number(f.json, "width"), 720);
	assert_int_equal(number(f.json, "height"), 1078);
	assert_string_equal(rectangles("tiles"),
			    "144,0 576x1078; 0,0 144x268; 0,268 144x268; 0,536 144x268");
	assert_string_equal(names("tiles"), "alice/aux alice bob carol");
	assert_int_equal(number(json_array_get(json_object_get(f.json, "tiles"), 0), "render"), 1);
	assert_int_equal(number(json_array_get(json_object_get(f.json, "tiles"), 1), "render"), 0);
	look("{'layout':{'template':2,'render':2,'big':{'user':'nobody'}}}");
	assert_string_equal(names("tiles"), "alice alice/aux bob carol");
	assert_string_equal(rectangles("tiles"),
			    "1024,0 256x180; 1024,180 256x180; 1024,360 256x180; 1024,540 256x180");
	assert_int_equal(number(json_array_get(json_object_get(f.json, "tiles"), 0), "render"), 2);

	/* the small one is rounded down to even */
	look("{'layout':{'template':3,'small':{'user':'alice','x':941,'y':520,'width':321,"
	     "'height':180}}}");
	assert_string_equal(rectangles("tiles"), "0,0 1280x720; 940,520 320x180");
	assert_string_equal(names("tiles"), "alice/aux alice");

	/* sound only: nothing is drawn, all are heard */
	look("{'video':null}");
	assert_int_equal(number(f.json, "width"), 0);
	assert_string_equal(names("tiles"), "");
	assert_string_equal(people("heard"), "alice bob carol");
}

static void take(const char *text)
{
	json_t *message = json_of(text);

	tess_facts_up(f.control.facts, TESS_PROCESS_MEDIA, FIXTURE_UTC_US);
	assert_int_equal(tess_facts_take(f.control.facts, TESS_PROCESS_MEDIA, message, 0), 0);
	json_decref(message);
}

#define PLACES                                                                     \
	"'layout':{'template':4,'presets':["                                       \
	"{'x':1,'y':2,'width':321,'height':181,'z':5},"                            \
	"{'x':0,'y':0,'width':1280,'height':720},"                                 \
	"{'user':'dave','x':640,'y':0,'width':640,'height':360,'z':2,'render':1}," \
	"{'user':'carol','x':640,'y':360,'width':640,'height':360,'input':2}]}}"

static void test_places(void **state)
{
	(void)state;
	enter("{'user':'alice'}");
	enter("{'user':'bob'}");
	enter("{'user':'carol'}");
	enter("{'user':'eve'}");
	look("{" PLACES);
	/* by z, then by their order; carol is heard alone; eve waits; dave's place is kept */
	assert_string_equal(rectangles("tiles"), "0,0 1280x720; 0,2 320x180");
	assert_string_equal(names("tiles"), "bob alice");
	assert_int_equal(number(json_array_get(json_object_get(f.json, "tiles"), 0), "place"), 2);
	assert_string_equal(rectangles("places"),
			    "0,2 320x180; 0,0 1280x720; 640,0 640x360; 640,360 640x360");
	assert_string_equal(names("places"), "alice bob - carol");
	assert_string_equal(people("mixed"), "alice bob carol");
	assert_string_equal(people("seen"), "alice bob");

	/* while it runs, everybody stays where he is */
	fixture_call(&f, "POST", MIX, "{'stream_id':'s'," PLACES, 200);
	fixture_call(&f, "DELETE", ROOM "/users/alice", NULL, 204);
	take("{'mixes':[{'id':1,'places':[{'user':'bob','stream_type':'main','place':2},"
	     "{'user':'bob','stream_type':'aux','place':4},{'user':7}]}]}");
	look("{" PLACES);
	assert_string_equal(names("places"), "eve bob - carol");
	look("{'stream_id':'s'," PLACES);
	assert_string_equal(names("places"), "eve bob - carol");
	/* a new output begins anew */
	look("{'stream_id':'other'," PLACES);
	assert_string_equal(names("places"), "bob eve - carol");
}

static void bad(const char *body, const char *code, const char *field)
{
	fixture_refused(&f, "POST", PREVIEW, body, 400, code, field);
}

/* a place whose user is away shows its picture; the watermark is rounded as well */
static void test_pictures(void **state)
{
	(void)state;
	enter("{'user':'alice'}");
	fixture_call(&f, "POST", "/api/v1/applications/1400000001/pictures",
		     "{'content':'Qk06AAAAAAAAADYAAAAoAAAAAQAAAAEAAAABABgAAAAAAAQAAAATCwAAEwsAAAAA"
		     "AAAAAAAAAAD/AA=='}",
		     201);
	look("{'layout':{'template':4,'presets':[{'width':320,'height':180},"
	     "{'user':'bob','x':321,'width':320,'height':180,'image':1}],"
	     "'water_mark':{'id':1,'x':11,'y':20,'width':101,'height':50}}}");
	assert_string_equal(names("tiles"), "alice -");
	assert_string_equal(rectangles("tiles"), "0,0 320x180; 320,0 320x180");
	assert_int_equal(number(json_array_get(json_object_get(f.json, "tiles"), 1), "place"), 2);
	assert_int_equal(number(json_array_get(json_object_get(f.json, "tiles"), 1), "render"), 3);
	assert_json(json_object_get(f.json, "water_mark"),
		    "{'x':10,'y':20,'width':100,'height':50}");

	bad("{'video':{'background_image':{'id':7}}}", "ResourceNotFound",
	    "video.background_image.id");
	bad("{'layout':{'template':4,'presets':[{},{'width':2,'height':2,'image':9}]}}",
	    "ResourceNotFound", "layout.presets.1.image");
	bad("{'layout':{'water_mark':{'id':1,'x':1200,'y':0,'width':100,'height':9}}}",
	    "InvalidParameter", "layout.water_mark.width");
	bad("{'video':{'background_image':{'url':'ftp://a/b.png'}}}",
	    "InvalidParameter.BackgroundImageUrl", "video.background_image.url");
}

/* as a start is */
static void test_refused(void **state)
{
	(void)state;
	fixture_user(&f, "alice");
	bad("{'stream_id':'a b?'}", "InvalidParameter.StreamId", "stream_id");
	bad("{'video':{'bitrate_kbps':10001}}", "InvalidParameter.EncodeParams",
	    "video.bitrate_kbps");
	bad("{'video':{'height':8}}", "InvalidParameter.VideoResolution", "video.height");
	bad("{'layout':{'template':5}}", "InvalidParameter", "layout.template");
	bad("{'layout':{'template':4,'presets':[{'x':1000,'width':500}]}}",
	    "InvalidParameter.PresetLayoutConfig", "layout.presets.0.width");
	bad("{'layout':{'colour':1}}", "invalid_parameter", "layout.colour");
	/* two columns of an eighth and a tenth are nothing here */
	for (int i = 0; i < 9; i++) {
		char user[8];

		(void)snprintf(user, sizeof(user), "u%d", i);
		fixture_user(&f, user);
	}
	bad("{'video':{'width':18,'height':18},'layout':{'template':2}}",
	    "InvalidParameter.VideoResolution", "video");
	fixture_refused(&f, "POST", "/api/v1/applications/1400000002/rooms/101/mix/preview", "{}",
			404, "not_found", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tables, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parameters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_places, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pictures, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
