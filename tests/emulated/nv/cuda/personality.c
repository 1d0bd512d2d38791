/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/cuda/personality.c - the devices there are, and the faults asked of them.
 */
#include "tests/emulated/nv/core.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ffnvcodec/dynlink_cuviddec.h>

EMU_EXPORT emu_nv_set_fn emu_nv_set;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* faults, and lost and lost_after */
static struct emu_device devices[EMU_MAX_DEVICES];
static int device_count = 1;

static int set_unsigned(unsigned *value, const char *text, unsigned min, unsigned max)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (end == text || *end || v < min || v > max)
		return -EINVAL;
	*value = (unsigned)v;
	return 0;
}

static int set_codecs(struct emu_device *device, const char *text)
{
	static const struct {
		const char *name;
		cudaVideoCodec codec;
	} names[] = {
		{"h264", cudaVideoCodec_H264}, {"hevc", cudaVideoCodec_HEVC},
		{"vp8", cudaVideoCodec_VP8},   {"vp9", cudaVideoCodec_VP9},
		{"av1", cudaVideoCodec_AV1},
	};
	unsigned codecs = 0;

	while (*text) {
		size_t length = strcspn(text, "+"), i;

		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strlen(names[i].name) == length &&
			    !strncmp(text, names[i].name, length))
				break;
		if (i == sizeof(names) / sizeof(names[0]))
			return -EINVAL;
		codecs |= 1u << names[i].codec;
		text += length + (text[length] == '+');
	}
	device->codecs = codecs;
	return 0;
}

static int add_fault(struct emu_device *device, const char *text)
{
	struct emu_fault fault = {0};

	if (sscanf(text, "%47[^:]:%ld:%d", fault.op, &fault.left, &fault.code) != 3 ||
	    fault.left < 1 || !fault.code)
		return -EINVAL;
	for (int i = 0; i < EMU_MAX_FAULTS; i++)
		if (!device->faults[i].left) {
			device->faults[i] = fault;
			return 0;
		}
	return -EINVAL;
}

static int set_one(struct emu_device *device, const char *key, const char *value)
{
	unsigned number;

	if (!strcmp(key, "name")) {
		snprintf(device->name, sizeof(device->name), "%s", value);
		return 0;
	}
	if (!strcmp(key, "capability"))
		return sscanf(value, "%d.%d", &device->major, &device->minor) == 2 ? 0 : -EINVAL;
	if (!strcmp(key, "surfaces"))
		return set_unsigned(&device->surfaces, value, 1, 32);
	if (!strcmp(key, "sessions"))
		return set_unsigned(&device->sessions, value, 0, 1000);
	if (!strcmp(key, "max_width"))
		return set_unsigned(&device->max_width, value, 48, 16384);
	if (!strcmp(key, "max_height"))
		return set_unsigned(&device->max_height, value, 48, 16384);
	if (!strcmp(key, "memory"))
		return set_unsigned(&device->memory_mib, value, 1, 65536);
	if (!strcmp(key, "codecs"))
		return set_codecs(device, value);
	if (!strcmp(key, "fail"))
		return add_fault(device, value);
	if (!strcmp(key, "lost_after")) {
		if (set_unsigned(&number, value, 0, 1u << 30))
			return -EINVAL;
		device->lost_after = number;
		return 0;
	}
	if (!strcmp(key, "late")) {
		value = !strcmp(value, "yes") ? "2" : !strcmp(value, "no") ? "0" : value;
		if (set_unsigned(&number, value, 0, 10000))
			return -EINVAL;
		device->late_ms = number;
		return 0;
	}
	return -EINVAL;
}

/* One "key=value"; @p ordinal: the device when the key names none. */
static int set_entry(int ordinal, char *entry)
{
	char *value = strchr(entry, '='), *key = entry, *end;
	unsigned count;
	int error = 0;

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	if (!strcmp(key, "devices")) {
		error = set_unsigned(&count, value, 0, EMU_MAX_DEVICES);
		device_count = error ? device_count : (int)count;
		return error;
	}
	long prefix = strtol(key, &end, 10);

	if (end != key && *end == '.') {
		ordinal = (int)prefix;
		key = end + 1;
		if (ordinal < 0 || ordinal >= EMU_MAX_DEVICES)
			return -ENODEV;
	}
	for (int i = 0; i < EMU_MAX_DEVICES && !error; i++)
		if (ordinal == EMU_NV_ALL || ordinal == i)
			error = set_one(&devices[i], key, value);
	return error;
}

static int set_text(int ordinal, const char *text)
{
	char copy[1024], *rest = copy, *entry;
	int error = 0;

	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, strlen(text) + 1);
	while (!error && (entry = strsep(&rest, ",")))
		if (*entry)
			error = set_entry(ordinal, entry);
	return error;
}

static void load(void)
{
	const char *text = getenv("TESSERA_EMU_NV");

	for (int i = 0; i < EMU_MAX_DEVICES; i++)
		devices[i] = (struct emu_device){.ordinal = i,
						 .name = "Emulated NVIDIA device",
						 .major = 7,
						 .minor = 5,
						 .surfaces = 32,
						 .sessions = 32,
						 .max_width = 4096,
						 .max_height = 4096,
						 .memory_mib = 2048,
						 .codecs = 1u << cudaVideoCodec_H264,
						 .lost_after = -1};
	EMU_REQUIRE(!text || !set_text(EMU_NV_ALL, text), "personality: cannot read \"%s\"", text);
}

int emu_device_count(void)
{
	pthread_once(&once, load);
	return device_count;
}

struct emu_device *emu_device(int ordinal)
{
	return ordinal >= 0 && ordinal < emu_device_count() ? &devices[ordinal] : NULL;
}

int emu_nv_set(int device, const char *text)
{
	int error;

	if (device != EMU_NV_ALL && !emu_device(device))
		return -ENODEV;
	emu_device_count();
	pthread_mutex_lock(&lock);
	error = set_text(device, text);
	pthread_mutex_unlock(&lock);
	return error;
}

int emu_gate(struct emu_device *device, const char *op)
{
	int code = 0;

	pthread_mutex_lock(&lock);
	if (device->lost_after == 0)
		device->lost = true;
	else if (device->lost_after > 0)
		device->lost_after--;
	for (int i = 0; i < EMU_MAX_FAULTS && !device->lost; i++) {
		struct emu_fault *fault = &device->faults[i];

		if (fault->left && !strcmp(fault->op, op) && !--fault->left)
			code = fault->code;
	}
	if (device->lost)
		code = -1;
	pthread_mutex_unlock(&lock);
	if (code)
		EMU_COUNT(device, failed, 1);
	return code;
}

CUresult emu_cuda_gate(struct emu_device *device, const char *op)
{
	int code = emu_gate(device, op);

	return code < 0 ? (CUresult)EMU_LAUNCH_FAILED : (CUresult)code;
}
