#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/request_check.h"
#include "tests/unit/core_fixture.h"

#define NOW_MS 1700000000000

static struct settings settings;

/* A request for authentication by OTP in which everything is right. */
static struct request *right_request(void) {
    struct request *request = core_fixture_request();
    struct envelope *envelope = &request->envelope;
    request->received_wall_ms = NOW_MS;
    envelope->function = FUNCTION_AUTH;
    envelope->body_is_json = envelope->path_complete = envelope->authorization_present = true;
    envelope->jws = JWS_READ;
    core_fixture_text(&envelope->id, "mosip.identity.auth");
    core_fixture_text(&envelope->version, "1.0");
    core_fixture_text(&envelope->individual_id, "5938714605");
    core_fixture_text(&envelope->individual_id_type, "UIN");
    core_fixture_text(&envelope->transaction_id, "1234567890");
    core_fixture_text(&envelope->request_time, "2023-11-14T22:13:20.000Z");
    core_fixture_text(&envelope->domain_uri, "https://idcs.example.org");
    core_fixture_text(&envelope->env, "Staging");
    envelope->consent_presence = FIELD_PRESENT;
    envelope->consent = envelope->request_time_valid = true;
    envelope->request_time_ms = NOW_MS;
    request->payload = (struct payload){.hmac_opened = true,
                                        .request_opened = true,
                                        .hash_matches = true,
                                        .is_json = true,
                                        .timestamp_valid = true,
                                        .timestamp_ms = NOW_MS,
                                        .has_otp = true,
                                        .otp_well_formed = true};
    core_fixture_text(&request->payload.timestamp, "2023-11-14T22:13:20.000Z");
    request->factors = request_factors(&request->payload);
    return request;
}

/* The same for a code. */
static struct request *right_question(void) {
    struct request *request = right_request();
    request->envelope.function = FUNCTION_OTP;
    core_fixture_text(&request->envelope.id, "mosip.identity.otp");
    request->envelope.channels_presence = FIELD_PRESENT;
    request->envelope.channel_phone = true;
    request->factors = 0;
    memset(&request->payload, 0, sizeof request->payload);
    return request;
}

/* Everything that is judged before the person is looked for. */
static void judge(struct request *request) {
    void (*const filters[])(struct request *) = {request_check_envelope,
                                                 request_check_authorization};
    for (size_t i = 0; i < 2 && !request_refused(request); i++)
        filters[i](request);
    if (!request_refused(request) && request->envelope.function != FUNCTION_OTP)
        request_check_payload(request);
    request_prepare_identifier(request, &settings);
    if (!request_refused(request))
        request_check_fields(request, &settings);
}

static void right_requests_pass(void **state) {
    (void)state;
    struct request *(*const makers[])(void) = {right_request, right_question};
    for (size_t i = 0; i < 2; i++) {
        struct request *request = makers[i]();
        judge(request);
        assert_string_equal(core_fixture_codes(request), "");
        assert_true(request->identifier_ready);
        core_fixture_free(request);
    }
}

/* Bends one text of the envelope. */
struct text_row {
    size_t field;
    enum field_presence presence;
    const char *text, *codes;
};
#define FIELD(name) offsetof(struct envelope, name)

static void expect_texts(struct request *(*make)(void), const struct text_row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct request *request = make();
        struct text_field *field =
            (struct text_field *)((uint8_t *)&request->envelope + rows[i].field);
        memset(field, 0, sizeof *field);
        if (rows[i].presence == FIELD_PRESENT)
            core_fixture_text(field, rows[i].text);
        field->presence = rows[i].presence;
        judge(request);
        if (strcmp(core_fixture_codes(request), rows[i].codes) != 0)
            fail_msg("row %zu: %s", i, core_fixture_codes(request));
        core_fixture_free(request);
    }
}

static void bent_texts_of_a_request(void **state) {
    (void)state;
    static const struct text_row rows[] = {
        {FIELD(id), FIELD_ABSENT, NULL, "IDA-MLC-007 IDA-MLC-006"},
        {FIELD(id), FIELD_NULL, NULL, "IDA-MLC-007 IDA-MLC-006"},
        {FIELD(id), FIELD_PRESENT, "", "IDA-MLC-007 IDA-MLC-006"},
        {FIELD(id), FIELD_PRESENT, " \t", "IDA-MLC-007 IDA-MLC-006"},
        {FIELD(id), FIELD_PRESENT, "mosip.identity.otp", "IDA-MLC-007 IDA-MLC-009"},
        {FIELD(id), FIELD_PRESENT, "mosip.identity.auth ", "IDA-MLC-007 IDA-MLC-009"},
        {FIELD(id), FIELD_WRONG_TYPE, NULL, "IDA-MLC-007 IDA-MLC-009"},
        {FIELD(id), FIELD_TOO_LONG, NULL, "IDA-MLC-007 IDA-MLC-009"},
        {FIELD(version), FIELD_ABSENT, NULL, "IDA-MLC-007 IDA-MLC-006"},
        {FIELD(version), FIELD_PRESENT, "1", "IDA-MLC-007 IDA-MLC-009"},
        {FIELD(version), FIELD_PRESENT, "1.", "IDA-MLC-007 IDA-MLC-009"},
        {FIELD(version), FIELD_PRESENT, "1.0.", "IDA-MLC-007 IDA-MLC-009"},
        {FIELD(version), FIELD_PRESENT, "a.b", "IDA-MLC-007 IDA-MLC-009"},
        {FIELD(version), FIELD_PRESENT, "1.0.0", ""},
        {FIELD(request_time), FIELD_ABSENT, NULL, "IDA-MLC-006"},
        {FIELD(request_time), FIELD_PRESENT, "", "IDA-MLC-006"},
        {FIELD(domain_uri), FIELD_PRESENT, "https://elsewhere.example", "IDA-MLC-009"},
        {FIELD(domain_uri), FIELD_PRESENT, "", "IDA-MLC-009"},
        {FIELD(domain_uri), FIELD_WRONG_TYPE, NULL, "IDA-MLC-009"},
        {FIELD(domain_uri), FIELD_NULL, NULL, ""},
        {FIELD(domain_uri), FIELD_ABSENT, NULL, ""},
        {FIELD(env), FIELD_PRESENT, "Moon", "IDA-MLC-009"},
        {FIELD(env), FIELD_TOO_LONG, NULL, "IDA-MLC-009"},
        {FIELD(env), FIELD_NULL, NULL, ""},
        {FIELD(transaction_id), FIELD_ABSENT, NULL, "IDA-MLC-006"},
        {FIELD(transaction_id), FIELD_PRESENT, "123456789", "IDA-MLC-009"},
        {FIELD(transaction_id), FIELD_PRESENT, "12345678901", "IDA-MLC-009"},
        {FIELD(transaction_id), FIELD_PRESENT, "12345 7890", "IDA-MLC-009"},
        {FIELD(transaction_id), FIELD_PRESENT, "12345678\xc3\xa9", "IDA-MLC-009"},
        {FIELD(transaction_id), FIELD_TOO_LONG, NULL, "IDA-MLC-009"},
        {FIELD(transaction_id), FIELD_PRESENT, "abcDEF1234", ""},
        {FIELD(individual_id), FIELD_ABSENT, NULL, "IDA-MLC-006"},
        {FIELD(individual_id), FIELD_PRESENT, "", "IDA-MLC-006"},
        {FIELD(individual_id), FIELD_PRESENT, "5938714604", "IDA-MLC-002"},
        {FIELD(individual_id), FIELD_PRESENT, "4926371850146397", "IDA-MLC-002"},
        {FIELD(individual_id), FIELD_PRESENT, "1054087413", "IDA-MLC-002"},
        {FIELD(individual_id_type), FIELD_PRESENT, "", "IDA-MLC-006"},
        {FIELD(individual_id_type), FIELD_PRESENT, "uin", "IDA-MLC-009"},
        {FIELD(individual_id_type), FIELD_WRONG_TYPE, NULL, "IDA-MLC-009"},
        {FIELD(individual_id_type), FIELD_PRESENT, "VID", "IDA-MLC-004"},
        {FIELD(individual_id_type), FIELD_PRESENT, "HANDLE", "IDA-MLC-015"},
        {FIELD(individual_id_type), FIELD_ABSENT, NULL, ""},
        {FIELD(individual_id_type), FIELD_NULL, NULL, ""},
    };
    expect_texts(right_request, rows, sizeof rows / sizeof *rows);
}

static void what_a_code_needs_not_is_not_asked_for(void **state) {
    (void)state;
    static const struct text_row rows[] = {
        {FIELD(domain_uri), FIELD_PRESENT, "https://elsewhere.example", ""},
        {FIELD(env), FIELD_PRESENT, "Moon", ""},
        {FIELD(id), FIELD_PRESENT, "mosip.identity.auth", "IDA-MLC-007 IDA-MLC-009"},
        {FIELD(transaction_id), FIELD_ABSENT, NULL, "IDA-MLC-006"},
    };
    expect_texts(right_question, rows, sizeof rows / sizeof *rows);
}

static void no_json(struct request *request) {
    request->envelope.body_is_json = false;
}
static void no_path(struct request *request) {
    request->envelope.path_complete = false;
}
static void no_signature(struct request *request) {
    request->envelope.jws = JWS_ABSENT;
}
static void no_authorization(struct request *request) {
    request->envelope.authorization_present = false;
}
static void request_not_opened(struct request *request) {
    request->payload.request_opened = false;
}
static void hmac_not_opened(struct request *request) {
    request->payload.hmac_opened = false;
}
static void hash_differs(struct request *request) {
    request->payload.hash_matches = false;
}
static void payload_no_json(struct request *request) {
    request->payload.is_json = false;
}
static void consent_false(struct request *request) {
    request->envelope.consent = false;
}
static void consent_absent(struct request *request) {
    request->envelope.consent_presence = FIELD_ABSENT;
}
static void consent_no_boolean(struct request *request) {
    request->envelope.consent_presence = FIELD_WRONG_TYPE;
}
static void time_malformed(struct request *request) {
    request->envelope.request_time_valid = false;
}
static void time_old(struct request *request) {
    request->envelope.request_time_ms = NOW_MS - settings.request_age_seconds * 1000 - 1;
}
static void time_old_enough(struct request *request) {
    request->envelope.request_time_ms = NOW_MS - settings.request_age_seconds * 1000;
}
static void time_ahead(struct request *request) {
    request->envelope.request_time_ms = NOW_MS + settings.request_future_seconds * 1000 + 1;
}
static void time_just_ahead(struct request *request) {
    request->envelope.request_time_ms = NOW_MS + settings.request_future_seconds * 1000;
}
static void inner_time_absent(struct request *request) {
    request->payload.timestamp.presence = FIELD_ABSENT;
}
static void inner_time_malformed(struct request *request) {
    request->payload.timestamp_valid = false;
}
static void inner_time_old(struct request *request) {
    request->payload.timestamp_ms = 0;
}
static void no_factor(struct request *request) {
    request->payload.has_otp = false;
    request->factors = 0;
}
static void factor_not_in_country(struct request *request) {
    request->factors |= AUTH_TYPE_BIT(AUTH_TYPE_PIN);
}
static void two_factors_not_in_country(struct request *request) {
    request->factors |= AUTH_TYPE_BIT(AUTH_TYPE_PIN) | AUTH_TYPE_BIT(AUTH_TYPE_PWD);
}
static void otp_malformed(struct request *request) {
    request->payload.otp_well_formed = false;
}
static void filter_before_fields(struct request *request) {
    consent_absent(request);
    time_old(request);
    hash_differs(request);
}
static void consent_before_time(struct request *request) {
    time_old(request);
    consent_absent(request);
}

static void bent_requests(void **state) {
    (void)state;
    static const struct {
        void (*bend)(struct request *);
        const char *codes;
    } rows[] = {
        {no_json, "IDA-MLC-007"},
        {no_path, "IDA-MLC-007 IDA-MPA-038"},
        {no_signature, "IDA-MLC-007 IDA-MLC-006"},
        {no_authorization, "IDA-MLC-007 IDA-MLC-006"},
        {request_not_opened, "IDA-MLC-007 IDA-MPA-003"},
        {hmac_not_opened, "IDA-MLC-007 IDA-MPA-003"},
        {hash_differs, "IDA-MLC-007 IDA-MPA-016"},
        {payload_no_json, "IDA-MLC-007"},
        {consent_false, "IDA-MLC-012"},
        {consent_absent, "IDA-MLC-012"},
        {consent_no_boolean, "IDA-MLC-012"},
        {time_malformed, "IDA-MLC-009"},
        {time_old, "IDA-MLC-001"},
        {time_old_enough, ""},
        {time_ahead, "IDA-MLC-001"},
        {time_just_ahead, ""},
        {inner_time_absent, "IDA-MLC-006"},
        {inner_time_malformed, "IDA-MLC-009"},
        {inner_time_old, "IDA-MLC-001"},
        {no_factor, "IDA-MLC-008"},
        {factor_not_in_country, "IDA-MLC-011"},
        {two_factors_not_in_country, "IDA-MLC-011 IDA-MLC-011"},
        {otp_malformed, "IDA-MLC-009"},
        {filter_before_fields, "IDA-MLC-007 IDA-MPA-016"},
        {consent_before_time, "IDA-MLC-012"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request *request = right_request();
        rows[i].bend(request);
        judge(request);
        if (strcmp(core_fixture_codes(request), rows[i].codes) != 0)
            fail_msg("row %zu: %s", i, core_fixture_codes(request));
        assert_int_equal(request->reason[0] != '\0', rows[i].codes[0] != '\0');
        core_fixture_free(request);
    }
}

static void channels_of_a_code(void **state) {
    (void)state;
    static const struct {
        enum field_presence presence;
        bool phone, email;
        const char *unknown, *channels, *codes;
    } rows[] = {
        {FIELD_PRESENT, true, false, "", "phone,email", ""},
        {FIELD_PRESENT, true, true, "", "phone,email", ""},
        {FIELD_PRESENT, false, false, "", "phone,email", "IDA-OTA-008"},
        {FIELD_ABSENT, false, false, "", "phone,email", "IDA-OTA-008"},
        {FIELD_NULL, false, false, "", "phone,email", "IDA-OTA-008"},
        {FIELD_WRONG_TYPE, false, false, "", "phone,email", "IDA-MLC-009"},
        {FIELD_PRESENT, true, false, "pigeon", "phone,email", "IDA-MLC-009"},
        {FIELD_PRESENT, true, false, "", "email", "IDA-OTA-009"},
        {FIELD_PRESENT, true, true, "", "phone", "IDA-OTA-009"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[64];
        struct request *request = right_question();
        struct envelope *envelope = &request->envelope;
        snprintf(text, sizeof text, "otp-channels = %s\n", rows[i].channels);
        struct settings country = core_fixture_settings(text);
        envelope->channels_presence = rows[i].presence;
        envelope->channel_phone = rows[i].phone;
        envelope->channel_email = rows[i].email;
        snprintf(envelope->channel_unknown, sizeof envelope->channel_unknown, "%s",
                 rows[i].unknown);
        request_prepare_identifier(request, &country);
        request_check_fields(request, &country);
        if (strcmp(core_fixture_codes(request), rows[i].codes) != 0)
            fail_msg("row %zu: %s", i, core_fixture_codes(request));
        core_fixture_free(request);
    }
}

static void a_country_without_vids_or_uins(void **state) {
    (void)state;
    static const struct {
        const char *settings, *id, *type, *codes;
    } rows[] = {
        {"identifier-types = UIN\n", "4926371850146397", "VID", "IDA-MLC-015"},
        {"identifier-types = UIN\n", "4926371850146397", NULL, "IDA-MLC-009"},
        {"identifier-types = VID\n", "5938714605", "UIN", "IDA-MLC-015"},
        {"identifier-types = VID\n", "4926371850146397", NULL, ""},
        {"uin-rules =\n", "0000000000", "UIN", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request *request = right_request();
        struct settings country = core_fixture_settings(rows[i].settings);
        core_fixture_text(&request->envelope.individual_id, rows[i].id);
        request->envelope.individual_id_type = (struct text_field){.presence = FIELD_ABSENT};
        if (rows[i].type != NULL)
            core_fixture_text(&request->envelope.individual_id_type, rows[i].type);
        request_prepare_identifier(request, &country);
        request_check_fields(request, &country);
        assert_string_equal(core_fixture_codes(request), rows[i].codes);
        assert_int_equal(request->identifier_ready, rows[i].codes[0] == '\0');
        core_fixture_free(request);
    }
}

static void details_are_printable_and_bounded(void **state) {
    (void)state;
    char detail[300];
    struct request *request = core_fixture_request();
    memset(detail, 'x', sizeof detail - 1);
    detail[sizeof detail - 1] = '\0';
    request_refuse(request, MOSIP_MLC_009, "a\"\n\x01\xc3\xa9", "first");
    request_refuse(request, MOSIP_MLC_009, detail, "second");
    assert_string_equal(request->statement.errors[0].detail, "a\"????");
    assert_int_equal(strlen(request->statement.errors[1].detail), STATEMENT_DETAIL_SIZE - 1);
    assert_string_equal(request->reason, "first");
    for (size_t i = 0; i < 3 * STATEMENT_ERRORS_MAX; i++)
        request_refuse(request, MOSIP_MLC_009, "", "more");
    assert_int_equal(request->statement.error_count, STATEMENT_ERRORS_MAX);
    request->statement.verdict = true;
    request_refuse_filter(request, MOSIP_MPA_003, "", "filter");
    assert_string_equal(core_fixture_codes(request), "IDA-MLC-007 IDA-MPA-003");
    assert_false(request->statement.verdict);
    core_fixture_free(request);
}

static void an_advice_is_of_its_own_error(void **state) {
    (void)state;
    struct request *request = core_fixture_request();
    request_refuse(request, MOSIP_BIA_001, "Finger", "finger");
    request->statement.errors[0].action = MOSIP_ACTION_TRY_OTP;
    request_refuse_filter(request, MOSIP_MPA_003, "", "filter");
    assert_int_equal(request->statement.errors[0].error, MOSIP_MLC_007);
    assert_int_equal(request->statement.errors[0].action, MOSIP_ACTION_OF_ERROR);
    core_fixture_free(request);
}

int main(void) {
    settings = core_fixture_settings("");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_requests_pass),
        cmocka_unit_test(bent_texts_of_a_request),
        cmocka_unit_test(what_a_code_needs_not_is_not_asked_for),
        cmocka_unit_test(bent_requests),
        cmocka_unit_test(channels_of_a_code),
        cmocka_unit_test(a_country_without_vids_or_uins),
        cmocka_unit_test(details_are_printable_and_bounded),
        cmocka_unit_test(an_advice_is_of_its_own_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
