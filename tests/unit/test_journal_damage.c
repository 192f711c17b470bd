#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/journal_fixture.h"

/* What a crash or a bad disk leaves, byte by byte. */
#define HEADER_BYTES 4096
#define IMAGE_BYTES  (2 * JOURNAL_FIXTURE_SEGMENT)

static struct journal_box box;
static uint8_t image[IMAGE_BYTES];
static size_t image_len;

static int set_up(void **state) {
    (void)state;
    journal_fixture_make(&box);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    journal_fixture_remove(&box);
    return 0;
}

static void keep_image(uint64_t first) {
    image_len = store_fixture_read(journal_fixture_segment(&box, first).text, image, IMAGE_BYTES);
    assert_true(image_len >= HEADER_BYTES);
}

static void put_image(uint64_t first) {
    store_fixture_write(journal_fixture_segment(&box, first).text, image, image_len);
}

/* Where the records of the only segment begin; [count] is where they end. */
static size_t offsets[1024];

static void find_offsets(uint64_t count) {
    uint8_t memory[JOURNAL_PAYLOAD_MAX];
    offsets[0] = HEADER_BYTES;
    for (uint64_t i = 1; i <= count; i++)
        offsets[i] = offsets[i - 1] + 32 + journal_fixture_payload(i, memory).len;
}

/* Opens, requires the first ${last} records, goes on writing, and requires it all again. */
static void require_usable(uint64_t last, uint64_t more) {
    journal_fixture_open(&box);
    journal_fixture_require(&box, last);
    journal_fixture_append(&box, last + 1, last + more);
    journal_fixture_close(&box);
    journal_fixture_open(&box);
    journal_fixture_require(&box, last + more);
    journal_fixture_close(&box);
}

static void a_tail_torn_at_any_byte_is_cut(void **state) {
    (void)state;
    journal_fixture_append(&box, 1, 12);
    journal_fixture_close(&box);
    keep_image(1);
    find_offsets(12);
    static uint8_t whole[IMAGE_BYTES];
    memcpy(whole, image, image_len);
    uint64_t last = 9;
    for (size_t end = offsets[9]; end <= offsets[12]; end++) {
        while (last < 12 && offsets[last + 1] <= end)
            last++;
        memcpy(image, whole, end);
        memset(image + end, 0, image_len - end);
        /* A record that ended in zeroes is whole without them. */
        uint64_t expected = last;
        while (expected < 12 && memcmp(image, whole, offsets[expected + 1]) == 0)
            expected++;
        put_image(1);
        require_usable(expected, 2);
    }
}

static void a_file_that_ends_at_any_byte_is_cut_and_grown_again(void **state) {
    (void)state;
    journal_fixture_append(&box, 1, 5);
    journal_fixture_close(&box);
    keep_image(1);
    find_offsets(5);
    uint64_t last = 0;
    for (size_t end = HEADER_BYTES; end <= offsets[5]; end++) {
        while (last < 5 && offsets[last + 1] <= end)
            last++;
        image_len = end;
        put_image(1);
        require_usable(last, 6 - last);
        struct stat status;
        assert_int_equal(stat(journal_fixture_segment(&box, 1).text, &status), 0);
        assert_int_equal(status.st_size, JOURNAL_FIXTURE_SEGMENT);
    }
}

/* After a power loss any pages of the last batch may be on disk, and others not. */
static void a_batch_with_any_part_missing_is_cut_at_the_gap(void **state) {
    (void)state;
    journal_fixture_append(&box, 1, 3);
    journal_fixture_append_batch(&box, 4, 40);
    keep_image(1);
    find_offsets(40);
    static uint8_t whole[IMAGE_BYTES];
    memcpy(whole, image, image_len);
    struct store_chance chance = {.state = 7};
    for (int round = 0; round < 300; round++) {
        size_t batch_len = offsets[40] - offsets[3];
        size_t start = offsets[3] + store_fixture_draw(&chance, batch_len);
        size_t len = 1 + store_fixture_draw(&chance, offsets[40] - start);
        memcpy(image, whole, image_len);
        memset(image + start, 0, len);
        uint64_t last = 3;
        while (last < 40 && memcmp(image, whole, offsets[last + 1]) == 0)
            last++;
        put_image(1);
        require_usable(last, 1);
    }
}

static void any_flipped_byte_before_the_last_batch_is_damage(void **state) {
    (void)state;
    journal_fixture_append(&box, 1, 6);
    journal_fixture_append_batch(&box, 7, 9);
    keep_image(1);
    find_offsets(9);
    for (size_t at = 0; at < offsets[6]; at++) {
        if (at == 1200)
            at = HEADER_BYTES - 40; /* zeroes of the header, like those before */
        image[at] ^= 0x41;
        put_image(1);
        assert_int_equal(journal_fixture_try_open(&box), ERR_CORRUPT);
        image[at] ^= 0x41;
    }
    put_image(1);
    journal_fixture_open(&box);
    journal_fixture_require(&box, 9);
}

/* Whole records, each with its check, but not in their order. */
static void exchanged_records_are_damage(void **state) {
    (void)state;
    const size_t len = 32 + 6;
    for (int i = 0; i < 5; i++)
        assert_int_equal(journal_append(box.journal, JOURNAL_EVENT, bytes_of_text("number")),
                         ERR_OK);
    journal_fixture_close(&box);
    keep_image(1);
    uint8_t *second = image + HEADER_BYTES + len, *third = second + len, kept[38];
    memcpy(kept, second, len);
    memcpy(second, third, len);
    put_image(1);
    assert_int_equal(journal_fixture_try_open(&box), ERR_CORRUPT); /* the third twice */
    memcpy(third, kept, len);
    put_image(1);
    assert_int_equal(journal_fixture_try_open(&box), ERR_CORRUPT);
    memcpy(third, second, len);
    memcpy(second, kept, len);
    put_image(1);
    journal_fixture_open(&box);
    assert_int_equal(journal_fixture_size(&box), 5);
}

static enum err ignore_record(void *context, uint64_t sequence, int64_t wall_ms,
                              enum journal_kind kind, struct bytes payload) {
    (void)context;
    (void)sequence;
    (void)wall_ms;
    (void)kind;
    (void)payload;
    return ERR_OK;
}

/* Older segments are read when somebody asks for them: nothing damaged is handed out as good. */
static void damage_in_an_older_segment_is_found_when_it_is_read(void **state) {
    (void)state;
    journal_fixture_append(&box, 1, 600);
    journal_fixture_close(&box);
    keep_image(1);
    find_offsets(300);
    for (size_t at = HEADER_BYTES; at < offsets[300]; at += 97) {
        image[at] ^= 1;
        put_image(1);
        journal_fixture_open(&box);
        assert_int_equal(journal_each(box.journal, 1, ignore_record, NULL), ERR_CORRUPT);
        journal_fixture_close(&box);
        image[at] ^= 1;
    }
    /* A tail that is missing there is damage too: it was durable. */
    for (size_t cut = 0; cut < 3; cut++) {
        memset(image + offsets[150 + cut], 0, image_len - offsets[150 + cut]);
        put_image(1);
        journal_fixture_open(&box);
        assert_int_equal(journal_each(box.journal, 1, ignore_record, NULL), ERR_CORRUPT);
        journal_fixture_close(&box);
    }
}

/* The same records written anew, with one of them different, do not lead to the same tree. */
static void a_segment_replaced_by_another_history_is_found(void **state) {
    (void)state;
    journal_fixture_append(&box, 1, 600);
    journal_fixture_close(&box);
    struct journal_box other;
    journal_fixture_make(&other);
    assert_int_equal(journal_append(other.journal, JOURNAL_EVENT, bytes_of("other", 5)), ERR_OK);
    journal_fixture_append(&other, 2, 600);
    journal_fixture_close(&other);
    uint8_t *copy = malloc(IMAGE_BYTES);
    assert_non_null(copy);
    size_t len = store_fixture_read(journal_fixture_segment(&other, 1).text, copy, IMAGE_BYTES);
    store_fixture_write(journal_fixture_segment(&box, 1).text, copy, len);
    free(copy);
    journal_fixture_open(&box);
    assert_int_equal(journal_each(box.journal, 1, ignore_record, NULL), ERR_CORRUPT);
    journal_fixture_remove(&other);
}

static void nothing_of_a_cut_tail_comes_back(void **state) {
    (void)state;
    journal_fixture_append(&box, 1, 3);
    journal_fixture_append_batch(&box, 4, 30);
    keep_image(1);
    find_offsets(30);
    image[offsets[3] + 40] ^= 1; /* the first of the batch: 5 to 30 are whole behind it */
    put_image(1);
    journal_fixture_open(&box);
    journal_fixture_require(&box, 3);
    journal_fixture_close(&box);
    keep_image(1);
    for (size_t at = offsets[3]; at < image_len; at++)
        assert_int_equal(image[at], 0);
    journal_fixture_open(&box);
}

static void a_crash_while_a_segment_is_made_leaves_no_trace(void **state) {
    (void)state;
    char path[192];
    journal_fixture_append(&box, 1, 3);
    journal_fixture_close(&box);
    (void)snprintf(path, sizeof path, "%s/unfinished", box.directory.path);
    store_fixture_write(path, (const uint8_t *)"half a header", 13);
    require_usable(3, 1000); /* makes segments of its own */
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_tail_torn_at_any_byte_is_cut),
        TEST(a_file_that_ends_at_any_byte_is_cut_and_grown_again),
        TEST(a_batch_with_any_part_missing_is_cut_at_the_gap),
        TEST(any_flipped_byte_before_the_last_batch_is_damage),
        TEST(exchanged_records_are_damage),
        TEST(damage_in_an_older_segment_is_found_when_it_is_read),
        TEST(a_segment_replaced_by_another_history_is_found),
        TEST(nothing_of_a_cut_tail_comes_back),
        TEST(a_crash_while_a_segment_is_made_leaves_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
