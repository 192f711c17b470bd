#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "hsm/wire.h"
#include "hsm/wire_keys.h"
#include "hsm/wire_wrap.h"
#include "provisioning/provd_peers.h"

#define CORE_WAIT_MS      10000
#define REPEATED_WAIT_MS  20000
#define ATTEMPT_WAIT_MS   4000
#define KEY_MAKER_WAIT_MS 120000 /* a token may take long over a key pair */
#define PLUGIN_WAIT_MS    20000  /* authd ends one that is silent for longer than its deadline */
#define TURN_MS           100
#define ANY_INDEX         (-1)
#define ANSWERS_MAX       24

/* One process provd talks to. Its socket stays when it dies; what it had taken is lost with it. */
struct peer {
    struct provd_peers *peers;
    char role[BOOT_NAME_SIZE];
    uint16_t index;
    int fd;
    struct serve_peer *serve_peer; /* NULL once it broke the protocol, until its successor is up */
    bool up;
    bool provisioned;           /* signers: as their last hello said */
    uint64_t keyring_sequence;  /* likewise */
    uint32_t interruptions;     /* how often it went down: a question survives none */
    struct plugin_hello plugin; /* a plug-in's, as it or its predecessor said; "": not yet */
    size_t verb_count;
    struct serve_verb verbs[ANSWERS_MAX];
};

struct provd_peers {
    struct serve *serve;
    bool stopping;
    struct {
        const struct peer *peer; /* NULL: no question is open */
        uint64_t id;
        uint16_t answer_type;
        bool answered;
        struct secret payload;
    } open;
    uint64_t last_id;
    size_t next_signer;
    size_t count;
    struct peer peer[];
};

static enum err take_answer(void *context, struct serve_peer *serve_peer,
                            const struct frame *frame) {
    struct peer *peer = context;
    struct provd_peers *peers = peer->peers;
    (void)serve_peer;
    /* The answer to a question that was given up. */
    if (peers->open.peer != peer || frame->id != peers->open.id || peers->open.answered)
        return ERR_OK;
    if (frame->type != peers->open.answer_type)
        return ERR_MALFORMED;
    ERR_TRY(secret_copy(&peers->open.payload, frame->payload));
    peers->open.answered = true;
    return ERR_OK;
}

static enum err take_hello(void *context, struct serve_peer *serve_peer,
                           const struct frame *frame) {
    struct peer *peer = context;
    struct hsm_hello hello;
    (void)serve_peer;
    ERR_TRY(hsm_wire_get_hello(frame->payload, &hello));
    peer->provisioned = hello.provisioned;
    peer->keyring_sequence = hello.keyring_sequence;
    return ERR_OK;
}

static enum err take_plugin_hello(void *context, struct serve_peer *serve_peer,
                                  const struct frame *frame) {
    struct peer *peer = context;
    (void)serve_peer;
    return plugin_wire_get_hello(frame->payload, &peer->plugin);
}

/* What each may send: a word of its own, if it has one, and answers. */
static const struct role {
    const char *name;
    struct serve_verb hello;
    uint16_t answers[ANSWERS_MAX]; /* the last is 0 */
} roles[] = {
    {"core", {0}, {PROVD_AUDITED, PROVD_KEY_USAGE_IS, PROVD_ROOT_IS}},
    {"unseal", {0}, {UNSEAL_CERTIFICATE_READ, UNSEAL_ENROLMENT_READ}},
    {"hsm",
     {HSM_HELLO, SERVE_ANY_STATE, take_hello},
     {HSM_LOOKED_UP, HSM_ROOT_OPENED, HSM_PUBLICATION, HSM_GENERATED, HSM_ROOT_MADE, HSM_KEYS_ARE,
      HSM_KEY_ORDERED, HSM_STANDING_IS, HSM_ROOT_REWRAPPED, HSM_NEEDED}},
    {"plugin", {PLUGIN_HELLO, SERVE_ANY_STATE, take_plugin_hello}, {PLUGIN_EXTRACTED}},
};

/* It broke the protocol: nothing more is read from it until authd has replaced it. */
static void lost_peer(void *context, struct serve_peer *serve_peer, enum err reason) {
    struct peer *peer = context;
    (void)serve_peer;
    log_event(LOG_ERROR, "peer-lost", "role=%s index=%u reason=%s", peer->role, peer->index,
              err_text(reason));
    peer->serve_peer = NULL;
    peer->up = false;
    peer->interruptions++;
    if (boot_report_peer(peer->peers->serve, peer->role, peer->index) != ERR_OK)
        log_event(LOG_ERROR, "report-failed", "role=%s index=%u", peer->role, peer->index);
}

static void fill_verbs(struct peer *peer, const struct role *role) {
    peer->verb_count = 0;
    if (role->hello.handle != NULL)
        peer->verbs[peer->verb_count++] = role->hello;
    for (size_t i = 0; role->answers[i] != 0; i++)
        peer->verbs[peer->verb_count++] =
            (struct serve_verb){role->answers[i], SERVE_ANY_STATE, take_answer};
}

static enum err add_to_loop(struct peer *peer) {
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        if (strcmp(peer->role, roles[i].name) != 0)
            continue;
        fill_verbs(peer, &roles[i]);
        struct serve_peer_options options = {
            .name = roles[i].name,
            .verbs = peer->verbs,
            .verb_count = peer->verb_count,
            .lost = lost_peer,
            .context = peer,
        };
        return serve_add_peer(peer->peers->serve, peer->fd, &options, &peer->serve_peer);
    }
    return ERR_CONFIG;
}

enum err provd_peers_open(struct provd_peers **peers, const struct boot *boot,
                          struct serve *serve) {
    struct provd_peers *made = calloc(1, sizeof *made + boot->peer_count * sizeof(struct peer));
    if (made == NULL)
        return ERR_SYSTEM;
    made->serve = serve;
    /* The sockets outlive provd: an answer to its predecessor must never be taken for one to it. */
    randombytes_buf(&made->last_id, sizeof made->last_id);
    for (size_t i = 0; i < boot->peer_count; i++) {
        struct peer *peer = &made->peer[made->count++];
        *peer =
            (struct peer){.peers = made, .index = boot->peers[i].index, .fd = boot->peers[i].fd};
        memcpy(peer->role, boot->peers[i].role, sizeof peer->role);
        enum err err = add_to_loop(peer);
        if (err != ERR_OK) {
            log_event(LOG_ERROR, "peer-refused", "role=%s error=%s", peer->role, err_text(err));
            provd_peers_close(made);
            return err;
        }
    }
    *peers = made;
    return ERR_OK;
}

void provd_peers_close(struct provd_peers *peers) {
    if (peers == NULL)
        return;
    for (size_t i = 0; i < peers->count; i++)
        if (peers->peer[i].serve_peer != NULL)
            serve_remove_peer(peers->peer[i].serve_peer);
    secret_free(&peers->open.payload);
    free(peers);
}

static bool is_role(const struct peer *peer, const char *role) {
    return strcmp(peer->role, role) == 0;
}

/* NULL: none. There is one core, one unseal worker, one plug-in at most, whatever their index. */
static struct peer *find(struct provd_peers *peers, const char *role, int index) {
    for (size_t i = 0; i < peers->count; i++)
        if (is_role(&peers->peer[i], role) && (index == ANY_INDEX || peers->peer[i].index == index))
            return &peers->peer[i];
    return NULL;
}

void provd_peers_down(struct provd_peers *peers, const char *role, uint16_t index) {
    struct peer *peer = find(peers, role, index);
    if (peer == NULL)
        return;
    peer->up = false;
    peer->interruptions++;
}

void provd_peers_up(struct provd_peers *peers, const char *role, uint16_t index) {
    struct peer *peer = find(peers, role, index);
    if (peer == NULL)
        return;
    if (peer->serve_peer == NULL) {
        frame_discard(peer->fd);
        enum err err = add_to_loop(peer);
        if (err != ERR_OK) {
            log_event(LOG_ERROR, "peer-refused", "role=%s error=%s", role, err_text(err));
            return;
        }
    }
    peer->up = true;
}

void provd_peers_stop(struct provd_peers *peers) {
    peers->stopping = true;
}

struct provd_peers_standing provd_peers_standing(const struct provd_peers *peers) {
    struct provd_peers_standing standing = {0};
    for (size_t i = 0; i < peers->count; i++) {
        const struct peer *peer = &peers->peer[i];
        standing.core_up |= is_role(peer, "core") && peer->up;
        standing.unseal_up |= is_role(peer, "unseal") && peer->up;
        if (!is_role(peer, "hsm"))
            continue;
        standing.signers++;
        standing.signers_up += peer->up;
        standing.provisioned |= peer->provisioned;
        if (peer->index == 0)
            standing.keyring_sequence = peer->keyring_sequence;
    }
    return standing;
}

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

static enum err wait_for_answer(struct provd_peers *peers, const struct peer *peer,
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
static enum err ask(struct peer *peer, uint16_t verb, struct bytes question, int64_t deadline_ms,
                    struct secret *answer) {
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
static enum err ask_only(struct peer *peer, uint16_t verb, struct bytes question, int64_t wait_ms,
                         struct secret *answer) {
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
    return ask_only(find(peers, "core", ANY_INDEX), verb, question, CORE_WAIT_MS, answer);
}

void provd_peers_changed(struct provd_peers *peers, uint64_t sequence) {
    uint8_t memory[16];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct peer *core = find(peers, "core", ANY_INDEX);
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
    return ask_only(find(peers, "hsm", 0), verb, question, KEY_MAKER_WAIT_MS, answer);
}

enum err provd_peers_plugin(struct provd_peers *peers, struct plugin_hello *hello) {
    const struct peer *peer = find(peers, "plugin", ANY_INDEX);
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
    return ask_only(find(peers, "plugin", ANY_INDEX), verb, question, PLUGIN_WAIT_MS, answer);
}

/* The next signer that serves and has keys, in turns; NULL when there is none. */
static struct peer *next_signer(struct provd_peers *peers) {
    for (size_t i = 0; i < peers->count; i++) {
        struct peer *peer = &peers->peer[(peers->next_signer + i) % peers->count];
        if (!is_role(peer, "hsm") || !peer->up || !peer->provisioned)
            continue;
        peers->next_signer = (peers->next_signer + i + 1) % peers->count;
        return peer;
    }
    return NULL;
}

/* The unseal worker, unless it is being replaced: it ends after a number of questions. */
static struct peer *next_unseal(struct provd_peers *peers) {
    struct peer *peer = find(peers, "unseal", ANY_INDEX);
    return peer != NULL && peer->up ? peer : NULL;
}

/* For questions that may be asked twice: of whoever ${next} gives, until one has answered. */
static enum err ask_until_answered(struct provd_peers *peers,
                                   struct peer *(*next)(struct provd_peers *peers),
                                   const struct frame *question, struct secret *answer) {
    int64_t deadline_ms = clock_boot_ms() + REPEATED_WAIT_MS;
    while (clock_boot_ms() < deadline_ms && !peers->stopping) {
        struct peer *peer = next(peers);
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
