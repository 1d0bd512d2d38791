/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/cli/run.c - see run.h.
 */
#include "firmware/cli/run.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/base/keep.h"
#include "firmware/base/log.h"
#include "firmware/base/loop.h"

#define CHILDREN	 3
#define MEDIA		 1 /* of them */
#define FIRST_BACKOFF_US 100000
#define MAX_BACKOFF_US	 5000000
#define STEADY_US	 10000000
#define STOP_US		 5000000

struct run;

struct child {
	struct run *run;
	const char *name;
	pid_t pid; /* 0: not running */
	int64_t started_us, backoff_us;
	struct tess_timer *restart;
	int keep; /* what it finds again, or negative: nothing */
};

struct run {
	struct tess_loop *loop;
	const char *config_path;
	char folder[512];
	struct child children[CHILDREN];
	struct tess_timer *kill;
	bool stopping;
};

static void start(void *arg)
{
	struct child *child = arg;
	char program[600];
	pid_t parent = getpid();
	sigset_t none;

	(void)snprintf(program, sizeof(program), "%s/tessera-%s", child->run->folder, child->name);
	child->started_us = tess_loop_now_us(child->run->loop);
	child->pid = fork();
	if (child->pid < 0) {
		TESS_ERROR("run.fork_failed", "process=%s error=%s", child->name, strerror(errno));
		child->pid = 0;
		tess_timer_start(child->restart, MAX_BACKOFF_US);
		return;
	}
	if (child->pid > 0) {
		TESS_INFO("run.started", "process=%s pid=%d", child->name, (int)child->pid);
		return;
	}
	/* none of them outlives the supervisor */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (child->keep >= 0)
		tess_keep_pass(child->keep);
	(void)execl(program, program, "--config", child->run->config_path, (char *)NULL);
	TESS_ERROR("run.exec_failed", "program=%s error=%s", program, strerror(errno));
	_exit(127);
}

static bool any_running(const struct run *run)
{
	for (int i = 0; i < CHILDREN; i++) {
		if (run->children[i].pid)
			return true;
	}
	return false;
}

static void on_child_end(struct run *run, pid_t pid, int status)
{
	for (int i = 0; i < CHILDREN; i++) {
		struct child *child = &run->children[i];

		if (child->pid != pid)
			continue;
		child->pid = 0;
		if (run->stopping)
			break;
		if (tess_loop_now_us(run->loop) - child->started_us > STEADY_US)
			child->backoff_us = FIRST_BACKOFF_US;
		TESS_WARN("run.ended", "process=%s status=%d signal=%d again_in_ms=%lld",
			  child->name, WIFEXITED(status) ? WEXITSTATUS(status) : -1,
			  WIFSIGNALED(status) ? WTERMSIG(status) : 0,
			  (long long)child->backoff_us / 1000);
		tess_timer_start(child->restart, child->backoff_us);
		child->backoff_us *= 2;
		if (child->backoff_us > MAX_BACKOFF_US)
			child->backoff_us = MAX_BACKOFF_US;
	}
	if (run->stopping && !any_running(run))
		tess_loop_stop(run->loop);
}

static void signal_all(struct run *run, int number)
{
	for (int i = 0; i < CHILDREN; i++) {
		if (run->children[i].pid)
			(void)kill(run->children[i].pid, number);
	}
}

static void on_kill(void *arg)
{
	signal_all(arg, SIGKILL);
}

static void on_signal(void *arg, int number)
{
	struct run *run = arg;
	int status;
	pid_t pid;

	if (number == SIGCHLD) {
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			on_child_end(run, pid, status);
		return;
	}
	if (run->stopping)
		return;
	run->stopping = true;
	for (int i = 0; i < CHILDREN; i++)
		tess_timer_stop(run->children[i].restart);
	signal_all(run, SIGTERM);
	tess_timer_start(run->kill, STOP_US);
	if (!any_running(run))
		tess_loop_stop(run->loop);
}

int tess_run_folder(char *folder, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", folder, size - 1);
	char *slash;

	if (n <= 0)
		return -ENOENT;
	folder[n] = '\0';
	slash = strrchr(folder, '/');
	if (!slash)
		return -ENOENT;
	*slash = '\0';
	return 0;
}

int tess_run(const char *config_path)
{
	static const char *const names[CHILDREN] = {"control", "media", "egress"};
	static const int signals[] = {SIGCHLD, SIGINT, SIGTERM, 0};
	struct run run = {.config_path = config_path, .children[MEDIA].keep = -1};
	int err = tess_run_folder(run.folder, sizeof(run.folder));

	if (err)
		return err;
	/* who started us may have it ignored, and then nobody would be told of an end */
	(void)signal(SIGCHLD, SIG_DFL);
	err = tess_loop_alloc(&run.loop);
	if (err)
		return err;
	err = tess_loop_signals(run.loop, signals, on_signal, &run);
	if (!err)
		err = tess_timer_alloc(&run.kill, run.loop, on_kill, &run);
	for (int i = 0; !err && i < CHILDREN; i++) {
		struct child *child = &run.children[i];

		child->run = &run;
		child->name = names[i];
		child->keep = -1;
		child->backoff_us = FIRST_BACKOFF_US;
		err = tess_timer_alloc(&child->restart, run.loop, start, child);
	}
	if (!err) {
		/* without it, media only starts more slowly */
		run.children[MEDIA].keep = tess_keep_create();
		for (int i = 0; i < CHILDREN; i++)
			start(&run.children[i]);
		err = tess_loop_run(run.loop);
	}
	if (run.children[MEDIA].keep >= 0)
		(void)close(run.children[MEDIA].keep);
	tess_loop_free(run.loop);
	return err;
}
