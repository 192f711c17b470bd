#include "authd/match/iris_code.h"

#include <stdbool.h>
#include <string.h>

/* The container; integers are big-endian, the first column of eight is a byte's highest bit. */
static const uint8_t magic[4] = {'I', 'R', 'C', 0};
enum { VERSION = 1 };

unsigned iris_code_rows(const struct iris_code *code) {
    unsigned rows = (unsigned)code->rings * code->planes;
    return (rows + IRIS_CODE_ROWS_STEP - 1) / IRIS_CODE_ROWS_STEP * IRIS_CODE_ROWS_STEP;
}

unsigned iris_code_words(const struct iris_code *code) {
    return iris_code_rows(code) * (code->columns / IRIS_CODE_COLUMNS_STEP);
}

static enum err read_head(struct cursor *cursor, struct iris_code *code) {
    static const uint8_t no_model[IRIS_CODE_MODEL_BYTES];
    struct bytes start = cursor_take(cursor, sizeof magic);
    uint8_t version = cursor_u8(cursor);
    code->eye = cursor_u8(cursor);
    code->rings = cursor_u8(cursor);
    code->planes = cursor_u8(cursor);
    code->columns = cursor_u16(cursor);
    uint16_t reserved = cursor_u16(cursor);
    cursor_copy(cursor, code->model, sizeof code->model);
    ERR_TRY(cursor->err);
    if (!bytes_equal(start, bytes_of(magic, sizeof magic)) || version != VERSION || reserved != 0)
        return ERR_MALFORMED;
    if (code->eye > IRIS_CODE_EYE_LEFT || memcmp(code->model, no_model, sizeof no_model) == 0)
        return ERR_MALFORMED;
    return ERR_OK;
}

static enum err check_shape(const struct iris_code *code) {
    if (code->rings > IRIS_CODE_RINGS_MAX || code->planes > IRIS_CODE_PLANES_MAX ||
        code->columns > IRIS_CODE_COLUMNS_MAX || iris_code_words(code) > IRIS_CODE_WORDS_MAX)
        return ERR_TOO_LARGE;
    if (code->columns % IRIS_CODE_COLUMNS_STEP != 0 ||
        (unsigned)code->rings * code->planes * code->columns < IRIS_CODE_BITS_MIN)
        return ERR_MALFORMED;
    return ERR_OK;
}

static void read_rows(struct cursor *cursor, const struct iris_code *code, uint64_t *words) {
    unsigned step = iris_code_rows(code), rows = (unsigned)code->rings * code->planes;
    for (unsigned row = 0; row < rows; row++)
        for (unsigned at = row; at < iris_code_words(code); at += step)
            words[at] = cursor_u64(cursor);
}

/* What could be an eye: see iris_code_read. */
static bool is_plausible(const struct iris_code *code) {
    unsigned valid = 0, ones = 0, stray = 0;
    for (unsigned i = 0; i < iris_code_words(code); i++) {
        valid += (unsigned)__builtin_popcountll(code->mask[i]);
        ones += (unsigned)__builtin_popcountll(code->bits[i]);
        stray += (code->bits[i] & ~code->mask[i]) != 0;
    }
    unsigned bits = (unsigned)code->rings * code->planes * code->columns;
    return stray == 0 && 4 * valid >= bits && 4 * ones >= valid && 4 * (valid - ones) >= valid;
}

static enum err read_container(struct cursor *cursor, struct iris_code *code) {
    ERR_TRY(read_head(cursor, code));
    ERR_TRY(check_shape(code));
    read_rows(cursor, code, code->bits);
    read_rows(cursor, code, code->mask);
    ERR_TRY(cursor_end(cursor));
    return is_plausible(code) ? ERR_OK : ERR_MALFORMED;
}

enum err iris_code_read(struct bytes view, struct iris_code *code) {
    struct cursor cursor = cursor_over(view);
    memset(code, 0, sizeof *code);
    enum err err = read_container(&cursor, code);
    if (err != ERR_OK)
        explicit_bzero(code, sizeof *code);
    return err;
}

static void write_rows(struct buffer *target, const struct iris_code *code, const uint64_t *words) {
    unsigned step = iris_code_rows(code), rows = (unsigned)code->rings * code->planes;
    for (unsigned row = 0; row < rows; row++)
        for (unsigned at = row; at < iris_code_words(code); at += step)
            buffer_u64(target, words[at]);
}

void iris_code_write(struct buffer *target, const struct iris_code *code) {
    buffer_raw(target, magic, sizeof magic);
    buffer_u8(target, VERSION);
    buffer_u8(target, code->eye);
    buffer_u8(target, code->rings);
    buffer_u8(target, code->planes);
    buffer_u16(target, code->columns);
    buffer_u16(target, 0);
    buffer_raw(target, code->model, sizeof code->model);
    write_rows(target, code, code->bits);
    write_rows(target, code, code->mask);
}
