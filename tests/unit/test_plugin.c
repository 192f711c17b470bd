#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/finger_image.h"
#include "tests/unit/finger_sample.h"
#include "tests/unit/plugin_rig.h"

/* The process with a library that behaves, from images to scores. */

#define IMAGES 6

static uint8_t image_memory[IMAGES][FINGER_IMAGE_BYTES_MAX];
static struct finger_template fingers[IMAGES];
static struct bytes images[IMAGES];
static uint8_t template_memory[IMAGES][PLUGIN_TEMPLATE_MAX];
static struct bytes templates[IMAGES];

/* Two impressions of each of three fingers. */
static void make_images(void) {
    for (unsigned i = 0; i < IMAGES; i++) {
        struct buffer target = buffer_over(image_memory[i], sizeof image_memory[i]);
        finger_sample_good(i / 2, i % 2, &fingers[i]);
        fingers[i].quality = (uint8_t)(50 + i);
        fingers[i].y_resolution = fingers[i].x_resolution;
        finger_image_write(&target, &fingers[i]);
        assert_int_equal(buffer_end(&target, &images[i]), ERR_OK);
    }
}

static void enrol(size_t image) {
    struct plugin_extracted answer;
    plugin_rig_ask_extract(images[image], image);
    plugin_rig_answer_extract(image, &answer);
    assert_int_equal(answer.status, ERR_OK);
    assert_int_equal(answer.quality, 50 + image);
    memcpy(template_memory[image], answer.template.data, answer.template.len);
    templates[image] = bytes_of(template_memory[image], answer.template.len);
}

static void start_sample(void) {
    plugin_rig_start("plugin_sample", "", "");
    plugin_rig_await_ready();
    plugin_rig_take_hello(NULL);
    make_images();
}

static void a_matcher_says_what_it_is(void **state) {
    (void)state;
    struct plugin_hello hello;
    plugin_rig_start("plugin_sample", "", "");
    plugin_rig_take_hello(&hello);
    assert_string_equal(hello.name, "sample-1.0");
    assert_true(hello.modalities[BIOMETRIC_FINGER]);
    assert_false(hello.modalities[BIOMETRIC_IRIS] || hello.modalities[BIOMETRIC_FACE]);
}

static void each_asker_is_told_once_a_life(void **state) {
    (void)state;
    uint8_t memory[64];
    struct frame frame;
    start_sample();
    plugin_rig_assert_no_answer();
    plugin_rig_tell_up("core");
    assert_int_equal(
        frame_receive(plugin_rig.core, memory, sizeof memory, &frame, PLUGIN_RIG_WAIT_MS), ERR_OK);
    assert_int_equal(frame.type, PLUGIN_HELLO);
    plugin_rig_assert_no_answer();
}

static void images_are_enrolled_and_compared(void **state) {
    (void)state;
    struct plugin_compared answer;
    start_sample();
    for (size_t i = 0; i < IMAGES; i++)
        enrol(i);
    for (size_t i = 0; i < IMAGES; i++) {
        plugin_rig_ask_compare(images[i], templates, IMAGES, i);
        plugin_rig_answer_compare(i, &answer);
        assert_int_equal(answer.status, ERR_OK);
        assert_int_equal(answer.presented_count, 1);
        assert_int_equal(answer.enrolled_count, IMAGES);
        for (size_t j = 0; j < IMAGES; j++) {
            assert_int_equal(answer.scores[0][j], finger_sample_score(&fingers[i], &fingers[j]));
            bool reaches = answer.scores[0][j] >= FINGER_SCORE_FMR_1E4;
            assert_int_equal(reaches, i / 2 == j / 2);
        }
    }
}

static struct plugin_compare question;

static void fill_question(void) {
    question = (struct plugin_compare){.presented_count = 2, .enrolled_count = 2};
    for (uint8_t i = 0; i < 2; i++) {
        question.presented[i] = (struct plugin_record){BIOMETRIC_FINGER, (uint8_t)(i + 1),
                                                       BIOMETRIC_ISO_19794_4_2005, images[i]};
        question.enrolled[i] = (struct plugin_record){BIOMETRIC_FINGER, (uint8_t)(i + 1),
                                                      BIOMETRIC_FORMAT_UNKNOWN, templates[i]};
    }
}

static void fingers_of_other_positions_are_not_compared(void **state) {
    (void)state;
    struct plugin_compared answer;
    start_sample();
    enrol(0);
    enrol(1);
    fill_question();
    plugin_rig_send_compare(&question, 1);
    plugin_rig_answer_compare(1, &answer);
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 2; j++)
            assert_int_equal(answer.scores[i][j] > 0, i == j);
    question.presented[0].position = 0;
    plugin_rig_send_compare(&question, 2);
    plugin_rig_answer_compare(2, &answer);
    assert_true(answer.scores[0][0] > 0 && answer.scores[0][1] > 0);
}

static void an_image_without_a_template_is_like_nobody(void **state) {
    (void)state;
    struct plugin_extracted extracted;
    struct plugin_compared compared;
    start_sample();
    enrol(0);
    plugin_rig_ask_extract(bytes_of_text("no image"), 1);
    plugin_rig_answer_extract(1, &extracted);
    assert_int_equal(extracted.status, ERR_DENIED);
    plugin_rig_ask_compare(bytes_of_text("no image"), templates, 1, 2);
    plugin_rig_answer_compare(2, &compared);
    assert_int_equal(compared.status, ERR_OK);
    assert_int_equal(compared.scores[0][0], 0);
    enrol(1);
}

static void what_the_matcher_does_not_know_it_is_not_asked_for(void **state) {
    (void)state;
    struct plugin_compared answer;
    start_sample();
    enrol(0);
    fill_question();
    question.presented_count = question.enrolled_count = 1;
    question.presented[0].modality = question.enrolled[0].modality = BIOMETRIC_IRIS;
    question.presented[0].format = BIOMETRIC_ISO_19794_6_2011;
    plugin_rig_send_compare(&question, 1);
    plugin_rig_answer_compare(1, &answer);
    assert_int_equal(answer.status, ERR_UNAVAILABLE);
    enrol(1);
}

static void a_template_that_the_matcher_cannot_read_is_a_failure(void **state) {
    (void)state;
    struct plugin_compared answer;
    struct bytes spoilt = bytes_of_text("no template");
    start_sample();
    plugin_rig_ask_compare(images[0], &spoilt, 1, 1);
    plugin_rig_answer_compare(1, &answer);
    assert_int_equal(answer.status, ERR_UNAVAILABLE);
    assert_int_equal(plugin_rig_end(), BOOT_EXIT_FAILURE);
}

static void each_asker_has_its_own_questions(void **state) {
    (void)state;
    start_sample();
    int core = plugin_rig.core;
    plugin_rig.core = plugin_rig.provd, plugin_rig.provd = core;
    plugin_rig_ask_extract(images[0], 1);
    assert_int_equal(plugin_rig_end(), BOOT_EXIT_FAILURE);
}

static void a_malformed_question_ends_the_process(void **state) {
    (void)state;
    struct frame frame = {.type = PLUGIN_COMPARE, .payload = bytes_of("\1\1", 2)};
    start_sample();
    assert_int_equal(frame_send(plugin_rig.core, &frame, PLUGIN_RIG_WAIT_MS), ERR_OK);
    assert_int_equal(plugin_rig_end(), BOOT_EXIT_FAILURE);
}

static void it_stops_when_asked_to(void **state) {
    (void)state;
    struct frame stop = {.type = BOOT_STOP};
    start_sample();
    assert_int_equal(frame_send(plugin_rig.control, &stop, PLUGIN_RIG_WAIT_MS), ERR_OK);
    assert_int_equal(plugin_rig_end(), BOOT_EXIT_CLEAN);
}

/* How often ${needle} stands in a writable part of the process's memory. */
static size_t count_in_memory(const char *needle) {
    char path[64], line[512];
    size_t count = 0;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)plugin_rig.child);
    FILE *maps = fopen(path, "re");
    snprintf(path, sizeof path, "/proc/%d/mem", (int)plugin_rig.child);
    int memory = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(maps != NULL && memory >= 0);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx rw", &from, &to) != 2 || strstr(line, " rw-") == NULL)
            continue;
        uint8_t *copy = malloc(to - from);
        ssize_t got = pread(memory, copy, to - from, (off_t)from);
        for (uint8_t *at = copy; got > 0; count++) {
            at = memmem(at, (size_t)(copy + got - at), needle, strlen(needle));
            if (at == NULL)
                break;
            at++;
        }
        free(copy);
    }
    (void)fclose(maps);
    (void)close(memory);
    return count;
}

static void nothing_of_a_question_stays_in_memory(void **state) {
    (void)state;
    static const char mark[] = "the ridges of a finger, and whose";
    struct plugin_extracted extracted;
    struct plugin_compared compared;
    struct bytes marked = bytes_of_text(mark), other = bytes_of_text("another");
#ifdef IDCS_SANITIZE
    skip(); /* its shadow and its quarantine are too large to look through */
#endif
    if (geteuid() != 0)
        skip(); /* nobody else may look */
    plugin_rig_start("plugin_hostile", "crash-in-compare", "");
    plugin_rig_take_hello(NULL);
    assert_true(count_in_memory("crash-in-compare") > 0);
    plugin_rig_ask_extract(marked, 1);
    plugin_rig_answer_extract(1, &extracted);
    assert_true(bytes_equal_text(extracted.template, mark));
    plugin_rig_ask_compare(marked, &marked, 1, 2);
    plugin_rig_answer_compare(2, &compared);
    assert_true(compared.scores[0][0] > 0);
    plugin_rig_ask_extract(other, 3);
    plugin_rig_answer_extract(3, &extracted);
    assert_int_equal(count_in_memory(mark + bytes_of_text("another").len), 0);
}

static void set_mode(const char *path, mode_t mode) {
    assert_int_equal(chmod(path, mode), 0);
}

static void a_library_that_others_may_change_is_not_loaded(void **state) {
    (void)state;
    set_mode(plugin_rig_library("plugin_sample"), 0775);
    plugin_rig_start("plugin_sample", "", "");
    plugin_rig_assert_refused("chmod go-w");
}

static void nor_one_in_a_folder_where_others_may_replace_it(void **state) {
    (void)state;
    set_mode(plugin_rig.folder, 0777);
    plugin_rig_start("plugin_sample", "", "");
    plugin_rig_assert_refused("chmod go-w");
}

static void nor_one_of_another_owner(void **state) {
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(plugin_rig_library("plugin_sample"), 1, 1), 0);
    plugin_rig_start("plugin_sample", "", "");
    plugin_rig_assert_refused("chown");
}

static void a_link_is_judged_by_where_it_leads(void **state) {
    (void)state;
    char link[128];
    snprintf(link, sizeof link, "%s", plugin_rig_library("link"));
    assert_int_equal(symlink(plugin_rig_library("plugin_sample"), link), 0);
    plugin_rig_start("link", "", "");
    plugin_rig_take_hello(NULL);
    plugin_rig_tear_down(NULL);
    plugin_rig_set_up(NULL);
    snprintf(link, sizeof link, "%s", plugin_rig_library("link"));
    assert_int_equal(symlink(plugin_rig_library("plugin_sample"), link), 0);
    set_mode(plugin_rig_library("plugin_sample"), 0757);
    plugin_rig_start("link", "", "");
    plugin_rig_assert_refused("chmod go-w");
}

static void a_library_that_is_not_there_is_said_so(void **state) {
    (void)state;
    plugin_rig_start("nothing", "", "");
    plugin_rig_assert_refused("No such file");
}

#define PLUGIN_TEST(name)                                                                          \
    cmocka_unit_test_setup_teardown(name, plugin_rig_set_up, plugin_rig_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        PLUGIN_TEST(a_matcher_says_what_it_is),
        PLUGIN_TEST(each_asker_is_told_once_a_life),
        PLUGIN_TEST(images_are_enrolled_and_compared),
        PLUGIN_TEST(fingers_of_other_positions_are_not_compared),
        PLUGIN_TEST(an_image_without_a_template_is_like_nobody),
        PLUGIN_TEST(what_the_matcher_does_not_know_it_is_not_asked_for),
        PLUGIN_TEST(a_template_that_the_matcher_cannot_read_is_a_failure),
        PLUGIN_TEST(each_asker_has_its_own_questions),
        PLUGIN_TEST(a_malformed_question_ends_the_process),
        PLUGIN_TEST(it_stops_when_asked_to),
        PLUGIN_TEST(nothing_of_a_question_stays_in_memory),
        PLUGIN_TEST(a_library_that_others_may_change_is_not_loaded),
        PLUGIN_TEST(nor_one_in_a_folder_where_others_may_replace_it),
        PLUGIN_TEST(nor_one_of_another_owner),
        PLUGIN_TEST(a_link_is_judged_by_where_it_leads),
        PLUGIN_TEST(a_library_that_is_not_there_is_said_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
