#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clock.h"
#include "provisioning/cmd.h"
#include "provisioning/officer_wire_keys.h"
#include "provisioning/officer_wire_tls.h"

/*
 * What officer makes of provd's answers. The test is the connection to it: it answers questions
 * about keys from a list that is longer than an answer, and those about TLS as a test says.
 */
#define PURPOSES   4
#define OF_PURPOSE 80 /* of each the oldest are destroyed */
#define DESTROYED  3
#define HOUR       CLOCK_HOUR_MS

static size_t asked;
static struct officer_key_order ordered;
static struct officer_tls_installed installed;
static struct officer_tls_shown shown;
static uint8_t answer_memory[65536];

static struct officer_key_next hindered[PURPOSES]; /* what else is said of what comes next */

static void list_from(const struct officer_keys_question *question, struct buffer *answer) {
    static struct officer_keys page;
    const struct officer_keys_place *from = &question->from;
    memset(&page, 0, sizeof page);
    size_t at = from->purpose * OF_PURPOSE;
    at += from->generation > 0 ? (size_t)OF_PURPOSE - from->generation : 0;
    for (; at < PURPOSES * OF_PURPOSE && !page.more; at++) {
        uint16_t generation = (uint16_t)(OF_PURPOSE - at % OF_PURPOSE);
        bool is_destroyed = generation <= DESTROYED;
        if (is_destroyed && !question->destroyed)
            continue;
        page.more = page.count == OFFICER_KEYS_MAX;
        page.rest = (struct officer_keys_place){(uint8_t)(at / OF_PURPOSE), generation};
        if (page.more)
            break;
        struct officer_key *key = &page.keys[page.count++];
        *key = (struct officer_key){.generation = generation,
                                    .has_certificate = true,
                                    .thumbprint = {0xab, [31] = 0xcd},
                                    .came[KEYSTATE_GENERATED] = {true, generation * HOUR},
                                    .state = is_destroyed ? KEYSTATE_DESTROYED : KEYSTATE_RETIRED};
        (void)snprintf(key->purpose, sizeof key->purpose, "P/%c", (char)('A' + at / OF_PURPOSE));
    }
    page.next_count = PURPOSES + 1; /* of the last there are no keys at all */
    for (size_t i = 0; i <= PURPOSES; i++) {
        page.next[i] = i < PURPOSES ? hindered[i] : (struct officer_key_next){0};
        page.next[i].destroyed = i < PURPOSES ? DESTROYED : 0;
        (void)snprintf(page.next[i].purpose, sizeof page.next[i].purpose, "P/%c", (char)('A' + i));
    }
    officer_wire_put_keys(answer, &page);
}

enum result officer_link_ask(struct officer_link *link, enum officer_verb verb,
                             struct bytes question, struct bytes *answer) {
    struct buffer buffer = buffer_over(answer_memory, sizeof answer_memory);
    struct officer_keys_question keys;
    (void)link;
    asked++;
    if (verb == OFFICER_KEY_LIFE) {
        assert_int_equal(officer_wire_get_keys_question(question, &keys), ERR_OK);
        list_from(&keys, &buffer);
    } else if (verb == OFFICER_TLS_INSTALL) {
        officer_wire_put_tls_installed(&buffer, &installed);
    } else {
        officer_wire_put_tls_shown(&buffer, &shown);
    }
    assert_int_equal(buffer_end(&buffer, answer), ERR_OK);
    return RESULT_DONE;
}

enum result officer_link_judge(enum err err, const struct officer_outcome *outcome,
                               const char *where) {
    (void)where;
    return err == ERR_OK && outcome->status == ERR_OK ? RESULT_DONE : RESULT_REFUSED;
}

enum result officer_link_change(struct officer_link *link, enum officer_verb verb,
                                const struct buffer *question, const char *where,
                                struct officer_outcome *outcome) {
    (void)link;
    (void)where;
    (void)outcome;
    if (verb != OFFICER_KEY_ORDER)
        return RESULT_REFUSED;
    assert_int_equal(officer_wire_get_key_order(bytes_of(question->data, question->len), &ordered),
                     ERR_OK);
    return RESULT_DONE;
}

const char *arguments_get(const struct arguments *arguments, const char *name) {
    for (size_t i = 0; i < arguments->count; i++)
        if (strcmp(arguments->given[i].name, name) == 0)
            return arguments->given[i].value;
    return NULL;
}

static void speak(const char *language) {
    (void)setenv("LC_ALL", language, 1);
    officer_text_choose_language();
}

/* What standard output has while ${run} works; to be freed. */
static char *printed_by(enum result (*run)(struct officer_link *link,
                                           const struct arguments *arguments),
                        const struct arguments *arguments) {
    struct officer_link link = {.fd = -1};
    char *memory = NULL;
    size_t size;
    FILE *kept = stdout;
    stdout = open_memstream(&memory, &size);
    assert_non_null(stdout);
    enum result result = run(&link, arguments);
    (void)fclose(stdout);
    stdout = kept;
    assert_int_equal(result, RESULT_DONE);
    return memory;
}

static size_t count_of(const char *text, const char *word) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at += strlen(word))
        count++;
    return count;
}

/* ---- officer key list ---- */

static void assert_listed_once(const char *text, unsigned first) {
    for (unsigned purpose = 0; purpose < PURPOSES; purpose++)
        for (unsigned generation = 1; generation <= OF_PURPOSE; generation++) {
            char name[32];
            (void)snprintf(name, sizeof name, "P/%c/%u ", (char)('A' + purpose), generation);
            assert_int_equal(count_of(text, name), generation >= first ? 1 : 0);
        }
}

static void a_list_has_every_key_and_counts_those_destroyed(void **state) {
    (void)state;
    const struct arguments none = {0};
    asked = 0;
    char *text = printed_by(cmd_key_list.run, &none);
    assert_int_equal(asked, (PURPOSES * (OF_PURPOSE - DESTROYED) + OFFICER_KEYS_MAX - 1) /
                                OFFICER_KEYS_MAX);
    assert_listed_once(text, DESTROYED + 1);
    assert_int_equal(count_of(text, "destroyed keys, not shown: 3"), PURPOSES);
    /* behind the last key of a purpose, not of a page */
    assert_int_equal(count_of(text, "next: nothing"), PURPOSES);
    assert_null(strstr(text, "P/E"));
    assert_non_null(strstr(text, "    sha-256    ab000000000000000000000000000000000000000000000000"
                                 "000000000000cd\n"));
    free(text);
}

static void a_list_of_all_has_those_destroyed_too(void **state) {
    (void)state;
    const struct arguments all = {.count = 1, .given = {{"all", "yes"}}};
    char *text = printed_by(cmd_key_list.run, &all);
    assert_listed_once(text, 1);
    assert_null(strstr(text, "not shown"));
    assert_int_equal(count_of(text, "custody"), PURPOSES * (OF_PURPOSE - DESTROYED));
    free(text);
}

/* An order that waits says so, and not that nothing was ordered; nor does it hide what else comes.
 */
static void what_keeps_the_next_key_from_being_made_is_said(void **state) {
    (void)state;
    const struct arguments none = {0};
    hindered[0] = (struct officer_key_next){.rolls = true, .wanted = true, .full = true};
    hindered[1] = (struct officer_key_next){
        .rolls = true, .orphan = true, .awaited = KEYSTATE_RETIRE, .generation = 7};
    char *text = printed_by(cmd_key_list.run, &none);
    assert_int_equal(count_of(text, "the next key of P/A waits for room"), 1);
    assert_int_equal(count_of(text, "the next key of P/B is made once IDA/ROOT"), 1);
    assert_int_equal(count_of(text, "next: P/B/7 retires"), 1);
    assert_int_equal(count_of(text, "next: nothing"), PURPOSES - 2);
    memset(hindered, 0, sizeof hindered);
    free(text);
}

/* ---- officer tls install ---- */

static const char certificate[] = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

static bool is_in_file;

static char *install(enum tls_chain_end end, const char *authority) {
    char path[] = "/tmp/idcs-officer-XXXXXX";
    const struct arguments file = {.count = 1, .given = {{"", path}}};
    FILE *stream = fdopen(mkstemp(path), "w");
    assert_non_null(stream);
    assert_true(fputs(certificate, stream) >= 0 && fclose(stream) == 0);
    installed = (struct officer_tls_installed){.generation = 2, .in_file = is_in_file, .end = end};
    (void)snprintf(installed.authority, sizeof installed.authority, "%s", authority);
    char *text = printed_by(cmd_tls_install.run, &file);
    (void)remove(path);
    return text;
}

static void a_leaf_alone_is_a_warning_that_names_its_authority(void **state) {
    (void)state;
    char *text = install(TLS_CHAIN_LEAF_ALONE, "R10");
    assert_non_null(strstr(text, "IDCS/TLS/2 has this certificate"));
    assert_non_null(strstr(text, "warning: it stands alone, and clients that do not have 'R10'"));
    free(text);
    speak("fr_MA");
    text = install(TLS_CHAIN_LEAF_ALONE, "R10");
    assert_non_null(strstr(text, "attention : il est seul"));
    free(text);
    speak("en");
    text = install(TLS_CHAIN_AUTHORITY, "Root X1");
    assert_null(strstr(text, "warning"));
    assert_non_null(strstr(text, "clients need 'Root X1'"));
    free(text);
    text = install(TLS_CHAIN_ROOT, "Root X1");
    assert_null(strstr(text, "Root X1"));
    free(text);
}

/* A file that edge shows: what is brought for the token's key may wait for its day. */
static void that_no_handshake_shows_the_token_s_key_is_said(void **state) {
    static const struct arguments none;
    (void)state;
    speak("en");
    is_in_file = true;
    char *text = install(TLS_CHAIN_AUTHORITY, "Root X1");
    assert_non_null(strstr(text, "IDCS/TLS/2 has this certificate, but no handshake shows it"));
    assert_null(strstr(text, "new handshakes show it"));
    free(text);
    is_in_file = false;
    shown = (struct officer_tls_shown){
        .in_file = true,
        .count = 1,
        .keys[0] = {.generation = 1, .state = KEYSTATE_ACTIVE, .count = 1}};
    text = printed_by(cmd_tls_show.run, &none);
    assert_int_equal(count_of(text, "TLS key in a file"), 1);
    free(text);
}

/* ---- officer tls show ---- */

static char *show_end(int64_t left_ms) {
    const struct arguments none = {0};
    shown = (struct officer_tls_shown){.count = 1,
                                       .keys[0] = {.generation = 1,
                                                   .state = KEYSTATE_ACTIVE,
                                                   .brought = true,
                                                   .count = 1,
                                                   .subject = "the box",
                                                   .issuer = "CA",
                                                   .thumbprint = {0xAB}}};
    shown.keys[0].not_after_ms = clock_wall_ms() + left_ms;
    return printed_by(cmd_tls_show.run, &none);
}

/* Half a minute more than is said, which no test takes. */
static void how_long_it_lasts_is_said_in_its_two_largest_units(void **state) {
    (void)state;
    static const struct {
        int64_t left_ms;
        const char *english, *french;
    } cases[] = {
        {5 * 24 * HOUR + 3 * HOUR, "runs out in 5 d 3 h:", "expire dans 5 j 3 h :"},
        {5 * HOUR + HOUR / 60, "runs out in 5 h 1 min:", "expire dans 5 h 1 min :"},
        {HOUR / 2, "runs out in 30 min ", "expire dans 30 min "},
        {-2 * HOUR - HOUR / 60, "ran out 2 h ", "a expiré il y a 2 h "},
        {-50 * HOUR, "ran out 2 d ", "a expiré il y a 2 j "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int french = 0; french < 2; french++) {
            speak(french ? "fr" : "en");
            char *text = show_end(cases[i].left_ms + (cases[i].left_ms > 0 ? HOUR / 120 : 0));
            assert_non_null(strstr(text, french ? cases[i].french : cases[i].english));
            free(text);
        }
    }
    speak("en");
    char *text = show_end(31 * 24 * HOUR);
    assert_null(strstr(text, "warning"));
    assert_non_null(strstr(text, "    sha-256    ab00"));
    free(text);
}

/* ---- officer clock confirm ---- */

static void a_time_is_shown_before_it_is_confirmed(void **state) {
    static const struct arguments words = {1, {{"dry-run", "yes"}}}, none;
    char now[CLOCK_TEXT_SIZE];
    (void)state;
    speak("C");
    clock_format_millis(clock_wall_ms(), now);
    char *text = printed_by(cmd_clock_confirm.run, &words);
    assert_true(ordered.dry_run && ordered.order == OFFICER_ORDER_CONFIRM_CLOCK);
    now[strlen("2026")] = '\0'; /* its year is enough */
    assert_non_null(strstr(text, now));
    assert_non_null(strstr(text, "is 1970-01-04T08:00:00.000Z")); /* of generation 80 */
    assert_non_null(strstr(text, "clock: this could be done"));
    free(text);
    text = printed_by(cmd_clock_confirm.run, &none);
    assert_false(ordered.dry_run);
    assert_non_null(strstr(text, "cannot be taken back"));
    free(text);
}

static void a_roll_can_be_tried(void **state) {
    static const struct arguments words = {2, {{"", "IDA/SIGN"}, {"dry-run", "yes"}}};
    (void)state;
    speak("C");
    char *text = printed_by(cmd_key_roll.run, &words);
    assert_true(ordered.dry_run && ordered.order == OFFICER_ORDER_ROLL);
    assert_non_null(strstr(text, "IDA/SIGN: this could be done"));
    free(text);
}

int main(void) {
    speak("en");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_is_shown_before_it_is_confirmed),
        cmocka_unit_test(a_roll_can_be_tried),
        cmocka_unit_test(a_list_has_every_key_and_counts_those_destroyed),
        cmocka_unit_test(a_list_of_all_has_those_destroyed_too),
        cmocka_unit_test(what_keeps_the_next_key_from_being_made_is_said),
        cmocka_unit_test(a_leaf_alone_is_a_warning_that_names_its_authority),
        cmocka_unit_test(that_no_handshake_shows_the_token_s_key_is_said),
        cmocka_unit_test(how_long_it_lasts_is_said_in_its_two_largest_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
