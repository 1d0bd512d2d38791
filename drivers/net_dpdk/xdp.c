/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/xdp.c - see xdp.h.
 */
#include "drivers/net_dpdk/xdp.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/net_dpdk/xdp_image.h"
#include "drivers/net_dpdk/xdp_media.h"

#define PROGRAM "tess_media"

static int read_mac(const char *iface, unsigned char mac[6])
{
	struct ifreq request;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = 0;

	if (fd < 0)
		return -errno;
	memset(&request, 0, sizeof(request));
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", iface);
	if (ioctl(fd, SIOCGIFHWADDR, &request))
		error = -errno;
	else
		memcpy(mac, request.ifr_hwaddr.sa_data, 6);
	(void)close(fd);
	return error;
}

/* The program's file with the settings in it. @return a descriptor, or -errno */
static int write_image(const struct xdp_media_settings *settings)
{
	size_t size = (size_t)(dpdk_xdp_image_end - dpdk_xdp_image);
	unsigned char *image = malloc(size);
	unsigned char *place;
	int fd;

	if (!image)
		return -ENOMEM;
	memcpy(image, dpdk_xdp_image, size);
	place = memmem(image, size, &settings->magic, sizeof(settings->magic));
	if (!place || (size_t)(place - image) > size - sizeof(*settings)) {
		free(image);
		return -EBADMSG;
	}
	memcpy(place, settings, sizeof(*settings));
	fd = memfd_create(PROGRAM, MFD_CLOEXEC);
	if (fd >= 0 && write(fd, image, size) != (ssize_t)size) {
		(void)close(fd);
		fd = -1;
		errno = EIO;
	}
	free(image);
	return fd >= 0 ? fd : -errno;
}

/* Nothing may be on the interface, or what DPDK has left of ours. */
static int clear(unsigned ifindex, const char *iface, char *reason, size_t reason_size)
{
	struct bpf_prog_info info = {0};
	uint32_t length = sizeof(info), id = 0;
	int error = bpf_xdp_query_id((int)ifindex, 0, &id);
	int fd;

	if (error || id == 0)
		return error;
	fd = bpf_prog_get_fd_by_id(id); /* asks for CAP_SYS_ADMIN */
	if (fd >= 0) {
		error = bpf_obj_get_info_by_fd(fd, &info, &length);
		(void)close(fd);
		if (!error && !strcmp(info.name, PROGRAM) && !bpf_xdp_detach((int)ifindex, 0, NULL))
			return 0;
	}
	(void)snprintf(reason, reason_size,
		       "an XDP program (%s, id %u) is on %s already; if nothing uses it: "
		       "ip link set dev %s xdp off",
		       info.name[0] ? info.name : "of an unknown name", id, iface, iface);
	return -EBUSY;
}

int dpdk_xdp_prepare(struct dpdk_xdp *xdp, const char *iface, uint16_t port_min, uint16_t port_max,
		     char *path, size_t path_size, char *reason, size_t reason_size)
{
	struct xdp_media_settings settings = {
		.magic = XDP_MEDIA_MAGIC, .port_min = port_min, .port_max = port_max};
	unsigned ifindex = if_nametoindex(iface);
	int error;

	*xdp = (struct dpdk_xdp){.image_fd = -1, .link_fd = -1};
	if (!ifindex) {
		(void)snprintf(reason, reason_size, "there is no network interface %s", iface);
		return -ENODEV;
	}
	error = clear(ifindex, iface, reason, reason_size);
	if (!error)
		error = read_mac(iface, settings.mac);
	if (error)
		return error;
	xdp->image_fd = write_image(&settings);
	if (xdp->image_fd < 0)
		return xdp->image_fd;
	xdp->ifindex = ifindex;
	(void)snprintf(path, path_size, "/proc/self/fd/%d", xdp->image_fd);
	return 0;
}

/* Our descriptor of the program with that number, which DPDK has loaded; -1: none. */
static int find_program(uint32_t id)
{
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;
	int found = -1;

	if (!folder)
		return -1;
	while (found < 0 && (entry = readdir(folder))) {
		struct bpf_prog_info info = {0};
		uint32_t length = sizeof(info);
		char target[32] = "";

		if (readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1) > 0 &&
		    !strcmp(target, "anon_inode:bpf-prog") &&
		    !bpf_obj_get_info_by_fd(atoi(entry->d_name), &info, &length) && info.id == id)
			found = atoi(entry->d_name);
	}
	(void)closedir(folder);
	return found;
}

int dpdk_xdp_keep(struct dpdk_xdp *xdp, char *reason, size_t reason_size)
{
	uint32_t id = 0;
	int error = bpf_xdp_query_id((int)xdp->ifindex, 0, &id);
	int program = id ? find_program(id) : -1;

	(void)close(xdp->image_fd);
	xdp->image_fd = -1;
	if (!error && program < 0)
		error = -ENOENT;
	if (!error)
		error = bpf_xdp_detach((int)xdp->ifindex, 0, NULL);
	if (!error) {
		xdp->link_fd = bpf_link_create(program, (int)xdp->ifindex, BPF_XDP, NULL);
		error = xdp->link_fd < 0 ? xdp->link_fd : 0;
	}
	if (error)
		(void)snprintf(reason, reason_size, "the XDP program cannot be hung on a link: %s",
			       strerrordesc_np(-error));
	return error;
}

void dpdk_xdp_close(struct dpdk_xdp *xdp)
{
	if (xdp->ifindex == 0)
		return;
	if (xdp->image_fd >= 0)
		(void)close(xdp->image_fd);
	if (xdp->link_fd >= 0)
		(void)close(xdp->link_fd);
	*xdp = (struct dpdk_xdp){.image_fd = -1, .link_fd = -1};
}
