#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "authd/supervise/process.h"
#include "firmware/base/clock.h"
#include "tests/unit/plugin_rig.h"

/*
 * Whatever a vendor's library does harms the question that it was asked and nothing else: the next
 * one, which waits in the socket meanwhile, is answered by a successor.
 */

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define NONE            0 /* no answer: the asker hears of the death */
#define FAILED          1 /* the answer: a technical failure */

#define CRASH (-SIGSEGV)

/*
 * With a sanitizer its handler comes before the signal: it exits with a report, or meets the filter
 * (TSan). Never as the program ends by itself.
 */
static bool is_end(int end, int expected) {
#ifdef IDCS_SANITIZE
    if (expected == CRASH)
        return end != BOOT_EXIT_CLEAN && end < BOOT_EXIT_FAILURE;
#endif
    return end == expected;
}

static const struct deed {
    const char *act;
    int answer;
    int end;
} at_extraction[] =
    {
        {"crash-in-extract", NONE, CRASH},
        {"write-behind", NONE, CRASH},
        {"write-before", NONE, CRASH},
        {"claim-too-much", FAILED, BOOT_EXIT_FAILURE},
        {"claim-nothing", FAILED, BOOT_EXIT_FAILURE},
        {"fail-in-extract", FAILED, BOOT_EXIT_FAILURE},
        {"fail-in-quality", FAILED, BOOT_EXIT_FAILURE},
        {"quality-off-scale", FAILED, BOOT_EXIT_FAILURE},
#ifndef IDCS_SANITIZE
        {"memory-in-extract", FAILED, BOOT_EXIT_FAILURE},
#endif
},
  at_comparison[] = {
      {"crash-in-compare", NONE, CRASH},
      {"open-socket", NONE, -SIGSYS},
      {"fork", NONE, -SIGSYS},
      {"execute", NONE, -SIGSYS},
      {"thread", NONE, -SIGSYS},
      {"load-code", NONE, -SIGSYS},
      {"kill-parent", NONE, -SIGSYS},
      {"end-in-compare", NONE, BOOT_EXIT_CONFIG},
      {"score-off-scale", FAILED, BOOT_EXIT_FAILURE},
      {"fail-in-compare", FAILED, BOOT_EXIT_FAILURE},
      {"nonsense-in-compare", FAILED, BOOT_EXIT_FAILURE},
};

static struct bytes attack(void) {
    return bytes_of_text("an image of an ATTACK");
}
static struct bytes honest(void) {
    return bytes_of_text("an image");
}

static void start_hostile(const char *act) {
    plugin_rig_start("plugin_hostile", act, "memory-mib = 256\ndeadline-ms = 1000\n");
    plugin_rig_await_ready();
    plugin_rig_take_hello(NULL);
}

static void expect_end(const struct deed *deed) {
    int end = plugin_rig_end();
    if (!is_end(end, deed->end))
        fail_msg("%s: ended with %d, not %d", deed->act, end, deed->end);
}

/* Asked before the successor is there. */
static void expect_service_from_successor(void) {
    struct plugin_extracted extracted;
    struct plugin_compared compared;
    struct bytes template = honest();
    plugin_rig_ask_extract(honest(), 11);
    plugin_rig_ask_compare(honest(), &template, 1, 12);
    plugin_rig_start_successor();
    plugin_rig_answer_extract(11, &extracted);
    assert_int_equal(extracted.status, ERR_OK);
    assert_true(bytes_equal(extracted.template, honest()));
    plugin_rig_answer_compare(12, &compared);
    assert_int_equal(compared.scores[0][0], 5000);
}

static void harm_done_at_extraction_is_that_questions(void **state) {
    for (size_t i = 0; i < COUNT_OF(at_extraction); i++) {
        struct plugin_extracted answer;
        start_hostile(at_extraction[i].act);
        plugin_rig_ask_extract(attack(), 1);
        if (at_extraction[i].answer == FAILED) {
            plugin_rig_answer_extract(1, &answer);
            assert_int_equal(answer.status, ERR_UNAVAILABLE);
        }
        expect_end(&at_extraction[i]);
        plugin_rig_assert_no_answer();
        expect_service_from_successor();
        plugin_rig_tear_down(state);
        plugin_rig_set_up(state);
    }
}

static void harm_done_at_comparison_is_that_questions(void **state) {
    struct bytes template = honest();
    for (size_t i = 0; i < COUNT_OF(at_comparison); i++) {
        struct plugin_compared answer;
        start_hostile(at_comparison[i].act);
        plugin_rig_ask_compare(attack(), &template, 1, 1);
        if (at_comparison[i].answer == FAILED) {
            plugin_rig_answer_compare(1, &answer);
            assert_int_equal(answer.status, ERR_UNAVAILABLE);
            assert_int_equal(answer.presented_count, 0);
        }
        expect_end(&at_comparison[i]);
        plugin_rig_assert_no_answer();
        expect_service_from_successor();
        plugin_rig_tear_down(state);
        plugin_rig_set_up(state);
    }
}

static void a_file_is_refused_and_the_matcher_goes_on(void **state) {
    (void)state;
    struct plugin_compared answer;
    struct bytes template = honest();
    start_hostile("open-file");
    for (uint64_t id = 1; id <= 2; id++) {
        plugin_rig_ask_compare(attack(), &template, 1, id);
        plugin_rig_answer_compare(id, &answer);
        assert_int_equal(answer.scores[0][0], 4242);
    }
}

/* As authd watches it: the pulse stands still for as long as the question may take. */
static void expect_hang(const char *act) {
    struct process process = {.pulses = plugin_rig.pulse, .hang_ms = 1000};
    struct bytes template = honest();
    plugin_rig_ask_extract(honest(), 1);
    struct plugin_extracted answer;
    plugin_rig_answer_extract(1, &answer);
    int64_t asked_ms = clock_boot_ms();
    process.started_ms = asked_ms;
    if (strstr(act, "extract") != NULL)
        plugin_rig_ask_extract(attack(), 2);
    else
        plugin_rig_ask_compare(attack(), &template, 1, 2);
    while (!process_is_silent(&process, clock_boot_ms())) {
        assert_true(clock_boot_ms() - asked_ms < PLUGIN_RIG_WAIT_MS);
        (void)poll(NULL, 0, 5);
    }
    assert_true(clock_boot_ms() - asked_ms >= 1000);
    plugin_rig_assert_no_answer();
    assert_int_equal(kill(plugin_rig.child, SIGKILL), 0);
    assert_int_equal(plugin_rig_end(), -SIGKILL);
}

static void a_hang_is_seen_at_its_deadline_and_not_before(void **state) {
    static const char *const acts[] = {"hang-in-extract", "hang-in-compare", "spin-in-compare"};
    for (size_t i = 0; i < COUNT_OF(acts); i++) {
        start_hostile(acts[i]);
        expect_hang(acts[i]);
        expect_service_from_successor();
        plugin_rig_tear_down(state);
        plugin_rig_set_up(state);
    }
}

static void one_that_cannot_start_says_why(void **state) {
    static const struct {
        const char *library, *settings, *word;
    } refused[] = {
        {"plugin_other_version", "", "made for version 2"},
        {"plugin_other_table", "", "table is not that"},
        {"plugin_hostile", "fail-in-init", "does not start"},
        {"plugin_hostile", "fork-in-init", "does not start"},
        {"plugin_hostile", "thread-in-init", "does not start"},
#ifndef IDCS_SANITIZE
        {"plugin_hostile", "memory-in-init", "does not start"},
#endif
        {"plugin_hostile", "no-description", "does not describe"},
        {"plugin_hostile", "name-without-end", "visible"},
        {"plugin_hostile", "name-with-a-space", "visible"},
        {"plugin_hostile", "no-modality", "neither"},
        {"plugin_hostile", "fourth-modality", "neither"},
    };
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        plugin_rig_start(refused[i].library, refused[i].settings, "memory-mib = 256\n");
        plugin_rig_assert_refused(refused[i].word);
        plugin_rig_assert_no_answer();
        plugin_rig_tear_down(state);
        plugin_rig_set_up(state);
    }
}

static void a_crash_at_the_start_is_a_crash(void **state) {
    (void)state;
    plugin_rig_start("plugin_hostile", "crash-in-init", "");
    assert_true(is_end(plugin_rig_end(), CRASH));
    plugin_rig_assert_no_answer();
}

#define PLUGIN_TEST(name)                                                                          \
    cmocka_unit_test_setup_teardown(name, plugin_rig_set_up, plugin_rig_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        PLUGIN_TEST(harm_done_at_extraction_is_that_questions),
        PLUGIN_TEST(harm_done_at_comparison_is_that_questions),
        PLUGIN_TEST(a_file_is_refused_and_the_matcher_goes_on),
        PLUGIN_TEST(a_hang_is_seen_at_its_deadline_and_not_before),
        PLUGIN_TEST(one_that_cannot_start_says_why),
        PLUGIN_TEST(a_crash_at_the_start_is_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
