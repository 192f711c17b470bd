#include "firmware/base/log.h"
#include "hsm/keyring_issuer.h"
#include "hsm/keyring_need.h"
#include "hsm/rollover_state.h"

#define KEYS_KEPT_SPARE 2

/* A standby is made where there is a policy, officers ask, or no key is active. */
static bool wants_standby(const struct keystate_facts *facts, struct keyring_life_count count) {
    return (facts->policy.active_ms > 0 || facts->roll || !count.has_active) &&
           facts->key_count > 0; /* the first is made with the others' */
}

static bool has_room(enum hsm_purpose purpose, const struct keystate_facts *facts,
                     struct keyring_life_count count) {
    return count.in_use < keyring_life_in_use_max(purpose) &&
           facts->key_count + KEYS_KEPT_SPARE < KEYRING_LIFE_KEYS_MAX;
}

/* Only TLS keys can lack something that officers bring. */
static void tell_unready(struct rollover *rollover) {
    bool unready = rollover->life.facts.unready;
    if (unready && !rollover->told_unready)
        log_event(LOG_WARNING, "tls-certificate-awaited", "advice=%s",
                  "the-next-tls-key-needs-one-too-see-officer-tls-request");
    rollover->told_unready = unready;
}

/* Of the few that stores may depend on, one that is not needed any more retires in its time. */
static bool frees_itself(enum hsm_purpose purpose, const struct keystate_facts *facts) {
    for (size_t i = 0; i < facts->key_count && keyring_need_concerns(purpose); i++) {
        enum keystate state;
        bool is_retiring =
            keystate_of(&facts->keys[i], &state) == ERR_OK && state == KEYSTATE_RETIRING;
        if (is_retiring && !facts->keys[i].needed && !facts->keys[i].held)
            return true;
    }
    return false;
}

static void tell_full(struct rollover *rollover, enum hsm_purpose purpose) {
    if (rollover->is_full && !rollover->told_full[purpose])
        log_event(LOG_WARNING, "keys-full", "purpose=%s advice=%s", hsm_purpose_text(purpose),
                  keyring_need_concerns(purpose)
                      ? "rows-still-depend-on-an-older-generation-see-officer-status"
                      : "let-older-keys-retire-or-agree-to-their-destruction");
    rollover->told_full[purpose] = rollover->is_full;
}

static void tell_orphan(struct rollover *rollover, enum hsm_purpose purpose) {
    if (rollover->is_orphan && !rollover->told_orphan[purpose])
        log_event(LOG_WARNING, "key-awaited", "purpose=%s before-the-next=%s",
                  hsm_purpose_text(keyring_issuer_of(purpose)), hsm_purpose_text(purpose));
    rollover->told_orphan[purpose] = rollover->is_orphan;
}

/* What is wanted and can't be had, from ${rollover->life}; of what can be had, that it is wanted.
 */
static void want(struct rollover *rollover, enum hsm_purpose purpose) {
    struct keystate_facts *facts = &rollover->life.facts;
    struct keyring_life_count count = keyring_life_count(facts);
    bool wants = wants_standby(facts, count), fits = has_room(purpose, facts, count);
    rollover->is_full = wants && !fits && !count.has_standby && !frees_itself(purpose, facts);
    rollover->is_orphan = wants && facts->orphan && !count.has_standby;
    facts->bare = !wants || !fits || rollover->ends_run_ms != 0;
}

enum err rollover_choose(struct rollover *rollover, enum hsm_purpose purpose,
                         struct keystate_now now, struct keystate_step *step) {
    const struct keystate_policy *policy = &rollover->plan.policy->of[purpose];
    ERR_TRY(keyring_life_read(rollover->plan.keyring, purpose, policy, &rollover->life));
    if (rollover->plan.usage != NULL)
        usage_hold_mark(rollover->plan.usage, purpose, now.run_ms, rollover->life.keys,
                        rollover->life.facts.key_count);
    want(rollover, purpose);
    tell_full(rollover, purpose);
    tell_orphan(rollover, purpose);
    if (purpose == HSM_PURPOSE_TLS)
        tell_unready(rollover);
    return keystate_next(&rollover->life.facts, now, step);
}

enum err rollover_next(struct rollover *rollover, enum hsm_purpose purpose, struct keystate_now now,
                       struct hsm_key_next *next) {
    struct keystate_step step;
    *next = (struct hsm_key_next){.rolls = rollover_policy_rolls(purpose)};
    if (!next->rolls)
        return ERR_OK;
    ERR_TRY(rollover_choose(rollover, purpose, now, &step));
    next->wanted = rollover->life.facts.roll;
    next->unready = rollover->life.facts.unready;
    next->full = rollover->is_full;
    next->orphan = rollover->is_orphan;
    next->action = step.action;
    next->awaited = step.awaited;
    next->generation = step.generation;
    next->wait_ms = step.wait_ms;
    return ERR_OK;
}
