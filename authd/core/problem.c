#include "authd/core/problem.h"

#define BODY(name, title, status)                                                                  \
    "{\"type\":\"urn:idcs:problem:" name "\",\"title\":\"" title "\",\"status\":" #status "}"
#define PROBLEM(name, title, status)                                                               \
    { name, status, BODY(name, title, status), sizeof(BODY(name, title, status)) - 1 }

static const struct {
    const char *name;
    uint16_t status;
    const char *body;
    size_t body_len;
} problems[PROBLEM_COUNT] = {
    [PROBLEM_MALFORMED] = PROBLEM("malformed", "The request breaks a rule of the protocol", 400),
    [PROBLEM_MEDIA_TYPE] =
        PROBLEM("media-type", "The body is neither application/jose nor application/json", 415),
    [PROBLEM_NOT_RECOGNISED] =
        PROBLEM("not-recognised", "The programme is not recognised or may not ask now", 401),
    [PROBLEM_NOT_PERMITTED] =
        PROBLEM("not-permitted", "The policy does not allow this call or factor", 403),
    [PROBLEM_OUT_OF_TIME] =
        PROBLEM("out-of-time", "The time of the request or of the sealed block has passed", 400),
    [PROBLEM_NOT_SEALED_FOR_US] = PROBLEM(
        "not-sealed-for-us", "The sealed block does not open, or is bound to something else", 400),
    [PROBLEM_REPLAYED] = PROBLEM("replayed", "This request or sealed block was served before", 409),
    [PROBLEM_IN_PROGRESS] =
        PROBLEM("in-progress", "The first request with this key is under way", 409),
    [PROBLEM_KEY_REUSED] =
        PROBLEM("key-reused", "The idempotency key belongs to another request", 422),
    [PROBLEM_TOO_MANY] =
        PROBLEM("too-many", "The programme has used up its rate or failure budget", 429),
    [PROBLEM_NOT_AUTHENTICATED] =
        PROBLEM("not-authenticated", "The person is not authenticated", 403),
    [PROBLEM_UNAVAILABLE] = PROBLEM("unavailable", "Nothing was decided", 503),
};

static const struct {
    enum mosip_error error;
    enum problem problem;
} of_errors[] = {
    {MOSIP_MLC_001, PROBLEM_OUT_OF_TIME},
    {MOSIP_MLC_002, PROBLEM_MALFORMED},
    {MOSIP_MLC_004, PROBLEM_MALFORMED},
    {MOSIP_MLC_006, PROBLEM_MALFORMED},
    {MOSIP_MLC_008, PROBLEM_MALFORMED},
    {MOSIP_MLC_009, PROBLEM_MALFORMED},
    {MOSIP_MLC_011, PROBLEM_NOT_PERMITTED},
    {MOSIP_MLC_012, PROBLEM_MALFORMED},
    {MOSIP_MLC_013, PROBLEM_MALFORMED},
    {MOSIP_MLC_015, PROBLEM_NOT_PERMITTED},
    {MOSIP_DEA_002, PROBLEM_MALFORMED},
    {MOSIP_OTA_008, PROBLEM_MALFORMED},
    {MOSIP_OTA_009, PROBLEM_NOT_PERMITTED},
    {MOSIP_MPA_003, PROBLEM_NOT_SEALED_FOR_US},
    {MOSIP_MPA_005, PROBLEM_NOT_PERMITTED},
    {MOSIP_MPA_006, PROBLEM_NOT_PERMITTED},
    {MOSIP_MPA_013, PROBLEM_NOT_PERMITTED},
    {MOSIP_MPA_015, PROBLEM_NOT_PERMITTED},
    {MOSIP_MPA_016, PROBLEM_NOT_SEALED_FOR_US},
    /* of biometrics, before the person is looked for */
    {MOSIP_MLC_022, PROBLEM_NOT_PERMITTED},
    {MOSIP_MLC_024, PROBLEM_MALFORMED},
    {MOSIP_MLC_030, PROBLEM_MALFORMED},
    {MOSIP_MLC_031, PROBLEM_MALFORMED},
    {MOSIP_BIA_002, PROBLEM_MALFORMED},
    {MOSIP_BIA_003, PROBLEM_MALFORMED},
    {MOSIP_BIA_007, PROBLEM_MALFORMED},
    {MOSIP_BIA_008, PROBLEM_MALFORMED},
    {MOSIP_BIA_009, PROBLEM_MALFORMED},
    {MOSIP_BIA_010, PROBLEM_MALFORMED},
    {MOSIP_BIA_011, PROBLEM_MALFORMED},
    {MOSIP_BIA_014, PROBLEM_MALFORMED},
    {MOSIP_BIA_017, PROBLEM_NOT_PERMITTED},
    {MOSIP_DPM_004, PROBLEM_MALFORMED},
};

const char *problem_text(enum problem problem) {
    return problem > PROBLEM_NONE && problem < PROBLEM_COUNT ? problems[problem].name : "";
}

enum problem problem_of(enum mosip_error error) {
    for (size_t i = 0; i < sizeof(of_errors) / sizeof(of_errors[0]); i++) {
        if (of_errors[i].error == error)
            return of_errors[i].problem;
    }
    return PROBLEM_NOT_RECOGNISED;
}

void problem_answer(enum problem problem, int64_t retry_after_ms, struct edge_answer *answer) {
    if (problem <= PROBLEM_NONE || problem >= PROBLEM_COUNT)
        problem = PROBLEM_UNAVAILABLE;
    *answer =
        (struct edge_answer){.status = problems[problem].status,
                             .content = EDGE_PROBLEM,
                             .retry_after_seconds = (uint32_t)((retry_after_ms + 999) / 1000),
                             .body = bytes_of(problems[problem].body, problems[problem].body_len)};
}
