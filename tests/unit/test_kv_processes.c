#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/kv_fixture.h"

#define READERS 126 /* LMDB's slots */
#define NOBODY  65534
#define GROUP   4711

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

static void read_for_ever(int fd) {
    struct kv *kv;
    struct kv_options wanted = options(true);
    require_ok(kv_open(&kv, &wanted));
    require_ok(kv_read(kv).err);
    say(fd);
    for (;;)
        (void)pause();
}

/* What the dead one could have read is never free again: the map runs full over a single row. */
static void writing_goes_on_for_ever_after_a_reader_was_killed(void **state) {
    (void)state;
    char large[2048];
    struct kv *kv;
    struct kv_options wanted = options(false);
    wanted.map_bytes = MAP_BYTES / 64;
    wanted.drops_dead_readers = true;
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    assert_int_equal(kv_open(&kv, &wanted), ERR_OK);
    struct child child = start(read_for_ever);
    wait_until_said(&child);
    kill_hard(&child);
    for (int i = 0; i < 200; i++)
        put_now(kv, "a", large);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(the_modes_do_not_depend_on_the_umask),
        IN_A_FOLDER(a_writer_killed_within_a_transaction_leaves_the_last_commit),
        IN_A_FOLDER(the_lock_of_a_killed_writer_is_taken_over_at_once),
        IN_A_FOLDER(the_slots_of_dead_readers_are_dropped_by_the_check),
        IN_A_FOLDER(writing_goes_on_for_ever_after_a_reader_was_killed),
        IN_A_FOLDER(a_reader_of_another_uid_needs_the_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
