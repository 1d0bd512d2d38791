/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/usage.c - see usage.h.
 */
#include "firmware/control/jobs/usage.h"

static int64_t number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* By area, so that a picture on its side is as large as one upright. */
enum tess_tier tess_usage_tier(int64_t width, int64_t height)
{
	if (width <= 0 || height <= 0)
		return TESS_TIER_AUDIO;
	if (width * height <= 640 * 480)
		return TESS_TIER_SD;
	return width * height <= 1280 * 720 ? TESS_TIER_HD : TESS_TIER_FHD;
}

/* A camera that was turned off has the size of before. */
static enum tess_tier tier_of(const json_t *fact)
{
	if (json_is_false(json_object_get(fact, "picture")))
		return TESS_TIER_AUDIO;
	return tess_usage_tier(number(fact, "width"), number(fact, "height"));
}

int tess_usage_take(struct tess_control *control, const struct tess_recording *recording,
		    const json_t *fact)
{
	int64_t recorded_us = number(fact, "duration_us"), now_us = tess_control_utc_us(control);
	int64_t between_us =
		number(fact, "end_utc_us") - number(fact, "start_utc_us") - recorded_us;
	int64_t missing_us = 0;
	const json_t *gap;
	size_t i;

	json_array_foreach(json_object_get(fact, "gaps"), i, gap)
	{
		if (number(gap, "length_us") > 0)
			missing_us += number(gap, "length_us");
	}
	/* what is missing between parts is no part of their length */
	if (between_us > 0)
		missing_us -= between_us;
	if (missing_us > 0)
		recorded_us -= missing_us;
	if (recorded_us <= recording->metered_us)
		return 0;
	return tess_store_usage_add(control->store, recording, now_us - now_us % TESS_USAGE_SLOT_US,
				    tier_of(fact), recorded_us - recording->metered_us);
}
