#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "authd/notify/gateway/mail.h"
#include "firmware/base/codec.h"
#include "firmware/base/secret.h"
#include "firmware/base/utf8.h"

#define WORD_BYTES                                                                                 \
    45                 /* of a subject in one encoded word: 60 characters of the 75 (RFC 2047 §2) \
                        */
#define LINE_BYTES  57 /* of a body in one line: 76 characters (RFC 2045 §6.8) */
#define TEXT_MAX    2048
#define SUBJECT_MAX 1024

static const char letters_and_digits[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789";

/* Parts of letters, digits and ${marks}, with single full stops between. */
static bool is_dotted(const char *text, size_t len, const char *marks) {
    bool after_dot = true;
    for (size_t i = 0; i < len; i++) {
        bool dot = text[i] == '.';
        if ((dot && after_dot) ||
            (!dot && strchr(letters_and_digits, text[i]) == NULL && strchr(marks, text[i]) == NULL))
            return false;
        after_dot = dot;
    }
    return !after_dot;
}

enum err mail_address_check(const char *address) {
    const char *at = strchr(address, '@');
    size_t len = strlen(address);
    if (at == NULL || len > MAIL_ADDRESS_MAX ||
        !is_dotted(address, (size_t)(at - address), "!#$%&'*+-/=?^_`{|}~") ||
        !is_dotted(at + 1, strlen(at + 1), "-"))
        return ERR_MALFORMED;
    return at[1] != '-' && address[len - 1] != '-' ? ERR_OK : ERR_MALFORMED;
}

static void put(struct buffer *target, const char *text) {
    buffer_raw(target, text, strlen(text));
}

static void put_address(struct buffer *target, const char *name, const char *address) {
    put(target, name);
    put(target, ": <");
    put(target, address);
    put(target, ">\r\n");
}

/* How many bytes of ${text} make whole characters and at most ${most} bytes. */
static size_t whole_characters(struct bytes text, size_t most) {
    struct bytes rest = text;
    uint32_t character;
    size_t len = 0;
    while (utf8_take(&rest, &character) == ERR_OK && text.len - rest.len <= most)
        len = text.len - rest.len;
    return len;
}

static enum err put_subject(struct buffer *target, struct bytes subject) {
    if (subject.len == 0 || subject.len > SUBJECT_MAX)
        return ERR_TOO_LARGE;
    ERR_TRY(codec_utf8_check(subject));
    put(target, "Subject:");
    while (subject.len > 0) {
        size_t len = whole_characters(subject, WORD_BYTES);
        put(target, " =?UTF-8?B?");
        codec_base64(target, bytes_of(subject.data, len));
        put(target, "?=\r\n");
        subject = bytes_of(subject.data + len, subject.len - len);
    }
    return ERR_OK;
}

/* The C library gives English names: no locale is ever set. */
static enum err put_date(struct buffer *target, int64_t wall_ms) {
    char text[64];
    struct tm parts;
    time_t seconds = (time_t)(wall_ms / 1000);
    if (wall_ms < 0 || gmtime_r(&seconds, &parts) == NULL ||
        strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S +0000\r\n", &parts) == 0)
        return ERR_MALFORMED;
    put(target, text);
    return ERR_OK;
}

static enum err put_headers(struct buffer *target, const struct mail_message *message) {
    put_address(target, "From", message->from);
    put_address(target, "To", message->to);
    ERR_TRY(put_subject(target, message->subject));
    ERR_TRY(put_date(target, message->wall_ms));
    buffer_format(target, "Message-ID: <%016" PRIx64 "%s>\r\n", message->id,
                  strchr(message->from, '@'));
    put(target, "MIME-Version: 1.0\r\n"
                "Content-Type: text/plain; charset=UTF-8\r\n"
                "Content-Transfer-Encoding: base64\r\n"
                "Auto-Submitted: auto-generated\r\n\r\n");
    return ERR_OK;
}

/* In the canonical form of text, whose lines end with CR LF, and then in base64. */
static enum err put_text(struct buffer *target, struct bytes text) {
    SECRET(memory);
    struct bytes lines;
    ERR_TRY(codec_utf8_check(text));
    ERR_TRY(secret_new(&memory, TEXT_MAX));
    struct buffer canonical = buffer_over(memory.data, memory.len);
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\n')
            buffer_u8(&canonical, '\r');
        buffer_u8(&canonical, text.data[i]);
    }
    ERR_TRY(buffer_end(&canonical, &lines));
    while (lines.len > 0) {
        size_t len = lines.len < LINE_BYTES ? lines.len : LINE_BYTES;
        codec_base64(target, bytes_of(lines.data, len));
        put(target, "\r\n");
        lines = bytes_of(lines.data + len, lines.len - len);
    }
    return ERR_OK;
}

enum err mail_write(const struct mail_message *message, struct buffer *target) {
    ERR_TRY(mail_address_check(message->from));
    ERR_TRY(mail_address_check(message->to));
    ERR_TRY(put_headers(target, message));
    ERR_TRY(put_text(target, message->text));
    return target->err;
}
