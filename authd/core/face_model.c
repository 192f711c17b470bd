#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authd/core/face_model.h"

#include "firmware/base/codec.h"

struct lines {
    char model[2 * FACE_VECTOR_MODEL_BYTES + 1];
    int64_t dimension;
    char matches[256];
};

static const struct conf_key keys[] = {
    {"model", CONF_TEXT, offsetof(struct lines, model), sizeof(((struct lines *)0)->model), 0, 0,
     NULL, "the first bytes of the SHA-256 of the model's file, in hexadecimal"},
    {"dimension", CONF_NUMBER, offsetof(struct lines, dimension), sizeof(int64_t),
     FACE_VECTOR_DIMENSION_MIN, FACE_VECTOR_DIMENSION_MAX, NULL, "of its vectors"},
    {"matches", CONF_TEXT, offsetof(struct lines, matches), sizeof(((struct lines *)0)->matches), 0,
     0, NULL, "cosine:one-in-so-many, the most lenient first"},
};

static enum err refuse(struct conf_problem *problem, const char *advice) {
    snprintf(problem->text, sizeof(problem->text), "face-model: %s", advice);
    return ERR_CONFIG;
}

/* "0.52:10000" */
static enum err read_row(const char *word, struct false_match_row *row) {
    char *end = NULL;
    double cosine = strtod(word, &end);
    if (end == word || *end != ':' || !(cosine > 0 && cosine <= 1))
        return ERR_CONFIG;
    const char *number = end + 1;
    unsigned long long one_in = strtoull(number, &end, 10);
    if (number[0] < '0' || number[0] > '9' || *end != '\0' || one_in == 0 ||
        one_in > FALSE_MATCH_CERTAIN)
        return ERR_CONFIG;
    row->threshold = (int32_t)lround(cosine * FACE_VECTOR_COSINE_ONE);
    row->rate = (FALSE_MATCH_CERTAIN + one_in - 1) / one_in; /* never less than was measured */
    return ERR_OK;
}

static enum err read_rows(char *list, struct false_match_row *rows, size_t *count) {
    char *rest = NULL;
    *count = 0;
    for (char *word = strtok_r(list, ", ", &rest); word != NULL;
         word = strtok_r(NULL, ", ", &rest)) {
        if (*count == FACE_MODEL_ROWS_MAX)
            return ERR_CONFIG;
        ERR_TRY(read_row(word, &rows[(*count)++]));
    }
    return ERR_OK;
}

enum err face_model_parse(struct bytes text, struct face_vector_model *model,
                          struct false_match_row rows[static FACE_MODEL_ROWS_MAX],
                          struct conf_problem *problem) {
    struct lines lines;
    size_t count = 0;
    ERR_TRY(conf_parse(text, keys, sizeof(keys) / sizeof(keys[0]), &lines, problem));
    *model = (struct face_vector_model){.dimension = (uint16_t)lines.dimension};
    if (codec_hex_decode(bytes_of_text(lines.model), model->id, sizeof(model->id)) != ERR_OK)
        return refuse(problem, "model: write 32 hexadecimal digits");
    if (read_rows(lines.matches, rows, &count) != ERR_OK)
        return refuse(problem, "matches: write cosine:one-in-so-many, such as 0.52:10000");
    model->table =
        (struct false_match_table){.measure = FALSE_MATCH_SCORE, .count = count, .rows = rows};
    return face_vector_model_check(model) == ERR_OK
               ? ERR_OK
               : refuse(problem, "name a model, and in matches first the most lenient cosine, then "
                                 "each higher and rarer than the one before");
}

static enum err read_file(const char *path, uint8_t *memory, size_t size, size_t *len) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    *len = 0;
    if (fd < 0)
        return ERR_SYSTEM;
    ssize_t got = 1;
    while (*len < size && got > 0) {
        got = read(fd, memory + *len, size - *len);
        *len += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    return got == 0 ? ERR_OK : ERR_SYSTEM;
}

enum err face_model_read(const char *path, struct face_vector_model *model,
                         struct false_match_row rows[static FACE_MODEL_ROWS_MAX],
                         struct conf_problem *problem) {
    uint8_t memory[FACE_MODEL_FILE_BYTES];
    size_t len = 0;
    if (read_file(path, memory, sizeof(memory), &len) != ERR_OK) {
        snprintf(problem->text, sizeof(problem->text),
                 "face-model: %.200s cannot be read, or is longer than 4 KiB", path);
        return ERR_SYSTEM;
    }
    return face_model_parse(bytes_of(memory, len), model, rows, problem);
}
