/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/pictures.h - CreatePicture, DescribePicture, ModifyPicture, DeletePicture.
 */
#ifndef TESS_CLOUD_PICTURES_H
#define TESS_CLOUD_PICTURES_H

#include <stdint.h>

#include "firmware/control/cloud/actions.h"

extern const char *const tess_cloud_create_picture_params[];
extern const char *const tess_cloud_describe_picture_params[];
extern const char *const tess_cloud_modify_picture_params[];
extern const char *const tess_cloud_delete_picture_params[];

tess_cloud_run tess_cloud_create_picture;
tess_cloud_run tess_cloud_describe_picture;
tess_cloud_run tess_cloud_modify_picture;
tess_cloud_run tess_cloud_delete_picture;

#endif
