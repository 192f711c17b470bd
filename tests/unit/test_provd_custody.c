#include <string.h>

#include "tests/unit/provd_box.h"

#include "provisioning/officer_wire_keys.h"

/* Officers choose in whose custody the next keys of a purpose are. */
static struct officer_key_order choice(enum officer_order kind, const char *purpose) {
    struct officer_key_order question = {.order = kind};
    memcpy(question.purpose, purpose, strlen(purpose));
    return question;
}

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

static void a_choice_is_judged_then_recorded_then_made(void **state) {
    struct provd_box *box = *state;
    struct officer_key_order question = choice(OFFICER_ORDER_WRAP, "IDA/PARTNER");
    begin(box);
    size_t audits = box->audit_count;
    provd_box_assert_done(order(box, &question));
    assert_int_equal(box->order_count, 2);
    assert_int_equal(box->order.order, HSM_ORDER_WRAP);
    assert_int_equal(box->order.purpose, HSM_PURPOSE_PARTNER);
    assert_int_equal(box->order.generation, 0);
    assert_false(box->order.dry_run);
    assert_int_equal(box->audit_count, audits + 1);
    assert_string_equal(box->audits[audits].subject, "custody-wrapped IDA/PARTNER");
    assert_int_equal(box->audits[audits].officer_uid, 4242);
    question = choice(OFFICER_ORDER_KEEP_IN_TOKEN, "IDCS/REQUEST");
    provd_box_assert_done(order(box, &question));
    assert_int_equal(box->order.order, HSM_ORDER_KEEP_IN_TOKEN);
    assert_string_equal(box->audits[audits + 1].subject, "custody-token IDCS/REQUEST");
}

static void without_the_journal_nothing_is_chosen(void **state) {
    struct provd_box *box = *state;
    const struct officer_key_order question = choice(OFFICER_ORDER_WRAP, "IDA/PARTNER");
    begin(box);
    box->core_status = ERR_UNAVAILABLE;
    provd_box_assert_refused(order(box, &question), OFFICER_REASON_CORE);
    assert_int_equal(box->order_count, 1);
    assert_true(box->order.dry_run);
}

static void a_dry_run_is_judged_and_not_recorded(void **state) {
    struct provd_box *box = *state;
    struct officer_key_order question = choice(OFFICER_ORDER_WRAP, "IDA/PARTNER");
    begin(box);
    size_t audits = box->audit_count;
    question.dry_run = true;
    provd_box_assert_done(order(box, &question));
    assert_int_equal(box->order_count, 1);
    assert_true(box->order.dry_run);
    assert_int_equal(box->audit_count, audits);
}

static void what_the_box_cannot_keep_is_refused_with_its_reason_and_not_recorded(void **state) {
    struct provd_box *box = *state;
    static const struct {
        enum officer_order order;
        const char *purpose;
        enum err status;
        enum officer_reason reason;
    } refusals[] = {
        {OFFICER_ORDER_WRAP, "IDA/SIGN", ERR_DENIED, OFFICER_REASON_CUSTODY_PURPOSE},
        {OFFICER_ORDER_KEEP_IN_TOKEN, "IDA/KEK", ERR_DENIED, OFFICER_REASON_CUSTODY_PURPOSE},
        {OFFICER_ORDER_WRAP, "IDA/IDA-FIR", ERR_LIMIT, OFFICER_REASON_CUSTODY_MEMORY},
        {OFFICER_ORDER_KEEP_IN_TOKEN, "IDCS/REQUEST", ERR_LIMIT, OFFICER_REASON_CUSTODY_TOKEN},
        {OFFICER_ORDER_WRAP, "IDA/PARTNER", ERR_NOT_FOUND, OFFICER_REASON_TOKEN},
    };
    begin(box);
    size_t audits = box->audit_count;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const struct officer_key_order question = choice(refusals[i].order, refusals[i].purpose);
        box->order_status = refusals[i].status;
        provd_box_assert_refused(order(box, &question), refusals[i].reason);
        assert_true(box->order.dry_run);
    }
    assert_int_equal(box->audit_count, audits);
}

static void a_choice_is_of_a_purpose_not_of_a_key(void **state) {
    struct provd_box *box = *state;
    struct officer_key_order question = choice(OFFICER_ORDER_WRAP, "IDA/PARTNER");
    struct officer_outcome outcome;
    uint8_t memory[128];
    struct buffer payload = buffer_over(memory, sizeof memory);
    begin(box);
    question.generation = 1;
    officer_wire_put_key_order(&payload, &question);
    assert_int_equal(provd_box_ask(box, OFFICER_KEY_ORDER, bytes_of(memory, payload.len), &outcome),
                     ERR_MALFORMED);
    question = choice(OFFICER_ORDER_WRAP, "IDA/NOTHING");
    provd_box_assert_refused(order(box, &question), OFFICER_REASON_PURPOSE);
    assert_int_equal(box->order_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, provd_box_setup, provd_box_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_choice_is_judged_then_recorded_then_made),
        TEST(without_the_journal_nothing_is_chosen),
        TEST(a_dry_run_is_judged_and_not_recorded),
        TEST(what_the_box_cannot_keep_is_refused_with_its_reason_and_not_recorded),
        TEST(a_choice_is_of_a_purpose_not_of_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
