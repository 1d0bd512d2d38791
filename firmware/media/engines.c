/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/engines.c - the video engines of the process: opened, measured, lost, tried again.
 * No driver is called with the lock held.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/media/engines_internal.h"

#define FIRST_BACKOFF_US INT64_C(10000000)
#define MAX_BACKOFF_US	 INT64_C(300000000)
/* so many failures, one after the other and whoever's, and a device counts as lost */
#define MAX_FAILURES 8

/* megapixels a second; what was kept and is more was never measured */
#define MAX_MEASURE 1e9

static void add_stats(struct tess_engine_stats *sum, const struct tess_engine_stats *stats)
{
#define X(name) sum->name += stats->name;
	TESS_ENGINE_COUNTERS(X)
#undef X
}

static void read_stats(const struct tess_device *device, struct tess_engine_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	device->engine->driver->stats(device->engine, stats);
}

/* On any thread of the driver's. */
static void on_fault(void *arg, const struct tess_engine_fault *fault)
{
	struct place *place = arg;

	tess_faults_take(&place->faults, place->driver->name, fault,
			 tess_clock_now_us(place->engines->config.clock));
}

struct tess_device *tess_device_ref(struct tess_device *device)
{
	atomic_fetch_add_explicit(&device->references, 1, memory_order_relaxed);
	return device;
}

/* Closing may take its time, so it is left to the owner's thread. */
void tess_device_unref(struct tess_device *device)
{
	struct tess_engines *engines;

	if (!device || atomic_fetch_sub_explicit(&device->references, 1, memory_order_acq_rel) != 1)
		return;
	engines = device->engines;
	pthread_mutex_lock(&engines->lock);
	device->next = engines->dead;
	engines->dead = device;
	pthread_mutex_unlock(&engines->lock);
}

static void lose(struct tess_device *device, const char *reason)
{
	struct tess_engines *engines = device->engines;
	struct place *place = &engines->places[device->index];
	int64_t now_us = tess_clock_now_us(engines->config.clock);
	struct tess_engine_stats stats;
	unsigned mixes;

	if (atomic_exchange(&device->lost, true))
		return;
	read_stats(device, &stats);
	pthread_mutex_lock(&engines->lock);
	place->device = NULL;
	place->unclosed++;
	place->losses++;
	add_stats(&place->past, &stats);
	if (now_us - place->opened_us > MAX_BACKOFF_US)
		place->backoff_us = 0; /* it was well for long */
	place->backoff_us = place->backoff_us ? 2 * place->backoff_us : FIRST_BACKOFF_US;
	if (place->backoff_us > MAX_BACKOFF_US)
		place->backoff_us = MAX_BACKOFF_US;
	place->retry_us = now_us + place->backoff_us;
	mixes = place->mixes;
	pthread_mutex_unlock(&engines->lock);
	TESS_ERROR("engine.lost", "engine=%s device=%s reason=\"%s\" mixes=%u again_in_s=%lld",
		   place->driver->name, place->info.device, reason, mixes,
		   (long long)(place->backoff_us / 1000000));
	tess_device_unref(device); /* the place's */
}

int tess_device_note(struct tess_device *device, int error)
{
	if (device->last_resort)
		return error;
	if (!error) {
		if (atomic_load_explicit(&device->failures, memory_order_relaxed))
			atomic_store_explicit(&device->failures, 0, memory_order_relaxed);
	} else if (error == -ENODEV) {
		lose(device, "the device is gone");
	} else if (atomic_fetch_add_explicit(&device->failures, 1, memory_order_relaxed) + 1 >=
		   MAX_FAILURES) {
		lose(device, "it fails and fails");
	}
	return error;
}

/* The texts of drivers go into logs and JSON. */
static void make_printable(char *text)
{
	for (; *text; text++) {
		if (*text < ' ' || *text > '~' || *text == '"')
			*text = '?';
	}
}

/* What one opening of a device has to offer. */
struct opening {
	struct tess_engine *engine;
	struct tess_engine_info info;
	struct tess_work capacity;
};

static bool is_measure(double value)
{
	return value > 0 && value < MAX_MEASURE; /* and is a number */
}

/* The entry of this engine, or else one to be written; NULL: none is free. */
static struct tess_engine_kept *find_kept(const struct place *place, const struct opening *opening)
{
	const struct tess_engines_config *config = &place->engines->config;
	struct tess_engine_kept *unused = NULL;

	for (unsigned i = 0; config->kept && i < TESS_ENGINES_MAX; i++) {
		struct tess_engine_kept *kept = &config->kept->entries[i];

		if (!atomic_load_explicit(&kept->whole, memory_order_acquire))
			unused = unused ? unused : kept;
		else if (!strncmp(kept->driver, place->driver->name, sizeof(kept->driver)) &&
			 !strncmp(kept->device, opening->info.device, sizeof(kept->device)) &&
			 !strncmp(kept->vendor, opening->info.vendor, sizeof(kept->vendor)) &&
			 kept->threads == config->threads)
			return kept;
	}
	return unused;
}

/* What an earlier life of this process measured. */
static bool recall(const struct place *place, struct opening *opening)
{
	const struct tess_engine_kept *kept = find_kept(place, opening);

	if (!kept || !atomic_load_explicit(&kept->whole, memory_order_acquire) ||
	    !is_measure(kept->capacity.decode) || !is_measure(kept->capacity.compose) ||
	    !is_measure(kept->capacity.encode))
		return false;
	opening->capacity = kept->capacity;
	return true;
}

static void keep(const struct place *place, const struct opening *opening)
{
	struct tess_engine_kept *kept = find_kept(place, opening);

	if (!kept)
		return;
	atomic_store_explicit(&kept->whole, false, memory_order_release);
	(void)snprintf(kept->driver, sizeof(kept->driver), "%s", place->driver->name);
	memcpy(kept->device, opening->info.device, sizeof(kept->device));
	memcpy(kept->vendor, opening->info.vendor, sizeof(kept->vendor));
	kept->threads = place->engines->config.threads;
	kept->capacity = opening->capacity;
	atomic_store_explicit(&kept->whole, true, memory_order_release);
}

static int measure(const struct place *place, struct opening *opening)
{
	const struct tess_engines_config *config = &place->engines->config;
	const char *what = "";
	int error;

	opening->capacity = place->capacity;
	if (!config->measure || place->capacity.encode > 0 || recall(place, opening))
		return 0;
	error = config->measure(opening->engine, &opening->capacity, &what);
	if (error) {
		TESS_ERROR("engine.not_measured", "engine=%s device=%s step=%s error=\"%s\"",
			   place->driver->name, opening->info.device, what,
			   strerrordesc_np(-error));
		return error;
	}
	if (opening->info.shared_units) {
		opening->capacity.decode *= config->threads;
		opening->capacity.compose *= config->threads;
		opening->capacity.encode *= config->threads;
	}
	keep(place, opening);
	return 0;
}

static int open_engine(struct place *place, bool last_resort, struct opening *opening)
{
	const struct tess_engine_config config = {
		.device = place->named ? place->info.device : NULL,
		.fault = on_fault,
		.arg = place,
	};
	int error = place->driver->open(&opening->engine, &config);

	if (error) {
		if (error != place->told)
			TESS_WARN("engine.not_opened", "engine=%s device=%s error=\"%s\"",
				  place->driver->name, place->info.device, strerrordesc_np(-error));
		place->told = error;
		return error;
	}
	place->told = 0;
	memset(&opening->info, 0, sizeof(opening->info));
	place->driver->info(opening->engine, &opening->info);
	make_printable(opening->info.device);
	make_printable(opening->info.vendor);
	error = measure(place, opening);
	/* software that cannot be measured is still all there is */
	if (!error || last_resort)
		return 0;
	place->driver->close(opening->engine);
	return error;
}

static int open_place(struct place *place, bool last_resort)
{
	struct tess_engines *engines = place->engines;
	struct tess_device *device = calloc(1, sizeof(*device));
	struct opening opening = {0};
	int error;

	if (!device)
		return -ENOMEM;
	error = open_engine(place, last_resort, &opening);
	if (error) {
		free(device);
		return error;
	}
	device->engine = opening.engine;
	device->engines = engines;
	device->index = (unsigned)(place - engines->places);
	device->last_resort = last_resort;
	atomic_init(&device->references, 1);
	TESS_INFO("engine.opened",
		  "engine=%s device=%s vendor=\"%s\" decode=%.0f compose=%.0f encode=%.0f",
		  place->driver->name, opening.info.device, opening.info.vendor,
		  opening.capacity.decode, opening.capacity.compose, opening.capacity.encode);
	pthread_mutex_lock(&engines->lock);
	place->info = opening.info;
	place->capacity = opening.capacity;
	place->opened_us = tess_clock_now_us(engines->config.clock);
	place->device = device;
	pthread_mutex_unlock(&engines->lock);
	return 0;
}

static struct place *add_place(struct tess_engines *engines,
			       const struct tess_engine_driver *driver, const char *device)
{
	struct place *place = &engines->places[engines->count++];

	*place = (struct place){.engines = engines, .driver = driver, .named = device != NULL};
	if (device)
		memcpy(place->info.device, device, strnlen(device, sizeof(place->info.device) - 1));
	tess_faults_init(&place->faults);
	return place;
}

static void remove_places(struct tess_engines *engines)
{
	while (engines->count)
		tess_faults_destroy(&engines->places[--engines->count].faults);
}

/* Add a driver's devices, and open them. @return how many are open */
static unsigned add_driver(struct tess_engines *engines, const struct tess_engine_driver *driver)
{
	const struct tess_engines_config *config = &engines->config;
	char found[TESS_ENGINES_DEVICES][TESS_ENGINE_DEVICE_MAX];
	const char(*names)[TESS_ENGINE_DEVICE_MAX] = config->devices;
	unsigned count = 0, open = 0;

	if (names) {
		while (count < TESS_ENGINES_DEVICES && names[count][0])
			count++;
	}
	if (!count) {
		names = (const char(*)[TESS_ENGINE_DEVICE_MAX])found;
		count = driver->devices(found, TESS_ENGINES_DEVICES);
		TESS_INFO("engine.found", "engine=%s devices=%u", driver->name, count);
	}
	for (unsigned i = 0; i < count; i++) {
		struct place *place = add_place(engines, driver, names[i]);

		if (!open_place(place, false))
			open++;
		else
			place->backoff_us = FIRST_BACKOFF_US;
	}
	return open;
}

/* "auto": the first driver of which a device opens; the others leave nothing behind. */
static unsigned add_best(struct tess_engines *engines,
			 const struct tess_engine_driver *const *drivers)
{
	for (; drivers[1]; drivers++) {
		unsigned open = add_driver(engines, drivers[0]);

		if (open)
			return open;
		remove_places(engines);
	}
	return 0;
}

static void add_chosen(struct tess_engines *engines,
		       const struct tess_engine_driver *const *drivers)
{
	const char *engine = engines->config.engine;

	while (drivers[1] && strcmp(drivers[0]->name, engine) != 0)
		drivers++;
	if (!drivers[1]) {
		TESS_ERROR("engine.unknown", "engine=%s action=run_on_software", engine);
		return;
	}
	if (add_driver(engines, drivers[0]))
		return;
	/* a device may come later */
	if (!engines->count)
		add_place(engines, drivers[0], NULL)->backoff_us = FIRST_BACKOFF_US;
	TESS_ERROR("engine.none", "engine=%s action=run_on_software", engine);
}

static int add_all(struct tess_engines *engines)
{
	const struct tess_engine_driver *const *drivers = engines->config.drivers;
	const char *engine = engines->config.engine;
	const struct tess_engine_driver *software;
	int64_t now_us = tess_clock_now_us(engines->config.clock);
	unsigned last = 0;

	while (drivers[last + 1])
		last++;
	software = drivers[last];
	engines->software_shares = !strcmp(engine, "auto") || !strcmp(engine, software->name);
	if (!strcmp(engine, "auto"))
		(void)add_best(engines, drivers);
	else if (strcmp(engine, software->name) != 0)
		add_chosen(engines, drivers);
	for (unsigned i = 0; i < engines->count; i++)
		engines->places[i].retry_us = now_us + engines->places[i].backoff_us;
	return open_place(add_place(engines, software, NULL), true);
}

int tess_engines_open(struct tess_engines **enginesp, const struct tess_engines_config *config)
{
	struct tess_engines *engines = calloc(1, sizeof(*engines));
	int error;

	if (!engines)
		return -ENOMEM;
	engines->config = *config;
	pthread_mutex_init(&engines->lock, NULL);
	error = add_all(engines);
	if (error) {
		tess_engines_close(engines);
		return error;
	}
	*enginesp = engines;
	return 0;
}

static void close_dead(struct tess_engines *engines)
{
	struct tess_device *device;

	for (;;) {
		pthread_mutex_lock(&engines->lock);
		device = engines->dead;
		if (device)
			engines->dead = device->next;
		pthread_mutex_unlock(&engines->lock);
		if (!device)
			return;
		device->engine->driver->close(device->engine);
		pthread_mutex_lock(&engines->lock);
		engines->places[device->index].unclosed--;
		pthread_mutex_unlock(&engines->lock);
		free(device);
	}
}

void tess_engines_close(struct tess_engines *engines)
{
	if (!engines)
		return;
	for (unsigned i = 0; i < engines->count; i++) {
		engines->places[i].unclosed++;
		tess_device_unref(engines->places[i].device);
	}
	close_dead(engines);
	remove_places(engines);
	pthread_mutex_destroy(&engines->lock);
	free(engines);
}

static void try_again(struct place *place, int64_t now_us)
{
	bool due;

	pthread_mutex_lock(&place->engines->lock);
	due = !place->device && !place->unclosed && now_us >= place->retry_us;
	pthread_mutex_unlock(&place->engines->lock);
	if (!due || !open_place(place, false))
		return;
	place->backoff_us *= 2;
	if (place->backoff_us > MAX_BACKOFF_US)
		place->backoff_us = MAX_BACKOFF_US;
	place->retry_us = now_us + place->backoff_us;
}

void tess_engines_step(struct tess_engines *engines)
{
	int64_t now_us = tess_clock_now_us(engines->config.clock);

	close_dead(engines);
	/* all but software, which is the last */
	for (unsigned i = 0; i + 1 < engines->count; i++)
		try_again(&engines->places[i], now_us);
}

static bool any_device(const struct tess_engines *engines)
{
	for (unsigned i = 0; i + 1 < engines->count; i++) {
		if (engines->places[i].device)
			return true;
	}
	return false;
}

static enum tess_engine_state state_of(const struct place *place)
{
	const struct tess_engines *engines = place->engines;

	if (!place->device)
		return TESS_ENGINE_LOST;
	if (place->device->last_resort && !engines->software_shares && any_device(engines))
		return TESS_ENGINE_STANDBY;
	return TESS_ENGINE_OK;
}

unsigned tess_engines_facts(struct tess_engines *engines,
			    struct tess_engine_facts facts[TESS_ENGINES_MAX])
{
	for (unsigned i = 0; i < engines->count; i++) {
		const struct place *place = &engines->places[i];
		struct tess_engine_stats stats = {0};
		struct tess_device *device = NULL;

		pthread_mutex_lock(&engines->lock);
		facts[i] = (struct tess_engine_facts){
			.name = place->driver->name,
			.info = place->info,
			.state = state_of(place),
			.capacity = place->capacity,
			.used = place->used,
			.load = tess_place_load(place, (struct tess_work){0}),
			.max_load = tess_place_max_load(place),
			.mixes = place->mixes,
			.losses = place->losses,
			.stats = place->past,
		};
		if (place->device)
			device = tess_device_ref(place->device);
		pthread_mutex_unlock(&engines->lock);
		if (!device)
			continue;
		read_stats(device, &stats);
		add_stats(&facts[i].stats, &stats);
		facts[i].stats.surfaces_live = stats.surfaces_live;
		tess_device_unref(device);
	}
	return engines->count;
}
