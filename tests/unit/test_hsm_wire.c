#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/hsm_message.h"

static uint8_t memory[2 * STATEMENT_BODY_MAX];

static void write_hello(struct buffer *target) {
    struct hsm_hello hello = {
        .signer_index = 7, .keyring_sequence = UINT64_C(0x0807060504030201), .complete = true};
    hsm_message_fill(hello.process_id, sizeof hello.process_id);
    hsm_wire_put_hello(target, &hello);
}

static enum err read_hello(struct bytes payload) {
    struct hsm_hello hello;
    uint8_t expected[HSM_PROCESS_ID_BYTES];
    ERR_TRY(hsm_wire_get_hello(payload, &hello));
    hsm_message_fill(expected, sizeof expected);
    assert_int_equal(hello.signer_index, 7);
    assert_true(hello.keyring_sequence == UINT64_C(0x0807060504030201));
    assert_true(hello.complete && !hello.provisioned);
    assert_memory_equal(hello.process_id, expected, sizeof expected);
    return ERR_OK;
}

static void make_unwrap(struct hsm_unwrap *question) {
    *question = (struct hsm_unwrap){
        .has_thumbprint = true, .purpose = HSM_PURPOSE_IDA_FIR, .has_id_hash = true};
    hsm_message_fill(question->thumbprint, sizeof question->thumbprint);
    hsm_message_fill(question->wrapped, sizeof question->wrapped);
    hsm_message_fill(question->id_hash, sizeof question->id_hash);
}

static void write_unwrap(struct buffer *target) {
    struct hsm_unwrap question;
    make_unwrap(&question);
    hsm_wire_put_unwrap(target, &question);
}

static enum err read_unwrap(struct bytes payload) {
    struct hsm_unwrap question, expected;
    ERR_TRY(hsm_wire_get_unwrap(payload, &question));
    make_unwrap(&expected);
    assert_true(question.has_thumbprint && question.has_id_hash);
    assert_int_equal(question.purpose, expected.purpose);
    assert_memory_equal(question.thumbprint, expected.thumbprint, sizeof expected.thumbprint);
    assert_memory_equal(question.wrapped, expected.wrapped, sizeof expected.wrapped);
    assert_memory_equal(question.id_hash, expected.id_hash, sizeof expected.id_hash);
    return ERR_OK;
}

static void make_keys(struct hsm_lookup_keys *keys) {
    *keys = (struct hsm_lookup_keys){.count = 2};
    for (size_t i = 0; i < keys->count; i++) {
        keys->of[i].generation = (uint16_t)(258 + i);
        hsm_message_fill(keys->of[i].key, sizeof keys->of[i].key);
        keys->of[i].key[0] = (uint8_t)(i + 7);
    }
}

static void check_keys(const struct hsm_lookup_keys *keys) {
    struct hsm_lookup_keys expected;
    make_keys(&expected);
    assert_int_equal(keys->count, expected.count);
    for (size_t i = 0; i < expected.count; i++) {
        assert_int_equal(keys->of[i].generation, expected.of[i].generation);
        assert_memory_equal(keys->of[i].key, expected.of[i].key, HSM_LOOKUP_KEY_BYTES);
    }
}

static void write_unwrapped(struct buffer *target) {
    struct hsm_unwrapped answer = {.receipt = HSM_MESSAGE_RECEIPT};
    hsm_message_fill(answer.content_key, sizeof answer.content_key);
    answer.generation = 258;
    make_keys(&answer.lookup);
    hsm_wire_put_unwrapped(target, &answer);
}

static enum err read_unwrapped(struct bytes payload) {
    struct hsm_unwrapped answer;
    uint8_t expected[32];
    ERR_TRY(hsm_wire_get_unwrapped(payload, &answer));
    hsm_message_fill(expected, sizeof expected);
    hsm_message_check_receipt(&answer.receipt);
    assert_memory_equal(answer.content_key, expected, sizeof expected);
    assert_int_equal(answer.generation, 258);
    check_keys(&answer.lookup);
    return ERR_OK;
}

static void write_lookup(struct buffer *target) {
    static struct hsm_lookup question = {.count = 3};
    hsm_message_fill(question.id_hash, 3 * HSM_ID_HASH_BYTES);
    hsm_wire_put_lookup(target, &question);
}

static enum err read_lookup(struct bytes payload) {
    static struct hsm_lookup question;
    uint8_t expected[3 * HSM_ID_HASH_BYTES];
    ERR_TRY(hsm_wire_get_lookup(payload, &question));
    hsm_message_fill(expected, sizeof expected);
    assert_int_equal(question.count, 3);
    assert_memory_equal(question.id_hash, expected, sizeof expected);
    return ERR_OK;
}

static void write_looked_up(struct buffer *target) {
    static struct hsm_looked_up answer = {.receipt = HSM_MESSAGE_RECEIPT, .count = 2};
    for (size_t i = 0; i < answer.count; i++)
        make_keys(&answer.lookup[i]);
    hsm_wire_put_looked_up(target, &answer);
}

static enum err read_looked_up(struct bytes payload) {
    static struct hsm_looked_up answer;
    ERR_TRY(hsm_wire_get_looked_up(payload, &answer));
    hsm_message_check_receipt(&answer.receipt);
    assert_int_equal(answer.count, 2);
    for (size_t i = 0; i < answer.count; i++)
        check_keys(&answer.lookup[i]);
    return ERR_OK;
}

static const struct statement sample_statement = {
    .kind = STATEMENT_AUTH,
    .id = "mosip.identity.auth",
    .version = "1.0",
    .transaction = "1234567890",
    .response_time_ms = -5,
    .verdict = true,
    .token = "262857117820347028021645134813734032",
    .masked_mobile = "XXXXXX8538",
    .masked_email = "XXkXX@example.org",
    .error_count = 2,
    .errors = {{.error = MOSIP_OTA_001, .detail = ""},
               {.error = MOSIP_EKA_001, .detail = "requestTime", .action = MOSIP_ACTION_TRY_LATER}},
};

static void write_statement(struct buffer *target) {
    hsm_wire_put_statement(target, &sample_statement);
}

static enum err read_statement(struct bytes payload) {
    struct statement question;
    ERR_TRY(hsm_wire_get_statement(payload, &question));
    assert_int_equal(question.kind, sample_statement.kind);
    assert_string_equal(question.id, sample_statement.id);
    assert_string_equal(question.version, sample_statement.version);
    assert_string_equal(question.transaction, sample_statement.transaction);
    assert_true(question.response_time_ms == sample_statement.response_time_ms);
    assert_true(question.verdict);
    assert_string_equal(question.token, sample_statement.token);
    assert_string_equal(question.masked_mobile, sample_statement.masked_mobile);
    assert_string_equal(question.masked_email, sample_statement.masked_email);
    assert_int_equal(question.error_count, 2);
    assert_int_equal(question.errors[0].error, MOSIP_OTA_001);
    assert_int_equal(question.errors[1].error, MOSIP_EKA_001);
    assert_string_equal(question.errors[1].detail, "requestTime");
    assert_int_equal(question.errors[0].action, MOSIP_ACTION_OF_ERROR);
    assert_int_equal(question.errors[1].action, MOSIP_ACTION_TRY_LATER);
    return ERR_OK;
}

static void write_stated(struct buffer *target) {
    struct hsm_stated answer = {.receipt = HSM_MESSAGE_RECEIPT,
                                .body = bytes_of_text("{}"),
                                .signature = bytes_of_text("a..b")};
    hsm_wire_put_stated(target, &answer);
}

static enum err read_stated(struct bytes payload) {
    struct hsm_stated answer;
    ERR_TRY(hsm_wire_get_stated(payload, &answer));
    hsm_message_check_receipt(&answer.receipt);
    assert_true(bytes_equal_text(answer.body, "{}"));
    assert_true(bytes_equal_text(answer.signature, "a..b"));
    return ERR_OK;
}

static void write_checkpoint(struct buffer *target) {
    struct hsm_checkpoint question = {
        .tree_size = 1, .wall_ms = -2, .registry_sequence = 3, .state_sequence = UINT64_MAX};
    hsm_message_fill(question.tree_root, sizeof question.tree_root);
    hsm_wire_put_checkpoint(target, &question);
}

static enum err read_checkpoint(struct bytes payload) {
    struct hsm_checkpoint question;
    uint8_t expected[MERKLE_HASH_BYTES];
    ERR_TRY(hsm_wire_get_checkpoint(payload, &question));
    hsm_message_fill(expected, sizeof expected);
    assert_true(question.tree_size == 1 && question.wall_ms == -2);
    assert_true(question.registry_sequence == 3 && question.state_sequence == UINT64_MAX);
    assert_memory_equal(question.tree_root, expected, sizeof expected);
    return ERR_OK;
}

static void write_high_water(struct buffer *target) {
    struct hsm_high_water answer = {
        .receipt = HSM_MESSAGE_RECEIPT,
        .mark = {.tree_size = UINT64_MAX, .registry_sequence = 2, .state_sequence = 3}};
    hsm_wire_put_high_water(target, &answer);
}

static enum err read_high_water(struct bytes payload) {
    struct hsm_high_water answer;
    ERR_TRY(hsm_wire_get_high_water(payload, &answer));
    hsm_message_check_receipt(&answer.receipt);
    assert_true(answer.mark.tree_size == UINT64_MAX);
    assert_true(answer.mark.registry_sequence == 2);
    assert_true(answer.mark.state_sequence == 3);
    return ERR_OK;
}

static void write_checkpointed(struct buffer *target) {
    struct hsm_checkpointed answer = {.receipt = HSM_MESSAGE_RECEIPT,
                                      .note = bytes_of_text("note\n")};
    hsm_wire_put_checkpointed(target, &answer);
}

static enum err read_checkpointed(struct bytes payload) {
    struct hsm_checkpointed answer;
    ERR_TRY(hsm_wire_get_checkpointed(payload, &answer));
    hsm_message_check_receipt(&answer.receipt);
    assert_true(bytes_equal_text(answer.note, "note\n"));
    return ERR_OK;
}

static void write_open_root(struct buffer *target) {
    struct hsm_open_root question = {.generation = 9};
    hsm_message_fill(question.wrapped, sizeof question.wrapped);
    hsm_wire_put_open_root(target, &question);
}

static enum err read_open_root(struct bytes payload) {
    struct hsm_open_root question;
    uint8_t expected[HSM_ROOT_WRAPPED_BYTES];
    ERR_TRY(hsm_wire_get_open_root(payload, &question));
    hsm_message_fill(expected, sizeof expected);
    assert_int_equal(question.generation, 9);
    assert_memory_equal(question.wrapped, expected, sizeof expected);
    return ERR_OK;
}

static void write_root_opened(struct buffer *target) {
    struct hsm_root_opened answer = {.receipt = HSM_MESSAGE_RECEIPT};
    hsm_message_fill(answer.root, sizeof answer.root);
    hsm_wire_put_root_opened(target, &answer);
}

static enum err read_root_opened(struct bytes payload) {
    struct hsm_root_opened answer;
    uint8_t expected[HSM_ROOT_BYTES];
    ERR_TRY(hsm_wire_get_root_opened(payload, &answer));
    hsm_message_fill(expected, sizeof expected);
    hsm_message_check_receipt(&answer.receipt);
    assert_memory_equal(answer.root, expected, sizeof expected);
    return ERR_OK;
}

static void write_root_made(struct buffer *target) {
    struct hsm_root_made answer = {.receipt = HSM_MESSAGE_RECEIPT};
    hsm_message_fill(answer.wrapped, sizeof answer.wrapped);
    hsm_wire_put_root_made(target, &answer);
}

static enum err read_root_made(struct bytes payload) {
    struct hsm_root_made answer;
    uint8_t expected[HSM_ROOT_WRAPPED_BYTES];
    ERR_TRY(hsm_wire_get_root_made(payload, &answer));
    hsm_message_fill(expected, sizeof expected);
    hsm_message_check_receipt(&answer.receipt);
    assert_memory_equal(answer.wrapped, expected, sizeof expected);
    return ERR_OK;
}

static void write_publication(struct buffer *target) {
    struct hsm_publication answer = {
        .receipt = HSM_MESSAGE_RECEIPT,
        .jwks = bytes_of_text("{\"keys\":[]}"),
        .partner_pem = bytes_of_text("partner"),
        .ida_fir_pem = bytes_of_text("fir"),
        .sign_pem = bytes_of_text("sign"),
        .root_pem = bytes_of_text("root"),
        .wrapped_by = {.partner = 515, .ida_fir = 2, .request = 1},
        .request_kid = "VMpdNZlKzR4N8N-UABaxU_3X4tAok5eY8thPSP3TfZA",
        .sequence = 77,
        .max_age_seconds = 300,
    };
    hsm_wire_put_publication(target, &answer);
}

static enum err read_publication(struct bytes payload) {
    struct hsm_publication answer;
    ERR_TRY(hsm_wire_get_publication(payload, &answer));
    hsm_message_check_receipt(&answer.receipt);
    assert_true(bytes_equal_text(answer.jwks, "{\"keys\":[]}"));
    assert_true(bytes_equal_text(answer.partner_pem, "partner"));
    assert_true(bytes_equal_text(answer.ida_fir_pem, "fir"));
    assert_true(bytes_equal_text(answer.sign_pem, "sign"));
    assert_true(bytes_equal_text(answer.root_pem, "root"));
    assert_true(answer.wrapped_by.partner == 515 && answer.wrapped_by.ida_fir == 2 &&
                answer.wrapped_by.request == 1);
    assert_true(answer.sequence == 77 && answer.max_age_seconds == 300);
    assert_string_equal(answer.request_kid, "VMpdNZlKzR4N8N-UABaxU_3X4tAok5eY8thPSP3TfZA");
    return ERR_OK;
}

static void write_generated(struct buffer *target) {
    struct hsm_generated answer = {.receipt = HSM_MESSAGE_RECEIPT, .made = 7};
    hsm_wire_put_generated(target, &answer);
}

static enum err read_generated(struct bytes payload) {
    struct hsm_generated answer;
    ERR_TRY(hsm_wire_get_generated(payload, &answer));
    hsm_message_check_receipt(&answer.receipt);
    assert_int_equal(answer.made, 7);
    return ERR_OK;
}

static const struct hsm_message messages[] = {
    HSM_MESSAGE(hello),      HSM_MESSAGE(unwrap),      HSM_MESSAGE(unwrapped),
    HSM_MESSAGE(lookup),     HSM_MESSAGE(looked_up),   HSM_MESSAGE(statement),
    HSM_MESSAGE(stated),     HSM_MESSAGE(checkpoint),  HSM_MESSAGE(checkpointed),
    HSM_MESSAGE(high_water), HSM_MESSAGE(open_root),   HSM_MESSAGE(root_opened),
    HSM_MESSAGE(root_made),  HSM_MESSAGE(publication), HSM_MESSAGE(generated),
};
#define MESSAGE_COUNT (sizeof messages / sizeof *messages)

static void every_message_comes_back_as_it_was_written(void **state) {
    (void)state;
    hsm_message_come_back(messages, MESSAGE_COUNT);
}

static void every_message_cut_short_anywhere_is_refused(void **state) {
    (void)state;
    hsm_message_refuse_cut_short(messages, MESSAGE_COUNT);
}

static void every_message_with_a_byte_too_much_is_refused(void **state) {
    (void)state;
    hsm_message_refuse_a_byte_too_much(messages, MESSAGE_COUNT);
}

static void a_writer_without_room_says_so(void **state) {
    (void)state;
    hsm_message_need_room(messages, MESSAGE_COUNT);
}

/* A refusal is a receipt alone: nothing of an earlier success can travel with it. */
static void a_refusal_carries_nothing_but_the_receipt(void **state) {
    (void)state;
    struct hsm_unwrapped answer = {.receipt = {.status = ERR_CRYPTO}}, read;
    make_keys(&answer.lookup);
    hsm_message_fill(answer.content_key, sizeof answer.content_key);
    answer.generation = 258;
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_unwrapped(&target, &answer);
    assert_int_equal(target.len, 11);
    assert_int_equal(hsm_wire_get_unwrapped(bytes_of(memory, target.len), &read), ERR_OK);
    assert_int_equal(read.receipt.status, ERR_CRYPTO);
    assert_int_equal(read.lookup.count, 0);
    const uint8_t zeroes[HSM_CONTENT_KEY_BYTES] = {0};
    assert_memory_equal(read.content_key, zeroes, sizeof zeroes);
    assert_int_equal(hsm_wire_get_unwrapped(bytes_of(memory, target.len + 1), &read),
                     ERR_MALFORMED);
}

static void a_status_that_is_no_answer_is_refused(void **state) {
    (void)state;
    static const enum err no_answers[] = {ERR_HSM, ERR_PIN, ERR_SYSTEM, ERR_TRUNCATED, 99, 255};
    for (size_t i = 0; i < sizeof no_answers / sizeof *no_answers; i++) {
        struct hsm_generated answer = {.receipt = HSM_MESSAGE_RECEIPT, .made = 7};
        struct buffer target = buffer_over(memory, sizeof memory);
        hsm_wire_put_generated(&target, &answer);
        memory[0] = (uint8_t)no_answers[i];
        assert_int_equal(hsm_wire_get_generated(bytes_of(memory, target.len), &answer),
                         ERR_MALFORMED);
        assert_int_not_equal(answer.receipt.status, ERR_OK);
    }
}

static void only_the_two_decrypting_purposes_can_be_asked_to_unwrap(void **state) {
    (void)state;
    for (unsigned purpose = 0; purpose < 256; purpose++) {
        struct hsm_unwrap question;
        struct bytes payload = hsm_message_written(&messages[1], memory, sizeof memory);
        memory[0] = (uint8_t)purpose;
        enum err err = hsm_wire_get_unwrap(payload, &question);
        bool allowed = purpose == HSM_PURPOSE_PARTNER || purpose == HSM_PURPOSE_IDA_FIR;
        assert_int_equal(err, allowed ? ERR_OK : ERR_MALFORMED);
        if (!allowed)
            assert_int_equal(question.purpose, HSM_PURPOSE_COUNT);
    }
}

static void a_flag_is_zero_or_one(void **state) {
    (void)state;
    struct hsm_unwrap question;
    struct bytes payload = hsm_message_written(&messages[1], memory, sizeof memory);
    memory[1] = 2;
    assert_int_equal(hsm_wire_get_unwrap(payload, &question), ERR_MALFORMED);
}

static void an_empty_or_overlong_batch_is_refused(void **state) {
    (void)state;
    static struct hsm_lookup question;
    static uint8_t payload[2 + (HSM_LOOKUP_BATCH_MAX + 1) * HSM_ID_HASH_BYTES];
    assert_int_equal(hsm_wire_get_lookup(bytes_of(payload, 2), &question), ERR_MALFORMED);
    payload[0] = 1, payload[1] = 1; /* 257 */
    assert_int_equal(hsm_wire_get_lookup(bytes_of(payload, sizeof payload), &question),
                     ERR_TOO_LARGE);
    assert_int_equal(question.count, 0);
    payload[1] = 0; /* 256: the most there may be */
    assert_int_equal(hsm_wire_get_lookup(bytes_of(payload, sizeof payload - 32), &question),
                     ERR_OK);
    assert_int_equal(question.count, HSM_LOOKUP_BATCH_MAX);
    question.count = HSM_LOOKUP_BATCH_MAX + 1;
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_lookup(&target, &question);
    assert_int_equal(target.err, ERR_TOO_LARGE);
}

static enum err read_keys(const struct hsm_lookup_keys *keys) {
    static struct hsm_looked_up batch;
    struct hsm_unwrapped unwrapped = {.receipt = HSM_MESSAGE_RECEIPT, .lookup = *keys};
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_unwrapped(&target, &unwrapped);
    assert_int_equal(target.err, ERR_OK);
    enum err alone = hsm_wire_get_unwrapped(bytes_of(memory, target.len), &unwrapped);
    batch = (struct hsm_looked_up){.receipt = HSM_MESSAGE_RECEIPT, .count = 2};
    make_keys(&batch.lookup[0]);
    batch.lookup[1] = *keys;
    target = buffer_over(memory, sizeof memory);
    hsm_wire_put_looked_up(&target, &batch);
    enum err among = hsm_wire_get_looked_up(bytes_of(memory, target.len), &batch);
    if (keys->count > 0)
        assert_int_equal(alone, among);
    assert_int_equal(batch.count, among == ERR_OK ? 2 : 0);
    assert_int_equal(unwrapped.lookup.count, alone == ERR_OK ? keys->count : 0);
    return among;
}

static void a_lookup_has_one_key_of_each_pepper(void **state) {
    (void)state;
    const struct hsm_lookup_keys none = {0};
    struct hsm_lookup_keys changed;
    assert_int_equal(read_keys(&none), ERR_MALFORMED); /* in a batch alone */
    make_keys(&changed);
    assert_int_equal(read_keys(&changed), ERR_OK);
    changed.count = 1;
    assert_int_equal(read_keys(&changed), ERR_OK);
    changed.of[0].generation = 0;
    assert_int_equal(read_keys(&changed), ERR_MALFORMED);
    make_keys(&changed);
    changed.of[1].generation = 0;
    assert_int_equal(read_keys(&changed), ERR_MALFORMED);
    changed.of[1].generation = changed.of[0].generation;
    assert_int_equal(read_keys(&changed), ERR_MALFORMED);
}

static void more_keys_than_there_are_peppers_are_refused(void **state) {
    (void)state;
    static struct hsm_looked_up batch;
    struct hsm_unwrapped unwrapped = {.receipt = HSM_MESSAGE_RECEIPT};
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_unwrapped(&target, &unwrapped);
    for (unsigned count = HSM_PEPPERS_MAX + 1; count < 256; count++) {
        memory[target.len - 1] = (uint8_t)count; /* and as many, each of its own generation */
        size_t len = target.len;
        for (unsigned i = 0; i < count; i++, len += 2 + HSM_LOOKUP_KEY_BYTES) {
            memory[len] = 0;
            memory[len + 1] = (uint8_t)(i + 1);
        }
        assert_int_equal(hsm_wire_get_unwrapped(bytes_of(memory, len), &unwrapped), ERR_MALFORMED);
        assert_int_equal(unwrapped.lookup.count, 0);
    }
    unwrapped =
        (struct hsm_unwrapped){.receipt = HSM_MESSAGE_RECEIPT, .lookup.count = HSM_PEPPERS_MAX + 1};
    target = buffer_over(memory, sizeof memory);
    hsm_wire_put_unwrapped(&target, &unwrapped);
    assert_int_equal(target.err, ERR_TOO_LARGE);
    batch =
        (struct hsm_looked_up){.receipt = HSM_MESSAGE_RECEIPT, .count = HSM_LOOKUP_BATCH_MAX + 1};
    target = buffer_over(memory, sizeof memory);
    hsm_wire_put_looked_up(&target, &batch);
    assert_int_equal(target.err, ERR_TOO_LARGE);
}

static enum err read_changed_statement(void (*change)(struct statement *statement)) {
    static struct statement statement, read;
    struct buffer target = buffer_over(memory, sizeof memory);
    statement = sample_statement;
    change(&statement);
    hsm_wire_put_statement(&target, &statement);
    if (target.err != ERR_OK)
        return target.err;
    return hsm_wire_get_statement(bytes_of(memory, target.len), &read);
}

static void set_kind_0(struct statement *statement) {
    statement->kind = 0;
}
static void set_kind_4(struct statement *statement) {
    statement->kind = 4;
}
static void set_no_error(struct statement *statement) {
    statement->errors[1].error = MOSIP_NO_ERROR;
}
static void set_unknown_error(struct statement *statement) {
    statement->errors[1].error = MOSIP_ERROR_COUNT;
}
static void set_unknown_action(struct statement *statement) {
    statement->errors[1].action = MOSIP_ACTION_COUNT;
}
static void set_too_many_errors(struct statement *statement) {
    statement->error_count = STATEMENT_ERRORS_MAX + 1;
}

static void a_statement_with_a_value_out_of_range_is_refused(void **state) {
    (void)state;
    assert_int_equal(read_changed_statement(set_kind_0), ERR_MALFORMED);
    assert_int_equal(read_changed_statement(set_kind_4), ERR_MALFORMED);
    assert_int_equal(read_changed_statement(set_no_error), ERR_MALFORMED);
    assert_int_equal(read_changed_statement(set_unknown_error), ERR_MALFORMED);
    assert_int_equal(read_changed_statement(set_unknown_action), ERR_MALFORMED);
    assert_int_equal(read_changed_statement(set_too_many_errors), ERR_TOO_LARGE);
}

static void set_identity(struct statement *statement, size_t len) {
    static const uint8_t identity[STATEMENT_IDENTITY_MAX + 1];
    statement->identity = bytes_of(identity, len);
}
static void set_identity_full(struct statement *statement) {
    set_identity(statement, STATEMENT_IDENTITY_MAX);
}
static void set_identity_over(struct statement *statement) {
    set_identity(statement, STATEMENT_IDENTITY_MAX + 1);
}

static enum err read_long_stated(size_t body_len) {
    static const uint8_t body[STATEMENT_BODY_MAX + 1], signature[STATEMENT_SIGNATURE_MAX];
    struct hsm_stated sent = {.body = bytes_of(body, body_len),
                              .signature = bytes_of(signature, sizeof signature)},
                      read;
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_stated(&target, &sent);
    assert_int_equal(target.err, ERR_OK);
    return hsm_wire_get_stated(bytes_of(memory, target.len), &read);
}

static void attributes_and_bodies_have_their_bounds(void **state) {
    (void)state;
    assert_int_equal(read_changed_statement(set_identity_full), ERR_OK);
    assert_int_equal(read_changed_statement(set_identity_over), ERR_TOO_LARGE);
    assert_int_equal(read_long_stated(STATEMENT_BODY_MAX), ERR_OK);
    assert_int_equal(read_long_stated(STATEMENT_BODY_MAX + 1), ERR_TOO_LARGE);
}

static void a_text_too_long_for_its_field_is_refused(void **state) {
    (void)state;
    static struct statement read;
    char long_id[65];
    struct buffer target = buffer_over(memory, sizeof memory);
    memset(long_id, 'a', 64);
    long_id[64] = '\0';
    buffer_u8(&target, STATEMENT_AUTH);
    buffer_text(&target, long_id);
    assert_int_equal(hsm_wire_get_statement(bytes_of(memory, target.len), &read), ERR_TOO_LARGE);
}

static void every_purpose_and_error_has_its_text(void **state) {
    (void)state;
    assert_string_equal(hsm_purpose_text(HSM_PURPOSE_PARTNER), "IDA/PARTNER");
    assert_string_equal(hsm_purpose_text(HSM_PURPOSE_REQUEST), "IDCS/REQUEST");
    assert_string_equal(hsm_purpose_text(HSM_PURPOSE_COUNT), "unknown");
    for (unsigned i = 0; i < HSM_PURPOSE_COUNT; i++) {
        const char *begins = i < HSM_PURPOSE_FIRST_OPTIONAL ? "IDA/" : "IDCS/";
        const char *text = hsm_purpose_text((enum hsm_purpose)i);
        assert_int_equal(strncmp(text, begins, strlen(begins)), 0);
    }
    for (unsigned i = 1; i < MOSIP_ERROR_COUNT; i++) {
        assert_int_equal(strlen(mosip_error_code((enum mosip_error)i)), 11);
        assert_true(mosip_error_message((enum mosip_error)i)[0] != '\0');
    }
    assert_string_equal(mosip_error_code(MOSIP_MLC_006), "IDA-MLC-006");
    assert_string_equal(mosip_error_code(MOSIP_NO_ERROR), "");
    assert_string_equal(mosip_error_action((enum mosip_error)9999), "");
    for (unsigned i = 1; i < MOSIP_ACTION_COUNT; i++)
        assert_int_equal(strncmp(mosip_error_advice((enum mosip_action)i), "Please try ", 11), 0);
    assert_string_equal(mosip_error_advice(MOSIP_ACTION_OF_ERROR), "");
    assert_string_equal(mosip_error_advice((enum mosip_action)9999), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_comes_back_as_it_was_written),
        cmocka_unit_test(every_message_cut_short_anywhere_is_refused),
        cmocka_unit_test(every_message_with_a_byte_too_much_is_refused),
        cmocka_unit_test(a_writer_without_room_says_so),
        cmocka_unit_test(a_refusal_carries_nothing_but_the_receipt),
        cmocka_unit_test(a_status_that_is_no_answer_is_refused),
        cmocka_unit_test(only_the_two_decrypting_purposes_can_be_asked_to_unwrap),
        cmocka_unit_test(a_flag_is_zero_or_one),
        cmocka_unit_test(an_empty_or_overlong_batch_is_refused),
        cmocka_unit_test(a_lookup_has_one_key_of_each_pepper),
        cmocka_unit_test(more_keys_than_there_are_peppers_are_refused),
        cmocka_unit_test(a_statement_with_a_value_out_of_range_is_refused),
        cmocka_unit_test(attributes_and_bodies_have_their_bounds),
        cmocka_unit_test(a_text_too_long_for_its_field_is_refused),
        cmocka_unit_test(every_purpose_and_error_has_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
