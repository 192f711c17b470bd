#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <jansson.h>
#include <sodium.h>

#include "authd/core/identifier.h"
#include "authd/store/photo.h"
#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "provisioning/demo/demo_file.h"
#include "provisioning/demo/demo_kit_people.h"
#include "provisioning/demo/demo_people.h"
#include "provisioning/demo/demo_photo.h"
#include "provisioning/demo/demo_random.h"

#define TODAY_MS INT64_C(1798675200000) /* 2026-12-31 */
#define COUNT    300
#define SPECIALS 13

static json_t *make(const char *seed, uint32_t count) {
    struct demo_people_order order = {.count = count, .seed = seed, .today_ms = TODAY_MS};
    json_t *people = NULL;
    assert_int_equal(demo_people_make(&order, &people), ERR_OK);
    assert_int_equal(json_array_size(people), count);
    return people;
}

static json_t *people;
static char folder[] = "/tmp/demo-people-XXXXXX"; /* of the kit's captures */

static int make_people(void **state) {
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    people = make("a seed", COUNT);
    return people == NULL;
}

static int free_people(void **state) {
    (void)state;
    char command[64];
    json_decref(people);
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static const char *text_of(const json_t *object, const char *member) {
    const char *text = json_string_value(json_object_get(object, member));
    assert_non_null(text);
    return text;
}

static const json_t *noted(const char *note) {
    const json_t *found = NULL, *person;
    size_t index;
    json_array_foreach(people, index, person) {
        if (strcmp(text_of(person, "note"), note) != 0)
            continue;
        assert_null(found);
        found = person;
    }
    assert_non_null(found);
    return found;
}

static void the_same_seed_gives_the_same_people(void **state) {
    (void)state;
    DEMO_JSON_CLEANUP json_t *again = make("a seed", COUNT), *other = make("another", COUNT);
    assert_true(json_equal(people, again));
    assert_false(json_equal(people, other));
}

static void more_people_of_a_seed_begin_with_the_same_ones(void **state) {
    (void)state;
    DEMO_JSON_CLEANUP json_t *fewer = make("a seed", DEMO_PEOPLE_LEAST);
    size_t index;
    const json_t *person;
    json_array_foreach(fewer, index, person)
        assert_true(json_equal((json_t *)(uintptr_t)person, json_array_get(people, index)));
}

static void too_few_and_too_many_are_refused(void **state) {
    (void)state;
    static const uint32_t wrong[] = {0, DEMO_PEOPLE_LEAST - 1, DEMO_PEOPLE_MOST + 1, UINT32_MAX};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct demo_people_order order = {.count = wrong[i], .seed = "", .today_ms = TODAY_MS};
        json_t *none = NULL;
        assert_int_equal(demo_people_make(&order, &none), ERR_CONFIG);
        assert_null(none);
    }
}

static void take_number(json_t *numbers, const char *number, enum identifier_type type) {
    uint32_t broken;
    assert_int_equal(identifier_check(number, type, IDENTIFIER_ALL_RULES, &broken), ERR_OK);
    assert_int_equal(broken, 0);
    assert_null(json_object_get(numbers, number));
    assert_int_equal(json_object_set_new(numbers, number, json_true()), 0);
}

static void every_number_obeys_every_rule_and_is_given_once(void **state) {
    (void)state;
    DEMO_JSON_CLEANUP json_t *numbers = json_object();
    size_t index, vid_index;
    const json_t *person, *vid;
    json_array_foreach(people, index, person) {
        take_number(numbers, text_of(person, "uin"), IDENTIFIER_UIN);
        json_array_foreach(json_object_get(person, "vids"), vid_index, vid)
            take_number(numbers, text_of(vid, "vid"), IDENTIFIER_VID);
    }
}

static void each_special_case_is_there_once_and_does_what_it_says(void **state) {
    (void)state;
    int64_t expires_ms;
    assert_true(json_is_true(json_object_get(noted("deactivated"), "deactivated")));
    assert_true(json_is_true(json_object_get(noted("hotlisted"), "hotlisted")));
    assert_null(json_object_get(noted("no phone"), "phone"));
    assert_non_null(json_object_get(noted("no phone"), "email"));
    const char *expires = text_of(noted("expired"), "expires");
    assert_int_equal(clock_parse_millis(bytes_of_text(expires), &expires_ms), ERR_OK);
    assert_true(expires_ms < TODAY_MS);
    static const char *const locks[][2] = {{"locked otp-phone", "otp-phone"},
                                           {"locked demo", "demo"},
                                           {"locked bio-Finger", "bio-Finger"}};
    for (size_t i = 0; i < 3; i++) {
        const json_t *list = json_object_get(noted(locks[i][0]), "locks");
        assert_int_equal(json_array_size(list), 1);
        assert_string_equal(json_string_value(json_array_get(list, 0)), locks[i][1]);
    }
}

static void each_kind_of_vid_is_there(void **state) {
    (void)state;
    static const struct {
        const char *note, *type;
        bool revoked;
        int uses;
    } cases[] = {{"revoked VID", "Perpetual", true, 0},
                 {"perpetual VID", "Perpetual", false, 0},
                 {"one-time VID", "OneTimeUse", false, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const json_t *vids = json_object_get(noted(cases[i].note), "vids");
        const json_t *vid = json_array_get(vids, 0);
        assert_int_equal(json_array_size(vids), 1);
        assert_string_equal(text_of(vid, "type"), cases[i].type);
        assert_int_equal(json_is_true(json_object_get(vid, "revoked")), cases[i].revoked);
        assert_int_equal(json_integer_value(json_object_get(vid, "uses")), cases[i].uses);
    }
}

static int64_t birth_ms(const json_t *person) {
    char instant[CLOCK_TEXT_SIZE];
    const char *date = text_of(person, "dob");
    int64_t wall_ms;
    assert_int_equal(strlen(date), 10);
    (void)snprintf(instant, sizeof instant, "%.4s-%.2s-%.2sT00:00:00.000Z", date, date + 5,
                   date + 8);
    assert_true(date[4] == '/' && date[7] == '/');
    assert_int_equal(clock_parse_millis(bytes_of_text(instant), &wall_ms), ERR_OK);
    return wall_ms;
}

static void all_are_adults_but_for_the_infant(void **state) {
    (void)state;
    const int64_t year_ms = INT64_C(31556952000);
    size_t index;
    const json_t *person;
    json_array_foreach(people, index, person) {
        int64_t age_ms = TODAY_MS - birth_ms(person);
        if (strcmp(text_of(person, "note"), "infant") == 0)
            assert_true(age_ms > 0 && age_ms < 5 * year_ms);
        else
            assert_true(age_ms >= 18 * year_ms && age_ms < 100 * year_ms);
    }
}

static void ordinary_people_can_be_reached(void **state) {
    (void)state;
    size_t index;
    const json_t *person;
    json_array_foreach(people, index, person) {
        if (strcmp(text_of(person, "note"), "ordinary") != 0)
            continue;
        const char *phone = text_of(person, "phone");
        assert_int_equal(strlen(phone), 13);
        assert_int_equal(strspn(phone + 1, "0123456789"), 12);
        assert_true(strncmp(phone, "+2126", 5) == 0 || strncmp(phone, "+2127", 5) == 0);
        const char *domain = strchr(text_of(person, "email"), '@');
        assert_non_null(domain);
        assert_string_equal(domain, "@example.org");
        assert_null(json_object_get(person, "locks"));
        assert_null(json_object_get(person, "vids"));
        assert_null(json_object_get(person, "deactivated"));
        assert_null(json_object_get(person, "expires"));
        assert_null(json_object_get(person, "hotlisted"));
    }
}

/* What officer takes for a person; anything else would refuse the file. */
static void a_person_has_known_members_alone(void **state) {
    (void)state;
    static const char *const known[] = {"uin",       "phone",       "email",   "language",   "dob",
                                        "locks",     "deactivated", "expires", "attributes", "vids",
                                        "hotlisted", "photo",       "note",    "biometrics"};
    size_t index;
    json_t *person, *value;
    const char *member;
    json_array_foreach(people, index, person) json_object_foreach(person, member, value) {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            found |= strcmp(member, known[i]) == 0;
        assert_true(found);
    }
}

static unsigned languages_of(const json_t *person, const char *name) {
    static const char *const codes[] = {"ara", "fra", "eng", "zgh"};
    unsigned languages = 0;
    size_t index;
    const json_t *attribute;
    json_array_foreach(json_object_get(person, "attributes"), index, attribute) {
        assert_int_equal(codec_utf8_check(bytes_of_text(text_of(attribute, "value"))), ERR_OK);
        if (strcmp(text_of(attribute, "name"), name) != 0)
            continue;
        for (unsigned i = 0; i < 4; i++)
            if (strcmp(text_of(attribute, "language"), codes[i]) == 0)
                languages += 1u << i;
    }
    return languages;
}

static void everyone_has_a_name_in_arabic_and_french_and_most_in_a_third_language(void **state) {
    (void)state;
    size_t index, third = 0, amazigh = 0;
    const json_t *person;
    json_array_foreach(people, index, person) {
        unsigned languages = languages_of(person, "fullName");
        assert_int_equal(languages & 3, 3);
        assert_int_equal(languages_of(person, "city"), languages);
        assert_int_equal(languages_of(person, "gender"), languages);
        third += languages != 3;
        amazigh += (languages & 8) != 0;
    }
    assert_true(third > COUNT / 2 && third < COUNT);
    assert_true(amazigh > COUNT / 10);
}

static void every_language_is_preferred_by_someone_who_has_it(void **state) {
    (void)state;
    static const char *const codes[] = {"ara", "fra", "eng", "zgh"};
    size_t index, seen[4] = {0};
    const json_t *person;
    json_array_foreach(people, index, person) {
        for (unsigned i = 0; i < 4; i++) {
            if (strcmp(text_of(person, "language"), codes[i]) != 0)
                continue;
            seen[i]++;
            assert_true((languages_of(person, "fullName") & 1u << i) != 0);
        }
    }
    assert_int_equal(seen[0] + seen[1] + seen[2] + seen[3], COUNT);
    for (unsigned i = 0; i < 4; i++)
        assert_true(seen[i] > 0);
}

/* ${image} has room for DEMO_PHOTO_BYTES_MAX. */
static struct bytes photo_of(const json_t *person, uint8_t *image) {
    size_t len = 0;
    assert_int_equal(codec_base64_decode(bytes_of_text(text_of(person, "photo")), CODEC_STRICT,
                                         image, DEMO_PHOTO_BYTES_MAX, &len),
                     ERR_OK);
    return bytes_of(image, len);
}

/* Reads a Huffman-coded scan of squares as the head of the file describes it. */
struct scan {
    const uint8_t *at, *end;
    unsigned bit;
};

static unsigned take_bit(struct scan *scan) {
    assert_true(scan->at < scan->end);
    unsigned value = *scan->at >> (7 - scan->bit) & 1;
    if (++scan->bit == 8) {
        scan->bit = 0;
        if (*scan->at++ == 0xff)
            assert_int_equal(*scan->at++, 0);
    }
    return value;
}

static unsigned take_bits(struct scan *scan, unsigned count) {
    unsigned value = 0;
    while (count-- > 0)
        value = value << 1 | take_bit(scan);
    return value;
}

/* The colours of all squares, one component after the other; ends where the image ends. */
static void decode_squares(struct bytes image, int (*squares)[3]) {
    struct scan scan = {.end = image.data + image.len - 2};
    const uint8_t *start = memmem(image.data, image.len, "\xff\xda", 2);
    int last[3] = {0};
    assert_non_null(start);
    scan.at = start + 14;
    for (int i = 0; i < 15 * 20 * 3; i++) {
        unsigned length = take_bits(&scan, 4);
        assert_in_range(length, 0, 8);
        int value = (int)take_bits(&scan, length);
        if (length > 0 && value >> (length - 1) == 0)
            value -= (1 << length) - 1;
        assert_int_equal(take_bit(&scan), 0);
        last[i % 3] += value;
        assert_in_range(last[i % 3] + 128, 0, 255);
        squares[i / 3][i % 3] = last[i % 3];
    }
    while (scan.bit != 0)
        assert_int_equal(take_bit(&scan), 1);
    assert_ptr_equal(scan.at, scan.end);
}

static void a_photo_is_a_whole_jpeg_of_a_person_of_several_colours(void **state) {
    (void)state;
    uint8_t memory[DEMO_PHOTO_BYTES_MAX];
    int squares[300][3];
    size_t index;
    const json_t *person;
    json_array_foreach(people, index, person) {
        if (json_object_get(person, "photo") == NULL)
            continue;
        struct bytes image = photo_of(person, memory);
        assert_int_equal(photo_check(image), ERR_OK);
        assert_memory_equal(image.data + image.len - 2, "\xff\xd9", 2);
        decode_squares(image, squares);
        assert_memory_not_equal(squares[0], squares[8 * 15 + 7], sizeof squares[0]);
        assert_memory_not_equal(squares[0], squares[19 * 15 + 7], sizeof squares[0]);
        assert_memory_equal(squares[0], squares[14], sizeof squares[0]);
    }
}

static void everyone_but_one_has_a_photo_of_their_own(void **state) {
    (void)state;
    DEMO_JSON_CLEANUP json_t *seen = json_object(), *chosen = NULL;
    uint8_t memory[DEMO_PHOTO_BYTES_MAX], hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof hash + 1];
    size_t index;
    const json_t *person;
    assert_int_equal(demo_kit_people_choose(people, folder, &chosen), ERR_OK);
    json_array_foreach(chosen, index, person) {
        const json_t *stored = json_array_get(people, index);
        bool none = strcmp(text_of(person, "note"), "no photo") == 0;
        assert_int_equal(none, json_is_null(json_object_get(person, "photo_sha256")));
        assert_int_equal(none, json_object_get(stored, "photo") == NULL);
        if (none)
            continue;
        struct bytes image = photo_of(stored, memory);
        (void)crypto_hash_sha256(hash, image.data, image.len);
        (void)sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
        assert_string_equal(text_of(person, "photo_sha256"), hex);
        assert_null(json_object_get(seen, hex));
        assert_int_equal(json_object_set_new(seen, hex, json_true()), 0);
    }
    assert_int_equal(json_object_size(seen), json_array_size(chosen) - 1);
}

static void the_kit_has_every_case_and_no_more_ordinary_people_than_it_should(void **state) {
    (void)state;
    DEMO_JSON_CLEANUP json_t *chosen = NULL;
    assert_int_equal(demo_kit_people_choose(people, folder, &chosen), ERR_OK);
    assert_int_equal(json_array_size(chosen), SPECIALS + DEMO_KIT_ORDINARY);
}

static void everyone_but_one_has_two_fingers_and_some_have_irises(void **state) {
    (void)state;
    DEMO_JSON_CLEANUP json_t *chosen = NULL;
    size_t index, irises = 0;
    const json_t *person, *files;
    const char *part;
    assert_int_equal(demo_kit_people_choose(people, folder, &chosen), ERR_OK);
    json_array_foreach(chosen, index, person) {
        json_t *biometrics = json_object_get(person, "biometrics");
        bool none = strcmp(text_of(person, "note"), "no biometrics") == 0;
        assert_int_equal(none, json_object_size(biometrics) == 0);
        irises += json_object_size(biometrics) == 4;
        json_object_foreach(biometrics, part, files) {
            char path[256];
            assert_int_equal(json_array_size(files), 3);
            (void)snprintf(path, sizeof path, "%s/%s", folder,
                           json_string_value(json_array_get(files, 2)));
            assert_int_equal(access(path, R_OK), 0);
        }
    }
    assert_true(irises > COUNT / 8);
}

/* A people's file of before there were any. */
static void people_without_biometrics_make_a_kit_without_them(void **state) {
    (void)state;
    DEMO_JSON_CLEANUP json_t *older = json_deep_copy(people), *chosen = NULL;
    size_t index;
    json_t *person;
    json_array_foreach(older, index, person)(void) json_object_del(person, "biometrics");
    assert_int_equal(demo_kit_people_choose(older, folder, &chosen), ERR_OK);
    json_array_foreach(chosen, index, person)
        assert_int_equal(json_object_size(json_object_get(person, "biometrics")), 0);
}

static void the_kit_names_people_as_a_request_does(void **state) {
    (void)state;
    DEMO_JSON_CLEANUP json_t *chosen = NULL;
    assert_int_equal(demo_kit_people_choose(people, folder, &chosen), ERR_OK);
    const json_t *person = json_array_get(chosen, SPECIALS),
                 *stored = json_array_get(people, SPECIALS);
    assert_string_equal(text_of(person, "individualId"), text_of(stored, "uin"));
    assert_string_equal(text_of(person, "individualIdType"), "UIN");
    json_t *demographics = json_object_get(person, "demographics");
    static const char *const lists[] = {"name",      "gender",    "addressLine1", "addressLine2",
                                        "location1", "location2", "location3"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const json_t *list = json_object_get(demographics, lists[i]);
        assert_true(json_array_size(list) >= 2);
        assert_string_equal(text_of(json_array_get(list, 0), "language"), "ara");
        assert_non_null(text_of(json_array_get(list, 0), "value"));
    }
    assert_string_equal(text_of(demographics, "dob"), text_of(stored, "dob"));
    assert_string_equal(text_of(demographics, "phoneNumber"), text_of(stored, "phone"));
    assert_string_equal(text_of(demographics, "emailId"), text_of(stored, "email"));
    assert_int_equal(strlen(text_of(demographics, "postalCode")), 5);
}

static void the_kit_presents_people_with_a_vid_by_it(void **state) {
    (void)state;
    DEMO_JSON_CLEANUP json_t *chosen = NULL;
    size_t index, vids = 0;
    const json_t *person;
    assert_int_equal(demo_kit_people_choose(people, folder, &chosen), ERR_OK);
    json_array_foreach(chosen, index, person) {
        bool by_vid = strcmp(text_of(person, "individualIdType"), "VID") == 0;
        assert_int_equal(strlen(text_of(person, "individualId")), by_vid ? 16 : 10);
        assert_int_equal(by_vid, strstr(text_of(person, "note"), "VID") != NULL);
        vids += by_vid;
        assert_int_equal(json_is_null(json_object_get(person, "phone")),
                         strcmp(text_of(person, "note"), "no phone") == 0);
    }
    assert_int_equal(vids, 3);
}

static void a_file_of_something_else_makes_no_kit(void **state) {
    (void)state;
    static const char *const others[] = {"[]", "{}", "[1]", "[{\"note\": 1}]",
                                         "[{\"note\": \"ordinary\"}]"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        DEMO_JSON_CLEANUP json_t *other = json_loads(others[i], 0, NULL);
        json_t *chosen = NULL;
        assert_int_equal(demo_kit_people_choose(other, folder, &chosen), ERR_MALFORMED);
        assert_null(chosen);
    }
}

static void chance_is_even_and_below_its_bound(void **state) {
    (void)state;
    struct demo_random random;
    unsigned seen[10] = {0};
    demo_random_open(&random, "even");
    for (int i = 0; i < 100000; i++) {
        uint32_t number = demo_random_below(&random, 10);
        assert_true(number < 10);
        seen[number]++;
    }
    for (int i = 0; i < 10; i++)
        assert_true(seen[i] > 9500 && seen[i] < 10500);
    assert_int_equal(demo_random_below(&random, 1), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_people),
        cmocka_unit_test(more_people_of_a_seed_begin_with_the_same_ones),
        cmocka_unit_test(too_few_and_too_many_are_refused),
        cmocka_unit_test(every_number_obeys_every_rule_and_is_given_once),
        cmocka_unit_test(each_special_case_is_there_once_and_does_what_it_says),
        cmocka_unit_test(each_kind_of_vid_is_there),
        cmocka_unit_test(all_are_adults_but_for_the_infant),
        cmocka_unit_test(ordinary_people_can_be_reached),
        cmocka_unit_test(a_person_has_known_members_alone),
        cmocka_unit_test(everyone_has_a_name_in_arabic_and_french_and_most_in_a_third_language),
        cmocka_unit_test(every_language_is_preferred_by_someone_who_has_it),
        cmocka_unit_test(a_photo_is_a_whole_jpeg_of_a_person_of_several_colours),
        cmocka_unit_test(everyone_but_one_has_a_photo_of_their_own),
        cmocka_unit_test(the_kit_has_every_case_and_no_more_ordinary_people_than_it_should),
        cmocka_unit_test(everyone_but_one_has_two_fingers_and_some_have_irises),
        cmocka_unit_test(people_without_biometrics_make_a_kit_without_them),
        cmocka_unit_test(the_kit_names_people_as_a_request_does),
        cmocka_unit_test(the_kit_presents_people_with_a_vid_by_it),
        cmocka_unit_test(a_file_of_something_else_makes_no_kit),
        cmocka_unit_test(chance_is_even_and_below_its_bound),
    };
    return cmocka_run_group_tests(tests, make_people, free_people);
}
