#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <sodium.h>

#include "firmware/base/codec.h"
#include "authd/match/finger_scratch.h"
#include "authd/match/iris_code_scratch.h"
#include "authd/unseal/finger_record.h"
#include "provisioning/demo/demo_biometrics.h"

#define PEOPLE        60
#define IRIS_DISTANCE 3000 /* the strictest that is claimed */
#define IRIS_TURN     15

static uint8_t memory[DEMO_BIOMETRICS_RECORD_MAX];
static struct finger_scratch finger_scratch;
static struct iris_code_scratch iris_scratch;

static struct bytes capture(unsigned person, enum demo_biometrics_part part, unsigned number) {
    char uin[16];
    struct buffer record = buffer_over(memory, sizeof memory);
    struct bytes written;
    (void)snprintf(uin, sizeof uin, "10000%05u", person);
    demo_biometrics_capture(uin, part, number, &record);
    assert_int_equal(buffer_end(&record, &written), ERR_OK);
    return written;
}

static void prepare_finger(unsigned person, enum demo_biometrics_part part, unsigned number,
                           struct finger_prepared *prepared) {
    struct biometric_record read;
    finger_record_read(capture(person, part, number), BIOMETRIC_FORMAT_UNKNOWN, &read);
    assert_int_equal(read.reason, BIOMETRIC_READ);
    assert_int_equal(read.finger_count, 1);
    assert_int_equal(read.format, part == DEMO_LEFT_INDEX ? BIOMETRIC_ISO_19794_2_2011
                                                          : BIOMETRIC_ISO_19794_2_2005);
    assert_int_equal(read.fingers[0].minutiae.position, part == DEMO_LEFT_INDEX ? 7 : 2);
    assert_int_equal(read.fingers[0].minutiae.quality, 80);
    assert_int_equal(finger_prepare(&read.fingers[0].minutiae, prepared), ERR_OK);
}

static void a_finger_matches_what_is_enrolled_of_it(void **state) {
    (void)state;
    static struct finger_prepared enrolled, live;
    for (unsigned person = 0; person < PEOPLE; person++)
        for (enum demo_biometrics_part part = DEMO_RIGHT_INDEX; part <= DEMO_LEFT_INDEX; part++) {
            prepare_finger(person, part, 0, &enrolled);
            for (unsigned number = 1; number < DEMO_BIOMETRICS_CAPTURES; number++) {
                prepare_finger(person, part, number, &live);
                assert_true(finger_compare(&live, &enrolled, &finger_scratch) >=
                            FINGER_SCORE_FMR_1E4);
            }
        }
}

static void no_finger_matches_another(void **state) {
    (void)state;
    static struct finger_prepared enrolled, live;
    for (unsigned person = 0; person < PEOPLE; person++) {
        prepare_finger(person, DEMO_RIGHT_INDEX, 0, &enrolled);
        prepare_finger(person, DEMO_LEFT_INDEX, 1, &live);
        assert_true(finger_compare(&live, &enrolled, &finger_scratch) < FINGER_SCORE_FMR_1E4);
        prepare_finger(person + 1, DEMO_RIGHT_INDEX, 1, &live);
        assert_true(finger_compare(&live, &enrolled, &finger_scratch) < FINGER_SCORE_FMR_1E4);
    }
}

static enum err compare_irises(struct bytes one, struct bytes other, uint16_t *distance) {
    static struct iris_code codes[2];
    assert_int_equal(iris_code_read(one, &codes[0]), ERR_OK);
    assert_int_equal(iris_code_read(other, &codes[1]), ERR_OK);
    return iris_code_compare(&codes[0], &codes[1], IRIS_TURN, &iris_scratch, distance);
}

static void an_iris_matches_what_is_enrolled_of_it_and_no_other(void **state) {
    (void)state;
    uint8_t enrolled_memory[DEMO_BIOMETRICS_RECORD_MAX];
    uint16_t distance;
    for (unsigned person = 0; person < PEOPLE; person++) {
        struct buffer copy = buffer_over(enrolled_memory, sizeof enrolled_memory);
        struct bytes enrolled, written = capture(person, DEMO_LEFT_IRIS, 0);
        buffer_raw(&copy, written.data, written.len);
        assert_int_equal(buffer_end(&copy, &enrolled), ERR_OK);
        for (unsigned number = 1; number < DEMO_BIOMETRICS_CAPTURES; number++) {
            struct bytes live = capture(person, DEMO_LEFT_IRIS, number);
            assert_int_equal(compare_irises(live, enrolled, &distance), ERR_OK);
            assert_true(distance <= IRIS_DISTANCE);
        }
        struct bytes other = capture(person + 1, DEMO_LEFT_IRIS, 1);
        assert_int_equal(compare_irises(other, enrolled, &distance), ERR_OK);
        assert_true(distance > IRIS_DISTANCE);
        struct bytes right = capture(person, DEMO_RIGHT_IRIS, 1);
        assert_int_equal(compare_irises(right, enrolled, &distance), ERR_DENIED);
    }
}

static void what_is_enrolled_is_the_first_capture(void **state) {
    (void)state;
    json_t *biometrics = NULL;
    assert_int_equal(demo_biometrics_enrol("1000000000", true, &biometrics), ERR_OK);
    assert_int_equal(json_object_size(biometrics), DEMO_BIOMETRICS_PARTS);
    for (enum demo_biometrics_part part = 0; part < DEMO_BIOMETRICS_PARTS; part++) {
        uint8_t record[DEMO_BIOMETRICS_RECORD_MAX];
        size_t len = 0;
        const json_t *list = json_object_get(biometrics, demo_biometrics_name(part));
        assert_int_equal(json_array_size(list), 1);
        const char *text = json_string_value(json_array_get(list, 0));
        assert_int_equal(
            codec_base64_decode(bytes_of_text(text), CODEC_STRICT, record, sizeof record, &len),
            ERR_OK);
        struct bytes first = capture(0, part, 0);
        assert_int_equal(first.len, len);
        assert_memory_equal(first.data, record, len);
    }
    json_decref(biometrics);
    assert_int_equal(demo_biometrics_enrol("1000000000", false, &biometrics), ERR_OK);
    assert_int_equal(json_object_size(biometrics), 2);
    json_decref(biometrics);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finger_matches_what_is_enrolled_of_it),
        cmocka_unit_test(no_finger_matches_another),
        cmocka_unit_test(an_iris_matches_what_is_enrolled_of_it_and_no_other),
        cmocka_unit_test(what_is_enrolled_is_the_first_capture),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
