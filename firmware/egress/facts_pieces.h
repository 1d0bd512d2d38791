/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/facts_pieces.h - facts of recordings in messages that a link can carry.
 */
#ifndef TESS_EGRESS_FACTS_PIECES_H
#define TESS_EGRESS_FACTS_PIECES_H

#include <jansson.h>

/**
 * Spread the facts of recordings over arrays, each of them with about @p max_bytes of text at most.
 * A recording with very many files is in several, each time with others of its files.
 * @return an array of at least one array, a new reference; NULL when out of memory
 */
json_t *tess_facts_pieces(const json_t *records, size_t max_bytes);

#endif
