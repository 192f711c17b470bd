#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clock.h"
#include "tests/unit/journal_fixture.h"

static struct journal_box box;

static int set_up(void **state) {
    (void)state;
    journal_fixture_make(&box);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    journal_fixture_remove(&box);
    return 0;
}

static void reopen(void) {
    journal_fixture_close(&box);
    journal_fixture_open(&box);
}

static void records_come_back_in_order_over_many_segments(void **state) {
    (void)state;
    journal_fixture_require(&box, 0);
    for (uint64_t last = 1; last <= 2000; last += 333) {
        journal_fixture_append(&box, journal_fixture_size(&box) + 1, last);
        journal_fixture_require(&box, last);
        reopen();
        journal_fixture_require(&box, last);
    }
    assert_int_equal(access(journal_fixture_segment(&box, 1).text, F_OK), 0);
}

static enum err take_leaf(void *context, uint64_t sequence, int64_t wall_ms, enum journal_kind kind,
                          struct bytes payload) {
    uint8_t memory[JOURNAL_PAYLOAD_MAX + 64], leaf[MERKLE_HASH_BYTES];
    struct buffer record = buffer_over(memory, sizeof memory);
    buffer_u32(&record, (uint32_t)payload.len + 32);
    buffer_u64(&record, sequence);
    buffer_i64(&record, wall_ms);
    buffer_u16(&record, (uint16_t)kind);
    buffer_u16(&record, 0); /* one a batch */
    buffer_raw(&record, payload.data, payload.len);
    merkle_leaf(bytes_of(memory, record.len), leaf);
    assert_int_equal(merkle_append(context, leaf), ERR_OK);
    return ERR_OK;
}

/* What an auditor does: the leaves follow from the records as journal.h describes them. */
static void the_tree_is_over_the_records_as_documented(void **state) {
    (void)state;
    journal_fixture_append(&box, 1, 700);
    reopen();
    struct merkle tree = {0};
    uint8_t root[MERKLE_HASH_BYTES], computed[MERKLE_HASH_BYTES];
    uint64_t size;
    assert_int_equal(journal_each(box.journal, 1, take_leaf, &tree), ERR_OK);
    merkle_root(&tree, computed);
    journal_tree(box.journal, &size, root);
    assert_int_equal(size, 700);
    assert_memory_equal(root, computed, sizeof root);
}

static enum err count_record(void *context, uint64_t sequence, int64_t wall_ms,
                             enum journal_kind kind, struct bytes payload) {
    (void)sequence;
    (void)wall_ms;
    (void)kind;
    (void)payload;
    ++*(uint64_t *)context;
    return ERR_OK;
}

static void reading_may_begin_anywhere(void **state) {
    (void)state;
    journal_fixture_append(&box, 1, 900);
    for (uint64_t first = 1; first <= 902; first += 17) {
        uint64_t count = 0;
        assert_int_equal(journal_each(box.journal, first, count_record, &count), ERR_OK);
        assert_int_equal(count, first <= 900 ? 901 - first : 0);
    }
}

static void an_archived_segment_is_missed_only_when_asked_for(void **state) {
    (void)state;
    uint64_t count = 0;
    journal_fixture_append(&box, 1, 1500);
    journal_fixture_close(&box);
    assert_int_equal(unlink(journal_fixture_segment(&box, 1).text), 0);
    journal_fixture_open(&box);
    assert_int_equal(journal_fixture_size(&box), 1500);
    assert_int_equal(journal_each(box.journal, 1, count_record, &count), ERR_NOT_FOUND);
    assert_int_equal(journal_each(box.journal, 1400, count_record, &count), ERR_OK);
    assert_int_equal(count, 101);
}

static void records_of_the_last_segment_are_replayed_at_start(void **state) {
    (void)state;
    uint64_t replayed = 0;
    journal_fixture_append(&box, 1, 10);
    journal_fixture_close(&box);
    const struct journal_options options = {.directory = box.directory.path,
                                            .segment_bytes = JOURNAL_FIXTURE_SEGMENT,
                                            .replay = count_record,
                                            .context = &replayed};
    assert_int_equal(journal_open(&box.journal, &options), ERR_OK);
    assert_int_equal(replayed, 10);
}

static void the_last_checkpoint_is_known_after_a_start(void **state) {
    (void)state;
    uint8_t memory[64];
    struct buffer note = buffer_over(memory, sizeof memory);
    assert_int_equal(journal_last_checkpoint(box.journal, &note), ERR_NOT_FOUND);
    for (int round = 0; round < 3; round++) {
        const char *text = round == 1 ? "second" : "another";
        assert_int_equal(journal_append(box.journal, JOURNAL_CHECKPOINT, bytes_of_text(text)),
                         ERR_OK);
        for (int i = 0; i < 1000 * round; i++) /* beyond the segment */
            assert_int_equal(journal_append(box.journal, JOURNAL_EVENT, bytes_of(memory, 64)),
                             ERR_OK);
        for (int start = 0; start < 2; start++) {
            note = buffer_over(memory, sizeof memory);
            assert_int_equal(journal_last_checkpoint(box.journal, &note), ERR_OK);
            assert_true(bytes_equal_text(bytes_of(memory, note.len), text));
            reopen();
        }
    }
}

static void what_is_no_record_is_refused(void **state) {
    (void)state;
    static uint8_t memory[JOURNAL_PAYLOAD_MAX + 1];
    struct journal_entry entry = {.kind = JOURNAL_EVENT,
                                  .payload = bytes_of(memory, JOURNAL_PAYLOAD_MAX + 1)};
    assert_int_equal(journal_submit(box.journal, &entry), ERR_TOO_LARGE);
    entry.payload.len = 1;
    entry.lane = 2;
    assert_int_equal(journal_submit(box.journal, &entry), ERR_MALFORMED);
    entry.lane = 0;
    entry.kind = (enum journal_kind)0;
    assert_int_equal(journal_submit(box.journal, &entry), ERR_MALFORMED);
    assert_int_equal(journal_append(box.journal, JOURNAL_EVENT, bytes_of(memory, sizeof memory)),
                     ERR_TOO_LARGE);
    assert_int_equal(
        journal_append(box.journal, JOURNAL_EVENT, bytes_of(memory, JOURNAL_PAYLOAD_MAX)), ERR_OK);
    assert_int_equal(journal_fixture_size(&box), 1);
}

static void a_second_process_is_kept_out(void **state) {
    (void)state;
    struct journal_box other = {.directory = box.directory};
    assert_int_equal(journal_fixture_try_open(&other), ERR_EXISTS);
    assert_null(other.journal);
}

static void the_queue_is_bounded(void **state) {
    (void)state;
    static struct journal_entry entries[9000];
    size_t taken = 0;
    enum err err = ERR_OK;
    for (; taken < 9000 && err == ERR_OK; taken++) {
        entries[taken] = (struct journal_entry){.kind = JOURNAL_EVENT, .payload = bytes_of("x", 1)};
        err = journal_submit(box.journal, &entries[taken]);
    }
    assert_int_equal(err, ERR_FULL);
    taken--;
    assert_int_equal(taken, 8192);
    assert_int_equal(journal_start(box.journal, NULL, NULL), ERR_OK);
    reopen(); /* what was taken is written before the end */
    assert_int_equal(journal_fixture_size(&box), taken);
    for (size_t i = 0; i < taken; i++)
        assert_int_equal(entries[i].result, ERR_OK);
}

#define THREADS          4
#define ENTRIES_A_THREAD 500

struct lane_work {
    unsigned lane;
    uint64_t last_sequence;
    bool failed;
};

/* One loop of core: several entries under way, taken back as they come. */
static void *work_lane(void *argument) {
    struct lane_work *work = argument;
    struct journal_entry entries[ENTRIES_A_THREAD];
    size_t submitted = 0, back = 0;
    struct pollfd wake = {.fd = journal_lane_descriptor(box.journal, work->lane), .events = POLLIN};
    while (back < ENTRIES_A_THREAD) {
        for (size_t i = 0; i < 16 && submitted < ENTRIES_A_THREAD; i++, submitted++) {
            entries[submitted] = (struct journal_entry){
                .kind = JOURNAL_EVENT, .lane = work->lane, .payload = bytes_of("payload", 7)};
            if (journal_submit(box.journal, &entries[submitted]) != ERR_OK)
                work->failed = true;
        }
        if (poll(&wake, 1, 10000) != 1)
            work->failed = true;
        for (struct journal_entry *entry = journal_reap(box.journal, work->lane); entry != NULL;
             entry = entry->next, back++)
            if (entry->result != ERR_OK || entry->sequence == 0 || entry != &entries[back])
                work->failed = true;
        if (work->failed)
            return NULL;
    }
    work->last_sequence = entries[ENTRIES_A_THREAD - 1].sequence;
    return NULL;
}

static void *append_blocking(void *argument) {
    struct lane_work *work = argument;
    for (int i = 0; i < ENTRIES_A_THREAD; i++)
        if (journal_append(box.journal, JOURNAL_EVENT, bytes_of("append", 6)) != ERR_OK)
            work->failed = true;
    return NULL;
}

static _Atomic uint64_t durable_seen, settled_seen;

static void note_durable(void *context, uint64_t sequence, enum journal_kind kind,
                         struct bytes payload) {
    (void)context;
    (void)kind;
    (void)payload;
    if (sequence == atomic_load(&durable_seen) + 1)
        atomic_store(&durable_seen, sequence);
}

static void note_settled(void *context) {
    (void)context;
    atomic_fetch_add(&settled_seen, 1);
}

static void lanes_get_their_entries_back_in_order(void **state) {
    (void)state;
    struct lane_work work[THREADS] = {{.lane = 0}, {.lane = 1}};
    pthread_t threads[THREADS];
    atomic_store(&durable_seen, 0);
    journal_on_durable(box.journal, note_durable, NULL);
    assert_int_equal(journal_start(box.journal, note_settled, NULL), ERR_OK);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, i < 2 ? work_lane : append_blocking, &work[i]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(work[i].failed);
    }
    assert_int_equal(journal_fixture_size(&box), THREADS * ENTRIES_A_THREAD);
    assert_int_equal(atomic_load(&durable_seen), THREADS * ENTRIES_A_THREAD);
    assert_true(atomic_load(&settled_seen) > 0);
    reopen();
    uint64_t count = 0;
    assert_int_equal(journal_each(box.journal, 1, count_record, &count), ERR_OK);
    assert_int_equal(count, THREADS * ENTRIES_A_THREAD);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(records_come_back_in_order_over_many_segments),
        TEST(the_tree_is_over_the_records_as_documented),
        TEST(reading_may_begin_anywhere),
        TEST(an_archived_segment_is_missed_only_when_asked_for),
        TEST(records_of_the_last_segment_are_replayed_at_start),
        TEST(the_last_checkpoint_is_known_after_a_start),
        TEST(what_is_no_record_is_refused),
        TEST(a_second_process_is_kept_out),
        TEST(the_queue_is_bounded),
        TEST(lanes_get_their_entries_back_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
