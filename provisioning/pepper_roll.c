#include <string.h>

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "authd/core/identifier.h"
#include "provisioning/keys.h"
#include "provisioning/lookups.h"
#include "provisioning/pace.h"
#include "provisioning/pepper_roll.h"

#define IDLE_MS        60000
#define LIMIT_MS       100  /* the signer's rate ceiling */
#define ASK_AGAIN_MS   1000 /* a signer that does not know yet of the younger pepper */
#define PERCENT_LOGGED 10
#define REST_FIRST_MS  CLOCK_MINUTE_MS
#define REST_MOST_MS   CLOCK_HOUR_MS

_Static_assert(REGISTRY_PEPPER_ROWS_MAX == PACE_ROWS_A_STEP &&
                   REGISTRY_PEPPER_ROWS_MAX <= HSM_LOOKUP_BATCH_MAX,
               "a step is one question to a signer");
_Static_assert(ALIAS_ID_HASH_BYTES == HSM_ID_HASH_BYTES &&
                   IDENTIFIER_HASH_BYTES == HSM_ID_HASH_BYTES,
               "what is hashed, stored and asked is one thing");

/* ---- what is shown ---- */

static uint8_t percent_of(const struct registry_pepper *pepper) {
    return pepper->phase == REGISTRY_PEPPER_DONE ? 100 : pace_percent(pepper->seen, pepper->rows);
}

enum err pepper_roll_show(const struct provd *provd, struct officer_box *box) {
    struct registry_pepper pepper;
    ERR_TRY(registry_pepper_get(provd->registry, &pepper));
    box->pepper = (struct officer_pepper){.phase = pepper.phase,
                                          .from = pepper.from,
                                          .to = pepper.to,
                                          .percent = percent_of(&pepper),
                                          .left = pepper.left,
                                          .left_vids = pepper.left_vids};
    if (pepper.phase == REGISTRY_PEPPER_NONE && provd->standing.is_known)
        box->pepper.from = box->pepper.to = provd->standing.pepper.oldest;
    box->vids -= pepper.uins < box->vids ? pepper.uins : box->vids;
    return ERR_OK;
}

static void log_progress(const struct registry_pepper *before,
                         const struct registry_pepper *after) {
    if (after->phase == REGISTRY_PEPPER_DONE) {
        log_event(after->left > 0 ? LOG_ERROR : LOG_INFO, "pepper-sweep-done",
                  "to=%u moved=%llu left=%llu to-import-again=%llu", after->to,
                  (unsigned long long)after->moved, (unsigned long long)after->left,
                  (unsigned long long)after->left_vids);
        return;
    }
    unsigned percent = percent_of(after);
    if (before->phase != after->phase ||
        percent_of(before) / PERCENT_LOGGED != percent / PERCENT_LOGGED)
        log_event(LOG_INFO, "pepper-sweep", "phase=%s to=%u percent=%u moved=%llu",
                  registry_pepper_phase_text(after->phase), after->to, percent,
                  (unsigned long long)after->moved);
}

/* ---- what is due ---- */

/*
 * Rows that cannot be moved make each commit of the registry a reason to sweep again, as it may
 * have replaced them. When a sweep has found as many left as the one before, the next one waits:
 * for a minute, and each time twice as long, up to an hour.
 */
static void rest(struct provd *provd, uint64_t left) {
    struct pepper_rest *pause = &provd->pepper_rest;
    bool is_as_before = left > 0 && pause->left > 0 && left >= pause->left;
    int64_t longer_ms = pause->wait_ms == 0 ? REST_FIRST_MS : 2 * pause->wait_ms;
    pause->left = left;
    pause->wait_ms = is_as_before ? longer_ms : 0;
    if (pause->wait_ms > REST_MOST_MS)
        pause->wait_ms = REST_MOST_MS;
    pause->until_ms = clock_boot_ms() + pause->wait_ms;
    if (pause->wait_ms > 0)
        log_event(LOG_INFO, "pepper-sweep-rests", "left=%llu seconds=%lld",
                  (unsigned long long)left, (long long)(pause->wait_ms / 1000));
}

static enum err begin(struct change *change, uint16_t to) {
    struct provd *provd = change->provd;
    struct registry_batch batch = registry_begin(provd->registry);
    registry_pepper_begin(&batch, provd->standing.pepper.oldest, to);
    ERR_TRY(change_commit(change, &batch));
    provd->sweep_again = false;
    log_event(LOG_INFO, "pepper-sweep-begun", "to=%u", to);
    return ERR_OK;
}

/* Everything in it tells of people. */
struct work {
    struct registry_pepper_step step;
    size_t count; /* of those that can be asked for */
    struct registry_pepper_row *asked[REGISTRY_PEPPER_ROWS_MAX];
    uint8_t id_hashes[REGISTRY_PEPPER_ROWS_MAX][HSM_ID_HASH_BYTES];
    struct hsm_lookup_keys keys[REGISTRY_PEPPER_ROWS_MAX];
};

/* A person whose salt is damaged cannot be found by anybody. She is left where she is. */
static enum err hash_row(struct change *change, struct registry_pepper_row *row) {
    char salt[SALT_SIZE];
    if (row->uin[0] == '\0') /* an alias, which has its id hash */
        return ERR_OK;
    enum err err = registry_salt(change->provd->registry, identifier_salt_modulo(row->uin), salt);
    if (err == ERR_OK)
        err = identifier_hash(row->uin, salt, row->id_hash);
    secret_wipe(salt, sizeof salt);
    return err;
}

static enum err hash_rows(struct change *change, struct work *work) {
    for (size_t i = 0; i < work->step.count; i++) {
        struct registry_pepper_row *row = &work->step.rows[i];
        enum err err = hash_row(change, row);
        if (err == ERR_CORRUPT || err == ERR_NOT_FOUND)
            continue;
        ERR_TRY(change_registry(change, err));
        memcpy(work->id_hashes[work->count], row->id_hash, sizeof row->id_hash);
        work->asked[work->count++] = row;
    }
    return ERR_OK;
}

/* ERR_LIMIT: by the signer's ceiling. ERR_NOT_FOUND: it does not know the younger pepper yet. */
static enum err find_targets(struct change *change, struct work *work) {
    ERR_TRY(hash_rows(change, work));
    if (work->count > 0)
        ERR_TRY(lookups_ask(change, work->id_hashes, work->count, work->keys));
    for (size_t i = 0; i < work->count; i++) {
        struct registry_pepper_row *row = work->asked[i];
        const uint8_t *target = lookups_key(&work->keys[i], work->step.before.to);
        if (target == NULL)
            return ERR_NOT_FOUND;
        memcpy(row->target, target, sizeof row->target);
        row->has_target = true;
    }
    return ERR_OK;
}

static enum err step_with(struct change *change, struct work *work) {
    struct registry *registry = change->provd->registry;
    struct registry_pepper after;
    ERR_TRY(registry_pepper_collect(registry, PACE_ROWS_A_STEP, &work->step));
    ERR_TRY(find_targets(change, work));
    ERR_TRY(registry_pepper_move(registry, &work->step, &after));
    log_progress(&work->step.before, &after);
    if (after.phase == REGISTRY_PEPPER_DONE)
        rest(change->provd, after.left);
    return ERR_OK;
}

static enum err step(struct change *change, int64_t *pause_ms) {
    SECRET(memory);
    ERR_TRY(keys_open_roots(change));
    ERR_TRY(secret_new(&memory, sizeof(struct work)));
    int64_t began_ms = clock_boot_ms();
    enum err err = step_with(change, (struct work *)(void *)memory.data);
    *pause_ms = pace_pause_ms(change->provd, began_ms);
    if (err == ERR_LIMIT)
        *pause_ms = LIMIT_MS;
    else if (err == ERR_NOT_FOUND)
        *pause_ms = ASK_AGAIN_MS;
    return err == ERR_LIMIT || err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* After what was left may have been imported again, or an alias was found damaged. */
static enum err has_to_come_again(const struct provd *provd, const struct registry_pepper *pepper,
                                  bool *again) {
    uint64_t sequence;
    ERR_TRY(registry_sequence(provd->registry, &sequence));
    bool has_rested = clock_boot_ms() >= provd->pepper_rest.until_ms;
    *again = provd->sweep_again || (pepper->left > 0 && sequence > pepper->sequence && has_rested);
    return ERR_OK;
}

/* Somebody of the registry, and what her number is looked up by. It tells of people. */
struct sample {
    struct registry_person person;
    struct registry_pepper_row row;
    struct hsm_lookup_keys keys;
};

static void wipe_sample(struct sample *sample) {
    secret_wipe(sample, sizeof *sample);
}

/* Whether it leads to her under the pepper of this generation that the signers have now. */
static enum err is_found(struct change *change, struct sample *sample, uint16_t to, bool *found) {
    struct registry_address address;
    uint8_t person_key[IDENTITY_LOOKUP_BYTES];
    *found = false;
    memcpy(sample->row.uin, sample->person.uin, sizeof sample->row.uin);
    ERR_TRY(hash_row(change, &sample->row));
    ERR_TRY(lookups_ask(change, &sample->row.id_hash, 1, &sample->keys));
    const uint8_t *key = lookups_key(&sample->keys, to);
    if (key == NULL)
        return ERR_UNAVAILABLE;
    memcpy(address.lookup_key, key, sizeof address.lookup_key);
    enum err err = registry_find_person(change->provd->registry, &address, 1, person_key);
    *found = err == ERR_OK && memcmp(person_key, sample->person.person_key, sizeof person_key) == 0;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/*
 * A generation is a number: when an older keyring was put back, the next pepper there has that of
 * one that is lost. Rows are under the lost one, and without its elder nobody would be found.
 */
static enum err check_pepper(struct change *change, uint16_t to) {
    __attribute__((cleanup(wipe_sample))) struct sample sample = {0};
    bool found;
    ERR_TRY(keys_open_roots(change));
    enum err err = registry_first_person(change->provd->registry, &sample.person);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    ERR_TRY(err);
    ERR_TRY(is_found(change, &sample, to, &found));
    if (found)
        return ERR_OK;
    log_event(LOG_ERROR, "pepper-is-another", "generation=%u advice=%s", to,
              "put-back-the-keyring-of-this-registry");
    return ERR_DENIED;
}

static enum err let_go(struct change *change, uint16_t to) {
    if (change->provd->standing.told.pepper_from != to)
        ERR_TRY(check_pepper(change, to));
    return standing_tell(change->provd, HSM_PURPOSE_PEPPER, to);
}

static enum err finish(struct change *change, const struct registry_pepper *pepper,
                       int64_t *pause_ms) {
    bool again;
    ERR_TRY(has_to_come_again(change->provd, pepper, &again));
    if (again) {
        *pause_ms = 0;
        return begin(change, pepper->to);
    }
    return pepper->left > 0 ? ERR_OK : let_go(change, pepper->to);
}

static enum err turn(struct provd *provd, int64_t *pause_ms) {
    struct change change = {.provd = provd, .action = "pepper roll"};
    uint16_t active = provd->standing.pepper.active;
    struct registry_pepper pepper;
    *pause_ms = IDLE_MS;
    if (!provd->standing.is_known)
        return ERR_OK;
    ERR_TRY(registry_pepper_get(provd->registry, &pepper));
    uint16_t reached = pepper.phase == REGISTRY_PEPPER_NONE ? ALIAS_PEPPER_FIRST : pepper.to;
    if (active > reached) {
        *pause_ms = 0;
        return begin(&change, active);
    }
    switch (pepper.phase) {
    case REGISTRY_PEPPER_SWEEPING:
    case REGISTRY_PEPPER_VERIFYING:
        return step(&change, pause_ms);
    case REGISTRY_PEPPER_DONE:
        return finish(&change, &pepper, pause_ms);
    default:
        return ERR_OK;
    }
}

int pepper_roll_turn(struct provd *provd) {
    return pace_turn(provd, &provd->pepper_due_ms, "pepper-roll-waits", turn);
}
