#include <stdio.h>
#include <string.h>

#include "authd/core/jose_sealed.h"

#include "authd/core/biometric_check.h"
#include "authd/core/decision.h"
#include "authd/core/hash.h"
#include "authd/core/jose_caller.h"
#include "authd/core/programme_check.h"
#include "authd/core/request_check.h"

/* nonce "." type "." id */
enum { BOUND_MAX = JOSE_NONCE_SIZE + UNSEAL_TYPE_SIZE + UNSEAL_INDIVIDUAL_SIZE };

static enum err check_binding(struct request *request, const struct jose_sealed *sealed) {
    char text[BOUND_MAX];
    uint8_t hash[HASH_SHA256_BYTES];
    int len = snprintf(text, sizeof(text), "%s.%s.%s", sealed->nonce, sealed->individual_id_type,
                       sealed->individual_id);
    enum err result = hash_sha256(bytes_of(text, (size_t)len), hash);
    secret_wipe(text, sizeof(text));
    ERR_TRY(result);
    if (memcmp(hash, request->jose.request.binding, sizeof(hash)) != 0)
        request_refuse_jose(request, PROBLEM_NOT_SEALED_FOR_US, "binding-differs");
    return ERR_OK;
}

static void check_opened(struct request *request, const struct jose_sealed *sealed) {
    const struct jose_request *claims = &request->jose.request;
    if (!sealed->opened)
        request_refuse_jose(request, PROBLEM_NOT_SEALED_FOR_US, "sealed-block-not-opened");
    else if (!sealed->well_formed)
        request_refuse_jose(request, PROBLEM_MALFORMED, "sealed-block-malformed");
    else if (strcmp(sealed->audience, claims->audience) != 0 ||
             strcmp(sealed->issuer, claims->issuer) != 0 ||
             strcmp(sealed->transaction, claims->transaction) != 0)
        request_refuse_jose(request, PROBLEM_NOT_SEALED_FOR_US, "sealed-for-another");
}

static void set_text(struct text_field *field, const char *text) {
    field->presence = FIELD_PRESENT;
    snprintf(field->text, sizeof(field->text), "%s", text);
}

static enum err fill(struct request *request, const struct jose_sealed *sealed) {
    set_text(&request->envelope.individual_id, sealed->individual_id);
    set_text(&request->envelope.individual_id_type, sealed->individual_id_type);
    snprintf(request->jose.device, sizeof(request->jose.device), "%s", sealed->device);
    if (request->envelope.function == FUNCTION_OTP)
        return ERR_OK; /* factors are of no use there, and are not looked at */
    request->payload = sealed->payload;
    request->factors |= request_factors(&request->payload);
    return request_keep_declared(request);
}

/* What a repeat has behind it. */
static enum err check_first(struct core *core, struct request *request,
                            const struct jose_sealed *sealed) {
    const struct settings *settings = &core->settings;
    if (request_is_out_of_time(request, settings, sealed->captured_ms))
        request_refuse_jose(request, PROBLEM_OUT_OF_TIME, "sealed-out-of-time");
    if (!request_refused(request))
        ERR_TRY(jose_caller_claim_nonce(core, request, sealed->nonce));
    if (!request_refused(request))
        biometric_check_policy(core, request);
    if (!request_refused(request))
        request_check_content(request, settings);
    if (!request_refused(request))
        programme_check_factors(request);
    return ERR_OK;
}

enum err jose_sealed_take(struct core *core, struct request *request,
                          const struct jose_sealed *sealed) {
    check_opened(request, sealed);
    if (!request_refused(request))
        ERR_TRY(check_binding(request, sealed));
    if (request_refused(request))
        return ERR_OK;
    ERR_TRY(fill(request, sealed));
    request_prepare_identifier(request, &core->settings);
    if (!request->jose.is_repeat)
        ERR_TRY(check_first(core, request, sealed));
    if (request_refused(request))
        return ERR_OK;
    /* A number whose salt is unknown is looked up all the same: it takes the way of all unknown. */
    enum err result = decision_hash(core, request);
    return result == ERR_NOT_FOUND ? ERR_OK : result;
}
