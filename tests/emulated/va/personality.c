/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/personality.c - reads what a device is like from its file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/emulated/va/emu.h"

static bool yes_or_no(const char *line, const char *value)
{
	if (strcmp(value, "yes") == 0)
		return true;
	emu_check(strcmp(value, "no") == 0, "the device's file says %s=%s", line, value);
	return false;
}

static unsigned number(const char *key, const char *value)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);
	emu_check(end != value && *end == '\0' && n <= UINT32_MAX, "the device's file says %s=%s",
		  key, value);
	return (unsigned)n;
}

static void fault(struct emu_device *device, char *value)
{
	char *rest = NULL;
	const char *op = strtok_r(value, ":", &rest), *n = strtok_r(NULL, ":", &rest);
	emu_check(op && n && rest, "the device's file has a fail= that is not OP:N:STATUS");
	int err = emu_fault_arm(device, op, number("fail", n), emu_fault_status(rest));
	emu_check(err == 0, "the device's file has an unknown fail=%s:%s:%s", op, n, rest);
}

static void take(struct emu_device *device, const char *key, char *value)
{
	struct emu_personality *p = &device->personality;
	const struct {
		const char *key;
		bool *value;
	} flags[] = {
		{"h264", &p->h264},
		{"vp9", &p->vp9},
		{"packed_headers", &p->packed_headers},
		{"late", &p->late},
		{"damaged", &p->damaged},
	};
	const struct {
		const char *key;
		unsigned *value;
	} numbers[] = {
		{"max_width", &p->max_width},
		{"max_height", &p->max_height},
		{"max_layers", &p->max_layers},
		{"encoders", &p->encoders},
	};
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strcmp(flags[i].key, key) == 0) {
			*flags[i].value = yes_or_no(key, value);
			return;
		}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(numbers[i].key, key) == 0) {
			*numbers[i].value = number(key, value);
			return;
		}
	if (strcmp(key, "vendor") == 0)
		snprintf(p->vendor, sizeof(p->vendor), "%s", value);
	else if (strcmp(key, "lost_after") == 0)
		device->lost_after = number(key, value);
	else if (strcmp(key, "fail") == 0)
		fault(device, value);
	else
		emu_violation("the device's file has an unknown key %s", key);
}

void emu_personality_read(struct emu_device *device, int fd)
{
	char text[4096];
	ssize_t length = pread(fd, text, sizeof(text) - 1, 0);
	text[length > 0 ? length : 0] = '\0';
	device->personality = (struct emu_personality){
		.vendor = "Tessera emulated VA driver",
		.h264 = true,
		.packed_headers = true,
		.max_width = 4096,
		.max_height = 4096,
		.max_layers = 16,
	};
	memset(device->faults, 0, sizeof(device->faults));
	device->calls = 0;
	device->lost_after = 0;
	char *rest = NULL;
	strtok_r(text, "\n", &rest); /* the first line is the shim's */
	for (char *line; (line = strtok_r(NULL, "\n", &rest));) {
		char *equals = strchr(line, '=');
		emu_check(equals, "the device's file has a line that is not KEY=VALUE: %s", line);
		*equals = '\0';
		take(device, line, equals + 1);
	}
}
