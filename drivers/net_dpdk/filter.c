/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/filter.c - see filter.h.
 */
#include "drivers/net_dpdk/filter.h"

#include <errno.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dpdk_filter {
	struct nft_ctx *nft;
};

int dpdk_filter_open(struct dpdk_filter **filterp, const char *iface, uint16_t port_min,
		     uint16_t port_max, char *reason, size_t reason_size)
{
	struct dpdk_filter *filter = calloc(1, sizeof(*filter));
	char commands[512];

	if (!filter)
		return -ENOMEM;
	filter->nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!filter->nft) {
		free(filter);
		return -ENOMEM;
	}
	(void)nft_ctx_buffer_output(filter->nft);
	(void)nft_ctx_buffer_error(filter->nft);
	(void)snprintf(commands, sizeof(commands),
		       "table netdev tessera_%s {\n"
		       "flags owner\n"
		       "chain media {\n"
		       "type filter hook ingress device \"%s\" priority -500\n"
		       "fib daddr type local udp dport %u-%u drop\n"
		       "}\n}\n",
		       iface, iface, port_min, port_max);
	if (nft_run_cmd_from_buffer(filter->nft, commands)) {
		const char *said = nft_ctx_get_error_buffer(filter->nft);

		(void)snprintf(reason, reason_size, "nftables refuses the rule for %s: %.*s", iface,
			       (int)strcspn(said, "\n"), said);
		dpdk_filter_close(filter);
		return -EIO;
	}
	*filterp = filter;
	return 0;
}

void dpdk_filter_close(struct dpdk_filter *filter)
{
	if (!filter)
		return;
	nft_ctx_free(filter->nft); /* closes the socket that owns the table */
	free(filter);
}
