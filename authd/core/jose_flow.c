#include <stdio.h>
#include <string.h>

#include "authd/core/jose_flow.h"

#include "firmware/base/log.h"
#include "authd/core/biometric_check.h"
#include "authd/core/biometric_flow.h"
#include "authd/core/biometric_plugin.h"
#include "authd/core/budget.h"
#include "authd/core/decision.h"
#include "authd/core/deliver.h"
#include "authd/core/due.h"
#include "authd/core/flow.h"
#include "authd/core/idempotency.h"
#include "authd/core/jose_attributes.h"
#include "authd/core/jose_caller.h"
#include "authd/core/jose_outcome.h"
#include "authd/core/jose_sealed.h"
#include "authd/core/outcome.h"
#include "authd/core/person.h"
#include "authd/core/programme_check.h"
#include "authd/core/request_check.h"

enum { UNAVAILABLE_RETRY_MS = 1000 };

static void give_up(struct lane *lane, struct request *request, const char *stage, enum err why) {
    log_event(LOG_ERROR, "request-unavailable", "stage=%s why=%s", stage, err_text(why));
    jose_flow_deny(lane, request);
}

/* Messages to the person: nobody's answer waits for them. */
static void send_messages(struct lane *lane, struct request *request) {
    enum err result = request->otp.data != NULL ? deliver_send(lane, request) : ERR_OK;
    if (result != ERR_OK)
        log_event(LOG_WARNING, "code-not-sent", "why=%s", err_text(result));
    deliver_event(lane, request);
}

/* The answer is made and, of a programme's request, recorded. */
static void leave(struct lane *lane, struct request *request) {
    if (jose_outcome_has_its_time(request)) {
        due_wait(lane, request);
        return;
    }
    lane_send(lane, request);
    send_messages(lane, request);
    lane_release(lane, request);
}

/* What cannot be decided, or not be told, leaves nothing behind that a retry would stumble over. */
static void leave_unavailable(struct lane *lane, struct request *request) {
    jose_caller_release(lane->core, request);
    if (request->otp.data != NULL)
        deliver_abandon(lane, request);
    secret_free(&request->otp);
    request->compared = false;
    problem_answer(PROBLEM_UNAVAILABLE, UNAVAILABLE_RETRY_MS, &request->edge_answer);
    leave(lane, request);
}

void jose_flow_deny(struct lane *lane, struct request *request) {
    bool was_decided = request->jose.is_decided && request->step != STEP_RECORD;
    request->jose.is_lost = was_decided;
    problem_answer(PROBLEM_UNAVAILABLE, UNAVAILABLE_RETRY_MS, &request->edge_answer);
    if (!was_decided || outcome_record(lane, request) != ERR_OK)
        leave_unavailable(lane, request);
}

/*
 * Every refusal of a request that was claimed costs the programme one failure. About a person,
 * found or not, so that what is left of the budget does not tell them apart; and before, for each
 * leaves rows in the ledger, which would else be filled at no cost.
 */
static enum err spend_failure(struct core *core, struct request *request) {
    struct ledger_op spend = budget_spend(core, request);
    size_t failed = 0;
    if (!request->jose.is_claimed || !request_refused(request) || request->budget_spent ||
        request->envelope.function == FUNCTION_OTP)
        return ERR_OK;
    enum ledger_result result = ledger_claim(core->ledger, &spend, 1, request->deadline_boot_ms,
                                             &failed, &request->effects);
    return result == LEDGER_UNAVAILABLE ? ERR_UNAVAILABLE : ERR_OK;
}

/* To the signer if it is a yes, else to the journal. */
void jose_flow_conclude(struct lane *lane, struct request *request) {
    enum err result = spend_failure(lane->core, request);
    if (result == ERR_OK)
        result = jose_outcome_settle(lane->core, request);
    if (result == ERR_OK && jose_outcome_is_result(request)) {
        flow_ask(lane, request, STEP_JOSE_RESULT);
        return;
    }
    if (result == ERR_OK)
        jose_outcome_answer(lane->core, request);
    if (result == ERR_OK && request->standing != STANDING_PROGRAMME) {
        atomic_fetch_add(&lane->core->refused_unverified, 1);
        leave(lane, request);
        return;
    }
    if (result == ERR_OK)
        result = outcome_record(lane, request);
    if (result != ERR_OK)
        give_up(lane, request, "conclude", result);
}

void jose_flow_begin(struct lane *lane, struct request *request) {
    if (lane->core->settings.issuer[0] == '\0')
        lane_answer_bare(lane, request, 404);
    else
        flow_ask(lane, request, STEP_JOSE_REQUEST);
}

/* For the parts that both profiles share. */
static void fill_envelope(struct request *request) {
    const struct jose_request *read = &request->jose.request;
    struct envelope *envelope = &request->envelope;
    envelope->function = read->function;
    snprintf(envelope->partner_id, sizeof(envelope->partner_id), "%s", read->issuer);
    snprintf(envelope->api_key, sizeof(envelope->api_key), "%s", read->api_key);
    envelope->transaction_id.presence = FIELD_PRESENT;
    snprintf(envelope->transaction_id.text, sizeof(envelope->transaction_id.text), "%s",
             read->transaction);
    snprintf(request->statement.transaction, sizeof(request->statement.transaction), "%s",
             read->transaction);
    envelope->request_time_ms = read->issued_ms;
    envelope->channels_presence = FIELD_PRESENT;
    envelope->channel_phone = read->channel_phone;
    envelope->channel_email = read->channel_email;
}

/* Whether the key was used before, and what for. */
static enum err recognise_retry(struct core *core, struct request *request) {
    enum idempotency_state state = IDEMPOTENCY_NEW;
    ERR_TRY(idempotency_look(core, request, &state));
    if (state == IDEMPOTENCY_UNDER_WAY)
        request_refuse_jose(request, PROBLEM_IN_PROGRESS, "in-progress");
    else if (state == IDEMPOTENCY_OTHER_BODY)
        request_refuse_jose(request, PROBLEM_KEY_REUSED, "key-reused");
    request->jose.is_repeat = state == IDEMPOTENCY_DECIDED;
    return ERR_OK;
}

/* Nobody's count is looked at for this, so it says nothing of the person. */
static enum err check_budget(struct core *core, struct request *request) {
    if (request->envelope.function == FUNCTION_OTP)
        return ERR_OK;
    ERR_TRY(budget_wait(core, request, &request->retry_after_ms));
    if (request->retry_after_ms > 0)
        request_refuse_jose(request, PROBLEM_TOO_MANY, "failure-budget-used-up");
    return ERR_OK;
}

/* What only the first of a request and its repeats has before it. */
static enum err admit_first(struct core *core, struct request *request) {
    const struct jose_request *read = &request->jose.request;
    if (strcmp(read->audience, core->settings.issuer) != 0)
        request_refuse_jose(request, PROBLEM_NOT_RECOGNISED, "audience-is-another");
    else if (request_is_out_of_time(request, &core->settings, read->issued_ms))
        request_refuse_jose(request, PROBLEM_OUT_OF_TIME, "time-outside-window");
    if (!request_refused(request))
        programme_check_call(request);
    if (!request_refused(request))
        ERR_TRY(check_budget(core, request));
    return request_refused(request) ? ERR_OK : jose_caller_claim(core, request);
}

/* The caller is known. */
static enum err admit(struct core *core, struct request *request) {
    programme_check_standing(request, request->received_wall_ms);
    if (!request_refused(request))
        ERR_TRY(recognise_retry(core, request));
    if (request_refused(request) || request->jose.is_repeat)
        return ERR_OK;
    return admit_first(core, request);
}

/* A retry of a request that has no JWT is told at once what the first was. */
static bool is_settled(const struct request *request) {
    return request_refused(request) ||
           (request->jose.is_repeat && !jose_outcome_is_result(request));
}

enum err jose_flow_on_request(struct lane *lane, struct request *request, struct bytes payload) {
    struct jose_request *read = &request->jose.request;
    ERR_TRY(jose_wire_get_request(payload, read));
    if (read->function == FUNCTION_NONE) {
        lane_answer_bare(lane, request, 404);
        return ERR_OK;
    }
    fill_envelope(request);
    enum err result = ERR_OK;
    if (read->shape == JOSE_WRONG_MEDIA)
        request_refuse_jose(request, PROBLEM_MEDIA_TYPE, "media-type-wrong");
    else if (read->shape != JOSE_READ)
        request_refuse_jose(request, PROBLEM_MALFORMED, "request-malformed");
    else
        result = jose_caller_verify(lane, request);
    if (result == ERR_OK && !request_refused(request))
        result = admit(lane->core, request);
    if (result != ERR_OK)
        give_up(lane, request, "request", result);
    else if (is_settled(request))
        jose_flow_conclude(lane, request);
    else
        flow_ask(lane, request, STEP_JOSE_DERIVE);
    return ERR_OK;
}

enum err jose_flow_on_derived(struct lane *lane, struct request *request, struct bytes payload) {
    struct hsm_derived answer;
    ERR_TRY(hsm_wire_get_derived(payload, &answer));
    enum err status = answer.receipt.status;
    if (status == ERR_OK)
        status = secret_copy(&request->content_key,
                             bytes_of(answer.content_key, sizeof(answer.content_key)));
    request->opened_purpose = HSM_PURPOSE_REQUEST;
    request->opened_generation = status == ERR_OK ? answer.generation : 0;
    secret_wipe(&answer, sizeof(answer));
    if (status == ERR_OK) {
        flow_ask(lane, request, STEP_JOSE_SEALED);
    } else if (status == ERR_CRYPTO || status == ERR_NOT_FOUND) {
        request_refuse_jose(request, PROBLEM_NOT_SEALED_FOR_US, "key-not-agreed");
        jose_flow_conclude(lane, request);
    } else {
        give_up(lane, request, "derive", status);
    }
    return ERR_OK;
}

/* A repeat, and a request for a code, have no use for them. */
static enum err take_biometrics(struct lane *lane, struct request *request,
                                const struct payload *payload) {
    bool used = payload->has_biometrics && !request->jose.is_repeat &&
                request->envelope.function != FUNCTION_OTP;
    return used ? biometric_flow_take(lane, request, payload) : ERR_OK;
}

static void take_sealed(struct lane *lane, struct request *request, enum err result) {
    if (result != ERR_OK)
        give_up(lane, request, "sealed", result);
    else if (request_refused(request))
        jose_flow_conclude(lane, request);
    else if (request->biometric != NULL)
        biometric_flow_begin(lane, request);
    else
        flow_ask(lane, request, STEP_LOOKUP);
}

enum err jose_flow_on_sealed(struct lane *lane, struct request *request, struct bytes payload) {
    struct jose_sealed sealed;
    ERR_TRY(jose_wire_get_sealed(payload, &sealed));
    enum err result = take_biometrics(lane, request, &sealed.payload);
    if (result != ERR_MALFORMED) {
        secret_free(&request->content_key);
        if (result == ERR_OK)
            result = jose_sealed_take(lane->core, request, &sealed);
        take_sealed(lane, request, result);
        result = ERR_OK;
    }
    secret_wipe(&sealed, sizeof(sealed));
    return result;
}

void jose_flow_after_samples(struct lane *lane, struct request *request) {
    enum err result = biometric_check_samples(lane->core, request);
    if (result != ERR_OK)
        give_up(lane, request, "samples", result);
    else if (request_refused(request))
        jose_flow_conclude(lane, request);
    else
        flow_ask(lane, request, STEP_LOOKUP);
}

/* A yes by a code pays for a failure. Before all factors have matched it would tell which did. */
static enum err pay(struct core *core, struct request *request) {
    struct ledger_op back = budget_return(core, request);
    size_t failed = 0;
    if ((request->factors & AUTH_TYPE_BIT(AUTH_TYPE_OTP)) == 0)
        return ERR_OK;
    enum ledger_result result =
        ledger_claim(core->ledger, &back, 1, request->deadline_boot_ms, &failed, &request->effects);
    return result == LEDGER_UNAVAILABLE ? ERR_UNAVAILABLE : ERR_OK;
}

static enum err find(struct core *core, struct request *request) {
    request->about_person = true;
    if (request->identifier_ready)
        return decision_find(core, request);
    /* nobody can have it, so nobody is known by it */
    request_refuse(request, MOSIP_MLC_018, "", "identifier-malformed");
    return ERR_OK;
}

static enum err decide(struct lane *lane, struct request *request) {
    struct core *core = lane->core;
    ERR_TRY(decision_make(core, request, deliver_has_room(lane)));
    if (request_refused(request) || request->envelope.function == FUNCTION_OTP)
        return ERR_OK;
    ERR_TRY(pay(core, request));
    return request->envelope.function == FUNCTION_KYC ? jose_attributes_count(core, request)
                                                      : ERR_OK;
}

/* The JWT of the first answer names the person, so they are found again; nothing is asked anew. */
static enum err restate(const struct core *core, struct request *request) {
    ERR_TRY(person_recall(core, request));
    request->statement.verdict = true;
    return person_token(core, request);
}

static void finish(struct lane *lane, struct request *request, enum err result) {
    if (result == ERR_OK)
        jose_flow_conclude(lane, request);
    else
        give_up(lane, request, "decide", result);
}

void jose_flow_resume(struct lane *lane, struct request *request) {
    finish(lane, request, decide(lane, request));
}

void jose_flow_on_looked_up(struct lane *lane, struct request *request) {
    if (request->jose.is_repeat) {
        finish(lane, request, restate(lane->core, request));
        return;
    }
    enum err result = find(lane->core, request);
    if (result != ERR_OK)
        finish(lane, request, result);
    else if (!request_refused(request) && biometric_plugin_is_wanted(request))
        biometric_plugin_wait(lane, request);
    else
        jose_flow_resume(lane, request);
}

enum err jose_flow_on_result(struct lane *lane, struct request *request, struct bytes payload) {
    struct hsm_result_signed answer;
    ERR_TRY(hsm_wire_get_result_signed(payload, &answer));
    request->receipt = answer.receipt;
    enum err result = answer.receipt.status;
    if (result == ERR_OK && answer.receipt.signer_index < lane->core->signer_count)
        memcpy(request->signer_process, lane->signers[answer.receipt.signer_index].process_id,
               sizeof(request->signer_process));
    if (result == ERR_OK)
        result = jose_outcome_keep(lane, request, answer.jwt);
    if (result == ERR_OK)
        result = outcome_record(lane, request);
    if (result != ERR_OK)
        give_up(lane, request, "result", result);
    return ERR_OK;
}

void jose_flow_on_recorded(struct lane *lane, struct request *request) {
    enum err result = request->entry.result;
    if (result != ERR_OK) {
        log_event(LOG_ERROR, "request-unavailable", "stage=record why=%s", err_text(result));
        leave_unavailable(lane, request);
        return;
    }
    if (!request->jose.is_lost)
        atomic_fetch_add(&lane->core->answered, 1);
    leave(lane, request);
}

void jose_flow_on_due(struct lane *lane, struct request *request) {
    bool has_message = request->otp.data != NULL || request->compared;
    if (!request->is_answered && has_message) {
        lane_send(lane, request);
        request->is_answered = true;
        due_wait_after(lane, request);
        return;
    }
    if (request->is_answered)
        send_messages(lane, request);
    else
        lane_send(lane, request);
    lane_release(lane, request);
}
