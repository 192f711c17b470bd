#include <string.h>

#include "firmware/base/log.h"
#include "authd/store/registry_state_root.h"
#include "authd/store/registry_wrapping.h"
#include "provisioning/pace.h"
#include "provisioning/roots.h"
#include "provisioning/wrapping.h"

#define IDLE_MS 60000

static enum err rewrap(struct change *change, uint16_t generation,
                       uint8_t wrapped[static HSM_ROOT_WRAPPED_BYTES], uint16_t *kek_generation) {
    struct hsm_root_rewrapped rewrapped;
    ERR_TRY(roots_rewrap(change, generation, wrapped, &rewrapped));
    *kek_generation = rewrapped.kek_generation;
    memcpy(wrapped, rewrapped.wrapped, HSM_ROOT_WRAPPED_BYTES);
    return ERR_OK;
}

/* All by one KEK; when another one became active meanwhile, the next turn will tell. */
static enum err rewrap_all(struct change *change, struct roots_wrapped *roots,
                           uint16_t *kek_generation) {
    uint16_t by = 0;
    for (size_t i = 0; i < roots->count; i++) {
        ERR_TRY(rewrap(change, roots->generation[i], roots->wrapped[i], &by));
        if (i > 0 && by != *kek_generation)
            return ERR_UNAVAILABLE;
        *kek_generation = by;
    }
    if (roots->has_state)
        ERR_TRY(rewrap(change, ROOTS_STATE_GENERATION, roots->state, &by));
    return by == *kek_generation ? ERR_OK : ERR_UNAVAILABLE;
}

static enum err store(struct change *change, const struct roots_wrapped *roots,
                      uint16_t kek_generation) {
    struct registry_batch batch = registry_begin(change->provd->registry);
    for (size_t i = 0; i < roots->count; i++)
        registry_put_root(&batch, roots->generation[i],
                          bytes_of(roots->wrapped[i], sizeof roots->wrapped[i]));
    if (roots->has_state)
        registry_state_root_put(&batch, bytes_of(roots->state, sizeof roots->state));
    registry_wrapping_put(&batch, kek_generation);
    ERR_TRY(change_commit(change, &batch));
    log_event(LOG_INFO, "roots-rewrapped", "kek=%u roots=%zu", kek_generation, roots->count);
    return ERR_OK;
}

static enum err turn(struct provd *provd, int64_t *pause_ms) {
    struct change change = {.provd = provd, .action = "root rewrapping"};
    struct roots_wrapped roots;
    uint16_t kek_generation;
    *pause_ms = IDLE_MS;
    if (!provd->standing.is_known)
        return ERR_OK;
    ERR_TRY(registry_wrapping_get(provd->registry, &kek_generation));
    if (kek_generation < provd->standing.kek.active) {
        ERR_TRY(roots_read(&change, &roots));
        if (roots.count == 0)
            return ERR_OK;
        ERR_TRY(rewrap_all(&change, &roots, &kek_generation));
        ERR_TRY(store(&change, &roots, kek_generation));
    }
    return standing_tell(provd, HSM_PURPOSE_KEK, kek_generation);
}

int wrapping_turn(struct provd *provd) {
    return pace_turn(provd, &provd->wrapping_due_ms, "rewrapping-waits", turn);
}
