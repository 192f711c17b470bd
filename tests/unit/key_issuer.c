#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/key_issuer.h"

static enum keystate state_of(const struct keystate_key *key) {
    enum keystate state;
    assert_int_equal(keystate_of(key, &state), ERR_OK);
    return state;
}

static struct keystate_key *active_of(struct key_issuer *issuer) {
    for (size_t i = 0; i < issuer->count; i++)
        if (state_of(&issuer->keys[i]) == KEYSTATE_ACTIVE)
            return &issuer->keys[i];
    return NULL;
}

bool key_issuer_is_missing(const struct key_issuer *issuer) {
    for (size_t i = 0; i < issuer->count; i++)
        if (state_of(&issuer->keys[i]) == KEYSTATE_ACTIVE)
            return false;
    return true;
}

/* It certifies itself, and officers alone say when its next one comes. */
static struct keystate_facts facts_of(const struct key_issuer *issuer,
                                      const struct keystate_facts *box) {
    struct keystate_facts facts = *box;
    facts.keys = issuer->keys;
    facts.key_count = issuer->count;
    facts.policy.active_ms = 0;
    facts.roll = facts.orphan = false;
    facts.bare = !key_issuer_is_missing(issuer) || issuer->count == KEY_ISSUER_KEYS;
    return facts;
}

static void record(struct key_issuer *issuer, const struct keystate_step *step,
                   struct keystate_moment moment) {
    if (step->action == KEYSTATE_GENERATE) {
        uint16_t generation = (uint16_t)(issuer->count + 1);
        struct keystate_key *key = &issuer->keys[issuer->count++];
        *key = (struct keystate_key){.generation = generation};
        key->came[KEYSTATE_GENERATED] = moment;
        return;
    }
    struct keystate_key *key = &issuer->keys[step->generation - 1];
    assert_int_equal(keystate_record(key, active_of(issuer), step, moment), ERR_OK);
}

bool key_issuer_step(struct key_issuer *issuer, const struct keystate_facts *box,
                     struct keystate_now now, int64_t *wait_ms) {
    const struct keystate_facts facts = facts_of(issuer, box);
    struct keystate_step step;
    assert_int_equal(keystate_next(&facts, now, &step), ERR_OK);
    *wait_ms = step.wait_ms;
    if (step.action == KEYSTATE_WAIT || step.action == KEYSTATE_ASK_CLOCK)
        return false;
    assert_int_equal(keystate_allows(&facts, now, &step), ERR_OK);
    record(issuer, &step, keystate_moment_of(&facts, now));
    return true;
}

bool key_issuer_revoke(struct key_issuer *issuer, const struct keystate_facts *box,
                       struct keystate_now now) {
    bool any = false;
    for (size_t i = 0; i < issuer->count; i++) {
        const struct keystate_facts facts = facts_of(issuer, box);
        const struct keystate_step step = {.action = KEYSTATE_REVOKE,
                                           .generation = issuer->keys[i].generation};
        if (issuer->count > KEY_ISSUER_KEYS / 2 || keystate_allows(&facts, now, &step) != ERR_OK)
            continue;
        record(issuer, &step, keystate_moment_of(&facts, now));
        any = true;
    }
    issuer->revoked += any;
    return any;
}
