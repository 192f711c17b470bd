#include <stdlib.h>
#include <string.h>

#include "firmware/base/clock.h"
#include "provisioning/cmd.h"
#include "provisioning/cmd_key_usage.h"
#include "provisioning/officer_wire_usage.h"

#define TEXT_SIZE  (PROGRAMME_ID_SIZE + 16)
#define HASH_SHOWN 4 /* bytes of a terminal without a name: enough to tell a programme's apart */

/* "3.1 %" of 3100 thousandths; without zeroes behind. */
static void write_share(uint32_t share, char text[static TEXT_SIZE]) {
    (void)snprintf(text, TEXT_SIZE, "%u.%03u", share / 1000, share % 1000);
    size_t len = strlen(text);
    while (text[len - 1] == '0')
        len--;
    len -= text[len - 1] == '.';
    (void)snprintf(text + len, TEXT_SIZE - len, " %%");
}

static void print_row(const char *name, const char *share, const uint64_t *uses,
                      const char *terminals) {
    (void)printf("%-28s %10s %9llu %9llu %9llu %s\n", name, share,
                 (unsigned long long)uses[KEY_USAGE_HOUR], (unsigned long long)uses[KEY_USAGE_DAY],
                 (unsigned long long)uses[KEY_USAGE_MONTH], terminals);
}

static const char *name_of(const struct key_usage_programme *programme) {
    return programme->programme[0] != '\0' ? programme->programme : "*";
}

static void print_terminal(const struct key_usage_terminal *terminal) {
    char name[KEY_USAGE_NAME_SIZE + 8];
    int len = snprintf(name, sizeof name, "  %s", terminal->is_other ? "*" : terminal->name);
    if (len == 2) {
        (void)snprintf(name + len, sizeof name - 2, "#");
        for (size_t i = 0; i < HASH_SHOWN; i++)
            (void)snprintf(name + 3 + 2 * i, sizeof name - 3 - 2 * i, "%02x",
                           terminal->terminal[i]);
    }
    print_row(name, "", terminal->uses, "");
}

static void print_programme(const struct key_usage_report *report,
                            const struct key_usage_programme *programme) {
    char share[TEXT_SIZE], terminals[16] = "";
    write_share(programme->share, share);
    if (programme->terminals > 0)
        (void)snprintf(terminals, sizeof terminals, "%9u", programme->terminals);
    print_row(name_of(programme), share, programme->uses, terminals);
    for (size_t i = 0; i < report->terminal_count; i++)
        if (strcmp(report->terminals[i].programme, programme->programme) == 0)
            print_terminal(&report->terminals[i]);
}

/* What the table has no place for. */
static void print_notes(const struct key_usage_report *report) {
    char programmes[16], terminals[16];
    (void)snprintf(programmes, sizeof programmes, "%u", report->programmes_left_out);
    (void)snprintf(terminals, sizeof terminals, "%u", report->terminals_left_out);
    if (report->programmes_left_out > 0 || report->terminals_left_out > 0)
        officer_text_print(stdout, TEXT_USAGE_LEFT_OUT, programmes, terminals);
    for (size_t i = 0; i < report->programme_count; i++)
        if (report->programmes[i].is_silent && report->programmes[i].share > 0)
            officer_text_print(stdout, TEXT_USAGE_SILENT, name_of(&report->programmes[i]), NULL);
    if (!report->covers_day)
        officer_text_print(stdout, TEXT_USAGE_SHORT, NULL, NULL);
    if (report->uncounted > 0)
        officer_text_print(stdout, TEXT_USAGE_UNCOUNTED, NULL, NULL);
}

static void print_report(const char *name, const struct key_usage_report *report) {
    char since[CLOCK_TEXT_SIZE];
    clock_format_millis(report->since_wall_ms, since);
    officer_text_print(stdout, TEXT_USAGE_SINCE, name, since);
    if (report->programme_count > 0)
        officer_text_print(stdout, TEXT_USAGE_HEAD, NULL, NULL);
    for (size_t i = 0; i < report->programme_count; i++)
        print_programme(report, &report->programmes[i]);
    print_notes(report);
}

static void print_breaks(const char *name, const struct key_usage_report *report) {
    bool breaks = false;
    for (size_t i = 0; i < report->programme_count; i++) {
        const struct key_usage_programme *programme = &report->programmes[i];
        char share[TEXT_SIZE];
        if (programme->share == 0)
            continue;
        breaks = true;
        write_share(programme->share, share);
        officer_text_print(stdout, TEXT_USAGE_BREAKS, name_of(programme), share);
    }
    if (!breaks)
        officer_text_print(stdout, TEXT_USAGE_BREAKS_NOBODY, name, NULL);
}

/* The answer, whatever its outcome. */
static enum result ask(struct officer_link *link, const struct officer_key_order *key,
                       const struct officer_usage **answered) {
    static struct officer_usage usage;
    struct officer_usage_question question = {.generation = key->generation};
    uint8_t memory[64];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes answer;
    memcpy(question.purpose, key->purpose, sizeof question.purpose);
    officer_wire_usage_put_question(&buffer, &question);
    RESULT_TRY(officer_link_ask(link, OFFICER_KEY_USAGE, bytes_of(memory, buffer.len), &answer));
    enum err err = officer_wire_usage_get(answer, &usage);
    *answered = &usage;
    if (err == ERR_OK)
        return RESULT_DONE;
    officer_text_complain(TEXT_NO_ANSWER, err_text(err), NULL);
    return RESULT_REFUSED;
}

static enum result print_usage(const char *name, const struct officer_usage *usage) {
    if (usage->outcome.status == ERR_OK) {
        print_report(name, &usage->report);
        return RESULT_DONE;
    }
    officer_text_refusal(&usage->outcome, name);
    return RESULT_REFUSED;
}

enum result cmd_key_usage_foretell(struct officer_link *link, const struct officer_key_order *order,
                                   const char *name) {
    const struct officer_usage *usage;
    RESULT_TRY(ask(link, order, &usage));
    if (usage->outcome.reason == OFFICER_REASON_KEY_STATE) /* nobody encrypts to such a key */
        return RESULT_DONE;
    RESULT_TRY(print_usage(name, usage));
    print_breaks(name, &usage->report);
    return RESULT_DONE;
}

static enum result show(struct officer_link *link, const struct arguments *arguments) {
    const struct officer_usage *usage;
    struct officer_key_order key = {0};
    const char *name = arguments_get(arguments, "");
    RESULT_TRY(cmd_key_usage_name(name, true, &key));
    RESULT_TRY(ask(link, &key, &usage));
    return print_usage(name, usage);
}

const struct command cmd_key_usage = {
    .noun = "key",
    .verb = "usage",
    .about = TEXT_ABOUT_KEY_USAGE,
    .example = "officer key usage IDA/PARTNER/1",
    .arguments = {{"", "NAME", false}},
    .run = show,
};

/* "IDA/SIGN", or "IDA/SIGN/2" when ${of_key}. Which purposes there are is the box's to say. */
enum result cmd_key_usage_name(const char *text, bool of_key, struct officer_key_order *order) {
    const char *last = strrchr(text, '/');
    size_t len = of_key && last != NULL ? (size_t)(last - text) : strlen(text);
    char *end = NULL;
    unsigned long generation = of_key && last != NULL ? strtoul(last + 1, &end, 10) : 0;
    bool is_key = end != NULL && end > last + 1 && end[0] == '\0' && generation > 0 &&
                  generation <= UINT16_MAX;
    if (len == 0 || len >= sizeof order->purpose || is_key != of_key) {
        officer_text_complain(of_key ? TEXT_BAD_KEY_NAME : TEXT_BAD_PURPOSE, text, NULL);
        return RESULT_USAGE;
    }
    memcpy(order->purpose, text, len);
    order->purpose[len] = '\0';
    order->generation = (uint16_t)generation;
    return RESULT_DONE;
}
