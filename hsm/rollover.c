#include <stdlib.h>

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "hsm/rollover_state.h"

#define LOOK_MS       INT64_C(5000)  /* a purpose is looked at so often at least */
#define KEEP_CLOCK_MS INT64_C(15000) /* what of the run clock a restart may lose */

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

static enum err find_begun(struct rollover *rollover) {
    struct keyring_row intent;
    for (int purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++) {
        enum err err =
            keyring_newest(rollover->plan.keyring, (enum hsm_purpose)purpose, false, &intent);
        if (err != ERR_OK && err != ERR_NOT_FOUND)
            return err;
        rollover->begun[purpose] = err == ERR_OK;
    }
    return ERR_OK;
}

static enum err prepare(struct rollover *rollover) {
    struct keyring_clock clock;
    ERR_TRY(find_begun(rollover));
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
                  keystate_action_text(step->awaited), hsm_purpose_text(purpose), step->generation,
                  (long long)(step->wait_ms / 1000));
}

static void wait_for(struct rollover *rollover, enum hsm_purpose purpose,
                     const struct keystate_step *step, struct keystate_now now) {
    bool is_near = step->action == KEYSTATE_WAIT && step->wait_ms < LOOK_MS;
    rollover->due_run_ms[purpose] = now.run_ms + (is_near ? step->wait_ms : LOOK_MS);
    tell(rollover, purpose, step);
}

static enum err look(struct rollover *rollover, enum hsm_purpose purpose, struct keystate_now now,
                     struct rollover_news *news) {
    struct keystate_step step;
    ERR_TRY(rollover_choose(rollover, purpose, now, &step));
    if (step.action == KEYSTATE_WAIT || step.action == KEYSTATE_ASK_CLOCK) {
        wait_for(rollover, purpose, &step, now);
        return ERR_OK;
    }
    return rollover_step(rollover, purpose, now, &step, news);
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
    rollover->wrap_due_run_ms = now.run_ms + (is_over ? ROLLOVER_RETRY_MS : 0);
    if (err == ERR_OK)
        return ERR_OK;
    log_event(LOG_ERROR, "rewrap-failed", "reason=%s", err_text(err));
    if (err == ERR_HSM || err == ERR_NOT_FOUND)
        rollover_end_soon(rollover, now);
    bool passes = err == ERR_HSM || err == ERR_NOT_FOUND || err == ERR_SYSTEM;
    return passes ? ERR_OK : err;
}

enum err rollover_keep_clock(struct rollover *rollover, struct keystate_now now) {
    rollover->kept_run_ms = now.run_ms;
    enum err err =
        keyring_life_keep_clock(rollover->plan.keyring, rollover->plan.policy->of[0].jump_ms, now);
    if (err != ERR_SYSTEM)
        return err;
    log_event(LOG_ERROR, "clock-not-stored", "advice=make-room-on-the-keyring-s-disk");
    return ERR_OK;
}

/*
 * The first purpose that has a step due does it. One whose key a process of before has begun to
 * make and did not finish comes after the others: where its token can't make it, they get theirs.
 */
static enum err look_at_all(struct rollover *rollover, struct keystate_now now,
                            struct rollover_news *news) {
    for (int at = 0; at < 2 * HSM_PURPOSE_COUNT; at++) {
        int purpose = at % HSM_PURPOSE_COUNT;
        bool is_last = at >= HSM_PURPOSE_COUNT;
        if (!rollover_policy_rolls((enum hsm_purpose)purpose) ||
            rollover->begun[purpose] != is_last)
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
    bool ends = rollover->ends_run_ms != 0 && now.run_ms >= rollover->ends_run_ms;
    if (ends || now.run_ms - rollover->kept_run_ms >= KEEP_CLOCK_MS)
        ERR_TRY(rollover_keep_clock(rollover, now));
    if (ends)
        return ERR_HSM;
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
