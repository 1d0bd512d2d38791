/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests that the driver is found as a module, and leaves nothing in the file system.
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "drivers/clock/clock.h"
#include "drivers/net.h"

static bool is_loaded(const char *library)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_NOLOAD);

	if (handle)
		(void)dlclose(handle);
	return handle != NULL;
}

static void sockets_load_nothing(void **state)
{
	(void)state;
	assert_non_null(tess_net_driver_find("udp:0.0.0.0"));
	assert_null(tess_net_driver_find("xdpx:eth0"));
	assert_false(is_loaded("librte_eal.so.23"));
}

static void ports_load_the_module(void **state)
{
	char folder[] = "/tmp/tessera-dpdk-XXXXXX", reason[200] = "";
	const struct tess_net_config config = {
		.spec = "dpdk:net_null0,addr=10.0.0.2/24",
		.packets = 64,
		.clock = tess_clock_system(),
		.reason = reason,
		.reason_size = sizeof(reason),
	};
	const struct tess_net_driver *driver;
	struct tess_net *net;

	(void)state;
	assert_non_null(mkdtemp(folder));
	/* of these it takes the first that there is */
	assert_int_equal(setenv("RUNTIME_DIRECTORY", folder, 1), 0);
	assert_int_equal(setenv("XDG_RUNTIME_DIR", folder, 1), 0);
	driver = tess_net_driver_find(config.spec);
	if (!driver)
		fail_msg("%s", dlerror());
	assert_string_equal(driver->name, "dpdk");
	assert_int_equal(driver->size, sizeof(struct tess_net_driver));
	assert_ptr_equal(tess_net_driver_find("xdp:eth0"), driver);
	assert_ptr_equal(tess_net_driver_find("afp:eth0"), driver);
	assert_ptr_equal(tess_net_driver_find("pci:0000:03:00.0"), driver);
	if (driver->open(&net, &config))
		fail_msg("%s", reason);
	driver->close(net);
	/* only an empty folder can be removed */
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sockets_load_nothing),
		cmocka_unit_test(ports_load_the_module),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
