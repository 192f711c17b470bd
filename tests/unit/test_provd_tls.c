#include <string.h>

#include "hsm/wire_tls_install.h"
#include "authd/wire/tls_chain_wire.h"
#include "provisioning/officer_wire_tls.h"
#include "provisioning/operation.h"
#include "tests/unit/provd_box.h"

/* Certificates of TLS through provd: judged first, then written into the journal, then stored. */
#define NAMES "id.example.ma, 192.0.2.7"

static const struct bytes leaf = {(const uint8_t *)"leaf", 4}, root = {(const uint8_t *)"root", 4},
                          first_key = {(const uint8_t *)"key-1", 5},
                          second_key = {(const uint8_t *)"key-2", 5};

/* What unseal and the signers say, and what they were asked. */
static struct tls_chain_read judged;
static struct tls_chain_question judged_question;
static enum err signer_status, shown_status;
static struct hsm_tls_install installed;
static struct hsm_tls_remove removed;
static struct hsm_tls_request requested;
static size_t installs, removals, audits_at_install;

static void put_shown(struct buffer *answer) {
    static struct hsm_tls_shown shown = {.names = NAMES,
                                         .count = 2,
                                         .keys = {{.generation = 1,
                                                   .state = KEYSTATE_ACTIVE,
                                                   .count = 1,
                                                   .leaf = leaf,
                                                   .public_key = first_key},
                                                  {.generation = 2,
                                                   .state = KEYSTATE_PUBLISHED,
                                                   .brought = true,
                                                   .count = 3,
                                                   .not_after_ms = 99,
                                                   .leaf = leaf,
                                                   .public_key = second_key}}};
    shown.receipt.status = shown_status;
    hsm_wire_put_tls_shown(answer, &shown);
}

static enum err answer_install(const struct provd_box *box, struct bytes payload,
                               struct buffer *answer) {
    const struct hsm_tls_installed told = {{.status = signer_status}};
    ERR_TRY(hsm_wire_get_tls_install(payload, &installed));
    installs++;
    audits_at_install = box->audit_count;
    hsm_wire_put_tls_installed(answer, &told);
    return ERR_OK;
}

static enum err answer_request(struct bytes payload, struct buffer *answer) {
    const struct hsm_tls_requested told = {
        .receipt.status = signer_status, .generation = 2, .request = root};
    ERR_TRY(hsm_wire_get_tls_request(payload, &requested));
    hsm_wire_put_tls_requested(answer, &told);
    return ERR_OK;
}

static enum err answer_remove(struct bytes payload, struct buffer *answer) {
    const struct hsm_tls_removed told = {{.status = signer_status}};
    ERR_TRY(hsm_wire_get_tls_remove(payload, &removed));
    removals++;
    hsm_wire_put_tls_removed(answer, &told);
    return ERR_OK;
}

static enum err answer(struct provd_box *box, const struct frame *question, struct buffer *told) {
    switch (question->type) {
    case HSM_TLS_SHOW:
        put_shown(told);
        return ERR_OK;
    case HSM_TLS_REQUEST:
        return answer_request(question->payload, told);
    case HSM_TLS_INSTALL:
        return answer_install(box, question->payload, told);
    case HSM_TLS_REMOVE:
        return answer_remove(question->payload, told);
    case UNSEAL_TLS_CHAIN:
        ERR_TRY(tls_chain_wire_get_question(question->payload, &judged_question));
        tls_chain_wire_put_read(told, &judged);
        return ERR_OK;
    default:
        return ERR_DENIED;
    }
}

static int setup(void **state) {
    if (provd_box_setup(state) != 0)
        return -1;
    struct provd_box *box = *state;
    provd_box_initialise(box);
    box->provd.state = BOX_OPERATIONAL;
    box->more = answer;
    box->audit_count = 0;
    judged = (struct tls_chain_read){.fault = TLS_CHAIN_GOOD,
                                     .end = TLS_CHAIN_AUTHORITY,
                                     .authority = "Root",
                                     .public_key = second_key,
                                     .thumbprint = {0xab, [31] = 0x01},
                                     .subject = "the box",
                                     .issuer = "CA",
                                     .names = NAMES,
                                     .not_after_ms = 4102444800000};
    signer_status = shown_status = ERR_OK;
    installs = removals = 0;
    return 0;
}

/* An operation with an answer of its own. */
static struct bytes ask(struct provd_box *box, uint16_t type, const struct buffer *payload) {
    static uint8_t memory[65536];
    struct buffer told = buffer_over(memory, sizeof memory);
    const struct officers_question question = {
        .type = type, .uid = 4242, .payload = bytes_of(payload->data, payload->len)};
    struct bytes written;
    assert_int_equal(operation_run(&box->provd, &question, &told), ERR_OK);
    assert_int_equal(buffer_end(&told, &written), ERR_OK);
    return written;
}

static struct officer_tls_installed install_chain(struct provd_box *box, const char *force) {
    static uint8_t memory[16384];
    struct officer_tls_install question = {.count = 2, .certificates = {leaf, root}};
    struct officer_tls_installed told;
    struct buffer payload = buffer_over(memory, sizeof memory);
    memcpy(question.force, force, strlen(force) + 1);
    officer_wire_put_tls_install(&payload, &question);
    assert_int_equal(officer_wire_get_tls_installed(ask(box, OFFICER_TLS_INSTALL, &payload), &told),
                     ERR_OK);
    return told;
}

static struct officer_outcome install(struct provd_box *box, const char *force) {
    return install_chain(box, force).outcome;
}

static void a_chain_is_judged_recorded_and_then_stored(void **state) {
    struct provd_box *box = *state;
    struct officer_tls_installed told = install_chain(box, "");
    provd_box_assert_done(told.outcome);
    assert_int_equal(told.generation, 2);
    assert_true(judged_question.judged && judged_question.count == 2);
    assert_string_equal(judged_question.names, NAMES);
    assert_int_equal(box->audit_count, 1);
    assert_string_equal(box->audits[0].action, "tls install");
    assert_string_equal(box->audits[0].subject,
                        "IDCS/TLS/2 "
                        "ab00000000000000000000000000000000000000000000000000000000000001");
    assert_int_equal(box->audits[0].officer_uid, 4242);
    assert_int_equal(audits_at_install, 1);
    assert_int_equal(installed.generation, 2);
    assert_int_equal(installed.count, 2);
    assert_true(installed.not_after_ms == judged.not_after_ms);
}

/* A leaf alone is installed: an authority that clients have may have issued it itself. */
static void an_officer_learns_what_clients_need_besides(void **state) {
    struct provd_box *box = *state;
    for (int end = TLS_CHAIN_LEAF_ALONE; end < TLS_CHAIN_ENDS; end++) {
        judged.end = (enum tls_chain_end)end;
        struct officer_tls_installed told = install_chain(box, "");
        provd_box_assert_done(told.outcome);
        assert_int_equal(told.end, end);
        assert_string_equal(told.authority, "Root");
    }
    assert_int_equal(installs, TLS_CHAIN_ENDS);
}

static void what_unseal_finds_wrong_is_refused_with_its_reason(void **state) {
    struct provd_box *box = *state;
    static const struct {
        enum tls_chain_fault fault;
        enum officer_reason reason;
        const char *detail;
    } faults[] = {
        {TLS_CHAIN_UNREADABLE, OFFICER_REASON_CERTIFICATE, "#2"},
        {TLS_CHAIN_WEAK, OFFICER_REASON_CERTIFICATE_WEAK, "#2"},
        {TLS_CHAIN_TIME, OFFICER_REASON_CERTIFICATE_EXPIRED, "#2"},
        {TLS_CHAIN_SERVER, OFFICER_REASON_TLS_SERVER, "#2"},
        {TLS_CHAIN_ISSUER, OFFICER_REASON_TLS_ISSUER, "#2"},
        {TLS_CHAIN_PATH, OFFICER_REASON_TLS_PATH, "#2"},
        {TLS_CHAIN_NAME, OFFICER_REASON_TLS_NAME, "192.0.2.7"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        judged = (struct tls_chain_read){.fault = faults[i].fault, .at = 2};
        if (faults[i].fault == TLS_CHAIN_NAME)
            memcpy(judged.missing, "192.0.2.7", 10);
        struct officer_outcome outcome = install(box, "");
        provd_box_assert_refused(outcome, faults[i].reason);
        assert_string_equal(outcome.detail, faults[i].detail);
    }
    assert_int_equal(installs, 0);
    assert_int_equal(box->audit_count, 0);
}

static void a_leaf_of_no_key_of_the_box_is_refused(void **state) {
    judged.public_key = root;
    provd_box_assert_refused(install(*state, ""), OFFICER_REASON_TLS_KEY);
    assert_int_equal(installs, 0);
}

static void names_may_be_missing_for_a_reason_that_is_recorded(void **state) {
    struct provd_box *box = *state;
    provd_box_assert_done(install(box, "the portal moves"));
    assert_string_equal(judged_question.names, "");
    assert_int_equal(box->audit_count, 2);
    assert_string_equal(box->audits[0].subject, "IDCS/TLS/2 force-names: the portal moves");
    assert_int_equal(audits_at_install, 2);
}

static void without_the_journal_nothing_is_stored(void **state) {
    struct provd_box *box = *state;
    box->core_status = ERR_UNAVAILABLE;
    provd_box_assert_refused(install(box, ""), OFFICER_REASON_CORE);
    assert_int_equal(installs, 0);
}

static void what_the_signer_refuses_is_told(void **state) {
    signer_status = ERR_CRYPTO;
    provd_box_assert_refused(install(*state, ""), OFFICER_REASON_TLS_KEY);
    signer_status = ERR_NOT_FOUND;
    provd_box_assert_refused(install(*state, ""), OFFICER_REASON_TLS_NONE);
    signer_status = ERR_LIMIT;
    provd_box_assert_refused(install(*state, ""), OFFICER_REASON_TOKEN);
}

static void without_the_keys_there_are_nothing_is_judged_or_recorded(void **state) {
    struct provd_box *box = *state;
    static struct officer_tls_shown told;
    struct buffer nothing = buffer_over(NULL, 0);
    shown_status = ERR_NOT_FOUND;
    provd_box_assert_refused(install(box, ""), OFFICER_REASON_TLS_NONE);
    assert_int_equal(officer_wire_get_tls_shown(ask(box, OFFICER_TLS_SHOW, &nothing), &told),
                     ERR_OK);
    provd_box_assert_refused(told.outcome, OFFICER_REASON_TLS_NONE);
    assert_int_equal(told.count, 0);
    assert_int_equal(installs + box->audit_count, 0);
}

static struct officer_tls_requested request(struct provd_box *box) {
    static const struct officer_tls_request question = {.generation = 2, .names = "id.example.ma"};
    static struct officer_tls_requested told;
    uint8_t memory[128];
    struct buffer payload = buffer_over(memory, sizeof memory);
    officer_wire_put_tls_request(&payload, &question);
    assert_int_equal(officer_wire_get_tls_requested(ask(box, OFFICER_TLS_REQUEST, &payload), &told),
                     ERR_OK);
    return told;
}

static void a_request_is_recorded_and_comes_back_whole(void **state) {
    struct provd_box *box = *state;
    struct officer_tls_requested told = request(box);
    provd_box_assert_done(told.outcome);
    assert_int_equal(told.generation, 2);
    assert_true(bytes_equal(told.request, root));
    assert_int_equal(requested.generation, 2);
    assert_string_equal(requested.names, "id.example.ma");
    assert_string_equal(box->audits[0].subject, "IDCS/TLS/2 id.example.ma");
    signer_status = ERR_DENIED;
    told = request(box);
    provd_box_assert_refused(told.outcome, OFFICER_REASON_VALUE);
    assert_string_equal(told.outcome.detail, "names");
    signer_status = ERR_NOT_FOUND;
    provd_box_assert_refused(request(box).outcome, OFFICER_REASON_TLS_NONE);
}

static void a_chain_is_removed_once_that_is_recorded(void **state) {
    struct provd_box *box = *state;
    const struct officer_tls_remove question = {2};
    uint8_t memory[8];
    struct buffer payload = buffer_over(memory, sizeof memory);
    officer_wire_put_tls_remove(&payload, &question);
    provd_box_assert_done(provd_box_change(box, OFFICER_TLS_REMOVE, &payload));
    assert_int_equal(removed.generation, 2);
    assert_string_equal(box->audits[0].action, "tls remove");
    box->core_status = ERR_UNAVAILABLE;
    provd_box_assert_refused(provd_box_change(box, OFFICER_TLS_REMOVE, &payload),
                             OFFICER_REASON_CORE);
    assert_int_equal(removals, 1);
}

static void what_is_not_removed_is_not_called_removed(void **state) {
    struct provd_box *box = *state;
    const struct officer_tls_remove question = {2};
    uint8_t memory[8];
    struct buffer payload = buffer_over(memory, sizeof memory);
    officer_wire_put_tls_remove(&payload, &question);
    signer_status = ERR_NOT_FOUND;
    provd_box_assert_refused(provd_box_change(box, OFFICER_TLS_REMOVE, &payload),
                             OFFICER_REASON_TLS_NONE);
    signer_status = ERR_LIMIT;
    provd_box_assert_refused(provd_box_change(box, OFFICER_TLS_REMOVE, &payload),
                             OFFICER_REASON_TOKEN);
}

static void a_list_has_what_unseal_reads_in_each(void **state) {
    static struct officer_tls_shown told;
    struct buffer nothing = buffer_over(NULL, 0);
    struct bytes written = ask(*state, OFFICER_TLS_SHOW, &nothing);
    assert_int_equal(officer_wire_get_tls_shown(written, &told), ERR_OK);
    provd_box_assert_done(told.outcome);
    assert_int_equal(told.count, 2);
    assert_false(judged_question.judged);
    assert_true(told.keys[0].state == KEYSTATE_ACTIVE && !told.keys[0].brought);
    assert_true(told.keys[0].not_after_ms == judged.not_after_ms);
    assert_true(told.keys[1].brought && told.keys[1].count == 3);
    assert_true(told.keys[1].not_after_ms == 99); /* of the whole chain */
    assert_string_equal(told.keys[1].issuer, "CA");
    assert_string_equal(told.names, NAMES);
}

static void officers_learn_that_no_handshake_shows_the_token_s_key(void **state) {
    static struct officer_tls_shown told;
    struct provd_box *box = *state;
    struct buffer nothing = buffer_over(NULL, 0);
    for (int in_file = 0; in_file < 2; in_file++) {
        box->provd.tls_in_file = in_file == 1;
        assert_int_equal(officer_wire_get_tls_shown(ask(box, OFFICER_TLS_SHOW, &nothing), &told),
                         ERR_OK);
        assert_true(told.in_file == (in_file == 1));
        struct officer_tls_installed taken = install_chain(box, "");
        provd_box_assert_done(taken.outcome);
        assert_true(taken.in_file == (in_file == 1));
    }
}

static void a_box_without_keys_has_nothing_to_certify(void **state) {
    struct provd_box *box;
    assert_int_equal(provd_box_setup(state), 0);
    box = *state;
    box->provd.state = BOX_OPERATIONAL;
    provd_box_assert_refused(install(box, ""), OFFICER_REASON_NO_KEYS);
    provd_box_assert_refused(request(box).outcome, OFFICER_REASON_NO_KEYS);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, provd_box_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_chain_is_judged_recorded_and_then_stored),
        TEST(an_officer_learns_what_clients_need_besides),
        TEST(what_unseal_finds_wrong_is_refused_with_its_reason),
        TEST(a_leaf_of_no_key_of_the_box_is_refused),
        TEST(names_may_be_missing_for_a_reason_that_is_recorded),
        TEST(without_the_journal_nothing_is_stored),
        TEST(what_the_signer_refuses_is_told),
        TEST(without_the_keys_there_are_nothing_is_judged_or_recorded),
        TEST(a_request_is_recorded_and_comes_back_whole),
        TEST(a_chain_is_removed_once_that_is_recorded),
        TEST(what_is_not_removed_is_not_called_removed),
        TEST(a_list_has_what_unseal_reads_in_each),
        TEST(officers_learn_that_no_handshake_shows_the_token_s_key),
        cmocka_unit_test_teardown(a_box_without_keys_has_nothing_to_certify, provd_box_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
