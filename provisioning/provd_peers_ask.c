#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "provisioning/provd_peer.h"

#define CORE_WAIT_MS      10000
#define REPEATED_WAIT_MS  20000
#define ATTEMPT_WAIT_MS   4000
#define KEY_MAKER_WAIT_MS 120000 /* a token may take long over a key pair */
#define PLUGIN_WAIT_MS    20000  /* authd ends one that is silent for longer than its deadline */
#define TURN_MS           100

static enum err turn_until(struct provd_peers *peers, int64_t deadline_ms) {
    int64_t left = deadline_ms - clock_boot_ms();
    if (peers->stopping)
        return ERR_UNAVAILABLE;
    if (left <= 0)
        return ERR_TIMEOUT;
    return serve_turn(peers->serve, left < TURN_MS ? (int)left : TURN_MS);
}

enum err provd_peers_wait(struct provd_peers *peers, int wait_ms) {
    int64_t deadline_ms = clock_boot_ms() + wait_ms;
    enum err err = ERR_OK;
    while (err == ERR_OK)
        err = turn_until(peers, deadline_ms);
    return err == ERR_TIMEOUT ? ERR_OK : err;
}

static enum err wait_for_answer(struct provd_peers *peers, const struct provd_peer *peer,
                                int64_t deadline_ms) {
    uint32_t interruptions = peer->interruptions;
    while (!peers->open.answered) {
        if (peer->interruptions != interruptions)
            return ERR_CLOSED;
        ERR_TRY(turn_until(peers, deadline_ms));
    }
    return ERR_OK;
}

/* One question to one peer. The answer's type is the question's plus one. */
static enum err ask(struct provd_peer *peer, uint16_t verb, struct bytes question,
                    int64_t deadline_ms, struct secret *answer) {
    struct provd_peers *peers = peer->peers;
    struct frame frame = {.type = verb, .id = ++peers->last_id, .payload = question};
    if (peers->open.peer != NULL)
        return ERR_FULL;
    ERR_TRY(serve_send(peer->serve_peer, &frame));
    peers->open.peer = peer;
    peers->open.id = frame.id;
    peers->open.answer_type = verb + 1;
    peers->open.answered = false;
    enum err err = wait_for_answer(peers, peer, deadline_ms);
    if (err == ERR_OK)
        *answer = peers->open.payload;
    else
        secret_free(&peers->open.payload);
    peers->open.payload = (struct secret){0};
    peers->open.peer = NULL;
    return err;
}

/* A peer that has no double: waits for it, asks once. */
static enum err ask_only(struct provd_peer *peer, uint16_t verb, struct bytes question,
                         int64_t wait_ms, struct secret *answer) {
    if (peer == NULL)
        return ERR_UNAVAILABLE;
    int64_t deadline_ms = clock_boot_ms() + wait_ms;
    enum err err = ERR_OK;
    while (err == ERR_OK && !peer->up)
        err = turn_until(peer->peers, deadline_ms);
    if (err == ERR_OK)
        err = ask(peer, verb, question, deadline_ms, answer);
    if (err == ERR_OK)
        return ERR_OK;
    log_event(LOG_WARNING, "peer-unavailable", "role=%s index=%u verb=%u error=%s", peer->role,
              peer->index, verb, err_text(err));
    return ERR_UNAVAILABLE;
}

enum err provd_peers_ask_core(struct provd_peers *peers, uint16_t verb, struct bytes question,
                              struct secret *answer) {
    return ask_only(provd_peers_find(peers, "core", PROVD_PEERS_ANY_INDEX), verb, question,
                    CORE_WAIT_MS, answer);
}

void provd_peers_changed(struct provd_peers *peers, uint64_t sequence) {
    uint8_t memory[16];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct provd_peer *core = provd_peers_find(peers, "core", PROVD_PEERS_ANY_INDEX);
    struct frame frame = {.type = PROVD_CHANGED};
    provd_wire_put_changed(&buffer, sequence);
    enum err err = buffer_end(&buffer, &frame.payload);
    if (err == ERR_OK)
        err = core == NULL || core->serve_peer == NULL ? ERR_CLOSED
                                                       : serve_send(core->serve_peer, &frame);
    if (err != ERR_OK)
        log_event(LOG_WARNING, "core-not-told", "sequence=%llu error=%s",
                  (unsigned long long)sequence, err_text(err));
}

enum err provd_peers_ask_key_maker(struct provd_peers *peers, uint16_t verb, struct bytes question,
                                   struct secret *answer) {
    return ask_only(provd_peers_find(peers, "hsm", 0), verb, question, KEY_MAKER_WAIT_MS, answer);
}

enum err provd_peers_ask_keyring(struct provd_peers *peers, uint16_t verb, struct bytes question,
                                 struct secret *answer) {
    struct provd_peer *peer = provd_peers_find(peers, "hsm", 0);
    bool is_up = peer != NULL && peer->up;
    return is_up ? ask_only(peer, verb, question, ATTEMPT_WAIT_MS, answer) : ERR_UNAVAILABLE;
}

enum err provd_peers_plugin(struct provd_peers *peers, struct plugin_hello *hello) {
    const struct provd_peer *peer = provd_peers_find(peers, "plugin", PROVD_PEERS_ANY_INDEX);
    int64_t deadline_ms = clock_boot_ms() + PLUGIN_WAIT_MS;
    *hello = (struct plugin_hello){0};
    if (peer == NULL)
        return ERR_NOT_FOUND;
    while (!peer->up || peer->plugin.name[0] == '\0')
        if (turn_until(peers, deadline_ms) != ERR_OK)
            return ERR_UNAVAILABLE;
    *hello = peer->plugin;
    return ERR_OK;
}

enum err provd_peers_ask_plugin(struct provd_peers *peers, uint16_t verb, struct bytes question,
                                struct secret *answer) {
    return ask_only(provd_peers_find(peers, "plugin", PROVD_PEERS_ANY_INDEX), verb, question,
                    PLUGIN_WAIT_MS, answer);
}

/* The next signer that serves and has keys, in turns; NULL when there is none. */
static struct provd_peer *next_signer(struct provd_peers *peers) {
    for (size_t i = 0; i < peers->count; i++) {
        struct provd_peer *peer = &peers->peer[(peers->next_signer + i) % peers->count];
        if (!provd_peers_is_role(peer, "hsm") || !peer->up || !peer->provisioned)
            continue;
        peers->next_signer = (peers->next_signer + i + 1) % peers->count;
        return peer;
    }
    return NULL;
}

/* The unseal worker, unless it is being replaced: it ends after a number of questions. */
static struct provd_peer *next_unseal(struct provd_peers *peers) {
    struct provd_peer *peer = provd_peers_find(peers, "unseal", PROVD_PEERS_ANY_INDEX);
    return peer != NULL && peer->up ? peer : NULL;
}

/* For questions that may be asked twice: of whoever ${next} gives, until one has answered. */
static enum err ask_until_answered(struct provd_peers *peers,
                                   struct provd_peer *(*next)(struct provd_peers *peers),
                                   const struct frame *question, struct secret *answer) {
    int64_t deadline_ms = clock_boot_ms() + REPEATED_WAIT_MS;
    while (clock_boot_ms() < deadline_ms && !peers->stopping) {
        struct provd_peer *peer = next(peers);
        if (peer == NULL) {
            ERR_TRY(provd_peers_wait(peers, TURN_MS));
            continue;
        }
        int64_t attempt_end = clock_boot_ms() + ATTEMPT_WAIT_MS;
        if (ask(peer, question->type, question->payload, attempt_end, answer) == ERR_OK)
            return ERR_OK;
        log_event(LOG_WARNING, "peer-silent", "role=%s index=%u verb=%u", peer->role, peer->index,
                  question->type);
    }
    log_event(LOG_ERROR, "nobody-answers", "verb=%u", question->type);
    return ERR_UNAVAILABLE;
}

enum err provd_peers_ask_unseal(struct provd_peers *peers, uint16_t verb, struct bytes question,
                                struct secret *answer) {
    const struct frame frame = {.type = verb, .payload = question};
    return ask_until_answered(peers, next_unseal, &frame, answer);
}

enum err provd_peers_ask_signer(struct provd_peers *peers, uint16_t verb, struct bytes question,
                                struct secret *answer) {
    const struct frame frame = {.type = verb, .payload = question};
    return ask_until_answered(peers, next_signer, &frame, answer);
}
