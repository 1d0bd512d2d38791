/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/store.h - what the box must not forget, in SQLite.
 *
 * What is returned from a function that changes something is on disk (synchronous=FULL), unless a
 * transaction of the caller is open. Lists are given row by row to a callback; a callback that
 * returns non-zero ends the list, and the list returns that. Rows are valid for the call alone. A
 * callback must not change the store. Hashes are SHA-256 in lower case hex.
 *
 * Errors: those of store/db.h, and -ENOENT for what is not there. Times are UTC microseconds; 0 =
 * none. Threads: one.
 */
#ifndef TESS_CONTROL_STORE_STORE_H
#define TESS_CONTROL_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/control/cloud/mix_params.h"
#include "firmware/control/store/settings.h"

#define TESS_NAME_MAX	     64
#define TESS_DESCRIPTION_MAX 256
#define TESS_SECRET_ID_MAX   64
#define TESS_SECRET_KEY_MAX  64
#define TESS_USERSIG_KEY_MAX 64
#define TESS_SOURCE_MAX	     45 /* an IPv6 address */

struct tess_store;
struct tess_db;

/**
 * Open <state_dir>/tessera.db, create or migrate it. @p state_dir must be there.
 * @retval 0, -ENOTSUP a newer program wrote it, -EUCLEAN it is damaged, or another error
 */
int tess_store_open(struct tess_store **storep, const char *state_dir) TESS_MUST_CHECK;
void tess_store_close(struct tess_store *store); /* accepts NULL */
/** Transactions over several calls; they nest (store/db.h). */
int tess_store_begin(struct tess_store *store) TESS_MUST_CHECK;
/** Commit if @p rc is not negative, else roll back. @return rc, or the commit's error */
int tess_store_finish(struct tess_store *store, int rc) TESS_MUST_CHECK;

/* ---- settings ---- */

/** @retval 0, -ENOENT */
int tess_store_setting(struct tess_store *store, const char *name, char *value,
		       size_t size) TESS_MUST_CHECK;
int tess_store_setting_set(struct tess_store *store, const char *name,
			   const char *value) TESS_MUST_CHECK;

/* ---- administrators, sessions, tokens, audit ---- */

struct tess_admin {
	int64_t id;
	char name[TESS_NAME_MAX + 1];
	char password[160]; /* argon2id, encoded */
	bool initial;	    /* it is still the generated one */
};

int tess_store_admin_add(struct tess_store *store, const char *name, const char *password,
			 bool initial, int64_t now_us) TESS_MUST_CHECK;
/** @retval 0, -ENOENT */
int tess_store_admin_find(struct tess_store *store, struct tess_admin *admin,
			  const char *name) TESS_MUST_CHECK;
int tess_store_admin_count(struct tess_store *store, int64_t *count) TESS_MUST_CHECK;
/** Set the password and end all sessions of the administrator but @p keep (a hash; may be NULL). */
int tess_store_admin_password(struct tess_store *store, int64_t id, const char *password,
			      const char *keep) TESS_MUST_CHECK;

struct tess_session {
	int64_t user;
	char name[TESS_NAME_MAX + 1];
	bool initial;
	int64_t expires_us;
};

/** Also forgets the sessions that are over. */
int tess_store_session_add(struct tess_store *store, const char *hash, int64_t user, int64_t now_us,
			   int64_t expires_us) TESS_MUST_CHECK;
/** @retval 0, -ENOENT none, or it is over */
int tess_store_session_find(struct tess_store *store, struct tess_session *session,
			    const char *hash, int64_t now_us) TESS_MUST_CHECK;
int tess_store_session_remove(struct tess_store *store, const char *hash) TESS_MUST_CHECK;

struct tess_token {
	int64_t id;
	char name[TESS_NAME_MAX + 1];
	char scope[8]; /* "admin", "read" */
	int64_t created_us, last_used_us;
};

/** @retval 0 with *id, -EEXIST a token has this name */
int tess_store_token_add(struct tess_store *store, int64_t *id, const char *name, const char *scope,
			 const char *hash, int64_t now_us) TESS_MUST_CHECK;
int tess_store_token_find(struct tess_store *store, struct tess_token *token,
			  const char *hash) TESS_MUST_CHECK;
int tess_store_token_used(struct tess_store *store, int64_t id, int64_t now_us) TESS_MUST_CHECK;
int tess_store_token_remove(struct tess_store *store, int64_t id) TESS_MUST_CHECK;
int tess_store_tokens(struct tess_store *store,
		      int (*each)(void *arg, const struct tess_token *row),
		      void *arg) TESS_MUST_CHECK;

struct tess_audit {
	int64_t id, at_us;
	const char *who, *address, *action, *target;
};

/** Keeps the newest 10000 entries. */
int tess_store_audit_add(struct tess_store *store, const struct tess_audit *entry) TESS_MUST_CHECK;
/** Newest first, ids below @p before (0 = all). */
int tess_store_audits(struct tess_store *store, int64_t before, int64_t limit,
		      int (*each)(void *arg, const struct tess_audit *row),
		      void *arg) TESS_MUST_CHECK;

/* ---- applications and cloud API keys ---- */

struct tess_application {
	uint32_t id; /* SdkAppId; 0 when adding: one is chosen */
	char name[TESS_NAME_MAX + 1];
	char description[TESS_DESCRIPTION_MAX + 1];
	char usersig_key[TESS_USERSIG_KEY_MAX + 1];
	char frozen[8];	   /* how pictures that stand still are shown; "" = as the box has it */
	bool live_all;	   /* all that users send are live streams */
	char name_rule[8]; /* of cloud/stream_name.h; "" when adding = the new one */
	uint32_t biz_id;   /* for the old rule; 0 = none */
	int64_t created_us;
};

/** @retval 0 with application->id set, -EEXIST */
int tess_store_application_add(struct tess_store *store,
			       struct tess_application *application) TESS_MUST_CHECK;
int tess_store_application_get(struct tess_store *store, struct tess_application *application,
			       uint32_t id) TESS_MUST_CHECK;
/** All but the id and the time of application->id. @retval 0, -ENOENT */
int tess_store_application_set(struct tess_store *store,
			       const struct tess_application *application) TESS_MUST_CHECK;
/** With its keys, publishers and mixes. @retval 0, -ENOENT, -EBUSY it has recordings */
int tess_store_application_remove(struct tess_store *store, uint32_t id) TESS_MUST_CHECK;
int tess_store_applications(struct tess_store *store,
			    int (*each)(void *arg, const struct tess_application *row),
			    void *arg) TESS_MUST_CHECK;

struct tess_api_key {
	int64_t id;
	char secret_id[TESS_SECRET_ID_MAX + 1];
	char secret_key[TESS_SECRET_KEY_MAX + 1];
	uint32_t application;
	bool enabled;
	int64_t created_us;
};

/** @retval 0 with key->id set, -ENOENT no such application, -EEXIST */
int tess_store_key_add(struct tess_store *store, struct tess_api_key *key) TESS_MUST_CHECK;
int tess_store_key_find(struct tess_store *store, struct tess_api_key *key,
			const char *secret_id) TESS_MUST_CHECK;
int tess_store_key_enable(struct tess_store *store, uint32_t application, const char *secret_id,
			  bool enabled) TESS_MUST_CHECK;
int tess_store_key_remove(struct tess_store *store, uint32_t application,
			  const char *secret_id) TESS_MUST_CHECK;
int tess_store_keys(struct tess_store *store, uint32_t application,
		    int (*each)(void *arg, const struct tess_api_key *row),
		    void *arg) TESS_MUST_CHECK;
/** @retval 0, -ENOENT no such key */
int tess_store_key_application(struct tess_store *store, int64_t key,
			       uint32_t *application) TESS_MUST_CHECK;
/** Does this key belong to this application? @retval 1, 0, or an error */
int tess_store_key_owns(struct tess_store *store, int64_t key,
			uint32_t application) TESS_MUST_CHECK;

/* ---- desired: who publishes, what is mixed ---- */

struct tess_publisher {
	int64_t id; /* also the order of entry */
	struct tess_cloud_room room;
	char user[TESS_CLOUD_MAX_USER + 1];
	char stream_type[5]; /* "main", "aux" */
	char source[TESS_SOURCE_MAX + 1];
	uint16_t video_port; /* 0 = no video */
	uint8_t video_payload_type;
	uint16_t audio_port; /* 0 = no audio */
	uint8_t audio_payload_type;
	int64_t entered_us;
	char stream_id[TESS_CLOUD_MAX_ID + 1];	    /* given at entry; "" = not */
	char record_id[TESS_CLOUD_MAX_ID + 1];	    /* userDefineRecordId; "" = none */
	char stream_name[TESS_STREAM_NAME_MAX + 1]; /* stream_id, or by the application's rule */
	/* a live stream by this name, which nobody else has then; read: and no mix of the user's is
	 * in its place */
	bool live;
};

/** @retval 0 with publisher->id set, -EEXIST this user's stream, a port or the name of a live
 * stream, -ENOENT no application */
int tess_store_publisher_add(struct tess_store *store,
			     struct tess_publisher *publisher) TESS_MUST_CHECK;
/** @retval 1 this user sends this stream type in this room, 0 not, or an error */
int tess_store_publisher_is(struct tess_store *store, const struct tess_cloud_room *room,
			    const char *user, const char *stream_type) TESS_MUST_CHECK;
/** One stream type of a user, or all when NULL. @retval 0, -ENOENT none */
int tess_store_publisher_leave(struct tess_store *store, const struct tess_cloud_room *room,
			       const char *user, const char *stream_type) TESS_MUST_CHECK;
/** All publishers of a room. @retval 0, -ENOENT none */
int tess_store_room_clear(struct tess_store *store,
			  const struct tess_cloud_room *room) TESS_MUST_CHECK;
/** In order of entry; @p room may be NULL: all, in order of room and entry. */
int tess_store_publishers(struct tess_store *store, const struct tess_cloud_room *room,
			  int (*each)(void *arg, const struct tess_publisher *row),
			  void *arg) TESS_MUST_CHECK;
int tess_store_room_users(struct tess_store *store, const struct tess_cloud_room *room,
			  int64_t *count) TESS_MUST_CHECK;
/** stream_name and live of publisher->id. @retval 0, -ENOENT, -EEXIST another has the name */
int tess_store_publisher_name(struct tess_store *store,
			      const struct tess_publisher *publisher) TESS_MUST_CHECK;
/** @retval 1 a mix, but for one that the user started, or what another user sends live has the
 * publisher's stream_name, 0 not, or an error */
int tess_store_stream_name_taken(struct tess_store *store,
				 const struct tess_publisher *publisher) TESS_MUST_CHECK;
/** Is what this user sends to be a stream of its own: live, relayed or recorded? @retval 1, 0, or
 * an error */
int tess_store_publication_wanted(struct tess_store *store,
				  const struct tess_publisher *publisher) TESS_MUST_CHECK;

struct tess_mix {
	int64_t id;
	struct tess_cloud_room room;
	int64_t epoch;
	char stream_id[TESS_CLOUD_MAX_ID + 1];
	char record_id[TESS_CLOUD_MAX_ID + 1];
	char params[8192]; /* JSON */
	int64_t started_us;
	char starter[TESS_CLOUD_MAX_USER + 1]; /* "": the API */
	char publish[1024]; /* JSON: biz_id, url; "": to no other CDN. The url has a secret in it */
};

/** @retval 0 with mix->id and mix->epoch set, -EEXIST the room's mix or the stream id */
int tess_store_mix_add(struct tess_store *store, struct tess_mix *mix) TESS_MUST_CHECK;
/** @retval 0, -ENOENT the room has no mix */
int tess_store_mix_find(struct tess_store *store, struct tess_mix *mix,
			const struct tess_cloud_room *room) TESS_MUST_CHECK;
/** New params and publish of mix->id; the epoch rises. */
int tess_store_mix_change(struct tess_store *store, const struct tess_mix *mix) TESS_MUST_CHECK;
int tess_store_mix_remove(struct tess_store *store, int64_t id) TESS_MUST_CHECK;
/** @retval 1 the mix of another room has this stream id, or what a user sends live, who is not @p
 * starter in this room ("": nobody), 0 not, or an error */
int tess_store_stream_id_taken(struct tess_store *store, const struct tess_cloud_room *room,
			       const char *stream_id, const char *starter) TESS_MUST_CHECK;
int tess_store_mixes(struct tess_store *store, int (*each)(void *arg, const struct tess_mix *row),
		     void *arg) TESS_MUST_CHECK;

struct tess_counts {
	int64_t rooms, users; /* a user's two stream types are one user */
	int64_t mixes;
	int64_t recordings; /* wanted */
};

int tess_store_counts(struct tess_store *store, struct tess_counts *counts) TESS_MUST_CHECK;

/* ---- recordings ---- */

#define TESS_RECORD_PREFIX_MAX 128

struct tess_recording {
	int64_t id;
	struct tess_cloud_room room;
	char stream[32]; /* "mix-3", "user-12" */
	char stream_id[TESS_STREAM_NAME_MAX + 1];
	char record_id[TESS_CLOUD_MAX_ID + 1];
	/* of its files' names; "" when adding = record_id */
	char prefix[TESS_RECORD_PREFIX_MAX + 1];
	/* "mix", or of a user: "automatic", "specified" (the application's mode), "api" (an
	 * administrator's call); "" when adding = "mix" */
	char cause[12];
	char user[TESS_CLOUD_MAX_USER + 1]; /* "" = of a mix */
	char stream_type[5];		    /* "main", "aux"; "" = of a mix */
	int64_t ends_us; /* the user has left, and it ends then; 0 = the user is there */
	bool wanted;	 /* it should go on */
	char state[16];	 /* as on the links, and "deleting" */
	char path[256];
	int64_t created_us, start_us, end_us, duration_us, size_bytes;
	uint32_t width, height;
	char gaps[8192]; /* JSON array, as on the links; "" = [] */
	char error[128];
	struct tess_record_settings settings; /* as they were when it began; its mode is "" */
	int64_t metered_us;		      /* of its duration, what is in the usage; read only */
};

/** Is it finished or failed? Then it is not wanted any more. */
bool tess_recording_over(const struct tess_recording *recording);

/** A list's total stops here: to count on would take longer than anybody wants to wait. */
#define TESS_RECORDINGS_COUNT_MAX 10000

#define TESS_AREA_OWN (-1) /* in a filter: the application's own area, which is 0 elsewhere */

/** How the list is narrowed; zero members do not narrow. */
struct tess_recording_filter {
	uint32_t application;
	const char *prefix; /* of its files' names */
	int64_t area;	    /* or TESS_AREA_OWN */
	const char *state;
	int64_t from_us, to_us; /* of start (or creation, before it has one) */
	int64_t limit, offset;	/* limit 0 = all */
};

/** @retval 0 with recording->id set; it is wanted, state waiting */
int tess_store_recording_add(struct tess_store *store,
			     struct tess_recording *recording) TESS_MUST_CHECK;
/** @retval 0, -ENOENT */
int tess_store_recording_get(struct tess_store *store, struct tess_recording *recording,
			     int64_t id) TESS_MUST_CHECK;
/** The recording of the mix's stream that is wanted. @retval 0 with *id, -ENOENT */
int tess_store_recording_of(struct tess_store *store, int64_t *id,
			    const char *stream) TESS_MUST_CHECK;
/**
 * Before publishers leave: @p user NULL = all of the room, @p stream_type NULL = both. Their
 * recordings end, those with a resume time-out only after it.
 */
int tess_store_recordings_leave(struct tess_store *store, const struct tess_cloud_room *room,
				const char *user, const char *stream_type,
				int64_t now_us) TESS_MUST_CHECK;
/**
 * A user is back: the recording of the same user, stream type and record id that has not ended yet
 * goes on with the publisher's stream. @retval 1, 0 there is none, or an error
 */
int tess_store_recording_back(struct tess_store *store, const struct tess_publisher *publisher,
			      int64_t now_us) TESS_MUST_CHECK;
/** Those whose user has been away for too long end. @retval 1 some have, 0, or an error */
int tess_store_recordings_due(struct tess_store *store, int64_t now_us) TESS_MUST_CHECK;
/** No recording of this stream is wanted any more. */
int tess_store_recording_end(struct tess_store *store, const char *stream) TESS_MUST_CHECK;
/** All that egress tells: state, path, times, size, gaps, error of recording->id. @retval 0,
 * -ENOENT */
int tess_store_recording_facts(struct tess_store *store,
			       const struct tess_recording *recording) TESS_MUST_CHECK;
int tess_store_recording_state(struct tess_store *store, int64_t id, const char *state,
			       const char *error) TESS_MUST_CHECK;
/** It and its files are to be removed by egress. @retval 0, -ENOENT, -EBUSY one of them is held */
int tess_store_recording_delete(struct tess_store *store, int64_t id) TESS_MUST_CHECK;
int tess_store_recording_remove(struct tess_store *store, int64_t id) TESS_MUST_CHECK;
/** Newest first; with a prefix of many, those that began last first. */
int tess_store_recordings(struct tess_store *store, const struct tess_recording_filter *filter,
			  int (*each)(void *arg, const struct tess_recording *row),
			  void *arg) TESS_MUST_CHECK;
int tess_store_recordings_count(struct tess_store *store,
				const struct tess_recording_filter *filter,
				int64_t *count) TESS_MUST_CHECK; /* at most ..._COUNT_MAX */
/** Oldest first, those that are not finished or failed. */
int tess_store_recordings_open(struct tess_store *store,
			       int (*each)(void *arg, const struct tess_recording *row),
			       void *arg) TESS_MUST_CHECK;
/** How many in each state. */
int tess_store_recording_states(struct tess_store *store,
				int (*each)(void *arg, const char *state, int64_t count),
				void *arg) TESS_MUST_CHECK;

/* ---- relays: where streams are pushed to ---- */

/** The longest address of a target. */
#define TESS_RELAY_URL_MAX 1023

struct tess_relay {
	int64_t id;
	uint32_t application;
	char stream_id[TESS_STREAM_NAME_MAX + 1]; /* whichever mix or user has it now */
	char url[TESS_RELAY_URL_MAX + 1];	  /* a secret: the key is in it */
	bool enabled;
	int64_t mix;   /* it came with this mix, and goes with it; 0 = it is an administrator's */
	int64_t epoch; /* rises with each change */
	int64_t created_us;
};

/** One of an administrator's. @retval 0 with relay->id and epoch set, -ENOENT no such application,
 * -EEXIST */
int tess_store_relay_add(struct tess_store *store, struct tess_relay *relay) TESS_MUST_CHECK;
/** @retval 0, -ENOENT */
int tess_store_relay_get(struct tess_store *store, struct tess_relay *relay,
			 int64_t id) TESS_MUST_CHECK;
/** url and enabled of relay->id; the epoch rises. @retval 0, -ENOENT, -EEXIST */
int tess_store_relay_set(struct tess_store *store, const struct tess_relay *relay) TESS_MUST_CHECK;
int tess_store_relay_remove(struct tess_store *store, int64_t id) TESS_MUST_CHECK;
/**
 * The one relay that came with relay->mix is to have this url ("": there is to be none). One of an
 * administrator's that pushes the same stream there already does as well.
 */
int tess_store_relay_of_mix(struct tess_store *store,
			    const struct tess_relay *relay) TESS_MUST_CHECK;
int tess_store_relays_count(struct tess_store *store, uint32_t application, const char *stream_id,
			    int64_t *count) TESS_MUST_CHECK;
/** Of one application, or of all when 0. */
int tess_store_relays(struct tess_store *store, uint32_t application,
		      int (*each)(void *arg, const struct tess_relay *row),
		      void *arg) TESS_MUST_CHECK;
/** Those enabled whose stream there is, with its key on the links, "mix-3" or "user-12". */
int tess_store_relays_wanted(struct tess_store *store,
			     int (*each)(void *arg, const struct tess_relay *row,
					 const char *stream),
			     void *arg) TESS_MUST_CHECK;

/** For the tests: the database itself. */
struct tess_db *tess_store_db(struct tess_store *store);

#endif
