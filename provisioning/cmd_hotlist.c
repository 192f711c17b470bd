#include <string.h>

#include "provisioning/cmd.h"
#include "provisioning/officer_input.h"

static enum result read_kind(const char *text, enum hotlist_kind *kind) {
    static const struct {
        const char *text;
        enum hotlist_kind kind;
    } all[] = {{"partner", HOTLIST_PARTNER},
               {"device", HOTLIST_DEVICE},
               {"device-provider", HOTLIST_DEVICE_PROVIDER}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        *kind = all[i].kind;
        if (strcmp(text, all[i].text) == 0)
            return RESULT_DONE;
    }
    officer_text_complain(TEXT_BAD_KIND, "kind", text);
    return RESULT_USAGE;
}

static enum result send(struct officer_link *link, const struct arguments *arguments,
                        bool blocked) {
    static uint8_t memory[OFFICER_HOTLIST_ID_SIZE + 64];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_hotlist question = {.blocked = blocked};
    const char *kind = arguments_get(arguments, "kind"), *id = arguments_get(arguments, "id");
    const char *until = arguments_get(arguments, "until");
    RESULT_TRY(read_kind(kind, &question.kind));
    RESULT_TRY(officer_input_text("id", id, question.id, sizeof question.id));
    if (until != NULL)
        RESULT_TRY(officer_input_time("until", until, &question.until_ms));
    officer_wire_put_hotlist(&buffer, &question);
    RESULT_TRY(officer_link_change(link, OFFICER_HOTLIST, &buffer, id, NULL));
    officer_text_print(stdout, blocked ? TEXT_HOTLISTED : TEXT_HOTLIST_REMOVED, kind, id);
    return RESULT_DONE;
}

static enum result add(struct officer_link *link, const struct arguments *arguments) {
    return send(link, arguments, true);
}

static enum result remove_entry(struct officer_link *link, const struct arguments *arguments) {
    return send(link, arguments, false);
}

const struct command cmd_hotlist_add = {
    .noun = "hotlist",
    .verb = "add",
    .about = TEXT_ABOUT_HOTLIST_ADD,
    .example = "officer hotlist add kind=device id=SN-0042ACMEF200 until=2027-12-31",
    .arguments = {{"kind", "partner|device|device-provider", false},
                  {"id", "ID", false},
                  {"until", "DATE", true}},
    .run = add,
};

const struct command cmd_hotlist_remove = {
    .noun = "hotlist",
    .verb = "remove",
    .about = TEXT_ABOUT_HOTLIST_REMOVE,
    .example = "officer hotlist remove kind=device id=SN-0042ACMEF200",
    .arguments = {{"kind", "partner|device|device-provider", false}, {"id", "ID", false}},
    .run = remove_entry,
};
