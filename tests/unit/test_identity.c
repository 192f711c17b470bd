#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authd/store/identity.h"
#include "tests/unit/store_fixture.h"

static void add(struct identity *identity, const char *name, const char *language,
                const char *value) {
    struct identity_attribute *attribute = &identity->attributes[identity->attribute_count++];
    attribute->name = bytes_of_text(name);
    (void)snprintf(attribute->language, sizeof attribute->language, "%s", language);
    attribute->value = bytes_of_text(value);
}

/* An ordinary person, in the three languages of the register. */
static struct identity ordinary_person(void) {
    struct identity identity = {
        .uin = "5938714605",
        .token = "299621466002043403517811319050333655",
        .audit_salt = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
        .locks = LOCK_OTP_EMAIL,
        .birth_year = 1988,
        .birth_month = 2,
        .birth_day = 29,
        .phone = "+212612345678",
        .email = "fatima.elidrissi@example.ma",
        .language = "ara"};
    add(&identity, "fullName", "ara", "فاطمة الزهراء الإدريسي");
    add(&identity, "fullName", "fra", "Fatima Zahra El Idrissi");
    add(&identity, "fullName", "zgh", "ⴼⴰⵟⵉⵎⴰ ⵍⵉⴷⵔⵉⵙⵉ");
    add(&identity, "gender", "fra", "Féminin");
    add(&identity, "gender", "ara", "أنثى");
    add(&identity, "addressLine1", "fra", "12, rue des Oudayas");
    add(&identity, "city", "fra", "Rabat");
    add(&identity, "city", "ara", "الرباط");
    add(&identity, "region", "fra", "Rabat-Salé-Kénitra");
    add(&identity, "postalCode", "", "10020");
    return identity;
}

static size_t encode(const struct identity *identity, uint8_t *memory) {
    struct buffer plain = buffer_over(memory, IDENTITY_PLAIN_MAX);
    assert_int_equal(identity_encode(identity, &plain), ERR_OK);
    return plain.len;
}

static void assert_same(const struct identity *left, const struct identity *right) {
    assert_string_equal(left->uin, right->uin);
    assert_string_equal(left->token, right->token);
    assert_memory_equal(left->audit_salt, right->audit_salt, sizeof left->audit_salt);
    assert_int_equal(left->deactivated, right->deactivated);
    assert_int_equal(left->expires_ms, right->expires_ms);
    assert_int_equal(left->locks, right->locks);
    assert_int_equal(left->birth_year, right->birth_year);
    assert_int_equal(left->birth_month, right->birth_month);
    assert_int_equal(left->birth_day, right->birth_day);
    assert_string_equal(left->phone, right->phone);
    assert_string_equal(left->email, right->email);
    assert_string_equal(left->language, right->language);
    assert_int_equal(left->attribute_count, right->attribute_count);
    for (size_t i = 0; i < left->attribute_count; i++) {
        assert_true(bytes_equal(left->attributes[i].name, right->attributes[i].name));
        assert_string_equal(left->attributes[i].language, right->attributes[i].language);
        assert_true(bytes_equal(left->attributes[i].value, right->attributes[i].value));
    }
}

static void assert_round_trip(const struct identity *identity) {
    uint8_t memory[IDENTITY_PLAIN_MAX], again[IDENTITY_PLAIN_MAX];
    size_t len = encode(identity, memory);
    IDENTITY_CLEANUP struct identity *decoded = NULL;
    assert_int_equal(identity_decode(bytes_of(memory, len), &decoded), ERR_OK);
    assert_same(identity, decoded);
    assert_int_equal(encode(decoded, again), len);
    assert_memory_equal(memory, again, len);
}

static void a_person_comes_back_whole(void **state) {
    (void)state;
    struct identity identity = ordinary_person();
    assert_round_trip(&identity);
    identity.deactivated = true;
    identity.expires_ms = 1795290000000;
    identity.locks = UINT32_MAX;
    assert_round_trip(&identity);
    struct identity bare = {.uin = "2"};
    assert_round_trip(&bare);
    struct identity empty = {0};
    assert_round_trip(&empty);
}

static void a_person_takes_little_room(void **state) {
    (void)state;
    struct identity identity = ordinary_person();
    uint8_t memory[IDENTITY_PLAIN_MAX];
    /* Leaves more than 500 bytes of a kilobyte for two fingers of 25 minutiae each. */
    assert_in_range(encode(&identity, memory), 200, 480);
}

static void unusual_names_and_languages_are_kept(void **state) {
    (void)state;
    struct identity identity = ordinary_person();
    add(&identity, "tribe", "", "x");
    add(&identity, "fullname", "amz", "y");
    add(&identity, "fullName", "deu", "");
    assert_round_trip(&identity);
}

static struct identity random_person(struct store_chance *chance) {
    static const char *const names[] = {"fullName", "city", "zone", "other", "postalCode"};
    static const char *const languages[] = {"", "ara", "fra", "eng", "zgh", "spa"};
    static const char *const values[] = {"", "x", "Rabat", "الرباط", "a longer value than others"};
    struct identity identity = {.locks = (uint32_t)store_fixture_draw(chance, 64),
                                .deactivated = store_fixture_draw(chance, 2) == 1,
                                .expires_ms = (int64_t)store_fixture_draw(chance, 3) - 1};
    for (size_t i = 0; i < store_fixture_draw(chance, 11); i++)
        identity.uin[i] = (char)('0' + store_fixture_draw(chance, 10));
    for (size_t i = 0; i < store_fixture_draw(chance, 37); i++)
        identity.token[i] = (char)('0' + store_fixture_draw(chance, 10));
    if (store_fixture_draw(chance, 2) == 1)
        identity.birth_year = (int16_t)(1900 + store_fixture_draw(chance, 130));
    if (identity.birth_year != 0 && store_fixture_draw(chance, 2) == 1) {
        identity.birth_month = (uint8_t)(1 + store_fixture_draw(chance, 12));
        identity.birth_day = (uint8_t)(1 + store_fixture_draw(chance, 31));
    }
    size_t attributes = store_fixture_draw(chance, IDENTITY_ATTRIBUTES_MAX + 1);
    for (size_t i = 0; i < attributes; i++)
        add(&identity, names[store_fixture_draw(chance, 5)],
            languages[store_fixture_draw(chance, 6)], values[store_fixture_draw(chance, 5)]);
    return identity;
}

static void any_person_comes_back_whole(void **state) {
    (void)state;
    struct store_chance chance = {.state = 1};
    for (int i = 0; i < 2000; i++) {
        struct identity identity = random_person(&chance);
        assert_round_trip(&identity);
    }
}

static void what_cannot_be_stored_is_refused(void **state) {
    (void)state;
    uint8_t memory[IDENTITY_PLAIN_MAX];
    struct identity bad[8];
    for (size_t i = 0; i < 8; i++)
        bad[i] = ordinary_person();
    bad[0].uin[3] = 'x';
    bad[1].token[35] = ' ';
    bad[2].birth_month = 13;
    bad[3].birth_day = 0;
    bad[4].birth_year = 0;
    bad[5].attributes[0].name = bytes_of(NULL, 0);
    memcpy(bad[6].attributes[0].language, "xx", 3);
    bad[7].attribute_count = IDENTITY_ATTRIBUTES_MAX + 1;
    for (size_t i = 0; i < 8; i++) {
        struct buffer plain = buffer_over(memory, sizeof memory);
        assert_int_not_equal(identity_encode(&bad[i], &plain), ERR_OK);
    }
    struct identity identity = ordinary_person();
    size_t len = encode(&identity, memory);
    struct buffer small = buffer_over(memory, len - 1);
    assert_int_equal(identity_encode(&identity, &small), ERR_FULL);
}

static void a_cut_person_is_not_another_person(void **state) {
    (void)state;
    struct identity identity = ordinary_person();
    uint8_t memory[IDENTITY_PLAIN_MAX], again[IDENTITY_PLAIN_MAX];
    size_t len = encode(&identity, memory);
    for (size_t cut = 0; cut < len; cut++) {
        IDENTITY_CLEANUP struct identity *decoded = NULL;
        /* Cut between two fields it is still a person, who then encodes to just these bytes. */
        if (identity_decode(bytes_of(memory, cut), &decoded) == ERR_OK)
            assert_int_equal(encode(decoded, again), cut);
        else
            assert_null(decoded);
    }
}

/* Whatever bytes decode, there is one form of them: what is read twice is read the same. */
static void damaged_bytes_are_refused_or_have_one_form(void **state) {
    (void)state;
    struct store_chance chance = {.state = 2};
    struct identity identity = ordinary_person();
    uint8_t memory[IDENTITY_PLAIN_MAX], again[IDENTITY_PLAIN_MAX];
    for (int i = 0; i < 20000; i++) {
        size_t len = encode(&identity, memory);
        for (uint64_t flips = 1 + store_fixture_draw(&chance, 3); flips > 0; flips--)
            memory[store_fixture_draw(&chance, len)] = (uint8_t)store_fixture_draw(&chance, 256);
        IDENTITY_CLEANUP struct identity *decoded = NULL;
        if (identity_decode(bytes_of(memory, len), &decoded) != ERR_OK)
            continue;
        assert_int_equal(encode(decoded, again), len);
        assert_memory_equal(memory, again, len);
    }
}

static int open_secrets(void **state) {
    (void)state;
    store_fixture_secrets();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_person_comes_back_whole),
        cmocka_unit_test(a_person_takes_little_room),
        cmocka_unit_test(unusual_names_and_languages_are_kept),
        cmocka_unit_test(any_person_comes_back_whole),
        cmocka_unit_test(what_cannot_be_stored_is_refused),
        cmocka_unit_test(a_cut_person_is_not_another_person),
        cmocka_unit_test(damaged_bytes_are_refused_or_have_one_form),
    };
    return cmocka_run_group_tests(tests, open_secrets, NULL);
}
