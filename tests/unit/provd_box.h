#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "firmware/base/serve.h"
#include "hsm/wire.h"
#include "hsm/wire_keys.h"
#include "hsm/wire_wrap.h"
#include "authd/store/key_usage_report.h"
#include "authd/wire/plugin_wire.h"
#include "authd/wire/sample_wire.h"
#include "provisioning/change.h"
#include "provisioning/officer_wire_keys.h"
#include "provisioning/officer_wire_trust.h"

/*
 * provd's operations over a registry on disk, with core, unseal, two signers and, if the test wants
 * one, a plug-in at the other ends of the real frames. They answer as the real ones do; what they
 * say or refuse is for the test to set.
 */
#define BOX_AUDITS_MAX 64

struct provd_box {
    struct provd provd;
    struct serve *serve;
    char directory[64];
    int ends[5][2]; /* core, unseal, signer 0, signer 1, plug-in: provd's end and the other's */
    struct serve_peer *far[5];

    /* core */
    bool core_silent;
    enum err core_status;
    size_t audit_count;
    struct provd_audit audits[BOX_AUDITS_MAX];
    uint64_t sequence_at_audit; /* of the registry, when core was asked last */
    size_t changed_count;
    uint64_t changed_sequence;
    uint16_t core_opens; /* the newest root it has open, or will have */
    size_t roots_asked;
    struct key_usage_report usage; /* of whatever key it is asked for */
    enum err usage_status;
    struct key_usage_key usage_asked;

    /* unseal */
    enum err certificate_status;
    bool certificate_is_authority;
    size_t anchors_given; /* with the last certificate */
    size_t records_read;  /* asked for enrolment */

    /* plug-in; ${has_plugin} counts from the next provd_box_start on */
    bool has_plugin, plugin_compares_irises, plugin_deaf;
    enum err plugin_status;
    size_t images_seen;

    /* signers */
    bool keys_made, lacks_active; /* one that a box cannot do without was revoked at once */
    size_t roots_made;
    enum err open_status;
    size_t order_count;
    struct hsm_key_order order; /* the last about a key */
    enum err order_status;      /* what the signer says to it */
    bool order_needed;          /* and that something stored depends on the key */
    unsigned limited_answers;   /* so many lookups are answered by ERR_LIMIT first */
    unsigned behind_answers; /* so many by a signer that knows of no other pepper but the oldest */
    int deaf_signer;         /* takes questions and dies over them; -1: none */
    size_t lookups[2];       /* each signer's */

    /* signer 0's keyring: KEK and pepper, and what depends on them by provd's word */
    struct hsm_generations kek, pepper;
    uint16_t
        pepper_made_anew; /* of this generation, after an older keyring was put back; 0: none */
    uint16_t kek_of_roots_made; /* by a signer that is behind; 0: the active one */
    struct hsm_need need;
    size_t standings, needs, rewraps;
    enum err rewrap_status;
    unsigned kek_rolls_after; /* so many roots wrapped anew it has another successor; 0: never */
    bool rewrap_spoils;       /* what is wrapped anew is another root */

    struct officer_anchors anchors; /* the last listed */
    struct officer_keys keys;       /* the last listed */
    struct officer_issued issued;   /* the last; its views end with the next question */
    /* What a test itself answers: PKCS10 as unseal, CERTIFY and KEYS as signer 0. NULL: nothing. */
    enum err (*more)(struct provd_box *box, const struct frame *question, struct buffer *answer);
};

/* The lookup key that the signers make of an id hash with the pepper of this generation. */
void provd_box_lookup_key(const uint8_t id_hash[static 32], uint16_t generation,
                          uint8_t key[static 32]);
/* The KEK or the pepper has a successor, and signer 0 says so in a HELLO. */
void provd_box_roll_key(struct provd_box *box, struct hsm_generations *key);
/* What an officer is shown of the box. */
/* Both signers say that the keyring lacks an active key. */
void provd_box_lack_key(struct provd_box *box);
struct officer_box provd_box_status(struct provd_box *box);

/* The process provd starts, on the registry that is there. */
void provd_box_start(struct provd_box *box);
/* It ends, by whatever means; the registry stays. */
void provd_box_stop(struct provd_box *box);
int provd_box_setup(void **state);
int provd_box_teardown(void **state);

/* Asks as an officer with uid 4242 does. ERR_…: the question broke the protocol. */
enum err provd_box_ask(struct provd_box *box, uint16_t type, struct bytes payload,
                       struct officer_outcome *outcome);
/* The same, with what a writer wrote, where the protocol holds. */
struct officer_outcome provd_box_change(struct provd_box *box, uint16_t type,
                                        const struct buffer *payload);
/* Gives the box its keys. */
void provd_box_initialise(struct provd_box *box);
void provd_box_assert_done(struct officer_outcome outcome);
void provd_box_assert_refused(struct officer_outcome outcome, enum officer_reason reason);
