/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/core.h - what the three emulated libraries share; libcuda.so.1 has it all.
 */
#ifndef TESS_EMULATED_NV_CORE_H
#define TESS_EMULATED_NV_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ffnvcodec/dynlink_cuda.h>

#include "emu_nv.h"

#define EMU_EXPORT	__attribute__((visibility("default")))
#define EMU_MAX_DEVICES 8
#define EMU_MAX_FAULTS	32

/* Results that the loader's header does not name. */
enum {
	EMU_INVALID_VALUE = 1,
	EMU_OUT_OF_MEMORY = 2,
	EMU_NO_DEVICE = 100,
	EMU_INVALID_DEVICE = 101,
	EMU_NO_BINARY_FOR_GPU = 209,
	EMU_UNSUPPORTED_PTX = 222,
	EMU_LAUNCH_FAILED = 719,
	EMU_NOT_SUPPORTED = 801,
};

/** Print what is wrong and abort. */
_Noreturn EMU_EXPORT void emu_violation(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
#define EMU_REQUIRE(condition, ...)                 \
	do {                                        \
		if (!(condition))                   \
			emu_violation(__VA_ARGS__); \
	} while (0)

/* Devices and faults (cuda/personality.c) */

struct emu_fault {
	char op[48];
	long left; /* the call that makes it 0 fails */
	int code;
};

struct emu_device {
	int ordinal;
	char name[64];
	int major, minor;
	unsigned surfaces, sessions, max_width, max_height, memory_mib;
	unsigned codecs;	  /* bits of cudaVideoCodec */
	_Atomic unsigned late_ms; /* 0: all is done at once */
	_Atomic bool lost;
	long lost_after; /* calls until then; -1: never */
	struct emu_fault faults[EMU_MAX_FAULTS];
	struct emu_nv_stats stats;
};

/** Device @p ordinal, or NULL. */
EMU_EXPORT struct emu_device *emu_device(int ordinal);
int emu_device_count(void);
/** Call of @p op on a device. @retval 0 go on, -1 the device is lost, else the code of a fault */
EMU_EXPORT int emu_gate(struct emu_device *device, const char *op);
/** The same for functions that return a CUresult. */
EMU_EXPORT CUresult emu_cuda_gate(struct emu_device *device, const char *op);

#define EMU_COUNT(device, field, n) \
	((void)__atomic_add_fetch(&(device)->stats.field, (uint64_t)(n), __ATOMIC_RELAXED))

/* Handles (cuda/handle.c): never freed, so that a dead one is told from one that never was. */

enum emu_kind {
	EMU_CONTEXT = 1,
	EMU_STREAM,
	EMU_EVENT,
	EMU_MODULE,
	EMU_FUNCTION,
	EMU_DECODER,
	EMU_SESSION,
	EMU_BITSTREAM,
	EMU_RESOURCE,
	EMU_MAPPING,
	EMU_KINDS,
};

struct emu_context;

struct emu_handle {
	struct emu_handle *next;
	enum emu_kind kind;
	bool live;
	struct emu_context *owner; /* NULL for a context itself */
};

/** A zeroed live object of @p bytes that begins with a struct emu_handle; aborts without memory. */
EMU_EXPORT void *emu_handle_new(enum emu_kind kind, size_t bytes, struct emu_context *owner);
/** @p handle as a live object of @p kind; a violation of @p op otherwise. */
EMU_EXPORT void *emu_handle(const void *handle, enum emu_kind kind, const char *op);
EMU_EXPORT void emu_handle_end(void *handle);
/** Make a dead handle live again, or a live one dead, as NVENC's mappings. */
EMU_EXPORT void emu_handle_revive(void *handle);
/** Abort when live handles are left: all, or those of @p owner. */
void emu_handle_leaks(const struct emu_context *owner, const char *when);

/* Contexts (cuda/context.c) */

struct emu_queue;
struct emu_stream;

struct emu_context {
	struct emu_handle handle;
	struct emu_device *device;
	struct emu_queue *queue;
	struct emu_stream *default_stream;
	int pushed; /* how often it is on some thread's stack */
	bool primary;
	unsigned decoder_caps; /* bits of the codecs that cuvidGetDecoderCaps was asked about */
};

/** The calling thread's context; a violation of @p op without one. */
EMU_EXPORT struct emu_context *emu_current(const char *op);
/** Current context and fault gate of a CUDA function in one. */
#define EMU_ENTER(context, op)                                         \
	struct emu_context *context = emu_current(op);                 \
	do {                                                           \
		CUresult gate_ = emu_cuda_gate((context)->device, op); \
		if (gate_)                                             \
			return gate_;                                  \
	} while (0)
void emu_require_init(const char *op);
/** Nothing of CUDA may be called while @p on, by this thread. */
void emu_context_in_callback(bool on);
/** At exit: the calling thread has nothing pushed. */
void emu_context_check_stack(void);

/* Memory (cuda/memory.c) */

/** @p bytes of device memory; @p counted: the application's own. 0 when there is no room. */
EMU_EXPORT CUdeviceptr emu_memory_new(struct emu_context *context, size_t bytes, bool counted);
/** Free what emu_memory_new() gave; a violation of @p op when it did not. */
EMU_EXPORT void emu_memory_end(struct emu_context *context, CUdeviceptr address, bool counted,
			       const char *op);
/** The host's view of a range that lies in one live allocation of @p context; else a violation. */
EMU_EXPORT unsigned char *emu_memory(struct emu_context *context, CUdeviceptr address, size_t bytes,
				     const char *op);
/** Around a kernel: whose memory tess_gpu_host_address() allows. NULL ends it. */
void emu_memory_kernel(struct emu_context *context, const char *name);
/** Live allocations of @p context, or of all. */
unsigned emu_memory_live(const struct emu_context *context);

/* Streams (cuda/stream.c) */

/** The stream a handle stands for, of @p context; a violation of @p op otherwise. */
EMU_EXPORT struct emu_stream *emu_stream(struct emu_context *context, CUstream stream,
					 const char *op);
/**
 * Do run(argument) in the order of the stream: at once, or late on another thread.
 * @return its number, for emu_stream_wait_for()
 */
EMU_EXPORT uint64_t emu_stream_submit(struct emu_stream *stream, void (*run)(void *),
				      void *argument);
EMU_EXPORT void emu_stream_wait_for(struct emu_context *context, uint64_t number);
EMU_EXPORT bool emu_stream_done(struct emu_context *context, uint64_t number);
/** Wait for all work of the stream, and of those it is in order with. */
EMU_EXPORT void emu_stream_wait(struct emu_stream *stream);
/** Wait for all work of all streams of the context. */
EMU_EXPORT void emu_stream_wait_all(struct emu_context *context);
void emu_stream_open_queue(struct emu_context *context);
void emu_stream_close_queue(struct emu_context *context);

#endif
