#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/store_fixture.h"

#define TABLE 7

static const uint8_t row_key[32] = {0xab, 0xcd, 1, 2, 3};

static struct bytes key_view(void) {
    return bytes_of(row_key, sizeof row_key);
}

static size_t seal(const struct record_keys *keys, const char *text, uint8_t *memory, size_t size) {
    struct buffer sealed = buffer_over(memory, size);
    assert_int_equal(record_seal(keys, TABLE, key_view(), 42, bytes_of_text(text), &sealed),
                     ERR_OK);
    return sealed.len;
}

static enum err try_open(const struct record_keys *keys, unsigned table, struct bytes key,
                         struct bytes sealed) {
    SECRET(plain);
    uint64_t version;
    enum err err = record_open(keys, table, key, sealed, &plain, &version);
    if (err != ERR_OK)
        assert_null(plain.data);
    return err;
}

static void a_sealed_row_opens_with_its_version(void **state) {
    (void)state;
    struct record_keys *keys = store_fixture_keys(1);
    uint8_t memory[256];
    size_t len = seal(keys, "a person", memory, sizeof memory);
    SECRET(plain);
    uint64_t version;
    assert_int_equal(len, strlen("a person") + RECORD_OVERHEAD);
    assert_int_equal(record_open(keys, TABLE, key_view(), bytes_of(memory, len), &plain, &version),
                     ERR_OK);
    assert_true(bytes_equal_text(secret_view(&plain), "a person"));
    assert_int_equal(version, 42);
    assert_int_equal(record_generation(bytes_of(memory, len)), 1);
    record_keys_free(keys);
}

static void every_flipped_bit_is_noticed(void **state) {
    (void)state;
    struct record_keys *keys = store_fixture_keys(1);
    uint8_t memory[256];
    size_t len = seal(keys, "a person", memory, sizeof memory);
    for (size_t bit = 0; bit < len * 8; bit++) {
        memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
        enum err err = try_open(keys, TABLE, key_view(), bytes_of(memory, len));
        /* A flipped generation names one that is not open. */
        bool in_generation = bit / 8 == 1 || bit / 8 == 2;
        assert_int_equal(err, in_generation ? ERR_NOT_FOUND : ERR_CORRUPT);
        memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(try_open(keys, TABLE, key_view(), bytes_of(memory, len)), ERR_OK);
    record_keys_free(keys);
}

static void a_flipped_generation_that_is_open_is_noticed(void **state) {
    (void)state;
    struct record_keys *keys = store_fixture_keys(3);
    uint8_t memory[256];
    size_t len = seal(keys, "a person", memory, sizeof memory);
    assert_int_equal(memory[2], 3);
    memory[2] = 1;
    assert_int_equal(try_open(keys, TABLE, key_view(), bytes_of(memory, len)), ERR_CORRUPT);
    record_keys_free(keys);
}

static void a_shortened_row_is_refused_at_every_length(void **state) {
    (void)state;
    struct record_keys *keys = store_fixture_keys(1);
    uint8_t memory[256];
    size_t len = seal(keys, "a person", memory, sizeof memory);
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(try_open(keys, TABLE, key_view(), bytes_of(memory, cut)), ERR_CORRUPT);
    record_keys_free(keys);
}

static void a_moved_row_is_refused(void **state) {
    (void)state;
    struct record_keys *keys = store_fixture_keys(1);
    uint8_t memory[256];
    size_t len = seal(keys, "a person", memory, sizeof memory);
    struct bytes sealed = bytes_of(memory, len);
    assert_int_equal(try_open(keys, TABLE + 1, key_view(), sealed), ERR_CORRUPT);
    assert_int_equal(try_open(keys, TABLE + 256, key_view(), sealed), ERR_CORRUPT);
    /* Another key of the same shard, and of another. */
    uint8_t other[32];
    for (size_t i = 0; i < sizeof other; i++) {
        memcpy(other, row_key, sizeof other);
        other[i] ^= 1;
        assert_int_equal(try_open(keys, TABLE, bytes_of(other, sizeof other), sealed), ERR_CORRUPT);
    }
    assert_int_equal(try_open(keys, TABLE, bytes_of(row_key, 31), sealed), ERR_CORRUPT);
    record_keys_free(keys);
}

static void the_same_row_is_sealed_differently_each_time(void **state) {
    (void)state;
    struct record_keys *keys = store_fixture_keys(1);
    uint8_t first[256], second[256];
    size_t len = seal(keys, "a person", first, sizeof first);
    assert_int_equal(seal(keys, "a person", second, sizeof second), len);
    assert_memory_not_equal(first, second, len);
    record_keys_free(keys);
}

static void the_newest_generation_seals_and_older_ones_open(void **state) {
    (void)state;
    struct record_keys *keys = store_fixture_keys(1);
    uint8_t old[256], new[256];
    uint16_t newest;
    size_t len = seal(keys, "a person", old, sizeof old);
    store_fixture_add_generation(keys, 5);
    store_fixture_add_generation(keys, 3); /* comes later, is older */
    assert_int_equal(record_keys_newest(keys, &newest), ERR_OK);
    assert_int_equal(newest, 5);
    assert_int_equal(seal(keys, "a person", new, sizeof new), len);
    assert_int_equal(record_generation(bytes_of(new, len)), 5);
    assert_int_equal(try_open(keys, TABLE, key_view(), bytes_of(old, len)), ERR_OK);
    assert_int_equal(try_open(keys, TABLE, key_view(), bytes_of(new, len)), ERR_OK);
    record_keys_free(keys);
}

static void keys_refuse_what_they_cannot_hold(void **state) {
    (void)state;
    struct record_keys *keys = store_fixture_keys(0);
    uint8_t memory[256];
    struct buffer sealed = buffer_over(memory, sizeof memory);
    const uint8_t root[33] = {1};
    uint16_t newest;
    assert_int_equal(record_keys_newest(keys, &newest), ERR_NOT_FOUND);
    assert_int_equal(record_seal(keys, TABLE, key_view(), 1, bytes_of_text("x"), &sealed),
                     ERR_NOT_FOUND);
    assert_int_equal(record_keys_add(keys, 1, bytes_of(root, 31)), ERR_MALFORMED);
    assert_int_equal(record_keys_add(keys, 1, bytes_of(root, 33)), ERR_MALFORMED);
    assert_int_equal(record_keys_add(keys, 0, bytes_of(root, 32)), ERR_MALFORMED);
    for (uint16_t generation = 1; generation <= RECORD_GENERATIONS; generation++)
        store_fixture_add_generation(keys, generation);
    assert_int_equal(record_keys_add(keys, 1, bytes_of(root, 32)), ERR_EXISTS);
    assert_int_equal(record_keys_add(keys, RECORD_GENERATIONS + 1, bytes_of(root, 32)), ERR_FULL);
    record_keys_free(keys);
}

static void a_row_that_does_not_fit_changes_nothing(void **state) {
    (void)state;
    struct record_keys *keys = store_fixture_keys(1);
    uint8_t memory[RECORD_OVERHEAD + 4] = {0};
    struct buffer sealed = buffer_over(memory, sizeof memory);
    assert_int_equal(record_seal(keys, TABLE, key_view(), 1, bytes_of_text("12345"), &sealed),
                     ERR_FULL);
    assert_int_equal(sealed.len, 0);
    struct buffer exact = buffer_over(memory, sizeof memory);
    assert_int_equal(record_seal(keys, TABLE, key_view(), 1, bytes_of_text("1234"), &exact),
                     ERR_OK);
    record_keys_free(keys);
}

static void keys_for_other_uses_differ_by_use_and_generation(void **state) {
    (void)state;
    struct record_keys *keys = store_fixture_keys(2);
    SECRET(first);
    SECRET(same);
    SECRET(other_use);
    SECRET(other_generation);
    SECRET(none);
    assert_int_equal(record_keys_derive(keys, 1, "ledger", &first), ERR_OK);
    assert_int_equal(record_keys_derive(keys, 1, "ledger", &same), ERR_OK);
    assert_int_equal(record_keys_derive(keys, 1, "otp-mac", &other_use), ERR_OK);
    assert_int_equal(record_keys_derive(keys, 2, "ledger", &other_generation), ERR_OK);
    assert_int_equal(record_keys_derive(keys, 3, "ledger", &none), ERR_NOT_FOUND);
    assert_int_equal(first.len, 32);
    assert_memory_equal(first.data, same.data, 32);
    assert_memory_not_equal(first.data, other_use.data, 32);
    assert_memory_not_equal(first.data, other_generation.data, 32);
    record_keys_free(keys);
}

struct readers {
    struct record_keys *keys;
    struct bytes sealed;
    atomic_bool end;
};

static void *read_rows(void *argument) {
    struct readers *readers = argument;
    while (!atomic_load(&readers->end)) {
        uint8_t memory[64 + RECORD_OVERHEAD];
        struct buffer sealed = buffer_over(memory, sizeof memory);
        if (try_open(readers->keys, TABLE, key_view(), readers->sealed) != ERR_OK ||
            record_seal(readers->keys, TABLE, key_view(), 1, bytes_of_text("x"), &sealed) !=
                ERR_OK ||
            try_open(readers->keys, TABLE, key_view(), bytes_of(memory, sealed.len)) != ERR_OK)
            return argument;
    }
    return NULL;
}

static void generations_are_added_while_others_read(void **state) {
    (void)state;
    uint8_t memory[256];
    struct readers readers = {.keys = store_fixture_keys(1)};
    pthread_t threads[4];
    readers.sealed = bytes_of(memory, seal(readers.keys, "a person", memory, sizeof memory));
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_rows, &readers), 0);
    for (uint16_t generation = 2; generation <= RECORD_GENERATIONS; generation++)
        store_fixture_add_generation(readers.keys, generation);
    atomic_store(&readers.end, true);
    for (size_t i = 0; i < 4; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    record_keys_free(readers.keys);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sealed_row_opens_with_its_version),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(a_flipped_generation_that_is_open_is_noticed),
        cmocka_unit_test(a_shortened_row_is_refused_at_every_length),
        cmocka_unit_test(a_moved_row_is_refused),
        cmocka_unit_test(the_same_row_is_sealed_differently_each_time),
        cmocka_unit_test(the_newest_generation_seals_and_older_ones_open),
        cmocka_unit_test(keys_refuse_what_they_cannot_hold),
        cmocka_unit_test(a_row_that_does_not_fit_changes_nothing),
        cmocka_unit_test(keys_for_other_uses_differ_by_use_and_generation),
        cmocka_unit_test(generations_are_added_while_others_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
