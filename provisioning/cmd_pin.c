#include "provisioning/cmd.h"

static enum result explain_pin(struct officer_link *link, const struct arguments *arguments) {
    (void)link, (void)arguments;
    officer_text_print(stdout, TEXT_PIN_HELP, NULL, NULL);
    return RESULT_DONE;
}

const struct command cmd_pin = {
    .noun = "pin",
    .verb = "",
    .about = TEXT_ABOUT_PIN,
    .example = "officer pin",
    .run = explain_pin,
};
