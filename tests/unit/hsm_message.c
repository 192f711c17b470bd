#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/hsm_message.h"

static uint8_t room[2 * RESULT_JWT_MAX];
_Static_assert(sizeof room >= 2 * STATEMENT_BODY_MAX, "each message has room");

void hsm_message_fill(void *field, size_t len) {
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)field)[i] = (uint8_t)(i * 7 + 1);
}

void hsm_message_check_receipt(const struct hsm_receipt *receipt) {
    const struct hsm_receipt expected = HSM_MESSAGE_RECEIPT;
    assert_int_equal(receipt->status, expected.status);
    assert_int_equal(receipt->signer_index, expected.signer_index);
    assert_true(receipt->sequence == expected.sequence);
}

struct bytes hsm_message_written(const struct hsm_message *message, uint8_t *memory, size_t size) {
    struct buffer target = buffer_over(memory, size);
    struct bytes payload;
    message->write(&target);
    assert_int_equal(buffer_end(&target, &payload), ERR_OK);
    return payload;
}

static struct bytes written(const struct hsm_message *message) {
    return hsm_message_written(message, room, sizeof room);
}

void hsm_message_come_back(const struct hsm_message *messages, size_t count) {
    for (size_t i = 0; i < count; i++)
        assert_int_equal(messages[i].read(written(&messages[i])), ERR_OK);
}

void hsm_message_refuse_cut_short(const struct hsm_message *messages, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct bytes whole = written(&messages[i]);
        for (size_t len = 0; len < whole.len; len++) {
            enum err err = messages[i].read(bytes_of(whole.data, len));
            if (err == ERR_OK)
                fail_msg("%s cut to %zu of %zu bytes was read", messages[i].name, len, whole.len);
        }
    }
}

void hsm_message_refuse_a_byte_too_much(const struct hsm_message *messages, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct bytes whole = written(&messages[i]);
        room[whole.len] = 0;
        assert_int_equal(messages[i].read(bytes_of(room, whole.len + 1)), ERR_MALFORMED);
    }
}

void hsm_message_need_room(const struct hsm_message *messages, size_t count) {
    for (size_t i = 0; i < count; i++) {
        size_t whole = written(&messages[i]).len;
        struct buffer target = buffer_over(room, whole - 1);
        struct bytes payload;
        messages[i].write(&target);
        assert_int_equal(buffer_end(&target, &payload), ERR_FULL);
    }
}
