#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/frame.h"
#include "tests/lib/wire_sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static uint8_t memory[FRAME_PAYLOAD_MAX];

static struct bytes view(const char *text) {
    return bytes_of_text(text);
}

static struct bytes zeroes(size_t len) {
    static const uint8_t zero[EDGE_BODY_MAX + 1];
    return bytes_of(zero, len);
}

/* One message: what writes its sample, and what reads it. */
struct message {
    const char *name;
    void (*put)(struct buffer *target);
    enum err (*get)(struct bytes payload);
};

static struct bytes written(const struct message *message) {
    struct buffer target = buffer_over(memory, sizeof memory);
    struct bytes payload;
    message->put(&target);
    assert_int_equal(buffer_end(&target, &payload), ERR_OK);
    return payload;
}

/* Of a refused message nothing stays but a certificate's status. Padding may keep its pattern. */
static void assert_nothing_stays(const void *value, size_t size) {
    const uint8_t *bytes = value;
    size_t set = 0;
    for (size_t i = 0; i < size; i++)
        set += bytes[i] != 0 && bytes[i] != 0x55;
    assert_true(set <= 1);
}

/* The writer and the reader of a message, over its sample. */
#define MESSAGE(name, type, sample, writer, reader)                                                \
    static void put_##name(struct buffer *target) {                                                \
        const type value = sample();                                                               \
        writer(target, &value);                                                                    \
    }                                                                                              \
    static enum err get_##name(struct bytes payload) {                                             \
        static type value;                                                                         \
        memset(&value, 0x55, sizeof value);                                                        \
        enum err err = reader(payload, &value);                                                    \
        if (err != ERR_OK)                                                                         \
            assert_nothing_stays(&value, sizeof value);                                            \
        return err;                                                                                \
    }

MESSAGE(request, struct edge_request, wire_sample_request, edge_wire_put_request,
        edge_wire_get_request)
MESSAGE(answer, struct edge_answer, wire_sample_answer, edge_wire_put_answer, edge_wire_get_answer)
MESSAGE(question, struct edge_request, wire_sample_request, unseal_wire_put_envelope_question,
        unseal_wire_get_envelope_question)
MESSAGE(envelope, struct envelope, wire_sample_envelope, unseal_wire_put_envelope,
        unseal_wire_get_envelope)
MESSAGE(payload, struct payload, wire_sample_payload, unseal_wire_put_payload,
        unseal_wire_get_payload)
MESSAGE(foreign, struct unseal_foreign, wire_sample_foreign, unseal_wire_put_foreign,
        unseal_wire_get_foreign)
MESSAGE(certificate, struct unseal_certificate, wire_sample_certificate,
        unseal_wire_put_certificate, unseal_wire_get_certificate)
MESSAGE(certificate_read, struct unseal_certificate_read, wire_sample_certificate_read,
        unseal_wire_put_certificate_read, unseal_wire_get_certificate_read)
MESSAGE(otp, struct notify_otp, wire_sample_otp, notify_wire_put_otp, notify_wire_get_otp)
MESSAGE(event, struct notify_event, wire_sample_event, notify_wire_put_event, notify_wire_get_event)
MESSAGE(audit, struct provd_audit, wire_sample_audit, provd_wire_put_audit, provd_wire_get_audit)

static const struct message messages[] = {
    {"request", put_request, get_request},
    {"answer", put_answer, get_answer},
    {"question", put_question, get_question},
    {"envelope", put_envelope, get_envelope},
    {"payload", put_payload, get_payload},
    {"foreign", put_foreign, get_foreign},
    {"certificate", put_certificate, get_certificate},
    {"certificate-read", put_certificate_read, get_certificate_read},
    {"otp", put_otp, get_otp},
    {"event", put_event, get_event},
    {"audit", put_audit, get_audit},
};

static void every_message_is_read_whole_or_not_at_all(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        struct bytes payload = written(&messages[i]);
        assert_int_equal(messages[i].get(payload), ERR_OK);
        for (size_t len = 0; len < payload.len; len++)
            assert_int_not_equal(messages[i].get(bytes_of(memory, len)), ERR_OK);
        memory[payload.len] = 0;
        assert_int_not_equal(messages[i].get(bytes_of(memory, payload.len + 1)), ERR_OK);
    }
}

/* A byte that is changed anywhere is refused, or changes a value: it never breaks the reader. */
static void no_changed_byte_breaks_a_reader(void **state) {
    (void)state;
    static const uint8_t values[] = {0x00, 0x01, 0x02, 0x07, 0x7f, 0x80, 0xff};
    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        struct bytes payload = written(&messages[i]);
        for (size_t at = 0; at < payload.len; at++) {
            uint8_t kept = memory[at];
            for (size_t j = 0; j < COUNT_OF(values); j++) {
                memory[at] = values[j];
                enum err err = messages[i].get(payload);
                assert_true(err <= ERR_MALFORMED);
            }
            memory[at] = kept;
        }
    }
}

/* Writes ${value} and gives what the reader says of it. */
#define READ_BACK(type, writer, reader)                                                            \
    static enum err read_##reader(const type *value, type *read) {                                 \
        struct buffer target = buffer_over(memory, sizeof memory);                                 \
        struct bytes payload;                                                                      \
        writer(&target, value);                                                                    \
        assert_int_equal(buffer_end(&target, &payload), ERR_OK);                                   \
        return reader(payload, read);                                                              \
    }
READ_BACK(struct envelope, unseal_wire_put_envelope, unseal_wire_get_envelope)
READ_BACK(struct payload, unseal_wire_put_payload, unseal_wire_get_payload)
READ_BACK(struct unseal_payload, unseal_wire_put_payload_question, unseal_wire_get_payload_question)
READ_BACK(struct unseal_foreign, unseal_wire_put_foreign, unseal_wire_get_foreign)
READ_BACK(struct unseal_foreign_judged, unseal_wire_put_judged, unseal_wire_get_judged)
READ_BACK(struct unseal_certificate, unseal_wire_put_certificate, unseal_wire_get_certificate)
READ_BACK(struct unseal_certificate_read, unseal_wire_put_certificate_read,
          unseal_wire_get_certificate_read)
READ_BACK(struct notify_otp, notify_wire_put_otp, notify_wire_get_otp)
READ_BACK(struct notify_event, notify_wire_put_event, notify_wire_get_event)
READ_BACK(struct provd_audit, provd_wire_put_audit, provd_wire_get_audit)

static void an_envelope_comes_through_with_every_field(void **state) {
    (void)state;
    static struct envelope sent, read;
    sent = wire_sample_envelope();
    assert_int_equal(read_unseal_wire_get_envelope(&sent, &read), ERR_OK);
    assert_int_equal(read.function, FUNCTION_AUTH);
    assert_true(read.path_complete && read.authorization_present && read.body_is_json);
    assert_string_equal(read.misp_license_key, "misp");
    assert_string_equal(read.partner_id, "partner");
    assert_string_equal(read.api_key, "key");
    assert_int_equal(read.jws, JWS_READ);
    assert_memory_equal(read.certificate_thumbprint, sent.certificate_thumbprint, 32);
    assert_int_equal(read.jws_protected_len, 8);
    assert_int_equal(read.jws_signature.len, 256);
    assert_string_equal(read.id.text, "mosip.identity.auth");
    assert_string_equal(read.individual_id.text, "5938714605");
    assert_int_equal(read.individual_id_type.presence, FIELD_PRESENT);
    assert_int_equal(read.domain_uri.presence, FIELD_NULL);
    assert_int_equal(read.env.presence, FIELD_TOO_LONG);
    assert_true(read.consent && read.request_time_valid);
    assert_int_equal(read.request_time_ms, TIME_MS);
    assert_int_equal(read.thumbprint.data.len, 32);
    assert_int_equal(read.session_key.data.len, 256);
    assert_int_equal(read.request.data.len, 100);
    assert_int_equal(read.request_hmac.data.len, 96);
    assert_true(read.channel_phone && !read.channel_email);
    assert_string_equal(read.channel_unknown, "fax");
}

static void assert_envelope_refused(const struct envelope *envelope) {
    static struct envelope read;
    assert_int_equal(read_unseal_wire_get_envelope(envelope, &read), ERR_MALFORMED);
    assert_int_equal(read.function, FUNCTION_NONE);
    assert_int_equal(read.individual_id.presence, FIELD_ABSENT);
}

static void fields_out_of_range_refuse_an_envelope(void **state) {
    (void)state;
    static struct envelope refused[14];
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        refused[i] = wire_sample_envelope();
    refused[0].function = (enum envelope_function)4;
    refused[1].jws = (enum jws_shape)5;
    refused[2].id.presence = (enum field_presence)5;
    refused[3].consent_presence = (enum field_presence)9;
    refused[4].channels_presence = (enum field_presence)200;
    wire_sample_set_text(&refused[5].individual_id, "\xff");
    wire_sample_set_text(&refused[6].env, "\xed\xa0\x80");
    memcpy(refused[7].partner_id, "a\nb", 4);
    memcpy(refused[8].api_key, "\xc3", 2);
    wire_sample_set_blob(&refused[9].thumbprint, 31);
    wire_sample_set_blob(&refused[10].session_key, 257);
    wire_sample_set_blob(&refused[11].request, 31);
    wire_sample_set_blob(&refused[12].request_hmac, 0);
    refused[13].request.presence = (enum field_presence)6;
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_envelope_refused(&refused[i]);
}

static void a_text_longer_than_its_field_refuses_an_envelope(void **state) {
    (void)state;
    static struct envelope sent, read;
    sent = wire_sample_envelope();
    wire_sample_set_text(&sent.version, "123456789012345");
    assert_int_equal(read_unseal_wire_get_envelope(&sent, &read), ERR_OK);
    wire_sample_set_text(&sent.version, "1234567890123456");
    assert_int_equal(read_unseal_wire_get_envelope(&sent, &read), ERR_TOO_LARGE);
}

static void fields_that_contradict_each_other_refuse_an_envelope(void **state) {
    (void)state;
    static struct envelope refused[16];
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        refused[i] = wire_sample_envelope();
    refused[0].function = FUNCTION_NONE;
    refused[1].jws = JWS_NO_CERTIFICATE;
    refused[2].jws_signature = zeroes(0);
    refused[3].jws_protected_len = 0;
    refused[4].jws_protected_len = EDGE_SIGNATURE_MAX;
    refused[5].id.presence = FIELD_WRONG_TYPE;
    refused[6].consent_presence = FIELD_NULL;
    refused[7].request_time_ms++;
    refused[8].request_time_valid = false;
    refused[9].request_time.text[10] = ' ';
    refused[10].thumbprint.malformed = true;
    refused[11].request.presence = FIELD_ABSENT;
    refused[12].channels_presence = FIELD_WRONG_TYPE;
    refused[13].body_is_json = false;
    refused[14].session_key = (struct blob_field){.presence = FIELD_NULL, .malformed = true};
    refused[15].request_time.presence = FIELD_ABSENT;
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_envelope_refused(&refused[i]);
}

static void a_payload_comes_through_with_every_field(void **state) {
    (void)state;
    struct payload sent = wire_sample_payload(), read;
    assert_int_equal(read_unseal_wire_get_payload(&sent, &read), ERR_OK);
    assert_true(read.hmac_opened && read.request_opened && read.hash_matches && read.is_json);
    assert_true(read.timestamp_valid && read.has_otp && read.otp_well_formed);
    assert_int_equal(read.timestamp_ms, TIME_MS);
    assert_string_equal(read.otp, "123456");
    assert_true(read.has_demographics && !read.has_biometrics);
}

static void a_payload_that_skips_a_step_is_refused(void **state) {
    (void)state;
    struct payload refused[14], read;
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        refused[i] = wire_sample_payload();
    refused[0].hmac_opened = false;
    refused[1].request_opened = false;
    refused[2].hash_matches = false;
    refused[3].is_json = false;
    refused[4].otp_well_formed = false;
    refused[5].has_otp = false;
    memcpy(refused[6].otp, "12345", 6);
    memcpy(refused[7].otp, "12345a", 7);
    memcpy(refused[8].otp, "1234567", 8);
    refused[9].timestamp_ms = 0;
    refused[10].timestamp.text[0] = '3';
    refused[11].has_biometrics = false;
    refused[11].biometrics_text = bytes_of_text("[]");
    refused[12].timestamp.presence = FIELD_NULL;
    refused[13].timestamp_valid = false;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        memset(&read, 0x55, sizeof read);
        assert_int_equal(read_unseal_wire_get_payload(&refused[i], &read), ERR_MALFORMED);
        assert_string_equal(read.otp, "");
        assert_false(read.has_otp);
    }
}

static void biometrics_come_with_their_segments_or_not_at_all(void **state) {
    (void)state;
    struct payload sent = wire_sample_payload(), read;
    sent.has_biometrics = true;
    assert_int_equal(read_unseal_wire_get_payload(&sent, &read), ERR_MALFORMED);
    sent.biometric_segments = bytes_of_text("segments");
    assert_int_equal(read_unseal_wire_get_payload(&sent, &read), ERR_OK);
    assert_true(read.has_biometrics && read.biometrics_text.len == 0);
    sent.biometrics_text = bytes_of_text("[{}]");
    assert_int_equal(read_unseal_wire_get_payload(&sent, &read), ERR_OK);
    assert_true(bytes_equal_text(read.biometrics_text, "[{}]"));
    assert_true(bytes_equal_text(read.biometric_segments, "segments"));
    sent.biometrics_text = bytes_of_text("[\xff]");
    assert_int_equal(read_unseal_wire_get_payload(&sent, &read), ERR_MALFORMED);
    sent.biometrics_text = bytes_of_text("[{}]");
    sent.has_biometrics = false;
    assert_int_equal(read_unseal_wire_get_payload(&sent, &read), ERR_MALFORMED);
}

static void demographics_come_through(void **state) {
    (void)state;
    struct payload sent = wire_sample_payload(), read;
    sent.demographics[0].value = bytes_of(NULL, 0);
    assert_int_equal(read_unseal_wire_get_payload(&sent, &read), ERR_OK);
    assert_int_equal(read.demographic_count, 2);
    assert_string_equal(read.demographics[0].name, "dob");
    assert_int_equal(read.demographics[0].language_presence, FIELD_ABSENT);
    assert_int_equal(read.demographics[0].value.len, 0);
    assert_string_equal(read.demographics[1].name, "name");
    assert_string_equal(read.demographics[1].language, "ara");
    assert_true(bytes_equal(read.demographics[1].value, sent.demographics[1].value));
    sent.demographic_count = 0;
    sent.demographics_malformed = true;
    assert_int_equal(read_unseal_wire_get_payload(&sent, &read), ERR_OK);
    assert_true(read.has_demographics && read.demographics_malformed);
}

static void demographics_that_break_their_rules_are_refused(void **state) {
    (void)state;
    static const char *const names[] = {"", "a b", "a\n", "\xc3\xa9", "a\x7f"};
    struct payload refused[9], read;
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        refused[i] = wire_sample_payload();
    refused[0].demographics_malformed = true;
    refused[1].demographic_count = 0;
    refused[2].has_demographics = false;
    refused[3].demographics[0].value = view("\xff");
    refused[4].demographics[0].value = bytes_of("a\0b", 3);
    refused[5].demographics[1].language_presence = FIELD_ABSENT;
    refused[6].demographics[0].language_presence = FIELD_WRONG_TYPE;
    memcpy(refused[7].demographics[1].language, "\xff", 2);
    refused[8].demographics[0].language_presence = (enum field_presence)(FIELD_PRESENT + 1);
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_int_equal(read_unseal_wire_get_payload(&refused[i], &read), ERR_MALFORMED);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        refused[0] = wire_sample_payload();
        snprintf(refused[0].demographics[0].name, PAYLOAD_DEMOGRAPHIC_NAME_SIZE, "%s", names[i]);
        assert_int_equal(read_unseal_wire_get_payload(&refused[0], &read), ERR_MALFORMED);
        assert_int_equal(read.demographic_count, 0);
    }
    refused[0] = wire_sample_payload();
    refused[0].demographics[0].value = zeroes(PAYLOAD_VALUE_MAX + 1);
    assert_int_equal(read_unseal_wire_get_payload(&refused[0], &read), ERR_TOO_LARGE);
}

static void a_payload_question_carries_key_and_blocks(void **state) {
    (void)state;
    struct unseal_payload sent = {.request = view("sealed"), .request_hmac = view("hash")}, read;
    for (size_t i = 0; i < sizeof sent.content_key; i++)
        sent.content_key[i] = (uint8_t)i;
    assert_int_equal(read_unseal_wire_get_payload_question(&sent, &read), ERR_OK);
    assert_memory_equal(read.content_key, sent.content_key, sizeof sent.content_key);
    assert_true(bytes_equal(read.request, sent.request));
    assert_true(bytes_equal(read.request_hmac, sent.request_hmac));
    sent.request = zeroes(EDGE_BODY_MAX + 1);
    assert_int_equal(read_unseal_wire_get_payload_question(&sent, &read), ERR_TOO_LARGE);
    for (size_t i = 0; i < sizeof read.content_key; i++)
        assert_int_equal(read.content_key[i], 0);
}

static void judgements_and_certificates_come_through(void **state) {
    (void)state;
    struct unseal_foreign foreign = wire_sample_foreign(), foreign_read;
    assert_int_equal(read_unseal_wire_get_foreign(&foreign, &foreign_read), ERR_OK);
    assert_int_equal(foreign_read.anchor_count, 2);
    assert_true(bytes_equal_text(foreign_read.anchors[1], "second"));
    assert_int_equal(foreign_read.now_ms, TIME_MS);
    struct unseal_foreign_judged judged = {.trusted = true}, judged_read;
    assert_int_equal(read_unseal_wire_get_judged(&judged, &judged_read), ERR_OK);
    assert_true(judged_read.trusted);
    assert_int_equal(unseal_wire_get_judged(bytes_of("\2", 1), &judged_read), ERR_MALFORMED);
    assert_false(judged_read.trusted);

    struct unseal_certificate question = wire_sample_certificate(), question_read;
    assert_int_equal(read_unseal_wire_get_certificate(&question, &question_read), ERR_OK);
    assert_true(bytes_equal_text(question_read.anchors[0], "anchor"));
    assert_int_equal(question_read.key, CERTIFICATE_KEY_P256);
    struct unseal_certificate_read answer = wire_sample_certificate_read(), answer_read;
    assert_int_equal(read_unseal_wire_get_certificate_read(&answer, &answer_read), ERR_OK);
    assert_string_equal(answer_read.subject, "tayssir");
    assert_string_equal(answer_read.key_name, "RSA-2048");
    assert_int_equal(answer_read.not_after_ms, TIME_MS + 1000);
    assert_true(answer_read.is_authority);
}

static void at_most_sixteen_anchors_and_none_empty(void **state) {
    (void)state;
    struct unseal_foreign foreign = wire_sample_foreign(), read;
    foreign.anchor_count = 16;
    for (size_t i = 0; i < 16; i++)
        foreign.anchors[i] = view("anchor");
    assert_int_equal(read_unseal_wire_get_foreign(&foreign, &read), ERR_OK);
    foreign.anchors[15] = view("");
    assert_int_equal(read_unseal_wire_get_foreign(&foreign, &read), ERR_MALFORMED);
    foreign = wire_sample_foreign();
    struct buffer target = buffer_over(memory, sizeof memory);
    unseal_wire_put_foreign(&target, &foreign);
    size_t count_at = 4 + foreign.signature_header.len + 4 + foreign.body.len + 8;
    assert_int_equal(memory[count_at], 2);
    memory[count_at] = 17;
    assert_int_equal(unseal_wire_get_foreign(bytes_of(memory, target.len), &read), ERR_MALFORMED);
    foreign.now_ms = 0;
    assert_int_equal(read_unseal_wire_get_foreign(&foreign, &read), ERR_MALFORMED);
}

static void a_certificate_that_was_refused_carries_nothing(void **state) {
    (void)state;
    struct unseal_certificate_read refused[6], read;
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        refused[i] = wire_sample_certificate_read();
    refused[0].status = ERR_EXPIRED;
    refused[1].status = ERR_NOT_FOUND;
    refused[2].der = view("");
    refused[3].public_key = view("");
    refused[4].not_after_ms = refused[4].not_before_ms - 1;
    memcpy(refused[5].subject, "a\x1b[2J", 6);
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        assert_int_equal(read_unseal_wire_get_certificate_read(&refused[i], &read), ERR_MALFORMED);
        assert_int_not_equal(read.status, ERR_OK);
    }
    struct unseal_certificate_read denied = {.status = ERR_DENIED, .key_name = "secp384r1"};
    assert_int_equal(read_unseal_wire_get_certificate_read(&denied, &read), ERR_OK);
    assert_int_equal(read.status, ERR_DENIED);
    assert_string_equal(read.key_name, "secp384r1");
    denied.status = ERR_EXPIRED;
    assert_int_equal(read_unseal_wire_get_certificate_read(&denied, &read), ERR_MALFORMED);
}

static void a_code_comes_through_to_the_notifier(void **state) {
    (void)state;
    struct notify_otp sent = wire_sample_otp(), read;
    assert_int_equal(read_notify_wire_get_otp(&sent, &read), ERR_OK);
    assert_string_equal(read.phone, sent.phone);
    assert_string_equal(read.email, sent.email);
    assert_string_equal(read.language, "ara");
    assert_string_equal(read.otp, "123456");
    assert_string_equal(read.programme, sent.programme);
    assert_int_equal(read.valid_until_ms, TIME_MS);
    sent.by_email = false;
    sent.email[0] = '\0';
    assert_int_equal(read_notify_wire_get_otp(&sent, &read), ERR_OK);
}

static void a_message_to_nobody_or_to_two_lines_is_refused(void **state) {
    (void)state;
    struct notify_otp refused[12], read;
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        refused[i] = wire_sample_otp();
    refused[0].by_phone = refused[0].by_email = false;
    refused[1].phone[0] = '\0';
    refused[2].email[0] = '\0';
    memcpy(refused[3].phone, "1\r\n2", 5);
    memcpy(refused[4].email, "a b@c", 6);
    memcpy(refused[5].language, "AR", 3);
    memcpy(refused[6].otp, "12345", 6);
    memcpy(refused[7].otp, "12345x", 7);
    memcpy(refused[8].programme, "\xff", 2);
    memcpy(refused[9].transaction, "\x7f", 2);
    refused[10].valid_until_ms = 0;
    refused[11].language[0] = '\0';
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        memset(&read, 0x55, sizeof read);
        assert_int_equal(read_notify_wire_get_otp(&refused[i], &read), ERR_MALFORMED);
        assert_string_equal(read.otp, "");
    }
}

static void an_event_comes_through_to_the_notifier(void **state) {
    (void)state;
    struct notify_event sent = wire_sample_event(), read;
    assert_int_equal(read_notify_wire_get_event(&sent, &read), ERR_OK);
    assert_true(read.by_phone && read.by_email && read.confirmed);
    assert_string_equal(read.phone, sent.phone);
    assert_string_equal(read.email, sent.email);
    assert_string_equal(read.language, "zgh");
    assert_string_equal(read.programme, "Tayssir");
    assert_string_equal(read.identifier, "XXXXXX1234");
    assert_int_equal(read.at_ms, TIME_MS);
}

static void an_event_of_a_bare_identifier_or_for_nobody_is_refused(void **state) {
    (void)state;
    struct notify_event refused[8], read;
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        refused[i] = wire_sample_event();
    refused[0].by_phone = refused[0].by_email = false;
    refused[1].phone[0] = '\0';
    memcpy(refused[2].email, "a b@c", 6);
    memcpy(refused[3].language, "AR", 3);
    refused[4].at_ms = 0;
    refused[5].identifier[0] = '\0';
    memcpy(refused[6].identifier, "12345678901234567", 18);
    memcpy(refused[7].identifier, "Amina", 6);
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_int_equal(read_notify_wire_get_event(&refused[i], &read), ERR_MALFORMED);
}

static void the_notifier_says_who_it_is_and_what_became_of_a_code(void **state) {
    (void)state;
    uint8_t sent[NOTIFY_PROCESS_ID_BYTES], read[NOTIFY_PROCESS_ID_BYTES];
    bool delivered = false;
    memset(sent, 9, sizeof sent);
    struct buffer target = buffer_over(memory, sizeof memory);
    notify_wire_put_hello(&target, sent);
    assert_int_equal(notify_wire_get_hello(bytes_of(memory, target.len), read), ERR_OK);
    assert_memory_equal(read, sent, sizeof sent);
    assert_int_equal(notify_wire_get_hello(bytes_of(memory, target.len - 1), read), ERR_TRUNCATED);
    assert_int_equal(read[0], 0);
    assert_int_equal(notify_wire_get_hello(bytes_of(memory, target.len + 1), read), ERR_MALFORMED);
    assert_int_equal(read[0], 0);

    target = buffer_over(memory, sizeof memory);
    notify_wire_put_delivered(&target, true);
    assert_int_equal(notify_wire_get_delivered(bytes_of(memory, target.len), &delivered), ERR_OK);
    assert_true(delivered);
    assert_int_equal(notify_wire_get_delivered(bytes_of("\2", 1), &delivered), ERR_MALFORMED);
    assert_false(delivered);
}

static void an_audit_names_an_action(void **state) {
    (void)state;
    struct provd_audit sent = wire_sample_audit(), read;
    assert_int_equal(read_provd_wire_get_audit(&sent, &read), ERR_OK);
    assert_string_equal(read.action, "partner add");
    assert_string_equal(read.subject, "tayssir");
    assert_int_equal(read.officer_uid, 1000);
    memcpy(sent.subject, "a\nb", 4);
    assert_int_equal(read_provd_wire_get_audit(&sent, &read), ERR_MALFORMED);
    sent = wire_sample_audit();
    sent.action[0] = '\0';
    assert_int_equal(read_provd_wire_get_audit(&sent, &read), ERR_MALFORMED);
    assert_int_equal(read.officer_uid, 0);
}

static void provd_learns_whether_core_has_a_root_open(void **state) {
    (void)state;
    uint16_t generation = 0;
    bool is_open = false;
    struct buffer target = buffer_over(memory, sizeof memory);
    provd_wire_put_root(&target, 513);
    assert_int_equal(provd_wire_get_root(bytes_of(memory, target.len), &generation), ERR_OK);
    assert_int_equal(generation, 513);
    assert_int_not_equal(provd_wire_get_root(bytes_of(memory, 1), &generation), ERR_OK);
    target = buffer_over(memory, sizeof memory);
    provd_wire_put_root_is(&target, true);
    assert_int_equal(provd_wire_get_root_is(bytes_of(memory, target.len), &is_open), ERR_OK);
    assert_true(is_open);
    assert_int_not_equal(provd_wire_get_root_is(bytes_of(memory, target.len + 1), &is_open),
                         ERR_OK);
    assert_false(is_open);
}

static void provd_learns_whether_its_change_is_recorded(void **state) {
    (void)state;
    enum err status = ERR_OK;
    uint64_t sequence = 0;
    struct buffer target = buffer_over(memory, sizeof memory);
    provd_wire_put_audited(&target, ERR_FULL);
    assert_int_equal(provd_wire_get_audited(bytes_of(memory, target.len), &status), ERR_OK);
    assert_int_equal(status, ERR_FULL);
    status = ERR_OK;
    assert_int_not_equal(provd_wire_get_audited(bytes_of(memory, 0), &status), ERR_OK);
    assert_int_not_equal(status, ERR_OK);
    status = ERR_OK;
    assert_int_not_equal(provd_wire_get_audited(bytes_of("\xff", 1), &status), ERR_OK);
    assert_int_not_equal(status, ERR_OK);

    target = buffer_over(memory, sizeof memory);
    provd_wire_put_changed(&target, UINT64_MAX - 1);
    assert_int_equal(provd_wire_get_changed(bytes_of(memory, target.len), &sequence), ERR_OK);
    assert_true(sequence == UINT64_MAX - 1);
    for (size_t len = 0; len < target.len; len++)
        assert_int_not_equal(provd_wire_get_changed(bytes_of(memory, len), &sequence), ERR_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_is_read_whole_or_not_at_all),
        cmocka_unit_test(no_changed_byte_breaks_a_reader),
        cmocka_unit_test(an_envelope_comes_through_with_every_field),
        cmocka_unit_test(fields_out_of_range_refuse_an_envelope),
        cmocka_unit_test(a_text_longer_than_its_field_refuses_an_envelope),
        cmocka_unit_test(fields_that_contradict_each_other_refuse_an_envelope),
        cmocka_unit_test(a_payload_comes_through_with_every_field),
        cmocka_unit_test(a_payload_that_skips_a_step_is_refused),
        cmocka_unit_test(biometrics_come_with_their_segments_or_not_at_all),
        cmocka_unit_test(demographics_come_through),
        cmocka_unit_test(demographics_that_break_their_rules_are_refused),
        cmocka_unit_test(a_payload_question_carries_key_and_blocks),
        cmocka_unit_test(judgements_and_certificates_come_through),
        cmocka_unit_test(at_most_sixteen_anchors_and_none_empty),
        cmocka_unit_test(a_certificate_that_was_refused_carries_nothing),
        cmocka_unit_test(a_code_comes_through_to_the_notifier),
        cmocka_unit_test(a_message_to_nobody_or_to_two_lines_is_refused),
        cmocka_unit_test(an_event_comes_through_to_the_notifier),
        cmocka_unit_test(an_event_of_a_bare_identifier_or_for_nobody_is_refused),
        cmocka_unit_test(the_notifier_says_who_it_is_and_what_became_of_a_code),
        cmocka_unit_test(an_audit_names_an_action),
        cmocka_unit_test(provd_learns_whether_its_change_is_recorded),
        cmocka_unit_test(provd_learns_whether_core_has_a_root_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
