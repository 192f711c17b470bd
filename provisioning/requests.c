#include <stdlib.h>
#include <string.h>

#include "firmware/base/scope.h"
#include "provisioning/requests.h"

#define QUESTION_BYTES (sizeof(struct hsm_certify) + 64)

static enum err refuse_request(struct change *change, const struct unseal_pkcs10_read *read) {
    static const struct {
        enum err status;
        enum officer_reason reason;
    } reasons[] = {
        {ERR_MALFORMED, OFFICER_REASON_REQUEST},
        {ERR_CRYPTO, OFFICER_REASON_REQUEST_UNSIGNED},
        {ERR_DENIED, OFFICER_REASON_REQUEST_KEY},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == read->status)
            return change_refuse(change, read->status, reasons[i].reason, read->key_name);
    return change_refuse(change, read->status, OFFICER_REASON_UNSEAL, err_text(read->status));
}

enum err requests_read(struct change *change, struct bytes encoded, enum hsm_certify_kind kind,
                       struct unseal_pkcs10_read *read) {
    SECRET(answer);
    size_t size = encoded.len + 16;
    SCOPE_MEMORY uint8_t *memory = malloc(size);
    if (memory == NULL)
        return change_registry(change, ERR_SYSTEM);
    struct buffer buffer = buffer_over(memory, size);
    struct bytes written;
    pkcs10_wire_put_question(&buffer, encoded);
    ERR_TRY(buffer_end(&buffer, &written));
    if (provd_peers_ask_unseal(change->provd->peers, UNSEAL_PKCS10, written, &answer) != ERR_OK)
        return change_refuse(change, ERR_UNAVAILABLE, OFFICER_REASON_UNSEAL, NULL);
    if (pkcs10_wire_get_read(secret_view(&answer), read) != ERR_OK)
        return change_refuse(change, ERR_UNAVAILABLE, OFFICER_REASON_UNSEAL, "answer");
    if (read->status != ERR_OK)
        return refuse_request(change, read);
    bool fits = hsm_certify_is_rsa(kind) == (read->key == PKCS10_RSA);
    return fits ? ERR_OK
                : change_refuse(change, ERR_DENIED, OFFICER_REASON_REQUEST_KEY, read->key_name);
}

static enum err refuse_issuing(struct change *change, enum err status, const char *key_name) {
    const struct {
        enum err status;
        enum officer_reason reason;
        const char *detail;
    } reasons[] = {
        {ERR_NOT_FOUND, OFFICER_REASON_NO_AUTHORITY, NULL},
        {ERR_DENIED, OFFICER_REASON_AUTHORITY_ENDS, NULL},
        {ERR_LIMIT, OFFICER_REASON_ISSUED_MANY, NULL},
        {ERR_CRYPTO, OFFICER_REASON_REQUEST_KEY, key_name},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return change_refuse(change, status, reasons[i].reason, reasons[i].detail);
    return change_refuse(change, status, OFFICER_REASON_TOKEN, err_text(status));
}

enum err requests_certify(struct change *change, const struct hsm_certify *question,
                          const char *key_name, struct secret *answer,
                          struct hsm_certified *certified) {
    uint8_t memory[QUESTION_BYTES];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes written;
    hsm_wire_put_certify(&buffer, question);
    ERR_TRY(buffer_end(&buffer, &written));
    if (provd_peers_ask_key_maker(change->provd->peers, HSM_CERTIFY, written, answer) != ERR_OK)
        return change_refuse(change, ERR_UNAVAILABLE, OFFICER_REASON_SIGNER, NULL);
    if (hsm_wire_get_certified(secret_view(answer), certified) != ERR_OK)
        return change_refuse(change, ERR_UNAVAILABLE, OFFICER_REASON_SIGNER, "answer");
    enum err status = certified->receipt.status;
    return status == ERR_OK ? ERR_OK : refuse_issuing(change, status, key_name);
}
