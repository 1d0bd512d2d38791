/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/eal.h - DPDK's environment, of which there is one in a process.
 */
#ifndef TESS_DRIVERS_NET_DPDK_EAL_H
#define TESS_DRIVERS_NET_DPDK_EAL_H

#include "drivers/net_dpdk/spec.h"

/**
 * Start it as a port of @p spec with @p workers needs it, or find it started: it cannot be stopped
 * before the process ends, and keeps the settings of the first call. The calling thread's affinity
 * stays as it was.
 * @retval 0, or -errno with one line in @p reason
 */
int dpdk_eal_start(const struct dpdk_spec *spec, unsigned workers, char *reason,
		   size_t reason_size) TESS_MUST_CHECK;
/** What DPDK and libbpf log as errors from here on is kept for dpdk_eal_said(); calls do not nest.
 */
void dpdk_eal_listen(void);
/** End that; the first line, which is nearest to the cause, goes to @p line; "" if there was none.
 */
void dpdk_eal_said(char *line, size_t size);

#endif
