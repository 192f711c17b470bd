#pragma once

#include "hsm/keyring.h"
#include "hsm/wire_tls_install.h"

struct kv_txn;

/*
 * The certificate chains that officers brought for TLS keys, in the keyring beside their rows. What
 * is shown for a key without one is the box's own certificate, in its row.
 */
struct keyring_chain {
    int64_t not_after_ms;                            /* of the certificate that runs out first */
    size_t count;                                    /* from 1; the leaf first */
    struct bytes certificates[HSM_TLS_CERTIFICATES]; /* DER, in ${memory} */
    uint8_t memory[HSM_TLS_CERTIFICATES * HSM_TLS_CERTIFICATE_MAX];
};

/*
 * Stores the chain of ${install->generation} and forgets those of keys that are over; the writer's
 * alone. The signers load their keys again. ERR_NOT_FOUND: no such key, or it is not, and will not
 * be, shown in new handshakes.
 */
MUST_CHECK enum err keyring_chain_put(struct keyring *keyring,
                                      const struct hsm_tls_install *install);
/* The chain of the key of ${generation}. ERR_NOT_FOUND: officers brought none. */
MUST_CHECK enum err keyring_chain_get(struct keyring *keyring, uint16_t generation,
                                      struct keyring_chain *chain);
/* Forgets it; the writer's alone. The signers load their keys again. ERR_NOT_FOUND: there is none.
 */
MUST_CHECK enum err keyring_chain_remove(struct keyring *keyring, uint16_t generation);

/*
 * Whether the standby among ${keys} of ${purpose} may not take over yet: the active key has a chain
 * that officers brought, and it has none.
 */
MUST_CHECK enum err keyring_chain_unready(struct kv_txn *txn, enum hsm_purpose purpose,
                                          const struct keystate_key *keys, size_t count,
                                          bool *unready);
