#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/ledger_fixture.h"

void ledger_fixture_make(struct ledger_box *box, size_t rows_max) {
    store_fixture_secrets();
    *box = (struct ledger_box){.rows_max = rows_max, .segment_bytes = 1 << 20, .boot_id = {1}};
    box->directory = store_fixture_directory();
    box->journal_directory = store_fixture_inside(&box->directory, "journal");
    box->state_directory = store_fixture_inside(&box->directory, "state");
    ledger_fixture_open(box);
}

void ledger_fixture_open(struct ledger_box *box) {
    const struct journal_options journal_options = {
        .directory = box->journal_directory.path, .segment_bytes = box->segment_bytes, .lanes = 2};
    struct ledger_options options = {.directory = box->state_directory.path,
                                     .rows_max = box->rows_max};
    assert_int_equal(journal_open(&box->journal, &journal_options), ERR_OK);
    options.journal = box->journal;
    memcpy(options.boot_id, box->boot_id, sizeof options.boot_id);
    assert_int_equal(ledger_open(&box->ledger, &options), ERR_OK);
    assert_int_equal(ledger_set_key(box->ledger, bytes_of_text("a key of the ledger")), ERR_OK);
}

void ledger_fixture_close(struct ledger_box *box) {
    journal_close(box->journal);
    ledger_close(box->ledger);
    box->journal = NULL;
    box->ledger = NULL;
}

void ledger_fixture_remove(struct ledger_box *box) {
    ledger_fixture_close(box);
    store_fixture_remove(&box->directory);
}

struct ledger_op ledger_fixture_op(const struct ledger_box *box, enum ledger_op_kind kind,
                                   const char *name) {
    struct ledger_op made = {.kind = kind, .limit = 3, .lifetime_ms = 60000};
    struct bytes part = bytes_of_text(name);
    ledger_row_key(box->ledger, "test", &part, 1, made.key);
    return made;
}

void ledger_fixture_record(struct ledger_box *box, struct bytes effects) {
    uint8_t memory[LEDGER_EFFECTS_MAX + 64];
    struct buffer payload = buffer_over(memory, sizeof memory);
    buffer_text(&payload, "a request");
    ledger_effects_put(&payload, effects);
    assert_int_equal(payload.err, ERR_OK);
    assert_int_equal(journal_append(box->journal, JOURNAL_REQUEST, bytes_of(memory, payload.len)),
                     ERR_OK);
}

enum ledger_result ledger_fixture_claim(struct ledger_box *box, struct ledger_op *ops,
                                        size_t count) {
    uint8_t memory[LEDGER_EFFECTS_MAX];
    struct buffer effects = buffer_over(memory, sizeof memory);
    size_t failed;
    enum ledger_result result = ledger_claim(box->ledger, ops, count, INT64_MAX, &failed, &effects);
    if (result == LEDGER_WON)
        ledger_fixture_record(box, bytes_of(memory, effects.len));
    return result;
}

int64_t ledger_fixture_count(const struct ledger_box *box, const char *name) {
    struct ledger_op named = ledger_fixture_op(box, LEDGER_CLEAR, name);
    uint8_t value[LEDGER_VALUE_MAX];
    size_t len;
    uint32_t count;
    int64_t remaining_ms;
    enum err err = ledger_read(box->ledger, named.key, value, &len, &count, &remaining_ms);
    assert_true(err == ERR_OK || err == ERR_NOT_FOUND);
    return err == ERR_OK ? (int64_t)count : -1;
}
