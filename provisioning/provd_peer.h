#pragma once

#include "provisioning/provd_peers.h"

/* Inside the peers: who they are, and the one question that is open. */
#define PROVD_PEERS_ANY_INDEX (-1)
#define PROVD_PEER_VERBS_MAX  24

/* One process provd talks to. Its socket stays when it dies; what it had taken is lost with it. */
struct provd_peer {
    struct provd_peers *peers;
    char role[BOOT_NAME_SIZE];
    uint16_t index;
    int fd;
    struct serve_peer *serve_peer; /* NULL once it broke the protocol, until its successor is up */
    bool up;
    bool provisioned, complete; /* signers: as their last hello said */
    uint64_t keyring_sequence;  /* likewise */
    uint32_t interruptions;     /* how often it went down: a question survives none */
    struct plugin_hello plugin; /* a plug-in's, as it or its predecessor said; "": not yet */
    size_t verb_count;
    struct serve_verb verbs[PROVD_PEER_VERBS_MAX];
};

struct provd_peers {
    struct serve *serve;
    bool stopping;
    struct {
        const struct provd_peer *peer; /* NULL: no question is open */
        uint64_t id;
        uint16_t answer_type;
        bool answered;
        struct secret payload;
    } open;
    uint64_t last_id;
    size_t next_signer;
    size_t count;
    struct provd_peer peer[];
};

bool provd_peers_is_role(const struct provd_peer *peer, const char *role);
/* NULL: none. There is one core, one unseal worker, one plug-in at most, whatever their index. */
struct provd_peer *provd_peers_find(struct provd_peers *peers, const char *role, int index);
