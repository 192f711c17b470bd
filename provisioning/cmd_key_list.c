#include <string.h>

#include <sodium.h>

#include "firmware/base/clock.h"
#include "provisioning/cmd_key_custody.h"
#include "provisioning/cmd_key_life.h"

/* officer key list: the keys, page by page, and at the end of each purpose what comes next. */
#define NAME_SIZE 32

static void print_when(const struct officer_key *key) {
    for (int state = 0; state < KEYSTATE_COUNT; state++) {
        char date[CLOCK_TEXT_SIZE];
        if (!key->came[state].is_set)
            continue;
        clock_format_millis(key->came[state].wall_ms, date);
        (void)printf("    %-10s %s\n", keystate_text((enum keystate)state), date);
    }
}

static void print_thumbprint(const struct officer_key *key) {
    char hex[2 * sizeof key->thumbprint + 1];
    if (key->has_certificate)
        (void)printf("    sha-256    %s\n",
                     sodium_bin2hex(hex, sizeof hex, key->thumbprint, sizeof key->thumbprint));
}

static void print_key(const struct officer_key *key) {
    char name[NAME_SIZE];
    (void)snprintf(name, sizeof name, "%s/%u", key->purpose, key->generation);
    (void)printf("%-18s %s%s%s%s\n", name, keystate_text(key->state), key->held ? " kept" : "",
                 key->in_use ? " in-use" : "", key->granted ? " destruction-agreed" : "");
    if (key->state != KEYSTATE_DESTROYED) { /* which is nowhere any more */
        (void)printf("    custody    ");
        cmd_key_custody_print(key->wrapped_by);
    }
    if (key->kid[0] != '\0')
        (void)printf("    kid        %s\n", key->kid);
    print_thumbprint(key);
    print_when(key);
}

static void print_choice(const struct officer_key_next *next) {
    if (!next->wraps)
        return;
    (void)printf("  ");
    officer_text_print(stdout, TEXT_KEY_NEXT_WRAPPED, next->purpose, NULL);
}

/* Why the next key is not made, though it is wanted. Gives whether there is a reason. */
static bool print_obstacle(const struct officer_key_next *next) {
    if (!next->full && !next->orphan)
        return false;
    (void)printf("  ");
    officer_text_print(stdout, next->full ? TEXT_KEY_NEXT_ROOM : TEXT_KEY_NEXT_ORPHAN,
                       next->purpose, NULL);
    return true;
}

static void print_next(const struct officer_key_next *next) {
    static const enum officer_text texts[] = {
        [KEYSTATE_GENERATE] = TEXT_KEY_NEXT_GENERATE, [KEYSTATE_PUBLISH] = TEXT_KEY_NEXT_PUBLISH,
        [KEYSTATE_ACTIVATE] = TEXT_KEY_NEXT_ACTIVATE, [KEYSTATE_RETIRE] = TEXT_KEY_NEXT_RETIRE,
        [KEYSTATE_DESTROY] = TEXT_KEY_NEXT_DESTROY,
    };
    char name[NAME_SIZE], span[OFFICER_TEXT_SPAN_SIZE];
    bool rests = next->awaited < KEYSTATE_GENERATE || next->awaited > KEYSTATE_DESTROY;
    if (print_obstacle(next) && rests)
        return;
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
    if (rests) {
        officer_text_print(stdout, TEXT_KEY_NEXT_NOTHING, next->purpose, NULL);
        return;
    }
    (void)snprintf(name, sizeof name, "%s/%u", next->purpose, next->generation);
    officer_text_span(next->wait_ms, span);
    officer_text_print(stdout, texts[next->awaited], next->generation > 0 ? name : next->purpose,
                       span);
}

static void print_end(const struct officer_key_next *next, bool all) {
    char count[NAME_SIZE];
    (void)snprintf(count, sizeof count, "%u", next->destroyed);
    if (!all && next->destroyed > 0) {
        (void)printf("  ");
        officer_text_print(stdout, TEXT_KEY_DESTROYED, count, NULL);
    }
    print_choice(next);
    print_next(next);
}

/* A page may begin and end within a purpose; ${begun}: it has printed of the first one already. */
static void print_page(const struct officer_keys *page, size_t first, bool all, bool *begun) {
    size_t at = 0, last = page->more ? page->rest.purpose : page->next_count;
    for (size_t i = first; i < page->next_count && i <= last; i++) {
        const struct officer_key_next *next = &page->next[i];
        for (; at < page->count && strcmp(page->keys[at].purpose, next->purpose) == 0; at++) {
            print_key(&page->keys[at]);
            *begun = true;
        }
        if (i == last)
            return;
        if (*begun || next->destroyed > 0)
            print_end(next, all);
        *begun = false;
    }
}

static enum result list(struct officer_link *link, const struct arguments *arguments) {
    static struct officer_keys page;
    struct officer_keys_question question = {0};
    bool begun = false;
    RESULT_TRY(cmd_key_life_switch(arguments, "all", &question.destroyed));
    do {
        uint8_t memory[8];
        struct buffer buffer = buffer_over(memory, sizeof memory);
        struct bytes answer;
        officer_wire_put_keys_question(&buffer, &question);
        RESULT_TRY(officer_link_ask(link, OFFICER_KEY_LIFE, bytes_of(memory, buffer.len), &answer));
        enum err err = officer_wire_get_keys(answer, &page);
        RESULT_TRY(officer_link_judge(err, &page.outcome, NULL));
        print_page(&page, question.from.purpose, question.destroyed, &begun);
        question.from = page.rest;
    } while (page.more);
    return RESULT_DONE;
}

const struct command cmd_key_list = {
    .noun = "key",
    .verb = "list",
    .about = TEXT_ABOUT_KEY_LIST,
    .example = "officer key list --all",
    .arguments = {{"all", "yes", true}},
    .run = list,
};
