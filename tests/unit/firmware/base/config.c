/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/base/config.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/config.h"

static char path[64];

static int load(const char *text, struct tess_config *config, char *error, size_t size)
{
	int fd;

	(void)snprintf(path, sizeof(path), "/tmp/tessera-config-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	int err = tess_config_load(config, path, error, size);
	unlink(path);
	return err;
}

static void test_defaults(void **state)
{
	struct tess_config config;

	(void)state;
	tess_config_defaults(&config);
	assert_string_equal(config.control.listen, "0.0.0.0:8080");
	assert_string_equal(config.egress.record_dir, "/var/lib/tessera/recordings");
	assert_int_equal(config.media.rtp_port_min, 20000);
	assert_int_equal(config.media.rtp_port_max, 20999);
	assert_int_equal(config.media.jitter_ms, 100);
	assert_string_equal(config.media.frozen, "dim");
	assert_int_equal(config.egress.fragment_ms, 1000);
}

static void test_values(void **state)
{
	struct tess_config config;
	char error[256] = "";

	(void)state;
	tess_config_defaults(&config);
	assert_int_equal(load("box: { name = \"hall 3\"; time_zone = \"UTC\"; };\n"
			      "media: { rtp_ports = \"30000-30099\"; jitter_ms = 40; };\n"
			      "egress: { listen = \"[::1]:9000\";"
			      " public_url = \"https://live.example.com:8443/box/\"; };\n",
			      &config, error, sizeof(error)),
			 0);
	assert_string_equal(config.box.name, "hall 3");
	assert_int_equal(config.media.rtp_port_min, 30000);
	assert_int_equal(config.media.rtp_port_max, 30099);
	assert_int_equal(config.media.jitter_ms, 40);
	assert_string_equal(config.egress.listen, "[::1]:9000");
	assert_string_equal(config.egress.public_url, "https://live.example.com:8443/box/");
	assert_string_equal(config.control.public_url, "");
	assert_string_equal(config.control.listen, "0.0.0.0:8080"); /* the others stay */
}

#define TEN_BYTES "0123456789"
#define DEVICES_EXPECTED                                                    \
	"a list of at most 8 different names of devices is expected, like " \
	"[\"/dev/dri/renderD128\"] or [\"0\", \"1\"]"
#define LONG_NAME                                                                                 \
	TEN_BYTES TEN_BYTES TEN_BYTES TEN_BYTES TEN_BYTES TEN_BYTES TEN_BYTES TEN_BYTES TEN_BYTES \
		"0123"
#define NET_MESSAGE                                                                           \
	"\"udp:0.0.0.0\", \"udp:[::]\" or a network card like \"xdp:eth0\", \"afp:eth0\" or " \
	"\"pci:0000:03:00.0,addr=192.0.2.5/24\" is expected"
#define ZONE_MESSAGE                                                                     \
	":1: box.time_zone: a zone like \"Asia/Shanghai\" is expected, one of those in " \
	"/usr/share/zoneinfo"

/* Each wrong file: what it says after the path, and the configuration stays as it was. */
static void test_messages(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"box: {\n name = 3;\n};", ":2: box.name: a text in quotes is expected"},
		{"media: { frozen = \"black\"; };",
		 ":1: media.frozen: \"keep\", \"dim\" or \"avatar\" is expected"},
		{"media: { jitter_ms = 2001; };",
		 ":1: media.jitter_ms: a whole number from 0 to 2000 is expected"},
		{"media: { jitter_ms = \"5\"; };",
		 ":1: media.jitter_ms: a whole number from 0 to 2000 is expected"},
		{"media: { jitter_ms = 4.5; };",
		 ":1: media.jitter_ms: a whole number from 0 to 2000 is expected"},
		{"media: { jitter_ms = -1; };",
		 ":1: media.jitter_ms: a whole number from 0 to 2000 is expected"},
		{"media: {\n\n jiter_ms = 5;\n};", ":3: unknown setting media.jiter_ms"},
		{"audio: { };", ":1: audio is not one of the groups box, control, media, egress"},
		{"box = 3;", ":1: box is not one of the groups box, control, media, egress"},
		{"box: { state_dir = \"var\"; };",
		 ":1: box.state_dir: an absolute path is expected"},
		{"box: { state_dir = \"\"; };", ":1: box.state_dir: it must not be empty"},
		{"control: { listen = \"8080\"; };",
		 ":1: control.listen: an address like \"0.0.0.0:8080\" or \"[::]:8080\" is "
		 "expected"},
		{"control: { listen = \"1.2.3.4:70000\"; };",
		 ":1: control.listen: an address like \"0.0.0.0:8080\" or \"[::]:8080\" is "
		 "expected"},
		{"control: { fetch_from = \"here\"; };",
		 ":1: control.fetch_from: \"network\" or \"anywhere\" is expected"},
		{"media: { rtp_ports = \"20001-20100\"; };",
		 ":1: media.rtp_ports: a range like \"20000-20999\" is expected, even start, at "
		 "least "
		 "4 ports, 1024 to 65535"},
		{"media: { rtp_ports = \"20000-20999x\"; };",
		 ":1: media.rtp_ports: a range like \"20000-20999\" is expected, even start, at "
		 "least "
		 "4 ports, 1024 to 65535"},
		/* as an unsigned number this would be an even one above 1024 */
		{"media: { rtp_ports = \"-2-1030\"; };",
		 ":1: media.rtp_ports: a range like \"20000-20999\" is expected, even start, at "
		 "least 4 ports, 1024 to 65535"},
		{"media: { rtp_ports = \"20000- 20999\"; };",
		 ":1: media.rtp_ports: a range like \"20000-20999\" is expected, even start, at "
		 "least 4 ports, 1024 to 65535"},
		{"media: { rtp_ports = \"20000-20002\"; };",
		 ":1: media.rtp_ports: a range like \"20000-20999\" is expected, even start, at "
		 "least 4 ports, 1024 to 65535"},
		{"box: { run_dir = \"/" LONG_NAME "\"; };",
		 ":1: box.run_dir: it is longer than 94 bytes"},
		{"box: { name = \"a\\nb\"; };", ":1: box.name: it has control characters in it"},
		{"box: { time_zone = \"Asia/Nowhere\"; };", ZONE_MESSAGE},
		{"box: { time_zone = \"../../../etc/passwd\"; };", ZONE_MESSAGE},
		{"media: { engine = \"sofft\"; };",
		 ":1: media.engine: \"auto\", \"nv\", \"vaapi\" or \"soft\" is expected"},
		{"media: {\n devices = \"0\"; };", ":2: media.devices: " DEVICES_EXPECTED},
		{"media: { devices = [0, 1]; };", ":1: media.devices: " DEVICES_EXPECTED},
		{"media: { devices = [\"0\", \"0\"]; };", ":1: media.devices: " DEVICES_EXPECTED},
		{"media: { devices = [\"\"]; };", ":1: media.devices: " DEVICES_EXPECTED},
		{"media: { devices = [\"a b\"]; };", ":1: media.devices: " DEVICES_EXPECTED},
		{"media: { devices = (\"0\", 1); };", ":1: media.devices: " DEVICES_EXPECTED},
		{"media: { devices = [\"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", "
		 "\"9\"]; };",
		 ":1: media.devices: " DEVICES_EXPECTED},
		{"media: { max_load = 1001; };",
		 ":1: media.max_load: a whole number from 0 to 1000 is expected"},
		{"media: { net = \"0.0.0.0\"; };", ":1: media.net: " NET_MESSAGE},
		{"media: { net = \"foo:bar\"; };", ":1: media.net: " NET_MESSAGE},
		{"media: { net = \"udp:1.2.3.4.5\"; };", ":1: media.net: " NET_MESSAGE},
		{"media: { net = \"xdp:\"; };", ":1: media.net: " NET_MESSAGE},
		{"media: { net = \"pci:,addr=1.2.3.4/8\"; };", ":1: media.net: " NET_MESSAGE},
		{"media: { net_fallback = \"xdp:eth0\"; };",
		 ":1: media.net_fallback: \"udp:\" and an address is expected, like "
		 "\"udp:0.0.0.0\" or \"udp:[::]\""},
		{"media: { address = \"a b\"; };",
		 ":1: media.address: an address or the name of a host is expected"},
		{"control: { public_url = \"box.example.com\"; };",
		 ":1: control.public_url: an address like \"https://live.example.com\" is "
		 "expected"},
		{"egress: { public_url = \"live.example.com\"; };",
		 ":1: egress.public_url: an address like \"https://live.example.com\" is "
		 "expected"},
		{"egress: { public_url = \"http://\"; };",
		 ":1: egress.public_url: an address like \"https://live.example.com\" is "
		 "expected"},
		{"egress: {\n tls_listen = \"0.0.0.0:8443\"; tls_key = \"/k\"; };",
		 ":2: egress.tls_listen: egress.tls_certificate is needed with it"},
		{"egress: { tls_certificate = \"/c\";\n tls_listen = \"0.0.0.0:8443\"; };",
		 ":2: egress.tls_listen: egress.tls_key is needed with it"},
		{"egress: { tls_listen = \"8443\"; };",
		 ":1: egress.tls_listen: an address like \"0.0.0.0:8080\" or \"[::]:8080\" is "
		 "expected"},
		{"egress: { tls_key = \"key.pem\"; };",
		 ":1: egress.tls_key: an absolute path is expected"},
		{"box: { name = \"a\"; name = \"b\"; };", ":1: duplicate setting name"},
		{"box: { name = \"", ":1: syntax error"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tess_config config, before;
		char error[512] = "", expected[600];

		tess_config_defaults(&config);
		before = config;
		assert_int_equal(load(cases[i].text, &config, error, sizeof(error)), -EINVAL);
		(void)snprintf(expected, sizeof(expected), "%s%s", path, cases[i].message);
		assert_string_equal(error, expected);
		assert_memory_equal(&config, &before, sizeof(config));
	}
}

static void test_devices(void **state)
{
	struct tess_config config;
	char error[256] = "";

	(void)state;
	tess_config_defaults(&config);
	assert_string_equal(config.media.devices[0], "");
	assert_int_equal(load("media: { engine = \"vaapi\"; devices = [\"/dev/dri/renderD128\", "
			      "\"/dev/dri/renderD129\"]; max_load = 70; };",
			      &config, error, sizeof(error)),
			 0);
	assert_string_equal(config.media.engine, "vaapi");
	assert_string_equal(config.media.devices[0], "/dev/dri/renderD128");
	assert_string_equal(config.media.devices[1], "/dev/dri/renderD129");
	assert_string_equal(config.media.devices[2], "");
	assert_int_equal(config.media.max_load, 70);
	/* a later list takes the place of the whole earlier one; lists may be written both ways */
	assert_int_equal(load("media: { devices = (\"1\"); };", &config, error, sizeof(error)), 0);
	assert_string_equal(config.media.devices[0], "1");
	assert_string_equal(config.media.devices[1], "");
	assert_int_equal(load("media: { devices = []; };", &config, error, sizeof(error)), 0);
	assert_string_equal(config.media.devices[0], "");
}

static void test_missing_file(void **state)
{
	struct tess_config config;
	char error[256];

	(void)state;
	tess_config_defaults(&config);
	assert_int_equal(tess_config_load(&config, "/nowhere/x.conf", error, sizeof(error)),
			 -ENOENT);
	assert_string_equal(error, "/nowhere/x.conf: No such file or directory");
}

static void test_folder(void **state)
{
	struct tess_config config;
	char error[256];

	(void)state;
	tess_config_defaults(&config);
	assert_int_equal(tess_config_load(&config, "/tmp", error, sizeof(error)), -EISDIR);
	assert_string_equal(error, "/tmp: Is a directory");
}

/* The message names the file that is included, not the one that includes it. */
static void test_included_file(void **state)
{
	static const char *const texts[] = {"\n\nbox: { nam = \"x\"; };\n", "\nbox = { ;\n"};
	static const char *const messages[] = {":3: unknown setting box.nam", ":2: syntax error"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		char included[] = "/tmp/tessera-include-XXXXXX", text[128], error[256],
		     expected[128];
		struct tess_config config;
		int fd = mkstemp(included);

		assert_int_equal(write(fd, texts[i], strlen(texts[i])), strlen(texts[i]));
		close(fd);
		(void)snprintf(text, sizeof(text), "@include \"%s\"\n", included);
		tess_config_defaults(&config);
		assert_int_equal(load(text, &config, error, sizeof(error)), -EINVAL);
		(void)snprintf(expected, sizeof(expected), "%s%s", included, messages[i]);
		assert_string_equal(error, expected);
		unlink(included);
	}
}

static void test_address(void **state)
{
	union tess_addr address;

	(void)state;
	assert_int_equal(tess_config_address("127.0.0.1:80", &address), 0);
	assert_int_equal(ntohs(address.in.sin_port), 80);
	assert_int_equal(ntohl(address.in.sin_addr.s_addr), 0x7f000001);
	assert_int_equal(tess_config_address("[::1]:443", &address), 0);
	assert_int_equal(address.sa.sa_family, AF_INET6);
	assert_int_equal(tess_config_address("::1:443", &address), -EINVAL);
	assert_int_equal(tess_config_address("localhost:80", &address), -EINVAL);
	assert_int_equal(tess_config_address("1.2.3.4:", &address), -EINVAL);
	assert_int_equal(tess_config_address("1.2.3.4:-1", &address), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),      cmocka_unit_test(test_values),
		cmocka_unit_test(test_messages),      cmocka_unit_test(test_devices),
		cmocka_unit_test(test_missing_file),  cmocka_unit_test(test_folder),
		cmocka_unit_test(test_included_file), cmocka_unit_test(test_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
