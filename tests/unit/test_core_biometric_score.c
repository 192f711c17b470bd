#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/biometric_score.h"
#include "authd/match/finger_fuse.h"
#include "provisioning/demo/demo_iris.h"
#include "tests/unit/biometric_fixture.h"
#include "tests/unit/finger_sample.h"

/* What passes at which threshold: fingers, eyes and faces that nobody has. */
enum { PERSON = 7, STRANGER = 8, DIMENSION = 64, CONTAINERS = 16, CONTAINER_BYTES = 4096 };

static const uint8_t model_id[FACE_VECTOR_MODEL_BYTES] = "a model of faces";
static struct biometric_workspace workspace;
static struct biometric_exchange exchange;
static struct face_vector_model model = {.dimension = DIMENSION};
static struct biometric_comparison comparison;
static struct biometric_verdict verdict;
static uint8_t containers[CONTAINERS][CONTAINER_BYTES];
static size_t container_count;

static int begin(void **state) {
    (void)state;
    memset(&workspace, 0, sizeof workspace);
    memset(&exchange, 0, sizeof exchange);
    container_count = 0;
    memcpy(model.id, model_id, sizeof model.id);
    exchange.thresholds.finger = FINGER_SCORE_FMR_1E4;
    exchange.thresholds.iris = 3200;
    exchange.thresholds.face = 500000;
    for (size_t i = 0; i < POLICY_BIOMETRICS; i++)
        exchange.thresholds.plugin[i] = 4000;
    comparison = (struct biometric_comparison){
        .exchange = &exchange, .workspace = &workspace, .face = &model};
    return 0;
}

static struct sample *present(enum biometric_capture capture, uint8_t position) {
    struct sample *sample = &workspace.samples.samples[workspace.samples.count++];
    *sample = (struct sample){.capture = capture, .position = position};
    return sample;
}

static void present_finger(uint8_t position, unsigned finger, unsigned impression) {
    biometric_fixture_finger(present(BIOMETRIC_CAPTURE_FINGER, position), finger, impression);
}

static struct enrolled_part *enrol(enum biometric_modality modality, uint8_t position,
                                   enum enrolled_kind kind) {
    struct enrolled_part *part = &workspace.enrolled.parts[workspace.enrolled.count++];
    *part = (struct enrolled_part){.modality = modality, .position = position, .kind = kind};
    return part;
}

static void enrol_finger(uint8_t position, unsigned finger, unsigned impression) {
    struct enrolled_part *part = enrol(BIOMETRIC_FINGER, position, ENROLLED_MINUTIAE);
    finger_sample_good(finger, impression, &part->minutiae);
    part->minutiae.position = position;
}

/* A hand: finger number 10 n + position is the one of person n at that position. */
static unsigned finger_of(unsigned person, uint8_t position) {
    return 10 * person + position;
}

static void enrol_hands(unsigned person, unsigned impressions) {
    for (uint8_t position = 1; position <= 10; position++)
        for (unsigned i = 0; i < impressions; i++)
            enrol_finger(position, finger_of(person, position), i);
}

/* ---- fingers ---- */

static void the_enrolled_finger_passes_and_no_other_does(void **state) {
    (void)state;
    static const struct {
        unsigned person;
        uint8_t finger, position; /* of whom, which one, and which it is said to be */
        bool passes;
    } rows[] = {
        {PERSON, 2, 2, true},    {PERSON, 7, 7, true},  {STRANGER, 2, 2, false},
        {STRANGER, 7, 7, false}, {PERSON, 2, 7, false}, /* of the person, but another */
        {PERSON, 2, 0, false},                          /* nobody says which */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(NULL);
        enrol_hands(PERSON, 2);
        present_finger(rows[i].position, finger_of(rows[i].person, rows[i].finger), 9);
        biometric_score_finger(&comparison, &verdict);
        assert_true(verdict.is_enrolled);
        assert_int_equal(verdict.passed, rows[i].passes);
        assert_int_equal(verdict.seen_count, rows[i].position > 0);
        if (rows[i].position > 0)
            assert_int_equal(verdict.seen[0].position, rows[i].position);
    }
}

static void a_finger_of_unknown_position_meets_all_where_the_policy_says_so(void **state) {
    (void)state;
    comparison.any_position = true;
    enrol_hands(PERSON, 2);
    present_finger(0, finger_of(PERSON, 8), 9);
    biometric_score_finger(&comparison, &verdict);
    assert_true(verdict.passed);
    assert_int_equal(verdict.seen_count, 1);
    assert_int_equal(verdict.seen[0].position, 8);
    workspace.samples.count = 0;
    present_finger(0, finger_of(STRANGER, 8), 9);
    biometric_score_finger(&comparison, &verdict);
    assert_false(verdict.passed);
    assert_int_equal(verdict.seen_count, 0);
}

/* An impression that shows so little that its score has room above it. */
static void take_weakly(unsigned finger, struct finger_template *template) {
    finger_sample_poor(finger, 9, template);
    template->count = 16;
}

/* The claim about several fingers is of different ones, which nobody says of these. */
static void the_same_finger_twice_says_no_more_than_once(void **state) {
    (void)state;
    comparison.any_position = true;
    enrol_finger(2, finger_of(PERSON, 2), 0);
    struct finger_template enrolled, presented;
    finger_sample_good(finger_of(PERSON, 2), 0, &enrolled);
    take_weakly(finger_of(PERSON, 2), &presented);
    uint32_t alone = finger_sample_score(&presented, &enrolled);
    for (unsigned i = 0; i < 10; i++) {
        present_finger(0, finger_of(PERSON, 2), 9);
        workspace.samples.samples[i].minutiae = presented;
    }
    exchange.thresholds.finger = alone + 1;
    assert_true(finger_fuse_fingers((uint32_t[]){alone, alone, alone}, 3) > alone);
    biometric_score_finger(&comparison, &verdict);
    assert_false(verdict.passed);
    exchange.thresholds.finger = alone;
    biometric_score_finger(&comparison, &verdict);
    assert_true(verdict.passed);
}

/* The score at which ${count} presented fingers just pass: 0 when they do not at any. */
static uint32_t strictest(void) {
    uint32_t low = 0, high = FINGER_SCORE_MAX;
    while (low < high) {
        exchange.thresholds.finger = (low + high + 1) / 2;
        biometric_score_finger(&comparison, &verdict);
        if (verdict.passed)
            low = (low + high + 1) / 2;
        else
            high = (low + high + 1) / 2 - 1;
    }
    return low;
}

static void several_fingers_and_impressions_are_fused(void **state) {
    (void)state;
    struct finger_template enrolled[2], presented;
    uint32_t of_one[2], of_each[2];
    for (uint8_t finger = 0; finger < 2; finger++) {
        uint8_t position = (uint8_t)(finger + 2);
        for (unsigned i = 0; i < 2; i++) {
            enrol_finger(position, finger_of(PERSON, position), i);
            finger_sample_good(finger_of(PERSON, position), i, &enrolled[i]);
        }
        present_finger(position, finger_of(PERSON, position), 9);
        take_weakly(finger_of(PERSON, position), &presented);
        workspace.samples.samples[finger].minutiae = presented;
        for (unsigned i = 0; i < 2; i++)
            of_one[i] = finger_sample_score(&presented, &enrolled[i]);
        of_each[finger] = finger_fuse_impressions(of_one, 2);
    }
    assert_in_range(finger_fuse_fingers(of_each, 2), FINGER_SCORE_FMR_1E4, FINGER_SCORE_MAX - 1);
    assert_int_equal(strictest(), finger_fuse_fingers(of_each, 2));
    assert_int_equal(verdict.seen_count, 2);
}

static void what_is_not_enrolled_is_said_to_be_so(void **state) {
    (void)state;
    present_finger(2, finger_of(PERSON, 2), 9);
    biometric_score_finger(&comparison, &verdict);
    assert_false(verdict.is_enrolled || verdict.passed);
    enrol_finger(3, finger_of(PERSON, 3), 0);
    biometric_score_finger(&comparison, &verdict);
    assert_true(verdict.is_enrolled);
    assert_false(verdict.passed);
    assert_int_equal(verdict.seen_count, 0); /* nothing was compared */
}

static void a_threshold_that_nothing_passes_lets_nothing_pass(void **state) {
    (void)state;
    exchange.thresholds.finger = UINT32_MAX;
    enrol_finger(2, finger_of(PERSON, 2), 0);
    present_finger(2, finger_of(PERSON, 2), 0); /* the same impression */
    biometric_score_finger(&comparison, &verdict);
    assert_false(verdict.passed);
}

/* ---- irises ---- */

static struct bytes iris(uint64_t eye, uint64_t capture, uint8_t position) {
    struct iris_code code;
    struct bytes view;
    const struct demo_iris sample = {.shape = demo_iris_small,
                                     .eye = eye,
                                     .capture = capture,
                                     .noise = 0.3,
                                     .turn = (int)(capture % 5),
                                     .lids = 100};
    struct buffer target = buffer_over(containers[container_count++], CONTAINER_BYTES);
    demo_iris_make(&sample, &code);
    code.eye = position;
    iris_code_write(&target, &code);
    assert_int_equal(buffer_end(&target, &view), ERR_OK);
    return view;
}

static void present_iris(uint8_t position, struct bytes data) {
    struct sample *sample = present(BIOMETRIC_CAPTURE_IRIS, position);
    sample->kind = SAMPLE_IRIS_CODE;
    sample->data = data;
}

static void enrol_eyes(void) {
    enrol(BIOMETRIC_IRIS, 1, ENROLLED_IRIS_CODE)->data = iris(11, 1, 1);
    enrol(BIOMETRIC_IRIS, 2, ENROLLED_IRIS_CODE)->data = iris(12, 1, 2);
}

static void an_eye_passes_where_it_is_enrolled(void **state) {
    (void)state;
    static const struct {
        uint64_t eye;
        uint8_t code, position; /* what code and segment say */
        bool any, passes;
    } rows[] = {
        {11, 1, 1, false, true},  {12, 2, 2, false, true},  {11, 0, 1, false, true},
        {13, 1, 1, false, false},                           /* a stranger's */
        {11, 2, 2, false, false}, {11, 1, 2, false, false}, /* another eye than is said */
        {11, 1, 0, false, false}, {11, 1, 0, true, true},   {13, 1, 0, true, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(NULL);
        enrol_eyes();
        comparison.any_position = rows[i].any;
        present_iris(rows[i].position, iris(rows[i].eye, 2, rows[i].code));
        biometric_score_iris(&comparison, &verdict);
        assert_true(verdict.is_enrolled);
        assert_int_equal(verdict.passed, rows[i].passes);
    }
}

static void of_two_eyes_one_must_pass(void **state) {
    (void)state;
    enrol_eyes();
    present_iris(1, iris(13, 2, 1));
    present_iris(2, iris(12, 2, 2));
    biometric_score_iris(&comparison, &verdict);
    assert_true(verdict.passed);
    exchange.thresholds.iris = -1; /* not even the same code */
    workspace.samples.count = 0;
    present_iris(1, workspace.enrolled.parts[0].data);
    biometric_score_iris(&comparison, &verdict);
    assert_false(verdict.passed);
}

static void what_is_no_code_is_nobodys(void **state) {
    (void)state;
    enrol_eyes();
    present_iris(1, bytes_of_text("no container"));
    biometric_score_iris(&comparison, &verdict);
    assert_true(verdict.is_enrolled);
    assert_false(verdict.passed);
}

/* ---- faces ---- */

/* Vectors at an angle whose cosine is ${cosine} to the one that is enrolled. */
static struct bytes face(double cosine, const uint8_t *id) {
    static struct face_vector vector;
    struct bytes view;
    struct buffer target = buffer_over(containers[container_count++], CONTAINER_BYTES);
    vector = (struct face_vector){
        .form = FACE_VECTOR_FLOAT32, .dimension = DIMENSION, .values = {(float)cosine}};
    vector.values[1] = 1 - cosine * cosine > 0 ? (float)__builtin_sqrt(1 - cosine * cosine) : 0;
    memcpy(vector.model, id, sizeof vector.model);
    face_vector_write(&target, &vector);
    assert_int_equal(buffer_end(&target, &view), ERR_OK);
    return view;
}

static void a_face_passes_under_the_model_that_is_configured(void **state) {
    (void)state;
    static const uint8_t other_id[FACE_VECTOR_MODEL_BYTES] = "another model!!";
    const struct {
        double cosine;
        const uint8_t *id;
        bool has_model, passes;
    } rows[] = {
        {0.9, model_id, true, true},   {0.51, model_id, true, true}, {0.49, model_id, true, false},
        {-0.9, model_id, true, false}, {0.9, other_id, true, false}, {0.9, model_id, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(NULL);
        comparison.face = rows[i].has_model ? &model : NULL;
        enrol(BIOMETRIC_FACE, 0, ENROLLED_FACE_VECTOR)->data = face(1, model_id);
        struct sample *sample = present(BIOMETRIC_CAPTURE_FACE, 0);
        sample->kind = SAMPLE_FACE_VECTOR;
        sample->data = face(rows[i].cosine, rows[i].id);
        biometric_score_face(&comparison, &verdict);
        assert_true(verdict.is_enrolled);
        assert_int_equal(verdict.passed, rows[i].passes);
    }
}

/* ---- a sample counts for its own modality alone ---- */

static void a_sample_announced_as_something_else_passes_nowhere(void **state) {
    (void)state;
    enrol_hands(PERSON, 1);
    enrol_eyes();
    enrol(BIOMETRIC_FACE, 0, ENROLLED_FACE_VECTOR)->data = face(1, model_id);
    biometric_fixture_finger(present(BIOMETRIC_CAPTURE_IRIS, 1), finger_of(PERSON, 1), 0);
    biometric_fixture_finger(present(BIOMETRIC_CAPTURE_NONE, 1), finger_of(PERSON, 1), 0);
    struct sample *sample = present(BIOMETRIC_CAPTURE_FINGER, 2);
    sample->kind = SAMPLE_FACE_VECTOR;
    sample->data = face(1, model_id);
    biometric_score_finger(&comparison, &verdict);
    assert_false(verdict.passed);
    biometric_score_iris(&comparison, &verdict);
    assert_false(verdict.passed);
    biometric_score_face(&comparison, &verdict);
    assert_false(verdict.passed);
}

/* ---- a plug-in's scores ---- */

static void enrol_of_plugin(enum biometric_modality modality, uint8_t position,
                            const char *plugin) {
    struct enrolled_part *part = enrol(modality, position, ENROLLED_PLUGIN);
    strcpy(part->plugin, plugin);
    part->data = bytes_of_text("template");
}

static void a_plug_in_s_scores_count_where_positions_meet(void **state) {
    (void)state;
    static const struct {
        enum biometric_modality modality;
        uint8_t position;
        bool any;
        uint32_t scores[4];
        struct biometric_plugin_score expected;
    } rows[] = {
        {BIOMETRIC_FINGER, 2, false, {5000, 5200, 9000, 0}, {0, 2}}, /* fused: see below */
        {BIOMETRIC_FINGER, 3, false, {9000, 9000, 4100, 0}, {4100, 3}},
        {BIOMETRIC_FINGER, 4, false, {9000, 9000, 9000, 0}, {0, 0}}, /* not enrolled */
        {BIOMETRIC_FINGER, 0, false, {9000, 9000, 9000, 0}, {0, 0}},
        {BIOMETRIC_FINGER, 0, true, {1, 1, 4100, 0}, {4100, 3}},
        {BIOMETRIC_IRIS, 1, false, {4200, 0}, {4200, 0}},
        {BIOMETRIC_IRIS, 2, false, {4200, 0}, {0, 0}},
        {BIOMETRIC_FACE, 0, false, {3000, 4300}, {4300, 0}},
    };
    enrol_finger(2, finger_of(PERSON, 2), 0);
    enrol_of_plugin(BIOMETRIC_FINGER, 2, "acme-3.1");
    enrol_of_plugin(BIOMETRIC_FINGER, 2, "other-1.0"); /* not among the scores */
    enrol_of_plugin(BIOMETRIC_FACE, 0, "acme-3.1");
    enrol_of_plugin(BIOMETRIC_FINGER, 2, "acme-3.1");
    enrol_of_plugin(BIOMETRIC_IRIS, 1, "acme-3.1");
    enrol_of_plugin(BIOMETRIC_FINGER, 3, "acme-3.1");
    enrol_of_plugin(BIOMETRIC_FACE, 0, "acme-3.1");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct biometric_plugin_score expected = rows[i].expected, got;
        const struct biometric_plugin_pairs pairs = {.enrolled = &workspace.enrolled,
                                                     .plugin = "acme-3.1",
                                                     .modality = rows[i].modality,
                                                     .position = rows[i].position,
                                                     .any_position = rows[i].any};
        if (i == 0)
            expected.score = finger_fuse_impressions(rows[0].scores, 2);
        biometric_score_plugin(&pairs, rows[i].scores, &got);
        assert_int_equal(got.score, expected.score);
        assert_int_equal(got.position, expected.position);
    }
}

static void an_image_passes_by_what_the_plug_in_made_of_it(void **state) {
    (void)state;
    static const struct {
        enum biometric_capture capture;
        uint8_t position;
        struct biometric_plugin_score score;
        bool passes;
    } rows[] = {
        {BIOMETRIC_CAPTURE_FINGER, 2, {4000, 2}, true},
        {BIOMETRIC_CAPTURE_FINGER, 2, {3999, 2}, false},
        {BIOMETRIC_CAPTURE_FINGER, 2, {0, 0}, false},
        {BIOMETRIC_CAPTURE_FINGER, 0, {4000, 5}, true},
        {BIOMETRIC_CAPTURE_IRIS, 1, {4000, 0}, true},
        {BIOMETRIC_CAPTURE_IRIS, 1, {3999, 0}, false},
        {BIOMETRIC_CAPTURE_FACE, 0, {4000, 0}, true},
        {BIOMETRIC_CAPTURE_FACE, 0, {0, 0}, false},
    };
    static void (*const scores[])(const struct biometric_comparison *,
                                  struct biometric_verdict *) = {
        [BIOMETRIC_CAPTURE_FINGER] = biometric_score_finger,
        [BIOMETRIC_CAPTURE_IRIS] = biometric_score_iris,
        [BIOMETRIC_CAPTURE_FACE] = biometric_score_face};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(NULL);
        present(rows[i].capture, rows[i].position)->kind = SAMPLE_IMAGE;
        exchange.plugin_scores[0] = rows[i].score;
        scores[rows[i].capture](&comparison, &verdict);
        assert_int_equal(verdict.passed, rows[i].passes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_enrolled_finger_passes_and_no_other_does, begin),
        cmocka_unit_test_setup(a_finger_of_unknown_position_meets_all_where_the_policy_says_so,
                               begin),
        cmocka_unit_test_setup(the_same_finger_twice_says_no_more_than_once, begin),
        cmocka_unit_test_setup(several_fingers_and_impressions_are_fused, begin),
        cmocka_unit_test_setup(what_is_not_enrolled_is_said_to_be_so, begin),
        cmocka_unit_test_setup(a_threshold_that_nothing_passes_lets_nothing_pass, begin),
        cmocka_unit_test_setup(an_eye_passes_where_it_is_enrolled, begin),
        cmocka_unit_test_setup(of_two_eyes_one_must_pass, begin),
        cmocka_unit_test_setup(what_is_no_code_is_nobodys, begin),
        cmocka_unit_test_setup(a_face_passes_under_the_model_that_is_configured, begin),
        cmocka_unit_test_setup(a_sample_announced_as_something_else_passes_nowhere, begin),
        cmocka_unit_test_setup(a_plug_in_s_scores_count_where_positions_meet, begin),
        cmocka_unit_test_setup(an_image_passes_by_what_the_plug_in_made_of_it, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
