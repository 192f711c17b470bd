#include <string.h>

#include <sodium.h>

#include "firmware/base/codec.h"
#include "authd/store/jose_client.h"

#define FORMAT           2
#define FORMAT_NO_TLS    1 /* without the kid of the TLS key */
#define COORDINATE_BYTES 32
#define UNCOMPRESSED     0x04 /* SEC 1 §2.3.3 */

void jose_client_kid(const uint8_t point[static JOSE_CLIENT_POINT_BYTES],
                     uint8_t kid[static JOSE_CLIENT_KID_BYTES]) {
    uint8_t memory[160];
    struct buffer jwk = buffer_over(memory, sizeof memory);
    buffer_format(&jwk, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
    codec_base64url(&jwk, bytes_of(point + 1, COORDINATE_BYTES));
    buffer_format(&jwk, "\",\"y\":\"");
    codec_base64url(&jwk, bytes_of(point + 1 + COORDINATE_BYTES, COORDINATE_BYTES));
    buffer_format(&jwk, "\"}");
    (void)crypto_hash_sha256(kid, jwk.data, jwk.len);
}

static bool is_key(const struct jose_client_key *key) {
    uint8_t kid[JOSE_CLIENT_KID_BYTES];
    jose_client_kid(key->point, kid);
    return key->point[0] == UNCOMPRESSED && memcmp(kid, key->kid, sizeof kid) == 0 &&
           key->not_before_ms <= key->not_after_ms;
}

/* What must be true of a client, whoever wrote it. */
static bool is_client(const struct jose_client *client) {
    return client->partner_id[0] != '\0' && client->tls_not_before_ms <= client->tls_not_after_ms &&
           is_key(&client->signature) && is_key(&client->encryption) &&
           memcmp(client->signature.kid, client->encryption.kid, JOSE_CLIENT_KID_BYTES) != 0 &&
           memcmp(client->tls_kid, client->signature.kid, JOSE_CLIENT_KID_BYTES) != 0 &&
           memcmp(client->tls_kid, client->encryption.kid, JOSE_CLIENT_KID_BYTES) != 0;
}

static bool knows_tls_key(const struct jose_client *client) {
    return sodium_is_zero(client->tls_kid, sizeof client->tls_kid) == 0;
}

/* The kid follows from the point. */
static void put_key(struct buffer *plain, const struct jose_client_key *key) {
    buffer_raw(plain, key->point, sizeof key->point);
    buffer_i64(plain, key->not_before_ms);
    buffer_i64(plain, key->not_after_ms);
}

static void get_key(struct cursor *cursor, struct jose_client_key *key) {
    cursor_copy(cursor, key->point, sizeof key->point);
    key->not_before_ms = cursor_i64(cursor);
    key->not_after_ms = cursor_i64(cursor);
    jose_client_kid(key->point, key->kid);
}

enum err jose_client_encode(const struct jose_client *client, struct buffer *plain) {
    if (!is_client(client))
        return ERR_MALFORMED;
    bool knows_tls = knows_tls_key(client);
    buffer_u8(plain, knows_tls ? FORMAT : FORMAT_NO_TLS);
    buffer_text(plain, client->partner_id);
    buffer_raw(plain, client->tls_thumbprint, sizeof client->tls_thumbprint);
    buffer_i64(plain, client->tls_not_before_ms);
    buffer_i64(plain, client->tls_not_after_ms);
    put_key(plain, &client->signature);
    put_key(plain, &client->encryption);
    if (knows_tls)
        buffer_raw(plain, client->tls_kid, sizeof client->tls_kid);
    return plain->err;
}

enum err jose_client_decode(struct bytes plain, struct jose_client *client) {
    *client = (struct jose_client){0};
    struct cursor cursor = cursor_over(plain);
    uint8_t format = cursor_u8(&cursor);
    cursor_text(&cursor, client->partner_id, sizeof client->partner_id);
    cursor_copy(&cursor, client->tls_thumbprint, sizeof client->tls_thumbprint);
    client->tls_not_before_ms = cursor_i64(&cursor);
    client->tls_not_after_ms = cursor_i64(&cursor);
    get_key(&cursor, &client->signature);
    get_key(&cursor, &client->encryption);
    if (format == FORMAT)
        cursor_copy(&cursor, client->tls_kid, sizeof client->tls_kid);
    bool is_known = format == (knows_tls_key(client) ? FORMAT : FORMAT_NO_TLS);
    if (cursor_end(&cursor) == ERR_OK && is_known && is_client(client))
        return ERR_OK;
    *client = (struct jose_client){0};
    return ERR_CORRUPT;
}
