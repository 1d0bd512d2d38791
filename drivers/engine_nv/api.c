/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_nv/api.c - NVIDIA's libraries, which may not be there.
 */
#define FFNV_LOG_FUNC(context, ...) ((void)0) /* no driver is no fault */
#define FFNV_DEBUG_LOG_FUNC(context, ...)
#include "drivers/engine_nv/api.h"

CudaFunctions *nv_api_open(void)
{
	CudaFunctions *cuda = NULL;
	if (cuda_load_functions(&cuda, NULL) != 0)
		return NULL;
	if (cuda->cuInit(0) != CUDA_SUCCESS) {
		cuda_free_functions(&cuda);
		return NULL;
	}
	return cuda;
}

void nv_api_close(CudaFunctions *cuda)
{
	cuda_free_functions(&cuda);
}

static cudaVideoCodec codec_of(enum tess_codec codec)
{
	switch (codec) {
	case TESS_CODEC_H265:
		return cudaVideoCodec_HEVC;
	case TESS_CODEC_VP8:
		return cudaVideoCodec_VP8;
	case TESS_CODEC_VP9:
		return cudaVideoCodec_VP9;
	default:
		return cudaVideoCodec_H264;
	}
}

static CUresult read_caps(const CuvidFunctions *cuvid, struct nv_codec_caps *caps,
			  enum tess_codec codec)
{
	CUVIDDECODECAPS answer = {
		.eCodecType = codec_of(codec),
		.eChromaFormat = cudaVideoChromaFormat_420,
	};
	CUresult result = cuvid->cuvidGetDecoderCaps(&answer);
	if (result == CUDA_SUCCESS)
		*caps = (struct nv_codec_caps){
			.supported = answer.bIsSupported,
			.min_width = answer.nMinWidth,
			.min_height = answer.nMinHeight,
			.max_width = answer.nMaxWidth,
			.max_height = answer.nMaxHeight,
			.max_macroblocks = answer.nMaxMBCount,
		};
	return result;
}

CUresult nv_api_caps(struct nv_codec_caps *caps, unsigned count)
{
	CuvidFunctions *cuvid = NULL;
	CUresult result = CUDA_SUCCESS;
	if (cuvid_load_functions(&cuvid, NULL) != 0)
		return CUDA_SUCCESS;
	/* drivers before 378 have no such function */
	for (unsigned codec = TESS_CODEC_H264;
	     codec < count && cuvid->cuvidGetDecoderCaps && result == CUDA_SUCCESS; codec++)
		result = read_caps(cuvid, &caps[codec], codec);
	cuvid_free_functions(&cuvid);
	return result;
}
