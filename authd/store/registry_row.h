#pragma once

#include "firmware/base/secret.h"
#include "authd/store/registry.h"

/* Inside the registry: how its rows are named, sealed, opened and blamed. */
#define REGISTRY_PLAIN_MAX 4096 /* of a row but a photo or biometrics */
#define REGISTRY_KEY_BYTES 32

struct registry {
    struct kv *kv;
    const struct record_keys *record_keys;
    bool writer;
};

/* A name that is hashed: parts joined by zero bytes. */
struct registry_key {
    uint8_t hash[REGISTRY_KEY_BYTES];
};
struct registry_key registry_row_key(const struct bytes *parts, size_t part_count);
struct registry_key registry_row_key_of_text(const char *text);
struct bytes registry_row_key_view(const struct registry_key *key);

/* A row opened, and what the log may say of it. */
struct registry_row {
    enum registry_table table;
    uint8_t key_start[4];
    uint16_t generation;
    struct secret plain;
};
#define REGISTRY_ROW(name)                                                                         \
    __attribute__((cleanup(registry_row_close))) struct registry_row name = {0}
void registry_row_close(struct registry_row *row);

/* Opens a row that has been found. Errors as the readers of registry.h have them. */
MUST_CHECK enum err registry_row_open(const struct registry *registry, enum registry_table table,
                                      struct bytes key, struct bytes sealed,
                                      struct registry_row *row);
/* Finds and opens a row within ${txn}, or in a transaction of its own. */
MUST_CHECK enum err registry_row_find(const struct registry *registry, struct kv_txn *txn,
                                      enum registry_table table, struct bytes key,
                                      struct registry_row *row);
MUST_CHECK enum err registry_row_read(const struct registry *registry, enum registry_table table,
                                      struct bytes key, struct registry_row *row);
/* Passes on ${decoded}, what a decoder said of ${row}; logs a row that opens but does not parse. */
MUST_CHECK enum err registry_row_judge(const struct registry_row *row, enum err decoded);

/* Seals and puts; an error sticks to the batch. ${generation} (may be NULL) is the one it is sealed
 * under. */
void registry_row_put(struct registry_batch *batch, enum registry_table table, struct bytes key,
                      struct bytes plain, uint16_t *generation);
/* Makes ${err} the batch's, unless it has one. */
void registry_row_stick(struct registry_batch *batch, enum err err);
