#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/frame.h"
#include "authd/unseal/worker.h"
#include "authd/wire/sample_wire.h"
#include "authd/wire/unseal_wire.h"
#include "tests/lib/device_sample.h"
#include "tests/unit/bir_sample.h"
#include "tests/unit/record_sample.h"

static char text[BIR_SAMPLE_SIZE];
static uint8_t record_memory[16384];
static struct enrolment got;

static int open_worker(void **state) {
    (void)state;
    return worker_open() == ERR_OK ? 0 : -1;
}

static int close_worker(void **state) {
    (void)state;
    worker_close();
    return 0;
}

static bool is_wiped(struct bytes memory) {
    for (size_t i = 0; i < memory.len; i++)
        if (memory.data[i] != 0)
            return false;
    return true;
}

static void ask(const struct enrolment_question *question) {
    static uint8_t memory[FRAME_PAYLOAD_MAX], copy[FRAME_PAYLOAD_MAX];
    struct buffer target = buffer_over(memory, sizeof memory);
    struct frame frame = {.type = UNSEAL_ENROLMENT}, answer;
    sample_wire_put_enrolment_question(&target, question);
    assert_int_equal(buffer_end(&target, &frame.payload), ERR_OK);
    assert_int_equal(worker_answer(&frame, &answer), ERR_OK);
    assert_int_equal(answer.type, UNSEAL_ENROLMENT_READ);
    memcpy(copy, answer.payload.data, answer.payload.len);
    worker_forget();
    assert_true(is_wiped(answer.payload));
    assert_int_equal(sample_wire_get_enrolment(bytes_of(copy, answer.payload.len), &got), ERR_OK);
}

static void ask_about(struct bytes record, enum biometric_modality modality, uint8_t position) {
    struct enrolment_question question = {
        .record = record, .modality = modality, .position = position};
    ask(&question);
    assert_int_equal(got.status, ERR_OK);
    assert_true(got.count > 0);
}

static void ask_about_document(struct bytes document) {
    struct enrolment_question question = {.record = document, .is_document = true};
    ask(&question);
}

static struct bytes finger_record(uint8_t views, uint8_t position) {
    struct record_sample sample = record_sample(BIOMETRIC_ISO_19794_2_2005);
    sample.views = views;
    memset(sample.positions, position, sizeof sample.positions);
    return record_sample_write(&sample, record_memory, sizeof record_memory);
}

static void each_view_of_a_finger_is_enrolled(void **state) {
    (void)state;
    ask_about(finger_record(3, 0), BIOMETRIC_FINGER, 7);
    assert_int_equal(got.count, 3);
    for (size_t i = 0; i < got.count; i++) {
        const struct enrolment_record *record = &got.records[i];
        assert_true(record->modality == BIOMETRIC_FINGER && record->position == 7);
        assert_int_equal(record->kind, SAMPLE_MINUTIAE);
        assert_int_equal(record->format, BIOMETRIC_ISO_19794_2_2005);
        assert_int_equal(record->quality, RECORD_SAMPLE_QUALITY);
        assert_int_equal(record->minutiae.position, 7);
        assert_int_equal(record->minutiae.count, 6);
    }
}

static void a_record_of_another_part_is_refused(void **state) {
    (void)state;
    ask_about(finger_record(1, 2), BIOMETRIC_FINGER, 7);
    assert_true(got.count == 1 && got.records[0].kind == SAMPLE_NONE);
    assert_int_equal(got.records[0].reason, BIOMETRIC_OTHER_POSITION);
    ask_about(finger_record(1, 2), BIOMETRIC_IRIS, 2);
    assert_int_equal(got.records[0].reason, BIOMETRIC_OTHER_MODALITY);
    size_t len = device_sample_iris(1, record_memory, sizeof record_memory);
    ask_about(bytes_of(record_memory, len), BIOMETRIC_IRIS, 2);
    assert_int_equal(got.records[0].reason, BIOMETRIC_OTHER_POSITION);
    ask_about(bytes_of_text("no record"), BIOMETRIC_FACE, 0);
    assert_int_equal(got.records[0].reason, BIOMETRIC_UNRECOGNISED);
}

static void containers_are_enrolled_as_they_are_written_again(void **state) {
    (void)state;
    uint8_t expected[8192];
    size_t len = device_sample_iris(0, record_memory, sizeof record_memory);
    (void)device_sample_iris(1, expected, sizeof expected);
    ask_about(bytes_of(record_memory, len), BIOMETRIC_IRIS, 1);
    assert_int_equal(got.records[0].kind, SAMPLE_IRIS_CODE);
    assert_true(bytes_equal(got.records[0].data, bytes_of(expected, len)));
    len = device_sample_face(record_memory, sizeof record_memory);
    ask_about(bytes_of(record_memory, len), BIOMETRIC_FACE, 0);
    assert_int_equal(got.records[0].kind, SAMPLE_FACE_VECTOR);
    assert_true(bytes_equal(got.records[0].data, bytes_of(record_memory, len)));
}

static void a_document_gives_what_was_captured(void **state) {
    (void)state;
    ask_about_document(bir_sample(text, sizeof text));
    assert_int_equal(got.status, ERR_OK);
    assert_int_equal(got.count, 3); /* a thumb could not be captured */
    assert_true(got.records[0].kind == SAMPLE_MINUTIAE && got.records[0].position == 2);
    assert_int_equal(got.records[0].minutiae.position, 2);
    /* The images of this document are none. */
    assert_true(got.records[1].modality == BIOMETRIC_IRIS && got.records[1].position == 2);
    assert_true(got.records[2].modality == BIOMETRIC_FACE && got.records[2].position == 0);
    for (size_t i = 1; i < 3; i++)
        assert_true(got.records[i].kind == SAMPLE_NONE && got.records[i].data.len == 0);
}

static void an_image_is_handed_on_for_an_extractor(void **state) {
    (void)state;
    struct bytes face = bytes_of("FAC\0"
                                 "010\0\0\0\0\x2e\0\1\0\0\0\x20"
                                 "0123456789012345678901234567",
                                 46);
    ask_about(face, BIOMETRIC_FACE, 0);
    assert_true(got.count == 1 && got.records[0].kind == SAMPLE_IMAGE);
    assert_int_equal(got.records[0].reason, BIOMETRIC_NO_EXTRACTOR);
    assert_true(bytes_equal(got.records[0].data, face));
}

static void where_a_document_breaks_its_rules_is_told(void **state) {
    (void)state;
    static const char broken[] = "<?xml version=\"1.0\"?>\n\n<BIR>\n</BIS>";
    ask_about_document(bytes_of_text(broken));
    assert_true(got.status == ERR_MALFORMED && got.count == 0);
    assert_int_equal(got.line, 3);
    ask_about_document(finger_record(1, 2));
    assert_int_equal(got.status, ERR_MALFORMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_view_of_a_finger_is_enrolled),
        cmocka_unit_test(a_record_of_another_part_is_refused),
        cmocka_unit_test(containers_are_enrolled_as_they_are_written_again),
        cmocka_unit_test(a_document_gives_what_was_captured),
        cmocka_unit_test(an_image_is_handed_on_for_an_extractor),
        cmocka_unit_test(where_a_document_breaks_its_rules_is_told),
    };
    return cmocka_run_group_tests(tests, open_worker, close_worker);
}
