#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hsm/keystate.h"

#define HOUR  INT64_C(3600000)
#define DAY   (24 * HOUR)
#define YEAR  (365 * DAY)
#define START (50 * YEAR)

static struct keystate_key keys[4];

/* A key that came into each of ${states}, one after the other, at these two times. */
static struct keystate_key key_of(uint16_t generation, const char *states, int64_t wall_ms,
                                  int64_t run_ms) {
    static const char letters[] = "gpardxv"; /* v: revoked, x: destroyed, d: retired */
    static const enum keystate meant[] = {
        KEYSTATE_GENERATED, KEYSTATE_PUBLISHED, KEYSTATE_ACTIVE, KEYSTATE_RETIRING,
        KEYSTATE_RETIRED,   KEYSTATE_DESTROYED, KEYSTATE_REVOKED};
    struct keystate_key key = {.generation = generation};
    for (; *states != '\0'; states++)
        key.came[meant[strchr(letters, *states) - letters]] =
            (struct keystate_moment){.is_set = true, .wall_ms = wall_ms, .run_ms = run_ms};
    return key;
}

static struct keystate_facts facts_with(size_t key_count) {
    return (struct keystate_facts){
        .policy = {.active_ms = YEAR,
                   .destroy_ms = 30 * DAY,
                   .jump_ms = DAY,
                   .propagation_ms = HOUR,
                   .skew_ms = HOUR},
        .promises = {.cached_ms = DAY, .lived_ms = 2 * HOUR},
        .keys = keys,
        .key_count = key_count,
        .seen_wall_ms = START,
    };
}

static struct keystate_step next(const struct keystate_facts *facts, int64_t wall_ms,
                                 int64_t run_ms) {
    struct keystate_step step;
    const struct keystate_now now = {.wall_ms = wall_ms, .run_ms = run_ms};
    assert_int_equal(keystate_next(facts, now, &step), ERR_OK);
    /* What is chosen is allowed, what is waited for is not. */
    struct keystate_step awaited = step;
    awaited.action = step.awaited;
    bool is_due = step.action != KEYSTATE_WAIT && step.action != KEYSTATE_ASK_CLOCK;
    assert_int_equal(keystate_allows(facts, now, &awaited), is_due ? ERR_OK : ERR_DENIED);
    return step;
}

static void assert_next(const struct keystate_facts *facts, int64_t wall_ms, int64_t run_ms,
                        enum keystate_action action, uint16_t generation) {
    struct keystate_step step = next(facts, wall_ms, run_ms);
    assert_int_equal(step.action, action);
    assert_int_equal(step.generation, generation);
}

static void the_state_follows_from_the_dates(void **state) {
    (void)state;
    static const struct {
        const char *states;
        enum keystate expected;
    } cases[] = {
        {"g", KEYSTATE_GENERATED},     {"gp", KEYSTATE_PUBLISHED},   {"gpa", KEYSTATE_ACTIVE},
        {"gpar", KEYSTATE_RETIRING},   {"gpard", KEYSTATE_RETIRED},  {"gpardx", KEYSTATE_DESTROYED},
        {"gv", KEYSTATE_REVOKED},      {"gpv", KEYSTATE_REVOKED},    {"gpav", KEYSTATE_REVOKED},
        {"gparv", KEYSTATE_REVOKED},   {"gpardv", KEYSTATE_REVOKED}, {"gvx", KEYSTATE_DESTROYED},
        {"gpavx", KEYSTATE_DESTROYED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct keystate_key key = key_of(1, cases[i].states, START, 5);
        enum keystate found;
        assert_int_equal(keystate_of(&key, &found), ERR_OK);
        assert_int_equal(found, cases[i].expected);
    }
}

static void dates_that_are_no_path_are_corrupt_and_allow_nothing(void **state) {
    (void)state;
    static const char *const wrong[] = {"",
                                        "p",
                                        "ga",
                                        "gr",
                                        "gd",
                                        "gpr",
                                        "gpd",
                                        "gpad",
                                        "gx",
                                        "gpx",
                                        "gpax",
                                        "gparx",
                                        "v",
                                        "x",
                                        "pa",
                                        "gpa"
                                        "d",
                                        "par",
                                        "gpdx",
                                        "gardx"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct keystate_key key = key_of(1, wrong[i], START, 5);
        enum keystate found = KEYSTATE_ACTIVE;
        assert_int_equal(keystate_of(&key, &found), ERR_CORRUPT);
        assert_int_equal(keystate_uses(found), 0);
    }
    struct keystate_key key = key_of(0, "g", START, 5);
    enum keystate found;
    assert_int_equal(keystate_of(&key, &found), ERR_CORRUPT);
    key = key_of(1, "gpa", START, 5);
    key.came[KEYSTATE_ACTIVE].wall_ms--; /* active before it was published */
    assert_int_equal(keystate_of(&key, &found), ERR_CORRUPT);
    key = key_of(1, "gpa", START, 5);
    key.came[KEYSTATE_ACTIVE].run_ms--;
    assert_int_equal(keystate_of(&key, &found), ERR_CORRUPT);
    key = key_of(1, "g", -1, 5);
    assert_int_equal(keystate_of(&key, &found), ERR_CORRUPT);
    key = key_of(1, "g", START, KEYSTATE_MS_MAX + 1);
    assert_int_equal(keystate_of(&key, &found), ERR_CORRUPT);
}

static void a_state_says_what_a_key_may_do(void **state) {
    (void)state;
    static const unsigned expected[KEYSTATE_COUNT] = {
        [KEYSTATE_PUBLISHED] = KEYSTATE_SHOWN | KEYSTATE_OPENS,
        [KEYSTATE_ACTIVE] = KEYSTATE_SHOWN | KEYSTATE_SIGNS | KEYSTATE_OPENS,
        [KEYSTATE_RETIRING] = KEYSTATE_SHOWN | KEYSTATE_OPENS,
    };
    for (int i = -1; i <= KEYSTATE_COUNT; i++) {
        bool known = i >= 0 && i < KEYSTATE_COUNT;
        assert_int_equal(keystate_uses((enum keystate)i), known ? expected[i] : 0);
    }
    assert_string_equal(keystate_text(KEYSTATE_RETIRING), "retiring");
    assert_string_equal(keystate_text(KEYSTATE_COUNT), "unknown");
}

static void the_first_key_is_active_at_once_and_gets_a_standby(void **state) {
    (void)state;
    struct keystate_facts facts = facts_with(0);
    facts.promises.cached_ms = 0; /* nobody has seen anything */
    assert_next(&facts, START, 1, KEYSTATE_GENERATE, 0);
    keys[0] = key_of(1, "g", START, 1);
    facts.key_count = 1;
    assert_next(&facts, START, 1, KEYSTATE_PUBLISH, 1);
    keys[0] = key_of(1, "gp", START, 1);
    assert_next(&facts, START, 1, KEYSTATE_ACTIVATE, 1);
    facts.promises.cached_ms = DAY; /* keys of other purposes were shown: there are copies */
    assert_next(&facts, START, 1, KEYSTATE_WAIT, 1);
    facts.promises.cached_ms = 0;
    keys[0] = key_of(1, "gpa", START, 1);
    assert_next(&facts, START, 1, KEYSTATE_GENERATE, 0);
    keys[1] = key_of(2, "gp", START, 1); /* from the second on, all processes must know */
    facts.key_count = 2;
    facts.roll = true;
    assert_next(&facts, START, HOUR, KEYSTATE_WAIT, 2);
    assert_next(&facts, START, HOUR + 1, KEYSTATE_ACTIVATE, 2);
}

/* A year-old key and a standby. */
static struct keystate_facts due_roll(void) {
    keys[0] = key_of(1, "gpa", START - YEAR, 0);
    keys[1] = key_of(2, "gp", START, 100 * DAY);
    return facts_with(2);
}

static void a_standby_is_shown_for_as_long_as_a_copy_may_be_cached(void **state) {
    (void)state;
    struct keystate_facts facts = due_roll();
    const int64_t due = 100 * DAY + HOUR + DAY;
    struct keystate_step step = next(&facts, START, due - 1);
    assert_int_equal(step.action, KEYSTATE_WAIT);
    assert_int_equal(step.awaited, KEYSTATE_ACTIVATE);
    assert_true(step.wait_ms == 1);
    assert_next(&facts, START, due, KEYSTATE_ACTIVATE, 2);
    facts.promises.cached_ms = 7 * DAY; /* it was once served with a longer max-age */
    assert_next(&facts, START, due, KEYSTATE_WAIT, 2);
    facts.roll = true; /* not even officers pass that */
    assert_next(&facts, START, due, KEYSTATE_WAIT, 2);
    keys[0] = key_of(1, "gpav", START - YEAR, 0); /* nor does a revocation */
    assert_next(&facts, START, due, KEYSTATE_WAIT, 2);
    assert_next(&facts, START, 100 * DAY + HOUR + 7 * DAY, KEYSTATE_ACTIVATE, 2);
}

static void a_key_is_active_for_as_long_as_the_policy_says(void **state) {
    (void)state;
    struct keystate_facts facts = due_roll();
    keys[0] = key_of(1, "gpa", START - YEAR + 1, 0);
    assert_next(&facts, START, 200 * DAY, KEYSTATE_WAIT, 2);
    facts.roll = true;
    assert_next(&facts, START, 200 * DAY, KEYSTATE_ACTIVATE, 2);
    facts.roll = false;
    assert_next(&facts, START + 1, 200 * DAY, KEYSTATE_ACTIVATE, 2);
    facts.policy.active_ms = 0; /* only when officers ask */
    struct keystate_step step = next(&facts, START + 1, 200 * DAY);
    assert_int_equal(step.awaited, KEYSTATE_WAIT);
    facts.roll = true;
    assert_next(&facts, START, 200 * DAY, KEYSTATE_ACTIVATE, 2);
}

static void a_revoked_key_is_followed_by_the_standby_at_once(void **state) {
    (void)state;
    struct keystate_facts facts = due_roll();
    keys[0] = key_of(1, "gpav", START - DAY, 0);
    assert_next(&facts, START, 200 * DAY, KEYSTATE_ACTIVATE, 2);
}

static void a_retiring_key_stays_until_nothing_of_it_is_on_its_way(void **state) {
    (void)state;
    const int64_t longest = HOUR + DAY + 2 * HOUR + HOUR;
    struct keystate_facts facts = facts_with(3);
    keys[0] = key_of(1, "gpar", START, 10 * DAY);
    keys[1] = key_of(2, "gpa", START, 10 * DAY);
    keys[2] = key_of(3, "gp", START, 10 * DAY);
    struct keystate_step step = next(&facts, START, 10 * DAY + longest - 1);
    assert_int_equal(step.awaited, KEYSTATE_RETIRE);
    assert_true(step.wait_ms == 1);
    assert_next(&facts, START, 10 * DAY + longest, KEYSTATE_RETIRE, 1);
    facts.promises.lived_ms += 1;
    assert_next(&facts, START, 10 * DAY + longest, KEYSTATE_WAIT, 1);
    facts.promises.lived_ms -= 1;
    keys[0].held = true; /* rows are wrapped by it, or it is still used */
    assert_int_equal(next(&facts, START, 90 * DAY).action, KEYSTATE_WAIT);
}

static void one_key_that_is_held_does_not_hold_the_next(void **state) {
    (void)state;
    struct keystate_facts facts = facts_with(4);
    keys[0] = key_of(1, "gpar", START, 0);
    keys[0].held = true;
    keys[1] = key_of(2, "gpar", START, 0);
    keys[2] = key_of(3, "gpa", START, 0);
    keys[3] = key_of(4, "gp", START, 0);
    assert_next(&facts, START, 90 * DAY, KEYSTATE_RETIRE, 2);
}

static void a_key_is_destroyed_when_officers_agree_and_the_delay_is_over(void **state) {
    (void)state;
    static const char *const over[] = {"gpard", "gpav", "gv"};
    for (size_t i = 0; i < 3; i++) {
        struct keystate_facts facts = facts_with(3);
        keys[0] = key_of(1, over[i], START - 30 * DAY, 0);
        keys[1] = key_of(2, "gpa", START, 0);
        keys[2] = key_of(3, "gp", START, 0);
        assert_int_equal(next(&facts, START, 90 * DAY).action, KEYSTATE_WAIT);
        keys[0].granted = true;
        assert_next(&facts, START, 90 * DAY, KEYSTATE_DESTROY, 1);
        facts.policy.destroy_ms += 1;
        assert_next(&facts, START, 90 * DAY, KEYSTATE_WAIT, 1);
    }
}

static void a_clock_set_back_stands_still(void **state) {
    (void)state;
    struct keystate_facts facts = due_roll();
    assert_next(&facts, START - 10 * YEAR, 200 * DAY, KEYSTATE_ACTIVATE, 2);
    keys[0] = key_of(1, "gpa", START - YEAR + 1, 0);
    assert_next(&facts, 0, 200 * DAY, KEYSTATE_WAIT, 2);
    const struct keystate_now back = {.wall_ms = 5, .run_ms = 7};
    struct keystate_moment moment = keystate_moment_of(&facts, back);
    assert_true(moment.is_set && moment.wall_ms == START && moment.run_ms == 7);
}

static void a_jump_forward_asks_officers(void **state) {
    (void)state;
    struct keystate_facts facts = due_roll();
    keys[0] = key_of(1, "gpa", START, 0);
    assert_next(&facts, START + DAY, 200 * DAY, KEYSTATE_WAIT, 2); /* within the policy */
    const struct keystate_now ahead = {.wall_ms = START + 2 * YEAR, .run_ms = 200 * DAY};
    assert_int_equal(next(&facts, ahead.wall_ms, ahead.run_ms).action, KEYSTATE_ASK_CLOCK);
    assert_true(keystate_moment_of(&facts, ahead).wall_ms == START);
    facts.confirmed_wall_ms = ahead.wall_ms - 1;
    assert_int_equal(next(&facts, ahead.wall_ms, ahead.run_ms).action, KEYSTATE_ASK_CLOCK);
    facts.confirmed_wall_ms = ahead.wall_ms;
    assert_next(&facts, ahead.wall_ms, ahead.run_ms, KEYSTATE_ACTIVATE, 2);
    assert_true(keystate_moment_of(&facts, ahead).wall_ms == ahead.wall_ms);
    /* What does not depend on it goes on meanwhile. */
    facts.confirmed_wall_ms = 0;
    keys[1] = key_of(2, "g", START, 100 * DAY);
    assert_next(&facts, ahead.wall_ms, ahead.run_ms, KEYSTATE_PUBLISH, 2);
}

static void no_wall_clock_shortens_what_must_have_been_served(void **state) {
    (void)state;
    struct keystate_facts facts = due_roll();
    facts.confirmed_wall_ms = KEYSTATE_MS_MAX;
    for (int64_t wall_ms = 0; wall_ms < KEYSTATE_MS_MAX; wall_ms += KEYSTATE_MS_MAX / 64)
        assert_next(&facts, wall_ms, 100 * DAY + HOUR + DAY - 1, KEYSTATE_WAIT, 2);
}

static void the_assertion_denies_what_is_not_due(void **state) {
    (void)state;
    struct keystate_facts facts = due_roll();
    const struct keystate_now now = {.wall_ms = START, .run_ms = 100 * DAY};
    static const struct keystate_step denied[] = {
        {.action = KEYSTATE_ACTIVATE, .generation = 2}, /* too early */
        {.action = KEYSTATE_ACTIVATE, .generation = 1},
        {.action = KEYSTATE_ACTIVATE, .generation = 9},
        {.action = KEYSTATE_GENERATE},
        {.action = KEYSTATE_PUBLISH, .generation = 2},
        {.action = KEYSTATE_RETIRE, .generation = 1},
        {.action = KEYSTATE_DESTROY, .generation = 1},
        {.action = KEYSTATE_WAIT, .generation = 1},
        {.action = KEYSTATE_ASK_CLOCK, .generation = 1},
        {.action = KEYSTATE_REVOKE, .generation = 3},
    };
    for (size_t i = 0; i < sizeof denied / sizeof *denied; i++)
        assert_int_equal(keystate_allows(&facts, now, &denied[i]), ERR_DENIED);
    const struct keystate_step revoke = {.action = KEYSTATE_REVOKE, .generation = 1};
    assert_int_equal(keystate_allows(&facts, now, &revoke), ERR_OK);
    keys[0] = key_of(1, "gpav", START, 0);
    assert_int_equal(keystate_allows(&facts, now, &revoke), ERR_DENIED);
}

/* And that alone is recorded, however long ago it was due: what may retire is not destroyed. */
static void one_step_leads_on_from_each_state(void **state) {
    (void)state;
    static const struct {
        const char *states;
        enum keystate_action action; /* WAIT: none */
    } steps[] = {{"g", KEYSTATE_PUBLISH},   {"gp", KEYSTATE_ACTIVATE},   {"gpa", KEYSTATE_WAIT},
                 {"gpar", KEYSTATE_RETIRE}, {"gpard", KEYSTATE_DESTROY}, {"gpav", KEYSTATE_DESTROY},
                 {"gpardx", KEYSTATE_WAIT}};
    const struct keystate_now now = {.wall_ms = START + YEAR, .run_ms = YEAR};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        for (int action = KEYSTATE_PUBLISH; action <= KEYSTATE_DESTROY; action++) {
            const struct keystate_step step = {.action = (enum keystate_action)action,
                                               .generation = 1};
            const struct keystate_moment moment = {true, now.wall_ms, now.run_ms};
            enum err expected = step.action == steps[i].action ? ERR_OK : ERR_DENIED;
            struct keystate_facts facts = facts_with(1);
            facts.seen_wall_ms = now.wall_ms;
            keys[0] = key_of(1, steps[i].states, START, 0);
            keys[0].granted = true;
            assert_int_equal(keystate_allows(&facts, now, &step), expected);
            assert_int_equal(keystate_record(&keys[0], NULL, &step, moment), expected);
        }
}

/* Once it was active, and as long as what is stored is of its generation or of one before. */
static void a_key_that_rows_depend_on_ends_in_no_way(void **state) {
    (void)state;
    static const struct {
        const char *states;
        enum keystate_action action;
    } ends[] = {{"gpa", KEYSTATE_REVOKE},
                {"gpar", KEYSTATE_REVOKE},
                {"gpar", KEYSTATE_RETIRE},
                {"gpard", KEYSTATE_REVOKE},
                {"gpard", KEYSTATE_DESTROY}};
    const struct keystate_now now = {.wall_ms = START + 300 * DAY, .run_ms = 300 * DAY};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct keystate_facts facts = facts_with(1);
        const struct keystate_step step = {.action = ends[i].action, .generation = 1};
        keys[0] = key_of(1, ends[i].states, START, 0);
        keys[0].granted = true;
        facts.seen_wall_ms = now.wall_ms;
        assert_int_equal(keystate_allows(&facts, now, &step), ERR_OK);
        keys[0].needed = true;
        assert_int_equal(keystate_allows(&facts, now, &step), ERR_DENIED);
    }
    const struct keystate_key active = key_of(3, "gpa", START, 0),
                              standby = key_of(4, "gp", START, 0);
    assert_true(keystate_is_needed(&active, 0) && keystate_is_needed(&active, 3));
    assert_false(keystate_is_needed(&active, 4) || keystate_is_needed(&standby, 0));
}

/* Without the key that certifies it none is made; what is there already goes its way. */
static void an_orphan_is_not_made_and_the_standby_takes_over_all_the_same(void **state) {
    (void)state;
    const struct keystate_now now = {.wall_ms = START, .run_ms = 100 * DAY};
    const struct keystate_step made = {.action = KEYSTATE_GENERATE};
    struct keystate_facts facts = facts_with(1);
    keys[0] = key_of(1, "gpav", START, 0);
    assert_next(&facts, now.wall_ms, now.run_ms, KEYSTATE_GENERATE, 0);
    facts.orphan = true;
    assert_next(&facts, now.wall_ms, now.run_ms, KEYSTATE_WAIT, 0);
    assert_int_equal(keystate_allows(&facts, now, &made), ERR_DENIED);
    facts = facts_with(2);
    facts.orphan = true;
    keys[1] = key_of(2, "gp", START, 0);
    assert_next(&facts, now.wall_ms, now.run_ms, KEYSTATE_ACTIVATE, 2);
}

static void facts_that_contradict_each_other_are_corrupt(void **state) {
    (void)state;
    static const char *const pairs[][2] = {{"gpa", "gpa"}, {"gp", "g"}, {"g", "g"}, {"gpa", "gx"}};
    const struct keystate_now now = {.wall_ms = START, .run_ms = 100 * DAY};
    struct keystate_facts facts = facts_with(2);
    struct keystate_step step = {.action = KEYSTATE_GENERATE};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        keys[0] = key_of(1, pairs[i][0], START, 0);
        keys[1] = key_of(2, pairs[i][1], START, 0);
        assert_int_equal(keystate_allows(&facts, now, &step), ERR_CORRUPT);
        assert_int_equal(keystate_next(&facts, now, &step), ERR_CORRUPT);
        assert_int_equal(step.action, KEYSTATE_WAIT);
    }
    facts = due_roll();
    keys[1].generation = 1;
    assert_int_equal(keystate_next(&facts, now, &step), ERR_CORRUPT);
    int64_t *const numbers[] = {
        &facts.policy.active_ms,      &facts.policy.destroy_ms, &facts.policy.jump_ms,
        &facts.policy.propagation_ms, &facts.policy.skew_ms,    &facts.promises.cached_ms,
        &facts.promises.lived_ms,     &facts.seen_wall_ms,      &facts.confirmed_wall_ms};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        static const int64_t wrong[] = {-1, INT64_MIN, KEYSTATE_MS_MAX + 1, INT64_MAX};
        for (size_t j = 0; j < sizeof wrong / sizeof *wrong; j++) {
            facts = due_roll();
            *numbers[i] = wrong[j];
            assert_int_equal(keystate_next(&facts, now, &step), ERR_CORRUPT);
        }
    }
}

static void a_step_writes_its_dates_and_no_others(void **state) {
    (void)state;
    (void)due_roll();
    const struct keystate_moment moment = {.is_set = true, .wall_ms = START, .run_ms = 150 * DAY};
    struct keystate_step step = {.action = KEYSTATE_ACTIVATE, .generation = 2};
    enum keystate found;
    assert_int_equal(keystate_record(&keys[1], &keys[0], &step, moment), ERR_OK);
    assert_int_equal(keystate_of(&keys[0], &found), ERR_OK);
    assert_int_equal(found, KEYSTATE_RETIRING);
    assert_int_equal(keystate_of(&keys[1], &found), ERR_OK);
    assert_int_equal(found, KEYSTATE_ACTIVE);
    assert_true(keys[1].came[KEYSTATE_ACTIVE].run_ms == 150 * DAY);
    assert_int_equal(keystate_record(&keys[1], &keys[0], &step, moment), ERR_DENIED);
    step.action = KEYSTATE_REVOKE;
    assert_int_equal(keystate_record(&keys[1], NULL, &step, moment), ERR_OK);
    assert_int_equal(keystate_of(&keys[1], &found), ERR_OK);
    assert_int_equal(found, KEYSTATE_REVOKED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_state_follows_from_the_dates),
        cmocka_unit_test(dates_that_are_no_path_are_corrupt_and_allow_nothing),
        cmocka_unit_test(a_state_says_what_a_key_may_do),
        cmocka_unit_test(the_first_key_is_active_at_once_and_gets_a_standby),
        cmocka_unit_test(a_standby_is_shown_for_as_long_as_a_copy_may_be_cached),
        cmocka_unit_test(a_key_is_active_for_as_long_as_the_policy_says),
        cmocka_unit_test(a_revoked_key_is_followed_by_the_standby_at_once),
        cmocka_unit_test(a_retiring_key_stays_until_nothing_of_it_is_on_its_way),
        cmocka_unit_test(one_key_that_is_held_does_not_hold_the_next),
        cmocka_unit_test(a_key_is_destroyed_when_officers_agree_and_the_delay_is_over),
        cmocka_unit_test(a_clock_set_back_stands_still),
        cmocka_unit_test(a_jump_forward_asks_officers),
        cmocka_unit_test(no_wall_clock_shortens_what_must_have_been_served),
        cmocka_unit_test(the_assertion_denies_what_is_not_due),
        cmocka_unit_test(one_step_leads_on_from_each_state),
        cmocka_unit_test(a_key_that_rows_depend_on_ends_in_no_way),
        cmocka_unit_test(an_orphan_is_not_made_and_the_standby_takes_over_all_the_same),
        cmocka_unit_test(facts_that_contradict_each_other_are_corrupt),
        cmocka_unit_test(a_step_writes_its_dates_and_no_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
