#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authd/core/opening.h"

#include "firmware/base/log.h"
#include "hsm/checkpoint.h"
#include "authd/core/clients.h"
#include "authd/core/officers.h"
#include "authd/core/opening_roots.h"
#include "authd/core/published.h"

enum { RETRY_MS = 1000 };

struct opening {
    struct core *core;
    int64_t tried_ms, reader_checked_ms, checkpoint_ms;
    uint32_t asker; /* counts questions, so that only the last one's answer counts */
    uint32_t asker_begun;
    bool asked_publication;
    int64_t news_asked_ms;
    bool is_current;          /* the files are not older than what was signed of them */
    uint64_t checkpoint_size; /* of the tree at the last checkpoint */
    bool has_reported;
    enum box_state reported;
};

/* Lane 0's alone. */
static struct opening opening;

enum err opening_begin(struct core *core, struct lane *lane) {
    opening = (struct opening){
        .core = core, .checkpoint_ms = clock_boot_ms(), .asker = randombytes_random()};
    opening.asker_begun = opening.asker;
    return officers_begin(core, lane);
}

void opening_end(void) {
    published_free(opening.core);
}

static struct serve_peer *ready_signer(struct lane *lane) {
    for (unsigned i = 0; i < lane->core->signer_count; i++) {
        if (lane->signers[i].ready && lane->signers[i].peer != NULL)
            return lane->signers[i].peer;
    }
    return NULL;
}

/* Checkpoints and their high-water mark are the first signer's: only it can write the mark down. */
static struct serve_peer *marking_signer(struct lane *lane) {
    const struct lane_signer *first = &lane->signers[0];
    return lane->core->signer_count > 0 && first->ready ? first->peer : NULL;
}

static enum err ask(struct serve_peer *signer, uint16_t type, const struct buffer *payload) {
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

void opening_on_new_root(struct lane *lane) {
    if (!atomic_load(&lane->core->opened))
        return; /* all are opened before the box is */
    enum err result = opening_roots_ask(lane->core, ready_signer(lane));
    if (result != ERR_OK)
        log_event(LOG_WARNING, "root-not-asked-for", "why=%s", err_text(result));
}

static enum err derive_ledger_key(struct core *core) {
    SECRET(key);
    ERR_TRY(record_keys_derive(core->state_keys, CORE_ROOT_GENERATION, "ledger", &key));
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

static void fail_as_older(struct lane *lane, const char *what, uint64_t has, uint64_t was) {
    log_event(LOG_ERROR, "box-failed", "why=%s-older-than-signed has=%llu signed=%llu advice=%s",
              what, (unsigned long long)has, (unsigned long long)was,
              "keep-these-files-and-put-the-newest-back");
    atomic_store(&lane->core->failed, true);
    report_state(lane);
}

static enum err ask_high_water(struct lane *lane) {
    uint8_t nothing[1];
    struct buffer payload = buffer_over(nothing, sizeof(nothing));
    return ask(marking_signer(lane), HSM_HIGH_WATER, &payload);
}

/* Each number counts up for ever, in memory as on disk: one that is smaller than it was when it was
 * signed comes from files of before. */
static enum err compare_with_mark(struct lane *lane, const struct hsm_mark *mark) {
    const struct core *core = lane->core;
    struct hsm_mark has;
    uint8_t root[MERKLE_HASH_BYTES];
    journal_tree(core->journal, &has.tree_size, root);
    ERR_TRY(registry_sequence(core->registry, &has.registry_sequence));
    ERR_TRY(ledger_sequence(core->ledger, &has.state_sequence));
    const struct {
        const char *what;
        uint64_t has, was;
    } numbers[] = {{"journal", has.tree_size, mark->tree_size},
                   {"registry", has.registry_sequence, mark->registry_sequence},
                   {"state", has.state_sequence, mark->state_sequence}};
    opening.is_current = true;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (numbers[i].has >= numbers[i].was)
            continue;
        opening.is_current = false;
        fail_as_older(lane, numbers[i].what, numbers[i].has, numbers[i].was);
    }
    return ERR_OK;
}

enum err opening_on_high_water(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct lane *lane = context;
    struct hsm_high_water answer;
    (void)peer;
    if (lane->index != 0)
        return ERR_DENIED;
    ERR_TRY(hsm_wire_get_high_water(frame->payload, &answer));
    /* Any question of this process will do: asked again each second, a slow signer is late. */
    bool is_ours = opening.asker - frame->generation < opening.asker - opening.asker_begun;
    if (!is_ours || opening.is_current || atomic_load(&lane->core->failed))
        return ERR_OK;
    enum err result = answer.receipt.status;
    if (result == ERR_OK)
        result = compare_with_mark(lane, &answer.mark);
    if (result != ERR_OK)
        log_event(LOG_WARNING, "not-open-yet", "step=high-water why=%s", err_text(result));
    if (!opening.is_current)
        return ERR_OK;
    if (answer.mark.tree_size > 0)
        opening.checkpoint_size = answer.mark.tree_size + 1; /* its own record */
    opening.tried_ms = 0;                                    /* goes on at the next turn */
    return ERR_OK;
}

/* Once all roots are open. */
static enum err ask_publication(struct lane *lane) {
    uint8_t nothing[1];
    struct buffer payload = buffer_over(nothing, sizeof(nothing));
    if (opening.asked_publication || opening_roots_check(lane->core) != ERR_OK)
        return ERR_OK;
    opening.asked_publication = true;
    return ask(ready_signer(lane), HSM_PUBLISHED, &payload) == ERR_FULL ? ERR_FULL : ERR_OK;
}

/* Registry first, then whether the files are the newest, then the roots, wrapped: a signer opens
 * them. */
static enum err try_open(struct lane *lane) {
    struct core *core = lane->core;
    if (core->registry == NULL)
        ERR_TRY(registry_open(&core->registry, core->settings.registry_directory, false,
                              core->record_keys));
    enum err age = check_age(core);
    if (age == ERR_CORRUPT)
        atomic_store(&core->failed, true);
    ERR_TRY(age);
    if (!opening.is_current)
        return ask_high_water(lane);
    opening.asked_publication = false;
    ERR_TRY(opening_roots_ask(core, ready_signer(lane)));
    return ask_publication(lane);
}

/*
 * A box without a key that it cannot do without serves nobody until the revoked one's successor is
 * active. What it shows has changed all the same.
 */
static void take_keys(struct core *core, bool has_keys) {
    if (atomic_exchange(&core->lacks_keys, !has_keys) != has_keys || !atomic_load(&core->opened))
        return;
    if (has_keys)
        log_event(LOG_INFO, "keys-are-back", "serving=yes");
    else
        log_event(LOG_ERROR, "keys-are-missing", "serving=no advice=%s",
                  "officer-key-list-says-when-their-successors-become-active");
}

void opening_on_registry(struct lane *lane) {
    if (!atomic_load(&lane->core->opened))
        opening.tried_ms = 0; /* at the next turn */
}

void opening_on_signer(struct lane *lane, const struct lane_signer *signer) {
    take_keys(lane->core, signer->provisioned);
    opening.news_asked_ms = 0;
    opening_on_registry(lane);
}

enum err opening_on_root(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct lane *lane = context;
    (void)peer;
    if (lane->index != 0)
        return ERR_DENIED;
    ERR_TRY(opening_roots_take(lane->core, frame));
    return atomic_load(&lane->core->opened) ? ERR_OK : ask_publication(lane);
}

/* The keys have changed since the box opened. */
static void take_news(struct core *core, const struct hsm_publication *answer) {
    enum err result = published_keep(core, answer);
    log_event(result == ERR_OK ? LOG_INFO : LOG_ERROR, "keys-shown", "sequence=%llu result=%s",
              (unsigned long long)published_now(core)->sequence, err_text(result));
}

/*
 * Asks a signer whose keys are of a newer keyring than what is shown. The answer is known by the
 * sequence in it, so that the question needs no number.
 */
static void ask_news(struct lane *lane, int64_t now_ms) {
    const struct publication *shown = published_now(lane->core);
    const struct frame question = {.type = HSM_PUBLISHED, .id = UINT64_MAX};
    if (shown == NULL || now_ms - opening.news_asked_ms < RETRY_MS)
        return;
    for (unsigned i = 0; i < lane->core->signer_count; i++) {
        const struct lane_signer *signer = &lane->signers[i];
        if (!signer->is_up || signer->peer == NULL || signer->keyring_sequence <= shown->sequence)
            continue;
        opening.news_asked_ms = now_ms;
        if (serve_send(signer->peer, &question) == ERR_OK)
            return;
    }
}

enum err opening_on_publication(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct lane *lane = context;
    struct core *core = lane->core;
    struct hsm_publication answer;
    (void)peer;
    if (lane->index != 0)
        return ERR_DENIED;
    ERR_TRY(hsm_wire_get_publication(frame->payload, &answer));
    if (answer.receipt.status != ERR_OK)
        return ERR_OK;
    if (atomic_load(&core->opened)) {
        take_news(core, &answer);
        return ERR_OK;
    }
    enum err result = registry_national(core->registry, &core->national);
    if (result == ERR_OK)
        result = derive_ledger_key(core);
    if (result == ERR_OK)
        result = published_keep(core, &answer);
    if (result != ERR_OK) {
        log_event(LOG_WARNING, "not-open-yet", "why=%s", err_text(result));
        return ERR_OK;
    }
    atomic_store(&core->opened, true);
    opening.checkpoint_ms -= core->settings.checkpoint_seconds * 1000; /* the first is due */
    log_event(LOG_INFO, "open", "lanes=%u signers=%u", core->lane_count, core->signer_count);
    report_state(lane);
    clients_changed(core);
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
    if (ask(marking_signer(lane), HSM_CHECKPOINT, &payload) == ERR_OK)
        opening.checkpoint_size = question.tree_size + 1; /* the checkpoint itself is a leaf */
}

enum err opening_on_checkpoint(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct lane *lane = context;
    struct hsm_checkpointed answer;
    (void)peer;
    if (lane->index != 0)
        return ERR_DENIED;
    ERR_TRY(hsm_wire_get_checkpointed(frame->payload, &answer));
    if (frame->generation != opening.asker)
        return ERR_OK;
    if (answer.receipt.status != ERR_OK) {
        bool is_older = answer.receipt.status == ERR_DENIED;
        log_event(LOG_ERROR, is_older ? "box-failed" : "checkpoint-not-signed", "why=%s",
                  is_older ? "less-than-signed" : err_text(answer.receipt.status));
        if (is_older)
            atomic_store(&lane->core->failed, true);
        return ERR_OK;
    }
    return officers_record(lane, JOURNAL_CHECKPOINT, answer.note, NULL) == ERR_OK ? ERR_OK
                                                                                  : ERR_UNAVAILABLE;
}

/* Its successor goes on from what is durable. What is under way is denied by the silence. */
static void end_with_journal(const struct core *core) {
    if (core->journal == NULL || !journal_has_failed(core->journal))
        return;
    log_event(LOG_ERROR, "ended", "why=journal-failed advice=%s",
              "look-at-the-disk-a-restart-reads-what-is-durable");
    _exit(BOOT_EXIT_FAILURE);
}

int opening_turn(struct lane *lane) {
    struct core *core = lane->core;
    int64_t now_ms = clock_boot_ms();
    end_with_journal(core);
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
    if (atomic_load(&core->opened))
        ask_news(lane, now_ms);
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
