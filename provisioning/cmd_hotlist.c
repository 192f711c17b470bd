#include <string.h>

#include "provisioning/cmd.h"
#include "provisioning/officer_input.h"

#define VID_FILE_SIZE (OFFICER_VID_SIZE + 2) /* its digits, and the end of a line */

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

static enum result read_until(const struct arguments *arguments, int64_t *until_ms) {
    const char *until = arguments_get(arguments, "until");
    *until_ms = 0;
    return until != NULL ? officer_input_time("until", until, until_ms) : RESULT_DONE;
}

/* What is blocked has a name, or is a person's and comes in a file; never both. */
static enum result require(const struct arguments *arguments, const char *kind, const char *wanted,
                           const char *other) {
    if (arguments_get(arguments, wanted) != NULL && arguments_get(arguments, other) == NULL)
        return RESULT_DONE;
    officer_text_complain(TEXT_HOTLIST_WANTS, kind, wanted);
    return RESULT_USAGE;
}

/* ---- one VID ---- */

static void wipe_question(struct officer_hotlist_vid *question) {
    secret_wipe(question, sizeof *question);
}

static enum result read_vid(const char *path, char vid[static OFFICER_VID_SIZE]) {
    SECRET(memory);
    struct bytes content;
    RESULT_TRY(officer_input_read_line(path, VID_FILE_SIZE, &memory, &content));
    bool is_number = content.len == OFFICER_VID_SIZE - 1;
    for (size_t i = 0; i < content.len; i++)
        is_number &= content.data[i] >= '0' && content.data[i] <= '9';
    if (is_number && bytes_to_text(content, vid, OFFICER_VID_SIZE) == ERR_OK)
        return RESULT_DONE;
    officer_text_complain(TEXT_BAD_VID_FILE, path, NULL);
    return RESULT_USAGE;
}

static enum result send_vid(struct officer_link *link, const struct arguments *arguments,
                            bool blocked) {
    __attribute__((cleanup(wipe_question))) struct officer_hotlist_vid question = {.blocked =
                                                                                       blocked};
    const char *path = arguments_get(arguments, "file");
    SECRET(memory);
    RESULT_TRY(require(arguments, "vid", "file", "id"));
    RESULT_TRY(read_until(arguments, &question.until_ms));
    RESULT_TRY(read_vid(path, question.vid));
    if (secret_new(&memory, 64) != ERR_OK) {
        officer_text_complain(TEXT_NO_MEMORY, NULL, NULL);
        return RESULT_REFUSED;
    }
    struct buffer buffer = buffer_over(memory.data, memory.len);
    officer_wire_put_hotlist_vid(&buffer, &question);
    RESULT_TRY(officer_link_change(link, OFFICER_HOTLIST_VID, &buffer, path, NULL));
    officer_text_print(stdout, blocked ? TEXT_VID_HOTLISTED : TEXT_VID_REMOVED, path, NULL);
    return RESULT_DONE;
}

/* ---- programmes and devices ---- */

static enum result send_named(struct officer_link *link, const struct arguments *arguments,
                              bool blocked) {
    static uint8_t memory[OFFICER_HOTLIST_ID_SIZE + 64];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_hotlist question = {.blocked = blocked};
    const char *kind = arguments_get(arguments, "kind"), *id = arguments_get(arguments, "id");
    RESULT_TRY(read_kind(kind, &question.kind));
    RESULT_TRY(require(arguments, kind, "id", "file"));
    RESULT_TRY(officer_input_text("id", id, question.id, sizeof question.id));
    RESULT_TRY(read_until(arguments, &question.until_ms));
    officer_wire_put_hotlist(&buffer, &question);
    RESULT_TRY(officer_link_change(link, OFFICER_HOTLIST, &buffer, id, NULL));
    officer_text_print(stdout, blocked ? TEXT_HOTLISTED : TEXT_HOTLIST_REMOVED, kind, id);
    return RESULT_DONE;
}

static enum result send(struct officer_link *link, const struct arguments *arguments,
                        bool blocked) {
    bool is_vid = strcmp(arguments_get(arguments, "kind"), "vid") == 0;
    return is_vid ? send_vid(link, arguments, blocked) : send_named(link, arguments, blocked);
}

static enum result add(struct officer_link *link, const struct arguments *arguments) {
    return send(link, arguments, true);
}

static enum result remove_entry(struct officer_link *link, const struct arguments *arguments) {
    return send(link, arguments, false);
}

#define KINDS "partner|device|device-provider|vid"

const struct command cmd_hotlist_add = {
    .noun = "hotlist",
    .verb = "add",
    .about = TEXT_ABOUT_HOTLIST_ADD,
    .example = "officer hotlist add kind=device id=SN-0042ACMEF200 until=2027-12-31",
    .arguments = {{"kind", KINDS, false},
                  {"id", "ID", true},
                  {"file", "FILE", true},
                  {"until", "DATE", true}},
    .run = add,
};

const struct command cmd_hotlist_remove = {
    .noun = "hotlist",
    .verb = "remove",
    .about = TEXT_ABOUT_HOTLIST_REMOVE,
    .example = "officer hotlist remove kind=vid file=-",
    .arguments = {{"kind", KINDS, false}, {"id", "ID", true}, {"file", "FILE", true}},
    .run = remove_entry,
};
