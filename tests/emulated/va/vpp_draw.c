/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/vpp_draw.c - the arithmetic of a pass; emu_va.h has the formulas.
 */
#include <libyuv.h>
#include <stdlib.h>

#include "tests/emulated/va/vpp.h"

struct yuv {
	int y, u, v;
};

static struct yuv yuv_of_rgb(int r, int g, int b)
{
	return (struct yuv){
		.y = (16829 * r + 33039 * g + 6416 * b + (16 << 16) + 32768) >> 16,
		.u = (-9714 * r - 19071 * g + 28785 * b + (128 << 16) + 32768) >> 16,
		.v = (28785 * r - 24104 * g - 4681 * b + (128 << 16) + 32768) >> 16,
	};
}

static void fill(const struct emu_surface *target, uint32_t argb)
{
	struct yuv colour = yuv_of_rgb(argb >> 16 & 255, argb >> 8 & 255, argb & 255);
	for (int y = 0; y < target->height; y++)
		for (int x = 0; x < target->width; x++)
			target->plane[0][(ptrdiff_t)y * target->pitch + x] = (uint8_t)colour.y;
	for (int y = 0; y < (target->height + 1) / 2; y++)
		for (int x = 0; x < (target->width + 1) / 2; x++) {
			uint8_t *uv = target->plane[1] + (ptrdiff_t)y * target->pitch + 2 * x;
			uv[0] = (uint8_t)colour.u;
			uv[1] = (uint8_t)colour.v;
		}
}

static void compress(uint8_t *plane, int pitch, int width, int height, unsigned span, unsigned low)
{
	unsigned scale = (span * 65536 + 127) / 255;
	for (int row = 0; row < height; row++, plane += pitch)
		for (int x = 0; x < width; x++)
			plane[x] = (uint8_t)(low + ((plane[x] * scale + 32768) >> 16));
}

static uint8_t *at(const struct emu_surface *surface, unsigned plane, const VARectangle *region)
{
	return surface->plane[plane] + (ptrdiff_t)(region->y >> plane) * surface->pitch + region->x;
}

static void draw_video(const struct emu_surface *target, const struct emu_layer *layer)
{
	const struct emu_surface *source = layer->source;
	const VARectangle *from = &layer->from, *to = &layer->to;
	int from_width = from->width / 2, from_height = from->height / 2;
	int to_width = to->width / 2, to_height = to->height / 2;
	size_t from_bytes = (size_t)from_width * (size_t)from_height;
	size_t to_bytes = (size_t)to_width * (size_t)to_height;
	uint8_t *chroma = emu_zalloc(2 * from_bytes + 2 * to_bytes);
	uint8_t *u = chroma, *v = u + from_bytes, *to_u = v + from_bytes, *to_v = to_u + to_bytes;
	SplitUVPlane(at(source, 1, from), source->pitch, u, from_width, v, from_width, from_width,
		     from_height);
	if (I420Scale(at(source, 0, from), source->pitch, u, from_width, v, from_width, from->width,
		      from->height, at(target, 0, to), target->pitch, to_u, to_width, to_v,
		      to_width, to->width, to->height, kFilterBilinear) != 0)
		abort();
	if (layer->compress) {
		compress(at(target, 0, to), target->pitch, to->width, to->height, 219, 16);
		compress(to_u, to_width, to_width, to_height, 224, 16);
		compress(to_v, to_width, to_width, to_height, 224, 16);
	}
	MergeUVPlane(to_u, to_width, to_v, to_width, at(target, 1, to), target->pitch, to_width,
		     to_height);
	free(chroma);
}

static void blend(uint8_t *under, int over, int alpha)
{
	*under = (uint8_t)((*under * (255 - alpha) + over * alpha + 127) / 255);
}

static void draw_rgb(const struct emu_surface *target, const struct emu_layer *layer)
{
	const struct emu_surface *source = layer->source;
	unsigned offsets[4];
	emu_fourcc_offsets(source->fourcc, offsets);
	for (int y = 0; y < layer->to.height; y += 2)
		for (int x = 0; x < layer->to.width; x += 2) {
			int sum[4] = {0};
			for (int i = 0; i < 4; i++) {
				int px = x + (i & 1), py = y + (i >> 1);
				const uint8_t *pixel =
					source->plane[0] +
					(ptrdiff_t)(layer->from.y + py) * source->pitch +
					4 * (ptrdiff_t)(layer->from.x + px);
				int c[4];
				for (int j = 0; j < 4; j++)
					sum[j] += c[j] = pixel[offsets[j]];
				blend(at(target, 0, &layer->to) + (ptrdiff_t)py * target->pitch +
					      px,
				      yuv_of_rgb(c[2], c[1], c[0]).y, c[3]);
			}
			for (int j = 0; j < 4; j++)
				sum[j] = (sum[j] + 2) >> 2;
			struct yuv colour = yuv_of_rgb(sum[2], sum[1], sum[0]);
			uint8_t *uv =
				at(target, 1, &layer->to) + (ptrdiff_t)(y / 2) * target->pitch + x;
			blend(&uv[0], colour.u, sum[3]);
			blend(&uv[1], colour.v, sum[3]);
		}
}

void emu_vpp_draw(const struct emu_surface *target, const struct emu_vpp_work *work)
{
	if (work->background >> 24)
		fill(target, work->background);
	for (unsigned i = 0; i < work->count; i++) {
		const struct emu_layer *layer = &work->layers[i];
		if (layer->source->fourcc == VA_FOURCC_NV12)
			draw_video(target, layer);
		else
			draw_rgb(target, layer);
	}
}
