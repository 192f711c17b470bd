#include <string.h>

#include <sodium.h>

#include "authd/notify/core_link.h"
#include "firmware/base/log.h"

/* What the socket still holds is of no use without its peer: authd starts this process anew. */
static void stop(struct core_link *link) {
    link->failed = true;
    serve_stop(link->serve);
}

static void core_lost(void *context, struct serve_peer *peer, enum err reason) {
    (void)peer;
    log_event(LOG_ERROR, "core-lost", "reason=%s", err_text(reason));
    stop(context);
}

enum err core_link_open(struct core_link *link, const struct boot *boot, struct serve *serve,
                        const struct serve_verb *verbs, size_t verb_count) {
    struct serve_peer_options options = {
        .name = "core",
        .verbs = verbs,
        .verb_count = verb_count,
        .lost = core_lost,
        .context = link,
    };
    if (sodium_init() < 0)
        return ERR_SYSTEM;
    *link = (struct core_link){.serve = serve};
    randombytes_buf(link->process_id, sizeof link->process_id);
    for (size_t i = 0; i < boot->peer_count; i++) {
        const struct boot_peer *peer = &boot->peers[i];
        if (strcmp(peer->role, "core") == 0)
            ERR_TRY(serve_add_peer(serve, peer->fd, &options, &link->cores[link->core_count++]));
    }
    return link->core_count > 0 ? ERR_OK : ERR_NOT_FOUND;
}

enum err core_link_greet(struct core_link *link) {
    for (size_t i = 0; i < link->core_count; i++) {
        uint8_t payload[NOTIFY_PROCESS_ID_BYTES];
        struct buffer target = buffer_over(payload, sizeof payload);
        struct frame hello = {.type = NOTIFY_HELLO};
        notify_wire_put_hello(&target, link->process_id);
        ERR_TRY(buffer_end(&target, &hello.payload));
        ERR_TRY(serve_send(link->cores[i], &hello));
    }
    return ERR_OK;
}

static void peer_down(void *context, const char *role, uint16_t index) {
    struct core_link *link = context;
    (void)index;
    if (strcmp(role, "core") == 0)
        link->core_was_down = true;
}

static void peer_up(void *context, const char *role, uint16_t index) {
    struct core_link *link = context;
    (void)index;
    if (strcmp(role, "core") != 0 || !link->core_was_down)
        return;
    link->core_was_down = false;
    if (core_link_greet(link) != ERR_OK)
        stop(link);
}

struct boot_control core_link_control(struct core_link *link) {
    return (struct boot_control){.peer_down = peer_down, .peer_up = peer_up, .context = link};
}

bool core_link_is_ours(const struct core_link *link, const struct frame *frame) {
    return frame->id >> 32 == notify_wire_epoch(link->process_id);
}

enum err core_link_answer(const struct core_link_question *question, bool delivered) {
    uint8_t payload[1];
    struct buffer target = buffer_over(payload, sizeof payload);
    struct frame answer = {
        .type = NOTIFY_DELIVERED, .generation = question->generation, .id = question->id};
    notify_wire_put_delivered(&target, delivered);
    ERR_TRY(buffer_end(&target, &answer.payload));
    return serve_send(question->core, &answer);
}
