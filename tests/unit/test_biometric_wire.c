#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/wire/biometric_name.h"
#include "authd/wire/biometric_wire.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static uint8_t memory[BIOMETRIC_MINUTIAE_BYTES + 1];
static struct finger_template sent, got;

static void fill(uint8_t count) {
    sent = (struct finger_template){.x_resolution = FINGER_RESOLUTION_MIN,
                                    .y_resolution = FINGER_RESOLUTION_MAX,
                                    .position = 10,
                                    .quality = 100,
                                    .count = count};
    for (size_t i = 0; i < count; i++)
        sent.minutiae[i] = (struct finger_minutia){
            .x = (uint16_t)(FINGER_COORDINATE_MAX - i),
            .y = (uint16_t)(i * 64),
            .angle = (uint8_t)(255 - i),
            .kind = i % 3,
            .quality = i % 101,
        };
}

static struct bytes write_sent(void) {
    struct buffer target = buffer_over(memory, sizeof memory);
    struct bytes written;
    biometric_wire_put_minutiae(&target, &sent);
    assert_int_equal(buffer_end(&target, &written), ERR_OK);
    return written;
}

static enum err get(struct bytes message) {
    struct cursor cursor = cursor_over(message);
    memset(&got, 0x55, sizeof got);
    biometric_wire_get_minutiae(&cursor, &got);
    return cursor_end(&cursor);
}

static void the_most_minutiae_come_through(void **state) {
    (void)state;
    fill(FINGER_TEMPLATE_MINUTIAE);
    struct bytes message = write_sent();
    assert_int_equal(message.len, BIOMETRIC_MINUTIAE_BYTES);
    assert_int_equal(get(message), ERR_OK);
    assert_memory_equal(&got, &sent, sizeof sent);
}

static void minutiae_are_read_whole_or_not_at_all(void **state) {
    (void)state;
    fill(5);
    struct bytes message = write_sent();
    for (size_t len = 0; len < message.len; len++)
        assert_int_not_equal(get(bytes_of(memory, len)), ERR_OK);
    assert_int_equal(get(message), ERR_OK);
    memory[message.len] = 0;
    assert_int_equal(get(bytes_of(memory, message.len + 1)), ERR_MALFORMED);
}

static void every_bound_is_kept(void **state) {
    (void)state;
    /* The first minutia begins at 7. */
    static const struct {
        size_t at, len;
        uint16_t good, bad;
    } bounds[] = {
        {0, 1, 10, 11},       {1, 1, 100, 101},   {2, 2, 99, 98},    {2, 2, 1000, 1001},
        {4, 2, 99, 98},       {4, 2, 1000, 1001}, {6, 1, 4, 3},      {7, 2, 16383, 16384},
        {9, 2, 16383, 16384}, {12, 1, 2, 3},      {13, 1, 100, 101},
    };
    for (size_t i = 0; i < COUNT_OF(bounds); i++) {
        fill(4);
        struct bytes message = write_sent();
        struct buffer place = buffer_over(memory + bounds[i].at, 2);
        bounds[i].len == 2 ? buffer_u16(&place, bounds[i].good)
                           : buffer_u8(&place, (uint8_t)bounds[i].good);
        assert_int_equal(get(message), ERR_OK);
        place.len = 0;
        bounds[i].len == 2 ? buffer_u16(&place, bounds[i].bad)
                           : buffer_u8(&place, (uint8_t)bounds[i].bad);
        assert_int_equal(get(message), ERR_MALFORMED);
    }
}

static void every_name_is_its_own(void **state) {
    (void)state;
    for (int i = 0; i < BIOMETRIC_FORMATS; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(biometric_wire_format_name((enum biometric_format)i),
                                    biometric_wire_format_name((enum biometric_format)j));
    for (int i = 0; i < BIOMETRIC_REASONS; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(biometric_wire_reason_text((enum biometric_reason)i),
                                    biometric_wire_reason_text((enum biometric_reason)j));
}

static void a_part_is_one_that_its_kind_has(void **state) {
    (void)state;
    static const struct {
        const char *capture, *part;
        enum biometric_capture kind;
        enum biometric_part is;
        uint8_t position;
    } cases[] = {
        {"Finger", "Right Thumb", BIOMETRIC_CAPTURE_FINGER, BIOMETRIC_PART_KNOWN, 1},
        {"FMR", "Left LittleFinger", BIOMETRIC_CAPTURE_MINUTIAE, BIOMETRIC_PART_KNOWN, 10},
        {"Iris", "Left", BIOMETRIC_CAPTURE_IRIS, BIOMETRIC_PART_KNOWN, 2},
        {"Face", "Left", BIOMETRIC_CAPTURE_FACE, BIOMETRIC_PART_BAD, 0},
        {"Face", " ", BIOMETRIC_CAPTURE_FACE, BIOMETRIC_PART_NONE, 0},
        {"Iris", "UNKNOWN", BIOMETRIC_CAPTURE_IRIS, BIOMETRIC_PART_UNKNOWN, 0},
        {"Iris", "Right Thumb", BIOMETRIC_CAPTURE_IRIS, BIOMETRIC_PART_BAD, 0},
        {"iris", "Left", BIOMETRIC_CAPTURE_NONE, BIOMETRIC_PART_BAD, 0},
        {"", "", BIOMETRIC_CAPTURE_NONE, BIOMETRIC_PART_NONE, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        static struct biometric_segment segment;
        segment = (struct biometric_segment){.position = 77};
        segment.capture_text.presence = segment.part_text.presence = FIELD_PRESENT;
        (void)snprintf(segment.capture_text.text, 32, "%s", cases[i].capture);
        (void)snprintf(segment.part_text.text, 32, "%s", cases[i].part);
        biometric_name_classify(&segment);
        assert_int_equal(segment.capture, cases[i].kind);
        assert_int_equal(segment.part, cases[i].is);
        assert_int_equal(segment.position, cases[i].position);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_minutiae_come_through),
        cmocka_unit_test(minutiae_are_read_whole_or_not_at_all),
        cmocka_unit_test(every_bound_is_kept),
        cmocka_unit_test(every_name_is_its_own),
        cmocka_unit_test(a_part_is_one_that_its_kind_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
