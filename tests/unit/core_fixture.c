#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/otp.h"
#include "tests/unit/core_fixture.h"

struct settings core_fixture_settings(const char *text) {
    struct settings settings;
    struct conf_problem problem = {0};
    assert_int_equal(settings_read(bytes_of_text(text), &settings, &problem), ERR_OK);
    return settings;
}

void core_fixture_make(struct core_box *box, const char *settings) {
    ledger_fixture_make(&box->store, 10000);
    memset(&box->core, 0, sizeof box->core);
    box->core.settings = core_fixture_settings(settings);
    box->core.ledger = box->store.ledger;
    box->core.journal = box->store.journal;
    box->core.record_keys = store_fixture_keys(1);
    box->core.state_keys = store_fixture_keys(1);
    box->core.epoch = 1;
}

void core_fixture_remove(struct core_box *box) {
    record_keys_free(box->core.record_keys);
    record_keys_free(box->core.state_keys);
    ledger_fixture_remove(&box->store);
}

void core_fixture_restart(struct core_box *box) {
    ledger_fixture_close(&box->store);
    ledger_fixture_open(&box->store);
    box->core.ledger = box->store.ledger;
    box->core.journal = box->store.journal;
    box->core.epoch++;
}

struct request *core_fixture_request(void) {
    struct request *request = calloc(1, sizeof *request);
    assert_non_null(request);
    request->effects = buffer_over(request->effects_memory, sizeof request->effects_memory);
    request->deadline_boot_ms = INT64_MAX;
    return request;
}

void core_fixture_free(struct request *request) {
    request_release(request);
    free(request);
}

void core_fixture_text(struct text_field *field, const char *text) {
    assert_true(strlen(text) < sizeof field->text);
    field->presence = FIELD_PRESENT;
    snprintf(field->text, sizeof field->text, "%s", text);
}

struct identity *core_fixture_identity(unsigned person) {
    uint8_t memory[IDENTITY_PLAIN_MAX];
    struct buffer plain = buffer_over(memory, sizeof memory);
    struct bytes written;
    struct identity *decoded = NULL;
    struct identity *identity = calloc(1, sizeof *identity);
    assert_non_null(identity);
    snprintf(identity->uin, sizeof identity->uin, "%010u", 2000000000u + person);
    snprintf(identity->token, sizeof identity->token, "%036u", person);
    snprintf(identity->phone, sizeof identity->phone, "+2126%08u", person);
    snprintf(identity->email, sizeof identity->email, "person%u@example.org", person);
    snprintf(identity->language, sizeof identity->language, "ara");
    identity->audit_salt[0] = (uint8_t)(person + 1);
    identity->birth_year = 1990;
    assert_int_equal(identity_encode(identity, &plain), ERR_OK);
    assert_int_equal(buffer_end(&plain, &written), ERR_OK);
    assert_int_equal(identity_decode(written, &decoded), ERR_OK);
    free(identity);
    return decoded;
}

struct request *core_fixture_about(const char *programme, unsigned person,
                                   const char *transaction) {
    struct request *request = core_fixture_request();
    snprintf(request->partner.id, sizeof request->partner.id, "%s", programme);
    core_fixture_text(&request->envelope.transaction_id, transaction);
    request->standing = STANDING_PROGRAMME;
    request->identifier_type = IDENTIFIER_UIN;
    memcpy(request->person_key, &person, sizeof person);
    request->lookup = (struct hsm_lookup_keys){.count = 1, .of[0].generation = 1};
    memcpy(request->lookup.of[0].key, &person, sizeof person);
    request->identity = core_fixture_identity(person);
    request->envelope.channel_phone = true;
    return request;
}

const char *core_fixture_codes(const struct request *request) {
    static _Thread_local char text[256];
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < request->statement.error_count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i == 0 ? "" : " ",
                                mosip_error_code(request->statement.errors[i].error));
    return text;
}

struct core_code core_fixture_ask(struct core_box *box, const char *programme, unsigned person,
                                  const char *transaction) {
    struct core_code code = {.text = ""};
    struct request *request = core_fixture_about(programme, person, transaction);
    request->envelope.function = FUNCTION_OTP;
    assert_int_equal(otp_issue(&box->core, request, true), ERR_OK);
    assert_int_equal(request->otp.data != NULL, !request_refused(request));
    if (request->otp.data != NULL)
        memcpy(code.text, request->otp.data, sizeof code.text);
    snprintf(code.codes, sizeof code.codes, "%s", core_fixture_codes(request));
    core_fixture_free(request);
    return code;
}

const char *core_fixture_guess(struct core_box *box, const char *programme, unsigned person,
                               const char *transaction, const char *code) {
    struct request *request = core_fixture_about(programme, person, transaction);
    request->envelope.function = FUNCTION_AUTH;
    memcpy(request->payload.otp, code, 7);
    assert_int_equal(otp_verify(&box->core, request), ERR_OK);
    const char *codes = core_fixture_codes(request);
    core_fixture_free(request);
    return codes;
}

struct core_code core_fixture_wrong(const struct core_code *code) {
    struct core_code wrong = *code;
    wrong.text[5] = (char)('0' + (wrong.text[5] - '0' + 1) % 10);
    return wrong;
}
