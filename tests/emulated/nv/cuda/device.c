/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/cuda/device.c - cuInit and what can be asked of a device; error texts.
 */
#include "tests/emulated/nv/core.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static atomic_bool ready;

EMU_EXPORT tcuInit cuInit;
CUresult cuInit(unsigned flags)
{
	EMU_REQUIRE(!flags, "cuInit: flags %u", flags);
	if (!emu_device_count())
		return (CUresult)EMU_NO_DEVICE;
	CUresult error = emu_cuda_gate(emu_device(0), "cuInit");

	if (!error)
		ready = true;
	return error;
}

void emu_require_init(const char *op)
{
	EMU_REQUIRE(ready, "%s: called before cuInit", op);
}

static struct emu_device *find(int ordinal, const char *op)
{
	struct emu_device *device;

	emu_require_init(op);
	device = emu_device(ordinal);
	EMU_REQUIRE(device, "%s: no device %d", op, ordinal);
	return device;
}

EMU_EXPORT tcuDeviceGetCount cuDeviceGetCount;
CUresult cuDeviceGetCount(int *count)
{
	emu_require_init("cuDeviceGetCount");
	*count = emu_device_count();
	return CUDA_SUCCESS;
}

EMU_EXPORT tcuDeviceGet cuDeviceGet;
CUresult cuDeviceGet(CUdevice *device, int ordinal)
{
	emu_require_init("cuDeviceGet");
	if (!emu_device(ordinal))
		return (CUresult)EMU_INVALID_DEVICE;
	*device = ordinal;
	return emu_cuda_gate(emu_device(ordinal), "cuDeviceGet");
}

EMU_EXPORT tcuDeviceGetName cuDeviceGetName;
CUresult cuDeviceGetName(char *name, int length, CUdevice ordinal)
{
	snprintf(name, (size_t)length, "%s", find(ordinal, "cuDeviceGetName")->name);
	return CUDA_SUCCESS;
}

EMU_EXPORT tcuDeviceGetUuid cuDeviceGetUuid;
CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice ordinal)
{
	find(ordinal, "cuDeviceGetUuid");
	memset(uuid, 0x42, sizeof(*uuid));
	uuid->bytes[15] = (char)ordinal;
	return CUDA_SUCCESS;
}

EMU_EXPORT tcuDeviceComputeCapability cuDeviceComputeCapability;
CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice ordinal)
{
	const struct emu_device *device = find(ordinal, "cuDeviceComputeCapability");

	*major = device->major;
	*minor = device->minor;
	return CUDA_SUCCESS;
}

EMU_EXPORT tcuDeviceGetAttribute cuDeviceGetAttribute;
CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice ordinal)
{
	const struct emu_device *device = find(ordinal, "cuDeviceGetAttribute");

	switch (attribute) {
	case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
		*value = device->major;
		break;
	case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
		*value = device->minor;
		break;
	case CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT:
		*value = 512;
		break;
	case CU_DEVICE_ATTRIBUTE_TEXTURE_PITCH_ALIGNMENT:
		*value = 32;
		break;
	case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
		*value = 40;
		break;
	case CU_DEVICE_ATTRIBUTE_PCI_BUS_ID:
		*value = 1 + ordinal;
		break;
	case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING:
	case CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS:
	case CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT:
		*value = 1;
		break;
	default:
		*value = 0;
	}
	return CUDA_SUCCESS;
}

EMU_EXPORT tcuGetErrorName cuGetErrorName;
CUresult cuGetErrorName(CUresult error, const char **name)
{
	switch ((int)error) {
	case CUDA_SUCCESS:
		*name = "CUDA_SUCCESS";
		break;
	case EMU_INVALID_VALUE:
		*name = "CUDA_ERROR_INVALID_VALUE";
		break;
	case EMU_OUT_OF_MEMORY:
		*name = "CUDA_ERROR_OUT_OF_MEMORY";
		break;
	case EMU_NO_DEVICE:
		*name = "CUDA_ERROR_NO_DEVICE";
		break;
	case EMU_NO_BINARY_FOR_GPU:
		*name = "CUDA_ERROR_NO_BINARY_FOR_GPU";
		break;
	case EMU_LAUNCH_FAILED:
		*name = "CUDA_ERROR_LAUNCH_FAILED";
		break;
	case EMU_NOT_SUPPORTED:
		*name = "CUDA_ERROR_NOT_SUPPORTED";
		break;
	default:
		*name = "CUDA_ERROR_UNKNOWN";
	}
	return CUDA_SUCCESS;
}

EMU_EXPORT tcuGetErrorString cuGetErrorString;
CUresult cuGetErrorString(CUresult error, const char **text)
{
	*text = error ? "error of the emulated driver" : "no error";
	return CUDA_SUCCESS;
}
