#include <stdio.h>
#include <stdlib.h>

#include "provisioning/cmd.h"
#include "provisioning/cmd_key_life.h"
#include "provisioning/officer_wire_roots.h"

static enum result give(struct officer_link *link, const struct arguments *arguments,
                        struct officer_root *order, enum officer_text done) {
    uint8_t memory[8];
    struct buffer question = buffer_over(memory, sizeof memory);
    struct officer_outcome outcome;
    char generation[16];
    RESULT_TRY(cmd_key_life_switch(arguments, "dry-run", &order->dry_run));
    officer_wire_put_root(&question, order);
    RESULT_TRY(officer_link_change(link, OFFICER_ROOT, &question, NULL, &outcome));
    (void)snprintf(generation, sizeof generation, "%u", outcome.count);
    officer_text_print(stdout, order->dry_run ? TEXT_ROOT_DRY_RUN : done, generation, NULL);
    return RESULT_DONE;
}

static enum result roll(struct officer_link *link, const struct arguments *arguments) {
    struct officer_root order = {.order = OFFICER_ROOT_ROLL};
    return give(link, arguments, &order, TEXT_ROOT_ROLLS);
}

static enum result sweep(struct officer_link *link, const struct arguments *arguments) {
    struct officer_root order = {.order = OFFICER_ROOT_SWEEP};
    return give(link, arguments, &order, TEXT_ROOT_SWEPT_AGAIN);
}

static enum result remove_root(struct officer_link *link, const struct arguments *arguments) {
    struct officer_root order = {.order = OFFICER_ROOT_REMOVE};
    const char *text = arguments_get(arguments, "generation");
    char *end = NULL;
    unsigned long generation = text[0] >= '0' && text[0] <= '9' ? strtoul(text, &end, 10) : 0;
    if (generation == 0 || generation > UINT16_MAX || *end != '\0') {
        officer_text_complain(TEXT_BAD_GENERATION, text, NULL);
        return RESULT_USAGE;
    }
    order.generation = (uint16_t)generation;
    return give(link, arguments, &order, TEXT_ROOT_REMOVED);
}

const struct command cmd_root_roll = {
    .noun = "root",
    .verb = "roll",
    .about = TEXT_ABOUT_ROOT_ROLL,
    .example = "officer root roll",
    .arguments = {{"dry-run", "yes", true}},
    .run = roll,
};

const struct command cmd_root_sweep = {
    .noun = "root",
    .verb = "sweep",
    .about = TEXT_ABOUT_ROOT_SWEEP,
    .example = "officer root sweep",
    .arguments = {{"dry-run", "yes", true}},
    .run = sweep,
};

const struct command cmd_root_remove = {
    .noun = "root",
    .verb = "remove",
    .about = TEXT_ABOUT_ROOT_REMOVE,
    .example = "officer root remove generation=2",
    .arguments = {{"generation", "N", false}, {"dry-run", "yes", true}},
    .run = remove_root,
};
