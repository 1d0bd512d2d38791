/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/kernel.c - see kernel.h.
 */
#include "drivers/net_dpdk/kernel.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* The kernel answers at once; this only bounds a loss of the answer. */
#define ANSWER_TIMEOUT_US 200000
/* States in which the hardware address may be used. */
#define USABLE (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE)

struct dpdk_kernel {
	int fd;
	unsigned ifindex;
	uint32_t sequence;
};

/* A request with its attributes, and the answer to it. */
union message {
	struct nlmsghdr header;
	uint8_t bytes[8192];
};

int dpdk_kernel_open(struct dpdk_kernel **kernelp, unsigned ifindex)
{
	static const struct timeval timeout = {.tv_usec = ANSWER_TIMEOUT_US};
	struct dpdk_kernel *kernel = calloc(1, sizeof(*kernel));
	int error;

	if (!kernel)
		return -ENOMEM;
	kernel->ifindex = ifindex;
	kernel->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (kernel->fd < 0 ||
	    setsockopt(kernel->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout))) {
		error = -errno;
		dpdk_kernel_close(kernel);
		return error;
	}
	*kernelp = kernel;
	return 0;
}

void dpdk_kernel_close(struct dpdk_kernel *kernel)
{
	if (!kernel)
		return;
	if (kernel->fd >= 0)
		(void)close(kernel->fd);
	free(kernel);
}

static void *start(union message *message, uint16_t type, uint16_t flags, size_t size)
{
	memset(message, 0, NLMSG_SPACE(size));
	message->header.nlmsg_type = type;
	message->header.nlmsg_flags = NLM_F_REQUEST | flags;
	message->header.nlmsg_len = NLMSG_LENGTH((uint32_t)size);
	return NLMSG_DATA(&message->header);
}

static void add(union message *message, uint16_t type, const void *data, size_t length)
{
	struct rtattr *attribute =
		(struct rtattr *)(message->bytes + NLMSG_ALIGN(message->header.nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = (uint16_t)RTA_LENGTH(length);
	memcpy(RTA_DATA(attribute), data, length);
	message->header.nlmsg_len =
		NLMSG_ALIGN(message->header.nlmsg_len) + (uint32_t)RTA_ALIGN(RTA_LENGTH(length));
}

/* Send and wait for the answer. @retval 0, -errno of the kernel's answer or of the way there */
static int ask(struct dpdk_kernel *kernel, union message *message)
{
	uint32_t sequence = ++kernel->sequence;
	ssize_t length;

	message->header.nlmsg_seq = sequence;
	if (send(kernel->fd, message, message->header.nlmsg_len, 0) < 0)
		return -errno;
	do {
		length = recv(kernel->fd, message, sizeof(*message), 0);
		if (length < 0)
			return -errno;
		if (!NLMSG_OK(&message->header, (size_t)length))
			return -EBADMSG;
	} while (message->header.nlmsg_seq != sequence); /* one that came too late */
	if (message->header.nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *error = NLMSG_DATA(&message->header);

		return message->header.nlmsg_len >= NLMSG_LENGTH(sizeof(*error)) ? error->error
										 : -EBADMSG;
	}
	return 0;
}

/* The attribute @type of an answer whose own header has @size bytes, of @length bytes; or NULL. */
static const void *find(const union message *message, size_t size, uint16_t type, size_t length)
{
	const struct rtattr *attribute =
		(const void *)(message->bytes + NLMSG_LENGTH(NLMSG_ALIGN(size)));
	size_t left = message->header.nlmsg_len;

	if (left < NLMSG_LENGTH(NLMSG_ALIGN(size)))
		return NULL;
	left -= NLMSG_LENGTH(NLMSG_ALIGN(size));
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		if (attribute->rta_type == type && RTA_PAYLOAD(attribute) == length)
			return RTA_DATA(attribute);
	}
	return NULL;
}

static size_t size_of(int family)
{
	return family == AF_INET ? 4 : 16;
}

static void *bytes_of(union tess_addr *address)
{
	return address->sa.sa_family == AF_INET ? (void *)&address->in.sin_addr
						: (void *)&address->in6.sin6_addr;
}

/* The next hop to *hop, put in its place, and our address. */
static int find_route(struct dpdk_kernel *kernel, union tess_addr *hop, union tess_addr *source)
{
	size_t size = size_of(hop->sa.sa_family);
	union message message;
	struct rtmsg *route = start(&message, RTM_GETROUTE, 0, sizeof(*route));
	const void *gateway, *from;
	int error;

	route->rtm_family = (uint8_t)hop->sa.sa_family;
	route->rtm_dst_len = (uint8_t)(size * 8);
	add(&message, RTA_DST, bytes_of(hop), size);
	add(&message, RTA_OIF, &kernel->ifindex, sizeof(kernel->ifindex));
	error = ask(kernel, &message);
	if (error)
		return error;
	from = find(&message, sizeof(*route), RTA_PREFSRC, size);
	if (!from || route->rtm_type != RTN_UNICAST)
		return -EHOSTUNREACH;
	memset(source, 0, sizeof(*source));
	source->sa.sa_family = hop->sa.sa_family;
	memcpy(bytes_of(source), from, size);
	gateway = find(&message, sizeof(*route), RTA_GATEWAY, size);
	if (gateway)
		memcpy(bytes_of(hop), gateway, size);
	return 0;
}

/* Like "ip neigh ... use": what sending to it would do. */
static void use_neighbour(struct dpdk_kernel *kernel, union tess_addr *hop)
{
	union message message;
	struct ndmsg *neighbour =
		start(&message, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_ACK, sizeof(*neighbour));

	neighbour->ndm_family = (uint8_t)hop->sa.sa_family;
	neighbour->ndm_ifindex = (int)kernel->ifindex;
	neighbour->ndm_flags = NTF_USE;
	add(&message, NDA_DST, bytes_of(hop), size_of(hop->sa.sa_family));
	/* should it fail, the destination stays unknown, which is counted */
	(void)ask(kernel, &message);
}

static bool get_neighbour(struct dpdk_kernel *kernel, union tess_addr *hop, uint8_t mac[MAC_LENGTH])
{
	union message message;
	struct ndmsg *neighbour = start(&message, RTM_GETNEIGH, 0, sizeof(*neighbour));
	const void *found;

	neighbour->ndm_family = (uint8_t)hop->sa.sa_family;
	neighbour->ndm_ifindex = (int)kernel->ifindex;
	add(&message, NDA_DST, bytes_of(hop), size_of(hop->sa.sa_family));
	if (ask(kernel, &message))
		return false;
	found = find(&message, sizeof(*neighbour), NDA_LLADDR, MAC_LENGTH);
	if (!found || !(neighbour->ndm_state & USABLE))
		return false;
	memcpy(mac, found, MAC_LENGTH);
	return true;
}

bool dpdk_kernel_find(struct dpdk_kernel *kernel, const union tess_addr *destination,
		      struct dpdk_route *route)
{
	union tess_addr hop = *destination;

	if (find_route(kernel, &hop, &route->source))
		return false;
	use_neighbour(kernel, &hop);
	return get_neighbour(kernel, &hop, route->mac);
}

int dpdk_kernel_link(struct dpdk_kernel *kernel)
{
	union message message;
	struct ifinfomsg *info = start(&message, RTM_GETLINK, 0, sizeof(*info));
	int error;

	info->ifi_index = (int)kernel->ifindex;
	error = ask(kernel, &message);
	if (error)
		return error == -ENODEV ? -ENODEV : 0;
	return info->ifi_flags & IFF_RUNNING ? 0 : -ENETDOWN;
}
