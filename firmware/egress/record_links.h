/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/record_links.h - how the files of a recording are found by its id once control
 * has stored it: record_dir/by-id/ID/NAME -> ../../APP/NAME. An earlier firmware had one file and
 * by-id/ID -> ../APP/NAME.
 */
#ifndef TESS_EGRESS_RECORD_LINKS_H
#define TESS_EGRESS_RECORD_LINKS_H

#include <stddef.h>
#include <stdint.h>

#include "hal/net.h"

/** Link a file or folder; it may be linked already. Blocks. @retval 0 or a negative errno */
int tess_links_add(int record_dir, int64_t id, int64_t app, const char *name) TESS_MUST_CHECK;
/**
 * APP/NAME of a linked file. @p name NULL: of the first MP4.
 * @retval 0, -ENOENT, or a negative errno
 */
int tess_links_find(int record_dir, int64_t id, const char *name, char *path,
		    size_t size) TESS_MUST_CHECK;
/** Remove all that is linked, and the links. Blocks. @retval 0 or a negative errno */
int tess_links_remove(int record_dir, int64_t id) TESS_MUST_CHECK;
/**
 * Remove one linked file, an HLS playlist with the folder of what it lists, and its links. Blocks
 * for at most *budget unlinked files, each of which takes one from it.
 * @param path APP/NAME, where the link must lead to
 * @retval 0, -ENOENT it is not linked, -EAGAIN there is more to remove, or a negative errno
 */
int tess_links_remove_one(int record_dir, int64_t id, const char *name, const char *path,
			  unsigned *budget) TESS_MUST_CHECK;

#endif
