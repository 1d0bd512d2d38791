/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/emu.h - what the parts of the emulated VA driver share.
 *
 * A device is a file; a display is one libva driver instance on it. One lock of the device guards
 * everything but the samples of surfaces: these belong to the device's worker thread while the
 * surface is in work (pending > 0), else to whoever calls.
 *
 * Object states are those of the calls made (what will be true when the work has run), so that a
 * wrong call is found where it is made.
 */
#ifndef TESS_TESTS_EMU_H
#define TESS_TESTS_EMU_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <va/va_backend.h>
#include <va/va_backend_vpp.h>
#include <va/va_vpp.h>

#include "tests/emulated/va/emu_va.h"

#define EMU_MAX_FAULTS 32
#define EMU_MAX_USES   80 /* surfaces of one picture */

struct emu_fault {
	const char *op;
	unsigned left; /* calls until it fires; 0: a free place */
	VAStatus status;
};

struct emu_personality {
	char vendor[128];
	bool h264, vp9, packed_headers, late, damaged;
	unsigned max_width, max_height, max_layers;
	unsigned encoders; /* 0: no limit */
};

struct emu_picture;

struct emu_device {
	struct emu_device *next;
	char *path; /* absolute, links resolved */
	pthread_mutex_t lock;
	pthread_cond_t changed; /* work was queued or is done, somebody waits */
	unsigned displays;
	struct emu_personality personality;
	struct emu_fault faults[EMU_MAX_FAULTS];
	uint64_t calls, lost_after; /* lost_after 0: never */
	unsigned encoders;
	struct emu_va_stats stats;

	pthread_t worker;
	bool stop;
	unsigned waiters; /* calls that wait for work */
	struct emu_picture *first, *last;
	unsigned queued;
};

enum emu_kind { EMU_CONFIG = 1, EMU_SURFACE, EMU_CONTEXT, EMU_BUFFER, EMU_IMAGE, EMU_KINDS };

/** What every object begins with. The id holds one reference. */
struct emu_object {
	enum emu_kind kind;
	unsigned references;
	VAGenericID id;
};

struct emu_slots {
	struct emu_object **objects;
	uint16_t *generations;
	unsigned size, used;
	unsigned first_free; /* none below it is free */
};

struct emu_display {
	struct emu_device *device;
	struct emu_slots slots[EMU_KINDS];
};

struct emu_config {
	struct emu_object object;
	VAProfile profile;
	VAEntrypoint entrypoint;
	unsigned rt_format, rate_control, packed_headers;
};

struct emu_surface {
	struct emu_object object;
	uint32_t fourcc;
	int width, height, pitch;
	uint8_t *plane[2]; /* NV12: Y, UV; else plane[0] alone */
	size_t bytes;

	bool written;	     /* by anyone */
	bool drawn;	     /* written by the GPU last, not by the CPU */
	bool unsynced;	     /* drawn, and nobody waited for it */
	const void *open_in; /* the picture that has it as its target */
	bool decoded;	     /* holds a decoded picture of these order counts */
	int32_t top_poc, bottom_poc;
	VAContextID reconstructed_by; /* the encoder whose reconstruction it is; 0: none */
	unsigned mapped;	      /* derived images that are mapped */
	unsigned pending;	      /* pictures in work that use it */
	VAStatus error;		      /* of the last picture, for vaSyncSurface */
};

struct emu_buffer {
	struct emu_object object;
	VABufferType type;
	VAContextID context;
	unsigned size, elements, max_elements;
	uint8_t *data;
	bool filled, mapped;
	const void *rendered_in; /* the open picture it was rendered in */
	struct emu_image *image; /* the image whose data it is */
	/* coded buffers */
	VACodedBufferSegment segment;
	bool encoded;
	unsigned pending;
};

struct emu_image {
	struct emu_object object;
	VAImage va;
	struct emu_buffer *buffer;
	struct emu_surface *surface; /* derived from; NULL: own data */
	bool filled;		     /* by vaGetImage or mapping */
	uint64_t hash;		     /* of a derived image when it was mapped */
};

struct emu_codec;

struct emu_context {
	struct emu_object object;
	struct emu_config config; /* a copy */
	int width, height;
	VASurfaceID *targets;
	int target_count;
	struct emu_picture *open;
	bool begin_failed;  /* libavcodec ends a picture that it could not begin */
	bool buffer_failed; /* a vaCreateBuffer since the last picture ended */
	unsigned pending;
	const struct emu_codec *codec;
	void *state; /* the codec's */
};

/** A codec of one entry point and profile. */
struct emu_codec {
	/** @return the state, or NULL: no memory */
	void *(*open)(struct emu_context *context);
	void (*close)(void *state);
	/** vaRenderPicture, lock held; may be NULL. */
	void (*rendered)(struct emu_display *display, struct emu_picture *picture,
			 struct emu_buffer *buffer);
	/** vaEndPicture, lock held: check, keep what the work needs in picture->work. */
	VAStatus (*prepare)(struct emu_display *display, struct emu_picture *picture);
	/** On the worker thread, lock not held. */
	void (*execute)(struct emu_picture *picture);
	/** Lock held: publish and count. */
	void (*finish)(struct emu_device *device, struct emu_picture *picture);
	/** Free picture->work; also of a picture that was never executed. */
	void (*dispose)(void *work);
};

extern const struct emu_codec emu_decode_h264, emu_decode_vp9, emu_vpp, emu_encode_h264;

/** One vaBeginPicture to vaEndPicture, then the work that it makes. */
struct emu_picture {
	struct emu_picture *next;
	struct emu_device *device;
	struct emu_context *context;
	struct emu_surface *target;
	struct emu_buffer **buffers;
	unsigned count, layers;
	bool broken; /* a vaRenderPicture failed */
	struct emu_surface *uses[EMU_MAX_USES];
	unsigned use_count;
	struct emu_buffer *coded;
	void *work;	 /* the codec's */
	VAStatus result; /* set by execute */
	bool done;
	bool waited; /* vaEndPicture frees it, not the worker */
};

/** Print the violation and abort. */
void emu_violation(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/** A violation unless @p condition. */
#define emu_check(condition, ...)                   \
	do {                                        \
		if (!(condition))                   \
			emu_violation(__VA_ARGS__); \
	} while (0)

/* memory: a test that has none left ends */
void *emu_zalloc(size_t bytes);
void *emu_copy(const void *data, size_t bytes);

/* device.c, personality.c, fault.c */
/** @return NULL: the descriptor is closed */
struct emu_device *emu_device_open(int fd);
void emu_device_close(struct emu_device *device);
void emu_personality_read(struct emu_device *device, int fd);
int emu_fault_arm(struct emu_device *device, const char *op, unsigned n, VAStatus status);
VAStatus emu_fault_status(const char *text);

static inline struct emu_display *emu_display_of(VADriverContextP va)
{
	return va->pDriverData;
}
static inline void emu_lock(struct emu_display *display)
{
	pthread_mutex_lock(&display->device->lock);
}
static inline void emu_unlock(struct emu_display *display)
{
	pthread_mutex_unlock(&display->device->lock);
}
/** Count the call of @p op and give the error that it shall have. Lock held. */
VAStatus emu_gate(struct emu_display *display, const char *op);
bool emu_lost(const struct emu_device *device);
/** Lock, and gate. On an error the lock is not held. */
VAStatus emu_enter(VADriverContextP va, const char *op, struct emu_display **displayp);

/* objects.c; lock held */
void *emu_object_new(struct emu_display *display, enum emu_kind kind, size_t bytes);
/** The object with this id; none is a violation of @p call. */
void *emu_object_get(struct emu_display *display, enum emu_kind kind, VAGenericID id,
		     const char *call);
/** As emu_object_get, but NULL if there is none. */
void *emu_object_find(struct emu_display *display, enum emu_kind kind, VAGenericID id);
/** Take the id away and drop its reference. */
void emu_object_retire(struct emu_display *display, void *object);
void emu_object_unref(void *object);
unsigned emu_objects_live(const struct emu_display *display, enum emu_kind kind);
void emu_objects_free(struct emu_display *display);

/* surface.c */
/** What a call that reads @p surface on the CPU or GPU must find. */
void emu_surface_check_readable(const struct emu_surface *surface, const char *what);
/** Wait until no work uses it. */
void emu_surface_wait(struct emu_device *device, struct emu_surface *surface);
void emu_surface_free(struct emu_surface *surface);
/** What kind of surface it is: VA_RT_FORMAT_*; 0: no such format. */
unsigned emu_fourcc_rt_format(uint32_t fourcc);
/** Offsets of blue, green, red, alpha in a pixel. @return false: no RGB format */
bool emu_fourcc_offsets(uint32_t fourcc, unsigned offsets[4]);

/* buffer.c */
void emu_buffer_free(struct emu_buffer *buffer);
const char *emu_buffer_type_name(VABufferType type);
struct emu_buffer *emu_buffer_new(struct emu_display *display, VABufferType type, unsigned size,
				  unsigned elements);

/* image.c */
void emu_image_free(struct emu_image *image);
void emu_image_mapped(struct emu_display *display, struct emu_image *image);
void emu_image_unmapped(struct emu_display *display, struct emu_image *image);

/* context.c */
void emu_context_free(struct emu_context *context);

/* picture.c */
/** Mark a surface as used by the picture until it is done. */
void emu_picture_use(struct emu_picture *picture, struct emu_surface *surface);
/** The only buffer of that type, or NULL; two are a violation. */
struct emu_buffer *emu_picture_one(struct emu_picture *picture, VABufferType type);
void emu_picture_release(struct emu_picture *picture);

/* worker.c; lock held */
void emu_worker_start(struct emu_device *device);
/** Run what is queued, and end. Releases the lock meanwhile. */
void emu_worker_stop(struct emu_device *device);
void emu_worker_submit(struct emu_device *device, struct emu_picture *picture);
/** Wait until *pending is 0. */
void emu_worker_wait(struct emu_device *device, const unsigned *pending);

/* the tables of entry points */
void emu_config_init(struct VADriverVTable *table);
void emu_context_init(struct VADriverVTable *table);
void emu_surface_init(struct VADriverVTable *table);
void emu_buffer_init(struct VADriverVTable *table);
void emu_image_init(struct VADriverVTable *table);
void emu_picture_init(struct VADriverVTable *table);
void emu_vpp_caps_init(struct VADriverVTableVPP *table);

#endif
