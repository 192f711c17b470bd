#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/secret.h"
#include "authd/wire/unseal_wire.h"
#include "provisioning/change.h"

/* Certificates that officers bring: unseal reads them, provd judges. */
#define CERTIFICATES_ANCHORS_MAX                                                                   \
    (sizeof((struct unseal_certificate *)0)->anchors / sizeof(struct bytes))
#define CERTIFICATES_ANCHOR_MAX 4096 /* of one anchor, DER */

/* The anchors of a trust domain, with the memory they are in. */
struct certificates_anchors {
    size_t count;
    struct bytes der[CERTIFICATES_ANCHORS_MAX];
    uint8_t memory[CERTIFICATES_ANCHORS_MAX * CERTIFICATES_ANCHOR_MAX];
};
MUST_CHECK enum err certificates_load_anchors(struct change *change, const char *domain,
                                              struct certificates_anchors **anchors);
void certificates_free_anchors(struct certificates_anchors **anchors);
#define CERTIFICATES_CLEANUP __attribute__((cleanup(certificates_free_anchors)))

struct certificates_question {
    struct bytes encoded; /* PEM or DER */
    enum certificate_key key;
    const struct certificates_anchors *anchors; /* NULL: its path is not judged */
    const char *purpose; /* named in a refusal, where an officer brings several; NULL: not */
};
/* ${read} has views into ${answer}. Refuses what is not readable, valid today and of that key. */
MUST_CHECK enum err certificates_read(struct change *change,
                                      const struct certificates_question *question,
                                      struct secret *answer, struct unseal_certificate_read *read);
