#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * LMDB with sticky transactions: after the first failure every call on a transaction does nothing,
 * and kv_commit gives that failure. One environment may be opened once in a process and never
 * across a fork. No DUPSORT, no WRITEMAP; MDB_NORDAHEAD. A view that kv_get gives ends with its
 * transaction.
 */
struct kv;
#define KV_TABLES_MAX 32

struct kv_options {
    const char *path; /* a directory that exists */
    size_t map_bytes; /* the address range, fixed for life; sparse */
    const char *const *tables;
    size_t table_count;
    bool read_only; /* reader of another process's environment: needs write on lock.mdb alone */
    unsigned
        file_mode; /* of data.mdb, whatever the umask; who may read it may also write lock.mdb */
    /* Each write transaction drops the slots of readers that died first. What was replaced since
     * such a one began to read is never free again: a small map runs full. */
    bool drops_dead_readers;
};
/* ERR_NOT_FOUND: read-only and not there yet. ERR_SYSTEM. */
MUST_CHECK enum err kv_open(struct kv **kv, const struct kv_options *options);
void kv_close(struct kv *kv);

/* Drops the slots of readers that died. At start and every minute, where writing does not. */
MUST_CHECK enum err kv_reader_check(struct kv *kv);

struct kv_txn {
    struct kv *kv;
    void *handle;
    enum err err;
};
/* A read transaction is short: never across a wait. */
struct kv_txn kv_read(struct kv *kv);
struct kv_txn kv_write(struct kv *kv);

/* ERR_NOT_FOUND is returned but does not stick. ${table} is the index in kv_options.tables. */
MUST_CHECK enum err kv_get(struct kv_txn *txn, unsigned table, struct bytes key,
                           struct bytes *value);
void kv_put(struct kv_txn *txn, unsigned table, struct bytes key, struct bytes value);
/* Sticks ERR_EXISTS when the key is there. */
void kv_insert(struct kv_txn *txn, unsigned table, struct bytes key, struct bytes value);
void kv_delete(struct kv_txn *txn, unsigned table, struct bytes key); /* absent: nothing */

/* Calls ${each} for every row whose key begins with ${prefix}, in key order, until it returns not
 * ERR_OK. */
MUST_CHECK enum err kv_each(struct kv_txn *txn, unsigned table, struct bytes prefix,
                            enum err (*each)(void *context, struct bytes key, struct bytes value),
                            void *context);
/* The same for every row whose key comes after ${after}, which need not be there; empty: for all.
 */
MUST_CHECK enum err
kv_each_after(struct kv_txn *txn, unsigned table, struct bytes after,
              enum err (*each)(void *context, struct bytes key, struct bytes value), void *context);
uint64_t kv_count(struct kv_txn *txn, unsigned table);

/* Durable when it gives ERR_OK. Ends the transaction in any case. */
MUST_CHECK enum err kv_commit(struct kv_txn *txn);
void kv_abort(struct kv_txn *txn); /* also ends a read transaction; twice is allowed */
#define KV_TXN_CLEANUP __attribute__((cleanup(kv_abort)))
