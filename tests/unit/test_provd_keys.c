#include <string.h>

#include "tests/unit/provd_box.h"

#include "hsm/wire_keys.h"
#include "authd/core/identifier.h"
#include "authd/store/registry_state_root.h"
#include "provisioning/officer_wire_keys.h"
#include "provisioning/operation.h"

static const struct bytes nothing = {0};

static struct officer_outcome ask(struct provd_box *box, uint16_t type) {
    struct officer_outcome outcome;
    assert_int_equal(provd_box_ask(box, type, nothing, &outcome), ERR_OK);
    return outcome;
}

static void a_new_box_gets_keys_root_salts_and_settings(void **state) {
    struct provd_box *box = *state;
    struct national national;
    char salt[SALT_SIZE];
    struct officer_outcome outcome = ask(box, OFFICER_KEY_INITIALISE);
    provd_box_assert_done(outcome);
    assert_int_equal(outcome.count, HSM_PURPOSE_COUNT);
    for (unsigned modulo = 0; modulo < IDENTIFIER_MODULI; modulo++) {
        assert_int_equal(registry_salt(box->provd.registry, modulo, salt), ERR_OK);
        assert_int_equal(strlen(salt), 44);
    }
    assert_int_equal(registry_national(box->provd.registry, &national), ERR_OK);
    assert_string_not_equal(national.uin_salt, national.partner_salt);
    assert_string_equal(national.token_partner, "mpartner-default-resident");
    assert_int_equal(box->changed_sequence, 1);
}

static void a_second_initialisation_changes_nothing(void **state) {
    struct provd_box *box = *state;
    char before[SALT_SIZE], after[SALT_SIZE];
    uint64_t sequence;
    provd_box_initialise(box);
    assert_int_equal(registry_salt(box->provd.registry, 7, before), ERR_OK);
    struct officer_outcome outcome = ask(box, OFFICER_KEY_INITIALISE);
    provd_box_assert_done(outcome);
    assert_int_equal(outcome.count, 0);
    assert_int_equal(registry_salt(box->provd.registry, 7, after), ERR_OK);
    assert_string_equal(before, after);
    assert_int_equal(registry_sequence(box->provd.registry, &sequence), ERR_OK);
    assert_int_equal(sequence, 1);
    assert_int_equal(box->roots_made, 2);
}

static enum err take_first(void *context, uint16_t generation, struct bytes wrapped) {
    struct buffer *first = context;
    assert_int_equal(generation, 1);
    buffer_raw(first, wrapped.data, wrapped.len);
    return ERR_OK;
}

static void forget_state_root(struct provd_box *box) {
    struct kv_txn txn = kv_write(registry_kv(box->provd.registry));
    kv_delete(&txn, REGISTRY_META, bytes_of_text("state-root"));
    assert_int_equal(kv_commit(&txn), ERR_OK);
}

/* Of the kind of a record root, but none: no row is ever sealed under it. */
static void what_core_keeps_has_a_root_of_its_own(void **state) {
    struct provd_box *box = *state;
    uint8_t memories[3][HSM_ROOT_WRAPPED_BYTES];
    struct buffer first = buffer_over(memories[0], sizeof memories[0]);
    struct buffer root = buffer_over(memories[1], sizeof memories[1]);
    struct buffer again = buffer_over(memories[2], sizeof memories[2]);
    struct registry *registry = box->provd.registry;
    uint16_t newest;
    assert_int_equal(registry_state_root_get(registry, &root), ERR_NOT_FOUND);
    provd_box_initialise(box);
    assert_int_equal(registry_state_root_get(registry, &root), ERR_OK);
    assert_int_equal(root.len, HSM_ROOT_WRAPPED_BYTES);
    assert_int_equal(registry_each_root(registry, take_first, &first), ERR_OK);
    assert_memory_not_equal(memories[0], memories[1], sizeof memories[0]);
    assert_int_equal(record_keys_newest(box->provd.record_keys, &newest), ERR_OK);
    assert_int_equal(newest, 1);
    provd_box_initialise(box);
    assert_int_equal(registry_state_root_get(registry, &again), ERR_OK);
    assert_memory_equal(memories[1], memories[2], sizeof memories[1]);
}

/* What such a box has counted is under its first root: another one would forget it. */
static void a_box_without_a_state_root_never_gets_one(void **state) {
    struct provd_box *box = *state;
    uint8_t memory[HSM_ROOT_WRAPPED_BYTES];
    struct buffer root = buffer_over(memory, sizeof memory);
    provd_box_initialise(box);
    forget_state_root(box);
    provd_box_initialise(box);
    provd_box_stop(box);
    provd_box_start(box);
    provd_box_initialise(box);
    assert_int_equal(registry_state_root_get(box->provd.registry, &root), ERR_NOT_FOUND);
}

/* The token has its keys, and the process ended before the registry had its root. */
static void an_interrupted_initialisation_is_completed(void **state) {
    struct provd_box *box = *state;
    box->keys_made = true;
    provd_box_stop(box);
    provd_box_start(box);
    struct officer_outcome outcome = ask(box, OFFICER_KEY_INITIALISE);
    provd_box_assert_done(outcome);
    assert_int_equal(box->roots_made, 2);
}

static void a_restarted_process_opens_the_roots_it_finds(void **state) {
    struct provd_box *box = *state;
    char before[SALT_SIZE], after[SALT_SIZE];
    provd_box_initialise(box);
    assert_int_equal(registry_salt(box->provd.registry, 999, before), ERR_OK);
    provd_box_stop(box);
    provd_box_start(box);
    provd_box_initialise(box);
    assert_int_equal(registry_salt(box->provd.registry, 999, after), ERR_OK);
    assert_string_equal(before, after);
    assert_int_equal(box->roots_made, 2);
}

static void a_token_that_does_not_open_the_root_is_refused(void **state) {
    struct provd_box *box = *state;
    provd_box_initialise(box);
    provd_box_stop(box);
    provd_box_start(box);
    box->open_status = ERR_CRYPTO;
    provd_box_assert_refused(ask(box, OFFICER_KEY_INITIALISE), OFFICER_REASON_ROOTS);
    assert_int_equal(box->roots_made, 2);
}

/* A root nobody can open again must never seal anything: provd starts afresh. */
static void a_fresh_root_that_does_not_open_is_not_stored(void **state) {
    struct provd_box *box = *state;
    uint64_t sequence = 1;
    box->open_status = ERR_CRYPTO;
    provd_box_assert_refused(ask(box, OFFICER_KEY_INITIALISE), OFFICER_REASON_ROOTS);
    assert_false(box->provd.roots_open);
    assert_int_equal(registry_sequence(box->provd.registry, &sequence), ERR_OK);
    assert_int_equal(sequence, 0);
}

static void the_record_comes_before_the_keys(void **state) {
    struct provd_box *box = *state;
    box->core_status = ERR_UNAVAILABLE;
    provd_box_assert_refused(ask(box, OFFICER_KEY_INITIALISE), OFFICER_REASON_CORE);
    assert_false(box->keys_made);
    assert_int_equal(box->audit_count, 1);
    assert_string_equal(box->audits[0].action, "key initialise");
    assert_int_equal(box->audits[0].officer_uid, 4242);
}

static void a_core_that_dies_over_the_record_means_refused(void **state) {
    struct provd_box *box = *state;
    box->core_silent = true;
    provd_box_assert_refused(ask(box, OFFICER_KEY_INITIALISE), OFFICER_REASON_CORE);
    assert_false(box->keys_made);
}

static void a_locked_or_failed_box_makes_no_keys(void **state) {
    struct provd_box *box = *state;
    static const enum box_state closed[] = {BOX_LOCKED, BOX_FAILED};
    for (size_t i = 0; i < 2; i++) {
        box->provd.state = closed[i];
        struct officer_outcome outcome = ask(box, OFFICER_KEY_INITIALISE);
        provd_box_assert_refused(outcome, OFFICER_REASON_STATE);
        assert_string_equal(outcome.detail, box_state_text(closed[i]));
        provd_box_assert_done(ask(box, OFFICER_STATUS));
    }
    assert_int_equal(box->audit_count, 0);
}

static void the_list_needs_keys(void **state) {
    struct provd_box *box = *state;
    provd_box_assert_refused(ask(box, OFFICER_KEY_LIST), OFFICER_REASON_NO_KEYS);
    provd_box_initialise(box);
    provd_box_assert_done(ask(box, OFFICER_KEY_LIST));
}

/* Signer 0 of a box that has rolled for years: this many keys of each of the first purposes. */
#define OLD_PURPOSES   4
#define OLD_OF_PURPOSE 80

static enum err list_old(struct provd_box *box, const struct frame *frame, struct buffer *answer) {
    static struct hsm_keys page;
    struct hsm_keys_question asked;
    (void)box;
    assert_int_equal(frame->type, HSM_KEYS);
    assert_int_equal(hsm_wire_get_keys_question(frame->payload, &asked), ERR_OK);
    memset(&page, 0, sizeof page);
    size_t at = asked.from.purpose * OLD_OF_PURPOSE;
    at += asked.from.generation > 0 ? (size_t)OLD_OF_PURPOSE - asked.from.generation : 0;
    for (; at < OLD_PURPOSES * OLD_OF_PURPOSE; at++) {
        const struct hsm_keys_place place = {(enum hsm_purpose)(at / OLD_OF_PURPOSE),
                                             (uint16_t)(OLD_OF_PURPOSE - at % OLD_OF_PURPOSE)};
        page.more = page.count == HSM_KEYS_MAX;
        page.rest = place;
        if (page.more)
            break;
        page.keys[page.count++] = (struct hsm_key_shown){
            .purpose = place.purpose, .generation = place.generation, .state = KEYSTATE_RETIRED};
    }
    page.next[HSM_PURPOSE_CA].destroyed = asked.destroyed ? 9 : 8;
    hsm_wire_put_keys(answer, &page);
    return ERR_OK;
}

static struct officer_keys *page_from(struct provd_box *box, struct officer_keys_place from) {
    static uint8_t memory[65536];
    static struct officer_keys page;
    uint8_t asked[8];
    const struct officer_keys_question told = {.from = from, .destroyed = true};
    struct buffer payload = buffer_over(asked, sizeof asked);
    struct buffer answer = buffer_over(memory, sizeof memory);
    officer_wire_put_keys_question(&payload, &told);
    const struct officers_question question = {
        .type = OFFICER_KEY_LIFE, .uid = 4242, .payload = bytes_of(asked, payload.len)};
    assert_int_equal(operation_run(&box->provd, &question, &answer), ERR_OK);
    assert_int_equal(officer_wire_get_keys(bytes_of(memory, answer.len), &page), ERR_OK);
    provd_box_assert_done(page.outcome);
    return &page;
}

static void officers_get_every_key_page_by_page(void **state) {
    struct provd_box *box = *state;
    struct officer_keys_place from = {0};
    size_t seen = 0;
    provd_box_initialise(box);
    box->provd.state = BOX_OPERATIONAL;
    box->more = list_old;
    const struct officer_keys *page;
    do {
        page = page_from(box, from);
        for (size_t i = 0; i < page->count; i++, seen++) {
            assert_string_equal(page->keys[i].purpose,
                                hsm_purpose_text((enum hsm_purpose)(seen / OLD_OF_PURPOSE)));
            assert_int_equal(page->keys[i].generation, OLD_OF_PURPOSE - seen % OLD_OF_PURPOSE);
        }
        assert_int_equal(page->next[HSM_PURPOSE_CA].destroyed, 9);
        from = page->rest;
    } while (page->more);
    assert_int_equal(seen, OLD_PURPOSES * OLD_OF_PURPOSE);
}

static void a_list_from_no_purpose_breaks_the_protocol(void **state) {
    struct provd_box *box = *state;
    uint8_t payload[] = {HSM_PURPOSE_COUNT, 0, 0, 0}, memory[64];
    struct buffer answer = buffer_over(memory, sizeof memory);
    const struct officers_question question = {
        .type = OFFICER_KEY_LIFE, .uid = 4242, .payload = bytes_of(payload, sizeof payload)};
    provd_box_initialise(box);
    box->provd.state = BOX_OPERATIONAL;
    box->more = list_old;
    assert_int_equal(operation_run(&box->provd, &question, &answer), ERR_MALFORMED);
}

static void what_needs_a_root_is_refused_without(void **state) {
    struct provd_box *box = *state;
    uint8_t memory[64];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_partner_status question = {.id = "amo", .status = STATUS_SUSPENDED};
    officer_wire_put_partner_status(&buffer, &question);
    provd_box_assert_refused(provd_box_change(box, OFFICER_PARTNER_STATUS, &buffer),
                             OFFICER_REASON_NO_KEYS);
}

static void a_payload_where_none_belongs_breaks_the_protocol(void **state) {
    struct provd_box *box = *state;
    struct officer_outcome outcome;
    static const uint16_t types[] = {OFFICER_KEY_INITIALISE, OFFICER_KEY_LIST, OFFICER_STATUS};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(provd_box_ask(box, types[i], bytes_of("x", 1), &outcome), ERR_MALFORMED);
    assert_int_equal(provd_box_ask(box, 9999, nothing, &outcome), ERR_DENIED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, provd_box_setup, provd_box_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_new_box_gets_keys_root_salts_and_settings),
        TEST(a_second_initialisation_changes_nothing),
        TEST(what_core_keeps_has_a_root_of_its_own),
        TEST(a_box_without_a_state_root_never_gets_one),
        TEST(an_interrupted_initialisation_is_completed),
        TEST(a_restarted_process_opens_the_roots_it_finds),
        TEST(a_token_that_does_not_open_the_root_is_refused),
        TEST(a_fresh_root_that_does_not_open_is_not_stored),
        TEST(the_record_comes_before_the_keys),
        TEST(a_core_that_dies_over_the_record_means_refused),
        TEST(a_locked_or_failed_box_makes_no_keys),
        TEST(the_list_needs_keys),
        TEST(officers_get_every_key_page_by_page),
        TEST(a_list_from_no_purpose_breaks_the_protocol),
        TEST(what_needs_a_root_is_refused_without),
        TEST(a_payload_where_none_belongs_breaks_the_protocol),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
