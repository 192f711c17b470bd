#include <stdlib.h>
#include <string.h>

#include "firmware/base/clock.h"
#include "provisioning/cmd_key_custody.h"
#include "provisioning/cmd_key_life.h"
#include "provisioning/cmd_key_usage.h"
#include "provisioning/officer_input.h"

#define NAME_SIZE 32

/* ---- officer key list ---- */

static void print_when(const struct officer_key *key) {
    for (int state = 0; state < KEYSTATE_COUNT; state++) {
        char date[CLOCK_TEXT_SIZE];
        if (!key->came[state].is_set)
            continue;
        clock_format_millis(key->came[state].wall_ms, date);
        (void)printf("    %-10s %s\n", keystate_text((enum keystate)state), date);
    }
}

static void print_key(const struct officer_key *key) {
    char name[NAME_SIZE];
    (void)snprintf(name, sizeof name, "%s/%u", key->purpose, key->generation);
    (void)printf("%-18s %s%s%s%s\n", name, keystate_text(key->state), key->held ? " kept" : "",
                 key->in_use ? " in-use" : "", key->granted ? " destruction-agreed" : "");
    (void)printf("    custody    ");
    cmd_key_custody_print(key->wrapped_by);
    if (key->kid[0] != '\0')
        (void)printf("    kid        %s\n", key->kid);
    if (key->has_certificate) {
        (void)printf("    sha-256    ");
        for (size_t i = 0; i < sizeof key->thumbprint; i++)
            (void)printf("%02x", key->thumbprint[i]);
        (void)printf("\n");
    }
    print_when(key);
}

/* "in 3 d 4 h": the two largest units. */
static void write_span(int64_t ms, char *text, size_t size) {
    if (ms >= CLOCK_DAY_MS)
        (void)snprintf(text, size, "%lld d %lld h", (long long)(ms / CLOCK_DAY_MS),
                       (long long)(ms % CLOCK_DAY_MS / CLOCK_HOUR_MS));
    else if (ms >= CLOCK_HOUR_MS)
        (void)snprintf(text, size, "%lld h %lld min", (long long)(ms / CLOCK_HOUR_MS),
                       (long long)(ms % CLOCK_HOUR_MS / CLOCK_MINUTE_MS));
    else
        (void)snprintf(text, size, "%lld min %lld s", (long long)(ms / CLOCK_MINUTE_MS),
                       (long long)(ms % CLOCK_MINUTE_MS / 1000));
}

static void print_choice(const struct officer_key_next *next) {
    if (!next->wraps)
        return;
    (void)printf("  ");
    officer_text_print(stdout, TEXT_KEY_NEXT_WRAPPED, next->purpose, NULL);
}

static void print_next(const struct officer_key_next *next) {
    static const enum officer_text texts[] = {
        [KEYSTATE_GENERATE] = TEXT_KEY_NEXT_GENERATE, [KEYSTATE_PUBLISH] = TEXT_KEY_NEXT_PUBLISH,
        [KEYSTATE_ACTIVATE] = TEXT_KEY_NEXT_ACTIVATE, [KEYSTATE_RETIRE] = TEXT_KEY_NEXT_RETIRE,
        [KEYSTATE_DESTROY] = TEXT_KEY_NEXT_DESTROY,
    };
    char name[NAME_SIZE], span[48];
    (void)printf("  ");
    if (next->action == KEYSTATE_ASK_CLOCK)
        officer_text_print(stdout, TEXT_KEY_NEXT_CLOCK, NULL, NULL);
    if (!next->rolls) {
        officer_text_print(stdout, TEXT_KEY_NEXT_NEVER, NULL, NULL);
        return;
    }
    if (next->unready) {
        officer_text_print(stdout, TEXT_KEY_NEXT_CERTIFICATE, NULL, NULL);
        return;
    }
    if (next->awaited < KEYSTATE_GENERATE || next->awaited > KEYSTATE_DESTROY) {
        officer_text_print(stdout, TEXT_KEY_NEXT_NOTHING, next->purpose, NULL);
        return;
    }
    (void)snprintf(name, sizeof name, "%s/%u", next->purpose, next->generation);
    write_span(next->wait_ms, span, sizeof span);
    officer_text_print(stdout, texts[next->awaited], next->generation > 0 ? name : next->purpose,
                       span);
}

static void print_keys(const struct officer_keys *shown) {
    size_t at = 0;
    for (size_t i = 0; i < shown->next_count; i++) {
        size_t first = at;
        for (; at < shown->count && strcmp(shown->keys[at].purpose, shown->next[i].purpose) == 0;
             at++)
            print_key(&shown->keys[at]);
        if (at == first)
            continue;
        print_choice(&shown->next[i]);
        print_next(&shown->next[i]);
    }
}

static enum result list(struct officer_link *link, const struct arguments *arguments) {
    static struct officer_keys shown;
    struct bytes answer;
    (void)arguments;
    RESULT_TRY(officer_link_ask(link, OFFICER_KEY_LIFE, bytes_of(NULL, 0), &answer));
    enum err err = officer_wire_get_keys(answer, &shown);
    RESULT_TRY(officer_link_judge(err, &shown.outcome, NULL));
    print_keys(&shown);
    return RESULT_DONE;
}

const struct command cmd_key_list = {
    .noun = "key",
    .verb = "list",
    .about = TEXT_ABOUT_KEY_LIST,
    .example = "officer key list",
    .run = list,
};

/* ---- orders ---- */

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
