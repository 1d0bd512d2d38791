/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/address.h - the addresses that are told to clients: as configured, else
 * built from the host that the client asked for.
 */
#ifndef TESS_CONTROL_API_ADDRESS_H
#define TESS_CONTROL_API_ADDRESS_H

#include "firmware/control/api/request.h"
#include "firmware/control/cloud/host.h"
#include "firmware/control/control.h"
#include "firmware/control/store/files.h"

#define TESS_FILE_URL_MAX 1200
#define TESS_LIVE_URL_MAX 1200

/** Where RTP goes to: an IP address or a host name, IPv6 without brackets. */
void tess_address_media(char address[256], const struct tess_control *control,
			const struct tess_request *request);
/** The box's name in addresses that nobody asked for: the host of egress.public_url, of
 * egress.listen, or the address that the box sends from. */
void tess_address_host(char host[TESS_HOST_MAX], const struct tess_control *control);
/** Where egress is reached, "http://host:port" without a slash at its end. @p request may be NULL.
 */
void tess_address_egress(char url[320], const struct tess_control *control,
			 const struct tess_request *request);
/** The live address of a stream id. */
void tess_address_flv(char url[TESS_LIVE_URL_MAX], const struct tess_control *control,
		      const struct tess_request *request, const char *stream_id);
/** The same by HLS. */
void tess_address_hls(char url[TESS_LIVE_URL_MAX], const struct tess_control *control,
		      const struct tess_request *request, const char *stream_id);
/** The same by RTMP; "" when egress has no such port. */
void tess_address_rtmp(char url[TESS_LIVE_URL_MAX], const struct tess_control *control,
		       const struct tess_request *request, const char *stream_id);
/**
 * The signed address of a recording's file, valid for @p life_s from now on.
 * @retval 0, -ENOMEM
 */
int tess_address_file(char url[512], const struct tess_control *control,
		      const struct tess_request *request, int64_t recording,
		      int64_t life_s) TESS_MUST_CHECK;
/** Where a file's thumbnail is, on control: a path. It stays the same for some hours. @retval 0,
 * -ENOMEM */
int tess_address_cover(char path[160], const struct tess_control *control,
		       int64_t file) TESS_MUST_CHECK;
/** Control's own address for others: "http://host:port". */
void tess_address_control(char url[320], const struct tess_control *control);
/** Whether somebody may fetch files of a recording now. @retval 0, -EACCES, -ENOMEM */
int tess_address_check(const struct tess_control *control, int64_t recording, const char *expires,
		       const char *signature) TESS_MUST_CHECK;
/** The same for one file of it. @p request may be NULL. @retval as above */
int tess_address_media_file(char url[TESS_FILE_URL_MAX], const struct tess_control *control,
			    const struct tess_request *request, const struct tess_file *file,
			    int64_t life_s) TESS_MUST_CHECK;

#endif
