#include "provisioning/cmd.h"
#include "provisioning/officer_input.h"

enum result cmd_api_key_send(struct officer_link *link, const struct api_key *row,
                             const char *path) {
    SECRET(key);
    SECRET(memory);
    struct officer_api_key question = {.row = *row};
    RESULT_TRY(officer_input_read_key(path, &key));
    question.key = secret_view(&key);
    if (secret_new(&memory, 512) != ERR_OK) {
        officer_text_complain(TEXT_NO_MEMORY, NULL, NULL);
        return RESULT_REFUSED;
    }
    struct buffer buffer = buffer_over(memory.data, memory.len);
    officer_wire_put_api_key(&buffer, &question);
    return officer_link_change(link, OFFICER_API_KEY_ADD, &buffer, row->partner_id, NULL);
}

static enum result add(struct officer_link *link, const struct arguments *arguments) {
    struct api_key row = {0};
    const char *expires = arguments_get(arguments, "expires");
    RESULT_TRY(officer_input_text("partner", arguments_get(arguments, "partner"), row.partner_id,
                                  sizeof row.partner_id));
    RESULT_TRY(officer_input_text("policy", arguments_get(arguments, "policy"), row.policy_id,
                                  sizeof row.policy_id));
    RESULT_TRY(officer_input_status("status", arguments_get(arguments, "status"), &row.status));
    if (expires != NULL)
        RESULT_TRY(officer_input_time("expires", expires, &row.expires_ms));
    RESULT_TRY(cmd_api_key_send(link, &row, arguments_get(arguments, "file")));
    officer_text_print(stdout, TEXT_API_KEY_ADDED, row.partner_id, row.policy_id);
    return RESULT_DONE;
}

const struct command cmd_api_key_add = {
    .noun = "api-key",
    .verb = "add",
    .about = TEXT_ABOUT_API_KEY_ADD,
    .example = "officer api-key add partner=amo-tadamon policy=amo-otp file=- expires=2027-12-31",
    .arguments = {{"partner", "ID", false},
                  {"policy", "ID", false},
                  {"file", "FILE", false},
                  {"expires", "DATE", true},
                  {"status", "active|suspended|deleted", true}},
    .run = add,
};
