/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/reconcile.c - see reconcile.h.
 */
#include "firmware/control/jobs/reconcile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/control/jobs/client_mix.h"
#include "firmware/control/jobs/covers.h"
#include "firmware/control/jobs/desired.h"
#include "firmware/control/jobs/found.h"
#include "firmware/control/jobs/import.h"
#include "firmware/control/jobs/metering.h"
#include "firmware/control/jobs/pictures.h"
#include "firmware/control/jobs/publish.h"
#include "firmware/control/jobs/rooms.h"
#include "firmware/control/jobs/uploads.h"
#include "firmware/control/jobs/user_records.h"
#include "firmware/link/link.h"

#define RETRY_US 1000000

struct tess_reconcile {
	struct tess_control *control;
	struct tess_link_server *server;
	struct tess_timer *timer; /* sends, in the next turn */
	struct tess_link *links[TESS_PROCESS_EGRESS + 1];
	struct tess_import import;
	struct tess_metering *metering;
	json_t *records; /* of facts of egress that are not all here yet; NULL: none are */
	int64_t epoch;
	bool media; /* its state is another one too */
};

/* With the pictures that it names sent before it. */
static int media_state(struct tess_reconcile *reconcile, json_t **messagep)
{
	struct tess_control *control = reconcile->control;
	int rc;

	rc = tess_pictures_refresh(control);
	if (!rc)
		rc = tess_desired_media(messagep, control, reconcile->epoch);
	if (rc)
		return rc;
	rc = tess_pictures_send(control, reconcile->links[TESS_PROCESS_MEDIA], *messagep);
	if (rc)
		json_decref(*messagep);
	return rc;
}

static int send_to(struct tess_reconcile *reconcile, enum tess_process process)
{
	json_t *message;
	int rc;

	if (!reconcile->links[process])
		return 0;
	if (process == TESS_PROCESS_MEDIA)
		rc = media_state(reconcile, &message);
	else
		rc = tess_desired_egress(&message, reconcile->control, reconcile->epoch,
					 reconcile->import.acknowledged);
	if (!rc) {
		rc = tess_link_send(reconcile->links[process], message, NULL, 0);
		json_decref(message);
	}
	if (rc)
		TESS_WARN("desired.send", "process=%s error=\"%s\"", tess_process_text(process),
			  strerror(-rc));
	return rc;
}

static void send_all(void *arg)
{
	struct tess_reconcile *reconcile = arg;
	int media, egress;

	reconcile->epoch++;
	media = reconcile->media ? send_to(reconcile, TESS_PROCESS_MEDIA) : 0;
	reconcile->media = media != 0;
	egress = send_to(reconcile, TESS_PROCESS_EGRESS);
	if (media || egress)
		tess_timer_start(reconcile->timer, RETRY_US);
}

static void orders_changed(void *arg)
{
	struct tess_reconcile *reconcile = arg;

	tess_timer_start(reconcile->timer, 0);
}

static void changed(void *arg)
{
	struct tess_reconcile *reconcile = arg;

	reconcile->media = true;
	tess_timer_start(reconcile->timer, 0);
}

static int tell(void *arg, const json_t *message)
{
	struct tess_reconcile *reconcile = arg;
	struct tess_link *link = reconcile->links[TESS_PROCESS_EGRESS];

	return link ? tess_link_send(link, message, NULL, 0) : -ENOTCONN;
}

static void hello(struct tess_reconcile *reconcile, struct tess_link *link, const json_t *message)
{
	const char *name = json_string_value(json_object_get(message, "process"));
	json_int_t version = json_integer_value(json_object_get(message, "version"));
	int process = name ? tess_process_from_text(name) : 0;

	if (!process || version != TESS_LINK_VERSION) {
		TESS_WARN("link.hello", "process=%s version=%lld refused=yes", name ? name : "?",
			  (long long)version);
		return;
	}
	/* a second one of a kind: the newer is the one that lives */
	reconcile->links[process] = link;
	if (process == TESS_PROCESS_MEDIA)
		tess_pictures_link_up(reconcile->control);
	tess_facts_up(reconcile->control->facts, process, tess_control_utc_us(reconcile->control));
	TESS_INFO("link.up", "process=%s", name);
	changed(reconcile);
}

static void meter(struct tess_reconcile *reconcile, enum tess_process process)
{
	int rc = process == TESS_PROCESS_MEDIA ? tess_metering_media(reconcile->metering)
					       : tess_metering_egress(reconcile->metering);

	if (rc)
		TESS_ERROR("usage.keep", "process=%s error=\"%s\"", tess_process_text(process),
			   strerror(-rc));
}

/* A recording that began in the message before goes on with more of its files. */
static int join_records(json_t *all, const json_t *records)
{
	json_t *last = json_array_get(all, json_array_size(all) - 1), *record;
	size_t i;
	int rc = 0;

	json_array_foreach(records, i, record)
	{
		if (!i && last &&
		    json_equal(json_object_get(last, "id"), json_object_get(record, "id")))
			rc |= json_array_extend(json_object_get(last, "files"),
						json_object_get(record, "files"));
		else
			rc |= json_array_append(all, record);
	}
	return rc ? -ENOMEM : 0;
}

/* What egress tells of many recordings comes in several messages, which are taken as one. @return
 * true: that was the last */
static bool gather(struct tess_reconcile *reconcile, json_t *message)
{
	bool more = json_is_true(json_object_get(message, "more"));

	if (more && !reconcile->records)
		reconcile->records = json_array();
	if (!reconcile->records)
		return !more;
	if (join_records(reconcile->records, json_object_get(message, "records")))
		TESS_ERROR("facts.gather", "error=\"out of memory\"");
	if (more)
		return false;
	if (json_object_set_new(message, "records", reconcile->records))
		TESS_ERROR("facts.gather", "error=\"out of memory\"");
	reconcile->records = NULL;
	return true;
}

static void facts(struct tess_reconcile *reconcile, enum tess_process process, json_t *message)
{
	struct tess_control *control = reconcile->control;
	int rc, told;

	if (process == TESS_PROCESS_EGRESS && !gather(reconcile, message))
		return;
	rc = tess_facts_take(control->facts, process, message, tess_clock_now_us(control->clock));
	if (!rc && process == TESS_PROCESS_MEDIA) {
		tess_rooms_leave_idle(control);
		tess_client_mix_follow_screens(control);
	}
	if (!rc && process == TESS_PROCESS_EGRESS) {
		tess_publish_follow(control);
		tess_user_records_keep(control);
		rc = tess_import_records(&reconcile->import, control, message);
	}
	meter(reconcile, process);
	told = process == TESS_PROCESS_EGRESS &&
	       (tess_uploads_told(control, json_object_get(message, "orders")) |
		tess_found_told(control, json_object_get(message, "orders")) |
		tess_covers_told(control, json_object_get(message, "orders")));
	if (rc == 1)
		changed(reconcile);
	else if (told)
		orders_changed(reconcile);
	if (rc < 0)
		TESS_ERROR("facts.take", "process=%s error=\"%s\"", tess_process_text(process),
			   strerror(-rc));
}

static void publish(struct tess_reconcile *reconcile, struct tess_link *link, const json_t *message)
{
	json_t *answer = tess_publish_message(reconcile->control, message);
	int rc = answer ? tess_link_send(link, answer, NULL, 0) : -ENOMEM;

	json_decref(answer);
	if (rc)
		TESS_WARN("link.answer", "type=publish error=\"%s\"", strerror(-rc));
}

static void client_mix(struct tess_reconcile *reconcile, struct tess_link *link,
		       const json_t *message)
{
	json_t *answer = tess_client_mix_message(reconcile->control, message);
	int rc = answer ? tess_link_send(link, answer, NULL, 0) : -ENOMEM;

	json_decref(answer);
	if (rc)
		TESS_WARN("link.answer", "type=client_mix error=\"%s\"", strerror(-rc));
}

/* From egress, which may not decode it, to media, which has no files. */
static void key_frame(struct tess_reconcile *reconcile, const json_t *message, int fd)
{
	struct tess_link *media = reconcile->links[TESS_PROCESS_MEDIA];
	json_t *cover;
	int rc = -ENOTCONN;

	if (!tess_covers_key_frame(reconcile->control, message))
		return;
	cover = json_pack("{ss sO}", "type", "cover", "id", json_object_get(message, "id"));
	if (media)
		rc = cover ? tess_link_send(media, cover, &fd, 1) : -ENOMEM;
	json_decref(cover);
	if (rc)
		TESS_WARN("cover.send", "error=\"%s\"", strerror(-rc));
	orders_changed(reconcile);
}

/* 0 for a link that has not said hello, or was replaced */
static int process_of(const struct tess_reconcile *reconcile, const struct tess_link *link)
{
	for (int i = TESS_PROCESS_MEDIA; i <= TESS_PROCESS_EGRESS; i++)
		if (reconcile->links[i] == link)
			return i;
	return 0;
}

static void on_message(void *arg, struct tess_link *link, json_t *message, int *fds,
		       unsigned fd_count)
{
	struct tess_reconcile *reconcile = arg;
	const char *type = json_string_value(json_object_get(message, "type"));
	int process = process_of(reconcile, link);

	if (type && !strcmp(type, "hello"))
		hello(reconcile, link, message);
	else if (type && !strcmp(type, "facts") && process)
		facts(reconcile, process, message);
	else if (type && !strcmp(type, "client_mix") && process == TESS_PROCESS_MEDIA)
		client_mix(reconcile, link, message);
	else if (type && !strcmp(type, "key_frame") && process == TESS_PROCESS_EGRESS &&
		 fd_count == 1)
		key_frame(reconcile, message, fds[0]);
	else if (type && !strcmp(type, "cover") && process == TESS_PROCESS_MEDIA)
		tess_covers_made(reconcile->control, message, fd_count == 1 ? fds[0] : -1);
	else if (type && !strcmp(type, "publish") && process == TESS_PROCESS_EGRESS)
		publish(reconcile, link, message);
	else if (type && !strcmp(type, "publish_tracks") && process == TESS_PROCESS_EGRESS)
		tess_publish_tracks(reconcile->control, message);
	else if (type && !strcmp(type, "unpublish") && process == TESS_PROCESS_EGRESS)
		tess_publish_end(reconcile->control, message);
	else
		TESS_WARN("link.message", "type=%s ignored=yes", type ? type : "?");
	for (unsigned i = 0; i < fd_count; i++)
		close(fds[i]);
}

static void on_up(void *arg, struct tess_link *link)
{
	(void)arg;
	(void)link; /* it says who it is first */
}

static void on_down(void *arg, struct tess_link *link)
{
	struct tess_reconcile *reconcile = arg;
	int process = process_of(reconcile, link);

	if (!process)
		return;
	reconcile->links[process] = NULL;
	if (process == TESS_PROCESS_EGRESS && tess_metering_egress_gone(reconcile->metering))
		TESS_ERROR("usage.keep", "process=egress lost=yes");
	tess_facts_down(reconcile->control->facts, process,
			tess_control_utc_us(reconcile->control));
	TESS_WARN("link.down", "process=%s", tess_process_text(process));
	if (process == TESS_PROCESS_EGRESS) {
		json_decref(reconcile->records);
		reconcile->records = NULL;
	}
	if (process == TESS_PROCESS_EGRESS && tess_import_reset(&reconcile->import))
		TESS_ERROR("link.down", "error=\"out of memory\"");
}

static const struct tess_link_handlers handlers = {
	.up = on_up,
	.message = on_message,
	.down = on_down,
};

int tess_reconcile_start(struct tess_reconcile **reconcilep, struct tess_control *control,
			 struct tess_loop *loop)
{
	struct tess_reconcile *reconcile = calloc(1, sizeof(*reconcile));
	char path[sizeof(control->config->box.run_dir) + 16];
	int rc;

	if (!reconcile)
		return -ENOMEM;
	reconcile->control = control;
	reconcile->epoch = control->life << 32;
	rc = tess_import_init(&reconcile->import);
	if (!rc)
		rc = tess_metering_alloc(&reconcile->metering, control);
	if (!rc)
		rc = tess_pictures_start(control, loop);
	if (!rc)
		rc = tess_timer_alloc(&reconcile->timer, loop, send_all, reconcile);
	if (!rc) {
		snprintf(path, sizeof(path), "%s/control.sock", control->config->box.run_dir);
		rc = tess_link_listen(&reconcile->server, loop, path, &handlers, reconcile);
	}
	if (rc) {
		tess_reconcile_stop(reconcile);
		return rc;
	}
	control->changed = changed;
	control->orders = orders_changed;
	control->changed_arg = reconcile;
	control->tell = tell;
	control->tell_arg = reconcile;
	*reconcilep = reconcile;
	return 0;
}

void tess_reconcile_stop(struct tess_reconcile *reconcile)
{
	if (!reconcile)
		return;
	if (reconcile->control->changed_arg == reconcile)
		reconcile->control->changed = reconcile->control->orders = NULL;
	if (reconcile->control->tell_arg == reconcile)
		reconcile->control->tell = NULL;
	tess_link_server_free(reconcile->server);
	tess_pictures_stop(reconcile->control);
	tess_timer_free(reconcile->timer);
	tess_import_fini(&reconcile->import);
	tess_metering_free(reconcile->metering);
	json_decref(reconcile->records);
	free(reconcile);
}
