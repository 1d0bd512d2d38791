/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests drivers/net_dpdk/spec.c
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "drivers/net_dpdk/spec.h"
#include "frames.h"

static struct dpdk_spec parse(const char *text)
{
	struct dpdk_spec spec;
	char reason[200] = "";

	if (dpdk_spec_parse(&spec, text, reason, sizeof(reason)))
		fail_msg("%s: %s", text, reason);
	return spec;
}

static void shared_ports(void **state)
{
	struct dpdk_spec spec = parse("xdp:eth0");

	(void)state;
	assert_int_equal(spec.kind, DPDK_XDP);
	assert_string_equal(spec.iface, "eth0");
	assert_string_equal(spec.name, "net_af_xdp_eth0");
	assert_string_equal(spec.device, "net_af_xdp_eth0,iface=eth0,busy_budget=0");
	assert_int_equal(spec.core, -1);
	assert_int_equal(spec.ring, 2048);
	assert_false(spec.hugepages);
	spec = parse("xdp:enp3s0f1np1,start_queue=2,core=3,hugepages=1");
	assert_string_equal(spec.device, "net_af_xdp_enp3s0f1np1,iface=enp3s0f1np1,busy_budget=0,"
					 "start_queue=2");
	assert_int_equal(spec.core, 3);
	assert_true(spec.hugepages);
	spec = parse("afp:eth0,eal=-m 128 --log-level=debug");
	assert_int_equal(spec.kind, DPDK_AFP);
	assert_string_equal(spec.eal, "-m 128 --log-level=debug");
	assert_non_null(strstr(spec.device, "qdisc_bypass=1,framecnt=4096"));
	spec = parse("afp:eth0,ring=16384");
	assert_int_equal(spec.ring, 16384);
	assert_non_null(strstr(spec.device, ",framecnt=16384"));
	spec = parse("xdp:eth0,ring=256,queue_count=4");
	assert_int_equal(spec.ring, 256);
	assert_null(strstr(spec.device, "ring"));
}

static void ports_of_our_own(void **state)
{
	struct dpdk_spec spec = parse("pci:0000:03:00.0,addr=192.0.2.5/24,gw=192.0.2.1,vlan=12,"
				      "addr=2001:db8::5/64,gw=2001:db8::1,rx_queue_count=1");
	char text[64];

	(void)state;
	assert_int_equal(spec.kind, DPDK_PCI);
	assert_string_equal(spec.name, "0000:03:00.0");
	assert_string_equal(spec.device, "0000:03:00.0,rx_queue_count=1");
	assert_true(spec.hugepages);
	assert_int_equal(spec.identity.address_count, 2);
	assert_int_equal(spec.identity.vlan, 12);
	assert_int_equal(spec.identity.addresses[0].bits, 24);
	assert_int_equal(spec.identity.addresses[1].bits, 64);
	assert_int_equal(spec.identity.addresses[1].address.sa.sa_family, AF_INET6);
	(void)inet_ntop(AF_INET, &spec.identity.gateway4.in.sin_addr, text, sizeof(text));
	assert_string_equal(text, "192.0.2.1");
	(void)inet_ntop(AF_INET6, &spec.identity.gateway6.in6.sin6_addr, text, sizeof(text));
	assert_string_equal(text, "2001:db8::1");
	spec = parse("dpdk:net_null0,size=1200");
	assert_int_equal(spec.kind, DPDK_RAW);
	assert_string_equal(spec.device, "net_null0,size=1200");
}

static void wrong_ones_are_refused(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{"udp:0.0.0.0", "\"udp:0.0.0.0\": xdp:, afp:, pci: or dpdk: is expected"},
		{"xdp:", "\"\": the name of a network interface is expected"},
		{"xdp:,core=1", "\"\": the name of a network interface is expected"},
		{"xdp:a0123456789abcdef",
		 "\"a0123456789abcdef\": the name of a network interface is expected"},
		{"xdp:eth0,addr=192.0.2.5/24",
		 "\"eth0\": no addr=, gw= or vlan= (they are the kernel's) is expected"},
		{"afp:eth0,vlan=4",
		 "\"eth0\": no addr=, gw= or vlan= (they are the kernel's) is expected"},
		{"pci:0000:03:00.0",
		 "\"0000:03:00.0\": addr= (the kernel is not on the port) is expected"},
		{"pci:0000:03:00.0,addr=192.0.2.5",
		 "\"192.0.2.5\": an address like 192.0.2.5/24 or 2001:db8::5/64 is expected"},
		{"pci:0000:03:00.0,addr=192.0.2.5/33",
		 "\"192.0.2.5\": an address like 192.0.2.5/24 or 2001:db8::5/64 is expected"},
		{"pci:0000:03:00.0,addr=box/24",
		 "\"box\": an address like 192.0.2.5/24 or 2001:db8::5/64 is expected"},
		{"pci:0000:03:00.0,gw=box", "\"box\": the address of a gateway is expected"},
		{"pci:0000:03:00.0,vlan=0", "\"0\": vlan=1 to 4094 is expected"},
		{"pci:0000:03:00.0,vlan=4095", "\"4095\": vlan=1 to 4094 is expected"},
		{"xdp:eth0,core=-1", "\"-1\": the number of a CPU core is expected"},
		{"afp:eth0,ring=1000", "\"1000\": ring=64 to 32768, a power of two is expected"},
		{"pci:0000:03:00.0,ring=65536",
		 "\"65536\": ring=64 to 32768, a power of two is expected"},
		{"dpdk:net_ring0,ring=32", "\"32\": ring=64 to 32768, a power of two is expected"},
		{"xdp:eth0,ring=4096", "\"eth0\": ring= up to 2048 (DPDK gives the kernel no more "
				       "buffers a queue) is expected"},
		{"xdp:eth0,hugepages=2", "\"2\": hugepages=0 or 1 is expected"},
		{"dpdk:x,addr=1.0.0.1/8,addr=1.0.0.2/8,addr=1.0.0.3/8,addr=1.0.0.4/8,"
		 "addr=1.0.0.5/8,addr=1.0.0.6/8,addr=1.0.0.7/8,addr=1.0.0.8/8,addr=1.0.0.9/8",
		 "\"1.0.0.9/8\": no more than 8 times addr= is expected"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dpdk_spec spec;
		char reason[200] = "";

		assert_int_equal(dpdk_spec_parse(&spec, cases[i].text, reason, sizeof(reason)),
				 -EINVAL);
		assert_string_equal(reason, cases[i].reason);
	}
}

static void too_long_is_refused(void **state)
{
	struct dpdk_spec spec;
	char text[600] = "dpdk:net_null0,x=", reason[200];

	(void)state;
	memset(text + strlen(text), 'a', 500);
	assert_int_equal(dpdk_spec_parse(&spec, text, reason, sizeof(reason)), -EINVAL);
	/* in the space that the arguments of ours leave */
	strcpy(text, "afp:eth0,x=");
	memset(text + strlen(text), 'a', 220);
	text[240] = '\0';
	assert_int_equal(dpdk_spec_parse(&spec, text, reason, sizeof(reason)), -EINVAL);
	strcpy(text, "afp:eth0,eal=");
	memset(text + strlen(text), 'a', 170);
	text[strlen("afp:eth0,eal=") + 170] = '\0';
	assert_int_equal(dpdk_spec_parse(&spec, text, reason, sizeof(reason)), -EINVAL);
	assert_string_equal(reason, "\"eal=\": a shorter text is expected");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shared_ports),
		cmocka_unit_test(ports_of_our_own),
		cmocka_unit_test(wrong_ones_are_refused),
		cmocka_unit_test(too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
