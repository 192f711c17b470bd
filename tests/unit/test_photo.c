#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

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

/* Not an image that anybody could show, but one that begins as one. */
static struct bytes image_of(uint8_t filling, size_t len) {
    static uint8_t memory[PHOTO_BYTES_MAX + 1];
    memset(memory, filling, sizeof memory);
    memcpy(memory, (const uint8_t[]){0xff, 0xd8, 0xff, 0xe0}, 4);
    return bytes_of(memory, len);
}

static enum err put(const uint8_t *lookup_key, struct bytes photo) {
    struct registry_batch batch = registry_begin(box.registry);
    uint64_t sequence;
    registry_put_photo(&batch, lookup_key, photo);
    return registry_commit(&batch, &sequence);
}

static void assert_photo(const uint8_t *lookup_key, struct bytes expected) {
    SECRET(photo);
    assert_int_equal(registry_photo(box.registry, lookup_key, &photo), ERR_OK);
    assert_true(bytes_equal(secret_view(&photo), expected));
}

static enum err read_photo(const uint8_t *lookup_key) {
    SECRET(photo);
    enum err err = registry_photo(box.registry, lookup_key, &photo);
    assert_true((photo.data != NULL) == (err == ERR_OK));
    return err;
}

static void jpeg_and_jpeg_2000_are_photos_and_nothing_else(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        enum err expected;
    } cases[] = {
        {"\xff\xd8\xff\xdb", 4, ERR_OK},
        {"\x00\x00\x00\x0cjP  \r\n\x87\n.", 13, ERR_OK},
        {"\xff\x4f\xff\x51.", 5, ERR_OK},
        {"\xff\xd8\xff", 3, ERR_MALFORMED},
        {"\xff\xd8", 2, ERR_MALFORMED},
        {"\xff\xd9\xff\xdb", 4, ERR_MALFORMED},
        {"\x00\x00\x00\x0cjP  \r\n\x87\r.", 13, ERR_MALFORMED},
        {"\x89PNG\r\n\x1a\n....", 12, ERR_MALFORMED},
        {"FAC\0"
         "030\0",
         8, ERR_MALFORMED},
        {"", 0, ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(photo_check(bytes_of(cases[i].bytes, cases[i].len)), cases[i].expected);
    assert_int_equal(photo_check(image_of(1, PHOTO_BYTES_MAX)), ERR_OK);
    assert_int_equal(photo_check(image_of(1, PHOTO_BYTES_MAX + 1)), ERR_TOO_LARGE);
}

static void a_photo_is_kept_replaced_and_taken_away(void **state) {
    (void)state;
    assert_int_equal(read_photo(her), ERR_NOT_FOUND);
    assert_int_equal(put(her, image_of(1, 5000)), ERR_OK);
    assert_photo(her, image_of(1, 5000));
    assert_int_equal(read_photo(his), ERR_NOT_FOUND);
    assert_int_equal(put(his, image_of(2, PHOTO_BYTES_MAX)), ERR_OK);
    assert_int_equal(put(her, image_of(3, 700)), ERR_OK);
    assert_photo(his, image_of(2, PHOTO_BYTES_MAX));
    assert_photo(her, image_of(3, 700));
    assert_int_equal(put(her, bytes_of(NULL, 0)), ERR_OK);
    assert_int_equal(read_photo(her), ERR_NOT_FOUND);
    assert_int_equal(put(her, bytes_of(NULL, 0)), ERR_OK);
    assert_photo(his, image_of(2, PHOTO_BYTES_MAX));
}

static void what_is_no_photo_leaves_the_batch_undone(void **state) {
    (void)state;
    const struct partner partner = {.id = "daam", .status = STATUS_ACTIVE};
    const struct bytes refused[] = {image_of(1, PHOTO_BYTES_MAX + 1), bytes_of_text("GIF89a")};
    const enum err errors[] = {ERR_TOO_LARGE, ERR_MALFORMED};
    struct partner found;
    for (size_t i = 0; i < 2; i++) {
        struct registry_batch batch = registry_begin(box.registry);
        uint64_t sequence;
        registry_put_partner(&batch, &partner);
        registry_put_photo(&batch, her, refused[i]);
        assert_int_equal(registry_commit(&batch, &sequence), errors[i]);
        assert_int_equal(registry_partner(box.registry, "daam", &found), ERR_NOT_FOUND);
        assert_int_equal(read_photo(her), ERR_NOT_FOUND);
    }
}

/* ---- damage ---- */

static struct registry_row_image row;

static void take_row(void) {
    registry_fixture_take_row(&box, REGISTRY_PHOTOS, &row);
}

static void set_row(const uint8_t *lookup_key) {
    registry_fixture_set_row(&box, REGISTRY_PHOTOS, lookup_key, &row);
}

/* What the log says while her photo is read. */
static void capture_log(char *text, size_t size) {
    char name[] = "/tmp/idcs-photo-log-XXXXXX";
    int file = mkstemp(name), kept = dup(STDERR_FILENO);
    assert_true(file >= 0 && kept >= 0 && dup2(file, STDERR_FILENO) == STDERR_FILENO);
    assert_int_equal(read_photo(her), ERR_CORRUPT);
    assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
    ssize_t len = pread(file, text, size - 1, 0);
    assert_true(len > 0);
    text[len] = '\0';
    (void)close(file);
    (void)close(kept);
    (void)unlink(name);
}

static void a_flipped_bit_is_refused_and_named(void **state) {
    (void)state;
    char log[512];
    assert_int_equal(put(her, image_of(7, 9000)), ERR_OK);
    take_row();
    for (size_t byte = 0; byte < row.len; byte += byte < 64 ? 1 : 97) {
        row.value[byte] ^= 0x20;
        set_row(her);
        bool in_generation = byte == 1 || byte == 2;
        assert_int_equal(read_photo(her), in_generation ? ERR_UNAVAILABLE : ERR_CORRUPT);
        row.value[byte] ^= 0x20;
    }
    row.value[row.len - 1] ^= 1;
    set_row(her);
    capture_log(log, sizeof log);
    assert_non_null(strstr(log, "record-corrupt table=photo key=deadbeef generation=1\n"));
    assert_int_equal(put(her, image_of(8, 10)), ERR_OK);
    assert_photo(her, image_of(8, 10));
}

static void a_photo_moved_to_another_person_is_refused(void **state) {
    (void)state;
    assert_int_equal(put(her, image_of(7, 900)), ERR_OK);
    take_row();
    set_row(his);
    assert_int_equal(read_photo(his), ERR_CORRUPT);
    assert_int_equal(read_photo(her), ERR_OK);
}

/* A row that opens but holds no image: a fault of the writer, not served either. */
static void a_row_that_holds_no_image_is_refused_and_named(void **state) {
    (void)state;
    char log[512];
    struct buffer sealed = buffer_over(row.value, sizeof row.value);
    assert_int_equal(record_seal(box.keys, REGISTRY_PHOTOS, bytes_of(her, sizeof her), 1,
                                 bytes_of_text("no image"), &sealed),
                     ERR_OK);
    row.len = sealed.len;
    set_row(her);
    capture_log(log, sizeof log);
    assert_non_null(strstr(log, "record-corrupt table=photo key=deadbeef"));
}

/* Of a box whose registry was made before there were photos. */
static void a_registry_without_the_table_gets_it_from_its_writer(void **state) {
    (void)state;
    struct registry_box older;
    SECRET(photo);
    registry_fixture_make_older(&older, REGISTRY_PHOTOS);
    assert_int_equal(registry_photo(older.registry, her, &photo), ERR_NOT_FOUND);
    registry_fixture_remove(&older);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jpeg_and_jpeg_2000_are_photos_and_nothing_else),
        TEST(a_photo_is_kept_replaced_and_taken_away),
        TEST(what_is_no_photo_leaves_the_batch_undone),
        TEST(a_flipped_bit_is_refused_and_named),
        TEST(a_photo_moved_to_another_person_is_refused),
        TEST(a_row_that_holds_no_image_is_refused_and_named),
        TEST(a_registry_without_the_table_gets_it_from_its_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
