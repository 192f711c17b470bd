#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/unseal/finger_record.h"
#include "tests/unit/record_sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define RECORD_MAX      (300u * 1024u)

static uint8_t memory[RECORD_MAX];
static struct biometric_record read;

static const enum biometric_format accepted[] = {
    BIOMETRIC_ISO_19794_2_2005, BIOMETRIC_ISO_19794_2_2011, BIOMETRIC_ANSI_378_2004};

/* Exactly as large as the record, so that a read beyond its end shows; the reader must leave
 * nothing of a record that it refuses. */
static enum biometric_reason read_exactly(struct bytes record, enum biometric_format expected) {
    uint8_t *copy = malloc(record.len > 0 ? record.len : 1);
    assert_non_null(copy);
    if (record.len > 0)
        memcpy(copy, record.data, record.len);
    memset(&read, 0x55, sizeof read);
    finger_record_read(bytes_of(copy, record.len), expected, &read);
    free(copy);
    static const struct biometric_finger none[BIOMETRIC_FINGERS_MAX];
    if (read.reason != BIOMETRIC_READ) {
        assert_int_equal(read.finger_count, 0);
        assert_memory_equal(read.fingers, none, sizeof none);
    }
    return read.reason;
}

static enum biometric_reason read_any(struct bytes record) {
    return read_exactly(record, BIOMETRIC_FORMAT_UNKNOWN);
}

static struct bytes write_sample(const struct record_sample *sample) {
    return record_sample_write(sample, memory, sizeof memory);
}

static void assert_read(const struct record_sample *sample) {
    assert_int_equal(read.format, sample->format);
    assert_int_equal(read.reason, BIOMETRIC_READ);
    assert_int_equal(read.finger_count, sample->views);
    for (size_t i = 0; i < sample->views; i++) {
        const struct finger_template *view = &read.fingers[i].minutiae;
        assert_int_equal(read.fingers[i].impression, 0);
        assert_int_equal(view->position, sample->positions[i]);
        assert_int_equal(view->quality, RECORD_SAMPLE_QUALITY);
        assert_true(view->x_resolution == 197 && view->y_resolution == 197);
        assert_int_equal(view->count, sample->minutiae);
        for (unsigned j = 0; j < sample->minutiae; j++) {
            struct finger_minutia wanted = record_sample_minutia(sample, (uint8_t)j);
            assert_int_equal(view->minutiae[j].x, wanted.x);
            assert_int_equal(view->minutiae[j].y, wanted.y);
            assert_int_equal(view->minutiae[j].angle, wanted.angle);
            assert_int_equal(view->minutiae[j].kind, wanted.kind);
            assert_int_equal(view->minutiae[j].quality, wanted.quality);
        }
    }
}

static void each_format_is_recognised_and_read(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(accepted); i++) {
        struct record_sample sample = record_sample(accepted[i]);
        (void)read_any(write_sample(&sample));
        assert_read(&sample);
        (void)read_exactly(write_sample(&sample), accepted[i]);
        assert_read(&sample);
    }
}

static void the_largest_views_are_read(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(accepted); i++) {
        struct record_sample sample = record_sample(accepted[i]);
        sample.views = BIOMETRIC_FINGERS_MAX;
        for (uint8_t j = 0; j < BIOMETRIC_FINGERS_MAX; j++)
            sample.positions[j] = (uint8_t)(j + 1);
        sample.minutiae = FINGER_TEMPLATE_MINUTIAE;
        (void)read_any(write_sample(&sample));
        assert_read(&sample);
    }
}

static void another_format_than_expected_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(accepted); i++)
        for (size_t j = 0; j < COUNT_OF(accepted); j++) {
            struct record_sample sample = record_sample(accepted[i]);
            enum biometric_reason reason = read_exactly(write_sample(&sample), accepted[j]);
            assert_int_equal(reason, i == j ? BIOMETRIC_READ : BIOMETRIC_UNEXPECTED);
            assert_int_equal(read.format, accepted[i]);
        }
}

static void no_beginning_of_a_record_is_one(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(accepted); i++) {
        struct record_sample sample = record_sample(accepted[i]);
        struct bytes record = write_sample(&sample);
        for (size_t len = 0; len < record.len; len++) {
            assert_int_not_equal(read_any(bytes_of(memory, len)), BIOMETRIC_READ);
            /* Nor when its header says the length that it then has. */
            if (len < 15)
                continue;
            record_sample_set_length(&sample, memory, len);
            assert_int_not_equal(read_any(bytes_of(memory, len)), BIOMETRIC_READ);
            record_sample_set_length(&sample, memory, record.len);
        }
        assert_int_equal(read_any(record), BIOMETRIC_READ);
    }
}

static void nothing_may_follow(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(accepted); i++) {
        struct record_sample sample = record_sample(accepted[i]);
        struct bytes record = write_sample(&sample);
        memory[record.len] = 0;
        struct bytes longer = bytes_of(memory, record.len + 1);
        assert_int_equal(read_any(longer), BIOMETRIC_WRONG_LENGTH);
        record_sample_set_length(&sample, memory, longer.len);
        assert_int_equal(read_any(longer), BIOMETRIC_WRONG_LENGTH);
    }
}

/* A record that keeps all rules but one: ${len} bytes at ${at} are ${value} instead. */
struct change {
    const char *what;
    size_t at, len;
    uint16_t value;
    enum biometric_reason reason;
};

static void assert_change(enum biometric_format format, const struct change *change, size_t shift) {
    struct record_sample sample = record_sample(format);
    struct bytes record = write_sample(&sample);
    assert_int_equal(read_any(record), BIOMETRIC_READ);
    struct buffer place = buffer_over(memory + change->at + shift, change->len);
    if (change->len == 2)
        buffer_u16(&place, change->value);
    else
        buffer_u8(&place, (uint8_t)change->value);
    enum biometric_reason reason = read_any(record);
    if (reason != change->reason)
        fail_msg("%s, %s: %s", biometric_wire_format_name(format), change->what,
                 biometric_wire_reason_text(reason));
}

/* Offsets of ISO 2005; behind the length ANSI has two bytes more. */
static const struct change shared_changes[] = {
    {"certified", 12, 2, 0x0fff, BIOMETRIC_READ},
    {"reserved bit of equipment", 12, 2, 0x1001, BIOMETRIC_BAD_HEADER},
    {"highest reserved bit", 12, 2, 0x4001, BIOMETRIC_BAD_HEADER},
    {"no width", 14, 2, 0, BIOMETRIC_BAD_SIZE},
    {"largest width", 14, 2, 16383, BIOMETRIC_READ},
    {"width", 14, 2, 16384, BIOMETRIC_BAD_SIZE},
    {"no height", 16, 2, 0, BIOMETRIC_BAD_SIZE},
    {"height", 16, 2, 16384, BIOMETRIC_BAD_SIZE},
    {"low x resolution", 18, 2, 98, BIOMETRIC_BAD_RESOLUTION},
    {"high x resolution", 18, 2, 1001, BIOMETRIC_BAD_RESOLUTION},
    {"low y resolution", 20, 2, 98, BIOMETRIC_BAD_RESOLUTION},
    {"high y resolution", 20, 2, 1001, BIOMETRIC_BAD_RESOLUTION},
    {"no view", 22, 1, 0, BIOMETRIC_NO_VIEW},
    {"a view fewer", 22, 1, 2, BIOMETRIC_WRONG_LENGTH},
    {"a view more", 22, 1, 4, BIOMETRIC_TRUNCATED},
    {"too many views", 22, 1, 11, BIOMETRIC_TOO_MANY_VIEWS},
    {"reserved byte", 23, 1, 1, BIOMETRIC_BAD_HEADER},
    {"unknown finger", 108, 1, 0, BIOMETRIC_READ},
    {"no such finger", 108, 1, 11, BIOMETRIC_BAD_VIEW},
    {"first view of a finger is number 1", 25, 1, 0x10, BIOMETRIC_BAD_VIEW},
    {"second view of a finger is number 0", 67, 1, 0x00, BIOMETRIC_BAD_VIEW},
    {"second view of a finger is number 2", 67, 1, 0x20, BIOMETRIC_BAD_VIEW},
    {"no such impression", 25, 1, 0x04, BIOMETRIC_BAD_VIEW},
    {"of ISO 2011", 25, 1, 0x09, BIOMETRIC_BAD_VIEW},
    {"best finger", 26, 1, 100, BIOMETRIC_READ},
    {"finger quality", 26, 1, 101, BIOMETRIC_BAD_QUALITY},
    {"too few minutiae", 27, 1, 3, BIOMETRIC_TOO_FEW_MINUTIAE},
    {"no minutiae", 27, 1, 0, BIOMETRIC_TOO_FEW_MINUTIAE},
    {"more than there are", 27, 1, 255, BIOMETRIC_TRUNCATED},
    {"reserved kind", 28, 1, 0xc0, BIOMETRIC_BAD_MINUTIA},
    {"last column", 28, 2, RECORD_SAMPLE_WIDTH - 1, BIOMETRIC_READ},
    {"beside the image", 28, 2, RECORD_SAMPLE_WIDTH, BIOMETRIC_BAD_MINUTIA},
    {"last row", 30, 2, RECORD_SAMPLE_HEIGHT - 1, BIOMETRIC_READ},
    {"below the image", 30, 2, RECORD_SAMPLE_HEIGHT, BIOMETRIC_BAD_MINUTIA},
    {"reserved bit before y", 30, 1, 0x40, BIOMETRIC_BAD_MINUTIA},
    {"reserved bits before y", 30, 1, 0x80, BIOMETRIC_BAD_MINUTIA},
    {"best minutia", 33, 1, 100, BIOMETRIC_READ},
    {"minutia quality", 33, 1, 101, BIOMETRIC_BAD_MINUTIA},
    {"no reported minutia quality", 33, 1, 254, BIOMETRIC_BAD_MINUTIA},
    {"the last minutia of the last view", 147, 1, 101, BIOMETRIC_BAD_MINUTIA},
    {"extended data that is not there", 148, 2, 1, BIOMETRIC_TRUNCATED},
};

static void each_rule_of_a_shared_header_is_kept(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(shared_changes); i++) {
        assert_change(BIOMETRIC_ISO_19794_2_2005, &shared_changes[i], 0);
        assert_change(BIOMETRIC_ANSI_378_2004, &shared_changes[i], 2);
    }
}

static void ansi_has_an_owner_and_half_circles_of_ninety(void **state) {
    (void)state;
    static const struct change changes[] = {
        {"no owner", 10, 2, 0, BIOMETRIC_BAD_HEADER},
        {"last angle", 34, 1, 179, BIOMETRIC_READ},
        {"angle", 34, 1, 180, BIOMETRIC_BAD_MINUTIA},
        {"largest angle", 34, 1, 255, BIOMETRIC_BAD_MINUTIA},
    };
    for (size_t i = 0; i < COUNT_OF(changes); i++)
        assert_change(BIOMETRIC_ANSI_378_2004, &changes[i], 0);
    static const struct change iso = {"angle", 32, 1, 255, BIOMETRIC_READ};
    assert_change(BIOMETRIC_ISO_19794_2_2005, &iso, 0);
}

static void each_rule_of_a_representation_is_kept(void **state) {
    (void)state;
    static const struct change changes[] = {
        {"no representation", 12, 2, 0, BIOMETRIC_WRONG_LENGTH},
        {"one fewer", 12, 2, 2, BIOMETRIC_WRONG_LENGTH},
        {"one more", 12, 2, 4, BIOMETRIC_WRONG_LENGTH},
        {"certificates that are not there", 14, 1, 1, BIOMETRIC_BAD_VIEW},
        {"certification flag", 14, 1, 2, BIOMETRIC_BAD_HEADER},
        {"shorter representation", 17, 2, 79, BIOMETRIC_WRONG_LENGTH},
        {"endless representation", 15, 1, 255, BIOMETRIC_WRONG_LENGTH},
        {"year 0", 19, 2, 0, BIOMETRIC_BAD_TIME},
        {"date without year", 19, 2, 0xffff, BIOMETRIC_BAD_TIME},
        {"month 0", 21, 1, 0, BIOMETRIC_BAD_TIME},
        {"month", 21, 1, 13, BIOMETRIC_BAD_TIME},
        {"day", 22, 1, 32, BIOMETRIC_BAD_TIME},
        {"hour", 23, 1, 24, BIOMETRIC_BAD_TIME},
        {"minute", 24, 1, 60, BIOMETRIC_BAD_TIME},
        {"second", 25, 1, 60, BIOMETRIC_BAD_TIME},
        {"millisecond", 26, 2, 1000, BIOMETRIC_BAD_TIME},
        {"no millisecond", 26, 2, 0xffff, BIOMETRIC_READ},
        {"more quality blocks than fit", 33, 1, 255, BIOMETRIC_TRUNCATED},
        {"quality", 34, 1, 101, BIOMETRIC_BAD_QUALITY},
        {"second quality", 39, 1, 253, BIOMETRIC_BAD_QUALITY},
        {"no such finger", 44, 1, 11, BIOMETRIC_BAD_VIEW},
        {"number", 45, 1, 1, BIOMETRIC_BAD_VIEW},
        {"low x resolution", 46, 2, 98, BIOMETRIC_BAD_RESOLUTION},
        {"high y resolution", 48, 2, 1001, BIOMETRIC_BAD_RESOLUTION},
        {"latent impression", 50, 1, 4, BIOMETRIC_READ},
        {"without contact", 50, 1, 24, BIOMETRIC_READ},
        {"no such impression", 50, 1, 10, BIOMETRIC_BAD_VIEW},
        {"no width", 51, 2, 0, BIOMETRIC_BAD_SIZE},
        {"height", 53, 2, 16384, BIOMETRIC_BAD_SIZE},
        {"at the ridge's end", 55, 1, 0x61, BIOMETRIC_READ},
        {"other ridge end", 55, 1, 0x62, BIOMETRIC_BAD_HEADER},
        {"seven bytes", 55, 1, 0x70, BIOMETRIC_BAD_HEADER},
        {"four bytes", 55, 1, 0x40, BIOMETRIC_BAD_HEADER},
        {"too few minutiae", 56, 1, 3, BIOMETRIC_TOO_FEW_MINUTIAE},
        {"more than there are", 56, 1, 7, BIOMETRIC_TRUNCATED},
        {"reserved kind", 57, 1, 0xc0, BIOMETRIC_BAD_MINUTIA},
        {"beside the image", 57, 2, RECORD_SAMPLE_WIDTH, BIOMETRIC_BAD_MINUTIA},
        {"reserved bits before y", 59, 1, 0xc0, BIOMETRIC_BAD_MINUTIA},
        {"minutia quality", 62, 1, 101, BIOMETRIC_BAD_MINUTIA},
        {"no minutia quality", 62, 1, 254, BIOMETRIC_READ},
        {"extended data that is not there", 93, 2, 1, BIOMETRIC_TRUNCATED},
    };
    for (size_t i = 0; i < COUNT_OF(changes); i++)
        assert_change(BIOMETRIC_ISO_19794_2_2011, &changes[i], 0);
}

static void a_representation_may_know_no_time_and_no_quality(void **state) {
    (void)state;
    struct record_sample sample = record_sample(BIOMETRIC_ISO_19794_2_2011);
    struct bytes record = write_sample(&sample);
    memset(memory + 19, 0xff, 9);
    memory[39] = 254;
    memory[62] = 255;
    assert_int_equal(read_any(record), BIOMETRIC_READ);
    assert_int_equal(read.fingers[0].minutiae.quality, 0);
    assert_int_equal(read.fingers[0].minutiae.minutiae[0].quality, 0);
    assert_int_equal(read.fingers[1].minutiae.quality, RECORD_SAMPLE_QUALITY);
}

static void certificates_and_short_minutiae_are_read(void **state) {
    (void)state;
    struct record_sample sample = record_sample(BIOMETRIC_ISO_19794_2_2011);
    sample.has_certificates = true;
    (void)read_any(write_sample(&sample));
    assert_read(&sample);
    sample.has_no_minutia_quality = true;
    (void)read_any(write_sample(&sample));
    assert_read(&sample);
    /* A representation's length that hides a byte behind its extended data. */
    struct bytes record = write_sample(&sample);
    memory[18]++;
    memmove(memory + 15 + memory[18], memory + 14 + memory[18], record.len - 14 - memory[18]);
    record_sample_set_length(&sample, memory, record.len + 1);
    assert_int_equal(read_any(bytes_of(memory, record.len + 1)), BIOMETRIC_WRONG_LENGTH);
}

static enum biometric_reason read_extended(enum biometric_format format, const char *area,
                                           size_t len) {
    struct record_sample sample = record_sample(format);
    sample.extension = bytes_of(area, len);
    return read_any(write_sample(&sample));
}

static void extended_data_is_passed_over_when_it_fills_its_area(void **state) {
    (void)state;
    static const struct {
        const char *what, *area;
        size_t len;
        bool with_head, without; /* whether it is whole by either way of counting */
    } areas[] = {
        {"one block", "\0\1\0\6ab", 6, true, false},
        {"data alone counted", "\0\1\0\2ab", 6, false, true},
        {"two blocks", "\0\2\0\5a\1\1\0\4", 9, true, false},
        {"two, data alone counted", "\0\2\0\1a\1\1\0\0", 9, false, true},
        {"each counted otherwise", "\0\2\0\1a\1\1\0\4", 9, false, false},
        {"type 0", "\0\0\0\6ab", 6, false, false},
        {"reserved type", "\0\4\0\6ab", 6, false, false},
        {"a vendor's type", "\xff\xff\0\6ab", 6, true, false},
        {"byte left over", "\0\1\0\5ab", 6, false, false},
        {"block beyond the area", "\0\1\0\7ab", 6, false, false},
        {"half a head", "\0\1", 2, false, false},
        {"head shorter than itself", "\0\1\0\3", 4, false, false},
        {"longest block", "\0\1\xff\xff", 4, false, false},
    };
    for (size_t i = 0; i < COUNT_OF(areas); i++)
        for (size_t j = 0; j < COUNT_OF(accepted); j++) {
            bool either = accepted[j] == BIOMETRIC_ISO_19794_2_2005 && areas[i].without;
            enum biometric_reason reason = read_extended(accepted[j], areas[i].area, areas[i].len);
            if ((reason == BIOMETRIC_READ) != (areas[i].with_head || either))
                fail_msg("%s, %s: %s", biometric_wire_format_name(accepted[j]), areas[i].what,
                         biometric_wire_reason_text(reason));
            assert_true(reason == BIOMETRIC_READ || reason == BIOMETRIC_BAD_EXTENSION);
        }
}

static void a_long_ansi_record_has_its_length_in_six_bytes(void **state) {
    (void)state;
    static uint8_t area[40000] = {1, 1, 40000 >> 8, 40000 & 0xff};
    struct record_sample sample = record_sample(BIOMETRIC_ANSI_378_2004);
    sample.extension = bytes_of(area, sizeof area);
    struct bytes record = write_sample(&sample);
    assert_true(record.len > 65535);
    assert_int_equal(read_any(record), BIOMETRIC_READ);
    assert_read(&sample);
    memory[8] = 1;
    assert_int_equal(read_any(record), BIOMETRIC_WRONG_LENGTH);
    memory[8] = 0;
    sample.format = BIOMETRIC_ISO_19794_2_2005;
    assert_int_equal(read_any(write_sample(&sample)), BIOMETRIC_READ);
    assert_int_equal(read.format, BIOMETRIC_ISO_19794_2_2005);
    /* The long form for a record that is short. */
    sample = record_sample(BIOMETRIC_ANSI_378_2004);
    record = write_sample(&sample);
    memmove(memory + 14, memory + 10, record.len - 10);
    struct buffer length = buffer_over(memory + 8, 6);
    buffer_u16(&length, 0);
    buffer_u32(&length, (uint32_t)record.len + 4);
    assert_int_equal(read_any(bytes_of(memory, record.len + 4)), BIOMETRIC_WRONG_LENGTH);
}

static void formats_that_are_not_accepted_are_refused_by_name(void **state) {
    (void)state;
    struct record_sample sample = record_sample(BIOMETRIC_ANSI_378_2009);
    struct bytes record = write_sample(&sample);
    assert_int_equal(read_any(record), BIOMETRIC_NOT_ACCEPTED);
    assert_int_equal(read.format, BIOMETRIC_ANSI_378_2009);
    assert_int_equal(read_exactly(record, BIOMETRIC_ISO_19794_2_2011), BIOMETRIC_UNEXPECTED);
    memory[6] = '5';
    assert_int_equal(read_any(record), BIOMETRIC_NOT_ACCEPTED);
    assert_int_equal(read.format, BIOMETRIC_ANSI_378_2009);
    static const char *const cards[] = {"\x7f\x2e\x02\x81", "\x7f\x60\x02\x81"};
    for (size_t i = 0; i < COUNT_OF(cards); i++) {
        assert_int_equal(read_any(bytes_of(cards[i], 4)), BIOMETRIC_NOT_ACCEPTED);
        assert_int_equal(read.format, BIOMETRIC_ISO_19794_2_CARD);
    }
}

static void what_has_no_magic_is_unrecognised(void **state) {
    (void)state;
    struct record_sample sample = record_sample(BIOMETRIC_ISO_19794_2_2005);
    for (size_t at = 0; at < 8; at++) {
        struct bytes record = write_sample(&sample);
        memory[at] ^= 0x20;
        assert_int_equal(read_any(record), BIOMETRIC_UNRECOGNISED);
        assert_int_equal(read.format, BIOMETRIC_FORMAT_UNKNOWN);
    }
    assert_int_equal(read_any(bytes_of(NULL, 0)), BIOMETRIC_UNRECOGNISED);
    assert_int_equal(read_any(bytes_of("FMR\0 20\0", 8)), BIOMETRIC_WRONG_LENGTH);
}

static void minutiae_that_occur_twice_are_taken(void **state) {
    (void)state;
    struct record_sample sample = record_sample(BIOMETRIC_ISO_19794_2_2005);
    struct bytes record = write_sample(&sample);
    memcpy(memory + 34, memory + 28, 6);
    assert_int_equal(read_any(record), BIOMETRIC_READ);
    assert_int_equal(read.fingers[0].minutiae.count, 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_format_is_recognised_and_read),
        cmocka_unit_test(the_largest_views_are_read),
        cmocka_unit_test(another_format_than_expected_is_refused),
        cmocka_unit_test(no_beginning_of_a_record_is_one),
        cmocka_unit_test(nothing_may_follow),
        cmocka_unit_test(each_rule_of_a_shared_header_is_kept),
        cmocka_unit_test(ansi_has_an_owner_and_half_circles_of_ninety),
        cmocka_unit_test(each_rule_of_a_representation_is_kept),
        cmocka_unit_test(a_representation_may_know_no_time_and_no_quality),
        cmocka_unit_test(certificates_and_short_minutiae_are_read),
        cmocka_unit_test(extended_data_is_passed_over_when_it_fills_its_area),
        cmocka_unit_test(a_long_ansi_record_has_its_length_in_six_bytes),
        cmocka_unit_test(formats_that_are_not_accepted_are_refused_by_name),
        cmocka_unit_test(what_has_no_magic_is_unrecognised),
        cmocka_unit_test(minutiae_that_occur_twice_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
