#include <string.h>

#include "provisioning/cmd_key_life.h"
#include "provisioning/cmd_key_usage.h"
#include "provisioning/officer_input.h"

enum result cmd_key_life_switch(const struct arguments *arguments, const char *name, bool *is_on) {
    const char *value = arguments_get(arguments, name);
    *is_on = value != NULL && strcmp(value, "yes") == 0;
    if (value == NULL || *is_on || strcmp(value, "no") == 0)
        return RESULT_DONE;
    officer_text_complain(TEXT_BAD_SWITCH, name, value);
    return RESULT_USAGE;
}

enum result cmd_key_life_give(struct officer_link *link, const struct officer_key_order *order,
                              const char *name, enum officer_text done) {
    uint8_t memory[128];
    struct buffer question = buffer_over(memory, sizeof memory);
    officer_wire_put_key_order(&question, order);
    RESULT_TRY(officer_link_change(link, OFFICER_KEY_ORDER, &question, name, NULL));
    officer_text_print(stdout, order->dry_run ? TEXT_KEY_DRY_RUN : done, name, NULL);
    return RESULT_DONE;
}

static enum result roll(struct officer_link *link, const struct arguments *arguments) {
    struct officer_key_order order = {.order = OFFICER_ORDER_ROLL};
    const char *name = arguments_get(arguments, "");
    RESULT_TRY(cmd_key_usage_name(name, false, &order));
    return cmd_key_life_give(link, &order, name, TEXT_KEY_ROLLS);
}

/* An order about one key, which can be tried first. */
static enum result order_key(struct officer_link *link, const struct arguments *arguments,
                             enum officer_order kind, enum officer_text done) {
    struct officer_key_order order = {.order = kind};
    const char *name = arguments_get(arguments, "");
    bool at_once;
    RESULT_TRY(cmd_key_usage_name(name, true, &order));
    RESULT_TRY(cmd_key_life_switch(arguments, "dry-run", &order.dry_run));
    RESULT_TRY(cmd_key_life_switch(arguments, "at-once", &at_once));
    if (at_once)
        order.order = OFFICER_ORDER_REVOKE_AT_ONCE;
    RESULT_TRY(officer_input_reason("force", arguments_get(arguments, "force"), order.force,
                                    sizeof order.force));
    if (order.dry_run && (kind == OFFICER_ORDER_RETIRE || kind == OFFICER_ORDER_REVOKE))
        RESULT_TRY(cmd_key_usage_foretell(link, &order, name));
    return cmd_key_life_give(link, &order, name, done);
}

static enum result keep(struct officer_link *link, const struct arguments *arguments) {
    return order_key(link, arguments, OFFICER_ORDER_KEEP, TEXT_KEY_KEPT);
}

static enum result retire(struct officer_link *link, const struct arguments *arguments) {
    return order_key(link, arguments, OFFICER_ORDER_RETIRE, TEXT_KEY_LET_GO);
}

static enum result destroy(struct officer_link *link, const struct arguments *arguments) {
    return order_key(link, arguments, OFFICER_ORDER_DESTROY, TEXT_KEY_DESTRUCTION);
}

static enum result revoke(struct officer_link *link, const struct arguments *arguments) {
    return order_key(link, arguments, OFFICER_ORDER_REVOKE, TEXT_KEY_REVOKED);
}

static enum result confirm(struct officer_link *link, const struct arguments *arguments) {
    const struct officer_key_order order = {.order = OFFICER_ORDER_CONFIRM_CLOCK};
    (void)arguments;
    return cmd_key_life_give(link, &order, "", TEXT_CLOCK_CONFIRMED);
}

const struct command cmd_key_roll = {
    .noun = "key",
    .verb = "roll",
    .about = TEXT_ABOUT_KEY_ROLL,
    .example = "officer key roll IDA/PARTNER",
    .arguments = {{"", "PURPOSE", false}},
    .run = roll,
};

const struct command cmd_key_keep = {
    .noun = "key",
    .verb = "keep",
    .about = TEXT_ABOUT_KEY_KEEP,
    .example = "officer key keep IDA/PARTNER/1",
    .arguments = {{"dry-run", "yes", true}, {"", "NAME", false}},
    .run = keep,
};

const struct command cmd_key_retire = {
    .noun = "key",
    .verb = "retire",
    .about = TEXT_ABOUT_KEY_RETIRE,
    .example = "officer key retire IDA/PARTNER/1 --dry-run",
    .arguments = {{"dry-run", "yes", true}, {"force", "REASON", true}, {"", "NAME", false}},
    .run = retire,
};

const struct command cmd_key_destroy = {
    .noun = "key",
    .verb = "destroy",
    .about = TEXT_ABOUT_KEY_DESTROY,
    .example = "officer key destroy IDA/PARTNER/1",
    .arguments = {{"dry-run", "yes", true}, {"", "NAME", false}},
    .run = destroy,
};

const struct command cmd_key_revoke = {
    .noun = "key",
    .verb = "revoke",
    .about = TEXT_ABOUT_KEY_REVOKE,
    .example = "officer key revoke IDCS/TOKEN/3",
    .arguments = {{"dry-run", "yes", true}, {"at-once", "yes", true}, {"", "NAME", false}},
    .run = revoke,
};

const struct command cmd_clock_confirm = {
    .noun = "clock",
    .verb = "confirm",
    .about = TEXT_ABOUT_CLOCK_CONFIRM,
    .example = "officer clock confirm",
    .run = confirm,
};
