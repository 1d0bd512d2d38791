/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/spec.c - see spec.h.
 */
#include "drivers/net_dpdk/spec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_VLAN 4094
#define MAX_CORE 1023
/* 34 ms of 60,000 packets a second; a packet socket's holds what is the kernel's, too. */
#define RING	 2048
#define AFP_RING 4096
/* DPDK 22.11: the kernel is given so many buffers, however long the ring is. */
#define XDP_MAX_RING 2048
#define MIN_RING     64
#define MAX_RING     32768

struct parser {
	struct dpdk_spec *spec;
	char *reason;
	size_t reason_size;
};

static int refuse(const struct parser *parser, const char *text, const char *expected)
{
	(void)snprintf(parser->reason, parser->reason_size, "\"%s\": %s is expected", text,
		       expected);
	return -EINVAL;
}

/* A whole number without sign, up to @max. */
static bool parse_number(const char *text, unsigned long max, unsigned long *number)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 5 || text[digits])
		return false;
	*number = strtoul(text, NULL, 10);
	return *number <= max;
}

static bool parse_address(const char *text, union tess_addr *address)
{
	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, text, &address->in.sin_addr) == 1) {
		address->in.sin_family = AF_INET;
		return true;
	}
	if (inet_pton(AF_INET6, text, &address->in6.sin6_addr) == 1) {
		address->in6.sin6_family = AF_INET6;
		return true;
	}
	return false;
}

static int add_address(const struct parser *parser, char *text)
{
	static const char expected[] = "an address like 192.0.2.5/24 or 2001:db8::5/64";
	struct dpdk_identity *identity = &parser->spec->identity;
	struct dpdk_prefix prefix;
	char *slash = strchr(text, '/');
	unsigned long bits = 0;
	bool good = slash != NULL;

	if (identity->address_count == DPDK_MAX_ADDRESSES)
		return refuse(parser, text, "no more than 8 times addr=");
	if (good)
		*slash = '\0';
	good = good && parse_address(text, &prefix.address);
	good = good &&
	       parse_number(slash + 1, prefix.address.sa.sa_family == AF_INET ? 32 : 128, &bits);
	if (!good)
		return refuse(parser, text, expected);
	prefix.bits = (unsigned)bits;
	identity->addresses[identity->address_count++] = prefix;
	return 0;
}

static int add_gateway(const struct parser *parser, const char *text)
{
	struct dpdk_identity *identity = &parser->spec->identity;
	union tess_addr address;

	if (!parse_address(text, &address))
		return refuse(parser, text, "the address of a gateway");
	if (address.sa.sa_family == AF_INET)
		identity->gateway4 = address;
	else
		identity->gateway6 = address;
	return 0;
}

/* An option of ours. @retval 0, -EINVAL, -ENOENT it is the device's */
static int parse_option(const struct parser *parser, const char *name, char *value)
{
	struct dpdk_spec *spec = parser->spec;
	unsigned long number;

	if (!strcmp(name, "addr"))
		return add_address(parser, value);
	if (!strcmp(name, "gw"))
		return add_gateway(parser, value);
	if (!strcmp(name, "vlan")) {
		if (!parse_number(value, MAX_VLAN, &number) || number == 0)
			return refuse(parser, value, "vlan=1 to 4094");
		spec->identity.vlan = (uint16_t)number;
		return 0;
	}
	if (!strcmp(name, "core")) {
		if (!parse_number(value, MAX_CORE, &number))
			return refuse(parser, value, "the number of a CPU core");
		spec->core = (int)number;
		return 0;
	}
	if (!strcmp(name, "ring")) {
		if (!parse_number(value, MAX_RING, &number) || number < MIN_RING ||
		    (number & (number - 1)))
			return refuse(parser, value, "ring=64 to 32768, a power of two");
		spec->ring = (unsigned)number;
		return 0;
	}
	if (!strcmp(name, "hugepages")) {
		if (!parse_number(value, 1, &number))
			return refuse(parser, value, "hugepages=0 or 1");
		spec->hugepages = number == 1;
		return 0;
	}
	if (!strcmp(name, "eal")) {
		if (strlen(value) >= sizeof(spec->eal))
			return refuse(parser, "eal=", "a shorter text");
		memcpy(spec->eal, value, strlen(value) + 1);
		return 0;
	}
	return -ENOENT;
}

static int append_device(const struct parser *parser, const char *text)
{
	struct dpdk_spec *spec = parser->spec;
	size_t used = strlen(spec->device);
	int length = snprintf(spec->device + used, sizeof(spec->device) - used, "%s%s",
			      used ? "," : "", text);

	return length > 0 && (size_t)length < sizeof(spec->device) - used
		       ? 0
		       : refuse(parser, text, "a shorter list");
}

/* What DPDK calls the device; arguments of the user's come behind. */
static int name_device(const struct parser *parser, const char *text)
{
	struct dpdk_spec *spec = parser->spec;
	char arguments[96] = "";
	size_t length = strlen(text);

	if (length == 0 ||
	    length >= (dpdk_spec_is_shared(spec) ? sizeof(spec->iface) : sizeof(spec->name)))
		return refuse(parser, text,
			      dpdk_spec_is_shared(spec) ? "the name of a network interface"
							: "the name of a device");
	switch (spec->kind) {
	case DPDK_XDP:
		(void)snprintf(spec->name, sizeof(spec->name), "net_af_xdp_%s", text);
		/* what the kernel cannot copy faster by busy polling, it refuses to poll */
		(void)snprintf(arguments, sizeof(arguments), "iface=%s,busy_budget=0", text);
		break;
	case DPDK_AFP:
		(void)snprintf(spec->name, sizeof(spec->name), "net_af_packet_%s", text);
		(void)snprintf(arguments, sizeof(arguments),
			       "iface=%s,blocksz=65536,framesz=2048,qdisc_bypass=1", text);
		break;
	case DPDK_PCI:
	case DPDK_RAW:
		memcpy(spec->name, text, length + 1);
		break;
	}
	if (dpdk_spec_is_shared(spec))
		memcpy(spec->iface, text, length + 1);
	if (append_device(parser, spec->name))
		return -EINVAL;
	return arguments[0] ? append_device(parser, arguments) : 0;
}

static int parse_words(const struct parser *parser, char *text)
{
	char *rest = text, *word = strsep(&rest, ",");
	int error = name_device(parser, word);
	char frames[32];

	while (!error && (word = strsep(&rest, ","))) {
		char *value = strchr(word, '=');

		if (!value) {
			error = append_device(parser, word);
			continue;
		}
		*value = '\0';
		error = parse_option(parser, word, value + 1);
		if (error == -ENOENT) {
			*value = '=';
			error = append_device(parser, word);
		}
	}
	if (error || parser->spec->kind != DPDK_AFP)
		return error;
	(void)snprintf(frames, sizeof(frames), "framecnt=%u", parser->spec->ring);
	return append_device(parser, frames);
}

static int check(const struct parser *parser)
{
	const struct dpdk_spec *spec = parser->spec;
	const struct dpdk_identity *identity = &spec->identity;

	if (dpdk_spec_is_shared(spec) &&
	    (identity->address_count || identity->vlan || identity->gateway4.sa.sa_family ||
	     identity->gateway6.sa.sa_family))
		return refuse(parser, spec->iface,
			      "no addr=, gw= or vlan= (they are the kernel's)");
	if (spec->kind == DPDK_XDP && spec->ring > XDP_MAX_RING)
		return refuse(parser, spec->iface,
			      "ring= up to 2048 (DPDK gives the kernel no more buffers a queue)");
	if (spec->kind == DPDK_PCI && !identity->address_count)
		return refuse(parser, spec->name, "addr= (the kernel is not on the port)");
	return 0;
}

int dpdk_spec_parse(struct dpdk_spec *spec, const char *text, char *reason, size_t reason_size)
{
	static const struct {
		const char *scheme;
		enum dpdk_kind kind;
	} kinds[] = {
		{"xdp:", DPDK_XDP}, {"afp:", DPDK_AFP}, {"pci:", DPDK_PCI}, {"dpdk:", DPDK_RAW}};
	struct parser parser = {spec, reason, reason_size};
	char words[256];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t length = strlen(kinds[i].scheme);
		int error;

		if (strncmp(text, kinds[i].scheme, length) != 0)
			continue;
		if (strlen(text + length) >= sizeof(words))
			return refuse(&parser, kinds[i].scheme, "a shorter text");
		memcpy(words, text + length, strlen(text + length) + 1);
		memset(spec, 0, sizeof(*spec));
		spec->kind = kinds[i].kind;
		spec->core = -1;
		spec->ring = spec->kind == DPDK_AFP ? AFP_RING : RING;
		spec->hugepages = spec->kind == DPDK_PCI;
		error = parse_words(&parser, words);
		return error ? error : check(&parser);
	}
	return refuse(&parser, text, "xdp:, afp:, pci: or dpdk:");
}
