#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/journal_fixture.h"

void journal_fixture_make(struct journal_box *box) {
    box->directory = store_fixture_directory();
    journal_fixture_open(box);
}

enum err journal_fixture_try_open(struct journal_box *box) {
    const struct journal_options options = {
        .directory = box->directory.path, .segment_bytes = JOURNAL_FIXTURE_SEGMENT, .lanes = 2};
    return journal_open(&box->journal, &options);
}

void journal_fixture_open(struct journal_box *box) {
    assert_int_equal(journal_fixture_try_open(box), ERR_OK);
}

void journal_fixture_close(struct journal_box *box) {
    journal_close(box->journal);
    box->journal = NULL;
}

void journal_fixture_remove(struct journal_box *box) {
    journal_fixture_close(box);
    store_fixture_remove(&box->directory);
}

struct bytes journal_fixture_payload(uint64_t number, uint8_t memory[static JOURNAL_PAYLOAD_MAX]) {
    struct store_chance chance = {.state = number};
    size_t len = store_fixture_draw(&chance, 300);
    for (size_t i = 0; i < len; i++)
        memory[i] = (uint8_t)store_fixture_draw(&chance, 4) == 0
                        ? 0
                        : (uint8_t)store_fixture_draw(&chance, 256);
    return bytes_of(memory, len);
}

void journal_fixture_append(struct journal_box *box, uint64_t first, uint64_t last) {
    uint8_t memory[JOURNAL_PAYLOAD_MAX];
    for (uint64_t number = first; number <= last; number++)
        assert_int_equal(
            journal_append(box->journal, JOURNAL_EVENT, journal_fixture_payload(number, memory)),
            ERR_OK);
}

#define BATCH_MOST 64

void journal_fixture_append_batch(struct journal_box *box, uint64_t first, uint64_t last) {
    static uint8_t memory[BATCH_MOST][JOURNAL_PAYLOAD_MAX];
    struct journal_entry entries[BATCH_MOST];
    size_t count = last - first + 1;
    assert_in_range(count, 1, BATCH_MOST);
    for (size_t i = 0; i < count; i++) {
        entries[i] = (struct journal_entry){.kind = JOURNAL_EVENT};
        entries[i].payload = journal_fixture_payload(first + i, memory[i]);
        assert_int_equal(journal_submit(box->journal, &entries[i]), ERR_OK);
    }
    /* All are queued before the thread begins, so it finds them together. */
    assert_int_equal(journal_start(box->journal, NULL, NULL), ERR_OK);
    journal_fixture_close(box);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(entries[i].result, ERR_OK);
}

struct expected {
    uint64_t next;
    struct merkle tree;
};

static enum err compare_record(void *context, uint64_t sequence, int64_t wall_ms,
                               enum journal_kind kind, struct bytes payload) {
    struct expected *expected = context;
    uint8_t memory[JOURNAL_PAYLOAD_MAX];
    (void)wall_ms;
    assert_int_equal(sequence, expected->next++);
    assert_int_equal(kind, JOURNAL_EVENT);
    assert_true(bytes_equal(payload, journal_fixture_payload(sequence, memory)));
    return ERR_OK;
}

uint64_t journal_fixture_size(struct journal_box *box) {
    uint64_t size;
    uint8_t root[MERKLE_HASH_BYTES];
    journal_tree(box->journal, &size, root);
    return size;
}

void journal_fixture_require(struct journal_box *box, uint64_t last) {
    struct expected expected = {.next = 1};
    assert_int_equal(journal_fixture_size(box), last);
    assert_int_equal(journal_each(box->journal, 1, compare_record, &expected), ERR_OK);
    assert_int_equal(expected.next, last + 1);
}

struct journal_path journal_fixture_segment(const struct journal_box *box, uint64_t first) {
    struct journal_path path;
    (void)snprintf(path.text, sizeof path.text, "%s/%020" PRIu64 ".journal", box->directory.path,
                   first);
    return path;
}
