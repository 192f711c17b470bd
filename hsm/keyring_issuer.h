#pragma once

#include "firmware/base/kv.h"
#include "hsm/wire.h"

/*
 * No key comes alone: IDA/ROOT certifies the others, itself too, and IDA/KEK wraps a pepper.
 * Without an active key of that purpose, as after it was revoked at once, none of ${purpose} is
 * made.
 */

/* ${missing}: there is none. Within the caller's transaction. ERR_CORRUPT. */
MUST_CHECK enum err keyring_issuer_missing(struct kv_txn *txn, enum hsm_purpose purpose,
                                           bool *missing);
/* The purpose whose key it is; for IDA/ROOT that itself. */
enum hsm_purpose keyring_issuer_of(enum hsm_purpose purpose);
