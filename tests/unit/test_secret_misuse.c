#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/secret.h"

/* Each test makes an arena in a child, which may die of it; this process never has one. */
#define ARENA_BYTES (1024u * 1024)
#define NOBODY      65534

/* Runs ${body} in a child, which may end in any way. Its own exit code is ${body}'s result. */
static int status_of_child(int (*body)(void)) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        const int deadly[] = {SIGSEGV, SIGBUS, SIGABRT}; /* which cmocka catches */
        for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++)
            (void)signal(deadly[i], SIG_DFL);
        (void)setrlimit(RLIMIT_CORE, &no_core);
        int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(quiet, STDERR_FILENO); /* a sanitizer's report of what is meant to happen */
        _exit(body());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void assert_child_succeeds(int (*body)(void)) {
    int status = status_of_child(body);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the child ended with status 0x%x", (unsigned)status);
}

/* Killed by a signal, or ended by the sanitizer that saw it first. */
static void assert_child_dies(int (*body)(void)) {
    int status = status_of_child(body);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        fail_msg("%s", "the child lived");
}

static int lock_more_than_allowed(void) {
    const struct rlimit limit = {64 * 1024, 64 * 1024};
    struct secret secret;
    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0)
        return 2;
    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0))
        return 3; /* root may lock without a limit */
    if (secret_arena_open(ARENA_BYTES) != ERR_SYSTEM)
        return 4;
    if (secret_new(&secret, 1) != ERR_FULL)
        return 5;
    return secret_arena_open(16 * 1024) == ERR_OK ? 0 : 6;
}

static void an_arena_that_cannot_be_locked_is_refused(void **state) {
    (void)state;
    assert_child_succeeds(lock_more_than_allowed);
}

static int use_without_an_arena(void) {
    struct secret secret = {(uint8_t *)"", 1};
    if (secret_new(&secret, 1) != ERR_FULL || secret.data != NULL || secret.len != 0)
        return 2;
    if (secret_arena_open(0) != ERR_TOO_LARGE)
        return 3;
    secret_free(&secret);
    return 0;
}

static void without_an_arena_there_are_no_secrets(void **state) {
    (void)state;
    assert_child_succeeds(use_without_an_arena);
}

/* An arena of one page: its first block begins and its last block ends at a guard. */
static uint8_t *own_page(void) {
    struct secret secret;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (secret_arena_open(page) != ERR_OK || secret_new(&secret, page) != ERR_OK)
        _exit(0);
    return secret.data;
}

static int write_beyond_the_end(void) {
    ((volatile uint8_t *)own_page())[sysconf(_SC_PAGESIZE)] = 1;
    return 0;
}

static int write_within(void) {
    uint8_t *page = own_page();
    ((volatile uint8_t *)page)[sysconf(_SC_PAGESIZE) - 1] = 1;
    return page[0];
}

static void a_write_beyond_the_arena_is_fatal(void **state) {
    (void)state;
    assert_child_succeeds(write_within);
    assert_child_dies(write_beyond_the_end);
}

static int use_an_arena_of_odd_size(void) {
    /* 5 pages: blocks of 16 KiB and 4 KiB, and nothing beyond. */
    struct secret large, small, more;
    if (secret_arena_open(5 * 4096 - 100) != ERR_OK)
        return 2;
    if (secret_new(&large, 16384) != ERR_OK || secret_new(&small, 4096) != ERR_OK)
        return 3;
    if (secret_new(&more, 1) != ERR_FULL)
        return 4;
    secret_free(&large);
    secret_free(&small);
    return secret_new(&large, 16384) == ERR_OK && secret_new(&small, 4096) == ERR_OK ? 0 : 5;
}

static void an_arena_of_any_size_is_used_whole(void **state) {
    (void)state;
    assert_child_succeeds(use_an_arena_of_odd_size);
}

/* A secret of 256 bytes in an arena of its own. */
static struct secret own_secret(void) {
    struct secret secret;
    if (secret_arena_open(ARENA_BYTES) != ERR_OK || secret_new(&secret, 256) != ERR_OK)
        _exit(0);
    return secret;
}

static int free_foreign_memory(void) {
    static uint8_t foreign[64];
    (void)own_secret();
    struct secret secret = {foreign, sizeof foreign};
    secret_free(&secret);
    return 0;
}

static int free_the_middle(void) {
    struct secret secret = own_secret();
    struct secret middle = {secret.data + 64, 64};
    secret_free(&middle);
    return 0;
}

static int free_off_the_beginning(void) {
    struct secret secret = own_secret();
    struct secret shifted = {secret.data + 8, 248};
    secret_free(&shifted);
    return 0;
}

static int free_a_copy_of_freed(void) {
    struct secret secret = own_secret(), copy = secret;
    secret_free(&secret);
    secret_free(&copy);
    return 0;
}

static void memory_that_is_no_secret_is_never_freed(void **state) {
    (void)state;
    int (*const misuses[])(void) = {free_foreign_memory, free_the_middle, free_off_the_beginning,
                                    free_a_copy_of_freed};
    for (size_t i = 0; i < sizeof misuses / sizeof misuses[0]; i++) {
        int status = status_of_child(misuses[i]);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_that_cannot_be_locked_is_refused),
        cmocka_unit_test(without_an_arena_there_are_no_secrets),
        cmocka_unit_test(a_write_beyond_the_arena_is_fatal),
        cmocka_unit_test(an_arena_of_any_size_is_used_whole),
        cmocka_unit_test(memory_that_is_no_secret_is_never_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
