#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/kv.h"

#define MAP_BYTES (16u * 1024 * 1024)
#define READERS   126 /* LMDB's slots */
#define NOBODY    65534
#define GROUP     4711

enum table { PEOPLE, COUNTERS, TABLE_COUNT };
static const char *const tables[] = {"people", "counters"};

static char folder[64];

static struct kv_options options(bool read_only) {
    return (struct kv_options){folder, MAP_BYTES, tables, TABLE_COUNT, read_only, 0640};
}

static int make_folder(void **state) {
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/test_kv.XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int unlink_in_folder(const char *name) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return unlink(path);
}

static int remove_folder(void **state) {
    (void)state;
    (void)unlink_in_folder("data.mdb");
    (void)unlink_in_folder("lock.mdb");
    return rmdir(folder);
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

static struct kv *opened(bool read_only) {
    struct kv *kv;
    struct kv_options wanted = options(read_only);
    assert_int_equal(kv_open(&kv, &wanted), ERR_OK);
    return kv;
}

static struct bytes text(const char *value) {
    return bytes_of_text(value);
}

static void put_now(struct kv *kv, const char *key, const char *value) {
    struct kv_txn txn = kv_write(kv);
    kv_put(&txn, PEOPLE, text(key), text(value));
    assert_int_equal(kv_commit(&txn), ERR_OK);
}

/* NULL as ${expected}: absent. */
static void assert_row(struct kv *kv, const char *key, const char *expected) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(kv);
    struct bytes value;
    assert_int_equal(kv_get(&txn, PEOPLE, text(key), &value), expected ? ERR_OK : ERR_NOT_FOUND);
    if (expected != NULL)
        assert_true(bytes_equal_text(value, expected));
    assert_int_equal(txn.err, ERR_OK);
}

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

static mode_t mode_of(const char *name) {
    char path[128];
    struct stat status;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 0777;
}

static void the_modes_do_not_depend_on_the_umask(void **state) {
    (void)state;
    mode_t before = umask(0077);
    struct kv *kv = opened(false);
    (void)umask(before);
    assert_int_equal(mode_of("data.mdb"), 0640);
    assert_int_equal(mode_of("lock.mdb"), 0660);
    kv_close(kv);
}

/* A child that opens the environment itself: LMDB does not live across a fork. */
struct child {
    pid_t pid;
    int said; /* a byte from the child */
};

static struct child start(void (*body)(int say)) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct child child = {fork(), ends[0]};
    assert_true(child.pid >= 0);
    if (child.pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* not left behind by a failed test */
        (void)close(ends[0]);
        body(ends[1]);
        _exit(9);
    }
    (void)close(ends[1]);
    return child;
}

static void say(int fd) {
    if (write(fd, "+", 1) != 1)
        _exit(8);
}

static void wait_until_said(const struct child *child) {
    char byte;
    assert_int_equal(read(child->said, &byte, 1), 1);
}

static int end_of(struct child *child) {
    int status;
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    (void)close(child->said);
    return status;
}

static void kill_hard(struct child *child) {
    assert_int_equal(kill(child->pid, SIGKILL), 0);
    int status = end_of(child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void require_ok(enum err err) {
    if (err != ERR_OK)
        _exit(7);
}

static int go[2]; /* a byte from the parent */

static void commit_one_and_begin_another(int fd) {
    struct kv *kv;
    struct kv_options wanted = options(false);
    require_ok(kv_open(&kv, &wanted));
    struct kv_txn txn = kv_write(kv);
    kv_put(&txn, PEOPLE, text("committed"), text("x"));
    require_ok(kv_commit(&txn));
    say(fd);
    char byte;
    if (read(go[0], &byte, 1) != 1)
        _exit(8);
    txn = kv_write(kv);
    kv_put(&txn, PEOPLE, text("pending"), text("x"));
    kv_put(&txn, PEOPLE, text("committed"), text("changed"));
    say(fd);
    for (;;)
        (void)pause();
}

static struct child start_writer(void) {
    assert_int_equal(pipe(go), 0);
    struct child child = start(commit_one_and_begin_another);
    wait_until_said(&child);
    return child;
}

static void let_it_begin(const struct child *child) {
    say(go[1]);
    wait_until_said(child);
    (void)close(go[0]);
    (void)close(go[1]);
}

static void a_writer_killed_within_a_transaction_leaves_the_last_commit(void **state) {
    (void)state;
    struct child child = start_writer();
    let_it_begin(&child);
    struct kv *kv = opened(true); /* a reader beside the writer's open transaction */
    assert_row(kv, "committed", "x");
    assert_row(kv, "pending", NULL);
    kv_close(kv);

    kill_hard(&child);
    kv = opened(false);
    assert_row(kv, "committed", "x");
    assert_row(kv, "pending", NULL);
    put_now(kv, "next", "x"); /* the dead writer's lock is taken over */
    assert_row(kv, "next", "x");
    kv_close(kv);
}

/* The same with the environment open in the survivor when the other dies: its mutex is orphaned. */
static void the_lock_of_a_killed_writer_is_taken_over_at_once(void **state) {
    (void)state;
    struct child child = start_writer();
    struct kv *kv = opened(false);
    let_it_begin(&child);
    kill_hard(&child);
    put_now(kv, "next", "x");
    assert_row(kv, "next", "x");
    assert_row(kv, "committed", "x");
    assert_row(kv, "pending", NULL);
    kv_close(kv);
}

static void take_every_reader_slot(int fd) {
    struct kv *kv;
    struct kv_options wanted = options(true);
    require_ok(kv_open(&kv, &wanted));
    for (int i = 0; i < READERS; i++)
        require_ok(kv_read(kv).err);
    if (kv_read(kv).err != ERR_FULL)
        _exit(6);
    say(fd);
    for (;;)
        (void)pause();
}

static void the_slots_of_dead_readers_are_dropped_by_the_check(void **state) {
    (void)state;
    kv_close(opened(false));
    struct child child = start(take_every_reader_slot);
    wait_until_said(&child);
    struct kv *kv = opened(false);
    assert_int_equal(kv_reader_check(kv), ERR_OK);
    struct kv_txn txn = kv_read(kv);
    assert_int_equal(txn.err, ERR_FULL); /* the readers live: the check leaves them */
    struct bytes value;
    assert_int_equal(kv_get(&txn, PEOPLE, text("a"), &value), ERR_FULL);
    kv_abort(&txn);

    kill_hard(&child);
    assert_int_equal(kv_reader_check(kv), ERR_OK);
    assert_row(kv, "a", NULL);
    kv_close(kv);
}

static void read_as(gid_t group) {
    struct kv *kv;
    struct kv_options wanted = options(true);
    if (setgroups(0, NULL) != 0 || setresgid(group, group, group) != 0 ||
        setresuid(NOBODY, NOBODY, NOBODY) != 0)
        _exit(6);
    enum err err = kv_open(&kv, &wanted);
    if (err != ERR_OK)
        _exit(err == ERR_SYSTEM && errno == EACCES ? 5 : 6);
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(kv);
    struct bytes value;
    require_ok(kv_get(&txn, PEOPLE, text("a"), &value));
    _exit(bytes_equal_text(value, "for the group") ? 0 : 4);
}

static void read_as_group(int fd) {
    (void)fd;
    read_as(GROUP);
}

static void read_as_stranger(int fd) {
    (void)fd;
    read_as(NOBODY);
}

static void a_reader_of_another_uid_needs_the_group(void **state) {
    (void)state;
    if (geteuid() != 0)
        skip(); /* only root can be somebody else */
    struct kv *kv = opened(false);
    put_now(kv, "a", "for the group");
    char path[128];
    const char *const names[] = {"", "data.mdb", "lock.mdb"};
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_int_equal(chown(path, 0, GROUP), 0);
    }
    assert_int_equal(chmod(folder, 0755), 0);
    struct child member = start(read_as_group);
    int status = end_of(&member);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    struct child stranger = start(read_as_stranger);
    status = end_of(&stranger);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 5);
    kv_close(kv);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

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
        IN_A_FOLDER(the_modes_do_not_depend_on_the_umask),
        IN_A_FOLDER(a_writer_killed_within_a_transaction_leaves_the_last_commit),
        IN_A_FOLDER(the_lock_of_a_killed_writer_is_taken_over_at_once),
        IN_A_FOLDER(the_slots_of_dead_readers_are_dropped_by_the_check),
        IN_A_FOLDER(a_reader_of_another_uid_needs_the_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
