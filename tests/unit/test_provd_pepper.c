#include <stdio.h>
#include <string.h>

#include "tests/unit/provd_box.h"

#include "authd/core/identifier.h"
#include "authd/store/registry_row.h"
#include "provisioning/officer_wire_roots.h"
#include "provisioning/pepper_roll.h"
#include "provisioning/upkeep.h"

/* The roll of the pepper: what provd does of it between its turns, and how it imports meanwhile. */
#define PEOPLE 5

static void complete(char *identifier, size_t digits) {
    char check;
    assert_int_equal(identifier_check_digit(identifier, digits - 1, &check), ERR_OK);
    identifier[digits - 1] = check;
    identifier[digits] = '\0';
}

/* With one VID. */
static struct officer_person person_number(unsigned number) {
    struct officer_person person = {.identity = {.birth_year = 1985, .phone = "+212612345678"},
                                    .vid_count = 1,
                                    .vids[0] = {.type = ALIAS_PERPETUAL}};
    (void)snprintf(person.identity.uin, sizeof person.identity.uin, "%09u", 200000000 + number * 7);
    complete(person.identity.uin, IDENTIFIER_UIN_DIGITS);
    (void)snprintf(person.vids[0].vid, sizeof person.vids[0].vid, "%015u", 300000000 + number * 11);
    complete(person.vids[0].vid, IDENTIFIER_VID_DIGITS);
    return person;
}

static struct officer_outcome import(struct provd_box *box, unsigned first, unsigned count) {
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    for (unsigned i = first; i < first + count; i++) {
        struct officer_person person = person_number(i);
        assert_int_equal(officer_wire_add_person(&buffer, &person), ERR_OK);
    }
    return provd_box_change(box, OFFICER_PEOPLE_PUT, &buffer);
}

static struct registry_address address(struct provd_box *box, const char *identifier,
                                       uint16_t pepper) {
    struct registry_address address;
    char salt[SALT_SIZE];
    uint8_t hash[IDENTIFIER_HASH_BYTES];
    assert_int_equal(registry_salt(box->provd.registry, identifier_salt_modulo(identifier), salt),
                     ERR_OK);
    assert_int_equal(identifier_hash(identifier, salt, hash), ERR_OK);
    provd_box_lookup_key(hash, pepper, address.lookup_key);
    return address;
}

/* Under this pepper alone. ${row_pepper}: that the person's own row is under. */
static void assert_found(struct provd_box *box, unsigned number, uint16_t pepper,
                         uint16_t row_pepper) {
    struct officer_person person = person_number(number);
    const struct registry_address uin = address(box, person.identity.uin, pepper),
                                  vid = address(box, person.vids[0].vid, pepper),
                                  row = address(box, person.identity.uin, row_pepper);
    uint8_t person_key[IDENTITY_LOOKUP_BYTES];
    struct alias alias;
    IDENTITY_CLEANUP struct identity *identity = NULL;
    assert_int_equal(registry_find_person(box->provd.registry, &uin, 1, person_key), ERR_OK);
    assert_memory_equal(person_key, row.lookup_key, sizeof person_key);
    assert_int_equal(registry_identity(box->provd.registry, person_key, &identity), ERR_OK);
    assert_string_equal(identity->uin, person.identity.uin);
    assert_int_equal(registry_find_alias(box->provd.registry, &vid, 1, &alias), ERR_OK);
    assert_memory_equal(alias.lookup_key, row.lookup_key, sizeof alias.lookup_key);
}

static bool vid_is_under(struct provd_box *box, unsigned number, uint16_t pepper) {
    struct officer_person person = person_number(number);
    const struct registry_address vid = address(box, person.vids[0].vid, pepper);
    struct alias alias;
    return registry_find_alias(box->provd.registry, &vid, 1, &alias) == ERR_OK;
}

/* ---- turns ---- */

static void turn(struct provd_box *box) {
    box->provd.pepper_due_ms = box->provd.roll_due_ms = 0;
    (void)upkeep_turn(&box->provd);
    assert_int_equal(box->provd.fatal, ERR_OK);
}

static struct registry_pepper now(struct provd_box *box) {
    struct registry_pepper pepper;
    assert_int_equal(registry_pepper_get(box->provd.registry, &pepper), ERR_OK);
    return pepper;
}

static void turn_until_done(struct provd_box *box) {
    for (size_t turns = 0; turns == 0 || now(box).phase != REGISTRY_PEPPER_DONE; turns++) {
        assert_true(turns < 100);
        turn(box);
    }
    turn(box); /* to tell, or to see that there is nothing to tell */
}

static int set_up(void **state) {
    assert_int_equal(provd_box_setup(state), 0);
    struct provd_box *box = *state;
    provd_box_initialise(box);
    box->provd.state = BOX_OPERATIONAL;
    provd_box_assert_done(import(box, 0, PEOPLE));
    turn(box);
    return 0;
}

static void start_over(struct provd_box *box) {
    provd_box_stop(box);
    provd_box_start(box);
    box->provd.state = BOX_OPERATIONAL;
}

/* ---- the sweep ---- */

static void a_younger_pepper_is_swept_to_and_its_elder_let_go(void **state) {
    struct provd_box *box = *state;
    assert_int_equal(now(box).phase, REGISTRY_PEPPER_NONE);
    for (unsigned i = 0; i < PEOPLE; i++)
        assert_found(box, i, 1, 1);
    provd_box_roll_key(box, &box->pepper);
    turn(box);
    for (unsigned turns = 0; now(box).phase != REGISTRY_PEPPER_DONE; turns++) {
        assert_true(turns < 100);
        assert_int_equal(box->need.pepper_from, 0); /* not before all rows have moved */
        turn(box);
    }
    turn(box);
    assert_int_equal(box->need.pepper_from, 2);
    assert_int_equal(box->pepper.oldest, 2);
    for (unsigned i = 0; i < PEOPLE; i++)
        assert_found(box, i, 2, 1);
    size_t needs = box->needs;
    turn(box);
    assert_int_equal(box->needs, needs); /* once is enough */
}

static void a_restarted_process_goes_on_where_it_was(void **state) {
    struct provd_box *box = *state;
    provd_box_roll_key(box, &box->pepper);
    turn(box);
    uint64_t seen = 0;
    for (unsigned turns = 0; box->need.pepper_from == 0; turns++) {
        assert_true(turns < 100);
        start_over(box);
        turn(box);
        if (now(box).phase == REGISTRY_PEPPER_SWEEPING)
            assert_true(now(box).seen >= seen);
        seen = now(box).phase == REGISTRY_PEPPER_SWEEPING ? now(box).seen : seen;
    }
    assert_int_equal(now(box).moved, 2 * PEOPLE);
    provd_box_initialise(box); /* opens the roots */
    for (unsigned i = 0; i < PEOPLE; i++)
        assert_found(box, i, 2, 1);
}

static void the_signers_ceiling_is_honoured(void **state) {
    struct provd_box *box = *state;
    provd_box_roll_key(box, &box->pepper);
    turn(box); /* begins */
    box->limited_answers = 3;
    for (unsigned i = 0; i < 3; i++) {
        box->provd.pepper_due_ms = 0;
        assert_in_range(pepper_roll_turn(&box->provd), 100, 1000);
        assert_int_equal(now(box).seen, 0);
    }
    turn(box);
    assert_int_equal(now(box).moved, PEOPLE);
    turn_until_done(box);
    assert_int_equal(box->need.pepper_from, 2);
}

static void a_signer_that_is_behind_moves_nothing(void **state) {
    struct provd_box *box = *state;
    provd_box_roll_key(box, &box->pepper);
    turn(box);
    box->behind_answers = 1;
    turn(box);
    assert_int_equal(now(box).moved, 0);
    assert_int_equal(now(box).seen, 0);
    turn_until_done(box);
    assert_int_equal(box->need.pepper_from, 2);
}

static void a_turn_before_its_time_does_nothing(void **state) {
    struct provd_box *box = *state;
    provd_box_roll_key(box, &box->pepper);
    turn(box);
    box->provd.pepper_due_ms = INT64_MAX / 2;
    (void)pepper_roll_turn(&box->provd);
    assert_int_equal(now(box).seen, 0);
}

static void a_box_that_does_not_serve_is_not_swept(void **state) {
    struct provd_box *box = *state;
    box->provd.state = BOX_FAILED;
    provd_box_roll_key(box, &box->pepper);
    turn(box);
    assert_int_equal(now(box).phase, REGISTRY_PEPPER_NONE);
}

/* Older files beside a younger keyring: the keyring knows better. */
static void what_the_keyring_denies_is_asked_again(void **state) {
    struct provd_box *box = *state;
    provd_box_roll_key(box, &box->pepper);
    box->need.pepper_from = 7;
    turn_until_done(box);
    assert_int_equal(box->pepper.oldest, 1);
    box->need.pepper_from = 0;
    turn(box);
    assert_int_equal(box->need.pepper_from, 2);
}

static void both_rolls_go_on_at_a_time(void **state) {
    struct provd_box *box = *state;
    uint8_t memory[8];
    struct buffer payload = buffer_over(memory, sizeof memory);
    const struct officer_root order = {.order = OFFICER_ROOT_ROLL};
    officer_wire_put_root(&payload, &order);
    provd_box_assert_done(provd_box_change(box, OFFICER_ROOT, &payload));
    box->core_opens = 2;
    provd_box_roll_key(box, &box->pepper);
    struct registry_roll roll = {0};
    for (unsigned turns = 0; roll.phase != REGISTRY_ROLL_DONE || box->need.pepper_from == 0;
         turns++) {
        assert_true(turns < 100);
        turn(box);
        assert_int_equal(registry_roll_get(box->provd.registry, &roll), ERR_OK);
    }
    assert_int_equal(roll.left, 0);
    for (unsigned i = 0; i < PEOPLE; i++)
        assert_found(box, i, 2, 1);
}

static void a_second_roll_follows(void **state) {
    struct provd_box *box = *state;
    provd_box_roll_key(box, &box->pepper);
    turn_until_done(box);
    provd_box_assert_done(import(box, PEOPLE, 1)); /* somebody new */
    provd_box_roll_key(box, &box->pepper);
    turn_until_done(box);
    assert_int_equal(box->need.pepper_from, 3);
    for (unsigned i = 0; i < PEOPLE; i++)
        assert_found(box, i, 3, 1);
    assert_found(box, PEOPLE, 3, 2);
    struct officer_box status = provd_box_status(box);
    assert_int_equal(status.people, PEOPLE + 1);
    assert_int_equal(status.vids, PEOPLE + 1); /* and not the aliases of people's own numbers */
}

static void where_nobody_is_the_elder_is_let_go_too(void **state) {
    struct provd_box *box = *state;
    provd_box_initialise(box);
    box->provd.state = BOX_OPERATIONAL;
    turn(box);
    provd_box_roll_key(box, &box->pepper);
    turn_until_done(box);
    assert_int_equal(now(box).rows, 0);
    assert_int_equal(box->need.pepper_from, 2);
}

/* ---- imports ---- */

static void a_standby_is_not_written_under(void **state) {
    struct provd_box *box = *state;
    box->pepper.active = 2; /* in answers, and no HELLO yet */
    provd_box_assert_done(import(box, PEOPLE, 1));
    assert_found(box, PEOPLE, 1, 1);
    assert_false(vid_is_under(box, PEOPLE, 2));
}

static void what_is_imported_during_a_sweep_is_of_the_new_pepper(void **state) {
    struct provd_box *box = *state;
    struct officer_person person = person_number(1);
    const struct registry_address old_vid = address(box, person.vids[0].vid, 1),
                                  vid = address(box, person.vids[0].vid, 2);
    struct alias before, after;
    assert_int_equal(registry_alias(box->provd.registry, old_vid.lookup_key, &before), ERR_OK);
    provd_box_roll_key(box, &box->pepper);
    turn(box);
    assert_int_equal(now(box).phase, REGISTRY_PEPPER_SWEEPING);
    provd_box_assert_done(import(box, 1, 1));
    provd_box_assert_done(import(box, PEOPLE, 1));
    assert_found(box, 1, 2, 1); /* she keeps her key */
    assert_found(box, PEOPLE, 2, 2);
    assert_false(vid_is_under(box, 1, 1));
    assert_int_equal(registry_alias(box->provd.registry, vid.lookup_key, &after), ERR_OK);
    assert_memory_equal(before.alias_id, after.alias_id, sizeof after.alias_id);
    assert_int_equal(after.pepper, 2);
    turn_until_done(box);
    assert_int_equal(now(box).moved, 2 * (PEOPLE - 1));
    assert_int_equal(box->need.pepper_from, 2);
}

/* It would make somebody new of a known person, or write where nobody looks. */
static void an_answer_without_a_pepper_of_the_registry_is_asked_again(void **state) {
    struct provd_box *box = *state;
    provd_box_roll_key(box, &box->pepper);
    turn(box);
    box->behind_answers = 2;
    size_t asked = box->lookups[0] + box->lookups[1];
    provd_box_assert_done(import(box, 1, 1));
    assert_int_equal(box->lookups[0] + box->lookups[1] - asked, 3);
    assert_found(box, 1, 2, 1);
}

/* As rows were before they said their pepper. */
static void put_first_format(struct provd_box *box, unsigned number) {
    struct officer_person person = person_number(number);
    const struct registry_address uin = address(box, person.identity.uin, 1),
                                  vid = address(box, person.vids[0].vid, 1);
    uint8_t memory[64] = {1};
    uint64_t sequence;
    memcpy(memory + 1, uin.lookup_key, IDENTITY_LOOKUP_BYTES);
    memory[1 + IDENTITY_LOOKUP_BYTES + ALIAS_ID_BYTES] = ALIAS_PERPETUAL;
    struct registry_batch batch = registry_begin(box->provd.registry);
    registry_row_put(&batch, REGISTRY_ALIASES, bytes_of(vid.lookup_key, IDENTITY_LOOKUP_BYTES),
                     bytes_of(memory, 1 + IDENTITY_LOOKUP_BYTES + ALIAS_ID_BYTES + 14), NULL);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
}

static void the_elder_stays_until_an_unmovable_vid_is_imported_again(void **state) {
    struct provd_box *box = *state;
    put_first_format(box, 2);
    provd_box_roll_key(box, &box->pepper);
    turn_until_done(box);
    struct officer_box status = provd_box_status(box);
    assert_int_equal(status.pepper.phase, REGISTRY_PEPPER_DONE);
    assert_int_equal(status.pepper.from, 1);
    assert_int_equal(status.pepper.to, 2);
    assert_int_equal(status.pepper.left, 1);
    assert_int_equal(status.pepper.left_vids, 1);
    assert_int_equal(box->need.pepper_from, 0);
    turn(box);
    assert_int_equal(now(box).phase, REGISTRY_PEPPER_DONE); /* nothing has changed since */
    assert_true(vid_is_under(box, 2, 1));

    provd_box_assert_done(import(box, 2, 1));
    turn_until_done(box);
    turn_until_done(box);
    assert_int_equal(box->need.pepper_from, 2);
    assert_found(box, 2, 2, 1);
    status = provd_box_status(box);
    assert_int_equal(status.pepper.left, 0);
}

/* Imports somebody who has nothing to do with the row that is left; gives the phase after that. */
static enum registry_pepper_phase import_another(struct provd_box *box, unsigned number) {
    provd_box_assert_done(import(box, PEOPLE + number, 1));
    turn(box);
    return now(box).phase;
}

static void a_row_that_stays_left_is_swept_for_more_and_more_rarely(void **state) {
    struct provd_box *box = *state;
    int64_t wait_ms = 60000;
    put_first_format(box, 2);
    provd_box_roll_key(box, &box->pepper);
    turn_until_done(box);
    assert_int_equal(import_another(box, 0),
                     REGISTRY_PEPPER_SWEEPING); /* at once, the first time */
    turn_until_done(box);
    for (unsigned i = 1; i < 10; i++) {
        assert_int_equal(box->provd.pepper_rest.wait_ms, wait_ms);
        assert_int_equal(import_another(box, i), REGISTRY_PEPPER_DONE);
        box->provd.pepper_rest.until_ms = 0; /* it has passed */
        turn(box);
        assert_int_equal(now(box).phase, REGISTRY_PEPPER_SWEEPING);
        turn_until_done(box);
        wait_ms = wait_ms < 1800000 ? 2 * wait_ms : 3600000;
    }
    assert_int_equal(wait_ms, 3600000);

    provd_box_assert_done(import(box, 2, 1)); /* herself: within the hour her VID is found moved */
    turn(box);
    assert_int_equal(box->need.pepper_from, 0);
    box->provd.pepper_rest.until_ms = 0;
    turn(box);
    turn_until_done(box);
    turn_until_done(box);
    assert_int_equal(now(box).left, 0);
    assert_int_equal(box->provd.pepper_rest.wait_ms, 0);
    assert_int_equal(box->need.pepper_from, 2);
}

static void fewer_rows_left_end_the_rest(void **state) {
    struct provd_box *box = *state;
    put_first_format(box, 2);
    put_first_format(box, 3);
    provd_box_roll_key(box, &box->pepper);
    turn_until_done(box);
    assert_int_equal(import_another(box, 0), REGISTRY_PEPPER_SWEEPING);
    turn_until_done(box);
    assert_int_equal(box->provd.pepper_rest.wait_ms, 60000);
    provd_box_assert_done(import(box, 2, 1));
    box->provd.pepper_rest.until_ms = 0;
    turn(box);
    turn_until_done(box);
    assert_int_equal(now(box).left, 1);
    assert_int_equal(box->provd.pepper_rest.wait_ms, 0);
    provd_box_assert_done(import(box, 3, 1));
    turn_until_done(box);
    turn_until_done(box);
    assert_int_equal(box->need.pepper_from, 2);
}

static void damage_alias(struct provd_box *box, const struct registry_address *at) {
    struct bytes key = bytes_of(at->lookup_key, sizeof at->lookup_key), value;
    uint8_t memory[1024];
    struct kv_txn txn = kv_write(registry_kv(box->provd.registry));
    assert_int_equal(kv_get(&txn, REGISTRY_ALIASES, key, &value), ERR_OK);
    memcpy(memory, value.data, value.len);
    memory[value.len - 1] ^= 1;
    kv_put(&txn, REGISTRY_ALIASES, key, bytes_of(memory, value.len));
    assert_int_equal(kv_commit(&txn), ERR_OK);
}

static void a_person_behind_a_damaged_alias_is_not_made_anew(void **state) {
    struct provd_box *box = *state;
    struct officer_person person = person_number(3);
    provd_box_roll_key(box, &box->pepper);
    turn_until_done(box);
    const struct registry_address moved = address(box, person.identity.uin, 2);
    damage_alias(box, &moved);
    provd_box_assert_refused(import(box, 3, 1), OFFICER_REASON_REGISTRY);
    turn(box);
    assert_int_equal(now(box).phase, REGISTRY_PEPPER_SWEEPING);
    turn_until_done(box);
    provd_box_assert_done(import(box, 3, 1));
    assert_found(box, 3, 2, 1);
    assert_int_equal(provd_box_status(box).people, PEOPLE);
}

/* A keyring of before the roll is put back, and its next pepper is not the registry's. */
static void a_pepper_of_the_same_number_lets_no_elder_go(void **state) {
    struct provd_box *box = *state;
    provd_box_roll_key(box, &box->pepper);
    turn_until_done(box);
    box->pepper = (struct hsm_generations){.active = 2, .oldest = 1};
    box->need.pepper_from = 0;
    box->pepper_made_anew = 2;
    start_over(box);
    provd_box_initialise(box);
    turn(box);
    turn(box);
    assert_int_equal(box->need.pepper_from, 0);
    box->pepper_made_anew = 0; /* the right one, which this signer does not know yet */
    box->behind_answers = 1;
    turn(box);
    assert_int_equal(box->behind_answers, 0);
    assert_int_equal(box->need.pepper_from, 0);
    turn(box);
    assert_int_equal(box->need.pepper_from, 2);
}

/* ---- what is shown ---- */

static void what_is_shown_of_a_box_that_never_rolled(void **state) {
    struct provd_box *box = *state;
    struct officer_box status = provd_box_status(box);
    assert_int_equal(status.pepper.phase, REGISTRY_PEPPER_NONE);
    assert_int_equal(status.pepper.to, 1);
    assert_int_equal(status.kek_generation, 1);
    assert_int_equal(status.vids, PEOPLE);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, provd_box_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_younger_pepper_is_swept_to_and_its_elder_let_go),
        TEST(a_restarted_process_goes_on_where_it_was),
        TEST(the_signers_ceiling_is_honoured),
        TEST(a_signer_that_is_behind_moves_nothing),
        TEST(a_turn_before_its_time_does_nothing),
        TEST(a_box_that_does_not_serve_is_not_swept),
        TEST(what_the_keyring_denies_is_asked_again),
        TEST(both_rolls_go_on_at_a_time),
        TEST(a_second_roll_follows),
        cmocka_unit_test_setup_teardown(where_nobody_is_the_elder_is_let_go_too, provd_box_setup,
                                        provd_box_teardown),
        TEST(a_standby_is_not_written_under),
        TEST(what_is_imported_during_a_sweep_is_of_the_new_pepper),
        TEST(an_answer_without_a_pepper_of_the_registry_is_asked_again),
        TEST(the_elder_stays_until_an_unmovable_vid_is_imported_again),
        TEST(a_row_that_stays_left_is_swept_for_more_and_more_rarely),
        TEST(fewer_rows_left_end_the_rest),
        TEST(a_person_behind_a_damaged_alias_is_not_made_anew),
        TEST(a_pepper_of_the_same_number_lets_no_elder_go),
        TEST(what_is_shown_of_a_box_that_never_rolled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
