#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "authd/core/opening.h"

#include "firmware/base/log.h"
#include "hsm/checkpoint.h"
#include "authd/core/officers.h"

enum { RETRY_MS = 1000, LEDGER_GENERATION = 1 };

struct opening {
    struct core *core;
    int64_t tried_ms, reader_checked_ms, checkpoint_ms;
    unsigned asker; /* counts questions, so that only the last one's answer counts */
    size_t roots_wanted, roots_open;
    bool asked_publication, checkpoint_asked;
    uint64_t checkpoint_size; /* of the tree at the last checkpoint */
    bool has_reported;
    enum box_state reported;
};

/* Lane 0's alone. */
static struct opening opening;

enum err opening_begin(struct core *core, struct lane *lane) {
    opening = (struct opening){
        .core = core, .checkpoint_ms = clock_boot_ms(), .asker = randombytes_random()};
    return officers_begin(core, lane);
}

void opening_end(void) {
    free(opening.core->publication.memory);
}

static struct serve_peer *ready_signer(struct lane *lane) {
    for (unsigned i = 0; i < lane->core->signer_count; i++) {
        if (lane->signers[i].ready && lane->signers[i].peer != NULL)
            return lane->signers[i].peer;
    }
    return NULL;
}

static enum err ask_signer(struct lane *lane, uint16_t type, const struct buffer *payload) {
    struct serve_peer *signer = ready_signer(lane);
    struct frame frame = {.type = type, .generation = ++opening.asker, .id = UINT64_MAX};
    if (signer == NULL)
        return ERR_UNAVAILABLE;
    ERR_TRY(buffer_end(payload, &frame.payload));
    return serve_send(signer, &frame);
}

/* The state of the box as it follows from what is open; authd is told when it changes. */
static void report_state(struct lane *lane) {
    const struct core *core = lane->core;
    enum box_state state = atomic_load(&core->failed)   ? BOX_FAILED
                           : atomic_load(&core->opened) ? BOX_OPERATIONAL
                                                        : BOX_UNPROVISIONED;
    if (opening.has_reported && state == opening.reported)
        return;
    opening.has_reported = boot_report_state(lane->serve, state) == ERR_OK;
    opening.reported = state;
}

static enum err ask_root(void *context, uint16_t generation, struct bytes wrapped) {
    struct lane *lane = context;
    uint8_t memory[HSM_ROOT_WRAPPED_BYTES + 16];
    struct buffer payload = buffer_over(memory, sizeof(memory));
    struct hsm_open_root question = {.generation = generation};
    if (wrapped.len != sizeof(question.wrapped))
        return ERR_CORRUPT;
    memcpy(question.wrapped, wrapped.data, wrapped.len);
    hsm_wire_put_open_root(&payload, &question);
    struct serve_peer *signer = ready_signer(lane);
    struct frame frame = {.type = HSM_OPEN_ROOT, .generation = ++opening.asker, .id = generation};
    if (signer == NULL)
        return ERR_UNAVAILABLE;
    ERR_TRY(buffer_end(&payload, &frame.payload));
    ERR_TRY(serve_send(signer, &frame));
    opening.roots_wanted++;
    return ERR_OK;
}

static enum err derive_ledger_key(struct core *core) {
    SECRET(key);
    ERR_TRY(record_keys_derive(core->record_keys, LEDGER_GENERATION, "ledger", &key));
    return ledger_set_key(core->ledger, secret_view(&key));
}

/* A registry with fewer commits than the last signed checkpoint counted is an older one put back.
 */
static enum err check_age(struct core *core) {
    uint8_t memory[CHECKPOINT_NOTE_MAX];
    struct buffer note = buffer_over(memory, sizeof(memory));
    struct checkpoint_note last;
    struct bytes view;
    uint64_t sequence = 0;
    enum err result = journal_last_checkpoint(core->journal, &note);
    if (result == ERR_NOT_FOUND)
        return ERR_OK;
    ERR_TRY(result);
    ERR_TRY(buffer_end(&note, &view));
    ERR_TRY(checkpoint_parse(view, &last));
    ERR_TRY(registry_sequence(core->registry, &sequence));
    if (sequence >= last.fields.registry_sequence)
        return ERR_OK;
    log_event(LOG_ERROR, "box-failed", "why=registry-older-than-checkpoint has=%llu signed=%llu",
              (unsigned long long)sequence, (unsigned long long)last.fields.registry_sequence);
    return ERR_CORRUPT;
}

/* Registry first, then the roots it holds, wrapped: a signer opens them. */
static enum err try_open(struct lane *lane) {
    struct core *core = lane->core;
    if (core->registry == NULL)
        ERR_TRY(registry_open(&core->registry, core->settings.registry_directory, false,
                              core->record_keys));
    enum err age = check_age(core);
    if (age == ERR_CORRUPT)
        atomic_store(&core->failed, true);
    ERR_TRY(age);
    if (ready_signer(lane) == NULL)
        return ERR_UNAVAILABLE;
    opening.roots_wanted = opening.roots_open = 0;
    opening.asked_publication = false;
    ERR_TRY(registry_each_root(core->registry, ask_root, lane));
    return opening.roots_wanted > 0 ? ERR_OK : ERR_NOT_FOUND;
}

void opening_on_signer(struct lane *lane) {
    if (!atomic_load(&lane->core->opened))
        opening.tried_ms = 0; /* at the next turn */
}

enum err opening_on_root(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct lane *lane = context;
    struct core *core = lane->core;
    struct hsm_root_opened answer;
    (void)peer;
    if (lane->index != 0)
        return ERR_DENIED;
    ERR_TRY(hsm_wire_get_root_opened(frame->payload, &answer));
    enum err result = answer.receipt.status;
    if (result == ERR_OK)
        result = record_keys_add(core->record_keys, (uint16_t)frame->id,
                                 bytes_of(answer.root, sizeof(answer.root)));
    secret_wipe(&answer, sizeof(answer));
    if (result != ERR_OK && result != ERR_EXISTS) {
        log_event(LOG_ERROR, "root-not-opened", "generation=%u why=%s", (unsigned)frame->id,
                  err_text(result));
        return ERR_OK;
    }
    if (++opening.roots_open < opening.roots_wanted || opening.asked_publication)
        return ERR_OK;
    opening.asked_publication = true;
    uint8_t nothing[1];
    struct buffer payload = buffer_over(nothing, sizeof(nothing));
    return ask_signer(lane, HSM_PUBLISHED, &payload) == ERR_FULL ? ERR_FULL : ERR_OK;
}

static enum err keep_publication(struct core *core, const struct hsm_publication *answer) {
    struct publication kept = {
        .memory = malloc(answer->jwks.len + answer->partner_pem.len + answer->ida_fir_pem.len + 1)};
    if (kept.memory == NULL)
        return ERR_FULL;
    const struct {
        struct bytes from;
        struct bytes *to;
    } documents[] = {{answer->jwks, &kept.jwks},
                     {answer->partner_pem, &kept.partner_pem},
                     {answer->ida_fir_pem, &kept.ida_fir_pem}};
    size_t at = 0;
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        memcpy(kept.memory + at, documents[i].from.data, documents[i].from.len);
        *documents[i].to = bytes_of(kept.memory + at, documents[i].from.len);
        at += documents[i].from.len;
    }
    core->publication = kept;
    return ERR_OK;
}

enum err opening_on_publication(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct lane *lane = context;
    struct core *core = lane->core;
    struct hsm_publication answer;
    (void)peer;
    if (lane->index != 0)
        return ERR_DENIED;
    ERR_TRY(hsm_wire_get_publication(frame->payload, &answer));
    if (answer.receipt.status != ERR_OK || atomic_load(&core->opened))
        return ERR_OK;
    enum err result = registry_national(core->registry, &core->national);
    if (result == ERR_OK)
        result = derive_ledger_key(core);
    if (result == ERR_OK)
        result = keep_publication(core, &answer);
    if (result != ERR_OK) {
        log_event(LOG_WARNING, "not-open-yet", "why=%s", err_text(result));
        return ERR_OK;
    }
    atomic_store(&core->opened, true);
    log_event(LOG_INFO, "open", "lanes=%u signers=%u", core->lane_count, core->signer_count);
    report_state(lane);
    return ERR_OK;
}

static void ask_checkpoint(struct lane *lane) {
    struct core *core = lane->core;
    struct hsm_checkpoint question = {.wall_ms = clock_wall_ms()};
    uint8_t memory[128];
    struct buffer payload = buffer_over(memory, sizeof(memory));
    journal_tree(core->journal, &question.tree_size, question.tree_root);
    if (question.tree_size == opening.checkpoint_size)
        return;
    if (registry_sequence(core->registry, &question.registry_sequence) != ERR_OK ||
        ledger_sequence(core->ledger, &question.state_sequence) != ERR_OK)
        return;
    hsm_wire_put_checkpoint(&payload, &question);
    if (ask_signer(lane, HSM_CHECKPOINT, &payload) == ERR_OK)
        opening.checkpoint_size = question.tree_size + 1; /* the checkpoint itself is a leaf */
}

enum err opening_on_checkpoint(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct lane *lane = context;
    struct hsm_checkpointed answer;
    (void)peer;
    if (lane->index != 0)
        return ERR_DENIED;
    ERR_TRY(hsm_wire_get_checkpointed(frame->payload, &answer));
    if (answer.receipt.status != ERR_OK || frame->generation != opening.asker)
        return ERR_OK;
    return officers_record(lane, JOURNAL_CHECKPOINT, answer.note, NULL) == ERR_OK ? ERR_OK
                                                                                  : ERR_UNAVAILABLE;
}

int opening_turn(struct lane *lane) {
    struct core *core = lane->core;
    int64_t now_ms = clock_boot_ms();
    report_state(lane);
    bool closed = !atomic_load(&core->opened) && !atomic_load(&core->failed);
    if (closed && now_ms - opening.tried_ms >= RETRY_MS) {
        opening.tried_ms = now_ms;
        enum err result = try_open(lane);
        if (result != ERR_OK)
            log_event(LOG_DEBUG, "not-open-yet", "why=%s", err_text(result));
    }
    if (core->registry != NULL && now_ms - opening.reader_checked_ms >= 60000) {
        opening.reader_checked_ms = now_ms;
        if (kv_reader_check(registry_kv(core->registry)) != ERR_OK)
            log_event(LOG_WARNING, "reader-check-failed", "table=registry");
    }
    if (atomic_load(&core->opened) &&
        now_ms - opening.checkpoint_ms >= core->settings.checkpoint_seconds * 1000) {
        opening.checkpoint_ms = now_ms;
        ask_checkpoint(lane);
    }
    return RETRY_MS;
}

void opening_on_recorded(struct lane *lane, struct journal_entry *entry) {
    officers_on_recorded(lane, entry);
}
