/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/violation.h - proves that a check fires: the wrong calls run in a process
 * of their own, which must abort with the check's words.
 */
#ifndef TESS_TESTS_EMU_VIOLATION_H
#define TESS_TESTS_EMU_VIOLATION_H

#include <stddef.h>

struct violation {
	const char *name;
	void (*run)(const void *argument);
	const void *argument;
	const char *words; /* of the message; NULL: nothing is wrong, the process ends well */
};

/** @return cmocka's, for main() */
int violations_run(const char *group, const struct violation *violations, size_t count);

#endif
