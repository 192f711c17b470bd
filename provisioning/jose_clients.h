#pragma once

#include "firmware/base/err.h"
#include "authd/wire/unseal_wire.h"
#include "provisioning/change.h"

/*
 * Operations on what programmes register for the JOSE profile (docs/protocol.md §2). Errors as in
 * programmes.h. A certificate's issuer doesn't count; its dates, and that its key is on P-256, do.
 * The three keys differ, and none is another programme's, for whatever use. (Of a TLS key that was
 * registered long ago the certificate alone is known, which is no other programme's either.) As
 * many programmes as edge can be told of, EDGE_CLIENTS_MAX.
 */
MUST_CHECK enum err jose_clients_put(struct change *change);
MUST_CHECK enum err jose_clients_remove(struct change *change);
MUST_CHECK enum err jose_clients_show(struct change *change);

/* The three certificates of a programme. */
enum jose_clients_use {
    JOSE_CLIENTS_TLS,
    JOSE_CLIENTS_SIGNATURE,
    JOSE_CLIENTS_ENCRYPTION,
    JOSE_CLIENTS_USES
};
/* Puts a certificate that was read, for a key on P-256, in the place of one that ${client} has; by
 * the same rules. Storing it is the caller's. */
MUST_CHECK enum err jose_clients_renew(struct change *change, enum jose_clients_use use,
                                       const struct unseal_certificate_read *read,
                                       struct jose_client *client);
