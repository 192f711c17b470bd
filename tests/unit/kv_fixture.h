#pragma once

/* A store in a folder of its own for each test: IN_A_FOLDER(test). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/kv.h"

#define MAP_BYTES (16u * 1024 * 1024)

enum table { PEOPLE, COUNTERS, TABLE_COUNT };
static const char *const tables[] = {"people", "counters"};

static char folder[64];

static inline struct kv_options options(bool read_only) {
    return (struct kv_options){folder, MAP_BYTES, tables, TABLE_COUNT, read_only, 0640, false};
}

static inline int make_folder(void **state) {
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/test_kv.XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static inline int unlink_in_folder(const char *name) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return unlink(path);
}

static inline int remove_folder(void **state) {
    (void)state;
    (void)unlink_in_folder("data.mdb");
    (void)unlink_in_folder("lock.mdb");
    return rmdir(folder);
}

static inline struct kv *opened(bool read_only) {
    struct kv *kv;
    struct kv_options wanted = options(read_only);
    assert_int_equal(kv_open(&kv, &wanted), ERR_OK);
    return kv;
}

static inline struct bytes text(const char *value) {
    return bytes_of_text(value);
}

static inline void put_now(struct kv *kv, const char *key, const char *value) {
    struct kv_txn txn = kv_write(kv);
    kv_put(&txn, PEOPLE, text(key), text(value));
    assert_int_equal(kv_commit(&txn), ERR_OK);
}

/* NULL as ${expected}: absent. */
static inline void assert_row(struct kv *kv, const char *key, const char *expected) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(kv);
    struct bytes value;
    assert_int_equal(kv_get(&txn, PEOPLE, text(key), &value), expected ? ERR_OK : ERR_NOT_FOUND);
    if (expected != NULL)
        assert_true(bytes_equal_text(value, expected));
    assert_int_equal(txn.err, ERR_OK);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
