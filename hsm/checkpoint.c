#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>

#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "firmware/base/openssl_scope.h"
#include "hsm/checkpoint.h"

static const char title[] = "idcs checkpoint 1\n";
static const char signature_word[] = "signature ES256 ";

void checkpoint_put_text(struct buffer *note, const struct hsm_checkpoint *checkpoint) {
    char time[CLOCK_TEXT_SIZE];
    clock_format_millis(checkpoint->wall_ms, time);
    buffer_format(note, "%stree-size %llu\ntree-root ", title,
                  (unsigned long long)checkpoint->tree_size);
    codec_hex_upper(note, bytes_of(checkpoint->tree_root, sizeof checkpoint->tree_root));
    buffer_format(note, "\ntime %s\nregistry-sequence %llu\nstate-sequence %llu\n", time,
                  (unsigned long long)checkpoint->registry_sequence,
                  (unsigned long long)checkpoint->state_sequence);
}

void checkpoint_put_signature(struct buffer *note, const char *kid,
                              const uint8_t signature[static CHECKPOINT_SIGNATURE_BYTES]) {
    buffer_format(note, "%s%s ", signature_word, kid);
    codec_base64url(note, bytes_of(signature, CHECKPOINT_SIGNATURE_BYTES));
    buffer_format(note, "\n");
}

static void expect(struct cursor *cursor, const char *word) {
    if (!bytes_equal_text(cursor_take(cursor, strlen(word)), word) && cursor->err == ERR_OK)
        cursor->err = ERR_MALFORMED;
}

/* The characters up to ${end}, which is taken too. */
static struct bytes take_until(struct cursor *cursor, char end) {
    const uint8_t *found = cursor->left > 0 ? memchr(cursor->at, end, cursor->left) : NULL;
    if (found == NULL) {
        cursor->err = cursor->err == ERR_OK ? ERR_MALFORMED : cursor->err;
        return bytes_of(NULL, 0);
    }
    struct bytes taken = cursor_take(cursor, (size_t)(found - cursor->at));
    (void)cursor_u8(cursor);
    return taken;
}

static void fail(struct cursor *cursor, enum err err) {
    if (cursor->err == ERR_OK && err != ERR_OK)
        cursor->err = ERR_MALFORMED;
}

static uint64_t take_number(struct cursor *cursor) {
    struct bytes digits = take_until(cursor, '\n');
    uint64_t value = 0;
    bool canonical = digits.len > 0 && (digits.len == 1 || digits.data[0] != '0');
    for (size_t i = 0; i < digits.len && canonical; i++) {
        unsigned digit = (unsigned)digits.data[i] - '0';
        canonical = digit <= 9 && value <= (UINT64_MAX - digit) / 10;
        value = value * 10 + digit;
    }
    fail(cursor, canonical ? ERR_OK : ERR_MALFORMED);
    return canonical ? value : 0;
}

static void take_signature(struct cursor *cursor, struct checkpoint_note *parsed) {
    size_t len = 0;
    expect(cursor, signature_word);
    struct bytes kid = take_until(cursor, ' ');
    struct bytes encoded = take_until(cursor, '\n');
    fail(cursor, kid.len == CHECKPOINT_KID_SIZE - 1 ? ERR_OK : ERR_MALFORMED);
    fail(cursor, bytes_to_text(kid, parsed->kid, sizeof parsed->kid));
    fail(cursor, codec_base64_decode(encoded, CODEC_STRICT, parsed->signature,
                                     sizeof parsed->signature, &len));
    fail(cursor, len == sizeof parsed->signature ? ERR_OK : ERR_MALFORMED);
}

enum err checkpoint_parse(struct bytes note, struct checkpoint_note *parsed) {
    struct cursor cursor = cursor_over(note);
    memset(parsed, 0, sizeof *parsed);
    expect(&cursor, title);
    expect(&cursor, "tree-size ");
    parsed->fields.tree_size = take_number(&cursor);
    expect(&cursor, "tree-root ");
    fail(&cursor, codec_hex_decode(take_until(&cursor, '\n'), parsed->fields.tree_root,
                                   sizeof parsed->fields.tree_root));
    expect(&cursor, "time ");
    fail(&cursor, clock_parse_millis(take_until(&cursor, '\n'), &parsed->fields.wall_ms));
    expect(&cursor, "registry-sequence ");
    parsed->fields.registry_sequence = take_number(&cursor);
    expect(&cursor, "state-sequence ");
    parsed->fields.state_sequence = take_number(&cursor);
    if (cursor.err != ERR_OK)
        return ERR_MALFORMED;
    parsed->text = bytes_of(note.data, note.len - cursor.left);
    take_signature(&cursor, parsed);
    return cursor_end(&cursor) == ERR_OK ? ERR_OK : ERR_MALFORMED;
}

static ECDSA_SIG *signature_of(const uint8_t raw[static CHECKPOINT_SIGNATURE_BYTES]) {
    int half = CHECKPOINT_SIGNATURE_BYTES / 2;
    ECDSA_SIG *made = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, half, NULL), *s = BN_bin2bn(raw + half, half, NULL);
    if (made != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(made, r, s) == 1)
        return made;
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(made);
    return NULL;
}

enum err checkpoint_verify(const struct checkpoint_note *parsed, EVP_PKEY *key) {
    OPENSSL_SCOPE(ECDSA_SIG) *signature = signature_of(parsed->signature);
    OPENSSL_SCOPE(EVP_MD_CTX) *digest = EVP_MD_CTX_new();
    OPENSSL_SCOPE_OCTETS *der = NULL;
    if (signature == NULL || digest == NULL)
        return ERR_SYSTEM;
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC || EVP_PKEY_get_bits(key) != 256)
        return ERR_CRYPTO;
    int len = i2d_ECDSA_SIG(signature, &der);
    if (len <= 0 || EVP_DigestVerifyInit(digest, NULL, EVP_sha256(), NULL, key) != 1)
        return ERR_CRYPTO;
    int verified = EVP_DigestVerify(digest, der, (size_t)len, parsed->text.data, parsed->text.len);
    return verified == 1 ? ERR_OK : ERR_CRYPTO;
}
