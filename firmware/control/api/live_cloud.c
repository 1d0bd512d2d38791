/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/live_cloud.c - see live_cloud.h.
 */
#include "firmware/control/api/live_cloud.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "firmware/base/log.h"
#include "firmware/control/api/address.h"
#include "firmware/control/api/views.h"
#include "firmware/control/jobs/publications.h"
#include "firmware/control/jobs/rooms.h"
#include "firmware/control/store/live.h"
#include "firmware/control/text.h"
#include "firmware/control/times.h"

struct run {
	struct tess_control *control;
	const struct tess_live_request *request;
	json_t *fields;
	struct tess_cloud_error *error;
	uint32_t application;
};

/* ---- keys ---- */

static bool is_play(const struct run *run)
{
	return run->request->action == TESS_LIVE_PLAY_KEY ||
	       run->request->action == TESS_LIVE_SET_PLAY_KEY;
}

/* The domain that is asked for, if it is the caller's. */
static int find_domain(const struct run *run, struct tess_live_domain *domain)
{
	bool play = is_play(run);
	int rc = tess_store_domain_get(run->control->store, domain, play ? "play" : "push",
				       run->request->domain);

	if (rc == -ENOENT || (!rc && domain->application != run->application))
		return tess_cloud_refuse(run->error,
					 play ? TESS_CLOUD_PLAY_DOMAIN_NO_RECORD
					      : TESS_CLOUD_PUSH_DOMAIN_NO_RECORD,
					 "There is no such domain: %.128s.", run->request->domain);
	return rc == -EINVAL ? -EIO : rc;
}

static int describe_key(const struct run *run)
{
	struct tess_live_domain domain;
	bool play = is_play(run);
	int rc = find_domain(run, &domain);

	if (rc)
		return rc;
	return json_object_set_new(
		       run->fields, play ? "PlayAuthKeyInfo" : "PushAuthKeyInfo",
		       json_pack("{ss si ss sI ss}", "DomainName", domain.name, "Enable",
				 domain.enabled, play ? "AuthKey" : "MasterAuthKey", domain.key,
				 "AuthDelta", (json_int_t)domain.delta_s,
				 play ? "AuthBackKey" : "BackupAuthKey", domain.back_key))
		       ? -ENOMEM
		       : 0;
}

static int modify_key(const struct run *run)
{
	const struct tess_live_request *request = run->request;
	struct tess_live_domain domain;
	int rc = find_domain(run, &domain);

	if (rc)
		return rc;
	if (request->enable >= 0)
		domain.enabled = request->enable;
	if (request->delta_s >= 0)
		domain.delta_s = request->delta_s;
	if (request->key)
		tess_text_copy(domain.key, sizeof(domain.key), request->key);
	if (request->back_key)
		tess_text_copy(domain.back_key, sizeof(domain.back_key), request->back_key);
	if (domain.enabled && !*domain.key && !*domain.back_key)
		return tess_cloud_refuse(run->error, TESS_CLOUD_INVALID_VALUE,
					 "A domain that is protected needs a key.");
	rc = tess_store_domain_set(run->control->store, &domain);
	if (!rc)
		tess_control_changed(run->control);
	return rc == -EINVAL ? -EIO : rc;
}

/* ---- streams ---- */

struct domains {
	const char *asked; /* or NULL */
	bool any, found;
	char first[TESS_DOMAIN_NAME_MAX + 1];
};

static int each_domain(void *arg, const struct tess_live_domain *row)
{
	struct domains *domains = arg;

	if (strcmp(row->kind, "push") != 0)
		return 0;
	if (!domains->any)
		tess_text_copy(domains->first, sizeof(domains->first), row->name);
	domains->any = true;
	domains->found |= domains->asked && !strcasecmp(domains->asked, row->name);
	return 0;
}

/*
 * Can a stream of the application have this domain and path? @p name is filled with the domain to
 * be told. @retval 1, 0, or an error
 */
static int is_address(const struct run *run, char name[TESS_HOST_MAX])
{
	struct domains domains = {.asked = run->request->domain};
	char path[32];
	int rc = tess_store_domains(run->control->store, run->application, each_domain, &domains);

	if (rc)
		return rc == -EINVAL ? -EIO : rc;
	if (domains.asked || domains.any)
		snprintf(name, TESS_HOST_MAX, "%s", domains.asked ? domains.asked : domains.first);
	else
		tess_address_host(name, run->control);
	snprintf(path, sizeof(path), "trtc_%" PRIu32, run->application);
	return (!domains.asked || !domains.any || domains.found) &&
	       (!run->request->app || !strcmp(run->request->app, TESS_LIVE_APP) ||
		!strcmp(run->request->app, path));
}

/* Does anything come? */
static bool is_active(const struct tess_control *control, const struct tess_live_stream *stream)
{
	const json_t *fact;
	const char *state;

	if (stream->mix)
		return !strcmp(tess_view_mix_state(control, stream->id), "running");
	fact = tess_facts_publisher(control->facts, stream->id);
	state = json_string_value(json_object_get(fact, "state"));
	return state && !strcmp(state, "receiving");
}

/* The stream that is named. @retval 1, 0 the caller has none like this, or an error */
static int find_stream(const struct run *run, struct tess_live_stream *stream)
{
	char domain[TESS_HOST_MAX];
	int rc = is_address(run, domain);

	if (rc <= 0)
		return rc;
	rc = tess_store_live_stream(run->control->store, stream, run->request->stream);
	if (rc)
		return rc == -ENOENT ? 0 : rc == -EINVAL ? -EIO : rc;
	return stream->room.sdk_app_id == run->application;
}

static int describe_state(const struct run *run)
{
	struct tess_live_stream stream;
	int rc = find_stream(run, &stream);

	if (rc < 0)
		return rc;
	return json_object_set_new(
		       run->fields, "StreamState",
		       json_string(rc && is_active(run->control, &stream) ? "active" : "inactive"))
		       ? -ENOMEM
		       : 0;
}

struct online {
	const struct run *run;
	const char *domain;
	json_t *list;
	int64_t total, skip;
};

static int each_stream(void *arg, const struct tess_live_stream *row)
{
	struct online *online = arg;
	char since[32];
	json_t *one;

	if (!is_active(online->run->control, row))
		return 0;
	if (online->total++ < online->skip ||
	    (int64_t)json_array_size(online->list) >= online->run->request->page_size)
		return 0;
	tess_time_text(since, row->since_us);
	one = json_pack("{ss s[{ss}] ss ss si}", "StreamName", row->name, "PublishTimeList",
			"PublishTime", since, "AppName", TESS_LIVE_APP, "DomainName",
			online->domain, "PushToDelay", 0);
	return json_array_append_new(online->list, one) ? -ENOMEM : 0;
}

static int describe_online(const struct run *run)
{
	const struct tess_live_request *request = run->request;
	struct online online = {.run = run, .skip = (request->page - 1) * request->page_size};
	char domain[TESS_HOST_MAX];
	json_t *more;
	int rc = is_address(run, domain);

	if (rc < 0)
		return rc;
	online.domain = domain;
	online.list = json_array();
	rc = rc ? tess_store_live_streams(run->control->store, run->application, request->stream,
					  each_stream, &online)
		: 0;
	if (rc) {
		json_decref(online.list);
		return rc == -EINVAL ? -EIO : rc;
	}
	more = json_pack("{sI sI sI sI so}", "TotalNum", (json_int_t)online.total, "TotalPage",
			 (json_int_t)((online.total + request->page_size - 1) / request->page_size),
			 "PageNum", (json_int_t)request->page, "PageSize",
			 (json_int_t)request->page_size, "OnlineInfo", online.list);
	rc = more && !json_object_update(run->fields, more) ? 0 : -ENOMEM;
	json_decref(more);
	return rc;
}

/* A stream that is not there is dropped already. What is dropped may be pushed again: a mix by its
 * start, what a user sends by entering again. A publisher by RTMP is what is pushed: it is closed.
 */
static int drop(const struct run *run)
{
	struct tess_publisher publisher = {0};
	struct tess_live_stream stream;
	int rc = find_stream(run, &stream);

	if (rc <= 0)
		return rc;
	if (stream.mix) {
		rc = tess_rooms_mix_stop(run->control, &stream.room);
	} else if (stream.rtmp) {
		rc = tess_rooms_leave(run->control, &stream.room, stream.user, stream.stream_type);
	} else {
		publisher.id = stream.id;
		tess_text_copy(publisher.stream_name, sizeof(publisher.stream_name), stream.name);
		rc = tess_store_publisher_name(run->control->store, &publisher);
		if (!rc)
			tess_control_changed(run->control);
	}
	TESS_INFO("stream.dropped", "application=%" PRIu32 " name=%.128s", run->application,
		  stream.name);
	return rc == -ENOENT ? 0 : rc == -EINVAL ? -EIO : rc;
}

int tess_live_cloud_run(void *arg, int64_t key_id, const struct tess_live_request *request,
			json_t *fields, struct tess_cloud_error *error)
{
	struct run run = {.control = arg, .request = request, .fields = fields, .error = error};
	int rc = tess_store_key_application(run.control->store, key_id, &run.application);

	if (rc)
		return rc == -EINVAL ? -EIO : rc;
	switch (request->action) {
	case TESS_LIVE_PLAY_KEY:
	case TESS_LIVE_PUSH_KEY:
		return describe_key(&run);
	case TESS_LIVE_SET_PLAY_KEY:
	case TESS_LIVE_SET_PUSH_KEY:
		return modify_key(&run);
	case TESS_LIVE_STATE:
		return describe_state(&run);
	case TESS_LIVE_ONLINE:
		return describe_online(&run);
	case TESS_LIVE_DROP:
		break;
	}
	return drop(&run);
}
