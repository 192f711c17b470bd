#pragma once

#include "provisioning/officer_wire.h"

/* OFFICER_TRUST_LIST: which authorities the trust domains have. */
#define OFFICER_SUBJECT_SIZE 128
#define OFFICER_ANCHORS_MAX  48

struct officer_trust_question {
    char domain[OFFICER_DOMAIN_SIZE]; /* "": those that the box itself asks */
};

struct officer_anchor {
    char domain[OFFICER_DOMAIN_SIZE];
    uint8_t thumbprint[32];             /* SHA-256 of the certificate */
    int64_t not_after_ms;               /* 0: it is not valid today */
    char subject[OFFICER_SUBJECT_SIZE]; /* its common name; "" when it is not valid today */
};
struct officer_anchors {
    struct officer_outcome outcome;
    size_t count; /* when the outcome is ERR_OK */
    struct officer_anchor of[OFFICER_ANCHORS_MAX];
};

/* OFFICER_TRUST_REMOVE: an authority is trusted no more; answered with an outcome. */
struct officer_trust_remove {
    char domain[OFFICER_DOMAIN_SIZE];
    uint8_t thumbprint[32]; /* SHA-256 of the certificate, as the list shows it */
    bool dry_run;
};

void officer_wire_put_trust_remove(struct buffer *target,
                                   const struct officer_trust_remove *question);
MUST_CHECK enum err officer_wire_get_trust_remove(struct bytes payload,
                                                  struct officer_trust_remove *question);
void officer_wire_put_trust_question(struct buffer *target,
                                     const struct officer_trust_question *question);
MUST_CHECK enum err officer_wire_get_trust_question(struct bytes payload,
                                                    struct officer_trust_question *question);
void officer_wire_put_anchors(struct buffer *target, const struct officer_anchors *answer);
MUST_CHECK enum err officer_wire_get_anchors(struct bytes payload, struct officer_anchors *answer);
