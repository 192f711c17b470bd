#include <setjmp.h>
#include <stdarg.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "hsm/token_turn.h"

/* Two openings of the file stand for two signers: the lock is the opening's, not the process's. */
struct signers {
    char directory[32];
    struct token_turn one, other;
};

static int set_up(void **state) {
    static struct signers signers = {.directory = "/tmp/token-turn-XXXXXX"};
    assert_non_null(mkdtemp(signers.directory));
    assert_int_equal(token_turn_open(&signers.one, signers.directory), ERR_OK);
    assert_int_equal(token_turn_open(&signers.other, signers.directory), ERR_OK);
    *state = &signers;
    return 0;
}

static int tear_down(void **state) {
    struct signers *signers = *state;
    char path[64];
    token_turn_close(&signers->one);
    token_turn_close(&signers->other);
    (void)snprintf(path, sizeof path, "%s/token.turn", signers->directory);
    return unlink(path) == 0 && rmdir(signers->directory) == 0 ? 0 : 1;
}

static int end_turns(void **state) {
    struct signers *signers = *state;
    token_turn_end(&signers->one);
    token_turn_end(&signers->other);
    return 0;
}

static void signers_list_at_the_same_time(void **state) {
    struct signers *signers = *state;
    assert_int_equal(token_turn_begin(&signers->one, TOKEN_TURN_LIST, 0), ERR_OK);
    assert_int_equal(token_turn_begin(&signers->other, TOKEN_TURN_LIST, 0), ERR_OK);
}

static void nobody_lists_while_a_key_is_made(void **state) {
    struct signers *signers = *state;
    assert_int_equal(token_turn_begin(&signers->one, TOKEN_TURN_MAKE, 0), ERR_OK);
    assert_int_equal(token_turn_begin(&signers->other, TOKEN_TURN_LIST, 0), ERR_AGAIN);
    assert_int_equal(token_turn_begin(&signers->other, TOKEN_TURN_MAKE, 20), ERR_AGAIN);
    token_turn_end(&signers->one);
    assert_int_equal(token_turn_begin(&signers->other, TOKEN_TURN_LIST, 0), ERR_OK);
}

static void no_key_is_made_while_somebody_lists(void **state) {
    struct signers *signers = *state;
    assert_int_equal(token_turn_begin(&signers->other, TOKEN_TURN_LIST, 0), ERR_OK);
    assert_int_equal(token_turn_begin(&signers->one, TOKEN_TURN_MAKE, 20), ERR_AGAIN);
    token_turn_end(&signers->other);
    assert_int_equal(token_turn_begin(&signers->one, TOKEN_TURN_MAKE, 0), ERR_OK);
}

/* A child takes the turn, says so through a pipe, and is killed with it. */
static void a_turn_ends_with_the_process_that_has_it(void **state) {
    struct signers *signers = *state;
    int pipe_fds[2];
    char taken = 0;
    assert_int_equal(pipe(pipe_fds), 0);
    pid_t child = fork();
    if (child == 0) {
        struct token_turn turn;
        taken = token_turn_open(&turn, signers->directory) == ERR_OK &&
                token_turn_begin(&turn, TOKEN_TURN_MAKE, 0) == ERR_OK;
        _exit(write(pipe_fds[1], &taken, 1) == 1 ? pause() : 1);
    }
    assert_int_equal(read(pipe_fds[0], &taken, 1), 1);
    assert_int_equal(taken, 1);
    assert_int_equal(token_turn_begin(&signers->one, TOKEN_TURN_LIST, 0), ERR_AGAIN);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(token_turn_begin(&signers->one, TOKEN_TURN_LIST, 60000), ERR_OK);
    assert_int_equal(close(pipe_fds[0]) | close(pipe_fds[1]), 0);
}

static void turns_that_nobody_opened_are_given(void **state) {
    (void)state;
    struct token_turn none = {.fd = -1};
    assert_int_equal(token_turn_begin(&none, TOKEN_TURN_MAKE, 0), ERR_OK);
    assert_int_equal(token_turn_begin(&none, TOKEN_TURN_LIST, 0), ERR_OK);
    token_turn_end(&none);
}

static void a_folder_that_is_not_there_is_an_error(void **state) {
    (void)state;
    struct token_turn turn;
    assert_int_equal(token_turn_open(&turn, "/nonexistent"), ERR_SYSTEM);
    assert_int_equal(turn.fd, -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(signers_list_at_the_same_time, end_turns),
        cmocka_unit_test_teardown(nobody_lists_while_a_key_is_made, end_turns),
        cmocka_unit_test_teardown(no_key_is_made_while_somebody_lists, end_turns),
        cmocka_unit_test_teardown(a_turn_ends_with_the_process_that_has_it, end_turns),
        cmocka_unit_test(turns_that_nobody_opened_are_given),
        cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
