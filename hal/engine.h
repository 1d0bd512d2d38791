/* SPDX-License-Identifier: GPL-3.0-or-later
 * hal/engine.h - a video engine: decoders, compositors and encoders that share one device.
 *
 * decode -> compose -> encode works on surfaces of one engine and never leaves its device.
 * Threads: an engine may be used from any thread; each decoder, compositor and encoder from one
 * thread at a time.
 */
#ifndef TESS_HAL_ENGINE_H
#define TESS_HAL_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/net.h"
#include "hal/surface.h"

enum tess_codec {
	TESS_CODEC_H264 = 1,
	TESS_CODEC_H265,
	TESS_CODEC_VP8,
	TESS_CODEC_VP9,
	TESS_CODEC_OPUS,
	TESS_CODEC_AAC,
	TESS_CODEC_MP3,
};

struct tess_rect {
	int32_t x, y;	       /* pixels, origin top left; even */
	int32_t width, height; /* pixels; even */
};

/** How a picture fills its tile (LayoutParams.RenderMode). */
enum tess_render {
	TESS_RENDER_CROP = 1,  /* cover the tile, centred, cut what is over */
	TESS_RENDER_FIT,       /* inside the tile, the background shows beside it */
	TESS_RENDER_FIT_BLACK, /* inside the tile, black beside it */
	TESS_RENDER_STRETCH,   /* the whole picture on the whole tile, whatever its shape */
};

/** A still picture in memory: a background, a place-holder, a watermark. */
struct tess_image {
	const uint8_t *rgba;	/* bytes R G B A, rows from the top; A is not premultiplied */
	size_t stride;		/* bytes from row to row */
	uint16_t width, height; /* even */
	bool alpha;		/* false: A is not looked at, the picture is opaque */
};

/**
 * One tile of a canvas. Tiles are drawn in the order given, later over earlier. A surface with
 * alpha is laid over what is below; its tile has render STRETCH, the surface's size and no border.
 */
struct tess_tile {
	struct tess_rect rect; /* inside the canvas */
	enum tess_render render;
	struct tess_surface *surface; /* NULL: the tile is filled with black */
	uint16_t border;       /* pixels, even: a frame inside rect, drawn over the picture */
	uint32_t border_color; /* 0xRRGGBB */
};

/** All that a canvas shows. */
struct tess_scene {
	uint32_t background;	       /* 0xRRGGBB, where nothing else is */
	struct tess_surface *backdrop; /* over the background, cropped to the canvas; may be NULL */
	const struct tess_tile *tiles;
	unsigned count; /* at most TESS_ENGINE_MAX_TILES */
};

struct tess_encoder_config {
	uint16_t width, height; /* even */
	uint16_t frame_rate;	/* a second */
	uint16_t gop_frames;	/* distance of key frames */
	uint32_t bitrate_bps;
	uint8_t threads; /* software: how many; 0 = the engine's choice */
};

/** An encoded picture; data is the encoder's until its next call. */
struct tess_encoded {
	const uint8_t *data; /* Annex B, parameter sets before each key frame */
	size_t length;
	int64_t pts_us, dts_us; /* media time */
	bool key;
};

/** The longest name of a device, with its end. */
#define TESS_ENGINE_DEVICE_MAX 128
/** The most tiles of one canvas. */
#define TESS_ENGINE_MAX_TILES 64

/** What an engine is. */
struct tess_engine_info {
	char device[TESS_ENGINE_DEVICE_MAX]; /* as open() takes it: "/dev/dri/renderD128", "0" */
	char vendor[128];		     /* what the device's driver calls itself */
	/* bit 1 << enum tess_codec: decoded on the device; others that decoder_open takes are
	 * decoded by the CPU and uploaded, which stats count */
	uint32_t device_codecs;
	uint16_t max_side; /* pixels, of pictures and canvases */
	bool shared_units; /* decoding, composing and encoding take from the same resource */
	uint16_t encoders; /* the most at once; 0: not limited */
};

/** A call of the device's API that failed. */
struct tess_engine_fault {
	const char *device; /* struct tess_engine_info */
	const char *call;   /* as the API names it: "vaEndPicture", "cuLaunchKernel" */
	const char *error;  /* the API's own words */
};

/** How to open an engine. */
struct tess_engine_config {
	const char *device; /* NULL: the first */
	/* told of each failed call, on the thread that made it, without a lock held; may be NULL */
	void (*fault)(void *arg, const struct tess_engine_fault *fault);
	void *arg;
};

struct tess_engine_stats {
	uint64_t decoded, composed, tiles_drawn, tiles_kept, encoded;
	uint64_t fallback_decoded; /* of decoded: by the CPU, since the device could not */
	uint64_t damaged;	   /* access units that no decoder could use */
	uint64_t refused; /* access units of a format or size beyond what the engine takes */
	uint64_t downloads, uploads; /* pictures that crossed between device and host */
	uint64_t allocations;	     /* buffers made on the device; none in steady running */
	uint64_t faults;	     /* failed calls of the device's API */
	uint64_t surfaces_live;
};

struct tess_engine;
struct tess_decoder;
struct tess_compositor;
struct tess_encoder;

/** An engine driver. Required calls first; those marked optional may be NULL. */
struct tess_engine_driver {
	size_t size;	  /* sizeof(struct tess_engine_driver) the driver was built with */
	const char *name; /* "soft", "vaapi", "nv" */
	/** The devices that are there, without opening them; @return how many, at most @p max */
	unsigned (*devices)(char (*names)[TESS_ENGINE_DEVICE_MAX], unsigned max);
	/** @retval 0, -ENODEV no such device, or not fit, -ENOMEM */
	int (*open)(struct tess_engine **enginep, const struct tess_engine_config *config);
	/** Close; accepts NULL. All decoders, compositors, encoders and surfaces must be gone. */
	void (*close)(struct tess_engine *engine);
	void (*info)(const struct tess_engine *engine, struct tess_engine_info *info);
	void (*stats)(const struct tess_engine *engine, struct tess_engine_stats *stats);
	/**
	 * Bring a still picture to the device; *surfacep is a reference of the caller's. Counted as
	 * an upload. @retval 0, -EINVAL odd, empty or too large, -ENOMEM, -EIO, -ENODEV
	 */
	int (*upload)(struct tess_engine *engine, const struct tess_image *image,
		      struct tess_surface **surfacep);

	/** @retval 0, -ENOTSUP codec, -ENOMEM, -ENODEV */
	int (*decoder_open)(struct tess_decoder **decoderp, struct tess_engine *engine,
			    enum tess_codec codec);
	void (*decoder_close)(struct tess_decoder *decoder); /* accepts NULL */
	/**
	 * Decode one access unit (H.264: Annex B). A picture comes out in *surfacep, a reference of
	 * the caller's, or NULL when none is ready yet.
	 * @retval 0, -EBADMSG the access unit is damaged (go on with the next), -ENOTSUP a picture
	 * format this engine cannot bring to 8-bit 4:2:0, a size that it does not take, or more
	 *         pictures held at once than it has memory for (go on with a key frame), -ENOMEM,
	 *         -ENODEV the device is lost (close everything)
	 */
	int (*decoder_decode)(struct tess_decoder *decoder, const uint8_t *data, size_t length,
			      int64_t capture_us, struct tess_surface **surfacep);

	/** A canvas of width x height, both even. @retval 0, -EINVAL, -ENOMEM, -EIO, -ENODEV */
	int (*compositor_open)(struct tess_compositor **compositorp, struct tess_engine *engine,
			       uint16_t width, uint16_t height);
	void (*compositor_close)(struct tess_compositor *compositor); /* accepts NULL */
	/**
	 * Draw the canvas. An engine may keep what did not change since its last call (same
	 * rectangle, render mode and surface serial) and draw the rest; all engines draw the same
	 * pixels. *surfacep is a reference of the caller's; give it up before the next call or that
	 * one must copy the canvas.
	 * @retval 0, -EINVAL a rectangle is odd or leaves the canvas, a tile with alpha is not as
	 * it must be, or a surface is of another engine, -ENOMEM, -EIO the device failed this time
	 * (go on with the next picture), -ENODEV
	 */
	int (*compositor_draw)(struct tess_compositor *compositor, const struct tess_scene *scene,
			       struct tess_surface **surfacep);

	/** @retval 0, -EINVAL, -ENOMEM, -EBUSY no session left, -EIO, -ENODEV */
	int (*encoder_open)(struct tess_encoder **encoderp, struct tess_engine *engine,
			    const struct tess_encoder_config *config);
	void (*encoder_close)(struct tess_encoder *encoder); /* accepts NULL */
	/**
	 * Encode one picture; low delay: what comes out is that picture, or nothing (length 0) when
	 * the device is late. The caller keeps its reference of @p surface. pts must rise.
	 * @retval 0, -EINVAL, -ENOMEM, -EIO the device failed this time (go on with the next
	 * picture, which will be a key frame), -ENODEV
	 */
	int (*encoder_encode)(struct tess_encoder *encoder, struct tess_surface *surface,
			      int64_t pts_us, bool force_key, struct tess_encoded *encoded);
	/** Change the bit rate from the next picture on. NULL or -ENOTSUP: open it again. */
	int (*encoder_set_bitrate)(struct tess_encoder *encoder, uint32_t bitrate_bps);

	/**
	 * For tests: copy a surface out as I420, tightly packed, width * height * 3 / 2 bytes.
	 * @retval 0, -ENODEV
	 */
	int (*download)(struct tess_engine *engine, struct tess_surface *surface, uint8_t *i420);
};

/** What every driver's engine begins with. */
struct tess_engine {
	const struct tess_engine_driver *driver;
};

#endif
