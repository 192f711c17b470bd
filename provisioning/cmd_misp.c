#include "provisioning/cmd.h"
#include "provisioning/officer_input.h"

enum result cmd_misp_send(struct officer_link *link, const struct misp *row, const char *path) {
    SECRET(key);
    SECRET(memory);
    struct officer_misp question = {.row = *row};
    RESULT_TRY(officer_input_read_key(path, &key));
    question.licence_key = secret_view(&key);
    if (secret_new(&memory, 512) != ERR_OK) {
        officer_text_complain(TEXT_NO_MEMORY, NULL, NULL);
        return RESULT_REFUSED;
    }
    struct buffer buffer = buffer_over(memory.data, memory.len);
    officer_wire_put_misp(&buffer, &question);
    return officer_link_change(link, OFFICER_MISP_ADD, &buffer, row->id, NULL);
}

static enum result add(struct officer_link *link, const struct arguments *arguments) {
    struct misp row = {0};
    const char *expires = arguments_get(arguments, "expires");
    RESULT_TRY(officer_input_text("id", arguments_get(arguments, "id"), row.id, sizeof row.id));
    RESULT_TRY(officer_input_status("status", arguments_get(arguments, "status"), &row.status));
    if (expires != NULL)
        RESULT_TRY(officer_input_time("expires", expires, &row.expires_ms));
    RESULT_TRY(cmd_misp_send(link, &row, arguments_get(arguments, "file")));
    officer_text_print(stdout, TEXT_MISP_ADDED, row.id, NULL);
    return RESULT_DONE;
}

const struct command cmd_misp_add = {
    .noun = "misp",
    .verb = "add",
    .about = TEXT_ABOUT_MISP_ADD,
    .example = "officer misp add id=national-misp file=- expires=2027-12-31 < licence.key",
    .arguments = {{"id", "ID", false},
                  {"file", "FILE", false},
                  {"expires", "DATE", true},
                  {"status", "active|suspended|deleted", true}},
    .run = add,
};
