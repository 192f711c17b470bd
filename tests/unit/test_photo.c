#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "authd/store/registry.h"
#include "tests/unit/store_fixture.h"

static struct box {
    struct store_directory directory;
    struct record_keys *keys;
    struct registry *registry;
} box;

static const uint8_t her[IDENTITY_LOOKUP_BYTES] = {0xde, 0xad, 0xbe, 0xef, 0x42};
static const uint8_t his[IDENTITY_LOOKUP_BYTES] = {0x11};

static int set_up(void **state) {
    (void)state;
    box.directory = store_fixture_directory();
    box.keys = store_fixture_keys(1);
    assert_int_equal(registry_open(&box.registry, box.directory.path, true, box.keys), ERR_OK);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    registry_close(box.registry);
    record_keys_free(box.keys);
    store_fixture_remove(&box.directory);
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

static struct row {
    uint8_t value[PHOTO_BYTES_MAX + RECORD_OVERHEAD];
    size_t len;
} row;

static enum err keep_row(void *context, struct bytes key, struct bytes value) {
    (void)context;
    (void)key;
    memcpy(row.value, value.data, row.len = value.len);
    return ERR_OK;
}

static void take_row(void) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry_kv(box.registry));
    assert_int_equal(kv_each(&txn, REGISTRY_PHOTOS, bytes_of(NULL, 0), keep_row, NULL), ERR_OK);
}

static void set_row(unsigned table, const uint8_t *key) {
    struct kv_txn txn = kv_write(registry_kv(box.registry));
    kv_put(&txn, table, bytes_of(key, IDENTITY_LOOKUP_BYTES), bytes_of(row.value, row.len));
    assert_int_equal(kv_commit(&txn), ERR_OK);
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
        set_row(REGISTRY_PHOTOS, her);
        bool in_generation = byte == 1 || byte == 2;
        assert_int_equal(read_photo(her), in_generation ? ERR_UNAVAILABLE : ERR_CORRUPT);
        row.value[byte] ^= 0x20;
    }
    row.value[row.len - 1] ^= 1;
    set_row(REGISTRY_PHOTOS, her);
    capture_log(log, sizeof log);
    assert_non_null(strstr(log, "record-corrupt table=photo key=deadbeef generation=1\n"));
    assert_int_equal(put(her, image_of(8, 10)), ERR_OK);
    assert_photo(her, image_of(8, 10));
}

static void a_photo_moved_to_another_person_is_refused(void **state) {
    (void)state;
    assert_int_equal(put(her, image_of(7, 900)), ERR_OK);
    take_row();
    set_row(REGISTRY_PHOTOS, his);
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
    set_row(REGISTRY_PHOTOS, her);
    capture_log(log, sizeof log);
    assert_non_null(strstr(log, "record-corrupt table=photo key=deadbeef"));
}

/* Of a box whose registry was made before there were photos. */
static void a_registry_without_the_table_gets_it_from_its_writer(void **state) {
    (void)state;
    struct store_directory older = store_fixture_directory();
    const struct kv_options options = {.path = older.path,
                                       .map_bytes = 1u << 20,
                                       .tables = registry_tables,
                                       .table_count = REGISTRY_PHOTOS,
                                       .file_mode = 0640};
    struct kv *kv;
    struct registry *reader, *writer;
    SECRET(photo);
    assert_int_equal(kv_open(&kv, &options), ERR_OK);
    kv_close(kv);
    assert_int_equal(registry_open(&reader, older.path, false, box.keys), ERR_NOT_FOUND);
    assert_int_equal(registry_open(&writer, older.path, true, box.keys), ERR_OK);
    registry_close(writer);
    assert_int_equal(registry_open(&reader, older.path, false, box.keys), ERR_OK);
    assert_int_equal(registry_photo(reader, her, &photo), ERR_NOT_FOUND);
    registry_close(reader);
    store_fixture_remove(&older);
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
