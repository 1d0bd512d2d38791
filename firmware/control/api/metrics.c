/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/metrics.c - /metrics in the text format of Prometheus, 0.0.4.
 *
 * The samples of one metric must stand together, while rows come one by one: so each metric has its
 * own buffer, and they are joined at the end.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "firmware/control/api/handlers.h"
#include "firmware/control/api/views.h"
#include "firmware/control/jobs/uploads.h"

/* clang-format off */
#define METRICS(X) \
	X(BUILD, "tessera_build_info", "gauge", "Version of tessera-control; always 1.") \
	X(UPTIME, "tessera_uptime_seconds", "gauge", "Time since tessera-control started.") \
	X(UP, "tessera_up", "gauge", "1 when the process is there.") \
	X(ROOMS, "tessera_rooms", "gauge", "Rooms with somebody in them.") \
	X(USERS, "tessera_users", "gauge", "Users in all rooms.") \
	X(MIXES, "tessera_mixes", "gauge", "Mixes that should run.") \
	X(RECORDINGS, "tessera_recordings", "gauge", "Recordings by state.") \
	X(UPLOADS, "tessera_uploads", "gauge", "Files that go to object storage, by state.") \
	X(UPLOAD_BYTES, "tessera_upload_bytes_total", "counter", "Bytes that arrived in object storage.") \
	X(UPLOAD_EVENTS, "tessera_upload_events_total", "counter", "Files uploaded, objects removed, requests that failed.") \
	X(DISK_SIZE, "tessera_disk_size_bytes", "gauge", "Size of the file system of the recordings.") \
	X(DISK_FREE, "tessera_disk_free_bytes", "gauge", "Free space for recordings.") \
	X(MIX_UP, "tessera_mix_running", "gauge", "1 when the mix runs.") \
	X(MIX_FRAMES, "tessera_mix_frames_total", "counter", "Pictures composed.") \
	X(MIX_RATE, "tessera_mix_frame_rate", "gauge", "Pictures a second.") \
	X(MIX_BITS, "tessera_mix_bits_per_second", "gauge", "Bit rate of the output.") \
	X(MIX_LATENCY, "tessera_mix_latency_p95_seconds", "gauge", "From the last packet of a picture to the composed access unit, 95th percentile.") \
	X(MIX_EVENTS, "tessera_mix_events_total", "counter", "What a mix counts besides, by reason.") \
	X(RTP_PACKETS, "tessera_rtp_packets_total", "counter", "RTP packets received.") \
	X(RTP_BYTES, "tessera_rtp_bytes_total", "counter", "RTP bytes received.") \
	X(RTP_LOST, "tessera_rtp_lost", "gauge", "RTP packets lost so far; a late one is taken off again.") \
	X(RTP_JITTER, "tessera_rtp_jitter_seconds", "gauge", "Interarrival jitter.") \
	X(RTP_EVENTS, "tessera_rtp_events_total", "counter", "What a track counts besides, by reason.") \
	X(AUDIO_LEVEL, "tessera_audio_level", "gauge", "Level of a user's sound, 0 to 1.") \
	X(ENGINE, "tessera_engine_info", "gauge", "An engine and what it calls itself; always 1.") \
	X(ENGINE_UP, "tessera_engine_up", "gauge", "0 when the engine's device is lost.") \
	X(ENGINE_LOSSES, "tessera_engine_losses_total", "counter", "Times that the engine's device was lost.") \
	X(ENGINE_CAPACITY, "tessera_engine_capacity_pixels_per_second", "gauge", "What the engine was measured to do, by kind of work.") \
	X(ENGINE_USED, "tessera_engine_used_pixels_per_second", "gauge", "What its mixes take, by kind of work.") \
	X(ENGINE_LOAD, "tessera_engine_load_ratio", "gauge", "Share of the engine that its mixes take.") \
	X(ENGINE_MAX_LOAD, "tessera_engine_max_load_ratio", "gauge", "Share that mixes may take.") \
	X(ENGINE_MIXES, "tessera_engine_mixes", "gauge", "Mixes on the engine.") \
	X(ENGINE_SURFACES, "tessera_engine_surfaces", "gauge", "Pictures on the engine's device.") \
	X(ENGINE_OPS, "tessera_engine_operations_total", "counter", "What the engine did, and what failed.") \
	X(NET_PACKETS, "tessera_net_packets_total", "counter", "Packets of the media network.") \
	X(NET_BYTES, "tessera_net_bytes_total", "counter", "Bytes of the media network.") \
	X(NET_LINK, "tessera_net_link_up", "gauge", "1 when the port of a room worker has a link.") \
	X(NET_CPU, "tessera_net_cpu_seconds_total", "counter", "CPU time of the thread that looks after the port.") \
	X(NET_DROPPED, "tessera_net_dropped_total", "counter", "Packets dropped, by reason.") \
	X(VIEWERS, "tessera_viewers", "gauge", "Live viewers.") \
	X(HLS_BYTES, "tessera_hls_held_bytes", "gauge", "Memory that live HLS holds.") \
	X(EGRESS_EVENTS, "tessera_egress_events_total", "counter", "What tessera-egress counts.") \
	X(LIVE_VIEWERS, "tessera_live_viewers", "gauge", "Viewers of a live stream.") \
	X(LIVE_BYTES, "tessera_live_sent_bytes_total", "counter", "Bytes sent to viewers of a live stream.") \
	X(RELAY_UP, "tessera_relay_publishing", "gauge", "1 while the stream is pushed to the server.") \
	X(RELAY_BYTES, "tessera_relay_sent_bytes_total", "counter", "Bytes pushed to the server.") \
	X(RELAY_DROPPED, "tessera_relay_dropped_pictures_total", "counter", "Pictures left out because the network took too little.") \
	X(RELAY_FAILURES, "tessera_relay_failures_total", "counter", "Connections and attempts that failed.") \
	X(RELAY_DELAY, "tessera_relay_delay_seconds", "gauge", "How far what was sent is behind the stream.") \
	X(HTTP, "tessera_http_requests_total", "counter", "Requests to tessera-control, by what was asked.") \
	X(HTTP_CLASS, "tessera_http_responses_total", "counter", "Responses, by class of status.") \
	X(CLOUD_ERRORS, "tessera_cloud_errors_total", "counter", "Cloud API calls answered with an error.")
/* clang-format on */

enum metric {
#define X(id, name, type, help) id,
	METRICS(X)
#undef X
		METRIC_COUNT,
};

static const struct {
	const char *name, *type, *help;
} INFO[] = {
#define X(id, name, type, help) {name, type, help},
	METRICS(X)
#undef X
};

struct metrics {
	struct tess_control *control;
	FILE *file[METRIC_COUNT];
	char *text[METRIC_COUNT];
	size_t length[METRIC_COUNT];
};

/* Values of labels come in pairs of name and text, ended by NULL. */
static void sample(struct metrics *metrics, enum metric metric, double value, ...)
{
	FILE *file = metrics->file[metric];
	const char *name, *text;
	char separator = '{';
	va_list args;

	fputs(INFO[metric].name, file);
	va_start(args, value);
	while ((name = va_arg(args, const char *))) {
		text = va_arg(args, const char *);
		fprintf(file, "%c%s=\"", separator, name);
		for (; *text; text++) {
			if (*text == '\\' || *text == '"')
				fputc('\\', file);
			fputc(*text == '\n' ? ' ' : *text, file);
		}
		fputc('"', file);
		separator = ',';
	}
	va_end(args);
	fprintf(file, "%s %.17g\n", separator == ',' ? "}" : "", value);
}

#define NO_LABELS (const char *)NULL

static double number(const json_t *object, const char *name)
{
	return json_number_value(json_object_get(object, name));
}

static void control_metrics(struct metrics *metrics)
{
	const struct tess_control *control = metrics->control;
	const struct tess_http_counters *http = &control->http;
	static const char *const classes[] = {NULL, "1xx", "2xx", "3xx", "4xx", "5xx"};

	sample(metrics, BUILD, 1, "version", TESSERA_VERSION, NO_LABELS);
	sample(metrics, UPTIME,
	       (double)(tess_control_utc_us(control) - control->started_utc_us) / 1e6, NO_LABELS);
	sample(metrics, UP, 1, "process", "control", NO_LABELS);
	for (int i = TESS_PROCESS_MEDIA; i <= TESS_PROCESS_EGRESS; i++)
		sample(metrics, UP, tess_facts_is_up(control->facts, i), "process",
		       tess_process_text(i), NO_LABELS);
	sample(metrics, HTTP, (double)http->cloud, "kind", "cloud", NO_LABELS);
	sample(metrics, HTTP, (double)http->admin, "kind", "admin", NO_LABELS);
	sample(metrics, HTTP, (double)http->web, "kind", "web", NO_LABELS);
	sample(metrics, HTTP, (double)http->metrics, "kind", "metrics", NO_LABELS);
	for (unsigned i = 1; i < sizeof(classes) / sizeof(classes[0]); i++)
		sample(metrics, HTTP_CLASS, (double)http->by_class[i], "class", classes[i],
		       NO_LABELS);
	sample(metrics, CLOUD_ERRORS, (double)http->cloud_errors, NO_LABELS);
}

static void disk_metrics(struct metrics *metrics)
{
	struct statvfs disk;

	if (statvfs(metrics->control->config->egress.record_dir, &disk))
		return;
	sample(metrics, DISK_SIZE, (double)disk.f_blocks * (double)disk.f_frsize, NO_LABELS);
	sample(metrics, DISK_FREE, (double)disk.f_bavail * (double)disk.f_frsize, NO_LABELS);
}

static int each_state(void *arg, const char *state, int64_t count)
{
	sample(arg, RECORDINGS, (double)count, "state", state, NO_LABELS);
	return 0;
}

static int each_upload_state(void *arg, const char *state, int64_t count)
{
	sample(arg, UPLOADS, (double)count, "state", state, NO_LABELS);
	return 0;
}

static void upload_metrics(struct metrics *metrics)
{
	struct tess_upload_counters counters;

	tess_uploads_counters(metrics->control, &counters);
	sample(metrics, UPLOAD_BYTES, (double)counters.bytes, NO_LABELS);
	sample(metrics, UPLOAD_EVENTS, (double)counters.uploaded, "event", "uploaded", NO_LABELS);
	sample(metrics, UPLOAD_EVENTS, (double)counters.removed, "event", "removed", NO_LABELS);
	sample(metrics, UPLOAD_EVENTS, (double)counters.failures, "event", "failed", NO_LABELS);
}

/* The labels of a room: application, room_type, room. */
#define ROOM(app, room) \
	"application", app, "room_type", tess_room_id_type_text((room)->type), "room", (room)->id

static int each_mix(void *arg, const struct tess_mix *row)
{
	struct metrics *metrics = arg;
	const json_t *fact = tess_facts_mix(metrics->control->facts, row->id), *value;
	const char *id = row->stream_id, *name;
	char app[16];

	snprintf(app, sizeof(app), "%u", row->room.sdk_app_id);
	sample(metrics, MIX_UP, !strcmp(tess_view_mix_state(metrics->control, row->id), "running"),
	       ROOM(app, &row->room), "stream_id", id, NO_LABELS);
	if (!fact)
		return 0;
	sample(metrics, MIX_FRAMES, number(fact, "frames"), ROOM(app, &row->room), "stream_id", id,
	       NO_LABELS);
	sample(metrics, MIX_RATE, number(fact, "frame_rate"), ROOM(app, &row->room), "stream_id",
	       id, NO_LABELS);
	sample(metrics, MIX_BITS, number(fact, "bitrate_bps"), ROOM(app, &row->room), "stream_id",
	       id, NO_LABELS);
	sample(metrics, MIX_LATENCY, number(fact, "latency_p95_us") / 1e6, ROOM(app, &row->room),
	       "stream_id", id, NO_LABELS);
	json_object_foreach(json_object_get(fact, "counters"), name, value)
		sample(metrics, MIX_EVENTS, json_number_value(value), ROOM(app, &row->room),
		       "stream_id", id, "event", name, NO_LABELS);
	return 0;
}

static void track(struct metrics *metrics, const struct tess_publisher *row, const char *kind)
{
	const json_t *fact =
		json_object_get(tess_facts_publisher(metrics->control->facts, row->id), kind);
	const json_t *value;
	const char *name;
	char app[16];

	if (!json_is_object(fact))
		return;
	snprintf(app, sizeof(app), "%u", row->room.sdk_app_id);
#define TRACK \
	ROOM(app, &row->room), "user", row->user, "stream_type", row->stream_type, "kind", kind
	sample(metrics, RTP_PACKETS, number(fact, "packets"), TRACK, NO_LABELS);
	sample(metrics, RTP_BYTES, number(fact, "bytes"), TRACK, NO_LABELS);
	sample(metrics, RTP_LOST, number(fact, "lost"), TRACK, NO_LABELS);
	sample(metrics, RTP_JITTER, number(fact, "jitter_us") / 1e6, TRACK, NO_LABELS);
	if (!strcmp(kind, "audio"))
		sample(metrics, AUDIO_LEVEL, number(fact, "level"), TRACK, NO_LABELS);
	json_object_foreach(json_object_get(fact, "counters"), name, value) sample(
		metrics, RTP_EVENTS, json_number_value(value), TRACK, "event", name, NO_LABELS);
#undef TRACK
}

static int each_publisher(void *arg, const struct tess_publisher *row)
{
	track(arg, row, "video");
	track(arg, row, "audio");
	return 0;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static void engine_metrics(struct metrics *metrics, const json_t *fact)
{
	static const char *const kinds[] = {"decode", "compose", "encode"};
	const json_t *counters = json_object_get(fact, "counters"), *value;
	const char *engine = text_of(fact, "name"), *device = text_of(fact, "device"), *name;

#define LABELS "engine", engine, "device", device
	sample(metrics, ENGINE, 1, LABELS, "vendor", text_of(fact, "vendor"), NO_LABELS);
	sample(metrics, ENGINE_UP, strcmp(text_of(fact, "state"), "lost") != 0, LABELS, NO_LABELS);
	sample(metrics, ENGINE_LOSSES, number(fact, "losses"), LABELS, NO_LABELS);
	for (unsigned i = 0; i < 3; i++) {
		sample(metrics, ENGINE_CAPACITY,
		       number(json_object_get(fact, "capacity"), kinds[i]) * 1e6, LABELS, "work",
		       kinds[i], NO_LABELS);
		sample(metrics, ENGINE_USED, number(json_object_get(fact, "used"), kinds[i]) * 1e6,
		       LABELS, "work", kinds[i], NO_LABELS);
	}
	sample(metrics, ENGINE_LOAD, number(fact, "load"), LABELS, NO_LABELS);
	sample(metrics, ENGINE_MAX_LOAD, number(fact, "max_load"), LABELS, NO_LABELS);
	sample(metrics, ENGINE_MIXES, number(fact, "mixes"), LABELS, NO_LABELS);
	json_object_foreach((json_t *)counters, name, value)
	{
		if (!strcmp(name, "surfaces_live"))
			sample(metrics, ENGINE_SURFACES, json_number_value(value), LABELS,
			       NO_LABELS);
		else if (json_is_number(value))
			sample(metrics, ENGINE_OPS, json_number_value(value), LABELS, "operation",
			       name, NO_LABELS);
	}
#undef LABELS
}

/* A port belongs to one room worker, whose number tells them apart. */
static void queue_metrics(struct metrics *metrics, const json_t *queues)
{
	const json_t *queue;
	size_t i;

	json_array_foreach(queues, i, queue)
	{
		const char *net = json_string_value(json_object_get(queue, "net"));
		char worker[24];

		if (!net)
			continue;
		(void)snprintf(worker, sizeof(worker), "%zu", i);
		sample(metrics, NET_LINK, json_is_true(json_object_get(queue, "link")), "worker",
		       worker, "net", net, NO_LABELS);
		sample(metrics, NET_CPU, number(queue, "cpu_us") / 1e6, "worker", worker, "net",
		       net, NO_LABELS);
	}
}

static void media_metrics(struct metrics *metrics)
{
	const struct tess_facts *facts = metrics->control->facts;
	const json_t *engines = tess_facts_member(facts, TESS_PROCESS_MEDIA, "engines"), *value;
	const json_t *net = tess_facts_member(facts, TESS_PROCESS_MEDIA, "net");
	const char *name;
	size_t i;

	json_array_foreach(engines, i, value) engine_metrics(metrics, value);
	queue_metrics(metrics, json_object_get(net, "queues"));
	json_object_foreach((json_t *)net, name, value)
	{
		bool received = !strncmp(name, "rx_", 3);
		const char *direction = received ? "receive" : "send";

		if (!json_is_number(value) || strlen(name) < 4)
			continue;
		if (!strcmp(name + 3, "packets"))
			sample(metrics, NET_PACKETS, json_number_value(value), "direction",
			       direction, NO_LABELS);
		else if (!strcmp(name + 3, "bytes"))
			sample(metrics, NET_BYTES, json_number_value(value), "direction", direction,
			       NO_LABELS);
		else
			sample(metrics, NET_DROPPED, json_number_value(value), "reason", name,
			       NO_LABELS);
	}
}

static void egress_metrics(struct metrics *metrics)
{
	const struct tess_facts *facts = metrics->control->facts;
	const json_t *counters = tess_facts_member(facts, TESS_PROCESS_EGRESS, "counters");
	const json_t *live = tess_facts_member(facts, TESS_PROCESS_EGRESS, "live"), *value;
	const char *name;
	size_t i;

	json_object_foreach((json_t *)counters, name, value)
	{
		if (!strcmp(name, "viewers"))
			sample(metrics, VIEWERS, json_number_value(value), NO_LABELS);
		else if (!strcmp(name, "hls_bytes"))
			sample(metrics, HLS_BYTES, json_number_value(value), NO_LABELS);
		else if (json_is_number(value))
			sample(metrics, EGRESS_EVENTS, json_number_value(value), "event", name,
			       NO_LABELS);
	}
	json_array_foreach(live, i, value)
	{
		name = json_string_value(json_object_get(value, "name"));
		if (!name)
			continue;
		sample(metrics, LIVE_VIEWERS, number(value, "viewers"), "stream_id", name,
		       NO_LABELS);
		sample(metrics, LIVE_BYTES, number(value, "bytes_sent"), "stream_id", name,
		       NO_LABELS);
	}
}

static int each_relay(void *arg, const struct tess_relay *row)
{
	struct metrics *metrics = arg;
	const json_t *fact = tess_facts_relay(metrics->control->facts, row->id);
	char app[16], id[24];

	snprintf(app, sizeof(app), "%u", row->application);
	snprintf(id, sizeof(id), "%lld", (long long)row->id);
#define LABELS "application", app, "stream_id", row->stream_id, "relay", id, NO_LABELS
	sample(metrics, RELAY_UP,
	       !strcmp(tess_view_relay_state(metrics->control, row), "publishing"), LABELS);
	if (!fact)
		return 0;
	sample(metrics, RELAY_BYTES, number(fact, "bytes_sent"), LABELS);
	sample(metrics, RELAY_DROPPED, number(fact, "pictures_dropped"), LABELS);
	sample(metrics, RELAY_FAILURES, number(fact, "failures"), LABELS);
	sample(metrics, RELAY_DELAY, number(fact, "delay_ms") / 1e3, LABELS);
#undef LABELS
	return 0;
}

static int collect(struct metrics *metrics)
{
	struct tess_store *store = metrics->control->store;
	struct tess_counts counts = {0};
	int rc = tess_store_counts(store, &counts);

	if (rc)
		return rc;
	control_metrics(metrics);
	disk_metrics(metrics);
	sample(metrics, ROOMS, (double)counts.rooms, NO_LABELS);
	sample(metrics, USERS, (double)counts.users, NO_LABELS);
	sample(metrics, MIXES, (double)counts.mixes, NO_LABELS);
	upload_metrics(metrics);
	rc = tess_store_recording_states(store, each_state, metrics);
	if (!rc)
		rc = tess_store_upload_states(store, each_upload_state, metrics);
	if (!rc)
		rc = tess_store_mixes(store, each_mix, metrics);
	if (!rc)
		rc = tess_store_publishers(store, NULL, each_publisher, metrics);
	if (!rc)
		rc = tess_store_relays(store, 0, each_relay, metrics);
	media_metrics(metrics);
	egress_metrics(metrics);
	return rc;
}

static int join(const struct metrics *metrics, struct tess_response *response)
{
	size_t length = 0;
	char *text = NULL;
	FILE *all = open_memstream(&text, &length);
	int rc;

	if (!all)
		return -ENOMEM;
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		if (!metrics->length[i])
			continue;
		fprintf(all, "# HELP %s %s\n# TYPE %s %s\n", INFO[i].name, INFO[i].help,
			INFO[i].name, INFO[i].type);
		fwrite(metrics->text[i], 1, metrics->length[i], all);
	}
	rc = fclose(all)
		     ? -ENOMEM
		     : tess_response_text(response, 200, "text/plain; version=0.0.4", text, length);
	free(text);
	return rc;
}

int tess_api_metrics(struct tess_call *call)
{
	struct metrics metrics = {.control = call->control};
	int rc = 0;

	if (call->identity.via == TESS_VIA_NONE && !call->request->loopback)
		return tess_call_error(call, 401, "unauthorized", "",
				       "Send an API token, or ask from the box itself.");
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		metrics.file[i] = open_memstream(&metrics.text[i], &metrics.length[i]);
		if (!metrics.file[i])
			rc = -ENOMEM;
	}
	if (!rc)
		rc = collect(&metrics);
	for (unsigned i = 0; i < METRIC_COUNT; i++)
		if (metrics.file[i] && fclose(metrics.file[i]))
			rc = -ENOMEM;
	if (!rc)
		rc = join(&metrics, call->response);
	for (unsigned i = 0; i < METRIC_COUNT; i++)
		free(metrics.text[i]);
	return rc;
}
