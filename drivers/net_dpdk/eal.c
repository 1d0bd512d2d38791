/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/eal.c - see eal.h.
 */
#include "drivers/net_dpdk/eal.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_WORDS 32
/* Without huge pages, in MiB: the EAL's own, and for each worker its packets and a queue, in three
 * rings where it is AF_XDP's. Pages that are not used cost nothing. */
#define MEMORY	      32
#define WORKER_MEMORY 16
#define RING_MEMORY   8 /* for 1024 descriptors */

/* DPDK has one state in a process; so must what knows of it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool started;
static int start_error;
static char start_reason[200];
/* What DPDK has logged since dpdk_eal_listen(). */
static FILE *log_stream;
static char *log_text;
static size_t log_length;

static int on_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? rte_vlog(RTE_LOG_ERR, RTE_LOGTYPE_EAL, format, args) : 0;
}

void dpdk_eal_listen(void)
{
	log_text = NULL;
	log_length = 0;
	log_stream = open_memstream(&log_text, &log_length);
	if (log_stream)
		(void)rte_openlog_stream(log_stream);
}

void dpdk_eal_said(char *line, size_t size)
{
	line[0] = '\0';
	if (!log_stream)
		return;
	(void)rte_openlog_stream(NULL); /* the default again */
	(void)fclose(log_stream);
	log_stream = NULL;
	(void)snprintf(line, size, "%.*s", (int)strcspn(log_text, "\n"), log_text);
	free(log_text);
}

static int first_core(const cpu_set_t *cores)
{
	for (int i = 0; i < CPU_SETSIZE; i++) {
		if (CPU_ISSET(i, cores))
			return i;
	}
	return 0;
}

/*
 * Nothing is shared with other processes and nothing is left behind in the file system; one core
 * of the EAL's own, which never runs anything: the poller is the room worker's thread.
 */
static int start(const struct dpdk_spec *spec, unsigned workers, const cpu_set_t *cores)
{
	char lcores[16], memory[16], extra[sizeof(spec->eal)], *words[MAX_WORDS], *rest = extra,
										  *word;
	/* a card may have more queues than there are workers: all of them are taken */
	unsigned queues = spec->kind == DPDK_XDP ? DPDK_MAX_QUEUES : workers;
	const char *fixed[] = {"tessera", "--no-telemetry", "--no-shconf", "--log-level=error"};
	int count = 0;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		words[count++] = (char *)fixed[i];
	(void)snprintf(lcores, sizeof(lcores), "--lcores=0@%d", first_core(cores));
	words[count++] = lcores;
	(void)snprintf(memory, sizeof(memory), "%u",
		       MEMORY + workers * WORKER_MEMORY +
			       queues * (RING_MEMORY * spec->ring / 1024));
	if (spec->hugepages) {
		words[count++] = (char *)"--in-memory";
	} else {
		words[count++] = (char *)"--no-huge";
		words[count++] = (char *)"-m";
		words[count++] = memory;
	}
	if (spec->kind == DPDK_PCI) {
		words[count++] = (char *)"-a";
		words[count++] = (char *)spec->device;
	} else {
		words[count++] = (char *)"--no-pci";
	}
	memcpy(extra, spec->eal, sizeof(extra));
	while ((word = strsep(&rest, " "))) {
		if (*word && count == MAX_WORDS - 1)
			return -E2BIG;
		if (*word)
			words[count++] = word;
	}
	words[count] = NULL;
	return rte_eal_init(count, words) < 0 ? (rte_errno ? -rte_errno : -EIO) : 0;
}

/* The EAL makes a folder for the files that it has been told not to write. */
static void remove_folder(void)
{
	char path[PATH_MAX];
	char *slash;

	(void)snprintf(path, sizeof(path), "%s", rte_eal_get_runtime_dir());
	/* what is not empty is somebody's, and stays */
	if (rmdir(path))
		return;
	slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	(void)rmdir(path);
}

int dpdk_eal_start(const struct dpdk_spec *spec, unsigned workers, char *reason, size_t reason_size)
{
	cpu_set_t cores;
	int error;

	pthread_mutex_lock(&lock);
	if (!started) {
		started = true;
		CPU_ZERO(&cores);
		(void)pthread_getaffinity_np(pthread_self(), sizeof(cores), &cores);
		dpdk_eal_listen();
		(void)libbpf_set_print(on_libbpf);
		start_error = start(spec, workers, &cores);
		dpdk_eal_said(start_reason, sizeof(start_reason));
		remove_folder();
		/* the EAL has bound us to its core */
		(void)pthread_setaffinity_np(pthread_self(), sizeof(cores), &cores);
	}
	error = start_error;
	if (error)
		(void)snprintf(reason, reason_size, "DPDK does not start: %s", start_reason);
	pthread_mutex_unlock(&lock);
	return error;
}
