#include <stdio.h>

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "authd/core/core.h"
#include "authd/store/registry_roll.h"
#include "provisioning/keys.h"
#include "provisioning/officer_wire_roots.h"
#include "provisioning/pace.h"
#include "provisioning/root_roll.h"
#include "provisioning/roots.h"

#define IDLE_MS        60000
#define ASK_AGAIN_MS   1000
#define PERCENT_LOGGED 10

/* ---- what officers order ---- */

struct newest {
    uint16_t generation;
    size_t count;
    bool has_wanted;
    uint16_t wanted;
};

static enum err note_root(void *context, uint16_t generation, struct bytes wrapped) {
    struct newest *newest = context;
    (void)wrapped;
    newest->count++;
    newest->has_wanted |= generation == newest->wanted;
    if (generation > newest->generation)
        newest->generation = generation;
    return ERR_OK;
}

static enum err refuse_state(struct change *change, const struct registry_roll *roll) {
    return change_refuse(change, ERR_DENIED, OFFICER_REASON_ROOT_STATE,
                         registry_roll_phase_text(roll->phase));
}

static enum err record_order(struct change *change, const char *word, uint16_t generation) {
    char subject[64];
    (void)snprintf(subject, sizeof subject, "%s generation=%u", word, generation);
    return change_record(change, subject);
}

/* The root is stored, and core told; the sweep begins when core has it open. */
static enum err order_roll(struct change *change, const struct registry_roll *now, bool dry_run) {
    struct newest newest = {0};
    uint8_t wrapped[HSM_ROOT_WRAPPED_BYTES];
    struct provd *provd = change->provd;
    if (now->phase != REGISTRY_ROLL_NONE && now->phase != REGISTRY_ROLL_DONE)
        return refuse_state(change, now);
    ERR_TRY(change_registry(change, registry_each_root(provd->registry, note_root, &newest)));
    if (newest.count >= RECORD_GENERATIONS || newest.generation == UINT16_MAX)
        return change_refuse(change, ERR_FULL, OFFICER_REASON_ROOTS_FULL, NULL);
    uint16_t to = (uint16_t)(newest.generation + 1);
    change->outcome.count = to;
    if (dry_run)
        return ERR_OK;
    ERR_TRY(record_order(change, "roll", to));
    ERR_TRY(roots_make(change, to, wrapped));
    struct registry_batch batch = registry_begin(provd->registry);
    registry_roll_offer(&batch, newest.generation, to, bytes_of(wrapped, sizeof wrapped));
    ERR_TRY(change_commit(change, &batch));
    log_event(LOG_INFO, "root-offered", "generation=%u", to);
    return ERR_OK;
}

static enum err order_sweep(struct change *change, const struct registry_roll *now, bool dry_run) {
    if (now->phase != REGISTRY_ROLL_DONE)
        return refuse_state(change, now);
    change->outcome.count = now->to;
    if (dry_run)
        return ERR_OK;
    ERR_TRY(record_order(change, "sweep", now->to));
    struct registry_batch batch = registry_begin(change->provd->registry);
    registry_roll_begin(&batch);
    return change_commit(change, &batch);
}

/* On a box without a state root core derives from the first one what no sweep goes over. */
static enum err check_state_root(struct change *change) {
    struct roots_wrapped roots;
    ERR_TRY(roots_read(change, &roots));
    return roots.has_state ? ERR_OK
                           : change_refuse(change, ERR_DENIED, OFFICER_REASON_ROOT_FIRST, NULL);
}

/* No row may need it: a whole sweep was verified since. */
static enum err remove_root(struct change *change, const struct registry_roll *now,
                            const struct officer_root *question) {
    uint16_t generation = question->generation;
    struct newest roots = {.wanted = generation};
    struct provd *provd = change->provd;
    char left[32];
    (void)snprintf(left, sizeof left, "%llu", (unsigned long long)now->left);
    if (generation == CORE_ROOT_GENERATION)
        ERR_TRY(check_state_root(change));
    if (now->phase != REGISTRY_ROLL_DONE)
        return refuse_state(change, now);
    if (now->left > 0)
        return change_refuse(change, ERR_DENIED, OFFICER_REASON_ROOT_LEFT, left);
    ERR_TRY(change_registry(change, registry_each_root(provd->registry, note_root, &roots)));
    if (!roots.has_wanted || generation >= now->to)
        return change_refuse(change, ERR_NOT_FOUND, OFFICER_REASON_ROOT_NONE, NULL);
    change->outcome.count = generation;
    if (question->dry_run)
        return ERR_OK;
    ERR_TRY(record_order(change, "remove", generation));
    struct registry_batch batch = registry_begin(provd->registry);
    registry_remove_root(&batch, generation);
    ERR_TRY(change_commit(change, &batch));
    log_event(LOG_INFO, "root-removed", "generation=%u", generation);
    return ERR_OK;
}

enum err root_roll_order(struct change *change) {
    struct officer_root question;
    struct registry_roll now;
    ERR_TRY(officer_wire_get_root(change->payload, &question));
    ERR_TRY(change_registry(change, registry_roll_get(change->provd->registry, &now)));
    change->provd->roll_due_ms = 0;
    switch (question.order) {
    case OFFICER_ROOT_ROLL:
        return order_roll(change, &now, question.dry_run);
    case OFFICER_ROOT_SWEEP:
        return order_sweep(change, &now, question.dry_run);
    default:
        return remove_root(change, &now, &question);
    }
}

/* ---- what is shown ---- */

static uint8_t percent_of(const struct registry_roll *roll) {
    if (roll->phase == REGISTRY_ROLL_DONE)
        return 100;
    return pace_percent(roll->seen, roll->rows);
}

enum err root_roll_show(const struct provd *provd, struct officer_roll *shown) {
    struct registry_roll roll;
    ERR_TRY(registry_roll_get(provd->registry, &roll));
    *shown = (struct officer_roll){.phase = roll.phase,
                                   .from = roll.from,
                                   .to = roll.to,
                                   .percent = percent_of(&roll),
                                   .left = roll.left};
    return ERR_OK;
}

/* ---- what is due ---- */

static enum err ask_core(struct provd *provd, uint16_t generation, bool *is_open) {
    uint8_t memory[8];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes question;
    SECRET(answer);
    *is_open = false;
    provd_wire_put_root(&buffer, generation);
    ERR_TRY(buffer_end(&buffer, &question));
    ERR_TRY(provd_peers_ask_core(provd->peers, PROVD_ROOT, question, &answer));
    return provd_wire_get_root_is(secret_view(&answer), is_open);
}

/* Nothing is sealed under the new root before core can open it. A core that starts later opens all
 * roots before it serves. */
static enum err begin_sweep(struct change *change, const struct registry_roll *roll,
                            int64_t *pause_ms) {
    bool is_open;
    ERR_TRY(keys_open_roots(change));
    ERR_TRY(ask_core(change->provd, roll->to, &is_open));
    if (!is_open) {
        *pause_ms = ASK_AGAIN_MS;
        return ERR_OK;
    }
    *pause_ms = 0;
    struct registry_batch batch = registry_begin(change->provd->registry);
    registry_roll_begin(&batch);
    ERR_TRY(change_commit(change, &batch));
    log_event(LOG_INFO, "root-sweep-begun", "from=%u to=%u", roll->from, roll->to);
    return ERR_OK;
}

static void log_progress(const struct registry_roll *before, const struct registry_roll *after) {
    if (after->phase == REGISTRY_ROLL_DONE) {
        log_event(after->left > 0 ? LOG_ERROR : LOG_INFO, "root-sweep-done",
                  "to=%u resealed=%llu left=%llu", after->to, (unsigned long long)after->resealed,
                  (unsigned long long)after->left);
        return;
    }
    unsigned percent = percent_of(after);
    if (before->phase != after->phase ||
        percent_of(before) / PERCENT_LOGGED != percent / PERCENT_LOGGED)
        log_event(LOG_INFO, "root-sweep", "phase=%s to=%u percent=%u resealed=%llu",
                  registry_roll_phase_text(after->phase), after->to, percent,
                  (unsigned long long)after->resealed);
}

static enum err step(struct change *change, const struct registry_roll *roll, int64_t *pause_ms) {
    struct provd *provd = change->provd;
    struct registry_roll after;
    ERR_TRY(keys_open_roots(change));
    if (record_keys_find(provd->record_keys, roll->to) != ERR_OK)
        ERR_TRY(keys_open_root(change, roll->to));
    int64_t began_ms = clock_boot_ms();
    ERR_TRY(registry_roll_step(provd->registry, PACE_ROWS_A_STEP, &after));
    log_progress(roll, &after);
    *pause_ms = pace_pause_ms(provd, began_ms);
    return ERR_OK;
}

static enum err turn(struct provd *provd, int64_t *pause_ms) {
    struct change change = {.provd = provd, .action = "root roll"};
    struct registry_roll roll;
    *pause_ms = ASK_AGAIN_MS;
    if ((BOX_STATE_BIT(provd->state) & PROVD_SERVING) == 0)
        return ERR_OK;
    ERR_TRY(registry_roll_get(provd->registry, &roll));
    switch (roll.phase) {
    case REGISTRY_ROLL_OFFERED:
        return begin_sweep(&change, &roll, pause_ms);
    case REGISTRY_ROLL_SWEEPING:
    case REGISTRY_ROLL_VERIFYING:
        return step(&change, &roll, pause_ms);
    default:
        *pause_ms = IDLE_MS;
        return ERR_OK;
    }
}

int root_roll_turn(struct provd *provd) {
    return pace_turn(provd, &provd->roll_due_ms, "root-roll-waits", turn);
}
