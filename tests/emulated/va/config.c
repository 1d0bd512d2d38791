/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/config.c - profiles, entry points, their attributes, and configurations.
 */
#include "tests/emulated/va/emu.h"

#define PACKED_HEADERS                                                  \
	(VA_ENC_PACKED_HEADER_SEQUENCE | VA_ENC_PACKED_HEADER_PICTURE | \
	 VA_ENC_PACKED_HEADER_SLICE | VA_ENC_PACKED_HEADER_MISC)

static const struct {
	VAProfile profile;
	VAEntrypoint entrypoint;
} offers[] = {
	{VAProfileH264ConstrainedBaseline, VAEntrypointVLD},
	{VAProfileH264ConstrainedBaseline, VAEntrypointEncSlice},
	{VAProfileH264Main, VAEntrypointVLD},
	{VAProfileH264Main, VAEntrypointEncSlice},
	{VAProfileH264High, VAEntrypointVLD},
	{VAProfileH264High, VAEntrypointEncSlice},
	{VAProfileVP9Profile0, VAEntrypointVLD},
	{VAProfileNone, VAEntrypointVideoProc},
};
#define OFFERS (sizeof(offers) / sizeof(offers[0]))

static bool offered(const struct emu_personality *personality, size_t i)
{
	switch (offers[i].profile) {
	case VAProfileNone:
		return true;
	case VAProfileVP9Profile0:
		return personality->vp9;
	default:
		return personality->h264;
	}
}

static VAStatus query_config_profiles(VADriverContextP va, VAProfile *list, int *count)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaQueryConfigProfiles", &display);
	if (status)
		return status;
	*count = 0;
	for (size_t i = 0; i < OFFERS; i++)
		if (offered(&display->device->personality, i) &&
		    (*count == 0 || list[*count - 1] != offers[i].profile))
			list[(*count)++] = offers[i].profile;
	emu_unlock(display);
	return VA_STATUS_SUCCESS;
}

static VAStatus query_config_entrypoints(VADriverContextP va, VAProfile profile, VAEntrypoint *list,
					 int *count)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaQueryConfigEntrypoints", &display);
	if (status)
		return status;
	*count = 0;
	for (size_t i = 0; i < OFFERS; i++)
		if (offers[i].profile == profile && offered(&display->device->personality, i))
			list[(*count)++] = offers[i].entrypoint;
	emu_unlock(display);
	return *count ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_UNSUPPORTED_PROFILE;
}

static VAStatus find_offer(const struct emu_personality *personality, VAProfile profile,
			   VAEntrypoint entrypoint)
{
	VAStatus status = VA_STATUS_ERROR_UNSUPPORTED_PROFILE;
	for (size_t i = 0; i < OFFERS; i++) {
		if (offers[i].profile != profile || !offered(personality, i))
			continue;
		if (offers[i].entrypoint == entrypoint)
			return VA_STATUS_SUCCESS;
		status = VA_STATUS_ERROR_UNSUPPORTED_ENTRYPOINT;
	}
	return status;
}

static uint32_t attribute(const struct emu_personality *personality, VAEntrypoint entrypoint,
			  VAConfigAttribType type)
{
	bool encode = entrypoint == VAEntrypointEncSlice;
	switch (type) {
	case VAConfigAttribRTFormat:
		return entrypoint == VAEntrypointVideoProc
			       ? VA_RT_FORMAT_YUV420 | VA_RT_FORMAT_RGB32
			       : VA_RT_FORMAT_YUV420;
	case VAConfigAttribMaxPictureWidth:
		return personality->max_width;
	case VAConfigAttribMaxPictureHeight:
		return personality->max_height;
	default:
		break;
	}
	if (!encode)
		return VA_ATTRIB_NOT_SUPPORTED;
	switch (type) {
	case VAConfigAttribRateControl:
		return VA_RC_CQP | VA_RC_CBR | VA_RC_VBR;
	case VAConfigAttribEncPackedHeaders:
		return personality->packed_headers ? PACKED_HEADERS : VA_ENC_PACKED_HEADER_NONE;
	case VAConfigAttribEncMaxRefFrames:
	case VAConfigAttribEncMaxSlices:
		return 1;
	case VAConfigAttribEncSliceStructure:
		return VA_ENC_SLICE_STRUCTURE_EQUAL_ROWS;
	default:
		return VA_ATTRIB_NOT_SUPPORTED;
	}
}

static VAStatus get_config_attributes(VADriverContextP va, VAProfile profile,
				      VAEntrypoint entrypoint, VAConfigAttrib *list, int count)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaGetConfigAttributes", &display);
	if (status)
		return status;
	const struct emu_personality *personality = &display->device->personality;
	status = find_offer(personality, profile, entrypoint);
	for (int i = 0; i < count && status == VA_STATUS_SUCCESS; i++)
		list[i].value = attribute(personality, entrypoint, list[i].type);
	emu_unlock(display);
	return status;
}

/* what was asked for is one thing, or some things, of what is offered */
static VAStatus take_attribute(struct emu_config *config, uint32_t offer,
			       const VAConfigAttrib *wanted)
{
	if (offer == VA_ATTRIB_NOT_SUPPORTED)
		return VA_STATUS_ERROR_ATTR_NOT_SUPPORTED;
	bool subset = !(wanted->value & ~offer);
	switch (wanted->type) {
	case VAConfigAttribRTFormat:
		config->rt_format = wanted->value;
		return subset && wanted->value ? VA_STATUS_SUCCESS
					       : VA_STATUS_ERROR_UNSUPPORTED_RT_FORMAT;
	case VAConfigAttribRateControl:
		config->rate_control = wanted->value;
		return subset && __builtin_popcount(wanted->value) == 1
			       ? VA_STATUS_SUCCESS
			       : VA_STATUS_ERROR_INVALID_PARAMETER;
	case VAConfigAttribEncPackedHeaders: {
		/* x264's slices fit behind foreign headers only when all of them are foreign */
		bool sequence = wanted->value & VA_ENC_PACKED_HEADER_SEQUENCE;
		bool slice = wanted->value & VA_ENC_PACKED_HEADER_SLICE;
		config->packed_headers = wanted->value;
		return subset && sequence == slice ? VA_STATUS_SUCCESS
						   : VA_STATUS_ERROR_INVALID_PARAMETER;
	}
	default:
		return VA_STATUS_SUCCESS;
	}
}

static VAStatus create_config(VADriverContextP va, VAProfile profile, VAEntrypoint entrypoint,
			      VAConfigAttrib *list, int count, VAConfigID *id)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaCreateConfig", &display);
	if (status)
		return status;
	const struct emu_personality *personality = &display->device->personality;
	struct emu_config wanted = {
		.profile = profile,
		.entrypoint = entrypoint,
		.rt_format = VA_RT_FORMAT_YUV420,
		.rate_control = VA_RC_CQP,
	};
	status = find_offer(personality, profile, entrypoint);
	for (int i = 0; i < count && status == VA_STATUS_SUCCESS; i++)
		status = take_attribute(&wanted, attribute(personality, entrypoint, list[i].type),
					&list[i]);
	if (status == VA_STATUS_SUCCESS) {
		struct emu_config *config = emu_object_new(display, EMU_CONFIG, sizeof(*config));
		wanted.object = config->object;
		*config = wanted;
		*id = config->object.id;
	}
	emu_unlock(display);
	return status;
}

static VAStatus destroy_config(VADriverContextP va, VAConfigID id)
{
	struct emu_display *display = emu_display_of(va);
	emu_lock(display);
	emu_object_retire(display, emu_object_get(display, EMU_CONFIG, id, "vaDestroyConfig"));
	emu_unlock(display);
	return VA_STATUS_SUCCESS;
}

static VAStatus query_config_attributes(VADriverContextP va, VAConfigID id, VAProfile *profile,
					VAEntrypoint *entrypoint, VAConfigAttrib *list, int *count)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaQueryConfigAttributes", &display);
	if (status)
		return status;
	const struct emu_config *config =
		emu_object_get(display, EMU_CONFIG, id, "vaQueryConfigAttributes");
	*profile = config->profile;
	*entrypoint = config->entrypoint;
	list[0] = (VAConfigAttrib){VAConfigAttribRTFormat, config->rt_format};
	*count = 1;
	if (config->entrypoint == VAEntrypointEncSlice) {
		list[1] = (VAConfigAttrib){VAConfigAttribRateControl, config->rate_control};
		list[2] = (VAConfigAttrib){VAConfigAttribEncPackedHeaders, config->packed_headers};
		*count = 3;
	}
	emu_unlock(display);
	return VA_STATUS_SUCCESS;
}

void emu_config_init(struct VADriverVTable *table)
{
	table->vaQueryConfigProfiles = query_config_profiles;
	table->vaQueryConfigEntrypoints = query_config_entrypoints;
	table->vaGetConfigAttributes = get_config_attributes;
	table->vaCreateConfig = create_config;
	table->vaDestroyConfig = destroy_config;
	table->vaQueryConfigAttributes = query_config_attributes;
}
