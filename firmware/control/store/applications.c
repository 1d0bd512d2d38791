/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/applications.c - applications and their cloud API keys.
 */
#include <errno.h>
#include <string.h>

#include "firmware/control/cloud/stream_name.h"
#include "firmware/control/store/internal.h"

/* SdkAppIds that the box chooses look like the cloud's: ten digits from here on. */
#define FIRST_SDK_APP_ID 1400000001

static int next_id(struct tess_store *store, uint32_t *id)
{
	struct tess_query q = tess_query(
		store->db, "WITH RECURSIVE next(id) AS ("
			   " SELECT max(id) + 1 FROM application WHERE id >= ? UNION ALL"
			   " SELECT id + 1 FROM next WHERE id IN (SELECT id FROM storage_area))"
			   " SELECT max(id) FROM next");
	int64_t value = 0;
	int rc;

	tess_query_int(&q, FIRST_SDK_APP_ID);
	rc = tess_store_value(&q, &value);
	if (rc)
		return rc;
	if (value > UINT32_MAX)
		return -EEXIST;
	*id = value ? (uint32_t)value : FIRST_SDK_APP_ID;
	return 0;
}

/* Both have folders by their number. */
static int is_area(struct tess_store *store, uint32_t id)
{
	struct tess_query q = tess_query(store->db, "SELECT count(*) FROM storage_area"
						    " WHERE id = ?");
	int64_t count = 0;
	int rc;

	tess_query_int(&q, id);
	rc = tess_store_value(&q, &count);
	return rc ? rc : count != 0;
}

int tess_store_application_add(struct tess_store *store, struct tess_application *application)
{
	struct tess_query q;
	int rc = 0;

	if (!application->id)
		rc = next_id(store, &application->id);
	if (!rc)
		rc = is_area(store, application->id);
	if (rc)
		return rc > 0 ? -EEXIST : rc;
	q = tess_query(store->db, "INSERT INTO application"
				  "(id, name, description, usersig_key, frozen, live_all,"
				  " name_rule, biz_id, created_us)"
				  " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");
	tess_query_int(&q, application->id);
	tess_query_text(&q, application->name);
	tess_query_text(&q, application->description);
	tess_query_text(&q, application->usersig_key);
	tess_query_text(&q, application->frozen);
	tess_query_int(&q, application->live_all);
	if (!*application->name_rule)
		(void)stpcpy(application->name_rule, TESS_NAME_RULE_PLAIN);
	tess_query_text(&q, application->name_rule);
	tess_query_int(&q, application->biz_id);
	tess_query_int(&q, application->created_us);
	return tess_query_run(&q);
}

#define APPLICATION_COLUMNS                                                                   \
	"SELECT id, name, description, usersig_key, frozen, created_us, live_all, name_rule," \
	" biz_id FROM application "

static void column_application(const struct tess_query *q, struct tess_application *row)
{
	row->id = (uint32_t)tess_column_int(q, 0);
	tess_column_text(q, 1, row->name, sizeof(row->name));
	tess_column_text(q, 2, row->description, sizeof(row->description));
	tess_column_text(q, 3, row->usersig_key, sizeof(row->usersig_key));
	tess_column_text(q, 4, row->frozen, sizeof(row->frozen));
	row->created_us = tess_column_int(q, 5);
	row->live_all = tess_column_int(q, 6);
	tess_column_text(q, 7, row->name_rule, sizeof(row->name_rule));
	row->biz_id = (uint32_t)tess_column_int(q, 8);
}

int tess_store_application_get(struct tess_store *store, struct tess_application *application,
			       uint32_t id)
{
	struct tess_query q = tess_query(store->db, APPLICATION_COLUMNS "WHERE id = ?");
	int row, rc;

	tess_query_int(&q, id);
	row = tess_query_row(&q);
	if (row == 1)
		column_application(&q, application);
	rc = tess_query_end(&q);
	return rc ? rc : row == 1 ? 0 : -ENOENT;
}

int tess_store_application_set(struct tess_store *store, const struct tess_application *application)
{
	struct tess_query q =
		tess_query(store->db, "UPDATE application SET name = ?, description = ?,"
				      " usersig_key = ?, frozen = ?, live_all = ?, name_rule = ?,"
				      " biz_id = ? WHERE id = ?");

	tess_query_text(&q, application->name);
	tess_query_text(&q, application->description);
	tess_query_text(&q, application->usersig_key);
	tess_query_text(&q, application->frozen);
	tess_query_int(&q, application->live_all);
	tess_query_text(&q, application->name_rule);
	tess_query_int(&q, application->biz_id);
	tess_query_int(&q, application->id);
	return tess_store_run_one(&q);
}

int tess_store_application_remove(struct tess_store *store, uint32_t id)
{
	struct tess_query q = tess_query(store->db, "DELETE FROM application WHERE id = ?");
	int rc;

	tess_query_int(&q, id);
	rc = tess_query_run(&q);
	/* only recordings refuse to go with their application */
	if (rc == -ENOENT || rc == -EEXIST)
		return -EBUSY;
	if (rc)
		return rc;
	return tess_db_changes(store->db) ? 0 : -ENOENT;
}

int tess_store_applications(struct tess_store *store,
			    int (*each)(void *arg, const struct tess_application *row), void *arg)
{
	struct tess_query q = tess_query(store->db, APPLICATION_COLUMNS "ORDER BY id");
	struct tess_application row;
	int stop = 0, rc;

	while (!stop && tess_query_row(&q) == 1) {
		column_application(&q, &row);
		stop = each(arg, &row);
	}
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}

int tess_store_key_add(struct tess_store *store, struct tess_api_key *key)
{
	struct tess_query q = tess_query(store->db, "INSERT INTO api_key"
						    "(secret_id, secret_key, application, enabled,"
						    " created_us) VALUES(?, ?, ?, ?, ?)");
	int rc;

	tess_query_text(&q, key->secret_id);
	tess_query_text(&q, key->secret_key);
	tess_query_int(&q, key->application);
	tess_query_int(&q, key->enabled);
	tess_query_int(&q, key->created_us);
	rc = tess_query_run(&q);
	if (!rc)
		key->id = tess_db_last_id(store->db);
	return rc;
}

#define KEY_COLUMNS \
	"SELECT id, secret_id, secret_key, application, enabled, created_us FROM api_key "

static void column_key(const struct tess_query *q, struct tess_api_key *row)
{
	row->id = tess_column_int(q, 0);
	tess_column_text(q, 1, row->secret_id, sizeof(row->secret_id));
	tess_column_text(q, 2, row->secret_key, sizeof(row->secret_key));
	row->application = (uint32_t)tess_column_int(q, 3);
	row->enabled = tess_column_int(q, 4);
	row->created_us = tess_column_int(q, 5);
}

int tess_store_key_find(struct tess_store *store, struct tess_api_key *key, const char *secret_id)
{
	struct tess_query q = tess_query(store->db, KEY_COLUMNS "WHERE secret_id = ?");
	int row, rc;

	tess_query_text(&q, secret_id);
	row = tess_query_row(&q);
	if (row == 1)
		column_key(&q, key);
	rc = tess_query_end(&q);
	return rc ? rc : row == 1 ? 0 : -ENOENT;
}

int tess_store_key_enable(struct tess_store *store, uint32_t application, const char *secret_id,
			  bool enabled)
{
	struct tess_query q = tess_query(store->db, "UPDATE api_key SET enabled = ?"
						    " WHERE application = ? AND secret_id = ?");

	tess_query_int(&q, enabled);
	tess_query_int(&q, application);
	tess_query_text(&q, secret_id);
	return tess_store_run_one(&q);
}

int tess_store_key_remove(struct tess_store *store, uint32_t application, const char *secret_id)
{
	struct tess_query q = tess_query(store->db, "DELETE FROM api_key"
						    " WHERE application = ? AND secret_id = ?");

	tess_query_int(&q, application);
	tess_query_text(&q, secret_id);
	return tess_store_run_one(&q);
}

int tess_store_keys(struct tess_store *store, uint32_t application,
		    int (*each)(void *arg, const struct tess_api_key *row), void *arg)
{
	struct tess_query q =
		tess_query(store->db, KEY_COLUMNS "WHERE application = ? ORDER BY id");
	struct tess_api_key row;
	int stop = 0, rc;

	tess_query_int(&q, application);
	while (!stop && tess_query_row(&q) == 1) {
		column_key(&q, &row);
		stop = each(arg, &row);
	}
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}

int tess_store_key_owns(struct tess_store *store, int64_t key, uint32_t application)
{
	struct tess_query q = tess_query(store->db, "SELECT count(*) FROM api_key"
						    " WHERE id = ? AND application = ?");
	int64_t count = 0;
	int rc;

	tess_query_int(&q, key);
	tess_query_int(&q, application);
	rc = tess_store_value(&q, &count);
	return rc ? rc : count != 0;
}

int tess_store_key_application(struct tess_store *store, int64_t key, uint32_t *application)
{
	struct tess_query q = tess_query(store->db, "SELECT application FROM api_key WHERE id = ?");
	int64_t id = 0;
	int rc;

	tess_query_int(&q, key);
	rc = tess_store_value(&q, &id);
	*application = (uint32_t)id;
	return rc;
}
