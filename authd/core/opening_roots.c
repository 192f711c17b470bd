#include <string.h>

#include "authd/core/opening_roots.h"

#include "firmware/base/log.h"
#include "hsm/wire.h"
#include "authd/store/registry_state_root.h"

/* In the place of a generation, in the number of a question. */
#define STATE_ROOT (UINT64_C(1) << 16)

_Static_assert(HSM_ROOT_WRAPPED_BYTES <= REGISTRY_STATE_ROOT_MAX, "a wrapped root has room");

static enum err ask(struct serve_peer *signer, uint64_t id, struct bytes wrapped) {
    uint8_t memory[HSM_ROOT_WRAPPED_BYTES + 16];
    struct buffer payload = buffer_over(memory, sizeof(memory));
    struct frame frame = {.type = HSM_OPEN_ROOT, .id = id};
    struct hsm_open_root question = {.generation = (uint16_t)(id == STATE_ROOT ? 0 : id)};
    if (wrapped.len != sizeof(question.wrapped))
        return ERR_CORRUPT;
    if (signer == NULL)
        return ERR_UNAVAILABLE;
    memcpy(question.wrapped, wrapped.data, wrapped.len);
    hsm_wire_put_open_root(&payload, &question);
    ERR_TRY(buffer_end(&payload, &frame.payload));
    return serve_send(signer, &frame);
}

static bool has_state_key(const struct core *core) {
    return record_keys_find(core->state_keys, CORE_ROOT_GENERATION) == ERR_OK;
}

struct asking {
    const struct core *core;
    struct serve_peer *signer;
    bool has_state_root;
    size_t count, open;
};

static enum err look_at_root(void *context, uint16_t generation, struct bytes wrapped) {
    struct asking *asking = context;
    const struct core *core = asking->core;
    bool is_open = record_keys_find(core->record_keys, generation) == ERR_OK;
    if (generation == CORE_ROOT_GENERATION && !asking->has_state_root)
        is_open = is_open && has_state_key(core);
    asking->count++;
    asking->open += is_open;
    return is_open || asking->signer == NULL ? ERR_OK : ask(asking->signer, generation, wrapped);
}

/* ${wrapped} is empty on a box without one. */
static enum err read_state_root(const struct core *core, struct buffer *wrapped) {
    enum err result = registry_state_root_get(core->registry, wrapped);
    return result == ERR_NOT_FOUND ? ERR_OK : result;
}

/* With a signer, what is not open is asked for; without, it is counted alone. */
static enum err look_at_all(const struct core *core, struct serve_peer *signer,
                            struct asking *asking) {
    uint8_t memory[REGISTRY_STATE_ROOT_MAX];
    struct buffer wrapped = buffer_over(memory, sizeof(memory));
    ERR_TRY(read_state_root(core, &wrapped));
    *asking = (struct asking){.core = core, .signer = signer, .has_state_root = wrapped.len > 0};
    if (asking->has_state_root && signer != NULL && !has_state_key(core))
        ERR_TRY(ask(signer, STATE_ROOT, bytes_of(memory, wrapped.len)));
    return registry_each_root(core->registry, look_at_root, asking);
}

enum err opening_roots_ask(const struct core *core, struct serve_peer *signer) {
    struct asking asking;
    if (signer == NULL)
        return ERR_UNAVAILABLE;
    ERR_TRY(look_at_all(core, signer, &asking));
    return asking.count > 0 ? ERR_OK : ERR_NOT_FOUND;
}

enum err opening_roots_check(const struct core *core) {
    struct asking asking;
    ERR_TRY(look_at_all(core, NULL, &asking));
    bool all = asking.count > 0 && asking.open == asking.count && has_state_key(core);
    return all ? ERR_OK : ERR_NOT_FOUND;
}

static enum err add(struct record_keys *keys, uint16_t generation, struct bytes root) {
    enum err result = record_keys_add(keys, generation, root);
    return result == ERR_EXISTS ? ERR_OK : result; /* an answer that was late once */
}

static enum err keep(const struct core *core, uint64_t id, struct bytes root) {
    uint8_t memory[REGISTRY_STATE_ROOT_MAX];
    struct buffer state_root = buffer_over(memory, sizeof(memory));
    if (id == STATE_ROOT)
        return add(core->state_keys, CORE_ROOT_GENERATION, root);
    if (id > UINT16_MAX)
        return ERR_MALFORMED;
    ERR_TRY(add(core->record_keys, (uint16_t)id, root));
    if (id != CORE_ROOT_GENERATION)
        return ERR_OK;
    ERR_TRY(read_state_root(core, &state_root));
    return state_root.len > 0 ? ERR_OK : add(core->state_keys, CORE_ROOT_GENERATION, root);
}

enum err opening_roots_take(const struct core *core, const struct frame *frame) {
    struct hsm_root_opened answer;
    ERR_TRY(hsm_wire_get_root_opened(frame->payload, &answer));
    enum err result = answer.receipt.status;
    if (result == ERR_OK)
        result = keep(core, frame->id, bytes_of(answer.root, sizeof(answer.root)));
    secret_wipe(&answer, sizeof(answer));
    if (result == ERR_MALFORMED)
        return result;
    if (result != ERR_OK)
        log_event(LOG_ERROR, "root-not-opened", "generation=%u state-root=%s why=%s",
                  (unsigned)(uint16_t)frame->id, frame->id == STATE_ROOT ? "yes" : "no",
                  err_text(result));
    return ERR_OK;
}
