/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/nvenc/presets.c - what NVENC can do, its presets, and configurations against
 * both.
 */
#include "tests/emulated/nv/nvenc/session.h"

#include <string.h>

void presets_fill(NV_ENC_PRESET_CONFIG *preset, const GUID *guid, NV_ENC_TUNING_INFO tuning)
{
	const GUID *known[] = {&NV_ENC_PRESET_P1_GUID, &NV_ENC_PRESET_P2_GUID,
			       &NV_ENC_PRESET_P3_GUID, &NV_ENC_PRESET_P4_GUID,
			       &NV_ENC_PRESET_P5_GUID, &NV_ENC_PRESET_P6_GUID,
			       &NV_ENC_PRESET_P7_GUID};
	const char *op = "nvEncGetEncodePresetConfigEx";
	NV_ENC_CONFIG *config = &preset->presetCfg;
	size_t i = 0;

	CHECK_VERSION(preset, NV_ENC_PRESET_CONFIG_VER, op);
	CHECK_VERSION(config, NV_ENC_CONFIG_VER, op);
	while (i < sizeof(known) / sizeof(known[0]) && memcmp(known[i], guid, sizeof(*guid)))
		i++;
	EMU_REQUIRE(i < sizeof(known) / sizeof(known[0]), "%s: no preset P1 to P7", op);
	EMU_REQUIRE(tuning >= NV_ENC_TUNING_INFO_HIGH_QUALITY &&
			    tuning <= NV_ENC_TUNING_INFO_LOSSLESS,
		    "%s: tuning info %d", op, tuning);
	memset(config, 0, sizeof(*config));
	config->version = NV_ENC_CONFIG_VER;
	config->profileGUID = NV_ENC_CODEC_PROFILE_AUTOSELECT_GUID;
	config->gopLength = 250;
	config->frameIntervalP = 1;
	config->frameFieldMode = NV_ENC_PARAMS_FRAME_FIELD_MODE_FRAME;
	config->mvPrecision = NV_ENC_MV_PRECISION_QUARTER_PEL;
	config->rcParams.version = NV_ENC_RC_PARAMS_VER;
	config->rcParams.rateControlMode = tuning >= NV_ENC_TUNING_INFO_LOW_LATENCY
						   ? NV_ENC_PARAMS_RC_CBR
						   : NV_ENC_PARAMS_RC_VBR;
	config->encodeCodecConfig.h264Config.idrPeriod = config->gopLength;
	config->encodeCodecConfig.h264Config.chromaFormatIDC = 1;
}

int presets_capability(const struct emu_device *device, NV_ENC_CAPS capability)
{
	EMU_REQUIRE(capability >= 0 && capability < NV_ENC_CAPS_EXPOSED_COUNT,
		    "nvEncGetEncodeCaps: capability %d", capability);
	switch (capability) {
	case NV_ENC_CAPS_WIDTH_MAX:
		return (int)device->max_width;
	case NV_ENC_CAPS_HEIGHT_MAX:
		return (int)device->max_height;
	case NV_ENC_CAPS_WIDTH_MIN:
		return (int)SESSION_MIN_WIDTH;
	case NV_ENC_CAPS_HEIGHT_MIN:
		return (int)SESSION_MIN_HEIGHT;
	case NV_ENC_CAPS_MB_NUM_MAX:
		return (int)(device->max_width / 16 * (device->max_height / 16));
	case NV_ENC_CAPS_SUPPORTED_RATECONTROL_MODES:
		return NV_ENC_PARAMS_RC_CONSTQP | NV_ENC_PARAMS_RC_VBR | NV_ENC_PARAMS_RC_CBR;
	case NV_ENC_CAPS_LEVEL_MAX:
		return NV_ENC_LEVEL_H264_51;
	case NV_ENC_CAPS_LEVEL_MIN:
		return NV_ENC_LEVEL_H264_1;
	case NV_ENC_CAPS_SUPPORT_CABAC:
	case NV_ENC_CAPS_SUPPORT_ADAPTIVE_TRANSFORM:
	case NV_ENC_CAPS_SUPPORT_DYN_BITRATE_CHANGE:
	case NV_ENC_CAPS_SUPPORT_CUSTOM_VBV_BUF_SIZE:
	case NV_ENC_CAPS_NUM_ENCODER_ENGINES:
		return 1;
	default:
		return 0;
	}
}

static void check_config(const NV_ENC_CONFIG *config, const char *op)
{
	const NV_ENC_CONFIG_H264 *h264 = &config->encodeCodecConfig.h264Config;
	const NV_ENC_RC_PARAMS *rc = &config->rcParams;

	CHECK_VERSION(config, NV_ENC_CONFIG_VER, op);
	EMU_REQUIRE(config->frameIntervalP >= 0 && config->frameIntervalP <= 1,
		    "%s: %d B pictures, the device has none", op, config->frameIntervalP - 1);
	EMU_REQUIRE(!rc->enableLookahead && !rc->enableTemporalAQ && !h264->enableLTR &&
			    !h264->enableIntraRefresh && !h264->useBFramesAsRef &&
			    !h264->enableTemporalSVC && !h264->qpPrimeYZeroTransformBypassFlag &&
			    !config->monoChromeEncoding,
		    "%s: configured what nvEncGetEncodeCaps says the device lacks", op);
	EMU_REQUIRE(h264->chromaFormatIDC == 1, "%s: chromaFormatIDC %u", op,
		    h264->chromaFormatIDC);
	EMU_REQUIRE(config->frameFieldMode == NV_ENC_PARAMS_FRAME_FIELD_MODE_FRAME,
		    "%s: field encoding, which the device lacks", op);
	EMU_REQUIRE(rc->rateControlMode == NV_ENC_PARAMS_RC_CONSTQP ||
			    rc->rateControlMode == NV_ENC_PARAMS_RC_VBR ||
			    rc->rateControlMode == NV_ENC_PARAMS_RC_CBR,
		    "%s: rate control mode %#x", op, rc->rateControlMode);
	EMU_REQUIRE(!h264->disableSPSPPS || !h264->repeatSPSPPS,
		    "%s: SPS and PPS both off and repeated", op);
}

void presets_check(const struct emu_device *device, const NV_ENC_INITIALIZE_PARAMS *p,
		   const char *op)
{
	CHECK_VERSION(p, NV_ENC_INITIALIZE_PARAMS_VER, op);
	EMU_REQUIRE(!memcmp(&p->encodeGUID, &NV_ENC_CODEC_H264_GUID, sizeof(GUID)),
		    "%s: a codec other than H.264", op);
	EMU_REQUIRE(p->encodeWidth >= SESSION_MIN_WIDTH && p->encodeHeight >= SESSION_MIN_HEIGHT &&
			    p->encodeWidth <= device->max_width &&
			    p->encodeHeight <= device->max_height &&
			    !((p->encodeWidth | p->encodeHeight) & 1),
		    "%s: %ux%u", op, p->encodeWidth, p->encodeHeight);
	EMU_REQUIRE(p->frameRateNum && p->frameRateDen, "%s: frame rate %u/%u", op, p->frameRateNum,
		    p->frameRateDen);
	EMU_REQUIRE(!p->enableEncodeAsync, "%s: asynchronous mode, which is Windows' alone", op);
	EMU_REQUIRE(p->enablePTD, "%s: picture types left to the caller are not emulated", op);
	EMU_REQUIRE(p->encodeConfig, "%s: no encodeConfig", op);
	check_config(p->encodeConfig, op);
}
