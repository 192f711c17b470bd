#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "tests/unit/provd_box.h"

#include "authd/core/identifier.h"
#include "authd/core/token.h"
#include "authd/store/registry_pepper.h"

/* ---- people ---- */

static void complete(char *identifier, size_t digits) {
    char check;
    assert_int_equal(identifier_check_digit(identifier, digits - 1, &check), ERR_OK);
    identifier[digits - 1] = check;
    identifier[digits] = '\0';
}

static struct officer_person person_number(unsigned number) {
    struct officer_person person = {.identity = {.birth_year = 1985,
                                                 .birth_month = 3,
                                                 .birth_day = 21,
                                                 .phone = "+212612345678",
                                                 .email = "someone@example.org",
                                                 .language = "ara",
                                                 .attribute_count = 1}};
    person.identity.attributes[0] =
        (struct identity_attribute){.name = bytes_of_text("fullName"),
                                    .language = "fra",
                                    .value = bytes_of_text("A. Personne")};
    (void)snprintf(person.identity.uin, sizeof person.identity.uin, "%09u", 200000000 + number * 7);
    complete(person.identity.uin, IDENTIFIER_UIN_DIGITS);
    return person;
}

static void give_vid(struct officer_person *person, unsigned number) {
    struct officer_vid *vid = &person->vids[person->vid_count++];
    *vid = (struct officer_vid){.type = ALIAS_PERPETUAL};
    (void)snprintf(vid->vid, sizeof vid->vid, "%015u", 300000000 + number * 11);
    complete(vid->vid, IDENTIFIER_VID_DIGITS);
}

static struct officer_outcome put(struct provd_box *box, const struct officer_person *people,
                                  size_t count) {
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(officer_wire_add_person(&buffer, &people[i]), ERR_OK);
    return provd_box_change(box, OFFICER_PEOPLE_PUT, &buffer);
}

/* As the harness's signers make it. */
static void lookup_key(struct provd_box *box, const char *identifier, uint8_t key[static 32]) {
    char salt[SALT_SIZE];
    uint8_t hash[IDENTIFIER_HASH_BYTES];
    assert_int_equal(registry_salt(box->provd.registry, identifier_salt_modulo(identifier), salt),
                     ERR_OK);
    assert_int_equal(identifier_hash(identifier, salt, hash), ERR_OK);
    (void)crypto_generichash(key, 32, hash, 32, (const uint8_t *)"a pepper of sixteen", 16);
}

static struct identity *stored(struct provd_box *box, const struct officer_person *person) {
    struct identity *identity = NULL;
    uint8_t key[32];
    lookup_key(box, person->identity.uin, key);
    assert_int_equal(registry_identity(box->provd.registry, key, &identity), ERR_OK);
    return identity;
}

static bool is_stored(struct provd_box *box, const struct officer_person *person) {
    IDENTITY_CLEANUP struct identity *identity = NULL;
    uint8_t key[32];
    lookup_key(box, person->identity.uin, key);
    return registry_identity(box->provd.registry, key, &identity) == ERR_OK;
}

/* Not an image that anybody could show, but one that begins as one. */
static struct bytes image(size_t len) {
    static uint8_t memory[PHOTO_BYTES_MAX + 1] = {0xff, 0xd8, 0xff, 0xe0};
    return bytes_of(memory, len);
}

static size_t photo_bytes(struct provd_box *box, const struct officer_person *person) {
    SECRET(photo);
    uint8_t key[32];
    lookup_key(box, person->identity.uin, key);
    enum err err = registry_photo(box->provd.registry, key, &photo);
    assert_int_equal(err, photo.len > 0 ? ERR_OK : ERR_NOT_FOUND);
    return photo.len;
}

static struct provd_box *initialised(void **state) {
    provd_box_initialise(*state);
    return *state;
}

/* ---- tests ---- */

static void a_person_is_kept_under_the_lookup_key_with_a_token(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person person = person_number(1);
    struct national national;
    char token[TOKEN_SIZE];
    person.identity.locks = LOCK_OTP_PHONE;
    person.identity.deactivated = true;
    struct officer_outcome outcome = put(box, &person, 1);
    provd_box_assert_done(outcome);
    assert_int_equal(outcome.count, 1);
    IDENTITY_CLEANUP struct identity *identity = stored(box, &person);
    assert_string_equal(identity->uin, person.identity.uin);
    assert_true(identity->deactivated);
    assert_int_equal(identity->locks, LOCK_OTP_PHONE);
    assert_true(bytes_equal_text(identity->attributes[0].value, "A. Personne"));
    assert_int_equal(registry_national(box->provd.registry, &national), ERR_OK);
    assert_int_equal(token_derive(identity->uin, national.token_partner, national.uin_salt,
                                  national.partner_salt, token),
                     ERR_OK);
    assert_string_equal(identity->token, token);
}

static void an_import_repeated_replaces_and_keeps_the_audit_salt(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person person = person_number(1);
    provd_box_assert_done(put(box, &person, 1));
    IDENTITY_CLEANUP struct identity *before = stored(box, &person);
    (void)strcpy(person.identity.phone, "+212699999999");
    provd_box_assert_done(put(box, &person, 1));
    IDENTITY_CLEANUP struct identity *after = stored(box, &person);
    assert_memory_equal(before->audit_salt, after->audit_salt, sizeof after->audit_salt);
    assert_string_equal(after->phone, "+212699999999");
    struct officer_outcome outcome;
    assert_int_equal(provd_box_ask(box, OFFICER_STATUS, bytes_of(NULL, 0), &outcome), ERR_OK);
}

static void a_photo_comes_and_goes_with_its_person(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person people[2] = {person_number(1), person_number(2)};
    people[0].photo = image(PHOTO_BYTES_MAX);
    provd_box_assert_done(put(box, people, 2));
    assert_int_equal(photo_bytes(box, &people[0]), PHOTO_BYTES_MAX);
    assert_int_equal(photo_bytes(box, &people[1]), 0);
    people[0].photo = image(500);
    provd_box_assert_done(put(box, people, 1));
    assert_int_equal(photo_bytes(box, &people[0]), 500);
    people[0].photo = bytes_of(NULL, 0);
    provd_box_assert_done(put(box, people, 1));
    assert_int_equal(photo_bytes(box, &people[0]), 0);
}

static void a_photo_over_the_bound_breaks_the_protocol(void **state) {
    struct provd_box *box = initialised(state);
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_person person = person_number(1);
    struct officer_outcome outcome;
    struct bytes written;
    person.photo = image(PHOTO_BYTES_MAX + 1);
    assert_int_equal(officer_wire_add_person(&buffer, &person), ERR_OK);
    assert_int_equal(buffer_end(&buffer, &written), ERR_OK);
    assert_int_not_equal(provd_box_ask(box, OFFICER_PEOPLE_PUT, written, &outcome), ERR_OK);
    assert_false(is_stored(box, &person));
}

static void a_vid_leads_to_its_person_and_keeps_its_id(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person person = person_number(1);
    struct alias before, after;
    uint8_t person_key[32], vid_key[32];
    give_vid(&person, 1);
    give_vid(&person, 2);
    provd_box_assert_done(put(box, &person, 1));
    lookup_key(box, person.identity.uin, person_key);
    lookup_key(box, person.vids[1].vid, vid_key);
    assert_int_equal(registry_alias(box->provd.registry, vid_key, &before), ERR_OK);
    assert_memory_equal(before.lookup_key, person_key, 32);
    person.vids[1].revoked = true;
    person.vids[1].uses = 2;
    provd_box_assert_done(put(box, &person, 1));
    assert_int_equal(registry_alias(box->provd.registry, vid_key, &after), ERR_OK);
    assert_true(after.revoked);
    assert_int_equal(after.uses, 2);
    assert_memory_equal(before.alias_id, after.alias_id, sizeof after.alias_id);
}

/* ---- the hotlist of VIDs ---- */

static struct officer_outcome hotlist(struct provd_box *box, const char *vid, bool blocked,
                                      int64_t until_ms) {
    uint8_t memory[64];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_hotlist_vid question = {.blocked = blocked, .until_ms = until_ms};
    memcpy(question.vid, vid, strlen(vid));
    officer_wire_put_hotlist_vid(&buffer, &question);
    return provd_box_change(box, OFFICER_HOTLIST_VID, &buffer);
}

/* As core asks: by the alias id, or by the lookup key of an older entry. */
static bool vid_is_blocked(struct provd_box *box, const char *vid, int64_t now_ms) {
    uint8_t key[32];
    struct alias alias;
    bool blocked = true;
    lookup_key(box, vid, key);
    assert_int_equal(registry_alias(box->provd.registry, key, &alias), ERR_OK);
    const struct bytes ids[] = {bytes_of(alias.alias_id, sizeof alias.alias_id),
                                bytes_of(key, sizeof key)};
    assert_int_equal(registry_person_hotlisted(box->provd.registry, ids, 2, now_ms, &blocked),
                     ERR_OK);
    return blocked;
}

static struct officer_person with_two_vids(struct provd_box *box) {
    struct officer_person person = person_number(1);
    give_vid(&person, 1);
    give_vid(&person, 2);
    provd_box_assert_done(put(box, &person, 1));
    return person;
}

static void a_vid_is_blocked_alone_and_let_in_again(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person person = with_two_vids(box);
    const char *vid = person.vids[0].vid;
    uint8_t key[32];
    bool person_blocked = true;
    provd_box_assert_done(hotlist(box, vid, true, 1000));
    assert_true(vid_is_blocked(box, vid, 999));
    assert_false(vid_is_blocked(box, vid, 1000));
    assert_false(vid_is_blocked(box, person.vids[1].vid, 0));
    lookup_key(box, person.identity.uin, key);
    assert_int_equal(registry_hotlisted(box->provd.registry, HOTLIST_PERSON,
                                        bytes_of(key, sizeof key), 0, &person_blocked),
                     ERR_OK);
    assert_false(person_blocked);
    provd_box_assert_done(hotlist(box, vid, true, 0));
    provd_box_assert_done(put(box, &person, 1)); /* an import changes nothing of it */
    assert_true(vid_is_blocked(box, vid, INT64_MAX));
    provd_box_assert_done(hotlist(box, vid, false, 0));
    assert_false(vid_is_blocked(box, vid, 0));
}

static void the_journal_tells_of_a_blocked_vid_by_its_internal_id(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person person = with_two_vids(box);
    struct alias alias;
    uint8_t key[32];
    char id[17], subject[64];
    lookup_key(box, person.vids[0].vid, key);
    assert_int_equal(registry_alias(box->provd.registry, key, &alias), ERR_OK);
    (void)sodium_bin2hex(id, sizeof id, alias.alias_id, 8);
    (void)snprintf(subject, sizeof subject, "block vid %s", id);
    size_t audits = box->audit_count;
    provd_box_assert_done(hotlist(box, person.vids[0].vid, true, 0));
    assert_int_equal(box->audit_count, audits + 1);
    assert_string_equal(box->audits[audits].action, "hotlist");
    assert_string_equal(box->audits[audits].subject, subject);
    box->core_status = ERR_UNAVAILABLE;
    provd_box_assert_refused(hotlist(box, person.vids[1].vid, true, 0), OFFICER_REASON_CORE);
    assert_false(vid_is_blocked(box, person.vids[1].vid, 0));
}

/* Of before a VID's entry went by its alias id. */
static void an_older_entry_does_not_outlive_the_word_that_lets_it_in(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person person = with_two_vids(box);
    const struct hotlist_entry entry = {.blocked = true};
    uint8_t key[32];
    uint64_t sequence;
    lookup_key(box, person.vids[0].vid, key);
    struct registry_batch batch = registry_begin(box->provd.registry);
    registry_put_hotlisted(&batch, HOTLIST_PERSON, bytes_of(key, sizeof key), &entry);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
    assert_true(vid_is_blocked(box, person.vids[0].vid, 0));
    provd_box_assert_done(hotlist(box, person.vids[0].vid, false, 0));
    assert_false(vid_is_blocked(box, person.vids[0].vid, 0));
}

static void what_is_no_vid_of_the_registry_is_refused(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person person = with_two_vids(box), stranger = person_number(9);
    give_vid(&stranger, 9);
    size_t audits = box->audit_count;
    struct officer_outcome outcome = hotlist(box, stranger.vids[0].vid, true, 0);
    provd_box_assert_refused(outcome, OFFICER_REASON_UNKNOWN);
    assert_string_equal(outcome.detail, "vid");
    provd_box_assert_refused(hotlist(box, person.identity.uin, true, 0), OFFICER_REASON_VALUE);
    provd_box_assert_refused(hotlist(box, "1234567890123456", true, 0), OFFICER_REASON_VALUE);
    provd_box_assert_refused(hotlist(box, person.vids[0].vid, false, 5), OFFICER_REASON_VALUE);
    provd_box_assert_refused(hotlist(box, person.vids[0].vid, true, -1), OFFICER_REASON_VALUE);
    box->pepper.active = 2; /* signers that are behind do not know where it is */
    struct registry_batch batch = registry_begin(box->provd.registry);
    uint64_t sequence;
    registry_pepper_begin(&batch, 1, 2);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
    box->behind_answers = 1;
    provd_box_assert_refused(hotlist(box, person.vids[0].vid, true, 0), OFFICER_REASON_TOKEN);
    assert_int_equal(box->audit_count, audits);
    assert_false(vid_is_blocked(box, person.vids[0].vid, 0));
    provd_box_assert_done(hotlist(box, person.vids[0].vid, true, 0));
}

/* ---- batches ---- */

static void anothers_vid_refuses_the_whole_batch(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person people[2] = {person_number(1), person_number(2)},
                          owner = person_number(3);
    give_vid(&owner, 1);
    provd_box_assert_done(put(box, &owner, 1));
    give_vid(&people[1], 1);
    struct officer_outcome outcome = put(box, people, 2);
    provd_box_assert_refused(outcome, OFFICER_REASON_VID_TAKEN);
    assert_int_equal(outcome.count, 1);
    assert_false(is_stored(box, &people[0]));
    assert_false(is_stored(box, &people[1]));
}

static void an_identifier_twice_in_a_batch_refuses_it(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person people[2] = {person_number(1), person_number(1)};
    provd_box_assert_refused(put(box, people, 2), OFFICER_REASON_TWICE);
    people[1] = person_number(2);
    give_vid(&people[0], 5);
    give_vid(&people[1], 5);
    struct officer_outcome outcome = put(box, people, 2);
    provd_box_assert_refused(outcome, OFFICER_REASON_TWICE);
    assert_int_equal(outcome.count, 1);
    assert_false(is_stored(box, &people[0]));
}

static bool is_blocked(struct provd_box *box, const struct officer_person *person, int64_t now_ms) {
    uint8_t key[32];
    bool blocked = false;
    lookup_key(box, person->identity.uin, key);
    assert_int_equal(registry_hotlisted(box->provd.registry, HOTLIST_PERSON, bytes_of(key, 32),
                                        now_ms, &blocked),
                     ERR_OK);
    return blocked;
}

static void a_hotlisted_person_is_blocked_until_imported_without(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person person = person_number(1);
    person.hotlisted = true;
    provd_box_assert_done(put(box, &person, 1));
    assert_true(is_blocked(box, &person, 1000));
    assert_true(is_blocked(box, &person, INT64_MAX));
    person.hotlisted = false;
    provd_box_assert_done(put(box, &person, 1));
    assert_false(is_blocked(box, &person, 1000));
}

/* A later file counts, whether its date is sooner, later, or none. */
static void a_hotlisted_person_is_blocked_until_the_date(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person person = person_number(1);
    person.hotlisted = true;
    static const int64_t dates[] = {5000, 7000, 3000};
    for (size_t i = 0; i < 3; i++) {
        person.hotlisted_until_ms = dates[i];
        provd_box_assert_done(put(box, &person, 1));
        assert_true(is_blocked(box, &person, 0));
        assert_true(is_blocked(box, &person, dates[i] - 1));
        assert_false(is_blocked(box, &person, dates[i]));
    }
    person.hotlisted_until_ms = 0;
    provd_box_assert_done(put(box, &person, 1));
    assert_true(is_blocked(box, &person, INT64_MAX));
}

/* It would block once more if the clock were set back. */
static void an_entry_that_has_expired_is_taken_away_too(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person person = person_number(1);
    person.hotlisted = true;
    person.hotlisted_until_ms = 5000;
    provd_box_assert_done(put(box, &person, 1));
    person.hotlisted = false;
    person.hotlisted_until_ms = 0;
    provd_box_assert_done(put(box, &person, 1));
    assert_false(is_blocked(box, &person, 0));
}

static void a_hotlist_date_that_means_nothing_refuses_the_batch(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person person = person_number(1);
    person.hotlisted_until_ms = 5000; /* but not on it */
    provd_box_assert_refused(put(box, &person, 1), OFFICER_REASON_PERSON);
    person.hotlisted = true;
    person.hotlisted_until_ms = -1;
    provd_box_assert_refused(put(box, &person, 1), OFFICER_REASON_PERSON);
    person.hotlisted_until_ms = INT64_MAX;
    provd_box_assert_refused(put(box, &person, 1), OFFICER_REASON_PERSON);
    assert_false(is_stored(box, &person));
}

static void a_full_batch_with_vids_takes_several_lookups(void **state) {
    static struct officer_person people[OFFICER_PEOPLE_MAX];
    struct provd_box *box = initialised(state);
    for (unsigned i = 0; i < OFFICER_PEOPLE_MAX; i++) {
        people[i] = person_number(i);
        for (unsigned j = 0; j < OFFICER_VIDS_MAX; j++)
            give_vid(&people[i], i * OFFICER_VIDS_MAX + j);
    }
    struct officer_outcome outcome = put(box, people, OFFICER_PEOPLE_MAX);
    provd_box_assert_done(outcome);
    assert_int_equal(outcome.count, OFFICER_PEOPLE_MAX);
    assert_int_equal(box->lookups[0] + box->lookups[1], 3);
    for (unsigned i = 0; i < OFFICER_PEOPLE_MAX; i++)
        assert_true(is_stored(box, &people[i]));
    assert_string_equal(box->audits[box->audit_count - 1].subject, "people=64");
}

static void more_than_a_batch_or_nobody_breaks_the_protocol(void **state) {
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    struct provd_box *box = initialised(state);
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_outcome outcome;
    struct bytes written;
    for (unsigned i = 0; i <= OFFICER_PEOPLE_MAX; i++) {
        struct officer_person person = person_number(i);
        assert_int_equal(officer_wire_add_person(&buffer, &person), ERR_OK);
    }
    assert_int_equal(buffer_end(&buffer, &written), ERR_OK);
    assert_int_equal(provd_box_ask(box, OFFICER_PEOPLE_PUT, written, &outcome), ERR_TOO_LARGE);
    assert_int_equal(provd_box_ask(box, OFFICER_PEOPLE_PUT, bytes_of(NULL, 0), &outcome),
                     ERR_MALFORMED);
}

static void each_wrong_field_is_named(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person good = person_number(1), bad[9];
    static const char *const fields[] = {"uin",      "uin",   "phone",      "email", "dob",
                                         "language", "locks", "attributes", "photo"};
    for (size_t i = 0; i < 9; i++)
        bad[i] = person_number(2);
    bad[0].identity.uin[9] = bad[0].identity.uin[9] == '9' ? '0' : bad[0].identity.uin[9] + 1;
    bad[1].identity.uin[3] = 'x';
    (void)strcpy(bad[2].identity.phone, "0612345678");
    (void)strcpy(bad[3].identity.email, "nobody");
    bad[4].identity.birth_month = 13;
    (void)strcpy(bad[5].identity.language, "fr");
    bad[6].identity.locks = 1u << 30;
    bad[7].identity.attributes[0].value = bytes_of_text("a\nb");
    bad[8].photo = bytes_of_text("GIF89a");
    for (size_t i = 0; i < 9; i++) {
        struct officer_person people[2] = {good, bad[i]};
        struct officer_outcome outcome = put(box, people, 2);
        provd_box_assert_refused(outcome, OFFICER_REASON_PERSON);
        assert_string_equal(outcome.detail, fields[i]);
        assert_int_equal(outcome.count, 1);
    }
    assert_false(is_stored(box, &good));
}

static void a_vid_with_a_wrong_check_digit_is_refused(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person person = person_number(1);
    give_vid(&person, 1);
    char *last = &person.vids[0].vid[15];
    *last = *last == '9' ? '0' : *last + 1;
    struct officer_outcome outcome = put(box, &person, 1);
    provd_box_assert_refused(outcome, OFFICER_REASON_PERSON);
    assert_string_equal(outcome.detail, "vids");
}

static void a_person_too_large_for_a_record_is_refused(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person people[2] = {person_number(1), person_number(2)};
    char value[IDENTITY_PLAIN_MAX - 64];
    memset(value, 'x', sizeof value);
    people[1].identity.attributes[0].value = bytes_of(value, sizeof value);
    people[1].identity.attributes[1] = people[1].identity.attributes[0];
    people[1].identity.attributes[1].value = bytes_of(value, 200);
    people[1].identity.attribute_count = 2;
    struct officer_outcome outcome = put(box, people, 2);
    provd_box_assert_refused(outcome, OFFICER_REASON_PERSON);
    assert_int_equal(outcome.count, 1);
    assert_false(is_stored(box, &people[0]));
    assert_int_equal(box->provd.fatal, ERR_OK);
}

static void a_signer_that_dies_is_replaced_by_the_other(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person people[2] = {person_number(1), person_number(2)};
    for (int deaf = 0; deaf < 2; deaf++) {
        box->deaf_signer = deaf;
        provd_peers_up(box->provd.peers, "hsm", 0);
        provd_peers_up(box->provd.peers, "hsm", 1);
        provd_box_assert_done(put(box, &people[0], 1));
        provd_box_assert_done(put(box, &people[1], 1));
        assert_true(box->lookups[deaf] > 0);
    }
}

/* A predecessor asked and died; its answers wait in the socket that provd inherits. */
static void answers_to_a_predecessor_are_not_taken(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person person = person_number(1);
    static uint8_t memory[4096];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct hsm_looked_up looked_up = {.count = 1, .lookup[0] = {.count = 1, .of[0].generation = 1}};
    struct frame frame = {.type = HSM_LOOKED_UP};
    memset(looked_up.lookup[0].of[0].key, 0xee, sizeof looked_up.lookup[0].of[0].key);
    hsm_wire_put_looked_up(&buffer, &looked_up);
    assert_int_equal(buffer_end(&buffer, &frame.payload), ERR_OK);
    for (frame.id = 0; frame.id < 32; frame.id++) {
        assert_int_equal(serve_send(box->far[2], &frame), ERR_OK);
        assert_int_equal(serve_send(box->far[3], &frame), ERR_OK);
    }
    provd_box_assert_done(put(box, &person, 1));
    assert_true(is_stored(box, &person));
}

static void the_signers_rate_ceiling_is_waited_for(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person person = person_number(1);
    box->limited_answers = 2;
    provd_box_assert_done(put(box, &person, 1));
    assert_int_equal(box->limited_answers, 0);
    assert_int_equal(box->lookups[0] + box->lookups[1], 3);
}

static void unrecorded_people_are_not_stored(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person person = person_number(1);
    box->core_status = ERR_UNAVAILABLE;
    provd_box_assert_refused(put(box, &person, 1), OFFICER_REASON_CORE);
    assert_false(is_stored(box, &person));
}

static void the_journal_names_nobody(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person person = person_number(1);
    provd_box_assert_done(put(box, &person, 1));
    const struct provd_audit *audit = &box->audits[box->audit_count - 1];
    assert_string_equal(audit->action, "people import");
    assert_string_equal(audit->subject, "people=1");
}

static void people_outlive_the_process(void **state) {
    struct provd_box *box = initialised(state);
    struct officer_person person = person_number(1);
    struct officer_outcome outcome;
    provd_box_assert_done(put(box, &person, 1));
    provd_box_stop(box);
    provd_box_start(box);
    provd_box_initialise(box);
    assert_true(is_stored(box, &person));
    assert_int_equal(provd_box_ask(box, OFFICER_STATUS, bytes_of(NULL, 0), &outcome), ERR_OK);
    provd_box_assert_done(outcome);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, provd_box_setup, provd_box_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_person_is_kept_under_the_lookup_key_with_a_token),
        TEST(an_import_repeated_replaces_and_keeps_the_audit_salt),
        TEST(a_photo_comes_and_goes_with_its_person),
        TEST(a_photo_over_the_bound_breaks_the_protocol),
        TEST(a_vid_leads_to_its_person_and_keeps_its_id),
        TEST(a_vid_is_blocked_alone_and_let_in_again),
        TEST(the_journal_tells_of_a_blocked_vid_by_its_internal_id),
        TEST(an_older_entry_does_not_outlive_the_word_that_lets_it_in),
        TEST(what_is_no_vid_of_the_registry_is_refused),
        TEST(anothers_vid_refuses_the_whole_batch),
        TEST(an_identifier_twice_in_a_batch_refuses_it),
        TEST(a_hotlisted_person_is_blocked_until_imported_without),
        TEST(a_hotlisted_person_is_blocked_until_the_date),
        TEST(an_entry_that_has_expired_is_taken_away_too),
        TEST(a_hotlist_date_that_means_nothing_refuses_the_batch),
        TEST(a_full_batch_with_vids_takes_several_lookups),
        TEST(more_than_a_batch_or_nobody_breaks_the_protocol),
        TEST(each_wrong_field_is_named),
        TEST(a_vid_with_a_wrong_check_digit_is_refused),
        TEST(a_person_too_large_for_a_record_is_refused),
        TEST(a_signer_that_dies_is_replaced_by_the_other),
        TEST(answers_to_a_predecessor_are_not_taken),
        TEST(the_signers_rate_ceiling_is_waited_for),
        TEST(unrecorded_people_are_not_stored),
        TEST(the_journal_names_nobody),
        TEST(people_outlive_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
