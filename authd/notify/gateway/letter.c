#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "authd/notify/gateway/letter.h"
#include "authd/notify/gateway/mail.h"
#include "authd/notify/gateway/report.h"
#include "firmware/base/clock.h"

#define ADDRESS_SIZE 128
#define URL_SIZE     256

/* In secret memory. */
struct content {
    char address[ADDRESS_SIZE];
    size_t subject_len, text_len;
    uint8_t subject[TEXT_BYTES_MAX];
    uint8_t text[TEXT_MAIL_BYTES_MAX];
};

const struct letter_texts letter_otp_texts = {TEXT_OTP, TEXT_OTP_SUBJECT, TEXT_OTP_MAIL};
const struct letter_texts letter_confirmed_texts = {TEXT_CONFIRMED, TEXT_CONFIRMED_SUBJECT,
                                                    TEXT_CONFIRMED_MAIL};
const struct letter_texts letter_failed_texts = {TEXT_FAILED, TEXT_FAILED_SUBJECT,
                                                 TEXT_FAILED_MAIL};

static struct content *content_of(const struct letter *letter) {
    return (struct content *)(void *)letter->memory.data;
}

static enum err check_address(enum endpoint_kind kind, const char *address) {
    return kind == ENDPOINT_MAIL ? mail_address_check(address) : sendsms_number_check(address);
}

static enum err render(enum text_message text, const struct letter_message *message,
                       struct buffer *target, size_t *len) {
    struct bytes written;
    ERR_TRY(text_render(text, message->language, &message->values, target));
    ERR_TRY(buffer_end(target, &written));
    *len = written.len;
    return ERR_OK;
}

enum err letter_compose(struct letter *letter, enum endpoint_kind kind, const char *address,
                        const struct letter_message *message) {
    *letter = (struct letter){.kind = kind};
    ERR_TRY(check_address(kind, address));
    ERR_TRY(secret_new(&letter->memory, sizeof(struct content)));
    struct content *content = content_of(letter);
    struct buffer subject = buffer_over(content->subject, sizeof content->subject);
    struct buffer text = buffer_over(content->text, sizeof content->text);
    ERR_TRY(bytes_to_text(bytes_of_text(address), content->address, ADDRESS_SIZE));
    if (kind == ENDPOINT_GATEWAY)
        return render(message->texts->short_message, message, &text, &content->text_len);
    ERR_TRY(render(message->texts->subject, message, &subject, &content->subject_len));
    return render(message->texts->mail, message, &text, &content->text_len);
}

void letter_free(struct letter *letter) {
    secret_free(&letter->memory);
}

const char *letter_address(const struct letter *letter) {
    return content_of(letter)->address;
}

static enum err report_url(const struct letter_route *route, char url[static URL_SIZE]) {
    const struct settings *settings = route->settings;
    char path[REPORT_PATH_SIZE];
    bool named = settings->report_url[0] != '\0';
    report_path(route->report_id, path);
    int len = snprintf(url, URL_SIZE, "%s%s%s", named ? "" : "http://",
                       named ? settings->report_url : settings->report_listen, path);
    return len > 0 && len < URL_SIZE ? ERR_OK : ERR_TOO_LARGE;
}

static enum err write_short_message(const struct content *content, const struct letter_route *route,
                                    struct buffer *target, struct letter_request *request) {
    char url[URL_SIZE];
    struct sendsms_request sendsms;
    struct sendsms_message message = {
        .user = secret_view(&route->endpoint->user),
        .password = secret_view(&route->endpoint->password),
        .sender = route->settings->sender,
        .to = content->address,
        .text = bytes_of(content->text, content->text_len),
        .validity_minutes = (unsigned)((route->left_ms + CLOCK_MINUTE_MS - 1) / CLOCK_MINUTE_MS),
    };
    if (route->report_id != 0) {
        ERR_TRY(report_url(route, url));
        message.report_url = url;
    }
    ERR_TRY(sendsms_write(&message, target, &sendsms));
    memcpy(request->headers, sendsms.headers, sizeof request->headers);
    request->header_count = sendsms.header_count;
    request->body = sendsms.body;
    return ERR_OK;
}

static enum err write_mail(const struct content *content, const struct letter_route *route,
                           struct buffer *target, struct letter_request *request) {
    struct mail_message message = {
        .from = route->settings->smtp_from,
        .to = content->address,
        .subject = bytes_of(content->subject, content->subject_len),
        .text = bytes_of(content->text, content->text_len),
        .wall_ms = clock_wall_ms(),
    };
    randombytes_buf(&message.id, sizeof message.id);
    ERR_TRY(mail_write(&message, target));
    return buffer_end(target, &request->body);
}

enum err letter_write(const struct letter *letter, const struct letter_route *route,
                      struct secret *memory, struct letter_request *request) {
    bool mail = letter->kind == ENDPOINT_MAIL;
    *request = (struct letter_request){0};
    ERR_TRY(secret_new(memory, mail ? MAIL_BYTES_MAX : SENDSMS_BYTES_MAX));
    struct buffer target = buffer_over(memory->data, memory->len);
    return mail ? write_mail(content_of(letter), route, &target, request)
                : write_short_message(content_of(letter), route, &target, request);
}
