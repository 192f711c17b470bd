#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/bytes.h"

static void what_the_buffer_wrote_the_cursor_reads(void **state) {
    (void)state;
    uint8_t memory[256];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    buffer_u8(&buffer, 0xfe);
    buffer_u16(&buffer, 0xfedc);
    buffer_u32(&buffer, 0xfedcba98);
    buffer_u64(&buffer, UINT64_C(0xfedcba9876543210));
    buffer_i64(&buffer, INT64_MIN);
    buffer_bool(&buffer, true);
    buffer_bool(&buffer, false);
    buffer_raw(&buffer, "abc", 3);
    buffer_block(&buffer, bytes_of("block", 5));
    buffer_text(&buffer, "text");
    struct bytes written;
    assert_int_equal(buffer_end(&buffer, &written), ERR_OK);

    struct cursor cursor = cursor_over(written);
    char raw[3], text[16];
    assert_int_equal(cursor_u8(&cursor), 0xfe);
    assert_int_equal(cursor_u16(&cursor), 0xfedc);
    assert_int_equal(cursor_u32(&cursor), 0xfedcba98);
    assert_true(cursor_u64(&cursor) == UINT64_C(0xfedcba9876543210));
    assert_true(cursor_i64(&cursor) == INT64_MIN);
    assert_true(cursor_bool(&cursor));
    assert_false(cursor_bool(&cursor));
    cursor_copy(&cursor, raw, sizeof raw);
    assert_memory_equal(raw, "abc", 3);
    assert_true(bytes_equal_text(cursor_block(&cursor, 5), "block"));
    cursor_text(&cursor, text, sizeof text);
    assert_string_equal(text, "text");
    assert_int_equal(cursor_end(&cursor), ERR_OK);
}

static void integers_are_big_endian(void **state) {
    (void)state;
    uint8_t memory[14];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    buffer_u16(&buffer, 0x0102);
    buffer_u32(&buffer, 0x03040506);
    buffer_u64(&buffer, UINT64_C(0x0708090a0b0c0d0e));
    struct bytes written;
    assert_int_equal(buffer_end(&buffer, &written), ERR_OK);
    assert_int_equal(written.len, sizeof memory);
    for (size_t i = 0; i < written.len; i++)
        assert_int_equal(written.data[i], i + 1);
}

static void an_empty_cursor_ends_well_and_gives_nothing(void **state) {
    (void)state;
    struct cursor cursor = cursor_over(bytes_of(NULL, 0));
    assert_int_equal(cursor_end(&cursor), ERR_OK);
    assert_int_equal(cursor_take(&cursor, 0).len, 0);
    assert_int_equal(cursor_end(&cursor), ERR_OK);
    assert_int_equal(cursor_u8(&cursor), 0);
    assert_int_equal(cursor_end(&cursor), ERR_TRUNCATED);
}

static void the_first_error_sticks_and_everything_after_it_is_zero(void **state) {
    (void)state;
    const uint8_t input[] = {2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct cursor cursor = cursor_over(bytes_of(input, sizeof input));
    char copied[4] = "abc", text[4] = "abc";
    assert_false(cursor_bool(&cursor)); /* 2 is no truth value */
    assert_int_equal(cursor_u8(&cursor), 0);
    assert_int_equal(cursor_u32(&cursor), 0);
    assert_false(cursor_bool(&cursor));
    cursor_copy(&cursor, copied, sizeof copied);
    assert_memory_equal(copied, "\0\0\0\0", 4);
    assert_null(cursor_take(&cursor, 1).data);
    cursor_text(&cursor, text, sizeof text);
    assert_string_equal(text, "");
    assert_null(cursor_block(&cursor, 1).data); /* would be ERR_TOO_LARGE or ERR_TRUNCATED */
    assert_int_equal(cursor_end(&cursor), ERR_MALFORMED);
}

static void a_field_that_ends_early_is_truncated_and_gives_no_part(void **state) {
    (void)state;
    const uint8_t input[] = {1, 2, 3};
    struct cursor cursor = cursor_over(bytes_of(input, sizeof input));
    assert_int_equal(cursor_u32(&cursor), 0);
    assert_int_equal(cursor_end(&cursor), ERR_TRUNCATED);

    cursor = cursor_over(bytes_of(input, sizeof input));
    assert_null(cursor_take(&cursor, SIZE_MAX).data);
    assert_int_equal(cursor_end(&cursor), ERR_TRUNCATED);
}

static void bytes_that_are_left_are_malformed(void **state) {
    (void)state;
    struct cursor cursor = cursor_over(bytes_of("ab", 2));
    assert_int_equal(cursor_u8(&cursor), 'a');
    assert_int_equal(cursor_end(&cursor), ERR_MALFORMED);
}

static void a_block_over_its_limit_or_over_the_input_is_refused(void **state) {
    (void)state;
    const uint8_t five[] = {0, 0, 0, 5, 1, 2, 3, 4, 5};
    struct cursor cursor = cursor_over(bytes_of(five, sizeof five));
    assert_null(cursor_block(&cursor, 4).data);
    assert_int_equal(cursor_end(&cursor), ERR_TOO_LARGE);

    cursor = cursor_over(bytes_of(five, sizeof five - 1));
    assert_null(cursor_block(&cursor, 5).data);
    assert_int_equal(cursor_end(&cursor), ERR_TRUNCATED);

    const uint8_t most[] = {0xff, 0xff, 0xff, 0xff, 0};
    cursor = cursor_over(bytes_of(most, sizeof most));
    assert_null(cursor_block(&cursor, SIZE_MAX).data);
    assert_int_equal(cursor_end(&cursor), ERR_TRUNCATED);
}

static void a_text_with_a_zero_or_without_room_is_refused(void **state) {
    (void)state;
    const uint8_t zero[] = {0, 0, 0, 3, 'a', 0, 'b'};
    char text[4];
    struct cursor cursor = cursor_over(bytes_of(zero, sizeof zero));
    cursor_text(&cursor, text, sizeof text);
    assert_string_equal(text, "");
    assert_int_equal(cursor_end(&cursor), ERR_MALFORMED);

    const uint8_t four[] = {0, 0, 0, 4, 'a', 'b', 'c', 'd'};
    cursor = cursor_over(bytes_of(four, sizeof four));
    cursor_text(&cursor, text, sizeof text);
    assert_string_equal(text, "");
    assert_int_equal(cursor_end(&cursor), ERR_TOO_LARGE);
}

static void a_view_becomes_a_text_only_when_it_fits_and_has_no_zero(void **state) {
    (void)state;
    char text[4] = "???";
    assert_int_equal(bytes_to_text(bytes_of_text("abc"), text, sizeof text), ERR_OK);
    assert_string_equal(text, "abc");
    assert_int_equal(bytes_to_text(bytes_of_text("abcd"), text, sizeof text), ERR_TOO_LARGE);
    assert_string_equal(text, "");
    assert_int_equal(bytes_to_text(bytes_of("a\0", 2), text, sizeof text), ERR_MALFORMED);
    assert_string_equal(text, "");
    assert_int_equal(bytes_to_text(bytes_of(NULL, 0), text, sizeof text), ERR_OK);
    assert_int_equal(bytes_to_text(bytes_of(NULL, 0), text, 0), ERR_TOO_LARGE);
}

static void views_are_equal_by_length_and_content(void **state) {
    (void)state;
    assert_true(bytes_equal(bytes_of(NULL, 0), bytes_of("", 0)));
    assert_true(bytes_equal(bytes_of("a\0b", 3), bytes_of("a\0b", 3)));
    assert_false(bytes_equal(bytes_of("a\0b", 3), bytes_of("a\0c", 3)));
    assert_false(bytes_equal(bytes_of("ab", 2), bytes_of("abc", 3)));
    assert_true(bytes_equal_text(bytes_of("ab", 2), "ab"));
    assert_false(bytes_equal_text(bytes_of("ab\0", 3), "ab"));
}

static void a_full_buffer_keeps_what_it_has_and_gives_nothing(void **state) {
    (void)state;
    uint8_t memory[5] = "?????";
    struct buffer buffer = buffer_over(memory, 4);
    buffer_raw(&buffer, "abc", 3);
    buffer_u16(&buffer, 0xffff);
    buffer_u8(&buffer, 'd'); /* there would be room, but the error sticks */
    struct bytes written;
    assert_int_equal(buffer_end(&buffer, &written), ERR_FULL);
    assert_null(written.data);
    assert_memory_equal(memory, "abc??", 5);
}

static void a_format_is_written_whole_or_not_at_all(void **state) {
    (void)state;
    char memory[8];
    struct bytes written;
    struct buffer buffer = buffer_over(memory, sizeof memory);
    buffer_format(&buffer, "%s=%d", "abc", 123);
    assert_int_equal(buffer_end(&buffer, &written), ERR_OK);
    assert_true(bytes_equal_text(written, "abc=123"));
    buffer = buffer_over(memory, 7);
    buffer_format(&buffer, "%s=%d", "abc", 123);
    assert_int_equal(buffer_end(&buffer, &written), ERR_FULL);

    buffer = buffer_over(memory, sizeof memory);
    buffer_format(&buffer, "%s=%d", "abc", 123);

    buffer_format(&buffer, "%d", 45);
    assert_int_equal(buffer_end(&buffer, &written), ERR_FULL);
    buffer_format(&buffer, "%s", "");
    assert_int_equal(buffer_end(&buffer, &written), ERR_FULL);
}

/* Whatever the bytes are, a cursor stays inside them: the sanitizer build sees a read beyond. */
static void a_cursor_over_random_bytes_stays_inside(void **state) {
    (void)state;
    unsigned seed = 1;
    for (int round = 0; round < 20000; round++) {
        size_t size = (size_t)(rand_r(&seed) % 40);
        uint8_t *input = size > 0 ? malloc(size) : NULL;
        for (size_t i = 0; i < size; i++)
            input[i] = (uint8_t)(rand_r(&seed) % 4 == 0 ? rand_r(&seed) : 0);
        struct cursor cursor = cursor_over(bytes_of(input, size));
        size_t taken = 0;
        for (int step = 0; step < 6; step++) {
            char text[8];
            struct bytes part = rand_r(&seed) % 2 == 0
                                    ? cursor_block(&cursor, 32)
                                    : cursor_take(&cursor, (size_t)(rand_r(&seed) % 12));
            assert_true(part.len == 0 ||
                        (part.data >= input && part.data + part.len <= input + size));
            taken += part.len;
            cursor_text(&cursor, text, sizeof text);
            assert_non_null(memchr(text, 0, sizeof text));
        }
        assert_true(taken <= size);
        if (cursor_end(&cursor) == ERR_OK)
            assert_int_equal(cursor.left, 0);
        free(input);
    }
}

static void every_error_has_a_word(void **state) {
    (void)state;
    for (int err = ERR_OK; err <= ERR_SYSTEM; err++) {
        assert_string_not_equal(err_text((enum err)err), "unknown");
        for (int other = ERR_OK; other < err; other++)
            assert_string_not_equal(err_text((enum err)err), err_text((enum err)other));
    }
    assert_string_equal(err_text((enum err)(ERR_SYSTEM + 1)), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_buffer_wrote_the_cursor_reads),
        cmocka_unit_test(integers_are_big_endian),
        cmocka_unit_test(an_empty_cursor_ends_well_and_gives_nothing),
        cmocka_unit_test(the_first_error_sticks_and_everything_after_it_is_zero),
        cmocka_unit_test(a_field_that_ends_early_is_truncated_and_gives_no_part),
        cmocka_unit_test(bytes_that_are_left_are_malformed),
        cmocka_unit_test(a_block_over_its_limit_or_over_the_input_is_refused),
        cmocka_unit_test(a_text_with_a_zero_or_without_room_is_refused),
        cmocka_unit_test(a_view_becomes_a_text_only_when_it_fits_and_has_no_zero),
        cmocka_unit_test(views_are_equal_by_length_and_content),
        cmocka_unit_test(a_full_buffer_keeps_what_it_has_and_gives_nothing),
        cmocka_unit_test(a_format_is_written_whole_or_not_at_all),
        cmocka_unit_test(a_cursor_over_random_bytes_stays_inside),
        cmocka_unit_test(every_error_has_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
