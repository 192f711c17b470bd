#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/evidence.h"
#include "tests/unit/core_fixture.h"

static const uint8_t signature[256] = {1, 2, 3};

static struct evidence sample(void) {
    struct evidence evidence = {.profile = EDGE_PROFILE_MOSIP,
                                .function = FUNCTION_AUTH,
                                .partner_id = "tayssir",
                                .policy_id = "policy-1",
                                .transaction = "1234567890",
                                .request_time_ms = -1,
                                .person = {7},
                                .factors = 1,
                                .verdict = true,
                                .error_code = "IDA-OTA-004",
                                .reason = "otp-wrong",
                                .body_hash = {8},
                                .certificate_thumbprint = {9},
                                .request_signature = bytes_of(signature, sizeof signature),
                                .answer_hash = {10},
                                .signer_index = 3,
                                .signer_process = {11},
                                .signer_sequence = UINT64_MAX};
    return evidence;
}

static struct evidence jose_sample(void) {
    struct evidence evidence = sample();
    evidence.profile = EDGE_PROFILE_JOSE;
    evidence.problem = PROBLEM_REPLAYED;
    evidence.is_repeat = true;
    evidence.kid[0] = 12;
    snprintf(evidence.device, sizeof evidence.device, "tablet 7");
    return evidence;
}

static struct bytes encode(const struct evidence *evidence, uint8_t *memory, size_t size) {
    struct buffer target = buffer_over(memory, size);
    struct bytes written;
    evidence_put(&target, evidence);
    assert_int_equal(buffer_end(&target, &written), ERR_OK);
    return written;
}

static void what_is_written_is_read(void **state) {
    (void)state;
    uint8_t memory[2048], again[2048];
    struct evidence evidence = sample(), read;
    struct bytes written = encode(&evidence, memory, sizeof memory);
    assert_int_equal(evidence_get(written, &read), ERR_OK);
    assert_int_equal(read.function, FUNCTION_AUTH);
    assert_string_equal(read.partner_id, "tayssir");
    assert_string_equal(read.policy_id, "policy-1");
    assert_string_equal(read.transaction, "1234567890");
    assert_string_equal(read.error_code, "IDA-OTA-004");
    assert_string_equal(read.reason, "otp-wrong");
    assert_true(read.verdict);
    assert_true(read.request_time_ms == -1 && read.signer_sequence == UINT64_MAX);
    assert_int_equal(read.signer_index, 3);
    assert_memory_equal(read.person, evidence.person, sizeof read.person);
    assert_int_equal(read.request_signature.len, sizeof signature);
    assert_memory_equal(read.request_signature.data, signature, sizeof signature);
    struct bytes rewritten = encode(&read, again, sizeof again);
    assert_int_equal(rewritten.len, written.len);
    assert_memory_equal(rewritten.data, written.data, written.len);
}

static void what_the_jose_profile_adds_is_read(void **state) {
    (void)state;
    uint8_t memory[2048], again[2048];
    struct evidence evidence = jose_sample(), read;
    struct bytes written = encode(&evidence, memory, sizeof memory);
    assert_int_equal(evidence_get(written, &read), ERR_OK);
    assert_int_equal(read.profile, EDGE_PROFILE_JOSE);
    assert_int_equal(read.problem, PROBLEM_REPLAYED);
    assert_true(read.is_repeat);
    assert_string_equal(read.device, "tablet 7");
    assert_memory_equal(read.kid, evidence.kid, sizeof read.kid);
    struct bytes rewritten = encode(&read, again, sizeof again);
    assert_int_equal(rewritten.len, written.len);
    assert_memory_equal(rewritten.data, written.data, written.len);
}

static void refuse_cuts_and_additions(struct evidence evidence) {
    uint8_t memory[2048];
    struct evidence read;
    struct bytes written = encode(&evidence, memory, sizeof memory);
    for (size_t len = 0; len < written.len; len++) {
        uint8_t *exact = malloc(len + 1); /* so that a sanitizer sees what lies behind the end */
        assert_non_null(exact);
        memcpy(exact, written.data, len);
        assert_int_not_equal(evidence_get(bytes_of(exact, len), &read), ERR_OK);
        free(exact);
    }
    memory[written.len] = 0;
    assert_int_not_equal(evidence_get(bytes_of(memory, written.len + 1), &read), ERR_OK);
}

static void every_cut_and_every_addition_is_refused(void **state) {
    (void)state;
    refuse_cuts_and_additions(sample());
    refuse_cuts_and_additions(jose_sample());
}

static void another_format_is_refused(void **state) {
    (void)state;
    uint8_t memory[2048];
    struct evidence evidence = sample(), read;
    struct bytes written = encode(&evidence, memory, sizeof memory);
    memory[0] = 0;
    assert_int_equal(evidence_get(written, &read), ERR_MALFORMED);
    memory[0] = EDGE_PROFILE_JOSE + 1;
    assert_int_equal(evidence_get(written, &read), ERR_MALFORMED);
}

static void a_request_leaves_no_name_behind(void **state) {
    (void)state;
    uint8_t memory[4096];
    struct evidence evidence;
    struct request *request = core_fixture_about("tayssir", 4711, "1234567890");
    request->envelope.function = FUNCTION_AUTH;
    core_fixture_text(&request->envelope.individual_id, request->identity->uin);
    memcpy(request->payload.otp, "314159", 7);
    snprintf(request->statement.transaction, sizeof request->statement.transaction, "1234567890");
    request_refuse(request, MOSIP_OTA_004, "", "otp-wrong");
    assert_int_equal(evidence_of(request, &evidence), ERR_OK);
    assert_string_equal(evidence.error_code, "IDA-OTA-004");
    assert_string_equal(evidence.reason, "otp-wrong");
    assert_string_equal(evidence.transaction, "1234567890");
    assert_false(evidence.verdict);
    struct bytes written = encode(&evidence, memory, sizeof memory);
    const char *const secrets[] = {request->identity->uin, request->identity->phone,
                                   request->identity->email, request->identity->token,
                                   request->payload.otp};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        assert_null(memmem(written.data, written.len, secrets[i], strlen(secrets[i])));
    assert_null(memmem(written.data, written.len, request->person_key, 4));
    core_fixture_free(request);
}

static void a_transaction_that_is_none_is_left_out(void **state) {
    (void)state;
    struct evidence evidence;
    struct request *request = core_fixture_request();
    memset(request->statement.transaction, 'x', sizeof request->statement.transaction - 1);
    assert_int_equal(evidence_of(request, &evidence), ERR_OK);
    assert_string_equal(evidence.transaction, "");
    assert_string_equal(evidence.error_code, "");
    core_fixture_free(request);
}

int main(void) {
    store_fixture_secrets();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_the_jose_profile_adds_is_read),
        cmocka_unit_test(every_cut_and_every_addition_is_refused),
        cmocka_unit_test(another_format_is_refused),
        cmocka_unit_test(a_request_leaves_no_name_behind),
        cmocka_unit_test(a_transaction_that_is_none_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
