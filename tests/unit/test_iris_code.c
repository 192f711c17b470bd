#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "authd/match/iris_code.h"
#include "authd/match/iris_code_count.h"
#include "authd/match/iris_code_scratch.h"
#include "provisioning/demo/demo_iris.h"

enum { HEAD = 28, SMALL = HEAD + 2 * 2048 / 8 };

static struct iris_code_scratch scratch;
static struct iris_code code, other_code;

static uint16_t distance_of(const struct iris_code *one, const struct iris_code *other,
                            unsigned turn) {
    uint16_t distance = 0;
    assert_int_equal(iris_code_compare(one, other, turn, &scratch, &distance), ERR_OK);
    return distance;
}

static enum err compare_fails(const struct iris_code *one, const struct iris_code *other,
                              unsigned turn) {
    uint16_t distance = 0;
    enum err err = iris_code_compare(one, other, turn, &scratch, &distance);
    assert_int_not_equal(err, ERR_OK);
    assert_int_equal(distance, IRIS_CODE_DISTANCE_MAX);
    return err;
}

static struct demo_iris sample_of(uint64_t eye, uint64_t capture) {
    return (struct demo_iris){
        .shape = demo_iris_small, .eye = eye, .capture = capture, .noise = 0.3, .lids = 100};
}

static size_t container_of(const struct iris_code *from, uint8_t *container) {
    struct buffer target = buffer_over(container, IRIS_CODE_CONTAINER_MAX);
    struct bytes written;
    iris_code_write(&target, from);
    assert_int_equal(buffer_end(&target, &written), ERR_OK);
    return written.len;
}

static void small_container(uint8_t container[IRIS_CODE_CONTAINER_MAX]) {
    struct demo_iris sample = sample_of(1, 1);
    demo_iris_make(&sample, &code);
    assert_int_equal(container_of(&code, container), SMALL);
}

/* A code of any shape, bits and mask as they fall. */
static void random_code(uint8_t rings, uint8_t planes, uint16_t columns, uint64_t seed,
                        struct iris_code *drawn) {
    uint8_t container[IRIS_CODE_CONTAINER_MAX];
    unsigned bytes = (unsigned)rings * planes * columns / 8;
    struct buffer target = buffer_over(container, sizeof container);
    buffer_raw(&target, "IRC\0\1\0", 6);
    buffer_u8(&target, rings);
    buffer_u8(&target, planes);
    buffer_u16(&target, columns);
    buffer_u16(&target, 0);
    buffer_raw(&target, "drawn by lottery", 16);
    uint64_t state = seed;
    uint8_t mask[IRIS_CODE_WORDS_MAX * 8];
    for (unsigned i = 0; i < bytes; i++) {
        mask[i] = (uint8_t)(demo_iris_random(&state) | demo_iris_random(&state));
        buffer_u8(&target, (uint8_t)(mask[i] & demo_iris_random(&state)));
    }
    buffer_raw(&target, mask, bytes);
    struct bytes written;
    assert_int_equal(buffer_end(&target, &written), ERR_OK);
    assert_int_equal(iris_code_read(written, drawn), ERR_OK);
}

static void a_code_comes_back_from_its_container(void **state) {
    (void)state;
    static const struct demo_iris_shape shapes[] = {{8, 2, 128}, {16, 2, 256}, {16, 4, 256},
                                                    {5, 3, 192}, {64, 1, 64},  {1, 2, 512},
                                                    {8, 4, 512}};
    uint8_t container[IRIS_CODE_CONTAINER_MAX];
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        random_code(shapes[i].rings, shapes[i].planes, shapes[i].columns, i, &code);
        size_t len = container_of(&code, container);
        assert_int_equal(len,
                         HEAD + 2u * shapes[i].rings * shapes[i].planes * shapes[i].columns / 8);
        assert_int_equal(iris_code_read(bytes_of(container, len), &other_code), ERR_OK);
        assert_memory_equal(&code, &other_code, sizeof code);
    }
}

static void the_first_column_is_the_highest_bit_of_the_first_byte(void **state) {
    (void)state;
    uint8_t container[IRIS_CODE_CONTAINER_MAX];
    small_container(container);
    memset(container + HEAD + 256, 255, 256);
    memset(container + HEAD, 0x55, 256);
    container[HEAD] = 0xd5;          /* plane 0, ring 0, columns 0 to 7 */
    container[HEAD + 16 + 8] = 0x54; /* ring 1, columns 64 to 71 */
    container[HEAD + 128] = 0xaa;    /* plane 1, ring 0 */
    assert_int_equal(iris_code_read(bytes_of(container, SMALL), &code), ERR_OK);
    assert_true(code.bits[0] == UINT64_C(0xd555555555555555));
    assert_true(code.bits[16 + 1] == UINT64_C(0x5455555555555555));
    assert_true(code.bits[8] == UINT64_C(0xaa55555555555555));
}

static void expect_refusal(const uint8_t *container, size_t len, enum err err) {
    static const struct iris_code nothing;
    memset(&code, 1, sizeof code);
    assert_int_equal(iris_code_read(bytes_of(container, len), &code), err);
    assert_memory_equal(&code, &nothing, sizeof code);
}

static void what_is_no_container_is_refused_and_leaves_nothing(void **state) {
    (void)state;
    static const struct {
        uint8_t at, value;
        enum err err;
    } changes[] = {
        {0, 'F', ERR_MALFORMED}, {3, ' ', ERR_MALFORMED}, {4, 2, ERR_MALFORMED},
        {4, 0, ERR_MALFORMED},   {5, 3, ERR_MALFORMED},   {6, 0, ERR_MALFORMED},
        {6, 7, ERR_MALFORMED},   {6, 9, ERR_TRUNCATED},   {6, 65, ERR_TOO_LARGE},
        {7, 0, ERR_MALFORMED},   {7, 9, ERR_TOO_LARGE},   {8, 1, ERR_TRUNCATED},
        {8, 3, ERR_TOO_LARGE},   {9, 127, ERR_MALFORMED}, {9, 0, ERR_MALFORMED},
        {9, 64, ERR_MALFORMED},  {10, 1, ERR_MALFORMED},  {11, 1, ERR_MALFORMED},
    };
    uint8_t container[IRIS_CODE_CONTAINER_MAX + 1] = {0};
    small_container(container);
    for (size_t len = 0; len < SMALL; len++)
        expect_refusal(container, len, ERR_TRUNCATED);
    expect_refusal(container, SMALL + 1, ERR_MALFORMED);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        uint8_t before = container[changes[i].at];
        container[changes[i].at] = changes[i].value;
        expect_refusal(container, SMALL, changes[i].err);
        container[changes[i].at] = before;
    }
    memset(container + 12, 0, IRIS_CODE_MODEL_BYTES);
    expect_refusal(container, SMALL, ERR_MALFORMED);
}

static void no_shape_exceeds_the_memory_for_it(void **state) {
    (void)state;
    uint8_t container[IRIS_CODE_CONTAINER_MAX + 4096] = {0};
    small_container(container);
    container[6] = 33; /* rings in one plane of 512 columns: 40 rows of 8 words */
    container[7] = 1;
    container[8] = 2;
    container[9] = 0;
    expect_refusal(container, sizeof container, ERR_TOO_LARGE);
}

static void a_code_that_no_eye_gives_is_refused(void **state) {
    (void)state;
    uint8_t container[IRIS_CODE_CONTAINER_MAX];
    uint8_t *bits = container + HEAD, *mask = bits + 256;
    small_container(container);
    memset(mask, 255, 256);
    memset(bits, 0, 256);
    expect_refusal(container, SMALL, ERR_MALFORMED); /* zeroes alone */
    memset(bits, 255, 256);
    expect_refusal(container, SMALL, ERR_MALFORMED); /* ones alone */
    memset(bits, 0x11, 256);
    assert_int_equal(iris_code_read(bytes_of(container, SMALL), &code), ERR_OK); /* a quarter */
    bits[0] = 0x01;
    expect_refusal(container, SMALL, ERR_MALFORMED);
    memset(bits, 0x55, 256);
    mask[7] = 0xfe;
    expect_refusal(container, SMALL, ERR_MALFORMED); /* a bit that is not valid is set */
    memset(mask, 0, 256);
    memset(bits, 0, 256);
    expect_refusal(container, SMALL, ERR_MALFORMED); /* nothing is valid */
    memset(mask, 255, 64);
    memset(bits, 0x55, 64);
    assert_int_equal(iris_code_read(bytes_of(container, SMALL), &code), ERR_OK); /* a quarter is */
    mask[63] = 0xfd;
    expect_refusal(container, SMALL, ERR_MALFORMED);
}

static void a_code_is_the_same_as_itself(void **state) {
    (void)state;
    for (uint64_t eye = 1; eye <= 20; eye++) {
        struct demo_iris sample = sample_of(eye, 1);
        demo_iris_make(&sample, &code);
        demo_iris_make(&sample, &other_code);
        assert_int_equal(distance_of(&code, &other_code, 0), 0);
        assert_int_equal(distance_of(&code, &other_code, IRIS_CODE_TURN_MAX), 0);
    }
}

static void one_eye_is_told_from_another_whoever_comes_first(void **state) {
    (void)state;
    for (uint64_t eye = 1; eye <= 40; eye++) {
        struct demo_iris enrolled = sample_of(eye, 1), live = sample_of(eye, 2);
        struct iris_code stranger_code;
        struct demo_iris stranger = sample_of(eye + 100, 1);
        live.turn = (int)(eye % 11) - 5;
        demo_iris_make(&enrolled, &code);
        demo_iris_make(&live, &other_code);
        demo_iris_make(&stranger, &stranger_code);
        assert_in_range(distance_of(&code, &other_code, 8), 0, 2500);
        assert_in_range(distance_of(&code, &stranger_code, 8), 3300, 6000);
        for (unsigned turn = 0; turn <= IRIS_CODE_TURN_MAX; turn++) {
            assert_int_equal(distance_of(&code, &other_code, turn),
                             distance_of(&other_code, &code, turn));
            assert_int_equal(distance_of(&code, &stranger_code, turn),
                             distance_of(&stranger_code, &code, turn));
        }
    }
}

static void a_turned_head_matches_within_the_tolerance_and_not_beyond(void **state) {
    (void)state;
    struct demo_iris upright = sample_of(7, 1);
    upright.lids = 0;
    upright.noise = 0;
    demo_iris_make(&upright, &code);
    for (int turn = -IRIS_CODE_TURN_MAX; turn <= IRIS_CODE_TURN_MAX; turn++) {
        struct demo_iris askew = upright;
        askew.turn = turn;
        demo_iris_make(&askew, &other_code);
        uint16_t before = 0;
        for (unsigned tolerance = 0; tolerance <= IRIS_CODE_TURN_MAX; tolerance++) {
            uint16_t distance = distance_of(&code, &other_code, tolerance);
            assert_true(tolerance == 0 || distance <= before);
            before = distance;
            if ((int)tolerance >= abs(turn))
                assert_int_equal(distance, 0);
            if ((int)tolerance + 2 <= abs(turn))
                assert_in_range(distance, 3000, IRIS_CODE_DISTANCE_MAX);
        }
    }
}

static void what_is_not_valid_does_not_count(void **state) {
    (void)state;
    struct demo_iris enrolled = sample_of(3, 1), live = sample_of(4, 1);
    demo_iris_make(&enrolled, &code);
    demo_iris_make(&live, &other_code);
    uint16_t distance = distance_of(&code, &other_code, 10);
    uint64_t seed = 5;
    for (unsigned i = 0; i < iris_code_words(&code); i++) {
        code.bits[i] ^= ~code.mask[i] & demo_iris_random(&seed);
        other_code.bits[i] ^= ~other_code.mask[i] & demo_iris_random(&seed);
    }
    assert_int_equal(distance_of(&code, &other_code, 10), distance);
    assert_int_equal(distance_of(&other_code, &code, 10), distance);
}

static void too_little_in_common_is_no_answer(void **state) {
    (void)state;
    struct demo_iris enrolled = sample_of(3, 1);
    enrolled.lids = 0;
    demo_iris_make(&enrolled, &code);
    other_code = code;
    /* Rows 0 to 7 of one, 8 to 15 of the other: both have enough, in common they have nothing. */
    for (unsigned i = 0; i < iris_code_words(&code); i++)
        *(i % 16 < 8 ? &code.mask[i] : &other_code.mask[i]) = 0;
    assert_int_equal(compare_fails(&code, &other_code, 5), ERR_UNAVAILABLE);
    for (unsigned i = 0; i < iris_code_words(&code); i++)
        code.mask[i] = i % 16 < 4 ? UINT64_MAX : 0;
    other_code.mask[0] = other_code.mask[16] = UINT64_MAX;
    for (unsigned i = 0; i < iris_code_words(&code); i++)
        other_code.mask[i] = i % 16 < 4 ? UINT64_MAX : 0;
    assert_in_range(distance_of(&code, &other_code, 0), 0, 1300); /* a quarter */
    other_code.mask[3] ^= 1;
    assert_int_equal(compare_fails(&code, &other_code, 0), ERR_UNAVAILABLE);
    memset(other_code.mask, 0, sizeof other_code.mask);
    assert_int_equal(compare_fails(&code, &other_code, IRIS_CODE_TURN_MAX), ERR_UNAVAILABLE);
    memset(&other_code, 0, sizeof other_code);
    assert_int_equal(compare_fails(&other_code, &other_code, 0), ERR_DENIED);
}

static void fewer_valid_bits_say_less(void **state) {
    (void)state;
    struct demo_iris enrolled = sample_of(3, 1), live = sample_of(3, 2);
    enrolled.lids = live.lids = 0;
    demo_iris_make(&enrolled, &code);
    demo_iris_make(&live, &other_code);
    uint16_t whole = distance_of(&code, &other_code, 0);
    for (unsigned i = 0; i < iris_code_words(&code); i++)
        code.mask[i] &= i % 2 == 0 ? UINT64_MAX : UINT32_MAX;
    assert_true(distance_of(&code, &other_code, 0) > whole);
}

static void codes_of_other_makers_shapes_and_eyes_are_not_compared(void **state) {
    (void)state;
    struct demo_iris sample = sample_of(3, 1);
    demo_iris_make(&sample, &code);
    other_code = code;
    other_code.model[15] ^= 1;
    assert_int_equal(compare_fails(&code, &other_code, 0), ERR_DENIED);
    other_code = code;
    code.eye = IRIS_CODE_EYE_RIGHT;
    assert_int_equal(distance_of(&code, &other_code, 0), 0);
    other_code.eye = IRIS_CODE_EYE_LEFT;
    assert_int_equal(compare_fails(&code, &other_code, 0), ERR_DENIED);
    other_code.eye = IRIS_CODE_EYE_RIGHT;
    assert_int_equal(distance_of(&code, &other_code, 0), 0);
    assert_int_equal(compare_fails(&code, &other_code, IRIS_CODE_TURN_MAX + 1), ERR_TOO_LARGE);
    struct iris_code turned = other_code;
    turned.rings = 2;
    turned.planes = 8;
    assert_int_equal(compare_fails(&code, &turned, 0), ERR_DENIED);
    turned = other_code;
    turned.columns = 256;
    assert_int_equal(compare_fails(&code, &turned, 0), ERR_DENIED);
    code.rings = turned.rings = 255; /* never read, so never checked */
    code.columns = turned.columns = 65535;
    assert_int_equal(compare_fails(&code, &turned, 0), ERR_DENIED);
}

static void the_scratch_is_wiped_whatever_came_out(void **state) {
    (void)state;
    static const struct iris_code_scratch nothing;
    struct demo_iris sample = sample_of(3, 1);
    demo_iris_make(&sample, &code);
    assert_int_equal(distance_of(&code, &code, 9), 0);
    assert_memory_equal(&scratch, &nothing, sizeof scratch);
    other_code = code;
    memset(other_code.mask, 0, sizeof other_code.mask);
    assert_int_equal(compare_fails(&code, &other_code, 9), ERR_UNAVAILABLE);
    assert_memory_equal(&scratch, &nothing, sizeof scratch);
}

static unsigned bit_of(const struct iris_code *from, const uint64_t *words, unsigned row,
                       int column) {
    unsigned at = (unsigned)(column + from->columns) % from->columns;
    return words[at / 64 * iris_code_rows(from) + row] >> (63 - at % 64) & 1;
}

/* The same by the definition, bit by bit. */
static unsigned slow_distance(const struct iris_code *one, const struct iris_code *other,
                              int tolerance) {
    double best = 1;
    unsigned rows = (unsigned)one->rings * one->planes, bits = rows * one->columns;
    for (int turn = -tolerance; turn <= tolerance; turn++) {
        unsigned common = 0, different = 0;
        for (unsigned row = 0; row < rows; row++)
            for (int column = 0; column < one->columns; column++)
                if (bit_of(one, one->mask, row, column + turn) != 0 &&
                    bit_of(other, other->mask, row, column) != 0) {
                    common++;
                    different += bit_of(one, one->bits, row, column + turn) !=
                                 bit_of(other, other->bits, row, column);
                }
        /* Of 2048 bits 911 are usual. */
        double usual = 911 * (bits / 2048.0), share = (double)different / common;
        double normal = 0.5 - (0.5 - share) * sqrt(common / usual);
        best = normal < best ? normal : best;
    }
    return best > 0 ? (unsigned)ceil(best * 10000) : 0;
}

static void all_code_paths_give_the_distance_of_the_definition(void **state) {
    (void)state;
    static const struct demo_iris_shape shapes[] = {{8, 2, 128}, {5, 3, 192}, {7, 1, 256},
                                                    {64, 1, 64}, {1, 2, 512}, {16, 4, 256}};
    unsigned paths = 0;
    for (enum finger_path path = FINGER_PLAIN; path < FINGER_PATHS; path++)
        paths += iris_code_count_of(path) != NULL;
    assert_true(paths > 0);
    print_message("code paths on this processor: %u\n", paths);
    for (unsigned i = 0; i < 60; i++) {
        const struct demo_iris_shape *shape = &shapes[i % 6];
        random_code(shape->rings, shape->planes, shape->columns, 2 * i, &code);
        random_code(shape->rings, shape->planes, shape->columns, 2 * i + 1, &other_code);
        unsigned turn = i % (IRIS_CODE_TURN_MAX + 1);
        unsigned expected = slow_distance(&code, &other_code, (int)turn);
        for (enum finger_path path = FINGER_PLAIN; path < FINGER_PATHS; path++) {
            iris_code_count *count = iris_code_count_of(path);
            uint16_t distance = 0;
            if (count == NULL)
                continue;
            assert_int_equal(iris_code_compare_with(count,
                                                    (struct iris_code_pair){&code, &other_code},
                                                    turn, &scratch, &distance),
                             ERR_OK);
            assert_int_equal(distance, expected);
        }
    }
}

static void all_code_paths_count_the_same_at_every_shift(void **state) {
    (void)state;
    uint64_t seed = 99;
    random_code(16, 4, 256, 7, &code);
    for (unsigned i = 0; i < IRIS_CODE_RIBBON_WORDS; i++) {
        scratch.bits[i] = demo_iris_random(&seed);
        scratch.mask[i] = demo_iris_random(&seed);
    }
    for (unsigned shift = 0; shift < 64; shift++)
        for (enum finger_path path = FINGER_PLAIN; path < FINGER_PATHS; path++) {
            iris_code_count *count = iris_code_count_of(path);
            if (count == NULL)
                continue;
            struct iris_code_counts plain = iris_code_count_plain(&scratch, shift, &code);
            struct iris_code_counts counts = count(&scratch, shift, &code);
            assert_int_equal(counts.common, plain.common);
            assert_int_equal(counts.different, plain.different);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_comes_back_from_its_container),
        cmocka_unit_test(the_first_column_is_the_highest_bit_of_the_first_byte),
        cmocka_unit_test(what_is_no_container_is_refused_and_leaves_nothing),
        cmocka_unit_test(no_shape_exceeds_the_memory_for_it),
        cmocka_unit_test(a_code_that_no_eye_gives_is_refused),
        cmocka_unit_test(a_code_is_the_same_as_itself),
        cmocka_unit_test(one_eye_is_told_from_another_whoever_comes_first),
        cmocka_unit_test(a_turned_head_matches_within_the_tolerance_and_not_beyond),
        cmocka_unit_test(what_is_not_valid_does_not_count),
        cmocka_unit_test(too_little_in_common_is_no_answer),
        cmocka_unit_test(fewer_valid_bits_say_less),
        cmocka_unit_test(codes_of_other_makers_shapes_and_eyes_are_not_compared),
        cmocka_unit_test(the_scratch_is_wiped_whatever_came_out),
        cmocka_unit_test(all_code_paths_give_the_distance_of_the_definition),
        cmocka_unit_test(all_code_paths_count_the_same_at_every_shift),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
