#include "provisioning/cmd.h"
#include "provisioning/officer_input.h"

enum result cmd_partner_send(struct officer_link *link, const struct cmd_partner *partner) {
    static uint8_t content[OFFICER_CERTIFICATE_MAX], memory[OFFICER_CERTIFICATE_MAX + 512];
    struct officer_partner question = {.status = partner->status};
    struct buffer buffer = buffer_over(memory, sizeof memory);
    RESULT_TRY(officer_input_text("id", partner->id, question.id, sizeof question.id));
    RESULT_TRY(officer_input_text("name", partner->name, question.name, sizeof question.name));
    RESULT_TRY(officer_input_read(partner->certificate_path, content, sizeof content,
                                  &question.certificate));
    officer_wire_put_partner(&buffer, &question);
    return officer_link_change(link, OFFICER_PARTNER_ADD, &buffer, partner->id, NULL);
}

static enum result add(struct officer_link *link, const struct arguments *arguments) {
    struct cmd_partner partner = {.certificate_path = arguments_get(arguments, "certificate")};
    RESULT_TRY(
        officer_input_text("id", arguments_get(arguments, "id"), partner.id, sizeof partner.id));
    RESULT_TRY(officer_input_text("name", arguments_get(arguments, "name"), partner.name,
                                  sizeof partner.name));
    RESULT_TRY(officer_input_status("status", arguments_get(arguments, "status"), &partner.status));
    RESULT_TRY(cmd_partner_send(link, &partner));
    officer_text_print(stdout, TEXT_PARTNER_ADDED, partner.id, NULL);
    return RESULT_DONE;
}

const struct command cmd_partner_add = {
    .noun = "partner",
    .verb = "add",
    .about = TEXT_ABOUT_PARTNER_ADD,
    .example = "officer partner add id=amo-tadamon name='AMO Tadamon' certificate=amo.pem",
    .arguments = {{"id", "ID", false},
                  {"name", "NAME", false},
                  {"certificate", "FILE", false},
                  {"status", "active|suspended|deleted", true}},
    .run = add,
};

static enum result set_status(struct officer_link *link, const char *id,
                              enum programme_status status, enum officer_text said) {
    uint8_t memory[PROGRAMME_ID_SIZE + 16];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_partner_status question = {.status = status};
    RESULT_TRY(officer_input_text("id", id, question.id, sizeof question.id));
    officer_wire_put_partner_status(&buffer, &question);
    RESULT_TRY(officer_link_change(link, OFFICER_PARTNER_STATUS, &buffer, id, NULL));
    officer_text_print(stdout, said, id, NULL);
    return RESULT_DONE;
}

static enum result suspend(struct officer_link *link, const struct arguments *arguments) {
    return set_status(link, arguments_get(arguments, "id"), STATUS_SUSPENDED,
                      TEXT_PARTNER_SUSPENDED);
}

static enum result activate(struct officer_link *link, const struct arguments *arguments) {
    return set_status(link, arguments_get(arguments, "id"), STATUS_ACTIVE, TEXT_PARTNER_ACTIVE);
}

const struct command cmd_partner_suspend = {
    .noun = "partner",
    .verb = "suspend",
    .about = TEXT_ABOUT_PARTNER_SUSPEND,
    .example = "officer partner suspend id=amo-tadamon",
    .arguments = {{"id", "ID", false}},
    .run = suspend,
};
const struct command cmd_partner_activate = {
    .noun = "partner",
    .verb = "activate",
    .about = TEXT_ABOUT_PARTNER_ACTIVATE,
    .example = "officer partner activate id=amo-tadamon",
    .arguments = {{"id", "ID", false}},
    .run = activate,
};
