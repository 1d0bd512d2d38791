/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/rig.h - a device, a display of it, and what tests do with them.
 *
 * Any call that fails aborts the test with the call's text.
 */
#ifndef TESS_TESTS_EMU_RIG_H
#define TESS_TESTS_EMU_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <va/va.h>
#include <va/va_vpp.h>

#include "tests/emulated/va/emu_va.h"

void rig_fail(const char *what, const char *why, int line) __attribute__((noreturn));
#define VA_OK(call)                                                        \
	do {                                                               \
		VAStatus va_status_ = (call);                              \
		if (va_status_ != VA_STATUS_SUCCESS)                       \
			rig_fail(#call, vaErrorStr(va_status_), __LINE__); \
	} while (0)
#define MUST(condition)                                              \
	do {                                                         \
		if (!(condition))                                    \
			rig_fail(#condition, "is not so", __LINE__); \
	} while (0)

struct rig {
	char path[64];
	int fd;
	VADisplay display;
};

/** A device with these lines beside its first, and a display of it. */
void rig_open(struct rig *rig, const char *personality);
/** vaTerminate: aborts if something was left. The device stays for rig_stats(). */
void rig_close(struct rig *rig);
void rig_remove(struct rig *rig);

struct emu_va_stats rig_stats(const struct rig *rig);
void rig_mark(const struct rig *rig);
int rig_arm(const struct rig *rig, const char *op, unsigned n, VAStatus status);
void rig_lose(const struct rig *rig, unsigned calls);

VASurfaceID rig_surface(struct rig *rig, uint32_t fourcc, unsigned width, unsigned height);
void rig_destroy_surface(struct rig *rig, VASurfaceID id);
/** Put samples on it that depend on the seed: a moving pattern, for RGB with all alphas. */
void rig_upload(struct rig *rig, VASurfaceID id, uint32_t fourcc, unsigned width, unsigned height,
		unsigned seed);
/** The same samples, tightly packed; free them. */
uint8_t *rig_pattern(uint32_t fourcc, unsigned width, unsigned height, unsigned seed);
/** Sync and read a surface, NV12 tightly packed; free it. */
uint8_t *rig_download(struct rig *rig, VASurfaceID id, unsigned width, unsigned height);

/** A context with its own configuration. */
struct rig_context {
	VAConfigID config;
	VAContextID id;
};
struct rig_context rig_context(struct rig *rig, VAProfile profile, VAEntrypoint entrypoint,
			       VAConfigAttrib *attributes, int count, int width, int height,
			       VASurfaceID *targets, int target_count);
void rig_destroy_context(struct rig *rig, const struct rig_context *context);

VABufferID rig_buffer(struct rig *rig, VAContextID context, VABufferType type, const void *data,
		      size_t bytes);
void rig_render(struct rig *rig, VAContextID context, VABufferID id);

/** One layer of the video processor from a whole surface; region pointers may be NULL. */
VAProcPipelineParameterBuffer rig_layer(VASurfaceID source, const VARectangle *from,
					const VARectangle *to);
/** A whole pass. */
void rig_pass(struct rig *rig, VAContextID context, VASurfaceID target,
	      const VAProcPipelineParameterBuffer *layers, unsigned count);

#endif
