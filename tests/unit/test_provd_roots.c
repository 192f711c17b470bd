#include <string.h>

#include "tests/unit/provd_box.h"

#include "provisioning/officer_wire_roots.h"
#include "provisioning/root_roll.h"

/* What an officer orders of the record roots, and what provd does of it between its turns. */

static struct officer_outcome send(struct provd_box *box, struct officer_root question) {
    uint8_t memory[8];
    struct buffer payload = buffer_over(memory, sizeof memory);
    officer_wire_put_root(&payload, &question);
    return provd_box_change(box, OFFICER_ROOT, &payload);
}

/* Tried first: nothing changes, and what is refused then is refused. */
static struct officer_outcome order(struct provd_box *box, enum officer_root_order order,
                                    uint16_t generation) {
    size_t audits = box->audit_count;
    uint64_t before, after;
    struct officer_root question = {.order = order, .generation = generation, .dry_run = true};
    assert_int_equal(registry_sequence(box->provd.registry, &before), ERR_OK);
    struct officer_outcome tried = send(box, question);
    assert_int_equal(registry_sequence(box->provd.registry, &after), ERR_OK);
    assert_int_equal(before, after);
    assert_int_equal(audits, box->audit_count);
    question.dry_run = false;
    struct officer_outcome outcome = send(box, question);
    if (tried.status != ERR_OK)
        assert_int_equal(tried.reason, outcome.reason);
    else if (outcome.status == ERR_OK)
        assert_int_equal(tried.count, outcome.count);
    return outcome;
}

static struct officer_roll shown(struct provd_box *box) {
    struct officer_roll roll;
    assert_int_equal(root_roll_show(&box->provd, &roll), ERR_OK);
    return roll;
}

/* A turn that does not wait for its time. */
static void turn(struct provd_box *box) {
    box->provd.roll_due_ms = 0;
    (void)root_roll_turn(&box->provd);
}

static void turn_to_the_end(struct provd_box *box) {
    for (size_t turns = 0; shown(box).phase != REGISTRY_ROLL_DONE; turns++) {
        assert_true(turns < 1000);
        turn(box);
    }
}

static void start_over(struct provd_box *box) {
    provd_box_stop(box);
    provd_box_start(box);
    box->provd.state = BOX_OPERATIONAL;
}

static int set_up(void **state) {
    assert_int_equal(provd_box_setup(state), 0);
    struct provd_box *box = *state;
    provd_box_initialise(box);
    box->provd.state = BOX_OPERATIONAL;
    return 0;
}

static uint16_t newest(const struct provd_box *box) {
    uint16_t generation;
    assert_int_equal(record_keys_newest(box->provd.record_keys, &generation), ERR_OK);
    return generation;
}

static void a_salt_is_readable(struct provd_box *box) {
    char salt[SALT_SIZE];
    assert_int_equal(registry_salt(box->provd.registry, 7, salt), ERR_OK);
}

static void roll_to(struct provd_box *box, uint16_t generation) {
    struct officer_outcome outcome = order(box, OFFICER_ROOT_ROLL, 0);
    provd_box_assert_done(outcome);
    assert_int_equal(outcome.count, generation);
    box->core_opens = generation;
    turn_to_the_end(box);
}

/* ---- the order ---- */

static void core_has_the_root_before_anything_is_sealed_under_it(void **state) {
    struct provd_box *box = *state;
    provd_box_assert_done(order(box, OFFICER_ROOT_ROLL, 0));
    assert_string_equal(box->audits[box->audit_count - 1].subject, "roll generation=2");
    for (unsigned i = 0; i < 5; i++)
        turn(box);
    assert_int_equal(box->roots_asked, 5);
    assert_int_equal(shown(box).phase, REGISTRY_ROLL_OFFERED);
    assert_int_equal(newest(box), 1);
    box->core_opens = 2;
    turn(box);
    assert_int_equal(shown(box).phase, REGISTRY_ROLL_SWEEPING);
    turn(box);
    assert_int_equal(newest(box), 2);
    turn_to_the_end(box);
    assert_int_equal(shown(box).left, 0);
    assert_int_equal(shown(box).percent, 100);
    a_salt_is_readable(box);
}

/* An offered root is not opened by a provd that comes later, before core has it. */
static void a_restarted_process_goes_on_where_it_was(void **state) {
    struct provd_box *box = *state;
    provd_box_assert_done(order(box, OFFICER_ROOT_ROLL, 0));
    start_over(box);
    turn(box);
    assert_int_equal(newest(box), 1);
    box->core_opens = 2;
    for (size_t turns = 0; shown(box).phase != REGISTRY_ROLL_DONE; turns++) {
        assert_true(turns < 1000);
        start_over(box);
        turn(box);
    }
    assert_int_equal(shown(box).left, 0);
    assert_int_equal(newest(box), 2);
    assert_int_equal(box->roots_made, 3);
    a_salt_is_readable(box);
}

static void one_roll_at_a_time(void **state) {
    struct provd_box *box = *state;
    provd_box_assert_done(order(box, OFFICER_ROOT_ROLL, 0));
    provd_box_assert_refused(order(box, OFFICER_ROOT_ROLL, 0), OFFICER_REASON_ROOT_STATE);
    provd_box_assert_refused(order(box, OFFICER_ROOT_SWEEP, 0), OFFICER_REASON_ROOT_STATE);
    box->core_opens = 2;
    turn(box);
    provd_box_assert_refused(order(box, OFFICER_ROOT_ROLL, 0), OFFICER_REASON_ROOT_STATE);
    turn_to_the_end(box);
    assert_int_equal(box->roots_made, 3);
    roll_to(box, 3);
}

static void a_root_that_the_token_does_not_open_is_not_stored(void **state) {
    struct provd_box *box = *state;
    box->open_status = ERR_CRYPTO;
    provd_box_assert_refused(order(box, OFFICER_ROOT_ROLL, 0), OFFICER_REASON_ROOTS);
    assert_int_equal(shown(box).phase, REGISTRY_ROLL_NONE);
    box->open_status = ERR_OK;
    provd_box_assert_done(order(box, OFFICER_ROOT_ROLL, 0));
}

static void nothing_is_done_without_a_record(void **state) {
    struct provd_box *box = *state;
    box->core_status = ERR_UNAVAILABLE;
    provd_box_assert_refused(order(box, OFFICER_ROOT_ROLL, 0), OFFICER_REASON_CORE);
    assert_int_equal(box->roots_made, 2);
    assert_int_equal(shown(box).phase, REGISTRY_ROLL_NONE);
}

/* ---- the pace ---- */

static void a_turn_before_its_time_does_nothing(void **state) {
    struct provd_box *box = *state;
    provd_box_assert_done(order(box, OFFICER_ROOT_ROLL, 0));
    box->core_opens = 2;
    turn(box); /* to sweeping */
    turn(box);
    struct registry_roll before, after;
    assert_int_equal(registry_roll_get(box->provd.registry, &before), ERR_OK);
    box->provd.roll_due_ms = INT64_MAX / 2;
    (void)root_roll_turn(&box->provd);
    assert_int_equal(registry_roll_get(box->provd.registry, &after), ERR_OK);
    assert_int_equal(before.seen, after.seen);
}

static void a_box_that_does_not_serve_is_not_swept(void **state) {
    struct provd_box *box = *state;
    provd_box_assert_done(order(box, OFFICER_ROOT_ROLL, 0));
    box->core_opens = 2;
    box->provd.state = BOX_FAILED;
    turn(box);
    assert_int_equal(shown(box).phase, REGISTRY_ROLL_OFFERED);
    provd_box_assert_refused(order(box, OFFICER_ROOT_ROLL, 0), OFFICER_REASON_STATE);
}

/* ---- old roots ---- */

static enum err count_root(void *context, uint16_t generation, struct bytes wrapped) {
    (void)wrapped;
    *(uint32_t *)context |= 1u << generation;
    return ERR_OK;
}

static uint32_t stored_roots(const struct provd_box *box) {
    uint32_t roots = 0;
    assert_int_equal(registry_each_root(box->provd.registry, count_root, &roots), ERR_OK);
    return roots;
}

static void old_roots_stay_until_an_officer_removes_them(void **state) {
    struct provd_box *box = *state;
    roll_to(box, 2);
    roll_to(box, 3);
    assert_int_equal(stored_roots(box), 1u << 1 | 1u << 2 | 1u << 3);
    provd_box_assert_refused(order(box, OFFICER_ROOT_REMOVE, 3), OFFICER_REASON_ROOT_NONE);
    provd_box_assert_refused(order(box, OFFICER_ROOT_REMOVE, 4), OFFICER_REASON_ROOT_NONE);
    provd_box_assert_done(order(box, OFFICER_ROOT_REMOVE, 2));
    assert_int_equal(stored_roots(box), 1u << 1 | 1u << 3);
    provd_box_assert_refused(order(box, OFFICER_ROOT_REMOVE, 2), OFFICER_REASON_ROOT_NONE);
    start_over(box);
    provd_box_initialise(box);
    a_salt_is_readable(box);
    roll_to(box, 4);
    provd_box_assert_done(order(box, OFFICER_ROOT_REMOVE, 1));
    assert_int_equal(stored_roots(box), 1u << 3 | 1u << 4);
    start_over(box);
    provd_box_initialise(box);
    a_salt_is_readable(box);
}

/* What core keeps depends on it there. */
static void the_first_root_stays_on_a_box_without_a_state_root(void **state) {
    struct provd_box *box = *state;
    roll_to(box, 2);
    struct kv_txn txn = kv_write(registry_kv(box->provd.registry));
    kv_delete(&txn, REGISTRY_META, bytes_of_text("state-root"));
    assert_int_equal(kv_commit(&txn), ERR_OK);
    provd_box_assert_refused(order(box, OFFICER_ROOT_REMOVE, 1), OFFICER_REASON_ROOT_FIRST);
    assert_int_equal(stored_roots(box), 1u << 1 | 1u << 2);
}

static void no_root_is_removed_during_a_sweep(void **state) {
    struct provd_box *box = *state;
    roll_to(box, 2);
    provd_box_assert_done(order(box, OFFICER_ROOT_ROLL, 0));
    box->core_opens = 3;
    turn(box);
    provd_box_assert_refused(order(box, OFFICER_ROOT_REMOVE, 2), OFFICER_REASON_ROOT_STATE);
    assert_int_equal(stored_roots(box), 1u << 1 | 1u << 2 | 1u << 3);
}

static enum err spoil(void *context, struct bytes key, struct bytes value) {
    struct kv_txn *txn = context;
    uint8_t memory[4096];
    memcpy(memory, value.data, value.len);
    memory[value.len - 1] ^= 1;
    kv_put(txn, REGISTRY_SALTS, key, bytes_of(memory, value.len));
    return ERR_FULL; /* one is enough */
}

static void a_root_that_a_damaged_row_is_of_stays(void **state) {
    struct provd_box *box = *state;
    roll_to(box, 2);
    struct kv_txn txn = kv_write(registry_kv(box->provd.registry));
    assert_int_equal(kv_each(&txn, REGISTRY_SALTS, bytes_of(NULL, 0), spoil, &txn), ERR_FULL);
    assert_int_equal(kv_commit(&txn), ERR_OK);
    roll_to(box, 3);
    assert_int_equal(shown(box).left, 1);
    struct officer_outcome outcome = order(box, OFFICER_ROOT_REMOVE, 2);
    provd_box_assert_refused(outcome, OFFICER_REASON_ROOT_LEFT);
    assert_string_equal(outcome.detail, "1");

    struct registry_batch batch = registry_begin(box->provd.registry);
    uint64_t sequence;
    registry_put_salt(&batch, 0, "anew");
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
    provd_box_assert_done(order(box, OFFICER_ROOT_SWEEP, 0));
    turn_to_the_end(box);
    assert_int_equal(shown(box).left, 0);
    provd_box_assert_done(order(box, OFFICER_ROOT_REMOVE, 2));
}

static void an_order_that_breaks_the_protocol_is_refused(void **state) {
    struct provd_box *box = *state;
    static const uint8_t orders[][3] = {
        {OFFICER_ROOT_ROLL, 0, 2}, {OFFICER_ROOT_REMOVE, 0, 0}, {OFFICER_ROOT_ORDER_COUNT, 0, 0}};
    struct officer_outcome outcome;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        assert_int_not_equal(
            provd_box_ask(box, OFFICER_ROOT, bytes_of(orders[i], sizeof orders[i]), &outcome),
            ERR_OK);
    assert_int_not_equal(provd_box_ask(box, OFFICER_ROOT, bytes_of(orders[0], 2), &outcome),
                         ERR_OK);
    assert_int_equal(box->roots_made, 2);
}

static enum err ask_status(struct provd_box *box) {
    struct officer_outcome outcome;
    assert_int_equal(provd_box_ask(box, OFFICER_STATUS, bytes_of(NULL, 0), &outcome), ERR_OK);
    return outcome.status;
}

static void a_provd_started_again_shows_its_roots_to_who_looks(void **state) {
    struct provd_box *box = *state;
    start_over(box);
    assert_int_equal(ask_status(box), ERR_OK);
    assert_true(box->provd.roots_open);
    assert_int_equal(newest(box), 1);
    start_over(box);
    box->provd.state = BOX_FAILED;
    assert_int_equal(ask_status(box), ERR_OK);
    assert_false(box->provd.roots_open);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, provd_box_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_provd_started_again_shows_its_roots_to_who_looks),
        TEST(core_has_the_root_before_anything_is_sealed_under_it),
        TEST(a_restarted_process_goes_on_where_it_was),
        TEST(one_roll_at_a_time),
        TEST(a_root_that_the_token_does_not_open_is_not_stored),
        TEST(nothing_is_done_without_a_record),
        TEST(a_turn_before_its_time_does_nothing),
        TEST(a_box_that_does_not_serve_is_not_swept),
        TEST(old_roots_stay_until_an_officer_removes_them),
        TEST(the_first_root_stays_on_a_box_without_a_state_root),
        TEST(no_root_is_removed_during_a_sweep),
        TEST(a_root_that_a_damaged_row_is_of_stays),
        TEST(an_order_that_breaks_the_protocol_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
