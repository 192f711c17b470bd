#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hsm/answers.h"
#include "hsm/wire_certify.h"
#include "hsm/wire_keys.h"
#include "hsm/wire_tls.h"
#include "hsm/wire_tls_install.h"
#include "hsm/wire_usage.h"
#include "hsm/wire_wrap.h"

/*
 * Who may ask a signer what. The table is the permission, so this has all of it once more: a signer
 * that is asked for anything else ends, whatever the question has in it.
 */
#define VERBS_MAX 16

static const struct permission {
    const char *role;
    uint16_t of_every_signer[VERBS_MAX], of_the_first[VERBS_MAX]; /* until 0 */
} permissions[] = {
    {"core",
     {HSM_UNWRAP, HSM_LOOKUP, HSM_STATEMENT, HSM_CHECKPOINT, HSM_HIGH_WATER, HSM_OPEN_ROOT,
      HSM_PUBLISHED, HSM_DERIVE, HSM_RESULT},
     {WIRE_USAGE_TOLD}},
    {"provd",
     {HSM_LOOKUP, HSM_OPEN_ROOT, HSM_NEW_ROOT, HSM_PUBLISHED, HSM_TLS_SHOW},
     {HSM_GENERATE, HSM_KEYS, HSM_KEY_ORDER, HSM_STANDING, HSM_REWRAP_ROOT, HSM_NEED,
      HSM_TLS_REQUEST, HSM_TLS_INSTALL, HSM_TLS_REMOVE, HSM_CERTIFY}},
    {"edge", {HSM_TLS_CHAIN, HSM_TLS_SIGN, HSM_TLS_SILENCE_HEARD}, {0}},
};

static size_t count_of(const uint16_t types[static VERBS_MAX]) {
    size_t count = 0;
    while (count < VERBS_MAX && types[count] != 0)
        count++;
    return count;
}

static void assert_has(const struct serve_verb *verbs, size_t count, uint16_t type) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += verbs[i].type == type;
    assert_int_equal(found, 1);
}

static void each_role_may_ask_each_signer_this_and_nothing_else(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof permissions / sizeof *permissions; i++)
        for (uint16_t index = 0; index < 3; index++) {
            const struct permission *permission = &permissions[i];
            const struct serve_verb *verbs;
            size_t count, every = count_of(permission->of_every_signer);
            size_t more = index == 0 ? count_of(permission->of_the_first) : 0;
            assert_int_equal(answers_verbs(permission->role, index, &verbs, &count), ERR_OK);
            assert_int_equal(count, every + more);
            for (size_t at = 0; at < every; at++)
                assert_has(verbs, count, permission->of_every_signer[at]);
            for (size_t at = 0; at < more; at++)
                assert_has(verbs, count, permission->of_the_first[at]);
        }
}

static void nobody_else_may_ask_anything(void **state) {
    (void)state;
    static const char *const roles[] = {"unseal", "plugin", "outbox", "hsm", "", "cor", "provd2"};
    const struct serve_verb *verbs;
    size_t count;
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        assert_int_equal(answers_verbs(roles[i], 0, &verbs, &count), ERR_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_role_may_ask_each_signer_this_and_nothing_else),
        cmocka_unit_test(nobody_else_may_ask_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
