#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/kv.h"
#include "hsm/keyring_life.h"

static char directory[64];

static int make_directory(void **state) {
    (void)state;
    strcpy(directory, "/tmp/idcs-keyring-XXXXXX");
    return mkdtemp(directory) != NULL ? 0 : -1;
}

static int remove_directory(void **state) {
    (void)state;
    static const char *const files[] = {"data.mdb", "lock.mdb"};
    char path[128];
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", directory, files[i]);
        (void)unlink(path);
    }
    return rmdir(directory);
}

static struct keyring *open_keyring(bool writer) {
    struct keyring *keyring;
    assert_int_equal(keyring_open(&keyring, directory, writer), ERR_OK);
    return keyring;
}

static void complete(struct keyring_row *row) {
    row->committed = true;
    row->life.generation = row->generation;
    for (int state = KEYSTATE_GENERATED; state <= KEYSTATE_ACTIVE; state++)
        row->life.came[state] = (struct keystate_moment){true, row->intended_ms + state, state};
    row->certificate_len = 5;
    memcpy(row->certificate, "certi", 5);
}

/* Intent and commit of the next generation of ${purpose}. */
static struct keyring_row make_row(struct keyring *keyring, enum hsm_purpose purpose,
                                   int64_t now_ms) {
    struct keyring_row row;
    assert_int_equal(keyring_intend(keyring, purpose, now_ms, &row), ERR_OK);
    complete(&row);
    assert_int_equal(keyring_commit(keyring, &row), ERR_OK);
    return row;
}

static struct keyring_status status_of(struct keyring *keyring) {
    struct keyring_status status;
    assert_int_equal(keyring_status(keyring, &status), ERR_OK);
    return status;
}

static void a_new_keyring_has_nothing(void **state) {
    (void)state;
    struct keyring *keyring = open_keyring(true);
    struct keyring_row row;
    char serial[TOKEN_SERIAL_SIZE];
    assert_true(status_of(keyring).sequence == 0);
    assert_false(status_of(keyring).provisioned || status_of(keyring).complete);
    assert_int_equal(keyring_newest(keyring, HSM_PURPOSE_SIGN, true, &row), ERR_NOT_FOUND);
    assert_int_equal(keyring_newest(keyring, HSM_PURPOSE_SIGN, false, &row), ERR_NOT_FOUND);
    assert_int_equal(keyring_serial(keyring, serial), ERR_OK);
    assert_string_equal(serial, "");
    keyring_close(keyring);
}

static void a_reader_that_comes_before_the_writer_makes_nothing(void **state) {
    (void)state;
    struct keyring *keyring;
    char path[128];
    assert_int_equal(keyring_open(&keyring, directory, false), ERR_NOT_FOUND);
    assert_null(keyring);
    (void)snprintf(path, sizeof path, "%s/data.mdb", directory);
    assert_int_equal(access(path, F_OK), -1);
}

static void an_intent_is_not_a_key(void **state) {
    (void)state;
    struct keyring *keyring = open_keyring(true);
    struct keyring_row row, found;
    assert_int_equal(keyring_intend(keyring, HSM_PURPOSE_KEK, 1000, &row), ERR_OK);
    assert_int_equal(row.generation, 1);
    assert_false(row.committed);
    assert_int_equal(keyring_newest(keyring, HSM_PURPOSE_KEK, true, &found), ERR_NOT_FOUND);
    assert_int_equal(keyring_newest(keyring, HSM_PURPOSE_KEK, false, &found), ERR_OK);
    assert_memory_equal(found.id, row.id, sizeof row.id);
    assert_int_equal(keyring_intend(keyring, HSM_PURPOSE_KEK, 1000, &row), ERR_EXISTS);
    keyring_close(keyring);
}

static void an_intent_survives_the_process(void **state) {
    (void)state;
    struct keyring *keyring = open_keyring(true);
    struct keyring_row row, found;
    assert_int_equal(keyring_intend(keyring, HSM_PURPOSE_KEK, 1000, &row), ERR_OK);
    keyring_close(keyring);
    keyring = open_keyring(true);
    assert_int_equal(keyring_newest(keyring, HSM_PURPOSE_KEK, false, &found), ERR_OK);
    assert_memory_equal(found.id, row.id, sizeof row.id);
    complete(&found);
    assert_int_equal(keyring_commit(keyring, &found), ERR_OK);
    assert_int_equal(keyring_newest(keyring, HSM_PURPOSE_KEK, false, &row), ERR_NOT_FOUND);
    keyring_close(keyring);
}

static void a_committed_row_comes_back_whole(void **state) {
    (void)state;
    struct keyring *keyring = open_keyring(true);
    struct keyring_row row, found;
    assert_int_equal(keyring_intend(keyring, HSM_PURPOSE_PEPPER, INT64_C(1705314030123), &row),
                     ERR_OK);
    complete(&row);
    row.has_wrapped = true;
    row.wrapped_by = 258;
    for (size_t i = 0; i < sizeof row.wrapped; i++)
        row.wrapped[i] = (uint8_t)(i * 3);
    row.certificate_len = sizeof row.certificate;
    memset(row.certificate, 0x5a, sizeof row.certificate);
    assert_int_equal(keyring_commit(keyring, &row), ERR_OK);
    assert_int_equal(keyring_newest(keyring, HSM_PURPOSE_PEPPER, true, &found), ERR_OK);
    assert_memory_equal(&found, &row, sizeof row);
    keyring_close(keyring);
}

static void a_commit_needs_the_intent_of_the_same_id(void **state) {
    (void)state;
    struct keyring *keyring = open_keyring(true);
    struct keyring_row row, other;
    assert_int_equal(keyring_intend(keyring, HSM_PURPOSE_SIGN, 1, &row), ERR_OK);
    complete(&row);
    other = row;
    other.id[0] ^= 1;
    assert_int_equal(keyring_commit(keyring, &other), ERR_NOT_FOUND);
    other = row;
    other.generation = 2;
    assert_int_equal(keyring_commit(keyring, &other), ERR_NOT_FOUND);
    other = row;
    other.purpose = HSM_PURPOSE_ROOT;
    assert_int_equal(keyring_commit(keyring, &other), ERR_NOT_FOUND);
    other = row;
    other.committed = false;
    assert_int_equal(keyring_commit(keyring, &other), ERR_DENIED);
    other = row;
    other.life.came[KEYSTATE_PUBLISHED].is_set = false; /* active without */
    assert_int_equal(keyring_commit(keyring, &other), ERR_DENIED);
    assert_int_equal(keyring_commit(keyring, &row), ERR_OK);
    assert_int_equal(keyring_commit(keyring, &row), ERR_NOT_FOUND);
    keyring_close(keyring);
}

static void each_key_has_an_id_of_its_own(void **state) {
    (void)state;
    struct keyring *keyring = open_keyring(true);
    struct keyring_row one = make_row(keyring, HSM_PURPOSE_SIGN, 1);
    struct keyring_row two = make_row(keyring, HSM_PURPOSE_SIGN, 2);
    assert_memory_not_equal(one.id, two.id, sizeof one.id);
    keyring_close(keyring);
}

static enum err note_generation(void *context, const struct keyring_row *row) {
    char **at = context;
    *at += sprintf(*at, "%u%c ", row->generation, row->committed ? '+' : '?');
    return ERR_OK;
}

static void generations_are_walked_newest_first(void **state) {
    (void)state;
    struct keyring *keyring = open_keyring(true);
    struct keyring_row row;
    char generations[64] = "", *at = generations;
    for (int i = 0; i < 3; i++)
        (void)make_row(keyring, HSM_PURPOSE_PARTNER, i);
    (void)make_row(keyring, HSM_PURPOSE_IDA_FIR, 9);
    assert_int_equal(keyring_intend(keyring, HSM_PURPOSE_PARTNER, 9, &row), ERR_OK);
    assert_int_equal(keyring_each(keyring, HSM_PURPOSE_PARTNER, note_generation, &at), ERR_OK);
    assert_string_equal(generations, "4? 3+ 2+ 1+ ");
    assert_int_equal(keyring_newest(keyring, HSM_PURPOSE_PARTNER, true, &row), ERR_OK);
    assert_int_equal(row.generation, 3);
    keyring_close(keyring);
}

static void it_is_provisioned_with_the_keys_a_box_needs_and_complete_with_all(void **state) {
    (void)state;
    struct keyring *keyring = open_keyring(true);
    for (int purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++) {
        struct keyring_status before = status_of(keyring);
        assert_int_equal(before.provisioned, purpose > HSM_PURPOSE_PEPPER);
        assert_false(before.complete);
        (void)make_row(keyring, (enum hsm_purpose)purpose, purpose);
        /* A commit; the intent is no news. */
        assert_true(status_of(keyring).sequence == before.sequence + 1);
    }
    assert_true(status_of(keyring).provisioned && status_of(keyring).complete);
    keyring_close(keyring);
}

static void without_one_key_that_a_box_needs_it_is_not_provisioned(void **state) {
    (void)state;
    struct keyring *keyring = open_keyring(true);
    for (int purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++)
        if (purpose != HSM_PURPOSE_KEK)
            (void)make_row(keyring, (enum hsm_purpose)purpose, purpose);
    assert_false(status_of(keyring).provisioned || status_of(keyring).complete);
    keyring_close(keyring);
}

/* Certificates and checkpoints can wait until the next key is active. */
static void without_an_active_root_or_audit_key_it_is_provisioned_on(void **state) {
    (void)state;
    struct keyring *keyring = open_keyring(true);
    static const struct keystate_policy policy = {.jump_ms = INT64_C(1) << 40};
    static const enum hsm_purpose revoked[] = {HSM_PURPOSE_ROOT, HSM_PURPOSE_AUDIT,
                                               HSM_PURPOSE_SIGN};
    const struct keystate_step step = {.action = KEYSTATE_REVOKE, .generation = 1};
    const struct keystate_now now = {.wall_ms = 1000000, .run_ms = 1000000};
    for (int purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++)
        (void)make_row(keyring, (enum hsm_purpose)purpose, purpose);
    for (size_t i = 0; i < sizeof revoked / sizeof *revoked; i++) {
        assert_true(status_of(keyring).provisioned);
        assert_int_equal(keyring_life_step(keyring, revoked[i], &policy, now, &step), ERR_OK);
    }
    assert_false(status_of(keyring).provisioned);
    assert_true(status_of(keyring).complete);
    keyring_close(keyring);
}

static void it_keeps_to_the_token_it_was_bound_to(void **state) {
    (void)state;
    struct keyring *keyring = open_keyring(true);
    char serial[TOKEN_SERIAL_SIZE];
    assert_int_equal(keyring_bind(keyring, "e1a7d2f90c4b8a11"), ERR_OK);
    assert_int_equal(keyring_bind(keyring, "e1a7d2f90c4b8a11"), ERR_OK);
    assert_int_equal(keyring_bind(keyring, "e1a7d2f90c4b8a12"), ERR_DENIED);
    assert_int_equal(keyring_serial(keyring, serial), ERR_OK);
    assert_string_equal(serial, "e1a7d2f90c4b8a11");
    keyring_close(keyring);
}

/* Writes ${len} bytes over the value of the only row. */
static void spoil(size_t len, uint8_t value) {
    static const char *const tables[] = {"keys", "facts"};
    const uint8_t key[] = {HSM_PURPOSE_SIGN, 0xff, 0xfe};
    uint8_t row[64];
    struct kv *kv;
    struct kv_options options = {.path = directory,
                                 .map_bytes = 16 << 20,
                                 .tables = tables,
                                 .table_count = 2,
                                 .file_mode = 0600};
    memset(row, value, sizeof row);
    assert_int_equal(kv_open(&kv, &options), ERR_OK);
    struct kv_txn txn = kv_write(kv);
    kv_put(&txn, 0, bytes_of(key, sizeof key), bytes_of(row, len));
    assert_int_equal(kv_commit(&txn), ERR_OK);
    kv_close(kv);
}

/* Puts a row as an older box has written it. */
static void put_raw(const uint8_t key[static KEYRING_ROW_KEY_BYTES], struct bytes row) {
    static const char *const names[] = {"keys", "facts"};
    const struct kv_options options = {.path = directory,
                                       .map_bytes = 16 << 20,
                                       .tables = names,
                                       .table_count = 2,
                                       .file_mode = 0600};
    struct kv *kv;
    assert_int_equal(kv_open(&kv, &options), ERR_OK);
    struct kv_txn txn = kv_write(kv);
    kv_put(&txn, 0, bytes_of(key, KEYRING_ROW_KEY_BYTES), row);
    assert_int_equal(kv_commit(&txn), ERR_OK);
    kv_close(kv);
}

/* What boxes wrote before keys had a life: three dates, and a key that was active from the first.
 */
static void a_row_of_an_older_box_is_an_active_key(void **state) {
    (void)state;
    const uint8_t key[] = {HSM_PURPOSE_SIGN, 0xff, 0xfe};
    uint8_t memory[128];
    struct keyring_row row;
    struct buffer old = buffer_over(memory, sizeof memory);
    buffer_u8(&old, 1);
    buffer_bool(&old, true);
    buffer_raw(&old, "0123456789abcdef", TOKEN_RAW_ID_BYTES);
    for (int i = 0; i < 3; i++)
        buffer_i64(&old, INT64_C(1705314030123));
    buffer_block(&old, bytes_of_text("certificate"));
    buffer_block(&old, bytes_of(NULL, 0));
    put_raw(key, bytes_of(memory, old.len));
    struct keyring *keyring = open_keyring(true);
    assert_int_equal(keyring_active(keyring, HSM_PURPOSE_SIGN, &row), ERR_OK);
    assert_int_equal(row.generation, 1);
    assert_memory_equal(row.id, "0123456789abcdef", TOKEN_RAW_ID_BYTES);
    assert_int_equal(row.certificate_len, strlen("certificate"));
    assert_true(row.life.came[KEYSTATE_ACTIVE].wall_ms == INT64_C(1705314030123));
    assert_false(row.life.came[KEYSTATE_RETIRING].is_set);
    keyring_close(keyring);
}

/* The KEK had no successor then, so that its first key has wrapped whatever there is. */
static void what_an_older_box_has_wrapped_the_first_kek_opens(void **state) {
    (void)state;
    const uint8_t key[] = {HSM_PURPOSE_PEPPER, 0xff, 0xfe};
    static const uint8_t wrapped[HSM_WRAPPED_BYTES] = {3, 2, 1};
    uint8_t memory[512];
    struct keyring_row row;
    struct buffer old = buffer_over(memory, sizeof memory);
    buffer_u8(&old, 2);
    buffer_bool(&old, true);
    buffer_raw(&old, "0123456789abcdef", TOKEN_RAW_ID_BYTES);
    buffer_i64(&old, INT64_C(1705314030123));
    buffer_u8(&old, 7); /* generated, published, active */
    for (int i = 0; i < 6; i++)
        buffer_i64(&old, INT64_C(1705314030123));
    buffer_bool(&old, false);
    buffer_u8(&old, 0);
    buffer_block(&old, bytes_of(NULL, 0));
    buffer_block(&old, bytes_of(wrapped, sizeof wrapped));
    put_raw(key, bytes_of(memory, old.len));
    struct keyring *keyring = open_keyring(true);
    assert_int_equal(keyring_active(keyring, HSM_PURPOSE_PEPPER, &row), ERR_OK);
    assert_true(row.has_wrapped);
    assert_int_equal(row.wrapped_by, 1);
    assert_memory_equal(row.wrapped, wrapped, sizeof wrapped);
    assert_int_equal(keyring_row_custody(&row), KEYRING_CUSTODY_TOKEN);
    keyring_close(keyring);
}

/* Of a key in nobody's custody, or of one that nobody has wrapped, there is no row. */
static void a_row_says_who_has_wrapped_what_it_has(void **state) {
    (void)state;
    struct keyring *keyring = open_keyring(true);
    struct keyring_row row, found, bad;
    assert_int_equal(keyring_intend(keyring, HSM_PURPOSE_PARTNER, 1, &row), ERR_OK);
    complete(&row);
    row.has_wrapped = true;
    row.wrapped_by = 3;
    row.sealed_len = 2;
    memcpy(row.sealed, "se", 2);
    bad = row;
    bad.wrapped_by = 0;
    assert_int_equal(keyring_commit(keyring, &bad), ERR_DENIED);
    bad = row;
    bad.has_wrapped = false;
    assert_int_equal(keyring_commit(keyring, &bad), ERR_DENIED);
    bad.wrapped_by = 0;
    assert_int_equal(keyring_commit(keyring, &bad), ERR_DENIED);
    bad = row;
    bad.sealed_len = sizeof bad.sealed + 1;
    assert_int_equal(keyring_commit(keyring, &bad), ERR_DENIED);
    assert_int_equal(keyring_commit(keyring, &row), ERR_OK);
    assert_int_equal(keyring_find(keyring, HSM_PURPOSE_PARTNER, 1, &found), ERR_OK);
    assert_memory_equal(&found, &row, sizeof row);
    assert_int_equal(keyring_row_custody(&found), KEYRING_CUSTODY_WRAPPED);
    keyring_close(keyring);
}

/* And what such a box told its clients counts, though it wrote nothing of it. */
static void an_older_box_has_promised_what_it_always_told(void **state) {
    (void)state;
    struct keyring *keyring = open_keyring(true);
    static struct keyring_life life;
    const struct keystate_policy policy = {0};
    const struct keyring_promises promises = {.max_age_seconds = 2};
    int64_t max_age = -1;
    (void)make_row(keyring, HSM_PURPOSE_SIGN, 1);
    assert_int_equal(keyring_life_max_age(keyring, &max_age), ERR_OK);
    assert_int_equal(max_age, 0);
    assert_int_equal(keyring_life_promise(keyring, &promises), ERR_OK);
    assert_int_equal(keyring_life_max_age(keyring, &max_age), ERR_OK);
    assert_int_equal(max_age, 2);
    assert_int_equal(keyring_life_read(keyring, HSM_PURPOSE_SIGN, &policy, &life), ERR_OK);
    assert_int_equal(life.facts.promises.cached_ms, 300000);
    uint64_t before = status_of(keyring).sequence;
    assert_int_equal(keyring_life_promise(keyring, &promises), ERR_OK); /* no news */
    assert_true(status_of(keyring).sequence == before);
    keyring_close(keyring);
}

static void a_spoilt_row_is_corrupt_not_absent(void **state) {
    (void)state;
    static const uint8_t values[] = {0, 1, 2, 0xff};
    for (size_t i = 0; i < sizeof values; i++) {
        struct keyring_row row;
        struct keyring_status status = {.provisioned = true};
        spoil(i * 20, values[i]);
        struct keyring *keyring = open_keyring(true);
        assert_int_equal(keyring_newest(keyring, HSM_PURPOSE_SIGN, true, &row), ERR_CORRUPT);
        assert_int_equal(keyring_intend(keyring, HSM_PURPOSE_SIGN, 1, &row), ERR_CORRUPT);
        (void)make_row(keyring, HSM_PURPOSE_ROOT, 1);
        assert_int_equal(keyring_status(keyring, &status), ERR_CORRUPT);
        assert_false(status.provisioned || status.complete);
        keyring_close(keyring);
    }
}

static void require_mark(struct keyring *keyring, uint64_t tree, uint64_t registry,
                         uint64_t state) {
    struct hsm_mark mark;
    assert_int_equal(keyring_mark(keyring, &mark), ERR_OK);
    assert_true(mark.tree_size == tree);
    assert_true(mark.registry_sequence == registry);
    assert_true(mark.state_sequence == state);
}

static void the_mark_rises_and_never_falls(void **state) {
    (void)state;
    struct keyring *keyring = open_keyring(true);
    static const struct {
        struct hsm_mark mark;
        enum err expected;
    } marks[] = {
        {{10, 20, 30}, ERR_OK},     {{10, 20, 30}, ERR_OK},     {{9, 21, 31}, ERR_DENIED},
        {{11, 19, 31}, ERR_DENIED}, {{11, 21, 29}, ERR_DENIED}, {{11, 20, 30}, ERR_OK},
    };
    require_mark(keyring, 0, 0, 0);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        assert_int_equal(keyring_raise_mark(keyring, &marks[i].mark), marks[i].expected);
    require_mark(keyring, 11, 20, 30);
    keyring_close(keyring);
    keyring = open_keyring(false); /* another signer, another start */
    require_mark(keyring, 11, 20, 30);
    keyring_close(keyring);
}

/* Else each checkpoint would start all signers again. */
static void a_mark_is_no_news_of_keys(void **state) {
    (void)state;
    struct keyring *keyring = open_keyring(true);
    const struct hsm_mark mark = {1, 2, 3};
    (void)make_row(keyring, HSM_PURPOSE_SIGN, 1);
    uint64_t before = status_of(keyring).sequence;
    assert_int_equal(keyring_raise_mark(keyring, &mark), ERR_OK);
    assert_true(status_of(keyring).sequence == before);
    keyring_close(keyring);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)
        TEST(a_new_keyring_has_nothing),
        TEST(a_reader_that_comes_before_the_writer_makes_nothing),
        TEST(an_intent_is_not_a_key),
        TEST(the_mark_rises_and_never_falls),
        TEST(a_mark_is_no_news_of_keys),
        TEST(an_intent_survives_the_process),
        TEST(a_committed_row_comes_back_whole),
        TEST(a_commit_needs_the_intent_of_the_same_id),
        TEST(each_key_has_an_id_of_its_own),
        TEST(generations_are_walked_newest_first),
        TEST(it_is_provisioned_with_the_keys_a_box_needs_and_complete_with_all),
        TEST(without_one_key_that_a_box_needs_it_is_not_provisioned),
        TEST(without_an_active_root_or_audit_key_it_is_provisioned_on),
        TEST(it_keeps_to_the_token_it_was_bound_to),
        TEST(a_row_of_an_older_box_is_an_active_key),
        TEST(what_an_older_box_has_wrapped_the_first_kek_opens),
        TEST(a_row_says_who_has_wrapped_what_it_has),
        TEST(an_older_box_has_promised_what_it_always_told),
        TEST(a_spoilt_row_is_corrupt_not_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
