#pragma once

#include "provisioning/change.h"

/* OFFICER_TRUST_LIST: the authorities of a trust domain, or of all that the box asks, as unseal
 * reads them today. Errors as in programmes.h. */
MUST_CHECK enum err trust_list_show(struct change *change);

/* OFFICER_TRUST_REMOVE: what the authority issued is not trusted from now on; what is registered
 * stays. An authority that the domain does not have is refused. */
MUST_CHECK enum err trust_list_remove(struct change *change);
