/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/cuda/handle.c - every object a caller has a handle of, dead or alive.
 */
#include "tests/emulated/nv/core.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define BUCKETS 1024u

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct emu_handle *table[BUCKETS];

static const char *const names[EMU_KINDS] = {
	[EMU_CONTEXT] = "context",
	[EMU_STREAM] = "stream",
	[EMU_EVENT] = "event",
	[EMU_MODULE] = "module",
	[EMU_FUNCTION] = "function",
	[EMU_DECODER] = "decoder",
	[EMU_SESSION] = "encode session",
	[EMU_BITSTREAM] = "bitstream buffer",
	[EMU_RESOURCE] = "registered resource",
	[EMU_MAPPING] = "mapped resource",
};

static struct emu_handle **bucket(const void *handle)
{
	uintptr_t key = (uintptr_t)handle;

	return &table[(key >> 4 ^ key >> 14) % BUCKETS];
}

void *emu_handle_new(enum emu_kind kind, size_t bytes, struct emu_context *owner)
{
	struct emu_handle *handle = calloc(1, bytes);

	EMU_REQUIRE(handle, "the host is out of memory");
	handle->kind = kind;
	handle->live = true;
	handle->owner = owner;
	pthread_mutex_lock(&lock);
	struct emu_handle **head = bucket(handle);

	handle->next = *head;
	*head = handle;
	pthread_mutex_unlock(&lock);
	return handle;
}

void *emu_handle(const void *pointer, enum emu_kind kind, const char *op)
{
	struct emu_handle *handle;

	pthread_mutex_lock(&lock);
	for (handle = *bucket(pointer); handle && handle != pointer; handle = handle->next)
		;
	bool known = handle && handle->kind == kind, live = known && handle->live;

	pthread_mutex_unlock(&lock);
	EMU_REQUIRE(known, "%s: %p is no %s", op, pointer, names[kind]);
	EMU_REQUIRE(live, "%s: dead %s", op, names[kind]);
	return handle;
}

static void set_live(void *pointer, bool live)
{
	struct emu_handle *handle = pointer;

	pthread_mutex_lock(&lock);
	handle->live = live;
	pthread_mutex_unlock(&lock);
}

void emu_handle_end(void *handle)
{
	set_live(handle, false);
}

void emu_handle_revive(void *handle)
{
	set_live(handle, true);
}

/* What a dead device leaves cannot be given back. */
static bool counts(const struct emu_handle *handle, const struct emu_context *owner)
{
	const struct emu_context *context =
		handle->kind == EMU_CONTEXT ? (const struct emu_context *)handle : handle->owner;

	return handle->live && handle->kind != EMU_FUNCTION && !context->device->lost &&
	       (!owner || handle->owner == owner);
}

void emu_handle_leaks(const struct emu_context *owner, const char *when)
{
	unsigned left[EMU_KINDS] = {0};
	char text[400] = "";
	size_t used = 0;

	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct emu_handle *handle = table[i]; handle; handle = handle->next)
			left[handle->kind] += counts(handle, owner);
	pthread_mutex_unlock(&lock);
	for (int kind = EMU_CONTEXT; kind < EMU_KINDS; kind++)
		if (left[kind] && used < sizeof(text))
			used += (size_t)snprintf(text + used, sizeof(text) - used, " %s %u,",
						 names[kind], left[kind]);
	EMU_REQUIRE(!used, "leak %s:%.*s", when, (int)used - 1, text);
}
