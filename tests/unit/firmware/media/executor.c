/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/executor.c - strands run their jobs in order, one at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "firmware/media/executor.h"

#define JOBS	200
#define STRANDS 6

struct lane {
	struct tess_strand *strand;
	atomic_int inside; /* jobs of this lane that run now */
	atomic_int overlaps;
	unsigned order[JOBS];
	unsigned done;
	struct tess_job last;
	bool ended;
};

struct numbered {
	struct tess_job job;
	struct lane *lane;
	unsigned number;
};

static void run_numbered(struct tess_job *job)
{
	struct numbered *numbered = (struct numbered *)job;
	struct lane *lane = numbered->lane;

	if (atomic_fetch_add(&lane->inside, 1) != 0)
		atomic_fetch_add(&lane->overlaps, 1);
	if (numbered->number % 16 == 0)
		(void)sched_yield();
	lane->order[lane->done++] = numbered->number;
	atomic_fetch_sub(&lane->inside, 1);
}

static void run_last(struct tess_job *job)
{
	struct lane *lane = (struct lane *)((char *)job - offsetof(struct lane, last));

	lane->ended = true;
}

static void check_order(unsigned threads)
{
	struct numbered *jobs = calloc((size_t)STRANDS * JOBS, sizeof(*jobs));
	struct lane *lanes = calloc(STRANDS, sizeof(*lanes));
	struct tess_executor *executor;

	assert_non_null(jobs);
	assert_non_null(lanes);
	assert_int_equal(tess_executor_alloc(&executor, threads), 0);
	for (unsigned s = 0; s < STRANDS; s++) {
		lanes[s].last.run = run_last;
		assert_int_equal(tess_strand_alloc(&lanes[s].strand, executor, s == 0), 0);
	}
	for (unsigned j = 0; j < JOBS; j++) {
		for (unsigned s = 0; s < STRANDS; s++) {
			struct numbered *numbered = &jobs[s * JOBS + j];

			*numbered = (struct numbered){{NULL, run_numbered}, &lanes[s], j};
			tess_strand_post(lanes[s].strand, &numbered->job);
			if (!threads)
				assert_int_equal(lanes[s].done, j + 1); /* it was run at once */
		}
	}
	for (unsigned s = 0; s < STRANDS; s++)
		tess_strand_close(lanes[s].strand, &lanes[s].last);
	tess_executor_free(executor); /* waits for all */
	for (unsigned s = 0; s < STRANDS; s++) {
		assert_int_equal(lanes[s].done, JOBS);
		assert_int_equal(lanes[s].overlaps, 0);
		assert_true(lanes[s].ended);
		for (unsigned j = 0; j < JOBS; j++)
			assert_int_equal(lanes[s].order[j], j);
	}
	free(lanes);
	free(jobs);
}

static void inline_jobs_run_at_once_in_order(void **state)
{
	(void)state;
	check_order(0);
}

static void one_thread_keeps_order(void **state)
{
	(void)state;
	check_order(1);
}

static void threads_keep_order_within_a_strand(void **state)
{
	(void)state;
	check_order(4);
}

struct gate {
	struct tess_job job;
	sem_t started, opened;
};

static void run_gate(struct tess_job *job)
{
	struct gate *gate = (struct gate *)job;

	(void)sem_post(&gate->started);
	(void)sem_wait(&gate->opened);
}

struct noted {
	struct tess_job job;
	char mark;
	char **to;
};

static void run_noted(struct tess_job *job)
{
	struct noted *noted = (struct noted *)job;

	*(*noted->to)++ = noted->mark;
}

static void run_nothing(struct tess_job *job)
{
	(void)job;
}

static void urgent_strands_go_first(void **state)
{
	struct tess_strand *busy, *normal, *urgent;
	struct tess_executor *executor;
	char marks[3] = "", *to = marks;
	struct noted first = {{NULL, run_noted}, 'n', &to}, second = {{NULL, run_noted}, 'u', &to};
	struct tess_job last[3] = {{NULL, run_nothing}, {NULL, run_nothing}, {NULL, run_nothing}};
	struct gate gate = {.job = {NULL, run_gate}};

	(void)state;
	(void)sem_init(&gate.started, 0, 0);
	(void)sem_init(&gate.opened, 0, 0);
	assert_int_equal(tess_executor_alloc(&executor, 1), 0);
	assert_int_equal(tess_strand_alloc(&busy, executor, false), 0);
	assert_int_equal(tess_strand_alloc(&normal, executor, false), 0);
	assert_int_equal(tess_strand_alloc(&urgent, executor, true), 0);
	tess_strand_post(busy, &gate.job);
	(void)sem_wait(&gate.started); /* the only thread is busy now */
	tess_strand_post(normal, &first.job);
	tess_strand_post(urgent, &second.job);
	(void)sem_post(&gate.opened);
	tess_strand_close(busy, &last[0]);
	tess_strand_close(normal, &last[1]);
	tess_strand_close(urgent, &last[2]);
	tess_executor_free(executor);
	assert_string_equal(marks, "un");
	(void)sem_destroy(&gate.started);
	(void)sem_destroy(&gate.opened);
}

static void gathered_jobs_are_run_in_order(void **state)
{
	struct tess_strand *strand;
	struct tess_executor *executor;
	char marks[3] = "", *to = marks;
	struct noted first = {{NULL, run_noted}, 'a', &to}, second = {{NULL, run_noted}, 'b', &to};
	struct tess_job last = {NULL, run_nothing};
	struct gate alone = {.job = {NULL, run_gate}};

	(void)state;
	(void)sem_init(&alone.started, 0, 0);
	(void)sem_init(&alone.opened, 0, 0);
	assert_int_equal(tess_executor_alloc(&executor, 2), 0);
	assert_int_equal(tess_strand_alloc(&strand, executor, true), 0);
	tess_strand_post_gathered(strand, &alone.job);
	(void)sem_wait(&alone.started); /* it is run though nothing else comes */
	tess_strand_post_gathered(strand, &first.job);
	tess_strand_post(strand, &second.job);
	(void)sem_post(&alone.opened);
	tess_strand_close(strand, &last);
	tess_executor_free(executor);
	assert_string_equal(marks, "ab");
	(void)sem_destroy(&alone.started);
	(void)sem_destroy(&alone.opened);
}

struct timed {
	struct tess_job job;
	struct timespec at;
	sem_t run;
};

static void run_timed(struct tess_job *job)
{
	struct timed *timed = (struct timed *)job;

	(void)clock_gettime(CLOCK_MONOTONIC, &timed->at);
	(void)sem_post(&timed->run);
}

/* From its job before until an urgent one runs, posted 2 ms later behind a gathered one; the
 * thread, which waits for company, would look for itself after TESS_EXECUTOR_GATHER_US. */
static double urgent_behind_gathered_ms(struct tess_strand *strand)
{
	struct timed before = {.job.run = run_timed}, urgent = {.job.run = run_timed};
	struct tess_job gathered = {NULL, run_nothing};
	double ms;

	(void)sem_init(&before.run, 0, 0);
	(void)sem_init(&urgent.run, 0, 0);
	tess_strand_post(strand, &before.job);
	(void)sem_wait(&before.run);
	(void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
	tess_strand_post_gathered(strand, &gathered);
	tess_strand_post(strand, &urgent.job);
	(void)sem_wait(&urgent.run);
	ms = (double)(urgent.at.tv_sec - before.at.tv_sec) * 1e3 +
	     (double)(urgent.at.tv_nsec - before.at.tv_nsec) / 1e6;
	(void)sem_destroy(&before.run);
	(void)sem_destroy(&urgent.run);
	return ms;
}

static void urgent_jobs_do_not_wait_with_gathered_ones(void **state)
{
	struct tess_strand *strand;
	struct tess_executor *executor;
	struct tess_job last = {NULL, run_nothing};
	double shortest_ms = 1000;

	(void)state;
	assert_int_equal(tess_executor_alloc(&executor, 1), 0);
	assert_int_equal(tess_strand_alloc(&strand, executor, true), 0);
	/* a busy machine may be late, but not each time */
	for (unsigned i = 0; i < 200 && shortest_ms > 15; i++) {
		double ms = urgent_behind_gathered_ms(strand);

		if (ms < shortest_ms)
			shortest_ms = ms;
	}
	assert_true(shortest_ms <= 15);
	tess_strand_close(strand, &last);
	tess_executor_free(executor);
}

static void run_slow(struct tess_job *job)
{
	(void)job;
	(void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

struct opener {
	struct tess_job job;
	struct gate *gate;
};

static void run_opener(struct tess_job *job)
{
	(void)sem_post(&((struct opener *)job)->gate->opened);
}

/* One thread begins with what has gathered; the second job needs the third. */
static void who_works_long_gets_help(void **state)
{
	struct tess_job slow = {NULL, run_slow};
	struct gate second = {.job = {NULL, run_gate}};
	struct opener third = {{NULL, run_opener}, &second};
	struct tess_job last[3] = {{NULL, run_nothing}, {NULL, run_nothing}, {NULL, run_nothing}};
	struct tess_strand *strands[3];
	struct tess_executor *executor;

	(void)state;
	(void)sem_init(&second.started, 0, 0);
	(void)sem_init(&second.opened, 0, 0);
	assert_int_equal(tess_executor_alloc(&executor, 2), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(tess_strand_alloc(&strands[i], executor, false), 0);
	(void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL); /* both wait now */
	tess_strand_post_gathered(strands[0], &slow);
	tess_strand_post_gathered(strands[1], &second.job);
	tess_strand_post_gathered(strands[2], &third.job);
	for (unsigned i = 0; i < 3; i++)
		tess_strand_close(strands[i], &last[i]);
	tess_executor_free(executor);
	(void)sem_destroy(&second.started);
	(void)sem_destroy(&second.opened);
}

struct reposting {
	struct tess_job job;
	struct tess_strand *strand;
	struct noted *then;
	char *seen;
	char **to;
};

static void run_reposting(struct tess_job *job)
{
	struct reposting *reposting = (struct reposting *)job;

	tess_strand_post(reposting->strand, &reposting->then->job);
	/* not yet run: never two jobs of a strand at a time, inline either */
	reposting->seen = *reposting->to;
}

static void a_job_may_post_to_its_own_strand(void **state)
{
	struct tess_executor *executor;
	char marks[2] = "", *to = marks;
	struct noted then = {{NULL, run_noted}, 'x', &to};
	struct reposting job = {.job = {NULL, run_reposting}, .then = &then, .to = &to};
	struct tess_job last = {NULL, run_nothing};

	(void)state;
	assert_int_equal(tess_executor_alloc(&executor, 0), 0);
	assert_int_equal(tess_strand_alloc(&job.strand, executor, false), 0);
	tess_strand_post(job.strand, &job.job);
	assert_ptr_equal(job.seen, marks);
	assert_string_equal(marks, "x");
	tess_strand_close(job.strand, &last);
	tess_executor_free(executor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inline_jobs_run_at_once_in_order),
		cmocka_unit_test(one_thread_keeps_order),
		cmocka_unit_test(threads_keep_order_within_a_strand),
		cmocka_unit_test(urgent_strands_go_first),
		cmocka_unit_test(gathered_jobs_are_run_in_order),
		cmocka_unit_test(urgent_jobs_do_not_wait_with_gathered_ones),
		cmocka_unit_test(who_works_long_gets_help),
		cmocka_unit_test(a_job_may_post_to_its_own_strand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
