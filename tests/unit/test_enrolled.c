#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "authd/match/face_vector.h"
#include "authd/match/iris_code.h"
#include "tests/unit/enrolled_sample.h"

static uint8_t memory[ENROLLED_PLAIN_MAX + 1];
static struct enrolled enrolled, decoded;

static struct bytes encode(void) {
    struct buffer plain = buffer_over(memory, sizeof memory);
    struct bytes view;
    assert_int_equal(enrolled_encode(&enrolled, &plain), ERR_OK);
    assert_int_equal(buffer_end(&plain, &view), ERR_OK);
    return view;
}

static void assert_same_part(const struct enrolled_part *one, const struct enrolled_part *other) {
    assert_int_equal(one->modality, other->modality);
    assert_int_equal(one->position, other->position);
    assert_int_equal(one->kind, other->kind);
    assert_string_equal(one->plugin, other->plugin);
    assert_memory_equal(&one->minutiae, &other->minutiae, sizeof one->minutiae);
    assert_true(bytes_equal(one->data, other->data));
}

static void what_is_enrolled_comes_back_whole(void **state) {
    (void)state;
    for (size_t count = 1; count <= ENROLLED_SAMPLE_PARTS; count++) {
        enrolled_sample(&enrolled, count);
        assert_int_equal(enrolled_decode(encode(), &decoded), ERR_OK);
        assert_int_equal(decoded.count, count);
        for (size_t i = 0; i < count; i++)
            assert_same_part(&decoded.parts[i], &enrolled.parts[i]);
    }
}

static void a_minutia_takes_six_bytes(void **state) {
    (void)state;
    enrolled_sample(&enrolled, 0);
    enrolled.count = 1;
    enrolled.parts[0] = enrolled_sample_finger(1, 50);
    size_t fifty = encode().len;
    enrolled.parts[0] = enrolled_sample_finger(1, 51);
    assert_int_equal(encode().len - fifty, 6);
    assert_true(fifty < 50 * 6 + 16);
}

static void ten_fingers_of_three_impressions_fit(void **state) {
    (void)state;
    enrolled_sample(&enrolled, 0);
    for (unsigned i = 0; i < 30; i++)
        enrolled.parts[i] = enrolled_sample_finger((uint8_t)(1 + i % 10), FINGER_TEMPLATE_MINUTIAE);
    enrolled.count = 30;
    assert_int_equal(enrolled_decode(encode(), &decoded), ERR_OK);
    assert_int_equal(decoded.count, 30);
}

static void no_shorter_or_longer_form_is_read(void **state) {
    (void)state;
    const struct enrolled nothing = {0};
    enrolled_sample(&enrolled, ENROLLED_SAMPLE_PARTS);
    struct bytes view = encode();
    for (size_t cut = 0; cut < view.len; cut++) {
        assert_int_equal(enrolled_decode(bytes_of(view.data, cut), &decoded), ERR_CORRUPT);
        assert_int_equal(decoded.count, 0);
    }
    memory[view.len] = 0;
    assert_int_equal(enrolled_decode(bytes_of(view.data, view.len + 1), &decoded), ERR_CORRUPT);
    assert_memory_equal(&decoded, &nothing, sizeof nothing);
}

/* ---- what no person has ---- */

static void refuse_part(void (*spoil)(struct enrolled_part *), size_t index) {
    struct buffer plain = buffer_over(memory, sizeof memory);
    enrolled_sample(&enrolled, ENROLLED_SAMPLE_PARTS);
    spoil(&enrolled.parts[index]);
    assert_int_equal(enrolled_encode(&enrolled, &plain), ERR_MALFORMED);
    assert_int_equal(plain.len, 0);
}

#define SPOILER(name, statement)                                                                   \
    static void name(struct enrolled_part *part) {                                                 \
        statement;                                                                                 \
    }
SPOILER(make_unknown_finger, part->position = part->minutiae.position = 0)
SPOILER(make_eleventh_finger, part->position = part->minutiae.position = 11)
SPOILER(make_third_eye, part->position = 3)
SPOILER(make_unknown_eye, part->position = 0)
SPOILER(make_second_face, part->position = 1)
SPOILER(make_no_modality, part->modality = (enum biometric_modality)3)
SPOILER(make_no_kind, part->kind = (enum enrolled_kind)0)
SPOILER(make_eyes_kind, part->kind = ENROLLED_IRIS_CODE)
SPOILER(make_minutiae, part->kind = ENROLLED_MINUTIAE)
SPOILER(make_other_position, part->minutiae.position = 3)
SPOILER(make_few_minutiae, part->minutiae.count = BIOMETRIC_MINUTIAE_MIN - 1)
SPOILER(make_coarse, part->minutiae.x_resolution = FINGER_RESOLUTION_MIN - 1)
SPOILER(make_fine, part->minutiae.y_resolution = FINGER_RESOLUTION_MAX + 1)
SPOILER(make_too_good, part->minutiae.quality = 101)
SPOILER(make_far_x, part->minutiae.minutiae[3].x = FINGER_COORDINATE_MAX + 1)
SPOILER(make_far_y, part->minutiae.minutiae[3].y = FINGER_COORDINATE_MAX + 1)
SPOILER(make_strange_minutia, part->minutiae.minutiae[3].kind = 3)
SPOILER(make_too_good_minutia, part->minutiae.minutiae[3].quality = 101)
SPOILER(make_short, part->data.len = 0)
SPOILER(make_long, part->data.len = 16 * 1024 + 1)
SPOILER(make_nameless, part->plugin[0] = '\0')
SPOILER(make_blank_name, part->plugin[4] = ' ')
SPOILER(make_endless_name, memset(part->plugin, 'a', sizeof part->plugin))

static void a_part_out_of_its_range_is_not_written(void **state) {
    (void)state;
    enum { FINGER = 0, EYE = 3, FACE = 5, PLUGIN = 6 };
    const struct {
        void (*spoil)(struct enrolled_part *);
        size_t index;
    } cases[] = {
        {make_unknown_finger, FINGER},
        {make_eleventh_finger, FINGER},
        {make_third_eye, EYE},
        {make_unknown_eye, EYE},
        {make_second_face, FACE},
        {make_no_modality, EYE},
        {make_no_kind, EYE},
        {make_eyes_kind, FINGER},
        {make_eyes_kind, FACE},
        {make_minutiae, EYE},
        {make_minutiae, FACE},
        {make_other_position, FINGER},
        {make_few_minutiae, FINGER},
        {make_coarse, FINGER},
        {make_fine, FINGER},
        {make_too_good, FINGER},
        {make_far_x, FINGER},
        {make_far_y, FINGER},
        {make_strange_minutia, FINGER},
        {make_too_good_minutia, FINGER},
        {make_short, EYE},
        {make_short, FACE},
        {make_short, PLUGIN},
        {make_long, EYE},
        {make_long, FACE},
        {make_long, PLUGIN},
        {make_nameless, PLUGIN},
        {make_blank_name, PLUGIN},
        {make_endless_name, PLUGIN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuse_part(cases[i].spoil, cases[i].index);
}

static void no_more_is_written_than_policies_count_on(void **state) {
    (void)state;
    struct buffer plain = buffer_over(memory, sizeof memory);
    enrolled_sample(&enrolled, 0);
    assert_int_equal(enrolled_encode(&enrolled, &plain), ERR_MALFORMED);
    for (unsigned i = 0; i < ENROLLED_MAX; i++)
        enrolled.parts[i] = enrolled_sample_finger((uint8_t)(1 + i % 10), 10);
    enrolled.count = ENROLLED_A_PART_MAX;
    for (unsigned i = 0; i < ENROLLED_A_PART_MAX; i++)
        enrolled.parts[i] = enrolled_sample_finger(7, 10);
    (void)encode();
    enrolled.parts[enrolled.count++] = enrolled_sample_finger(7, 10);
    assert_int_equal(enrolled_encode(&enrolled, &plain), ERR_MALFORMED);
    enrolled.count = ENROLLED_MAX + 1;
    assert_int_equal(enrolled_encode(&enrolled, &plain), ERR_MALFORMED);
}

static void what_is_too_large_for_a_row_does_not_fit(void **state) {
    (void)state;
    static uint8_t large[16 * 1024], wide[32 * sizeof large];
    struct buffer plain = buffer_over(wide, sizeof wide);
    enrolled_sample(&enrolled, ENROLLED_SAMPLE_PARTS);
    struct enrolled_part part = enrolled.parts[6];
    part.data = bytes_of(large, sizeof large);
    part.modality = BIOMETRIC_FINGER;
    for (enrolled.count = 0; enrolled.count < 9; enrolled.count++) {
        part.position = (uint8_t)(1 + enrolled.count);
        enrolled.parts[enrolled.count] = part;
    }
    assert_int_equal(enrolled_encode(&enrolled, &plain), ERR_FULL);
    plain = buffer_over(memory, 100);
    enrolled_sample(&enrolled, 1);
    assert_int_equal(enrolled_encode(&enrolled, &plain), ERR_FULL);
}

/* Bytes of a row that opens: each one changed is another record or none, never one out of range. */
static void a_changed_byte_gives_no_part_out_of_range(void **state) {
    (void)state;
    static uint8_t again[ENROLLED_PLAIN_MAX];
    enrolled_sample(&enrolled, 1);
    struct bytes view = encode();
    for (size_t i = 0; i < view.len; i++)
        for (unsigned change = 1; change < 256; change <<= 1) {
            memory[i] ^= (uint8_t)change;
            if (enrolled_decode(view, &decoded) == ERR_OK) {
                struct buffer plain = buffer_over(again, sizeof again);
                assert_int_equal(enrolled_encode(&decoded, &plain), ERR_OK);
                assert_int_equal(plain.len, view.len);
                assert_memory_equal(again, memory, view.len);
            }
            memory[i] ^= (uint8_t)change;
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_enrolled_comes_back_whole),
        cmocka_unit_test(a_minutia_takes_six_bytes),
        cmocka_unit_test(ten_fingers_of_three_impressions_fit),
        cmocka_unit_test(no_shorter_or_longer_form_is_read),
        cmocka_unit_test(a_part_out_of_its_range_is_not_written),
        cmocka_unit_test(no_more_is_written_than_policies_count_on),
        cmocka_unit_test(what_is_too_large_for_a_row_does_not_fit),
        cmocka_unit_test(a_changed_byte_gives_no_part_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
