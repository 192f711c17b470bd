#pragma once

#include "provisioning/programme/devices.h"

/* Tells what is captured for ${capture}, takes it, and gives the member `biometrics`, which the
 * caller frees; NULL: nothing could be captured (said). */
json_t *biometric_story_capture(const struct kit *kit, const struct devices_capture *capture);
