#include <string.h>

#include "hsm/receipt.h"
#include "hsm/wire_tls.h"

size_t hsm_tls_hash_bytes(enum hsm_tls_scheme scheme) {
    static const uint8_t bytes[HSM_TLS_SCHEMES] = {
        [HSM_TLS_ECDSA_SHA256] = 32,     [HSM_TLS_RSA_PSS_SHA256] = 32,
        [HSM_TLS_RSA_PSS_SHA384] = 48,   [HSM_TLS_RSA_PKCS1_SHA256] = 32,
        [HSM_TLS_RSA_PKCS1_SHA384] = 48,
    };
    return (unsigned)scheme < HSM_TLS_SCHEMES ? bytes[scheme] : 0;
}

void hsm_wire_put_tls_silence(struct buffer *target, uint32_t ms) {
    buffer_u32(target, ms);
}

enum err hsm_wire_get_tls_silence(struct bytes payload, uint32_t *ms) {
    struct cursor cursor = cursor_over(payload);
    *ms = cursor_u32(&cursor);
    ERR_TRY(cursor_end(&cursor));
    return *ms <= HSM_TLS_SILENCE_MAX_MS ? ERR_OK : ERR_MALFORMED;
}

void hsm_wire_put_tls_chain(struct buffer *target, const struct hsm_tls_chain *answer) {
    receipt_put(target, &answer->receipt);
    if (answer->receipt.status != ERR_OK)
        return;
    buffer_u64(target, answer->sequence);
    buffer_raw(target, answer->key_id, sizeof answer->key_id);
    buffer_u8(target, (uint8_t)answer->count);
    for (size_t i = 0; i < answer->count; i++)
        buffer_block(target, answer->certificates[i]);
}

static enum err get_chain(struct cursor *cursor, struct hsm_tls_chain *answer) {
    answer->sequence = cursor_u64(cursor);
    cursor_copy(cursor, answer->key_id, sizeof answer->key_id);
    size_t count = cursor_u8(cursor);
    if (cursor->err == ERR_OK && (count == 0 || count > HSM_TLS_CERTIFICATES))
        return ERR_MALFORMED;
    for (size_t i = 0; i < count && cursor->err == ERR_OK; i++) {
        answer->certificates[i] = cursor_block(cursor, HSM_TLS_CERTIFICATE_MAX);
        if (cursor->err == ERR_OK && answer->certificates[i].len == 0)
            return ERR_MALFORMED;
    }
    ERR_TRY(cursor_end(cursor));
    answer->count = count;
    return ERR_OK;
}

enum err hsm_wire_get_tls_chain(struct bytes payload, struct hsm_tls_chain *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    memset(answer, 0, sizeof *answer);
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    return more ? get_chain(&cursor, answer) : cursor_end(&cursor);
}

void hsm_wire_put_tls_sign(struct buffer *target, const struct hsm_tls_sign *question) {
    buffer_raw(target, question->key_id, sizeof question->key_id);
    buffer_u8(target, (uint8_t)question->scheme);
    buffer_block(target, bytes_of(question->hash, hsm_tls_hash_bytes(question->scheme)));
}

enum err hsm_wire_get_tls_sign(struct bytes payload, struct hsm_tls_sign *question) {
    struct cursor cursor = cursor_over(payload);
    memset(question, 0, sizeof *question);
    cursor_copy(&cursor, question->key_id, sizeof question->key_id);
    enum hsm_tls_scheme scheme = (enum hsm_tls_scheme)cursor_u8(&cursor);
    struct bytes hash = cursor_block(&cursor, sizeof question->hash);
    ERR_TRY(cursor_end(&cursor));
    if (hash.len == 0 || hash.len != hsm_tls_hash_bytes(scheme))
        return ERR_MALFORMED;
    question->scheme = scheme;
    memcpy(question->hash, hash.data, hash.len);
    return ERR_OK;
}

void hsm_wire_put_tls_signed(struct buffer *target, const struct hsm_tls_signed *answer) {
    receipt_put(target, &answer->receipt);
    if (answer->receipt.status == ERR_OK)
        buffer_block(target, answer->signature);
}

enum err hsm_wire_get_tls_signed(struct bytes payload, struct hsm_tls_signed *answer) {
    struct cursor cursor = cursor_over(payload);
    bool more;
    memset(answer, 0, sizeof *answer);
    ERR_TRY(receipt_get(&cursor, &answer->receipt, &more));
    if (more)
        answer->signature = cursor_block(&cursor, HSM_TLS_SIGNATURE_MAX);
    ERR_TRY(cursor_end(&cursor));
    return more && answer->signature.len == 0 ? ERR_MALFORMED : ERR_OK;
}
