#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/secret.h"
#include "hsm/keyring_need.h"
#include "hsm/keyring_wrap.h"
#include "hsm/keyset.h"
#include "tests/unit/rollover_box.h"

/* The peppers that a signer loads, in each state of a roll, on a real token. */
#define DAY        ROLLOVER_BOX_DAY
#define TO_ACTIVE  (DAY + 60 * ROLLOVER_BOX_SECOND)
#define TO_RETIRED (20 * DAY)

static struct rollover_box box;
static const uint8_t id_hash[HSM_ID_HASH_BYTES] = {1, 7, 0, 5};

static int found_box(void **state) {
    (void)state;
    rollover_box_found(&box);
    return 0;
}

static int remove_box(void **state) {
    (void)state;
    rollover_box_remove(&box);
    return 0;
}

static int begin(void **state) {
    (void)state;
    rollover_box_begin(&box);
    rollover_box_by_order(&box);
    return 0;
}

static int end(void **state) {
    (void)state;
    rollover_box_close(&box);
    return 0;
}

static void order_roll(void) {
    assert_int_equal(keyring_life_roll(box.keyring, HSM_PURPOSE_PEPPER), ERR_OK);
    (void)rollover_box_settle_after(&box, 0);
}

static struct hsm_lookup_keys look_up(const struct keyset *keys) {
    struct hsm_lookup_keys found;
    assert_int_equal(lookup_keys(&keys->peppers, id_hash, &found), ERR_OK);
    return found;
}

/* By the keys that a signer loads now. */
static struct hsm_lookup_keys loaded(void) {
    static struct keyset keys;
    assert_int_equal(keyset_load(&keys, box.keyring, box.token), ERR_OK);
    struct hsm_lookup_keys found = look_up(&keys);
    keyset_unload(&keys);
    return found;
}

static void assert_generations(const struct hsm_lookup_keys *keys, uint16_t first,
                               uint16_t second) {
    assert_int_equal(keys->count, second == 0 ? 1 : 2);
    assert_int_equal(keys->of[0].generation, first);
    if (second != 0)
        assert_int_equal(keys->of[1].generation, second);
}

static void assert_same(const struct hsm_lookup_keys *keys, size_t place,
                        const struct hsm_lookup_keys *others, size_t other_place) {
    assert_memory_equal(keys->of[place].key, others->of[other_place].key, HSM_LOOKUP_KEY_BYTES);
}

static void the_active_one_is_first_then_the_retiring_or_the_standby(void **state) {
    (void)state;
    struct hsm_lookup_keys alone = loaded();
    assert_generations(&alone, 1, 0);
    order_roll();
    struct hsm_lookup_keys shown = loaded();
    assert_generations(&shown, 1, 2);
    assert_same(&shown, 0, &alone, 0);
    (void)rollover_box_settle_after(&box, TO_ACTIVE);
    struct hsm_lookup_keys rolled = loaded();
    assert_generations(&rolled, 2, 1);
    assert_same(&rolled, 0, &shown, 1);
    assert_same(&rolled, 1, &shown, 0);
    const struct hsm_need need = {.pepper_from = 2};
    assert_int_equal(keyring_need_tell(box.keyring, &need), ERR_OK);
    (void)rollover_box_settle_after(&box, TO_RETIRED);
    struct hsm_lookup_keys after = loaded();
    assert_generations(&after, 2, 0);
    assert_same(&after, 0, &rolled, 0);
}

static void a_revoked_standby_gives_no_key(void **state) {
    (void)state;
    order_roll();
    const struct keystate_step revoke = {.action = KEYSTATE_REVOKE, .generation = 2};
    assert_int_equal(keyring_life_step(box.keyring, HSM_PURPOSE_PEPPER,
                                       &box.policy.of[HSM_PURPOSE_PEPPER], box.now, &revoke),
                     ERR_OK);
    struct hsm_lookup_keys keys = loaded();
    assert_generations(&keys, 1, 0);
}

/* With less than it needs a signer would say of people that they are unknown. */
static void one_that_does_not_open_keeps_the_older_keys_in_use(void **state) {
    (void)state;
    struct keyset *keys = NULL;
    struct keyring_row row;
    const uint8_t wrong[HSM_WRAPPED_BYTES] = {1};
    order_roll();
    assert_int_equal(keyset_renew(&keys, box.keyring, box.token), ERR_OK);
    struct hsm_lookup_keys before = look_up(keys);
    assert_int_equal(keyring_find(box.keyring, HSM_PURPOSE_PEPPER, 2, &row), ERR_OK);
    assert_int_equal(keyring_wrap_store(box.keyring, &row, wrong, row.wrapped_by), ERR_OK);
    assert_int_equal(keyset_renew(&keys, box.keyring, box.token), ERR_CRYPTO);
    struct hsm_lookup_keys after = look_up(keys);
    assert_generations(&after, 1, 2);
    assert_memory_equal(&after, &before, sizeof after);
    keyset_unload(keys);
    free(keys);
}

int main(void) {
    if (secret_arena_open(65536) != ERR_OK)
        return 1;
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(the_active_one_is_first_then_the_retiring_or_the_standby),
        TEST(a_revoked_standby_gives_no_key),
        TEST(one_that_does_not_open_keeps_the_older_keys_in_use),
    };
    return cmocka_run_group_tests(tests, found_box, remove_box);
}
