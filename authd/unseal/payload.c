#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "firmware/base/secret.h"
#include "authd/unseal/demographics.h"
#include "authd/unseal/digest.h"
#include "authd/unseal/json.h"
#include "authd/unseal/member.h"
#include "authd/unseal/payload.h"

#define TAG_BYTES      16
#define IV_BYTES       16
#define TRAILER_BYTES  (TAG_BYTES + IV_BYTES)
#define OTP_DIGITS     6
#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

static struct {
    EVP_CIPHER *aes_gcm;
    EVP_CIPHER_CTX *context;
} cipher;

enum err payload_open(void) {
    if (cipher.context == NULL) {
        cipher.aes_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
        cipher.context = EVP_CIPHER_CTX_new();
    }
    if (cipher.aes_gcm == NULL || cipher.context == NULL || digest_open() != ERR_OK) {
        payload_close();
        return ERR_CRYPTO;
    }
    return ERR_OK;
}

void payload_close(void) {
    EVP_CIPHER_CTX_free(cipher.context);
    EVP_CIPHER_free(cipher.aes_gcm);
    cipher.context = NULL;
    cipher.aes_gcm = NULL;
    digest_close();
}

/* The 16-byte IV is hashed to the counter block, unlike one of 12 bytes: its length comes first. */
static bool set_key(const uint8_t key[static 32]) {
    return EVP_DecryptInit_ex2(cipher.context, cipher.aes_gcm, NULL, NULL, NULL) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher.context, EVP_CTRL_AEAD_SET_IVLEN, IV_BYTES, NULL) == 1 &&
           EVP_DecryptInit_ex2(cipher.context, NULL, key, NULL, NULL) == 1;
}

/* Wipes the key schedule. */
static void forget_key(EVP_CIPHER_CTX **context) {
    (void)EVP_CIPHER_CTX_reset(*context);
    ERR_clear_error();
}

/* Decrypts into ${plaintext}, which has the ciphertext's length. */
static bool decrypt(struct bytes sealed, struct secret *plaintext) {
    const uint8_t *tag = sealed.data + plaintext->len, *iv = tag + TAG_BYTES;
    uint8_t expected[TAG_BYTES]; /* OpenSSL wants the tag writable */
    memcpy(expected, tag, sizeof expected);
    int len = 0, rest = 0;
    return EVP_DecryptInit_ex2(cipher.context, NULL, NULL, iv, NULL) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher.context, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, expected) == 1 &&
           EVP_DecryptUpdate(cipher.context, plaintext->data, &len, sealed.data,
                             (int)plaintext->len) == 1 &&
           EVP_DecryptFinal_ex(cipher.context, plaintext->data + len, &rest) == 1 &&
           (size_t)len + (size_t)rest == plaintext->len;
}

/* ${opened} says whether the tag verified; ${plaintext} is empty when it did not. */
static enum err open_sealed(struct bytes sealed, struct secret *plaintext, bool *opened) {
    *opened = false;
    if (sealed.len < TRAILER_BYTES)
        return ERR_OK;
    ERR_TRY(secret_new(plaintext, sealed.len - TRAILER_BYTES));
    *opened = decrypt(sealed, plaintext);
    if (!*opened)
        secret_free(plaintext);
    return ERR_OK;
}

/* Whether ${hmac} is the upper-case hex SHA-256 of ${plaintext}. */
static enum err compare_hash(struct bytes plaintext, struct bytes hmac, bool *matches) {
    uint8_t hash[DIGEST_BYTES];
    char hex[DIGEST_HEX_CHARS];
    struct buffer target = buffer_over(hex, sizeof hex);
    struct bytes expected;
    *matches = false;
    ERR_TRY(digest_sha256(plaintext, hash));
    codec_hex_upper(&target, bytes_of(hash, sizeof hash));
    ERR_TRY(buffer_end(&target, &expected));
    return secret_equal(expected, hmac, matches);
}

enum err payload_unseal(const struct unseal_payload *question, struct buffer *workspace,
                        struct payload *answer) {
    SECRET(hmac);
    SECRET(plaintext);
    __attribute__((cleanup(forget_key))) EVP_CIPHER_CTX *context = cipher.context;
    *answer = (struct payload){0};
    if (context == NULL || !set_key(question->content_key))
        return ERR_CRYPTO;
    /* Of any other length it cannot be a hash: it needs no room in the arena. */
    if (question->request_hmac.len == DIGEST_HEX_CHARS + TRAILER_BYTES)
        ERR_TRY(open_sealed(question->request_hmac, &hmac, &answer->hmac_opened));
    ERR_TRY(open_sealed(question->request, &plaintext, &answer->request_opened));
    if (answer->hmac_opened && answer->request_opened)
        ERR_TRY(compare_hash(secret_view(&plaintext), secret_view(&hmac), &answer->hash_matches));
    if (answer->hash_matches)
        payload_read(secret_view(&plaintext), workspace, answer);
    return ERR_OK;
}

static void read_otp(const struct json *json, const struct json_node *value,
                     struct payload *answer) {
    struct text_field text;
    answer->has_otp = !member_is_empty(json, value);
    member_text(json, value, sizeof answer->otp, &text);
    if (strlen(text.text) == OTP_DIGITS && strspn(text.text, "0123456789") == OTP_DIGITS) {
        answer->otp_well_formed = true;
        memcpy(answer->otp, text.text, OTP_DIGITS + 1);
    }
    secret_wipe(&text, sizeof text);
}

static void read_timestamp(const struct json *json, const struct json_node *value,
                           struct payload *answer) {
    member_text(json, value, UNSEAL_TIME_SIZE, &answer->timestamp);
    answer->timestamp_valid =
        answer->timestamp.presence == FIELD_PRESENT &&
        clock_parse_millis(bytes_of_text(answer->timestamp.text), &answer->timestamp_ms) == ERR_OK;
    if (!answer->timestamp_valid)
        answer->timestamp_ms = 0;
}

static void read_biometrics(const struct json *json, const struct json_node *value,
                            struct payload *answer) {
    answer->has_biometrics = !member_is_empty(json, value);
}

static void read_static_pin(const struct json *json, const struct json_node *value,
                            struct payload *answer) {
    answer->has_static_pin = !member_is_empty(json, value);
}

static void read_password(const struct json *json, const struct json_node *value,
                          struct payload *answer) {
    answer->has_password = !member_is_empty(json, value);
}

static void read_bound_tokens(const struct json *json, const struct json_node *value,
                              struct payload *answer) {
    answer->has_bound_tokens = !member_is_empty(json, value);
}

static const struct {
    const char *name;
    void (*read)(const struct json *json, const struct json_node *value, struct payload *answer);
} members[] = {
    {"otp", read_otp},
    {"timestamp", read_timestamp},
    {"biometrics", read_biometrics},
    {"staticPin", read_static_pin},
    {"password", read_password},
    {"keyBindedTokens", read_bound_tokens},
};

void payload_read(struct bytes plaintext, struct buffer *workspace, struct payload *answer) {
    struct json json;
    if (json_parse(plaintext, PAYLOAD_NODES_MAX, &json) != ERR_OK)
        return;
    answer->is_json = true;
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        const struct json_node *value = json_member(&json, json_root(&json), members[i].name);
        if (value != NULL)
            members[i].read(&json, value, answer);
    }
    const struct json_node *demographics = json_member(&json, json_root(&json), "demographics");
    if (demographics != NULL)
        demographics_read(&json, demographics, workspace, answer);
}
