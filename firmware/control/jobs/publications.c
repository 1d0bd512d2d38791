/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/publications.c - names of what users send, see publications.h.
 */
#include "firmware/control/jobs/publications.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/control/cloud/stream_name.h"

void tess_publication_stream(char stream[32], int64_t publisher)
{
	snprintf(stream, 32, "user-%lld", (long long)publisher);
}

/* As tess_publication_name(); @retval 1 the name is taken: it is not live */
static int name(struct tess_control *control, struct tess_publisher *publisher,
		const struct tess_application *application)
{
	bool given = *publisher->stream_id;
	int rc = 0;

	if (given)
		(void)stpcpy(publisher->stream_name, publisher->stream_id);
	else
		rc = tess_stream_name(publisher->stream_name, application->name_rule,
				      &publisher->room, publisher->user, publisher->stream_type,
				      application->biz_id);
	publisher->live = given || application->live_all;
	if (rc || !publisher->live)
		return rc;
	rc = tess_store_stream_name_taken(control->store, publisher);
	if (rc)
		publisher->live = false;
	return rc;
}

int tess_publication_name(struct tess_control *control, struct tess_publisher *publisher,
			  const struct tess_application *application)
{
	int rc = name(control, publisher, application);

	return rc > 0 ? -EADDRINUSE : rc;
}

/* Those of an application: a list must not change below its callback. */
struct publications {
	uint32_t application;
	struct tess_publisher *rows;
	size_t count;
};

static int collect(void *arg, const struct tess_publisher *row)
{
	struct publications *all = arg;
	struct tess_publisher *rows;

	if (row->room.sdk_app_id != all->application)
		return 0;
	rows = realloc(all->rows, (all->count + 1) * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	all->rows = rows;
	all->rows[all->count++] = *row;
	return 0;
}

static int set(struct tess_control *control, const struct tess_application *application,
	       struct publications *all)
{
	int rc = tess_store_application_set(control->store, application);

	if (!rc)
		rc = tess_store_publishers(control->store, NULL, collect, all);
	/* first all give up the names that come from the rule: who comes later may have had one
	 * that is another's now */
	for (size_t i = 0; !rc && i < all->count; i++) {
		if (*all->rows[i].stream_id)
			continue;
		all->rows[i].live = false;
		rc = tess_store_publisher_name(control->store, &all->rows[i]);
	}
	for (size_t i = 0; !rc && i < all->count; i++) {
		if (*all->rows[i].stream_id)
			continue;
		rc = name(control, &all->rows[i], application);
		if (rc >= 0)
			rc = tess_store_publisher_name(control->store, &all->rows[i]);
	}
	return rc;
}

int tess_publications_set(struct tess_control *control, const struct tess_application *application)
{
	struct publications all = {.application = application->id};
	int rc = tess_store_begin(control->store);

	if (rc)
		return rc;
	rc = tess_store_finish(control->store, set(control, application, &all));
	free(all.rows);
	return rc;
}
