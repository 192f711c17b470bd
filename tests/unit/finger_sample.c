#include "tests/unit/finger_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "provisioning/demo/demo_finger.h"

static void impress(const char *how, unsigned number, unsigned impression,
                    const struct demo_finger_capture *capture, struct finger_template *template) {
    struct demo_random random;
    struct demo_finger finger;
    char seed[64];
    snprintf(seed, sizeof seed, "finger %u", number);
    demo_random_open(&random, seed);
    demo_finger_make(&finger, &random);
    snprintf(seed, sizeof seed, "%s %u %u", how, number, impression);
    demo_random_open(&random, seed);
    demo_finger_impress(&finger, capture, &random, template);
}

void finger_sample_good(unsigned finger, unsigned impression, struct finger_template *template) {
    impress("good", finger, impression, &demo_finger_good, template);
}

void finger_sample_poor(unsigned finger, unsigned impression, struct finger_template *template) {
    impress("poor", finger, impression, &demo_finger_poor, template);
}

void finger_sample_noise(unsigned number, struct finger_template *template) {
    struct demo_random random;
    char seed[32];
    snprintf(seed, sizeof seed, "noise %u", number);
    demo_random_open(&random, seed);
    unsigned extent = 1u << demo_random_below(&random, 15);
    memset(template, 0, sizeof *template);
    template->x_resolution = (uint16_t)(FINGER_RESOLUTION_MIN + demo_random_below(&random, 902));
    template->y_resolution = (uint16_t)(FINGER_RESOLUTION_MIN + demo_random_below(&random, 902));
    template->count = (uint8_t)demo_random_below(&random, 256);
    for (unsigned i = 0; i < template->count; i++)
        template->minutiae[i] =
            (struct finger_minutia){.x = (uint16_t)demo_random_below(&random, extent),
                                    .y = (uint16_t)demo_random_below(&random, extent),
                                    .angle = (uint8_t)demo_random_below(&random, 256),
                                    .kind = (uint8_t)demo_random_below(&random, 3),
                                    .quality = (uint8_t)demo_random_below(&random, 101)};
}

uint32_t finger_sample_score(const struct finger_template *one,
                             const struct finger_template *other) {
    static struct finger_prepared prepared[2];
    static struct finger_scratch scratch;
    assert_int_equal(finger_prepare(one, &prepared[0]), ERR_OK);
    assert_int_equal(finger_prepare(other, &prepared[1]), ERR_OK);
    return finger_compare(&prepared[0], &prepared[1], &scratch);
}
