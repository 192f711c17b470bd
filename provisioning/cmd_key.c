#include <stdio.h>

#include "provisioning/cmd.h"
#include "provisioning/cmd_key_custody.h"

#define NAME_SIZE 32

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

/* Where the active key of each purpose is kept. */
static void print_custodies(const struct officer_keys *keys) {
    char before[NAME_SIZE];
    for (size_t i = 0; i < keys->count; i++) {
        const struct officer_key *key = &keys->keys[i];
        (void)snprintf(before, sizeof before, "%s/%u custody ", key->purpose, key->generation);
        if (key->state == KEYSTATE_ACTIVE)
            cmd_key_custody_print(before, key);
    }
}

static enum result show(struct officer_link *link, const struct arguments *arguments) {
    static struct officer_keys keys;
    struct officer_publication publication;
    struct bytes answer;
    (void)arguments;
    RESULT_TRY(officer_link_ask(link, OFFICER_KEY_LIFE, bytes_of(NULL, 0), &answer));
    if (officer_wire_get_keys(answer, &keys) != ERR_OK)
        keys.count = 0; /* what is published is shown even when signer 0 is busy */
    RESULT_TRY(officer_link_ask(link, OFFICER_KEY_LIST, bytes_of(NULL, 0), &answer));
    enum err err = officer_wire_get_publication(answer, &publication);
    if (err != ERR_OK) {
        officer_text_complain(TEXT_NO_ANSWER, err_text(err), NULL);
        return RESULT_REFUSED;
    }
    if (publication.outcome.status != ERR_OK) {
        officer_text_refusal(&publication.outcome, NULL);
        return RESULT_REFUSED;
    }
    print_block("IDA/PARTNER", publication.partner_pem);
    print_block("IDA/IDA-FIR", publication.ida_fir_pem);
    print_block("IDA/SIGN", publication.sign_pem);
    print_block("ROOT", publication.root_pem);
    print_block("JWKS", publication.jwks);
    print_custodies(&keys);
    return RESULT_DONE;
}

const struct command cmd_key_show = {
    .noun = "key",
    .verb = "show",
    .about = TEXT_ABOUT_KEY_SHOW,
    .example = "officer key show",
    .run = show,
};
