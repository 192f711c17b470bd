#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "firmware/base/serve.h"
#include "authd/core/core.h"
#include "authd/core/lane_watch.h"
#include "authd/core/otp_delivery.h"
#include "authd/core/p256.h"
#include "authd/core/programmes.h"
#include "authd/core/request.h"
#include "authd/core/signature.h"
#include "authd/core/suspects.h"
#include "authd/wire/plugin_wire.h"

/*
 * A lane is one thread of core with its own loop, its own sockets to edge, unseal, the signers and
 * the notifier, and its own request slots. Lanes share only what struct core names.
 */
#define LANE_REQUESTS_MAX 512
/* Of these, the most that one programme's certificate has in the JOSE profile. */
#define LANE_REQUESTS_A_CLIENT (LANE_REQUESTS_MAX / 2)
#define LANE_DELIVERIES_MAX    256
#define LANE_NO_SIGNER         UINT32_MAX
#define LANE_EVENTS_MAX        64

struct lane_signer {
    struct serve_peer *peer;
    bool ready;       /* has said hello and not died since */
    bool provisioned; /* by its last hello */
    bool is_up;       /* has said hello, of keys or of none, and not died since */
    uint8_t process_id[HSM_PROCESS_ID_BYTES];
    uint64_t keyring_sequence; /* of the keys it works with */
};

/* Of biometric_plugin.h. */
struct lane_plugin {
    struct serve_peer *peer; /* NULL: there is none, or it is being replaced */
    bool ready;              /* has said hello and not died since */
    bool down_is_due;        /* its end is known, authd's word of it is still to come */
    char name[PLUGIN_NAME_SIZE];
    uint8_t modalities;        /* BIOMETRIC_BITs, of the last HELLO */
    bool asking;               /* a question is outstanding */
    uint32_t slot, generation; /* whose it is */
    int64_t asked_boot_ms;
    uint64_t tickets; /* handed out so far */
};

/* A code whose message is with the notifier. */
struct lane_delivery {
    bool used;
    uint32_t generation;
    struct otp_delivery delivery;
};

/* What lane 0, which has the control socket, tells the others. */
struct lane_event {
    enum { LANE_PEER_DOWN, LANE_PEER_UP, LANE_STOP, LANE_PEER_LOST /* to lane 0 */ } kind;
    char role[BOOT_NAME_SIZE];
    uint16_t index;
};

TAILQ_HEAD(request_list, request);

struct lane {
    struct core *core;
    unsigned index;
    pthread_t thread;
    struct serve *serve;
    struct serve_peer *edge, *unseal, *notify; /* NULL: broke the protocol, being replaced */
    struct lane_signer signers[CORE_SIGNERS_MAX];
    struct lane_plugin plugin;
    uint32_t notify_epoch; /* of the notifier's process, 0: none has said hello */
    struct pulse pulse;    /* lane 0 watches the others' */
    struct lane_watch watch;
    struct signature_cache *signatures;
    struct p256_cache *keys;
    struct programmes *programmes;
    struct secret biometric_memory;
    struct biometric_workspace *biometrics; /* in that memory */
    struct request *requests;               /* LANE_REQUESTS_MAX */
    int64_t swept_boot_ms;                  /* when deadlines were last looked at */
    struct request_list due;                /* of due.h */
    int due_fd;
    int64_t due_armed_ns;
    uint64_t frame_ids; /* upper half of our questions' ids, random at each start */
    uint32_t free_slots[LANE_REQUESTS_MAX];
    size_t free_count;
    struct lane_delivery deliveries[LANE_DELIVERIES_MAX];
    size_t delivery_count;
    int64_t stop_boot_ms;  /* told to stop: when it ends at the latest; 0: not told */
    unsigned clients_told; /* the version of the list that edge has */
    int64_t clients_retry_ms;
    unsigned unseal_silent; /* deadlines passed in its hands since its last answer */
    struct suspects suspects;
    /* refusals to callers nobody vouches for: a bucket, refilled by time */
    double unverified_tokens;
    int64_t unverified_filled_ms;
    /* mailbox */
    int event_fd;
    pthread_mutex_t event_lock;
    struct lane_event events[LANE_EVENTS_MAX];
    size_t event_count;
    uint8_t *scratch; /* FRAME_PAYLOAD_MAX, for encoding questions */
};

/* Opens the lane's loop and sockets. ERR_SYSTEM, ERR_NOT_FOUND (a peer is missing in the boot
 * message). */
MUST_CHECK enum err lane_open(struct lane *lane, struct core *core, unsigned index,
                              struct pulse *pulse);
MUST_CHECK enum err lane_start(struct lane *lane); /* its own thread, for all but lane 0 */
void lane_join(struct lane *lane);
/*
 * Ends the lane's loop when the notifier has said what became of the codes it has, but soon: a code
 * that reached its person before an orderly end is good after it.
 */
void lane_stop(struct lane *lane);
void lane_close(struct lane *lane);

/* Thread-safe: puts an event into the lane's mailbox. */
void lane_post(struct lane *lane, const struct lane_event *event);
/* Thread-safe: the lane takes a turn. */
void lane_wake(struct lane *lane);

/* Edge's question; the handler of its dispatch table. */
MUST_CHECK enum err lane_on_request(void *context, struct serve_peer *peer,
                                    const struct frame *frame);

/* Answers edge without a signature and frees the slot. */
void lane_answer_bare(struct lane *lane, struct request *request, uint16_t status);
/* Sends ${request->edge_answer} and frees the slot. */
void lane_answer(struct lane *lane, struct request *request);
/* The same in two. */
void lane_send(struct lane *lane, const struct request *request);
void lane_release(struct lane *lane, struct request *request);

/*
 * Asks ${peer}. The question in ${payload} gets the slot's id and a generation of its own.
 * ERR_FULL: the queue is full, nothing was asked.
 */
MUST_CHECK enum err lane_ask(struct lane *lane, struct request *request, struct serve_peer *peer,
                             uint16_t type, const struct buffer *payload);
/* The lane's own signer if it is ready, else another but ${request}'s last; LANE_NO_SIGNER when
 * none is. */
unsigned lane_choose_signer(const struct lane *lane, const struct request *request);

/* One signed refusal for a caller nobody vouches for; false: the bucket is empty, answer a bare
 * 503. */
bool lane_take_unverified(struct lane *lane);
