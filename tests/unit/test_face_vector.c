#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "authd/match/face_vector.h"

enum { HEAD = 24, DIMENSION = 512, SIZE = HEAD + 4 * DIMENSION };

#define MODEL "a model of faces"

static const struct false_match_row rows[] = {{300000, 1000000000}, {450000, 1000000}};
static const struct face_vector_model model = {
    .id = MODEL, /* sixteen characters, no zero */
    .dimension = DIMENSION,
    .table = {.measure = FALSE_MATCH_SCORE, .count = 2, .rows = rows},
};
static struct face_vector one, other;

static double next_value(uint64_t *state) {
    double sum = 0;
    for (unsigned i = 0; i < 6; i++) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        sum += (double)(*state >> 40) / (1 << 24) - 0.5;
    }
    return sum;
}

static void put_head(struct buffer *target, uint8_t form, uint16_t dimension) {
    buffer_raw(target, "FVC\0\1", 5);
    buffer_u8(target, form);
    buffer_u16(target, dimension);
    buffer_raw(target, MODEL, 16);
}

static void put_float(struct buffer *target, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    buffer_u32(target, bits);
}

static void make(const float *values, uint16_t dimension, struct face_vector *vector) {
    uint8_t container[FACE_VECTOR_CONTAINER_MAX];
    struct buffer target = buffer_over(container, sizeof container);
    struct bytes written;
    put_head(&target, FACE_VECTOR_FLOAT32, dimension);
    for (unsigned i = 0; i < dimension; i++)
        put_float(&target, values[i]);
    assert_int_equal(buffer_end(&target, &written), ERR_OK);
    assert_int_equal(face_vector_read(written, vector), ERR_OK);
}

static void draw(uint64_t seed, float *values) {
    for (unsigned i = 0; i < DIMENSION; i++)
        values[i] = (float)next_value(&seed);
}

/* As an extractor makes them: the largest value becomes 127. */
static void make_small(const float *values, struct face_vector *vector) {
    uint8_t container[HEAD + DIMENSION];
    struct buffer target = buffer_over(container, sizeof container);
    struct bytes written;
    float largest = 0;
    for (unsigned i = 0; i < DIMENSION; i++)
        largest = fmaxf(largest, fabsf(values[i]));
    put_head(&target, FACE_VECTOR_INT8, DIMENSION);
    for (unsigned i = 0; i < DIMENSION; i++)
        buffer_u8(&target, (uint8_t)(int8_t)lrintf(values[i] / largest * 127));
    assert_int_equal(buffer_end(&target, &written), ERR_OK);
    assert_int_equal(face_vector_read(written, vector), ERR_OK);
}

static int32_t cosine_of(const struct face_vector *left, const struct face_vector *right) {
    int32_t cosine = 0;
    assert_int_equal(face_vector_compare(&model, left, right, &cosine), ERR_OK);
    return cosine;
}

static void expect_denied(const struct face_vector *left, const struct face_vector *right) {
    int32_t cosine = 0;
    assert_int_equal(face_vector_compare(&model, left, right, &cosine), ERR_DENIED);
    assert_int_equal(cosine, -FACE_VECTOR_COSINE_ONE);
}

static void a_vector_comes_back_from_its_container(void **state) {
    (void)state;
    float values[DIMENSION];
    uint8_t container[FACE_VECTOR_CONTAINER_MAX];
    for (unsigned i = 0; i < 20; i++) {
        struct buffer target = buffer_over(container, sizeof container);
        struct bytes written;
        draw(i, values);
        if (i % 2 == 0)
            make(values, DIMENSION, &one);
        else
            make_small(values, &one);
        face_vector_write(&target, &one);
        assert_int_equal(buffer_end(&target, &written), ERR_OK);
        assert_int_equal(written.len, i % 2 == 0 ? SIZE : HEAD + DIMENSION);
        assert_int_equal(face_vector_read(written, &other), ERR_OK);
        assert_memory_equal(&one, &other, sizeof one);
    }
}

static void expect_refusal(const uint8_t *container, size_t len, enum err err) {
    static const struct face_vector nothing;
    memset(&one, 1, sizeof one);
    assert_int_equal(face_vector_read(bytes_of(container, len), &one), err);
    assert_memory_equal(&one, &nothing, sizeof one);
}

static void what_is_no_container_is_refused_and_leaves_nothing(void **state) {
    (void)state;
    static const struct {
        uint8_t at, value;
        enum err err;
    } changes[] = {
        {0, 'I', ERR_MALFORMED}, {3, 1, ERR_MALFORMED}, {4, 2, ERR_MALFORMED},
        {4, 0, ERR_MALFORMED},   {5, 0, ERR_MALFORMED}, {5, 3, ERR_MALFORMED},
        {5, 2, ERR_MALFORMED},   {6, 0, ERR_MALFORMED}, {6, 8, ERR_TOO_LARGE},
        {6, 3, ERR_TRUNCATED},   {6, 1, ERR_MALFORMED},
    };
    uint8_t container[SIZE + 1] = {0};
    struct buffer target = buffer_over(container, sizeof container);
    put_head(&target, FACE_VECTOR_FLOAT32, DIMENSION);
    for (unsigned i = 0; i < DIMENSION; i++)
        put_float(&target, 1);
    assert_int_equal(face_vector_read(bytes_of(container, SIZE), &one), ERR_OK);
    for (size_t len = 0; len < SIZE; len++)
        expect_refusal(container, len, ERR_TRUNCATED);
    expect_refusal(container, SIZE + 1, ERR_MALFORMED);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        uint8_t before = container[changes[i].at];
        container[changes[i].at] = changes[i].value;
        if (changes[i].at == 6)
            container[7] = 1;
        expect_refusal(container, SIZE, changes[i].err);
        container[changes[i].at] = before;
        container[7] = 0;
    }
    memset(container + 8, 0, FACE_VECTOR_MODEL_BYTES);
    expect_refusal(container, SIZE, ERR_MALFORMED);
}

static void dimensions_have_limits(void **state) {
    (void)state;
    static const struct {
        uint16_t dimension;
        enum err err;
    } cases[] = {{0, ERR_MALFORMED}, {63, ERR_MALFORMED}, {64, ERR_OK},
                 {67, ERR_OK},       {2048, ERR_OK},      {2049, ERR_TOO_LARGE}};
    uint8_t container[FACE_VECTOR_CONTAINER_MAX + 4];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer target = buffer_over(container, sizeof container);
        struct bytes written;
        put_head(&target, FACE_VECTOR_FLOAT32, cases[i].dimension);
        for (unsigned k = 0; k < cases[i].dimension; k++)
            put_float(&target, -1);
        assert_int_equal(buffer_end(&target, &written), ERR_OK);
        assert_int_equal(face_vector_read(written, &one), cases[i].err);
    }
}

static void values_that_are_no_numbers_and_no_direction_are_refused(void **state) {
    (void)state;
    static const float bad[] = {NAN, -NAN, INFINITY, -INFINITY};
    uint8_t container[SIZE];
    for (unsigned i = 0; i < 4 * DIMENSION; i += 63) {
        struct buffer target = buffer_over(container, sizeof container);
        put_head(&target, FACE_VECTOR_FLOAT32, DIMENSION);
        for (unsigned k = 0; k < DIMENSION; k++)
            put_float(&target, k == i / 4 ? bad[i % 4] : 1);
        expect_refusal(container, SIZE, ERR_MALFORMED);
    }
    for (unsigned i = 0; i < 2; i++) { /* 0 and −0 */
        struct buffer target = buffer_over(container, sizeof container);
        put_head(&target, FACE_VECTOR_FLOAT32, DIMENSION);
        for (unsigned k = 0; k < DIMENSION; k++)
            put_float(&target, i == 0 ? 0.0f : -0.0f);
        expect_refusal(container, SIZE, ERR_MALFORMED);
    }
    memset(container + HEAD, 0, DIMENSION);
    container[5] = FACE_VECTOR_INT8;
    expect_refusal(container, HEAD + DIMENSION, ERR_MALFORMED);
}

static void a_vector_points_where_itself_points(void **state) {
    (void)state;
    float values[DIMENSION], scaled[DIMENSION];
    for (uint64_t seed = 0; seed < 50; seed++) {
        draw(seed, values);
        make(values, DIMENSION, &one);
        assert_int_equal(cosine_of(&one, &one), FACE_VECTOR_COSINE_ONE);
        for (unsigned i = 0; i < DIMENSION; i++)
            scaled[i] = values[i] * -1024;
        make(scaled, DIMENSION, &other);
        assert_int_equal(cosine_of(&one, &other), -FACE_VECTOR_COSINE_ONE);
    }
}

static void a_cosine_is_that_of_the_definition_whoever_comes_first(void **state) {
    (void)state;
    float left[DIMENSION], right[DIMENSION];
    for (uint64_t seed = 0; seed < 500; seed++) {
        long double dot = 0, left_square = 0, right_square = 0;
        draw(2 * seed, left);
        draw(2 * seed + 1, right);
        for (unsigned i = 0; i < DIMENSION; i++) {
            right[i] += left[i] * (float)(seed % 7) / 2;
            dot += (long double)left[i] * right[i];
            left_square += (long double)left[i] * left[i];
            right_square += (long double)right[i] * right[i];
        }
        make(left, DIMENSION, &one);
        make(right, DIMENSION, &other);
        long double exact = dot / sqrtl(left_square * right_square) * FACE_VECTOR_COSINE_ONE;
        assert_true(fabsl(cosine_of(&one, &other) - floorl(exact)) <= (exact < 0 ? 1 : 0) + 0.5L);
        assert_int_equal(cosine_of(&one, &other), cosine_of(&other, &one));
    }
}

static void a_quarter_of_the_size_says_the_same(void **state) {
    (void)state;
    float left[DIMENSION], right[DIMENSION];
    struct face_vector small;
    for (uint64_t seed = 0; seed < 100; seed++) {
        draw(2 * seed, left);
        draw(2 * seed + 1, right);
        for (unsigned i = 0; i < DIMENSION; i++)
            right[i] += left[i];
        make(left, DIMENSION, &one);
        make(right, DIMENSION, &other);
        make_small(right, &small);
        assert_in_range(cosine_of(&one, &small) - cosine_of(&one, &other) + 3000, 0, 6000);
    }
}

static void the_largest_and_the_smallest_values_are_compared(void **state) {
    (void)state;
    static const float extremes[] = {3.4e38f, 1e-45f, 1};
    float values[DIMENSION];
    for (unsigned i = 0; i < 3; i++)
        for (unsigned k = 0; k < 3; k++) {
            for (unsigned n = 0; n < DIMENSION; n++)
                values[n] = extremes[i];
            make(values, DIMENSION, &one);
            for (unsigned n = 0; n < DIMENSION; n++)
                values[n] = n % 2 == 0 ? extremes[k] : -extremes[k];
            make(values, DIMENSION, &other);
            assert_int_equal(cosine_of(&one, &other), 0);
            assert_int_equal(cosine_of(&other, &other), FACE_VECTOR_COSINE_ONE);
        }
}

static void vectors_of_another_model_are_not_compared(void **state) {
    (void)state;
    float values[DIMENSION];
    draw(1, values);
    make(values, DIMENSION, &one);
    other = one;
    other.model[0] ^= 1;
    expect_denied(&one, &other);
    expect_denied(&other, &one);
    expect_denied(&other, &other); /* the same for both, but not the configured one */
    make(values, DIMENSION - 8, &other);
    expect_denied(&one, &other);
    expect_denied(&other, &other);
    memset(&other, 0, sizeof other);
    expect_denied(&one, &other);
    memcpy(other.model, model.id, sizeof other.model);
    other.dimension = DIMENSION; /* never read */
    expect_denied(&one, &other);
}

static void a_model_without_sense_is_not_configured(void **state) {
    (void)state;
    static const struct false_match_row zero[] = {{0, 1000}}, over[] = {{1000001, 1000}};
    static const struct {
        uint16_t dimension;
        struct false_match_table table;
    } bad[] = {
        {63, {FALSE_MATCH_SCORE, 2, rows}},  {2049, {FALSE_MATCH_SCORE, 2, rows}},
        {512, {FALSE_MATCH_SCORE, 0, rows}}, {512, {FALSE_MATCH_DISTANCE, 1, rows}},
        {512, {FALSE_MATCH_SCORE, 1, zero}}, {512, {FALSE_MATCH_SCORE, 1, over}},
    };
    assert_int_equal(face_vector_model_check(&model), ERR_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct face_vector_model wrong = {
            .id = MODEL, .dimension = bad[i].dimension, .table = bad[i].table};
        assert_int_equal(face_vector_model_check(&wrong), ERR_CONFIG);
    }
    struct face_vector_model nameless = model;
    memset(nameless.id, 0, sizeof nameless.id);
    assert_int_equal(face_vector_model_check(&nameless), ERR_CONFIG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vector_comes_back_from_its_container),
        cmocka_unit_test(what_is_no_container_is_refused_and_leaves_nothing),
        cmocka_unit_test(dimensions_have_limits),
        cmocka_unit_test(values_that_are_no_numbers_and_no_direction_are_refused),
        cmocka_unit_test(a_vector_points_where_itself_points),
        cmocka_unit_test(a_cosine_is_that_of_the_definition_whoever_comes_first),
        cmocka_unit_test(a_quarter_of_the_size_says_the_same),
        cmocka_unit_test(the_largest_and_the_smallest_values_are_compared),
        cmocka_unit_test(vectors_of_another_model_are_not_compared),
        cmocka_unit_test(a_model_without_sense_is_not_configured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
