/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/violations_device.c - things left at vaTerminate, and device files that
 * are not right.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <va/va_drm.h>

#include "tests/emulated/va/tests/rig.h"
#include "tests/emulated/va/tests/violation.h"

#define SIDE 64

static struct rig rig;

/* one thing is not given back */
static void leak(const void *argument)
{
	VAImageFormat format = {.fourcc = VA_FOURCC_NV12};
	VAImage image;
	struct rig_context context;
	rig_open(&rig, "");
	rig_remove(&rig);
	VADisplay display = rig.display;
	switch (*(const char *)argument) {
	case 's':
		rig_surface(&rig, VA_FOURCC_NV12, SIDE, SIDE);
		break;
	case 'f':
		VA_OK(vaCreateConfig(display, VAProfileNone, VAEntrypointVideoProc, NULL, 0,
				     &context.config));
		break;
	case 'i':
		VA_OK(vaCreateImage(display, &format, SIDE, SIDE, &image));
		break;
	default:
		context = rig_context(&rig, VAProfileNone, VAEntrypointVideoProc, NULL, 0, SIDE,
				      SIDE, NULL, 0);
		VA_OK(vaDestroyConfig(display, context.config));
		if (*(const char *)argument == 'b') {
			VAProcPipelineParameterBuffer layer = {0};
			rig_buffer(&rig, context.id, VAProcPipelineParameterBufferType, &layer,
				   sizeof(layer));
			VA_OK(vaDestroyContext(display, context.id));
		}
		break;
	}
	vaTerminate(display);
}

static void leak_without_end(const void *argument)
{
	VAConfigID id;
	(void)argument;
	rig_open(&rig, "");
	rig_remove(&rig);
	for (;;)
		VA_OK(vaCreateConfig(rig.display, VAProfileNone, VAEntrypointVideoProc, NULL, 0,
				     &id));
}

/* a device whose file is not right */
static void open_device(const void *argument)
{
	int major, minor, fd = memfd_create("device", MFD_CLOEXEC);
	MUST(fd >= 0);
	MUST(dprintf(fd, "tessera emulated va device\n%s", (const char *)argument) > 0);
	VA_OK(vaInitialize(vaGetDisplayDRM(fd), &major, &minor));
}

static const struct violation violations[] = {
	{"leaked surface", leak, "s", "vaTerminate: not destroyed: 1, a surface"},
	{"leaked configuration", leak, "f", "vaTerminate: not destroyed: 1, a configuration"},
	{"leaked context", leak, "c", "vaTerminate: not destroyed: 1, a context"},
	{"leaked buffer", leak, "b", "vaTerminate: not destroyed: 1, a buffer"},
	{"leaked image", leak, "i", "vaTerminate: not destroyed: 1, a image"},
	{"leaks without end", leak_without_end, NULL,
	 "65536 objects of one kind: a configuration leaks"},
	{"unknown key", open_device, "layers=8\n", "an unknown key layers"},
	{"no key", open_device, "layers\n", "not KEY=VALUE: layers"},
	{"neither yes nor no", open_device, "late=1\n", "late=1"},
	{"no number", open_device, "max_layers=x\n", "max_layers=x"},
	{"half a fault", open_device, "fail=vaEndPicture\n", "not OP:N:STATUS"},
	{"fault of an unknown call", open_device, "fail=vaNothing:1:HW_BUSY\n", "unknown fail="},
	{"fault of an unknown status", open_device, "fail=vaEndPicture:1:BAD\n", "unknown fail="},
};

int main(void)
{
	return violations_run("device", violations, sizeof(violations) / sizeof(violations[0]));
}
