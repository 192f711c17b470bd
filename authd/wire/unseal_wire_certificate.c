#include "authd/wire/anchors_wire.h"
#include "authd/wire/field.h"
#include "authd/wire/unseal_wire.h"

/* The questions about certificates that are not registered, and their answers. */
#define PUBLIC_KEY_MAX 2048

_Static_assert(sizeof((struct unseal_foreign *)0)->anchors / sizeof(struct bytes) ==
                   ANCHORS_WIRE_MAX,
               "anchors of a foreign signer");
_Static_assert(sizeof((struct unseal_certificate *)0)->anchors / sizeof(struct bytes) ==
                   ANCHORS_WIRE_MAX,
               "anchors of a certificate");

void unseal_wire_put_foreign(struct buffer *target, const struct unseal_foreign *question) {
    buffer_block(target, question->signature_header);
    buffer_block(target, question->body);
    buffer_i64(target, question->now_ms);
    anchors_wire_put(target, question->anchors, question->anchor_count);
}

enum err unseal_wire_get_foreign(struct bytes payload, struct unseal_foreign *question) {
    struct cursor cursor = cursor_over(payload);
    struct unseal_foreign read = {0};
    read.signature_header = cursor_block(&cursor, EDGE_SIGNATURE_MAX);
    read.body = cursor_block(&cursor, EDGE_BODY_MAX);
    read.now_ms = cursor_i64(&cursor);
    read.anchor_count = anchors_wire_get(&cursor, read.anchors);
    field_require(&cursor, read.now_ms > 0);

    *question = (struct unseal_foreign){0};
    ERR_TRY(cursor_end(&cursor));
    *question = read;
    return ERR_OK;
}

void unseal_wire_put_judged(struct buffer *target, const struct unseal_foreign_judged *answer) {
    buffer_bool(target, answer->trusted);
}

enum err unseal_wire_get_judged(struct bytes payload, struct unseal_foreign_judged *answer) {
    struct cursor cursor = cursor_over(payload);
    bool trusted = cursor_bool(&cursor);
    answer->trusted = false;
    ERR_TRY(cursor_end(&cursor));
    answer->trusted = trusted;
    return ERR_OK;
}

void unseal_wire_put_certificate(struct buffer *target, const struct unseal_certificate *question) {
    buffer_block(target, question->encoded);
    buffer_u8(target, (uint8_t)question->key);
    buffer_i64(target, question->now_ms);
    anchors_wire_put(target, question->anchors, question->anchor_count);
}

enum err unseal_wire_get_certificate(struct bytes payload, struct unseal_certificate *question) {
    struct cursor cursor = cursor_over(payload);
    struct unseal_certificate read = {0};
    read.encoded = cursor_block(&cursor, EDGE_BODY_MAX);
    read.key =
        (enum certificate_key)field_enum(&cursor, CERTIFICATE_KEY_MOSIP, CERTIFICATE_KEY_P256);
    read.now_ms = cursor_i64(&cursor);
    read.anchor_count = anchors_wire_get(&cursor, read.anchors);
    field_require(&cursor, read.now_ms > 0);

    *question = (struct unseal_certificate){0};
    ERR_TRY(cursor_end(&cursor));
    *question = read;
    return ERR_OK;
}

void unseal_wire_put_certificate_read(struct buffer *target,
                                      const struct unseal_certificate_read *answer) {
    buffer_u8(target, (uint8_t)answer->status);
    buffer_block(target, answer->der);
    buffer_block(target, answer->public_key);
    buffer_text(target, answer->key_name);
    buffer_raw(target, answer->thumbprint, sizeof answer->thumbprint);
    buffer_i64(target, answer->not_before_ms);
    buffer_i64(target, answer->not_after_ms);
    buffer_bool(target, answer->is_authority);
    buffer_text(target, answer->subject);
}

static bool is_certificate_status(enum err status) {
    return status == ERR_OK || status == ERR_MALFORMED || status == ERR_EXPIRED ||
           status == ERR_CRYPTO || status == ERR_DENIED;
}

enum err unseal_wire_get_certificate_read(struct bytes payload,
                                          struct unseal_certificate_read *answer) {
    struct cursor cursor = cursor_over(payload);
    struct unseal_certificate_read read = {0};
    read.status = (enum err)cursor_u8(&cursor);
    read.der = cursor_block(&cursor, ANCHORS_WIRE_CERTIFICATE_MAX);
    read.public_key = cursor_block(&cursor, PUBLIC_KEY_MAX);
    field_line(&cursor, read.key_name, sizeof read.key_name);
    cursor_copy(&cursor, read.thumbprint, sizeof read.thumbprint);
    read.not_before_ms = cursor_i64(&cursor);
    read.not_after_ms = cursor_i64(&cursor);
    read.is_authority = cursor_bool(&cursor);
    field_line(&cursor, read.subject, sizeof read.subject);
    bool is_read = read.status == ERR_OK;
    field_require(&cursor, is_certificate_status(read.status));
    field_require(&cursor, read.key_name[0] == '\0' || is_read || read.status == ERR_DENIED);
    field_require(&cursor, is_read == (read.der.len > 0) && is_read == (read.public_key.len > 0));
    field_require(&cursor, read.not_before_ms <= read.not_after_ms);

    *answer = (struct unseal_certificate_read){.status = ERR_MALFORMED};
    ERR_TRY(cursor_end(&cursor));
    *answer = read;
    return ERR_OK;
}
