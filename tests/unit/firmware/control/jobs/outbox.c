/* SPDX-License-Identifier: GPL-3.0-or-later
 * Control is killed at each write to its store, one after the other, while a recording is told by
 * egress and its callbacks are delivered: each event comes at least once and in order, and
 * recorded time is counted once. Egress goes on meanwhile, and tells what is so then.
 *
 * TESSERA_LONG=1: at each write; otherwise at each STRIDE'th.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "firmware/control/api/password.h"
#include "firmware/control/jobs/import.h"
#include "firmware/control/store/callbacks.h"
#include "firmware/control/store/db.h"
#include "firmware/control/store/usage.h"
#include "fixture.h"
#include "receiver.h"

#define APP    1400000001u
#define STRIDE 13
#define KILLED 42

#define FACT(state, more) "{'records':[{'id':1,'state':'" state "'," more "}]}"
#define RUNNING(duration)                                                                         \
	"'path':'1400000001/r_1.mp4','width':640,'height':480,'gaps':[],'error':'','duration_us'" \
	":" duration ",'start_utc_us':1700000000000000"

/* What egress says, one after the other. */
static const char *const steps[] = {
	FACT("recording", RUNNING("1000000")),
	FACT("gap", RUNNING("2000000")),
	FACT("recording", RUNNING("6000000")),
	FACT("finished",
	     "'path':'1400000001/r_1_2.mp4','bytes':1000,'width':640,'height':480,'gaps':[],"
	     "'duration_us':9000000,'start_utc_us':1700000000000000,"
	     "'end_utc_us':1700000009000000,'error':''"),
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

static const char *const expected[] = {"record_start_succeeded", "record_paused", "record_resumed",
				       "record_ended", "100"};

static struct fixture f;
static char kept[128];	/* the store as it was before the story */
static unsigned *told;	/* steps, by an egress that outlives control: in shared memory */
static bool told_here;	/* by this life of control */
static unsigned writes; /* until the kill; 0 = none comes */
static struct tess_import import;

int __wrap_tess_password_hash(char hash[TESS_PASSWORD_HASH_MAX], const char *password);

/* Nobody logs in, and each life would work on a hash for longer than on all else. */
int __wrap_tess_password_hash(char hash[TESS_PASSWORD_HASH_MAX], const char *password)
{
	(void)password;
	*hash = 0;
	return 0;
}

/* ---- the kill ---- */

static ssize_t (*real_pwrite)(int fd, const void *data, size_t size, off_t at);
static int (*real_ftruncate)(int fd, off_t size);

static void count_write(void)
{
	if (writes && !--writes)
		_exit(KILLED);
}

static ssize_t killing_pwrite(int fd, const void *data, size_t size, off_t at)
{
	count_write();
	return real_pwrite(fd, data, size, at);
}

static int killing_ftruncate(int fd, off_t size)
{
	count_write();
	return real_ftruncate(fd, size);
}

static void stand_before(sqlite3_vfs *vfs, const char *name, sqlite3_syscall_ptr call,
			 sqlite3_syscall_ptr *real)
{
	sqlite3_syscall_ptr there = vfs->xGetSystemCall(vfs, name);

	if (!there)
		return;
	*real = there;
	assert_int_equal(vfs->xSetSystemCall(vfs, name, call), SQLITE_OK);
}

static void stand_before_writes(void)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	sqlite3_syscall_ptr real = NULL;

	/* SQLite uses the one or the other, which are the same here */
	stand_before(vfs, "pwrite", (sqlite3_syscall_ptr)killing_pwrite, &real);
	stand_before(vfs, "pwrite64", (sqlite3_syscall_ptr)killing_pwrite, &real);
	assert_non_null(real);
	real_pwrite = (ssize_t(*)(int, const void *, size_t, off_t))real;
	stand_before(vfs, "ftruncate", (sqlite3_syscall_ptr)killing_ftruncate, &real);
	real_ftruncate = (int (*)(int, off_t))real;
}

/* ---- the story ---- */

static void tell(unsigned step)
{
	json_t *message = json_of(steps[step]);

	assert_int_equal(
		tess_facts_take(f.control.facts, TESS_PROCESS_EGRESS, message, f.time.now_us), 0);
	assert_true(tess_import_records(&import, &f.control, message) >= 0);
	json_decref(message);
	told_here = true;
}

static bool none_left(void)
{
	int64_t waiting = 0, dead = 0;

	assert_int_equal(tess_store_callback_counts(f.control.store, &waiting, &dead), 0);
	return !waiting && !dead;
}

/* Egress says what is so as soon as control is there, and what comes then once that is told. */
static bool goes_on(void)
{
	if (!told_here && *told) {
		tell(*told - 1);
		return false;
	}
	if (*told < STEPS) {
		/* it is so, whether control hears it or not */
		tell((*told)++);
		return false;
	}
	return none_left();
}

static int add_usage(void *arg, const struct tess_usage *row)
{
	*(int64_t *)arg += row->sd_us + row->hd_us + row->fhd_us + row->audio_us;
	return 0;
}

static void check_store(void)
{
	struct tess_recording row;
	int64_t sum_us = 0;

	assert_int_equal(tess_store_recording_get(f.control.store, &row, 1), 0);
	assert_string_equal(row.state, "finished");
	assert_int_equal(tess_store_usages(f.control.store, APP, 0, INT64_MAX, add_usage, &sum_us),
			 0);
	assert_int_equal(sum_us, 9000000);
}

/* One life of control, in a process of its own: killed at a write, or until all is done. @return
 * its status */
static int live(unsigned kill_at)
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		fixture_restart(&f);
		*f.config.control.callback_exclude = 0;
		/* what is written outlives a process that is killed without that */
		assert_int_equal(
			tess_db_script(tess_store_db(f.control.store), "PRAGMA synchronous = OFF"),
			0);
		assert_int_equal(tess_import_init(&import), 0);
		stand_before_writes();
		writes = kill_at;
		receiver_run_until(goes_on);
		check_store();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Each event, in order; one of them may have come twice. */
static void check_log(void)
{
	const char *at = receiver.log;
	unsigned again = 0;

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		size_t length = strlen(expected[i]);

		for (unsigned count = 0;; count++) {
			if (strncmp(at, expected[i], length) != 0 || at[length] != ' ') {
				if (!count)
					fail_msg("no %s in %s", expected[i], receiver.log);
				again += count - 1;
				break;
			}
			at += length + 1;
		}
	}
	assert_string_equal(at, "");
	assert_true(again <= 1);
}

/* ---- again and again ---- */

static void run(const char *format, const char *a, const char *b)
{
	char command[400];

	(void)snprintf(command, sizeof(command), format, a, b);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): our own folders */
}

static int setup(void **state)
{
	struct tess_recording row = {.room = {APP, TESS_ROOM_ID_NUMBER, "101"},
				     .stream = "mix-9",
				     .record_id = "r",
				     .created_us = FIXTURE_UTC_US};

	(void)state;
	fixture_open(&f);
	fixture_application(&f);
	receiver_open(&f);
	(void)stpcpy(row.settings.formats, "mp4");
	(void)stpcpy(row.settings.callback_url, receiver.url);
	(void)stpcpy(row.settings.callback_key, receiver.key);
	assert_int_equal(tess_store_recording_add(f.control.store, &row), 0);
	/* this process has no store from here on: each life has its own */
	tess_control_close(&f.control);
	memset(&f.control, 0, sizeof(f.control));
	(void)snprintf(kept, sizeof(kept), "%s/kept", f.dir);
	run("mkdir %2$s && cp %1$s/tessera.db* %2$s/", f.dir, kept);
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(told != MAP_FAILED);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(munmap(told, sizeof(*told)), 0);
	receiver_close();
	fixture_close(&f);
	return 0;
}

static void killed_at_each_write(void **state)
{
	const char *many = getenv("TESSERA_LONG");
	unsigned stride = many && *many == '1' ? 1 : STRIDE, kills = 0;
	int status = KILLED;

	(void)state;
	for (unsigned at = 1; status == KILLED; at += stride) {
		run("rm -f %1$s/tessera.db* && cp %2$s/* %1$s/", f.dir, kept);
		*told = 0;
		*receiver.log = 0;
		status = live(at);
		if (status == KILLED) {
			kills++;
			assert_int_equal(live(0), 0);
		}
		check_log();
	}
	assert_int_equal(status, 0);
	print_message("killed at %u writes\n", kills);
	assert_true(kills * stride >= 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(killed_at_each_write, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
