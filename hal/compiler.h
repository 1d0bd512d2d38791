/* SPDX-License-Identifier: GPL-3.0-or-later
 * hal/compiler.h - what all code asks of the compiler.
 */
#ifndef TESS_HAL_COMPILER_H
#define TESS_HAL_COMPILER_H

/** Ignoring the result of such a function is an error. */
#define TESS_MUST_CHECK __attribute__((warn_unused_result))

#endif
