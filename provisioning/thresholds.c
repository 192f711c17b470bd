#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "authd/store/policy_bound.h"
#include "provisioning/thresholds.h"

#define PROBABILITY_SIZE 16 /* "0.000000000001" */
#define DECIMALS         12

_Static_assert(FALSE_MATCH_CERTAIN == UINT64_C(1000000000000), "DECIMALS has its zeroes");

static const struct {
    const char *name, *at_most;
    uint32_t types; /* AUTH_TYPE_BITs */
    uint8_t presented_most;
} modalities[POLICY_BIOMETRICS] = {
    [POLICY_FINGER] = {"finger", "biometrics.finger.atMost",
                       AUTH_TYPE_BIT(AUTH_TYPE_BIO_FINGER) | AUTH_TYPE_BIT(AUTH_TYPE_BIO_FMR),
                       POLICY_BOUND_FINGERS_MOST},
    [POLICY_IRIS] = {"iris", "biometrics.iris.atMost", AUTH_TYPE_BIT(AUTH_TYPE_BIO_IRIS),
                     POLICY_BOUND_IRISES_MOST},
    [POLICY_FACE] = {"face", "biometrics.face.atMost", AUTH_TYPE_BIT(AUTH_TYPE_BIO_FACE),
                     POLICY_BOUND_FACES_MOST},
};

/* In decimals, as an officer writes it, without zeroes behind. */
static void write_probability(uint64_t parts, char text[static PROBABILITY_SIZE]) {
    int len = snprintf(text, PROBABILITY_SIZE, "%" PRIu64 ".%0*" PRIu64,
                       parts / FALSE_MATCH_CERTAIN, DECIMALS, parts % FALSE_MATCH_CERTAIN);
    while (text[len - 1] == '0')
        text[--len] = '\0';
    if (text[len - 1] == '.')
        text[len - 1] = '\0';
}

/* "finger 0.0001x2x4x5 + face 0.0001x1x4x5 = 0.006 > 0.005" */
static enum err refuse_ceiling(struct change *change, const struct policy_thresholds *thresholds) {
    char text[OFFICER_DETAIL_SIZE], rate[PROBABILITY_SIZE], ceiling[PROBABILITY_SIZE];
    struct buffer buffer = buffer_over(text, sizeof text - 1);
    for (size_t i = 0; i < POLICY_BIOMETRICS; i++) {
        if (thresholds->bound.comparisons[i] == 0)
            continue;
        write_probability(thresholds->rate[i], rate);
        buffer_format(&buffer, "%s%s %sx%ux%ux%u", buffer.len > 0 ? " + " : "", modalities[i].name,
                      rate, thresholds->presented[i], thresholds->enrolled[i], POLICY_BOUND_TRIES);
    }
    write_probability(thresholds->bound.transaction, rate);
    write_probability(thresholds->ceiling, ceiling);
    buffer_format(&buffer, " = %s > %s", rate, ceiling);
    text[buffer.len] = '\0';
    return change_refuse(change, ERR_DENIED, OFFICER_REASON_CEILING, text);
}

/* The least rate that is claimed for a modality. */
static uint64_t least_claimed(enum policy_biometric modality) {
    const struct false_match_table *table =
        modality == POLICY_FINGER ? &false_match_table_finger : &false_match_table_iris;
    return table->rows[table->count - 1].rate;
}

static enum err refuse_rate(struct change *change, enum policy_biometric modality) {
    char text[OFFICER_DETAIL_SIZE], least[PROBABILITY_SIZE];
    write_probability(least_claimed(modality), least);
    (void)snprintf(text, sizeof text, "%s: %s", modalities[modality].name, least);
    return change_refuse(change, ERR_CONFIG, OFFICER_REASON_RATE, text);
}

/* Whose rate it is that no table claims: the policy with that modality alone tells. */
static enum err blame_rate(struct change *change, const struct policy *policy) {
    struct policy_thresholds thresholds;
    for (enum policy_biometric i = 0; i < POLICY_BIOMETRICS; i++) {
        struct policy alone = *policy;
        alone.allowed &= modalities[i].types;
        if (policy_bound_check(&alone, NULL, &thresholds) == ERR_CONFIG)
            return refuse_rate(change, i);
    }
    return change_require(change, ERR_CONFIG, "biometrics");
}

enum err thresholds_judge(struct change *change, const struct policy *policy) {
    struct policy_thresholds thresholds;
    for (size_t i = 0; i < POLICY_BIOMETRICS; i++) {
        bool over = policy->biometrics.presented[i] > modalities[i].presented_most;
        ERR_TRY(change_require(change, over ? ERR_MALFORMED : ERR_OK, modalities[i].at_most));
    }
    enum err err = policy_bound_check(policy, NULL, &thresholds);
    if (err == ERR_DENIED)
        return refuse_ceiling(change, &thresholds);
    return err == ERR_OK ? ERR_OK : blame_rate(change, policy);
}
