#include <string.h>

#include "tests/unit/provd_box.h"

#include "authd/store/registry_state_root.h"
#include "authd/store/registry_wrapping.h"
#include "provisioning/officer_wire_roots.h"
#include "provisioning/upkeep.h"

/* Provd's part of the KEK's roll: the record roots are wrapped by the younger one. */

static void turn(struct provd_box *box) {
    box->provd.wrapping_due_ms = box->provd.roll_due_ms = 0;
    (void)upkeep_turn(&box->provd);
}

static int set_up(void **state) {
    assert_int_equal(provd_box_setup(state), 0);
    struct provd_box *box = *state;
    provd_box_initialise(box);
    box->provd.state = BOX_OPERATIONAL;
    turn(box);
    return 0;
}

/* The roots are read with what is in the token now. */
static void start_over(struct provd_box *box) {
    provd_box_stop(box);
    provd_box_start(box);
    box->provd.state = BOX_OPERATIONAL;
}

static uint16_t wrapped_by(struct provd_box *box) {
    uint16_t generation;
    assert_int_equal(registry_wrapping_get(box->provd.registry, &generation), ERR_OK);
    return generation;
}

struct roots {
    size_t count;
    uint8_t wrapped[RECORD_GENERATIONS][HSM_ROOT_WRAPPED_BYTES];
    uint8_t state[HSM_ROOT_WRAPPED_BYTES]; /* the root of what core keeps */
};

static enum err keep_root(void *context, uint16_t generation, struct bytes wrapped) {
    struct roots *roots = context;
    (void)generation;
    assert_int_equal(wrapped.len, HSM_ROOT_WRAPPED_BYTES);
    memcpy(roots->wrapped[roots->count++], wrapped.data, wrapped.len);
    return ERR_OK;
}

static struct roots roots_of(struct provd_box *box) {
    struct roots roots = {0};
    assert_int_equal(registry_each_root(box->provd.registry, keep_root, &roots), ERR_OK);
    struct buffer state = buffer_over(roots.state, sizeof roots.state);
    assert_int_equal(registry_state_root_get(box->provd.registry, &state), ERR_OK);
    return roots;
}

static void assert_same_roots(struct provd_box *box, const struct roots *before, bool same) {
    struct roots now = roots_of(box);
    assert_int_equal(now.count, before->count);
    for (size_t i = 0; i < now.count; i++)
        assert_int_equal(memcmp(now.wrapped[i], before->wrapped[i], HSM_ROOT_WRAPPED_BYTES) == 0,
                         same);
    assert_int_equal(memcmp(now.state, before->state, sizeof now.state) == 0, same);
}

static void assert_readable(struct provd_box *box) {
    char salt[SALT_SIZE];
    start_over(box);
    provd_box_initialise(box);
    assert_int_equal(registry_salt(box->provd.registry, 7, salt), ERR_OK);
}

static struct officer_outcome roll_root(struct provd_box *box) {
    uint8_t memory[8];
    struct buffer payload = buffer_over(memory, sizeof memory);
    const struct officer_root order = {.order = OFFICER_ROOT_ROLL};
    officer_wire_put_root(&payload, &order);
    return provd_box_change(box, OFFICER_ROOT, &payload);
}

/* ---- the roll ---- */

static void what_no_other_kek_can_have_wrapped_is_let_be(void **state) {
    struct provd_box *box = *state;
    assert_int_equal(wrapped_by(box), 1);
    assert_int_equal(box->standings, 1);
    assert_int_equal(box->rewraps, 0);
    assert_int_equal(box->needs, 0); /* there is nothing to let go */
    assert_int_equal(provd_box_status(box).kek_generation, 1);
}

/* A registry that comes late to a keyring. */
static void an_unknown_wrapping_beside_a_younger_kek_is_made_known(void **state) {
    struct provd_box *box = *state;
    box->kek.active = 3;
    box->kek.oldest = 2;
    box->kek_of_roots_made = 2;
    provd_box_assert_done(roll_root(box));
    box->kek.oldest = 1;
    start_over(box);
    turn(box);
    assert_int_equal(wrapped_by(box), 3);
    assert_int_equal(box->need.kek_from, 3);
    assert_readable(box);
}

static void all_roots_are_wrapped_by_the_younger_kek_and_then_the_elder_let_go(void **state) {
    struct provd_box *box = *state;
    provd_box_assert_done(roll_root(box)); /* two of them, one only offered */
    struct roots before = roots_of(box);
    assert_int_equal(before.count, 2);
    provd_box_roll_key(box, &box->kek);
    turn(box);
    assert_int_equal(wrapped_by(box), 2);
    assert_same_roots(box, &before, false);
    assert_int_equal(box->need.kek_from, 2);
    assert_int_equal(box->kek.oldest, 2);
    assert_int_equal(provd_box_status(box).kek_generation, 2);
    assert_readable(box);
}

static void a_hello_of_a_newer_keyring_is_enough(void **state) {
    struct provd_box *box = *state;
    size_t standings = box->standings;
    (void)upkeep_turn(&box->provd);
    assert_int_equal(box->standings, standings); /* asked less than a minute ago */
    provd_box_roll_key(box, &box->kek);
    (void)upkeep_turn(&box->provd); /* before its time */
    assert_int_equal(box->standings, standings + 1);
    assert_int_equal(box->need.kek_from, 2);
}

/* ---- what goes wrong ---- */

static void the_elder_is_not_let_go_before_all_are_committed(void **state) {
    struct provd_box *box = *state;
    struct roots before = roots_of(box);
    provd_box_roll_key(box, &box->kek);
    box->rewrap_status = ERR_CRYPTO;
    turn(box);
    assert_int_equal(wrapped_by(box), 1);
    assert_same_roots(box, &before, true);
    assert_int_equal(box->need.kek_from, 0);
    assert_int_equal(box->kek.oldest, 1);
    box->rewrap_status = ERR_OK;
    turn(box);
    assert_int_equal(box->need.kek_from, 2);
    assert_readable(box);
}

static void a_root_that_came_back_another_is_not_stored(void **state) {
    struct provd_box *box = *state;
    struct roots before = roots_of(box);
    provd_box_roll_key(box, &box->kek);
    box->rewrap_spoils = true;
    turn(box);
    assert_same_roots(box, &before, true);
    assert_int_equal(wrapped_by(box), 1);
    assert_int_equal(box->need.kek_from, 0);
    box->rewrap_spoils = false;
    turn(box);
    assert_int_equal(box->need.kek_from, 2);
    assert_readable(box);
}

/* What the elder of two younger ones has wrapped would be lost with it. */
static void roots_that_two_keks_have_wrapped_are_not_stored(void **state) {
    struct provd_box *box = *state;
    provd_box_assert_done(roll_root(box)); /* two of them, and that of what core keeps */
    struct roots before = roots_of(box);
    provd_box_roll_key(box, &box->kek);
    for (unsigned after = 1; after <= 2; after++) {
        box->kek_rolls_after = after;
        turn(box);
        assert_int_equal(box->kek.active, 2 + after);
        assert_same_roots(box, &before, true);
        assert_int_equal(wrapped_by(box), 1);
        assert_int_equal(box->need.kek_from, 0);
    }
    turn(box);
    assert_int_equal(wrapped_by(box), 4);
    assert_int_equal(box->need.kek_from, 4);
    assert_readable(box);
}

/* The commit is durable and nobody was told: the successor tells, and wraps nothing again. */
static void a_process_that_died_before_it_told_has_a_successor_that_does(void **state) {
    struct provd_box *box = *state;
    uint16_t committed = 2;
    uint64_t sequence;
    provd_box_roll_key(box, &box->kek);
    struct registry_batch batch = registry_begin(box->provd.registry);
    registry_wrapping_put(&batch, committed);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
    size_t rewraps = box->rewraps;
    start_over(box);
    turn(box);
    assert_int_equal(box->rewraps, rewraps);
    assert_int_equal(box->need.kek_from, 2);
}

/* It died with some wrapped and none committed. */
static void a_process_that_died_on_the_way_is_begun_again(void **state) {
    struct provd_box *box = *state;
    struct roots before = roots_of(box);
    provd_box_roll_key(box, &box->kek);
    start_over(box);
    assert_same_roots(box, &before, true);
    assert_int_equal(box->need.kek_from, 0);
    turn(box);
    assert_int_equal(wrapped_by(box), 2);
    assert_int_equal(box->need.kek_from, 2);
    assert_readable(box);
}

/* A signer that has not heard of the younger KEK makes a root: else it would be lost with the
 * elder. */
static void a_new_root_depends_on_no_kek_that_is_let_go(void **state) {
    struct provd_box *box = *state;
    provd_box_roll_key(box, &box->kek);
    turn(box);
    assert_int_equal(box->need.kek_from, 2);
    box->kek.oldest = 1; /* it is let go, but still there */
    box->kek_of_roots_made = 1;
    provd_box_assert_done(roll_root(box));
    box->kek.oldest = 2;
    box->core_opens = 2;
    for (unsigned turns = 0; turns < 20; turns++)
        turn(box);
    assert_readable(box);
}

/* As when an older keyring was put back: the registry has done with that KEK. */
static void a_new_root_under_an_older_kek_is_refused(void **state) {
    struct provd_box *box = *state;
    uint64_t sequence;
    box->kek.active = 2;
    struct registry_batch batch = registry_begin(box->provd.registry);
    registry_wrapping_put(&batch, 3);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
    provd_box_assert_refused(roll_root(box), OFFICER_REASON_ROOTS);
    assert_int_equal(roots_of(box).count, 1);
    box->kek.active = 3;
    provd_box_assert_done(roll_root(box));
    assert_int_equal(roots_of(box).count, 2);
}

/* Nothing is asked for any of them. */
static void a_root_of_another_length_stops_all(void **state) {
    struct provd_box *box = *state;
    static const uint8_t odd[HSM_ROOT_WRAPPED_BYTES + 1];
    static const size_t lengths[] = {HSM_ROOT_WRAPPED_BYTES - 1, HSM_ROOT_WRAPPED_BYTES + 1};
    struct roots whole = roots_of(box);
    uint64_t sequence;
    provd_box_roll_key(box, &box->kek);
    for (size_t i = 0; i < 4; i++) {
        bool is_state = i % 2 == 0;
        struct bytes root = bytes_of(odd, lengths[i / 2]);
        struct registry_batch batch = registry_begin(box->provd.registry);
        registry_put_root(&batch, 1,
                          is_state ? bytes_of(whole.wrapped[0], sizeof whole.wrapped[0]) : root);
        registry_state_root_put(&batch,
                                is_state ? root : bytes_of(whole.state, sizeof whole.state));
        assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
        turn(box);
        assert_int_equal(box->rewraps, 0);
        assert_int_equal(wrapped_by(box), 1);
        assert_int_equal(box->need.kek_from, 0);
    }
}

static void the_generation_never_falls(void **state) {
    struct provd_box *box = *state;
    uint64_t sequence;
    struct registry_batch batch = registry_begin(box->provd.registry);
    registry_wrapping_put(&batch, 3);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
    batch = registry_begin(box->provd.registry);
    registry_wrapping_put(&batch, 2);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_DENIED);
    assert_int_equal(wrapped_by(box), 3);
    turn(box); /* and an older keyring is told nothing that it could believe */
    assert_int_equal(box->need.kek_from, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, provd_box_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_no_other_kek_can_have_wrapped_is_let_be),
        TEST(an_unknown_wrapping_beside_a_younger_kek_is_made_known),
        TEST(all_roots_are_wrapped_by_the_younger_kek_and_then_the_elder_let_go),
        TEST(a_hello_of_a_newer_keyring_is_enough),
        TEST(the_elder_is_not_let_go_before_all_are_committed),
        TEST(a_root_that_came_back_another_is_not_stored),
        TEST(roots_that_two_keks_have_wrapped_are_not_stored),
        TEST(a_process_that_died_before_it_told_has_a_successor_that_does),
        TEST(a_process_that_died_on_the_way_is_begun_again),
        TEST(a_new_root_depends_on_no_kek_that_is_let_go),
        TEST(a_new_root_under_an_older_kek_is_refused),
        TEST(a_root_of_another_length_stops_all),
        TEST(the_generation_never_falls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
