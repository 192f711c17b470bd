#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/frame.h"
#include "tests/lib/jose_wire_sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static uint8_t memory[FRAME_PAYLOAD_MAX];

static struct bytes finish(const struct buffer *target) {
    struct bytes payload;
    assert_int_equal(buffer_end(target, &payload), ERR_OK);
    return payload;
}

/* Padding may keep the pattern that was there before; the shape of a refused request is one. */
static void assert_nothing_stays(const void *value, size_t size) {
    const uint8_t *bytes = value;
    size_t set = 0;
    for (size_t i = 0; i < size; i++)
        set += bytes[i] != 0 && bytes[i] != 0x55;
    assert_true(set <= 1);
}

/* The writer and the reader of a message: what the reader says of what was written, and that
 * nothing stays of what it refuses. */
#define MESSAGE(name, type, writer, reader)                                                        \
    static struct bytes write_##name(const type *value) {                                          \
        struct buffer target = buffer_over(memory, sizeof memory);                                 \
        writer(&target, value);                                                                    \
        return finish(&target);                                                                    \
    }                                                                                              \
    static enum err read_##name(struct bytes payload, type *value) {                               \
        memset(value, 0x55, sizeof *value);                                                        \
        enum err err = reader(payload, value);                                                     \
        if (err != ERR_OK)                                                                         \
            assert_nothing_stays(value, sizeof *value);                                            \
        return err;                                                                                \
    }                                                                                              \
    static enum err get_##name(struct bytes payload) {                                             \
        static type value;                                                                         \
        return read_##name(payload, &value);                                                       \
    }

MESSAGE(question, struct edge_request, jose_wire_put_request_question,
        jose_wire_get_request_question)
MESSAGE(request, struct jose_request, jose_wire_put_request, jose_wire_get_request)
MESSAGE(sealed_question, struct jose_sealed_question, jose_wire_put_sealed_question,
        jose_wire_get_sealed_question)
MESSAGE(sealed, struct jose_sealed, jose_wire_put_sealed, jose_wire_get_sealed)

/* A message whose whole content is written, and its reader. */
static const struct message {
    enum envelope_function function; /* of a request */
    enum err (*get)(struct bytes payload);
} messages[] = {
    {FUNCTION_NONE, get_question},        {FUNCTION_OTP, get_request},
    {FUNCTION_AUTH, get_request},         {FUNCTION_KYC, get_request},
    {FUNCTION_NONE, get_sealed_question}, {FUNCTION_NONE, get_sealed},
};

static struct bytes written(const struct message *message) {
    struct edge_request question = jose_wire_sample_question();
    struct jose_request request = jose_wire_sample_request(message->function);
    struct jose_sealed_question sealed_question = jose_wire_sample_sealed_question();
    struct jose_sealed sealed = jose_wire_sample_sealed();
    if (message->get == get_question)
        return write_question(&question);
    if (message->get == get_request)
        return write_request(&request);
    return message->get == get_sealed ? write_sealed(&sealed)
                                      : write_sealed_question(&sealed_question);
}

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

static void no_changed_byte_breaks_a_reader(void **state) {
    (void)state;
    static const uint8_t values[] = {0x00, 0x01, 0x02, 0x07, 0x7f, 0x80, 0xff};
    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        struct bytes payload = written(&messages[i]);
        for (size_t at = 0; at < payload.len; at++) {
            uint8_t kept = memory[at];
            for (size_t j = 0; j < COUNT_OF(values); j++) {
                memory[at] = values[j];
                assert_true(messages[i].get(payload) <= ERR_MALFORMED);
            }
            memory[at] = kept;
        }
    }
}

static void a_question_comes_through(void **state) {
    (void)state;
    struct edge_request sent = jose_wire_sample_question(), read;
    assert_int_equal(read_question(write_question(&sent), &read), ERR_OK);
    assert_int_equal(read.profile, EDGE_PROFILE_JOSE);
    assert_int_equal(read.media, EDGE_MEDIA_JOSE);
    assert_true(bytes_equal(read.path, sent.path) && bytes_equal(read.body, sent.body));
}

static void assert_same_block(const struct jose_block *read, const struct jose_block *sent) {
    assert_true(bytes_equal(read->protected_header, sent->protected_header));
    assert_memory_equal(read->kid, sent->kid, sizeof sent->kid);
    assert_memory_equal(read->x, sent->x, sizeof sent->x);
    assert_memory_equal(read->y, sent->y, sizeof sent->y);
    assert_true(bytes_equal(read->party_u, sent->party_u));
    assert_true(bytes_equal(read->party_v, sent->party_v));
    assert_memory_equal(read->iv, sent->iv, sizeof sent->iv);
    assert_true(bytes_equal(read->ciphertext, sent->ciphertext));
    assert_memory_equal(read->tag, sent->tag, sizeof sent->tag);
}

static void a_request_comes_through_with_every_field(void **state) {
    (void)state;
    struct jose_request sent = jose_wire_sample_request(FUNCTION_KYC), read;
    assert_int_equal(read_request(write_request(&sent), &read), ERR_OK);
    assert_int_equal(read.shape, JOSE_READ);
    assert_int_equal(read.function, FUNCTION_KYC);
    assert_true(read.is_signed && read.consent && !read.channel_phone && !read.channel_email);
    assert_memory_equal(read.kid, sent.kid, sizeof sent.kid);
    assert_int_equal(read.signed_len, 400);
    assert_memory_equal(read.signature, sent.signature, sizeof sent.signature);
    assert_string_equal(read.issuer, sent.issuer);
    assert_string_equal(read.audience, sent.audience);
    assert_string_equal(read.api_key, sent.api_key);
    assert_string_equal(read.transaction, sent.transaction);
    assert_int_equal(read.issued_ms, sent.issued_ms);
    assert_memory_equal(read.binding, sent.binding, sizeof sent.binding);
    assert_int_equal(read.attribute_count, 2);
    assert_string_equal(read.attributes[1], "age_over_18");
    assert_string_equal(read.lives_in_part, "province");
    assert_string_equal(read.lives_in_value, "Taroudant");
    assert_same_block(&read.sealed, &sent.sealed);
}

static void a_request_without_a_signature_has_no_part_of_one(void **state) {
    (void)state;
    struct jose_request sent = jose_wire_sample_request(FUNCTION_AUTH), read;
    sent.is_signed = false;
    assert_int_equal(read_request(write_request(&sent), &read), ERR_OK);
    assert_false(read.is_signed);
    assert_int_equal(read.signed_len, 0);
    assert_nothing_stays(read.kid, sizeof read.kid);
    assert_nothing_stays(read.signature, sizeof read.signature);
}

static void of_a_request_that_was_not_read_only_its_function_is_said(void **state) {
    (void)state;
    static const enum jose_shape shapes[] = {JOSE_MALFORMED, JOSE_WRONG_MEDIA};
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        struct jose_request sent = jose_wire_sample_request(FUNCTION_KYC), read;
        sent.shape = shapes[i];
        assert_int_equal(read_request(write_request(&sent), &read), ERR_OK);
        assert_int_equal(read.shape, shapes[i]);
        assert_int_equal(read.function, FUNCTION_KYC);
        read.shape = JOSE_READ;
        read.function = FUNCTION_NONE;
        assert_nothing_stays(&read, sizeof read);
    }
}

static void a_request_that_is_refused_is_malformed(void **state) {
    (void)state;
    struct jose_request read;
    assert_int_equal(jose_wire_get_request(bytes_of("", 0), &read), ERR_TRUNCATED);
    assert_int_equal(read.shape, JOSE_MALFORMED);
    assert_int_equal(read.function, FUNCTION_NONE);
}

static void assert_refused(const struct jose_request *request) {
    struct jose_request read;
    assert_int_equal(read_request(write_request(request), &read), ERR_MALFORMED);
}

static void a_request_has_what_its_call_has_and_no_more(void **state) {
    (void)state;
    static const enum envelope_function functions[] = {FUNCTION_OTP, FUNCTION_AUTH, FUNCTION_KYC};
    struct jose_request request, read;
    for (size_t from = 0; from < COUNT_OF(functions); from++) {
        for (size_t to = 0; to < COUNT_OF(functions); to++) {
            request = jose_wire_sample_request(functions[from]);
            request.function = functions[to];
            assert_int_equal(read_request(write_request(&request), &read),
                             from == to ? ERR_OK : ERR_MALFORMED);
        }
        request.function = FUNCTION_NONE;
        assert_refused(&request);
        request = jose_wire_sample_request(functions[from]);
        request.consent = !request.consent;
        assert_refused(&request);
    }
    request = jose_wire_sample_request(FUNCTION_OTP);
    request.channel_phone = false;
    assert_refused(&request);
    request = jose_wire_sample_request(FUNCTION_KYC);
    request.attribute_count = 0;
    assert_int_equal(read_request(write_request(&request), &read), ERR_OK);
    request.lives_in_part[0] = request.lives_in_value[0] = '\0';
    assert_refused(&request);
}

static void a_claim_out_of_its_bounds_is_refused(void **state) {
    (void)state;
    struct jose_request requests[17];
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(requests); i++)
        requests[i] = jose_wire_sample_request(FUNCTION_KYC);
    requests[count++].issuer[0] = '\0';
    requests[count++].audience[0] = '\0';
    requests[count++].api_key[0] = '\0';
    requests[count++].issuer[1] = '\n';
    requests[count++].audience[1] = '\xff';
    requests[count++].api_key[1] = '\x7f';
    requests[count++].transaction[7] = '\0';
    requests[count++].transaction[3] = '~';
    requests[count++].issued_ms += 1;
    requests[count++].issued_ms = -1000;
    requests[count++].issued_ms = (JOSE_SECONDS_MAX + 1) * 1000;
    memcpy(requests[count++].attributes[1], "name", 5);
    requests[count++].attributes[0][1] = ' ';
    requests[count++].attributes[0][0] = '\0';
    requests[count++].lives_in_part[0] = '\0';
    requests[count++].lives_in_value[0] = '\0';
    requests[count++].lives_in_part[1] = '\t';
    assert_int_equal(count, COUNT_OF(requests));
    for (size_t i = 0; i < count; i++)
        assert_refused(&requests[i]);
}

static void a_signature_over_nothing_is_refused(void **state) {
    (void)state;
    struct jose_request request = jose_wire_sample_request(FUNCTION_AUTH), read;
    request.signed_len = 0;
    assert_refused(&request);
    request.signed_len = EDGE_BODY_MAX;
    assert_refused(&request);
    request.signed_len = EDGE_BODY_MAX - 1;
    assert_int_equal(read_request(write_request(&request), &read), ERR_OK);
}

static void a_sealed_block_has_all_its_parts(void **state) {
    (void)state;
    static const uint8_t zeroes[JOSE_PROTECTED_MAX + 1];
    static char header[JOSE_PROTECTED_MAX + 1];
    memset(header, 'A', sizeof header);
    struct jose_request good = jose_wire_sample_request(FUNCTION_AUTH), request = good, read;
    request.sealed.protected_header = bytes_of(header, JOSE_PROTECTED_MAX);
    request.sealed.party_u = request.sealed.party_v = bytes_of(zeroes, JOSE_PARTY_MAX);
    assert_int_equal(read_request(write_request(&request), &read), ERR_OK);
    request.sealed.protected_header = bytes_of_text("a.b");
    assert_refused(&request);
    request.sealed.protected_header = bytes_of_text("");
    assert_refused(&request);
    request.sealed.protected_header = bytes_of(header, sizeof header);
    assert_int_equal(read_request(write_request(&request), &read), ERR_TOO_LARGE);
    request = good;
    request.sealed.ciphertext = bytes_of_text("");
    assert_refused(&request);
    request = good;
    request.sealed.party_u = bytes_of(zeroes, JOSE_PARTY_MAX + 1);
    assert_int_equal(read_request(write_request(&request), &read), ERR_TOO_LARGE);
    request = good;
    request.sealed.party_v = bytes_of(zeroes, JOSE_PARTY_MAX + 1);
    assert_int_equal(read_request(write_request(&request), &read), ERR_TOO_LARGE);
}

static void the_largest_request_fits_a_frame(void **state) {
    (void)state;
    static const uint8_t ciphertext[EDGE_BODY_MAX];
    struct jose_request request = jose_wire_sample_request(FUNCTION_KYC), read;
    request.sealed.ciphertext = bytes_of(ciphertext, sizeof ciphertext);
    request.attribute_count = JOSE_ATTRIBUTES_MAX;
    for (size_t i = 0; i < JOSE_ATTRIBUTES_MAX; i++)
        (void)snprintf(request.attributes[i], JOSE_ATTRIBUTE_SIZE, "%039zu", i);
    assert_int_equal(read_request(write_request(&request), &read), ERR_OK);
    assert_string_equal(read.attributes[31], "000000000000000000000000000000000000031");
}

static void a_sealed_question_comes_through_and_is_never_empty(void **state) {
    (void)state;
    struct jose_sealed_question sent = jose_wire_sample_sealed_question(), read;
    assert_int_equal(read_sealed_question(write_sealed_question(&sent), &read), ERR_OK);
    assert_memory_equal(read.content_key, sent.content_key, sizeof sent.content_key);
    assert_true(bytes_equal(read.protected_header, sent.protected_header));
    assert_memory_equal(read.iv, sent.iv, sizeof sent.iv);
    assert_true(bytes_equal(read.ciphertext, sent.ciphertext));
    assert_memory_equal(read.tag, sent.tag, sizeof sent.tag);
    sent.ciphertext = bytes_of_text("");
    assert_int_equal(read_sealed_question(write_sealed_question(&sent), &read), ERR_MALFORMED);
    sent = jose_wire_sample_sealed_question();
    sent.protected_header = bytes_of_text("");
    assert_int_equal(read_sealed_question(write_sealed_question(&sent), &read), ERR_MALFORMED);
    sent.protected_header = bytes_of_text("a=");
    assert_int_equal(read_sealed_question(write_sealed_question(&sent), &read), ERR_MALFORMED);
}

static void what_was_sealed_comes_through_with_every_field(void **state) {
    (void)state;
    static struct jose_sealed sent, read;
    sent = jose_wire_sample_sealed();
    assert_int_equal(read_sealed(write_sealed(&sent), &read), ERR_OK);
    assert_true(read.opened && read.well_formed);
    assert_string_equal(read.audience, sent.audience);
    assert_string_equal(read.issuer, sent.issuer);
    assert_string_equal(read.transaction, sent.transaction);
    assert_int_equal(read.captured_ms, sent.captured_ms);
    assert_string_equal(read.nonce, sent.nonce);
    assert_string_equal(read.device, sent.device);
    assert_string_equal(read.individual_id, sent.individual_id);
    assert_string_equal(read.individual_id_type, sent.individual_id_type);
    assert_true(read.payload.has_otp && read.payload.otp_well_formed);
    assert_string_equal(read.payload.otp, "123456");
    assert_int_equal(read.payload.demographic_count, 2);
    assert_string_equal(read.payload.demographics[1].language, "ara");
    assert_false(read.payload.is_json || read.payload.hash_matches);
}

static void of_what_is_not_well_formed_nothing_is_said(void **state) {
    (void)state;
    static struct jose_sealed sent, read;
    sent = jose_wire_sample_sealed();
    sent.well_formed = false;
    assert_int_equal(read_sealed(write_sealed(&sent), &read), ERR_OK);
    assert_true(read.opened && !read.well_formed);
    assert_nothing_stays(&read, sizeof read);
    sent.well_formed = true;
    sent.opened = false;
    assert_int_equal(read_sealed(write_sealed(&sent), &read), ERR_MALFORMED);
}

static void what_was_sealed_has_bounds(void **state) {
    (void)state;
    static struct jose_sealed sealed[16], read;
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(sealed); i++)
        sealed[i] = jose_wire_sample_sealed();
    sealed[count++].audience[0] = '\0';
    sealed[count++].issuer[0] = '\0';
    sealed[count++].device[0] = '\0';
    sealed[count++].individual_id[0] = '\0';
    sealed[count++].device[1] = '\r';
    sealed[count++].transaction[7] = '\0';
    sealed[count++].nonce[21] = '\0';
    sealed[count++].nonce[2] = '.';
    sealed[count++].individual_id_type[0] = 'u';
    sealed[count++].individual_id_type[0] = '\0';
    sealed[count++].captured_ms += 999;
    sealed[count++].captured_ms = -1000;
    sealed[count++].payload.otp[5] = 'x';
    sealed[count++].payload.has_otp = false;
    sealed[count].payload.otp[0] = '\0';
    sealed[count++].payload.otp_well_formed = false;
    sealed[count].payload.demographic_count = 0;
    sealed[count++].payload.demographics_malformed = true;
    assert_int_equal(count, COUNT_OF(sealed));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(read_sealed(write_sealed(&sealed[i]), &read), ERR_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_is_read_whole_or_not_at_all),
        cmocka_unit_test(no_changed_byte_breaks_a_reader),
        cmocka_unit_test(a_question_comes_through),
        cmocka_unit_test(a_request_comes_through_with_every_field),
        cmocka_unit_test(a_request_without_a_signature_has_no_part_of_one),
        cmocka_unit_test(of_a_request_that_was_not_read_only_its_function_is_said),
        cmocka_unit_test(a_request_that_is_refused_is_malformed),
        cmocka_unit_test(a_request_has_what_its_call_has_and_no_more),
        cmocka_unit_test(a_claim_out_of_its_bounds_is_refused),
        cmocka_unit_test(a_signature_over_nothing_is_refused),
        cmocka_unit_test(a_sealed_block_has_all_its_parts),
        cmocka_unit_test(the_largest_request_fits_a_frame),
        cmocka_unit_test(a_sealed_question_comes_through_and_is_never_empty),
        cmocka_unit_test(what_was_sealed_comes_through_with_every_field),
        cmocka_unit_test(of_what_is_not_well_formed_nothing_is_said),
        cmocka_unit_test(what_was_sealed_has_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
