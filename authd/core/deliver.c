#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authd/core/deliver.h"

#include "firmware/base/log.h"
#include "authd/wire/notify_wire.h"

/* A JOURNAL_DELIVERY record in flight; freed when it comes back. */
struct delivery_record {
    struct journal_entry entry;
    uint8_t memory[1100];
};

bool deliver_has_room(const struct lane *lane) {
    return lane->notify != NULL && lane->notify_epoch != 0 &&
           lane->delivery_count < LANE_DELIVERIES_MAX;
}

/* Records what became of a code. A record that fails leaves the row pending, which is void after a
 * restart. */
static void settle(struct lane *lane, const struct otp_delivery *delivery, bool delivered) {
    uint8_t memory[1024];
    struct bytes body, effects_view;
    struct buffer effects = buffer_over(memory, sizeof(memory));
    if (otp_delivery_settle(lane->core, delivery, delivered, &effects) != ERR_OK)
        return; /* used or replaced meanwhile: there is nothing to settle */
    struct delivery_record *record = calloc(1, sizeof(*record));
    if (record == NULL)
        return;
    struct buffer payload = buffer_over(record->memory, sizeof(record->memory));
    buffer_u8(&payload, delivered ? 1 : 0);
    enum err result = buffer_end(&effects, &effects_view);
    if (result == ERR_OK)
        ledger_effects_put(&payload, effects_view);
    if (result == ERR_OK)
        result = buffer_end(&payload, &body);
    if (result == ERR_OK) {
        record->entry =
            (struct journal_entry){.kind = JOURNAL_DELIVERY, .payload = body, .lane = lane->index};
        result = journal_submit(lane->core->journal, &record->entry);
    }
    if (result == ERR_OK)
        return;
    log_event(LOG_ERROR, "delivery-not-recorded", "why=%s", err_text(result));
    free(record);
}

/* As much of ${name} as fits, cut before a character and not within it. */
static void copy_name(const char *name, char *target, size_t size) {
    size_t len = strlen(name);
    if (len >= size) {
        len = size - 1;
        while (len > 0 && ((uint8_t)name[len] & 0xc0) == 0x80)
            len--;
    }
    memcpy(target, name, len);
    target[len] = '\0';
}

static void fill_message(const struct core *core, const struct request *request,
                         struct notify_otp *message) {
    const struct identity *identity = request->identity;
    *message = (struct notify_otp){.by_phone = request->send_phone,
                                   .by_email = request->send_email,
                                   .valid_until_ms = clock_wall_ms() +
                                                     core->settings.otp_lifetime_seconds * 1000};
    snprintf(message->phone, sizeof(message->phone), "%s", identity->phone);
    snprintf(message->email, sizeof(message->email), "%s", identity->email);
    snprintf(message->language, sizeof(message->language), "%s", identity->language);
    snprintf(message->transaction, sizeof(message->transaction), "%.15s",
             request->envelope.transaction_id.text);
    copy_name(request->partner.name, message->programme, sizeof(message->programme));
    memcpy(message->otp, request->otp.data, 7);
}

static enum err send_message(struct lane *lane, const struct request *request, size_t slot) {
    struct notify_otp message;
    fill_message(lane->core, request, &message);
    struct buffer payload = buffer_over(lane->scratch, FRAME_PAYLOAD_MAX);
    struct frame frame = {.type = NOTIFY_OTP,
                          .generation = lane->deliveries[slot].generation,
                          .id = (uint64_t)lane->notify_epoch << 32 | slot};
    notify_wire_put_otp(&payload, &message);
    enum err result = buffer_end(&payload, &frame.payload);
    if (result == ERR_OK && lane->notify == NULL)
        result = ERR_CLOSED;
    if (result == ERR_OK)
        result = serve_send(lane->notify, &frame);
    secret_wipe(&message, sizeof(message));
    secret_wipe(lane->scratch, payload.len);
    return result;
}

enum err deliver_send(struct lane *lane, struct request *request) {
    size_t slot = 0;
    while (slot < LANE_DELIVERIES_MAX && lane->deliveries[slot].used)
        slot++;
    enum err result = slot < LANE_DELIVERIES_MAX ? ERR_OK : ERR_FULL;
    if (result == ERR_OK)
        result = send_message(lane, request, slot);
    if (result != ERR_OK) {
        deliver_abandon(lane, request);
    } else {
        otp_delivery_of(lane->core, request, &lane->deliveries[slot].delivery);
        lane->deliveries[slot].used = true;
        lane->delivery_count++;
    }
    secret_free(&request->otp);
    return result;
}

void deliver_abandon(struct lane *lane, const struct request *request) {
    struct otp_delivery delivery;
    otp_delivery_of(lane->core, request, &delivery);
    settle(lane, &delivery, false);
}

/* All but the last two digits. */
static void mask_identifier(const char *identifier, char *masked, size_t size) {
    size_t len = strnlen(identifier, size - 1);
    size_t hidden = len > 2 ? len - 2 : 0;
    memset(masked, 'X', hidden);
    memcpy(masked + hidden, identifier + hidden, len - hidden);
    masked[len] = '\0';
}

static void fill_event(const struct request *request, struct notify_event *event) {
    const struct identity *identity = request->identity;
    *event = (struct notify_event){.by_phone = identity->phone[0] != '\0',
                                   .by_email = identity->email[0] != '\0',
                                   .confirmed = request->statement.verdict,
                                   .at_ms = request->received_wall_ms};
    snprintf(event->phone, sizeof(event->phone), "%s", identity->phone);
    snprintf(event->email, sizeof(event->email), "%s", identity->email);
    snprintf(event->language, sizeof(event->language), "%s", identity->language);
    copy_name(request->partner.name, event->programme, sizeof(event->programme));
    mask_identifier(request->envelope.individual_id.text, event->identifier,
                    sizeof(event->identifier));
}

void deliver_event(struct lane *lane, const struct request *request) {
    struct notify_event event;
    if (!request->policy.tells_person || !request->compared || request->identity == NULL ||
        lane->notify == NULL || lane->notify_epoch == 0)
        return;
    fill_event(request, &event);
    struct buffer payload = buffer_over(lane->scratch, FRAME_PAYLOAD_MAX);
    struct frame frame = {.type = NOTIFY_EVENT};
    notify_wire_put_event(&payload, &event);
    enum err result =
        event.by_phone || event.by_email ? buffer_end(&payload, &frame.payload) : ERR_NOT_FOUND;
    if (result == ERR_OK)
        result = serve_send(lane->notify, &frame);
    if (result != ERR_OK && result != ERR_NOT_FOUND)
        log_event(LOG_WARNING, "person-not-told", "why=%s", err_text(result));
}

static void finish(struct lane *lane, struct lane_delivery *entry, bool delivered) {
    entry->used = false;
    entry->generation++;
    lane->delivery_count--;
    settle(lane, &entry->delivery, delivered);
}

enum err deliver_on_delivered(struct lane *lane, const struct frame *frame) {
    bool delivered = false;
    ERR_TRY(notify_wire_get_delivered(frame->payload, &delivered));
    uint32_t slot = (uint32_t)frame->id;
    if (slot >= LANE_DELIVERIES_MAX)
        return ERR_MALFORMED;
    struct lane_delivery *entry = &lane->deliveries[slot];
    if (frame->id >> 32 != lane->notify_epoch)
        return ERR_OK; /* of a predecessor, whose codes are void already */
    if (!entry->used || entry->generation != frame->generation)
        return ERR_OK; /* late: it was given up when its notifier died */
    if (!delivered)
        log_event(LOG_WARNING, "code-not-delivered", "lane=%u", lane->index);
    finish(lane, entry, delivered);
    return ERR_OK;
}

enum err deliver_on_hello(struct lane *lane, struct bytes payload) {
    uint8_t process_id[NOTIFY_PROCESS_ID_BYTES];
    ERR_TRY(notify_wire_get_hello(payload, process_id));
    deliver_on_death(lane); /* of its predecessor, if nobody has told us yet */
    lane->notify_epoch = notify_wire_epoch(process_id);
    return ERR_OK;
}

void deliver_on_death(struct lane *lane) {
    size_t given_up = 0;
    for (size_t slot = 0; slot < LANE_DELIVERIES_MAX; slot++) {
        if (lane->deliveries[slot].used) {
            finish(lane, &lane->deliveries[slot], false);
            given_up++;
        }
    }
    if (given_up > 0)
        log_event(LOG_WARNING, "codes-void", "lane=%u count=%zu why=notifier-died", lane->index,
                  given_up);
}
