/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/surface_pool.c - surfaces are used again, whoever gives them back, and know
 * whose they are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/surface_pool.h"

struct own {
	struct tess_pooled_surface pooled;
	int mark;
	char more[100];
};

static atomic_int emptied;

static void on_empty(struct tess_pooled_surface *surface)
{
	av_frame_unref(surface->frame);
	atomic_fetch_add(&emptied, 1);
}

static void open_pool(struct tess_surface_pool *pool)
{
	atomic_store(&emptied, 0);
	assert_int_equal(tess_surface_pool_open(pool, sizeof(struct own), on_empty), 0);
}

static struct own *take(struct tess_surface_pool *pool)
{
	struct own *own = (struct own *)tess_surface_pool_take(pool);

	assert_non_null(own);
	return own;
}

static void used_again_as_if_new(void **state)
{
	struct tess_surface_pool pool;
	uint64_t serial;
	struct own *own;

	(void)state;
	open_pool(&pool);
	own = take(&pool);
	assert_int_equal(tess_surface_pool_live(&pool), 1);
	assert_int_equal(own->pooled.base.sar_num, 1);
	assert_int_equal(own->pooled.base.sar_den, 1);
	serial = own->pooled.base.serial;
	assert_true(serial != 0);
	own->mark = 7;
	memset(own->more, 7, sizeof(own->more));
	own->pooled.base.width = 640;
	own->pooled.base.sar_num = 16;
	own->pooled.base.capture_us = 5;
	own->pooled.frame->format = AV_PIX_FMT_YUV420P;
	own->pooled.frame->width = own->pooled.frame->height = 16;
	assert_int_equal(av_frame_get_buffer(own->pooled.frame, 0), 0);
	(void)tess_surface_ref(&own->pooled.base);
	tess_surface_unref(&own->pooled.base);
	assert_int_equal(atomic_load(&emptied), 0);
	tess_surface_unref(&own->pooled.base);
	assert_int_equal(atomic_load(&emptied), 1);
	assert_int_equal(tess_surface_pool_live(&pool), 0);

	assert_ptr_equal(take(&pool), own);
	assert_int_equal(own->mark, 0);
	assert_int_equal(own->more[99], 0);
	assert_int_equal(own->pooled.base.width, 0);
	assert_int_equal(own->pooled.base.sar_num, 1);
	assert_int_equal(own->pooled.base.capture_us, 0);
	assert_null(own->pooled.frame->buf[0]);
	assert_true(own->pooled.base.serial > serial);
	assert_true(tess_surface_pool_serial(&pool) > own->pooled.base.serial);
	tess_surface_unref(&own->pooled.base);
	tess_surface_pool_close(&pool);
}

static void as_many_as_are_wanted_at_once(void **state)
{
	struct tess_surface_pool pool;
	struct own *owns[20];

	(void)state;
	open_pool(&pool);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 20; i++) {
			owns[i] = take(&pool);
			for (unsigned k = 0; k < i; k++)
				assert_ptr_not_equal(owns[i], owns[k]);
		}
		assert_int_equal(tess_surface_pool_live(&pool), 20);
		for (unsigned i = 0; i < 20; i++)
			tess_surface_unref(&owns[i]->pooled.base);
	}
	assert_int_equal(tess_surface_pool_live(&pool), 0);
	tess_surface_pool_close(&pool);
}

static void destroy_of_another_kind(struct tess_surface *surface)
{
	(void)surface;
}

static void each_knows_its_own(void **state)
{
	struct tess_surface foreign = {.destroy = destroy_of_another_kind};
	struct tess_surface_pool pools[2], never = {0};
	struct own *own;

	(void)state;
	open_pool(&pools[0]);
	open_pool(&pools[1]);
	own = take(&pools[0]);
	assert_ptr_equal(tess_surface_pool_of(&pools[0], &own->pooled.base), own);
	assert_null(tess_surface_pool_of(&pools[1], &own->pooled.base));
	assert_null(tess_surface_pool_of(&pools[0], &foreign));
	tess_surface_unref(&own->pooled.base);
	tess_surface_pool_close(&pools[0]);
	tess_surface_pool_close(&pools[1]);
	tess_surface_pool_close(&never);
}

#define ROUNDS 5000

static void *take_and_give(void *arg)
{
	struct tess_surface *held[4] = {NULL, NULL, NULL, NULL};

	for (unsigned i = 0; i < ROUNDS; i++) {
		tess_surface_unref(held[i % 4]);
		held[i % 4] = &tess_surface_pool_take(arg)->base;
	}
	for (unsigned i = 0; i < 4; i++)
		tess_surface_unref(held[i]);
	return NULL;
}

static void from_many_threads(void **state)
{
	struct tess_surface_pool pool;
	pthread_t threads[4];

	(void)state;
	open_pool(&pool);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, &pool), 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(atomic_load(&emptied), 4 * ROUNDS);
	assert_int_equal(tess_surface_pool_live(&pool), 0);
	tess_surface_pool_close(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(used_again_as_if_new),
		cmocka_unit_test(as_many_as_are_wanted_at_once),
		cmocka_unit_test(each_knows_its_own),
		cmocka_unit_test(from_many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
