#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "authd/notify/gateway/mail.h"
#include "firmware/base/secret.h"

static char written[MAIL_BYTES_MAX + 1];

static int open_arena(void **state) {
    (void)state;
    return secret_arena_open(65536) == ERR_OK ? 0 : -1;
}

static struct mail_message sample(void) {
    return (struct mail_message){.from = "idcs@example.ma",
                                 .to = "amina@example.org",
                                 .subject = bytes_of_text("Votre code"),
                                 .text = bytes_of_text("Code : 012345\n\nFin é\n"),
                                 .id = 0x0123456789abcdef,
                                 .wall_ms = 1737152400000};
}

static enum err write(const struct mail_message *message) {
    struct buffer target = buffer_over(written, sizeof written - 1);
    memset(written, 0, sizeof written);
    return mail_write(message, &target);
}

static void a_mail_is_headers_and_a_body_in_base64(void **state) {
    (void)state;
    struct mail_message message = sample();
    assert_int_equal(write(&message), ERR_OK);
    assert_string_equal(written, "From: <idcs@example.ma>\r\n"
                                 "To: <amina@example.org>\r\n"
                                 "Subject: =?UTF-8?B?Vm90cmUgY29kZQ==?=\r\n"
                                 "Date: Fri, 17 Jan 2025 22:20:00 +0000\r\n"
                                 "Message-ID: <0123456789abcdef@example.ma>\r\n"
                                 "MIME-Version: 1.0\r\n"
                                 "Content-Type: text/plain; charset=UTF-8\r\n"
                                 "Content-Transfer-Encoding: base64\r\n"
                                 "Auto-Submitted: auto-generated\r\n\r\n"
                                 "Q29kZSA6IDAxMjM0NQ0KDQpGaW4gw6kNCg==\r\n");
}

static void no_line_is_longer_than_mail_allows(void **state) {
    (void)state;
    static const char *const letters[] = {"a", "é", "ⵜ", "😀"};
    char subject[600], text[1000];
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        subject[0] = text[0] = '\0';
        for (size_t n = 0; n < 120; n++) {
            strcat(subject, letters[i]);
            strcat(text, letters[i]);
        }
        struct mail_message message = sample();
        message.subject = bytes_of_text(subject);
        message.text = bytes_of_text(text);
        assert_int_equal(write(&message), ERR_OK);
        for (const char *line = written; *line != '\0'; line += strcspn(line, "\r") + 2) {
            assert_true(strcspn(line, "\r") <= 84); /* "Subject: " and one encoded word of 75 */
            assert_int_equal(line[strcspn(line, "\r") + 1], '\n');
        }
    }
}

static void an_address_is_one_address_without_quotes(void **state) {
    (void)state;
    static const char *const right[] = {"a@b.org", "a.b+c@d-e.org", "o'neil@x.y", "a@localhost"};
    static const char *const wrong[] = {"",          "a",
                                        "@b.org",    "a@",
                                        "a@b@c",     "a b@c.d",
                                        "a@b c",     "<a@b.c>",
                                        "a@b.c>",    "a,b@c.d",
                                        "\"a\"@b.c", "a@[1.2.3.4]",
                                        "é@b.c",     "a@é.c",
                                        ".a@b.c",    "a.@b.c",
                                        "a..b@c.d",  "a@.b",
                                        "a@b.",      "a@-b.c",
                                        "a@b.c-",    "a@b.c\r\nBcc: d@e.f"};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        assert_int_equal(mail_address_check(right[i]), ERR_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct mail_message message = sample();
        message.to = wrong[i];
        assert_int_equal(write(&message), ERR_MALFORMED);
        message = sample();
        message.from = wrong[i];
        assert_int_equal(write(&message), ERR_MALFORMED);
    }
    char address[200];
    memset(address, 'a', sizeof address);
    strcpy(address + 130, "@b.org");
    assert_int_equal(mail_address_check(address), ERR_MALFORMED);
}

static void what_is_not_utf8_or_has_no_room_is_refused(void **state) {
    (void)state;
    struct mail_message message = sample();
    message.subject = bytes_of_text("\xff");
    assert_int_equal(write(&message), ERR_MALFORMED);
    message = sample();
    message.text = bytes_of_text("\xff");
    assert_int_equal(write(&message), ERR_MALFORMED);
    message = sample();
    message.subject = bytes_of_text("");
    assert_int_equal(write(&message), ERR_TOO_LARGE);
    message = sample();
    for (size_t room = 0; room < 200; room++) {
        struct buffer target = buffer_over(written, room);
        assert_int_equal(mail_write(&message, &target), ERR_FULL);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mail_is_headers_and_a_body_in_base64),
        cmocka_unit_test(no_line_is_longer_than_mail_allows),
        cmocka_unit_test(an_address_is_one_address_without_quotes),
        cmocka_unit_test(what_is_not_utf8_or_has_no_room_is_refused),
    };
    return cmocka_run_group_tests(tests, open_arena, NULL);
}
