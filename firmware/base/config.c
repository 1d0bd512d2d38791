/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/config.c - see config.h.
 *
 * One table says what every setting is; reading, range checks and messages follow from it.
 */
#include "firmware/base/config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <libconfig.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/prefixes.h"

enum kind {
	KIND_TEXT = 1, /* char[size]; min and max are its length in bytes, max 0 = what fits */
	KIND_U32,      /* uint32_t, min..max */
	KIND_PORTS,    /* two uint16_t: "min-max", min even */
	KIND_DEVICES,  /* char[][TESS_CONFIG_DEVICE]: a list of texts, ended by an empty one */
};

/* What a text must be besides; an empty one that may be empty is not looked at. */
struct form {
	bool (*valid)(const char *text);
	const char *expected;
};

struct setting {
	const char *group, *name;
	enum kind kind;
	size_t offset, size;
	int64_t min, max;
	const char *preset;
	const struct form *form;
};

static bool is_path(const char *text)
{
	return text[0] == '/';
}

static bool is_listen(const char *text)
{
	union tess_addr address;

	return !tess_config_address(text, &address);
}

/* Consists of these characters, letters and digits? */
static bool is_made_of(const char *text, const char *others)
{
	for (; *text; text++) {
		if (!isalnum((unsigned char)*text) && !strchr(others, *text))
			return false;
	}
	return true;
}

static bool is_host(const char *text)
{
	return is_made_of(text, ".-_:");
}

static bool is_url(const char *text)
{
	size_t scheme = !strncmp(text, "http://", 7) ? 7 : !strncmp(text, "https://", 8) ? 8 : 0;

	return scheme && text[scheme] && is_made_of(text + scheme, ".-_~:/[]%");
}

static bool is_zone(const char *text)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", text);
	return is_made_of(text, "/_+-") && text[0] != '/' && access(path, R_OK) == 0;
}

static bool is_udp(const char *text)
{
	union tess_addr address;
	char with_port[80];

	if (strncmp(text, "udp:", 4) != 0)
		return false;
	(void)snprintf(with_port, sizeof(with_port), "%s:0", text + 4);
	return !tess_config_address(with_port, &address);
}

/* The driver looks at the rest. */
static bool is_net(const char *text)
{
	static const char *const nics[] = {"xdp:", "afp:", "pci:", "dpdk:"};

	for (size_t i = 0; i < sizeof(nics) / sizeof(nics[0]); i++) {
		size_t length = strlen(nics[i]);

		if (!strncmp(text, nics[i], length))
			return text[length] && text[length] != ',';
	}
	return is_udp(text);
}

static bool is_engine(const char *text)
{
	return !strcmp(text, "auto") || !strcmp(text, "nv") || !strcmp(text, "vaapi") ||
	       !strcmp(text, "soft");
}

static bool is_frozen(const char *text)
{
	return !strcmp(text, "keep") || !strcmp(text, "dim") || !strcmp(text, "avatar");
}

static bool is_fetch(const char *text)
{
	return !strcmp(text, "network") || !strcmp(text, "anywhere");
}

static const struct form path_form = {is_path, "an absolute path is expected"};
static const struct form listen_form = {
	is_listen, "an address like \"0.0.0.0:8080\" or \"[::]:8080\" is expected"};
static const struct form host_form = {is_host, "an address or the name of a host is expected"};
static const struct form prefixes_form = {
	tess_prefixes_valid, "networks such as \"10.0.0.0/8, fe80::/10\" are expected"};
static const struct form url_form = {is_url,
				     "an address like \"https://live.example.com\" is expected"};
static const struct form zone_form = {
	is_zone, "a zone like \"Asia/Shanghai\" is expected, one of those in /usr/share/zoneinfo"};
static const struct form net_form = {
	is_net, "\"udp:0.0.0.0\", \"udp:[::]\" or a network card like \"xdp:eth0\", \"afp:eth0\" "
		"or \"pci:0000:03:00.0,addr=192.0.2.5/24\" is expected"};
static const struct form udp_form = {
	is_udp, "\"udp:\" and an address is expected, like \"udp:0.0.0.0\" or \"udp:[::]\""};
static const struct form fetch_form = {is_fetch, "\"network\" or \"anywhere\" is expected"};
static const struct form engine_form = {is_engine,
					"\"auto\", \"nv\", \"vaapi\" or \"soft\" is expected"};

static const struct form frozen_form = {is_frozen, "\"keep\", \"dim\" or \"avatar\" is expected"};

/* A Unix socket's address must hold "/control.sock" too. */
#define MAX_RUN_DIR 94

#define PLACE(member) \
	offsetof(struct tess_config, member), sizeof(((struct tess_config *)0)->member)

static const struct setting settings[] = {
	{"box", "name", KIND_TEXT, PLACE(box.name), 1, 0, "tessera", NULL},
	{"box", "time_zone", KIND_TEXT, PLACE(box.time_zone), 0, 0, "", &zone_form},
	{"box", "state_dir", KIND_TEXT, PLACE(box.state_dir), 1, 0, "/var/lib/tessera", &path_form},
	{"box", "run_dir", KIND_TEXT, PLACE(box.run_dir), 1, MAX_RUN_DIR, "/run/tessera",
	 &path_form},
	{"control", "listen", KIND_TEXT, PLACE(control.listen), 1, 0, "0.0.0.0:8080", &listen_form},
	{"control", "public_url", KIND_TEXT, PLACE(control.public_url), 0, 0, "", &url_form},
	{"control", "webui_dir", KIND_TEXT, PLACE(control.webui_dir), 0, 0, "", &path_form},
	{"control", "session_hours", KIND_U32, PLACE(control.session_hours), 1, 720, "12", NULL},
	{"control", "fetch_from", KIND_TEXT, PLACE(control.fetch_from), 1, 0, "network",
	 &fetch_form},
	{"control", "callback_exclude", KIND_TEXT, PLACE(control.callback_exclude), 0, 0,
	 "127.0.0.0/8, ::1, 0.0.0.0/8, ::, 169.254.0.0/16, fe80::/10", &prefixes_form},
	{"control", "callback_ca_file", KIND_TEXT, PLACE(control.callback_ca_file), 0, 0, "",
	 &path_form},
	{"control", "callback_retry_s", KIND_U32, PLACE(control.callback_retry_s), 1, 3600, "60",
	 NULL},
	{"control", "callback_retries", KIND_U32, PLACE(control.callback_retries), 0, 1000, "12",
	 NULL},
	{"control", "callback_hours", KIND_U32, PLACE(control.callback_hours), 0, 720, "24", NULL},
	{"media", "net", KIND_TEXT, PLACE(media.net), 1, 0, "udp:0.0.0.0", &net_form},
	{"media", "net_fallback", KIND_TEXT, PLACE(media.net_fallback), 0, 0, "", &udp_form},
	{"media", "address", KIND_TEXT, PLACE(media.address), 0, 0, "", &host_form},
	{"media", "rtp_ports", KIND_PORTS, PLACE(media.rtp_port_min), 1024, 65535, "20000-20999",
	 NULL},
	{"media", "engine", KIND_TEXT, PLACE(media.engine), 1, 0, "auto", &engine_form},
	{"media", "devices", KIND_DEVICES, PLACE(media.devices), 1, TESS_CONFIG_DEVICES, "", NULL},
	{"media", "max_load", KIND_U32, PLACE(media.max_load), 0, 1000, "0", NULL},
	{"media", "workers", KIND_U32, PLACE(media.workers), 1, 64, "1", NULL},
	{"media", "codec_threads", KIND_U32, PLACE(media.codec_threads), 0, 256, "0", NULL},
	{"media", "jitter_ms", KIND_U32, PLACE(media.jitter_ms), 0, 2000, "100", NULL},
	{"media", "frozen", KIND_TEXT, PLACE(media.frozen), 1, 0, "dim", &frozen_form},
	{"media", "idle_leave_s", KIND_U32, PLACE(media.idle_leave_s), 0, 86400, "60", NULL},
	{"egress", "listen", KIND_TEXT, PLACE(egress.listen), 1, 0, "0.0.0.0:8088", &listen_form},
	{"egress", "rtmp_listen", KIND_TEXT, PLACE(egress.rtmp_listen), 0, 0, "0.0.0.0:1935",
	 &listen_form},
	{"egress", "tls_listen", KIND_TEXT, PLACE(egress.tls_listen), 0, 0, "", &listen_form},
	{"egress", "tls_certificate", KIND_TEXT, PLACE(egress.tls_certificate), 0, 0, "",
	 &path_form},
	{"egress", "tls_key", KIND_TEXT, PLACE(egress.tls_key), 0, 0, "", &path_form},
	{"egress", "public_url", KIND_TEXT, PLACE(egress.public_url), 0, 0, "", &url_form},
	{"egress", "record_dir", KIND_TEXT, PLACE(egress.record_dir), 1, 0,
	 "/var/lib/tessera/recordings", &path_form},
	{"egress", "fragment_ms", KIND_U32, PLACE(egress.fragment_ms), 200, 10000, "1000", NULL},
	{"egress", "viewer_buffer_kib", KIND_U32, PLACE(egress.viewer_buffer_kib), 64, 65536,
	 "2048", NULL},
	{"egress", "max_viewers", KIND_U32, PLACE(egress.max_viewers), 1, 1000000, "10000", NULL},
	{"egress", "max_stream_viewers", KIND_U32, PLACE(egress.max_stream_viewers), 0, 1000000,
	 "0", NULL},
	{"egress", "max_application_viewers", KIND_U32, PLACE(egress.max_application_viewers), 0,
	 1000000, "0", NULL},
	{"egress", "hls_memory_mib", KIND_U32, PLACE(egress.hls_memory_mib), 16, 65536, "512",
	 NULL},
	{"egress", "disk_soft_percent", KIND_U32, PLACE(egress.disk_soft_percent), 0, 100, "5",
	 NULL},
	{"egress", "disk_hard_percent", KIND_U32, PLACE(egress.disk_hard_percent), 0, 100, "2",
	 NULL},
	{"egress", "disk_reserve_percent", KIND_U32, PLACE(egress.disk_reserve_percent), 0, 100,
	 "1", NULL},
};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

static int store_number(void *field, const struct setting *setting, const int64_t *number,
			char *expected, size_t expected_size)
{
	if (number && *number >= setting->min && *number <= setting->max) {
		*(uint32_t *)field = (uint32_t)*number;
		return 0;
	}
	(void)snprintf(expected, expected_size, "a whole number from %lld to %lld is expected",
		       (long long)setting->min, (long long)setting->max);
	return -EINVAL;
}

/* Digits, at most five. @return behind them, NULL when there are none or too many */
static const char *parse_port(const char *text, unsigned *port)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 5)
		return NULL;
	*port = (unsigned)strtoul(text, NULL, 10);
	return text + digits;
}

/* Two fields that follow each other. */
static int store_ports(uint16_t *fields, const struct setting *setting, const char *text,
		       char *expected, size_t expected_size)
{
	unsigned min, max;

	_Static_assert(offsetof(struct tess_config, media.rtp_port_max) ==
			       offsetof(struct tess_config, media.rtp_port_min) + sizeof(uint16_t),
		       "the two ports of a range are neighbours");
	text = text ? parse_port(text, &min) : NULL;
	text = text && *text == '-' ? parse_port(text + 1, &max) : NULL;
	if (text && !*text && min % 2 == 0 && min >= setting->min && max <= setting->max &&
	    max >= min + 3) {
		fields[0] = (uint16_t)min;
		fields[1] = (uint16_t)max;
		return 0;
	}
	(void)snprintf(expected, expected_size,
		       "a range like \"20000-20999\" is expected, even start, at least 4 ports, "
		       "%lld to %lld",
		       (long long)setting->min, (long long)setting->max);
	return -EINVAL;
}

static int store_text(char *field, const struct setting *setting, const char *text, char *expected,
		      size_t expected_size)
{
	size_t length = text ? strlen(text) : 0;
	size_t max = setting->max ? (size_t)setting->max : setting->size - 1;
	bool control = false;

	for (size_t i = 0; i < length; i++)
		control = control || (unsigned char)text[i] < ' ' || text[i] == 0x7f;
	if (!text)
		(void)snprintf(expected, expected_size, "a text in quotes is expected");
	else if (length < (size_t)setting->min)
		(void)snprintf(expected, expected_size, "it must not be empty");
	else if (length > max)
		(void)snprintf(expected, expected_size, "it is longer than %zu bytes", max);
	else if (control)
		(void)snprintf(expected, expected_size, "it has control characters in it");
	else if (length && setting->form && !setting->form->valid(text))
		(void)snprintf(expected, expected_size, "%s", setting->form->expected);
	else {
		(void)stpncpy(field, text, setting->size); /* fills up with zeros */
		return 0;
	}
	return -EINVAL;
}

/*
 * Store a value given as text or number. @retval 0, or -EINVAL with what is expected in @p expected
 */
static int store(struct tess_config *config, const struct setting *setting, const char *text,
		 const int64_t *number, char *expected, size_t expected_size)
{
	void *field = (char *)config + setting->offset;

	switch (setting->kind) {
	case KIND_U32:
		return store_number(field, setting, number, expected, expected_size);
	case KIND_PORTS:
		return store_ports(field, setting, text, expected, expected_size);
	case KIND_TEXT:
		return store_text(field, setting, text, expected, expected_size);
	case KIND_DEVICES:
		break; /* a list: store_devices() */
	}
	return -EINVAL;
}

static bool is_device(const char *text)
{
	size_t length = text ? strlen(text) : 0;

	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f || text[i] == '"')
			return false;
	}
	return length > 0 && length < TESS_CONFIG_DEVICE;
}

/* A list ("(...)") or an array ("[...]") of names, none of them twice. */
static int store_devices(struct tess_config *config, const struct setting *setting,
			 const config_setting_t *item, char *expected, size_t expected_size)
{
	char devices[TESS_CONFIG_DEVICES + 1][TESS_CONFIG_DEVICE] = {{0}};
	int count = config_setting_length(item);
	bool good = (config_setting_is_array(item) || config_setting_is_list(item)) &&
		    count <= setting->max;

	for (int i = 0; good && i < count; i++) {
		const char *text = config_setting_get_string_elem(item, i);

		good = is_device(text);
		for (int j = 0; good && j < i; j++)
			good = strcmp(devices[j], text) != 0;
		if (good)
			memcpy(devices[i], text, strlen(text) + 1);
	}
	if (!good) {
		(void)snprintf(expected, expected_size,
			       "a list of at most %lld different names of devices is expected, "
			       "like [\"/dev/dri/renderD128\"] or [\"0\", \"1\"]",
			       (long long)setting->max);
		return -EINVAL;
	}
	memcpy((char *)config + setting->offset, devices, sizeof(devices));
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

/* "FILE:LINE", also of a file that this one includes. */
static void describe_place(char *place, size_t size, const config_setting_t *item, const char *path)
{
	const char *file = config_setting_source_file(item);

	(void)snprintf(place, size, "%s:%u", file ? file : path, config_setting_source_line(item));
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
	char place[300];
	bool is_number;

	describe_place(place, sizeof(place), item, path);
	if (!setting) {
		(void)snprintf(error, error_size, "%s: unknown setting %s.%s", place, group, name);
		return -EINVAL;
	}
	if (setting->kind == KIND_DEVICES) {
		if (!store_devices(config, setting, item, expected, sizeof(expected)))
			return 0;
		(void)snprintf(error, error_size, "%s: %s.%s: %s", place, group, name, expected);
		return -EINVAL;
	}
	is_number = type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
	if (is_number)
		number = config_setting_get_int64(item);
	else if (type == CONFIG_TYPE_STRING)
		text = config_setting_get_string(item);
	if (store(config, setting, text, is_number ? &number : NULL, expected, sizeof(expected))) {
		(void)snprintf(error, error_size, "%s: %s.%s: %s", place, group, name, expected);
		return -EINVAL;
	}
	return 0;
}

static int read_group(struct tess_config *config, config_setting_t *group, const char *path,
		      char *error, size_t error_size)
{
	const char *name = config_setting_name(group);
	char place[300];
	int err = 0;

	if (!is_group(name) || !config_setting_is_group(group)) {
		describe_place(place, sizeof(place), group, path);
		(void)snprintf(error, error_size,
			       "%s: %s is not one of the groups box, control, media, egress", place,
			       name);
		return -EINVAL;
	}
	for (int i = 0; !err && i < config_setting_length(group); i++)
		err = read_setting(config, name, config_setting_get_elem(group, (unsigned)i), path,
				   error, error_size);
	return err;
}

/* TLS is with certificate and key, or not at all. What is in them is egress's and the command
 * line's to look at, so that no other process needs a library for it. */
static int check_tls(const struct tess_config *config, const config_t *file, const char *path,
		     char *error, size_t error_size)
{
	const config_setting_t *item = config_lookup(file, "egress.tls_listen");
	const char *missing = !*config->egress.tls_certificate ? "tls_certificate"
			      : !*config->egress.tls_key       ? "tls_key"
							       : NULL;
	char place[300];

	if (!item || !*config->egress.tls_listen || !missing)
		return 0;
	describe_place(place, sizeof(place), item, path);
	(void)snprintf(error, error_size, "%s: egress.tls_listen: egress.%s is needed with it",
		       place, missing);
	return -EINVAL;
}

/* The library ends the process when it cannot read what it has opened. */
static int open_file(FILE **streamp, const char *path)
{
	struct stat status;

	*streamp = fopen(path, "re");
	if (!*streamp)
		return -errno;
	if (!fstat(fileno(*streamp), &status) && !S_ISDIR(status.st_mode))
		return 0;
	(void)fclose(*streamp);
	return -EISDIR;
}

int tess_config_load(struct tess_config *config, const char *path, char *error, size_t error_size)
{
	struct tess_config next = *config;
	config_setting_t *root;
	config_t file;
	FILE *stream;
	int err;

	err = open_file(&stream, path);
	if (err) {
		(void)snprintf(error, error_size, "%s: %s", path, strerror(-err));
		return err;
	}
	config_init(&file);
	if (config_read(&file, stream) != CONFIG_TRUE) {
		const char *name = config_error_file(&file);

		(void)snprintf(error, error_size, "%s:%d: %s", name ? name : path,
			       config_error_line(&file), config_error_text(&file));
		err = -EINVAL;
	}
	(void)fclose(stream);
	root = config_root_setting(&file);
	for (int i = 0; !err && i < config_setting_length(root); i++)
		err = read_group(&next, config_setting_get_elem(root, (unsigned)i), path, error,
				 error_size);
	if (!err)
		err = check_tls(&next, &file, path, error, error_size);
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
