#include <string.h>

#include "firmware/base/secret.h"
#include "authd/wire/field.h"
#include "authd/wire/notify_wire.h"

#define OTP_DIGITS     6
#define IDENTIFIER_MAX 16

void notify_wire_put_hello(struct buffer *target,
                           const uint8_t process_id[static NOTIFY_PROCESS_ID_BYTES]) {
    buffer_raw(target, process_id, NOTIFY_PROCESS_ID_BYTES);
}

enum err notify_wire_get_hello(struct bytes payload,
                               uint8_t process_id[static NOTIFY_PROCESS_ID_BYTES]) {
    struct cursor cursor = cursor_over(payload);
    cursor_copy(&cursor, process_id, NOTIFY_PROCESS_ID_BYTES);
    enum err err = cursor_end(&cursor);
    if (err != ERR_OK)
        memset(process_id, 0, NOTIFY_PROCESS_ID_BYTES);
    return err;
}

void notify_wire_put_otp(struct buffer *target, const struct notify_otp *message) {
    buffer_bool(target, message->by_phone);
    buffer_bool(target, message->by_email);
    buffer_text(target, message->phone);
    buffer_text(target, message->email);
    buffer_text(target, message->language);
    buffer_text(target, message->otp);
    buffer_text(target, message->transaction);
    buffer_text(target, message->programme);
    buffer_i64(target, message->valid_until_ms);
}

/* An address goes into a gateway's request: no blank may split it. */
static bool is_address(const char *text) {
    return text[0] != '\0' && strchr(text, ' ') == NULL;
}

static bool is_language(const char *text) {
    return strlen(text) == 3 && strspn(text, "abcdefghijklmnopqrstuvwxyz") == 3;
}

enum err notify_wire_get_otp(struct bytes payload, struct notify_otp *message) {
    struct cursor cursor = cursor_over(payload);
    *message = (struct notify_otp){0};
    message->by_phone = cursor_bool(&cursor);
    message->by_email = cursor_bool(&cursor);
    field_line(&cursor, message->phone, sizeof message->phone);
    field_line(&cursor, message->email, sizeof message->email);
    field_line(&cursor, message->language, sizeof message->language);
    field_line(&cursor, message->otp, sizeof message->otp);
    field_line(&cursor, message->transaction, sizeof message->transaction);
    field_line(&cursor, message->programme, sizeof message->programme);
    message->valid_until_ms = cursor_i64(&cursor);
    field_require(&cursor, message->by_phone || message->by_email);
    field_require(&cursor, !message->by_phone || is_address(message->phone));
    field_require(&cursor, !message->by_email || is_address(message->email));
    field_require(&cursor, is_language(message->language));
    field_require(&cursor, field_is_digits(message->otp, OTP_DIGITS));
    field_require(&cursor, message->valid_until_ms > 0);
    enum err err = cursor_end(&cursor);
    if (err != ERR_OK)
        secret_wipe(message, sizeof *message);
    return err;
}

void notify_wire_put_event(struct buffer *target, const struct notify_event *message) {
    buffer_bool(target, message->by_phone);
    buffer_bool(target, message->by_email);
    buffer_text(target, message->phone);
    buffer_text(target, message->email);
    buffer_text(target, message->language);
    buffer_text(target, message->programme);
    buffer_bool(target, message->confirmed);
    buffer_i64(target, message->at_ms);
    buffer_text(target, message->identifier);
}

static bool is_masked(const char *text) {
    size_t len = strlen(text);
    return len > 0 && len <= IDENTIFIER_MAX && strspn(text, "0123456789X") == len;
}

enum err notify_wire_get_event(struct bytes payload, struct notify_event *message) {
    struct cursor cursor = cursor_over(payload);
    *message = (struct notify_event){0};
    message->by_phone = cursor_bool(&cursor);
    message->by_email = cursor_bool(&cursor);
    field_line(&cursor, message->phone, sizeof message->phone);
    field_line(&cursor, message->email, sizeof message->email);
    field_line(&cursor, message->language, sizeof message->language);
    field_line(&cursor, message->programme, sizeof message->programme);
    message->confirmed = cursor_bool(&cursor);
    message->at_ms = cursor_i64(&cursor);
    field_line(&cursor, message->identifier, sizeof message->identifier);
    field_require(&cursor, message->by_phone || message->by_email);
    field_require(&cursor, !message->by_phone || is_address(message->phone));
    field_require(&cursor, !message->by_email || is_address(message->email));
    field_require(&cursor, is_language(message->language));
    field_require(&cursor, message->at_ms > 0);
    field_require(&cursor, is_masked(message->identifier));
    enum err err = cursor_end(&cursor);
    if (err != ERR_OK)
        secret_wipe(message, sizeof *message);
    return err;
}

void notify_wire_put_delivered(struct buffer *target, bool delivered) {
    buffer_bool(target, delivered);
}

enum err notify_wire_get_delivered(struct bytes payload, bool *delivered) {
    struct cursor cursor = cursor_over(payload);
    bool read = cursor_bool(&cursor);
    *delivered = false;
    ERR_TRY(cursor_end(&cursor));
    *delivered = read;
    return ERR_OK;
}

uint32_t notify_wire_epoch(const uint8_t process_id[static NOTIFY_PROCESS_ID_BYTES]) {
    struct cursor head = cursor_over(bytes_of(process_id, NOTIFY_PROCESS_ID_BYTES));
    return cursor_u32(&head);
}
