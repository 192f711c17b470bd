#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/core_clock.h"
#include "tests/unit/lane_jose.h"

/* /v1/attributes: what was asked for and is allowed and there, and yes or no instead of a value. */
#define TXN "transaction.1"
#define KEY "a-key-of-16-chars"

static struct lane_box box;
static struct lane_jose_post asks = {.function = FUNCTION_KYC,
                                     .programme = LANE_FIRST,
                                     .transaction = TXN,
                                     .person = 1,
                                     .sealed =
                                         ",\"demographics\":{\"phoneNumber\":\"+212600000001\"}"};

static const uint8_t image[] = {0xff, 0xd8, 0xff, 0xe0, 1, 2, 3};

/* Person 1, born on the first of June 1990, who lives in Taroudant. */
static void put_person(void) {
    static const uint8_t lookup_key[HSM_LOOKUP_KEY_BYTES] = {1};
    struct registry_batch batch = registry_begin(box.core->registry);
    struct identity *identity = core_fixture_identity(1);
    uint64_t sequence;
    identity->birth_month = 6;
    identity->birth_day = 1;
    identity->attribute_count = 4;
    identity->attributes[0] =
        (struct identity_attribute){bytes_of_text("province"), "fra", bytes_of_text("Taroudant")};
    identity->attributes[1] =
        (struct identity_attribute){bytes_of_text("fullName"), "fra", bytes_of_text("Imane")};
    identity->attributes[2] =
        (struct identity_attribute){bytes_of_text("fullName"), "ara", bytes_of_text("إيمان")};
    identity->attributes[3] =
        (struct identity_attribute){bytes_of_text("addressLine1"), "fra", bytes_of_text("Rue 7")};
    registry_put_identity(&batch, lookup_key, identity);
    registry_put_photo(&batch, lookup_key, bytes_of(image, sizeof image));
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
    identity_free(identity);
}

static int make(void **state) {
    (void)state;
    struct policy policy = lane_jose_policy;
    core_clock_shift_ms = 0;
    lane_jose_make(&box, "demo-attempts = 3\n");
    policy.attribute_count = 6;
    snprintf(policy.attributes[4].name, sizeof policy.attributes[4].name, "fullName");
    snprintf(policy.attributes[5].name, sizeof policy.attributes[5].name, "photo");
    lane_jose_put_policy(&box, &policy);
    put_person();
    asks.key = NULL;
    return 0;
}

static int unmake(void **state) {
    (void)state;
    lane_fixture_remove(&box);
    return 0;
}

static struct lane_jose_answer ask(const char *claims) {
    asks.claims = claims;
    return lane_jose_try(&box, &asks, true);
}

/* The names that were to be written, and the texts; "?" stands for one that is no text. */
static const char *written(void) {
    static char text[1024];
    static const char *const kinds[] = {
        [RESULT_VALUE_TRUE] = "yes", [RESULT_VALUE_FALSE] = "no", [RESULT_VALUE_BYTES] = "?"};
    const struct result *result = lane_jose_result();
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < result->attribute_count; i++) {
        const struct result_attribute *attribute = &result->attributes[i];
        bool is_text = attribute->kind == RESULT_VALUE_TEXT;
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s=%.*s", i > 0 ? " " : "",
                                attribute->name, is_text ? (int)attribute->value.len : 8,
                                is_text ? (const char *)attribute->value.data
                                        : kinds[attribute->kind]);
    }
    return text;
}

static void what_is_asked_for_and_allowed_is_told_to_the_programme_alone(void **state) {
    (void)state;
    struct lane_jose_answer answer =
        ask(",\"attributes\":[\"phoneNumber\",\"emailId\",\"gender\",\"dob\",\"nothing\"]");
    assert_int_equal(lane_jose_result()->kind, RESULT_ATTRIBUTES);
    assert_string_equal(written(), "phoneNumber=+212600000001 emailId=XXrXXnX@example.org");
    assert_int_equal(answer.status, 200);
    assert_null(strstr(answer.body, TXN)); /* encrypted: what the played signer wrote has it */
    size_t dots = 0;
    for (const char *at = answer.body; *at != '\0'; at++)
        dots += *at == '.';
    assert_int_equal(dots, 4);
}

static void names_have_their_language_and_none_is_there_twice(void **state) {
    (void)state;
    (void)ask(",\"attributes\":[\"name\"]");
    assert_string_equal(written(), "name#fra=Imane name#ara=إيمان");
    (void)ask(",\"attributes\":[\"name#ara\",\"name\",\"name#zgh\"]");
    assert_string_equal(written(), "name#ara=إيمان name#fra=Imane");
}

static void the_photo_is_told_as_bytes(void **state) {
    (void)state;
    (void)ask(",\"attributes\":[\"photo\"]");
    const struct result *result = lane_jose_result();
    assert_int_equal(result->attribute_count, 1);
    assert_int_equal(result->attributes[0].kind, RESULT_VALUE_BYTES);
    assert_int_equal(result->attributes[0].value.len, sizeof image);
    assert_memory_equal(result->attributes[0].value.data, image, sizeof image);
}

/* The signer has room for one: twice the same, and a person could never be told. */
static void a_photo_of_two_names_is_told_once(void **state) {
    (void)state;
    (void)ask(",\"attributes\":[\"photo\",\"face\",\"photo#ara\"]");
    assert_string_equal(written(), "photo=?");
}

static void an_age_is_a_yes_or_no(void **state) {
    (void)state;
    (void)ask(",\"attributes\":[\"age_over_18\",\"age_over_120\",\"age_over_0\",\"age_over_018\","
              "\"age_over_\",\"age_over_121\"]");
    assert_string_equal(written(), "age_over_18=yes age_over_120=no");
}

static void where_somebody_lives_is_one_too(void **state) {
    (void)state;
    (void)ask(",\"lives_in\":{\"province\":\"TAROUDANT\"}");
    assert_string_equal(written(), "lives_in=yes");
    (void)ask(",\"lives_in\":{\"location3\":\"Agadir\"}");
    assert_string_equal(written(), "lives_in=no");
    (void)ask(",\"lives_in\":{\"city\":\"Agadir\"}"); /* not stored */
    assert_string_equal(written(), "");
    (void)ask(",\"lives_in\":{\"gender\":\"Male\"}"); /* no place */
    assert_string_equal(written(), "");
    (void)ask(",\"lives_in\":{\"addressLine1\":\"Rue 7\"}"); /* a line of an address */
    assert_string_equal(written(), "");
}

static void a_policy_without_them_answers_neither(void **state) {
    (void)state;
    struct policy policy = lane_jose_policy;
    policy.attribute_count = 1;
    lane_jose_put_policy(&box, &policy);
    (void)ask(",\"attributes\":[\"age_over_18\",\"name\",\"photo\"],"
              "\"lives_in\":{\"province\":\"Taroudant\"}");
    assert_string_equal(written(), "");
}

/* Three tries: either answer uses one up, and the rest is left out. */
static void properties_are_counted_as_guesses(void **state) {
    (void)state;
    (void)ask(",\"attributes\":[\"age_over_18\",\"age_over_40\"]");
    assert_string_equal(written(), "age_over_18=yes age_over_40=no");
    struct lane_jose_post code = asks, presents = asks;
    code.function = FUNCTION_OTP;
    code.claims = code.sealed = NULL;
    struct lane_jose_code sent = lane_jose_ask(&box, &code);
    presents.code = sent.code;
    presents.sealed = NULL;
    presents.claims = ",\"attributes\":[\"age_over_30\",\"age_over_36\",\"phoneNumber\"]";
    assert_int_equal(lane_jose_try(&box, &presents, true).status, 200);
    assert_string_equal(written(), "phoneNumber=+212600000001 age_over_30=yes");
}

static void a_retry_has_the_same_attributes_and_counts_nothing(void **state) {
    (void)state;
    asks.key = KEY;
    (void)ask(",\"attributes\":[\"age_over_18\",\"age_over_40\",\"phoneNumber\"]");
    char first[256];
    snprintf(first, sizeof first, "%s", written());
    for (unsigned i = 0; i < 5; i++) {
        (void)lane_jose_post_again(&box);
        lane_jose_play_lookup(&box);
        lane_jose_play(&box, PARTY_SIGNER, HSM_RESULT);
        assert_int_equal(lane_jose_answer(&box).status, 200);
        assert_string_equal(written(), first);
    }
    asks.key = NULL;
    (void)ask(",\"attributes\":[\"age_over_21\"]");
    assert_string_equal(written(), "age_over_21=yes");
}

static void a_policy_without_ekyc_permits_none(void **state) {
    (void)state;
    struct policy policy = lane_jose_policy;
    policy.allowed &= ~AUTH_TYPE_BIT(AUTH_TYPE_KYC);
    lane_jose_put_policy(&box, &policy);
    asks.claims = ",\"attributes\":[\"name\"]";
    (void)lane_jose_post(&box, &asks);
    lane_jose_play(&box, PARTY_UNSEAL, JOSE_REQUEST);
    assert_string_equal(lane_jose_answer(&box).problem, "not-permitted");
}

#define ATTRIBUTES_TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void) {
    store_fixture_secrets();
    const struct CMUnitTest tests[] = {
        ATTRIBUTES_TEST(what_is_asked_for_and_allowed_is_told_to_the_programme_alone),
        ATTRIBUTES_TEST(names_have_their_language_and_none_is_there_twice),
        ATTRIBUTES_TEST(the_photo_is_told_as_bytes),
        ATTRIBUTES_TEST(a_photo_of_two_names_is_told_once),
        ATTRIBUTES_TEST(an_age_is_a_yes_or_no),
        ATTRIBUTES_TEST(where_somebody_lives_is_one_too),
        ATTRIBUTES_TEST(a_policy_without_them_answers_neither),
        ATTRIBUTES_TEST(properties_are_counted_as_guesses),
        ATTRIBUTES_TEST(a_retry_has_the_same_attributes_and_counts_nothing),
        ATTRIBUTES_TEST(a_policy_without_ekyc_permits_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
