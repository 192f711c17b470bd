#include <sodium.h>

#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "provisioning/cmd.h"
#include "provisioning/officer_input.h"

/* What programmes register for the JOSE profile (docs/protocol.md §2). */

static enum result send_named(struct officer_link *link, enum officer_verb verb, const char *id,
                              struct bytes *answer) {
    uint8_t memory[PROGRAMME_ID_SIZE + 16];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_jose_named question;
    RESULT_TRY(officer_input_text("id", id, question.id, sizeof question.id));
    officer_wire_put_jose_named(&buffer, &question);
    if (answer == NULL)
        return officer_link_change(link, verb, &buffer, id, NULL);
    return officer_link_ask(link, verb, bytes_of(buffer.data, buffer.len), answer);
}

static void print_key(enum officer_text text, const char *name, int64_t not_after_ms) {
    char until[CLOCK_TEXT_SIZE];
    clock_format_millis(not_after_ms, until);
    officer_text_print(stdout, text, name, until);
}

static void print_kid(enum officer_text text, const struct jose_client_key *key) {
    char memory[CODEC_BASE64_CHARS(JOSE_CLIENT_KID_BYTES) + 1] = "";
    struct buffer kid = buffer_over(memory, sizeof memory - 1);
    codec_base64url(&kid, bytes_of(key->kid, sizeof key->kid));
    print_key(text, memory, key->not_after_ms);
}

static void print_client(const struct jose_client *client) {
    char hex[2 * sizeof client->tls_thumbprint + 1];
    (void)sodium_bin2hex(hex, sizeof hex, client->tls_thumbprint, sizeof client->tls_thumbprint);
    print_key(TEXT_JOSE_TLS, hex, client->tls_not_after_ms);
    print_kid(TEXT_JOSE_SIGNATURE, &client->signature);
    print_kid(TEXT_JOSE_ENCRYPTION, &client->encryption);
}

static enum result show(struct officer_link *link, const struct arguments *arguments) {
    const char *id = arguments_get(arguments, "id");
    struct officer_jose_shown shown;
    struct bytes answer;
    RESULT_TRY(send_named(link, OFFICER_PARTNER_JOSE_SHOW, id, &answer));
    enum err err = officer_wire_get_jose_shown(answer, &shown);
    RESULT_TRY(officer_link_judge(err, &shown.outcome, id));
    print_client(&shown.client);
    return RESULT_DONE;
}

enum result cmd_partner_jose_send(struct officer_link *link, const struct cmd_partner_jose *jose) {
    static uint8_t content[3][OFFICER_CERTIFICATE_MAX], memory[sizeof content + 256];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_jose question = {0};
    RESULT_TRY(officer_input_text("id", jose->id, question.id, sizeof question.id));
    RESULT_TRY(officer_input_read(jose->tls_path, content[0], sizeof content[0], &question.tls));
    RESULT_TRY(officer_input_read(jose->signature_path, content[1], sizeof content[1],
                                  &question.signature));
    RESULT_TRY(officer_input_read(jose->encryption_path, content[2], sizeof content[2],
                                  &question.encryption));
    officer_wire_put_jose(&buffer, &question);
    return officer_link_change(link, OFFICER_PARTNER_JOSE, &buffer, jose->id, NULL);
}

static enum result put(struct officer_link *link, const struct arguments *arguments) {
    struct cmd_partner_jose jose = {.tls_path = arguments_get(arguments, "tls"),
                                    .signature_path = arguments_get(arguments, "signature"),
                                    .encryption_path = arguments_get(arguments, "encryption")};
    RESULT_TRY(officer_input_text("id", arguments_get(arguments, "id"), jose.id, sizeof jose.id));
    RESULT_TRY(cmd_partner_jose_send(link, &jose));
    officer_text_print(stdout, TEXT_JOSE_PUT, jose.id, NULL);
    return show(link, arguments);
}

static enum result take_away(struct officer_link *link, const struct arguments *arguments) {
    const char *id = arguments_get(arguments, "id");
    RESULT_TRY(send_named(link, OFFICER_PARTNER_JOSE_REMOVE, id, NULL));
    officer_text_print(stdout, TEXT_JOSE_REMOVED, id, NULL);
    return RESULT_DONE;
}

const struct command cmd_partner_jose = {
    .noun = "partner",
    .verb = "jose",
    .about = TEXT_ABOUT_PARTNER_JOSE,
    .example = "officer partner jose id=amo-tadamon tls=amo-tls.pem signature=amo-sig.pem "
               "encryption=amo-enc.pem",
    .arguments = {{"id", "ID", false},
                  {"tls", "FILE", false},
                  {"signature", "FILE", false},
                  {"encryption", "FILE", false}},
    .run = put,
};
const struct command cmd_partner_jose_remove = {
    .noun = "partner",
    .verb = "jose-remove",
    .about = TEXT_ABOUT_PARTNER_JOSE_REMOVE,
    .example = "officer partner jose-remove id=amo-tadamon",
    .arguments = {{"id", "ID", false}},
    .run = take_away,
};
const struct command cmd_partner_jose_show = {
    .noun = "partner",
    .verb = "jose-show",
    .about = TEXT_ABOUT_PARTNER_JOSE_SHOW,
    .example = "officer partner jose-show id=amo-tadamon",
    .arguments = {{"id", "ID", false}},
    .run = show,
};
