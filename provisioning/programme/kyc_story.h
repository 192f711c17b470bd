#pragma once

#include <stdbool.h>

#include "provisioning/programme/mosip_client.h"

/*
 * Opens the attributes of an eKYC answer and prints them, one a line. A photo is written to
 * ${photo_path} (may be NULL). False, with a word why, when they cannot be opened or written.
 */
bool kyc_story_tell(const struct kit_partner *partner, const json_t *response,
                    const char *photo_path);
