/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/cuda/context.c - contexts, each thread's stack of them, primary contexts.
 */
#include "tests/emulated/nv/core.h"

#include <pthread.h>
#include <stdlib.h>

#define DEPTH 16

struct stack {
	unsigned depth;
	bool in_callback;
	struct emu_context *entries[DEPTH];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* primaries, and pushed of contexts */

static struct primary {
	struct emu_context *context;
	unsigned references, flags;
} primaries[EMU_MAX_DEVICES];

static void check_stack(const struct stack *stack)
{
	EMU_REQUIRE(!stack->depth, "a thread ends with %u contexts left pushed", stack->depth);
}

static void thread_ends(void *value)
{
	check_stack(value);
	free(value);
}

static void make_key(void)
{
	EMU_REQUIRE(!pthread_key_create(&key, thread_ends), "no thread-specific data");
}

static struct stack *my_stack(void)
{
	struct stack *stack;

	pthread_once(&once, make_key);
	stack = pthread_getspecific(key);
	if (!stack) {
		stack = calloc(1, sizeof(*stack));
		EMU_REQUIRE(stack && !pthread_setspecific(key, stack), "the host is out of memory");
	}
	return stack;
}

void emu_context_check_stack(void)
{
	check_stack(my_stack());
}

void emu_context_in_callback(bool on)
{
	my_stack()->in_callback = on;
}

static struct stack *enter(const char *op)
{
	struct stack *stack = my_stack();

	emu_require_init(op);
	EMU_REQUIRE(!stack->in_callback, "%s: called from a stream's callback", op);
	return stack;
}

struct emu_context *emu_current(const char *op)
{
	struct stack *stack = enter(op);

	EMU_REQUIRE(stack->depth, "%s: no current context", op);
	return emu_handle(stack->entries[stack->depth - 1], EMU_CONTEXT, op);
}

static void push(struct stack *stack, struct emu_context *context, const char *op)
{
	EMU_REQUIRE(stack->depth < DEPTH, "%s: %d contexts pushed and not popped", op, DEPTH);
	pthread_mutex_lock(&lock);
	context->pushed++;
	pthread_mutex_unlock(&lock);
	stack->entries[stack->depth++] = context;
}

static struct emu_context *pop(struct stack *stack)
{
	struct emu_context *context = stack->entries[--stack->depth];

	pthread_mutex_lock(&lock);
	context->pushed--;
	pthread_mutex_unlock(&lock);
	return context;
}

static struct emu_context *context_new(struct emu_device *device)
{
	struct emu_context *context = emu_handle_new(EMU_CONTEXT, sizeof(*context), NULL);

	context->device = device;
	emu_stream_open_queue(context);
	EMU_COUNT(device, contexts, 1);
	return context;
}

static void context_end(struct emu_context *context, const char *when)
{
	emu_stream_close_queue(context);
	emu_handle_leaks(context, when);
	unsigned left = context->device->lost ? 0 : emu_memory_live(context);

	EMU_REQUIRE(!left, "leak %s: %u allocations of device memory", when, left);
	emu_handle_end(context);
	EMU_COUNT(context->device, contexts, -1);
}

EMU_EXPORT tcuCtxCreate_v2 cuCtxCreate_v2;
CUresult cuCtxCreate_v2(CUcontext *contextp, unsigned flags, CUdevice ordinal)
{
	struct stack *stack = enter("cuCtxCreate");
	struct emu_device *device = emu_device(ordinal);
	CUresult error;

	EMU_REQUIRE(contextp && device && flags < 0x100, "cuCtxCreate: flags %u, device %d", flags,
		    ordinal);
	error = emu_cuda_gate(device, "cuCtxCreate");
	if (error)
		return error;
	struct emu_context *context = context_new(device);

	push(stack, context, "cuCtxCreate");
	*contextp = (CUcontext)context;
	return CUDA_SUCCESS;
}

EMU_EXPORT tcuCtxDestroy_v2 cuCtxDestroy_v2;
CUresult cuCtxDestroy_v2(CUcontext handle)
{
	struct stack *stack = enter("cuCtxDestroy");
	struct emu_context *context = emu_handle(handle, EMU_CONTEXT, "cuCtxDestroy");

	EMU_REQUIRE(!context->primary, "cuCtxDestroy: of a primary context");
	if (stack->depth && stack->entries[stack->depth - 1] == context)
		pop(stack);
	EMU_REQUIRE(!context->pushed, "cuCtxDestroy: the context is still pushed %d times",
		    context->pushed);
	context_end(context, "at cuCtxDestroy");
	return emu_cuda_gate(context->device, "cuCtxDestroy");
}

/* The stack is the host's: it works on a device that is lost, too. */
EMU_EXPORT tcuCtxPushCurrent_v2 cuCtxPushCurrent_v2;
CUresult cuCtxPushCurrent_v2(CUcontext handle)
{
	struct stack *stack = enter("cuCtxPushCurrent");
	struct emu_context *context = emu_handle(handle, EMU_CONTEXT, "cuCtxPushCurrent");

	push(stack, context, "cuCtxPushCurrent");
	return CUDA_SUCCESS;
}

EMU_EXPORT tcuCtxPopCurrent_v2 cuCtxPopCurrent_v2;
CUresult cuCtxPopCurrent_v2(CUcontext *contextp)
{
	struct stack *stack = enter("cuCtxPopCurrent");

	EMU_REQUIRE(stack->depth, "cuCtxPopCurrent: no context is pushed");
	struct emu_context *context = pop(stack);

	if (contextp)
		*contextp = (CUcontext)context;
	return CUDA_SUCCESS;
}

EMU_EXPORT tcuCtxGetDevice cuCtxGetDevice;
CUresult cuCtxGetDevice(CUdevice *devicep)
{
	EMU_ENTER(context, "cuCtxGetDevice");
	*devicep = context->device->ordinal;
	return CUDA_SUCCESS;
}

EMU_EXPORT tcuCtxSetLimit cuCtxSetLimit;
CUresult cuCtxSetLimit(CUlimit limit, size_t value)
{
	EMU_ENTER(context, "cuCtxSetLimit");
	(void)value;
	return limit <= CU_LIMIT_DEV_RUNTIME_PENDING_LAUNCH_COUNT ? CUDA_SUCCESS
								  : (CUresult)EMU_INVALID_VALUE;
}

static struct emu_device *primary_device(int ordinal, const char *op)
{
	struct emu_device *device;

	enter(op);
	device = emu_device(ordinal);
	EMU_REQUIRE(device, "%s: no device %d", op, ordinal);
	return device;
}

EMU_EXPORT tcuDevicePrimaryCtxRetain cuDevicePrimaryCtxRetain;
CUresult cuDevicePrimaryCtxRetain(CUcontext *contextp, CUdevice ordinal)
{
	struct emu_device *device = primary_device(ordinal, "cuDevicePrimaryCtxRetain");
	struct primary *primary = &primaries[ordinal];
	CUresult error = emu_cuda_gate(device, "cuDevicePrimaryCtxRetain");

	if (error)
		return error;
	pthread_mutex_lock(&lock);
	if (!primary->references++) {
		primary->context = context_new(device);
		primary->context->primary = true;
	}
	*contextp = (CUcontext)primary->context;
	pthread_mutex_unlock(&lock);
	return CUDA_SUCCESS;
}

EMU_EXPORT tcuDevicePrimaryCtxRelease cuDevicePrimaryCtxRelease;
CUresult cuDevicePrimaryCtxRelease(CUdevice ordinal)
{
	struct emu_device *device = primary_device(ordinal, "cuDevicePrimaryCtxRelease");
	struct primary *primary = &primaries[ordinal];

	pthread_mutex_lock(&lock);
	EMU_REQUIRE(primary->references, "cuDevicePrimaryCtxRelease: not retained");
	bool last = !--primary->references;

	pthread_mutex_unlock(&lock);
	if (last) {
		EMU_REQUIRE(!primary->context->pushed,
			    "cuDevicePrimaryCtxRelease: the context is still pushed");
		context_end(primary->context, "at cuDevicePrimaryCtxRelease");
	}
	return emu_cuda_gate(device, "cuDevicePrimaryCtxRelease");
}

EMU_EXPORT tcuDevicePrimaryCtxSetFlags cuDevicePrimaryCtxSetFlags;
CUresult cuDevicePrimaryCtxSetFlags(CUdevice ordinal, unsigned flags)
{
	primary_device(ordinal, "cuDevicePrimaryCtxSetFlags");
	primaries[ordinal].flags = flags;
	return CUDA_SUCCESS;
}

EMU_EXPORT tcuDevicePrimaryCtxGetState cuDevicePrimaryCtxGetState;
CUresult cuDevicePrimaryCtxGetState(CUdevice ordinal, unsigned *flags, int *active)
{
	primary_device(ordinal, "cuDevicePrimaryCtxGetState");
	pthread_mutex_lock(&lock);
	*flags = primaries[ordinal].flags;
	*active = primaries[ordinal].references > 0;
	pthread_mutex_unlock(&lock);
	return CUDA_SUCCESS;
}

/* Pulls the context from under all its users: never right in a program with libraries. */
EMU_EXPORT tcuDevicePrimaryCtxReset cuDevicePrimaryCtxReset;
CUresult cuDevicePrimaryCtxReset(CUdevice ordinal)
{
	primary_device(ordinal, "cuDevicePrimaryCtxReset");
	EMU_REQUIRE(!primaries[ordinal].references, "cuDevicePrimaryCtxReset: the context is used");
	return CUDA_SUCCESS;
}
