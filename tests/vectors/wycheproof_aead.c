#include <string.h>

#include <sodium.h>

#include "firmware/base/secret.h"
#include "authd/unseal/gcm.h"
#include "tests/vectors/wycheproof.h"

static json_int_t number(const json_t *group, const char *name) {
    return json_integer_value(json_object_get(group, name));
}

/* ---- AES-GCM: gcm.h, which opens sealed blocks and MOSIP's requests ---- */

static const char *begin_aes_gcm(const json_t *group) {
    if (number(group, "keySize") != GCM_KEY_BYTES * 8)
        return "keys have 256 bits";
    if (number(group, "ivSize") != 96 && number(group, "ivSize") != 128)
        return "IVs have 96 bits (JOSE) or 128 (MOSIP)";
    return number(group, "tagSize") == GCM_TAG_BYTES * 8 ? NULL : "tags have 128 bits";
}

static struct verdict judge_aes_gcm(const json_t *group, const json_t *test) {
    (void)group;
    struct verdict verdict = {0};
    struct gcm_sealed sealed = {.iv = wycheproof_hex(test, "iv"),
                                .additional = wycheproof_hex(test, "aad"),
                                .ciphertext = wycheproof_hex(test, "ct"),
                                .tag = wycheproof_hex(test, "tag").data};
    bool opened = false;
    SECRET(plaintext);
    wycheproof_require(gcm_set_key(wycheproof_hex(test, "key").data, sealed.iv.len) == ERR_OK &&
                           gcm_decrypt(&sealed, &plaintext, &opened) == ERR_OK,
                       "gcm");
    gcm_forget_key();
    verdict.accepted = opened && bytes_equal(secret_view(&plaintext), wycheproof_hex(test, "msg"));
    return verdict;
}

const struct wycheproof_runner wycheproof_aes_gcm = {begin_aes_gcm, judge_aes_gcm, NULL};

/* ---- XChaCha20-Poly1305: libsodium's, called as authd/store/record.c calls it. Its own interface
 * takes neither key, nonce nor additional data from outside. ---- */

static const char *begin_xchacha(const json_t *group) {
    wycheproof_require(sodium_init() >= 0, "sodium_init");
    return number(group, "ivSize") == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES * 8
               ? NULL
               : "the nonce is an array of 24 bytes";
}

static struct verdict judge_xchacha(const json_t *group, const json_t *test) {
    (void)group;
    struct verdict verdict = {0};
    struct bytes text = wycheproof_hex(test, "ct"), tag = wycheproof_hex(test, "tag");
    struct bytes expected = wycheproof_hex(test, "msg"), additional = wycheproof_hex(test, "aad");
    uint8_t *sealed = wycheproof_memory(text.len + tag.len);
    uint8_t *plain = wycheproof_memory(text.len + 1);
    unsigned long long len = 0;
    memcpy(sealed, text.data, text.len);
    memcpy(sealed + text.len, tag.data, tag.len);
    verdict.accepted =
        crypto_aead_xchacha20poly1305_ietf_decrypt(
            plain, &len, NULL, sealed, text.len + tag.len, additional.data, additional.len,
            wycheproof_hex(test, "iv").data, wycheproof_hex(test, "key").data) == 0 &&
        bytes_equal(bytes_of(plain, (size_t)len), expected);
    return verdict;
}

const struct wycheproof_runner wycheproof_xchacha = {begin_xchacha, judge_xchacha, NULL};
