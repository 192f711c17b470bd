#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authd/core/jose_outcome.h"

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "authd/core/idempotency.h"
#include "authd/core/jose_attributes.h"
#include "authd/core/jose_seal.h"

enum { IN_PROGRESS_RETRY_MS = 1000 };

static void log_refusal(const struct request *request, enum problem problem) {
    char partner[PROGRAMME_ID_SIZE];
    log_safe(request->partner.id, partner, sizeof(partner));
    if (problem == PROBLEM_NONE) /* the answer does not say so */
        log_event(LOG_INFO, "code-not-made", "programme=%s reason=%s", partner, request->reason);
    else
        log_event(LOG_INFO, "request-refused", "programme=%s problem=%s reason=%s", partner,
                  problem_text(problem), request->reason);
}

/* A refusal that tells of a person is the one for all of them; of a request for a code it is none.
 */
static enum problem problem_for(const struct request *request) {
    const struct statement *statement = &request->statement;
    if (request->problem != PROBLEM_NONE)
        return request->problem;
    if (request->about_person)
        return request->envelope.function == FUNCTION_OTP ? PROBLEM_NONE
                                                          : PROBLEM_NOT_AUTHENTICATED;
    return problem_of(statement->errors[statement->error_count - 1].error);
}

static uint8_t amr_of(uint32_t factors) {
    static const struct {
        enum auth_type type;
        enum result_amr amr;
    } methods[] = {
        {AUTH_TYPE_OTP, RESULT_AMR_OTP},        {AUTH_TYPE_DEMO, RESULT_AMR_KBA},
        {AUTH_TYPE_BIO_FINGER, RESULT_AMR_FPT}, {AUTH_TYPE_BIO_FMR, RESULT_AMR_FPT},
        {AUTH_TYPE_BIO_IRIS, RESULT_AMR_IRIS},  {AUTH_TYPE_BIO_FACE, RESULT_AMR_FACE},
    };
    uint8_t set = 0;
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        set |= (uint8_t)((factors & AUTH_TYPE_BIT(methods[i].type)) != 0 ? methods[i].amr : 0);
    return set;
}

static void decide(struct request *request) {
    struct jose_outcome *outcome = &request->jose.outcome;
    outcome->problem = PROBLEM_NONE;
    outcome->issued_s = clock_wall_ms() / 1000;
    if (request_refused(request)) {
        outcome->problem = problem_for(request);
        log_refusal(request, outcome->problem);
        request->statement.token[0] = '\0';
        return;
    }
    /* Nothing has refused: that alone is no yes. */
    if (request->envelope.function != FUNCTION_OTP && !request->statement.verdict)
        outcome->problem = PROBLEM_NOT_AUTHENTICATED;
    outcome->amr = amr_of(request->factors);
}

enum err jose_outcome_settle(struct core *core, struct request *request) {
    uint8_t value[LEDGER_VALUE_MAX];
    size_t failed = 0;
    if (request->jose.is_repeat && !request_refused(request))
        return ERR_OK;
    decide(request);
    request->jose.is_decided = request->jose.is_claimed;
    if (!request->jose.is_claimed || !request->edge.has_idempotency_key)
        return ERR_OK;
    struct ledger_op op = idempotency_outcome(core, request, value);
    if (ledger_claim(core->ledger, &op, 1, INT64_MAX, &failed, &request->effects) == LEDGER_WON)
        return ERR_OK;
    request->jose.is_decided = false;
    return ERR_UNAVAILABLE;
}

bool jose_outcome_is_result(const struct request *request) {
    return request->jose.outcome.problem == PROBLEM_NONE &&
           request->envelope.function != FUNCTION_OTP;
}

bool jose_outcome_has_its_time(const struct request *request) {
    return request->envelope.function == FUNCTION_OTP ||
           request->jose.outcome.problem == PROBLEM_NOT_AUTHENTICATED;
}

/* The 202 of a request for a code. */
static void accept(const struct core *core, struct request *request) {
    struct buffer body = buffer_over(request->jose.accepted, sizeof(request->jose.accepted));
    buffer_format(&body, "{\"txn\":\"%s\",\"expires_in\":%lld}",
                  request->envelope.transaction_id.text,
                  (long long)core->settings.otp_lifetime_seconds);
    request->edge_answer = (struct edge_answer){
        .status = 202, .content = EDGE_JSON, .body = bytes_of(body.data, body.len)};
}

void jose_outcome_answer(const struct core *core, struct request *request) {
    enum problem problem = request->jose.outcome.problem;
    bool soon = problem == PROBLEM_IN_PROGRESS;
    if (problem == PROBLEM_NONE)
        accept(core, request);
    else
        problem_answer(problem, soon ? IN_PROGRESS_RETRY_MS : request->retry_after_ms,
                       &request->edge_answer);
}

enum err jose_outcome_result(const struct core *core, struct request *request,
                             struct secret *memory, struct result *result) {
    const struct jose_outcome *outcome = &request->jose.outcome;
    bool has_attributes = request->envelope.function == FUNCTION_KYC;
    *result = (struct result){.kind = has_attributes ? RESULT_ATTRIBUTES : RESULT_AUTHENTICATION,
                              .issued_s = outcome->issued_s,
                              .auth_time_s = outcome->issued_s,
                              .lifetime_seconds = JOSE_RESULT_LIFETIME_SECONDS,
                              .amr = outcome->amr};
    snprintf(result->audience, sizeof(result->audience), "%s", request->partner.id);
    snprintf(result->subject, sizeof(result->subject), "%s", request->statement.token);
    snprintf(result->transaction, sizeof(result->transaction), "%.15s",
             request->envelope.transaction_id.text);
    memcpy(result->jti, request->body_hash, sizeof(result->jti));
    return has_attributes ? jose_attributes_fill(core, request, memory, result) : ERR_OK;
}

/* Into ${request->answer}. */
static enum err seal(struct lane *lane, struct request *request, struct bytes jwt) {
    size_t size = jose_seal_chars(jwt.len);
    struct bytes written;
    request->answer = malloc(size);
    if (request->answer == NULL)
        return ERR_FULL;
    struct buffer sealed = buffer_over(request->answer, size);
    ERR_TRY(jose_seal(lane->keys, &request->jose.client.encryption, jwt, &sealed));
    ERR_TRY(buffer_end(&sealed, &written));
    request->edge_answer.body = written;
    return ERR_OK;
}

enum err jose_outcome_keep(struct lane *lane, struct request *request, struct bytes jwt) {
    request->edge_answer = (struct edge_answer){.status = 200, .content = EDGE_JWT};
    if (request->envelope.function == FUNCTION_KYC)
        return seal(lane, request, jwt);
    request->answer = malloc(jwt.len + 1);
    if (request->answer == NULL)
        return ERR_FULL;
    memcpy(request->answer, jwt.data, jwt.len);
    request->edge_answer.body = bytes_of(request->answer, jwt.len);
    return ERR_OK;
}
