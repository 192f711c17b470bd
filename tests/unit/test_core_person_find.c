#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clock.h"
#include "authd/core/person.h"
#include "authd/core/programme_check.h"
#include "tests/unit/core_fixture.h"

/* Who is meant by an identifier, and whether they may authenticate: from a real registry. */
#define NOW_MS 1700000000000 /* 2023-11-14 */
enum { VID_ROW = 0x80, USERS = 8 };

static struct core_box box;
static struct store_directory directory;

static int make(void **state) {
    (void)state;
    core_fixture_make(&box, "failures-an-hour = 3\n");
    directory = store_fixture_directory();
    assert_int_equal(registry_open(&box.core.registry, directory.path, true, box.core.record_keys),
                     ERR_OK);
    return 0;
}

static int unmake(void **state) {
    (void)state;
    registry_close(box.core.registry);
    core_fixture_remove(&box);
    store_fixture_remove(&directory);
    return 0;
}

static void commit(struct registry_batch *batch) {
    uint64_t sequence;
    assert_int_equal(registry_commit(batch, &sequence), ERR_OK);
}

static void row_of(unsigned number, uint8_t key[static IDENTITY_LOOKUP_BYTES]) {
    memset(key, 0, IDENTITY_LOOKUP_BYTES);
    key[0] = (uint8_t)number;
}

static void put_person(unsigned number, void (*change)(struct identity *)) {
    uint8_t key[IDENTITY_LOOKUP_BYTES];
    struct identity *identity = core_fixture_identity(number);
    if (change != NULL)
        change(identity);
    row_of(number, key);
    struct registry_batch batch = registry_begin(box.core.registry);
    registry_put_identity(&batch, key, identity);
    commit(&batch);
    identity_free(identity);
}

/* The VID of person ${number}. */
static void put_vid(unsigned number, const struct alias *given) {
    uint8_t key[IDENTITY_LOOKUP_BYTES];
    struct alias alias = *given;
    row_of(number, alias.lookup_key);
    alias.alias_id[0] = (uint8_t)number;
    alias.pepper = 1;
    row_of(VID_ROW | number, key);
    struct registry_batch batch = registry_begin(box.core.registry);
    registry_put_alias(&batch, key, &alias);
    commit(&batch);
}

static struct request *request_by(enum identifier_type type, unsigned number) {
    struct request *request = core_fixture_about("tayssir", number, "1234567890");
    identity_free(request->identity);
    request->identity = NULL;
    request->identifier_type = type;
    request->received_wall_ms = NOW_MS;
    request->factors = AUTH_TYPE_BIT(AUTH_TYPE_OTP);
    request->envelope.function = FUNCTION_AUTH;
    memset(request->person_key, 0xee, sizeof request->person_key);
    row_of(type == IDENTIFIER_VID ? VID_ROW | number : number, request->lookup.of[0].key);
    return request;
}

static struct request *find(enum identifier_type type, unsigned number) {
    struct request *request = request_by(type, number);
    assert_int_equal(person_find(&box.core, request), ERR_OK);
    return request;
}

/* The codes of the refusal and what it says of them, "" when the person was found. */
static const char *finding(enum identifier_type type, unsigned number) {
    static char text[160];
    struct request *request = find(type, number);
    snprintf(text, sizeof text, "%s%s%s", core_fixture_codes(request),
             request_refused(request) ? " " : "", request->reason);
    assert_int_equal(request->identity == NULL, strstr(text, "deactivated") == NULL &&
                                                    strstr(text, "person-expired") == NULL &&
                                                    request_refused(request));
    core_fixture_free(request);
    return text;
}

static void a_uin_finds_its_person(void **state) {
    (void)state;
    put_person(1, NULL);
    put_person(2, NULL);
    struct request *request = find(IDENTIFIER_UIN, 2);
    assert_string_equal(request->identity->uin, "2000000002");
    assert_memory_equal(request->person_key, request->lookup.of[0].key, sizeof request->person_key);
    assert_false(request->has_alias);
    core_fixture_free(request);
}

static void a_number_nobody_has_costs_the_programme_a_failure(void **state) {
    (void)state;
    put_person(1, NULL);
    for (unsigned i = 0; i < 3; i++)
        assert_string_equal(finding(i == 1 ? IDENTIFIER_VID : IDENTIFIER_UIN, 5),
                            i == 1 ? "IDA-MLC-018 vid-unknown" : "IDA-MLC-018 person-unknown");
    assert_string_equal(finding(IDENTIFIER_UIN, 5), "IDA-MLC-007 failure-budget-used-up");
    assert_string_equal(finding(IDENTIFIER_UIN, 1), ""); /* who exists is not locked out by it */
}

static void deactivate(struct identity *identity) {
    identity->deactivated = true;
}
static void expire(struct identity *identity) {
    identity->expires_ms = NOW_MS;
}
static void expire_later(struct identity *identity) {
    identity->expires_ms = NOW_MS + 1;
}

static void who_is_no_longer_valid_is_refused(void **state) {
    (void)state;
    put_person(1, deactivate);
    put_person(2, expire);
    put_person(3, expire_later);
    assert_string_equal(finding(IDENTIFIER_UIN, 1), "IDA-MLC-018 person-deactivated");
    assert_string_equal(finding(IDENTIFIER_UIN, 2), "IDA-MLC-022 person-expired");
    assert_string_equal(finding(IDENTIFIER_UIN, 3), "");
    put_vid(1, &(struct alias){.type = ALIAS_PERPETUAL});
    assert_string_equal(finding(IDENTIFIER_VID, 1), "IDA-MLC-018 person-deactivated");
}

static enum err use(struct request *request) {
    return person_use_alias(&box.core, request);
}

/* Finds by VID ${number} and uses it, as an authentication does whose factors all matched. */
static const char *use_vid(unsigned number) {
    static char text[160];
    struct request *request = find(IDENTIFIER_VID, number);
    if (!request_refused(request))
        assert_int_equal(use(request), ERR_OK);
    snprintf(text, sizeof text, "%s%s%s", core_fixture_codes(request),
             request_refused(request) ? " " : "", request->reason);
    ledger_fixture_record(&box.store, bytes_of(request->effects_memory, request->effects.len));
    core_fixture_free(request);
    return text;
}

static void a_perpetual_vid_is_good_for_ever(void **state) {
    (void)state;
    put_person(1, NULL);
    put_vid(1, &(struct alias){.type = ALIAS_PERPETUAL});
    for (unsigned i = 0; i < 20; i++)
        assert_string_equal(use_vid(1), "");
    struct request *request = find(IDENTIFIER_VID, 1);
    assert_true(request->has_alias);
    assert_string_equal(request->identity->uin, "2000000001");
    assert_int_equal(request->person_key[0], 1);
    core_fixture_free(request);
}

static void a_temporary_vid_is_good_until_its_time(void **state) {
    (void)state;
    put_person(1, NULL);
    put_person(2, NULL);
    put_vid(1, &(struct alias){.type = ALIAS_TEMPORARY, .expires_ms = NOW_MS + 1});
    put_vid(2, &(struct alias){.type = ALIAS_TEMPORARY, .expires_ms = NOW_MS});
    for (unsigned i = 0; i < 5; i++)
        assert_string_equal(use_vid(1), "");
    assert_string_equal(use_vid(2), "IDA-MLC-023 vid-expired");
}

static void a_vid_is_good_as_often_as_it_says(void **state) {
    (void)state;
    put_person(1, NULL);
    put_person(2, NULL);
    put_vid(1, &(struct alias){.type = ALIAS_ONE_TIME, .uses = 1});
    put_vid(2, &(struct alias){.type = ALIAS_TEMPORARY, .expires_ms = NOW_MS + 1, .uses = 3});
    assert_string_equal(finding(IDENTIFIER_VID, 1), ""); /* to look is not to use */
    assert_string_equal(finding(IDENTIFIER_VID, 1), "");
    assert_string_equal(use_vid(1), "");
    assert_string_equal(use_vid(1), "IDA-MLC-018 vid-used-up");
    assert_string_equal(finding(IDENTIFIER_VID, 1), "IDA-MLC-018 vid-used-up");
    for (unsigned i = 0; i < 3; i++)
        assert_string_equal(use_vid(2), "");
    assert_string_equal(use_vid(2), "IDA-MLC-018 vid-used-up");
    ledger_fixture_close(&box.store);
    ledger_fixture_open(&box.store);
    box.core.ledger = box.store.ledger;
    assert_string_equal(use_vid(1), "IDA-MLC-018 vid-used-up");
}

static void a_revoked_vid_is_as_one_that_never_was(void **state) {
    (void)state;
    put_person(1, NULL);
    put_vid(1, &(struct alias){.type = ALIAS_PERPETUAL, .revoked = true});
    for (unsigned i = 0; i < 3; i++)
        assert_string_equal(finding(IDENTIFIER_VID, 1), "IDA-MLC-018 vid-revoked");
    assert_string_equal(finding(IDENTIFIER_VID, 1), "IDA-MLC-007 failure-budget-used-up");
}

static void *use_in_thread(void *context) {
    struct request *request = context;
    return (void *)(uintptr_t)use(request);
}

/* All have found it unused; the count decides. */
static void many_at_once_use_a_one_time_vid_once(void **state) {
    (void)state;
    pthread_t threads[USERS];
    struct request *requests[USERS];
    unsigned used = 0;
    put_person(1, NULL);
    put_vid(1, &(struct alias){.type = ALIAS_ONE_TIME, .uses = 1});
    for (size_t i = 0; i < USERS; i++) {
        requests[i] = find(IDENTIFIER_VID, 1);
        assert_false(request_refused(requests[i]));
    }
    for (size_t i = 0; i < USERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_in_thread, requests[i]), 0);
    for (size_t i = 0; i < USERS; i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, NULL); /* ERR_OK */
        used += !request_refused(requests[i]);
        core_fixture_free(requests[i]);
    }
    assert_int_equal(used, 1);
}

static const char *filter(enum identifier_type type, unsigned number, uint32_t factors) {
    static char text[160];
    struct request *request = find(type, number);
    request->factors = factors;
    request->envelope.function = factors == 0 ? FUNCTION_OTP : FUNCTION_AUTH;
    assert_false(request_refused(request));
    assert_int_equal(person_filter(&box.core, request), ERR_OK);
    snprintf(text, sizeof text, "%s%s%s", core_fixture_codes(request),
             request_refused(request) ? " " : "",
             request_refused(request) ? request->statement.errors[0].detail : "");
    core_fixture_free(request);
    return text;
}

#define OTP  AUTH_TYPE_BIT(AUTH_TYPE_OTP)
#define DEMO AUTH_TYPE_BIT(AUTH_TYPE_DEMO)

static void hotlist(enum hotlist_kind kind, struct bytes id, bool blocked, int64_t expires_ms) {
    const struct hotlist_entry entry = {.blocked = blocked, .expires_ms = expires_ms};
    struct registry_batch batch = registry_begin(box.core.registry);
    registry_put_hotlisted(&batch, kind, id, &entry);
    commit(&batch);
}

/* Blocked until it expires, and not from then on: upstream has it the wrong way round. */
static void a_hotlist_entry_blocks_until_it_expires(void **state) {
    (void)state;
    uint8_t key[IDENTITY_LOOKUP_BYTES];
    static const struct {
        bool blocked;
        int64_t expires_ms;
        const char *codes;
    } rows[] = {
        {true, 0, "IDA-MLC-022 UIN"},          {true, NOW_MS + CLOCK_DAY_MS, "IDA-MLC-022 UIN"},
        {true, NOW_MS + 1, "IDA-MLC-022 UIN"}, {true, NOW_MS, ""},
        {true, NOW_MS - CLOCK_DAY_MS, ""},     {false, 0, ""},
        {false, NOW_MS + CLOCK_DAY_MS, ""}};
    put_person(1, NULL);
    assert_string_equal(filter(IDENTIFIER_UIN, 1, OTP), "");
    row_of(1, key);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hotlist(HOTLIST_PERSON, bytes_of(key, sizeof key), rows[i].blocked, rows[i].expires_ms);
        assert_string_equal(filter(IDENTIFIER_UIN, 1, OTP), rows[i].codes);
        assert_string_equal(filter(IDENTIFIER_UIN, 1, 0), rows[i].codes);
    }
}

static void a_vid_is_blocked_with_its_person_and_by_itself(void **state) {
    (void)state;
    uint8_t key[IDENTITY_LOOKUP_BYTES];
    put_person(1, NULL);
    put_person(2, NULL);
    put_vid(1, &(struct alias){.type = ALIAS_PERPETUAL});
    put_vid(2, &(struct alias){.type = ALIAS_PERPETUAL});
    row_of(1, key);
    hotlist(HOTLIST_PERSON, bytes_of(key, sizeof key), true, 0);
    assert_string_equal(filter(IDENTIFIER_VID, 1, OTP), "IDA-MLC-022 VID");
    row_of(VID_ROW | 2, key);
    hotlist(HOTLIST_PERSON, bytes_of(key, sizeof key), true, 0);
    assert_string_equal(filter(IDENTIFIER_VID, 2, OTP), "IDA-MLC-022 VID");
    assert_string_equal(filter(IDENTIFIER_UIN, 2, OTP), "");
}

static void a_programme_on_the_hotlist_gets_nobody(void **state) {
    (void)state;
    put_person(1, NULL);
    hotlist(HOTLIST_PARTNER, bytes_of_text("daam"), true, 0);
    assert_string_equal(filter(IDENTIFIER_UIN, 1, OTP), "");
    hotlist(HOTLIST_PARTNER, bytes_of_text("tayssir"), true, NOW_MS + 1);
    assert_string_equal(filter(IDENTIFIER_UIN, 1, OTP), "IDA-MLC-022 PARTNER_ID");
    hotlist(HOTLIST_PARTNER, bytes_of_text("tayssir"), true, NOW_MS);
    assert_string_equal(filter(IDENTIFIER_UIN, 1, OTP), "");
}

static void born_five_years_ago_tomorrow(struct identity *identity) {
    identity->birth_year = 2018;
    identity->birth_month = 11;
    identity->birth_day = 15;
}
static void born_five_years_ago(struct identity *identity) {
    born_five_years_ago_tomorrow(identity);
    identity->birth_day = 14;
}
static void born_nobody_knows_when(struct identity *identity) {
    identity->birth_year = 0;
}

static void a_child_has_no_code_but_may_declare(void **state) {
    (void)state;
    put_person(1, born_five_years_ago_tomorrow);
    put_person(2, born_five_years_ago);
    put_person(3, born_nobody_knows_when);
    assert_string_equal(filter(IDENTIFIER_UIN, 1, OTP), "IDA-MLC-011 otp");
    assert_string_equal(filter(IDENTIFIER_UIN, 1, OTP | DEMO), "IDA-MLC-011 otp");
    assert_string_equal(filter(IDENTIFIER_UIN, 1, DEMO), "");
    assert_string_equal(filter(IDENTIFIER_UIN, 2, OTP), "");
    assert_string_equal(filter(IDENTIFIER_UIN, 3, OTP), "");
    box.core.settings.child_otp_denied = false;
    assert_string_equal(filter(IDENTIFIER_UIN, 1, OTP), "");
}

static void lock_demo(struct identity *identity) {
    identity->locks = LOCK_DEMO;
}
static void lock_phone(struct identity *identity) {
    identity->locks = LOCK_OTP_PHONE;
}
static void lock_email(struct identity *identity) {
    identity->locks = LOCK_OTP_EMAIL;
}

static void a_lock_refuses_its_own_factor_alone(void **state) {
    (void)state;
    put_person(1, lock_demo);
    put_person(2, lock_phone);
    put_person(3, lock_email);
    assert_string_equal(filter(IDENTIFIER_UIN, 1, DEMO), "IDA-MLC-019 demo");
    assert_string_equal(filter(IDENTIFIER_UIN, 1, OTP | DEMO), "IDA-MLC-019 demo");
    assert_string_equal(filter(IDENTIFIER_UIN, 1, OTP), "");
    assert_string_equal(filter(IDENTIFIER_UIN, 1, 0), "");
    assert_string_equal(filter(IDENTIFIER_UIN, 2, 0), "IDA-MLC-019 otp-phone");
    assert_string_equal(filter(IDENTIFIER_UIN, 2, DEMO), "");
    assert_string_equal(filter(IDENTIFIER_UIN, 3, 0), ""); /* asks by phone */
    struct request *request = find(IDENTIFIER_UIN, 3);
    request->envelope.function = FUNCTION_OTP;
    request->envelope.channel_phone = false;
    request->envelope.channel_email = true;
    assert_int_equal(person_filter(&box.core, request), ERR_OK);
    assert_string_equal(core_fixture_codes(request), "IDA-MLC-019");
    core_fixture_free(request);
}

static void put_programme(void) {
    const struct partner partner = {.id = "tayssir", .status = STATUS_ACTIVE},
                         other = {.id = "daam", .status = STATUS_ACTIVE};
    const struct api_key api_key = {.partner_id = "tayssir",
                                    .policy_id = "p",
                                    .status = STATUS_ACTIVE},
                         dangling = {
                             .partner_id = "daam", .policy_id = "gone", .status = STATUS_ACTIVE};
    const struct policy policy = {
        .id = "p", .status = STATUS_ACTIVE, .token_type = AUTH_TOKEN_RANDOM};
    const struct misp misp = {.id = "m", .status = STATUS_ACTIVE};
    struct registry_batch batch = registry_begin(box.core.registry);
    registry_put_partner(&batch, &partner);
    registry_put_partner(&batch, &other);
    registry_put_api_key(&batch, "key-t", &api_key);
    registry_put_api_key(&batch, "key-d", &dangling);
    registry_put_policy(&batch, &policy);
    registry_put_misp(&batch, "licence", &misp);
    commit(&batch);
}

static void a_programme_has_what_its_own_names_lead_to(void **state) {
    (void)state;
    static const struct {
        const char *partner, *api_key, *licence;
        bool has_partner, has_api_key, has_policy, has_misp;
    } rows[] = {{"tayssir", "key-t", "licence", true, true, true, true},
                {"daam", "key-d", "licence", true, true, false, true},
                {"daam", "key-t", "licence", true, false, false, true}, /* another's key */
                {"tayssir", "key-t", "other", true, true, true, false},
                {"nobody", "key-t", "licence", false, false, false, true},
                {"", "", "", false, false, false, false}};
    put_programme();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request *request = core_fixture_request();
        snprintf(request->envelope.partner_id, UNSEAL_SEGMENT_SIZE, "%s", rows[i].partner);
        snprintf(request->envelope.api_key, UNSEAL_SEGMENT_SIZE, "%s", rows[i].api_key);
        snprintf(request->envelope.misp_license_key, UNSEAL_SEGMENT_SIZE, "%s", rows[i].licence);
        assert_int_equal(programme_load(box.core.registry, request), ERR_OK);
        assert_int_equal(request->has_partner, rows[i].has_partner);
        assert_int_equal(request->has_api_key, rows[i].has_api_key);
        assert_int_equal(request->has_policy, rows[i].has_policy);
        assert_int_equal(request->has_misp, rows[i].has_misp);
        core_fixture_free(request);
    }
}

#define PERSON_TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void) {
    const struct CMUnitTest tests[] = {
        PERSON_TEST(a_uin_finds_its_person),
        PERSON_TEST(a_number_nobody_has_costs_the_programme_a_failure),
        PERSON_TEST(who_is_no_longer_valid_is_refused),
        PERSON_TEST(a_perpetual_vid_is_good_for_ever),
        PERSON_TEST(a_temporary_vid_is_good_until_its_time),
        PERSON_TEST(a_vid_is_good_as_often_as_it_says),
        PERSON_TEST(a_revoked_vid_is_as_one_that_never_was),
        PERSON_TEST(many_at_once_use_a_one_time_vid_once),
        PERSON_TEST(a_hotlist_entry_blocks_until_it_expires),
        PERSON_TEST(a_vid_is_blocked_with_its_person_and_by_itself),
        PERSON_TEST(a_programme_on_the_hotlist_gets_nobody),
        PERSON_TEST(a_child_has_no_code_but_may_declare),
        PERSON_TEST(a_lock_refuses_its_own_factor_alone),
        PERSON_TEST(a_programme_has_what_its_own_names_lead_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
