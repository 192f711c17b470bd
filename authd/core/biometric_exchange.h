#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/secret.h"
#include "authd/core/request.h"
#include "authd/store/policy_bound.h"
#include "authd/wire/sample_wire.h"

/*
 * What only a request with biometrics has: what unseal said of them in its two steps, the keys
 * between, and what is decided by. In memory of its own that is wiped with the request.
 */
struct biometric_workspace;

/* What a plug-in's scores of one presented image came to. */
struct biometric_plugin_score {
    uint32_t score;   /* 0: it was compared with nothing */
    uint8_t position; /* of the enrolled finger that it is the score of; 0: not a finger */
};

struct biometric_exchange {
    struct biometric_workspace *workspace; /* the lane's, in use within one call at a time */
    uint8_t *memory;                       /* of ${text} and of the views in ${segments} */
    size_t memory_len;
    struct bytes text; /* of the member, for UNSEAL_SAMPLES */
    struct biometric_segments segments;
    size_t key_count;                             /* that have been unwrapped */
    uint16_t generations[BIOMETRIC_SEGMENTS_MAX]; /* of the keys that opened these */
    struct secret keys;
    uint8_t *samples; /* the answer of UNSEAL_SAMPLES as it came, checked; NULL: not yet */
    size_t samples_len;
    struct policy_thresholds thresholds;
    /* enum biometric_modality, as bits: those whose images the plug-in there is can compare */
    uint8_t comparable;
    /* likewise: those of which images are presented that it has not compared yet */
    uint8_t to_compare;
    int64_t compare_boot_ms; /* since when it waits for the plug-in */
    uint64_t compare_ticket; /* its place in the queue for the plug-in */
    struct biometric_plugin_score plugin_scores[BIOMETRIC_SEGMENTS_MAX];
    struct secret enrolled; /* the row of the person's biometrics, once it is read */
    bool has_enrolled;      /* it was looked for; none is as good as an empty one */
};

#define BIOMETRIC_BIT(modality) (1u << (modality))

/* Copies what ${payload} has of biometrics; ${request->factors} gains those that are presented.
 * ERR_MALFORMED: it is none of unseal's; nothing changed then, nor at ERR_FULL. */
MUST_CHECK enum err biometric_exchange_begin(struct request *request, const struct payload *payload,
                                             struct biometric_workspace *workspace);
/* Keeps the answer of UNSEAL_SAMPLES for the decision, and lets go of what it was made from. */
MUST_CHECK enum err biometric_exchange_keep(struct biometric_exchange *exchange,
                                            struct bytes samples);
/* The samples kept. The caller wipes them. */
MUST_CHECK enum err biometric_exchange_samples(const struct biometric_exchange *exchange,
                                               struct samples *samples);
void biometric_exchange_free(struct biometric_exchange *exchange); /* wipes; NULL is allowed */

/* The factors of a policy that these segments are. */
uint32_t biometric_exchange_factors(const struct biometric_segments *segments);
