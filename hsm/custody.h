#pragma once

#include <stdbool.h>

#include <openssl/evp.h>

#include "firmware/base/bytes.h"
#include "hsm/keyring_row.h"
#include "hsm/unwrap.h"

/*
 * Keys in custody `wrapped`: made by OpenSSL in the signer, kept in their row, never in the token.
 * The row has the key as PKCS#8 (RFC 5958), sealed by XChaCha20-Poly1305 under 32 bytes of its own,
 * and these wrapped by the KEK under a label of their own (UNWRAP_LABEL_CUSTODY). What is sealed is
 * tied to the row's purpose, generation and id. Only keys that decrypt requests may be kept so.
 *
 * An open key is in OpenSSL's memory, so that it is opened only where that memory is locked
 * (hsm/locked_memory.h).
 */

/* Whether keys of ${purpose} may be kept so. */
bool custody_may_wrap(enum hsm_purpose purpose);

/*
 * Makes the key of ${row}, whose purpose, generation and id are filled in, and fills in what is
 * wrapped and sealed. ${kek}: the row of the active KEK. ERR_DENIED: not for this purpose;
 * ERR_SYSTEM: memory is not locked; ERR_CRYPTO.
 */
MUST_CHECK enum err custody_make(const struct keyring_row *kek, struct keyring_row *row);

/*
 * Opens the key of ${row}; the caller frees it. ${keks} opens UNWRAP_LABEL_CUSTODY. ERR_CRYPTO: not
 * what custody_make has left in this row, or under another KEK; ERR_DENIED: not for this purpose;
 * ERR_SYSTEM: memory is not locked; ERR_HSM.
 */
MUST_CHECK enum err custody_open(struct unwrap_ring *keks, const struct keyring_row *row,
                                 EVP_PKEY **key);
