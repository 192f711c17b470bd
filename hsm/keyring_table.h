#pragma once

#include "firmware/base/kv.h"
#include "hsm/keyring.h"

/* What the files of the keyring share: the environment and its transactions. */
enum keyring_table {
    KEYRING_KEYS,  /* keyring_row_key → row: the newest comes first */
    KEYRING_FACTS, /* "sequence", "serial", "mark", "clock", "max-age", and of a purpose:
                      "generation" ‖ purpose, "promises" ‖ purpose, "roll" ‖ purpose,
                      "needs" ‖ purpose, "custody" ‖ purpose; of a TLS key "tls-chain" ‖
                      generation */
    KEYRING_TABLES
};

struct keyring {
    struct kv *kv;
};

/* The name of a fact about one purpose; ${memory} is its own. */
#define KEYRING_NAME_MAX 16
struct bytes keyring_name_of(const char *fact, enum hsm_purpose purpose,
                             uint8_t memory[static KEYRING_NAME_MAX]);

/* Reads and writes within a transaction. A number that is not there yet is 0. */
MUST_CHECK enum err keyring_get_number(struct kv_txn *txn, struct bytes name, uint64_t *number);
void keyring_put_number(struct kv_txn *txn, struct bytes name, uint64_t number);
/* The row of ${purpose} and ${generation}. ERR_NOT_FOUND; ERR_CORRUPT. */
MUST_CHECK enum err keyring_get_row(struct kv_txn *txn, enum hsm_purpose purpose,
                                    uint16_t generation, struct keyring_row *row);
/* The active key of ${purpose}. ERR_NOT_FOUND; ERR_CORRUPT, too, when there are two. */
MUST_CHECK enum err keyring_get_active(struct kv_txn *txn, enum hsm_purpose purpose,
                                       struct keyring_row *row);
/* A row that breaks its own rules sticks ERR_DENIED. */
void keyring_put_row(struct kv_txn *txn, const struct keyring_row *row);
/* Ends a writing transaction with the next commit sequence: the signers load their keys again. */
MUST_CHECK enum err keyring_end(struct kv_txn *txn);
