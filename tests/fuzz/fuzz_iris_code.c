/*
 * Any bytes as an iris code: what is read is written again as the same bytes, is the same as itself
 * and compares with any other code the same way round and on every code path.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "authd/match/iris_code_count.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct iris_code first, second;
static struct iris_code_scratch scratch;

static void require(bool holds) {
    if (!holds)
        abort();
}

static void require_wiped(void) {
    static const struct iris_code_scratch nothing;
    require(memcmp(&scratch, &nothing, sizeof scratch) == 0);
}

static void require_round_trip(struct bytes view) {
    static uint8_t container[IRIS_CODE_CONTAINER_MAX];
    struct buffer target = buffer_over(container, sizeof container);
    struct bytes written;
    iris_code_write(&target, &first);
    require(buffer_end(&target, &written) == ERR_OK && bytes_equal(view, written));
}

static void require_agreement(const struct iris_code *one, const struct iris_code *other,
                              unsigned turn) {
    uint16_t distance, again;
    enum err err = iris_code_compare(one, other, turn, &scratch, &distance);
    require_wiped();
    require(err == ERR_OK ? distance <= IRIS_CODE_DISTANCE_MAX
                          : distance == IRIS_CODE_DISTANCE_MAX);
    require(iris_code_compare(other, one, turn, &scratch, &again) == err && again == distance);
    for (enum finger_path path = FINGER_PLAIN; path < FINGER_PATHS; path++) {
        iris_code_count *count = iris_code_count_of(path);
        if (count == NULL)
            continue;
        struct iris_code_pair pair = {.one = one, .other = other};
        require(iris_code_compare_with(count, pair, turn, &scratch, &again) == err);
        require(again == distance);
    }
}

/* The same shape, made of the bytes turned round: one that can be compared. */
static void mirror(void) {
    second = first;
    for (unsigned i = 0; i < iris_code_words(&first); i++) {
        second.bits[i] = ~first.bits[i] & first.mask[i];
        second.mask[i] = first.mask[i] << 5 | first.mask[i] >> 59;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct iris_code nothing;
    if (size == 0)
        return 0;
    struct bytes view = bytes_of(data + 1, size - 1);
    unsigned turn = data[0] % (IRIS_CODE_TURN_MAX + 2);
    if (iris_code_read(view, &first) != ERR_OK) {
        require(memcmp(&first, &nothing, sizeof first) == 0);
        return 0;
    }
    require(view.len >= IRIS_CODE_CONTAINER_MIN && view.len <= IRIS_CODE_CONTAINER_MAX);
    require_round_trip(view);
    require_agreement(&first, &first, turn);
    mirror();
    require_agreement(&first, &second, turn);
    return 0;
}
