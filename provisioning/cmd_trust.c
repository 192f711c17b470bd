#include <string.h>

#include <sodium.h>

#include "firmware/base/clock.h"
#include "provisioning/cmd.h"
#include "provisioning/cmd_key_life.h"
#include "provisioning/officer_input.h"
#include "provisioning/officer_wire_trust.h"

enum result cmd_trust_send(struct officer_link *link, const char *domain, const char *path) {
    static uint8_t content[OFFICER_CERTIFICATE_MAX], memory[OFFICER_CERTIFICATE_MAX + 64];
    struct officer_trust question = {0};
    struct buffer buffer = buffer_over(memory, sizeof memory);
    RESULT_TRY(officer_input_text("domain", domain, question.domain, sizeof question.domain));
    RESULT_TRY(officer_input_read(path, content, sizeof content, &question.certificate));
    officer_wire_put_trust(&buffer, &question);
    return officer_link_change(link, OFFICER_TRUST_ADD, &buffer, path, NULL);
}

static enum result add(struct officer_link *link, const struct arguments *arguments) {
    const char *domain = arguments_get(arguments, "domain");
    RESULT_TRY(cmd_trust_send(link, domain, arguments_get(arguments, "file")));
    officer_text_print(stdout, TEXT_TRUSTED, domain, NULL);
    return RESULT_DONE;
}

/* "DEVICE   0cb77e9b…  IDCS-CA 1 (valid until 2036-11-19T08:25:09.000Z)" */
static void print_anchor(const struct officer_anchor *anchor) {
    char line[sizeof *anchor + 2 * sizeof anchor->thumbprint];
    char hex[2 * sizeof anchor->thumbprint + 1], until[CLOCK_TEXT_SIZE] = "";
    bool is_over = anchor->not_after_ms == 0;
    (void)sodium_bin2hex(hex, sizeof hex, anchor->thumbprint, sizeof anchor->thumbprint);
    (void)snprintf(line, sizeof line, "%-8s %s  %s", anchor->domain, hex, anchor->subject);
    if (!is_over)
        clock_format_millis(anchor->not_after_ms, until);
    officer_text_print(stdout, is_over ? TEXT_ANCHOR_OVER : TEXT_ANCHOR, line, until);
}

static enum result list(struct officer_link *link, const struct arguments *arguments) {
    static struct officer_anchors anchors;
    const char *domain = arguments_get(arguments, "domain");
    uint8_t memory[64];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_trust_question question;
    struct bytes answer;
    RESULT_TRY(officer_input_text("domain", domain != NULL ? domain : "", question.domain,
                                  sizeof question.domain));
    officer_wire_put_trust_question(&buffer, &question);
    RESULT_TRY(
        officer_link_ask(link, OFFICER_TRUST_LIST, bytes_of(buffer.data, buffer.len), &answer));
    enum err err = officer_wire_get_anchors(answer, &anchors);
    RESULT_TRY(officer_link_judge(err, &anchors.outcome, domain));
    for (size_t i = 0; i < anchors.count; i++)
        print_anchor(&anchors.of[i]);
    return RESULT_DONE;
}

static enum result read_thumbprint(const char *text, uint8_t thumbprint[static 32]) {
    size_t len = 0;
    const char *end = NULL;
    if (sodium_hex2bin(thumbprint, 32, text, strlen(text), NULL, &len, &end) == 0 && len == 32 &&
        *end == '\0')
        return RESULT_DONE;
    officer_text_complain(TEXT_BAD_THUMBPRINT, text, NULL);
    return RESULT_USAGE;
}

static enum result remove_anchor(struct officer_link *link, const struct arguments *arguments) {
    const char *domain = arguments_get(arguments, "domain");
    struct officer_trust_remove question = {0};
    uint8_t memory[96];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    RESULT_TRY(officer_input_text("domain", domain, question.domain, sizeof question.domain));
    RESULT_TRY(read_thumbprint(arguments_get(arguments, "sha256"), question.thumbprint));
    RESULT_TRY(cmd_key_life_switch(arguments, "dry-run", &question.dry_run));
    officer_wire_put_trust_remove(&buffer, &question);
    RESULT_TRY(officer_link_change(link, OFFICER_TRUST_REMOVE, &buffer, domain, NULL));
    officer_text_print(stdout, question.dry_run ? TEXT_ANCHOR_DRY_RUN : TEXT_ANCHOR_REMOVED, domain,
                       NULL);
    return RESULT_DONE;
}

const struct command cmd_trust_list = {
    .noun = "trust",
    .verb = "list",
    .about = TEXT_ABOUT_TRUST_LIST,
    .example = "officer trust list domain=DEVICE",
    .arguments = {{"domain", "AUTH", true}},
    .run = list,
};
const struct command cmd_trust_add = {
    .noun = "trust",
    .verb = "add",
    .about = TEXT_ABOUT_TRUST_ADD,
    .example = "officer trust add domain=AUTH file=national-ca.pem",
    .arguments = {{"domain", "AUTH", false}, {"file", "FILE", false}},
    .run = add,
};
const struct command cmd_trust_remove = {
    .noun = "trust",
    .verb = "remove",
    .about = TEXT_ABOUT_TRUST_REMOVE,
    .example = "officer trust remove domain=DEVICE sha256=3c5f… --dry-run",
    .arguments = {{"domain", "AUTH", false}, {"sha256", "HEX", false}, {"dry-run", "yes", true}},
    .run = remove_anchor,
};
