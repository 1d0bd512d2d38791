/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/live.c - live outputs and the turns in which their players are written to.
 */
#include "firmware/egress/live.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/egress/live_hls.h"
#include "firmware/egress/live_internal.h"
#include "firmware/egress/viewer.h"

#define TICK_US		 10000
#define TICK_AHEAD	 8 /* players that are fetched into the cache before they are looked at */
#define MIN_TURN_US	 20000
#define MAX_TURN_US	 100000
#define TURN_US_A_PLAYER 100
/* players stay that long without their stream */
#define AWAY_US 30000000
/* and that long without taking a byte of what waits for them */
#define STALL_US 10000000
/* how often it is looked for viewers of HLS that ask no more */
#define HLS_SWEEP_US 1000000
/* a player has nothing to say; some send keep-alive bytes */
#define MAX_INPUT_BYTES 65536

static void on_tick(void *arg);
static void on_hls_sweep(void *arg);
static void on_io(void *arg, uint32_t events);

int tess_live_alloc(struct tess_live **livep, struct tess_loop *loop, struct tess_streams *streams,
		    const struct tess_live_config *config)
{
	struct tess_live *live = calloc(1, sizeof(*live));

	if (!live)
		return -ENOMEM;
	live->loop = loop;
	live->streams = streams;
	live->config = *config;
	live->next_viewer = config->first_viewer;
	live->hls = (struct tess_live_hls_config){loop, streams, config->clock, &live->hls_held,
						  config->hls_bytes};
	if (tess_timer_alloc(&live->tick, loop, on_tick, live) ||
	    tess_timer_alloc(&live->hls_sweep, loop, on_hls_sweep, live)) {
		tess_live_free(live);
		return -ENOMEM;
	}
	*livep = live;
	return 0;
}

/** What RTMP itself has to say goes between two messages. @return whether all of it was taken */
static bool send_rtmp(struct player *player)
{
	struct tess_bytes *out = &player->rtmp->session.out;
	ssize_t sent;

	player->viewer.hold = out->length != 0;
	if (!out->length || player->viewer.partial)
		return true;
	sent = send(player->viewer.fd, out->data, out->length, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent > 0) {
		player->viewer.bytes_sent += (size_t)sent;
		tess_rtmp_session_sent(&player->rtmp->session, (size_t)sent);
	}
	player->viewer.hold = out->length != 0;
	return !out->length;
}

void tess_live_player_close(struct player *player, const char *reason)
{
	struct output *output = player->output;

	tess_live_meter(player);
	TESS_DEBUG("viewer.closed", "name=%s reason=%s bytes=%" PRIu64, output->name, reason,
		   player->viewer.bytes_sent);
	output->closed_sent += player->viewer.bytes_sent;
	output->live->closed_sent += player->viewer.bytes_sent;
	output->players[player->index] = output->players[--output->player_count];
	output->players[player->index]->index = player->index;
	output->live->player_count--;
	tess_watch_remove(player->watch);
	tess_transport_close(&player->transport);
	tess_viewer_clear(&player->viewer);
	if (player->rtmp)
		tess_rtmp_server_fini(player->rtmp);
	free(player->rtmp);
	free(player);
}

static void close_all(struct output *output, const char *reason)
{
	while (output->player_count)
		tess_live_player_close(output->players[output->player_count - 1], reason);
}

static void on_stream_up(void *arg, const struct tess_stream_info *info, uint64_t epoch)
{
	struct output *output = arg;

	(void)epoch;
	output->up = true;
	output->ended = false;
	tess_window_begin(output->window, info);
}

static void on_au(void *arg, const struct tess_au *au)
{
	struct output *output = arg;
	int rc = tess_window_add(output->window, au);
	uint64_t suppressed;

	/* before the first key frame nothing is wrong */
	if (!rc || rc == -EAGAIN)
		return;
	output->live->units_dropped++;
	if (tess_log_allowed(&output->drop_limit, tess_loop_now_us(output->live->loop),
			     &suppressed))
		TESS_WARN("live.unit_dropped", "name=%s error=%s suppressed=%" PRIu64, output->name,
			  strerror(-rc), suppressed);
}

static void on_stream_away(void *arg)
{
	struct output *output = arg;

	output->up = false;
	output->away_us = tess_loop_now_us(output->live->loop);
}

static void on_stream_end(void *arg)
{
	struct output *output = arg;

	on_stream_away(output);
	output->ended = true;
	/* players are closed when they have the last of it */
	for (unsigned i = 0; i < output->player_count; i++)
		output->players[i]->drained = false;
}

static const struct tess_sink_ops live_sink = {
	.stream_up = on_stream_up,
	.au = on_au,
	.stream_away = on_stream_away,
	.stream_end = on_stream_end,
};

/** What was sent by HLS is the output's. */
static void hls_free(struct output *output)
{
	tess_live_meter_hls(output);
	output->hls_metered = 0;
	if (output->hls) {
		output->closed_sent += tess_live_hls_sent(output->hls);
		output->live->closed_sent += tess_live_hls_sent(output->hls);
	}
	tess_live_hls_free(output->hls);
	output->hls = NULL;
}

static void output_free(struct output *output)
{
	struct output **linkp = &output->live->outputs;

	while (*linkp != output)
		linkp = &(*linkp)->next;
	*linkp = output->next;
	output->live->output_count--;
	close_all(output, "removed");
	hls_free(output);
	tess_streams_detach(output->sink);
	tess_window_free(output->window);
	free(output->players);
	free(output);
}

void tess_live_free(struct tess_live *live)
{
	if (!live)
		return;
	while (live->outputs)
		output_free(live->outputs);
	tess_timer_free(live->tick);
	tess_timer_free(live->hls_sweep);
	free(live);
}

struct output *tess_live_find(struct tess_live *live, const char *name)
{
	for (struct output *output = live->outputs; output; output = output->next) {
		if (!strcmp(output->name, name))
			return output;
	}
	return NULL;
}

/** @retval 0, -EINVAL, -ENOSPC, -ENOMEM */
static int output_add(struct tess_live *live, const char *name, const char *stream, uint32_t app)
{
	struct output *output;
	int rc;

	if (!*name || strlen(name) >= TESS_LIVE_NAME_SIZE || strlen(stream) >= TESS_STREAM_KEY_SIZE)
		return -EINVAL;
	if (live->output_count >= TESS_LIVE_MAX)
		return -ENOSPC;
	output = calloc(1, sizeof(*output));
	if (!output)
		return -ENOMEM;
	output->live = live;
	output->wanted = true;
	output->app = app;
	output->away_us = output->measured_us = tess_loop_now_us(live->loop);
	memcpy(output->name, name, strlen(name) + 1);
	memcpy(output->stream, stream, strlen(stream) + 1);
	rc = tess_window_alloc(&output->window, live->config.viewer_buffer_bytes);
	if (!rc)
		rc = tess_streams_attach(&output->sink, live->streams, stream, &live_sink, output,
					 TESS_SINK_NEWEST_KEY);
	if (rc) {
		tess_window_free(output->window);
		free(output);
		return rc;
	}
	output->next = live->outputs;
	live->outputs = output;
	live->output_count++;
	return 0;
}

void tess_live_apply(struct tess_live *live, const json_t *outputs)
{
	struct output *next;
	size_t index;
	json_t *entry;

	for (struct output *output = live->outputs; output; output = output->next)
		output->wanted = false;
	json_array_foreach(outputs, index, entry)
	{
		const char *name = json_string_value(json_object_get(entry, "name"));
		const char *stream = json_string_value(json_object_get(entry, "stream"));
		uint32_t app = (uint32_t)json_integer_value(json_object_get(entry, "app"));
		struct output *output = name ? tess_live_find(live, name) : NULL;
		int rc = -EINVAL;

		if (output && stream && !strcmp(output->stream, stream) && output->app == app) {
			output->wanted = true;
			continue;
		}
		if (output)
			output_free(output);
		if (name && stream)
			rc = output_add(live, name, stream, app);
		if (rc)
			TESS_ERROR("live.refused", "name=%s stream=%s error=%s", name ? name : "",
				   stream ? stream : "", strerror(-rc));
	}
	for (struct output *output = live->outputs; output; output = next) {
		next = output->next;
		if (!output->wanted)
			output_free(output);
	}
}

int tess_live_application(struct tess_live *live, const char *name, uint32_t *app)
{
	const struct output *output = tess_live_find(live, name);

	if (!output)
		return -ENOENT;
	*app = output->app;
	return 0;
}

/** The lower of two limits, of which 0 is none. */
static uint32_t lower(uint32_t a, uint32_t b)
{
	return !a || (b && b < a) ? b : a;
}

/** Is the output, or its application, at its own limit? Counts that. */
static bool is_full(struct tess_live *live, const struct output *output)
{
	uint32_t of_stream, of_application;
	unsigned viewers = 0;

	tess_guard_limits(live->config.guard, output->app, &of_stream, &of_application);
	of_stream = lower(of_stream, live->config.max_stream_viewers);
	of_application = lower(of_application, live->config.max_application_viewers);
	if (of_stream && tess_live_viewers_of(output) >= of_stream) {
		live->refused_stream++;
		return true;
	}
	for (const struct output *one = live->outputs; one && of_application; one = one->next)
		viewers += one->app == output->app ? tess_live_viewers_of(one) : 0;
	if (!of_application || viewers < of_application)
		return false;
	live->refused_application++;
	return true;
}

unsigned tess_live_hls_watching(const struct tess_live *live)
{
	unsigned viewers = 0;

	for (const struct output *output = live->outputs; output; output = output->next)
		viewers += tess_live_hls_viewers_of(output);
	return viewers;
}

int tess_live_admit(struct tess_live *live, const char *name)
{
	struct output *output = tess_live_find(live, name);

	if (!output || output->ended ||
	    (!output->up && tess_loop_now_us(live->loop) - output->away_us > AWAY_US))
		return -ENOENT;
	if (live->player_count + tess_live_hls_watching(live) >= live->config.max_viewers ||
	    is_full(live, output)) {
		live->viewers_refused++;
		return -EUSERS;
	}
	return 0;
}

/** A place for one more. @retval 0, -ENOMEM */
static int make_room(struct output *output)
{
	unsigned room = output->player_room ? output->player_room * 2 : 16;
	struct player **players;

	if (output->player_count < output->player_room)
		return 0;
	players = realloc(output->players, room * sizeof(*players));
	if (!players)
		return -ENOMEM;
	output->players = players;
	output->player_room = room;
	return 0;
}

static ssize_t write_tls(void *arg, const struct iovec *iov, unsigned count)
{
	return tess_transport_write(arg, iov, count, 0);
}

int tess_live_join(struct tess_live *live, const char *name, const struct tess_transport *transport,
		   struct tess_rtmp_server *rtmp)
{
	const struct tess_wire wire = {.kind = rtmp ? TESS_WIRE_RTMP_PLAY : TESS_WIRE_FLV,
				       .stream = TESS_RTMP_STREAM};
	struct output *output = tess_live_find(live, name);
	struct player *player;
	int rc;

	if (!output)
		return -ENOENT;
	player = make_room(output) ? NULL : calloc(1, sizeof(*player));
	if (!player)
		return -ENOMEM;
	rc = tess_watch_add(&player->watch, live->loop, transport->fd, EPOLLIN | EPOLLRDHUP, on_io,
			    player);
	if (rc) {
		free(player);
		return rc == -ENOENT ? -ENOMEM : rc;
	}
	player->output = output;
	player->id = live->next_viewer++;
	tess_live_peer(&player->address, transport->fd);
	player->due_us = player->progress_us = player->joined_us = tess_loop_now_us(live->loop);
	/* the odd step reaches all 1024 phases, neighbours far apart */
	player->phase = live->next_phase = (live->next_phase + 633) % 1024;
	player->transport = *transport;
	tess_viewer_init(&player->viewer, transport->fd, &wire, output->window);
	if (transport->tls) {
		player->viewer.write = write_tls;
		player->viewer.write_arg = &player->transport;
	}
	player->rtmp = rtmp;
	player->index = output->player_count;
	output->players[output->player_count++] = player;
	if (live->player_count++ == 0)
		tess_timer_start(live->tick, 0);
	return 0;
}

/** @retval 0, -ENOSPC (counted), -ENOMEM */
static int begin_hls(struct output *output)
{
	struct tess_live *live = output->live;

	if (live->hls_held >= live->hls.limit) {
		live->hls_refused++;
		return -ENOSPC;
	}
	tess_timer_start(live->hls_sweep, HLS_SWEEP_US);
	return tess_live_hls_alloc(&output->hls, &live->hls, output->stream, output->name);
}

bool tess_live_knows_hls(struct tess_live *live, const char *name, uint64_t session)
{
	struct output *output = tess_live_find(live, name);

	return output && output->hls && tess_live_hls_touch(output->hls, session);
}

int tess_live_watch_hls(struct tess_live *live, const char *name, uint64_t session, int fd,
			struct tess_live_hls **hlsp)
{
	union tess_addr address;
	struct output *output = tess_live_find(live, name);
	int rc = 0;

	if (!output)
		return -ENOENT;
	if (!output->hls || !tess_live_hls_touch(output->hls, session)) {
		rc = tess_live_admit(live, name);
		if (!rc && !output->hls)
			rc = begin_hls(output);
		tess_live_peer(&address, fd);
		if (!rc)
			rc = tess_live_hls_add_viewer(output->hls, session, live->next_viewer++,
						      &address);
	}
	if (!rc)
		*hlsp = output->hls;
	return rc;
}

static void on_hls_sweep(void *arg)
{
	struct tess_live *live = arg;
	bool more = false;

	for (struct output *output = live->outputs; output; output = output->next) {
		if (output->hls && tess_live_hls_sweep(output->hls))
			hls_free(output);
		more |= output->hls != NULL;
	}
	if (more)
		tess_timer_start(live->hls_sweep, HLS_SWEEP_US);
}

static int64_t turn_us(const struct tess_live *live)
{
	int64_t turn = (int64_t)live->player_count * TURN_US_A_PLAYER;

	if (turn < MIN_TURN_US)
		return MIN_TURN_US;
	return turn > MAX_TURN_US ? MAX_TURN_US : turn;
}

static void set_blocked(struct player *player, bool blocked)
{
	uint32_t events = EPOLLIN | EPOLLRDHUP | (blocked ? (uint32_t)EPOLLOUT : 0);

	if (player->blocked == blocked)
		return;
	player->blocked = blocked;
	if (tess_watch_set(player->watch, events))
		player->blocked = false; /* then the next turn tries again */
}

/** What the viewer gives is sent when the connection keeps none of it. */
static enum tess_viewer_result send_window(struct player *player)
{
	int rc = tess_transport_flush(&player->transport);
	enum tess_viewer_result result;

	if (rc)
		return rc == -EAGAIN ? TESS_VIEWER_BLOCKED : TESS_VIEWER_CLOSED;
	result = tess_viewer_send(&player->viewer, player->output->window);
	return result != TESS_VIEWER_CLOSED && tess_transport_is_behind(&player->transport)
		       ? TESS_VIEWER_BLOCKED
		       : result;
}

/** One write to a player; it may be closed by it. */
static void serve(struct player *player, int64_t now_us)
{
	struct tess_live *live = player->output->live;
	uint64_t sent_before = player->viewer.bytes_sent;
	int64_t turn = turn_us(live);

	if (tess_viewer_check_lag(&player->viewer, player->output->window,
				  live->config.viewer_buffer_bytes))
		live->viewer_overruns++;
	if (player->rtmp && !send_rtmp(player)) {
		set_blocked(player, true);
		return;
	}
	switch (send_window(player)) {
	case TESS_VIEWER_CLOSED:
		tess_live_player_close(player, "gone");
		return;
	case TESS_VIEWER_BLOCKED:
		set_blocked(player, true);
		break;
	case TESS_VIEWER_MORE:
		set_blocked(player, false);
		player->due_us = now_us;
		break;
	case TESS_VIEWER_IDLE:
		set_blocked(player, false);
		player->progress_us = now_us;
		player->drained = true;
		/* the next point in time that has the player's phase in its turn */
		player->due_us = now_us - now_us % turn + turn * player->phase / 1024;
		if (player->due_us <= now_us)
			player->due_us += turn;
		break;
	}
	if (player->viewer.bytes_sent != sent_before)
		player->progress_us = now_us;
}

static bool has_hung_up(struct player *player)
{
	char scratch[512];
	ssize_t got = tess_transport_read(&player->transport, scratch, sizeof(scratch));

	if (got < 0)
		return errno != EAGAIN && errno != EINTR;
	if (player->rtmp && got > 0)
		return tess_rtmp_server_input(player->rtmp, (const uint8_t *)scratch,
					      (size_t)got) != 0 ||
		       player->rtmp->state != TESS_RTMP_SERVER_PLAYING;
	player->input_bytes += (uint32_t)got;
	return got == 0 || player->input_bytes > MAX_INPUT_BYTES;
}

static void on_io(void *arg, uint32_t events)
{
	struct player *player = arg;

	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR) && has_hung_up(player)) {
		tess_live_player_close(player, "gone");
		return;
	}
	if (events & EPOLLOUT)
		serve(player, tess_loop_now_us(player->output->live->loop));
}

static void tick_player(struct player *player, int64_t now_us)
{
	if (player->blocked) {
		if (now_us - player->progress_us > STALL_US) {
			player->output->live->viewers_stalled++;
			tess_live_player_close(player, "stalled");
		}
	} else if (player->due_us <= now_us) {
		if (player->output->ended && player->drained) {
			if (player->rtmp) {
				tess_rtmp_server_end(player->rtmp);
				(void)send_rtmp(player);
			}
			tess_live_player_close(player, "ended");
		} else {
			serve(player, now_us);
		}
	}
}

static void tick_output(struct output *output, int64_t now_us)
{
	if (!output->up && !output->ended && now_us - output->away_us > AWAY_US)
		close_all(output, "away");
	/* downwards: who takes the place of one that leaves has had its turn */
	for (unsigned i = output->player_count; i-- > 0;) {
		if (i >= TICK_AHEAD)
			__builtin_prefetch(output->players[i - TICK_AHEAD]);
		tick_player(output->players[i], now_us);
	}
}

static void on_tick(void *arg)
{
	struct tess_live *live = arg;
	int64_t now_us = tess_loop_now_us(live->loop);

	for (struct output *output = live->outputs; output; output = output->next)
		tick_output(output, now_us);
	if (live->player_count)
		tess_timer_start(live->tick, TICK_US);
}
