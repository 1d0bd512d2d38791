/* SPDX-License-Identifier: GPL-3.0-or-later
 * An endless stream.
 */
#include "tests/fault/world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void world_encode(const char *dir)
{
	media_encode(dir, WORLD_LOOP_US / 1000000);
	/* frames of many sizes, which are known by them; 24 ms each */
	free(media_must_run("ffmpeg -v error -nostdin -y -f lavfi -i anoisesrc=a=0.5:r=48000:d=19 "
			    "-af tremolo=f=3:d=0.9 -c:a libmp3lame -q:a 6 -reservoir 0 -write_xing "
			    "0 -id3v2_version 0 -f mp3 %s/a.mp3",
			    dir));
}

static void add_mp3(struct world *world, const char *media_dir)
{
	char path[512];
	uint16_t sounds = 0;

	(void)snprintf(path, sizeof(path), "%s/a.mp3", media_dir);
	media_add_mp3(&world->mp3, path);
	if (world->mp3.count < WORLD_SOUNDS)
		abort();
	for (unsigned i = 0; i < world->media.count; i++) {
		world->sound_of[i] = sounds;
		sounds += world->media.units[i].track == TESS_TRACK_AUDIO;
	}
}

void world_open(struct world *world, const char *media_dir, const char *state_path)
{
	int fd = open(state_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct media *media = &world->media;
	char path[512];
	size_t sounds;

	if (fd < 0 || ftruncate(fd, sizeof(*world->state)))
		abort();
	world->state = mmap(NULL, sizeof(*world->state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (world->state == MAP_FAILED)
		abort();
	*media = (struct media){0};
	(void)snprintf(path, sizeof(path), "%s/a.h264", media_dir);
	media_add_video(media, path, 15, 0);
	if (media->count != WORLD_PICTURES)
		abort();
	(void)snprintf(path, sizeof(path), "%s/a.aac", media_dir);
	media_add_audio(media, path, 0);
	sounds = media->count - WORLD_PICTURES;
	if (sounds < WORLD_SOUNDS)
		abort();
	while (media->count > WORLD_PICTURES + WORLD_SOUNDS)
		free((uint8_t *)media->units[--media->count].data);
	media_sort(media);
	world->is_mp3 = false;
	world->mp3 = (struct media){0};
	add_mp3(world, media_dir);
}

void world_close(struct world *world)
{
	media_free(&world->media);
	media_free(&world->mp3);
	(void)munmap(world->state, sizeof(*world->state));
}

struct tess_au world_unit(const struct world *world, uint64_t index)
{
	struct tess_au au = world->media.units[index % world->media.count];
	int64_t loops = (int64_t)(index / world->media.count);

	au.dts_us += loops * WORLD_LOOP_US;
	au.pts_us += loops * WORLD_LOOP_US;
	if (world->is_mp3 && au.track == TESS_TRACK_AUDIO) {
		const struct tess_au *frame =
			&world->mp3.units[world->sound_of[index % world->media.count]];

		au.data = frame->data;
		au.length = frame->length;
	}
	return au;
}

uint64_t world_find(const struct world *world, int64_t time_us)
{
	uint64_t index = (uint64_t)(time_us / WORLD_LOOP_US) * world->media.count;

	while (world_unit(world, index).dts_us < time_us)
		index++;
	return index;
}
