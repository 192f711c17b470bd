#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/journal_fixture.h"

/* A disk that is full, slow to take bytes, or fails. The test stands in for three system calls. */
enum fault {
    FAULT_NONE,
    FAULT_SHORT,      /* every write takes a part; each second one is interrupted */
    FAULT_WRITE_FULL, /* a write takes a part, then the disk is full */
    FAULT_SYNC,       /* fdatasync says EIO */
    FAULT_ALLOCATE,   /* no room for another segment */
    FAULT_RENAME,     /* no room for its name */
    FAULT_DIRECTORY,  /* its name cannot be made durable */
};
static _Atomic enum fault fault;
static unsigned writes;
static struct journal_box box;

ssize_t __real_pwrite(int fd, const void *data, size_t len, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t offset);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_fallocate(int fd, int mode, off_t offset, off_t len);
int __wrap_fallocate(int fd, int mode, off_t offset, off_t len);
int __real_renameat(int from, const char *old, int to, const char *new);
int __wrap_renameat(int from, const char *old, int to, const char *new);
int __real_fsync(int fd);
int __wrap_fsync(int fd);

ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t offset) {
    writes++;
    if (fault == FAULT_SHORT && writes % 2 == 0) {
        errno = EINTR;
        return -1;
    }
    if (fault == FAULT_WRITE_FULL && writes % 2 == 0) {
        errno = ENOSPC;
        return -1;
    }
    bool part = fault == FAULT_SHORT || fault == FAULT_WRITE_FULL;
    return __real_pwrite(fd, data, part && len > 7 ? len / 3 : len, offset);
}

int __wrap_fdatasync(int fd) {
    if (fault != FAULT_SYNC)
        return __real_fdatasync(fd);
    errno = EIO;
    return -1;
}

int __wrap_fallocate(int fd, int mode, off_t offset, off_t len) {
    if (fault != FAULT_ALLOCATE)
        return __real_fallocate(fd, mode, offset, len);
    errno = ENOSPC;
    return -1;
}

int __wrap_renameat(int from, const char *old, int to, const char *new) {
    if (fault != FAULT_RENAME)
        return __real_renameat(from, old, to, new);
    errno = ENOSPC;
    return -1;
}

int __wrap_fsync(int fd) {
    struct stat status;
    if (fault != FAULT_DIRECTORY || fstat(fd, &status) != 0 || !S_ISDIR(status.st_mode))
        return __real_fsync(fd);
    errno = EIO;
    return -1;
}

static int set_up(void **state) {
    (void)state;
    fault = FAULT_NONE;
    journal_fixture_make(&box);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    fault = FAULT_NONE;
    journal_fixture_remove(&box);
    return 0;
}

static void reopen(void) {
    journal_fixture_close(&box);
    journal_fixture_open(&box);
}

static enum err append(uint64_t number) {
    uint8_t memory[JOURNAL_PAYLOAD_MAX];
    return journal_append(box.journal, JOURNAL_EVENT, journal_fixture_payload(number, memory));
}

static void short_and_interrupted_writes_are_gone_on_with(void **state) {
    (void)state;
    fault = FAULT_SHORT;
    writes = 0;
    journal_fixture_append(&box, 1, 50);
    fault = FAULT_NONE;
    reopen();
    journal_fixture_require(&box, 50);
}

/* Nothing more is taken, even once the disk would work again: until a restart has read it. */
static void require_refusing(uint64_t size) {
    struct journal_entry entry = {.kind = JOURNAL_EVENT, .payload = bytes_of("x", 1)};
    fault = FAULT_NONE;
    assert_int_equal(append(size + 1), ERR_UNAVAILABLE);
    assert_int_equal(journal_submit(box.journal, &entry), ERR_UNAVAILABLE);
    assert_int_equal(journal_fixture_size(&box), size);
}

static void a_full_disk_fails_the_batch_and_all_after_it(void **state) {
    (void)state;
    journal_fixture_append(&box, 1, 5);
    fault = FAULT_WRITE_FULL;
    writes = 0;
    assert_int_equal(append(6), ERR_UNAVAILABLE);
    require_refusing(5);
    reopen();
    journal_fixture_require(&box, 5);
    journal_fixture_append(&box, 6, 9);
    reopen();
    journal_fixture_require(&box, 9);
}

static void a_failed_sync_fails_the_batch_and_all_after_it(void **state) {
    (void)state;
    journal_fixture_append(&box, 1, 5);
    fault = FAULT_SYNC;
    assert_int_equal(append(6), ERR_UNAVAILABLE);
    require_refusing(5);
    reopen();
    /* The record did reach the disk: evidence without an answer, never the other way round. */
    journal_fixture_require(&box, 6);
}

/* Appends until the segment is full, and gives the number of the record that found no room. */
static uint64_t fill_segment(enum fault with) {
    uint64_t number = 0;
    fault = with;
    enum err err = ERR_OK;
    while (err == ERR_OK)
        err = append(++number);
    assert_int_equal(err, ERR_UNAVAILABLE);
    assert_in_range(number, 100, 2000);
    assert_false(journal_is_writable(box.journal));
    return number;
}

/* Nothing was written, so nothing is unknown: as soon as there is room, it goes on by itself. */
static void require_going_on(uint64_t number) {
    assert_false(journal_has_failed(box.journal));
    assert_int_equal(append(number), ERR_UNAVAILABLE); /* tried again, in vain */
    assert_false(journal_has_failed(box.journal));
    fault = FAULT_NONE;
    journal_fixture_append(&box, number, number + 10);
    assert_true(journal_is_writable(box.journal));
    journal_fixture_require(&box, number + 10);
    reopen();
    journal_fixture_require(&box, number + 10);
}

static void a_full_disk_denies_until_there_is_room_for_a_segment(void **state) {
    (void)state;
    require_going_on(fill_segment(FAULT_ALLOCATE));
}

static void a_segment_that_could_not_be_named_is_made_again(void **state) {
    (void)state;
    require_going_on(fill_segment(FAULT_RENAME));
}

/* A small record would still fit into the old segment; but order is order. */
static void nothing_is_written_before_the_segment_that_is_wanted(void **state) {
    (void)state;
    uint64_t number = fill_segment(FAULT_ALLOCATE);
    assert_int_equal(journal_append(box.journal, JOURNAL_EVENT, bytes_of("x", 1)), ERR_UNAVAILABLE);
    assert_int_equal(journal_fixture_size(&box), number - 1);
}

/* Its name may be on the disk or not: only a restart can tell, and finds nothing lost. */
static void a_segment_whose_name_may_not_be_durable_fails_the_journal(void **state) {
    (void)state;
    uint64_t number = fill_segment(FAULT_DIRECTORY);
    assert_true(journal_has_failed(box.journal));
    require_refusing(number - 1);
    reopen();
    journal_fixture_require(&box, number - 1);
    journal_fixture_append(&box, number, number + 10);
    reopen();
    journal_fixture_require(&box, number + 10);
}

static void a_failed_write_is_said(void **state) {
    (void)state;
    journal_fixture_append(&box, 1, 5);
    assert_false(journal_has_failed(box.journal));
    assert_true(journal_is_writable(box.journal));
    fault = FAULT_SYNC;
    assert_int_equal(append(6), ERR_UNAVAILABLE);
    fault = FAULT_NONE;
    assert_true(journal_has_failed(box.journal));
    assert_false(journal_is_writable(box.journal));
}

static void count_settles(void *context) {
    atomic_uint *settled = context;
    if (atomic_fetch_add(settled, 1) == 1)
        fault = FAULT_NONE; /* from the thread that is going to write */
}

/* A box that says it is not ready is asked nothing: the journal looks for room of itself. */
static void room_is_found_without_anybody_asking(void **state) {
    (void)state;
    static atomic_uint settled; /* the writer counts until the journal is closed, after this test */
    atomic_store(&settled, 0);
    uint64_t number = fill_segment(FAULT_ALLOCATE);
    assert_int_equal(journal_start(box.journal, count_settles, &settled), ERR_OK);
    while (!journal_is_writable(box.journal) && atomic_load(&settled) < 10)
        (void)sched_yield();
    assert_true(journal_is_writable(box.journal));
    assert_int_equal(append(number), ERR_OK);
    journal_fixture_require(&box, number);
}

static void every_entry_under_way_is_told(void **state) {
    (void)state;
    struct journal_entry entries[40];
    uint8_t memory[16] = {0};
    for (size_t i = 0; i < 40; i++) {
        entries[i] = (struct journal_entry){.kind = JOURNAL_EVENT,
                                            .payload = bytes_of(memory, sizeof memory),
                                            .lane = i % 2,
                                            .result = ERR_OK};
        assert_int_equal(journal_submit(box.journal, &entries[i]), ERR_OK);
    }
    fault = FAULT_SYNC;
    assert_int_equal(journal_start(box.journal, NULL, NULL), ERR_OK);
    for (unsigned lane = 0; lane < 2; lane++) {
        for (size_t back = 0; back < 20;) {
            for (struct journal_entry *entry = journal_reap(box.journal, lane); entry != NULL;
                 entry = entry->next, back++)
                assert_int_equal(entry->result, ERR_UNAVAILABLE);
        }
    }
    assert_int_equal(journal_fixture_size(&box), 0);
}

static void a_journal_that_cannot_begin_is_not_opened(void **state) {
    (void)state;
    struct journal_box other = {.directory = store_fixture_directory()};
    fault = FAULT_ALLOCATE;
    assert_int_equal(journal_fixture_try_open(&other), ERR_SYSTEM);
    assert_null(other.journal);
    fault = FAULT_NONE;
    journal_fixture_open(&other);
    journal_fixture_require(&other, 0);
    journal_fixture_remove(&other);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(short_and_interrupted_writes_are_gone_on_with),
        TEST(a_full_disk_fails_the_batch_and_all_after_it),
        TEST(a_failed_sync_fails_the_batch_and_all_after_it),
        TEST(a_full_disk_denies_until_there_is_room_for_a_segment),
        TEST(a_segment_that_could_not_be_named_is_made_again),
        TEST(nothing_is_written_before_the_segment_that_is_wanted),
        TEST(a_segment_whose_name_may_not_be_durable_fails_the_journal),
        TEST(a_failed_write_is_said),
        TEST(room_is_found_without_anybody_asking),
        TEST(every_entry_under_way_is_told),
        TEST(a_journal_that_cannot_begin_is_not_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
