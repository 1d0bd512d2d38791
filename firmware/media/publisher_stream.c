/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/publisher_stream.c - what a publisher sends as a stream of its own.
 */
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/media/publisher_internal.h"

void tess_publisher_set_stream(struct tess_publisher *publisher)
{
	bool wanted = publisher->desired.stream[0];
	bool video = publisher->desired.video.present, audio = publisher->desired.audio.present;
	int error;

	if (publisher->publication && wanted && publisher->publication_video == video &&
	    publisher->publication_audio == audio)
		return;
	tess_publication_close(publisher->publication);
	publisher->publication = NULL;
	if (!wanted || !(video || audio))
		return;
	error = tess_publication_open(&publisher->publication, publisher->context, video, audio,
				      &publisher->video.counters);
	if (error) {
		publisher->publication = NULL;
		TESS_ERROR("publication.open_failed", "publisher=%lld error=\"%s\"",
			   (long long)publisher->desired.id, strerrordesc_np(-error));
		return;
	}
	publisher->publication_video = video;
	publisher->publication_audio = audio;
	if (video)
		tess_receiver_want_key(&publisher->video);
}

void tess_publisher_end_stream(struct tess_publisher *publisher)
{
	tess_publication_close(publisher->publication);
	publisher->publication = NULL;
	publisher->stream_epoch = 0;
}

bool tess_publisher_stream_news(struct tess_publisher *publisher, uint64_t *epoch, int *memfd,
				int *eventfd)
{
	if (!publisher->publication ||
	    !tess_publication_news(publisher->publication, epoch, memfd, eventfd))
		return false;
	publisher->stream_epoch = *epoch;
	return true;
}

uint64_t tess_publisher_stream_epoch(const struct tess_publisher *publisher)
{
	return publisher->stream_epoch;
}
