/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/cuda/memory.c - device memory: addresses the host cannot touch, red zones.
 *
 * A device's memory is mapped twice: without access, where the addresses that callers get lie,
 * and readable for copies and kernels. New memory is filled with 0xA5, the red zones with 0x5A.
 */
#include "tests/emulated/nv/core.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/emulated/nv/device.h"

#define ALIGNMENT 512u
#define RED_ZONE  512u
#define FRESH	  0xA5
#define RED	  0x5A
#define CACHED	  4u

struct allocation {
	uint64_t offset, bytes;
	struct emu_context *context;
	bool counted;
};

/* Allocations in order of their offset. New ones go behind the last one made, so that an address is
 * not soon given out again and what uses it after it was freed is caught. */
static struct region {
	uint8_t *base, *view;
	uint64_t bytes, next;
	struct allocation *allocations;
	size_t count, capacity;
} regions[EMU_MAX_DEVICES];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* all regions */
static struct sigaction previous_segv;

/* The dynamic linker's slower model would cost more than the checks do. */
#define FAST_TLS _Thread_local __attribute__((tls_model("initial-exec")))

EMU_EXPORT FAST_TLS struct tess_gpu_dim tess_gpu_tid, tess_gpu_ntid, tess_gpu_ctaid;

static FAST_TLS struct {
	struct {
		uint64_t start, bytes;
		uint8_t *host;
	} ranges[CACHED];
	unsigned next;
	struct emu_context *context;
	const char *kernel;
} running;

static void on_segv(int signal, siginfo_t *info, void *frame)
{
	const uint8_t *address = info->si_addr;

	for (int i = 0; i < EMU_MAX_DEVICES; i++)
		if (regions[i].base && address >= regions[i].base &&
		    address < regions[i].base + regions[i].bytes)
			emu_violation("the host touches device memory at %p",
				      (const void *)address);
	if (previous_segv.sa_flags & SA_SIGINFO) {
		previous_segv.sa_sigaction(signal, info, frame);
		return;
	}
	sigaction(SIGSEGV, &previous_segv, NULL); /* the access faults again */
}

/* lock is held */
static struct region *region_of(const struct emu_device *device)
{
	struct region *region = &regions[device->ordinal];
	struct sigaction action = {.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO};
	static bool handler;
	int fd;

	if (region->base)
		return region;
	region->bytes = (uint64_t)device->memory_mib << 20;
	fd = memfd_create("device memory", MFD_CLOEXEC);
	EMU_REQUIRE(fd >= 0 && !ftruncate(fd, (off_t)region->bytes), "no memory for a device");
	region->view = mmap(NULL, region->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
			    fd, 0);
	region->base = mmap(NULL, region->bytes, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	EMU_REQUIRE(region->view != MAP_FAILED && region->base != MAP_FAILED,
		    "no address space for a device");
	close(fd);
	if (!handler)
		sigaction(SIGSEGV, &action, &previous_segv);
	handler = true;
	return region;
}

/* Index of the first allocation behind @p offset. */
static size_t above(const struct region *region, uint64_t offset)
{
	size_t low = 0, high = region->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (region->allocations[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first gap at or behind @p from that takes @p need bytes; the region's size when none does. */
static uint64_t gap(const struct region *region, uint64_t from, uint64_t need)
{
	for (size_t i = above(region, from);; i++) {
		if (i) {
			const struct allocation *a = &region->allocations[i - 1];
			uint64_t end = a->offset + a->bytes + RED_ZONE;

			from = from > end ? from : end;
		}
		from = (from + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
		uint64_t limit = i < region->count ? region->allocations[i].offset - RED_ZONE
						   : region->bytes;

		if (from + need <= limit)
			return from;
		if (i >= region->count)
			return region->bytes;
	}
}

static void insert(struct region *region, const struct allocation *allocation)
{
	size_t at = above(region, allocation->offset);

	if (region->count == region->capacity) {
		region->capacity = region->capacity ? 2 * region->capacity : 64;
		region->allocations = realloc(region->allocations,
					      region->capacity * sizeof(*region->allocations));
		EMU_REQUIRE(region->allocations, "the host is out of memory");
	}
	memmove(&region->allocations[at + 1], &region->allocations[at],
		(region->count - at) * sizeof(*allocation));
	region->allocations[at] = *allocation;
	region->count++;
}

CUdeviceptr emu_memory_new(struct emu_context *context, size_t bytes, bool counted)
{
	struct emu_device *device = context->device;
	uint64_t need = 2 * RED_ZONE + (uint64_t)bytes, start;

	pthread_mutex_lock(&lock);
	struct region *region = region_of(device);

	start = bytes > region->bytes ? region->bytes : gap(region, region->next, need);
	if (start == region->bytes && bytes <= region->bytes)
		start = gap(region, 0, need);
	if (start == region->bytes) {
		pthread_mutex_unlock(&lock);
		EMU_COUNT(device, refused, 1);
		return 0;
	}
	struct allocation made = {start + RED_ZONE, bytes, context, counted};

	insert(region, &made);
	region->next = start + need;
	memset(region->view + start, RED, need);
	memset(region->view + made.offset, FRESH, bytes);
	pthread_mutex_unlock(&lock);
	if (counted) {
		EMU_COUNT(device, allocations, 1);
		EMU_COUNT(device, allocations_bytes, bytes);
		EMU_COUNT(device, allocated, 1);
	}
	return (CUdeviceptr)(uintptr_t)(region->base + made.offset);
}

/* lock is held. The allocation that holds @p offset, or NULL. */
static struct allocation *holds(struct region *region, uint64_t offset)
{
	size_t i = above(region, offset);
	struct allocation *a = i ? &region->allocations[i - 1] : NULL;

	return a && offset - a->offset < a->bytes ? a : NULL;
}

static bool red_zones_whole(const struct region *region, const struct allocation *a)
{
	const uint8_t *before = region->view + a->offset - RED_ZONE;
	const uint8_t *behind = region->view + a->offset + a->bytes;

	for (unsigned i = 0; i < RED_ZONE; i++)
		if (before[i] != RED || behind[i] != RED)
			return false;
	return true;
}

/* Give whole pages back to the host. */
static void discard(const struct region *region, const struct allocation *a)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t from = (a->offset + page - 1) / page * page;
	uint64_t to = (a->offset + a->bytes) / page * page;

	if (from < to)
		madvise(region->view + from, to - from, MADV_REMOVE);
}

void emu_memory_end(struct emu_context *context, CUdeviceptr address, bool counted, const char *op)
{
	struct emu_device *device = context->device;

	emu_stream_wait_all(context); /* as the driver does */
	pthread_mutex_lock(&lock);
	struct region *region = region_of(device);
	uint64_t offset = address - (CUdeviceptr)(uintptr_t)region->base;
	struct allocation *a = holds(region, offset);

	EMU_REQUIRE(a && a->offset == offset && a->counted == counted,
		    "%s: %#llx is no live allocation", op, address);
	EMU_REQUIRE(a->context == context, "%s: the memory is another context's", op);
	EMU_REQUIRE(red_zones_whole(region, a), "%s: a red zone of %#llx was written to", op,
		    address);
	uint64_t bytes = a->bytes;

	discard(region, a);
	region->count--;
	memmove(a, a + 1, (size_t)(&region->allocations[region->count] - a) * sizeof(*a));
	pthread_mutex_unlock(&lock);
	if (counted) {
		EMU_COUNT(device, allocations, -1);
		EMU_COUNT(device, allocations_bytes, -bytes);
	}
}

unsigned char *emu_memory(struct emu_context *context, CUdeviceptr address, size_t bytes,
			  const char *op)
{
	pthread_mutex_lock(&lock);
	struct region *region = region_of(context->device);
	uint64_t offset = address - (CUdeviceptr)(uintptr_t)region->base;
	const struct allocation *a = holds(region, offset);

	EMU_REQUIRE(a && bytes <= a->bytes - (offset - a->offset),
		    "%s: %zu bytes at %#llx are not inside live device memory", op, bytes, address);
	EMU_REQUIRE(a->context == context, "%s: the memory is another context's", op);
	unsigned char *host = region->view + offset;

	pthread_mutex_unlock(&lock);
	return host;
}

unsigned emu_memory_live(const struct emu_context *context)
{
	unsigned live = 0;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < EMU_MAX_DEVICES; i++)
		for (size_t k = 0; k < regions[i].count; k++) {
			const struct emu_context *owner = regions[i].allocations[k].context;

			live += context ? owner == context : !owner->device->lost;
		}
	pthread_mutex_unlock(&lock);
	return live;
}

void emu_memory_kernel(struct emu_context *context, const char *name)
{
	memset(&running, 0, sizeof(running));
	running.context = context;
	running.kernel = name;
}

static __attribute__((noinline)) unsigned char *find(uint64_t address, int write)
{
	EMU_REQUIRE(running.context, "device memory is used outside of a kernel");
	pthread_mutex_lock(&lock);
	struct region *region = region_of(running.context->device);
	uint64_t base = (uint64_t)(uintptr_t)region->base;
	const struct allocation *a = holds(region, address - base);

	EMU_REQUIRE(a && a->context == running.context,
		    "kernel %s: %s of %#lx outside of live device memory, block %u,%u thread %u,%u",
		    running.kernel, write ? "write" : "read", address, tess_gpu_ctaid.x,
		    tess_gpu_ctaid.y, tess_gpu_tid.x, tess_gpu_tid.y);
	unsigned slot = running.next++ % CACHED;

	running.ranges[slot].start = base + a->offset;
	running.ranges[slot].bytes = a->bytes;
	running.ranges[slot].host = region->view + a->offset;
	pthread_mutex_unlock(&lock);
	return region->view + (address - base);
}

EMU_EXPORT unsigned char *tess_gpu_host_address(unsigned long long address, long long offset,
						int write)
{
	uint64_t at = address + (uint64_t)offset;

	for (unsigned i = 0; i < CACHED; i++)
		if (at - running.ranges[i].start < running.ranges[i].bytes)
			return running.ranges[i].host + (at - running.ranges[i].start);
	return find(at, write);
}

EMU_EXPORT tcuMemAlloc_v2 cuMemAlloc_v2;
CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes)
{
	EMU_ENTER(context, "cuMemAlloc");
	EMU_REQUIRE(bytes, "cuMemAlloc: of 0 bytes");
	*address = emu_memory_new(context, bytes, true);
	return *address ? CUDA_SUCCESS : (CUresult)EMU_OUT_OF_MEMORY;
}

EMU_EXPORT tcuMemAllocPitch_v2 cuMemAllocPitch_v2;
CUresult cuMemAllocPitch_v2(CUdeviceptr *address, size_t *pitch, size_t width, size_t height,
			    unsigned element)
{
	EMU_ENTER(context, "cuMemAllocPitch");
	EMU_REQUIRE(width && height && (element == 4 || element == 8 || element == 16),
		    "cuMemAllocPitch: %zu x %zu, element %u", width, height, element);
	*pitch = (width + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	*address = emu_memory_new(context, *pitch * height, true);
	return *address ? CUDA_SUCCESS : (CUresult)EMU_OUT_OF_MEMORY;
}

EMU_EXPORT tcuMemFree_v2 cuMemFree_v2;
CUresult cuMemFree_v2(CUdeviceptr address)
{
	struct emu_context *context = emu_current("cuMemFree");

	emu_memory_end(context, address, true, "cuMemFree");
	return emu_cuda_gate(context->device, "cuMemFree");
}
