/* SPDX-License-Identifier: GPL-3.0-or-later
 * What firmware/base/program.c does first, for each test: sendfile() and libraries write to sockets
 * that the other side has closed, and have no flag against the signal.
 */
#include <signal.h>

__attribute__((constructor)) static void ignore_broken_pipes(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
}
