#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/enrolled_sample.h"
#include "tests/unit/registry_fixture.h"

static struct registry_box box;

static const uint8_t her[IDENTITY_LOOKUP_BYTES] = {0xde, 0xad, 0xbe, 0xef, 0x42};
static const uint8_t his[IDENTITY_LOOKUP_BYTES] = {0x11};

static int set_up(void **state) {
    (void)state;
    registry_fixture_make(&box);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    registry_fixture_remove(&box);
    return 0;
}

static struct bytes sample(size_t parts) {
    static uint8_t memory[ENROLLED_PLAIN_MAX];
    static struct enrolled enrolled;
    struct buffer plain = buffer_over(memory, sizeof memory);
    enrolled_sample(&enrolled, parts);
    assert_int_equal(enrolled_encode(&enrolled, &plain), ERR_OK);
    return bytes_of(memory, plain.len);
}

static enum err put(const uint8_t *lookup_key, struct bytes plain) {
    struct registry_batch batch = registry_begin(box.registry);
    uint64_t sequence;
    registry_put_biometrics(&batch, lookup_key, plain);
    return registry_commit(&batch, &sequence);
}

static void assert_enrolled(const uint8_t *lookup_key, struct bytes expected) {
    SECRET(plain);
    assert_int_equal(registry_biometrics(box.registry, lookup_key, &plain), ERR_OK);
    assert_true(bytes_equal(secret_view(&plain), expected));
}

static enum err read_row(const uint8_t *lookup_key) {
    SECRET(plain);
    enum err err = registry_biometrics(box.registry, lookup_key, &plain);
    assert_true((plain.data != NULL) == (err == ERR_OK));
    return err;
}

static void biometrics_are_kept_replaced_and_taken_away(void **state) {
    (void)state;
    assert_int_equal(read_row(her), ERR_NOT_FOUND);
    assert_int_equal(put(her, sample(5)), ERR_OK);
    assert_enrolled(her, sample(5));
    assert_int_equal(read_row(his), ERR_NOT_FOUND);
    assert_int_equal(put(his, sample(1)), ERR_OK);
    assert_int_equal(put(her, sample(2)), ERR_OK);
    assert_enrolled(her, sample(2));
    assert_int_equal(put(her, bytes_of(NULL, 0)), ERR_OK);
    assert_int_equal(read_row(her), ERR_NOT_FOUND);
    assert_int_equal(put(her, bytes_of(NULL, 0)), ERR_OK);
    assert_enrolled(his, sample(1));
}

static void the_largest_row_fits_and_one_byte_more_undoes_the_batch(void **state) {
    (void)state;
    static const uint8_t large[ENROLLED_PLAIN_MAX + 1] = {1};
    assert_int_equal(put(her, bytes_of(large, ENROLLED_PLAIN_MAX)), ERR_OK);
    assert_enrolled(her, bytes_of(large, ENROLLED_PLAIN_MAX));
    const struct partner partner = {.id = "daam", .status = STATUS_ACTIVE};
    struct partner found;
    struct registry_batch batch = registry_begin(box.registry);
    uint64_t sequence;
    registry_put_partner(&batch, &partner);
    registry_put_biometrics(&batch, his, bytes_of(large, sizeof large));
    assert_int_equal(registry_commit(&batch, &sequence), ERR_TOO_LARGE);
    assert_int_equal(registry_partner(box.registry, "daam", &found), ERR_NOT_FOUND);
    assert_int_equal(read_row(his), ERR_NOT_FOUND);
}

/* ---- damage ---- */

static struct registry_row_image row;

static void take_row(void) {
    registry_fixture_take_row(&box, REGISTRY_BIOMETRICS, &row);
}

static void set_row(const uint8_t *lookup_key) {
    registry_fixture_set_row(&box, REGISTRY_BIOMETRICS, lookup_key, &row);
}

static void nothing_of_a_template_is_readable_in_its_row(void **state) {
    (void)state;
    struct bytes plain = sample(3);
    assert_int_equal(put(her, plain), ERR_OK);
    take_row();
    assert_true(row.len > plain.len);
    for (size_t i = 0; i + 16 <= plain.len; i += 16)
        assert_null(memmem(row.value, row.len, plain.data + i, 16));
}

static void a_flipped_bit_is_refused(void **state) {
    (void)state;
    assert_int_equal(put(her, sample(1)), ERR_OK);
    take_row();
    for (size_t byte = 0; byte < row.len; byte++) {
        row.value[byte] ^= 0x20;
        set_row(her);
        bool in_generation = byte == 1 || byte == 2;
        assert_int_equal(read_row(her), in_generation ? ERR_UNAVAILABLE : ERR_CORRUPT);
        row.value[byte] ^= 0x20;
    }
    assert_int_equal(put(her, sample(2)), ERR_OK);
    assert_enrolled(her, sample(2));
}

static void one_persons_fingers_do_not_open_as_anothers(void **state) {
    (void)state;
    assert_int_equal(put(her, sample(1)), ERR_OK);
    take_row();
    set_row(his);
    assert_int_equal(read_row(his), ERR_CORRUPT);
    assert_int_equal(read_row(her), ERR_OK);
}

/* Of a box whose registry was made before there were biometrics. */
static void a_registry_without_the_table_gets_it_from_its_writer(void **state) {
    (void)state;
    struct registry_box older;
    SECRET(plain);
    registry_fixture_make_older(&older, REGISTRY_BIOMETRICS);
    assert_int_equal(registry_biometrics(older.registry, her, &plain), ERR_NOT_FOUND);
    registry_fixture_remove(&older);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(biometrics_are_kept_replaced_and_taken_away),
        TEST(the_largest_row_fits_and_one_byte_more_undoes_the_batch),
        TEST(nothing_of_a_template_is_readable_in_its_row),
        TEST(a_flipped_bit_is_refused),
        TEST(one_persons_fingers_do_not_open_as_anothers),
        TEST(a_registry_without_the_table_gets_it_from_its_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
