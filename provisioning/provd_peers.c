#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "firmware/base/log.h"
#include "hsm/wire.h"
#include "hsm/wire_certify.h"
#include "hsm/wire_keys.h"
#include "hsm/wire_tls_install.h"
#include "hsm/wire_wrap.h"
#include "authd/wire/pkcs10_wire.h"
#include "provisioning/provd_peer.h"

static enum err take_answer(void *context, struct serve_peer *serve_peer,
                            const struct frame *frame) {
    struct provd_peer *peer = context;
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
    struct provd_peer *peer = context;
    struct hsm_hello hello;
    (void)serve_peer;
    ERR_TRY(hsm_wire_get_hello(frame->payload, &hello));
    peer->provisioned = hello.provisioned;
    peer->complete = hello.complete;
    peer->keyring_sequence = hello.keyring_sequence;
    return ERR_OK;
}

static enum err take_plugin_hello(void *context, struct serve_peer *serve_peer,
                                  const struct frame *frame) {
    struct provd_peer *peer = context;
    (void)serve_peer;
    return plugin_wire_get_hello(frame->payload, &peer->plugin);
}

/* What each may send: a word of its own, if it has one, and answers. */
static const struct role {
    const char *name;
    struct serve_verb hello;
    uint16_t answers[PROVD_PEER_VERBS_MAX]; /* the last is 0 */
} roles[] = {
    {"core", {0}, {PROVD_AUDITED, PROVD_KEY_USAGE_IS, PROVD_ROOT_IS}},
    {"unseal",
     {0},
     {UNSEAL_CERTIFICATE_READ, UNSEAL_ENROLMENT_READ, UNSEAL_TLS_CHAIN_READ, UNSEAL_PKCS10_READ}},
    {"hsm",
     {HSM_HELLO, SERVE_ANY_STATE, take_hello},
     {HSM_LOOKED_UP, HSM_ROOT_OPENED, HSM_PUBLICATION, HSM_GENERATED, HSM_ROOT_MADE, HSM_KEYS_ARE,
      HSM_KEY_ORDERED, HSM_TLS_REQUESTED, HSM_TLS_INSTALLED, HSM_TLS_REMOVED, HSM_TLS_SHOWN,
      HSM_STANDING_IS, HSM_ROOT_REWRAPPED, HSM_NEEDED, HSM_CERTIFIED}},
    {"plugin", {PLUGIN_HELLO, SERVE_ANY_STATE, take_plugin_hello}, {PLUGIN_EXTRACTED}},
};

/* It broke the protocol: nothing more is read from it until authd has replaced it. */
static void lost_peer(void *context, struct serve_peer *serve_peer, enum err reason) {
    struct provd_peer *peer = context;
    (void)serve_peer;
    log_event(LOG_ERROR, "peer-lost", "role=%s index=%u reason=%s", peer->role, peer->index,
              err_text(reason));
    peer->serve_peer = NULL;
    peer->up = false;
    peer->interruptions++;
    if (boot_report_peer(peer->peers->serve, peer->role, peer->index) != ERR_OK)
        log_event(LOG_ERROR, "report-failed", "role=%s index=%u", peer->role, peer->index);
}

static void fill_verbs(struct provd_peer *peer, const struct role *role) {
    peer->verb_count = 0;
    if (role->hello.handle != NULL)
        peer->verbs[peer->verb_count++] = role->hello;
    for (size_t i = 0; role->answers[i] != 0; i++)
        peer->verbs[peer->verb_count++] =
            (struct serve_verb){role->answers[i], SERVE_ANY_STATE, take_answer};
}

static enum err add_to_loop(struct provd_peer *peer) {
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
    struct provd_peers *made =
        calloc(1, sizeof *made + boot->peer_count * sizeof(struct provd_peer));
    if (made == NULL)
        return ERR_SYSTEM;
    made->serve = serve;
    /* The sockets outlive provd: an answer to its predecessor must never be taken for one to it. */
    randombytes_buf(&made->last_id, sizeof made->last_id);
    for (size_t i = 0; i < boot->peer_count; i++) {
        struct provd_peer *peer = &made->peer[made->count++];
        *peer = (struct provd_peer){
            .peers = made, .index = boot->peers[i].index, .fd = boot->peers[i].fd};
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

bool provd_peers_is_role(const struct provd_peer *peer, const char *role) {
    return strcmp(peer->role, role) == 0;
}

struct provd_peer *provd_peers_find(struct provd_peers *peers, const char *role, int index) {
    for (size_t i = 0; i < peers->count; i++)
        if (provd_peers_is_role(&peers->peer[i], role) &&
            (index == PROVD_PEERS_ANY_INDEX || peers->peer[i].index == index))
            return &peers->peer[i];
    return NULL;
}

void provd_peers_down(struct provd_peers *peers, const char *role, uint16_t index) {
    struct provd_peer *peer = provd_peers_find(peers, role, index);
    if (peer == NULL)
        return;
    peer->up = false;
    peer->interruptions++;
}

void provd_peers_up(struct provd_peers *peers, const char *role, uint16_t index) {
    struct provd_peer *peer = provd_peers_find(peers, role, index);
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
        const struct provd_peer *peer = &peers->peer[i];
        standing.core_up |= provd_peers_is_role(peer, "core") && peer->up;
        standing.unseal_up |= provd_peers_is_role(peer, "unseal") && peer->up;
        if (!provd_peers_is_role(peer, "hsm"))
            continue;
        standing.signers++;
        standing.signers_up += peer->up;
        standing.provisioned |= peer->provisioned;
        standing.has_keys |= peer->provisioned || peer->complete;
        if (peer->index == 0)
            standing.keyring_sequence = peer->keyring_sequence;
    }
    return standing;
}
