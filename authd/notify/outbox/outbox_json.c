#include <string.h>

#include "authd/notify/outbox/outbox_json.h"
#include "firmware/base/codec.h"

static void put_literal(struct buffer *target, const char *text) {
    buffer_raw(target, text, strlen(text));
}

static void put_character(struct buffer *target, uint8_t character) {
    static const char hex[] = "0123456789abcdef";
    if (character >= 0x20) {
        if (character == '"' || character == '\\')
            buffer_u8(target, '\\');
        buffer_u8(target, character);
        return;
    }
    put_literal(target, "\\u00");
    buffer_u8(target, (uint8_t)hex[character >> 4]);
    buffer_u8(target, (uint8_t)hex[character & 15]);
}

static void put_string(struct buffer *target, struct bytes text) {
    if (target->err == ERR_OK)
        target->err = codec_utf8_check(text);
    buffer_u8(target, '"');
    for (size_t i = 0; i < text.len; i++)
        put_character(target, text.data[i]);
    buffer_u8(target, '"');
}

static void put_member(struct buffer *target, const char *name, struct bytes value) {
    put_string(target, bytes_of_text(name));
    put_literal(target, ": ");
    if (value.data == NULL)
        put_literal(target, "null");
    else
        put_string(target, value);
}

static struct bytes or_null(const char *text) {
    return text != NULL ? bytes_of_text(text) : bytes_of(NULL, 0);
}

enum err outbox_json_put(struct buffer *target, const struct outbox_message *message) {
    const struct {
        const char *name;
        struct bytes value;
    } members[] = {
        {"channel", bytes_of_text(message->channel)},
        {"to", bytes_of_text(message->to)},
        {"language", bytes_of_text(message->language)},
        {"text", message->text},
        {"otp", or_null(message->otp)},
        {"transactionID", or_null(message->transaction)},
        {"sentAt", bytes_of_text(message->sent_at)},
    };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        put_literal(target, i == 0 ? "{" : ", ");
        put_member(target, members[i].name, members[i].value);
    }
    put_literal(target, "}\n");
    return target->err;
}
