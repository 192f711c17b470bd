#include <dirent.h>
#include <errno.h>

#include "tests/unit/kv_fixture.h"

static void what_is_committed_is_read_again_after_reopening(void **state) {
    (void)state;
    struct kv *kv = opened(false);
    struct kv_txn txn = kv_write(kv);
    kv_put(&txn, PEOPLE, text("a"), text("first"));
    kv_put(&txn, PEOPLE, text("a"), text("second"));
    kv_insert(&txn, PEOPLE, text("b"), bytes_of(NULL, 0));
    kv_put(&txn, COUNTERS, text("a"), text("other table"));
    kv_delete(&txn, COUNTERS, text("absent"));
    assert_true(kv_count(&txn, PEOPLE) == 2);
    assert_int_equal(kv_commit(&txn), ERR_OK);
    kv_close(kv);

    kv = opened(false);
    assert_row(kv, "a", "second");
    assert_row(kv, "b", "");
    assert_row(kv, "c", NULL);
    txn = kv_write(kv);
    kv_delete(&txn, PEOPLE, text("a"));
    assert_int_equal(kv_commit(&txn), ERR_OK);
    assert_row(kv, "a", NULL);
    kv_close(kv);
}

static void an_aborted_transaction_leaves_nothing(void **state) {
    (void)state;
    struct kv *kv = opened(false);
    struct kv_txn txn = kv_write(kv);
    kv_put(&txn, PEOPLE, text("a"), text("x"));
    kv_abort(&txn);
    kv_abort(&txn);
    assert_int_equal(kv_commit(&txn), ERR_CLOSED);
    {
        KV_TXN_CLEANUP struct kv_txn forgotten = kv_write(kv);
        kv_put(&forgotten, PEOPLE, text("b"), text("x"));
    }
    assert_row(kv, "a", NULL);
    assert_row(kv, "b", NULL);
    kv_close(kv);
}

static void an_ended_transaction_does_nothing_more(void **state) {
    (void)state;
    struct kv *kv = opened(false);
    struct kv_txn txn = kv_write(kv);
    kv_put(&txn, PEOPLE, text("a"), text("x"));
    assert_int_equal(kv_commit(&txn), ERR_OK);
    kv_put(&txn, PEOPLE, text("b"), text("x"));
    struct bytes value = text("?");
    assert_int_equal(kv_get(&txn, PEOPLE, text("a"), &value), ERR_CLOSED);
    assert_null(value.data);
    assert_true(kv_count(&txn, PEOPLE) == 0);
    assert_int_equal(kv_commit(&txn), ERR_CLOSED);
    assert_row(kv, "b", NULL);
    kv_close(kv);
}

static enum err never_called(void *context, struct bytes key, struct bytes value) {
    (void)context, (void)key, (void)value;
    return ERR_DENIED;
}

static void the_first_error_sticks_and_nothing_is_stored(void **state) {
    (void)state;
    struct kv *kv = opened(false);
    put_now(kv, "a", "old");
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(kv);
    kv_put(&txn, PEOPLE, text("before"), text("x"));
    kv_insert(&txn, PEOPLE, text("a"), text("new"));
    kv_put(&txn, PEOPLE, text("after"), text("x"));
    kv_delete(&txn, PEOPLE, text("a"));
    kv_put(&txn, TABLE_COUNT, text("a"), text("x")); /* another error does not replace the first */
    struct bytes value;
    assert_int_equal(kv_get(&txn, PEOPLE, text("a"), &value), ERR_EXISTS);
    assert_null(value.data);
    assert_int_equal(kv_each(&txn, PEOPLE, text(""), never_called, NULL), ERR_EXISTS);
    assert_true(kv_count(&txn, PEOPLE) == 0);
    assert_int_equal(kv_commit(&txn), ERR_EXISTS);
    assert_row(kv, "a", "old");
    assert_row(kv, "before", NULL);
    assert_row(kv, "after", NULL);
    kv_close(kv);
}

static void a_missing_row_does_not_stick(void **state) {
    (void)state;
    struct kv *kv = opened(false);
    struct kv_txn txn = kv_write(kv);
    struct bytes value;
    assert_int_equal(kv_get(&txn, PEOPLE, text("absent"), &value), ERR_NOT_FOUND);
    kv_put(&txn, PEOPLE, text("a"), text("x"));
    assert_int_equal(kv_commit(&txn), ERR_OK);
    assert_row(kv, "a", "x");
    kv_close(kv);
}

static void a_table_that_is_not_listed_is_refused(void **state) {
    (void)state;
    struct kv *kv = opened(false);
    struct kv_txn txn = kv_write(kv);
    kv_put(&txn, TABLE_COUNT, text("a"), text("x"));
    assert_int_equal(kv_commit(&txn), ERR_MALFORMED);
    kv_close(kv);
}

static void keys_without_bytes_or_with_too_many_are_refused(void **state) {
    (void)state;
    struct kv *kv = opened(false);
    char longest[600];
    memset(longest, 'k', sizeof longest);
    struct kv_txn txn = kv_write(kv);
    kv_put(&txn, PEOPLE, bytes_of(longest, 511), text("x"));
    assert_int_equal(kv_commit(&txn), ERR_OK);
    txn = kv_write(kv);
    kv_put(&txn, PEOPLE, bytes_of(longest, 512), text("x"));
    assert_int_equal(kv_commit(&txn), ERR_TOO_LARGE);
    txn = kv_write(kv);
    kv_put(&txn, PEOPLE, text(""), text("x"));
    assert_int_equal(kv_commit(&txn), ERR_TOO_LARGE);
    kv_close(kv);
}

static void a_full_map_refuses_and_keeps_what_it_has(void **state) {
    (void)state;
    static uint8_t large[MAP_BYTES / 2];
    struct kv *kv = opened(false);
    put_now(kv, "a", "kept");
    struct kv_txn txn = kv_write(kv);
    kv_put(&txn, PEOPLE, text("b"), bytes_of(large, sizeof large));
    kv_put(&txn, PEOPLE, text("c"), bytes_of(large, sizeof large));
    assert_int_equal(kv_commit(&txn), ERR_FULL);
    assert_row(kv, "a", "kept");
    assert_row(kv, "b", NULL);
    put_now(kv, "a", "changed");
    assert_row(kv, "a", "changed");
    kv_close(kv);
}

struct seen {
    char keys[128];
    unsigned stop_after;
};

static enum err see(void *context, struct bytes key, struct bytes value) {
    struct seen *seen = context;
    assert_true(bytes_equal(key, value));
    size_t len = strlen(seen->keys);
    (void)snprintf(seen->keys + len, sizeof seen->keys - len, "%.*s ", (int)key.len,
                   (const char *)key.data);
    return --seen->stop_after == 0 ? ERR_LIMIT : ERR_OK;
}

static void rows_of_a_prefix_come_in_key_order(void **state) {
    (void)state;
    struct kv *kv = opened(false);
    const char *const keys[] = {"b2", "a", "b", "b1", "c", "ab", "b10"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        put_now(kv, keys[i], keys[i]);
    static const struct {
        const char *prefix, *expected;
        unsigned stop_after;
        enum err err;
    } cases[] = {
        {"b", "b b1 b10 b2 ", 99, ERR_OK},
        {"", "a ab b b1 b10 b2 c ", 99, ERR_OK},
        {"b1", "b1 b10 ", 99, ERR_OK},
        {"d", "", 99, ERR_OK},
        {"aa", "", 99, ERR_OK},
        {"b", "b b1 ", 2, ERR_LIMIT},
        {"c", "c ", 99, ERR_OK},
    };
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(kv);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct seen seen = {"", cases[i].stop_after};
        assert_int_equal(kv_each(&txn, PEOPLE, text(cases[i].prefix), see, &seen), cases[i].err);
        assert_string_equal(seen.keys, cases[i].expected);
    }
    static const struct {
        const char *after, *expected;
    } places[] = {{"", "a ab b b1 b10 b2 c "}, {"b1", "b10 b2 c "}, {"b11", "b2 c "}, {"c", ""}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct seen seen = {"", 99};
        assert_int_equal(kv_each_after(&txn, PEOPLE, text(places[i].after), see, &seen), ERR_OK);
        assert_string_equal(seen.keys, places[i].expected);
    }
    struct seen none = {"", 99};
    assert_int_equal(kv_each(&txn, COUNTERS, text(""), see, &none), ERR_OK);
    assert_string_equal(none.keys, "");
    assert_true(kv_count(&txn, PEOPLE) == 7);
    kv_abort(&txn);
    kv_close(kv);
}

static void a_read_transaction_sees_one_moment_and_cannot_write(void **state) {
    (void)state;
    struct kv *kv = opened(false);
    put_now(kv, "a", "old");
    struct kv_txn before = kv_read(kv);
    put_now(kv, "a", "new");
    struct bytes value;
    assert_int_equal(kv_get(&before, PEOPLE, text("a"), &value), ERR_OK);
    assert_true(bytes_equal_text(value, "old"));
    kv_put(&before, PEOPLE, text("a"), text("written by a reader"));
    assert_int_equal(kv_commit(&before), ERR_SYSTEM);
    assert_row(kv, "a", "new");
    kv_close(kv);
}

static bool is_empty_folder(void) {
    DIR *listing = opendir(folder);
    assert_non_null(listing);
    size_t entries = 0;
    while (readdir(listing) != NULL)
        entries++;
    (void)closedir(listing);
    return entries == 2; /* itself and its parent */
}

static void a_reader_does_not_create_what_is_absent(void **state) {
    (void)state;
    struct kv *kv = (struct kv *)folder;
    struct kv_options wanted = options(true);
    assert_int_equal(kv_open(&kv, &wanted), ERR_NOT_FOUND);
    assert_null(kv);
    assert_true(is_empty_folder());

    kv_close(opened(false));
    assert_int_equal(unlink_in_folder("lock.mdb"), 0);
    assert_int_equal(kv_open(&kv, &wanted), ERR_NOT_FOUND);
    assert_int_equal(unlink_in_folder("lock.mdb"), -1);
}

static void a_folder_that_is_absent_or_too_many_tables_are_refused(void **state) {
    (void)state;
    struct kv *kv;
    struct kv_options wanted = options(true);
    wanted.read_only = false;
    wanted.path = "/nonexistent/folder";
    assert_int_equal(kv_open(&kv, &wanted), ERR_SYSTEM);
    assert_int_equal(errno, ENOENT);
    assert_null(kv);
    wanted.table_count = KV_TABLES_MAX + 1;
    assert_int_equal(kv_open(&kv, &wanted), ERR_TOO_LARGE);
}

static void a_file_that_is_no_store_is_corrupt(void **state) {
    (void)state;
    kv_close(opened(false));
    char path[128], rubbish[8192];
    memset(rubbish, 'r', sizeof rubbish);
    (void)snprintf(path, sizeof path, "%s/data.mdb", folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(rubbish, 1, sizeof rubbish, file), sizeof rubbish);
    assert_int_equal(fclose(file), 0);
    struct kv *kv;
    struct kv_options wanted = options(false);
    assert_int_equal(kv_open(&kv, &wanted), ERR_CORRUPT);
    assert_null(kv);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(what_is_committed_is_read_again_after_reopening),
        IN_A_FOLDER(an_aborted_transaction_leaves_nothing),
        IN_A_FOLDER(an_ended_transaction_does_nothing_more),
        IN_A_FOLDER(the_first_error_sticks_and_nothing_is_stored),
        IN_A_FOLDER(a_missing_row_does_not_stick),
        IN_A_FOLDER(a_table_that_is_not_listed_is_refused),
        IN_A_FOLDER(keys_without_bytes_or_with_too_many_are_refused),
        IN_A_FOLDER(a_full_map_refuses_and_keeps_what_it_has),
        IN_A_FOLDER(rows_of_a_prefix_come_in_key_order),
        IN_A_FOLDER(a_read_transaction_sees_one_moment_and_cannot_write),
        IN_A_FOLDER(a_reader_does_not_create_what_is_absent),
        IN_A_FOLDER(a_folder_that_is_absent_or_too_many_tables_are_refused),
        IN_A_FOLDER(a_file_that_is_no_store_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
