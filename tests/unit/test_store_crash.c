#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/journal_fixture.h"
#include "tests/unit/ledger_fixture.h"

/*
 * kill -9 at any moment. A child makes claims on four threads and says on a pipe which of them are
 * durable; it is killed after a random number of those. What it said must be there at the next
 * start, once; and the state must be what the journal says. IDCS_LONG=1 does more rounds.
 */
#define THREADS  4
#define ACKS_MAX 3000
#define SEGMENT  ((size_t)64 << 10)

struct acknowledged {
    uint32_t round, thread, number;
    uint64_t sequence;
};

/* Child ------------------------------------------------------------------------------------- */

struct worker {
    struct ledger_box *box;
    uint32_t round, thread;
    int pipe;
};

static struct ledger_op unique_claim(const struct ledger_box *box, uint32_t round, uint32_t thread,
                                     uint32_t number) {
    char name[64];
    (void)snprintf(name, sizeof name, "%u-%u-%u", round, thread, number);
    struct ledger_op made = ledger_fixture_op(box, LEDGER_CLAIM, name);
    made.lifetime_ms = 86400000;
    return made;
}

static struct ledger_op shared_bump(const struct ledger_box *box, uint32_t thread) {
    struct ledger_op made = ledger_fixture_op(box, LEDGER_BUMP, thread % 2 == 0 ? "even" : "odd");
    made.limit = UINT32_MAX;
    made.lifetime_ms = 86400000;
    return made;
}

/* As a lane of core does it: claim, submit, and answer once the entry is back. */
static bool make_request(const struct worker *worker, uint32_t number, uint64_t *sequence) {
    struct ledger_op ops[] = {unique_claim(worker->box, worker->round, worker->thread, number),
                              shared_bump(worker->box, worker->thread)};
    uint8_t memory[LEDGER_EFFECTS_MAX + 600];
    struct buffer payload = buffer_over(memory, sizeof memory);
    size_t failed;
    if (ledger_claim(worker->box->ledger, ops, 2, INT64_MAX, &failed, &payload) != LEDGER_WON)
        return false;
    buffer_u32(&payload, (uint32_t)payload.len);
    struct journal_entry entry = {
        .kind = JOURNAL_REQUEST, .payload = bytes_of(memory, payload.len), .lane = worker->thread};
    if (journal_submit(worker->box->journal, &entry) != ERR_OK)
        return false;
    const int wake = journal_lane_descriptor(worker->box->journal, worker->thread);
    struct journal_entry *back = NULL;
    while (back == NULL) {
        fd_set readable;
        FD_ZERO(&readable);
        FD_SET(wake, &readable);
        if (select(wake + 1, &readable, NULL, NULL, NULL) != 1)
            return false;
        back = journal_reap(worker->box->journal, worker->thread);
    }
    *sequence = entry.sequence;
    return back == &entry && entry.result == ERR_OK;
}

static void *work(void *argument) {
    const struct worker *worker = argument;
    struct acknowledged said = {.round = worker->round, .thread = worker->thread};
    while (make_request(worker, said.number, &said.sequence)) {
        if (write(worker->pipe, &said, sizeof said) != (ssize_t)sizeof said)
            return NULL;
        said.number++;
    }
    return argument;
}

static void settle(void *context) {
    const struct ledger_box *box = context;
    if (ledger_settle(box->ledger) != ERR_OK)
        abort();
}

static void open_box(struct ledger_box *box) {
    const struct journal_options journal_options = {
        .directory = box->journal_directory.path, .segment_bytes = SEGMENT, .lanes = THREADS};
    struct ledger_options options = {
        .directory = box->state_directory.path, .rows_max = 1000000, .boot_id = {1}};
    assert_int_equal(journal_open(&box->journal, &journal_options), ERR_OK);
    options.journal = box->journal;
    assert_int_equal(ledger_open(&box->ledger, &options), ERR_OK);
    assert_int_equal(ledger_set_key(box->ledger, bytes_of_text("a key of the ledger")), ERR_OK);
}

static int child_main(char **argv) {
    static struct ledger_box box;
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    (void)snprintf(box.journal_directory.path, sizeof box.journal_directory.path, "%s", argv[2]);
    (void)snprintf(box.state_directory.path, sizeof box.state_directory.path, "%s", argv[3]);
    store_fixture_secrets();
    open_box(&box);
    if (journal_start(box.journal, settle, &box) != ERR_OK)
        return 1;
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.box = &box,
                                     .round = (uint32_t)strtoul(argv[4], NULL, 10),
                                     .thread = i,
                                     .pipe = STDOUT_FILENO};
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
            return 1;
    }
    for (size_t i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    return 1; /* it is killed before */
}

/* Parent ------------------------------------------------------------------------------------- */

static struct {
    struct ledger_box box;
    struct acknowledged *said;
    size_t count;
    uint32_t bumps[2]; /* acknowledged, of "even" and "odd" */
    uint64_t sequence; /* the highest acknowledged */
} all;

static pid_t start_child(uint32_t round, int *from_child) {
    int ends[2];
    char number[16];
    (void)snprintf(number, sizeof number, "%u", round);
    char *const arguments[] = {
        (char *)"test_store_crash",   (char *)"child", all.box.journal_directory.path,
        all.box.state_directory.path, number,          NULL};
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO)
            (void)execv("/proc/self/exe", arguments);
        _exit(127);
    }
    assert_int_equal(close(ends[1]), 0);
    *from_child = ends[0];
    return child;
}

static void take_said(const struct acknowledged *said) {
    all.said[all.count++] = *said;
    all.bumps[said->thread % 2]++;
    if (said->sequence > all.sequence)
        all.sequence = said->sequence;
}

/* Kills after ${kill_after} acknowledgements, and reads those that were under way. */
static void run_and_kill(uint32_t round, size_t kill_after) {
    int from_child, status;
    struct acknowledged said;
    size_t got = 0;
    pid_t child = start_child(round, &from_child);
    while (read(from_child, &said, sizeof said) == (ssize_t)sizeof said) {
        take_said(&said);
        if (++got == kill_after)
            assert_int_equal(kill(child, SIGKILL), 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(close(from_child), 0);
}

/* Nothing acknowledged is lost, nothing is won twice. */
static void require_acknowledged(struct ledger_box *box) {
    uint8_t memory[LEDGER_EFFECTS_MAX];
    size_t failed;
    for (size_t i = 0; i < all.count; i++) {
        struct ledger_op again =
            unique_claim(box, all.said[i].round, all.said[i].thread, all.said[i].number);
        struct buffer effects = buffer_over(memory, sizeof memory);
        assert_int_equal(ledger_claim(box->ledger, &again, 1, INT64_MAX, &failed, &effects),
                         LEDGER_TAKEN);
    }
}

static enum err count_requests(void *context, uint64_t sequence, int64_t wall_ms,
                               enum journal_kind kind, struct bytes payload) {
    (void)sequence;
    (void)wall_ms;
    (void)payload;
    assert_int_equal(kind, JOURNAL_REQUEST);
    ++*(uint64_t *)context;
    return ERR_OK;
}

/* LMDB with the journal's tail, and the journal alone, say the same. */
static void require_state_is_what_the_journal_says(void) {
    uint64_t requests = 0;
    open_box(&all.box);
    require_acknowledged(&all.box);
    assert_int_equal(journal_each(all.box.journal, 1, count_requests, &requests), ERR_OK);
    int64_t even = ledger_fixture_count(&all.box, "even"),
            odd = ledger_fixture_count(&all.box, "odd");
    ledger_fixture_close(&all.box);
    assert_true(requests >= all.count && requests >= all.sequence);
    assert_true(even >= all.bumps[0] && odd >= all.bumps[1]);

    struct ledger_box alone = all.box;
    alone.state_directory = store_fixture_inside(&all.box.directory, "alone");
    open_box(&alone);
    require_acknowledged(&alone);
    assert_int_equal(ledger_fixture_count(&alone, "even"), even);
    assert_int_equal(ledger_fixture_count(&alone, "odd"), odd);
    ledger_fixture_close(&alone);
    store_fixture_remove(&alone.state_directory);
}

static void begin(void) {
    memset(&all, 0, sizeof all);
    all.said = calloc(ACKS_MAX * 1000, sizeof *all.said);
    assert_non_null(all.said);
    store_fixture_secrets();
    all.box.directory = store_fixture_directory();
    all.box.journal_directory = store_fixture_inside(&all.box.directory, "journal");
    all.box.state_directory = store_fixture_inside(&all.box.directory, "state");
}

static void finish(void) {
    store_fixture_remove(&all.box.directory);
    free(all.said);
}

static uint32_t rounds(uint32_t usual, uint32_t many) {
    return getenv("IDCS_LONG") != NULL ? many : usual;
}

static void nothing_acknowledged_is_lost_by_kill_9(void **state) {
    (void)state;
    struct store_chance chance = {.state = 11};
    begin();
    for (uint32_t round = 0; round < rounds(15, 120); round++) {
        run_and_kill(round, 1 + store_fixture_draw(&chance, round % 4 == 0 ? 2000 : 200));
        require_state_is_what_the_journal_says();
    }
    finish();
}

/* The last segment, and where its record ${sequence} ends. */
static void find_end(uint64_t sequence, uint64_t *first, size_t *end, uint8_t *image) {
    struct journal_box files = {.directory = all.box.journal_directory};
    for (*first = sequence; access(journal_fixture_segment(&files, *first).text, F_OK) != 0;)
        --*first;
    assert_int_equal(
        store_fixture_read(journal_fixture_segment(&files, *first).text, image, SEGMENT), SEGMENT);
    *end = 4096;
    for (uint64_t at = *first; at <= sequence; at++)
        *end += (size_t)image[*end + 2] << 8 | image[*end + 3];
}

/* All that was written but not acknowledged may be lost with the power, from any byte on. LMDB is
 * thrown away: it may have been written from records that are now lost. */
static void lose_power(struct store_chance *chance) {
    struct journal_box files = {.directory = all.box.journal_directory};
    uint8_t image[SEGMENT];
    uint64_t first;
    size_t end;
    find_end(all.sequence, &first, &end, image);
    for (uint64_t later = first + 1; later < first + 2000; later++)
        (void)unlink(journal_fixture_segment(&files, later).text);
    size_t lost = end + store_fixture_draw(chance, SEGMENT - end);
    memset(image + lost, 0, SEGMENT - lost);
    store_fixture_write(journal_fixture_segment(&files, first).text, image, SEGMENT);
    store_fixture_remove(&all.box.state_directory);
    all.box.state_directory = store_fixture_inside(&all.box.directory, "state");
}

static void nothing_acknowledged_is_lost_with_the_power(void **state) {
    (void)state;
    struct store_chance chance = {.state = 12};
    begin();
    for (uint32_t round = 0; round < rounds(8, 60); round++) {
        run_and_kill(round, 1 + store_fixture_draw(&chance, 150));
        lose_power(&chance);
        require_state_is_what_the_journal_says();
    }
    finish();
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_acknowledged_is_lost_by_kill_9),
        cmocka_unit_test(nothing_acknowledged_is_lost_with_the_power),
    };
    if (argc == 5 && strcmp(argv[1], "child") == 0)
        return child_main(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
