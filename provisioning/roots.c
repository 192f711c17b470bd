#include <string.h>

#include <sodium.h>

#include "firmware/base/log.h"
#include "authd/store/registry_state_root.h"
#include "authd/store/registry_wrapping.h"
#include "provisioning/roots.h"

#define WAIT_MS   200
#define WAITS_MAX 50

static enum err collect(void *context, uint16_t generation, struct bytes wrapped) {
    struct roots_wrapped *roots = context;
    if (roots->count == RECORD_GENERATIONS)
        return ERR_FULL;
    if (wrapped.len != HSM_ROOT_WRAPPED_BYTES)
        return ERR_CORRUPT;
    roots->generation[roots->count] = generation;
    memcpy(roots->wrapped[roots->count], wrapped.data, wrapped.len);
    roots->count++;
    return ERR_OK;
}

static enum err read_state(struct registry *registry, struct roots_wrapped *roots) {
    struct buffer wrapped = buffer_over(roots->state, sizeof roots->state);
    enum err err = registry_state_root_get(registry, &wrapped);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    roots->has_state = true;
    if (err == ERR_FULL || (err == ERR_OK && wrapped.len != sizeof roots->state))
        return ERR_CORRUPT;
    return err;
}

enum err roots_read(struct change *change, struct roots_wrapped *roots) {
    *roots = (struct roots_wrapped){0};
    ERR_TRY(change_registry(change, read_state(change->provd->registry, roots)));
    return change_registry(change, registry_each_root(change->provd->registry, collect, roots));
}

static enum err refuse(struct change *change, uint16_t generation, enum err err) {
    log_event(LOG_ERROR, "root-refused", "generation=%u error=%s", generation, err_text(err));
    return change_refuse(change, err, OFFICER_REASON_ROOTS, err_text(err));
}

static enum err refuse_signer(struct change *change) {
    return change_refuse(change, ERR_UNAVAILABLE, OFFICER_REASON_SIGNER, NULL);
}

void roots_wipe_opened(struct hsm_root_opened *opened) {
    secret_wipe(opened, sizeof *opened);
}

enum err roots_unwrap(struct change *change, uint16_t generation, const uint8_t *wrapped,
                      struct hsm_root_opened *opened) {
    struct hsm_open_root question = {.generation = generation};
    memcpy(question.wrapped, wrapped, sizeof question.wrapped);
    uint8_t memory[sizeof question + 64];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes written;
    SECRET(answer);
    hsm_wire_put_open_root(&buffer, &question);
    ERR_TRY(buffer_end(&buffer, &written));
    if (provd_peers_ask_signer(change->provd->peers, HSM_OPEN_ROOT, written, &answer) != ERR_OK)
        return refuse_signer(change);
    enum err err = hsm_wire_get_root_opened(secret_view(&answer), opened);
    if (err == ERR_OK)
        err = opened->receipt.status;
    return err == ERR_OK ? ERR_OK : refuse(change, generation, err);
}

/* A signer that knows of a younger KEK and does not work with it yet, which takes it a second. */
static bool may_ask_again(struct change *change, enum err err, int *waits) {
    return err == ERR_LIMIT && (*waits)++ < WAITS_MAX &&
           provd_peers_wait(change->provd->peers, WAIT_MS) == ERR_OK;
}

static enum err ask_rewrapped(struct change *change, const uint8_t *wrapped,
                              struct hsm_root_rewrapped *rewrapped) {
    struct hsm_rewrap_root question;
    uint8_t memory[sizeof question + 16];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes written;
    SECRET(answer);
    memcpy(question.wrapped, wrapped, sizeof question.wrapped);
    hsm_wire_put_rewrap_root(&buffer, &question);
    ERR_TRY(buffer_end(&buffer, &written));
    ERR_TRY(provd_peers_ask_key_maker(change->provd->peers, HSM_REWRAP_ROOT, written, &answer));
    ERR_TRY(hsm_wire_get_root_rewrapped(secret_view(&answer), rewrapped));
    return rewrapped->receipt.status;
}

enum err roots_rewrap(struct change *change, uint16_t generation, const uint8_t *wrapped,
                      struct hsm_root_rewrapped *rewrapped) {
    ROOTS_OPENED(before);
    ROOTS_OPENED(after);
    enum err err;
    int waits = 0;
    *rewrapped = (struct hsm_root_rewrapped){0};
    do
        err = ask_rewrapped(change, wrapped, rewrapped);
    while (may_ask_again(change, err, &waits));
    if (err == ERR_UNAVAILABLE)
        return refuse_signer(change);
    if (err != ERR_OK)
        return refuse(change, generation, err);
    ERR_TRY(roots_unwrap(change, generation, wrapped, &before));
    ERR_TRY(roots_unwrap(change, generation, rewrapped->wrapped, &after));
    bool is_same = sodium_memcmp(before.root, after.root, sizeof before.root) == 0;
    return is_same ? ERR_OK : refuse(change, generation, ERR_CRYPTO);
}

/*
 * A signer that does not know yet of a younger KEK would wrap by one that the registry has done
 * with; signer 0 makes sure. While that is none, any will do.
 */
static enum err settle(struct change *change, uint16_t generation,
                       uint8_t wrapped[static HSM_ROOT_WRAPPED_BYTES]) {
    struct hsm_root_rewrapped rewrapped = {0};
    ROOTS_OPENED(opened);
    uint16_t kek_generation = 0;
    ERR_TRY(
        change_registry(change, registry_wrapping_get(change->provd->registry, &kek_generation)));
    if (kek_generation == REGISTRY_WRAPPING_FIRST)
        return roots_unwrap(change, generation, wrapped, &opened);
    ERR_TRY(roots_rewrap(change, generation, wrapped, &rewrapped));
    if (rewrapped.kek_generation < kek_generation)
        return refuse(change, generation, ERR_DENIED);
    memcpy(wrapped, rewrapped.wrapped, HSM_ROOT_WRAPPED_BYTES);
    return ERR_OK;
}

static enum err ask_made(struct change *change, struct hsm_root_made *made) {
    SECRET(answer);
    ERR_TRY(provd_peers_ask_signer(change->provd->peers, HSM_NEW_ROOT, bytes_of(NULL, 0), &answer));
    ERR_TRY(hsm_wire_get_root_made(secret_view(&answer), made));
    return made->receipt.status;
}

enum err roots_make(struct change *change, uint16_t generation,
                    uint8_t wrapped[static HSM_ROOT_WRAPPED_BYTES]) {
    struct hsm_root_made made = {0};
    enum err err;
    int waits = 0;
    do
        err = ask_made(change, &made);
    while (may_ask_again(change, err, &waits));
    if (err == ERR_UNAVAILABLE)
        return refuse_signer(change);
    if (err != ERR_OK)
        return change_refuse(change, err, OFFICER_REASON_TOKEN, err_text(err));
    memcpy(wrapped, made.wrapped, HSM_ROOT_WRAPPED_BYTES);
    return settle(change, generation, wrapped);
}
