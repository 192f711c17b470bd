#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/edge/body.h"

#define MOST 20000

static struct bytes piece(size_t len) {
    static uint8_t text[HEAD_DRAIN_MAX + 1];
    for (size_t i = 0; i < len; i++)
        text[i] = (uint8_t)(i * 7);
    return bytes_of(text, len);
}

static void pieces_become_one_body(void **state) {
    (void)state;
    struct connection_request request = {0};
    uint8_t expected[MOST];
    size_t len = 0;
    for (size_t next = 1; len + next <= MOST; next = next * 3 + 1) {
        memcpy(expected + len, piece(next).data, next);
        len += next;
        assert_int_equal(body_gather(&request, piece(next), MOST), ERR_OK);
    }
    assert_true(len > 8192);
    assert_int_equal(request.verdict.status, 0);
    assert_int_equal(request.body_len, len);
    assert_memory_equal(request.body, expected, len);
    free(request.body);
}

static void a_declared_length_is_reserved_at_once(void **state) {
    (void)state;
    struct connection_request request = {.verdict.body_len = 12345};
    assert_int_equal(body_gather(&request, piece(1), MOST), ERR_OK);
    assert_int_equal(request.body_size, 12345);
    free(request.body);
}

static void never_more_is_reserved_than_allowed(void **state) {
    (void)state;
    struct connection_request request = {0};
    assert_int_equal(body_gather(&request, piece(1), 10), ERR_OK);
    assert_int_equal(request.body_size, 10);
    assert_int_equal(body_gather(&request, piece(9), 10), ERR_OK);
    assert_int_equal(request.verdict.status, 0);
    assert_int_equal(request.body_len, 10);
    free(request.body);
}

static void one_byte_too_many_refuses_the_request_and_drops_the_rest(void **state) {
    (void)state;
    struct connection_request request = {0};
    assert_int_equal(body_gather(&request, piece(MOST), MOST), ERR_OK);
    assert_int_equal(body_gather(&request, piece(1), MOST), ERR_OK);
    assert_int_equal(request.verdict.status, 413);
    assert_int_equal(request.body_len, MOST);
    assert_int_equal(request.dropped, 1);
    assert_int_equal(body_gather(&request, piece(HEAD_DRAIN_MAX - 1), MOST), ERR_OK);
    assert_int_equal(body_gather(&request, piece(1), MOST), ERR_LIMIT);
    free(request.body);
}

static void a_refused_request_keeps_nothing(void **state) {
    (void)state;
    struct connection_request request = {.verdict.status = 404};
    assert_int_equal(body_gather(&request, piece(100), MOST), ERR_OK);
    assert_null(request.body);
    assert_int_equal(request.verdict.status, 404);
    assert_int_equal(body_gather(&request, piece(HEAD_DRAIN_MAX + 1), MOST), ERR_LIMIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_become_one_body),
        cmocka_unit_test(a_declared_length_is_reserved_at_once),
        cmocka_unit_test(never_more_is_reserved_than_allowed),
        cmocka_unit_test(one_byte_too_many_refuses_the_request_and_drops_the_rest),
        cmocka_unit_test(a_refused_request_keeps_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
