#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/frame.h"
#include "authd/match/false_match_table.h"
#include "provisioning/officer_wire.h"

/* What a policy's thresholds take on the wire. */
#define POLICY_BIOMETRICS_BYTES (POLICY_BIOMETRICS * 9 + 8 + 2)

static uint8_t memory[FRAME_PAYLOAD_MAX];

static struct bytes end(const struct buffer *buffer) {
    struct bytes written;
    assert_int_equal(buffer_end(buffer, &written), ERR_OK);
    return written;
}

static void an_outcome_survives_the_way(void **state) {
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_outcome sent = {ERR_DENIED, OFFICER_REASON_STATE, 7, "locked"}, got;
    (void)state;
    officer_wire_put_outcome(&buffer, &sent);
    assert_int_equal(officer_wire_get_outcome(end(&buffer), &got), ERR_OK);
    assert_memory_equal(&sent, &got, sizeof got);
}

/* Whoever does not look at the error must not read a yes either. */
static void an_outcome_that_is_cut_short_or_too_long_is_no_yes(void **state) {
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_outcome sent = {.detail = "done"}, got;
    (void)state;
    officer_wire_put_outcome(&buffer, &sent);
    for (size_t len = 0; len <= buffer.len + 1; len++) {
        bool whole = len == buffer.len;
        assert_int_equal(officer_wire_get_outcome(bytes_of(memory, len), &got) == ERR_OK, whole);
        assert_int_equal(got.status, whole ? ERR_OK : ERR_UNAVAILABLE);
    }
}

static void a_partner_and_its_certificate_survive_the_way(void **state) {
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_partner got, sent = {.id = "amo",
                                        .name = "AMO تضامن",
                                        .status = STATUS_SUSPENDED,
                                        .certificate = bytes_of_text("certificate")};
    (void)state;
    officer_wire_put_partner(&buffer, &sent);
    assert_int_equal(officer_wire_get_partner(end(&buffer), &got), ERR_OK);
    assert_string_equal(got.name, sent.name);
    assert_int_equal(got.status, STATUS_SUSPENDED);
    assert_true(bytes_equal(got.certificate, sent.certificate));
}

static void a_policy_survives_the_way(void **state) {
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct policy got, sent = {.id = "p",
                               .name = "P",
                               .status = STATUS_ACTIVE,
                               .commences_ms = 1,
                               .expires_ms = 2,
                               .allowed = 5,
                               .mandatory = 4,
                               .token_type = AUTH_TOKEN_POLICY,
                               .uniform = true,
                               .unsigned_requests = true,
                               .tells_person = true,
                               .failures_an_hour = 9,
                               .biometrics = {{1, 2, 3}, {4, 2, 1}, 5, true, true},
                               .attribute_count = 2,
                               .attributes = {{"fullName", true}, {"city", false}},
                               .language_count = 2,
                               .languages = {"ara", "fra"}};
    (void)state;
    officer_wire_put_policy(&buffer, &sent);
    assert_int_equal(officer_wire_get_policy(end(&buffer), &got), ERR_OK);
    assert_int_equal(got.mandatory, 4);
    assert_true(got.unsigned_requests);
    assert_int_equal(got.token_type, AUTH_TOKEN_POLICY);
    assert_true(got.attributes[0].masked);
    assert_string_equal(got.attributes[1].name, "city");
    assert_memory_equal(got.biometrics.rate, sent.biometrics.rate, sizeof sent.biometrics.rate);
    assert_memory_equal(got.biometrics.presented, sent.biometrics.presented, POLICY_BIOMETRICS);
    assert_int_equal(got.biometrics.ceiling, 5);
    assert_true(got.biometrics.names_factors && got.biometrics.any_position);
    assert_string_equal(got.languages[1], "fra");
}

static void certificates_of_the_jose_profile_survive_the_way(void **state) {
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_jose got, sent = {.id = "amo",
                                     .tls = bytes_of_text("tls"),
                                     .signature = bytes_of_text("signature"),
                                     .encryption = bytes_of_text("encryption")};
    (void)state;
    officer_wire_put_jose(&buffer, &sent);
    assert_int_equal(officer_wire_get_jose(end(&buffer), &got), ERR_OK);
    assert_string_equal(got.id, "amo");
    assert_true(bytes_equal(got.tls, sent.tls));
    assert_true(bytes_equal(got.signature, sent.signature));
    assert_true(bytes_equal(got.encryption, sent.encryption));
    assert_int_not_equal(officer_wire_get_jose(bytes_of(memory, buffer.len - 1), &got), ERR_OK);
}

static void a_shown_identity_comes_with_success_and_with_nothing_else(void **state) {
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_jose_shown got,
        sent = {
            .client = {.partner_id = "amo", .signature.point = {4, 1}, .encryption.point = {4, 2}}};
    (void)state;
    jose_client_kid(sent.client.signature.point, sent.client.signature.kid);
    jose_client_kid(sent.client.encryption.point, sent.client.encryption.kid);
    officer_wire_put_jose_shown(&buffer, &sent);
    assert_int_equal(officer_wire_get_jose_shown(end(&buffer), &got), ERR_OK);
    assert_memory_equal(&got.client, &sent.client, sizeof got.client);
    memory[4] = ERR_DENIED; /* a refusal shows nothing */
    assert_int_equal(officer_wire_get_jose_shown(end(&buffer), &got), ERR_MALFORMED);
    sent.outcome.status = ERR_NOT_FOUND;
    buffer = buffer_over(memory, sizeof memory);
    officer_wire_put_jose_shown(&buffer, &sent);
    assert_int_equal(officer_wire_get_jose_shown(end(&buffer), &got), ERR_OK);
    assert_int_equal(got.outcome.status, ERR_NOT_FOUND);
    assert_string_equal(got.client.partner_id, "");
    memory[4] = ERR_OK; /* nor does a success without */
    assert_int_equal(officer_wire_get_jose_shown(end(&buffer), &got), ERR_MALFORMED);
    sent.client.signature.kid[0] ^= 1;
    sent.outcome.status = ERR_OK;
    buffer = buffer_over(memory, sizeof memory);
    officer_wire_put_jose_shown(&buffer, &sent);
    assert_int_equal(buffer.err, ERR_MALFORMED);
}

static void keys_survive_the_way(void **state) {
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_api_key api_key = {.row = {"amo", "otp", STATUS_ACTIVE, 3, 4},
                                      .key = bytes_of_text("0123456789abcdef")};
    struct officer_misp misp = {.row = {"misp", STATUS_DELETED, 5, 6},
                                .licence_key = bytes_of_text("fedcba9876543210")};
    (void)state;
    officer_wire_put_api_key(&buffer, &api_key);
    assert_int_equal(officer_wire_get_api_key(end(&buffer), &api_key), ERR_OK);
    assert_string_equal(api_key.row.policy_id, "otp");
    assert_int_equal(api_key.row.expires_ms, 4);
    assert_true(bytes_equal_text(api_key.key, "0123456789abcdef"));
    buffer = buffer_over(memory, sizeof memory);
    officer_wire_put_misp(&buffer, &misp);
    assert_int_equal(officer_wire_get_misp(end(&buffer), &misp), ERR_OK);
    assert_int_equal(misp.row.status, STATUS_DELETED);
    assert_true(bytes_equal_text(misp.licence_key, "fedcba9876543210"));
}

static struct officer_person a_person(void) {
    struct officer_person person = {.identity = {.uin = "2345678901",
                                                 .deactivated = true,
                                                 .expires_ms = 12,
                                                 .locks = LOCK_DEMO,
                                                 .birth_year = 1990,
                                                 .birth_month = 2,
                                                 .birth_day = 3,
                                                 .phone = "+212612345678",
                                                 .email = "a@example.org",
                                                 .language = "zgh",
                                                 .attribute_count = 1},
                                    .photo = bytes_of_text("an image"),
                                    .hotlisted = true,
                                    .hotlisted_until_ms = 13,
                                    .vid_count = 1,
                                    .vids = {{"1234567890123456", ALIAS_ONE_TIME, true, 9, 1}}};
    person.identity.attributes[0] = (struct identity_attribute){
        .name = bytes_of_text("city"), .language = "ara", .value = bytes_of_text("الرباط")};
    return person;
}

static void people_survive_the_way_in_their_order(void **state) {
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_person first = a_person(), second = a_person(), got;
    (void)state;
    (void)strcpy(second.identity.uin, "9876543210");
    second.photo = bytes_of(NULL, 0);
    assert_int_equal(officer_wire_add_person(&buffer, &first), ERR_OK);
    assert_int_equal(officer_wire_add_person(&buffer, &second), ERR_OK);
    struct cursor cursor = cursor_over(end(&buffer));
    assert_int_equal(officer_wire_take_person(&cursor, &got), ERR_OK);
    assert_string_equal(got.identity.uin, "2345678901");
    assert_int_equal(got.identity.birth_day, 3);
    assert_true(bytes_equal_text(got.identity.attributes[0].value, "الرباط"));
    assert_true(bytes_equal_text(got.photo, "an image"));
    assert_true(got.hotlisted);
    assert_int_equal(got.hotlisted_until_ms, 13);
    assert_int_equal(got.vids[0].type, ALIAS_ONE_TIME);
    assert_int_equal(got.vids[0].uses, 1);
    assert_int_equal(officer_wire_take_person(&cursor, &got), ERR_OK);
    assert_string_equal(got.identity.uin, "9876543210");
    assert_int_equal(got.photo.len, 0);
    assert_int_equal(cursor.left, 0);
}

static void a_person_too_large_leaves_the_batch_as_it_was(void **state) {
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_person person = a_person();
    static const uint8_t large[OFFICER_PERSON_MAX];
    (void)state;
    person.identity.attributes[0].value = bytes_of(large, sizeof large);
    assert_int_equal(officer_wire_add_person(&buffer, &person), ERR_TOO_LARGE);
    assert_int_equal(buffer.len, 0);
    assert_int_equal(buffer.err, ERR_OK);
}

static void the_largest_person_fits_and_a_larger_photo_does_not(void **state) {
    static const uint8_t image[PHOTO_BYTES_MAX + 1], value[IDENTITY_PLAIN_MAX];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_person person = a_person(), got;
    (void)state;
    person.photo = bytes_of(image, PHOTO_BYTES_MAX);
    person.identity.attributes[0].value = bytes_of(value, sizeof value);
    assert_int_equal(officer_wire_add_person(&buffer, &person), ERR_OK);
    struct cursor cursor = cursor_over(end(&buffer));
    assert_int_equal(officer_wire_take_person(&cursor, &got), ERR_OK);
    assert_int_equal(got.photo.len, PHOTO_BYTES_MAX);
    buffer = buffer_over(memory, sizeof memory);
    person = a_person();
    person.photo = bytes_of(image, sizeof image);
    assert_int_equal(officer_wire_add_person(&buffer, &person), ERR_OK);
    cursor = cursor_over(end(&buffer));
    assert_int_equal(officer_wire_take_person(&cursor, &got), ERR_TOO_LARGE);
}

static void a_box_and_a_publication_survive_the_way(void **state) {
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_box box = {.state = BOX_DEGRADED, .core_up = true, .signers = 2, .salts = 1000};
    box.roll = (struct officer_roll){REGISTRY_ROLL_VERIFYING, 3, 4, 61, 2};
    box.pepper = (struct officer_pepper){REGISTRY_PEPPER_DONE, 5, 6, 100, 8, 7};
    box.kek_generation = 9;
    struct officer_publication publication = {.jwks = bytes_of_text("{}"),
                                              .root_pem = bytes_of_text("root")};
    (void)state;
    officer_wire_put_box(&buffer, &box);
    assert_int_equal(officer_wire_get_box(end(&buffer), &box), ERR_OK);
    assert_int_equal(box.state, BOX_DEGRADED);
    assert_int_equal(box.salts, 1000);
    assert_int_equal(box.roll.phase, REGISTRY_ROLL_VERIFYING);
    assert_int_equal(box.roll.from * 10 + box.roll.to, 34);
    assert_int_equal(box.roll.percent * 10 + box.roll.left, 612);
    assert_int_equal(box.pepper.phase, REGISTRY_PEPPER_DONE);
    assert_int_equal(box.pepper.from * 10 + box.pepper.to, 56);
    assert_int_equal(box.pepper.percent, 100);
    assert_int_equal(box.pepper.left * 10 + box.pepper.left_vids, 87);
    assert_int_equal(box.kek_generation, 9);
    buffer = buffer_over(memory, sizeof memory);
    officer_wire_put_publication(&buffer, &publication);
    assert_int_equal(officer_wire_get_publication(end(&buffer), &publication), ERR_OK);
    assert_true(bytes_equal_text(publication.root_pem, "root"));
}

/* ---- biometric records ---- */

static uint8_t records_memory[OFFICER_RECORD_BYTES + 64];

static struct bytes records_of(const struct officer_record *records, size_t count) {
    struct buffer buffer = buffer_over(records_memory, sizeof records_memory);
    for (size_t i = 0; i < count; i++)
        officer_wire_put_record(&buffer, &records[i]);
    return end(&buffer);
}

static enum err send_records(struct bytes records, struct officer_person *got) {
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_person person = a_person();
    person.records = records;
    enum err err = officer_wire_add_person(&buffer, &person);
    if (err != ERR_OK)
        return err;
    struct cursor cursor = cursor_over(end(&buffer));
    return officer_wire_take_person(&cursor, got);
}

static void biometric_records_come_with_their_person(void **state) {
    const struct officer_record sent[] = {{"Right IndexFinger", bytes_of_text("one")},
                                          {"Right IndexFinger", bytes_of_text("two")},
                                          {"Face", bytes_of_text("three")},
                                          {"", bytes_of_text("<BIR/>")}};
    struct officer_person person;
    struct officer_record got;
    (void)state;
    assert_int_equal(send_records(records_of(sent, 4), &person), ERR_OK);
    struct cursor cursor = cursor_over(person.records);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(officer_wire_take_record(&cursor, &got), ERR_OK);
        assert_string_equal(got.part, sent[i].part);
        assert_true(bytes_equal(got.data, sent[i].data));
    }
    assert_int_equal(cursor.left, 0);
}

static void records_that_no_register_sends_are_refused(void **state) {
    struct officer_record many[OFFICER_RECORDS_MAX + 1];
    const struct officer_record bad[] = {
        {"Right Index", bytes_of_text("x")}, {"Iris Left", bytes_of_text("x")},
        {"UNKNOWN", bytes_of_text("x")},     {"face", bytes_of_text("x")},
        {"Left Thumb", bytes_of(NULL, 0)},
    };
    struct officer_person person;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(send_records(records_of(&bad[i], 1), &person), ERR_MALFORMED);
    for (size_t i = 0; i <= OFFICER_RECORDS_MAX; i++)
        many[i] = (struct officer_record){"Left Thumb", bytes_of_text("x")};
    assert_int_equal(send_records(records_of(many, OFFICER_RECORDS_MAX), &person), ERR_OK);
    assert_int_equal(send_records(records_of(many, OFFICER_RECORDS_MAX + 1), &person),
                     ERR_MALFORMED);
    struct bytes whole = records_of(many, 2);
    for (size_t len = 1; len < whole.len; len++)
        assert_int_equal(send_records(bytes_of(whole.data, len), &person),
                         len == whole.len / 2 ? ERR_OK : ERR_MALFORMED);
}

static void the_largest_records_fill_a_frame_and_larger_ones_do_not_fit(void **state) {
    static const uint8_t image[OFFICER_RECORD_BYTES + 1];
    const struct officer_record largest = {"Face", bytes_of(image, OFFICER_RECORD_BYTES - 12)},
                                larger = {"Face", bytes_of(image, OFFICER_RECORD_BYTES - 11)};
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_person person = a_person(), got;
    (void)state;
    assert_int_equal(send_records(records_of(&largest, 1), &got), ERR_OK);
    assert_int_equal(send_records(records_of(&larger, 1), &got), ERR_TOO_LARGE);
    person.photo = bytes_of(image, PHOTO_BYTES_MAX);
    assert_int_equal(officer_wire_add_person(&buffer, &person), ERR_OK);
    size_t one = buffer.len;
    person.records = records_of(&largest, 1);
    person.identity.attributes[0].value = bytes_of(image, IDENTITY_PLAIN_MAX);
    assert_int_equal(officer_wire_add_person(&buffer, &person), ERR_FULL);
    assert_int_equal(buffer.len, one);
    buffer = buffer_over(memory, sizeof memory);
    assert_int_equal(officer_wire_add_person(&buffer, &person), ERR_OK);
}

static void parts_of_the_body_have_mosips_names(void **state) {
    static const struct {
        const char *name;
        enum err found;
        enum biometric_modality modality;
        uint8_t position;
    } cases[] = {
        {"Right Thumb", ERR_OK, BIOMETRIC_FINGER, 1},
        {"Left LittleFinger", ERR_OK, BIOMETRIC_FINGER, 10},
        {"Right", ERR_OK, BIOMETRIC_IRIS, 1},
        {"Left", ERR_OK, BIOMETRIC_IRIS, 2},
        {"Face", ERR_OK, BIOMETRIC_FACE, 0},
        {"", ERR_NOT_FOUND, BIOMETRIC_IRIS, 0},
        {"Left Toe", ERR_NOT_FOUND, BIOMETRIC_IRIS, 0},
        {"UNKNOWN", ERR_NOT_FOUND, BIOMETRIC_IRIS, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum biometric_modality modality;
        uint8_t position;
        assert_int_equal(officer_wire_part(cases[i].name, &modality, &position), cases[i].found);
        assert_int_equal(modality, cases[i].modality);
        assert_int_equal(position, cases[i].position);
    }
}

static void a_hotlisted_device_survives_the_way(void **state) {
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_hotlist got,
        sent = {.kind = HOTLIST_DEVICE, .id = "SN1ACMEF200", .blocked = true, .until_ms = 8};
    (void)state;
    officer_wire_put_hotlist(&buffer, &sent);
    assert_int_equal(officer_wire_get_hotlist(end(&buffer), &got), ERR_OK);
    assert_memory_equal(&got, &sent, sizeof got);
    memory[0] = HOTLIST_PERSON; /* people come with their import */
    assert_int_equal(officer_wire_get_hotlist(end(&buffer), &got), ERR_MALFORMED);
    memory[0] = HOTLIST_DEVICE_PROVIDER + 1;
    assert_int_equal(officer_wire_get_hotlist(end(&buffer), &got), ERR_MALFORMED);
}

static void a_hotlisted_vid_survives_the_way(void **state) {
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_hotlist_vid got, sent = {.vid = "4302934834290231", .until_ms = 8};
    (void)state;
    officer_wire_put_hotlist_vid(&buffer, &sent);
    assert_int_equal(officer_wire_get_hotlist_vid(end(&buffer), &got), ERR_OK);
    assert_string_equal(got.vid, sent.vid);
    assert_true(!got.blocked && got.until_ms == 8);
    buffer = buffer_over(memory, sizeof memory);
    buffer_text(&buffer, "43029348342902310"); /* a digit too many */
    buffer_bool(&buffer, true);
    buffer_i64(&buffer, 0);
    assert_int_not_equal(officer_wire_get_hotlist_vid(end(&buffer), &got), ERR_OK);
    assert_false(got.blocked);
}

/* Every reader, by one signature. */
static enum err get_outcome(struct bytes payload) {
    struct officer_outcome got;
    return officer_wire_get_outcome(payload, &got);
}
static enum err get_trust(struct bytes payload) {
    struct officer_trust got;
    return officer_wire_get_trust(payload, &got);
}
static enum err get_partner(struct bytes payload) {
    struct officer_partner got;
    return officer_wire_get_partner(payload, &got);
}
static enum err get_partner_status(struct bytes payload) {
    struct officer_partner_status got;
    return officer_wire_get_partner_status(payload, &got);
}
static enum err get_policy(struct bytes payload) {
    struct policy got;
    return officer_wire_get_policy(payload, &got);
}
static enum err get_api_key(struct bytes payload) {
    struct officer_api_key got;
    return officer_wire_get_api_key(payload, &got);
}
static enum err get_misp(struct bytes payload) {
    struct officer_misp got;
    return officer_wire_get_misp(payload, &got);
}
static enum err get_publication(struct bytes payload) {
    struct officer_publication got;
    return officer_wire_get_publication(payload, &got);
}
static enum err get_hotlist(struct bytes payload) {
    struct officer_hotlist got;
    return officer_wire_get_hotlist(payload, &got);
}
static enum err get_hotlist_vid(struct bytes payload) {
    struct officer_hotlist_vid got;
    return officer_wire_get_hotlist_vid(payload, &got);
}
static enum err get_box(struct bytes payload) {
    struct officer_box got;
    return officer_wire_get_box(payload, &got);
}
static enum err get_person(struct bytes payload) {
    struct cursor cursor = cursor_over(payload);
    struct officer_person got;
    ERR_TRY(officer_wire_take_person(&cursor, &got));
    return cursor_end(&cursor);
}

/* One of each message; returns its reader, NULL after the last. */
typedef enum err (*reader)(struct bytes);
static reader write_sample(size_t index, struct buffer *buffer) {
    struct officer_person person = a_person();
    switch (index) {
    case 0:
        officer_wire_put_outcome(buffer, &(struct officer_outcome){.detail = "x"});
        return get_outcome;
    case 1:
        officer_wire_put_trust(buffer,
                               &(struct officer_trust){"AUTH", bytes_of_text("certificate")});
        return get_trust;
    case 2:
        officer_wire_put_partner(buffer, &(struct officer_partner){.status = STATUS_ACTIVE});
        return get_partner;
    case 3:
        officer_wire_put_partner_status(buffer,
                                        &(struct officer_partner_status){.status = STATUS_ACTIVE});
        return get_partner_status;
    case 4:
        officer_wire_put_policy(buffer, &(struct policy){.status = STATUS_ACTIVE,
                                                         .token_type = AUTH_TOKEN_RANDOM,
                                                         .attribute_count = 1,
                                                         .language_count = 1});
        return get_policy;
    case 5:
        officer_wire_put_api_key(buffer, &(struct officer_api_key){.row.status = STATUS_ACTIVE});
        return get_api_key;
    case 6:
        officer_wire_put_misp(buffer, &(struct officer_misp){.row.status = STATUS_ACTIVE});
        return get_misp;
    case 7:
        officer_wire_put_publication(buffer, &(struct officer_publication){0});
        return get_publication;
    case 8:
        officer_wire_put_box(buffer, &(struct officer_box){0});
        return get_box;
    case 9:
        assert_int_equal(officer_wire_add_person(buffer, &person), ERR_OK);
        return get_person;
    case 10:
        officer_wire_put_hotlist(buffer, &(struct officer_hotlist){.kind = HOTLIST_DEVICE});
        return get_hotlist;
    case 11:
        officer_wire_put_hotlist_vid(buffer, &(struct officer_hotlist_vid){.vid = "4"});
        return get_hotlist_vid;
    default:
        return NULL;
    }
}

static void a_message_cut_anywhere_is_refused(void **state) {
    (void)state;
    for (size_t index = 0; index < 12; index++) {
        struct buffer buffer = buffer_over(memory, sizeof memory);
        reader read = write_sample(index, &buffer);
        struct bytes whole = end(&buffer);
        assert_int_equal(read(whole), ERR_OK);
        for (size_t len = 0; len < whole.len; len++)
            assert_int_not_equal(read(bytes_of(whole.data, len)), ERR_OK);
    }
}

static void a_message_with_more_behind_it_is_refused(void **state) {
    (void)state;
    for (size_t index = 0; index < 12; index++) {
        struct buffer buffer = buffer_over(memory, sizeof memory);
        reader read = write_sample(index, &buffer);
        buffer_u8(&buffer, 0);
        assert_int_not_equal(read(end(&buffer)), ERR_OK);
    }
}

static void a_value_outside_its_enumeration_is_refused(void **state) {
    struct buffer buffer = buffer_over(memory, sizeof memory);
    (void)state;
    officer_wire_put_partner_status(&buffer, &(struct officer_partner_status){.status = 4});
    assert_int_equal(get_partner_status(end(&buffer)), ERR_MALFORMED);
    buffer = buffer_over(memory, sizeof memory);
    officer_wire_put_outcome(&buffer, &(struct officer_outcome){.reason = OFFICER_REASON_COUNT});
    assert_int_equal(get_outcome(end(&buffer)), ERR_MALFORMED);
    buffer = buffer_over(memory, sizeof memory);
    officer_wire_put_box(&buffer, &(struct officer_box){.state = BOX_DEGRADED + 1});
    assert_int_equal(get_box(end(&buffer)), ERR_MALFORMED);
    buffer = buffer_over(memory, sizeof memory);
    officer_wire_put_box(&buffer, &(struct officer_box){.pepper.phase = REGISTRY_PEPPER_DONE + 1});
    assert_int_equal(get_box(end(&buffer)), ERR_MALFORMED);
    buffer = buffer_over(memory, sizeof memory);
    officer_wire_put_outcome(&buffer, &(struct officer_outcome){.detail = "\033[2J"});
    assert_int_equal(get_outcome(end(&buffer)), ERR_MALFORMED);
}

static void a_probability_over_certainty_is_refused(void **state) {
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct policy policy = {.status = STATUS_ACTIVE,
                            .token_type = AUTH_TOKEN_RANDOM,
                            .biometrics.rate = {0, FALSE_MATCH_CERTAIN}};
    (void)state;
    officer_wire_put_policy(&buffer, &policy);
    assert_int_equal(get_policy(end(&buffer)), ERR_OK);
    buffer = buffer_over(memory, sizeof memory);
    policy.biometrics.rate[POLICY_IRIS]++;
    officer_wire_put_policy(&buffer, &policy);
    assert_int_equal(get_policy(end(&buffer)), ERR_MALFORMED);
}

static void more_attributes_than_a_policy_has_are_refused(void **state) {
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct policy policy = {.status = STATUS_ACTIVE, .token_type = AUTH_TOKEN_RANDOM};
    (void)state;
    officer_wire_put_policy(&buffer, &policy);
    memory[buffer.len - POLICY_BIOMETRICS_BYTES - 4] = 0xff; /* the count of attributes */
    assert_int_equal(get_policy(end(&buffer)), ERR_TOO_LARGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outcome_survives_the_way),
        cmocka_unit_test(an_outcome_that_is_cut_short_or_too_long_is_no_yes),
        cmocka_unit_test(a_partner_and_its_certificate_survive_the_way),
        cmocka_unit_test(a_policy_survives_the_way),
        cmocka_unit_test(certificates_of_the_jose_profile_survive_the_way),
        cmocka_unit_test(a_shown_identity_comes_with_success_and_with_nothing_else),
        cmocka_unit_test(keys_survive_the_way),
        cmocka_unit_test(people_survive_the_way_in_their_order),
        cmocka_unit_test(a_person_too_large_leaves_the_batch_as_it_was),
        cmocka_unit_test(the_largest_person_fits_and_a_larger_photo_does_not),
        cmocka_unit_test(a_box_and_a_publication_survive_the_way),
        cmocka_unit_test(a_message_cut_anywhere_is_refused),
        cmocka_unit_test(a_message_with_more_behind_it_is_refused),
        cmocka_unit_test(a_value_outside_its_enumeration_is_refused),
        cmocka_unit_test(a_probability_over_certainty_is_refused),
        cmocka_unit_test(more_attributes_than_a_policy_has_are_refused),
        cmocka_unit_test(biometric_records_come_with_their_person),
        cmocka_unit_test(records_that_no_register_sends_are_refused),
        cmocka_unit_test(the_largest_records_fill_a_frame_and_larger_ones_do_not_fit),
        cmocka_unit_test(parts_of_the_body_have_mosips_names),
        cmocka_unit_test(a_hotlisted_device_survives_the_way),
        cmocka_unit_test(a_hotlisted_vid_survives_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
