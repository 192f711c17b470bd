#include <string.h>

#include "authd/core/decision.h"

#include "authd/core/biometric_match.h"
#include "authd/core/demo.h"
#include "authd/core/otp.h"
#include "authd/core/person.h"

enum err decision_hash(const struct core *core, struct request *request) {
    char salt[SALT_SIZE] = "";
    const char *id = request->envelope.individual_id.text;
    enum err found = registry_salt(core->registry, identifier_salt_modulo(id), salt);
    if (found != ERR_OK && found != ERR_NOT_FOUND)
        return found;
    ERR_TRY(identifier_hash(id, salt, request->id_hash));
    return found;
}

/* Step 21: every factor that is present must match; the first that fails is the last looked at. */
static enum err match_factors(struct core *core, struct request *request) {
    static const struct {
        uint32_t types; /* AUTH_TYPE_BITs, one of which is there */
        enum err (*verify)(struct core *core, struct request *request);
    } factors[] = {
        {AUTH_TYPE_BIT(AUTH_TYPE_OTP), otp_verify},
        {AUTH_TYPE_BIT(AUTH_TYPE_DEMO), demo_verify},
        {AUTH_TYPE_BIT(AUTH_TYPE_BIO_FINGER) | AUTH_TYPE_BIT(AUTH_TYPE_BIO_FMR),
         biometric_match_finger},
        {AUTH_TYPE_BIT(AUTH_TYPE_BIO_IRIS), biometric_match_iris},
        {AUTH_TYPE_BIT(AUTH_TYPE_BIO_FACE), biometric_match_face},
    };
    uint32_t matched = 0;
    for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++) {
        if ((request->factors & factors[i].types) == 0)
            continue;
        ERR_TRY(factors[i].verify(core, request));
        if (request_refused(request))
            return ERR_OK;
        matched |= request->factors & factors[i].types;
    }
    /* A factor that nobody looked at is not a yes. */
    return matched != 0 && matched == request->factors ? ERR_OK : ERR_DENIED;
}

enum err decision_find(struct core *core, struct request *request) {
    ERR_TRY(person_find(core, request));
    return request_refused(request) ? ERR_OK : person_filter(core, request);
}

enum err decision_make(struct core *core, struct request *request, bool deliverable) {
    if (request_refused(request))
        return ERR_OK;
    if (request->envelope.function == FUNCTION_OTP)
        return otp_issue(core, request, deliverable);
    ERR_TRY(match_factors(core, request));
    if (!request_refused(request))
        ERR_TRY(person_use_alias(core, request));
    if (!request_refused(request))
        ERR_TRY(person_token(core, request));
    request->statement.verdict = !request_refused(request);
    return ERR_OK;
}
