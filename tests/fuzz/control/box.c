/* SPDX-License-Identifier: GPL-3.0-or-later
 * See box.h.
 */
#include "box.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/control/clock.h"
#include "firmware/control/cloud/digest.h"
#include "firmware/control/http/dispatch.h"
#include "firmware/control/jobs/limiter.h"
#include "firmware/control/jobs/rooms.h"
#include "firmware/control/store/db.h"

static void must(bool good)
{
	if (!good)
		abort();
}

static void fill(struct tess_control *control)
{
	struct tess_cloud_room room = {1400000001, TESS_ROOM_ID_NUMBER, "101"};
	struct tess_application application = {.id = 1400000001, .name = "a", .usersig_key = "k"};
	struct tess_publisher publisher = {
		.room = room, .user = "alice", .stream_type = "main", .video_payload_type = 96};
	struct tess_mix_request mix = {.room = room, .stream_id = "show", .record_id = "r"};
	struct tess_cloud_error error;
	char hash[TESS_SHA256_HEX];
	int64_t id;

	must(!tess_store_application_add(control->store, &application));
	must(!tess_rooms_enter(control, &publisher, true, true));
	must(!tess_rooms_mix_start(control, &mix, &error));
	must(!tess_sha256_hex(hash, BOX_TOKEN, strlen(BOX_TOKEN)));
	must(!tess_store_token_add(control->store, &id, "fuzz", "admin", hash, 1));
}

struct tess_control *box_begin(void)
{
	static char dir[] = "/tmp/tessera-fuzz-XXXXXX";
	static struct tess_config config;
	static struct tess_control control;
	static bool made;

	if (!made) {
		made = true;
		tess_log_init("fuzz", TESS_LOG_ERROR);
		must(mkdtemp(dir) != NULL);
		tess_config_defaults(&config);
		memcpy(config.box.state_dir, dir, sizeof(dir));
		must(!tess_control_open(&control, &config, &tess_control_clock));
		fill(&control);
		/* the file is for this process alone, and gone with it */
		must(!tess_db_script(tess_store_db(control.store),
				     "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=OFF"));
		must(!chdir(dir) && !unlink("tessera.db") && !unlink("initial-password"));
		(void)unlink("tessera.db-wal");
		(void)unlink("tessera.db-shm");
		must(!chdir("/") && !rmdir(dir));
	}
	must(!tess_store_begin(control.store));
	tess_limiter_forget(control.starts, "1400000001 number 101");
	return &control;
}

void box_end(struct tess_control *control)
{
	tess_db_rollback(tess_store_db(control->store));
}

static const char *get_header(void *arg, const char *name)
{
	if (!strcasecmp(name, "Host"))
		return "box.lan:8080";
	if (!strcasecmp(name, "Content-Type"))
		return "application/json";
	if (!strcasecmp(name, "Authorization") && *(const bool *)arg)
		return "Bearer " BOX_TOKEN;
	return NULL;
}

static void check(const struct tess_response *response)
{
	const char *type = tess_response_get(response, "Content-Type");
	json_t *json;

	must(response->status >= 200 && response->status < 600);
	/* 500 would be a fault of the box itself */
	must(response->status != 500);
	for (unsigned i = 0; i < response->header_count; i++)
		must(!strpbrk(response->headers[i].value, "\r\n"));
	if (!type || strcmp(type, "application/json") != 0)
		return;
	json = json_loads(response->body, JSON_REJECT_DUPLICATES, NULL);
	must(json_is_object(json));
	if (response->status >= 400) {
		json_t *error = json_object_get(json, "error");

		must(json_is_string(json_object_get(error, "code")));
		must(json_is_string(json_object_get(error, "message")));
		must(json_is_string(json_object_get(error, "field")));
	}
	json_decref(json);
}

void box_request(struct tess_control *control, const char *method, const char *target,
		 const char *body, size_t body_length, bool logged_in)
{
	char *path = strdup(target), *query = strchr(path, '?');
	struct tess_request request = {
		.method = method,
		.path = path,
		.query = query ? query + 1 : "",
		.get_header = get_header,
		.header_arg = &logged_in,
		.body = body,
		.body_length = body_length,
		.address = "192.0.2.1",
	};
	struct tess_response response;

	if (query)
		*query = 0;
	tess_response_init(&response);
	tess_dispatch(control, &request, &response);
	check(&response);
	tess_response_fini(&response);
	free(path);
}
