#pragma once

#include "provisioning/change.h"

/* OFFICER_TRUST_LIST: the authorities of a trust domain, or of all that the box asks, as unseal
 * reads them today. Errors as in programmes.h. */
MUST_CHECK enum err trust_list_show(struct change *change);
