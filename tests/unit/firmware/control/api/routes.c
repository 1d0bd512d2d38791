/* SPDX-License-Identifier: GPL-3.0-or-later
 * Every route is in docs/openapi.yaml, and every operation there is a route; what it says of logins
 * is true.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "firmware/control/api/router.h"
#include "fixture.h"

struct operation {
	char method[8], path[128];
	bool open; /* "security: []" */
};

static struct operation operations[128];
static size_t operation_count;

/* The document is ours: paths are at 2 blanks, their operations at 4, their members at 6. */
static int read_document(void **state)
{
	FILE *file = fopen(OPENAPI, "re");
	char line[512], path[128] = "", name[64];
	bool in_paths = false;

	(void)state;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (line[0] != ' ' && line[0] != '#')
			in_paths = !strncmp(line, "paths:", 6);
		if (!in_paths)
			continue;
		if (!strncmp(line, "  /", 3)) {
			assert_int_equal(sscanf(line, "  %127[^: ]:", path), 1);
			continue;
		}
		if (!strncmp(line, "    ", 4) && line[4] != ' ' &&
		    sscanf(line, "    %63[a-z]:", name) == 1 && strcmp(name, "parameters") != 0) {
			struct operation *operation = &operations[operation_count++];

			assert_true(operation_count < 128);
			assert_true(strlen(name) < sizeof(operation->method));
			for (size_t i = 0; name[i]; i++)
				operation->method[i] = (char)(name[i] - 'a' + 'A');
			(void)stpcpy(operation->path, path);
		}
		if (!strcmp(line, "      security: []\n"))
			operations[operation_count - 1].open = true;
	}
	return fclose(file);
}

static const struct operation *find(const struct tess_route *route)
{
	for (size_t i = 0; i < operation_count; i++)
		if (!strcmp(operations[i].method, route->method) &&
		    !strcmp(operations[i].path, route->path))
			return &operations[i];
	return NULL;
}

static void test_same(void **state)
{
	const struct operation *operation;
	const struct tess_route *routes;
	size_t count;

	(void)state;
	routes = tess_routes(&count);
	assert_true(count > 30);
	for (size_t i = 0; i < count; i++) {
		operation = find(&routes[i]);
		if (!operation)
			fail_msg("not in the document: %s %s", routes[i].method, routes[i].path);
		assert_int_equal(operation->open, routes[i].access == TESS_ACCESS_OPEN);
	}
	/* none is there twice, and as many on both sides: so they are the same */
	for (size_t i = 0; i < operation_count; i++) {
		size_t found = 0;

		for (size_t j = 0; j < count; j++)
			found += !strcmp(routes[j].method, operations[i].method) &&
				 !strcmp(routes[j].path, operations[i].path);
		if (found != 1)
			fail_msg("%zu routes for %s %s", found, operations[i].method,
				 operations[i].path);
	}
	assert_int_equal(count, operation_count);
}

/* Nothing answers a stranger but the open ones. */
static void test_closed(void **state)
{
	const struct tess_route *routes;
	struct fixture f;
	size_t count;

	(void)state;
	fixture_open(&f);
	fixture_header(&f, "Content-Type", "application/json");
	routes = tess_routes(&count);
	for (size_t i = 0; i < count; i++)
		if (routes[i].access != TESS_ACCESS_OPEN)
			fixture_refused(&f, routes[i].method, routes[i].path, NULL, 401,
					"unauthorized", "");
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_closed),
	};

	return cmocka_run_group_tests(tests, read_document, NULL);
}
