/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/streams.c - hands the rings of streams to egress and takes those of publishers.
 */
#include "firmware/media/streams.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/link/link.h"

/* Egress, and whoever looks on; more are sent away. */
#define MAX_LINKS 8

struct tess_streams {
	struct tess_link_server *server;
	struct tess_link *links[MAX_LINKS];
	unsigned link_count;
	struct tess_stream_event *streams; /* those there are */
	struct tess_inputs *inputs;
	struct tess_link *offering; /* whose the inputs are */
};

static void send_event(struct tess_link *link, const struct tess_stream_event *event)
{
	const int fds[2] = {event->memfd, event->eventfd};
	bool begun = event->memfd >= 0;
	json_t *message = json_pack("{s:s,s:s,s:I}", "type", begun ? "stream" : "stream_end",
				    "stream", event->stream, "epoch", (json_int_t)event->epoch);
	int error = message ? tess_link_send(link, message, fds, begun ? 2 : 0) : -ENOMEM;

	/* a link that broke is told all when it is up again */
	if (error && error != -ENOTCONN)
		TESS_WARN("streams.not_sent", "stream=%s error=%s", event->stream,
			  strerrordesc_np(-error));
	json_decref(message);
}

static void on_up(void *arg, struct tess_link *link)
{
	struct tess_streams *streams = arg;

	if (streams->link_count == MAX_LINKS) {
		TESS_WARN("streams.refused", "reason=too_many_links limit=%d", MAX_LINKS);
		return;
	}
	streams->links[streams->link_count++] = link;
	for (struct tess_stream_event *stream = streams->streams; stream; stream = stream->next)
		send_event(link, stream);
}

static void take_input(struct tess_streams *streams, struct tess_link *link, int64_t publisher,
		       uint64_t epoch, int memfd)
{
	int rc;

	/* a second egress: the newer is the one that lives */
	if (streams->offering != link)
		tess_inputs_clear(streams->inputs);
	streams->offering = link;
	rc = tess_inputs_offer(streams->inputs, publisher, epoch, memfd);
	if (rc)
		TESS_WARN("streams.input_refused", "publisher=%lld error=%s", (long long)publisher,
			  strerrordesc_np(-rc));
}

static void on_message(void *arg, struct tess_link *link, json_t *message, int *fds,
		       unsigned fd_count)
{
	struct tess_streams *streams = arg;
	const char *type = json_string_value(json_object_get(message, "type"));
	json_int_t publisher = json_integer_value(json_object_get(message, "publisher"));
	json_int_t epoch = json_integer_value(json_object_get(message, "epoch"));

	if (type && !strcmp(type, "input") && publisher > 0 && epoch > 0 && fd_count == 1) {
		take_input(streams, link, publisher, (uint64_t)epoch, fds[0]);
		return;
	}
	for (unsigned i = 0; i < fd_count; i++)
		(void)close(fds[i]);
	if (type && !strcmp(type, "input_end") && publisher > 0 && epoch > 0)
		tess_inputs_end(streams->inputs, publisher, (uint64_t)epoch);
	else
		TESS_WARN("streams.unknown_message", "type=\"%.32s\"", type ? type : "");
}

static void on_down(void *arg, struct tess_link *link)
{
	struct tess_streams *streams = arg;

	if (streams->offering == link) {
		tess_inputs_clear(streams->inputs);
		streams->offering = NULL;
	}
	for (unsigned i = 0; i < streams->link_count; i++) {
		if (streams->links[i] == link) {
			streams->links[i] = streams->links[--streams->link_count];
			return;
		}
	}
}

int tess_streams_alloc(struct tess_streams **streamsp, struct tess_loop *loop, const char *path,
		       struct tess_inputs *inputs)
{
	static const struct tess_link_handlers handlers = {
		.up = on_up,
		.message = on_message,
		.down = on_down,
	};
	struct tess_streams *streams = calloc(1, sizeof(*streams));
	int error;

	if (!streams)
		return -ENOMEM;
	streams->inputs = inputs;
	error = tess_link_listen(&streams->server, loop, path, &handlers, streams);
	if (error) {
		free(streams);
		return error;
	}
	*streamsp = streams;
	return 0;
}

void tess_streams_free(struct tess_streams *streams)
{
	if (!streams)
		return;
	tess_link_server_free(streams->server);
	while (streams->streams) {
		struct tess_stream_event *stream = streams->streams;

		streams->streams = stream->next;
		tess_stream_event_free(stream);
	}
	free(streams);
}

void tess_streams_handle(struct tess_streams *streams, struct tess_stream_event *event)
{
	struct tess_stream_event **place = &streams->streams;

	while (*place && strcmp((*place)->stream, event->stream) != 0)
		place = &(*place)->next;
	if (*place) {
		struct tess_stream_event *old = *place;

		if (event->epoch < old->epoch) {
			/* the end of a ring that has a successor already */
			tess_stream_event_free(event);
			return;
		}
		*place = old->next;
		tess_stream_event_free(old);
	}
	for (unsigned i = 0; i < streams->link_count; i++)
		send_event(streams->links[i], event);
	if (event->memfd < 0) {
		tess_stream_event_free(event);
		return;
	}
	event->next = streams->streams;
	streams->streams = event;
}
