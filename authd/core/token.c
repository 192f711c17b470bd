#include <openssl/bn.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

#include "authd/core/token.h"

#include "firmware/base/bytes.h"
#include "firmware/base/codec.h"

enum { HASH_BYTES = 32, HEX_CHARS = 64 };

/* Upper-case hex of SHA-256(SHA-256(text)), terminated. */
static enum err double_hash_hex(const char *text, char hex[static HEX_CHARS + 1]) {
    uint8_t once[HASH_BYTES], twice[HASH_BYTES];
    if (EVP_Digest(text, strlen(text), once, NULL, EVP_sha256(), NULL) != 1 ||
        EVP_Digest(once, sizeof(once), twice, NULL, EVP_sha256(), NULL) != 1)
        return ERR_CRYPTO;
    struct buffer target = buffer_over(hex, HEX_CHARS);
    struct bytes written;
    codec_hex_upper(&target, bytes_of(twice, sizeof(twice)));
    hex[HEX_CHARS] = '\0';
    return buffer_end(&target, &written);
}

/* The first 36 decimal digits of the integer whose big-endian bytes are the characters of ${hex}.
 */
static enum err decimal_head(const char hex[static HEX_CHARS], char token[static TOKEN_SIZE]) {
    BIGNUM *number = BN_bin2bn((const unsigned char *)hex, HEX_CHARS, NULL);
    char *decimal = number != NULL ? BN_bn2dec(number) : NULL;
    enum err result = decimal != NULL && strlen(decimal) >= TOKEN_SIZE - 1 ? ERR_OK : ERR_CRYPTO;
    if (result == ERR_OK) {
        memcpy(token, decimal, TOKEN_SIZE - 1);
        token[TOKEN_SIZE - 1] = '\0';
    }
    OPENSSL_free(decimal);
    BN_free(number);
    return result;
}

enum err token_derive(const char *subject, const char *audience, const char *uin_salt,
                      const char *partner_salt, char token[static TOKEN_SIZE]) {
    char text[512], hex[HEX_CHARS + 1];
    struct bytes written;
    struct buffer inner = buffer_over(text, sizeof(text));
    buffer_format(&inner, "%s%s", subject, uin_salt);
    buffer_u8(&inner, 0);
    ERR_TRY(buffer_end(&inner, &written));
    ERR_TRY(double_hash_hex(text, hex));
    struct buffer outer = buffer_over(text, sizeof(text));
    buffer_format(&outer, "%s%s%s", partner_salt, audience, hex);
    buffer_u8(&outer, 0);
    ERR_TRY(buffer_end(&outer, &written));
    ERR_TRY(double_hash_hex(text, hex));
    return decimal_head(hex, token);
}

enum err token_of_seed(const uint8_t seed[static TOKEN_SEED_BYTES], char token[static TOKEN_SIZE]) {
    char hex[HEX_CHARS];
    struct buffer target = buffer_over(hex, sizeof(hex));
    struct bytes written;
    codec_hex_upper(&target, bytes_of(seed, TOKEN_SEED_BYTES));
    ERR_TRY(buffer_end(&target, &written));
    return decimal_head(hex, token);
}

enum err token_random(char token[static TOKEN_SIZE]) {
    uint8_t random[TOKEN_SEED_BYTES];
    randombytes_buf(random, sizeof(random));
    return token_of_seed(random, token);
}
