/* SPDX-License-Identifier: GPL-3.0-or-later
 * Orders of recordings.
 */
#include "firmware/egress/record_order.h"

#include <stdio.h>
#include <string.h>

#include "firmware/egress/record_output.h"

#define MAX_SPLIT_MINUTES 120
#define MAX_RESUME_S	  1800

const char *tess_record_order_read(struct tess_record_meta *order, const json_t *json)
{
	int split_minutes = 0, resume_s = -1;
	const char *stream, *prefix, *format = "";
	const json_t *formats = NULL;
	json_int_t id, app;

	*order = (struct tess_record_meta){.part = 1};
	if (json_unpack((json_t *)json, "{s:I, s:I, s:s, s:s}", "id", &id, "app", &app, "stream",
			&stream, "prefix", &prefix))
		return "a member is missing or of a wrong type";
	order->id = id;
	order->app = app;
	(void)snprintf(order->stream, sizeof(order->stream), "%s", stream);
	(void)snprintf(order->prefix, sizeof(order->prefix), "%s", prefix);
	if (app < 0 || !tess_record_prefix_is_good(prefix) ||
	    strlen(stream) >= TESS_RECORD_STREAM_SIZE)
		return "app, prefix or stream cannot be used";
	if (json_unpack((json_t *)json, "{s?o, s?s, s?i, s?i}", "formats", &formats, "format",
			&format, "split_minutes", &split_minutes, "resume_timeout_s", &resume_s))
		return "a member is of a wrong type";
	order->formats =
		formats ? tess_record_formats_parse(formats) : tess_record_format_bit(format);
	if (!order->formats)
		return "there is no such format";
	if (split_minutes < 0 || split_minutes > MAX_SPLIT_MINUTES || resume_s < -1 ||
	    resume_s > MAX_RESUME_S)
		return "split_minutes or resume_timeout_s is out of range";
	order->split_us = split_minutes * INT64_C(60000000);
	order->resume_us = resume_s < 0 ? -1 : resume_s * INT64_C(1000000);
	return NULL;
}
