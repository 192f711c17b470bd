#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "hsm/statement.h"

#define NOW   INT64_C(1705314030123) /* 2024-01-15T10:20:30.123Z */
#define TOKEN "262857117820347028021645134813734032"

static uint8_t memory[STATEMENT_BODY_MAX];

static enum err write_body(const struct statement *statement, struct bytes *body) {
    struct buffer target = buffer_over(memory, sizeof memory);
    enum err err = statement_write(statement, NOW, &target);
    *body = bytes_of(memory, target.len);
    return err;
}

static void assert_body(const struct statement *statement, const char *expected) {
    struct bytes body;
    assert_int_equal(write_body(statement, &body), ERR_OK);
    assert_int_equal(body.len, strlen(expected));
    assert_memory_equal(body.data, expected, body.len);
}

static void assert_denied(const struct statement *statement) {
    struct bytes body;
    assert_int_equal(write_body(statement, &body), ERR_DENIED);
}

static struct statement accepted(void) {
    return (struct statement){
        .kind = STATEMENT_AUTH,
        .id = "mosip.identity.auth",
        .version = "1.0",
        .transaction = "1234567890",
        .response_time_ms = NOW,
        .verdict = true,
        .token = TOKEN,
    };
}

static struct statement refused(enum statement_kind kind) {
    struct statement statement = accepted();
    statement.kind = kind;
    statement.verdict = false;
    statement.token[0] = '\0';
    statement.error_count = 1;
    statement.errors[0].error = MOSIP_OTA_004;
    return statement;
}

static struct statement sent(void) {
    struct statement statement = accepted();
    statement.kind = STATEMENT_OTP;
    statement.verdict = false;
    statement.token[0] = '\0';
    strcpy(statement.masked_mobile, "XXXXXX8538");
    strcpy(statement.masked_email, "XXkXXiXXb@mailinator.co.in");
    return statement;
}

#define HEAD                                                                                       \
    "{\"id\":\"mosip.identity.auth\",\"version\":\"1.0\",\"transactionID\":\"1234567890\","        \
    "\"responseTime\":\"2024-01-15T10:20:30.123Z\",\"errors\":"
#define OTP_INVALID                                                                                \
    "[{\"errorCode\":\"IDA-OTA-004\",\"errorMessage\":\"OTP is invalid\","                         \
    "\"actionMessage\":\"Please provide correct OTP value\"}]"

static void a_yes_has_no_errors_and_a_token(void **state) {
    (void)state;
    struct statement statement = accepted();
    assert_body(&statement,
                HEAD "null,\"response\":{\"authStatus\":true,\"authToken\":\"" TOKEN "\"}}");
}

static void a_no_has_its_reasons_and_a_null_token(void **state) {
    (void)state;
    struct statement statement = refused(STATEMENT_AUTH);
    assert_body(&statement,
                HEAD OTP_INVALID ",\"response\":{\"authStatus\":false,\"authToken\":null}}");
}

static void an_otp_answer_has_masked_destinations(void **state) {
    (void)state;
    struct statement statement = sent();
    assert_body(&statement, HEAD "null,\"response\":{\"maskedMobile\":\"XXXXXX8538\","
                                 "\"maskedEmail\":\"XXkXXiXXb@mailinator.co.in\"}}");
    statement.masked_email[0] = '\0';
    assert_body(&statement,
                HEAD "null,\"response\":{\"maskedMobile\":\"XXXXXX8538\",\"maskedEmail\":null}}");
}

static void an_otp_refusal_has_no_response(void **state) {
    (void)state;
    struct statement statement = refused(STATEMENT_OTP);
    assert_body(&statement, HEAD OTP_INVALID "}");
}

static void a_kyc_refusal_has_its_own_status(void **state) {
    (void)state;
    struct statement statement = refused(STATEMENT_KYC);
    assert_body(&statement, HEAD OTP_INVALID ",\"response\":{\"kycStatus\":false}}");
}

static struct statement disclosed(void) {
    static const uint8_t identity[] = {0xfb, 0xff, 0x00}, session_key[] = {0x01, 0x02};
    struct statement statement = accepted();
    statement.kind = STATEMENT_KYC;
    statement.identity = bytes_of(identity, sizeof identity);
    statement.session_key = bytes_of(session_key, sizeof session_key);
    statement.certificate_thumbprint[0] = 0xab;
    return statement;
}

static void a_kyc_answer_carries_the_ciphertext_and_whose_it_is(void **state) {
    (void)state;
    struct statement statement = disclosed();
    assert_body(&statement, HEAD
                "null,\"response\":{\"kycStatus\":true,\"authToken\":\"" TOKEN
                "\",\"thumbprint\":\"AB00000000000000000000000000000000000000000000000000000000"
                "000000\",\"identity\":\"-_8A\",\"sessionKey\":\"AQI\"}}");
}

static void attributes_go_with_a_kyc_yes_and_with_nothing_else(void **state) {
    (void)state;
    struct statement statement = disclosed();
    statement.kind = STATEMENT_AUTH;
    assert_denied(&statement);
    statement = disclosed();
    statement.identity.len = 0;
    assert_denied(&statement);
    statement = disclosed();
    statement.session_key.len = 0;
    assert_denied(&statement);
    statement = disclosed();
    statement.token[0] = '\0';
    assert_denied(&statement);
    statement = refused(STATEMENT_KYC);
    statement.identity = disclosed().identity;
    assert_denied(&statement);
    statement = disclosed();
    statement.error_count = 1;
    statement.errors[0].error = MOSIP_OTA_004;
    assert_denied(&statement);
}

static void details_fill_their_places_in_message_and_action(void **state) {
    (void)state;
    struct statement statement = refused(STATEMENT_OTP);
    statement.error_count = 2;
    statement.errors[0] = (struct statement_error){.error = MOSIP_MLC_007};
    statement.errors[1] = (struct statement_error){.error = MOSIP_MLC_001, .detail = "180"};
    assert_body(&statement,
                HEAD "[{\"errorCode\":\"IDA-MLC-007\",\"errorMessage\":\"Request could not be "
                     "processed. Please try again\"},{\"errorCode\":\"IDA-MLC-001\","
                     "\"errorMessage\":\"Request to be received within 180 seconds of its time\","
                     "\"actionMessage\":\"Please send the request within 180 seconds\"}]}");
}

static void absent_values_are_null(void **state) {
    (void)state;
    struct statement statement = refused(STATEMENT_OTP);
    statement.transaction[0] = statement.id[0] = statement.version[0] = '\0';
    assert_body(&statement,
                "{\"id\":null,\"version\":null,\"transactionID\":null,"
                "\"responseTime\":\"2024-01-15T10:20:30.123Z\",\"errors\":" OTP_INVALID "}");
}

/* Whatever is echoed, another parser reads back exactly that, and no member more. */
static void echoed_text_cannot_leave_its_string(void **state) {
    (void)state;
    static const char *const texts[] = {
        "\",\"response\":{\"authStatus\":true},\"x\":\"",
        "\\",
        "\\\"",
        "a\nb\tc\rd\be\f",
        "\x01\x1f\x7f",
        "é漢字🙂ⵣ",
        "</script>",
        "%s%n%d",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct statement statement = refused(STATEMENT_AUTH);
        struct bytes body;
        strcpy(statement.transaction, texts[i]);
        assert_int_equal(write_body(&statement, &body), ERR_OK);
        json_t *root = json_loadb((const char *)body.data, body.len, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(root);
        assert_int_equal(json_object_size(root), 6);
        assert_string_equal(json_string_value(json_object_get(root, "transactionID")), texts[i]);
        assert_true(
            json_is_false(json_object_get(json_object_get(root, "response"), "authStatus")));
        json_decref(root);
    }
}

static void text_that_is_not_utf8_is_denied(void **state) {
    (void)state;
    static const char *const texts[] = {"\xff", "\xc0\xaf", "\xed\xa0\x80", "a\x80",
                                        "\xf4\x90\x80\x80"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct statement statement = accepted();
        strcpy(statement.transaction, texts[i]);
        assert_denied(&statement);
        statement = accepted();
        strcpy(statement.id, texts[i]);
        assert_denied(&statement);
        statement = accepted();
        strcpy(statement.version, texts[i]);
        assert_denied(&statement);
    }
}

static void a_yes_that_does_not_hold_together_is_denied(void **state) {
    (void)state;
    struct statement statement = accepted();
    statement.token[0] = '\0';
    assert_denied(&statement);
    statement = accepted();
    statement.token[35] = '\0';
    assert_denied(&statement);
    statement = accepted();
    statement.token[7] = 'a';
    assert_denied(&statement);
    statement = accepted();
    statement.error_count = 1;
    statement.errors[0].error = MOSIP_OTA_004;
    assert_denied(&statement);
    statement = accepted();
    strcpy(statement.masked_mobile, "XXXXXX8538");
    assert_denied(&statement);
}

static void a_no_that_does_not_hold_together_is_denied(void **state) {
    (void)state;
    struct statement statement = refused(STATEMENT_AUTH);
    statement.error_count = 0;
    assert_denied(&statement);
    statement = refused(STATEMENT_AUTH);
    strcpy(statement.token, TOKEN);
    assert_denied(&statement);
}

static void an_otp_answer_is_never_a_yes(void **state) {
    (void)state;
    static const enum statement_kind kinds[] = {STATEMENT_OTP, STATEMENT_KYC, 0, 4, 255};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct statement statement = accepted();
        statement.kind = kinds[i];
        assert_denied(&statement);
    }
    struct statement statement = sent();
    statement.verdict = true;
    assert_denied(&statement);
    statement = sent();
    strcpy(statement.token, TOKEN);
    assert_denied(&statement);
}

static void an_otp_answer_without_a_masked_destination_is_denied(void **state) {
    (void)state;
    static const char *const mobiles[] = {"0612348538", "XXXXX48538", "XXXXXX853a", "X",
                                          "XXXX+8538"};
    static const char *const emails[] = {"aXkXX@x.org", "XXkXX",       "@x.org",
                                         "XXkXX@",      "XakXX@x.org", "XX\xff@x.org"};
    struct statement statement = sent();
    statement.masked_mobile[0] = statement.masked_email[0] = '\0';
    assert_denied(&statement);
    for (size_t i = 0; i < sizeof mobiles / sizeof *mobiles; i++) {
        statement = sent();
        strcpy(statement.masked_mobile, mobiles[i]);
        assert_denied(&statement);
    }
    for (size_t i = 0; i < sizeof emails / sizeof *emails; i++) {
        statement = sent();
        strcpy(statement.masked_email, emails[i]);
        assert_denied(&statement);
    }
    statement = refused(STATEMENT_OTP);
    strcpy(statement.masked_mobile, "XXXXXX8538");
    assert_denied(&statement);
}

static void a_kyc_statement_without_errors_is_denied(void **state) {
    (void)state;
    struct statement statement = refused(STATEMENT_KYC);
    statement.error_count = 0;
    assert_denied(&statement);
}

static void an_answer_of_another_time_is_denied(void **state) {
    (void)state;
    static const int64_t off[] = {-STATEMENT_CLOCK_SKEW_MS - 1, STATEMENT_CLOCK_SKEW_MS + 1};
    for (size_t i = 0; i < 2; i++) {
        struct statement statement = accepted();
        struct bytes body;
        statement.response_time_ms = NOW + off[i];
        assert_denied(&statement);
        statement.response_time_ms = NOW + off[i] / 2;
        assert_int_equal(write_body(&statement, &body), ERR_OK);
    }
    struct statement statement = accepted();
    statement.response_time_ms = INT64_MIN;
    assert_denied(&statement);
    statement.response_time_ms = INT64_MAX;
    assert_denied(&statement);
}

static void an_error_has_a_detail_exactly_when_its_text_has_a_place(void **state) {
    (void)state;
    for (unsigned error = 1; error < MOSIP_ERROR_COUNT; error++) {
        struct statement statement = refused(STATEMENT_AUTH);
        struct bytes body;
        const char *message = mosip_error_message((enum mosip_error)error);
        const char *action = mosip_error_action((enum mosip_error)error);
        bool place = strstr(message, "%s") != NULL || strstr(action, "%s") != NULL;
        statement.errors[0].error = (enum mosip_error)error;
        assert_int_equal(write_body(&statement, &body), place ? ERR_DENIED : ERR_OK);
        strcpy(statement.errors[0].detail, "requestTime");
        assert_int_equal(write_body(&statement, &body), place ? ERR_OK : ERR_DENIED);
        assert_null(place ? memmem(body.data, body.len, "%s", 2) : NULL);
    }
}

static void a_detail_is_printable_ascii(void **state) {
    (void)state;
    static const char *const details[] = {"a\nb", "\x7f", "é", "\x1b[2J"};
    for (size_t i = 0; i < sizeof details / sizeof *details; i++) {
        struct statement statement = refused(STATEMENT_AUTH);
        statement.errors[0].error = MOSIP_MLC_006;
        strcpy(statement.errors[0].detail, details[i]);
        assert_denied(&statement);
    }
}

static void an_error_outside_the_table_is_denied(void **state) {
    (void)state;
    struct statement statement = refused(STATEMENT_AUTH);
    statement.errors[0].error = MOSIP_NO_ERROR;
    assert_denied(&statement);
    statement.errors[0].error = MOSIP_ERROR_COUNT;
    assert_denied(&statement);
    statement.errors[0].error = MOSIP_OTA_004;
    statement.error_count = STATEMENT_ERRORS_MAX + 1;
    assert_denied(&statement);
}

static void advice_stands_in_the_place_of_the_errors_own_action(void **state) {
    (void)state;
    struct statement statement = refused(STATEMENT_AUTH);
    statement.error_count = 2;
    statement.errors[0] = (struct statement_error){.error = MOSIP_BIA_001, .detail = "FINGER"};
    statement.errors[1] = (struct statement_error){
        .error = MOSIP_MLC_019, .detail = "bio-Iris", .action = MOSIP_ACTION_TRY_LEFT_INDEX};
    assert_body(&statement, HEAD
                "[{\"errorCode\":\"IDA-BIA-001\",\"errorMessage\":\"Biometric data - FINGER did "
                "not match\",\"actionMessage\":\"Please give your biometrics again\"},"
                "{\"errorCode\":\"IDA-MLC-019\",\"errorMessage\":\"bio-Iris auth type is locked "
                "for the UIN\",\"actionMessage\":\"Please try with the left index finger\"}],"
                "\"response\":{\"authStatus\":false,\"authToken\":null}}");
}

static void advice_goes_with_three_errors_and_with_no_other(void **state) {
    (void)state;
    unsigned advised = 0;
    for (unsigned error = 1; error < MOSIP_ERROR_COUNT; error++) {
        struct statement statement = refused(STATEMENT_AUTH);
        struct bytes body;
        const char *message = mosip_error_message((enum mosip_error)error);
        const char *action = mosip_error_action((enum mosip_error)error);
        bool place = strstr(message, "%s") != NULL || strstr(action, "%s") != NULL;
        statement.errors[0] =
            (struct statement_error){.error = error, .action = MOSIP_ACTION_TRY_OTP};
        strcpy(statement.errors[0].detail, place ? "FINGER" : "");
        if (write_body(&statement, &body) != ERR_OK)
            continue;
        advised++;
        assert_true(error == MOSIP_BIA_001 || error == MOSIP_BIA_006 || error == MOSIP_MLC_019);
    }
    assert_int_equal(advised, 3);
}

static void advice_outside_the_table_is_denied(void **state) {
    (void)state;
    for (unsigned action = 1; action <= MOSIP_ACTION_COUNT; action++) {
        struct statement statement = refused(STATEMENT_AUTH);
        struct bytes body;
        statement.errors[0] =
            (struct statement_error){.error = MOSIP_BIA_001, .detail = "IRIS", .action = action};
        assert_int_equal(write_body(&statement, &body),
                         action < MOSIP_ACTION_COUNT ? ERR_OK : ERR_DENIED);
    }
}

/* The most that may be said in one answer fits; what does not is denied, never cut. */
static void the_longest_statement_fits(void **state) {
    (void)state;
    struct statement statement = refused(STATEMENT_AUTH);
    struct bytes body;
    statement.error_count = STATEMENT_ERRORS_MAX;
    for (size_t i = 0; i < STATEMENT_ERRORS_MAX; i++) {
        statement.errors[i].error = MOSIP_DEA_001;
        memset(statement.errors[i].detail, 'x', STATEMENT_DETAIL_SIZE - 1);
    }
    assert_int_equal(write_body(&statement, &body), ERR_OK);
    struct buffer small = buffer_over(memory, 600);
    assert_int_equal(statement_write(&statement, NOW, &small), ERR_DENIED);
}

/* Whatever is echoed beside them, here in its longest escaped form. */
static void the_largest_attributes_fit(void **state) {
    (void)state;
    static uint8_t identity[STATEMENT_IDENTITY_MAX], session_key[STATEMENT_SESSION_KEY_MAX];
    struct statement statement = disclosed();
    struct bytes body;
    statement.identity = bytes_of(identity, sizeof identity);
    statement.session_key = bytes_of(session_key, sizeof session_key);
    memset(statement.id, '\x01', sizeof statement.id - 1);
    memset(statement.version, '\x01', sizeof statement.version - 1);
    memset(statement.transaction, '\x01', sizeof statement.transaction - 1);
    assert_int_equal(write_body(&statement, &body), ERR_OK);
    assert_true(body.len > STATEMENT_IDENTITY_MAX / 3 * 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_yes_has_no_errors_and_a_token),
        cmocka_unit_test(a_no_has_its_reasons_and_a_null_token),
        cmocka_unit_test(an_otp_answer_has_masked_destinations),
        cmocka_unit_test(an_otp_refusal_has_no_response),
        cmocka_unit_test(a_kyc_refusal_has_its_own_status),
        cmocka_unit_test(a_kyc_answer_carries_the_ciphertext_and_whose_it_is),
        cmocka_unit_test(attributes_go_with_a_kyc_yes_and_with_nothing_else),
        cmocka_unit_test(details_fill_their_places_in_message_and_action),
        cmocka_unit_test(absent_values_are_null),
        cmocka_unit_test(echoed_text_cannot_leave_its_string),
        cmocka_unit_test(text_that_is_not_utf8_is_denied),
        cmocka_unit_test(a_yes_that_does_not_hold_together_is_denied),
        cmocka_unit_test(a_no_that_does_not_hold_together_is_denied),
        cmocka_unit_test(an_otp_answer_is_never_a_yes),
        cmocka_unit_test(an_otp_answer_without_a_masked_destination_is_denied),
        cmocka_unit_test(a_kyc_statement_without_errors_is_denied),
        cmocka_unit_test(an_answer_of_another_time_is_denied),
        cmocka_unit_test(an_error_has_a_detail_exactly_when_its_text_has_a_place),
        cmocka_unit_test(a_detail_is_printable_ascii),
        cmocka_unit_test(an_error_outside_the_table_is_denied),
        cmocka_unit_test(advice_stands_in_the_place_of_the_errors_own_action),
        cmocka_unit_test(advice_goes_with_three_errors_and_with_no_other),
        cmocka_unit_test(advice_outside_the_table_is_denied),
        cmocka_unit_test(the_longest_statement_fits),
        cmocka_unit_test(the_largest_attributes_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
