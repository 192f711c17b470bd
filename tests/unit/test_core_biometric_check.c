#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/biometric_check.h"
#include "authd/core/biometric_filter.h"
#include "tests/unit/biometric_fixture.h"

/* What segments must be, rule by rule: each row breaks one rule of a request that is right. */
#define NOW_MS 1700000000000
#define TXN    "1234567890"

static const struct capture_part hand[] = {
    {"Finger", "Left IndexFinger"}, {"FMR", "Right Thumb"}, {"Iris", "Left"}, {"Face", NULL}};
static struct settings settings;
static struct samples samples;

static struct request *right_request(void) {
    struct request *request = core_fixture_request();
    struct biometric_exchange *exchange = calloc(1, sizeof *exchange);
    assert_non_null(exchange);
    request->biometric = exchange;
    request->received_wall_ms = NOW_MS;
    core_fixture_text(&request->envelope.transaction_id, TXN);
    core_fixture_text(&request->envelope.env, "Staging");
    core_fixture_text(&request->envelope.domain_uri, "https://idcs.example.org");
    biometric_fixture_segments(&exchange->segments, hand, 4, NOW_MS, TXN);
    for (size_t i = 0; i < 4; i++) {
        core_fixture_text(&exchange->segments.segments[i].env, "Staging");
        core_fixture_text(&exchange->segments.segments[i].domain_uri, "https://idcs.example.org");
    }
    exchange->thresholds.presented[POLICY_FINGER] = 4;
    exchange->thresholds.presented[POLICY_IRIS] = 2;
    exchange->thresholds.presented[POLICY_FACE] = 1;
    biometric_fixture_samples(&exchange->segments, &samples);
    return request;
}

static struct biometric_segment *segment_of(struct request *request, size_t index) {
    return &request->biometric->segments.segments[index];
}

/* The codes and the last detail, or "" when nothing refused. */
static void expect(struct request *request, const char *codes, const char *detail) {
    const struct statement *statement = &request->statement;
    assert_string_equal(core_fixture_codes(request), codes);
    if (statement->error_count > 0)
        assert_string_equal(statement->errors[statement->error_count - 1].detail, detail);
    core_fixture_free(request);
}

/* ---- filter layer, before the keys ---- */

#define BREAKS(name, change)                                                                       \
    static void name(struct request *request) {                                                    \
        struct biometric_segment *segment = segment_of(request, 1);                                \
        (void)segment;                                                                             \
        change;                                                                                    \
    }
BREAKS(nothing, )
BREAKS(no_list, request->biometric->segments.malformed = true)
BREAKS(an_empty_list, request->biometric->segments.count = 0)
BREAKS(a_longer_list, request->biometric->segments.too_many = true)
BREAKS(no_data, segment->data.presence = FIELD_ABSENT)
BREAKS(data_as_object, segment->data.presence = FIELD_WRONG_TYPE)
BREAKS(no_jws, segment->data.shape = JWS_MALFORMED)
BREAKS(no_certificate, segment->data.shape = JWS_NO_CERTIFICATE)
BREAKS(no_json, segment->data.is_json = false)
BREAKS(no_session_key, segment->session_key.presence = FIELD_NULL)
BREAKS(a_bad_session_key, segment->session_key.malformed = true)
BREAKS(a_short_session_key, segment->session_key.data.len = 255)
BREAKS(no_hash, segment->hash.presence = FIELD_ABSENT)
BREAKS(a_bad_hash, segment->hash.malformed = true)
BREAKS(no_value, segment->bio_value.presence = FIELD_ABSENT)
BREAKS(a_bad_value, segment->bio_value.malformed = true)
BREAKS(no_timestamp, segment->time.text.presence = FIELD_ABSENT)
BREAKS(no_transaction, segment->transaction_id.presence = FIELD_ABSENT)
BREAKS(no_digital_id, segment->device.jws.presence = FIELD_ABSENT)
BREAKS(a_bad_digital_id, segment->device.jws.shape = JWS_BAD_CERTIFICATE)
BREAKS(an_unread_digital_id, segment->device.jws.is_json = false)
BREAKS(a_bad_thumbprint, segment->thumbprint.malformed = true)
BREAKS(no_thumbprint, segment->thumbprint = (struct blob_field){.presence = FIELD_ABSENT})

#define FILTER "IDA-MLC-007 "
static void what_cannot_be_opened_is_refused_before_any_key_is_used(void **state) {
    (void)state;
    static const struct {
        void (*change)(struct request *request);
        const char *codes, *detail;
    } rows[] = {
        {nothing, "", ""},
        {no_thumbprint, "", ""},
        {no_list, FILTER "IDA-MLC-009", "request/biometrics"},
        {an_empty_list, FILTER "IDA-MLC-009", "request/biometrics"},
        {a_longer_list, FILTER "IDA-MLC-009", "request/biometrics"},
        {no_data, FILTER "IDA-MLC-006", "request/biometrics/1/data"},
        {data_as_object, FILTER "IDA-MLC-006", "request/biometrics/1/data"},
        {no_jws, FILTER "IDA-MPA-001", "request/biometrics/1/data"},
        {no_certificate, FILTER "IDA-MPA-001", "request/biometrics/1/data"},
        {no_json, FILTER "IDA-MPA-001", "request/biometrics/1/data"},
        {no_session_key, FILTER "IDA-MLC-006", "request/biometrics/1/sessionKey"},
        {a_bad_session_key, FILTER "IDA-MPA-003", ""},
        {a_short_session_key, FILTER "IDA-MPA-003", ""},
        {no_hash, FILTER "IDA-MLC-006", "request/biometrics/1/hash"},
        {a_bad_hash, FILTER "IDA-BIA-014", ""},
        {no_value, FILTER "IDA-MLC-006", "request/biometrics/1/data/bioValue"},
        {a_bad_value, FILTER "IDA-MPA-003", ""},
        {no_timestamp, FILTER "IDA-MLC-006", "request/biometrics/1/data/timestamp"},
        {no_transaction, FILTER "IDA-MLC-006", "request/biometrics/1/data/transactionId"},
        {no_digital_id, FILTER "IDA-MLC-006", "request/biometrics/1/data/digitalId"},
        {a_bad_digital_id, FILTER "IDA-MPA-001", "request/biometrics/1/data/digitalId"},
        {an_unread_digital_id, FILTER "IDA-MPA-001", "request/biometrics/1/data/digitalId"},
        {a_bad_thumbprint, FILTER "IDA-MPA-003", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request *request = right_request();
        rows[i].change(request);
        biometric_filter_segments(request);
        expect(request, rows[i].codes, rows[i].detail);
    }
}

/* ---- filter layer, after the samples ---- */

BREAKS(untrusted_data, samples.samples[1].data_trusted = false)
BREAKS(untrusted_id, samples.samples[1].digital_id_trusted = false)
BREAKS(unopened, samples.samples[1].opened = false)
BREAKS(unchained, samples.samples[1].chained = false)
BREAKS(a_camera, core_fixture_text(&segment->device.type, "Face"))
BREAKS(a_type_in_small, core_fixture_text(&segment->device.type, "finger"))
BREAKS(fewer_samples, samples.count--)
BREAKS(no_samples, samples.count = 0)
BREAKS(another_capture, samples.samples[1].capture = BIOMETRIC_CAPTURE_FACE)
BREAKS(another_position, samples.samples[1].position = 2)

static void what_a_device_did_not_vouch_for_is_refused(void **state) {
    (void)state;
    static const struct {
        void (*change)(struct request *request);
        const char *codes, *detail;
    } rows[] = {
        {nothing, "", ""},
        {untrusted_data, FILTER "IDA-MPA-001", "request/biometrics/1/data"},
        {untrusted_id, FILTER "IDA-MPA-001", "request/biometrics/1/data/digitalId"},
        {a_camera, FILTER "IDA-DPM-004", ""},
        {a_type_in_small, FILTER "IDA-DPM-004", ""},
        {unopened, FILTER "IDA-MPA-003", ""},
        {unchained, FILTER "IDA-BIA-014", ""},
        /* a worker that contradicts itself */
        {fewer_samples, "IDA-MLC-007", ""},
        {no_samples, "IDA-MLC-007", ""},
        {another_capture, "IDA-MLC-007", ""},
        {another_position, "IDA-MLC-007", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request *request = right_request();
        rows[i].change(request);
        biometric_filter_samples(request, &samples);
        expect(request, rows[i].codes, rows[i].detail);
    }
}

/* ---- controller layer ---- */

BREAKS(no_type, biometric_fixture_name(segment, NULL, "Right Thumb"))
BREAKS(a_blank_type, biometric_fixture_name(segment, " ", "Right Thumb"))
BREAKS(a_palm, biometric_fixture_name(segment, "Palm", "Right Thumb"))
BREAKS(no_part, biometric_fixture_name(segment, "Finger", NULL))
BREAKS(a_blank_part, biometric_fixture_name(segment, "Finger", ""))
BREAKS(a_toe, biometric_fixture_name(segment, "Finger", "Left Toe"))
BREAKS(an_iris_for_a_finger, biometric_fixture_name(segment, "Finger", "Left"))
BREAKS(unknown_part, biometric_fixture_name(segment, "Finger", "UNKNOWN"))
BREAKS(no_device_code, segment->device_code.presence = FIELD_ABSENT)
BREAKS(a_number_as_code, segment->device_code.presence = FIELD_WRONG_TYPE)
BREAKS(no_service_version, core_fixture_text(&segment->service_version, " "))
BREAKS(no_purpose, segment->purpose.presence = FIELD_NULL)
BREAKS(another_purpose, core_fixture_text(&segment->purpose, "Registration"))
BREAKS(no_serial, segment->device.serial_number.presence = FIELD_ABSENT)
BREAKS(no_make, segment->device.make.presence = FIELD_ABSENT)
BREAKS(no_model, segment->device.model.presence = FIELD_ABSENT)
BREAKS(no_device_type, segment->device.type.presence = FIELD_ABSENT)
BREAKS(no_sub_type, segment->device.sub_type.presence = FIELD_ABSENT)
BREAKS(no_provider, segment->device.provider.presence = FIELD_ABSENT)
BREAKS(no_provider_id, segment->device.provider_id.presence = FIELD_ABSENT)
BREAKS(no_date, segment->device.time.text.presence = FIELD_ABSENT)
BREAKS(another_transaction, core_fixture_text(&segment->transaction_id, "1234567891"))
BREAKS(no_env, segment->env = (struct text_field){.presence = FIELD_ABSENT})
BREAKS(another_env, core_fixture_text(&segment->env, "Production"))
BREAKS(no_domain, segment->domain_uri = (struct text_field){.presence = FIELD_NULL})
BREAKS(another_domain, core_fixture_text(&segment->domain_uri, "https://other.example.org"))
BREAKS(no_env_at_all, for (size_t i = 0; i < 4; i++) segment_of(request, i)->env =
                          request->envelope.env = (struct text_field){.presence = FIELD_ABSENT})
BREAKS(a_strange_domain, core_fixture_text(&request->envelope.domain_uri, "https://b");
       for (size_t i = 0; i < 4; i++)
           core_fixture_text(&segment_of(request, i)->domain_uri, "https://b"))
BREAKS(a_bad_time, core_fixture_text(&segment->time.text, "today"); segment->time.valid = false)
BREAKS(a_bad_date, core_fixture_text(&segment->device.time.text, "today");
       segment->device.time.valid = false)

static void what_a_segment_says_of_itself_must_be_right(void **state) {
    (void)state;
#define AT "request/biometrics/1/data/"
    static const struct {
        void (*change)(struct request *request);
        const char *codes, *detail;
    } rows[] = {
        {nothing, "", ""},
        {unknown_part, "", ""},
        {no_env_at_all, "", ""},
        {no_type, "IDA-MLC-006", AT "bioType"},
        {a_blank_type, "IDA-MLC-006", AT "bioType"},
        {a_palm, "IDA-MLC-011", "bio-Palm"},
        {no_part, "IDA-MLC-006", AT "bioSubType"},
        {a_blank_part, "IDA-MLC-006", AT "bioSubType"},
        {a_toe, "IDA-MLC-009", AT "bioSubType"},
        {an_iris_for_a_finger, "IDA-MLC-009", AT "bioSubType"},
        {no_device_code, "IDA-MLC-006", AT "deviceCode"},
        {a_number_as_code, "IDA-MLC-009", AT "deviceCode"},
        {no_service_version, "IDA-MLC-006", AT "deviceServiceVersion"},
        {no_purpose, "IDA-MLC-006", AT "purpose"},
        {another_purpose, "IDA-MLC-009", AT "purpose"},
        {no_serial, "IDA-MLC-006", AT "digitalId/serialNo"},
        {no_make, "IDA-MLC-006", AT "digitalId/make"},
        {no_model, "IDA-MLC-006", AT "digitalId/model"},
        {no_device_type, "IDA-MLC-006", AT "digitalId/type"},
        {no_sub_type, "IDA-MLC-006", AT "digitalId/deviceSubType"},
        {no_provider, "IDA-MLC-006", AT "digitalId/deviceProvider"},
        {no_provider_id, "IDA-MLC-006", AT "digitalId/deviceProviderId"},
        {no_date, "IDA-MLC-006", AT "digitalId/dateTime"},
        {another_transaction, "IDA-MLC-009", AT "transactionId"},
        {no_env, "IDA-MLC-009", AT "env"},
        {another_env, "IDA-MLC-024", "env"},
        {no_domain, "IDA-MLC-009", AT "domainUri"},
        {another_domain, "IDA-MLC-024", "domainUri"},
        {a_strange_domain, "IDA-MLC-009", "request/biometrics/0/data/domainUri"},
        {a_bad_time, "IDA-MLC-009", AT "timestamp"},
        {a_bad_date, "IDA-MLC-009", AT "digitalId/dateTime"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request *request = right_request();
        rows[i].change(request);
        biometric_check_fields(request, &settings);
        expect(request, rows[i].codes, rows[i].detail);
    }
}

static void as_many_may_be_presented_as_the_law_and_the_policy_say(void **state) {
    (void)state;
#define F(part)                                                                                    \
    { "Finger", part }
    static const struct {
        struct capture_part parts[BIOMETRIC_SEGMENTS_MAX];
        size_t count;
        uint8_t fingers; /* of the policy */
        const char *codes, *detail;
    } rows[] = {
        {{F("Left Thumb"), F("Right Thumb")}, 2, 2, "", ""},
        {{F("Left Thumb"), F("Right Thumb"), F("Left IndexFinger")}, 3, 2, "IDA-BIA-003", "2"},
        {{F("Left Thumb"), F("Left Thumb")}, 2, 10, "IDA-BIA-002", ""},
        {{F("Left Thumb"), {"FMR", "Left Thumb"}}, 2, 10, "IDA-BIA-002", ""},
        {{F("UNKNOWN"), F("UNKNOWN")}, 2, 10, "", ""},
        {{F("UNKNOWN"), F("UNKNOWN"), F("UNKNOWN"), F("UNKNOWN"), F("UNKNOWN"), F("UNKNOWN"),
          F("UNKNOWN"), F("UNKNOWN"), F("UNKNOWN"), F("UNKNOWN"), F("UNKNOWN")},
         11,
         200,
         "IDA-BIA-003",
         "10"},
        {{{"Iris", "Left"}, {"Iris", "Right"}}, 2, 2, "", ""},
        {{{"Iris", "Left"}, {"Iris", "Left"}}, 2, 2, "IDA-BIA-007", ""},
        {{{"Iris", "Left"}, {"Iris", "Right"}, {"Iris", "UNKNOWN"}}, 3, 2, "IDA-BIA-008", "2"},
        {{{"Face", NULL}}, 1, 2, "", ""},
        {{{"Face", NULL}, {"Face", NULL}}, 2, 2, "IDA-BIA-009", "1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request *request = right_request();
        struct biometric_segments *segments = &request->biometric->segments;
        request->envelope.env = request->envelope.domain_uri =
            (struct text_field){.presence = FIELD_ABSENT};
        biometric_fixture_segments(segments, rows[i].parts, rows[i].count, NOW_MS, TXN);
        request->biometric->thresholds.presented[POLICY_FINGER] = rows[i].fingers;
        biometric_check_fields(request, &settings);
        expect(request, rows[i].codes, rows[i].detail);
    }
}

static void captures_are_in_order_close_together_and_fresh(void **state) {
    (void)state;
    static const struct {
        int64_t captured_s[2], identified_s[2]; /* before now */
        const char *codes, *detail;
    } rows[] = {
        {{0, 0}, {0, 0}, "", ""},
        {{60, 0}, {60, 0}, "", ""},
        {{120, 0}, {120, 0}, "", ""}, /* the last one counts against the window */
        {{121, 0}, {0, 0}, "IDA-MLC-030", "120"},
        {{10, 11}, {0, 0}, "IDA-MLC-030", "120"},
        {{0, 0}, {121, 0}, "IDA-MLC-031", "120"},
        {{0, 0}, {10, 11}, "IDA-MLC-031", "120"},
        {{60, 60}, {0, 0}, "", ""},
        {{61, 61}, {0, 0}, "IDA-MLC-001", "60"},
        {{0, 0}, {61, 61}, "IDA-MLC-001", "60"},
        {{-31, -31}, {0, 0}, "IDA-MLC-001", "60"},
        {{0, 0}, {-31, -31}, "IDA-MLC-001", "60"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request *request = right_request();
        request->biometric->segments.count = 2;
        for (size_t j = 0; j < 2; j++) {
            biometric_fixture_time(&segment_of(request, j)->time,
                                   NOW_MS - rows[i].captured_s[j] * 1000);
            biometric_fixture_time(&segment_of(request, j)->device.time,
                                   NOW_MS - rows[i].identified_s[j] * 1000);
        }
        biometric_check_fields(request, &settings);
        expect(request, rows[i].codes, rows[i].detail);
    }
}

/* There a device signs for which box the capture was. */
static void in_the_jose_profile_the_domain_is_the_audience(void **state) {
    (void)state;
    static const struct {
        const char *domain, *env, *codes;
    } rows[] = {
        {"https://box.example", "Staging", ""},
        {"https://box.example", NULL, ""},
        {"https://box.example", "Moon", "IDA-MLC-009"},
        {"https://other.example", "Staging", "IDA-MLC-009"},
        {"HTTPS://box.example", "Staging", "IDA-MLC-009"},
        {NULL, "Staging", "IDA-MLC-009"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request *request = right_request();
        struct biometric_segment *segment = segment_of(request, 0);
        request->biometric->segments.count = 1;
        request->edge.profile = EDGE_PROFILE_JOSE;
        strcpy(request->jose.request.audience, "https://box.example");
        segment->env = segment->domain_uri = (struct text_field){.presence = FIELD_ABSENT};
        if (rows[i].env != NULL)
            core_fixture_text(&segment->env, rows[i].env);
        if (rows[i].domain != NULL)
            core_fixture_text(&segment->domain_uri, rows[i].domain);
        biometric_check_fields(request, &settings);
        assert_string_equal(core_fixture_codes(request), rows[i].codes);
        core_fixture_free(request);
    }
}

static void segments_are_the_factors_that_policies_name(void **state) {
    (void)state;
    struct request *request = right_request();
    assert_int_equal(biometric_exchange_factors(&request->biometric->segments),
                     AUTH_TYPE_BIT(AUTH_TYPE_BIO_FINGER) | AUTH_TYPE_BIT(AUTH_TYPE_BIO_FMR) |
                         AUTH_TYPE_BIT(AUTH_TYPE_BIO_IRIS) | AUTH_TYPE_BIT(AUTH_TYPE_BIO_FACE));
    biometric_fixture_name(segment_of(request, 3), "Palm", NULL);
    request->biometric->segments.count = 4;
    assert_int_equal(biometric_exchange_factors(&request->biometric->segments) &
                         AUTH_TYPE_BIT(AUTH_TYPE_BIO_FACE),
                     0);
    core_fixture_free(request);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_opened_is_refused_before_any_key_is_used),
        cmocka_unit_test(what_a_device_did_not_vouch_for_is_refused),
        cmocka_unit_test(what_a_segment_says_of_itself_must_be_right),
        cmocka_unit_test(as_many_may_be_presented_as_the_law_and_the_policy_say),
        cmocka_unit_test(captures_are_in_order_close_together_and_fresh),
        cmocka_unit_test(in_the_jose_profile_the_domain_is_the_audience),
        cmocka_unit_test(segments_are_the_factors_that_policies_name),
    };
    settings = core_fixture_settings("");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
