#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/otp.h"
#include "authd/core/person.h"
#include "authd/store/registry_pepper.h"
#include "tests/unit/core_fixture.h"

/*
 * Who is meant by an identifier while its lookup keys come from two peppers, and afterwards: from a
 * real registry, over which the real sweep goes.
 */
#define NOW_MS 1700000000000 /* 2023-11-14 */
#define TXN    "1234567890"
#define OTP    AUTH_TYPE_BIT(AUTH_TYPE_OTP)
#define UIN    IDENTIFIER_UIN
#define VID    IDENTIFIER_VID
enum { PEOPLE = 5 };

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

/* ---- lookup keys, as signers make them ---- */

static void hash_of(enum identifier_type type, unsigned number, uint8_t hash[static 32]) {
    memset(hash, 0, 32);
    hash[0] = (uint8_t)number;
    hash[1] = (uint8_t)type;
}

static void key_of(const uint8_t hash[static 32], uint16_t pepper, uint8_t key[static 32]) {
    memcpy(key, hash, 32);
    key[31] = (uint8_t)pepper;
}

/* What a signer answers that has these peppers; 0: there is no second one. */
static struct hsm_lookup_keys keys_of(enum identifier_type type, unsigned number, uint16_t first,
                                      uint16_t second) {
    struct hsm_lookup_keys keys = {.count = second == 0 ? 1 : 2};
    uint8_t hash[32];
    hash_of(type, number, hash);
    keys.of[0].generation = first;
    keys.of[1].generation = second;
    for (size_t i = 0; i < keys.count; i++)
        key_of(hash, keys.of[i].generation, keys.of[i].key);
    return keys;
}

static void row_of(enum identifier_type type, unsigned number, uint16_t pepper,
                   uint8_t key[static 32]) {
    struct hsm_lookup_keys keys = keys_of(type, number, pepper, 0);
    memcpy(key, keys.of[0].key, 32);
}

/* ---- what is in the registry ---- */

static void commit(struct registry_batch *batch) {
    uint64_t sequence;
    assert_int_equal(registry_commit(batch, &sequence), ERR_OK);
}

static void put_person(unsigned number, uint16_t pepper, void (*change)(struct identity *)) {
    uint8_t key[32];
    struct identity *identity = core_fixture_identity(number);
    if (change != NULL)
        change(identity);
    row_of(UIN, number, pepper, key);
    struct registry_batch batch = registry_begin(box.core.registry);
    registry_put_identity(&batch, key, identity);
    commit(&batch);
    identity_free(identity);
}

/* The VID of a person whose own row is of the first pepper. */
static void put_vid(unsigned number, uint16_t pepper, const struct alias *given) {
    uint8_t key[32];
    struct alias alias = *given;
    row_of(UIN, number, 1, alias.lookup_key);
    alias.alias_id[0] = (uint8_t)number;
    alias.pepper = pepper;
    alias.has_id_hash = true;
    hash_of(VID, number, alias.id_hash);
    row_of(VID, number, pepper, key);
    struct registry_batch batch = registry_begin(box.core.registry);
    registry_put_alias(&batch, key, &alias);
    commit(&batch);
}

static void hotlist(struct bytes id) {
    const struct hotlist_entry entry = {.blocked = true};
    struct registry_batch batch = registry_begin(box.core.registry);
    registry_put_hotlisted(&batch, HOTLIST_PERSON, id, &entry);
    commit(&batch);
}

static void begin_sweep(uint16_t to) {
    struct registry_batch batch = registry_begin(box.core.registry);
    registry_pepper_begin(&batch, 1, to);
    commit(&batch);
}

/* One step, of one row at most; false when it is done. */
static bool sweep_on(void) {
    static struct registry_pepper_step step;
    struct registry_pepper pepper;
    assert_int_equal(registry_pepper_collect(box.core.registry, 1, &step), ERR_OK);
    for (size_t i = 0; i < step.count; i++) {
        struct registry_pepper_row *row = &step.rows[i];
        if (row->uin[0] != '\0')
            hash_of(UIN, (unsigned)atoi(row->uin) % 1000, row->id_hash);
        key_of(row->id_hash, step.before.to, row->target);
        row->has_target = true;
    }
    assert_int_equal(registry_pepper_move(box.core.registry, &step, &pepper), ERR_OK);
    if (pepper.phase == REGISTRY_PEPPER_DONE)
        assert_true(registry_pepper_is_settled(&pepper));
    return pepper.phase != REGISTRY_PEPPER_DONE;
}

static void sweep(uint16_t to) {
    begin_sweep(to);
    while (sweep_on())
        ;
}

/* ---- who asks for whom ---- */

static struct request *request_with(enum identifier_type type, struct hsm_lookup_keys keys) {
    struct request *request = core_fixture_about("tayssir", 0, TXN);
    identity_free(request->identity);
    request->identity = NULL;
    request->identifier_type = type;
    request->received_wall_ms = NOW_MS;
    request->factors = OTP;
    request->envelope.function = FUNCTION_AUTH;
    memset(request->person_key, 0xee, sizeof request->person_key);
    request->lookup = keys;
    return request;
}

/* By what ${type} and ${number} say, to a signer with these peppers. */
static struct request *find(enum identifier_type type, unsigned number, uint16_t first,
                            uint16_t second) {
    struct request *request = request_with(type, keys_of(type, number, first, second));
    assert_int_equal(person_find(&box.core, request), ERR_OK);
    return request;
}

/* What the refusal says, "" when there is none. */
static const char *words(const struct request *request) {
    static char text[160];
    snprintf(text, sizeof text, "%s%s%s", core_fixture_codes(request),
             request_refused(request) ? " " : "", request->reason);
    return text;
}

static const char *finding(enum identifier_type type, unsigned number, uint16_t first,
                           uint16_t second) {
    struct request *request = find(type, number, first, second);
    const char *text = words(request);
    assert_int_equal(request->identity == NULL, request_refused(request));
    core_fixture_free(request);
    return text;
}

/* That it is this person, under the name that she got at first. */
static void assert_named(struct request *request, unsigned number, uint16_t pepper) {
    uint8_t key[32];
    row_of(UIN, number, pepper, key);
    assert_string_equal(words(request), "");
    assert_int_equal(atoi(request->identity->uin) % 1000, (int)number);
    assert_memory_equal(request->person_key, key, sizeof key);
    core_fixture_free(request);
}

static void assert_finds(enum identifier_type type, unsigned number, uint16_t first,
                         uint16_t second) {
    assert_named(find(type, number, first, second), number, 1);
    struct request *again = request_with(type, keys_of(type, number, first, second));
    assert_int_equal(person_recall(&box.core, again), ERR_OK);
    assert_named(again, number, 1);
}

static void a_person_is_found_under_whichever_pepper_she_is(void **state) {
    (void)state;
    put_person(1, 1, NULL);
    put_person(2, 2, NULL);
    assert_finds(UIN, 1, 1, 0);
    assert_finds(UIN, 1, 1, 2);
    assert_finds(UIN, 1, 2, 1);
    assert_named(find(UIN, 2, 2, 0), 2, 2);
    assert_named(find(UIN, 2, 1, 2), 2, 2);
    assert_named(find(UIN, 2, 2, 1), 2, 2);
    assert_string_equal(finding(UIN, 1, 2, 0), "IDA-MLC-018 person-unknown");
    assert_string_equal(finding(UIN, 2, 1, 0), "IDA-MLC-018 person-unknown");
}

static void a_vid_is_found_under_whichever_pepper_it_is(void **state) {
    (void)state;
    put_person(1, 1, NULL);
    put_person(2, 1, NULL);
    put_vid(1, 1, &(struct alias){.type = ALIAS_PERPETUAL});
    put_vid(2, 2, &(struct alias){.type = ALIAS_PERPETUAL});
    assert_finds(VID, 1, 1, 0);
    assert_finds(VID, 1, 2, 1);
    assert_finds(VID, 2, 1, 2);
    assert_finds(VID, 2, 2, 1);
    assert_string_equal(finding(VID, 1, 2, 0), "IDA-MLC-018 vid-unknown");
    assert_string_equal(finding(VID, 2, 1, 0), "IDA-MLC-018 vid-unknown");
}

/* Between any two rows of two sweeps, by whatever a signer answers meanwhile. */
static void everybody_is_found_at_every_step_of_a_sweep(void **state) {
    (void)state;
    for (unsigned i = 1; i <= PEOPLE; i++) {
        put_person(i, 1, NULL);
        put_vid(i, 1, &(struct alias){.type = ALIAS_PERPETUAL});
    }
    for (uint16_t to = 2; to <= 3; to++) {
        bool more = true;
        begin_sweep(to);
        for (unsigned steps = 0; more; steps++) {
            assert_true(steps < 100);
            for (unsigned i = 1; i <= PEOPLE; i++) {
                assert_finds(UIN, i, to, to - 1);
                assert_finds(VID, i, to, to - 1);
            }
            more = sweep_on();
        }
        for (unsigned i = 1; i <= PEOPLE; i++) { /* the older pepper is gone */
            assert_finds(UIN, i, to, 0);
            assert_finds(VID, i, to, 0);
        }
    }
}

/* What she was found by once leads nowhere when its pepper has been swept away. */
static void a_number_under_a_pepper_that_is_gone_is_nobodys(void **state) {
    (void)state;
    put_person(1, 1, NULL);
    put_vid(1, 1, &(struct alias){.type = ALIAS_PERPETUAL});
    sweep(2);
    sweep(3);
    assert_finds(UIN, 1, 3, 0);
    assert_string_equal(finding(UIN, 1, 2, 0), "IDA-MLC-018 person-unknown");
    assert_string_equal(finding(VID, 1, 2, 1), "IDA-MLC-018 vid-unknown");
}

/* A number presented as the other kind is nobody's, and costs what nobody's costs. */
static void an_alias_of_a_number_is_no_vid_and_a_vid_no_number(void **state) {
    (void)state;
    put_person(1, 1, NULL);
    put_vid(1, 1, &(struct alias){.type = ALIAS_PERPETUAL});
    sweep(2);
    struct request *number = request_with(VID, keys_of(UIN, 1, 2, 1));
    assert_int_equal(person_find(&box.core, number), ERR_OK);
    assert_string_equal(words(number), "IDA-MLC-018 vid-unknown");
    assert_string_equal(number->statement.errors[0].detail, "VID");
    assert_false(number->has_alias);
    assert_null(number->identity);
    core_fixture_free(number);
    struct request *vid = request_with(UIN, keys_of(VID, 1, 2, 1));
    assert_int_equal(person_find(&box.core, vid), ERR_OK);
    assert_string_equal(words(vid), "IDA-MLC-018 person-unknown");
    assert_string_equal(vid->statement.errors[0].detail, "UIN");
    assert_null(vid->identity);
    core_fixture_free(vid);
    number = request_with(VID, keys_of(UIN, 1, 2, 1));
    assert_int_equal(person_recall(&box.core, number), ERR_NOT_FOUND);
    core_fixture_free(number);
    assert_string_equal(finding(UIN, 9, 2, 1), "IDA-MLC-018 person-unknown");
    assert_string_equal(finding(UIN, 9, 2, 1), "IDA-MLC-007 failure-budget-used-up");
}

/* ---- indistinguishable outside ---- */

static void deactivate(struct identity *identity) {
    identity->deactivated = true;
}
static void expire(struct identity *identity) {
    identity->expires_ms = NOW_MS;
}
static void lock_demo(struct identity *identity) {
    identity->locks = LOCK_DEMO;
}
static void be_a_child(struct identity *identity) {
    identity->birth_year = 2021;
}

static struct request *judge(unsigned number, uint16_t first, uint16_t second) {
    struct request *request = find(UIN, number, first, second);
    request->factors |= AUTH_TYPE_BIT(AUTH_TYPE_DEMO);
    request->policy.token_type = AUTH_TOKEN_PARTNER;
    if (!request_refused(request))
        assert_int_equal(person_filter(&box.core, request), ERR_OK);
    if (!request_refused(request))
        assert_int_equal(person_token(&box.core, request), ERR_OK);
    return request;
}

/* Whoever is reached by way of an alias has the answer of who is reached directly. */
static void an_alias_on_the_way_shows_in_nothing(void **state) {
    (void)state;
    static void (*const changes[])(struct identity *) = {NULL, deactivate, expire, lock_demo,
                                                         be_a_child};
    static const char *const expected[] = {"", "IDA-MLC-018 person-deactivated",
                                           "IDA-MLC-022 person-expired",
                                           "IDA-MLC-019 factor-locked", "IDA-MLC-011 child"};
    struct request *before[PEOPLE];
    for (unsigned i = 0; i < PEOPLE; i++) {
        put_person(i + 1, 1, changes[i]);
        before[i] = judge(i + 1, 1, 0);
        assert_string_equal(words(before[i]), expected[i]);
    }
    sweep(2);
    for (unsigned i = 0; i < PEOPLE; i++) {
        uint8_t commitments[2][PERSON_COMMITMENT_BYTES];
        struct request *after = judge(i + 1, 2, 0);
        person_commitment(before[i], commitments[0]);
        person_commitment(after, commitments[1]);
        assert_memory_equal(commitments[0], commitments[1], PERSON_COMMITMENT_BYTES);
        assert_memory_equal(&before[i]->statement, &after->statement, sizeof after->statement);
        assert_string_equal(before[i]->reason, after->reason);
        assert_int_equal(before[i]->effects.len, after->effects.len);
        assert_int_equal(before[i]->budget_spent, after->budget_spent);
        assert_false(after->has_alias);
        core_fixture_free(before[i]);
        core_fixture_free(after);
    }
}

/* ---- what is kept about people ---- */

static const char *filter(enum identifier_type type, unsigned number, uint16_t first,
                          uint16_t second) {
    struct request *request = find(type, number, first, second);
    assert_string_equal(words(request), "");
    assert_int_equal(person_filter(&box.core, request), ERR_OK);
    const char *text = words(request);
    core_fixture_free(request);
    return text;
}

#define HOTLISTED "IDA-MLC-022 person-hotlisted"

static void a_hotlisted_vid_stays_so_across_the_move(void **state) {
    (void)state;
    uint8_t key[32];
    for (unsigned i = 1; i <= 3; i++) {
        put_person(i, 1, NULL);
        put_vid(i, 1, &(struct alias){.type = ALIAS_PERPETUAL});
    }
    row_of(VID, 1, 1, key); /* as it was entered before aliases had ids here */
    hotlist(bytes_of(key, sizeof key));
    const uint8_t alias_id[ALIAS_ID_BYTES] = {2};
    hotlist(bytes_of(alias_id, sizeof alias_id));
    assert_string_equal(filter(VID, 1, 1, 0), HOTLISTED);
    begin_sweep(2);
    do {
        assert_string_equal(filter(VID, 1, 2, 1), HOTLISTED);
        assert_string_equal(filter(VID, 1, 1, 2), HOTLISTED);
        assert_string_equal(filter(VID, 2, 2, 1), HOTLISTED);
        assert_string_equal(filter(VID, 3, 2, 1), "");
        assert_string_equal(filter(UIN, 1, 2, 1), "");
        assert_string_equal(filter(UIN, 2, 2, 1), "");
    } while (sweep_on());
    assert_string_equal(filter(VID, 1, 2, 0), HOTLISTED);
    assert_string_equal(filter(VID, 2, 2, 0), HOTLISTED);
    assert_string_equal(filter(VID, 3, 2, 0), "");
}

static void a_hotlisted_person_stays_so_by_whatever_number(void **state) {
    (void)state;
    uint8_t key[32];
    put_person(1, 1, NULL);
    put_vid(1, 1, &(struct alias){.type = ALIAS_PERPETUAL});
    row_of(UIN, 1, 1, key);
    hotlist(bytes_of(key, sizeof key));
    assert_string_equal(filter(UIN, 1, 1, 0), HOTLISTED);
    sweep(2);
    assert_string_equal(filter(UIN, 1, 2, 0), HOTLISTED);
    assert_string_equal(filter(VID, 1, 2, 0), HOTLISTED);
}

static const char *use_vid(uint16_t first, uint16_t second) {
    struct request *request = find(VID, 1, first, second);
    if (!request_refused(request))
        assert_int_equal(person_use_alias(&box.core, request), ERR_OK);
    const char *text = words(request);
    core_fixture_free(request);
    return text;
}

static void the_uses_of_a_vid_are_counted_on(void **state) {
    (void)state;
    put_person(1, 1, NULL);
    put_vid(1, 1, &(struct alias){.type = ALIAS_TEMPORARY, .uses = 3});
    assert_string_equal(use_vid(1, 0), "");
    assert_string_equal(use_vid(1, 2), "");
    sweep(2);
    assert_string_equal(use_vid(2, 1), "");
    assert_string_equal(use_vid(2, 0), "IDA-MLC-018 vid-used-up");
}

static const char *guess(uint16_t first, uint16_t second, const char *code) {
    struct request *request = find(UIN, 1, first, second);
    assert_string_equal(words(request), "");
    memcpy(request->payload.otp, code, 7);
    assert_int_equal(otp_verify(&box.core, request), ERR_OK);
    const char *text = words(request);
    core_fixture_free(request);
    return text;
}

static struct core_code ask(uint16_t first, uint16_t second) {
    struct core_code code = {.text = ""};
    struct request *request = find(UIN, 1, first, second);
    request->envelope.function = FUNCTION_OTP;
    assert_int_equal(otp_issue(&box.core, request, true), ERR_OK);
    snprintf(code.codes, sizeof code.codes, "%s", core_fixture_codes(request));
    if (request->otp.data != NULL)
        memcpy(code.text, request->otp.data, sizeof code.text);
    core_fixture_free(request);
    return code;
}

/* What was counted against a person, and the code she was sent, are hers after the roll too. */
static void tries_and_freezes_and_codes_outlive_the_roll(void **state) {
    (void)state;
    box.core.settings.failures_an_hour = 100;
    put_person(1, 1, NULL);
    struct core_code code = ask(1, 0), other = core_fixture_wrong(&code);
    for (unsigned i = 0; i < 2; i++)
        assert_string_equal(guess(1, 0, other.text), "IDA-OTA-004 otp-wrong");
    sweep(2);
    assert_string_equal(guess(2, 1, other.text), "IDA-OTA-004 otp-wrong");
    assert_string_equal(guess(1, 2, other.text), "IDA-OTA-004 otp-wrong");
    assert_string_equal(guess(2, 0, other.text), "IDA-OTA-013 otp-wrong-and-frozen");
    sweep(3);
    assert_string_equal(guess(3, 0, code.text), "IDA-OTA-013 otp-frozen");
    assert_string_equal(ask(3, 2).codes, "IDA-OTA-013");
}

static void a_code_of_before_the_roll_is_good_after_it(void **state) {
    (void)state;
    put_person(1, 1, NULL);
    struct core_code code = ask(1, 0);
    sweep(2);
    assert_string_equal(guess(2, 0, code.text), "");
}

static void without_a_lookup_key_nobody_is_found(void **state) {
    (void)state;
    put_person(1, 1, NULL);
    const struct hsm_lookup_keys none = {0};
    static const enum identifier_type types[] = {UIN, VID};
    for (size_t i = 0; i < 2; i++) {
        struct request *request = request_with(types[i], none);
        assert_int_equal(person_find(&box.core, request), ERR_OK);
        assert_string_equal(core_fixture_codes(request), "IDA-MLC-018");
        assert_null(request->identity);
        core_fixture_free(request);
    }
}

#define PEPPER_TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void) {
    const struct CMUnitTest tests[] = {
        PEPPER_TEST(a_person_is_found_under_whichever_pepper_she_is),
        PEPPER_TEST(a_vid_is_found_under_whichever_pepper_it_is),
        PEPPER_TEST(everybody_is_found_at_every_step_of_a_sweep),
        PEPPER_TEST(a_number_under_a_pepper_that_is_gone_is_nobodys),
        PEPPER_TEST(an_alias_of_a_number_is_no_vid_and_a_vid_no_number),
        PEPPER_TEST(an_alias_on_the_way_shows_in_nothing),
        PEPPER_TEST(a_hotlisted_vid_stays_so_across_the_move),
        PEPPER_TEST(a_hotlisted_person_stays_so_by_whatever_number),
        PEPPER_TEST(the_uses_of_a_vid_are_counted_on),
        PEPPER_TEST(tries_and_freezes_and_codes_outlive_the_roll),
        PEPPER_TEST(a_code_of_before_the_roll_is_good_after_it),
        PEPPER_TEST(without_a_lookup_key_nobody_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
