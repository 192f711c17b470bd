#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/edge/registered.h"
#include "firmware/base/frame.h"

#define FROM_MS 1000
#define TO_MS   2000

static uint8_t memory[FRAME_PAYLOAD_MAX];
static struct registered registered;

/* The thumbprint of the ${number}th client: the high byte last, so that the list is not sorted. */
static void name(size_t number, uint8_t thumbprint[static EDGE_THUMBPRINT_BYTES]) {
    memset(thumbprint, 0xee, EDGE_THUMBPRINT_BYTES);
    thumbprint[0] = (uint8_t)(number * 37);
    thumbprint[31] = (uint8_t)(number >> 8);
}

static struct bytes list(size_t count) {
    static struct edge_client clients[EDGE_CLIENTS_MAX];
    struct buffer target = buffer_over(memory, sizeof memory);
    struct bytes payload;
    for (size_t i = 0; i < count; i++) {
        name(i, clients[i].thumbprint);
        clients[i].not_before_ms = FROM_MS + (int64_t)i;
        clients[i].not_after_ms = TO_MS + (int64_t)i;
    }
    edge_wire_put_clients(&target, clients, count);
    assert_int_equal(buffer_end(&target, &payload), ERR_OK);
    return payload;
}

static enum err check(size_t number, int64_t wall_ms) {
    uint8_t thumbprint[EDGE_THUMBPRINT_BYTES];
    name(number, thumbprint);
    return registered_check(&registered, thumbprint, wall_ms);
}

static int begin(void **state) {
    (void)state;
    memset(&registered, 0, sizeof registered);
    return 0;
}

static void without_a_list_nobody_is_registered(void **state) {
    (void)state;
    static const uint8_t zero[EDGE_THUMBPRINT_BYTES];
    assert_int_equal(check(0, FROM_MS), ERR_NOT_FOUND);
    assert_int_equal(registered_check(&registered, zero, 0), ERR_NOT_FOUND);
    assert_int_equal(registered_replace(&registered, list(0)), ERR_OK);
    assert_int_equal(registered_check(&registered, zero, 0), ERR_NOT_FOUND);
}

static void every_client_of_a_full_list_is_found_and_nobody_else(void **state) {
    (void)state;
    assert_int_equal(registered_replace(&registered, list(EDGE_CLIENTS_MAX)), ERR_OK);
    for (size_t i = 0; i < EDGE_CLIENTS_MAX; i++)
        assert_int_equal(check(i, FROM_MS + (int64_t)i), ERR_OK);
    assert_int_equal(check(EDGE_CLIENTS_MAX, TO_MS), ERR_NOT_FOUND);
    uint8_t thumbprint[EDGE_THUMBPRINT_BYTES];
    for (size_t i = 1; i < EDGE_THUMBPRINT_BYTES; i++) {
        name(0, thumbprint);
        thumbprint[i] ^= 0x80;
        assert_int_equal(registered_check(&registered, thumbprint, FROM_MS), ERR_NOT_FOUND);
    }
}

static void dates_are_held_to_the_millisecond(void **state) {
    (void)state;
    assert_int_equal(registered_replace(&registered, list(3)), ERR_OK);
    assert_int_equal(check(2, FROM_MS + 1), ERR_EXPIRED);
    assert_int_equal(check(2, FROM_MS + 2), ERR_OK);
    assert_int_equal(check(2, TO_MS + 2), ERR_OK);
    assert_int_equal(check(2, TO_MS + 3), ERR_EXPIRED);
}

static void a_new_list_replaces_the_old_one(void **state) {
    (void)state;
    assert_int_equal(registered_replace(&registered, list(3)), ERR_OK);
    assert_int_equal(registered_replace(&registered, list(2)), ERR_OK);
    assert_int_equal(check(1, FROM_MS + 1), ERR_OK);
    assert_int_equal(check(2, FROM_MS + 2), ERR_NOT_FOUND);
}

static void after_a_damaged_list_nobody_is_registered(void **state) {
    (void)state;
    assert_int_equal(registered_replace(&registered, list(3)), ERR_OK);
    struct bytes payload = list(3);
    payload.len--;
    assert_int_not_equal(registered_replace(&registered, payload), ERR_OK);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(check(i, FROM_MS + 2), ERR_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_a_list_nobody_is_registered, begin),
        cmocka_unit_test_setup(every_client_of_a_full_list_is_found_and_nobody_else, begin),
        cmocka_unit_test_setup(dates_are_held_to_the_millisecond, begin),
        cmocka_unit_test_setup(a_new_list_replaces_the_old_one, begin),
        cmocka_unit_test_setup(after_a_damaged_list_nobody_is_registered, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
