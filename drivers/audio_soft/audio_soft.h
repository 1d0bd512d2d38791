/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/audio_soft/audio_soft.h - audio codecs on the CPU: libopus decodes, libavcodec's AAC
 * encodes, speexdsp resamples.
 */
#ifndef TESS_AUDIO_SOFT_H
#define TESS_AUDIO_SOFT_H

#include "hal/audio.h"

extern const struct tess_audio_driver tess_audio_soft;

#endif
