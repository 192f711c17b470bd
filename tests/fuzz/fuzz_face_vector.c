/*
 * Any bytes as a face vector: what is read is written again as the same bytes, points where itself
 * points, and has a cosine with any other of its model that does not depend on the order.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "authd/match/face_vector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct face_vector first, second;

static void require(bool holds) {
    if (!holds)
        abort();
}

static void require_round_trip(struct bytes view) {
    static uint8_t container[FACE_VECTOR_CONTAINER_MAX];
    struct buffer target = buffer_over(container, sizeof container);
    struct bytes written;
    face_vector_write(&target, &first);
    require(buffer_end(&target, &written) == ERR_OK && bytes_equal(view, written));
}

/* The same bytes once more, but for the values, which are the other way round. */
static void read_turned_round(struct bytes view) {
    static uint8_t container[FACE_VECTOR_CONTAINER_MAX];
    size_t head = view.len - first.dimension * (first.form == FACE_VECTOR_INT8 ? 1u : 4u);
    size_t width = first.form == FACE_VECTOR_INT8 ? 1 : 4;
    memcpy(container, view.data, head);
    for (size_t at = head; at < view.len; at += width)
        memcpy(container + head + (view.len - at - width), view.data + at, width);
    require(face_vector_read(bytes_of(container, view.len), &second) == ERR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct face_vector nothing;
    struct bytes view = bytes_of(data, size);
    int32_t cosine, again;
    if (face_vector_read(view, &first) != ERR_OK) {
        require(memcmp(&first, &nothing, sizeof first) == 0);
        return 0;
    }
    require(size >= FACE_VECTOR_CONTAINER_MIN && size <= FACE_VECTOR_CONTAINER_MAX);
    require_round_trip(view);
    struct face_vector_model model = {.dimension = first.dimension};
    memcpy(model.id, first.model, sizeof model.id);
    require(face_vector_compare(&model, &first, &first, &cosine) == ERR_OK);
    require(cosine == FACE_VECTOR_COSINE_ONE);
    read_turned_round(view);
    require(face_vector_compare(&model, &first, &second, &cosine) == ERR_OK);
    require(face_vector_compare(&model, &second, &first, &again) == ERR_OK && again == cosine);
    require(cosine >= -FACE_VECTOR_COSINE_ONE && cosine <= FACE_VECTOR_COSINE_ONE);
    model.id[0] ^= 1;
    require(face_vector_compare(&model, &first, &second, &cosine) == ERR_DENIED);
    require(cosine == -FACE_VECTOR_COSINE_ONE);
    return 0;
}
