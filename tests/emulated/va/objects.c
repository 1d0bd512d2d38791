/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/objects.c - ids, and how long what they name lives.
 *
 * An id is kind, generation and slot, so one of a destroyed object or of another kind is known.
 */
#include <stdlib.h>

#include "tests/emulated/va/emu.h"

#define KIND_SHIFT	 28
#define GENERATION_SHIFT 16
#define GENERATION_MASK	 0xfffu
#define SLOT_MASK	 0xffffu

static const char *const kind_names[EMU_KINDS] = {
	[EMU_CONFIG] = "configuration", [EMU_SURFACE] = "surface", [EMU_CONTEXT] = "context",
	[EMU_BUFFER] = "buffer",	[EMU_IMAGE] = "image",
};

static uint64_t *counter(struct emu_va_objects *objects, enum emu_kind kind)
{
	switch (kind) {
	case EMU_CONFIG:
		return &objects->configs;
	case EMU_SURFACE:
		return &objects->surfaces;
	case EMU_CONTEXT:
		return &objects->contexts;
	case EMU_IMAGE:
		return &objects->images;
	default:
		return NULL; /* buffer.c knows which kind of buffer */
	}
}

void *emu_object_new(struct emu_display *display, enum emu_kind kind, size_t bytes)
{
	struct emu_slots *slots = &display->slots[kind];
	unsigned slot = slots->first_free;
	while (slot < slots->size && slots->objects[slot])
		slot++;
	if (slot == slots->size) {
		unsigned size = slots->size ? 2 * slots->size : 64;
		emu_check(size <= SLOT_MASK + 1, "%u objects of one kind: a %s leaks", slots->size,
			  kind_names[kind]);
		slots->objects = reallocarray(slots->objects, size, sizeof(*slots->objects));
		slots->generations =
			reallocarray(slots->generations, size, sizeof(*slots->generations));
		if (!slots->objects || !slots->generations)
			abort();
		for (unsigned i = slots->size; i < size; i++) {
			slots->objects[i] = NULL;
			slots->generations[i] = 0;
		}
		slots->size = size;
	}
	struct emu_object *object = emu_zalloc(bytes);
	object->kind = kind;
	object->references = 1;
	object->id = (VAGenericID)kind << KIND_SHIFT |
		     (slots->generations[slot] & GENERATION_MASK) << GENERATION_SHIFT | slot;
	slots->objects[slot] = object;
	slots->used++;
	slots->first_free = slot + 1;
	uint64_t *live = counter(&display->device->stats.live, kind);
	if (live) {
		++*live;
		++*counter(&display->device->stats.made, kind);
	}
	return object;
}

void *emu_object_find(struct emu_display *display, enum emu_kind kind, VAGenericID id)
{
	struct emu_slots *slots = &display->slots[kind];
	unsigned slot = id & SLOT_MASK;
	if (slot >= slots->size || !slots->objects[slot] || slots->objects[slot]->id != id)
		return NULL;
	return slots->objects[slot];
}

void *emu_object_get(struct emu_display *display, enum emu_kind kind, VAGenericID id,
		     const char *call)
{
	void *object = emu_object_find(display, kind, id);
	emu_check(object, "%s: no such %s: %#x", call, kind_names[kind], id);
	return object;
}

void emu_object_retire(struct emu_display *display, void *gone)
{
	struct emu_object *object = gone;
	struct emu_slots *slots = &display->slots[object->kind];
	unsigned slot = object->id & SLOT_MASK;
	slots->objects[slot] = NULL;
	slots->generations[slot]++;
	if (slot < slots->first_free)
		slots->first_free = slot;
	slots->used--;
	uint64_t *live = counter(&display->device->stats.live, object->kind);
	if (live)
		--*live;
	emu_object_unref(object);
}

void emu_object_unref(void *gone)
{
	struct emu_object *object = gone;
	if (--object->references > 0)
		return;
	switch (object->kind) {
	case EMU_SURFACE:
		emu_surface_free(gone);
		break;
	case EMU_CONTEXT:
		emu_context_free(gone);
		break;
	case EMU_BUFFER:
		emu_buffer_free(gone);
		break;
	case EMU_IMAGE:
		emu_image_free(gone);
		break;
	default:
		free(gone);
	}
}

unsigned emu_objects_live(const struct emu_display *display, enum emu_kind kind)
{
	return display->slots[kind].used;
}

void emu_objects_free(struct emu_display *display)
{
	for (int kind = EMU_KINDS - 1; kind > 0; kind--) {
		emu_check(display->slots[kind].used == 0, "vaTerminate: not destroyed: %u, a %s",
			  display->slots[kind].used, kind_names[kind]);
		free(display->slots[kind].objects);
		free(display->slots[kind].generations);
	}
}
