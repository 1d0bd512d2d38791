/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mux/fmp4_layout.h - flags of the boxes that fmp4.c writes and fmp4_parse.c reads
 * (ISO/IEC 14496-12 §8.8.7, §8.8.8, §8.8.3.1).
 */
#ifndef TESS_MUX_FMP4_LAYOUT_H
#define TESS_MUX_FMP4_LAYOUT_H

enum {
	TFHD_BASE_IS_MOOF = 0x020000,
	TRUN_OFFSET = 0x000001,
	TRUN_DURATION = 0x000100,
	TRUN_SIZE = 0x000200,
	TRUN_FLAGS = 0x000400,
	TRUN_CTS = 0x000800,
	FLAGS_KEY = 0x02000000,	  /* depends on no other */
	FLAGS_DELTA = 0x01010000, /* depends on others, no sync sample */
};

#endif
