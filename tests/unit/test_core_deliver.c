#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/core_clock.h"
#include "tests/unit/lane_party.h"

/* What becomes of a code when its message was sent, was not, or nobody can tell any more. */
#define TXN       "1234567890"
#define OTHER_TXN "0987654321"

static const struct lane_post asks = {LANE_FIRST, TXN, NULL, 1},
                              asks_again = {LANE_FIRST, OTHER_TXN, NULL, 1};
static struct lane_box box;
static struct lane_party_code old, new;

static int make(void **state) {
    (void)state;
    core_clock_shift_ms = 0;
    lane_fixture_make(&box, "");
    return 0;
}

static int unmake(void **state) {
    (void)state;
    lane_fixture_remove(&box);
    return 0;
}

static const char *present(const struct lane_post *post, const char *code) {
    static struct lane_party_result result;
    const struct lane_post guess = {post->programme, post->transaction, code, post->person};
    core_clock_shift_ms++; /* another body than the last */
    result = lane_party_authenticate(&box, &guess);
    return strchr(result.text, ' ') + 1;
}

static void report(const struct lane_party_answer *answer) {
    lane_fixture_send(&box, PARTY_NOTIFIER, &answer->frame);
    lane_fixture_turn(&box);
}

static void a_delivered_code_outlives_core(void **state) {
    (void)state;
    lane_party_ask(&box, &asks, &new);
    report(&new.delivered);
    lane_fixture_succeed(&box);
    assert_string_equal(present(&asks, new.code), "yes");
}

static void a_code_nobody_reported_is_void_after_a_restart(void **state) {
    (void)state;
    lane_party_ask(&box, &asks, &new);
    lane_fixture_succeed(&box);
    assert_string_equal(present(&asks, new.code), "IDA-OTA-012");
}

/* In the mailbox, and taken. */
static void tell_to_stop(void) {
    const struct lane_event stop = {.kind = LANE_STOP};
    lane_post(box.lane, &stop);
    lane_fixture_turn(&box);
}

static void a_code_that_arrives_while_core_stops_is_good_afterwards(void **state) {
    (void)state;
    lane_party_ask(&box, &asks, &new);
    tell_to_stop();
    lane_fixture_send(&box, PARTY_NOTIFIER, &new.delivered.frame);
    assert_int_equal(serve_run(box.lane->serve), ERR_OK);
    assert_int_equal(box.lane->delivery_count, 0);
    lane_fixture_succeed(&box);
    assert_string_equal(present(&asks, new.code), "yes");
}

static void a_silent_notifier_does_not_keep_core(void **state) {
    (void)state;
    lane_party_ask(&box, &asks, &new);
    tell_to_stop();
    core_clock_shift_ms += 1000;
    assert_int_equal(serve_run(box.lane->serve), ERR_OK);
    lane_fixture_succeed(&box);
    assert_string_equal(present(&asks, new.code), "IDA-OTA-012");
}

static void a_lost_code_is_void_and_its_request_given_back(void **state) {
    (void)state;
    for (unsigned i = 0; i < 3 * box.core->settings.otp_requests; i++) {
        core_clock_shift_ms++;
        lane_party_ask(&box, &asks, &new);
        assert_string_equal(new.result.text, TXN " yes");
        report(&new.lost);
    }
    assert_string_equal(present(&asks, new.code), "IDA-OTA-012");
}

/* The report about a message of an older code says nothing of the newer one. */
static void a_late_loss_of_the_older_code_leaves_the_newer_one(void **state) {
    (void)state;
    lane_party_ask(&box, &asks, &old);
    lane_party_ask(&box, &asks_again, &new);
    report(&old.lost);
    report(&new.delivered);
    assert_string_equal(present(&asks_again, new.code), "yes");
}

static void a_late_delivery_of_the_older_code_does_not_vouch_for_the_newer_one(void **state) {
    (void)state;
    lane_party_ask(&box, &asks, &old);
    lane_party_ask(&box, &asks_again, &new);
    report(&old.delivered);
    lane_fixture_succeed(&box);
    assert_string_equal(present(&asks_again, new.code), "IDA-OTA-012");
    assert_string_equal(present(&asks, old.code), "IDA-OTA-012");
}

/* Whatever comes in which order: the older code is gone, and a used one stays used. */
static void a_late_delivery_does_not_bring_a_code_back(void **state) {
    (void)state;
    lane_party_ask(&box, &asks, &old);
    assert_string_equal(present(&asks, old.code), "yes");
    report(&old.delivered);
    assert_string_equal(present(&asks, old.code), "IDA-OTA-012");
    lane_party_ask(&box, &asks, &old);
    lane_party_ask(&box, &asks_again, &new);
    report(&new.delivered);
    report(&old.delivered);
    assert_string_not_equal(present(&asks, old.code), "yes");
    assert_string_equal(present(&asks_again, new.code), "yes");
}

static void a_report_counts_once(void **state) {
    (void)state;
    lane_party_ask(&box, &asks, &old);
    report(&old.delivered);
    report(&old.lost); /* the same frame, another word */
    assert_int_equal(box.lane->delivery_count, 0);
    assert_string_equal(present(&asks, old.code), "yes");
}

/* The slot is used again at once, for another person. */
static void a_second_report_does_not_reach_the_slots_next_code(void **state) {
    (void)state;
    const struct lane_post other = {LANE_SECOND, OTHER_TXN, NULL, 2};
    lane_party_ask(&box, &asks, &old);
    report(&old.delivered);
    lane_party_ask(&box, &other, &new);
    assert_int_equal(old.lost.frame.id, new.lost.frame.id);
    report(&old.lost);
    assert_int_equal(box.lane->delivery_count, 1);
    assert_string_equal(present(&other, new.code), "yes");
}

static void a_dead_notifiers_codes_are_void_at_once(void **state) {
    (void)state;
    lane_party_ask(&box, &asks, &old);
    lane_fixture_peer_down(&box, PARTY_NOTIFIER);
    assert_int_equal(box.lane->delivery_count, 0);
    assert_string_equal(present(&asks, old.code), "IDA-OTA-012");
    report(&old.delivered); /* it had said so before it died */
    assert_string_equal(present(&asks, old.code), "IDA-OTA-012");
}

/* Its hello can be there before the death is told: reports of the one before count no more. */
static void a_predecessors_report_is_not_the_new_notifiers(void **state) {
    (void)state;
    lane_party_ask(&box, &asks, &old);
    lane_fixture_notifier_hello(&box, 4);
    lane_fixture_turn(&box);
    lane_party_ask(&box, &asks_again, &new);
    struct lane_party_answer stale = old.lost;
    stale.frame.generation = new.lost.frame.generation; /* were it to agree by chance */
    stale.frame.payload.data = stale.memory;
    report(&stale);
    assert_int_equal(box.lane->delivery_count, 1);
    assert_string_equal(present(&asks_again, new.code), "yes");
}

static void without_a_notifier_no_code_is_made(void **state) {
    (void)state;
    lane_fixture_peer_down(&box, PARTY_NOTIFIER);
    (void)lane_fixture_post(&box, &asks);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_party_play(&box, PARTY_SIGNER, HSM_LOOKUP);
    lane_party_play(&box, PARTY_SIGNER, HSM_STATEMENT);
    assert_string_equal(lane_party_result(&box).text, TXN " IDA-OTA-002");
    lane_fixture_notifier_hello(&box, 4);
    lane_party_ask(&box, &asks, &new);
    assert_string_equal(new.result.text, TXN " yes");
}

/* Between the check for a notifier and the message it may have gone. */
static void a_code_that_cannot_be_sent_is_refused_and_void(void **state) {
    (void)state;
    (void)lane_fixture_post(&box, &asks);
    lane_party_play(&box, PARTY_UNSEAL, UNSEAL_ENVELOPE);
    lane_party_play(&box, PARTY_SIGNER, HSM_LOOKUP);
    const struct frame wrong = {.type = HSM_STATED};
    lane_fixture_send(&box, PARTY_NOTIFIER, &wrong);
    lane_fixture_turn(&box);
    assert_null(box.lane->notify);
    lane_party_play(&box, PARTY_SIGNER, HSM_STATEMENT);
    assert_int_equal(lane_party_result(&box).status, 503);
    assert_string_equal(present(&asks, "123456"), "IDA-OTA-012");
}

static void the_code_stays_nowhere_once_it_was_sent(void **state) {
    (void)state;
    lane_party_ask(&box, &asks, &new);
    assert_null(memmem(box.lane->scratch, FRAME_PAYLOAD_MAX, new.code, 6));
    assert_null(
        memmem(box.lane->requests, LANE_REQUESTS_MAX * sizeof *box.lane->requests, new.code, 6));
    assert_null(memmem(box.lane->deliveries, sizeof box.lane->deliveries, new.code, 6));
}

#define DELIVER_TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void) {
    const struct CMUnitTest tests[] = {
        DELIVER_TEST(a_delivered_code_outlives_core),
        DELIVER_TEST(a_code_nobody_reported_is_void_after_a_restart),
        DELIVER_TEST(a_code_that_arrives_while_core_stops_is_good_afterwards),
        DELIVER_TEST(a_silent_notifier_does_not_keep_core),
        DELIVER_TEST(a_lost_code_is_void_and_its_request_given_back),
        DELIVER_TEST(a_late_loss_of_the_older_code_leaves_the_newer_one),
        DELIVER_TEST(a_late_delivery_of_the_older_code_does_not_vouch_for_the_newer_one),
        DELIVER_TEST(a_late_delivery_does_not_bring_a_code_back),
        DELIVER_TEST(a_report_counts_once),
        DELIVER_TEST(a_second_report_does_not_reach_the_slots_next_code),
        DELIVER_TEST(a_dead_notifiers_codes_are_void_at_once),
        DELIVER_TEST(a_predecessors_report_is_not_the_new_notifiers),
        DELIVER_TEST(without_a_notifier_no_code_is_made),
        DELIVER_TEST(a_code_that_cannot_be_sent_is_refused_and_void),
        DELIVER_TEST(the_code_stays_nowhere_once_it_was_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
