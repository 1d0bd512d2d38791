/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/facts.c - the "facts" message, as docs/links.md has it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/media/facts.h"

/* A compact member of the message must be this JSON. */
static void assert_json(const json_t *value, const char *expected)
{
	json_t *wanted = json_loads(expected, JSON_DECODE_ANY, NULL);

	assert_non_null(wanted);
	if (!json_equal(value, wanted)) {
		char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

		assert_string_equal(text, expected);
	}
	json_decref(wanted);
}

static void fill_publisher(struct tess_publisher_facts *publisher)
{
	publisher->id = 12;
	publisher->state = TESS_PUBLISHER_RECEIVING;
	publisher->idle_us = 8999;
	publisher->video.present = true;
	publisher->video.rtp.packets = 1000;
	publisher->video.rtp.bytes = 900000;
	publisher->video.rtp.lost = 3;
	publisher->video.width = 640;
	publisher->video.height = 360;
	publisher->video.bitrate_bps = 500000;
	publisher->video.frame_rate = 15;
	publisher->video.tile_width = 320;
	publisher->video.tile_height = 180;
	publisher->video.decoders = 1;
	publisher->video.jitter_us = 900;
	publisher->video.counters.wrong_source = 4;
}

static void the_documented_message(void **state)
{
	const struct tess_engine_facts engines[2] = {
		{.name = "nv",
		 .info = {.device = "0", .vendor = "NVIDIA 1"},
		 .state = TESS_ENGINE_LOST,
		 .losses = 2},
		{.name = "soft",
		 .info = {.device = "cpu", .vendor = "libavcodec", .shared_units = true},
		 .state = TESS_ENGINE_OK,
		 .capacity = {100, 200, 50},
		 .used = {10, 0.5, 1},
		 .load = 0.125,
		 .max_load = 0.5,
		 .mixes = 3,
		 .stats = {.decoded = 1,
			   .damaged = 8,
			   .refused = 9,
			   .encoded = 2,
			   .faults = 7,
			   .surfaces_live = 4}},
	};
	struct tess_media_facts *facts[2] = {NULL, NULL};
	json_t *message, *publisher, *video, *mix, *list, *engine;

	(void)state;
	assert_int_equal(tess_media_facts_alloc(&facts[1], 1, 1), 0);
	facts[1]->publisher_count = facts[1]->mix_count = 1;
	fill_publisher(&facts[1]->publishers[0]);
	facts[1]->mixes[0] = (struct tess_mix_facts){
		.id = 3,
		.epoch = 5,
		.state = TESS_MIX_RUNNING,
		.engine = 1,
		.price = {3.5, 13.5, 13.5},
		.frames = 300,
		.bitrate_bps = 1480000,
		.frame_rate = 15,
		.latency_p95_us = 40000,
		.counters = {.encoder_busy = 6},
		.tiles = {{.user = "alice", .rect = {0, 180, 320, 180}},
			  {.user = "bob", .auxiliary = true}},
		.tile_count = 2,
		.places = {{.user = "carol", .place = 3}},
		.place_count = 1,
	};
	facts[1]->net.rx_packets = 77;
	facts[1]->net.tx_dropped_no_neighbour = 5;
	facts[1]->net.link_down = true;
	facts[1]->net_spec = "xdp:eth0";
	facts[1]->cpu_us = 1234;
	facts[1]->at_us = 99;
	message = tess_media_facts_message(facts, 2, engines, 2);
	assert_non_null(message);

	assert_string_equal(json_string_value(json_object_get(message, "type")), "facts");
	publisher = json_array_get(json_object_get(message, "publishers"), 0);
	video = json_object_get(publisher, "video");
	assert_json(json_object_get(json_object_get(video, "counters"), "lost"), "3");
	assert_json(json_object_get(json_object_get(video, "counters"), "wrong_source"), "4");
	assert_json(json_object_get(json_object_get(video, "counters"), "duplicate"), "0");
	json_object_del(video, "counters");
	assert_json(publisher,
		    "{\"id\":12,\"state\":\"receiving\",\"error\":\"\",\"idle_ms\":8,"
		    "\"video\":{\"packets\":1000,\"bytes\":900000,\"lost\":3,\"width\":640,"
		    "\"height\":360,\"bitrate_bps\":500000,\"frame_rate\":15.0,\"jitter_us\":900,"
		    "\"tile_width\":320,\"tile_height\":180,\"decoders\":1},"
		    "\"audio\":null}");
	mix = json_array_get(json_object_get(message, "mixes"), 0);
	assert_json(json_object_get(json_object_get(mix, "counters"), "encoder_busy"), "6");
	json_object_del(mix, "counters");
	assert_json(mix,
		    "{\"id\":3,\"epoch\":5,\"state\":\"running\",\"error\":\"\",\"engine\":1,"
		    "\"price\":{\"decode\":3.5,\"compose\":13.5,\"encode\":13.5},\"frames\":300,"
		    "\"bitrate_bps\":1480000,\"frame_rate\":15.0,\"latency_p95_us\":40000,"
		    "\"tiles\":[{\"user\":\"alice\",\"stream_type\":\"main\",\"x\":0,\"y\":180,"
		    "\"width\":320,\"height\":180},{\"user\":\"bob\",\"stream_type\":\"aux\","
		    "\"x\":0,\"y\":0,\"width\":0,\"height\":0}],\"places\":[{\"user\":\"carol\","
		    "\"stream_type\":\"main\",\"place\":3}]}");
	list = json_object_get(message, "engines");
	assert_int_equal(json_array_size(list), 2);
	engine = json_array_get(list, 0);
	json_object_del(engine, "counters");
	assert_json(engine, "{\"name\":\"nv\",\"device\":\"0\",\"vendor\":\"NVIDIA 1\","
			    "\"state\":\"lost\",\"shared\":false,"
			    "\"capacity\":{\"decode\":0.0,\"compose\":0.0,\"encode\":0.0},"
			    "\"used\":{\"decode\":0.0,\"compose\":0.0,\"encode\":0.0},"
			    "\"load\":0.0,\"max_load\":0.0,\"mixes\":0,\"losses\":2}");
	assert_json(json_array_get(list, 1),
		    "{\"name\":\"soft\",\"device\":\"cpu\",\"vendor\":\"libavcodec\","
		    "\"state\":\"ok\",\"shared\":true,"
		    "\"capacity\":{\"decode\":100.0,\"compose\":200.0,\"encode\":50.0},"
		    "\"used\":{\"decode\":10.0,\"compose\":0.5,\"encode\":1.0},"
		    "\"load\":0.125,\"max_load\":0.5,\"mixes\":3,\"losses\":0,"
		    "\"counters\":{\"decoded\":1,\"fallback_decoded\":0,\"damaged\":8,"
		    "\"refused\":9,\"composed\":0,\"tiles_drawn\":0,\"tiles_kept\":0,"
		    "\"encoded\":2,\"uploads\":0,\"downloads\":0,\"allocations\":0,"
		    "\"faults\":7,\"surfaces_live\":4}}");
	assert_json(json_object_get(json_object_get(message, "net"), "rx_packets"), "77");
	assert_json(json_object_get(json_object_get(message, "net"), "tx_dropped_no_neighbour"),
		    "5");
	assert_json(
		json_object_get(json_object_get(message, "net"), "queues"),
		"[{\"net\":\"xdp:eth0\",\"link\":false,\"at_us\":99,\"cpu_us\":1234,"
		"\"rx_packets\":77,\"rx_bytes\":0,\"tx_packets\":0,\"tx_bytes\":0,"
		"\"rx_dropped_pool_empty\":0,\"rx_dropped_kernel\":0,\"rx_dropped_truncated\":0,"
		"\"rx_dropped_malformed\":0,\"rx_dropped_fragment\":0,"
		"\"rx_dropped_checksum\":0,\"rx_dropped_stun\":0,\"rx_dropped_dtls\":0,"
		"\"rx_dropped_unknown_source\":0,\"rx_dropped_worker_busy\":0,"
		"\"rx_dropped_no_flow\":0,\"rx_dropped_other\":0,"
		"\"tx_dropped\":0,\"tx_dropped_no_neighbour\":5,\"tx_dropped_too_long\":0,"
		"\"tx_dropped_link_down\":0}]");
	json_decref(message);
	tess_media_facts_free(facts[1]);
}

static void errors_have_a_text(void **state)
{
	struct tess_media_facts *facts[1];
	json_t *message;

	(void)state;
	assert_int_equal(tess_media_facts_alloc(&facts[0], 1, 1), 0);
	facts[0]->publisher_count = facts[0]->mix_count = 1;
	facts[0]->publishers[0].state = TESS_PUBLISHER_ERROR;
	facts[0]->publishers[0].error = -EADDRINUSE;
	facts[0]->mixes[0].state = TESS_MIX_ERROR;
	facts[0]->mixes[0].error = -ENODEV;
	facts[0]->mixes[0].engine = -1;
	message = tess_media_facts_message(facts, 1, NULL, 0);
	assert_non_null(message);
	assert_json(json_array_get(json_object_get(message, "publishers"), 0),
		    "{\"id\":0,\"state\":\"error\",\"error\":\"Address already in use\","
		    "\"idle_ms\":0,\"video\":null,\"audio\":null}");
	assert_json(json_object_get(json_array_get(json_object_get(message, "mixes"), 0), "error"),
		    "\"No such device\"");
	json_decref(message);
	tess_media_facts_free(facts[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_documented_message),
		cmocka_unit_test(errors_have_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
