/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/config.h - the box's configuration (libconfig syntax; docs/configuration.md).
 *
 * One file for all processes, which may include others (@include "FILE"). Every value has a
 * default; an unknown name, a wrong type or a value out of range is refused with "FILE:LINE: text".
 */
#ifndef TESS_BASE_CONFIG_H
#define TESS_BASE_CONFIG_H

#include <stdint.h>
#include <stddef.h>

#include "hal/net.h"

/** The most devices that can be named, and the longest name with its end. */
#define TESS_CONFIG_DEVICES 8
#define TESS_CONFIG_DEVICE  128

struct tess_config {
	struct {
		char name[64];	     /* "tessera" */
		char time_zone[64];  /* "" = the system's; used in file names */
		char state_dir[256]; /* SQLite; "/var/lib/tessera" */
		char run_dir[256];   /* sockets; "/run/tessera" */
	} box;
	struct {
		char listen[64];	/* "0.0.0.0:8080": cloud API, admin REST, web UI */
		char public_url[256];	/* for clients; "" = the host they asked for */
		char webui_dir[256];	/* built web UI; found beside the program by default */
		uint32_t session_hours; /* 12 */
		char fetch_from[16];	/* "network": where pictures of mixes are fetched from */
		char callback_exclude[512]; /* networks that no callback goes to */
		char callback_ca_file[256]; /* certificates that are trusted; "" = the system's */
		uint32_t callback_retry_s;  /* 60 */
		uint32_t callback_retries;  /* 12, at that interval */
		uint32_t callback_hours;    /* 24: after that a callback is dead */
	} control;
	struct {
		char net[256];	       /* "udp:0.0.0.0" */
		char net_fallback[64]; /* when that cannot be opened; "" = then media does not start
					*/
		char address[64];      /* told to publishers; "" = the host they asked for */
		uint16_t rtp_port_min, rtp_port_max; /* 20000-20999; even min */
		char engine[16];		     /* "auto" */
		/* those to use, ended by an empty one; none = all that are found */
		char devices[TESS_CONFIG_DEVICES + 1][TESS_CONFIG_DEVICE];
		uint32_t max_load; /* percent of an engine that mixes may take; 0 = by its kind */
		uint32_t workers;  /* room threads, 1 */
		uint32_t codec_threads; /* 0 = number of cores */
		uint32_t jitter_ms;	/* 100 */
		char frozen[8];		/* how a picture that stands still is shown; "dim" */
		uint32_t idle_leave_s;	/* a plain-RTP user without packets leaves; 60; 0 = never */
	} media;
	struct {
		char listen[64];      /* "0.0.0.0:8088": http-flv and files */
		char rtmp_listen[64]; /* "0.0.0.0:1935": players by RTMP; "" = none */
		char tls_listen[64];  /* https, beside listen; "" = none */
		/* PEM files, which are there if tls_listen is */
		char tls_certificate[256], tls_key[256];
		char public_url[256];	    /* for viewers; "" = the host they asked for */
		char record_dir[256];	    /* "/var/lib/tessera/recordings" */
		uint32_t fragment_ms;	    /* 1000 */
		uint32_t viewer_buffer_kib; /* most bytes waiting for one slow viewer; 2048 */
		uint32_t max_viewers;	    /* 10000 */
		/* of these, of one stream and of one application; 0 = no such limit */
		uint32_t max_stream_viewers, max_application_viewers;
		uint32_t hls_memory_mib; /* of all streams' live HLS; 512 */
		/* of free disk space below which: an alarm, no new recording, running ones end */
		uint32_t disk_soft_percent, disk_hard_percent, disk_reserve_percent; /* 5, 2, 1 */
	} egress;
};

/** All defaults. */
void tess_config_defaults(struct tess_config *config);
/**
 * Read @p path over the defaults. On failure *config is unchanged and @p error holds one line.
 * @retval 0, -EINVAL (see error), -ENOENT, -EACCES, -EISDIR
 */
int tess_config_load(struct tess_config *config, const char *path, char *error,
		     size_t error_size) TESS_MUST_CHECK;
/** "host:port" or "[v6]:port" to an address. @retval 0, -EINVAL */
int tess_config_address(const char *text, union tess_addr *address) TESS_MUST_CHECK;

#endif
