#include "authd/wire/field.h"
#include "authd/wire/tls_chain_wire.h"

#define PUBLIC_KEY_MAX 2048

void tls_chain_wire_put_question(struct buffer *target, const struct tls_chain_question *question) {
    buffer_bool(target, question->judged);
    buffer_i64(target, question->now_ms);
    buffer_text(target, question->names);
    buffer_u8(target, (uint8_t)question->count);
    for (size_t i = 0; i < question->count; i++)
        buffer_block(target, question->certificates[i]);
}

enum err tls_chain_wire_get_question(struct bytes payload, struct tls_chain_question *question) {
    struct cursor cursor = cursor_over(payload);
    struct tls_chain_question read = {.judged = cursor_bool(&cursor)};
    read.now_ms = cursor_i64(&cursor);
    field_line(&cursor, read.names, sizeof read.names);
    read.count = field_enum(&cursor, 1, TLS_CHAIN_CERTIFICATES_MAX);
    for (size_t i = 0; i < read.count; i++)
        read.certificates[i] = cursor_block(&cursor, TLS_CHAIN_CERTIFICATE_MAX);
    field_require(&cursor, read.now_ms > 0);

    *question = (struct tls_chain_question){0};
    ERR_TRY(cursor_end(&cursor));
    *question = read;
    return ERR_OK;
}

void tls_chain_wire_put_read(struct buffer *target, const struct tls_chain_read *answer) {
    buffer_u8(target, (uint8_t)answer->fault);
    buffer_u8(target, answer->at);
    buffer_text(target, answer->missing);
    if (answer->fault != TLS_CHAIN_GOOD)
        return;
    buffer_block(target, answer->public_key);
    buffer_raw(target, answer->thumbprint, sizeof answer->thumbprint);
    buffer_text(target, answer->subject);
    buffer_text(target, answer->issuer);
    buffer_text(target, answer->names);
    buffer_i64(target, answer->not_after_ms);
    buffer_u8(target, (uint8_t)answer->end);
    buffer_text(target, answer->authority);
}

static void get_leaf(struct cursor *cursor, struct tls_chain_read *read) {
    read->public_key = cursor_block(cursor, PUBLIC_KEY_MAX);
    cursor_copy(cursor, read->thumbprint, sizeof read->thumbprint);
    field_line(cursor, read->subject, sizeof read->subject);
    field_line(cursor, read->issuer, sizeof read->issuer);
    field_line(cursor, read->names, sizeof read->names);
    read->not_after_ms = cursor_i64(cursor);
    read->end = (enum tls_chain_end)field_enum(cursor, TLS_CHAIN_LEAF_ALONE, TLS_CHAIN_ENDS - 1);
    field_line(cursor, read->authority, sizeof read->authority);
    field_require(cursor, read->public_key.len > 0);
}

enum err tls_chain_wire_get_read(struct bytes payload, struct tls_chain_read *answer) {
    struct cursor cursor = cursor_over(payload);
    struct tls_chain_read read = {0};
    read.fault = (enum tls_chain_fault)field_enum(&cursor, TLS_CHAIN_UNREADABLE, TLS_CHAIN_GOOD);
    read.at = cursor_u8(&cursor);
    field_line(&cursor, read.missing, sizeof read.missing);
    bool is_good = read.fault == TLS_CHAIN_GOOD;
    field_require(&cursor, is_good == (read.at == 0) && read.at <= TLS_CHAIN_CERTIFICATES_MAX);
    field_require(&cursor, (read.fault == TLS_CHAIN_NAME) == (read.missing[0] != '\0'));
    if (is_good)
        get_leaf(&cursor, &read);

    *answer = (struct tls_chain_read){.fault = TLS_CHAIN_UNREADABLE, .at = 1};
    ERR_TRY(cursor_end(&cursor));
    *answer = read;
    return ERR_OK;
}
