/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/nvenc/resource.c - device pointers registered and mapped as NVENC's input.
 */
#include "tests/emulated/nv/nvenc/session.h"

NVENCSTATUS NVENCAPI resource_register(void *handle, NV_ENC_REGISTER_RESOURCE *p)
{
	const char *op = "nvEncRegisterResource";
	SESSION_ENTER(session, handle, op);
	CUdeviceptr address = (CUdeviceptr)(uintptr_t)p->resourceToRegister;

	CHECK_VERSION(p, NV_ENC_REGISTER_RESOURCE_VER, op);
	EMU_REQUIRE(session->codec, "%s: called before nvEncInitializeEncoder", op);
	EMU_REQUIRE(p->resourceType == NV_ENC_INPUT_RESOURCE_TYPE_CUDADEVICEPTR,
		    "%s: resource type %d", op, p->resourceType);
	EMU_REQUIRE(p->bufferFormat == NV_ENC_BUFFER_FORMAT_NV12, "%s: format %#x", op,
		    p->bufferFormat);
	EMU_REQUIRE(p->width && p->height && p->pitch >= p->width && p->pitch % 4 == 0,
		    "%s: pitch %u, width %u, height %u", op, p->pitch, p->width, p->height);
	emu_memory(session->context, address, (size_t)p->pitch * p->height * 3 / 2, op);
	struct resource *resource =
		emu_handle_new(EMU_RESOURCE, sizeof(*resource), session->context);
	struct mapping *mapping = emu_handle_new(EMU_MAPPING, sizeof(*mapping), session->context);

	emu_handle_end(mapping);
	mapping->session = resource->session = session;
	mapping->resource = resource;
	resource->mapping = mapping;
	resource->address = address;
	resource->width = p->width;
	resource->height = p->height;
	resource->pitch = p->pitch;
	pthread_mutex_lock(&session->lock);
	session->registered++;
	pthread_mutex_unlock(&session->lock);
	EMU_COUNT(session->context->device, registered, 1);
	p->registeredResource = resource;
	return NV_ENC_SUCCESS;
}

static struct resource *resource_of(const struct session *session, void *handle, const char *op)
{
	struct resource *resource = emu_handle(handle, EMU_RESOURCE, op);

	EMU_REQUIRE(resource->session == session, "%s: the resource is another session's", op);
	return resource;
}

NVENCSTATUS NVENCAPI resource_unregister(void *handle, NV_ENC_REGISTERED_PTR registered)
{
	const char *op = "nvEncUnregisterResource";
	struct session *session = session_enter(handle, op);
	struct resource *resource = resource_of(session, registered, op);

	EMU_REQUIRE(!resource->mapping->handle.live, "%s: the resource is mapped", op);
	emu_handle_end(resource);
	pthread_mutex_lock(&session->lock);
	session->registered--;
	pthread_mutex_unlock(&session->lock);
	EMU_COUNT(session->context->device, registered, -1);
	return session_gate(session->context->device, op);
}

NVENCSTATUS NVENCAPI resource_map(void *handle, NV_ENC_MAP_INPUT_RESOURCE *p)
{
	const char *op = "nvEncMapInputResource";
	SESSION_ENTER(session, handle, op);
	struct resource *resource = resource_of(session, p->registeredResource, op);

	CHECK_VERSION(p, NV_ENC_MAP_INPUT_RESOURCE_VER, op);
	EMU_REQUIRE(!resource->mapping->handle.live, "%s: the resource is mapped", op);
	emu_handle_revive(resource->mapping);
	EMU_COUNT(session->context->device, mapped, 1);
	p->mappedResource = resource->mapping;
	p->mappedBufferFmt = NV_ENC_BUFFER_FORMAT_NV12;
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI resource_unmap(void *handle, NV_ENC_INPUT_PTR mapped)
{
	const char *op = "nvEncUnmapInputResource";
	struct session *session = session_enter(handle, op);
	struct mapping *mapping = emu_handle(mapped, EMU_MAPPING, op);

	EMU_REQUIRE(mapping->session == session, "%s: the resource is another session's", op);
	EMU_REQUIRE(!mapping->encoding || session->context->device->lost,
		    "%s: before the bitstream of its picture was locked", op);
	emu_handle_end(mapping);
	EMU_COUNT(session->context->device, mapped, -1);
	return session_gate(session->context->device, op);
}
