/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/cli/selftest_main.c - tessera-selftest, which `tessera selftest` becomes: tries the
 * video engines of this machine. A program of its own, so that the one that supervises the box has
 * no codecs in it. It needs no box, and disturbs none but for the device's time.
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "drivers/engines.h"
#include "firmware/cli/selftest.h"

#define MAX_DEVICES 16

static int usage(FILE *to)
{
	fputs("usage: tessera selftest [--engine nv|vaapi|soft] [--device NAME]\n"
	      "\n"
	      "Tries each video engine that is found, or those named, against software: decoding,\n"
	      "composing, encoding, speed. Status 0: all is well; 1: something failed.\n",
	      to);
	return to == stdout ? 0 : 2;
}

/* The first line of a file that begins with @p name, from its value on. */
static void print_line(const char *path, const char *name, const char *label)
{
	FILE *file = fopen(path, "re");
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		const char *value = strchr(line, ':');

		if (!strncmp(line, name, strlen(name)) && value) {
			printf("%s%s", label, value + 2);
			break;
		}
	}
	if (file)
		(void)fclose(file);
}

static void print_machine(void)
{
	struct utsname name;

	puts("tessera " TESSERA_VERSION " self-test");
	if (!uname(&name))
		printf("kernel   %s %s %s\n", name.sysname, name.release, name.machine);
	printf("threads  %ld\n", sysconf(_SC_NPROCESSORS_ONLN));
	print_line("/proc/cpuinfo", "model name", "cpu      ");
	print_line("/proc/driver/nvidia/version", "NVRM version", "nvidia   ");
}

/* @return how many steps failed; *tried rises by the devices */
static unsigned try_driver(const struct tess_engine_driver *driver, const char *device,
			   const struct tess_engine_driver *software, unsigned *tried)
{
	char names[MAX_DEVICES][TESS_ENGINE_DEVICE_MAX];
	unsigned count, failures = 0;

	if (device) {
		++*tried;
		return tess_selftest(stdout, driver, device, software);
	}
	count = driver->devices(names, MAX_DEVICES);
	if (!count)
		printf("\nengine   %s\n  no device found\n", driver->name);
	for (unsigned i = 0; i < count && i < MAX_DEVICES; i++) {
		++*tried;
		failures += tess_selftest(stdout, driver, names[i], software);
	}
	return failures;
}

int main(int argc, char **argv)
{
	const struct tess_engine_driver *const *drivers = tess_engine_drivers();
	const struct tess_engine_driver *software = drivers[0];
	const char *engine = NULL, *device = NULL;
	unsigned failures = 0, tried = 0;

	for (int i = 1; i < argc; i += 2) {
		if (!strcmp(argv[i], "--help"))
			return usage(stdout);
		if (i + 1 == argc)
			return usage(stderr);
		if (!strcmp(argv[i], "--engine"))
			engine = argv[i + 1];
		else if (!strcmp(argv[i], "--device"))
			device = argv[i + 1];
		else
			return usage(stderr);
	}
	if (device && !engine) {
		fputs("tessera: --device needs --engine\n", stderr);
		return 2;
	}
	for (unsigned i = 0; drivers[i]; i++)
		software = drivers[i];
	print_machine();
	for (; *drivers; drivers++) {
		if (!engine || !strcmp(engine, (*drivers)->name))
			failures += try_driver(*drivers, device, software, &tried);
	}
	if (engine && !tried) {
		fprintf(stderr, "tessera: there is no device of an engine \"%s\"\n", engine);
		return 1;
	}
	printf("\n%s\n", failures ? "FAILED" : "all is well");
	return failures ? 1 : 0;
}
