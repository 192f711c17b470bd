#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "authd/notify/gateway/sendsms.h"

static uint8_t memory[SENDSMS_BYTES_MAX];

static struct sendsms_message sample(const char *text) {
    return (struct sendsms_message){.user = bytes_of_text("idcs"),
                                    .password = bytes_of_text("s3cret"),
                                    .sender = "IDCS",
                                    .to = "+212612345678",
                                    .text = bytes_of_text(text),
                                    .validity_minutes = 3};
}

static enum err write(const struct sendsms_message *message, struct sendsms_request *request) {
    struct buffer target = buffer_over(memory, sizeof memory);
    return sendsms_write(message, &target, request);
}

static void assert_headers(const struct sendsms_request *request, const char *const *expected,
                           size_t count) {
    assert_int_equal(request->header_count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(request->headers[i], expected[i]);
}

static void a_text_of_the_gsm_alphabet_goes_as_it_is(void **state) {
    (void)state;
    static const char *const expected[] = {"X-Kannel-Username: idcs",
                                           "X-Kannel-Password: s3cret",
                                           "X-Kannel-From: IDCS",
                                           "X-Kannel-To: +212612345678",
                                           "X-Kannel-Coding: 0",
                                           "X-Kannel-Validity: 3",
                                           "Content-Type: text/plain; charset=UTF-8"};
    struct sendsms_message message = sample("Votre code à 5 €");
    struct sendsms_request request;
    assert_int_equal(write(&message, &request), ERR_OK);
    assert_headers(&request, expected, sizeof expected / sizeof *expected);
    assert_true(bytes_equal_text(request.body, "Votre code à 5 €"));
}

static void any_other_goes_as_ucs2(void **state) {
    (void)state;
    static const uint8_t expected[] = {0x06, 0x31, 0x00, 0x20, 0x2d, 0x5c, 0xd8, 0x3d, 0xde, 0x00};
    struct sendsms_message message = sample("ر ⵜ😀");
    struct sendsms_request request;
    assert_int_equal(write(&message, &request), ERR_OK);
    assert_string_equal(request.headers[4], "X-Kannel-Coding: 2");
    assert_string_equal(request.headers[6], "Content-Type: text/plain; charset=UTF-16BE");
    assert_int_equal(request.body.len, sizeof expected);
    assert_memory_equal(request.body.data, expected, sizeof expected);
}

static void a_report_is_asked_for_where_it_may_come(void **state) {
    (void)state;
    struct sendsms_message message = sample("A");
    struct sendsms_request request;
    message.report_url = "http://127.0.0.1:13099/report/0123456789abcdef/%d";
    assert_int_equal(write(&message, &request), ERR_OK);
    assert_int_equal(request.header_count, 9);
    assert_string_equal(request.headers[7], "X-Kannel-DLR-Mask: 19");
    assert_string_equal(request.headers[8],
                        "X-Kannel-DLR-Url: http://127.0.0.1:13099/report/0123456789abcdef/%d");
}

static void more_than_a_segment_is_refused(void **state) {
    (void)state;
    char text[200];
    struct sendsms_request request;
    memset(text, 'a', sizeof text);
    text[161] = '\0';
    struct sendsms_message message = sample(text);
    assert_int_equal(write(&message, &request), ERR_TOO_LARGE);
    text[160] = '\0';
    message = sample(text);
    assert_int_equal(write(&message, &request), ERR_OK);
}

static void a_number_is_digits_alone(void **state) {
    (void)state;
    static const char *const right[] = {"12345", "+212612345678", "0612345678", "123456789012345"};
    static const char *const wrong[] = {"",          "+",    "1234",      "+1234567890123456",
                                        "06 123456", "++12", "12345\r\n", "12345-6",
                                        "１２３４５"};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        assert_int_equal(sendsms_number_check(right[i]), ERR_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct sendsms_request request;
        struct sendsms_message message = sample("A");
        message.to = wrong[i];
        assert_int_equal(write(&message, &request), ERR_MALFORMED);
    }
}

static void a_sender_cannot_end_its_header(void **state) {
    (void)state;
    static const char *const wrong[] = {"", " A", "A ", "A\r\nX-Kannel-To: 1", "0123456789ABCDEFG",
                                        "é"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(sendsms_sender_check(wrong[i]), ERR_MALFORMED);
    assert_int_equal(sendsms_sender_check("RNP Maroc"), ERR_OK);
    assert_int_equal(sendsms_sender_check("+212537000000"), ERR_OK);
}

static void what_does_not_fit_is_refused(void **state) {
    (void)state;
    struct sendsms_message message = sample("Votre code");
    struct sendsms_request request;
    for (size_t room = 0; room < 150; room++) {
        struct buffer target = buffer_over(memory, room);
        assert_int_equal(sendsms_write(&message, &target, &request), ERR_FULL);
    }
    message.validity_minutes = 0;
    assert_int_equal(write(&message, &request), ERR_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_of_the_gsm_alphabet_goes_as_it_is),
        cmocka_unit_test(any_other_goes_as_ucs2),
        cmocka_unit_test(a_report_is_asked_for_where_it_may_come),
        cmocka_unit_test(more_than_a_segment_is_refused),
        cmocka_unit_test(a_number_is_digits_alone),
        cmocka_unit_test(a_sender_cannot_end_its_header),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
