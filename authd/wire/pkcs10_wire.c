#include <string.h>

#include "authd/wire/field.h"
#include "authd/wire/pkcs10_wire.h"

void pkcs10_wire_put_question(struct buffer *target, struct bytes encoded) {
    buffer_block(target, encoded);
}

enum err pkcs10_wire_get_question(struct bytes payload, struct bytes *encoded) {
    struct cursor cursor = cursor_over(payload);
    struct bytes read = cursor_block(&cursor, PKCS10_ENCODED_MAX);
    *encoded = bytes_of(NULL, 0);
    ERR_TRY(cursor_end(&cursor));
    *encoded = read;
    return ERR_OK;
}

void pkcs10_wire_put_read(struct buffer *target, const struct unseal_pkcs10_read *answer) {
    buffer_u8(target, (uint8_t)answer->status);
    buffer_text(target, answer->key_name);
    if (answer->status != ERR_OK)
        return;
    buffer_raw(target, answer->key_hash, sizeof answer->key_hash);
    buffer_u8(target, (uint8_t)answer->key);
    if (answer->key == PKCS10_RSA) {
        buffer_block(target, bytes_of(answer->modulus, answer->modulus_len));
    } else {
        buffer_raw(target, answer->x, sizeof answer->x);
        buffer_raw(target, answer->y, sizeof answer->y);
    }
}

static bool is_status(enum err status) {
    return status == ERR_OK || status == ERR_MALFORMED || status == ERR_CRYPTO ||
           status == ERR_DENIED;
}

static void get_key(struct cursor *cursor, struct unseal_pkcs10_read *read) {
    cursor_copy(cursor, read->key_hash, sizeof read->key_hash);
    read->key = (enum pkcs10_key)field_enum(cursor, PKCS10_RSA, PKCS10_P256);
    if (read->key == PKCS10_P256) {
        cursor_copy(cursor, read->x, sizeof read->x);
        cursor_copy(cursor, read->y, sizeof read->y);
        return;
    }
    struct bytes modulus = cursor_block(cursor, sizeof read->modulus);
    field_require(cursor, modulus.len > 0 && modulus.data[0] != 0);
    if (cursor->err != ERR_OK)
        return;
    memcpy(read->modulus, modulus.data, modulus.len);
    read->modulus_len = modulus.len;
}

enum err pkcs10_wire_get_read(struct bytes payload, struct unseal_pkcs10_read *answer) {
    struct cursor cursor = cursor_over(payload);
    struct unseal_pkcs10_read read = {0};
    read.status = (enum err)cursor_u8(&cursor);
    field_line(&cursor, read.key_name, sizeof read.key_name);
    field_require(&cursor, is_status(read.status));
    field_require(&cursor,
                  read.key_name[0] == '\0' || read.status == ERR_OK || read.status == ERR_DENIED);
    if (cursor.err == ERR_OK && read.status == ERR_OK)
        get_key(&cursor, &read);

    *answer = (struct unseal_pkcs10_read){.status = ERR_MALFORMED};
    ERR_TRY(cursor_end(&cursor));
    *answer = read;
    return ERR_OK;
}
