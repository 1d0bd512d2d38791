/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/emu_va.h - an emulated VA driver: what a device is, what it computes, and how a
 * test looks into it.
 *
 * The driver stands below the real libva and libavcodec, does the work of a GPU in software, and
 * checks each call as a validation layer does: a wrong one prints `emulated va: violation: WHAT`
 * and aborts.
 *
 * Using it: LIBVA_DRIVERS_PATH names the folder of tessemu_drv_video.so, LIBVA_DRIVER_NAME=tessemu,
 * and libtessemu_drm.so is preloaded (or linked before libdrm).
 *
 * A device is a file whose first line is `tessera emulated va device`. Its other lines, KEY=VALUE,
 * say what it is like; they are read when the first display of the device is initialised:
 *
 *   vendor=TEXT            the vendor string
 *   h264=yes|no            H.264 decoding and encoding (yes)
 *   vp9=yes|no             VP9 decoding (no)
 *   packed_headers=yes|no  the encoder takes the application's headers (yes)
 *   max_width=N            largest picture (4096)
 *   max_height=N           likewise
 *   max_layers=N           pipeline buffers in one picture (16); vaRenderPicture of one more gives
 *                          INVALID_PARAMETER. libva has no field to say it by
 *   encoders=N             encoder contexts of all displays together (no limit);
 *                          vaCreateContext of one more gives MAX_NUM_EXCEEDED
 *   late=yes|no            work runs as late as the rules allow, after vaEndPicture is back (no)
 *   damaged=yes|no         streams may lack pictures: a decoder's reference may be a picture
 *                          never decoded, or of another order count, as libavcodec makes it up
 *                          after a loss (no)
 *   fail=OP:N:STATUS       the N-th call of OP (as vaEndPicture) gives STATUS: a number, or a
 *                          name without VA_STATUS_ERROR_. Any number of these lines
 *   lost_after=N           after N calls the GPU hangs: a call gives OPERATION_FAILED, a wait
 *                          HW_BUSY; only destroying, unmapping and ending go on
 *
 * After a call that failed so, what libavcodec does is no violation: ending a picture that could
 * not begin, or one that lacks buffers that could not be made; vaEndPicture gives an error.
 *
 * What a picture comes to (other engines compute the same):
 *
 *   Scaling: the planes of the source region through libyuv's I420Scale(kFilterBilinear) to the
 *   target region. Full-range source in limited-range target: after scaling, a sample becomes
 *     low + ((sample * scale + 32768) >> 16), scale = (span * 65536 + 127) / 255
 *   with low 16 and span 219 (luma) or 224 (chroma). There is no other conversion of colours.
 *
 *   Background: when the first pipeline buffer's colour has alpha 255, the target is first
 *   filled with it; with alpha 0 it keeps its content. No later buffer may have a background.
 *
 *   Colours are BT.601, limited range, 16 bits of fraction:
 *     Y = (16829 R + 33039 G +  6416 B +  (16 << 16) + 32768) >> 16
 *     U = (-9714 R - 19071 G + 28785 B + (128 << 16) + 32768) >> 16
 *     V = (28785 R - 24104 G -  4681 B + (128 << 16) + 32768) >> 16
 *
 *   Blending (BGRA and ARGB sources with or without an empty blend state; alpha is not
 *   premultiplied; source and target of one size):
 *     result = (dst * (255 - a) + src * a + 127) / 255
 *   for luma with each pixel's colour and alpha; for chroma with colour and alpha of the 2x2
 *   block, each component the rounded average (sum + 2) >> 2.
 *
 * Encoding: x264, one slice, one reference. The bit rate of CBR and VBR is taken anew with each
 * picture. With CQP all pictures up to the next IDR have the quantiser of the IDR picture (x264
 * cannot change it). Reconstructions cannot be read.
 *
 * Not there: order counts of type 1, field pictures have never been tried, no surface leaves the
 * device as a handle.
 *
 * The functions are found by dlsym(RTLD_DEFAULT, ...) once a display is initialised. Threads: any.
 */
#ifndef TESS_TESTS_EMU_VA_H
#define TESS_TESTS_EMU_VA_H

#include <stdint.h>

/** Objects, made or live. */
struct emu_va_objects {
	uint64_t surfaces, contexts, configs, images;
	uint64_t buffers; /* parameters and slice data, made anew for each picture */
	uint64_t coded_buffers;
};

struct emu_va_stats {
	uint64_t decoded;   /* pictures; a field counts as one */
	uint64_t damaged;   /* of these, pictures that the decoder complained about */
	uint64_t passes;    /* pictures that the video processor drew */
	uint64_t layers;    /* pipeline buffers in them */
	uint64_t encoded;   /* pictures */
	uint64_t downloads; /* surfaces read by the CPU: vaGetImage, mapping a derived image */
	uint64_t uploads;   /* surfaces written by the CPU: vaPutImage, mapping a derived image */
	uint64_t derived;   /* vaDeriveImage */
	struct emu_va_objects live; /* now */
	struct emu_va_objects made; /* since the last mark; images: vaCreateImage alone */
};

/** Counts of the device with this path, all displays together. @retval 0, -ENODEV never opened */
typedef int emu_va_stats_fn(const char *path, struct emu_va_stats *stats);
int emu_va_get_stats(const char *path, struct emu_va_stats *stats);

/** Begin counting stats.made from 0. @retval 0, -ENODEV */
typedef int emu_va_mark_fn(const char *path);
int emu_va_mark(const char *path);

/**
 * Let the @p n -th call of @p op from now on (1: the next) fail once with @p status.
 * @retval 0, -ENODEV, -EINVAL no such op, or one that cannot fail, -ENOSPC too many armed
 */
typedef int emu_va_fail_fn(const char *path, const char *op, unsigned n, int status);
int emu_va_fail(const char *path, const char *op, unsigned n, int status);

/** The GPU hangs after @p calls further calls. @retval 0, -ENODEV */
typedef int emu_va_lose_fn(const char *path, unsigned calls);
int emu_va_lose(const char *path, unsigned calls);

#endif
