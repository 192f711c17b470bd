#include <string.h>

#include "provisioning/cmd_key_life.h"
#include "provisioning/cmd_key_custody.h"
#include "provisioning/cmd_key_usage.h"

void cmd_key_custody_print(uint16_t wrapped_by) {
    if (wrapped_by == 0)
        (void)printf("token\n");
    else
        (void)printf("wrapped under IDA/KEK/%u\n", wrapped_by);
}

static const struct {
    const char *word;
    enum officer_order order;
    enum officer_text done;
} custodies[] = {
    {"wrapped", OFFICER_ORDER_WRAP, TEXT_CUSTODY_WRAPPED},
    {"token", OFFICER_ORDER_KEEP_IN_TOKEN, TEXT_CUSTODY_TOKEN},
};

static enum result custody(struct officer_link *link, const struct arguments *arguments) {
    struct officer_key_order order = {0};
    const char *purpose = arguments_get(arguments, "");
    const char *word = arguments_get(arguments, "custody");
    RESULT_TRY(cmd_key_usage_name(purpose, false, &order));
    RESULT_TRY(cmd_key_life_switch(arguments, "dry-run", &order.dry_run));
    for (size_t i = 0; i < sizeof custodies / sizeof *custodies; i++) {
        if (strcmp(custodies[i].word, word) != 0)
            continue;
        order.order = custodies[i].order;
        return cmd_key_life_give(link, &order, purpose, custodies[i].done);
    }
    officer_text_complain(TEXT_BAD_CUSTODY, word, NULL);
    return RESULT_USAGE;
}

const struct command cmd_key_custody = {
    .noun = "key",
    .verb = "custody",
    .about = TEXT_ABOUT_KEY_CUSTODY,
    .example = "officer key custody IDA/PARTNER wrapped --dry-run",
    .arguments = {{"dry-run", "yes", true},
                  {"", "PURPOSE", false},
                  {.name = "custody", .shown = "wrapped|token", .bare = true}},
    .run = custody,
};
