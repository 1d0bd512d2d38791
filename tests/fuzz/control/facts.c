/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any facts from media and egress: taken, imported, shown and sent on.
 *
 * The bytes are not JSON (the link's own target is for that) but say how to build it: a kind, then
 * its value; names and texts come from a list of those that mean something.
 */
#include <stdlib.h>

#include "box.h"
#include "firmware/control/jobs/desired.h"
#include "firmware/control/jobs/import.h"
#include "firmware/control/jobs/rooms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All that shows facts, or decides by them. */
static void show(struct tess_control *control)
{
	static const char start[] = "{\"stream_id\":\"other\"}";
	static const char *const targets[] = {
		"/api/v1/rooms",      "/api/v1/mixes",	"/api/v1/streams", "/api/v1/jobs",
		"/api/v1/recordings", "/api/v1/health", "/metrics",
	};

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		box_request(control, "GET", targets[i], "", 0, true);
	box_request(control, "POST", "/api/v1/applications/1400000001/rooms/101/mix", start,
		    sizeof(start) - 1, true);
}

static void take(struct tess_control *control, json_t *message)
{
	struct tess_import import;
	json_t *desired;

	if (tess_import_init(&import))
		abort();
	for (int process = TESS_PROCESS_MEDIA; process <= TESS_PROCESS_EGRESS; process++) {
		tess_facts_up(control->facts, process, 1);
		if (tess_facts_take(control->facts, process, message, 1))
			abort();
	}
	if (tess_import_records(&import, control, message) < 0)
		abort();
	show(control);
	tess_rooms_leave_idle(control);
	if (tess_desired_media(&desired, control, 1))
		abort();
	json_decref(desired);
	if (tess_desired_egress(&desired, control, 1, import.acknowledged))
		abort();
	json_decref(desired);
	tess_import_fini(&import);
	for (int process = TESS_PROCESS_MEDIA; process <= TESS_PROCESS_EGRESS; process++)
		tess_facts_down(control->facts, process, 1);
}

struct input {
	const uint8_t *at, *end;
	unsigned values;
};

static const char *const WORDS[] = {
	"publishers",  "mixes",	    "records",	      "live",	     "engines",	     "net",
	"counters",    "video",	    "audio",	      "gaps",	     "tiles",	     "id",
	"name",	       "state",	    "error",	      "idle_ms",     "packets",	     "bytes",
	"lost",	       "width",	    "height",	      "bitrate_bps", "jitter_us",    "level",
	"frame_rate",  "frames",    "latency_p95_us", "path",	     "start_utc_us", "end_utc_us",
	"duration_us", "at_us",	    "length_us",      "viewers",     "rx_packets",   "tx_dropped",
	"receiving",   "running",   "recording",      "finished",    "failed",	     "deleted",
	"waiting",     "finishing", "show",	      "soft",	     "rx_",	     "a\"b\\c",
	"engine",      "capacity",  "used",	      "decode",	     "compose",	     "encode",
	"load",	       "max_load",  "shared",	      "ok",	     "lost",	     "price",
	"epoch",       "device",
};

static uint8_t byte(struct input *input)
{
	return input->at < input->end ? *input->at++ : 0;
}

static const char *word(struct input *input)
{
	return WORDS[byte(input) % (sizeof(WORDS) / sizeof(WORDS[0]))];
}

static json_t *value(struct input *input, unsigned depth)
{
	uint8_t kind = byte(input);
	unsigned count = kind >> 4;
	json_t *json;

	if (++input->values > 1000 || depth > 6)
		return json_null();
	switch (kind % 8) {
	case 0:
	case 1: /* small: the ids that are there */
		return json_integer(kind >> 4);
	case 2:
		return json_integer((int64_t)((uint64_t)byte(input) << 56 | byte(input)));
	case 3:
		return json_real((double)(int8_t)byte(input) * 1e30);
	case 4:
		return kind & 0x80 ? json_null() : json_boolean(kind & 0x40);
	case 5:
		return json_string(word(input));
	case 6:
		json = json_array();
		while (count--)
			json_array_append_new(json, value(input, depth + 1));
		return json;
	default:
		json = json_object();
		while (count--) {
			const char *name = word(input);

			json_object_set_new(json, name, value(input, depth + 1));
		}
		return json;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, data + size, 0};
	json_t *message = value(&input, 0);
	struct tess_control *control;

	if (json_is_object(message)) {
		control = box_begin();
		take(control, message);
		box_end(control);
	}
	json_decref(message);
	return 0;
}
