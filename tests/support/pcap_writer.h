/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/pcap_writer.h - writes captures of UDP over IPv4 over Ethernet.
 *
 * Classic pcap, little endian, microseconds: what drivers/net_pcap replays and Wireshark opens.
 */
#ifndef TESS_TESTS_PCAP_WRITER_H
#define TESS_TESTS_PCAP_WRITER_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

struct tess_pcap_writer;

/** Create or replace @p path. @retval 0, -ENOMEM, or the error of opening the file */
int tess_pcap_writer_open(struct tess_pcap_writer **writerp, const char *path);
/**
 * Write one datagram of up to 1472 bytes or, longer, one that Ethernet could not carry (65507 at
 * most).
 * @p time_us is since 1970 and should not step back. Errors show at close.
 */
void tess_pcap_writer_udp(struct tess_pcap_writer *writer, int64_t time_us,
			  const struct sockaddr_in *from, const struct sockaddr_in *to,
			  const void *data, size_t length);
/** Close. @retval 0, or -EIO if anything could not be written */
int tess_pcap_writer_close(struct tess_pcap_writer *writer);

/** An IPv4 address with port, for the above: tess_ipv4(0x7f000001, 5004) is 127.0.0.1:5004. */
struct sockaddr_in tess_ipv4(uint32_t address, uint16_t port);

#endif
