/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/publications.h - what users send as live streams of their own: their names.
 *
 * What a user sends is a live stream if its name was given at entry, or the application's switch
 * is on; then nobody else has the name.
 */
#ifndef TESS_CONTROL_JOBS_PUBLICATIONS_H
#define TESS_CONTROL_JOBS_PUBLICATIONS_H

#include "firmware/control/control.h"

/** The key of its stream on the links, "user-ID". */
void tess_publication_stream(char stream[32], int64_t publisher);
/**
 * Fill stream_name and live of one who enters, by @p application.
 * @retval 0, -EADDRINUSE the name is that of another live stream, or an error of the store
 */
int tess_publication_name(struct tess_control *control, struct tess_publisher *publisher,
			  const struct tess_application *application) TESS_MUST_CHECK;
/**
 * Keep an application with its changed settings; all that is sent has them at once. What would have
 * the name of another live stream is none then. One transaction.
 * @retval 0, -ENOENT, or an error of the store
 */
int tess_publications_set(struct tess_control *control,
			  const struct tess_application *application) TESS_MUST_CHECK;

#endif
