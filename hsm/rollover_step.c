#include "firmware/base/log.h"
#include "hsm/rollover_state.h"

#define LEAST_LIFE_MS INT64_C(10000) /* of a process whose token makes no keys */
#define TRIES         3

void rollover_end_soon(struct rollover *rollover, struct keystate_now now) {
    int64_t least_ms = rollover->began_run_ms + LEAST_LIFE_MS;
    rollover->ends_run_ms = now.run_ms > least_ms ? now.run_ms : least_ms;
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
                  "action=%s purpose=%s generation=%u", keystate_action_text(news->action),
                  hsm_purpose_text(news->purpose), news->generation);
        return ERR_OK;
    }
    log_event(LOG_ERROR, "key-step-failed", "action=%s purpose=%s generation=%u reason=%s",
              keystate_action_text(news->action), hsm_purpose_text(news->purpose), news->generation,
              err_text(err));
    if (err == ERR_SYSTEM) { /* a full disk: the step is as undone as before */
        rollover->due_run_ms[news->purpose] = now.run_ms + ROLLOVER_RETRY_MS;
        news->action = KEYSTATE_WAIT;
        return ERR_OK;
    }
    bool passes = news->action == KEYSTATE_GENERATE && err != ERR_CORRUPT;
    rollover_end_soon(rollover, now);
    news->action = KEYSTATE_WAIT;
    return passes ? ERR_OK : err;
}

enum err rollover_step(struct rollover *rollover, enum hsm_purpose purpose, struct keystate_now now,
                       const struct keystate_step *step, struct rollover_news *news) {
    return judge(rollover, now, execute(rollover, purpose, step, now, news), news);
}
