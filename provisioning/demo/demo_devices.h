#pragma once

#include <jansson.h>

#include "firmware/base/err.h"

/*
 * Capture devices that nobody sells, as MOSIP's interface for them (SBI) has them: each signs what
 * it captures (`data`) with a certificate of trust domain DEVICE, and says who it is (`digitalId`)
 * with one of domain FTM. Into a folder:
 *   device-ca.pem, ftm-ca.pem
 *   devices/ID.p12 .password .ftm.p12
 * ID.p12 is issued by the device CA, which the demonstration trusts in both domains: a device that
 * has no chip (MOSIP's L0) signs both with it. ID.ftm.p12 is the key in the chip of one that has
 * (L1), issued by the FTM CA, which is trusted in its own domain alone. Keys are RSA-2048.
 */
MUST_CHECK enum err demo_devices_make(const char *directory);
/* Adds the anchors to the member "trust" of programmes.json. ERR_SYSTEM. */
MUST_CHECK enum err demo_devices_add_trust(json_t *trust);
/*
 * Copies what the folder ${from} has of devices into the kit in folder ${to}, and gives the member
 * "devices" of kit.json: {id, p12, p12_password, ftm_p12 (of L1, same password), digital_id}. A
 * folder of an older version has none: an empty list.
 */
MUST_CHECK enum err demo_devices_hand_over(const char *from, const char *to, json_t **devices);
