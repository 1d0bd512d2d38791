/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/fault.c - calls that fail on demand, and the GPU that hangs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/emulated/va/emu.h"

/* what may fail; destroying, unmapping and ending cannot */
static const char *const ops[] = {
	"vaQueryConfigProfiles",
	"vaQueryConfigEntrypoints",
	"vaGetConfigAttributes",
	"vaCreateConfig",
	"vaQueryConfigAttributes",
	"vaCreateSurfaces",
	"vaQuerySurfaceAttributes",
	"vaCreateContext",
	"vaCreateBuffer",
	"vaBufferSetNumElements",
	"vaMapBuffer",
	"vaBeginPicture",
	"vaRenderPicture",
	"vaEndPicture",
	"vaSyncSurface",
	"vaSyncBuffer",
	"vaQuerySurfaceStatus",
	"vaQueryImageFormats",
	"vaCreateImage",
	"vaDeriveImage",
	"vaGetImage",
	"vaPutImage",
	"vaQueryVideoProcFilters",
	"vaQueryVideoProcFilterCaps",
	"vaQueryVideoProcPipelineCaps",
};

static const struct {
	const char *name;
	VAStatus status;
} statuses[] = {
	{"OPERATION_FAILED", VA_STATUS_ERROR_OPERATION_FAILED},
	{"ALLOCATION_FAILED", VA_STATUS_ERROR_ALLOCATION_FAILED},
	{"INVALID_SURFACE", VA_STATUS_ERROR_INVALID_SURFACE},
	{"INVALID_BUFFER", VA_STATUS_ERROR_INVALID_BUFFER},
	{"ATTR_NOT_SUPPORTED", VA_STATUS_ERROR_ATTR_NOT_SUPPORTED},
	{"MAX_NUM_EXCEEDED", VA_STATUS_ERROR_MAX_NUM_EXCEEDED},
	{"UNSUPPORTED_PROFILE", VA_STATUS_ERROR_UNSUPPORTED_PROFILE},
	{"UNSUPPORTED_ENTRYPOINT", VA_STATUS_ERROR_UNSUPPORTED_ENTRYPOINT},
	{"SURFACE_BUSY", VA_STATUS_ERROR_SURFACE_BUSY},
	{"INVALID_PARAMETER", VA_STATUS_ERROR_INVALID_PARAMETER},
	{"RESOLUTION_NOT_SUPPORTED", VA_STATUS_ERROR_RESOLUTION_NOT_SUPPORTED},
	{"UNIMPLEMENTED", VA_STATUS_ERROR_UNIMPLEMENTED},
	{"DECODING_ERROR", VA_STATUS_ERROR_DECODING_ERROR},
	{"ENCODING_ERROR", VA_STATUS_ERROR_ENCODING_ERROR},
	{"HW_BUSY", VA_STATUS_ERROR_HW_BUSY},
	{"NOT_ENOUGH_BUFFER", VA_STATUS_ERROR_NOT_ENOUGH_BUFFER},
	{"TIMEDOUT", VA_STATUS_ERROR_TIMEDOUT},
};

VAStatus emu_fault_status(const char *text)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (strcmp(statuses[i].name, text) == 0)
			return statuses[i].status;
	char *end;
	long number = strtol(text, &end, 0);
	return end != text && *end == '\0' && number > 0 ? (VAStatus)number : VA_STATUS_SUCCESS;
}

int emu_fault_arm(struct emu_device *device, const char *op, unsigned n, VAStatus status)
{
	const char *known = NULL;
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strcmp(ops[i], op) == 0)
			known = ops[i];
	if (!known || n == 0 || status == VA_STATUS_SUCCESS)
		return -EINVAL;
	for (size_t i = 0; i < EMU_MAX_FAULTS; i++)
		if (device->faults[i].left == 0) {
			device->faults[i] = (struct emu_fault){known, n, status};
			return 0;
		}
	return -ENOSPC;
}

bool emu_lost(const struct emu_device *device)
{
	return device->lost_after > 0 && device->calls > device->lost_after;
}

VAStatus emu_gate(struct emu_display *display, const char *op)
{
	struct emu_device *device = display->device;
	VAStatus status = VA_STATUS_SUCCESS;
	device->calls++;
	for (size_t i = 0; i < EMU_MAX_FAULTS; i++) {
		struct emu_fault *fault = &device->faults[i];
		if (fault->left > 0 && strcmp(fault->op, op) == 0 && --fault->left == 0)
			status = fault->status;
	}
	/* what iHD gives when the kernel refuses work after a hang, and when a wait ends without it
	 */
	if (emu_lost(device))
		status = strncmp(op, "vaSync", 6) == 0 ? VA_STATUS_ERROR_HW_BUSY
						       : VA_STATUS_ERROR_OPERATION_FAILED;
	return status;
}

VAStatus emu_enter(VADriverContextP va, const char *op, struct emu_display **displayp)
{
	struct emu_display *display = emu_display_of(va);
	*displayp = display;
	emu_lock(display);
	VAStatus status = emu_gate(display, op);
	if (status != VA_STATUS_SUCCESS)
		emu_unlock(display);
	return status;
}
