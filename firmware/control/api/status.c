/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/status.c - jobs and health.
 */
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "firmware/control/api/handlers.h"
#include "firmware/control/api/views.h"
#include "firmware/control/jobs/space.h"

struct jobs {
	struct tess_call *call;
	json_t *list;
};

static int add_job(struct jobs *jobs, const char *kind, int64_t id,
		   const struct tess_cloud_room *room, const char *name, const char *state,
		   const char *error, int64_t started_us)
{
	json_t *job =
		json_pack("{ss sI sI ss ss ss ss ss so}", "kind", kind, "id", (json_int_t)id,
			  "application", (json_int_t)room->sdk_app_id, "room", room->id,
			  "room_type", tess_room_id_type_text(room->type), "name", name, "state",
			  state, "error", error, "started", tess_time_json(started_us));

	return json_array_append_new(jobs->list, job) ? -ENOMEM : 0;
}

static int each_mix(void *arg, const struct tess_mix *row)
{
	struct jobs *jobs = arg;
	const struct tess_control *control = jobs->call->control;
	const char *error = json_string_value(
		json_object_get(tess_facts_mix(control->facts, row->id), "error"));

	return add_job(jobs, "mix", row->id, &row->room,
		       *row->stream_id ? row->stream_id : row->record_id,
		       tess_view_mix_state(control, row->id), error ? error : "", row->started_us);
}

static int each_recording(void *arg, const struct tess_recording *row)
{
	if (!row->wanted)
		return 0;
	return add_job(arg, "record", row->id, &row->room, row->record_id, row->state, row->error,
		       row->created_us);
}

int tess_api_jobs(struct tess_call *call)
{
	struct jobs jobs = {call, json_array()};
	int rc;

	rc = tess_store_mixes(call->control->store, each_mix, &jobs);
	if (!rc)
		rc = tess_store_recordings_open(call->control->store, each_recording, &jobs);
	if (rc) {
		json_decref(jobs.list);
		return rc;
	}
	return tess_response_json(call->response, 200, json_pack("{so}", "jobs", jobs.list));
}

static json_t *process_json(const struct tess_control *control, enum tess_process process)
{
	return json_pack("{ss sb so}", "name", tess_process_text(process), "up",
			 tess_facts_is_up(control->facts, process), "since",
			 tess_time_json(tess_facts_since(control->facts, process)));
}

static bool engine_lost(const struct tess_control *control)
{
	const json_t *engines = tess_facts_member(control->facts, TESS_PROCESS_MEDIA, "engines");
	const json_t *engine;
	size_t i;

	json_array_foreach(engines, i, engine)
	{
		const char *state = json_string_value(json_object_get(engine, "state"));

		if (state && !strcmp(state, "lost"))
			return true;
	}
	return false;
}

static json_t *engines_json(const struct tess_control *control)
{
	const json_t *engines = tess_facts_member(control->facts, TESS_PROCESS_MEDIA, "engines");
	const json_t *engine;
	json_t *list = json_array();
	size_t i;

	json_array_foreach(engines, i, engine)
	{
		if (json_array_append_new(list, tess_view_engine(engine))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static bool is_well(const struct tess_control *control)
{
	return tess_facts_is_up(control->facts, TESS_PROCESS_MEDIA) &&
	       tess_facts_is_up(control->facts, TESS_PROCESS_EGRESS) && !engine_lost(control) &&
	       tess_space_now(control) < TESS_SPACE_SOFT;
}

static json_t *details(const struct tess_control *control, const char *status,
		       const struct statvfs *disk, const struct tess_counts *counts)
{
	const json_t *egress = tess_facts_member(control->facts, TESS_PROCESS_EGRESS, "counters");
	int64_t now_us = tess_control_utc_us(control);

	return json_pack(
		"{ss ss ss sI so s[{ss sb so} o o] so s{sI sI} sI sI sI sI sI}", "status", status,
		"name", control->config->box.name, "version", TESSERA_VERSION, "uptime_s",
		(json_int_t)((now_us - control->started_utc_us) / 1000000), "time",
		tess_time_json(now_us), "processes", "name", "control", "up", 1, "since",
		tess_time_json(control->started_utc_us), process_json(control, TESS_PROCESS_MEDIA),
		process_json(control, TESS_PROCESS_EGRESS), "engines", engines_json(control),
		"disk", "total_bytes", (json_int_t)disk->f_blocks * (json_int_t)disk->f_frsize,
		"free_bytes", (json_int_t)disk->f_bavail * (json_int_t)disk->f_frsize, "rooms",
		(json_int_t)counts->rooms, "users", (json_int_t)counts->users, "mixes",
		(json_int_t)counts->mixes, "viewers",
		json_integer_value(json_object_get(egress, "viewers")), "recordings",
		(json_int_t)counts->recordings);
}

/* The ports of the media network, as tessera-media tells them; none while it is away. */
static json_t *with_net(const struct tess_control *control, json_t *health)
{
	const json_t *net = tess_facts_member(control->facts, TESS_PROCESS_MEDIA, "net");
	json_t *queues = json_object_get(net, "queues");

	queues = json_is_array(queues) ? json_incref(queues) : json_array();
	(void)json_object_set_new(health, "net", queues);
	return health;
}

int tess_api_health(struct tess_call *call)
{
	struct tess_control *control = call->control;
	struct tess_counts counts = {0};
	struct statvfs disk = {0};
	const char *status;
	int rc;

	if (statvfs(control->config->egress.record_dir, &disk))
		memset(&disk, 0, sizeof(disk)); /* not there yet */
	status = is_well(control) ? "ok" : "degraded";
	if (call->identity.via == TESS_VIA_NONE)
		return tess_response_json(call->response, 200, json_pack("{ss}", "status", status));
	rc = tess_store_counts(control->store, &counts);
	return rc ? rc
		  : tess_response_json(call->response, 200,
				       with_net(control, details(control, status, &disk, &counts)));
}
