/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/publisher_input.c - a publisher that comes by egress: what the input gives out
 * goes the way of what RTP tracks do.
 */
#include <errno.h>

#include "firmware/media/publisher_internal.h"

/* What is not desired (control has not been told of it yet) is left out. */
static void on_input_picture(void *arg, const struct tess_rtp_au *au)
{
	struct tess_publisher *publisher = arg;

	if (!publisher->video.desired.present)
		return;
	tess_receiver_count(&publisher->video, au->length, publisher->now_us);
	tess_publisher_picture(publisher, au);
}

static void on_input_sound(void *arg, const struct tess_rtp_au *au)
{
	struct tess_publisher *publisher = arg;

	if (!publisher->audio.desired.present)
		return;
	tess_receiver_count(&publisher->audio, au->length, publisher->now_us);
	tess_publisher_sound(publisher, au);
}

void tess_publisher_open_audio(struct tess_publisher *publisher)
{
	const struct tess_audio_driver *audio = publisher->context->audio;
	int error;

	if (publisher->input)
		error = tess_input_open_decoder(publisher->input, audio, &publisher->audio_decoder);
	else
		error = audio->decoder_open(&publisher->audio_decoder,
					    publisher->desired.audio.codec);
	if (error)
		publisher->audio_decoder = NULL;
	/* that it has not begun is no error */
	publisher->error = error == -EAGAIN ? 0 : error;
}

/* Another connection of the user, or another kind of sound. */
static void on_input_begun(void *arg)
{
	struct tess_publisher *publisher = arg;

	publisher->context->audio->decoder_close(publisher->audio_decoder);
	publisher->audio_decoder = NULL;
	if (publisher->sound_wanted)
		tess_publisher_open_audio(publisher);
}

int tess_publisher_open_input(struct tess_publisher *publisher)
{
	static const struct tess_input_handlers handlers = {
		.picture = on_input_picture,
		.sound = on_input_sound,
		.begun = on_input_begun,
	};

	if (!publisher->desired.input || !publisher->context->inputs)
		return 0;
	return tess_input_alloc(&publisher->input, publisher->context->inputs,
				publisher->desired.id, &handlers, publisher);
}
