#include <stdio.h>

#include "provisioning/cmd.h"
#include "provisioning/cmd_key_custody.h"

static enum result initialise(struct officer_link *link, const struct arguments *arguments) {
    uint8_t nothing[1];
    struct buffer question = buffer_over(nothing, sizeof nothing);
    struct officer_outcome outcome;
    char made[16];
    (void)arguments;
    RESULT_TRY(officer_link_change(link, OFFICER_KEY_INITIALISE, &question, NULL, &outcome));
    (void)snprintf(made, sizeof made, "%u", outcome.count);
    officer_text_print(stdout, outcome.count > 0 ? TEXT_KEYS_MADE : TEXT_KEYS_THERE, made, NULL);
    return RESULT_DONE;
}

const struct command cmd_key_initialise = {
    .noun = "key",
    .verb = "initialise",
    .about = TEXT_ABOUT_KEY_INITIALISE,
    .example = "officer key initialise",
    .run = initialise,
};

static void print_block(const char *title, struct bytes block) {
    (void)printf("# %s\n%.*s\n", title, (int)block.len, (const char *)block.data);
}

/* Of a purpose whose keys may be outside the token. */
static void print_kept_block(const char *title, uint16_t wrapped_by, struct bytes block) {
    (void)printf("# %s\n# custody: ", title);
    cmd_key_custody_print(wrapped_by);
    (void)printf("%.*s\n", (int)block.len, (const char *)block.data);
}

static enum result show(struct officer_link *link, const struct arguments *arguments) {
    struct officer_publication publication;
    struct bytes answer;
    (void)arguments;
    RESULT_TRY(officer_link_ask(link, OFFICER_KEY_LIST, bytes_of(NULL, 0), &answer));
    enum err err = officer_wire_get_publication(answer, &publication);
    RESULT_TRY(officer_link_judge(err, &publication.outcome, NULL));
    print_kept_block("IDA/PARTNER", publication.partner_wrapped_by, publication.partner_pem);
    print_kept_block("IDA/IDA-FIR", publication.ida_fir_wrapped_by, publication.ida_fir_pem);
    print_block("IDA/SIGN", publication.sign_pem);
    (void)printf("%.*s\n", (int)publication.root_pem.len, (const char *)publication.root_pem.data);
    print_block("JWKS", publication.jwks);
    if (publication.request_kid[0] != '\0')
        print_kept_block("IDCS/REQUEST", publication.request_wrapped_by,
                         bytes_of_text(publication.request_kid));
    return RESULT_DONE;
}

const struct command cmd_key_show = {
    .noun = "key",
    .verb = "show",
    .about = TEXT_ABOUT_KEY_SHOW,
    .example = "officer key show",
    .run = show,
};
