#include <string.h>

#include "authd/core/flow.h"

#include "firmware/base/log.h"
#include "authd/core/biometric_check.h"
#include "authd/core/biometric_flow.h"
#include "authd/core/biometric_plugin.h"
#include "authd/core/caller.h"
#include "authd/core/decision.h"
#include "authd/core/deliver.h"
#include "authd/core/jose_flow.h"
#include "authd/core/kyc.h"
#include "authd/core/outcome.h"
#include "authd/core/programme_check.h"
#include "authd/core/questions.h"
#include "authd/core/request_check.h"
#include "authd/core/sealed.h"

void flow_ask(struct lane *lane, struct request *request, enum step step) {
    request->step = step;
    request->signer = LANE_NO_SIGNER; /* a new question: whom the last one went to is no reason */
    request->is_suspect = false;
    flow_ask_again(lane, request);
}

void flow_ask_again(struct lane *lane, struct request *request) {
    enum err result = questions_ask(lane, request);
    if (result == ERR_OK || result == ERR_AGAIN) /* no signer now: asked when one says hello */
        return;
    log_event(LOG_WARNING, "question-not-asked", "step=%d why=%s", request->step, err_text(result));
    flow_deny(lane, request);
}

void flow_deny(struct lane *lane, struct request *request) {
    if (request_is_jose(request))
        jose_flow_deny(lane, request);
    else
        lane_answer_bare(lane, request, 503);
}

/* Something that should not fail did: deny without an answer that would say what. */
static void give_up(struct lane *lane, struct request *request, const char *stage, enum err why) {
    log_event(LOG_ERROR, "request-unavailable", "stage=%s why=%s", stage, err_text(why));
    flow_deny(lane, request);
}

void flow_conclude(struct lane *lane, struct request *request) {
    if (request_is_jose(request)) {
        jose_flow_conclude(lane, request);
        return;
    }
    if (request->standing != STANDING_PROGRAMME && !lane_take_unverified(lane)) {
        lane_answer_bare(lane, request, 503);
        return;
    }
    outcome_settle(request);
    flow_ask(lane, request, STEP_STATEMENT);
}

void flow_begin(struct lane *lane, struct request *request) {
    request->received_wall_ms = clock_wall_ms();
    request->received_boot_ns = clock_boot_ns();
    int64_t now_ms = clock_boot_ms(), deadline_ms = lane->core->settings.deadline_ms;
    bool sane = request->edge.received_boot_ms <= now_ms &&
                request->edge.received_boot_ms >= now_ms - deadline_ms;
    request->deadline_boot_ms = (sane ? request->edge.received_boot_ms : now_ms) + deadline_ms;
    request->effects = buffer_over(request->effects_memory, sizeof(request->effects_memory));
    if (request_is_jose(request))
        jose_flow_begin(lane, request);
    else
        flow_ask(lane, request, STEP_ENVELOPE);
}

/* An identifier whose salt is unknown is known to nobody (§5.4). */
static enum err prepare_lookup(struct lane *lane, struct request *request) {
    request_prepare_identifier(request, &lane->core->settings);
    if (!request->identifier_ready)
        return ERR_OK;
    enum err result = decision_hash(lane->core, request);
    request->has_id_hash = result == ERR_OK;
    return result == ERR_NOT_FOUND ? ERR_OK : result;
}

/* Steps 12 to 17, which need no further question; then the lookup, or the refusal. */
static enum err check_programme_and_fields(struct lane *lane, struct request *request) {
    programme_check_standing(request, request->received_wall_ms);
    if (!request_refused(request))
        programme_check_factors(request);
    if (!request_refused(request))
        biometric_check_policy(lane->core, request);
    if (!request_refused(request))
        request_check_fields(request, &lane->core->settings);
    if (!request_refused(request))
        ERR_TRY(biometric_check_samples(lane->core, request));
    if (!request_refused(request) && !caller_body_says(request)) {
        log_event(LOG_ERROR, "unseal-contradicts-body", "lane=%u", lane->index);
        request_refuse(request, MOSIP_MLC_007, "", "unseal-contradicts-body");
    }
    if (!request_refused(request) && !request->has_id_hash)
        request_refuse(request, MOSIP_MLC_018,
                       request->identifier_type == IDENTIFIER_VID ? "VID" : "UIN", "salt-unknown");
    return ERR_OK;
}

/* After step 5: the caller is known as far as it can be. */
static void after_signature(struct lane *lane, struct request *request) {
    enum err result = ERR_OK;
    request_check_authorization(request);
    if (!request_refused(request) && request->standing == STANDING_PROGRAMME) {
        result = caller_claim_once(lane, request);
        if (result == ERR_OK && !request_refused(request))
            result = prepare_lookup(lane, request);
    }
    if (result != ERR_OK) {
        give_up(lane, request, "claim", result);
        return;
    }
    bool sealed = request->envelope.function != FUNCTION_OTP;
    if (!request_refused(request) && request->standing == STANDING_PROGRAMME && sealed) {
        sealed_check(request);
        if (!request_refused(request)) {
            flow_ask(lane, request, STEP_UNWRAP);
            return;
        }
    }
    if (!request_refused(request))
        result = check_programme_and_fields(lane, request);
    if (result != ERR_OK)
        give_up(lane, request, "check", result);
    else if (request_refused(request))
        flow_conclude(lane, request);
    else
        flow_ask(lane, request, STEP_LOOKUP);
}

/* Step 5. Only a certificate nobody registered needs unseal's verdict, and it can only choose the
 * refusal. */
static void check_signature(struct lane *lane, struct request *request) {
    enum err result = programmes_load(lane->programmes, lane->core->registry, request);
    if (result == ERR_OK && request->envelope.jws == JWS_READ && caller_is_registered(request))
        result = caller_verify(lane, request);
    else if (result == ERR_OK && request->envelope.jws == JWS_READ) {
        if (lane_take_unverified(lane))
            flow_ask(lane, request, STEP_FOREIGN);
        else
            lane_answer_bare(lane, request, 503);
        return;
    } else if (result == ERR_OK && request->envelope.jws == JWS_NO_CERTIFICATE)
        request_refuse_filter(request, MOSIP_MPA_022, "", "signature-without-certificate");
    else if (result == ERR_OK)
        request_refuse_filter(request, MOSIP_MPA_001, "signature header", "signature-malformed");
    if (result != ERR_OK)
        give_up(lane, request, "signature", result);
    else if (request_refused(request))
        flow_conclude(lane, request);
    else
        after_signature(lane, request);
}

enum err flow_on_envelope(struct lane *lane, struct request *request, struct bytes payload) {
    ERR_TRY(unseal_wire_get_envelope(payload, &request->envelope));
    if (sealed_keep(request) != ERR_OK) {
        give_up(lane, request, "envelope", ERR_FULL);
        return ERR_OK;
    }
    if (request->envelope.function == FUNCTION_NONE) {
        lane_answer_bare(lane, request, 404);
        return ERR_OK;
    }
    outcome_begin(request);
    request_check_envelope(request);
    if (request_refused(request))
        flow_conclude(lane, request);
    else
        check_signature(lane, request);
    return ERR_OK;
}

enum err flow_on_judged(struct lane *lane, struct request *request, struct bytes payload) {
    struct unseal_foreign_judged judged = {false};
    ERR_TRY(unseal_wire_get_judged(payload, &judged));
    if (judged.trusted) {
        request->standing = STANDING_FOREIGN;
        after_signature(lane, request);
        return ERR_OK;
    }
    request_refuse_filter(request, MOSIP_MPA_001, "signature header", "signature-not-trusted");
    flow_conclude(lane, request);
    return ERR_OK;
}

enum err flow_on_unwrapped(struct lane *lane, struct request *request, struct bytes payload) {
    struct hsm_unwrapped answer;
    ERR_TRY(hsm_wire_get_unwrapped(payload, &answer));
    enum err status = answer.receipt.status;
    if (status == ERR_OK && (answer.lookup.count > 0) != request->has_id_hash) {
        secret_wipe(&answer, sizeof(answer));
        return ERR_MALFORMED; /* no answer to what was asked */
    }
    if (status == ERR_OK) {
        status = secret_copy(&request->content_key,
                             bytes_of(answer.content_key, sizeof(answer.content_key)));
        request->lookup = answer.lookup;
        request->opened_purpose = HSM_PURPOSE_PARTNER;
        request->opened_generation = answer.generation;
    }
    secret_wipe(&answer, sizeof(answer));
    if (status == ERR_OK) {
        flow_ask(lane, request, STEP_PAYLOAD);
    } else if (status == ERR_CRYPTO || status == ERR_NOT_FOUND) {
        request_refuse_filter(request, MOSIP_MPA_003, "", "session-key-not-unwrapped");
        flow_conclude(lane, request);
    } else {
        give_up(lane, request, "unwrap", status);
    }
    return ERR_OK;
}

static enum err authenticate(struct lane *lane, struct request *request) {
    struct core *core = lane->core;
    ERR_TRY(decision_make(core, request, deliver_has_room(lane)));
    if (!request_refused(request) && request->envelope.function == FUNCTION_KYC)
        ERR_TRY(kyc_seal(core, request));
    return ERR_OK;
}

static void finish(struct lane *lane, struct request *request) {
    enum err result = authenticate(lane, request);
    if (result == ERR_OK)
        flow_conclude(lane, request);
    else
        give_up(lane, request, "decide", result);
}

static void decide(struct lane *lane, struct request *request) {
    enum err result = decision_find(lane->core, request);
    if (result != ERR_OK)
        give_up(lane, request, "find", result);
    else if (!request_refused(request) && biometric_plugin_is_wanted(request))
        biometric_plugin_wait(lane, request);
    else
        finish(lane, request);
}

void flow_resume(struct lane *lane, struct request *request) {
    if (request_is_jose(request))
        jose_flow_resume(lane, request);
    else
        finish(lane, request);
}

/* The payload has been read. */
static void take_payload(struct lane *lane, struct request *request) {
    enum err result = ERR_OK;
    if (!request_refused(request))
        result = check_programme_and_fields(lane, request);
    if (result != ERR_OK)
        give_up(lane, request, "check", result);
    else if (request_refused(request))
        flow_conclude(lane, request);
    else
        decide(lane, request);
}

void flow_after_samples(struct lane *lane, struct request *request) {
    if (request_is_jose(request))
        jose_flow_after_samples(lane, request);
    else
        take_payload(lane, request);
}

/* Biometrics are opened before anything else is looked at, and what else was declared waits. */
static enum err open_biometrics(struct lane *lane, struct request *request) {
    enum err result = biometric_flow_take(lane, request, &request->payload);
    if (result == ERR_MALFORMED)
        return result;
    secret_free(&request->content_key);
    if (result == ERR_OK)
        result = request_keep_declared(request);
    if (result == ERR_OK)
        biometric_flow_begin(lane, request);
    else
        give_up(lane, request, "biometrics", result);
    return ERR_OK;
}

enum err flow_on_payload(struct lane *lane, struct request *request, struct bytes payload) {
    ERR_TRY(unseal_wire_get_payload(payload, &request->payload));
    request->factors = request_factors(&request->payload);
    request_check_payload(request);
    if (!request_refused(request) && request->payload.has_biometrics)
        return open_biometrics(lane, request);
    secret_free(&request->content_key);
    take_payload(lane, request);
    return ERR_OK;
}

enum err flow_on_looked_up(struct lane *lane, struct request *request, struct bytes payload) {
    struct hsm_looked_up answer;
    ERR_TRY(hsm_wire_get_looked_up(payload, &answer));
    if (answer.receipt.status != ERR_OK || answer.count != 1) {
        give_up(lane, request, "lookup", answer.receipt.status);
        return ERR_OK;
    }
    request->lookup = answer.lookup[0];
    if (request_is_jose(request))
        jose_flow_on_looked_up(lane, request);
    else
        decide(lane, request);
    return ERR_OK;
}

enum err flow_on_stated(struct lane *lane, struct request *request, struct bytes payload) {
    struct hsm_stated stated;
    ERR_TRY(hsm_wire_get_stated(payload, &stated));
    request->receipt = stated.receipt;
    enum err result = stated.receipt.status;
    if (result == ERR_OK && stated.receipt.signer_index < lane->core->signer_count)
        memcpy(request->signer_process, lane->signers[stated.receipt.signer_index].process_id,
               sizeof(request->signer_process));
    if (result == ERR_OK)
        result = outcome_keep(request, &stated);
    if (result == ERR_OK && request->standing != STANDING_PROGRAMME) {
        atomic_fetch_add(&lane->core->refused_unverified, 1);
        lane_answer(lane, request);
        return ERR_OK;
    }
    if (result == ERR_OK)
        result = outcome_record(lane, request);
    if (result != ERR_OK)
        give_up(lane, request, "statement", result);
    return ERR_OK;
}

void flow_on_recorded(struct lane *lane, struct request *request) {
    enum err result = request->entry.result;
    if (request_is_jose(request)) {
        jose_flow_on_recorded(lane, request);
        return;
    }
    if (result == ERR_OK && request->otp.data != NULL)
        result = deliver_send(lane, request);
    if (result == ERR_OK && clock_boot_ms() > request->deadline_boot_ms)
        result = ERR_TIMEOUT;
    if (result != ERR_OK) {
        give_up(lane, request, "record", result);
        return;
    }
    deliver_event(lane, request);
    atomic_fetch_add(&lane->core->answered, 1);
    lane_answer(lane, request);
}
