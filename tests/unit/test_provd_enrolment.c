#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "tests/unit/provd_box.h"

#include "authd/core/identifier.h"
#include "provisioning/operation.h"

#define PEOPLE_MOST 2

/* ---- people with records ---- */

static uint8_t records_memory[PEOPLE_MOST][16384];
static struct buffer records[PEOPLE_MOST];

static struct officer_person person_number(unsigned number) {
    struct officer_person person = {.identity = {.birth_year = 1985}};
    char check;
    (void)snprintf(person.identity.uin, sizeof person.identity.uin, "%09u", 200000000 + number * 7);
    assert_int_equal(identifier_check_digit(person.identity.uin, IDENTIFIER_UIN_DIGITS - 1, &check),
                     ERR_OK);
    person.identity.uin[IDENTIFIER_UIN_DIGITS - 1] = check;
    records[number] = buffer_over(records_memory[number], sizeof records_memory[number]);
    return person;
}

static void give(unsigned number, const char *part, const char *data) {
    struct officer_record record = {.data = bytes_of_text(data)};
    (void)snprintf(record.part, sizeof record.part, "%s", part);
    officer_wire_put_record(&records[number], &record);
}

static struct officer_outcome put(struct provd_box *box, struct officer_person *people,
                                  size_t count) {
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(buffer_end(&records[i], &people[i].records), ERR_OK);
        assert_int_equal(officer_wire_add_person(&buffer, &people[i]), ERR_OK);
    }
    return provd_box_change(box, OFFICER_PEOPLE_PUT, &buffer);
}

/* One person with one record. */
static struct officer_outcome put_one(struct provd_box *box, const char *part, const char *data) {
    struct officer_person person = person_number(0);
    give(0, part, data);
    return put(box, &person, 1);
}

/* As the harness's signers make it. */
static void lookup_key(struct provd_box *box, const struct officer_person *person,
                       uint8_t key[static 32]) {
    char salt[SALT_SIZE];
    uint8_t hash[IDENTIFIER_HASH_BYTES];
    const char *uin = person->identity.uin;
    assert_int_equal(registry_salt(box->provd.registry, identifier_salt_modulo(uin), salt), ERR_OK);
    assert_int_equal(identifier_hash(uin, salt, hash), ERR_OK);
    (void)crypto_generichash(key, 32, hash, 32, (const uint8_t *)"a pepper of sixteen", 16);
}

/* What is enrolled of the person; nothing: count 0. Views end with the next call. */
static const struct enrolled *stored(struct provd_box *box, const struct officer_person *person) {
    static struct enrolled enrolled;
    static uint8_t memory[ENROLLED_PLAIN_MAX];
    SECRET(plain);
    uint8_t key[32];
    lookup_key(box, person, key);
    memset(&enrolled, 0, sizeof enrolled);
    enum err err = registry_biometrics(box->provd.registry, key, &plain);
    if (err == ERR_NOT_FOUND)
        return &enrolled;
    assert_int_equal(err, ERR_OK);
    memcpy(memory, plain.data, plain.len);
    assert_int_equal(enrolled_decode(bytes_of(memory, plain.len), &enrolled), ERR_OK);
    return &enrolled;
}

static bool is_stored(struct provd_box *box, const struct officer_person *person) {
    IDENTITY_CLEANUP struct identity *identity = NULL;
    uint8_t key[32];
    lookup_key(box, person, key);
    return registry_identity(box->provd.registry, key, &identity) == ERR_OK;
}

static struct provd_box *initialised(void **state) {
    provd_box_initialise(*state);
    return *state;
}

static struct provd_box *with_plugin(void **state) {
    struct provd_box *box = initialised(state);
    provd_box_stop(box);
    box->has_plugin = true;
    provd_box_start(box);
    return box;
}

/* Refused, and as if nothing had been asked: no person, no row, no record in the journal. */
static void assert_refused(struct provd_box *box, struct officer_outcome outcome,
                           enum officer_reason reason, const char *detail) {
    struct officer_person person = person_number(0);
    provd_box_assert_refused(outcome, reason);
    assert_string_equal(outcome.detail, detail);
    assert_false(is_stored(box, &person));
    assert_int_equal(stored(box, &person)->count, 0);
}

/* ---- tests ---- */

static void templates_of_all_modalities_are_kept_with_their_person(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person person = person_number(0);
    give(0, "Right IndexFinger", "one");
    give(0, "Left LittleFinger", "two");
    give(0, "Right IndexFinger", "three");
    give(0, "Left", "iris");
    give(0, "Face", "face");
    provd_box_assert_done(put(box, &person, 1));
    assert_int_equal(box->records_read, 5);
    const struct enrolled *enrolled = stored(box, &person);
    assert_int_equal(enrolled->count, 5);
    static const struct {
        enum biometric_modality modality;
        uint8_t position;
        enum enrolled_kind kind;
    } expected[] = {{BIOMETRIC_FINGER, 2, ENROLLED_MINUTIAE},
                    {BIOMETRIC_FINGER, 10, ENROLLED_MINUTIAE},
                    {BIOMETRIC_FINGER, 2, ENROLLED_MINUTIAE},
                    {BIOMETRIC_IRIS, 2, ENROLLED_IRIS_CODE},
                    {BIOMETRIC_FACE, 0, ENROLLED_FACE_VECTOR}};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(enrolled->parts[i].modality, expected[i].modality);
        assert_int_equal(enrolled->parts[i].position, expected[i].position);
        assert_int_equal(enrolled->parts[i].kind, expected[i].kind);
    }
    assert_int_equal(enrolled->parts[1].minutiae.count, 12);
    assert_int_equal(enrolled->parts[1].minutiae.minutiae[5].x, 50);
    assert_int_equal(enrolled->parts[3].data.len, 600);
    assert_int_equal(enrolled->parts[4].data.len, 300);
}

static void biometrics_come_and_go_with_their_person(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person people[] = {person_number(0), person_number(1)};
    give(0, "Left Thumb", "x");
    give(1, "Left Thumb", "x");
    give(1, "Right Thumb", "x");
    provd_box_assert_done(put(box, people, 2));
    assert_int_equal(stored(box, &people[0])->count, 1);
    assert_int_equal(stored(box, &people[1])->count, 2);
    records[0].len = 0;
    provd_box_assert_done(put(box, people, 1));
    assert_true(is_stored(box, &people[0]));
    assert_int_equal(stored(box, &people[0])->count, 0);
    assert_int_equal(stored(box, &people[1])->count, 2);
}

static void a_document_brings_what_it_holds(void **state) {
    struct provd_box *box = with_plugin(state);
    struct officer_person person = person_number(0);
    box->plugin_compares_irises = true;
    provd_box_stop(box);
    provd_box_start(box);
    give(0, "", "<BIR/>");
    give(0, "Face", "face");
    provd_box_assert_done(put(box, &person, 1));
    const struct enrolled *enrolled = stored(box, &person);
    assert_int_equal(enrolled->count, 3);
    assert_int_equal(enrolled->parts[0].position, 1);
    assert_int_equal(enrolled->parts[1].kind, ENROLLED_PLUGIN);
    assert_int_equal(enrolled->parts[1].modality, BIOMETRIC_IRIS);
    assert_string_equal(enrolled->parts[1].plugin, "acme-3.1");
    assert_int_equal(enrolled->parts[2].kind, ENROLLED_FACE_VECTOR);
}

static void a_document_of_exceptions_alone_enrols_nothing(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person person = person_number(0);
    provd_box_assert_done(put_one(box, "", "exceptions"));
    assert_true(is_stored(box, &person));
    assert_int_equal(stored(box, &person)->count, 0);
}

static void a_record_that_cannot_be_enrolled_refuses_its_batch(void **state) {
    struct provd_box *box = initialised(state);
    static const struct {
        const char *part, *data;
        enum officer_reason reason;
        const char *detail;
    } cases[] = {
        {"Right Thumb", "junk", OFFICER_REASON_RECORD_FORMAT, "Right Thumb[0]: unknown"},
        {"Right Thumb", "card", OFFICER_REASON_RECORD_FORMAT, "Right Thumb[0]: iso-19794-2-card"},
        {"Right Thumb", "bad", OFFICER_REASON_RECORD,
         "Right Thumb[0]: bad-minutia (iso-19794-2-2005)"},
        {"Right Thumb", "image", OFFICER_REASON_RECORD_IMAGE, "Right Thumb[0]: iso-19794-4-2005"},
        {"Left", "image", OFFICER_REASON_RECORD_IMAGE, "Left[0]: iso-19794-6-2011"},
        {"", "<BIR/>", OFFICER_REASON_RECORD_IMAGE, "cbeff[1]: iso-19794-6-2011"},
        {"", "cut", OFFICER_REASON_DOCUMENT, "cbeff: line 17"},
        {"Right Thumb", "liar", OFFICER_REASON_UNSEAL, "Right Thumb[0]: answer"},
    };
    size_t audits = box->audit_count;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(box, put_one(box, cases[i].part, cases[i].data), cases[i].reason,
                       cases[i].detail);
    assert_int_equal(box->audit_count, audits);
}

static void a_refusal_names_the_person_and_leaves_what_was_there(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person people[] = {person_number(0), person_number(1)};
    give(0, "Left Thumb", "x");
    provd_box_assert_done(put(box, people, 1));
    give(0, "Right Thumb", "x");
    give(1, "Right", "x");
    give(1, "Left Thumb", "x");
    give(1, "Left Thumb", "bad");
    struct officer_outcome outcome = put(box, people, 2);
    provd_box_assert_refused(outcome, OFFICER_REASON_RECORD);
    assert_int_equal(outcome.count, 1);
    assert_string_equal(outcome.detail, "Left Thumb[1]: bad-minutia (iso-19794-2-2005)");
    assert_int_equal(stored(box, &people[0])->count, 1);
    assert_false(is_stored(box, &people[1]));
}

static void more_than_policies_count_on_is_refused(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person person = person_number(0);
    for (size_t i = 0; i < ENROLLED_A_PART_MAX; i++)
        give(0, "Left Thumb", "x");
    provd_box_assert_done(put(box, &person, 1));
    assert_int_equal(stored(box, &person)->count, ENROLLED_A_PART_MAX);
    give(0, "Left Thumb", "x");
    struct officer_outcome outcome = put(box, &person, 1);
    provd_box_assert_refused(outcome, OFFICER_REASON_RECORD_MANY);
    assert_string_equal(outcome.detail, "Left Thumb[4]: count");
    assert_int_equal(stored(box, &person)->count, ENROLLED_A_PART_MAX);
}

/* ---- images ---- */

static void a_plug_in_makes_the_templates_of_images(void **state) {
    struct provd_box *box = with_plugin(state);
    struct officer_person person = person_number(0);
    give(0, "Left Thumb", "image");
    give(0, "Right Thumb", "x");
    provd_box_assert_done(put(box, &person, 1));
    const struct enrolled *enrolled = stored(box, &person);
    assert_int_equal(enrolled->count, 2);
    assert_int_equal(enrolled->parts[0].kind, ENROLLED_PLUGIN);
    assert_string_equal(enrolled->parts[0].plugin, "acme-3.1");
    assert_true(bytes_equal_text(enrolled->parts[0].data, "what acme makes of it"));
    assert_int_equal(enrolled->parts[1].kind, ENROLLED_MINUTIAE);
    assert_int_equal(box->images_seen, 1);
}

static void a_modality_that_the_plug_in_does_not_compare_is_refused(void **state) {
    struct provd_box *box = with_plugin(state);
    assert_refused(box, put_one(box, "Left", "image"), OFFICER_REASON_RECORD_IMAGE,
                   "Left[0]: iso-19794-6-2011");
    assert_int_equal(box->images_seen, 0);
}

static void an_image_without_a_template_is_refused(void **state) {
    struct provd_box *box = with_plugin(state);
    box->plugin_status = ERR_DENIED;
    assert_refused(box, put_one(box, "Left Thumb", "image"), OFFICER_REASON_RECORD_PLUGIN,
                   "Left Thumb[0]: acme-3.1");
    box->plugin_status = ERR_UNAVAILABLE;
    assert_refused(box, put_one(box, "Left Thumb", "image"), OFFICER_REASON_PLUGIN,
                   "Left Thumb[0]: acme-3.1");
}

static void a_plug_in_that_dies_over_an_image_is_not_asked_again(void **state) {
    struct provd_box *box = with_plugin(state);
    box->plugin_deaf = true;
    assert_refused(box, put_one(box, "Left Thumb", "image"), OFFICER_REASON_PLUGIN,
                   "Left Thumb[0]");
    assert_int_equal(box->images_seen, 1);
}

/* ---- status ---- */

static void status_counts_people_with_biometrics(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person people[] = {person_number(0), person_number(1)};
    struct officers_question question = {.type = OFFICER_STATUS, .uid = 4242};
    static uint8_t memory[1024];
    struct buffer answer = buffer_over(memory, sizeof memory);
    struct officer_box status;
    give(0, "Left Thumb", "x");
    provd_box_assert_done(put(box, people, 2));
    assert_int_equal(operation_run(&box->provd, &question, &answer), ERR_OK);
    assert_int_equal(officer_wire_get_box(bytes_of(memory, answer.len), &status), ERR_OK);
    assert_int_equal(status.people, 2);
    assert_int_equal(status.enrolled, 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, provd_box_setup, provd_box_teardown)
    const struct CMUnitTest tests[] = {
        TEST(templates_of_all_modalities_are_kept_with_their_person),
        TEST(biometrics_come_and_go_with_their_person),
        TEST(a_document_brings_what_it_holds),
        TEST(a_document_of_exceptions_alone_enrols_nothing),
        TEST(a_record_that_cannot_be_enrolled_refuses_its_batch),
        TEST(a_refusal_names_the_person_and_leaves_what_was_there),
        TEST(more_than_policies_count_on_is_refused),
        TEST(a_plug_in_makes_the_templates_of_images),
        TEST(a_modality_that_the_plug_in_does_not_compare_is_refused),
        TEST(an_image_without_a_template_is_refused),
        TEST(a_plug_in_that_dies_over_an_image_is_not_asked_again),
        TEST(status_counts_people_with_biometrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
