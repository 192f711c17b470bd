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
    return jwk_put_ec(list->target, certificate, kid);
}

static enum err put_jwks(struct buffer *target, struct keyring *keyring) {
    struct key_list list = {.target = target};
    buffer_format(target, "{\"keys\":[");
    ERR_TRY(keyring_each(keyring, HSM_PURPOSE_SIGN, put_key, &list));
    ERR_TRY(keyring_each(keyring, HSM_PURPOSE_AUDIT, put_key, &list));
    buffer_format(target, "]}");
    return target->err;
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
    for (size_t i = 0; i < sizeof certificates / sizeof *certificates; i++) {
        size_t start = target.len;
        ERR_TRY(put_pem(&target, keyring, certificates[i].purpose));
        *certificates[i].part = part_of(&target, start);
    }
    return ERR_OK;
}
