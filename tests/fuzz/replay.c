/* SPDX-License-Identifier: GPL-3.0-or-later
 * Runs a fuzz target over the files of its corpus, for builds without libFuzzer.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	long size;

	if (!file)
		return -1;
	(void)fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	/* exactly the size, so that a sanitizer sees a read past the end */
	data = malloc(size > 0 ? (size_t)size : 1);
	if (!data || fread(data, 1, (size_t)size, file) != (size_t)size) {
		free(data);
		(void)fclose(file);
		return -1;
	}
	(void)fclose(file);
	LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	struct dirent *entry;
	unsigned count = 0;
	char path[4096];
	DIR *dir;

	if (argc != 2 || !(dir = opendir(argv[1]))) {
		fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
		return 2;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
		if (replay_file(path)) {
			fprintf(stderr, "cannot read %s\n", path);
			return 1;
		}
		count++;
	}
	(void)closedir(dir);
	printf("%u inputs replayed\n", count);
	return count ? 0 : 1;
}
