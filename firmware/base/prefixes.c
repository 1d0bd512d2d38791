/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/prefixes.c - see prefixes.h.
 */
#include "firmware/base/prefixes.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

struct prefix {
	int family;
	unsigned bits;
	uint8_t bytes[16];
};

/* Takes one element off the list. @return false: it is none */
static bool next(const char **list, struct prefix *prefix)
{
	char text[64], *slash, *end = NULL;
	size_t length;
	unsigned long most;

	*list += strspn(*list, " ");
	length = strcspn(*list, ", ");
	if (!length || length >= sizeof(text))
		return false;
	memcpy(text, *list, length);
	text[length] = 0;
	*list += length;
	*list += strspn(*list, " ");
	if (**list && *(*list)++ != ',')
		return false;
	slash = strchr(text, '/');
	if (slash)
		*slash++ = 0;
	prefix->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	most = prefix->family == AF_INET6 ? 128 : 32;
	prefix->bits = (unsigned)most;
	if (slash) {
		unsigned long bits = strtoul(slash, &end, 10);

		if (*slash < '0' || *slash > '9' || *end || bits > most)
			return false;
		prefix->bits = (unsigned)bits;
	}
	return inet_pton(prefix->family, text, prefix->bytes) == 1;
}

bool tess_prefixes_valid(const char *list)
{
	struct prefix prefix;

	list += strspn(list, " ");
	while (*list)
		if (!next(&list, &prefix))
			return false;
	return true;
}

static bool begins_with(const uint8_t *bytes, const struct prefix *prefix)
{
	unsigned whole = prefix->bits / 8, rest = prefix->bits % 8;

	return !memcmp(bytes, prefix->bytes, whole) &&
	       (!rest || !((bytes[whole] ^ prefix->bytes[whole]) >> (8 - rest)));
}

bool tess_prefixes_have(const char *list, const union tess_addr *address)
{
	const uint8_t *bytes = (const uint8_t *)&address->in.sin_addr;
	int family = address->sa.sa_family;
	struct prefix prefix;

	if (family == AF_INET6) {
		bytes = address->in6.sin6_addr.s6_addr;
		if (IN6_IS_ADDR_V4MAPPED(&address->in6.sin6_addr)) {
			family = AF_INET;
			bytes += 12;
		}
	}
	while (*list && next(&list, &prefix))
		if (prefix.family == family && begins_with(bytes, &prefix))
			return true;
	return false;
}
