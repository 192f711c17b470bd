#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "firmware/base/codec.h"
#include "firmware/base/openssl_scope.h"
#include "authd/unseal/certificate.h"
#include "authd/unseal/certificate_field.h"
#include "authd/unseal/certificate_path.h"
#include "authd/unseal/der.h"
#include "authd/unseal/digest.h"
#include "authd/unseal/jws.h"
#include "authd/unseal/key_name.h"

static EVP_MD_CTX *verifier;

enum err certificate_open(void) {
    /* gmtime_r, which OpenSSL calls, would open a file at its first use. */
    tzset();
    if (verifier == NULL)
        verifier = EVP_MD_CTX_new();
    if (verifier == NULL ||
        OPENSSL_init_crypto(OPENSSL_INIT_ADD_ALL_DIGESTS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
                                OPENSSL_INIT_NO_LOAD_CONFIG,
                            NULL) != 1)
        return ERR_CRYPTO;
    return digest_open();
}

void certificate_close(void) {
    EVP_MD_CTX_free(verifier);
    verifier = NULL;
    certificate_path_close();
    digest_close();
}

/*
 * A key on P-256 has one encoding (RFC 5480 §2.1.1: the curve by its name; §2.2: the point not
 * compressed), of which this is what comes before the coordinates. Others can be the same key, and
 * are refused: its registered form would be none that anybody compares with.
 */
static const uint8_t p256_prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
#define P256_COORDINATES_BYTES 64

static bool is_p256(struct bytes public_key) {
    return public_key.len == sizeof p256_prefix + P256_COORDINATES_BYTES &&
           memcmp(public_key.data, p256_prefix, sizeof p256_prefix) == 0;
}

/* What an officer is told that the key is; that of another encoding is no P-256 here. */
static void name_key(X509 *certificate, struct bytes public_key,
                     char name[static UNSEAL_KEY_NAME_SIZE]) {
    if (is_p256(public_key))
        (void)snprintf(name, UNSEAL_KEY_NAME_SIZE, "P-256");
    else
        key_name(X509_get0_pubkey(certificate), name);
}

static enum err check_wanted_key(X509 *certificate, const struct unseal_certificate *question,
                                 struct bytes public_key) {
    bool is_programme = question->anchor_count > 0;
    if (question->key == CERTIFICATE_KEY_MOSIP)
        return certificate_path_key(certificate, is_programme);
    ERR_TRY(certificate_path_key(certificate, false));
    return is_p256(public_key) ? ERR_OK : ERR_DENIED;
}

/* The signing input is the protected header, a dot and the body in base64url (RFC 7515 §5.2). */
static enum err update_with_input(struct bytes protected_header, struct bytes body) {
    uint8_t chunk[4096];
    size_t step = sizeof chunk / 4 * 3;
    if (EVP_DigestVerifyUpdate(verifier, protected_header.data, protected_header.len) != 1 ||
        EVP_DigestVerifyUpdate(verifier, ".", 1) != 1)
        return ERR_CRYPTO;
    for (size_t at = 0; at < body.len; at += step) {
        size_t len = body.len - at < step ? body.len - at : step;
        struct buffer target = buffer_over(chunk, sizeof chunk);
        struct bytes text;
        codec_base64url(&target, bytes_of(body.data + at, len));
        ERR_TRY(buffer_end(&target, &text));
        if (EVP_DigestVerifyUpdate(verifier, text.data, text.len) != 1)
            return ERR_CRYPTO;
    }
    return ERR_OK;
}

static enum err verify_signature(X509 *certificate, const struct jws *jws, struct bytes body) {
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    enum err err = ERR_CRYPTO;
    if (EVP_DigestVerifyInit_ex(verifier, NULL, "SHA2-256", NULL, NULL, key, NULL) == 1)
        err = update_with_input(jws->protected_header, body);
    if (err == ERR_OK &&
        EVP_DigestVerifyFinal(verifier, jws->signature.data, jws->signature.len) != 1)
        err = ERR_CRYPTO;
    EVP_MD_CTX_reset(verifier);
    return err;
}

static enum err judge(const struct unseal_foreign *question, struct buffer *workspace) {
    struct jws jws;
    jws_read(question->signature_header, workspace, &jws);
    if (jws.shape != JWS_READ)
        return ERR_MALFORMED;
    struct certificate_anchors anchors = {question->anchors, question->anchor_count};
    OPENSSL_SCOPE(X509) *certificate = NULL;
    ERR_TRY(certificate_path_judge(jws.certificate, &anchors, question->now_ms, &certificate));
    return verify_signature(certificate, &jws, question->body);
}

void certificate_judge(const struct unseal_foreign *question, struct buffer *workspace,
                       struct unseal_foreign_judged *answer) {
    answer->trusted = judge(question, workspace) == ERR_OK;
    ERR_clear_error();
}

static enum err read_fields(X509 *certificate, struct buffer *workspace,
                            struct unseal_certificate_read *answer) {
    ERR_TRY(certificate_field_key(certificate, workspace, &answer->public_key));
    ERR_TRY(digest_sha256(answer->der, answer->thumbprint));
    ERR_TRY(certificate_field_time(X509_get0_notBefore(certificate), &answer->not_before_ms));
    ERR_TRY(certificate_field_time(X509_get0_notAfter(certificate), &answer->not_after_ms));
    name_key(certificate, answer->public_key, answer->key_name);
    certificate_field_name(X509_get_subject_name(certificate), answer->subject,
                           sizeof answer->subject);
    answer->is_authority = X509_check_ca(certificate) == 1;
    return answer->not_before_ms <= answer->not_after_ms ? ERR_OK : ERR_MALFORMED;
}

static enum err read_and_check(const struct unseal_certificate *question, struct buffer *workspace,
                               struct unseal_certificate_read *answer) {
    bool judged = question->anchor_count > 0;
    ERR_TRY(der_certificate(question->encoded, workspace, &answer->der));
    OPENSSL_SCOPE(X509) *certificate = certificate_path_parse(answer->der);
    if (certificate == NULL || read_fields(certificate, workspace, answer) != ERR_OK)
        return ERR_MALFORMED;
    ERR_TRY(check_wanted_key(certificate, question, answer->public_key));
    if (question->now_ms < answer->not_before_ms || question->now_ms > answer->not_after_ms)
        return ERR_EXPIRED;
    if (!judged)
        return ERR_OK;
    struct certificate_anchors anchors = {question->anchors, question->anchor_count};
    return certificate_path_follow(answer->der, certificate, &anchors, question->now_ms);
}

void certificate_read(const struct unseal_certificate *question, struct buffer *workspace,
                      struct unseal_certificate_read *answer) {
    *answer = (struct unseal_certificate_read){0};
    enum err status = read_and_check(question, workspace, answer);
    if (status == ERR_TOO_LARGE || status == ERR_TRUNCATED || status == ERR_FULL)
        status = ERR_MALFORMED;
    if (status != ERR_OK) {
        struct unseal_certificate_read refused = {.status = status};
        if (status == ERR_DENIED)
            memcpy(refused.key_name, answer->key_name, sizeof refused.key_name);
        *answer = refused;
    }
    ERR_clear_error();
}
