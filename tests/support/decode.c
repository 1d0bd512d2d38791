/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/decode.c - reads a file back by the ffmpeg programs.
 *
 * Times come from ffprobe, contents from a pipe of ffmpeg's; both decode, so they agree frame by
 * frame.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/decode.h"

#define MAX_ARGUMENTS	24
#define MAX_AUDIO_FRAME 65536 /* sample frames in one frame of a codec */
/* of a picture */
#define MAX_SIDE 8192

struct program {
	pid_t pid;
	FILE *out;
	FILE *complaints; /* its stderr */
};

static int start(struct program *program, const char *const *arguments)
{
	posix_spawn_file_actions_t actions;
	int pipes[2], error;

	program->complaints = tmpfile();
	if (!program->complaints)
		return -ENOMEM;
	if (pipe2(pipes, O_CLOEXEC)) {
		(void)fclose(program->complaints);
		return -ENOMEM;
	}
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, pipes[1], 1);
	(void)posix_spawn_file_actions_adddup2(&actions, fileno(program->complaints), 2);
	/* the prototype of exec lacks a const that it keeps */
	error = posix_spawnp(&program->pid, arguments[0], &actions, NULL, (char *const *)arguments,
			     environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(pipes[1]);
	if (error) {
		(void)close(pipes[0]);
		(void)fclose(program->complaints);
		return -ENOENT;
	}
	program->out = fdopen(pipes[0], "r");
	return program->out ? 0 : -ENOMEM;
}

/* -EBADMSG if it failed or said anything; what it said goes to our stderr. */
static int finish(struct program *program)
{
	char line[512];
	int status = 0, error = 0;

	(void)fclose(program->out);
	while (waitpid(program->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		error = -EBADMSG;
	rewind(program->complaints);
	while (fgets(line, sizeof(line), program->complaints)) {
		(void)fputs(line, stderr);
		error = -EBADMSG;
	}
	(void)fclose(program->complaints);
	return error;
}

int tess_test_file_info(struct tess_test_file_info *info, const char *path)
{
	const char *const arguments[] = {
		"ffprobe",
		"-v",
		"error",
		"-show_entries",
		"stream=width,height,sample_rate,channels:format=duration",
		"-of",
		"default=nw=1",
		path,
		NULL,
	};
	struct program program;
	char line[256];
	int error;

	memset(info, 0, sizeof(*info));
	error = start(&program, arguments);
	if (error)
		return error;
	while (fgets(line, sizeof(line), program.out)) {
		char *value = strchr(line, '=');

		if (!value)
			continue;
		*value++ = '\0';
		if (!strcmp(line, "width") && !info->width)
			info->width = (unsigned)strtoul(value, NULL, 10);
		else if (!strcmp(line, "height") && !info->height)
			info->height = (unsigned)strtoul(value, NULL, 10);
		else if (!strcmp(line, "sample_rate") && !info->sample_rate)
			info->sample_rate = (unsigned)strtoul(value, NULL, 10);
		else if (!strcmp(line, "channels") && !info->channels)
			info->channels = (unsigned)strtoul(value, NULL, 10);
		else if (!strcmp(line, "duration"))
			info->duration_s = strtod(value, NULL);
	}
	return finish(&program);
}

/* The times of all frames of a stream, in order, and for audio their lengths. */
static int start_times(struct program *program, const char *path, const char *stream,
		       const char *entries)
{
	const char *const arguments[] = {
		"ffprobe",	"-v",
		"error",	"-select_streams",
		stream,		"-show_entries",
		entries,	"-of",
		"csv=p=0:nk=1", path,
		NULL,
	};

	return start(program, arguments);
}

/* Two numbers at most follow the time: the length of sound, or width and height. */
static int next_time(struct program *times, int64_t *pts_us, unsigned numbers[2])
{
	char line[256], *end;
	double pts_s;

	do {
		if (!fgets(line, sizeof(line), times->out))
			return -ENODATA;
	} while (line[0] == '\n');
	pts_s = strtod(line, &end);
	if (end == line)
		return -EBADMSG; /* "N/A": a frame without a time */
	*pts_us = (int64_t)llround(pts_s * 1e6);
	for (unsigned i = 0; i < 2; i++)
		numbers[i] = *end == ',' ? (unsigned)strtoul(end + 1, &end, 10) : 0;
	return 0;
}

/* One picture for each time that there is. @retval 0, -EBADMSG, -ENOMEM */
static int read_pictures(struct program *pictures, struct program *times,
			 const struct tess_test_decode_handlers *handlers, void *arg)
{
	uint8_t *data = NULL;
	unsigned side[2];
	int64_t pts_us;
	int error;

	while (!(error = next_time(times, &pts_us, side))) {
		size_t size = (size_t)side[0] * side[1] * 3 / 2;
		struct tess_test_i420 picture;

		if (!size || side[0] > MAX_SIDE || side[1] > MAX_SIDE) {
			error = -EBADMSG;
			break;
		}
		free(data);
		data = malloc(size);
		if (!data)
			return -ENOMEM;
		if (fread(data, 1, size, pictures->out) != size) {
			error = -EBADMSG;
			break;
		}
		picture = tess_test_i420_wrap(data, side[0], side[1]);
		handlers->picture(arg, pts_us, &picture);
	}
	free(data);
	if (error == -ENODATA)
		error = fgetc(pictures->out) == EOF ? 0 : -EBADMSG;
	return error;
}

static int decode_pictures(const char *path, const struct tess_test_decode_handlers *handlers,
			   void *arg)
{
	/* without -autoscale 0 all would get the size of the first one */
	const char *const arguments[] = {
		"ffmpeg", "-v",	      "error",	  "-nostdin",	 "-i",	       path,
		"-map",	  "0:v:0",    "-vsync",	  "passthrough", "-autoscale", "0",
		"-f",	  "rawvideo", "-pix_fmt", "yuv420p",	 "pipe:1",     NULL,
	};
	struct program times, pictures;
	int error, times_error;

	error = start_times(&times, path, "v:0", "frame=pts_time,width,height");
	if (error)
		return error;
	error = start(&pictures, arguments);
	if (error) {
		(void)finish(&times);
		return error;
	}
	error = read_pictures(&pictures, &times, handlers, arg);
	times_error = finish(&times);
	if (finish(&pictures) || times_error)
		error = -EBADMSG;
	return error;
}

static int decode_sound(const char *path, const struct tess_test_file_info *info,
			const struct tess_test_decode_handlers *handlers, void *arg)
{
	const char *const arguments[] = {
		"ffmpeg", "-v", "error", "-nostdin", "-i", path,     "-map",
		"0:a:0",  "-f", "f32le", "-ac",	     "2",  "pipe:1", NULL,
	};
	float *pcm = malloc(MAX_AUDIO_FRAME * 2 * sizeof(float));
	struct program times, sound;
	unsigned numbers[2];
	int64_t pts_us;
	int error, times_error;

	if (!pcm)
		return -ENOMEM;
	error = start_times(&times, path, "a:0", "frame=pts_time,nb_samples");
	if (error) {
		free(pcm);
		return error;
	}
	error = start(&sound, arguments);
	if (error) {
		(void)finish(&times);
		free(pcm);
		return error;
	}
	while (!(error = next_time(&times, &pts_us, numbers))) {
		unsigned frames = numbers[0];

		if (frames > MAX_AUDIO_FRAME ||
		    fread(pcm, 2 * sizeof(float), frames, sound.out) != frames) {
			error = -EBADMSG;
			break;
		}
		handlers->sound(arg, pts_us, pcm, frames, info->sample_rate);
	}
	if (error == -ENODATA)
		error = fgetc(sound.out) == EOF ? 0 : -EBADMSG;
	times_error = finish(&times);
	if (finish(&sound) || times_error)
		error = -EBADMSG;
	free(pcm);
	return error;
}

int tess_test_decode(const char *path, const struct tess_test_decode_handlers *handlers, void *arg)
{
	struct tess_test_file_info info;
	int error = tess_test_file_info(&info, path);

	if (error)
		return error;
	if ((handlers->picture && !(info.width && info.height)) ||
	    (handlers->sound && !info.sample_rate))
		return -ENODATA;
	if (handlers->picture)
		error = decode_pictures(path, handlers, arg);
	if (!error && handlers->sound)
		error = decode_sound(path, &info, handlers, arg);
	return error;
}
