#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/core_clock.h"
#include "tests/unit/lane_biometric.h"

/* A lane and its plug-in: who is asked when, and whom its ends and silences cost what. */
#define PLUGIN "acme-3.1"
enum { PERSON = 1, OTHER = 2, DEADLINE_MS = 2000, MATCHES = 9000 };

static const struct capture_part index_finger[] = {{"Finger", "Right IndexFinger"}};
static struct lane_box box;
static struct lane_biometric request;
static struct plugin_compare question;
static struct plugin_compared compared;

static void enrol(unsigned person, const char *plugin) {
    struct enrolled enrolled = {
        .count = 2,
        .parts = {{.modality = BIOMETRIC_FINGER, .position = 2, .kind = ENROLLED_PLUGIN},
                  {.modality = BIOMETRIC_FINGER, .position = 3, .kind = ENROLLED_PLUGIN}}};
    for (size_t i = 0; i < 2; i++) {
        strcpy(enrolled.parts[i].plugin, plugin);
        enrolled.parts[i].data = bytes_of_text(i == 0 ? "second" : "third");
    }
    lane_biometric_enrol(&box, person, &enrolled);
}

static int make(void **state) {
    (void)state;
    core_clock_shift_ms = 0;
    lane_biometric_make(&box, "");
    enrol(PERSON, PLUGIN);
    enrol(OTHER, PLUGIN);
    lane_biometric_plugin_hello(&box, PLUGIN);
    return 0;
}

static int unmake(void **state) {
    (void)state;
    lane_fixture_remove(&box);
    return 0;
}

/* An image of the right index finger. */
static void present(unsigned person) {
    core_clock_shift_ms++;
    lane_biometric_of(&request, person, index_finger, 1);
    request.samples.samples[0].format = BIOMETRIC_ISO_19794_4_2011;
    request.samples.samples[0].reason = BIOMETRIC_NO_EXTRACTOR;
    request.samples.samples[0].kind = SAMPLE_IMAGE;
    request.samples.samples[0].data = bytes_of_text("an image");
    (void)lane_biometric_play(&box, &request);
}

/* The answer to ${question}: this score for the finger of that position, another for the next. */
static const struct plugin_compared *scores(uint32_t own, uint32_t other) {
    compared = (struct plugin_compared){.status = ERR_OK,
                                        .presented_count = question.presented_count,
                                        .enrolled_count = question.enrolled_count};
    compared.scores[0][0] = own;
    compared.scores[0][1] = other;
    return &compared;
}

static void expect_told(const char *codes, const char *detail) {
    struct lane_biometric_told told = lane_biometric_told(&box);
    assert_string_equal(told.codes, codes);
    assert_string_equal(told.detail, detail);
}

static void an_image_is_compared_with_what_this_plug_in_extracted(void **state) {
    (void)state;
    present(PERSON);
    struct frame frame = lane_biometric_compare(&box, &question);
    assert_int_equal(question.presented_count, 1);
    assert_true(bytes_equal_text(question.presented[0].data, "an image"));
    assert_int_equal(question.presented[0].position, 2);
    assert_int_equal(question.presented[0].format, BIOMETRIC_ISO_19794_4_2011);
    assert_int_equal(question.enrolled_count, 2);
    assert_true(bytes_equal_text(question.enrolled[0].data, "second"));
    assert_int_equal(question.enrolled[1].position, 3);
    lane_biometric_compared(&box, &frame, scores(MATCHES, 0));
    expect_told("yes", "");
    lane_fixture_expect_idle(&box);
}

static void only_the_score_of_the_same_finger_counts(void **state) {
    (void)state;
    present(PERSON);
    struct frame frame = lane_biometric_compare(&box, &question);
    lane_biometric_compared(&box, &frame, scores(0, MATCHES));
    expect_told("IDA-BIA-001", "Finger");
}

static void who_is_enrolled_by_another_plug_in_does_not_match(void **state) {
    (void)state;
    enrol(PERSON, "other-1.0");
    present(PERSON);
    assert_true(lane_fixture_is_silent(&box, PARTY_PLUGIN));
    expect_told("IDA-BIA-001", "Finger");
}

static void what_it_cannot_compare_is_an_image_without_extractor(void **state) {
    (void)state;
    static const struct capture_part eye[] = {{"Iris", "Left"}};
    lane_biometric_of(&request, PERSON, eye, 1);
    request.samples.samples[0].format = BIOMETRIC_ISO_19794_6_2011;
    request.samples.samples[0].reason = BIOMETRIC_NO_EXTRACTOR;
    request.samples.samples[0].kind = SAMPLE_IMAGE;
    request.samples.samples[0].data = bytes_of_text("an image");
    (void)lane_biometric_play(&box, &request);
    expect_told("IDA-BIA-011", "image format without extractor");
}

static void it_has_one_question_at_a_time(void **state) {
    (void)state;
    present(PERSON);
    struct frame first = lane_biometric_compare(&box, &question);
    struct frame kept = {.type = first.type, .id = first.id, .generation = first.generation};
    present(OTHER);
    assert_true(lane_fixture_is_silent(&box, PARTY_PLUGIN));
    assert_int_equal(lane_fixture_waiting(&box, STEP_COMPARE), 2);
    lane_biometric_compared(&box, &kept, scores(MATCHES, 0));
    expect_told("yes", "");
    first = lane_biometric_compare(&box, &question);
    lane_biometric_compared(&box, &first, scores(0, 0));
    expect_told("IDA-BIA-001", "Finger");
    lane_fixture_expect_idle(&box);
}

/* Five such ends would be as many failures, if they were counted. */
static void its_death_costs_one_request_and_no_try(void **state) {
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        present(PERSON);
        (void)lane_biometric_compare(&box, &question);
        lane_fixture_peer_down(&box, PARTY_PLUGIN);
        expect_told("IDA-BIA-017", "plug-in");
        lane_fixture_peer_up(&box, PARTY_PLUGIN);
        lane_biometric_plugin_hello(&box, PLUGIN);
    }
    present(PERSON);
    struct frame frame = lane_biometric_compare(&box, &question);
    lane_biometric_compared(&box, &frame, scores(MATCHES, 0));
    expect_told("yes", "");
}

static void who_waits_in_line_is_asked_of_the_successor(void **state) {
    (void)state;
    present(PERSON);
    (void)lane_biometric_compare(&box, &question);
    present(OTHER);
    lane_fixture_peer_down(&box, PARTY_PLUGIN);
    expect_told("IDA-BIA-017", "plug-in");
    assert_true(lane_fixture_is_silent(&box, PARTY_PLUGIN));
    lane_biometric_plugin_hello(&box, PLUGIN);
    struct frame frame = lane_biometric_compare(&box, &question);
    lane_biometric_compared(&box, &frame, scores(MATCHES, 0));
    expect_told("yes", "");
}

static void who_comes_while_it_is_being_replaced_waits_for_the_successor(void **state) {
    (void)state;
    lane_fixture_peer_down(&box, PARTY_PLUGIN);
    present(PERSON);
    assert_true(lane_fixture_is_silent(&box, PARTY_PLUGIN));
    lane_biometric_plugin_hello(&box, PLUGIN);
    struct frame frame = lane_biometric_compare(&box, &question);
    lane_biometric_compared(&box, &frame, scores(MATCHES, 0));
    expect_told("yes", "");
}

static void word_of_its_death_may_come_behind_its_successors_hello(void **state) {
    (void)state;
    present(PERSON);
    (void)lane_biometric_compare(&box, &question);
    lane_biometric_plugin_hello(&box, PLUGIN);
    expect_told("IDA-BIA-017", "plug-in");
    present(OTHER);
    struct frame frame = lane_biometric_compare(&box, &question);
    struct frame kept = {.type = frame.type, .id = frame.id, .generation = frame.generation};
    lane_fixture_peer_down(&box, PARTY_PLUGIN);
    lane_biometric_compared(&box, &kept, scores(MATCHES, 0));
    expect_told("yes", "");
    present(PERSON); /* and it is served on */
    frame = lane_biometric_compare(&box, &question);
    lane_biometric_compared(&box, &frame, scores(MATCHES, 0));
    expect_told("yes", "");
}

static void an_answer_of_a_predecessor_is_nobodys(void **state) {
    (void)state;
    present(PERSON);
    struct frame frame = lane_biometric_compare(&box, &question);
    struct frame kept = {.type = frame.type, .id = frame.id, .generation = frame.generation};
    lane_fixture_peer_down(&box, PARTY_PLUGIN);
    expect_told("IDA-BIA-017", "plug-in");
    lane_biometric_plugin_hello(&box, PLUGIN);
    present(OTHER);
    frame = lane_biometric_compare(&box, &question);
    struct frame asked = {.type = frame.type, .id = frame.id, .generation = frame.generation};
    lane_biometric_compared(&box, &kept, scores(MATCHES, 0));
    lane_fixture_turn(&box);
    assert_int_equal(lane_fixture_waiting(&box, STEP_COMPARE), 1);
    lane_biometric_compared(&box, &asked, scores(0, 0));
    expect_told("IDA-BIA-001", "Finger");
}

static void one_that_hangs_is_replaced_and_its_late_answer_is_nobodys(void **state) {
    (void)state;
    present(PERSON);
    struct frame frame = lane_biometric_compare(&box, &question);
    struct frame kept = {.type = frame.type, .id = frame.id, .generation = frame.generation};
    core_clock_shift_ms += DEADLINE_MS + 1;
    lane_fixture_turn(&box);
    expect_told("IDA-BIA-017", "plug-in");
    assert_true(lane_fixture_was_reported(&box, PARTY_PLUGIN));
    lane_biometric_compared(&box, &kept, scores(MATCHES, 0));
    lane_fixture_turn(&box);
    lane_fixture_expect_idle(&box);
    lane_biometric_plugin_hello(&box, PLUGIN); /* its successor's, before word of its end */
    lane_fixture_peer_down(&box, PARTY_PLUGIN);
    present(PERSON);
    frame = lane_biometric_compare(&box, &question);
    lane_biometric_compared(&box, &frame, scores(MATCHES, 0));
    expect_told("yes", "");
}

static void it_may_say_that_it_failed(void **state) {
    (void)state;
    present(PERSON);
    struct frame frame = lane_biometric_compare(&box, &question);
    const struct plugin_compared failure = {.status = ERR_UNAVAILABLE};
    lane_biometric_compared(&box, &frame, &failure);
    expect_told("IDA-BIA-017", "plug-in");
    assert_false(lane_fixture_was_reported(&box, PARTY_PLUGIN));
}

static void one_that_answers_about_more_than_it_was_asked_is_dropped(void **state) {
    (void)state;
    present(PERSON);
    struct frame frame = lane_biometric_compare(&box, &question);
    question.enrolled_count = 3;
    lane_biometric_compared(&box, &frame, scores(MATCHES, MATCHES));
    expect_told("IDA-BIA-017", "plug-in");
    assert_true(lane_fixture_was_reported(&box, PARTY_PLUGIN));
    lane_fixture_expect_idle(&box);
    lane_fixture_peer_down(&box, PARTY_PLUGIN);
    lane_biometric_plugin_hello(&box, PLUGIN); /* its successor's, before word of its start */
    lane_fixture_peer_up(&box, PARTY_PLUGIN);
    lane_fixture_turn(&box);
    present(PERSON);
    frame = lane_biometric_compare(&box, &question);
    lane_biometric_compared(&box, &frame, scores(MATCHES, 0));
    expect_told("yes", "");
}

static void a_request_waits_no_longer_than_the_deadline(void **state) {
    (void)state;
    present(PERSON);
    (void)lane_biometric_compare(&box, &question);
    lane_fixture_peer_down(&box, PARTY_PLUGIN);
    expect_told("IDA-BIA-017", "plug-in");
    lane_biometric_plugin_hello(&box, PLUGIN);
    present(PERSON);
    (void)lane_biometric_compare(&box, &question);
    core_clock_shift_ms += DEADLINE_MS - 100;
    present(OTHER); /* waits behind one that hangs */
    lane_fixture_turn(&box);
    assert_int_equal(lane_fixture_waiting(&box, STEP_COMPARE), 2);
    core_clock_shift_ms += 200;
    lane_fixture_turn(&box);
    expect_told("IDA-BIA-017", "plug-in");
    assert_int_equal(lane_fixture_waiting(&box, STEP_COMPARE), 1);
    core_clock_shift_ms += DEADLINE_MS;
    lane_fixture_turn(&box);
    expect_told("IDA-BIA-017", "plug-in");
    lane_fixture_expect_idle(&box);
}

#define FLOW(name) cmocka_unit_test_setup_teardown(name, make, unmake)
int main(void) {
    const struct CMUnitTest tests[] = {
        FLOW(an_image_is_compared_with_what_this_plug_in_extracted),
        FLOW(only_the_score_of_the_same_finger_counts),
        FLOW(who_is_enrolled_by_another_plug_in_does_not_match),
        FLOW(what_it_cannot_compare_is_an_image_without_extractor),
        FLOW(it_has_one_question_at_a_time),
        FLOW(its_death_costs_one_request_and_no_try),
        FLOW(who_waits_in_line_is_asked_of_the_successor),
        FLOW(who_comes_while_it_is_being_replaced_waits_for_the_successor),
        FLOW(word_of_its_death_may_come_behind_its_successors_hello),
        FLOW(an_answer_of_a_predecessor_is_nobodys),
        FLOW(one_that_hangs_is_replaced_and_its_late_answer_is_nobodys),
        FLOW(it_may_say_that_it_failed),
        FLOW(one_that_answers_about_more_than_it_was_asked_is_dropped),
        FLOW(a_request_waits_no_longer_than_the_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
