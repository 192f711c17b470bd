#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/caller.h"

static bool says(const char *body) {
    static struct request request;
    memset(&request, 0, sizeof request);
    request.edge.body = bytes_of_text(body);
    strcpy(request.envelope.individual_id.text, "5938714605");
    strcpy(request.envelope.transaction_id.text, "1234567890");
    strcpy(request.envelope.request_time.text, "2024-01-15T10:20:30.123Z");
    return caller_body_says(&request);
}

static void a_body_that_has_the_three_texts_says_so(void **state) {
    (void)state;
    assert_true(says("{\"individualId\":\"5938714605\",\"transactionID\":\"1234567890\","
                     "\"requestTime\":\"2024-01-15T10:20:30.123Z\"}"));
    assert_true(says("{ \"requestTime\" :\n\t\"2024-01-15T10:20:30.123Z\", \"transactionID\": "
                     "\"1234567890\", \"individualId\" : \"5938714605\" }"));
}

static void another_person_transaction_or_time_is_not_in_it(void **state) {
    (void)state;
    assert_false(says("{\"individualId\":\"5938714606\",\"transactionID\":\"1234567890\","
                      "\"requestTime\":\"2024-01-15T10:20:30.123Z\"}"));
    assert_false(says("{\"individualId\":\"5938714605\",\"transactionID\":\"123456789\","
                      "\"requestTime\":\"2024-01-15T10:20:30.123Z\"}"));
    assert_false(says("{\"individualId\":\"5938714605\",\"transactionID\":\"1234567890\","
                      "\"requestTime\":\"2024-01-15T10:20:31.123Z\"}"));
    assert_false(says("{\"individualId\":\"59387146055938714605\",\"transactionID\":\"1234567890\","
                      "\"requestTime\":\"2024-01-15T10:20:30.123Z\"}"));
}

static void a_text_under_another_name_does_not_count(void **state) {
    (void)state;
    assert_false(says("{\"metadata\":\"5938714605\",\"transactionID\":\"1234567890\","
                      "\"requestTime\":\"2024-01-15T10:20:30.123Z\"}"));
    assert_false(says("{\"individualId\",\"5938714605\",\"transactionID\":\"1234567890\","
                      "\"requestTime\":\"2024-01-15T10:20:30.123Z\"}"));
}

static void a_body_cut_anywhere_is_read_within_its_bounds(void **state) {
    (void)state;
    static const char whole[] = "{\"individualId\":\"5938714605\",\"transactionID\":\"1234567890\","
                                "\"requestTime\":\"2024-01-15T10:20:30.123Z\"}";
    for (size_t len = 0; len < sizeof whole - 2; len++) {
        char *piece = malloc(len + 1);
        memcpy(piece, whole, len);
        piece[len] = '\0';
        assert_false(says(piece));
        free(piece);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_that_has_the_three_texts_says_so),
        cmocka_unit_test(another_person_transaction_or_time_is_not_in_it),
        cmocka_unit_test(a_text_under_another_name_does_not_count),
        cmocka_unit_test(a_body_cut_anywhere_is_read_within_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
