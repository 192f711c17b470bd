#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "firmware/base/boot.h"
#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/secret.h"
#include "authd/store/record.h"
#include "authd/store/registry.h"
#include "provisioning/officer_wire.h"
#include "provisioning/officer_wire_certificate.h"
#include "provisioning/provd_peers.h"
#include "provisioning/standing.h"

struct officer_keys;
struct officer_tls_installed;
struct officer_tls_requested;
struct officer_tls_shown;
struct officer_usage;
struct officer_anchors;

/* The states of a box that answers. */
#define PROVD_SERVING                                                                              \
    (BOX_STATE_BIT(BOX_OPERATIONAL) | BOX_STATE_BIT(BOX_DEGRADED) | BOX_STATE_BIT(BOX_MAINTENANCE))

/* What the parts of provd share. */
struct provd {
    struct provd_peers *peers;
    struct record_keys *record_keys;
    struct registry *registry;
    bool roots_open; /* every root of the registry is in record_keys, but for an offered one */
    /* of the boot clock: the next step of a root's roll, a pepper's, a KEK's; an officer's last
     * change */
    int64_t roll_due_ms, pepper_due_ms, wrapping_due_ms, changed_ms;
    struct standing standing;
    struct box_anchors_look { /* at which of the CA's keys have ended (box_anchors.h) */
        bool is_done;
        uint64_t keyring_sequence;
        int64_t due_ms; /* of the boot clock */
    } anchors_look;
    struct pepper_rest { /* between sweeps that leave the same rows (pepper_roll.c) */
        uint64_t left;
        int64_t wait_ms, until_ms; /* until: of the boot clock */
    } pepper_rest;
    bool sweep_again;              /* an alias that should lead to a person is damaged */
    enum box_state state;          /* as authd last said */
    uint32_t uin_rules, vid_rules; /* enum identifier_rule */
    const char *token_partner;     /* of national settings made here */
    bool tls_in_file;              /* handshakes use a key outside the token: edge's */
    enum err fatal;                /* set: answer, then end; authd starts provd afresh */
};

/* One question of an officer, while it is worked on. */
struct change {
    struct provd *provd;
    const char *action; /* for the journal: "partner add" */
    uid_t officer_uid;
    struct bytes payload;
    struct officer_outcome outcome;
    /* answers of their own; ${outcome} is put into them when they are written */
    struct secret published; /* what the views of ${publication}, or of ${issued}, point into */
    struct officer_publication publication;
    struct officer_keys *keys;   /* not its own; NULL unless the answer is one */
    struct officer_usage *usage; /* likewise */
    struct officer_tls_requested *tls_requested;
    struct officer_tls_installed *tls_installed;
    struct officer_tls_shown *tls_shown;
    struct officer_box box;
    struct officer_jose_shown shown;
    struct officer_issued issued;
    struct officer_anchors *anchors; /* not its own; NULL unless the answer is one */
};

/* Sets the outcome and gives ${status} back, which is not ERR_OK. ${detail} may be NULL. */
MUST_CHECK enum err change_refuse(struct change *change, enum err status,
                                  enum officer_reason reason, const char *detail);
/* ERR_OK when ${status} is; else refuses, naming ${field}. */
MUST_CHECK enum err change_require(struct change *change, enum err status, const char *field);
/* Refuses, and logs why, when reading or writing the registry gave ${status}. */
MUST_CHECK enum err change_registry(struct change *change, enum err status);
/* Writes the journal before the change: ${subject} names what is changed, never a person. */
MUST_CHECK enum err change_record(struct change *change, const char *subject);
/* Makes ${batch} durable and tells core. A commit that fails ends provd: what it left is not known.
 */
MUST_CHECK enum err change_commit(struct change *change, struct registry_batch *batch);
