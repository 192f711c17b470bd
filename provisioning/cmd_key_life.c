#include <string.h>

#include "firmware/base/clock.h"
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
    RESULT_TRY(cmd_key_life_switch(arguments, "dry-run", &order.dry_run));
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

static int64_t latest_of(const struct officer_keys *keys, int64_t latest_ms) {
    for (size_t i = 0; i < keys->count; i++)
        for (int state = 0; state < KEYSTATE_COUNT; state++)
            if (keys->keys[i].came[state].is_set && keys->keys[i].came[state].wall_ms > latest_ms)
                latest_ms = keys->keys[i].came[state].wall_ms;
    return latest_ms;
}

/* When a key came into a state for the last time. */
static enum result find_latest(struct officer_link *link, int64_t *latest_ms) {
    static struct officer_keys keys;
    struct officer_keys_question question = {0};
    *latest_ms = 0;
    do {
        uint8_t memory[8];
        struct buffer buffer = buffer_over(memory, sizeof memory);
        struct bytes answer;
        officer_wire_put_keys_question(&buffer, &question);
        RESULT_TRY(
            officer_link_ask(link, OFFICER_KEY_LIFE, bytes_of(buffer.data, buffer.len), &answer));
        enum err err = officer_wire_get_keys(answer, &keys);
        RESULT_TRY(officer_link_judge(err, &keys.outcome, NULL));
        *latest_ms = latest_of(&keys, *latest_ms);
        question.from = keys.rest;
    } while (keys.more);
    return RESULT_DONE;
}

/* What is confirmed stands there before: it cannot be taken back. */
static enum result confirm(struct officer_link *link, const struct arguments *arguments) {
    struct officer_key_order order = {.order = OFFICER_ORDER_CONFIRM_CLOCK};
    char now[CLOCK_TEXT_SIZE], latest[CLOCK_TEXT_SIZE];
    int64_t latest_ms;
    RESULT_TRY(cmd_key_life_switch(arguments, "dry-run", &order.dry_run));
    RESULT_TRY(find_latest(link, &latest_ms));
    clock_format_millis(clock_wall_ms(), now);
    clock_format_millis(latest_ms, latest);
    officer_text_print(stdout, TEXT_CLOCK_SHOWN, now, latest);
    return cmd_key_life_give(link, &order, "clock", TEXT_CLOCK_CONFIRMED);
}

const struct command cmd_key_roll = {
    .noun = "key",
    .verb = "roll",
    .about = TEXT_ABOUT_KEY_ROLL,
    .example = "officer key roll IDA/PARTNER",
    .arguments = {{"dry-run", "yes", true}, {"", "PURPOSE", false}},
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
    .example = "officer clock confirm --dry-run",
    .arguments = {{"dry-run", "yes", true}},
    .run = confirm,
};
