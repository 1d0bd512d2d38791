/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/check.c - how a violation ends the program, and memory that never runs out.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/emulated/va/emu.h"

void emu_violation(const char *format, ...)
{
	char what[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	fprintf(stderr, "emulated va: violation: %s\n", what);
	abort();
}

void *emu_zalloc(size_t bytes)
{
	void *memory = calloc(1, bytes ? bytes : 1);
	if (!memory)
		abort();
	return memory;
}

void *emu_copy(const void *data, size_t bytes)
{
	void *copy = emu_zalloc(bytes);
	memcpy(copy, data, bytes);
	return copy;
}
