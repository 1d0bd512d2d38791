/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/violations_vp9.c - VP9 pictures whose buffers are wrong. Their data are
 * no stream: what is checked does not depend on it.
 */
#include "tests/emulated/va/tests/rig.h"
#include "tests/emulated/va/tests/violation.h"

#define SIDE  64
#define BYTES 100

struct picture {
	VASurfaceID target, other;
	VADecPictureParameterBufferVP9 parameters;
	VASliceParameterBufferVP9 slice;
	bool no_data;
};

typedef void spoil_fn(struct picture *picture);

struct spoil {
	spoil_fn *spoil;
};

static void run(const void *argument)
{
	const struct spoil *spoil = argument;
	const uint8_t data[BYTES] = {0};
	struct rig rig;
	VABufferID ids[3];
	rig_open(&rig, "vp9=yes\n");
	rig_remove(&rig);
	struct picture picture = {
		.target = rig_surface(&rig, VA_FOURCC_NV12, SIDE, SIDE),
		.other = rig_surface(&rig, VA_FOURCC_NV12, SIDE, SIDE),
		.parameters = {.frame_width = SIDE,
			       .frame_height = SIDE,
			       .bit_depth = 8,
			       .frame_header_length_in_bytes = 10,
			       .first_partition_size = 20},
		.slice = {.slice_data_size = BYTES},
	};
	struct rig_context context = rig_context(&rig, VAProfileVP9Profile0, VAEntrypointVLD, NULL,
						 0, SIDE, SIDE, NULL, 0);
	if (spoil->spoil)
		spoil->spoil(&picture);
	ids[0] = rig_buffer(&rig, context.id, VAPictureParameterBufferType, &picture.parameters,
			    sizeof(picture.parameters));
	ids[1] = rig_buffer(&rig, context.id, VASliceParameterBufferType, &picture.slice,
			    sizeof(picture.slice));
	ids[2] = rig_buffer(&rig, context.id, VASliceDataBufferType, data, sizeof(data));
	VA_OK(vaBeginPicture(rig.display, context.id, picture.target));
	VA_OK(vaRenderPicture(rig.display, context.id, ids, picture.no_data ? 2 : 3));
	VA_OK(vaEndPicture(rig.display, context.id));
	MUST(vaSyncSurface(rig.display, picture.target) == VA_STATUS_ERROR_DECODING_ERROR);
	for (int i = 0; i < 3; i++)
		VA_OK(vaDestroyBuffer(rig.display, ids[i]));
	rig_destroy_context(&rig, &context);
	rig_destroy_surface(&rig, picture.target);
	rig_destroy_surface(&rig, picture.other);
	rig_close(&rig);
}

static void references(struct picture *picture, VASurfaceID id)
{
	picture->parameters.pic_fields.bits.frame_type = 1;
	for (int i = 0; i < 8; i++)
		picture->parameters.reference_frames[i] = id;
}

static void no_data(struct picture *picture)
{
	picture->no_data = true;
}

static void large(struct picture *picture)
{
	picture->parameters.frame_width++;
}

static void ten_bits(struct picture *picture)
{
	picture->parameters.bit_depth = 10;
}

static void beyond_buffer(struct picture *picture)
{
	picture->slice.slice_data_size++;
}

static void long_headers(struct picture *picture)
{
	picture->parameters.first_partition_size = BYTES;
}

static void own_reference(struct picture *picture)
{
	references(picture, picture->target);
}

static void undecoded_reference(struct picture *picture)
{
	references(picture, picture->other);
}

static void stale_reference(struct picture *picture)
{
	references(picture, VA_INVALID_SURFACE);
}

#define BAD(function, message)                                            \
	{                                                                 \
#function, run, &(const struct spoil){function }, message \
	}

static const struct violation violations[] = {
	{"nothing_wrong", run, &(const struct spoil){NULL}, NULL},
	BAD(no_data, "a picture without parameters or data"),
	BAD(large, "a picture of 65x64 in a surface of 64x64"),
	BAD(ten_bits, "not VP9 profile 0"),
	BAD(beyond_buffer, "a slice of 101 bytes at 0 in a buffer of 100"),
	BAD(long_headers, "headers of 10 + 100 bytes in a slice of 100"),
	BAD(own_reference, "is a reference of itself"),
	BAD(undecoded_reference, "holds no decoded picture"),
	BAD(stale_reference, "reference: no such surface"),
};

int main(void)
{
	return violations_run("vp9", violations, sizeof(violations) / sizeof(violations[0]));
}
