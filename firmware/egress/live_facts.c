/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/live_facts.c - what is told of live outputs and their viewers.
 */
#include <string.h>
#include <sys/socket.h>

#include "firmware/egress/live_internal.h"

void tess_live_peer(union tess_addr *address, int fd)
{
	socklen_t size = sizeof(*address);

	if (getpeername(fd, &address->sa, &size))
		*address = (union tess_addr){.in = {.sin_family = AF_INET}};
}

unsigned tess_live_hls_viewers_of(const struct output *output)
{
	return output->hls ? tess_live_hls_viewers(output->hls) : 0;
}

unsigned tess_live_viewers_of(const struct output *output)
{
	return output->player_count + tess_live_hls_viewers_of(output);
}

void tess_live_meter(struct player *player)
{
	tess_traffic_add(player->output->live->config.traffic, player->output->app,
			 TESS_TRAFFIC_LIVE_BYTES, player->viewer.bytes_sent - player->metered);
	player->metered = player->viewer.bytes_sent;
}

void tess_live_meter_hls(struct output *output)
{
	uint64_t sent = output->hls ? tess_live_hls_sent(output->hls) : 0;

	tess_traffic_add(output->live->config.traffic, output->app, TESS_TRAFFIC_LIVE_BYTES,
			 sent - output->hls_metered);
	output->hls_metered = sent;
}

unsigned tess_live_each(struct tess_live *live, const char *name,
			bool (*each)(void *arg, const struct tess_live_viewer *viewer), void *arg)
{
	struct output *output = tess_live_find(live, name);
	unsigned closed = 0;

	/* downwards: who takes the place of one that is closed has had its turn */
	for (unsigned i = output ? output->player_count : 0; i-- > 0;) {
		struct player *player = output->players[i];
		const struct tess_live_viewer viewer = {
			.id = player->id,
			.address = player->address,
			.protocol = player->rtmp ? "rtmp" : "flv",
			.age_us = tess_loop_now_us(live->loop) - player->joined_us,
			.bytes_sent = player->viewer.bytes_sent,
		};

		if (each(arg, &viewer)) {
			tess_live_player_close(player, "kicked");
			closed++;
		}
	}
	if (output && output->hls)
		closed += tess_live_hls_each(output->hls, each, arg);
	return closed;
}

static uint64_t output_sent(const struct output *output)
{
	uint64_t sent = output->closed_sent;

	if (output->hls)
		sent += tess_live_hls_sent(output->hls);
	for (unsigned i = 0; i < output->player_count; i++)
		sent += output->players[i]->viewer.bytes_sent;
	return sent;
}

json_t *tess_live_facts(struct tess_live *live)
{
	int64_t now_us = tess_loop_now_us(live->loop);
	json_t *facts = json_array();

	for (struct output *output = live->outputs; facts && output; output = output->next) {
		uint64_t bytes = tess_window_bytes(output->window);
		int64_t passed_us = now_us - output->measured_us;
		uint64_t rate = 0;

		for (unsigned i = 0; i < output->player_count; i++)
			tess_live_meter(output->players[i]);
		tess_live_meter_hls(output);
		if (passed_us > 0)
			rate = (bytes - output->measured_bytes) * 8000000 / (uint64_t)passed_us;
		output->measured_bytes = bytes;
		output->measured_us = now_us;
		if (json_array_append_new(
			    facts, json_pack("{s:s, s:I, s:I, s:I}", "name", output->name,
					     "viewers", (json_int_t)tess_live_viewers_of(output),
					     "bytes_sent", (json_int_t)output_sent(output),
					     "bitrate_bps", (json_int_t)rate))) {
			json_decref(facts);
			return NULL;
		}
	}
	return facts;
}

void tess_live_count(const struct tess_live *live, json_t *counters)
{
	uint64_t sent = live->closed_sent;

	for (const struct output *output = live->outputs; output; output = output->next)
		sent += output_sent(output) - output->closed_sent;
	(void)json_object_set_new(counters, "viewers",
				  json_integer(live->player_count + tess_live_hls_watching(live)));
	(void)json_object_set_new(counters, "hls_bytes", json_integer((json_int_t)live->hls_held));
	(void)json_object_set_new(counters, "hls_refused",
				  json_integer((json_int_t)live->hls_refused));
	(void)json_object_set_new(counters, "viewers_refused",
				  json_integer((json_int_t)live->viewers_refused));
	(void)json_object_set_new(counters, "viewers_refused_stream",
				  json_integer((json_int_t)live->refused_stream));
	(void)json_object_set_new(counters, "viewers_refused_application",
				  json_integer((json_int_t)live->refused_application));
	(void)json_object_set_new(counters, "viewer_overruns",
				  json_integer((json_int_t)live->viewer_overruns));
	(void)json_object_set_new(counters, "viewers_stalled",
				  json_integer((json_int_t)live->viewers_stalled));
	(void)json_object_set_new(counters, "live_units_dropped",
				  json_integer((json_int_t)live->units_dropped));
	(void)json_object_set_new(counters, "bytes_sent", json_integer((json_int_t)sent));
}
