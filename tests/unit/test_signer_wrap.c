#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hsm/wire_keys.h"
#include "hsm/wire_wrap.h"
#include "tests/lib/hsm_box.h"

/* A running signer whose KEK rolls: what provd asks it meanwhile, and what it is told. */
#define NOTHING bytes_of(NULL, 0)

static struct hsm_box box;
static struct hsm_signer signer;

static const struct hsm_signer_plan hurried = {
    .settings = "published-max-age = 0\nkey-propagation = 3\nkey-skew = 0\nkey-day = 1\n",
};

static int make_box(void **state) {
    (void)state;
    hsm_box_make(&box);
    hsm_signer_make_keys(&box, &hurried);
    return 0;
}

static int remove_box(void **state) {
    (void)state;
    hsm_box_remove(&box);
    return 0;
}

static int start(void **state) {
    (void)state;
    hsm_signer_serve(&box, &hurried, &signer);
    return 0;
}

static int stop(void **state) {
    (void)state;
    hsm_signer_stop(&signer);
    return 0;
}

static struct bytes ask(uint16_t type, struct bytes payload) {
    return hsm_signer_ask_past_hello(&signer, signer.provd, type, payload);
}

static struct hsm_standing standing(void) {
    struct hsm_standing answer;
    assert_int_equal(hsm_wire_get_standing(ask(HSM_STANDING, NOTHING), &answer), ERR_OK);
    assert_int_equal(answer.receipt.status, ERR_OK);
    return answer;
}

static void assert_stands(struct hsm_generations generations, uint16_t active, uint16_t oldest) {
    assert_int_equal(generations.active, active);
    assert_int_equal(generations.oldest, oldest);
}

static enum err need(uint16_t kek_from, uint16_t pepper_from) {
    uint8_t memory[16];
    const struct hsm_need question = {kek_from, pepper_from};
    struct hsm_needed answer;
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_need(&target, &question);
    assert_int_equal(hsm_wire_get_needed(ask(HSM_NEED, bytes_of(memory, target.len)), &answer),
                     ERR_OK);
    return answer.receipt.status;
}

static enum err rewrap(uint8_t wrapped[static HSM_WRAPPED_BYTES], uint16_t *kek) {
    uint8_t memory[HSM_WRAPPED_BYTES];
    struct hsm_rewrap_root question;
    struct hsm_root_rewrapped answer;
    struct buffer target = buffer_over(memory, sizeof memory);
    memcpy(question.wrapped, wrapped, sizeof question.wrapped);
    hsm_wire_put_rewrap_root(&target, &question);
    assert_int_equal(
        hsm_wire_get_root_rewrapped(ask(HSM_REWRAP_ROOT, bytes_of(memory, target.len)), &answer),
        ERR_OK);
    *kek = answer.kek_generation;
    if (answer.receipt.status == ERR_OK)
        memcpy(wrapped, answer.wrapped, sizeof answer.wrapped);
    return answer.receipt.status;
}

static void new_root(uint8_t wrapped[static HSM_WRAPPED_BYTES]) {
    struct hsm_root_made made;
    assert_int_equal(hsm_wire_get_root_made(ask(HSM_NEW_ROOT, NOTHING), &made), ERR_OK);
    assert_int_equal(made.receipt.status, ERR_OK);
    memcpy(wrapped, made.wrapped, sizeof made.wrapped);
}

static enum err open_root(const uint8_t wrapped[static HSM_WRAPPED_BYTES],
                          uint8_t root[static HSM_ROOT_BYTES]) {
    uint8_t memory[HSM_WRAPPED_BYTES + 8];
    struct hsm_open_root question = {0};
    struct hsm_root_opened opened;
    struct buffer target = buffer_over(memory, sizeof memory);
    memcpy(question.wrapped, wrapped, sizeof question.wrapped);
    hsm_wire_put_open_root(&target, &question);
    assert_int_equal(
        hsm_wire_get_root_opened(ask(HSM_OPEN_ROOT, bytes_of(memory, target.len)), &opened),
        ERR_OK);
    memcpy(root, opened.root, sizeof opened.root);
    return opened.receipt.status;
}

static enum err order(enum hsm_order kind, uint16_t generation) {
    const struct hsm_key_order question = {
        .order = kind, .purpose = HSM_PURPOSE_KEK, .generation = generation};
    struct hsm_key_ordered answer = hsm_signer_order(&signer, &question);
    assert_int_equal(answer.needed, answer.receipt.status == ERR_DENIED);
    return answer.receipt.status;
}

static const struct hsm_key_shown *shown(uint16_t generation) {
    static struct hsm_keys told;
    assert_int_equal(hsm_wire_get_keys(ask(HSM_KEYS, hsm_signer_all_keys()), &told), ERR_OK);
    for (size_t i = 0; i < told.count; i++)
        if (told.keys[i].purpose == HSM_PURPOSE_KEK && told.keys[i].generation == generation)
            return &told.keys[i];
    fail_msg("no KEK of generation %u", generation);
    return NULL;
}

/* Between the moment in which a KEK is active and that in which the signer has loaded it. */
static void rewrap_by(uint8_t wrapped[static HSM_WRAPPED_BYTES], uint16_t kek) {
    uint16_t by = 0;
    enum err err = rewrap(wrapped, &by);
    while (err == ERR_LIMIT) {
        (void)hsm_signer_receive(&signer, signer.provd, HSM_HELLO);
        err = rewrap(wrapped, &by);
    }
    assert_int_equal(err, ERR_OK);
    assert_int_equal(by, kek);
}

static void a_roll_of_the_kek_is_over_when_provd_says_so(void **state) {
    (void)state;
    uint8_t wrapped[HSM_WRAPPED_BYTES], again[HSM_WRAPPED_BYTES], late[HSM_WRAPPED_BYTES];
    uint8_t first[HSM_ROOT_BYTES], root[HSM_ROOT_BYTES];
    struct hsm_standing stands = standing();
    assert_stands(stands.kek, 1, 1);
    assert_stands(stands.pepper, 1, 1);
    new_root(wrapped);
    assert_int_equal(open_root(wrapped, first), ERR_OK);
    assert_int_equal(order(HSM_ORDER_ROLL, 0), ERR_OK);
    while (standing().kek.active == 1)
        (void)hsm_signer_receive(&signer, signer.provd, HSM_HELLO);
    assert_stands(standing().kek, 2, 1);

    memcpy(again, wrapped, sizeof again);
    rewrap_by(again, 2);
    assert_memory_not_equal(again, wrapped, sizeof again);
    assert_int_equal(open_root(wrapped, root), ERR_OK);
    assert_int_equal(open_root(again, root), ERR_OK);
    assert_memory_equal(root, first, sizeof root);
    assert_int_equal(shown(1)->state, KEYSTATE_RETIRING);
    assert_true(shown(1)->in_use);
    assert_int_equal(order(HSM_ORDER_REVOKE, 1), ERR_DENIED);
    assert_int_equal(order(HSM_ORDER_REVOKE_AT_ONCE, 1), ERR_DENIED);

    assert_int_equal(need(2, 0), ERR_OK);
    assert_false(shown(1)->in_use);
    while (standing().kek.oldest == 1)
        (void)hsm_signer_receive(&signer, signer.provd, HSM_HELLO);
    assert_int_equal(shown(1)->state, KEYSTATE_RETIRED);
    new_root(late);
    assert_int_equal(open_root(late, root), ERR_OK);
    while (open_root(wrapped, root) == ERR_OK) /* until it is not loaded any more */
        (void)hsm_signer_receive(&signer, signer.provd, HSM_HELLO);
    assert_int_equal(open_root(wrapped, root), ERR_CRYPTO);
    assert_int_equal(open_root(again, root), ERR_OK);
    assert_memory_equal(root, first, sizeof root);
}

static void what_cannot_be_is_refused_and_changes_nothing(void **state) {
    (void)state;
    uint8_t garbage[HSM_WRAPPED_BYTES] = {0, 1, 2};
    uint16_t kek;
    struct hsm_standing before = standing();
    assert_int_equal(rewrap(garbage, &kek), ERR_CRYPTO);
    assert_int_equal(need(before.kek.active + 1, 0), ERR_DENIED);
    assert_int_equal(need(0, before.pepper.active + 1), ERR_DENIED);
    assert_int_equal(need(before.kek.active, before.pepper.active), ERR_OK);
    assert_int_equal(order(HSM_ORDER_REVOKE_AT_ONCE, before.kek.active), ERR_DENIED);
    assert_stands(standing().kek, before.kek.active, before.kek.oldest);
}

/*
 * The table of verbs is the permission: whoever else asks is lost, and the signer ends. The
 * questions are such as it answers when provd asks.
 */
static void only_provd_asks_and_only_the_first_signer(void **state) {
    (void)state;
    static const uint8_t payload[HSM_WRAPPED_BYTES] = {0, 1}; /* a need of the first KEK */
    static const struct {
        uint16_t verb;
        size_t len;
    } questions[] = {{HSM_STANDING, 0}, {HSM_REWRAP_ROOT, HSM_WRAPPED_BYTES}, {HSM_NEED, 4}};
    const struct hsm_signer_plan plans[] = {{.index = 1}, hurried};
    for (size_t i = 0; i < 2 * sizeof questions / sizeof *questions; i++) {
        struct hsm_signer other;
        hsm_signer_start(&box, &plans[i % 2], &other);
        (void)hsm_signer_greet(&other);
        hsm_signer_send(&other, i % 2 == 0 ? other.provd : other.core, questions[i / 2].verb,
                        bytes_of(payload, questions[i / 2].len));
        assert_int_equal(hsm_signer_wait(&other), BOOT_EXIT_FAILURE);
        hsm_signer_stop(&other);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_roll_of_the_kek_is_over_when_provd_says_so, start, stop),
        cmocka_unit_test_setup_teardown(what_cannot_be_is_refused_and_changes_nothing, start, stop),
        cmocka_unit_test(only_provd_asks_and_only_the_first_signer),
    };
    return cmocka_run_group_tests(tests, make_box, remove_box);
}
