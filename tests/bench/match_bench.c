#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authd/match/face_vector.h"
#include "authd/match/iris_code_count.h"
#include "provisioning/demo/demo_iris.h"

static const char usage[] =
    "usage: match-bench\n"
    "\n"
    "Prints how long comparisons of irises and of faces take, one thread, microseconds:\n"
    "what, path, median, 99th percentile. The enrolled side has been read before.\n"
    "\n"
    "example: match-bench | column -t\n";

enum { ROUNDS = 20000, EYES = 64, DIMENSION = 512 };

static struct iris_code codes[EYES];
static struct face_vector faces[EYES];
static float times[ROUNDS];

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int by_size(const void *left, const void *right) {
    float one = *(const float *)left, other = *(const float *)right;
    return (one > other) - (one < other);
}

static void print_times(const char *what, const char *path) {
    qsort(times, ROUNDS, sizeof *times, by_size);
    printf("%s %s %.3f %.3f\n", what, path, (double)times[ROUNDS / 2],
           (double)times[ROUNDS - ROUNDS / 100]);
}

static void require(enum err err) {
    if (err == ERR_OK)
        return;
    fprintf(stderr, "match-bench: %s; run the unit tests first\n", err_text(err));
    exit(1);
}

static void time_irises(const char *what, unsigned turn, enum finger_path path) {
    static const char *const names[FINGER_PATHS] = {"plain", "avx2", "avx512"};
    static struct iris_code_scratch scratch;
    iris_code_count *count = iris_code_count_of(path);
    if (count == NULL)
        return;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct iris_code_pair pair = {&codes[i % EYES], &codes[(i + 1 + i / EYES) % EYES]};
        uint16_t distance;
        double start = now();
        require(iris_code_compare_with(count, pair, turn, &scratch, &distance));
        times[i] = (float)(now() - start);
    }
    print_times(what, names[path]);
}

static void bench_irises(const struct demo_iris_shape *shape, const char *name) {
    static const unsigned turns[] = {8, 10, 15};
    for (unsigned i = 0; i < EYES; i++) {
        struct demo_iris sample = {
            .shape = *shape, .eye = i + 1, .capture = 1, .noise = 0.3, .lids = 100};
        demo_iris_make(&sample, &codes[i]);
    }
    for (unsigned i = 0; i < sizeof turns / sizeof *turns; i++)
        for (enum finger_path path = FINGER_PLAIN; path < FINGER_PATHS; path++) {
            char what[64];
            snprintf(what, sizeof what, "iris-%s-%u-turns", name, 2 * turns[i] + 1);
            time_irises(what, turns[i], path);
        }
}

/* What it takes to read one and to compare it: a probe's whole way. */
static void bench_faces(enum face_vector_form form, const char *what) {
    static const struct false_match_row row = {300000, 1000000000};
    static uint8_t container[EYES][FACE_VECTOR_CONTAINER_MAX];
    struct bytes views[EYES];
    struct face_vector_model model = {
        .id = "a model of faces", .dimension = DIMENSION, .table = {FALSE_MATCH_SCORE, 1, &row}};
    uint64_t state = 1;
    for (unsigned i = 0; i < EYES; i++) {
        struct buffer target = buffer_over(container[i], sizeof container[i]);
        buffer_raw(&target, "FVC\0\1", 5);
        buffer_u8(&target, (uint8_t)form);
        buffer_u16(&target, DIMENSION);
        buffer_raw(&target, model.id, sizeof model.id);
        for (unsigned k = 0; k < DIMENSION; k++) {
            uint64_t drawn = demo_iris_random(&state);
            if (form == FACE_VECTOR_INT8)
                buffer_u8(&target, (uint8_t)drawn);
            else /* between 1 and 2, of either sign */
                buffer_u32(&target, (uint32_t)(drawn & 0x807fffff) | 0x3f800000);
        }
        require(buffer_end(&target, &views[i]));
        require(face_vector_read(views[i], &faces[i]));
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        static struct face_vector probe;
        int32_t cosine;
        double start = now();
        require(face_vector_read(views[i % EYES], &probe));
        require(face_vector_compare(&model, &probe, &faces[(i + 1) % EYES], &cosine));
        times[i] = (float)(now() - start);
    }
    print_times(what, "read+compare");
    for (unsigned i = 0; i < ROUNDS; i++) {
        int32_t cosine;
        double start = now();
        for (unsigned k = 0; k < 16; k++)
            require(face_vector_compare(&model, &faces[k], &faces[(i + 1) % EYES], &cosine));
        times[i] = (float)(now() - start) / 16;
    }
    print_times(what, "compare");
}

int main(int argc, char **argv) {
    if (argc > 1) {
        fputs(usage, strcmp(argv[1], "--help") == 0 ? stdout : stderr);
        return strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    bench_irises(&demo_iris_small, "2048");
    bench_irises(&demo_iris_large, "8192");
    bench_faces(FACE_VECTOR_FLOAT32, "face-float32-512");
    bench_faces(FACE_VECTOR_INT8, "face-int8-512");
    return fflush(stdout) == 0 ? 0 : 1;
}
