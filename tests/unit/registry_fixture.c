#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/registry_fixture.h"

static void open_writer(struct registry_box *box) {
    assert_int_equal(registry_open(&box->registry, box->directory.path, true, box->keys), ERR_OK);
}

void registry_fixture_make(struct registry_box *box) {
    box->directory = store_fixture_directory();
    box->keys = store_fixture_keys(1);
    open_writer(box);
}

void registry_fixture_remove(struct registry_box *box) {
    registry_close(box->registry);
    record_keys_free(box->keys);
    store_fixture_remove(&box->directory);
}

void registry_fixture_make_older(struct registry_box *box, enum registry_table table) {
    box->directory = store_fixture_directory();
    box->keys = store_fixture_keys(1);
    const struct kv_options options = {.path = box->directory.path,
                                       .map_bytes = 1u << 20,
                                       .tables = registry_tables,
                                       .table_count = table,
                                       .file_mode = 0640};
    struct kv *kv;
    assert_int_equal(kv_open(&kv, &options), ERR_OK);
    kv_close(kv);
    assert_int_equal(registry_open(&box->registry, box->directory.path, false, box->keys),
                     ERR_NOT_FOUND);
    open_writer(box);
    registry_close(box->registry);
    assert_int_equal(registry_open(&box->registry, box->directory.path, false, box->keys), ERR_OK);
}

static enum err keep_row(void *context, struct bytes key, struct bytes value) {
    struct registry_row_image *row = context;
    (void)key;
    assert_true(value.len <= sizeof row->value);
    memcpy(row->value, value.data, row->len = value.len);
    return ERR_OK;
}

void registry_fixture_take_row(const struct registry_box *box, enum registry_table table,
                               struct registry_row_image *row) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry_kv(box->registry));
    assert_int_equal(kv_each(&txn, table, bytes_of(NULL, 0), keep_row, row), ERR_OK);
}

void registry_fixture_set_row(const struct registry_box *box, enum registry_table table,
                              const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES],
                              const struct registry_row_image *row) {
    struct kv_txn txn = kv_write(registry_kv(box->registry));
    kv_put(&txn, table, bytes_of(lookup_key, IDENTITY_LOOKUP_BYTES),
           bytes_of(row->value, row->len));
    assert_int_equal(kv_commit(&txn), ERR_OK);
}
