#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/secret.h"

#define ARENA_BYTES   (1024u * 1024)
#define LARGEST_BYTES (256u * 1024)
#define SMALL_COUNT   (ARENA_BYTES / 64)

static int open_arena(void **state) {
    (void)state;
    return secret_arena_open(ARENA_BYTES) == ERR_OK ? 0 : -1;
}

/* Reads memory that is no longer ours, past the sanitizers. */
static void read_memory(const uint8_t *at, uint8_t *target, size_t len) {
    int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, target, len, (off_t)(uintptr_t)at), len);
    (void)close(fd);
}

static bool is_filled_with(const uint8_t *data, size_t len, uint8_t value) {
    for (size_t i = 0; i < len; i++)
        if (data[i] != value)
            return false;
    return true;
}

/* The arena is as if nothing had been taken: four of the largest fit, and nothing more. */
static void assert_arena_is_whole(void) {
    struct secret large[ARENA_BYTES / LARGEST_BYTES], more;
    for (size_t i = 0; i < ARENA_BYTES / LARGEST_BYTES; i++)
        assert_int_equal(secret_new(&large[i], LARGEST_BYTES), ERR_OK);
    assert_int_equal(secret_new(&more, 1), ERR_FULL);
    assert_null(more.data);
    for (size_t i = 0; i < ARENA_BYTES / LARGEST_BYTES; i++)
        secret_free(&large[i]);
}

static void the_arena_is_made_once(void **state) {
    (void)state;
    assert_int_equal(secret_arena_open(ARENA_BYTES), ERR_EXISTS);
}

/* The flags of the mapping that holds ${at}, from the kernel. */
static void mapping_flags(const void *at, char flags[static 256]) {
    FILE *file = fopen("/proc/self/smaps", "re");
    assert_non_null(file);
    char line[512];
    bool inside = false;
    flags[0] = '\0';
    while (flags[0] == '\0' && fgets(line, sizeof line, file) != NULL) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            inside = (uintptr_t)at >= from && (uintptr_t)at < to;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            (void)snprintf(flags, 256, "%.200s", line + 8);
    }
    (void)fclose(file);
}

static void secrets_are_locked_undumpable_and_not_inherited(void **state) {
    (void)state;
    SECRET(secret);
    assert_int_equal(secret_new(&secret, 32), ERR_OK);
    char flags[256];
    mapping_flags(secret.data, flags);
    assert_non_null(strstr(flags, " lo"));
    assert_non_null(strstr(flags, " dd"));
    assert_non_null(strstr(flags, " dc"));
    mapping_flags(&secret, flags); /* the stack, to show that the flags mean something */
    assert_null(strstr(flags, " dd"));
}

static void a_new_secret_is_zero_and_has_its_length(void **state) {
    (void)state;
    for (size_t len = 0; len <= LARGEST_BYTES; len = len * 2 + 1) {
        SECRET(secret);
        assert_int_equal(secret_new(&secret, len), ERR_OK);
        assert_int_equal(secret.len, len);
        assert_non_null(secret.data);
        assert_int_equal((uintptr_t)secret.data % 64, 0);
        assert_true(is_filled_with(secret.data, len, 0));
        memset(secret.data, 0xa5, len);
    }
    assert_arena_is_whole();
}

static void a_freed_secret_is_wiped(void **state) {
    (void)state;
    static uint8_t after[LARGEST_BYTES];
    const size_t lengths[] = {1, 32, 64, 65, 5000, LARGEST_BYTES};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct secret secret;
        assert_int_equal(secret_new(&secret, lengths[i]), ERR_OK);
        memset(secret.data, 0xa5, secret.len);
        const uint8_t *at = secret.data;
        read_memory(at, after, lengths[i]);
        assert_true(is_filled_with(after, lengths[i], 0xa5));
        secret.len = 1; /* a length cut short by its user leaves nothing behind either */
        secret_free(&secret);
        assert_null(secret.data);
        assert_int_equal(secret.len, 0);
        read_memory(at, after, lengths[i]);
        assert_true(is_filled_with(after, lengths[i], 0));
    }
}

static void a_secret_is_freed_at_the_end_of_its_scope(void **state) {
    (void)state;
    const uint8_t *at;
    {
        SECRET(secret);
        assert_int_equal(secret_copy(&secret, bytes_of("scoped", 6)), ERR_OK);
        at = secret.data;
    }
    uint8_t after[6];
    read_memory(at, after, sizeof after);
    assert_true(is_filled_with(after, sizeof after, 0));
    assert_arena_is_whole();
}

static void freeing_nothing_or_twice_is_allowed(void **state) {
    (void)state;
    struct secret secret = {0};
    secret_free(&secret);
    assert_int_equal(secret_new(&secret, 1), ERR_OK);
    secret_free(&secret);
    secret_free(&secret);
    assert_arena_is_whole();
}

static void an_exhausted_arena_is_full_until_something_is_freed(void **state) {
    (void)state;
    static struct secret secrets[SMALL_COUNT];
    for (size_t i = 0; i < SMALL_COUNT; i++)
        assert_int_equal(secret_new(&secrets[i], 64), ERR_OK);
    struct secret more;
    assert_int_equal(secret_new(&more, 1), ERR_FULL);
    assert_null(more.data);
    assert_int_equal(secret_random(&more, 1), ERR_FULL);
    assert_int_equal(secret_copy(&more, bytes_of("x", 1)), ERR_FULL);
    secret_free(&secrets[77]);
    assert_int_equal(secret_new(&secrets[77], 64), ERR_OK);
    /* In an order that leaves holes everywhere before the last: small blocks must join again. */
    for (size_t step = 0; step < SMALL_COUNT; step++)
        secret_free(&secrets[step * 7919 % SMALL_COUNT]);
    assert_arena_is_whole();
}

static void a_secret_larger_than_the_largest_is_refused(void **state) {
    (void)state;
    struct secret secret;
    assert_int_equal(secret_new(&secret, LARGEST_BYTES + 1), ERR_FULL);
    assert_int_equal(secret_new(&secret, SIZE_MAX), ERR_FULL);
    assert_arena_is_whole();
}

/* Takes and gives back at random; each secret keeps its own pattern to its end. */
static void *churn(void *argument) {
    unsigned seed = (unsigned)(uintptr_t)argument;
    struct secret held[24] = {0};
    uint8_t patterns[24] = {0};
    for (int step = 0; step < 20000; step++) {
        size_t slot = (size_t)rand_r(&seed) % 24;
        if (!is_filled_with(held[slot].data, held[slot].len, patterns[slot]))
            return "a secret was overwritten";
        secret_free(&held[slot]);
        size_t len = (size_t)rand_r(&seed) % (1u << rand_r(&seed) % 13);
        if (secret_new(&held[slot], len) != ERR_OK)
            continue;
        if (!is_filled_with(held[slot].data, len, 0))
            return "a new secret was not zero";
        patterns[slot] = (uint8_t)rand_r(&seed);
        memset(held[slot].data, patterns[slot], len);
    }
    for (size_t slot = 0; slot < 24; slot++)
        secret_free(&held[slot]);
    return NULL;
}

static void threads_never_share_a_secret(void **state) {
    (void)state;
    pthread_t threads[4];
    for (uintptr_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, (void *)(i + 1)), 0);
    for (size_t i = 0; i < 4; i++) {
        void *complaint;
        assert_int_equal(pthread_join(threads[i], &complaint), 0);
        if (complaint != NULL)
            fail_msg("%s", (char *)complaint);
    }
    assert_arena_is_whole();
}

static void copies_and_random_secrets_have_their_content(void **state) {
    (void)state;
    SECRET(copy);
    SECRET(first);
    SECRET(second);
    SECRET(empty);
    bool equal = true;
    assert_int_equal(secret_copy(&copy, bytes_of("pin", 3)), ERR_OK);
    assert_true(bytes_equal_text(secret_view(&copy), "pin"));
    assert_int_equal(secret_random(&first, 32), ERR_OK);
    assert_int_equal(secret_random(&second, 32), ERR_OK);
    assert_int_equal(secret_equal(secret_view(&first), secret_view(&second), &equal), ERR_OK);
    assert_false(equal);
    assert_false(is_filled_with(first.data, first.len, 0));
    assert_int_equal(secret_copy(&empty, bytes_of(NULL, 0)), ERR_OK);
    assert_int_equal(empty.len, 0);
}

static void equality_is_of_length_and_every_byte(void **state) {
    (void)state;
    bool equal;
    uint8_t left[64] = {0}, right[64] = {0};
    assert_int_equal(secret_equal(bytes_of(left, 64), bytes_of(right, 64), &equal), ERR_OK);
    assert_true(equal);
    for (size_t bit = 0; bit < sizeof right * 8; bit++) {
        right[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(secret_equal(bytes_of(left, 64), bytes_of(right, 64), &equal), ERR_OK);
        assert_false(equal);
        right[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    equal = true;
    assert_int_equal(secret_equal(bytes_of(left, 63), bytes_of(right, 64), &equal), ERR_OK);
    assert_false(equal);
    assert_int_equal(secret_equal(bytes_of(NULL, 0), bytes_of(left, 0), &equal), ERR_OK);
    assert_true(equal);
}

static void ordinary_memory_is_wiped_on_request(void **state) {
    (void)state;
    uint8_t memory[33];
    memset(memory, 0xa5, sizeof memory);
    secret_wipe(memory, 32);
    assert_true(is_filled_with(memory, 32, 0));
    assert_int_equal(memory[32], 0xa5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_arena_is_made_once),
        cmocka_unit_test(secrets_are_locked_undumpable_and_not_inherited),
        cmocka_unit_test(a_new_secret_is_zero_and_has_its_length),
        cmocka_unit_test(a_freed_secret_is_wiped),
        cmocka_unit_test(a_secret_is_freed_at_the_end_of_its_scope),
        cmocka_unit_test(freeing_nothing_or_twice_is_allowed),
        cmocka_unit_test(an_exhausted_arena_is_full_until_something_is_freed),
        cmocka_unit_test(a_secret_larger_than_the_largest_is_refused),
        cmocka_unit_test(threads_never_share_a_secret),
        cmocka_unit_test(copies_and_random_secrets_have_their_content),
        cmocka_unit_test(equality_is_of_length_and_every_byte),
        cmocka_unit_test(ordinary_memory_is_wiped_on_request),
    };
    return cmocka_run_group_tests(tests, open_arena, NULL);
}
