/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/pcap_writer.c - writes captures of UDP over IPv4 over Ethernet.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/pcap_writer.h"

#define ETHERNET_HEADER 14
#define IPV4_HEADER	20
#define UDP_HEADER	8
#define HEADERS		(ETHERNET_HEADER + IPV4_HEADER + UDP_HEADER)

struct tess_pcap_writer {
	FILE *file;
};

static uint8_t *put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

static uint8_t *put32_le(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		*at++ = (uint8_t)(value >> 8 * i);
	return at;
}

int tess_pcap_writer_open(struct tess_pcap_writer **writerp, const char *path)
{
	static const uint8_t header[24] = {
		0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0,
	};
	struct tess_pcap_writer *writer = calloc(1, sizeof(*writer));
	int error;

	if (!writer)
		return -ENOMEM;
	writer->file = fopen(path, "wbe");
	if (!writer->file) {
		error = -errno;
		free(writer);
		return error;
	}
	(void)fwrite(header, 1, sizeof(header), writer->file);
	*writerp = writer;
	return 0;
}

static void set_ipv4_checksum(uint8_t *ip)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < IPV4_HEADER; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	(void)put16(ip + 10, ~sum & 0xffff);
}

void tess_pcap_writer_udp(struct tess_pcap_writer *writer, int64_t time_us,
			  const struct sockaddr_in *from, const struct sockaddr_in *to,
			  const void *data, size_t length)
{
	uint8_t header[16 + HEADERS] = {0}, *at = header, *ip;

	at = put32_le(at, (uint32_t)(time_us / 1000000));
	at = put32_le(at, (uint32_t)(time_us % 1000000));
	at = put32_le(at, (uint32_t)(HEADERS + length));
	at = put32_le(at, (uint32_t)(HEADERS + length));
	/* locally administered addresses that end as the IPv4 addresses do */
	at[0] = at[6] = 2;
	memcpy(at + 2, &to->sin_addr, 4);
	memcpy(at + 8, &from->sin_addr, 4);
	ip = put16(at + 12, 0x0800);
	ip[0] = 0x45;
	(void)put16(ip + 2, (unsigned)(IPV4_HEADER + UDP_HEADER + length));
	(void)put16(ip + 6, 0x4000); /* do not fragment */
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	memcpy(ip + 12, &from->sin_addr, 4);
	memcpy(ip + 16, &to->sin_addr, 4);
	set_ipv4_checksum(ip);
	at = put16(ip + IPV4_HEADER, ntohs(from->sin_port));
	at = put16(at, ntohs(to->sin_port));
	(void)put16(at, (unsigned)(UDP_HEADER + length)); /* checksum 0: none */
	(void)fwrite(header, 1, sizeof(header), writer->file);
	(void)fwrite(data, 1, length, writer->file);
}

int tess_pcap_writer_close(struct tess_pcap_writer *writer)
{
	int failed = ferror(writer->file);

	failed |= fclose(writer->file);
	free(writer);
	return failed ? -EIO : 0;
}

struct sockaddr_in tess_ipv4(uint32_t address, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(address),
	};
}
