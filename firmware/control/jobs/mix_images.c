/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/mix_images.c - see mix_images.h.
 */
#include "firmware/control/jobs/mix_images.h"

#include <stdio.h>

/* @p named is the object with "id" or "url" in it. */
static int visit(const json_t *named, struct tess_mix_image_at image,
		 int (*each)(void *arg, const struct tess_mix_image_at *image), void *arg)
{
	image.id = json_integer_value(json_object_get(named, "id"));
	image.url = json_string_value(json_object_get(named, "url"));
	return image.id || image.url ? each(arg, &image) : 0;
}

int tess_mix_images(const json_t *mix,
		    int (*each)(void *arg, const struct tess_mix_image_at *image), void *arg)
{
	json_t *video = json_object_get(mix, "video"), *layout = json_object_get(mix, "layout");
	json_t *mark = json_object_get(layout, "water_mark"), *preset;
	size_t i;
	int rc;

	rc = visit(json_object_get(video, "background_image"),
		   (struct tess_mix_image_at){.field = "video.background_image",
					      .object = video,
					      .member = "background_image"},
		   each, arg);
	if (!rc)
		rc = visit(mark,
			   (struct tess_mix_image_at){
				   .field = "layout.water_mark", .object = mark, .member = "image"},
			   each, arg);
	json_array_foreach(json_object_get(layout, "presets"), i, preset)
	{
		const json_t *named = json_object_get(preset, "image");
		char field[40];
		const struct tess_mix_image_at image = {
			.id = json_integer_value(named),
			.url = json_string_value(named),
			.field = field,
			.object = preset,
			.member = "image",
		};

		(void)snprintf(field, sizeof(field), "layout.presets.%u.image", (unsigned)i);
		if (!rc && (image.id || image.url))
			rc = each(arg, &image);
	}
	return rc;
}
