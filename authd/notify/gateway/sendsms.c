#include <inttypes.h>
#include <string.h>

#include "authd/notify/gateway/sendsms.h"
#include "authd/notify/sms_segment.h"
#include "firmware/base/utf8.h"

static const char digits[] = "0123456789";

enum err sendsms_number_check(const char *number) {
    const char *rest = number + (number[0] == '+' ? 1 : 0);
    size_t len = strlen(rest);
    return len >= 5 && len <= 15 && strspn(rest, digits) == len ? ERR_OK : ERR_MALFORMED;
}

enum err sendsms_sender_check(const char *sender) {
    static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789 -._";
    const char *rest = sender + (sender[0] == '+' ? 1 : 0);
    size_t len = strlen(rest);
    bool fits = len > 0 && len <= SENDSMS_SENDER_MAX && strspn(rest, characters) == len;
    return fits && rest[0] != ' ' && rest[len - 1] != ' ' ? ERR_OK : ERR_MALFORMED;
}

static void put_literal(struct buffer *target, const char *text) {
    buffer_raw(target, text, strlen(text));
}

/* Begins a header; its value follows, and end_header. */
static void begin_header(struct buffer *target, struct sendsms_request *request, const char *name) {
    request->headers[request->header_count++] = (const char *)target->data + target->len;
    put_literal(target, name);
    put_literal(target, ": ");
}

static void end_header(struct buffer *target) {
    buffer_u8(target, 0);
}

static void put_text_header(struct buffer *target, struct sendsms_request *request,
                            const char *name, struct bytes value) {
    begin_header(target, request, name);
    buffer_raw(target, value.data, value.len);
    end_header(target);
}

static void put_number_header(struct buffer *target, struct sendsms_request *request,
                              const char *name, unsigned value) {
    begin_header(target, request, name);
    buffer_format(target, "%u", value);
    end_header(target);
}

static void put_utf16_unit(struct buffer *target, uint32_t unit) {
    buffer_u16(target, (uint16_t)unit);
}

/* The text was measured, so it is UTF-8. */
static void put_utf16(struct buffer *target, struct bytes text) {
    uint32_t character;
    while (utf8_take(&text, &character) == ERR_OK) {
        if (character < 0x10000) {
            put_utf16_unit(target, character);
            continue;
        }
        put_utf16_unit(target, 0xd800 + ((character - 0x10000) >> 10));
        put_utf16_unit(target, 0xdc00 + ((character - 0x10000) & 0x3ff));
    }
}

static void put_body(struct buffer *target, struct sendsms_request *request, struct bytes text,
                     enum sms_alphabet alphabet) {
    size_t start = target->len;
    if (alphabet == SMS_GSM7)
        buffer_raw(target, text.data, text.len);
    else
        put_utf16(target, text);
    request->body = bytes_of(target->data + start, target->len - start);
}

static void put_headers(struct buffer *target, struct sendsms_request *request,
                        const struct sendsms_message *message, enum sms_alphabet alphabet) {
    bool gsm7 = alphabet == SMS_GSM7;
    put_text_header(target, request, "X-Kannel-Username", message->user);
    put_text_header(target, request, "X-Kannel-Password", message->password);
    put_text_header(target, request, "X-Kannel-From", bytes_of_text(message->sender));
    put_text_header(target, request, "X-Kannel-To", bytes_of_text(message->to));
    put_number_header(target, request, "X-Kannel-Coding", gsm7 ? 0 : 2);
    put_number_header(target, request, "X-Kannel-Validity", message->validity_minutes);
    put_text_header(
        target, request, "Content-Type",
        bytes_of_text(gsm7 ? "text/plain; charset=UTF-8" : "text/plain; charset=UTF-16BE"));
    if (message->report_url == NULL)
        return;
    put_number_header(target, request, "X-Kannel-DLR-Mask", SENDSMS_REPORT_MASK);
    put_text_header(target, request, "X-Kannel-DLR-Url", bytes_of_text(message->report_url));
}

enum err sendsms_write(const struct sendsms_message *message, struct buffer *target,
                       struct sendsms_request *request) {
    struct sms_segment segment;
    *request = (struct sendsms_request){0};
    ERR_TRY(sendsms_number_check(message->to));
    ERR_TRY(sendsms_sender_check(message->sender));
    ERR_TRY(sms_segment_check(message->text));
    ERR_TRY(sms_segment_measure(message->text, &segment));
    if (message->validity_minutes == 0)
        return ERR_MALFORMED;
    put_headers(target, request, message, segment.alphabet);
    put_body(target, request, message->text, segment.alphabet);
    return target->err;
}
