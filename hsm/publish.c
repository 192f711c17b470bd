#include "hsm/certificate.h"
#include "hsm/jwk.h"
#include "hsm/publish.h"

struct key_list {
    struct buffer *target;
    size_t count;
};

static enum err put_key(void *context, const struct keyring_row *row) {
    struct key_list *list = context;
    char kid[JWK_KID_SIZE];
    struct bytes certificate = bytes_of(row->certificate, row->certificate_len);
    if (!row->committed)
        return ERR_OK;
    buffer_format(list->target, "%s", list->count++ == 0 ? "" : ",");
    if (row->purpose == HSM_PURPOSE_SIGN) {
        ERR_TRY(jwk_mosip_kid(JWK_SIGN_REFERENCE, row->generated_ms, kid));
        return jwk_put_rsa(list->target, certificate, kid);
    }
    ERR_TRY(jwk_ec_kid(certificate, kid));
    bool encrypts = row->purpose == HSM_PURPOSE_REQUEST;
    return jwk_put_ec(list->target, encrypts ? JWK_ENCRYPTION : JWK_SIGNATURE, certificate, kid);
}

static enum err put_jwks(struct buffer *target, struct keyring *keyring) {
    static const enum hsm_purpose purposes[] = {HSM_PURPOSE_SIGN, HSM_PURPOSE_AUDIT,
                                                HSM_PURPOSE_TOKEN, HSM_PURPOSE_REQUEST};
    struct key_list list = {.target = target};
    buffer_format(target, "{\"keys\":[");
    for (size_t i = 0; i < sizeof purposes / sizeof *purposes; i++)
        ERR_TRY(keyring_each(keyring, purposes[i], put_key, &list));
    buffer_format(target, "]}");
    return target->err;
}

/* What a client encrypts to; "" on a box that has no such key yet. */
static enum err name_request_key(struct keyring *keyring, char kid[static JWK_KID_SIZE]) {
    struct keyring_row row;
    kid[0] = '\0';
    enum err err = keyring_newest(keyring, HSM_PURPOSE_REQUEST, true, &row);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    ERR_TRY(err);
    return jwk_ec_kid(bytes_of(row.certificate, row.certificate_len), kid);
}

static enum err put_pem(struct buffer *target, struct keyring *keyring, enum hsm_purpose purpose) {
    struct keyring_row row;
    ERR_TRY(keyring_newest(keyring, purpose, true, &row));
    return certificate_put_pem(target, bytes_of(row.certificate, row.certificate_len));
}

/* What was written since ${start}. */
static struct bytes part_of(const struct buffer *target, size_t start) {
    return bytes_of(target->data + start, target->len - start);
}

enum err publish_make(struct publish *publish, struct keyring *keyring) {
    struct buffer target = buffer_over(publish->memory, sizeof publish->memory);
    const struct {
        enum hsm_purpose purpose;
        struct bytes *part;
    } certificates[] = {
        {HSM_PURPOSE_PARTNER, &publish->parts.partner_pem},
        {HSM_PURPOSE_IDA_FIR, &publish->parts.ida_fir_pem},
        {HSM_PURPOSE_SIGN, &publish->parts.sign_pem},
        {HSM_PURPOSE_ROOT, &publish->parts.root_pem},
    };
    ERR_TRY(put_jwks(&target, keyring));
    publish->parts.jwks = part_of(&target, 0);
    ERR_TRY(name_request_key(keyring, publish->parts.request_kid));
    for (size_t i = 0; i < sizeof certificates / sizeof *certificates; i++) {
        size_t start = target.len;
        ERR_TRY(put_pem(&target, keyring, certificates[i].purpose));
        *certificates[i].part = part_of(&target, start);
    }
    return ERR_OK;
}
