/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/fuzz/rtp/rtcp.c - the RTCP parser; what it accepts it tells consistently.
 */
#include <stdlib.h>
#include <string.h>

#include "pipeline/rtp/rtcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_report(void *arg, const struct tess_rtcp_sender_report *report)
{
	uint64_t *sum = arg;

	*sum += report->ssrc + report->ntp + report->rtp_timestamp + report->packets +
		report->octets;
}

static void on_bye(void *arg, uint32_t ssrc)
{
	uint64_t *sum = arg;

	*sum += ssrc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tess_rtcp_events events = {on_report, on_bye};
	static const struct tess_rtcp_events none;
	uint64_t first = 0, second = 0;
	int rc = tess_rtcp_parse(data, size, &events, &first);

	if (rc && first) /* nothing of a broken packet is told */
		abort();
	if (tess_rtcp_parse(data, size, &events, &second) != rc || first != second ||
	    tess_rtcp_parse(data, size, &none, NULL) != rc)
		abort();
	return 0;
}
