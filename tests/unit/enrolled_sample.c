#include <string.h>

#include "authd/match/face_vector.h"
#include "authd/match/iris_code.h"
#include "tests/unit/enrolled_sample.h"

struct enrolled_part enrolled_sample_finger(uint8_t position, uint8_t count) {
    struct enrolled_part part = {.modality = BIOMETRIC_FINGER,
                                 .position = position,
                                 .kind = ENROLLED_MINUTIAE,
                                 .minutiae = {.x_resolution = FINGER_RESOLUTION,
                                              .y_resolution = FINGER_RESOLUTION_MAX,
                                              .position = position,
                                              .quality = 80,
                                              .count = count}};
    for (unsigned i = 0; i < count; i++)
        part.minutiae.minutiae[i] =
            (struct finger_minutia){.x = (uint16_t)(FINGER_COORDINATE_MAX - i * 7),
                                    .y = (uint16_t)(i * 64),
                                    .angle = (uint8_t)(i * 37),
                                    .kind = (uint8_t)(i % 3),
                                    .quality = (uint8_t)(i % 101)};
    return part;
}

static struct enrolled_part container(enum biometric_modality modality, uint8_t position,
                                      enum enrolled_kind kind, size_t len) {
    static uint8_t memory[IRIS_CODE_CONTAINER_MAX + FACE_VECTOR_CONTAINER_MAX];
    for (size_t i = 0; i < sizeof memory; i++)
        memory[i] = (uint8_t)(i * 31);
    struct enrolled_part part = {.modality = modality,
                                 .position = position,
                                 .kind = kind,
                                 .data = bytes_of(memory + position, len)};
    if (kind == ENROLLED_PLUGIN)
        memcpy(part.plugin, "acme-3.1", 9);
    return part;
}

void enrolled_sample(struct enrolled *enrolled, size_t count) {
    const struct enrolled_part parts[ENROLLED_SAMPLE_PARTS] = {
        enrolled_sample_finger(2, 40),
        enrolled_sample_finger(2, BIOMETRIC_MINUTIAE_MIN),
        enrolled_sample_finger(10, FINGER_TEMPLATE_MINUTIAE),
        container(BIOMETRIC_IRIS, 1, ENROLLED_IRIS_CODE, IRIS_CODE_CONTAINER_MIN),
        container(BIOMETRIC_IRIS, 2, ENROLLED_IRIS_CODE, IRIS_CODE_CONTAINER_MAX),
        container(BIOMETRIC_FACE, 0, ENROLLED_FACE_VECTOR, FACE_VECTOR_CONTAINER_MIN),
        container(BIOMETRIC_FACE, 0, ENROLLED_PLUGIN, 700),
        container(BIOMETRIC_FINGER, 2, ENROLLED_PLUGIN, 1),
    };
    memset(enrolled, 0, sizeof *enrolled);
    enrolled->count = count;
    for (size_t i = 0; i < count; i++)
        enrolled->parts[i] = parts[i];
}
