#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "provisioning/demo/demo_finger.h"

/* The finger is an ellipse, pixels at 500 dpi; a capture shows a smaller one. */
#define HALF_WIDTH        185.0f
#define HALF_HEIGHT       240.0f
#define SEEN_HALF_WIDTH   140.0f
#define SEEN_HALF_HEIGHT  175.0f
#define RIDGE_PERIOD      9.0f
#define MINUTIA_AREA      1150.0f /* square pixels for one minutia */
#define PI                3.14159265f
#define IMAGE_MIDDLE_X    200
#define IMAGE_MIDDLE_Y    250
#define STRETCH_WAVES     3
#define SINGULARITIES_MAX 2

const struct demo_finger_capture demo_finger_good = {
    .turn = 6, .shift = 14, .stretch = 2, .blur = 1, .missed = 8, .invented = 8};
const struct demo_finger_capture demo_finger_poor = {
    .turn = 12, .shift = 35, .stretch = 5, .blur = 1.8f, .missed = 20, .invented = 30};

/* Where ridges turn: cores and deltas. Their number makes a loop or a whorl; none, an arch. */
struct field {
    unsigned cores, deltas;
    float core_x[SINGULARITIES_MAX], core_y[SINGULARITIES_MAX];
    float delta_x[SINGULARITIES_MAX], delta_y[SINGULARITIES_MAX];
    float arch; /* how steep the arch is */
};

static float uniform(struct demo_random *random, float low, float high) {
    return low + (high - low) * (float)demo_random_below(random, 1 << 24) / (1 << 24);
}

/* Of mean 0 and standard deviation 1: twelve uniform numbers are near enough to normal. */
static float normal(struct demo_random *random) {
    float sum = -6;
    for (unsigned i = 0; i < 12; i++)
        sum += uniform(random, 0, 1);
    return sum;
}

/* Classes about as frequent as among people: loops 65, whorls 28, arches 7 of a hundred. */
static void make_field(struct field *field, struct demo_random *random) {
    unsigned class = demo_random_below(random, 100);
    float side = demo_random_below(random, 2) == 0 ? -1 : 1;
    *field = (struct field){.arch = uniform(random, 0.5f, 1.1f)};
    field->cores = field->deltas = class < 7 ? 0 : class < 72 ? 1 : 2;
    field->core_x[0] = uniform(random, -20, 20);
    field->core_y[0] = uniform(random, 10, 60);
    field->core_x[1] = field->core_x[0] + uniform(random, -15, 15);
    field->core_y[1] = field->core_y[0] - uniform(random, 15, 70);
    field->delta_x[0] = side * uniform(random, 70, 150);
    field->delta_y[0] = uniform(random, -170, -70);
    field->delta_x[1] = -side * uniform(random, 70, 150);
    field->delta_y[1] = uniform(random, -170, -70);
}

/* The ridge's direction, modulo half a turn: the zero-pole model of Sherlock and Monro. */
static float ridge_direction(const struct field *field, float x, float y) {
    if (field->cores == 0)
        return -field->arch * sinf(PI * x / (2 * HALF_WIDTH)) *
               fmaxf(0, 1 - fabsf(y - 20) / HALF_HEIGHT);
    float direction = field->cores == 1 ? PI / 2 : 0;
    for (unsigned i = 0; i < field->cores; i++)
        direction += atan2f(y - field->core_y[i], x - field->core_x[i]) / 2;
    for (unsigned i = 0; i < field->deltas; i++)
        direction -= atan2f(y - field->delta_y[i], x - field->delta_x[i]) / 2;
    return direction;
}

static bool is_free(const struct demo_finger *finger, float x, float y) {
    for (unsigned i = 0; i < finger->count; i++) {
        float dx = finger->minutiae[i].x - x, dy = finger->minutiae[i].y - y;
        if (dx * dx + dy * dy < RIDGE_PERIOD * RIDGE_PERIOD)
            return false;
    }
    return true;
}

static uint8_t angle_of(float radians) {
    return (uint8_t)(int)lrintf(radians * (128 / PI));
}

static void add_minutia(struct demo_finger *finger, const struct field *field,
                        struct demo_random *random) {
    float x = uniform(random, -HALF_WIDTH, HALF_WIDTH);
    float y = uniform(random, -HALF_HEIGHT, HALF_HEIGHT);
    float across = x / HALF_WIDTH, along = y / HALF_HEIGHT;
    if (across * across + along * along > 1 || !is_free(finger, x, y))
        return;
    float direction = ridge_direction(field, x, y) + 0.12f * normal(random);
    direction += demo_random_below(random, 2) == 0 ? 0 : PI;
    unsigned i = finger->count++;
    finger->minutiae[i].x = x;
    finger->minutiae[i].y = y;
    finger->minutiae[i].angle = angle_of(direction);
    finger->minutiae[i].kind = demo_random_below(random, 100) < 62 ? 1 : 2;
    finger->minutiae[i].clarity = (uint8_t)(30 + demo_random_below(random, 71));
}

void demo_finger_make(struct demo_finger *finger, struct demo_random *random) {
    struct field field;
    make_field(&field, random);
    *finger = (struct demo_finger){0};
    float density = uniform(random, 0.7f, 1.3f) / MINUTIA_AREA;
    unsigned wanted = (unsigned)(PI * HALF_WIDTH * HALF_HEIGHT * density);
    wanted = wanted < DEMO_FINGER_MINUTIAE ? wanted : DEMO_FINGER_MINUTIAE;
    for (unsigned tries = 0; tries < 50 * wanted && finger->count < wanted; tries++)
        add_minutia(finger, &field, random);
}

/* How one capture moves the finger: turned, shifted, and stretched by a few slow waves. */
struct press {
    const struct demo_finger_capture *capture;
    float turn, x, y;
    float amount_x[STRETCH_WAVES], amount_y[STRETCH_WAVES];
    float wave_x[STRETCH_WAVES], wave_y[STRETCH_WAVES], phase[STRETCH_WAVES];
};

static void make_press(struct press *press, const struct demo_finger_capture *capture,
                       struct demo_random *random) {
    press->capture = capture;
    press->turn = capture->turn * normal(random) * (PI / 180);
    press->x = capture->shift * normal(random);
    press->y = capture->shift * normal(random);
    for (unsigned i = 0; i < STRETCH_WAVES; i++) {
        press->amount_x[i] = capture->stretch * normal(random) * 0.8f;
        press->amount_y[i] = capture->stretch * normal(random) * 0.8f;
        press->wave_x[i] = uniform(random, -1, 1) * PI / 250;
        press->wave_y[i] = uniform(random, -1, 1) * PI / 250;
        press->phase[i] = uniform(random, 0, 2 * PI);
    }
}

static void stretch(const struct press *press, float *x, float *y) {
    float dx = 0, dy = 0;
    for (unsigned i = 0; i < STRETCH_WAVES; i++) {
        float wave = sinf(*x * press->wave_x[i] + *y * press->wave_y[i] + press->phase[i]);
        dx += press->amount_x[i] * wave;
        dy += press->amount_y[i] * wave;
    }
    *x += dx;
    *y += dy;
}

/* Adds a minutia at a place of the finger, unless this capture does not show the place. */
static void show(const struct press *press, const struct finger_minutia *minutia, float x, float y,
                 struct finger_template *template) {
    float across = (x + press->x) / SEEN_HALF_WIDTH, along = (y + press->y) / SEEN_HALF_HEIGHT;
    if (across * across + along * along > 1 || template->count == FINGER_TEMPLATE_MINUTIAE)
        return;
    stretch(press, &x, &y);
    x += press->x;
    y += press->y;
    float cosine = cosf(press->turn), sine = sinf(press->turn);
    struct finger_minutia *shown = &template->minutiae[template->count++];
    *shown = *minutia;
    shown->x = (uint16_t)lrintf(fmaxf(0, IMAGE_MIDDLE_X + cosine * x - sine * y));
    shown->y = (uint16_t)lrintf(fmaxf(0, IMAGE_MIDDLE_Y - sine * x - cosine * y));
    shown->angle = (uint8_t)(minutia->angle + angle_of(press->turn));
}

static void show_true(const struct demo_finger *finger, unsigned i, const struct press *press,
                      struct demo_random *random, struct finger_template *template) {
    const struct demo_finger_capture *capture = press->capture;
    unsigned clarity = finger->minutiae[i].clarity;
    unsigned missed = capture->missed + (100 - clarity) * capture->missed / 50;
    int quality = (int)clarity + (int)(10 * normal(random));
    struct finger_minutia minutia = {
        .angle = (uint8_t)(finger->minutiae[i].angle + (int)lrintf(4 * normal(random))),
        .kind = finger->minutiae[i].kind,
        .quality = (uint8_t)(quality < 5     ? 5
                             : quality > 100 ? 100
                                             : quality)};
    if (demo_random_below(random, 100) < 8)
        minutia.kind = (uint8_t)(3 - minutia.kind);
    float x = finger->minutiae[i].x + capture->blur * normal(random);
    float y = finger->minutiae[i].y + capture->blur * normal(random);
    if (demo_random_below(random, 100) >= missed)
        show(press, &minutia, x, y, template);
}

static void show_invented(const struct press *press, struct demo_random *random,
                          struct finger_template *template) {
    struct finger_minutia minutia = {.angle = (uint8_t)demo_random_below(random, 256),
                                     .kind = (uint8_t)(1 + demo_random_below(random, 2)),
                                     .quality = (uint8_t)(5 + demo_random_below(random, 30))};
    show(press, &minutia, uniform(random, -HALF_WIDTH, HALF_WIDTH),
         uniform(random, -HALF_HEIGHT, HALF_HEIGHT), template);
}

void demo_finger_impress(const struct demo_finger *finger,
                         const struct demo_finger_capture *capture, struct demo_random *random,
                         struct finger_template *template) {
    struct press press;
    make_press(&press, capture, random);
    memset(template, 0, sizeof *template);
    template->x_resolution = template->y_resolution = FINGER_RESOLUTION;
    for (unsigned i = 0; i < finger->count; i++)
        show_true(finger, i, &press, random, template);
    unsigned invented = finger->count * capture->invented / 100;
    for (unsigned i = 0; i < invented; i++)
        show_invented(&press, random, template);
}
