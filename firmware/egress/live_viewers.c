/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/live_viewers.c - see live_viewers.h.
 */
#include "firmware/egress/live_viewers.h"

#include <arpa/inet.h>
#include <string.h>

#include "firmware/base/log.h"

/* An IPv4 address in IPv6 clothes (RFC 4291 §2.5.5.2) is shown as what it is. */
static void address_text(char text[INET6_ADDRSTRLEN], const union tess_addr *address)
{
	const void *bytes = &address->in.sin_addr;
	int family = address->sa.sa_family;

	if (family == AF_INET6) {
		bytes = &address->in6.sin6_addr;
		if (IN6_IS_ADDR_V4MAPPED(&address->in6.sin6_addr)) {
			family = AF_INET;
			bytes = address->in6.sin6_addr.s6_addr + 12;
		}
	}
	if (!inet_ntop(family, bytes, text, INET6_ADDRSTRLEN))
		*text = 0;
}

struct listing {
	json_t *players;
	unsigned left;
};

static bool add(void *arg, const struct tess_live_viewer *viewer)
{
	struct listing *listing = arg;
	char address[INET6_ADDRSTRLEN];

	if (!listing->left)
		return false;
	listing->left--;
	address_text(address, &viewer->address);
	(void)json_array_append_new(
		listing->players,
		json_pack("{s:I, s:s, s:s, s:I, s:I}", "id", (json_int_t)viewer->id, "address",
			  address, "protocol", viewer->protocol, "age_us",
			  (json_int_t)viewer->age_us, "bytes", (json_int_t)viewer->bytes_sent));
	return false;
}

void tess_live_viewers_list(struct tess_live *live, json_t *facts)
{
	struct listing listing = {.left = TESS_LIVE_LISTED};
	json_t *fact;
	size_t i;

	json_array_foreach(facts, i, fact)
	{
		listing.players = json_array();
		if (json_object_set_new(fact, "players", listing.players))
			return;
		(void)tess_live_each(live, json_string_value(json_object_get(fact, "name")), add,
				     &listing);
	}
}

struct kick {
	json_int_t id;	     /* 0 = all */
	const char *address; /* or NULL */
};

static bool is_kicked(void *arg, const struct tess_live_viewer *viewer)
{
	const struct kick *kick = arg;
	char address[INET6_ADDRSTRLEN];

	if (kick->id)
		return (json_int_t)viewer->id == kick->id;
	if (!kick->address)
		return true;
	address_text(address, &viewer->address);
	return !strcmp(address, kick->address);
}

void tess_live_viewers_kick(struct tess_live *live, const json_t *message)
{
	struct kick kick = {.id = json_integer_value(json_object_get(message, "viewer")),
			    .address = json_string_value(json_object_get(message, "address"))};
	const char *name = json_string_value(json_object_get(message, "name"));
	unsigned closed;

	if (!name)
		return;
	closed = tess_live_each(live, name, is_kicked, &kick);
	TESS_INFO("viewers.kicked", "name=%.128s count=%u", name, closed);
}
