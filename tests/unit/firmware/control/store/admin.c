/* SPDX-License-Identifier: GPL-3.0-or-later
 * Administrators, sessions, tokens, audit, settings.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "fixture.h"

#define H1 "1111111111111111111111111111111111111111111111111111111111111111"
#define H2 "2222222222222222222222222222222222222222222222222222222222222222"
#define H3 "3333333333333333333333333333333333333333333333333333333333333333"

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static void test_admin(void **state)
{
	struct tess_store *store = f.control.store;
	struct tess_admin admin;
	int64_t count = 0;

	(void)state;
	assert_int_equal(tess_store_admin_count(store, &count), 0);
	assert_int_equal(count, 1); /* of the first start */
	assert_int_equal(tess_store_admin_add(store, "bob", "hash", false, 5), 0);
	assert_int_equal(tess_store_admin_add(store, "bob", "hash", false, 5), -EEXIST);
	assert_int_equal(tess_store_admin_find(store, &admin, "bob"), 0);
	assert_string_equal(admin.name, "bob");
	assert_string_equal(admin.password, "hash");
	assert_false(admin.initial);
	assert_int_equal(tess_store_admin_find(store, &admin, "nobody"), -ENOENT);
}

static void test_sessions(void **state)
{
	struct tess_store *store = f.control.store;
	struct tess_session session;
	struct tess_admin admin;

	(void)state;
	assert_int_equal(tess_store_admin_find(store, &admin, "admin"), 0);
	assert_true(admin.initial);
	assert_int_equal(tess_store_session_add(store, H1, admin.id, 100, 200), 0);
	assert_int_equal(tess_store_session_add(store, H2, admin.id, 100, 300), 0);
	assert_int_equal(tess_store_session_find(store, &session, H1, 199), 0);
	assert_int_equal(session.user, admin.id);
	assert_string_equal(session.name, "admin");
	assert_true(session.initial);
	assert_int_equal(session.expires_us, 200);
	/* over */
	assert_int_equal(tess_store_session_find(store, &session, H1, 200), -ENOENT);
	/* adding one forgets those that are over: also for a clock that went back */
	assert_int_equal(tess_store_session_add(store, H3, admin.id, 250, 400), 0);
	assert_int_equal(tess_store_session_find(store, &session, H1, 150), -ENOENT);
	assert_int_equal(tess_store_session_find(store, &session, H2, 250), 0);
	/* a new password ends all but the own session */
	assert_int_equal(tess_store_admin_password(store, admin.id, "new", H3), 0);
	assert_int_equal(tess_store_session_find(store, &session, H2, 250), -ENOENT);
	assert_int_equal(tess_store_session_find(store, &session, H3, 250), 0);
	assert_false(session.initial);
	assert_int_equal(tess_store_admin_password(store, admin.id, "newer", NULL), 0);
	assert_int_equal(tess_store_session_find(store, &session, H3, 250), -ENOENT);
	assert_int_equal(tess_store_admin_password(store, 99, "x", NULL), -ENOENT);
	assert_int_equal(tess_store_session_remove(store, H3), -ENOENT);
	/* a session of nobody */
	assert_int_equal(tess_store_session_add(store, H1, 99, 100, 200), -ENOENT);
}

static int collect_token(void *arg, const struct tess_token *row)
{
	char *text = arg;

	(void)sprintf(text + strlen(text), "%s:%s:%lld ", row->name, row->scope,
		      (long long)row->last_used_us);
	return 0;
}

static void test_tokens(void **state)
{
	struct tess_store *store = f.control.store;
	struct tess_token token;
	char text[256] = "";
	int64_t a, b;

	(void)state;
	assert_int_equal(tess_store_token_add(store, &a, "ci", "read", H1, 7), 0);
	assert_int_equal(tess_store_token_add(store, &b, "ci", "admin", H2, 7), -EEXIST);
	assert_int_equal(tess_store_token_add(store, &b, "x", "everything", H2, 7), -EEXIST);
	assert_int_equal(tess_store_token_add(store, &b, "ops", "admin", H2, 8), 0);
	assert_int_equal(tess_store_token_used(store, b, 9), 0);
	assert_int_equal(tess_store_tokens(store, collect_token, text), 0);
	assert_string_equal(text, "ci:read:0 ops:admin:9 ");
	assert_int_equal(tess_store_token_find(store, &token, H2), 0);
	assert_int_equal(token.id, b);
	assert_int_equal(token.created_us, 8);
	assert_int_equal(tess_store_token_find(store, &token, H3), -ENOENT);
	assert_int_equal(tess_store_token_remove(store, a), 0);
	assert_int_equal(tess_store_token_remove(store, a), -ENOENT);
	assert_int_equal(tess_store_token_find(store, &token, H1), -ENOENT);
}

static int collect_audit(void *arg, const struct tess_audit *row)
{
	char *text = arg;

	(void)sprintf(text + strlen(text), "%lld:%s:%s:%s:%s ", (long long)row->at_us, row->who,
		      row->address, row->action, row->target);
	return 0;
}

static int count_audit(void *arg, const struct tess_audit *row)
{
	(void)row;
	++*(int *)arg;
	return 0;
}

static void test_audit(void **state)
{
	struct tess_store *store = f.control.store;
	struct tess_audit entry = {0, 1, "admin", "192.0.2.1", "a", "one"};
	char text[256] = "";
	int count = 0;

	(void)state;
	assert_int_equal(tess_store_audit_add(store, &entry), 0);
	entry.at_us = 2;
	entry.target = "two";
	assert_int_equal(tess_store_audit_add(store, &entry), 0);
	assert_int_equal(tess_store_audits(store, 0, 10, collect_audit, text), 0);
	assert_string_equal(text, "2:admin:192.0.2.1:a:two 1:admin:192.0.2.1:a:one ");
	*text = 0;
	assert_int_equal(tess_store_audits(store, 2, 10, collect_audit, text), 0);
	assert_string_equal(text, "1:admin:192.0.2.1:a:one ");
	*text = 0;
	assert_int_equal(tess_store_audits(store, 0, 1, collect_audit, text), 0);
	assert_string_equal(text, "2:admin:192.0.2.1:a:two ");
	/* bounded */
	assert_int_equal(tess_store_begin(store), 0);
	for (int i = 0; i < 10005; i++)
		assert_int_equal(tess_store_audit_add(store, &entry), 0);
	assert_int_equal(tess_store_finish(store, 0), 0);
	assert_int_equal(tess_store_audits(store, 0, 20000, count_audit, &count), 0);
	assert_int_equal(count, 10000);
}

static void test_settings(void **state)
{
	char value[16];

	(void)state;
	assert_int_equal(tess_store_setting(f.control.store, "x", value, sizeof(value)), -ENOENT);
	assert_int_equal(tess_store_setting_set(f.control.store, "x", "1"), 0);
	assert_int_equal(tess_store_setting_set(f.control.store, "x", "2"), 0);
	assert_int_equal(tess_store_setting(f.control.store, "x", value, sizeof(value)), 0);
	assert_string_equal(value, "2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_admin, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sessions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tokens, setup, teardown),
		cmocka_unit_test_setup_teardown(test_audit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_settings, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
