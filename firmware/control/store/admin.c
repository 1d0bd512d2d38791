/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/admin.c - administrators, their sessions, API tokens, the audit log.
 */
#include <errno.h>
#include <string.h>

#include "firmware/control/store/internal.h"

int tess_store_admin_add(struct tess_store *store, const char *name, const char *password,
			 bool initial, int64_t now_us)
{
	struct tess_query q = tess_query(store->db, "INSERT INTO admin_user"
						    "(name, password, initial, created_us)"
						    " VALUES(?, ?, ?, ?)");

	tess_query_text(&q, name);
	tess_query_text(&q, password);
	tess_query_int(&q, initial);
	tess_query_int(&q, now_us);
	return tess_query_run(&q);
}

int tess_store_admin_find(struct tess_store *store, struct tess_admin *admin, const char *name)
{
	struct tess_query q = tess_query(store->db, "SELECT id, name, password, initial"
						    " FROM admin_user WHERE name = ?");
	int row, rc;

	tess_query_text(&q, name);
	row = tess_query_row(&q);
	if (row == 1) {
		admin->id = tess_column_int(&q, 0);
		tess_column_text(&q, 1, admin->name, sizeof(admin->name));
		tess_column_text(&q, 2, admin->password, sizeof(admin->password));
		admin->initial = tess_column_int(&q, 3);
	}
	rc = tess_query_end(&q);
	return rc ? rc : row == 1 ? 0 : -ENOENT;
}

int tess_store_admin_count(struct tess_store *store, int64_t *count)
{
	struct tess_query q = tess_query(store->db, "SELECT count(*) FROM admin_user");

	return tess_store_value(&q, count);
}

static int set_password(struct tess_store *store, int64_t id, const char *password)
{
	struct tess_query q = tess_query(store->db, "UPDATE admin_user SET password = ?,"
						    " initial = 0 WHERE id = ?");

	tess_query_text(&q, password);
	tess_query_int(&q, id);
	return tess_store_run_one(&q);
}

static int end_sessions(struct tess_store *store, int64_t user, const char *keep)
{
	struct tess_query q =
		tess_query(store->db, "DELETE FROM session WHERE user = ? AND hash IS NOT ?");

	tess_query_int(&q, user);
	tess_query_text(&q, keep);
	return tess_query_run(&q);
}

int tess_store_admin_password(struct tess_store *store, int64_t id, const char *password,
			      const char *keep)
{
	int rc = tess_store_begin(store);

	if (rc)
		return rc;
	rc = set_password(store, id, password);
	if (!rc)
		rc = end_sessions(store, id, keep);
	return tess_store_finish(store, rc);
}

static int forget_sessions(struct tess_store *store, int64_t now_us)
{
	struct tess_query q = tess_query(store->db, "DELETE FROM session WHERE expires_us <= ?");

	tess_query_int(&q, now_us);
	return tess_query_run(&q);
}

static int insert_session(struct tess_store *store, const char *hash, int64_t user, int64_t now_us,
			  int64_t expires_us)
{
	struct tess_query q = tess_query(store->db, "INSERT INTO session"
						    "(hash, user, created_us, expires_us)"
						    " VALUES(?, ?, ?, ?)");

	tess_query_text(&q, hash);
	tess_query_int(&q, user);
	tess_query_int(&q, now_us);
	tess_query_int(&q, expires_us);
	return tess_query_run(&q);
}

int tess_store_session_add(struct tess_store *store, const char *hash, int64_t user, int64_t now_us,
			   int64_t expires_us)
{
	int rc = tess_store_begin(store);

	if (rc)
		return rc;
	rc = forget_sessions(store, now_us);
	if (!rc)
		rc = insert_session(store, hash, user, now_us, expires_us);
	return tess_store_finish(store, rc);
}

int tess_store_session_find(struct tess_store *store, struct tess_session *session,
			    const char *hash, int64_t now_us)
{
	struct tess_query q =
		tess_query(store->db, "SELECT s.user, u.name, u.initial, s.expires_us"
				      " FROM session s JOIN admin_user u ON u.id = s.user"
				      " WHERE s.hash = ? AND s.expires_us > ?");
	int row, rc;

	tess_query_text(&q, hash);
	tess_query_int(&q, now_us);
	row = tess_query_row(&q);
	if (row == 1) {
		session->user = tess_column_int(&q, 0);
		tess_column_text(&q, 1, session->name, sizeof(session->name));
		session->initial = tess_column_int(&q, 2);
		session->expires_us = tess_column_int(&q, 3);
	}
	rc = tess_query_end(&q);
	return rc ? rc : row == 1 ? 0 : -ENOENT;
}

int tess_store_session_remove(struct tess_store *store, const char *hash)
{
	struct tess_query q = tess_query(store->db, "DELETE FROM session WHERE hash = ?");

	tess_query_text(&q, hash);
	return tess_store_run_one(&q);
}

#define TOKEN_COLUMNS "SELECT id, name, scope, created_us, last_used_us FROM token "

static void column_token(const struct tess_query *q, struct tess_token *token)
{
	token->id = tess_column_int(q, 0);
	tess_column_text(q, 1, token->name, sizeof(token->name));
	tess_column_text(q, 2, token->scope, sizeof(token->scope));
	token->created_us = tess_column_int(q, 3);
	token->last_used_us = tess_column_int(q, 4);
}

int tess_store_token_add(struct tess_store *store, int64_t *id, const char *name, const char *scope,
			 const char *hash, int64_t now_us)
{
	struct tess_query q = tess_query(store->db, "INSERT INTO token"
						    "(name, scope, hash, created_us)"
						    " VALUES(?, ?, ?, ?)");
	int rc;

	tess_query_text(&q, name);
	tess_query_text(&q, scope);
	tess_query_text(&q, hash);
	tess_query_int(&q, now_us);
	rc = tess_query_run(&q);
	if (!rc)
		*id = tess_db_last_id(store->db);
	return rc;
}

int tess_store_token_find(struct tess_store *store, struct tess_token *token, const char *hash)
{
	struct tess_query q = tess_query(store->db, TOKEN_COLUMNS "WHERE hash = ?");
	int row, rc;

	tess_query_text(&q, hash);
	row = tess_query_row(&q);
	if (row == 1)
		column_token(&q, token);
	rc = tess_query_end(&q);
	return rc ? rc : row == 1 ? 0 : -ENOENT;
}

int tess_store_token_used(struct tess_store *store, int64_t id, int64_t now_us)
{
	struct tess_query q =
		tess_query(store->db, "UPDATE token SET last_used_us = ? WHERE id = ?");

	tess_query_int(&q, now_us);
	tess_query_int(&q, id);
	return tess_store_run_one(&q);
}

int tess_store_token_remove(struct tess_store *store, int64_t id)
{
	struct tess_query q = tess_query(store->db, "DELETE FROM token WHERE id = ?");

	tess_query_int(&q, id);
	return tess_store_run_one(&q);
}

int tess_store_tokens(struct tess_store *store,
		      int (*each)(void *arg, const struct tess_token *row), void *arg)
{
	struct tess_query q = tess_query(store->db, TOKEN_COLUMNS "ORDER BY id");
	struct tess_token row;
	int stop = 0, rc;

	while (!stop && tess_query_row(&q) == 1) {
		column_token(&q, &row);
		stop = each(arg, &row);
	}
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}

static int insert_audit(struct tess_store *store, const struct tess_audit *entry)
{
	struct tess_query q = tess_query(store->db, "INSERT INTO audit"
						    "(at_us, who, address, action, target)"
						    " VALUES(?, ?, ?, ?, ?)");

	tess_query_int(&q, entry->at_us);
	tess_query_text(&q, entry->who);
	tess_query_text(&q, entry->address);
	tess_query_text(&q, entry->action);
	tess_query_text(&q, entry->target);
	return tess_query_run(&q);
}

static int prune_audit(struct tess_store *store)
{
	struct tess_query q = tess_query(store->db, "DELETE FROM audit WHERE id <= ? - 10000");

	tess_query_int(&q, tess_db_last_id(store->db));
	return tess_query_run(&q);
}

int tess_store_audit_add(struct tess_store *store, const struct tess_audit *entry)
{
	int rc = tess_store_begin(store);

	if (rc)
		return rc;
	rc = insert_audit(store, entry);
	if (!rc)
		rc = prune_audit(store);
	return tess_store_finish(store, rc);
}

int tess_store_audits(struct tess_store *store, int64_t before, int64_t limit,
		      int (*each)(void *arg, const struct tess_audit *row), void *arg)
{
	struct tess_query q =
		tess_query(store->db, "SELECT id, at_us, who, address, action, target FROM audit"
				      " WHERE id < ? ORDER BY id DESC LIMIT ?");
	struct tess_audit row;
	int stop = 0, rc;

	tess_query_int(&q, before ? before : INT64_MAX);
	tess_query_int(&q, limit);
	while (!stop && tess_query_row(&q) == 1) {
		row.id = tess_column_int(&q, 0);
		row.at_us = tess_column_int(&q, 1);
		row.who = tess_column_str(&q, 2);
		row.address = tess_column_str(&q, 3);
		row.action = tess_column_str(&q, 4);
		row.target = tess_column_str(&q, 5);
		stop = each(arg, &row);
	}
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}
