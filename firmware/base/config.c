/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/config.c - see config.h.
 *
 * One table says what every setting is; reading, range checks and messages follow from it.
 */
#include "firmware/base/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libconfig.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind {
	KIND_TEXT = 1, /* char[size] */
	KIND_DIR,      /* char[size], an absolute path */
	KIND_LISTEN,   /* char[size], host:port */
	KIND_U32,      /* uint32_t, min..max */
	KIND_PORTS,    /* two uint16_t: "min-max", min even */
};

struct setting {
	const char *group, *name;
	enum kind kind;
	size_t offset, size;
	int64_t min, max;
	const char *preset;
};

#define FIELD(group, name, field, kind, min, max, preset)                                \
	{                                                                                \
#group, name, kind, offsetof(struct tess_config, group.field),           \
			sizeof(((struct tess_config *)0)->group.field), min, max, preset \
	}

static const struct setting settings[] = {
	FIELD(box, "name", name, KIND_TEXT, 1, 0, "tessera"),
	FIELD(box, "time_zone", time_zone, KIND_TEXT, 0, 0, ""),
	FIELD(box, "state_dir", state_dir, KIND_DIR, 1, 0, "/var/lib/tessera"),
	FIELD(box, "run_dir", run_dir, KIND_DIR, 1, 0, "/run/tessera"),
	FIELD(control, "listen", listen, KIND_LISTEN, 1, 0, "0.0.0.0:8080"),
	FIELD(control, "webui_dir", webui_dir, KIND_DIR, 0, 0, ""),
	FIELD(control, "session_hours", session_hours, KIND_U32, 1, 720, "12"),
	FIELD(media, "net", net, KIND_TEXT, 1, 0, "udp:0.0.0.0"),
	FIELD(media, "address", address, KIND_TEXT, 0, 0, ""),
	FIELD(media, "rtp_ports", rtp_port_min, KIND_PORTS, 1024, 65535, "20000-20999"),
	FIELD(media, "engine", engine, KIND_TEXT, 1, 0, "auto"),
	FIELD(media, "workers", workers, KIND_U32, 1, 64, "1"),
	FIELD(media, "codec_threads", codec_threads, KIND_U32, 0, 256, "0"),
	FIELD(media, "jitter_ms", jitter_ms, KIND_U32, 0, 2000, "100"),
	FIELD(media, "idle_leave_s", idle_leave_s, KIND_U32, 0, 86400, "60"),
	FIELD(egress, "listen", listen, KIND_LISTEN, 1, 0, "0.0.0.0:8088"),
	FIELD(egress, "public_url", public_url, KIND_TEXT, 0, 0, ""),
	FIELD(egress, "record_dir", record_dir, KIND_DIR, 1, 0, "/var/lib/tessera/recordings"),
	FIELD(egress, "fragment_ms", fragment_ms, KIND_U32, 200, 10000, "1000"),
	FIELD(egress, "viewer_buffer_kib", viewer_buffer_kib, KIND_U32, 64, 65536, "2048"),
	FIELD(egress, "max_viewers", max_viewers, KIND_U32, 1, 1000000, "10000"),
};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

/* A range of UDP ports. @retval 0, -EINVAL */
static int parse_ports(const struct setting *setting, const char *text, uint16_t ports[2])
{
	unsigned min, max;
	char end;

	if (sscanf(text, "%5u-%5u%c", &min, &max, &end) != 2 || min % 2 ||
	    min < (unsigned)setting->min || max > (unsigned)setting->max || max < min + 3)
		return -EINVAL;
	ports[0] = (uint16_t)min;
	ports[1] = (uint16_t)max;
	return 0;
}

/*
 * Store a value given as text or number. @retval 0, or -EINVAL with what is expected in @p expected
 */
static int store(struct tess_config *config, const struct setting *setting, const char *text,
		 const int64_t *number, char *expected, size_t expected_size)
{
	void *field = (char *)config + setting->offset;
	union tess_addr address;

	switch (setting->kind) {
	case KIND_U32:
		if (!number || *number < setting->min || *number > setting->max) {
			(void)snprintf(expected, expected_size,
				       "a whole number from %lld to %lld is expected",
				       (long long)setting->min, (long long)setting->max);
			return -EINVAL;
		}
		*(uint32_t *)field = (uint32_t)*number;
		return 0;
	case KIND_PORTS:
		if (!text || parse_ports(setting, text, field)) {
			(void)snprintf(
				expected, expected_size,
				"a range like \"20000-20999\" is expected, even start, at least "
				"4 ports, %lld to %lld",
				(long long)setting->min, (long long)setting->max);
			return -EINVAL;
		}
		return 0;
	case KIND_TEXT:
	case KIND_DIR:
	case KIND_LISTEN:
		break;
	}
	if (!text) {
		(void)snprintf(expected, expected_size, "a text in quotes is expected");
		return -EINVAL;
	}
	if (strlen(text) < (size_t)setting->min) {
		(void)snprintf(expected, expected_size, "it must not be empty");
		return -EINVAL;
	}
	if (strlen(text) >= setting->size) {
		(void)snprintf(expected, expected_size, "it is longer than %zu bytes",
			       setting->size - 1);
		return -EINVAL;
	}
	if (setting->kind == KIND_DIR && *text && *text != '/') {
		(void)snprintf(expected, expected_size, "an absolute path is expected");
		return -EINVAL;
	}
	if (setting->kind == KIND_LISTEN && tess_config_address(text, &address)) {
		(void)snprintf(expected, expected_size,
			       "an address like \"0.0.0.0:8080\" or \"[::]:8080\" is expected");
		return -EINVAL;
	}
	memset(field, 0, setting->size);
	memcpy(field, text, strlen(text));
	return 0;
}

static void locate_webui(struct tess_config *config)
{
	/* build/PRESET/bin/tessera-control -> webui/dist; /usr/lib/tessera/bin ->
	 * /usr/share/tessera/webui */
	static const char *const places[] = {"../../../webui/dist", "../../../share/tessera/webui"};
	char program[512], path[1024], real[4096];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	char *slash;

	if (n <= 0)
		return;
	program[n] = '\0';
	slash = strrchr(program, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", program, places[i]);
		if (realpath(path, real) && strlen(real) < sizeof(config->control.webui_dir)) {
			memcpy(config->control.webui_dir, real, strlen(real) + 1);
			return;
		}
	}
}

void tess_config_defaults(struct tess_config *config)
{
	char unused[128];

	memset(config, 0, sizeof(*config));
	for (size_t i = 0; i < SETTINGS; i++) {
		int64_t number = strtoll(settings[i].preset, NULL, 10);

		(void)store(config, &settings[i], settings[i].preset, &number, unused,
			    sizeof(unused));
	}
	locate_webui(config);
}

static const struct setting *find(const char *group, const char *name)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		if (!strcmp(settings[i].group, group) && !strcmp(settings[i].name, name))
			return &settings[i];
	}
	return NULL;
}

static bool is_group(const char *name)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		if (!strcmp(settings[i].group, name))
			return true;
	}
	return false;
}

static int read_setting(struct tess_config *config, const char *group, config_setting_t *item,
			const char *path, char *error, size_t error_size)
{
	const char *name = config_setting_name(item);
	const struct setting *setting = find(group, name);
	int type = config_setting_type(item);
	const char *text = NULL;
	char expected[160];
	int64_t number = 0;
	bool is_number;

	if (!setting) {
		(void)snprintf(error, error_size, "%s:%u: unknown setting %s.%s", path,
			       config_setting_source_line(item), group, name);
		return -EINVAL;
	}
	is_number = type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
	if (is_number)
		number = config_setting_get_int64(item);
	else if (type == CONFIG_TYPE_STRING)
		text = config_setting_get_string(item);
	if (store(config, setting, text, is_number ? &number : NULL, expected, sizeof(expected))) {
		(void)snprintf(error, error_size, "%s:%u: %s.%s: %s", path,
			       config_setting_source_line(item), group, name, expected);
		return -EINVAL;
	}
	return 0;
}

int tess_config_load(struct tess_config *config, const char *path, char *error, size_t error_size)
{
	struct tess_config next = *config;
	config_t file;
	FILE *stream = fopen(path, "re");
	int err = 0;

	if (!stream) {
		err = -errno;
		(void)snprintf(error, error_size, "%s: %s", path, strerror(-err));
		return err;
	}
	config_init(&file);
	if (config_read(&file, stream) != CONFIG_TRUE) {
		(void)snprintf(error, error_size, "%s:%d: %s", path, config_error_line(&file),
			       config_error_text(&file));
		err = -EINVAL;
	}
	(void)fclose(stream);
	for (int i = 0; !err && i < config_setting_length(config_root_setting(&file)); i++) {
		config_setting_t *group =
			config_setting_get_elem(config_root_setting(&file), (unsigned)i);
		const char *name = config_setting_name(group);

		if (!is_group(name) || !config_setting_is_group(group)) {
			(void)snprintf(
				error, error_size,
				"%s:%u: %s is not one of the groups box, control, media, egress",
				path, config_setting_source_line(group), name);
			err = -EINVAL;
		}
		for (int j = 0; !err && j < config_setting_length(group); j++)
			err = read_setting(&next, name, config_setting_get_elem(group, (unsigned)j),
					   path, error, error_size);
	}
	config_destroy(&file);
	if (!err)
		*config = next;
	return err;
}

int tess_config_address(const char *text, union tess_addr *address)
{
	const char *colon = strrchr(text, ':');
	char host[64];
	size_t length;
	unsigned long port;
	char *end;

	if (!colon || colon[1] < '0' || colon[1] > '9')
		return -EINVAL;
	port = strtoul(colon + 1, &end, 10);
	if (*end || port > 65535)
		return -EINVAL;
	memset(address, 0, sizeof(*address));
	length = (size_t)(colon - text);
	if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
		address->in6.sin6_family = AF_INET6;
		address->in6.sin6_port = htons((uint16_t)port);
	} else {
		address->in.sin_family = AF_INET;
		address->in.sin_port = htons((uint16_t)port);
	}
	if (length >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, length);
	host[length] = '\0';
	if (address->sa.sa_family == AF_INET6)
		return inet_pton(AF_INET6, host, &address->in6.sin6_addr) == 1 ? 0 : -EINVAL;
	return inet_pton(AF_INET, host, &address->in.sin_addr) == 1 ? 0 : -EINVAL;
}
