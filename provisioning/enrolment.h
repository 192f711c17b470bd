#pragma once

#include <stddef.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/secret.h"
#include "provisioning/change.h"

/*
 * Biometric records that officers bring become templates: unseal reads each, a plug-in makes
 * templates of images. Records are not kept.
 */

/*
 * ${plain} becomes what registry_put_biometrics takes, in secret memory made here; {0} where there
 * are no ${records} (officer_wire_take_record). Refuses what cannot be enrolled, naming ${index},
 * the person's place in the batch, the record and the reason.
 */
MUST_CHECK enum err enrolment_read(struct change *change, size_t index, struct bytes records,
                                   struct secret *plain);
