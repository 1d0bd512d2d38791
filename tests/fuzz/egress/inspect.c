/* SPDX-License-Identifier: GPL-3.0-or-later
 * Files that somebody put among the recordings: a first byte says of which format the rest is.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "firmware/egress/inspect.h"
#include "firmware/egress/key_frame.h"

#define FORMATS 5
#define HLS	3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct tess_inspection *out, int rc)
{
	if (!rc && (out->duration_us < 0 || out->width > 16384 || out->height > 16384))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const formats[] = {"mp4", "flv", "aac", NULL, "mp3"};
	struct tess_bytes frame = {0};
	struct tess_inspection out;
	int fd;

	if (!size)
		return 0;
	if (data[0] % FORMATS == HLS) {
		char *text = calloc(1, size);

		memcpy(text, data + 1, size - 1);
		fd = open("/proc/self/fdinfo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		look(&out, tess_inspect_playlist(&out, fd, text, NULL));
		(void)!tess_key_frame_hls(&frame, fd, text);
		free(text);
	} else {
		fd = memfd_create("file", MFD_CLOEXEC);
		if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)(size - 1))
			abort();
		look(&out, tess_inspect(&out, fd, formats[data[0] % FORMATS], NULL));
		if (data[0] % FORMATS == 0)
			(void)!tess_key_frame_mp4(&frame, fd);
	}
	tess_bytes_free(&frame);
	(void)close(fd);
	return 0;
}
