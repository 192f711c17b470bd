#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/lane_party.h"

/*
 * Sockets outlive processes: what a peer says to a core that was killed is read by its successor.
 * In each test the first life's question is the one that a fresh core would ask in the same slot,
 * and its answer comes to the second life, which waits for another of the same kind.
 */

static const struct lane_post first = {LANE_FIRST, "1111111111", NULL, 1},
                              second = {LANE_SECOND, "2222222222", NULL, 2};
static struct lane_box box;
static struct lane_party_answer late;

static int make(void **state) {
    (void)state;
    lane_fixture_make(&box, "");
    return 0;
}

static int unmake(void **state) {
    (void)state;
    lane_fixture_remove(&box);
    return 0;
}

static void an_envelope_read_for_a_dead_core_is_not_anothers(void **state) {
    (void)state;
    (void)lane_fixture_post(&box, &first);
    lane_party_hold(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE, &late);
    lane_fixture_succeed(&box);
    uint64_t id = lane_fixture_post(&box, &second);
    lane_fixture_turn(&box);
    lane_fixture_send(&box, PARTY_UNSEAL, &late.frame);
    assert_true(lane_fixture_is_silent(&box, PARTY_SIGNER));
    assert_int_equal(lane_fixture_waiting(&box, STEP_ENVELOPE), 1);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_party_play(&box, PARTY_SIGNER, HSM_LOOKUP);
    lane_party_play(&box, PARTY_SIGNER, HSM_STATEMENT);
    struct lane_party_result result = lane_party_result(&box);
    assert_int_equal(result.id, id);
    assert_string_equal(result.text, "2222222222 yes");
}

static void a_person_found_for_a_dead_core_is_not_anothers(void **state) {
    (void)state;
    (void)lane_fixture_post(&box, &first);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_party_hold(&box, PARTY_SIGNER, HSM_LOOKUP, &late);
    lane_fixture_succeed(&box);
    (void)lane_fixture_post(&box, &second);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_fixture_turn(&box);
    lane_fixture_send(&box, PARTY_SIGNER, &late.frame);
    lane_fixture_turn(&box);
    assert_int_equal(lane_fixture_waiting(&box, STEP_LOOKUP), 1);
    lane_party_play(&box, PARTY_SIGNER, HSM_LOOKUP);
    lane_party_play(&box, PARTY_SIGNER, HSM_STATEMENT);
    assert_string_equal(lane_party_result(&box).text, "2222222222 yes");
}

static void a_signed_answer_for_a_dead_core_is_not_anothers(void **state) {
    (void)state;
    (void)lane_fixture_post(&box, &first);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_party_play(&box, PARTY_SIGNER, HSM_LOOKUP);
    lane_party_hold(&box, PARTY_SIGNER, HSM_STATEMENT, &late);
    lane_fixture_succeed(&box);
    (void)lane_fixture_post(&box, &second);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_party_play(&box, PARTY_SIGNER, HSM_LOOKUP);
    lane_fixture_turn(&box);
    lane_fixture_send(&box, PARTY_SIGNER, &late.frame);
    lane_fixture_turn(&box);
    assert_int_equal(lane_fixture_waiting(&box, STEP_STATEMENT), 1);
    assert_true(lane_fixture_is_silent(&box, PARTY_EDGE));
    lane_party_play(&box, PARTY_SIGNER, HSM_STATEMENT);
    assert_string_equal(lane_party_result(&box).text, "2222222222 yes");
}

static void a_key_unwrapped_for_a_dead_core_opens_nothing_of_another(void **state) {
    (void)state;
    const struct lane_post guess = {LANE_FIRST, "1111111111", "123456", 1},
                           other = {LANE_SECOND, "2222222222", "123456", 2};
    (void)lane_fixture_post(&box, &guess);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_party_hold(&box, PARTY_SIGNER, HSM_UNWRAP, &late);
    lane_fixture_succeed(&box);
    (void)lane_fixture_post(&box, &other);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_fixture_turn(&box);
    lane_fixture_send(&box, PARTY_SIGNER, &late.frame);
    assert_true(lane_fixture_is_silent(&box, PARTY_UNSEAL));
    assert_int_equal(lane_fixture_waiting(&box, STEP_UNWRAP), 1);
}

/* The notifier outlives core, and says the same hello to the next. */
static void a_message_of_a_dead_core_settles_no_new_code(void **state) {
    (void)state;
    static struct lane_party_code old, new;
    lane_party_ask(&box, &first, &old);
    lane_fixture_succeed(&box);
    lane_party_ask(&box, &second, &new);
    lane_fixture_send(&box, PARTY_NOTIFIER, &old.lost.frame);
    lane_fixture_turn(&box);
    assert_int_equal(box.lane->delivery_count, 1);
    const struct lane_post guess = {LANE_SECOND, "2222222222", new.code, 2};
    assert_string_equal(lane_party_authenticate(&box, &guess).text, "2222222222 yes");
}

/* Each half of a question's name alone is new with each life. */
static void no_life_names_its_questions_as_the_one_before(void **state) {
    (void)state;
    uint64_t ids = box.lane->frame_ids;
    uint32_t generation = box.lane->requests[0].generation;
    uint32_t message = box.lane->deliveries[0].generation;
    lane_fixture_succeed(&box);
    assert_int_not_equal(box.lane->frame_ids, ids);
    assert_int_not_equal(box.lane->requests[0].generation, generation);
    assert_int_not_equal(box.lane->deliveries[0].generation, message);
    assert_int_not_equal(box.lane->requests[0].generation, box.lane->requests[1].generation);
}

#define LIVES_TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void) {
    const struct CMUnitTest tests[] = {
        LIVES_TEST(an_envelope_read_for_a_dead_core_is_not_anothers),
        LIVES_TEST(a_person_found_for_a_dead_core_is_not_anothers),
        LIVES_TEST(a_signed_answer_for_a_dead_core_is_not_anothers),
        LIVES_TEST(a_key_unwrapped_for_a_dead_core_opens_nothing_of_another),
        LIVES_TEST(a_message_of_a_dead_core_settles_no_new_code),
        LIVES_TEST(no_life_names_its_questions_as_the_one_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
