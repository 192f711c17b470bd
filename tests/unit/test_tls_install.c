#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/secret.h"
#include "hsm/certificate_key.h"
#include "hsm/keyset.h"
#include "hsm/tls_expiry.h"
#include "hsm/tls_install.h"
#include "hsm/tls_request.h"
#include "tests/unit/rollover_box.h"
#include "tests/unit/tls_authority.h"

/* Chains that officers bring, on a real token: stored, shown, waited for, and gone with their key.
 */
#define SECOND ROLLOVER_BOX_SECOND
#define DAY    ROLLOVER_BOX_DAY
#define UNTIL  INT64_C(4102444800000)

static struct rollover_box box;
static struct tls_authority authority;
static uint8_t root_memory[4096];
static struct bytes root;

static int found_box(void **state) {
    (void)state;
    rollover_box_found(&box);
    tls_authority_make(&authority);
    root = tls_authority_der(&authority, root_memory);
    return 0;
}

static int remove_box(void **state) {
    (void)state;
    tls_authority_free(&authority);
    rollover_box_remove(&box);
    return 0;
}

static int begin(void **state) {
    (void)state;
    rollover_box_begin(&box);
    for (int purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++) /* no other key rolls */
        box.policy.of[purpose].active_ms = purpose == HSM_PURPOSE_TLS ? 100 * DAY : 0;
    return 0;
}

static int end(void **state) {
    (void)state;
    rollover_box_close(&box);
    return 0;
}

static uint16_t in(enum keystate state) {
    return rollover_box_in(&box, HSM_PURPOSE_TLS, state);
}

/* What the authority gives for the key of ${generation}; 0: of the one that needs it next. */
static struct bytes certified(uint16_t *generation) {
    static uint8_t memory[HSM_TLS_REQUEST_MAX];
    struct keyring_row row;
    EVP_PKEY *key = NULL;
    struct buffer request = buffer_over(memory, sizeof memory);
    assert_int_equal(tls_request_choose(box.keyring, generation, &row), ERR_OK);
    assert_int_equal(token_key(box.token, row.id, &key), ERR_OK);
    assert_int_equal(tls_request_make(key, "id.example.ma", &request), ERR_OK);
    EVP_PKEY_free(key);
    return tls_authority_answer(&authority, bytes_of(memory, request.len));
}

static struct hsm_tls_install chain_of(uint16_t generation, struct bytes leaf) {
    return (struct hsm_tls_install){
        .generation = generation, .not_after_ms = UNTIL, .count = 2, .certificates = {leaf, root}};
}

static struct bytes install_for(uint16_t generation) {
    struct bytes leaf = certified(&generation);
    const struct hsm_tls_install install = chain_of(generation, leaf);
    assert_int_equal(tls_install_take(box.keyring, box.token, &install), ERR_OK);
    return leaf;
}

/* What a signer that loads its keys now would have edge show. */
static void assert_shown(struct bytes leaf, size_t count) {
    static struct keyset keys;
    struct hsm_tls_chain chain = {0};
    assert_int_equal(keyset_load(&keys, box.keyring, box.token), ERR_OK);
    assert_int_equal(tls_ring_chain(keys.tls, &chain), ERR_OK);
    assert_int_equal(chain.count, count);
    struct bytes public_key;
    uint8_t key_id[HSM_TLS_KEY_ID_BYTES];
    size_t len = 0;
    assert_int_equal(certificate_key_of(chain.certificates[0], &public_key), ERR_OK);
    assert_int_equal(
        EVP_Q_digest(NULL, "SHA256", NULL, public_key.data, public_key.len, key_id, &len), 1);
    assert_memory_equal(chain.key_id, key_id, sizeof key_id);
    if (leaf.len > 0)
        assert_true(bytes_equal(chain.certificates[0], leaf));
    if (count > 1)
        assert_true(bytes_equal(chain.certificates[1], root));
    keyset_unload(&keys);
}
#define OWN bytes_of(NULL, 0)

static uint64_t sequence(void) {
    struct keyring_status status;
    assert_int_equal(keyring_status(box.keyring, &status), ERR_OK);
    return status.sequence;
}

static void it_is_shown_until_it_is_removed(void **state) {
    (void)state;
    uint64_t before = sequence();
    assert_shown(OWN, 1);
    struct bytes leaf = install_for(1);
    assert_int_equal(sequence(), before + 1);
    assert_shown(leaf, 2);
    assert_int_equal(keyring_chain_remove(box.keyring, 1), ERR_OK);
    assert_int_equal(sequence(), before + 2);
    assert_shown(OWN, 1);
    assert_int_equal(keyring_chain_remove(box.keyring, 1), ERR_NOT_FOUND);
    assert_int_equal(sequence(), before + 2);
}

static void a_younger_one_takes_its_place(void **state) {
    (void)state;
    struct bytes first = install_for(1), second = install_for(1);
    assert_false(bytes_equal(first, second));
    assert_shown(second, 2);
}

static void a_leaf_of_another_key_is_refused_and_changes_nothing(void **state) {
    (void)state;
    EVP_PKEY *foreign = EVP_EC_gen("P-256");
    struct bytes leaf = install_for(1);
    uint64_t before = sequence();
    struct hsm_tls_install install = chain_of(1, tls_authority_certify(&authority, foreign));
    assert_int_equal(tls_install_take(box.keyring, box.token, &install), ERR_CRYPTO);
    install = chain_of(1, root); /* an authority's certificate first */
    assert_int_equal(tls_install_take(box.keyring, box.token, &install), ERR_CRYPTO);
    uint8_t cut[4096] = {0};
    memcpy(cut, leaf.data, leaf.len);
    install = chain_of(1, bytes_of(cut, leaf.len + 1));
    assert_int_equal(tls_install_take(box.keyring, box.token, &install), ERR_CRYPTO);
    for (size_t len = 0; len < leaf.len; len += 7) {
        install = chain_of(1, bytes_of(cut, len));
        assert_int_equal(tls_install_take(box.keyring, box.token, &install), ERR_CRYPTO);
    }
    assert_int_equal(sequence(), before);
    assert_shown(leaf, 2);
    EVP_PKEY_free(foreign);
}

static void a_key_that_is_not_there_or_over_takes_none(void **state) {
    (void)state;
    uint16_t generation = 1;
    struct bytes leaf = certified(&generation);
    struct hsm_tls_install install = chain_of(2, leaf);
    assert_int_equal(tls_install_take(box.keyring, box.token, &install), ERR_NOT_FOUND);
    (void)rollover_box_settle(&box);
    assert_int_equal(in(KEYSTATE_PUBLISHED), 2);
    assert_int_equal(tls_install_take(box.keyring, box.token, &install), ERR_CRYPTO);
    rollover_box_pass(&box, 101 * DAY);
    (void)rollover_box_settle(&box);
    assert_int_equal(in(KEYSTATE_RETIRING), 1);
    install = chain_of(1, leaf);
    assert_int_equal(tls_install_take(box.keyring, box.token, &install), ERR_NOT_FOUND);
    struct keyring_row row;
    assert_int_equal(tls_request_choose(box.keyring, &generation, &row), ERR_NOT_FOUND);
}

static void four_of_the_largest_are_kept_whole(void **state) {
    (void)state;
    static uint8_t large[HSM_TLS_CERTIFICATE_MAX];
    static struct keyring_chain kept;
    uint16_t generation = 1;
    struct hsm_tls_install install = chain_of(1, certified(&generation));
    memset(large, 0x30, sizeof large);
    install.count = HSM_TLS_CERTIFICATES;
    for (size_t i = 1; i < HSM_TLS_CERTIFICATES; i++)
        install.certificates[i] = bytes_of(large, sizeof large);
    assert_int_equal(tls_install_take(box.keyring, box.token, &install), ERR_OK);
    assert_int_equal(keyring_chain_get(box.keyring, 1, &kept), ERR_OK);
    assert_int_equal(kept.count, HSM_TLS_CERTIFICATES);
    assert_true(kept.not_after_ms == UNTIL);
    for (size_t i = 0; i < HSM_TLS_CERTIFICATES; i++)
        assert_true(bytes_equal(kept.certificates[i], install.certificates[i]));
}

static void a_kill_between_the_store_and_the_reload_loses_nothing(void **state) {
    (void)state;
    uint16_t generation = 1;
    struct bytes leaf = certified(&generation);
    const struct hsm_tls_install install = chain_of(1, leaf);
    rollover_box_close(&box);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct keyring *keyring;
        if (keyring_open(&keyring, box.box.keyring_directory, true) == ERR_OK &&
            keyring_chain_put(keyring, &install) == ERR_OK)
            (void)kill(getpid(), SIGKILL);
        _exit(1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    rollover_box_open(&box);
    assert_shown(leaf, 2);
}

static bool is_unready(void) {
    struct hsm_key_next next;
    assert_int_equal(rollover_next(box.rollover, HSM_PURPOSE_TLS, box.now, &next), ERR_OK);
    return next.unready;
}

static void a_standby_waits_until_it_has_one_too(void **state) {
    (void)state;
    (void)install_for(1);
    (void)rollover_box_settle(&box);
    assert_int_equal(in(KEYSTATE_PUBLISHED), 2);
    assert_true(is_unready());
    for (int i = 0; i < 3; i++) {
        rollover_box_pass(&box, 150 * DAY);
        (void)rollover_box_settle(&box);
        assert_int_equal(in(KEYSTATE_ACTIVE), 1);
    }
    assert_int_equal(keyring_life_roll(box.keyring, HSM_PURPOSE_TLS), ERR_OK);
    rollover_box_pass(&box, SECOND);
    (void)rollover_box_settle(&box);
    assert_int_equal(in(KEYSTATE_ACTIVE), 1);

    uint16_t generation = 0;
    struct bytes leaf = certified(&generation);
    assert_int_equal(generation, 2);
    const struct hsm_tls_install install = chain_of(2, leaf);
    assert_int_equal(tls_install_take(box.keyring, box.token, &install), ERR_OK);
    assert_false(is_unready());
    rollover_box_pass(&box, SECOND);
    (void)rollover_box_settle(&box);
    assert_int_equal(in(KEYSTATE_ACTIVE), 2);
    assert_int_equal(in(KEYSTATE_RETIRING), 1);
    assert_shown(leaf, 2);
}

static void the_assertion_denies_an_activation_that_is_chosen_all_the_same(void **state) {
    (void)state;
    const struct keystate_policy *policy = &box.policy.of[HSM_PURPOSE_TLS];
    const struct keystate_step step = {.action = KEYSTATE_ACTIVATE, .generation = 2};
    (void)rollover_box_settle(&box);
    rollover_box_pass(&box, 101 * DAY);
    (void)install_for(1);
    assert_int_equal(keyring_life_step(box.keyring, HSM_PURPOSE_TLS, policy, box.now, &step),
                     ERR_DENIED);
    assert_int_equal(keyring_chain_remove(box.keyring, 1), ERR_OK);
    assert_int_equal(keyring_life_step(box.keyring, HSM_PURPOSE_TLS, policy, box.now, &step),
                     ERR_OK);
}

static void without_an_active_key_nobody_waits(void **state) {
    (void)state;
    const struct keystate_policy *policy = &box.policy.of[HSM_PURPOSE_TLS];
    const struct keystate_step revoke = {.action = KEYSTATE_REVOKE, .generation = 1};
    (void)install_for(1);
    (void)rollover_box_settle(&box);
    rollover_box_pass(&box, 2 * DAY);
    assert_int_equal(keyring_life_step(box.keyring, HSM_PURPOSE_TLS, policy, box.now, &revoke),
                     ERR_OK);
    (void)rollover_box_settle(&box);
    assert_int_equal(in(KEYSTATE_ACTIVE), 2);
    assert_shown(OWN, 1);
}

static void the_chain_of_a_key_that_is_over_is_forgotten(void **state) {
    (void)state;
    static struct keyring_chain kept;
    (void)rollover_box_settle(&box);
    (void)install_for(1);
    (void)install_for(2);
    rollover_box_pass(&box, 101 * DAY);
    (void)rollover_box_settle(&box);
    assert_int_equal(in(KEYSTATE_ACTIVE), 2);
    assert_int_equal(keyring_chain_get(box.keyring, 1, &kept), ERR_OK);
    (void)install_for(2);
    assert_int_equal(keyring_chain_get(box.keyring, 1, &kept), ERR_NOT_FOUND);
    assert_int_equal(keyring_chain_get(box.keyring, 2, &kept), ERR_OK);
}

static void a_list_has_what_each_key_shows(void **state) {
    (void)state;
    static struct hsm_tls_shown shown;
    (void)rollover_box_settle(&box);
    struct bytes leaf = install_for(2);
    assert_int_equal(tls_install_show(box.keyring, &shown), ERR_OK);
    assert_int_equal(shown.count, 2);
    assert_int_equal(shown.keys[0].generation, 1);
    assert_int_equal(shown.keys[0].state, KEYSTATE_ACTIVE);
    assert_false(shown.keys[0].brought);
    assert_int_equal(shown.keys[1].state, KEYSTATE_PUBLISHED);
    assert_true(shown.keys[1].brought && shown.keys[1].count == 2);
    assert_true(shown.keys[1].not_after_ms == UNTIL);
    assert_true(bytes_equal(shown.keys[1].leaf, leaf));
    struct bytes public_key;
    assert_int_equal(certificate_key_of(leaf, &public_key), ERR_OK);
    assert_true(bytes_equal(shown.keys[1].public_key, public_key));
}

static void its_end_is_told_thirty_seven_and_one_days_before(void **state) {
    (void)state;
    static const struct {
        int64_t left_ms;
        enum tls_expiry expiry;
        int64_t days, hours;
    } ends[] = {
        {31 * DAY, TLS_EXPIRY_FAR, 31, 0},   {30 * DAY + 1, TLS_EXPIRY_FAR, 30, 0},
        {30 * DAY, TLS_EXPIRY_MONTH, 30, 0}, {7 * DAY + 1, TLS_EXPIRY_MONTH, 7, 0},
        {7 * DAY, TLS_EXPIRY_WEEK, 7, 0},    {DAY + DAY / 2, TLS_EXPIRY_WEEK, 1, 12},
        {DAY, TLS_EXPIRY_DAY, 1, 0},         {DAY - 1, TLS_EXPIRY_DAY, 0, 23},
        {DAY / 24, TLS_EXPIRY_DAY, 0, 1},    {1, TLS_EXPIRY_DAY, 0, 0},
        {0, TLS_EXPIRY_OVER, 0, 0},          {-1000 * DAY, TLS_EXPIRY_OVER, 0, 0},
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        assert_int_equal(tls_expiry_of(UNTIL, UNTIL - ends[i].left_ms), ends[i].expiry);
        assert_true(tls_expiry_days(UNTIL, UNTIL - ends[i].left_ms) == ends[i].days);
        assert_true(tls_expiry_hours(UNTIL, UNTIL - ends[i].left_ms) == ends[i].hours);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

/* Whose signature the certificate of the key of ${generation} bears. */
static unsigned issuer_of(uint16_t generation) {
    struct keyring_row row;
    char name[64];
    unsigned root_generation = 0;
    assert_int_equal(keyring_find(box.keyring, HSM_PURPOSE_TLS, generation, &row), ERR_OK);
    const uint8_t *der = row.certificate;
    X509 *certificate = d2i_X509(NULL, &der, (long)row.certificate_len);
    assert_non_null(certificate);
    X509_NAME_get_text_by_NID(X509_get_issuer_name(certificate), NID_commonName, name, sizeof name);
    assert_int_equal(sscanf(name, "IDCS Box CA %u", &root_generation), 1);
    assert_int_equal(keyring_find(box.keyring, HSM_PURPOSE_ROOT, (uint16_t)root_generation, &row),
                     ERR_OK);
    der = row.certificate;
    X509 *issuer = d2i_X509(NULL, &der, (long)row.certificate_len);
    assert_int_equal(X509_verify(certificate, X509_get0_pubkey(issuer)), 1);
    assert_true(ASN1_TIME_compare(X509_get0_notAfter(certificate), X509_get0_notAfter(issuer)) <=
                0);
    X509_free(certificate);
    X509_free(issuer);
    return root_generation;
}

/* Clients that have not heard of the next root yet meet nothing that they can't judge. */
static void while_an_older_root_is_shown_it_certifies_the_next_tls_key(void **state) {
    (void)state;
    box.policy.of[HSM_PURPOSE_ROOT].active_ms = 95 * DAY;
    (void)rollover_box_settle(&box);
    (void)rollover_box_settle_after(&box, 95 * DAY);
    assert_int_equal(rollover_box_in(&box, HSM_PURPOSE_ROOT, KEYSTATE_ACTIVE), 2);
    (void)rollover_box_settle_after(&box, 5 * DAY);
    (void)rollover_box_settle_after(&box, DAY);
    assert_int_equal(in(KEYSTATE_ACTIVE), 2);
    assert_int_equal(rollover_box_in(&box, HSM_PURPOSE_ROOT, KEYSTATE_RETIRING), 1);
    assert_int_equal(in(KEYSTATE_PUBLISHED), 3);
    assert_int_equal(issuer_of(3), 1);
    (void)rollover_box_settle_after(&box, 20 * DAY);
    assert_int_equal(rollover_box_in(&box, HSM_PURPOSE_ROOT, KEYSTATE_RETIRED), 1);
    (void)rollover_box_settle_after(&box, 80 * DAY);
    assert_int_equal(in(KEYSTATE_ACTIVE), 3);
    (void)rollover_box_settle_after(&box, DAY);
    assert_int_equal(issuer_of(4), 2);
}

int main(void) {
    if (secret_arena_open(65536) != ERR_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        TEST(it_is_shown_until_it_is_removed),
        TEST(a_younger_one_takes_its_place),
        TEST(a_leaf_of_another_key_is_refused_and_changes_nothing),
        TEST(a_key_that_is_not_there_or_over_takes_none),
        TEST(four_of_the_largest_are_kept_whole),
        TEST(a_kill_between_the_store_and_the_reload_loses_nothing),
        TEST(a_standby_waits_until_it_has_one_too),
        TEST(the_assertion_denies_an_activation_that_is_chosen_all_the_same),
        TEST(without_an_active_key_nobody_waits),
        TEST(the_chain_of_a_key_that_is_over_is_forgotten),
        TEST(a_list_has_what_each_key_shows),
        TEST(while_an_older_root_is_shown_it_certifies_the_next_tls_key),
        cmocka_unit_test(its_end_is_told_thirty_seven_and_one_days_before),
    };
    return cmocka_run_group_tests(tests, found_box, remove_box);
}
