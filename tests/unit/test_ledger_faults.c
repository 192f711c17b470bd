#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/kv.h"
#include "tests/unit/ledger_fixture.h"

/* What the ledger does when its files are damaged, older than each other, or cannot be written. */
static struct ledger_box box;
static int64_t boot_ms;

int64_t __wrap_clock_boot_ms(void);
int64_t __wrap_clock_boot_ms(void) {
    return boot_ms;
}

static int set_up(void **state) {
    (void)state;
    boot_ms = 1000000;
    ledger_fixture_make(&box, 100000);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    ledger_fixture_remove(&box);
    return 0;
}

static enum ledger_result claim_one(const char *name) {
    struct ledger_op made = ledger_fixture_op(&box, LEDGER_CLAIM, name);
    made.lifetime_ms = 86400000;
    return ledger_fixture_claim(&box, &made, 1);
}

/* Opens what set_up opened once, as it is on disk now; leaves it closed. */
static enum err try_open(size_t rows_max) {
    const struct journal_options journal_options = {.directory = box.journal_directory.path,
                                                    .segment_bytes = box.segment_bytes};
    struct ledger_options options = {.directory = box.state_directory.path, .rows_max = rows_max};
    struct journal *journal;
    struct ledger *ledger;
    assert_int_equal(journal_open(&journal, &journal_options), ERR_OK);
    options.journal = journal;
    memcpy(options.boot_id, box.boot_id, sizeof options.boot_id);
    enum err err = ledger_open(&ledger, &options);
    journal_close(journal);
    ledger_close(ledger);
    return err;
}

struct row {
    uint8_t key[64], value[512];
    size_t key_len, value_len;
};

static enum err keep_row(void *context, struct bytes key, struct bytes value) {
    struct row *row = context;
    memcpy(row->key, key.data, row->key_len = key.len);
    memcpy(row->value, value.data, row->value_len = value.len);
    return ERR_OK;
}

static struct kv *open_file(void) {
    static const char *const tables[] = {"meta", "rows"};
    const struct kv_options options = {.path = box.state_directory.path,
                                       .map_bytes = (size_t)16 << 30,
                                       .tables = tables,
                                       .table_count = 2,
                                       .file_mode = 0600};
    struct kv *kv;
    assert_int_equal(kv_open(&kv, &options), ERR_OK);
    return kv;
}

static void put_row(unsigned table, const struct row *row) {
    struct kv *kv = open_file();
    struct kv_txn txn = kv_write(kv);
    kv_put(&txn, table, bytes_of(row->key, row->key_len), bytes_of(row->value, row->value_len));
    assert_int_equal(kv_commit(&txn), ERR_OK);
    kv_close(kv);
}

static struct row get_row(unsigned table) {
    struct row row = {.key_len = 0};
    struct kv *kv = open_file();
    {
        KV_TXN_CLEANUP struct kv_txn txn = kv_read(kv);
        assert_int_equal(kv_each(&txn, table, bytes_of(NULL, 0), keep_row, &row), ERR_OK);
    }
    kv_close(kv);
    assert_int_not_equal(row.key_len, 0);
    return row;
}

static void damage_on_file_fails_the_box(void **state) {
    (void)state;
    assert_int_equal(claim_one("a"), LEDGER_WON);
    ledger_fixture_close(&box);
    for (unsigned table = 0; table < 2; table++) {
        struct row row = get_row(table);
        for (size_t at = 0; at < row.value_len; at++) {
            row.value[at] ^= 4;
            put_row(table, &row);
            assert_int_equal(try_open(100), ERR_CORRUPT);
            row.value[at] ^= 4;
        }
        put_row(table, &row);
        assert_int_equal(try_open(100), ERR_OK);
    }
    struct row moved = get_row(1);
    moved.key[0] ^= 1;
    put_row(1, &moved);
    assert_int_equal(try_open(100), ERR_CORRUPT);
    moved.key[0] ^= 1;
    put_row(1, &moved); /* the moved copy stays damaged: begin anew */
    store_fixture_remove(&box.directory);
    ledger_fixture_make(&box, 100);
}

static void a_journal_older_than_the_state_fails_the_box(void **state) {
    (void)state;
    assert_int_equal(claim_one("a"), LEDGER_WON);
    ledger_fixture_close(&box);
    static uint8_t old[2u << 20];
    char path[192];
    (void)snprintf(path, sizeof path, "%s/%020d.journal", box.journal_directory.path, 1);
    size_t len = store_fixture_read(path, old, sizeof old);
    ledger_fixture_open(&box);
    assert_int_equal(claim_one("b"), LEDGER_WON);
    ledger_fixture_close(&box);
    store_fixture_write(path, old, len);
    assert_int_equal(try_open(100), ERR_CORRUPT);
    store_fixture_remove(&box.directory);
    ledger_fixture_make(&box, 100);
}

static void an_older_state_is_brought_up_to_date(void **state) {
    (void)state;
    assert_int_equal(claim_one("a"), LEDGER_WON);
    ledger_fixture_close(&box);
    char path[192];
    static uint8_t old[2u << 20];
    (void)snprintf(path, sizeof path, "%s/data.mdb", box.state_directory.path);
    size_t len = store_fixture_read(path, old, sizeof old);
    ledger_fixture_open(&box);
    assert_int_equal(claim_one("b"), LEDGER_WON);
    ledger_fixture_close(&box);
    store_fixture_write(path, old, len);
    ledger_fixture_open(&box);
    assert_int_equal(claim_one("a"), LEDGER_TAKEN);
    assert_int_equal(claim_one("b"), LEDGER_TAKEN);
}

static void a_lost_state_is_made_anew_from_the_journal(void **state) {
    (void)state;
    assert_int_equal(claim_one("a"), LEDGER_WON);
    ledger_fixture_close(&box);
    store_fixture_remove(&box.state_directory);
    (void)store_fixture_inside(&box.directory, "state");
    ledger_fixture_open(&box);
    assert_int_equal(claim_one("a"), LEDGER_TAKEN);
}

static void more_rows_than_memory_is_told_and_not_forgotten(void **state) {
    (void)state;
    char name[16];
    for (int i = 0; i < 20; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        assert_int_equal(claim_one(name), LEDGER_WON);
    }
    ledger_fixture_close(&box);
    assert_int_equal(try_open(19), ERR_FULL);
    assert_int_equal(try_open(0), ERR_CONFIG);
    assert_int_equal(try_open(20), ERR_OK);
    ledger_fixture_open(&box);
}

static void a_record_without_effects_stops_all_claims(void **state) {
    (void)state;
    assert_int_equal(claim_one("a"), LEDGER_WON);
    assert_int_equal(journal_append(box.journal, JOURNAL_EVENT, bytes_of_text("no effects here")),
                     ERR_OK);
    assert_int_equal(claim_one("b"), LEDGER_WON);
    assert_int_equal(journal_append(box.journal, JOURNAL_REQUEST, bytes_of("\0\0\0\7payload", 11)),
                     ERR_OK);
    assert_int_equal(claim_one("c"), LEDGER_UNAVAILABLE);
    ledger_fixture_close(&box);
    assert_int_equal(try_open(100), ERR_CORRUPT);
    store_fixture_remove(&box.directory);
    ledger_fixture_make(&box, 100);
}

static void state_that_cannot_be_written_is_tried_again(void **state) {
    (void)state;
    struct rlimit limit, small;
    uint64_t applied, applied_before;
    char name[16];
    assert_int_equal(signal(SIGXFSZ, SIG_IGN) == SIG_ERR, 0);
    assert_int_equal(claim_one("first"), LEDGER_WON);
    boot_ms += 1000;
    assert_int_equal(ledger_settle(box.ledger), ERR_OK);
    assert_int_equal(ledger_sequence(box.ledger, &applied_before), ERR_OK);
    assert_int_equal(applied_before, 1);
    for (int i = 0; i < 900; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        assert_int_equal(claim_one(name), LEDGER_WON);
    }
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = (struct rlimit){.rlim_cur = 32768, .rlim_max = limit.rlim_max};
    boot_ms += 1000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum err err = ledger_settle(box.ledger);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_not_equal(err, ERR_OK);
    assert_int_equal(ledger_sequence(box.ledger, &applied), ERR_OK);
    assert_int_equal(applied, applied_before);
    assert_int_equal(claim_one("more"), LEDGER_WON); /* the journal has it */
    boot_ms += 1000;
    assert_int_equal(ledger_settle(box.ledger), ERR_OK);
    assert_int_equal(ledger_sequence(box.ledger, &applied), ERR_OK);
    assert_int_equal(applied, 902);
    ledger_fixture_close(&box);
    ledger_fixture_open(&box);
    assert_int_equal(claim_one("899"), LEDGER_TAKEN);
    assert_int_equal(claim_one("more"), LEDGER_TAKEN);
}

static void a_state_too_far_behind_stops_claims_until_it_has_caught_up(void **state) {
    (void)state;
    struct ledger_op ops[LEDGER_OPS_MAX];
    char name[16];
    enum ledger_result result = LEDGER_WON;
    size_t effects = 0;
    for (; result == LEDGER_WON && effects < 100000; effects += LEDGER_OPS_MAX) {
        for (size_t i = 0; i < LEDGER_OPS_MAX; i++) {
            (void)snprintf(name, sizeof name, "%zu", (effects + i) % 1200);
            ops[i] = ledger_fixture_op(&box, LEDGER_BUMP, name);
            ops[i].limit = 1000000;
        }
        result = ledger_fixture_claim(&box, ops, LEDGER_OPS_MAX);
    }
    assert_int_equal(result, LEDGER_UNAVAILABLE);
    assert_in_range(effects, 65536, 65536 + 3 * LEDGER_OPS_MAX);
    assert_int_equal(claim_one("a"), LEDGER_UNAVAILABLE);
    assert_int_equal(ledger_settle(box.ledger), ERR_OK);
    assert_int_equal(claim_one("a"), LEDGER_WON);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(damage_on_file_fails_the_box),
        TEST(a_journal_older_than_the_state_fails_the_box),
        TEST(an_older_state_is_brought_up_to_date),
        TEST(a_lost_state_is_made_anew_from_the_journal),
        TEST(more_rows_than_memory_is_told_and_not_forgotten),
        TEST(a_record_without_effects_stops_all_claims),
        TEST(state_that_cannot_be_written_is_tried_again),
        TEST(a_state_too_far_behind_stops_claims_until_it_has_caught_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
