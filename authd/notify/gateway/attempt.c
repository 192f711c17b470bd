#include "authd/notify/gateway/attempt.h"

enum {
    HTTP_ACCEPTED = 202,
    HTTP_BAD_GATEWAY = 502,
    HTTP_GATEWAY_TIMEOUT = 504,
    FIRST_REFUSAL = 400, /* in HTTP and in SMTP */
    FIRST_FAULT = 500,   /* in HTTP */
    END_OF_STATUS = 600,
};

static enum attempt_outcome without_status(const struct attempt_facts *facts) {
    return facts->wrote ? ATTEMPT_UNKNOWN : ATTEMPT_NOT_SENT;
}

static bool is_refusal(long status) {
    return status >= FIRST_REFUSAL && status < END_OF_STATUS;
}

static enum attempt_outcome judge_mail(const struct attempt_facts *facts) {
    if (facts->finished)
        return ATTEMPT_ACCEPTED;
    return is_refusal(facts->status) ? ATTEMPT_REFUSED : without_status(facts);
}

enum attempt_outcome attempt_judge(const struct attempt_facts *facts) {
    if (facts->mail)
        return judge_mail(facts);
    if (facts->status == HTTP_ACCEPTED)
        return ATTEMPT_ACCEPTED;
    if (facts->status == 0)
        return without_status(facts);
    if (!is_refusal(facts->status) || facts->status == HTTP_BAD_GATEWAY ||
        facts->status == HTTP_GATEWAY_TIMEOUT)
        return ATTEMPT_UNKNOWN;
    return facts->status < FIRST_FAULT ? ATTEMPT_REFUSED : ATTEMPT_FAULT;
}

bool attempt_may_be_repeated(enum attempt_outcome outcome) {
    return outcome == ATTEMPT_REFUSED || outcome == ATTEMPT_FAULT || outcome == ATTEMPT_NOT_SENT;
}

const char *attempt_text(enum attempt_outcome outcome) {
    static const char *const texts[] = {
        [ATTEMPT_ACCEPTED] = "accepted", [ATTEMPT_REFUSED] = "refused", [ATTEMPT_FAULT] = "fault",
        [ATTEMPT_NOT_SENT] = "not-sent", [ATTEMPT_UNKNOWN] = "unknown",
    };
    return (unsigned)outcome < sizeof texts / sizeof *texts ? texts[outcome] : "none";
}
