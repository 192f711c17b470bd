#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "authd/store/alias.h"

#define TYPE_AT   (1 + IDENTITY_LOOKUP_BYTES + ALIAS_ID_BYTES)
#define PEPPER_AT (TYPE_AT + 1 + 1 + 8 + 4)

static uint8_t memory[160];

static struct alias vid(void) {
    return (struct alias){.lookup_key = {1, 2},
                          .alias_id = {3, 4},
                          .type = ALIAS_ONE_TIME,
                          .revoked = true,
                          .expires_ms = -5,
                          .uses = 7,
                          .pepper = 0x0102,
                          .has_id_hash = true,
                          .id_hash = {5, 6}};
}

static size_t encode(const struct alias *alias) {
    struct buffer plain = buffer_over(memory, sizeof memory);
    assert_int_equal(alias_encode(alias, &plain), ERR_OK);
    return plain.len;
}

static void assert_damaged(size_t len) {
    struct alias decoded;
    assert_int_equal(alias_decode(bytes_of(memory, len), &decoded), ERR_CORRUPT);
    assert_true(decoded.revoked);
    assert_false(alias_is_vid(&decoded));
    assert_false(decoded.has_id_hash);
}

static void it_comes_back_whole_and_in_no_other_form(void **state) {
    (void)state;
    const struct alias alias = vid();
    struct alias decoded;
    size_t len = encode(&alias);
    assert_int_equal(alias_decode(bytes_of(memory, len), &decoded), ERR_OK);
    assert_memory_equal(decoded.lookup_key, alias.lookup_key, sizeof alias.lookup_key);
    assert_memory_equal(decoded.alias_id, alias.alias_id, sizeof alias.alias_id);
    assert_int_equal(decoded.type, alias.type);
    assert_true(decoded.revoked);
    assert_int_equal(decoded.expires_ms, alias.expires_ms);
    assert_int_equal(decoded.uses, alias.uses);
    assert_int_equal(decoded.pepper, alias.pepper);
    assert_true(decoded.has_id_hash);
    assert_memory_equal(decoded.id_hash, alias.id_hash, sizeof alias.id_hash);
    for (size_t cut = 0; cut < len; cut++)
        assert_damaged(cut);
    assert_damaged(len + 1);
    memory[TYPE_AT] = ALIAS_UIN + 1;
    assert_damaged(len);
    memory[TYPE_AT] = ALIAS_ONE_TIME;
    memory[0] = 3;
    assert_damaged(len);
    memory[0] = 2;
    memory[PEPPER_AT] = memory[PEPPER_AT + 1] = 0;
    assert_damaged(len);
}

static void a_row_of_before_peppers_rolled_is_of_the_first(void **state) {
    (void)state;
    struct alias alias = vid(), decoded;
    alias.has_id_hash = false;
    (void)encode(&alias);
    memory[0] = 1;
    assert_int_equal(alias_decode(bytes_of(memory, PEPPER_AT), &decoded), ERR_OK);
    assert_int_equal(decoded.pepper, 1);
    assert_false(decoded.has_id_hash);
    assert_true(alias_is_vid(&decoded));
    assert_int_equal(decoded.uses, 7);
    memory[TYPE_AT] = ALIAS_UIN; /* of which there were none */
    assert_damaged(PEPPER_AT);
}

static void what_could_not_be_moved_on_is_not_written(void **state) {
    (void)state;
    struct buffer plain = buffer_over(memory, sizeof memory);
    struct alias without_pepper = vid(), without_hash = vid(), without_type = vid();
    without_pepper.pepper = 0;
    without_hash.type = ALIAS_UIN;
    without_hash.has_id_hash = false;
    without_type.type = 0;
    assert_int_equal(alias_encode(&without_pepper, &plain), ERR_MALFORMED);
    assert_int_equal(alias_encode(&without_hash, &plain), ERR_MALFORMED);
    assert_int_equal(alias_encode(&without_type, &plain), ERR_MALFORMED);
    assert_int_equal(plain.len, 0);
}

static void a_number_of_the_person_is_no_vid(void **state) {
    (void)state;
    struct alias alias = vid();
    assert_true(alias_is_vid(&alias));
    alias.type = ALIAS_UIN;
    assert_false(alias_is_vid(&alias));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_back_whole_and_in_no_other_form),
        cmocka_unit_test(a_row_of_before_peppers_rolled_is_of_the_first),
        cmocka_unit_test(what_could_not_be_moved_on_is_not_written),
        cmocka_unit_test(a_number_of_the_person_is_no_vid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
