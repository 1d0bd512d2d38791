/* SPDX-License-Identifier: GPL-3.0-or-later
 * What cmocka.h wants to be included before it.
 */
#ifndef TEST_CMOCKA_HEADERS_H
#define TEST_CMOCKA_HEADERS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#endif
