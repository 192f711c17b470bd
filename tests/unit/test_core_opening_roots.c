#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/opening_roots.h"
#include "authd/store/registry_state_root.h"
#include "tests/unit/lane_fixture.h"

/*
 * Which roots core has signers open, and what it then keeps under which: the signer is the test,
 * and gives for what is wrapped as n, n, n… the root n, n, n…
 */
enum { STATE = 7, QUESTIONS_MAX = 8 };

static struct lane_box box;
static struct core core;

static int make(void **state) {
    (void)state;
    lane_fixture_make(&box, "");
    memset(&core, 0, sizeof core);
    core.registry = box.core->registry;
    assert_int_equal(record_keys_new(&core.record_keys), ERR_OK);
    assert_int_equal(record_keys_new(&core.state_keys), ERR_OK);
    return 0;
}

static int unmake(void **state) {
    (void)state;
    record_keys_free(core.record_keys);
    record_keys_free(core.state_keys);
    lane_fixture_remove(&box);
    return 0;
}

static void put(uint16_t from, uint16_t to, bool state_root) {
    uint8_t wrapped[HSM_ROOT_WRAPPED_BYTES];
    uint64_t sequence;
    struct registry_batch batch = registry_begin(core.registry);
    for (uint16_t generation = from; generation <= to; generation++) {
        memset(wrapped, generation, sizeof wrapped);
        registry_put_root(&batch, generation, bytes_of(wrapped, sizeof wrapped));
    }
    memset(wrapped, STATE, sizeof wrapped);
    if (state_root)
        registry_state_root_put(&batch, bytes_of(wrapped, sizeof wrapped));
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
}

struct questions {
    size_t count;
    struct {
        uint64_t id;
        uint8_t wrapped; /* as what */
    } of[QUESTIONS_MAX];
};

static struct questions asked(void) {
    struct questions questions = {0};
    assert_int_equal(opening_roots_ask(&core, box.lane->signers[1].peer), ERR_OK);
    while (!lane_fixture_is_silent(&box, PARTY_SIGNER)) {
        struct hsm_open_root question;
        struct frame frame = lane_fixture_receive(&box, PARTY_SIGNER, HSM_OPEN_ROOT);
        assert_int_equal(hsm_wire_get_open_root(frame.payload, &question), ERR_OK);
        assert_true(questions.count < QUESTIONS_MAX);
        questions.of[questions.count].id = frame.id;
        questions.of[questions.count++].wrapped = question.wrapped[0];
    }
    return questions;
}

static enum err answer(uint64_t id, uint8_t root, enum err status) {
    uint8_t memory[64];
    struct hsm_root_opened opened = {.receipt.status = status};
    struct buffer payload = buffer_over(memory, sizeof memory);
    struct frame frame = {.type = HSM_ROOT_OPENED, .id = id};
    memset(opened.root, root, sizeof opened.root);
    hsm_wire_put_root_opened(&payload, &opened);
    assert_int_equal(buffer_end(&payload, &frame.payload), ERR_OK);
    return opening_roots_take(&core, &frame);
}

/* One after the other; only with the last of them all are open. */
static void answer_all(const struct questions *questions) {
    for (size_t i = 0; i < questions->count; i++) {
        assert_int_equal(opening_roots_check(&core), ERR_NOT_FOUND);
        assert_int_equal(answer(questions->of[i].id, questions->of[i].wrapped, ERR_OK), ERR_OK);
    }
    assert_int_equal(opening_roots_check(&core), ERR_OK);
    assert_int_equal(asked().count, 0);
}

/* What core keeps is derived from this root. */
static void assert_kept_under(uint8_t root) {
    struct record_keys *expected;
    uint8_t bytes[RECORD_ROOT_BYTES];
    SECRET(left);
    SECRET(right);
    memset(bytes, root, sizeof bytes);
    assert_int_equal(record_keys_new(&expected), ERR_OK);
    assert_int_equal(record_keys_add(expected, 1, bytes_of(bytes, sizeof bytes)), ERR_OK);
    assert_int_equal(record_keys_derive(expected, 1, "ledger", &left), ERR_OK);
    assert_int_equal(record_keys_derive(core.state_keys, CORE_ROOT_GENERATION, "ledger", &right),
                     ERR_OK);
    assert_memory_equal(left.data, right.data, left.len);
    record_keys_free(expected);
}

static void the_state_root_is_opened_beside_the_record_roots(void **state) {
    (void)state;
    put(1, 2, true);
    struct questions questions = asked();
    assert_int_equal(questions.count, 3);
    answer_all(&questions);
    assert_kept_under(STATE);
    assert_int_equal(record_keys_find(core.record_keys, 1), ERR_OK);
    assert_int_equal(record_keys_find(core.record_keys, 2), ERR_OK);
    assert_int_equal(record_keys_find(core.record_keys, STATE), ERR_NOT_FOUND);
    assert_int_equal(record_keys_find(core.state_keys, 2), ERR_NOT_FOUND);
}

static void in_any_order(void **state) {
    (void)state;
    put(1, 2, true);
    struct questions questions = asked(), other = {.count = questions.count};
    for (size_t i = 0; i < questions.count; i++)
        other.of[i] = questions.of[questions.count - 1 - i];
    answer_all(&other);
    assert_kept_under(STATE);
}

static void the_first_record_root_is_in_its_place_on_an_older_box(void **state) {
    (void)state;
    put(1, 3, false);
    struct questions questions = asked();
    assert_int_equal(questions.count, 3);
    answer_all(&questions);
    assert_kept_under(1);
}

static void a_removed_first_root_is_missed_by_nobody(void **state) {
    (void)state;
    put(2, 3, true);
    struct questions questions = asked();
    assert_int_equal(questions.count, 3);
    answer_all(&questions);
    assert_kept_under(STATE);
    assert_int_equal(record_keys_find(core.record_keys, 1), ERR_NOT_FOUND);
}

/* Without the first root nothing says what an older box has counted: it does not open. */
static void an_older_box_without_its_first_root_does_not_open(void **state) {
    (void)state;
    put(2, 3, false);
    struct questions questions = asked();
    assert_int_equal(questions.count, 2);
    for (size_t i = 0; i < questions.count; i++)
        assert_int_equal(answer(questions.of[i].id, questions.of[i].wrapped, ERR_OK), ERR_OK);
    assert_int_equal(opening_roots_check(&core), ERR_NOT_FOUND);
}

static void what_a_signer_could_not_open_is_asked_for_again(void **state) {
    (void)state;
    put(1, 1, true);
    struct questions questions = asked();
    assert_int_equal(questions.count, 2);
    assert_int_equal(answer(questions.of[0].id, questions.of[0].wrapped, ERR_OK), ERR_OK);
    assert_int_equal(answer(questions.of[1].id, 0, ERR_CRYPTO), ERR_OK);
    assert_int_equal(opening_roots_check(&core), ERR_NOT_FOUND);
    assert_int_equal(answer(questions.of[0].id, questions.of[0].wrapped, ERR_OK), ERR_OK);
    assert_int_equal(opening_roots_check(&core), ERR_NOT_FOUND); /* twice the same is not both */
    struct questions again = asked();
    assert_int_equal(again.count, 1);
    assert_true(again.of[0].id == questions.of[1].id);
    answer_all(&again);
}

static void a_root_that_comes_later_is_asked_for_alone(void **state) {
    (void)state;
    put(1, 1, true);
    struct questions questions = asked();
    answer_all(&questions);
    put(2, 2, false);
    assert_int_equal(opening_roots_check(&core), ERR_NOT_FOUND);
    questions = asked();
    assert_int_equal(questions.count, 1);
    assert_true(questions.of[0].id == 2);
    answer_all(&questions);
}

static void a_registry_without_roots_opens_nothing(void **state) {
    (void)state;
    assert_int_equal(opening_roots_ask(&core, box.lane->signers[1].peer), ERR_NOT_FOUND);
    assert_int_equal(opening_roots_ask(&core, NULL), ERR_UNAVAILABLE);
    assert_int_equal(opening_roots_check(&core), ERR_NOT_FOUND);
    assert_int_equal(answer(UINT64_C(1) << 17, 1, ERR_OK), ERR_MALFORMED);
}

static void store_raw(struct bytes value) {
    struct kv_txn txn = kv_write(registry_kv(core.registry));
    kv_put(&txn, REGISTRY_META, bytes_of_text("state-root"), value);
    assert_int_equal(kv_commit(&txn), ERR_OK);
}

/* A box that has one, damaged, is not taken for one that has none: it would forget its counts. */
static void a_damaged_state_root_opens_nothing(void **state) {
    (void)state;
    static const uint8_t memory[REGISTRY_STATE_ROOT_MAX + 1];
    static const size_t sizes[] = {1, HSM_ROOT_WRAPPED_BYTES - 1, HSM_ROOT_WRAPPED_BYTES + 1,
                                   REGISTRY_STATE_ROOT_MAX + 1};
    put(1, 1, false);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        store_raw(bytes_of(memory, sizes[i]));
        assert_int_equal(opening_roots_ask(&core, box.lane->signers[1].peer), ERR_CORRUPT);
        (void)answer(1, 1, ERR_OK);
        assert_int_not_equal(opening_roots_check(&core), ERR_OK);
        assert_int_equal(record_keys_find(core.state_keys, CORE_ROOT_GENERATION), ERR_NOT_FOUND);
    }
}

static void a_state_root_that_is_none_is_not_stored(void **state) {
    (void)state;
    static const uint8_t memory[REGISTRY_STATE_ROOT_MAX + 1];
    uint64_t sequence;
    struct registry_batch batch = registry_begin(core.registry);
    registry_state_root_put(&batch, bytes_of(memory, 0));
    assert_int_equal(registry_commit(&batch, &sequence), ERR_MALFORMED);
    batch = registry_begin(core.registry);
    registry_state_root_put(&batch, bytes_of(memory, sizeof memory));
    assert_int_equal(registry_commit(&batch, &sequence), ERR_TOO_LARGE);
    uint8_t small[HSM_ROOT_WRAPPED_BYTES - 1];
    struct buffer wrapped = buffer_over(small, sizeof small);
    assert_int_equal(registry_state_root_get(core.registry, &wrapped), ERR_NOT_FOUND);
    put(1, 1, true);
    assert_int_equal(registry_state_root_get(core.registry, &wrapped), ERR_FULL);
}

#define ROOTS_TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void) {
    const struct CMUnitTest tests[] = {
        ROOTS_TEST(the_state_root_is_opened_beside_the_record_roots),
        ROOTS_TEST(in_any_order),
        ROOTS_TEST(the_first_record_root_is_in_its_place_on_an_older_box),
        ROOTS_TEST(a_removed_first_root_is_missed_by_nobody),
        ROOTS_TEST(an_older_box_without_its_first_root_does_not_open),
        ROOTS_TEST(what_a_signer_could_not_open_is_asked_for_again),
        ROOTS_TEST(a_root_that_comes_later_is_asked_for_alone),
        ROOTS_TEST(a_registry_without_roots_opens_nothing),
        ROOTS_TEST(a_damaged_state_root_opens_nothing),
        ROOTS_TEST(a_state_root_that_is_none_is_not_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
