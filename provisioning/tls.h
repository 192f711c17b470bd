#pragma once

#include "provisioning/change.h"

/*
 * The certificates of TLS: an officer asks for a request by the key in the token, brings what an
 * authority made of it, and takes it away again. unseal judges what is brought, the journal names
 * it, and signer 0 stores it once it has compared the key. Outcomes as in provisioning/keys.h.
 */
MUST_CHECK enum err tls_request(struct change *change);
MUST_CHECK enum err tls_install(struct change *change);
MUST_CHECK enum err tls_remove(struct change *change);
MUST_CHECK enum err tls_show(struct change *change);
