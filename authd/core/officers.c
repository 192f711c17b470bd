#include <stdlib.h>
#include <string.h>

#include "authd/core/officers.h"

#include "firmware/base/log.h"
#include "authd/core/clients.h"
#include "authd/core/key_use.h"
#include "authd/core/opening.h"
#include "authd/store/key_usage_wire.h"
#include "authd/wire/provd_wire.h"

/* A record in flight, and the question that waits for it. Freed when it comes back. */
struct officer_record {
    struct journal_entry entry;
    bool asked;
    uint64_t id;
    uint32_t generation;
    uint8_t memory[];
};

static struct serve_peer *provd;

enum err officers_record(struct lane *lane, enum journal_kind kind, struct bytes body,
                         const struct frame *frame) {
    if (lane->core->journal == NULL)
        return ERR_UNAVAILABLE;
    struct officer_record *record = calloc(1, sizeof(*record) + body.len);
    if (record == NULL)
        return ERR_FULL;
    memcpy(record->memory, body.data, body.len);
    record->entry = (struct journal_entry){
        .kind = kind, .payload = bytes_of(record->memory, body.len), .lane = lane->index};
    record->asked = frame != NULL;
    if (frame != NULL) {
        record->id = frame->id;
        record->generation = frame->generation;
    }
    enum err result = journal_submit(lane->core->journal, &record->entry);
    if (result != ERR_OK)
        free(record);
    return result;
}

static enum err answer(uint16_t type, uint64_t id, uint32_t generation, struct buffer *payload) {
    struct frame frame = {.type = type, .id = id, .generation = generation};
    ERR_TRY(buffer_end(payload, &frame.payload));
    return provd != NULL ? serve_send(provd, &frame) : ERR_CLOSED;
}

static enum err answer_audited(uint64_t id, uint32_t generation, enum err status) {
    uint8_t memory[16];
    struct buffer payload = buffer_over(memory, sizeof(memory));
    provd_wire_put_audited(&payload, status);
    return answer(PROVD_AUDITED, id, generation, &payload);
}

void officers_on_recorded(struct lane *lane, struct journal_entry *entry) {
    struct officer_record *record = (struct officer_record *)entry;
    (void)lane;
    if (entry->result != ERR_OK)
        log_event(LOG_ERROR, "not-recorded", "kind=%d why=%s", entry->kind,
                  err_text(entry->result));
    if (record->asked && answer_audited(record->id, record->generation, entry->result) != ERR_OK)
        log_event(LOG_WARNING, "provd-not-answered", "message=audited");
    free(record);
}

static enum err on_audit(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct lane *lane = context;
    struct provd_audit audit;
    (void)peer;
    ERR_TRY(provd_wire_get_audit(frame->payload, &audit));
    enum err result = officers_record(lane, JOURNAL_OFFICER, frame->payload, frame);
    return result == ERR_OK ? ERR_OK : answer_audited(frame->id, frame->generation, result);
}

static enum err on_changed(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct lane *lane = context;
    uint64_t sequence = 0;
    (void)peer;
    ERR_TRY(provd_wire_get_changed(frame->payload, &sequence));
    opening_on_registry(lane);
    clients_changed(lane->core);
    return ERR_OK;
}

static enum err on_state(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct lane *lane = context;
    uint8_t memory[16];
    struct buffer payload = buffer_over(memory, sizeof(memory));
    (void)peer;
    buffer_u8(&payload, (uint8_t)atomic_load(&lane->core->state));
    return answer(PROVD_STATE_IS, frame->id, frame->generation, &payload);
}

static enum err on_key_usage(void *context, struct serve_peer *peer, const struct frame *frame) {
    static uint8_t memory[KEY_USAGE_WIRE_MAX];
    struct lane *lane = context;
    struct buffer payload = buffer_over(memory, sizeof(memory));
    (void)peer;
    ERR_TRY(key_use_answer(lane->core, frame->payload, &payload));
    return answer(PROVD_KEY_USAGE_IS, frame->id, frame->generation, &payload);
}

static enum err on_root(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct lane *lane = context;
    uint8_t memory[16];
    uint16_t generation = 0;
    struct buffer payload = buffer_over(memory, sizeof(memory));
    (void)peer;
    ERR_TRY(provd_wire_get_root(frame->payload, &generation));
    bool is_open = record_keys_find(lane->core->record_keys, generation) == ERR_OK;
    if (!is_open)
        opening_on_new_root(lane);
    provd_wire_put_root_is(&payload, is_open);
    return answer(PROVD_ROOT_IS, frame->id, frame->generation, &payload);
}

static const struct serve_verb verbs[] = {
    {PROVD_AUDIT, SERVE_ANY_STATE, on_audit}, {PROVD_CHANGED, SERVE_ANY_STATE, on_changed},
    {PROVD_STATE, SERVE_ANY_STATE, on_state}, {PROVD_KEY_USAGE, SERVE_ANY_STATE, on_key_usage},
    {PROVD_ROOT, SERVE_ANY_STATE, on_root},
};

static void on_lost(void *context, struct serve_peer *peer, enum err reason) {
    struct lane *lane = context;
    (void)peer;
    log_event(LOG_ERROR, "peer-broke-protocol", "role=provd why=%s", err_text(reason));
    provd = NULL;
    if (boot_report_peer(lane->serve, "provd", 0) != ERR_OK)
        log_event(LOG_ERROR, "peer-not-reported", "role=provd");
}

void officers_peer_up(struct lane *lane, const char *role) {
    if (strcmp(role, "provd") != 0 || provd != NULL)
        return;
    frame_discard(boot_peer_fd(lane->core->boot, "provd", 0, 0));
    if (officers_begin(lane->core, lane) != ERR_OK)
        log_event(LOG_ERROR, "peer-not-added", "role=provd");
}

enum err officers_begin(struct core *core, struct lane *lane) {
    int fd = boot_peer_fd(core->boot, "provd", 0, 0);
    if (fd < 0)
        return ERR_NOT_FOUND;
    const struct serve_peer_options options = {.name = "provd",
                                               .verbs = verbs,
                                               .verb_count = sizeof(verbs) / sizeof(verbs[0]),
                                               .lost = on_lost,
                                               .context = lane};
    return serve_add_peer(lane->serve, fd, &options, &provd);
}
