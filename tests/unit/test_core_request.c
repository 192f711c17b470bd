#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/biometric_exchange.h"
#include "tests/unit/core_fixture.h"

/* What a request's slot gives back when it is done, and what of it stays. */
#define MARK 0x5c

/* Looks at memory as it is given back (linked with --wrap=free). */
static struct watch {
    void *memory;
    size_t len;
    bool freed, clean;
} watches[4];

void __real_free(void *memory);
void __wrap_free(void *memory);

void __wrap_free(void *memory) {
    for (size_t i = 0; i < sizeof watches / sizeof *watches && memory != NULL; i++) {
        struct watch *watch = &watches[i];
        if (watch->memory != memory || watch->freed)
            continue;
        watch->freed = true;
        watch->clean = memchr(memory, MARK, watch->len) == NULL;
    }
    __real_free(memory);
}

static uint8_t *watched(size_t watch, size_t len) {
    watches[watch] = (struct watch){.memory = malloc(len), .len = len};
    assert_non_null(watches[watch].memory);
    memset(watches[watch].memory, MARK, len);
    return watches[watch].memory;
}

/* It names the person: an OTP request in clear. */
static void the_bytes_of_a_request_are_wiped_before_they_are_given_back(void **state) {
    (void)state;
    struct request *request = core_fixture_request();
    request->raw_len = 3000;
    request->raw = watched(0, request->raw_len);
    request_release(request);
    assert_true(watches[0].freed);
    assert_true(watches[0].clean);
    free(request);
}

/* What was captured of the person, in both its forms. */
static void biometrics_are_wiped_before_they_are_given_back(void **state) {
    (void)state;
    struct request *request = core_fixture_request();
    struct biometric_exchange *exchange = (void *)watched(0, sizeof *exchange);
    memset(&exchange->keys, 0, sizeof exchange->keys);
    memset(&exchange->enrolled, 0, sizeof exchange->enrolled);
    assert_int_equal(secret_new(&exchange->keys, 32), ERR_OK);
    assert_int_equal(secret_new(&exchange->enrolled, 1000), ERR_OK);
    exchange->memory = watched(1, exchange->memory_len = 2000);
    exchange->samples = watched(2, exchange->samples_len = 3000);
    request->biometric = exchange;
    request_release(request);
    for (size_t i = 0; i < 3; i++) {
        assert_true(watches[i].freed);
        assert_true(watches[i].clean);
    }
    free(request);
}

static void a_released_slot_holds_nothing_but_its_place(void **state) {
    (void)state;
    static struct request empty;
    struct request *request = core_fixture_about("tayssir", 1, "1234567890");
    assert_int_equal(secret_new(&request->otp, 7), ERR_OK);
    assert_int_equal(secret_new(&request->content_key, 32), ERR_OK);
    request->sealed = malloc(100);
    request->attributes = malloc(100);
    request->record = malloc(100);
    request->answer = malloc(100);
    memcpy(request->payload.otp, "123456", 7);
    core_fixture_text(&request->envelope.individual_id, "5938714605");
    memset(request->effects_memory, MARK, sizeof request->effects_memory);
    request->index = 7;
    request->generation = 41;
    request->step = STEP_STATEMENT;
    request_release(request);
    memset(&empty, 0, sizeof empty);
    empty.index = 7;
    empty.generation = 42; /* no late answer fits any more */
    assert_memory_equal(request, &empty, sizeof empty);
    free(request);
}

static void a_slot_that_was_never_used_can_be_released(void **state) {
    (void)state;
    struct request *request = core_fixture_request();
    request_release(request);
    request_release(request);
    assert_int_equal(request->step, STEP_FREE);
    free(request);
}

int main(void) {
    store_fixture_secrets();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_of_a_request_are_wiped_before_they_are_given_back),
        cmocka_unit_test(biometrics_are_wiped_before_they_are_given_back),
        cmocka_unit_test(a_released_slot_holds_nothing_but_its_place),
        cmocka_unit_test(a_slot_that_was_never_used_can_be_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
