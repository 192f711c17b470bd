#include "provisioning/cmd.h"
#include "provisioning/officer_input.h"

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

const struct command cmd_trust_add = {
    .noun = "trust",
    .verb = "add",
    .about = TEXT_ABOUT_TRUST_ADD,
    .example = "officer trust add domain=AUTH file=national-ca.pem",
    .arguments = {{"domain", "AUTH", false}, {"file", "FILE", false}},
    .run = add,
};
