/* SPDX-License-Identifier: GPL-3.0-or-later
 * A client that reads no byte further than it is told.
 */
#include "tests/unit/firmware/egress/http_client.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

void client_open(struct client *client, uint16_t port, int receive_bytes)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {.tv_sec = 15};

	*client = (struct client){.fd = socket(AF_INET, SOCK_STREAM, 0)};
	if (receive_bytes)
		assert_int_equal(setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes,
					    sizeof(receive_bytes)),
				 0);
	assert_int_equal(
		setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(connect(client->fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

void client_send(struct client *client, const char *text)
{
	assert_int_equal(send(client->fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/** Read a head, to its empty line and not a byte further. @return the status */
int client_head(struct client *client)
{
	client->length = 0;
	while (client->length < 4 ||
	       memcmp(client->text + client->length - 4, "\r\n\r\n", 4) != 0) {
		assert_true(client->length < sizeof(client->text) - 1);
		if (recv(client->fd, client->text + client->length, 1, 0) != 1)
			return -1;
		client->length++;
	}
	client->text[client->length] = 0;
	assert_memory_equal(client->text, "HTTP/1.1 ", 9);
	return atoi(client->text + 9);
}

void client_body(struct client *client, const char *want)
{
	char body[256];

	assert_true(strlen(want) < sizeof(body));
	assert_int_equal(recv(client->fd, body, strlen(want), MSG_WAITALL), strlen(want));
	assert_memory_equal(body, want, strlen(want));
}

bool client_at_end(struct client *client)
{
	char byte;

	return recv(client->fd, &byte, 1, 0) == 0;
}
