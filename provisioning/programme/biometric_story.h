#pragma once

#include "provisioning/programme/devices.h"
#include "provisioning/programme/mosip_client.h"

/* Takes ${capture} for the person whom ${parties} ask about, and tells how. Gives the member
 * `biometrics`, which the caller frees; NULL: nothing could be captured (said). */
json_t *biometric_story_capture(const struct mosip_parties *parties,
                                const struct devices_capture *capture);
