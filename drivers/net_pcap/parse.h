/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_pcap/parse.h - the capture file format and the headers in front of UDP.
 *
 * Format: draft-ietf-opsawg-pcap. All input is untrusted.
 */
#ifndef TESS_DRIVERS_NET_PCAP_PARSE_H
#define TESS_DRIVERS_NET_PCAP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/net.h"

#define PCAP_FILE_HEADER   24
#define PCAP_RECORD_HEADER 16
/* The snapshot length that capture programs use as "all"; a longer record is damage. */
#define PCAP_MAX_RECORD 262144

struct pcap_format {
	bool swapped;	  /* the other byte order than ours */
	bool nanoseconds; /* else microseconds */
	uint16_t link_type;
};

struct pcap_record {
	int64_t time_us;   /* as the file says, since 1970 */
	uint32_t captured; /* bytes that follow in the file */
	uint32_t original; /* bytes that the packet had */
};

struct pcap_datagram {
	const uint8_t *payload; /* in the record */
	uint32_t length;	/* bytes of payload that the datagram had */
	uint32_t captured;	/* bytes of it that the file has, <= length */
	uint16_t destination_port;
	union tess_addr source;
};

/** @retval 0, -EBADMSG no classic pcap, or of a link type that is not read */
int pcap_parse_format(struct pcap_format *format,
		      const uint8_t header[PCAP_FILE_HEADER]) TESS_MUST_CHECK;
/** @retval 0, -EBADMSG damaged: what follows cannot be found */
int pcap_parse_record(struct pcap_record *record, const struct pcap_format *format,
		      const uint8_t header[PCAP_RECORD_HEADER]) TESS_MUST_CHECK;
/** @retval 0, -EBADMSG no UDP, only a part of a datagram, or malformed: pass over it */
int pcap_parse_datagram(struct pcap_datagram *datagram, uint16_t link_type, const uint8_t *data,
			size_t length) TESS_MUST_CHECK;

#endif
