#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/wire/biometric_wire.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static uint8_t memory[BIOMETRIC_WIRE_BYTES + 1];
static struct biometric_record sent, got;

static void fill_finger(struct biometric_finger *finger, uint8_t position, uint8_t count) {
    *finger = (struct biometric_finger){
        .impression = 29,
        .minutiae = {.x_resolution = FINGER_RESOLUTION_MIN,
                     .y_resolution = FINGER_RESOLUTION_MAX,
                     .position = position,
                     .quality = 100,
                     .count = count},
    };
    for (size_t i = 0; i < count; i++)
        finger->minutiae.minutiae[i] = (struct finger_minutia){
            .x = (uint16_t)(FINGER_COORDINATE_MAX - i),
            .y = (uint16_t)(i * 64),
            .angle = (uint8_t)(255 - i),
            .kind = i % 3,
            .quality = i % 101,
        };
}

static void fill(size_t fingers, uint8_t minutiae) {
    memset(&sent, 0, sizeof sent);
    sent.format = BIOMETRIC_ISO_19794_2_2011;
    sent.finger_count = fingers;
    for (size_t i = 0; i < fingers; i++)
        fill_finger(&sent.fingers[i], (uint8_t)(i + 1), minutiae);
}

static struct bytes write_sent(void) {
    struct buffer target = buffer_over(memory, sizeof memory);
    struct bytes written;
    biometric_wire_put(&target, &sent);
    assert_int_equal(buffer_end(&target, &written), ERR_OK);
    return written;
}

static enum err get(struct bytes message) {
    static const struct biometric_record none = {.reason = BIOMETRIC_UNRECOGNISED};
    struct cursor cursor = cursor_over(message);
    memset(&got, 0x55, sizeof got);
    biometric_wire_get(&cursor, &got);
    if (cursor.err != ERR_OK)
        assert_memory_equal(&got, &none, sizeof none);
    return cursor_end(&cursor);
}

static void the_largest_record_comes_through(void **state) {
    (void)state;
    fill(BIOMETRIC_FINGERS_MAX, FINGER_TEMPLATE_MINUTIAE);
    struct bytes message = write_sent();
    assert_int_equal(message.len, BIOMETRIC_WIRE_BYTES);
    assert_int_equal(get(message), ERR_OK);
    assert_memory_equal(&got, &sent, sizeof sent);
}

static void every_reason_comes_through_without_fingers(void **state) {
    (void)state;
    for (int format = BIOMETRIC_FORMAT_UNKNOWN; format < BIOMETRIC_FORMATS; format++)
        for (int reason = BIOMETRIC_READ + 1; reason < BIOMETRIC_REASONS; reason++) {
            fill(0, 0);
            sent.format = (enum biometric_format)format;
            sent.reason = (enum biometric_reason)reason;
            assert_int_equal(get(write_sent()), ERR_OK);
            assert_memory_equal(&got, &sent, sizeof sent);
        }
}

static void a_record_is_read_whole_or_not_at_all(void **state) {
    (void)state;
    fill(2, 5);
    struct bytes message = write_sent();
    for (size_t len = 0; len < message.len; len++)
        assert_int_not_equal(get(bytes_of(memory, len)), ERR_OK);
    assert_int_equal(get(message), ERR_OK);
    memory[message.len] = 0;
    assert_int_equal(get(bytes_of(memory, message.len + 1)), ERR_MALFORMED);
}

static void fingers_are_of_what_was_read_alone(void **state) {
    (void)state;
    fill(1, 5);
    sent.reason = BIOMETRIC_NO_EXTRACTOR;
    assert_int_equal(get(write_sent()), ERR_MALFORMED);
    fill(0, 0);
    assert_int_equal(get(write_sent()), ERR_MALFORMED);
    for (int format = BIOMETRIC_FORMAT_UNKNOWN; format < BIOMETRIC_FORMATS; format++) {
        fill(1, 5);
        sent.format = (enum biometric_format)format;
        bool accepted = biometric_wire_is_accepted(sent.format);
        assert_int_equal(get(write_sent()), accepted ? ERR_OK : ERR_MALFORMED);
    }
}

static void every_bound_is_kept(void **state) {
    (void)state;
    /* Offsets of the first finger's fields; the first minutia begins at 11. */
    static const struct {
        size_t at, len;
        uint16_t good, bad;
    } bounds[] = {
        {0, 1, BIOMETRIC_ANSI_378_2004, BIOMETRIC_FORMATS},
        {1, 1, BIOMETRIC_READ, BIOMETRIC_REASONS},
        {2, 1, 1, BIOMETRIC_FINGERS_MAX + 1},
        {3, 1, 9, 10},
        {3, 1, 24, 30},
        {4, 1, 10, 11},
        {5, 1, 100, 101},
        {6, 2, 99, 98},
        {6, 2, 1000, 1001},
        {8, 2, 99, 98},
        {8, 2, 1000, 1001},
        {10, 1, 4, 3},
        {11, 2, 16383, 16384},
        {13, 2, 16383, 16384},
        {16, 1, 2, 3},
        {17, 1, 100, 101},
    };
    for (size_t i = 0; i < COUNT_OF(bounds); i++) {
        fill(1, 4);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_record_comes_through),
        cmocka_unit_test(every_reason_comes_through_without_fingers),
        cmocka_unit_test(a_record_is_read_whole_or_not_at_all),
        cmocka_unit_test(fingers_are_of_what_was_read_alone),
        cmocka_unit_test(every_bound_is_kept),
        cmocka_unit_test(every_name_is_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
