#include <stdlib.h>

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "hsm/keyring_need.h"
#include "hsm/rollover.h"
#include "hsm/wrapping.h"

#define LOOK_MS         INT64_C(5000)  /* a purpose is looked at so often at least */
#define KEEP_CLOCK_MS   INT64_C(15000) /* what of the run clock a restart may lose */
#define RETRY_MS        INT64_C(60000)
#define LEAST_LIFE_MS   INT64_C(10000) /* of a process whose token makes no keys */
#define KEYS_KEPT_SPARE 2
#define TRIES           3

struct rollover {
    struct rollover_plan plan;
    int64_t run_offset_ms;
    int64_t kept_run_ms;
    int64_t began_run_ms;
    int64_t due_run_ms[HSM_PURPOSE_COUNT];
    struct keystate_step told[HSM_PURPOSE_COUNT]; /* what was last logged as the next event */
    bool told_full[HSM_PURPOSE_COUNT];
    bool told_unready;
    bool will_make;
    struct wrapping wrapping;
    int64_t wrap_due_run_ms; /* when rows are looked for that another KEK has wrapped */
    int64_t ends_run_ms; /* the token failed to make a key: then the process ends; 0: it did not */
    struct keyring_life life;
};

static const char *const action_texts[] = {
    [KEYSTATE_WAIT] = "wait",         [KEYSTATE_ASK_CLOCK] = "confirm-clock",
    [KEYSTATE_GENERATE] = "generate", [KEYSTATE_PUBLISH] = "publish",
    [KEYSTATE_ACTIVATE] = "activate", [KEYSTATE_RETIRE] = "retire",
    [KEYSTATE_DESTROY] = "destroy",   [KEYSTATE_REVOKE] = "revoke",
};

/* ---- at the start ---- */

struct reconciling {
    struct token_raw *raw;
    size_t removed;
};

/* What must not be in the token any more, or not yet. */
static enum err remove_orphan(void *context, const struct keyring_row *row) {
    struct reconciling *reconciling = context;
    bool held = false;
    if (row->committed && keyring_row_state(row) != KEYSTATE_DESTROYED)
        return ERR_OK;
    ERR_TRY(token_raw_holds(reconciling->raw, row->id, &held));
    if (!held)
        return ERR_OK;
    ERR_TRY(token_raw_destroy(reconciling->raw, row->id));
    reconciling->removed++;
    log_event(LOG_WARNING, "orphan-removed", "purpose=%s generation=%u of=%s",
              hsm_purpose_text(row->purpose), row->generation,
              row->committed ? "destroyed" : "intent");
    return ERR_OK;
}

static enum err reconcile(const struct rollover_plan *plan) {
    struct reconciling reconciling = {.raw = token_session(plan->token)};
    size_t nameless;
    for (int purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++)
        ERR_TRY(
            keyring_each(plan->keyring, (enum hsm_purpose)purpose, remove_orphan, &reconciling));
    ERR_TRY(token_raw_sweep(reconciling.raw, &nameless));
    if (nameless > 0)
        log_event(LOG_WARNING, "token-swept", "nameless=%zu", nameless);
    return ERR_OK;
}

static enum err prepare(struct rollover *rollover) {
    struct keyring_clock clock;
    ERR_TRY(keyring_life_promise(rollover->plan.keyring, &rollover->plan.policy->promises));
    ERR_TRY(keyring_life_clock(rollover->plan.keyring, &clock));
    rollover->run_offset_ms = clock.run_ms - clock_boot_ms();
    rollover->kept_run_ms = rollover->began_run_ms = clock.run_ms;
    return reconcile(&rollover->plan);
}

enum err rollover_open(struct rollover **rollover, const struct rollover_plan *plan) {
    *rollover = NULL;
    struct rollover *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    made->plan = *plan;
    made->wrapping = wrapping_of(plan->keyring, plan->token);
    enum err err = prepare(made);
    if (err != ERR_OK) {
        free(made);
        return err;
    }
    *rollover = made;
    return ERR_OK;
}

void rollover_close(struct rollover *rollover) {
    free(rollover);
}

struct keystate_now rollover_now(const struct rollover *rollover) {
    return (struct keystate_now){
        .wall_ms = clock_wall_ms(),
        .run_ms = clock_boot_ms() + rollover->run_offset_ms,
    };
}

/* ---- steps ---- */

/*
 * A standby is made where there is a policy, officers ask, or no key is active. ${is_full}: it is
 * not, as there are too many keys already.
 */
static bool wants_standby(enum hsm_purpose purpose, const struct keystate_facts *facts,
                          bool *is_full) {
    struct keyring_life_count count = keyring_life_count(facts);
    bool has_room = count.in_use < keyring_life_in_use_max(purpose) &&
                    facts->key_count + KEYS_KEPT_SPARE < KEYRING_LIFE_KEYS_MAX;
    bool wants = (facts->policy.active_ms > 0 || facts->roll || !count.has_active) &&
                 facts->key_count > 0; /* the first is made with the others' */
    *is_full = wants && !has_room && !count.has_standby;
    return wants && has_room;
}

/*
 * SoftHSM now and then fails over what it has just made, while other processes look at the token:
 * then the key is made anew. What it does not even find is for the next process to remove.
 */
static enum err make_key(const struct rollover_plan *plan, int64_t now_ms,
                         struct keyring_row *row) {
    enum err err = ERR_HSM;
    for (int i = 0; i < TRIES && err == ERR_HSM; i++)
        err = generate_make(plan->keyring, plan->token, plan->generate, now_ms, row);
    return err;
}

static enum err make(struct rollover *rollover, enum hsm_purpose purpose, struct keystate_now now,
                     struct rollover_news *news) {
    const struct rollover_plan *plan = &rollover->plan;
    struct keyring_row row;
    enum err err = keyring_newest(plan->keyring, purpose, false, &row);
    news->intended = err == ERR_NOT_FOUND;
    if (news->intended) {
        ERR_TRY(generate_prepare(plan->keyring, plan->token, plan->generate->purposes));
        err = keyring_intend(plan->keyring, purpose, now.wall_ms, &row);
    } else if (err == ERR_OK) {
        ERR_TRY(make_key(plan, now.wall_ms, &row));
        err = keyring_life_commit(plan->keyring, &plan->policy->of[purpose], now, &row);
    }
    news->generation = row.generation;
    return err;
}

static enum err destroy(const struct rollover_plan *plan, enum hsm_purpose purpose,
                        uint16_t generation) {
    struct keyring_row row;
    ERR_TRY(keyring_find(plan->keyring, purpose, generation, &row));
    return token_raw_destroy(token_session(plan->token), row.id);
}

static enum err execute(struct rollover *rollover, enum hsm_purpose purpose,
                        const struct keystate_step *step, struct keystate_now now,
                        struct rollover_news *news) {
    const struct rollover_plan *plan = &rollover->plan;
    news->action = step->action;
    news->purpose = purpose;
    news->generation = step->generation;
    if (step->action == KEYSTATE_GENERATE)
        return make(rollover, purpose, now, news);
    /* That it is due was just said by the facts, and nobody else writes them. */
    if (step->action == KEYSTATE_DESTROY)
        ERR_TRY(destroy(plan, purpose, step->generation));
    return keyring_life_step(plan->keyring, purpose, &plan->policy->of[purpose], now, step);
}

/* Not before the process has lived for a while, as its successor may fare no better. */
static void end_soon(struct rollover *rollover, struct keystate_now now) {
    int64_t least_ms = rollover->began_run_ms + LEAST_LIFE_MS;
    rollover->ends_run_ms = now.run_ms > least_ms ? now.run_ms : least_ms;
}

/*
 * Making a key may fail for reasons that pass. But a module that has failed once may fail for ever
 * after in this process, so that it makes no other key and ends, though not before it has lived for
 * a while. All else that fails leaves nothing to rely on.
 */
static enum err judge(struct rollover *rollover, struct keystate_now now, enum err err,
                      struct rollover_news *news) {
    if (err == ERR_OK) {
        if (rollover->wrap_due_run_ms > now.run_ms)
            rollover->wrap_due_run_ms = now.run_ms;
        log_event(LOG_INFO, news->intended ? "key-intended" : "key-step",
                  "action=%s purpose=%s generation=%u", action_texts[news->action],
                  hsm_purpose_text(news->purpose), news->generation);
        return ERR_OK;
    }
    log_event(LOG_ERROR, "key-step-failed", "action=%s purpose=%s generation=%u reason=%s",
              action_texts[news->action], hsm_purpose_text(news->purpose), news->generation,
              err_text(err));
    if (err == ERR_SYSTEM) { /* a full disk: the step is as undone as before */
        rollover->due_run_ms[news->purpose] = now.run_ms + RETRY_MS;
        news->action = KEYSTATE_WAIT;
        return ERR_OK;
    }
    bool passes = news->action == KEYSTATE_GENERATE && err != ERR_CORRUPT;
    end_soon(rollover, now);
    news->action = KEYSTATE_WAIT;
    return passes ? ERR_OK : err;
}

/* ---- turns ---- */

/* The next event, when it is another than was told. */
static void tell(struct rollover *rollover, enum hsm_purpose purpose,
                 const struct keystate_step *step) {
    struct keystate_step *told = &rollover->told[purpose];
    if (told->action == step->action && told->awaited == step->awaited &&
        told->generation == step->generation)
        return;
    *told = *step;
    if (step->action == KEYSTATE_ASK_CLOCK)
        log_event(LOG_WARNING, "clock-jumped", "purpose=%s advice=%s", hsm_purpose_text(purpose),
                  "if-the-clock-is-right-give-officer-clock-confirm");
    else if (step->awaited != KEYSTATE_WAIT)
        log_event(LOG_INFO, "key-next", "action=%s purpose=%s generation=%u in-seconds=%lld",
                  action_texts[step->awaited], hsm_purpose_text(purpose), step->generation,
                  (long long)(step->wait_ms / 1000));
}

static void wait_for(struct rollover *rollover, enum hsm_purpose purpose,
                     const struct keystate_step *step, struct keystate_now now) {
    bool is_near = step->action == KEYSTATE_WAIT && step->wait_ms < LOOK_MS;
    rollover->due_run_ms[purpose] = now.run_ms + (is_near ? step->wait_ms : LOOK_MS);
    tell(rollover, purpose, step);
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

/* The next step by the stored facts. */
static enum err choose(struct rollover *rollover, enum hsm_purpose purpose, struct keystate_now now,
                       struct keystate_step *step) {
    const struct keystate_policy *policy = &rollover->plan.policy->of[purpose];
    ERR_TRY(keyring_life_read(rollover->plan.keyring, purpose, policy, &rollover->life));
    if (rollover->plan.usage != NULL)
        usage_hold_mark(rollover->plan.usage, purpose, now.run_ms, rollover->life.keys,
                        rollover->life.facts.key_count);
    bool is_full;
    rollover->life.facts.bare =
        !wants_standby(purpose, &rollover->life.facts, &is_full) || rollover->ends_run_ms != 0;
    is_full = is_full && !frees_itself(purpose, &rollover->life.facts);
    if (is_full && !rollover->told_full[purpose])
        log_event(LOG_WARNING, "keys-full", "purpose=%s advice=%s", hsm_purpose_text(purpose),
                  keyring_need_concerns(purpose)
                      ? "rows-still-depend-on-an-older-generation-see-officer-status"
                      : "let-older-keys-retire-or-agree-to-their-destruction");
    rollover->told_full[purpose] = is_full;
    if (purpose == HSM_PURPOSE_TLS)
        tell_unready(rollover);
    return keystate_next(&rollover->life.facts, now, step);
}

static enum err look(struct rollover *rollover, enum hsm_purpose purpose, struct keystate_now now,
                     struct rollover_news *news) {
    struct keystate_step step;
    ERR_TRY(choose(rollover, purpose, now, &step));
    if (step.action == KEYSTATE_WAIT || step.action == KEYSTATE_ASK_CLOCK) {
        wait_for(rollover, purpose, &step, now);
        return ERR_OK;
    }
    return judge(rollover, now, execute(rollover, purpose, &step, now, news), news);
}

enum err rollover_next(struct rollover *rollover, enum hsm_purpose purpose, struct keystate_now now,
                       struct hsm_key_next *next) {
    struct keystate_step step;
    *next = (struct hsm_key_next){.rolls = rollover_policy_rolls(purpose)};
    if (!next->rolls)
        return ERR_OK;
    ERR_TRY(choose(rollover, purpose, now, &step));
    next->wanted = rollover->life.facts.roll;
    next->unready = rollover->life.facts.unready;
    next->action = step.action;
    next->awaited = step.awaited;
    next->generation = step.generation;
    next->wait_ms = step.wait_ms;
    return ERR_OK;
}

const struct keystate_policy *rollover_policy_of(const struct rollover *rollover,
                                                 enum hsm_purpose purpose) {
    return &rollover->plan.policy->of[purpose];
}

/* One row that the active KEK has not wrapped. */
static enum err rewrap(struct rollover *rollover, struct keystate_now now,
                       struct rollover_news *news) {
    enum wrapping_outcome outcome;
    enum err err = wrapping_step(&rollover->wrapping, &outcome);
    news->rewrapped = err == ERR_OK && outcome == WRAPPING_DONE;
    bool is_over = err != ERR_OK || outcome == WRAPPING_OVER;
    rollover->wrap_due_run_ms = now.run_ms + (is_over ? RETRY_MS : 0);
    if (err == ERR_OK)
        return ERR_OK;
    log_event(LOG_ERROR, "rewrap-failed", "reason=%s", err_text(err));
    if (err == ERR_HSM || err == ERR_NOT_FOUND)
        end_soon(rollover, now);
    bool passes = err == ERR_HSM || err == ERR_NOT_FOUND || err == ERR_SYSTEM;
    return passes ? ERR_OK : err;
}

static enum err keep_clock(struct rollover *rollover, struct keystate_now now) {
    if (now.run_ms - rollover->kept_run_ms < KEEP_CLOCK_MS)
        return ERR_OK;
    rollover->kept_run_ms = now.run_ms;
    enum err err =
        keyring_life_keep_clock(rollover->plan.keyring, rollover->plan.policy->of[0].jump_ms, now);
    if (err != ERR_SYSTEM)
        return err;
    log_event(LOG_ERROR, "clock-not-stored", "advice=make-room-on-the-keyring-s-disk");
    return ERR_OK;
}

/* The first purpose that has a step due does it. */
static enum err look_at_all(struct rollover *rollover, struct keystate_now now,
                            struct rollover_news *news) {
    for (int purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++) {
        if (!rollover_policy_rolls((enum hsm_purpose)purpose))
            continue;
        if (rollover->due_run_ms[purpose] <= now.run_ms)
            ERR_TRY(look(rollover, (enum hsm_purpose)purpose, now, news));
        int64_t left_ms = rollover->due_run_ms[purpose] - now.run_ms;
        news->wait_ms = news->wait_ms < left_ms ? news->wait_ms : left_ms;
        if (news->action != KEYSTATE_WAIT)
            break;
    }
    rollover->will_make = news->intended;
    return ERR_OK;
}

/* Rows that have waited for a turn come first: where each turn has a step they would wait for ever.
 */
enum err rollover_turn(struct rollover *rollover, struct keystate_now now,
                       struct rollover_news *news) {
    *news = (struct rollover_news){.wait_ms = LOOK_MS};
    if (rollover->ends_run_ms != 0 && now.run_ms >= rollover->ends_run_ms)
        return ERR_HSM;
    ERR_TRY(keep_clock(rollover, now));
    if (rollover->wrap_due_run_ms < now.run_ms)
        ERR_TRY(rewrap(rollover, now, news));
    if (!news->rewrapped)
        ERR_TRY(look_at_all(rollover, now, news));
    bool rests = !news->rewrapped && news->action == KEYSTATE_WAIT;
    if (rests && rollover->wrap_due_run_ms <= now.run_ms)
        ERR_TRY(rewrap(rollover, now, news));
    if (news->wait_ms > rollover->wrap_due_run_ms - now.run_ms)
        news->wait_ms = rollover->wrap_due_run_ms - now.run_ms;
    news->wait_ms = news->action != KEYSTATE_WAIT || news->wait_ms < 0 ? 0 : news->wait_ms;
    return ERR_OK;
}

bool rollover_will_make(const struct rollover *rollover) {
    return rollover->will_make;
}

void rollover_wake(struct rollover *rollover) {
    for (int purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++)
        rollover->due_run_ms[purpose] = 0;
    rollover->wrap_due_run_ms = 0;
}
