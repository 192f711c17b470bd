#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/face_model.h"

#define ID "model = 000102030405060708090a0b0c0d0e0f\n"

static struct face_vector_model model;
static struct false_match_row rows[FACE_MODEL_ROWS_MAX];
static struct conf_problem problem;

static void a_model_is_read(void **state) {
    (void)state;
    static const char text[] = ID "dimension = 512\nmatches = 0.4:1000, 0.52:10000 0.61:3\n";
    static const char right[] = ID "dimension = 512\nmatches = 0.4:1000, 0.52:10000 0.61:300000\n";
    assert_int_equal(face_model_parse(bytes_of_text(text), &model, rows, &problem), ERR_CONFIG);
    assert_int_equal(face_model_parse(bytes_of_text(right), &model, rows, &problem), ERR_OK);
    assert_int_equal(model.id[15], 15);
    assert_int_equal(model.dimension, 512);
    assert_int_equal(model.table.count, 3);
    int32_t threshold = 0;
    assert_int_equal(
        false_match_table_threshold(&model.table, FALSE_MATCH_CERTAIN / 10000, &threshold), ERR_OK);
    assert_int_equal(threshold, 520000);
    /* a third of a part is no part less */
    assert_int_equal(rows[2].rate, FALSE_MATCH_CERTAIN / 300000 + 1);
}

static void what_is_no_model_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        ID "dimension = 512\n",
        ID "matches = 0.5:1000\n",
        "dimension = 512\nmatches = 0.5:1000\n",
        "model = 0001\ndimension = 512\nmatches = 0.5:1000\n",
        "model = 00000000000000000000000000000000\ndimension = 512\nmatches = 0.5:1000\n",
        "model = 000102030405060708090a0b0c0d0e0g\ndimension = 512\nmatches = 0.5:1000\n",
        ID "dimension = 63\nmatches = 0.5:1000\n",
        ID "dimension = 4096\nmatches = 0.5:1000\n",
        ID "dimension = 512\nmatches =\n",
        ID "dimension = 512\nmatches = 0.5\n",
        ID "dimension = 512\nmatches = 0.5:\n",
        ID "dimension = 512\nmatches = 0.5:0\n",
        ID "dimension = 512\nmatches = 0.5:-5\n",
        ID "dimension = 512\nmatches = 0.5:1000x\n",
        ID "dimension = 512\nmatches = 1.5:1000\n",
        ID "dimension = 512\nmatches = -0.5:1000\n",
        ID "dimension = 512\nmatches = nan:1000\n",
        ID "dimension = 512\nmatches = 0.5:1000 0.4:10000\n",
        ID "dimension = 512\nmatches = 0.4:10000 0.5:1000\n",
        ID "dimension = 512\nmatches = 0.5:1000\ncolour = blue\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        problem.text[0] = '\0';
        assert_int_equal(face_model_parse(bytes_of_text(texts[i]), &model, rows, &problem),
                         ERR_CONFIG);
        assert_string_not_equal(problem.text, "");
    }
}

static void a_table_has_so_many_rows_and_no_more(void **state) {
    (void)state;
    char text[2048];
    for (unsigned count = FACE_MODEL_ROWS_MAX; count <= FACE_MODEL_ROWS_MAX + 1; count++) {
        struct buffer target = buffer_over(text, sizeof text);
        buffer_format(&target, ID "dimension = 64\nmatches =");
        for (unsigned i = 0; i < count; i++)
            buffer_format(&target, " 0.%u:%u", 100 + i, 100 + i);
        buffer_format(&target, "\n");
        assert_int_equal(
            face_model_parse(bytes_of(target.data, target.len), &model, rows, &problem),
            count > FACE_MODEL_ROWS_MAX ? ERR_CONFIG : ERR_OK);
    }
}

static void a_file_that_is_not_there_is_named(void **state) {
    (void)state;
    assert_int_equal(face_model_read("/nowhere/model", &model, rows, &problem), ERR_SYSTEM);
    assert_non_null(strstr(problem.text, "/nowhere/model"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_read),
        cmocka_unit_test(what_is_no_model_is_refused),
        cmocka_unit_test(a_table_has_so_many_rows_and_no_more),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
