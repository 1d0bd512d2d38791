/* SPDX-License-Identifier: GPL-3.0-or-later
 * Rooms and users: entering with its addresses and SDP, live state, leaving.
 */
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "fixture.h"

#define APP   "/api/v1/applications/1400000001"
#define USERS APP "/rooms/101/users"

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

static void test_enter(void **state)
{
	json_int_t ssrc;

	(void)state;
	fixture_call(&f, "POST", USERS, "{'user':'alice'}", 201);
	assert_string_equal(
		fixture_text(&f, "sdp"),
		"v=0\r\no=- 1 1 IN IP4 box.lan\r\ns=alice\r\nc=IN IP4 box.lan\r\nt=0 0\r\n"
		"a=recvonly\r\n"
		"m=video 20000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
		"a=fmtp:96 packetization-mode=1\r\n"
		"m=audio 20002 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\n");
	assert_string_equal(fixture_text(&f, "address"), "box.lan");
	assert_string_equal(fixture_text(&f, "room_type"), "number");
	assert_int_equal(fixture_int(&f, "video.port"), 20000);
	assert_int_equal(fixture_int(&f, "video.rtcp_port"), 20001);
	assert_int_equal(fixture_int(&f, "audio.port"), 20002);
	assert_int_equal(fixture_int(&f, "audio.payload_type"), 97);
	ssrc = fixture_int(&f, "video.ssrc");
	assert_in_range(ssrc, 1, UINT32_MAX);
	assert_int_not_equal(fixture_int(&f, "audio.ssrc"), ssrc);
	fixture_refused(&f, "POST", USERS, "{'user':'alice'}", 409, "exists", "user");
	fixture_call(&f, "POST", USERS, "{'user':'alice','stream_type':'aux','audio':false}", 201);
	assert_true(json_is_null(json_object_get(f.json, "audio")));
	assert_null(strstr(fixture_text(&f, "sdp"), "m=audio"));

	(void)stpcpy(f.config.media.address, "2001:db8::5");
	fixture_call(&f, "POST", USERS "?room_type=string", "{'user':'alice'}", 201);
	assert_string_equal(fixture_text(&f, "room_type"), "string");
	assert_string_equal(fixture_text(&f, "address"), "2001:db8::5");
	assert_non_null(strstr(fixture_text(&f, "sdp"), "c=IN IP6 2001:db8::5\r\n"));
	f.config.media.address[0] = 0;
	fixture_header(&f, "Host", "[2001:db8::6]:8080");
	fixture_call(&f, "POST", APP "/rooms/my%20room/users",
		     "{'user':'alice','video':false,'audio':{'payload_type':100}}", 201);
	assert_string_equal(fixture_text(&f, "room"), "my room");
	assert_string_equal(fixture_text(&f, "address"), "2001:db8::6");
	assert_int_equal(fixture_int(&f, "audio.payload_type"), 100);
	/* what is no host is not repeated */
	fixture_header(&f, "Host", "evil\r\nx:");
	fixture_call(&f, "POST", USERS, "{'user':'bob','room_type':'string'}", 201);
	assert_string_equal(fixture_text(&f, "address"), "localhost");
}

static void test_refused(void **state)
{
	(void)state;
	fixture_refused(&f, "POST", USERS, "{}", 400, "missing_parameter", "user");
	fixture_refused(&f, "POST", USERS, "{'user':'a/b'}", 400, "invalid_parameter", "user");
	fixture_refused(&f, "POST", USERS, "{'user':'012345678901234567890123456789012'}", 400,
			"invalid_parameter", "user");
	fixture_refused(&f, "POST", USERS, "{'user':'a','video':1}", 400, "invalid_parameter",
			"video");
	fixture_refused(&f, "POST", USERS, "{'user':'a','video':{'payload_type':95}}", 400,
			"invalid_parameter", "video.payload_type");
	fixture_refused(&f, "POST", USERS, "{'user':'a','audio':{'payload_type':128}}", 400,
			"invalid_parameter", "audio.payload_type");
	fixture_refused(&f, "POST", USERS, "{'user':'a','audio':{'codec':'pcmu'}}", 400,
			"invalid_parameter", "audio.codec");
	fixture_refused(&f, "POST", USERS, "{'user':'a','video':false,'audio':false}", 400,
			"invalid_parameter", "video");
	fixture_refused(&f, "POST", USERS, "{'user':'a','stream_type':'third'}", 400,
			"invalid_parameter", "stream_type");
	fixture_refused(&f, "POST", USERS, "{'user':'a','source':'box.lan'}", 400,
			"invalid_parameter", "source");
	fixture_refused(&f, "POST", USERS, "{'user':'a','room_type':'x'}", 400, "invalid_parameter",
			"room_type");
	fixture_refused(&f, "POST", USERS "?room_type=x", "{'user':'a'}", 400, "invalid_parameter",
			"room_type");
	fixture_refused(&f, "POST", USERS, "{'user':'a','colour':1}", 400, "invalid_parameter",
			"colour");
	fixture_refused(&f, "POST", APP "/rooms/0/users?room_type=number", "{'user':'a'}", 400,
			"invalid_parameter", "room");
	fixture_refused(&f, "POST", APP "/rooms/a%2Fb/users", "{'user':'a'}", 400,
			"invalid_parameter", "room");
	fixture_refused(&f, "POST", "/api/v1/applications/5/rooms/1/users", "{'user':'a'}", 404,
			"not_found", "");
	fixture_call(&f, "GET", "/api/v1/rooms", NULL, 200);
	assert_json(f.json, "{'rooms':[]}");
	f.config.media.rtp_port_max = 20003;
	fixture_user(&f, "a");
	fixture_refused(&f, "POST", USERS, "{'user':'b'}", 503, "no_port", "");
}

static void take(const char *text)
{
	json_t *message = json_of(text);

	assert_int_equal(
		tess_facts_take(f.control.facts, TESS_PROCESS_MEDIA, message, f.time.now_us), 0);
	json_decref(message);
}

static void test_live(void **state)
{
	(void)state;
	fixture_user(&f, "alice");
	fixture_call(&f, "POST", USERS, "{'user':'bob','video':false,'source':'192.0.2.3'}", 201);
	fixture_call(&f, "POST", USERS "?room_type=string", "{'user':'alice','audio':false}", 201);
	fixture_call(&f, "GET", APP "/rooms/101", NULL, 200);
	assert_json(json_object_get(json_array_get(json_object_get(f.json, "users"), 0), "state"),
		    "'unknown'");
	tess_facts_up(f.control.facts, TESS_PROCESS_MEDIA, FIXTURE_UTC_US);
	take("{'publishers':[{'id':1,'state':'receiving','error':'','idle_ms':8,"
	     "'video':{'packets':1000,'bytes':900000,'lost':3,'width':640,'height':360,"
	     "'bitrate_bps':500000,'frame_rate':15,'jitter_us':900,'counters':{'lost':3}},"
	     "'audio':{'packets':1000,'bytes':90000,'lost':0,'bitrate_bps':32000,'level':0.5,"
	     "'jitter_us':500,'counters':{}}}]}");
	take("{'publishers':[{'id':1,'state':'receiving','error':'','idle_ms':8,"
	     "'video':{'packets':1090,'bytes':900000,'lost':13,'width':640,'height':360,"
	     "'bitrate_bps':500000,'frame_rate':15,'jitter_us':900,'tile_width':320,"
	     "'tile_height':180,'decoders':1,'counters':{'lost':3}},"
	     "'audio':{'packets':1000,'bytes':90000,'lost':0,'bitrate_bps':32000,'level':0.5,"
	     "'jitter_us':500,'counters':{}}}]}");
	fixture_call(&f, "GET", APP "/rooms/101", NULL, 200);
	assert_json(
		f.json,
		"{'application':1400000001,'room':'101','room_type':'number','mix':null,'users':["
		"{'id':1,'user':'alice','stream_type':'main','source':'','stream_id':'','record_id'"
		":'','flv_url':'','rtmp_url':'','hls_url':'','recording':null,"
		"'entered':'2023-11-14T22:13:20.000Z','state':'receiving','error':'','idle_ms':8,"
		"'video':{'port':20000,'rtcp_port':20001,'payload_type':96,'codec':'h264',"
		"'packets':1090,'bytes':900000,'lost':13,'loss_percent':10.0,"
		"'bitrate_bps':500000,'jitter_us':900,'width':640,'height':360,'frame_rate':15,"
		"'tile_width':320,'tile_height':180,'decoders':1},"
		"'audio':{'port':20002,'rtcp_port':20003,'payload_type':97,'codec':'opus',"
		"'packets':1000,'bytes':90000,'lost':0,'loss_percent':0.0,'bitrate_bps':32000,"
		"'jitter_us':500,'level':0.5}},"
		"{'id':2,'user':'bob','stream_type':'main','source':'192.0.2.3','stream_id':'','"
		"record_id':'','flv_url':'','rtmp_url':'','hls_url':'','recording':null,"
		"'entered':'2023-11-14T22:13:20.000Z','state':'waiting','error':'','idle_ms':0,"
		"'video':null,'audio':{'port':20004,'rtcp_port':20005,'payload_type':97,"
		"'codec':'opus','packets':0,'bytes':0,'lost':0,'loss_percent':0.0,"
		"'bitrate_bps':0,'jitter_us':0,'level':0.0}}]}");
	fixture_call(&f, "GET", "/api/v1/rooms", NULL, 200);
	assert_int_equal(json_array_size(json_object_get(f.json, "rooms")), 2);
	fixture_call(&f, "POST", "/api/v1/applications", "{'id':7,'name':'x'}", 201);
	fixture_call(&f, "GET", "/api/v1/applications/7/rooms", NULL, 200);
	assert_json(f.json, "{'rooms':[]}");
	fixture_call(&f, "GET", APP "/rooms", NULL, 200);
	assert_int_equal(json_array_size(json_object_get(f.json, "rooms")), 2);
	fixture_refused(&f, "GET", APP "/rooms/102", NULL, 404, "not_found", "");
	/* what media tells of wrong types is not passed on */
	take("{'publishers':[{'id':1,'state':7,'idle_ms':'x','video':{'packets':'many'}}]}");
	fixture_call(&f, "GET", APP "/rooms/101", NULL, 200);
	assert_json(json_object_get(json_array_get(json_object_get(f.json, "users"), 0), "state"),
		    "'waiting'");
}

static void test_leave(void **state)
{
	(void)state;
	fixture_user(&f, "alice");
	fixture_call(&f, "POST", USERS, "{'user':'alice','stream_type':'aux'}", 201);
	fixture_call(&f, "POST", APP "/rooms/101/mix", "{'stream_id':'s'}", 200);
	fixture_refused(&f, "DELETE", USERS "/bob", NULL, 404, "not_found", "");
	fixture_refused(&f, "DELETE", USERS "/alice?room_type=string", NULL, 404, "not_found", "");
	fixture_refused(&f, "DELETE", USERS "/alice?stream_type=x", NULL, 400, "invalid_parameter",
			"stream_type");
	fixture_call(&f, "DELETE", USERS "/alice?stream_type=aux", NULL, 204);
	fixture_call(&f, "GET", APP "/rooms/101/mix", NULL, 200);
	fixture_call(&f, "DELETE", USERS "/alice", NULL, 204);
	fixture_refused(&f, "GET", APP "/rooms/101/mix", NULL, 404, "not_found", "");
	fixture_refused(&f, "GET", APP "/rooms/101", NULL, 404, "not_found", "");
}

static json_t *stream_of(const char *name)
{
	json_t *streams, *one;
	size_t i;

	fixture_call(&f, "GET", "/api/v1/streams", NULL, 200);
	streams = json_object_get(f.json, "streams");
	json_array_foreach(streams, i, one)
	{
		if (!strcmp(json_string_value(json_object_get(one, "name")), name))
			return one;
	}
	return NULL;
}

/* What users send is a live stream: by a name given, or by the rule of the application. */
static void test_streams(void **state)
{
	static const char md5[] = "1234_8D0261436C375BB0DEA901D86D7D70E8";
	json_t *one;

	(void)state;
	fixture_refused(&f, "POST", USERS, "{'user':'a','stream_id':'a b'}", 400,
			"invalid_parameter", "stream_id");
	fixture_refused(&f, "POST", USERS,
			"{'user':'a','stream_id':'"
			"01234567890123456789012345678901234567890123456789012345678901234'}",
			400, "invalid_parameter", "stream_id");
	fixture_refused(&f, "POST", USERS, "{'user':'a','record_id':'a.b'}", 400,
			"invalid_parameter", "record_id");
	fixture_refused(&f, "PATCH", APP, "{'live_all':1}", 400, "invalid_parameter", "live_all");
	fixture_refused(&f, "PATCH", APP, "{'name_rule':'sha'}", 400, "invalid_parameter",
			"name_rule");
	fixture_refused(&f, "PATCH", APP, "{'name_rule':'md5'}", 400, "invalid_parameter",
			"biz_id");

	/* without the switch only who gave a name */
	fixture_call(&f, "POST", USERS, "{'user':'alice'}", 201);
	assert_string_equal(fixture_text(&f, "stream_id"), "");
	fixture_call(&f, "POST", USERS, "{'user':'bob','stream_id':'bobs','record_id':'r-1'}", 201);
	assert_string_equal(fixture_text(&f, "stream_id"), "bobs");
	assert_string_equal(fixture_text(&f, "record_id"), "r-1");
	assert_null(stream_of("1400000001_101_alice_main"));
	one = stream_of("bobs");
	assert_string_equal(json_string_value(json_object_get(one, "kind")), "user");
	assert_string_equal(json_string_value(json_object_get(one, "user")), "bob");
	assert_string_equal(json_string_value(json_object_get(one, "stream")), "user-2");
	assert_string_equal(json_string_value(json_object_get(one, "flv_url")),
			    "http://box.lan:8088/live/bobs.flv");
	/* nobody else may have it */
	fixture_refused(&f, "POST", USERS, "{'user':'carl','stream_id':'bobs'}", 409, "exists",
			"stream_id");
	fixture_refused(&f, "POST", APP "/rooms/101/mix", "{'stream_id':'bobs'}", 400,
			"InvalidParameter.StreamId", "stream_id");
	fixture_call(&f, "POST", APP "/rooms/101/mix", "{'stream_id':'show'}", 200);
	fixture_refused(&f, "POST", USERS, "{'user':'carl','stream_id':'show'}", 409, "exists",
			"stream_id");

	/* the switch holds for who is there as well */
	fixture_call(&f, "PATCH", APP, "{'live_all':true}", 200);
	assert_string_equal(fixture_text(&f, "name_rule"), "plain");
	assert_non_null(stream_of("1400000001_101_alice_main"));
	assert_non_null(stream_of("bobs"));
	fixture_refused(&f, "POST", USERS "?room_type=string", "{'user':'alice'}", 409, "exists",
			"stream_id");
	fixture_call(&f, "POST", APP "/rooms/my%20room/users",
		     "{'user':'alice','stream_type':'aux'}", 201);
	assert_string_equal(fixture_text(&f, "stream_id"), "1400000001_my%20room_alice_aux");
	one = stream_of("1400000001_my%20room_alice_aux");
	assert_string_equal(json_string_value(json_object_get(one, "flv_url")),
			    "http://box.lan:8088/live/1400000001_my%2520room_alice_aux.flv");
	/* another rule, at once; a name that is another's is given to nobody */
	fixture_call(&f, "POST", APP "/rooms/12345/users", "{'user':'userA'}", 201);
	fixture_call(&f, "PATCH", APP, "{'name_rule':'md5','biz_id':1234}", 200);
	assert_non_null(stream_of(md5));
	assert_null(stream_of("1400000001_101_alice_main"));
	fixture_call(&f, "PATCH", APP, "{'live_all':false}", 200);
	assert_null(stream_of(md5));
	fixture_call(&f, "POST", USERS,
		     "{'user':'dora','stream_id':'1234_8D0261436C375BB0DEA901D86D7D70E8'}", 201);
	fixture_call(&f, "PATCH", APP, "{'live_all':true}", 200);
	one = stream_of(md5);
	assert_string_equal(json_string_value(json_object_get(one, "user")), "dora");
	assert_non_null(stream_of("bobs"));
	fixture_call(&f, "GET", APP "/rooms/12345", NULL, 200);
	one = json_array_get(json_object_get(f.json, "users"), 0);
	assert_string_equal(json_string_value(json_object_get(one, "stream_id")), "");
	assert_string_equal(json_string_value(json_object_get(one, "flv_url")), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_enter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_live, setup, teardown),
		cmocka_unit_test_setup_teardown(test_leave, setup, teardown),
		cmocka_unit_test_setup_teardown(test_streams, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
