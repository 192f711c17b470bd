#include <string.h>

#include "tests/unit/provd_box.h"

#include "provisioning/officer_wire_usage.h"

static void begin(struct provd_box *box) {
    provd_box_initialise(box);
    box->provd.state = BOX_OPERATIONAL;
}

static struct officer_outcome order(struct provd_box *box,
                                    const struct officer_key_order *question) {
    uint8_t memory[128];
    struct buffer payload = buffer_over(memory, sizeof memory);
    officer_wire_put_key_order(&payload, question);
    return provd_box_change(box, OFFICER_KEY_ORDER, &payload);
}

static struct officer_key_order retire(const char *force) {
    struct officer_key_order question = {
        .order = OFFICER_ORDER_RETIRE, .purpose = "IDA/PARTNER", .generation = 3};
    memcpy(question.force, force, strlen(force));
    return question;
}

static void use(struct provd_box *box, const char *programme, uint32_t share) {
    struct key_usage_programme *used = &box->usage.programmes[box->usage.programme_count++];
    memcpy(used->programme, programme, strlen(programme));
    used->share = share;
    used->holds = share > 100;
    box->usage.covers_day = true;
    box->usage.holding += used->holds;
    box->usage.held = box->usage.holding > 0;
}

static void a_key_that_nobody_uses_is_let_go(void **state) {
    struct provd_box *box = *state;
    const struct officer_key_order question = retire("");
    begin(box);
    use(box, "cnss", 0);
    use(box, "cdg", 99);
    provd_box_assert_done(order(box, &question));
    assert_int_equal(box->usage_asked.purpose, HSM_PURPOSE_PARTNER);
    assert_int_equal(box->usage_asked.generation, 3);
    assert_int_equal(box->order.order, HSM_ORDER_RETIRE);
    assert_string_equal(box->audits[box->audit_count - 1].subject, "retire IDA/PARTNER/3");
}

static void a_used_key_is_not_let_go_and_who_uses_it_is_told(void **state) {
    struct provd_box *box = *state;
    const struct officer_key_order question = retire("");
    begin(box);
    use(box, "cdg", 3100);
    use(box, "cnss", 0);
    use(box, "", 200);
    size_t audits = box->audit_count;
    struct officer_outcome outcome = order(box, &question);
    provd_box_assert_refused(outcome, OFFICER_REASON_KEY_USED);
    assert_string_equal(outcome.detail, "cdg 3.100 %, others 0.200 %");
    assert_true(box->order_count == 1 && box->order.dry_run); /* whether its state allows it */
    assert_int_equal(box->audit_count, audits);
}

static void a_reason_lets_it_go_and_is_in_the_journal(void **state) {
    struct provd_box *box = *state;
    const struct officer_key_order question = retire("cdg agreed by letter");
    begin(box);
    use(box, "cdg", 3100);
    provd_box_assert_done(order(box, &question));
    assert_int_equal(box->order.order, HSM_ORDER_RETIRE_IN_USE);
    assert_int_equal(box->order.generation, 3);
    assert_string_equal(box->audits[box->audit_count - 1].subject,
                        "retire IDA/PARTNER/3 force: cdg agreed by letter");
}

static void a_reason_belongs_to_no_other_order(void **state) {
    struct provd_box *box = *state;
    struct officer_key_order question = retire("cdg agreed by letter");
    struct officer_outcome outcome;
    uint8_t memory[128];
    struct buffer payload = buffer_over(memory, sizeof memory);
    begin(box);
    question.order = OFFICER_ORDER_DESTROY;
    officer_wire_put_key_order(&payload, &question);
    assert_int_equal(provd_box_ask(box, OFFICER_KEY_ORDER, bytes_of(memory, payload.len), &outcome),
                     ERR_MALFORMED);
    assert_int_equal(box->order_count, 0);
}

static void what_core_cannot_tell_is_not_let_go(void **state) {
    struct provd_box *box = *state;
    const struct officer_key_order question = retire("");
    begin(box);
    box->usage.held = true; /* less than a day */
    struct officer_outcome outcome = order(box, &question);
    provd_box_assert_refused(outcome, OFFICER_REASON_KEY_UNCOUNTED);
    box->usage_status = ERR_UNAVAILABLE;
    outcome = order(box, &question);
    provd_box_assert_refused(outcome, OFFICER_REASON_CORE);
    assert_true(box->order_count == 2 && box->order.dry_run);
}

static void a_key_whose_state_forbids_it_is_refused_for_that_whoever_uses_it(void **state) {
    struct provd_box *box = *state;
    const struct officer_key_order question = retire("");
    begin(box);
    use(box, "cdg", 3100);
    size_t audits = box->audit_count;
    box->order_status = ERR_DENIED;
    struct officer_outcome outcome = order(box, &question);
    provd_box_assert_refused(outcome, OFFICER_REASON_KEY_STATE);
    assert_int_equal(box->audit_count, audits);
}

static void a_key_that_nobody_encrypts_to_needs_no_counting(void **state) {
    struct provd_box *box = *state;
    struct officer_key_order question = retire("");
    begin(box);
    box->usage_status = ERR_UNAVAILABLE;
    memcpy(question.purpose, "IDA/SIGN", sizeof "IDA/SIGN");
    question.purpose[8] = '\0';
    provd_box_assert_done(order(box, &question));
    assert_int_equal(box->order.purpose, HSM_PURPOSE_SIGN);
}

/* ---- what the signer says ---- */

static void what_the_signer_refuses_is_told_with_its_reason(void **state) {
    struct provd_box *box = *state;
    static const struct {
        enum err status;
        bool needed;
        enum officer_reason reason;
        const char *detail;
    } refusals[] = {
        {ERR_DENIED, false, OFFICER_REASON_KEY_STATE, "retiring"},
        {ERR_NOT_FOUND, false, OFFICER_REASON_KEY_STATE, "retiring"},
        {ERR_LIMIT, false, OFFICER_REASON_KEY_SUCCESSOR, "retiring"},
        {ERR_DENIED, true, OFFICER_REASON_KEY_NEEDED, ""},
        {ERR_CRYPTO, false, OFFICER_REASON_TOKEN, "crypto"},
    };
    struct officer_key_order question = retire("");
    begin(box);
    question.order = OFFICER_ORDER_REVOKE;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        box->order_status = refusals[i].status;
        box->order_needed = refusals[i].needed;
        struct officer_outcome outcome = order(box, &question);
        provd_box_assert_refused(outcome, refusals[i].reason);
        assert_int_equal(outcome.status, refusals[i].status);
        assert_string_equal(outcome.detail, refusals[i].detail);
        assert_int_equal(box->order_count, i + 1);
    }
}

static struct hsm_keys told;

static enum err tell_keys(struct provd_box *box, const struct frame *question,
                          struct buffer *answer) {
    (void)box;
    assert_int_equal(question->type, HSM_KEYS);
    hsm_wire_put_keys(answer, &told);
    return ERR_OK;
}

static enum err ask_for_list(struct provd_box *box, uint8_t from, struct officer_outcome *outcome) {
    uint8_t memory[16];
    struct buffer payload = buffer_over(memory, sizeof memory);
    const struct officer_keys_question question = {.from.purpose = from};
    officer_wire_put_keys_question(&payload, &question);
    return provd_box_ask(box, OFFICER_KEY_LIFE, bytes_of(memory, payload.len), outcome);
}

static struct officer_outcome list(struct provd_box *box) {
    struct officer_outcome outcome;
    assert_int_equal(ask_for_list(box, 0, &outcome), ERR_OK);
    return outcome;
}

static void a_list_says_of_each_key_what_the_signer_says(void **state) {
    struct provd_box *box = *state;
    told = (struct hsm_keys){
        .count = 2,
        .keys = {{.purpose = HSM_PURPOSE_KEK,
                  .generation = 7,
                  .state = KEYSTATE_RETIRING,
                  .in_use = true},
                 {.purpose = HSM_PURPOSE_PARTNER,
                  .generation = 2,
                  .state = KEYSTATE_REVOKED,
                  .held = true,
                  .granted = true,
                  .wrapped_by = 7}},
        .next[HSM_PURPOSE_TLS] = {.rolls = true, .unready = true, .wraps = true, .generation = 3},
        .next[HSM_PURPOSE_CA] = {.full = true, .orphan = true},
    };
    begin(box);
    box->more = tell_keys;
    provd_box_assert_done(list(box));
    const struct officer_key *kek = &box->keys.keys[0], *partner = &box->keys.keys[1];
    assert_int_equal(box->keys.count, 2);
    assert_string_equal(kek->purpose, "IDA/KEK");
    assert_true(kek->generation == 7 && kek->state == KEYSTATE_RETIRING && kek->in_use);
    assert_false(kek->held || kek->granted || kek->wrapped_by != 0);
    assert_string_equal(partner->purpose, "IDA/PARTNER");
    assert_true(partner->generation == 2 && partner->state == KEYSTATE_REVOKED);
    assert_true(partner->held && partner->granted && partner->wrapped_by == 7);
    assert_false(partner->in_use);
    const struct officer_key_next *next = &box->keys.next[HSM_PURPOSE_TLS];
    assert_true(next->rolls && next->unready && next->wraps && next->generation == 3);
    assert_false(next->full || next->orphan);
    next = &box->keys.next[HSM_PURPOSE_CA];
    assert_true(next->full && next->orphan && !next->rolls);
    assert_false(box->keys.next[HSM_PURPOSE_TLS].wanted || box->keys.next[HSM_PURPOSE_KEK].rolls);
}

/* Or nobody would see how long it lasts; after a restart core serves nobody, and opens nothing. */
static void a_keyring_without_an_active_key_is_listed_shown_and_takes_orders(void **state) {
    struct provd_box *box = *state;
    struct officer_key_order question = retire("");
    struct officer_outcome outcome;
    told = (struct hsm_keys){.next[HSM_PURPOSE_SIGN] = {.rolls = true, .wait_ms = 90000}};
    begin(box);
    box->more = tell_keys;
    box->provd.state = BOX_UNPROVISIONED;
    provd_box_lack_key(box);
    provd_box_assert_done(list(box));
    question.order = OFFICER_ORDER_REVOKE;
    provd_box_assert_done(order(box, &question));
    assert_int_equal(provd_box_ask(box, OFFICER_KEY_LIST, bytes_of(NULL, 0), &outcome), ERR_OK);
    provd_box_assert_done(outcome);
}

/* The signer dies over the question, and authd says so. */
static enum err die(struct provd_box *box, const struct frame *frame, struct buffer *answer) {
    (void)frame;
    (void)answer;
    provd_peers_down(box->provd.peers, "hsm", 0);
    return ERR_DENIED;
}

static void without_the_signers_word_there_is_no_list(void **state) {
    struct provd_box *box = *state;
    struct officer_outcome outcome;
    told = (struct hsm_keys){.receipt.status = ERR_NOT_FOUND};
    begin(box);
    assert_int_equal(ask_for_list(box, HSM_PURPOSE_COUNT, &outcome), ERR_MALFORMED);
    box->more = tell_keys;
    provd_box_assert_refused(list(box), OFFICER_REASON_TOKEN);
    assert_int_equal(box->keys.count, 0);
    box->more = die;
    provd_box_assert_refused(list(box), OFFICER_REASON_SIGNER);
    assert_int_equal(box->keys.count, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, provd_box_setup, provd_box_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_key_that_nobody_uses_is_let_go),
        TEST(a_used_key_is_not_let_go_and_who_uses_it_is_told),
        TEST(a_reason_lets_it_go_and_is_in_the_journal),
        TEST(a_reason_belongs_to_no_other_order),
        TEST(a_key_whose_state_forbids_it_is_refused_for_that_whoever_uses_it),
        TEST(what_core_cannot_tell_is_not_let_go),
        TEST(a_key_that_nobody_encrypts_to_needs_no_counting),
        TEST(what_the_signer_refuses_is_told_with_its_reason),
        TEST(a_list_says_of_each_key_what_the_signer_says),
        TEST(a_keyring_without_an_active_key_is_listed_shown_and_takes_orders),
        TEST(without_the_signers_word_there_is_no_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
