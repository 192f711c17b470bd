#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/otp.h"
#include "authd/core/otp_delivery.h"
#include "firmware/base/clock.h"
#include "tests/unit/core_clock.h"
#include "tests/unit/core_fixture.h"

/* What a code is bound to, how often and how long it is good, and what becomes of its message. */
#define A   "programme-a"
#define B   "programme-b"
#define TXN "1234567890"

static struct core_box box;

static int make(void **state) {
    (void)state;
    core_clock_shift_ms = 0;
    core_fixture_make(&box, "otp-requests = 100\notp-person-requests = 1000\n");
    return 0;
}

static int unmake(void **state) {
    (void)state;
    core_fixture_remove(&box);
    return 0;
}

static struct core_code ask(const char *programme, unsigned person, const char *transaction) {
    struct core_code code = core_fixture_ask(&box, programme, person, transaction);
    assert_string_equal(code.codes, "");
    return code;
}

#define guess(...) core_fixture_guess(&box, __VA_ARGS__)

static void the_right_code_is_accepted_once(void **state) {
    (void)state;
    struct core_code code = ask(A, 1, TXN);
    assert_string_equal(guess(A, 1, TXN, code.text), "");
    assert_string_equal(guess(A, 1, TXN, code.text), "IDA-OTA-012");
}

static void codes_are_six_digits_and_differ(void **state) {
    (void)state;
    bool seen[10] = {false};
    struct core_code last = {.text = "------"};
    unsigned same = 0;
    for (unsigned i = 0; i < 90; i++) {
        struct core_code code = ask(A, i, TXN);
        assert_int_equal(strlen(code.text), 6);
        assert_int_equal(strspn(code.text, "0123456789"), 6);
        for (size_t j = 0; j < 6; j++)
            seen[code.text[j] - '0'] = true;
        same += strcmp(code.text, last.text) == 0;
        last = code;
    }
    for (size_t digit = 0; digit < 10; digit++)
        assert_true(seen[digit]);
    assert_true(same < 3);
}

static void a_code_is_bound_to_person_programme_transaction_and_kind_of_id(void **state) {
    (void)state;
    struct core_code code = ask(A, 1, TXN);
    assert_string_equal(guess(A, 1, "0987654321", code.text), "IDA-OTA-005");
    assert_string_equal(guess(A, 2, TXN, code.text), "IDA-OTA-005");
    assert_string_equal(guess(B, 1, TXN, code.text), "IDA-OTA-011");
    struct request *request = core_fixture_about(A, 1, TXN);
    memcpy(request->payload.otp, code.text, sizeof code.text);
    request->identifier_type = IDENTIFIER_VID;
    assert_int_equal(otp_verify(&box.core, request), ERR_OK);
    assert_string_equal(core_fixture_codes(request), "IDA-OTA-010");
    core_fixture_free(request);
    assert_string_equal(guess(A, 1, TXN, code.text), "");
}

static void only_the_newest_code_is_good(void **state) {
    (void)state;
    struct core_code first = ask(A, 1, TXN), second = ask(A, 1, "0987654321");
    assert_string_equal(guess(A, 1, TXN, first.text), "IDA-OTA-004");
    assert_string_equal(guess(A, 1, "0987654321", second.text), "");
}

static void programmes_have_codes_of_their_own(void **state) {
    (void)state;
    struct core_code first = ask(A, 1, TXN), second = ask(B, 1, "0987654321");
    assert_string_equal(guess(B, 1, "0987654321", second.text), "");
    assert_string_equal(guess(A, 1, TXN, first.text), "");
}

static void what_is_stored_is_not_the_code(void **state) {
    (void)state;
    struct request *request = core_fixture_about(A, 1, TXN);
    assert_int_equal(otp_issue(&box.core, request, true), ERR_OK);
    const char *code = (const char *)request->otp.data;
    assert_null(memmem(request->otp_value, request->otp_value_len, code, 6));
    assert_null(memmem(request->effects_memory, request->effects.len, code, 6));
    core_fixture_free(request);
}

static void a_late_code_is_burnt(void **state) {
    (void)state;
    struct core_code code = ask(A, 1, TXN);
    core_clock_shift_ms = 180 * 1000 + 1000;
    struct core_code wrong = core_fixture_wrong(&code);
    assert_string_equal(guess(A, 1, TXN, wrong.text), "IDA-OTA-004");
    assert_string_equal(guess(A, 1, TXN, code.text), "IDA-OTA-003");
    assert_string_equal(guess(A, 1, TXN, code.text), "IDA-OTA-012");
}

static void a_code_is_good_to_its_last_second(void **state) {
    (void)state;
    struct core_code code = ask(A, 1, TXN);
    core_clock_shift_ms = 179 * 1000;
    assert_string_equal(guess(A, 1, TXN, code.text), "");
}

static void a_code_long_gone_is_as_if_never_asked_for(void **state) {
    (void)state;
    struct core_code code = ask(A, 1, TXN);
    core_clock_shift_ms = 20 * 60 * 1000;
    assert_string_equal(guess(A, 1, TXN, code.text), "IDA-OTA-005");
}

static void who_cannot_be_reached_gets_no_code(void **state) {
    (void)state;
    static const struct {
        bool phone, email, deliverable;
        const char *codes;
    } rows[] = {{true, false, true, "IDA-OTA-002"},
                {false, true, true, ""},
                {true, true, true, "IDA-OTA-002"},
                {false, true, false, "IDA-OTA-002"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request *request = core_fixture_about(A, 1, TXN);
        request->identity->phone[0] = '\0';
        request->envelope.channel_phone = rows[i].phone;
        request->envelope.channel_email = rows[i].email;
        assert_int_equal(otp_issue(&box.core, request, rows[i].deliverable), ERR_OK);
        assert_string_equal(core_fixture_codes(request), rows[i].codes);
        assert_int_equal(request->otp.data == NULL, rows[i].codes[0] != '\0');
        assert_string_equal(request->statement.masked_mobile, "");
        core_fixture_free(request);
    }
}

static void a_channel_locked_since_makes_its_code_worthless(void **state) {
    (void)state;
    struct core_code code = ask(A, 1, TXN);
    struct request *request = core_fixture_about(A, 1, TXN);
    memcpy(request->payload.otp, code.text, sizeof code.text);
    request->identity->locks = LOCK_OTP_PHONE;
    assert_int_equal(otp_verify(&box.core, request), ERR_OK);
    assert_string_equal(core_fixture_codes(request), "IDA-MLC-019");
    core_fixture_free(request);
    assert_string_equal(guess(A, 1, TXN, code.text), "");
}

/* What becomes of the message: of a code whose record is durable. */
static struct otp_delivery sent(const char *transaction, struct core_code *code) {
    struct otp_delivery delivery;
    struct request *request = core_fixture_about(A, 1, transaction);
    assert_int_equal(otp_issue(&box.core, request, true), ERR_OK);
    assert_string_equal(core_fixture_codes(request), "");
    memcpy(code->text, request->otp.data, sizeof code->text);
    otp_delivery_of(&box.core, request, &delivery);
    ledger_fixture_record(&box.store, bytes_of(request->effects_memory, request->effects.len));
    core_fixture_free(request);
    return delivery;
}

static enum err settle(const struct otp_delivery *delivery, bool delivered) {
    uint8_t memory[REQUEST_EFFECTS_MAX];
    struct buffer effects = buffer_over(memory, sizeof memory);
    enum err result = otp_delivery_settle(&box.core, delivery, delivered, &effects);
    if (result == ERR_OK)
        ledger_fixture_record(&box.store, bytes_of(memory, effects.len));
    return result;
}

static void a_code_is_good_before_and_after_its_delivery_is_known(void **state) {
    (void)state;
    struct core_code code;
    struct otp_delivery delivery = sent(TXN, &code);
    assert_int_equal(settle(&delivery, true), ERR_OK);
    assert_string_equal(guess(A, 1, TXN, code.text), "");
    delivery = sent("0987654321", &code);
    assert_string_equal(guess(A, 1, "0987654321", code.text), "");
    assert_int_equal(settle(&delivery, true), ERR_NOT_FOUND);
    assert_string_equal(guess(A, 1, "0987654321", code.text), "IDA-OTA-012");
}

static void an_undelivered_code_is_void_and_gives_its_request_back(void **state) {
    (void)state;
    struct core_code code;
    box.core.settings.otp_requests = 1;
    struct otp_delivery delivery = sent(TXN, &code);
    assert_string_equal(core_fixture_ask(&box, A, 1, TXN).codes, "IDA-OTA-001");
    assert_int_equal(settle(&delivery, false), ERR_OK);
    assert_string_equal(guess(A, 1, TXN, code.text), "IDA-OTA-012");
    code = ask(A, 1, TXN);
    assert_string_equal(guess(A, 1, TXN, code.text), "");
}

static void a_message_lost_late_leaves_the_newer_code_alone(void **state) {
    (void)state;
    struct core_code first, second;
    struct otp_delivery lost = sent(TXN, &first);
    (void)sent("0987654321", &second);
    assert_int_equal(settle(&lost, false), ERR_OK);
    assert_string_equal(guess(A, 1, "0987654321", second.text), "");
}

static void after_a_restart_an_undelivered_code_is_void(void **state) {
    (void)state;
    struct core_code code;
    (void)sent(TXN, &code);
    core_fixture_restart(&box);
    assert_string_equal(guess(A, 1, TXN, code.text), "IDA-OTA-012");
    code = ask(A, 1, TXN);
    assert_string_equal(guess(A, 1, TXN, code.text), "");
}

static void after_a_restart_a_delivered_code_is_good_once(void **state) {
    (void)state;
    struct core_code code;
    struct otp_delivery delivery = sent(TXN, &code);
    assert_int_equal(settle(&delivery, true), ERR_OK);
    core_fixture_restart(&box);
    assert_string_equal(guess(A, 1, TXN, code.text), "");
    assert_string_equal(guess(A, 1, TXN, code.text), "IDA-OTA-012");
}

static void without_a_ledger_nothing_is_issued_or_accepted(void **state) {
    (void)state;
    struct core_code code = ask(A, 1, TXN);
    struct request *request = core_fixture_about(A, 1, TXN);
    memcpy(request->payload.otp, code.text, sizeof code.text);
    request->deadline_boot_ms = 0;
    assert_int_equal(otp_verify(&box.core, request), ERR_UNAVAILABLE);
    assert_int_equal(otp_issue(&box.core, request, true), ERR_UNAVAILABLE);
    assert_false(request->compared);
    core_fixture_free(request);
}

/* When the effects of a claim do not fit into the request's record, the claim is none. */
static void a_guess_without_room_for_its_evidence_is_not_compared(void **state) {
    (void)state;
    struct core_code code = ask(A, 1, TXN);
    struct request *request = core_fixture_about(A, 1, TXN);
    memcpy(request->payload.otp, code.text, sizeof code.text);
    request->effects = buffer_over(request->effects_memory, 8);
    assert_int_equal(otp_verify(&box.core, request), ERR_UNAVAILABLE);
    assert_false(request->compared);
    core_fixture_free(request);
    assert_string_equal(guess(A, 1, TXN, code.text), "");
}

#define CODE_TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void) {
    const struct CMUnitTest tests[] = {
        CODE_TEST(the_right_code_is_accepted_once),
        CODE_TEST(codes_are_six_digits_and_differ),
        CODE_TEST(a_code_is_bound_to_person_programme_transaction_and_kind_of_id),
        CODE_TEST(only_the_newest_code_is_good),
        CODE_TEST(programmes_have_codes_of_their_own),
        CODE_TEST(what_is_stored_is_not_the_code),
        CODE_TEST(a_late_code_is_burnt),
        CODE_TEST(a_code_is_good_to_its_last_second),
        CODE_TEST(a_code_long_gone_is_as_if_never_asked_for),
        CODE_TEST(who_cannot_be_reached_gets_no_code),
        CODE_TEST(a_channel_locked_since_makes_its_code_worthless),
        CODE_TEST(a_code_is_good_before_and_after_its_delivery_is_known),
        CODE_TEST(an_undelivered_code_is_void_and_gives_its_request_back),
        CODE_TEST(a_message_lost_late_leaves_the_newer_code_alone),
        CODE_TEST(after_a_restart_an_undelivered_code_is_void),
        CODE_TEST(after_a_restart_a_delivered_code_is_good_once),
        CODE_TEST(without_a_ledger_nothing_is_issued_or_accepted),
        CODE_TEST(a_guess_without_room_for_its_evidence_is_not_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
