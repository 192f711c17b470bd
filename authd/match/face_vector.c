#include "authd/match/face_vector.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* The container; integers are big-endian, floats are the integers of their IEEE 754 bits. */
static const uint8_t magic[4] = {'F', 'V', 'C', 0};
enum { VERSION = 1 };

static const uint8_t no_model[FACE_VECTOR_MODEL_BYTES];

/* Sums side by side: the compiler makes vectors of them, whose order no processor changes. */
enum { LANES = 8 };
typedef float narrow __attribute__((vector_size(LANES * sizeof(float))));
typedef double wide __attribute__((vector_size(LANES * sizeof(double))));

enum err face_vector_model_check(const struct face_vector_model *model) {
    if (memcmp(model->id, no_model, sizeof no_model) == 0 ||
        model->dimension < FACE_VECTOR_DIMENSION_MIN ||
        model->dimension > FACE_VECTOR_DIMENSION_MAX || model->table.measure != FALSE_MATCH_SCORE)
        return ERR_CONFIG;
    ERR_TRY(false_match_table_check(&model->table));
    for (size_t i = 0; i < model->table.count; i++)
        if (model->table.rows[i].threshold <= 0 ||
            model->table.rows[i].threshold > FACE_VECTOR_COSINE_ONE)
            return ERR_CONFIG;
    return ERR_OK;
}

/* Products of floats, and their sums, are far from the limits of a double. */
static double product(const float *one, const float *other, unsigned dimension) {
    wide sum = {0};
    for (unsigned i = 0; i < dimension; i += LANES) {
        narrow left, right;
        memcpy(&left, one + i, sizeof left);
        memcpy(&right, other + i, sizeof right);
        sum += __builtin_convertvector(left, wide) * __builtin_convertvector(right, wide);
    }
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

static enum err read_head(struct cursor *cursor, struct face_vector *vector) {
    struct bytes start = cursor_take(cursor, sizeof magic);
    uint8_t version = cursor_u8(cursor);
    vector->form = cursor_u8(cursor);
    vector->dimension = cursor_u16(cursor);
    cursor_copy(cursor, vector->model, sizeof vector->model);
    ERR_TRY(cursor->err);
    if (!bytes_equal(start, bytes_of(magic, sizeof magic)) || version != VERSION)
        return ERR_MALFORMED;
    if (vector->form != FACE_VECTOR_FLOAT32 && vector->form != FACE_VECTOR_INT8)
        return ERR_MALFORMED;
    if (vector->dimension > FACE_VECTOR_DIMENSION_MAX)
        return ERR_TOO_LARGE;
    if (vector->dimension < FACE_VECTOR_DIMENSION_MIN ||
        memcmp(vector->model, no_model, sizeof no_model) == 0)
        return ERR_MALFORMED;
    return ERR_OK;
}

static float read_value(struct cursor *cursor, uint8_t form) {
    if (form == FACE_VECTOR_INT8)
        return (float)(int8_t)cursor_u8(cursor);
    uint32_t bits = cursor_u32(cursor);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static enum err read_values(struct cursor *cursor, struct face_vector *vector) {
    for (unsigned i = 0; i < vector->dimension; i++) {
        vector->values[i] = read_value(cursor, vector->form);
        if (!isfinite(vector->values[i]))
            return ERR_MALFORMED;
    }
    vector->square = product(vector->values, vector->values, vector->dimension);
    return vector->square > 0 ? ERR_OK : ERR_MALFORMED;
}

static enum err read_container(struct cursor *cursor, struct face_vector *vector) {
    ERR_TRY(read_head(cursor, vector));
    enum err err = read_values(cursor, vector);
    /* What is cut short reads as zeroes: the cursor knows better why there is nothing. */
    ERR_TRY(cursor->err);
    ERR_TRY(err);
    return cursor_end(cursor);
}

enum err face_vector_read(struct bytes view, struct face_vector *vector) {
    struct cursor cursor = cursor_over(view);
    memset(vector, 0, sizeof *vector);
    enum err err = read_container(&cursor, vector);
    if (err != ERR_OK)
        explicit_bzero(vector, sizeof *vector);
    return err;
}

static void write_value(struct buffer *target, uint8_t form, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (form == FACE_VECTOR_INT8)
        buffer_u8(target, (uint8_t)(int8_t)value);
    else
        buffer_u32(target, bits);
}

void face_vector_write(struct buffer *target, const struct face_vector *vector) {
    buffer_raw(target, magic, sizeof magic);
    buffer_u8(target, VERSION);
    buffer_u8(target, vector->form);
    buffer_u16(target, vector->dimension);
    buffer_raw(target, vector->model, sizeof vector->model);
    for (unsigned i = 0; i < vector->dimension; i++)
        write_value(target, vector->form, vector->values[i]);
}

static bool is_of(const struct face_vector *vector, const struct face_vector_model *model) {
    return memcmp(vector->model, model->id, sizeof model->id) == 0 &&
           vector->dimension == model->dimension &&
           vector->dimension <= FACE_VECTOR_DIMENSION_MAX && vector->square > 0;
}

enum err face_vector_compare(const struct face_vector_model *model, const struct face_vector *one,
                             const struct face_vector *other, int32_t *cosine) {
    *cosine = -FACE_VECTOR_COSINE_ONE;
    if (!is_of(one, model) || !is_of(other, model))
        return ERR_DENIED;
    double share =
        product(one->values, other->values, model->dimension) / sqrt(one->square * other->square);
    double steps = floor(share * FACE_VECTOR_COSINE_ONE);
    if (steps >= FACE_VECTOR_COSINE_ONE)
        *cosine = FACE_VECTOR_COSINE_ONE;
    else if (steps > -FACE_VECTOR_COSINE_ONE)
        *cosine = (int32_t)steps;
    return ERR_OK;
}
