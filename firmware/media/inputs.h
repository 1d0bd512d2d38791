/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/inputs.h - the rings that egress offers of publishers who came to it
 * (streams.sock of docs/links.md), and where the room workers find them.
 *
 * A worker looks at the version, which costs nothing, and asks only when it has changed.
 * Threads: any.
 */
#ifndef TESS_MEDIA_INPUTS_H
#define TESS_MEDIA_INPUTS_H

#include <stdint.h>

#include "hal/compiler.h"
#include "pipeline/stream/ring.h"

/** More are refused. */
#define TESS_INPUTS_MAX 1024

struct tess_inputs;

/** @retval 0, -ENOMEM */
int tess_inputs_alloc(struct tess_inputs **inputsp) TESS_MUST_CHECK;
void tess_inputs_free(struct tess_inputs *inputs); /* accepts NULL */
/**
 * A ring of a publisher, in place of the one before. @p memfd is taken in any case.
 * @retval 0, -ESTALE there is one with a higher epoch, -ENOSPC, -ENOMEM
 */
int tess_inputs_offer(struct tess_inputs *inputs, int64_t publisher, uint64_t epoch,
		      int memfd) TESS_MUST_CHECK;
/** It is over; a lower epoch than the present one is ignored. */
void tess_inputs_end(struct tess_inputs *inputs, int64_t publisher, uint64_t epoch);
/** Whoever offered them is gone, and offers anew when it is back. */
void tess_inputs_clear(struct tess_inputs *inputs);

/** Another number after each change. */
unsigned tess_inputs_version(const struct tess_inputs *inputs);
/**
 * Open the publisher's ring, if it is another one than that of @p *epoch, which is set.
 * @retval 0 *readerp is the caller's, -EALREADY the same, -ENOENT there is none, -EBADMSG, -ENOMEM
 */
int tess_inputs_open(struct tess_inputs *inputs, int64_t publisher, uint64_t *epoch,
		     struct tess_ring_reader **readerp) TESS_MUST_CHECK;

#endif
