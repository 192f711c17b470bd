#include "firmware/base/pem.h"
#include "hsm/keyring_life.h"
#include "hsm/publish.h"

struct key_list {
    struct buffer *target;
    size_t count;
};

enum err publish_kid(const struct keyring_row *row, char kid[static JWK_KID_SIZE]) {
    switch (row->purpose) {
    case HSM_PURPOSE_SIGN:
        return jwk_mosip_kid(JWK_SIGN_REFERENCE, row->life.came[KEYSTATE_GENERATED].wall_ms,
                             row->generation, kid);
    case HSM_PURPOSE_AUDIT:
    case HSM_PURPOSE_TOKEN:
    case HSM_PURPOSE_REQUEST:
        return jwk_ec_kid(keyring_row_certificate(row), kid);
    default:
        return ERR_NOT_FOUND;
    }
}

static enum err put_key(void *context, const struct keyring_row *row) {
    struct key_list *list = context;
    char kid[JWK_KID_SIZE];
    struct bytes certificate = keyring_row_certificate(row);
    buffer_format(list->target, "%s", list->count++ == 0 ? "" : ",");
    ERR_TRY(publish_kid(row, kid));
    if (row->purpose == HSM_PURPOSE_SIGN)
        return jwk_put_rsa(list->target, certificate, kid);
    bool encrypts = row->purpose == HSM_PURPOSE_REQUEST;
    return jwk_put_ec(list->target, encrypts ? JWK_ENCRYPTION : JWK_SIGNATURE, certificate, kid);
}

static enum err put_jwks(struct buffer *target, struct keyring *keyring) {
    static const enum hsm_purpose purposes[] = {HSM_PURPOSE_SIGN, HSM_PURPOSE_AUDIT,
                                                HSM_PURPOSE_TOKEN, HSM_PURPOSE_REQUEST};
    struct key_list list = {.target = target};
    buffer_format(target, "{\"keys\":[");
    for (size_t i = 0; i < sizeof purposes / sizeof *purposes; i++)
        ERR_TRY(keyring_each_in_use(keyring, purposes[i], KEYSTATE_SHOWN, put_key, &list));
    buffer_format(target, "]}");
    return list.count > 0 ? target->err : ERR_NOT_FOUND;
}

/* What a client encrypts to; "" on a box that has no such key yet. */
static enum err name_request_key(struct keyring *keyring, char kid[static JWK_KID_SIZE]) {
    struct keyring_row row;
    kid[0] = '\0';
    enum err err = keyring_active(keyring, HSM_PURPOSE_REQUEST, &row);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    ERR_TRY(err);
    return publish_kid(&row, kid);
}

/* Nothing, while a revoked key's successor waits to become active. */
static enum err put_pem(struct buffer *target, struct keyring *keyring, enum hsm_purpose purpose) {
    struct keyring_row row;
    enum err err = keyring_active(keyring, purpose, &row);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    ERR_TRY(err);
    pem_put(target, "CERTIFICATE", keyring_row_certificate(&row));
    return target->err;
}

/* What was written since ${start}. */
static struct bytes part_of(const struct buffer *target, size_t start) {
    return bytes_of(target->data + start, target->len - start);
}

static enum err put_root(void *context, const struct keyring_row *row) {
    struct buffer *target = context;
    buffer_format(target, "# %s/%u (%s)\n", hsm_purpose_text(row->purpose), row->generation,
                  keystate_text(keyring_row_state(row)));
    pem_put(target, "CERTIFICATE", keyring_row_certificate(row));
    return target->err;
}

/* The active one first, those that clients may still have, and the one that is to sign next. */
static enum err put_roots(struct buffer *target, struct keyring *keyring, struct bytes *part) {
    size_t start = target->len;
    ERR_TRY(keyring_each_in_use(keyring, HSM_PURPOSE_ROOT, KEYSTATE_SHOWN, put_root, target));
    *part = part_of(target, start);
    return ERR_OK;
}

static enum err find_custody(struct keyring *keyring, enum hsm_purpose purpose,
                             uint16_t *wrapped_by) {
    struct keyring_row row;
    enum err err = keyring_active(keyring, purpose, &row);
    *wrapped_by = err == ERR_OK && row.has_wrapped ? row.wrapped_by : 0;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err find_custodies(struct keyring *keyring, struct hsm_custodies *custodies) {
    ERR_TRY(find_custody(keyring, HSM_PURPOSE_PARTNER, &custodies->partner));
    ERR_TRY(find_custody(keyring, HSM_PURPOSE_IDA_FIR, &custodies->ida_fir));
    return find_custody(keyring, HSM_PURPOSE_REQUEST, &custodies->request);
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
    };
    struct keyring_status status;
    int64_t max_age_seconds;
    ERR_TRY(keyring_status(keyring, &status));
    ERR_TRY(keyring_life_max_age(keyring, &max_age_seconds));
    publish->parts.sequence = status.sequence;
    publish->parts.max_age_seconds = (uint32_t)max_age_seconds;
    ERR_TRY(put_jwks(&target, keyring));
    publish->parts.jwks = part_of(&target, 0);
    ERR_TRY(name_request_key(keyring, publish->parts.request_kid));
    ERR_TRY(find_custodies(keyring, &publish->parts.wrapped_by));
    for (size_t i = 0; i < sizeof certificates / sizeof *certificates; i++) {
        size_t start = target.len;
        ERR_TRY(put_pem(&target, keyring, certificates[i].purpose));
        *certificates[i].part = part_of(&target, start);
    }
    return put_roots(&target, keyring, &publish->parts.root_pem);
}
