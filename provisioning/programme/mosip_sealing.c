#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioning/programme/mosip_sealing.h"

#include "firmware/base/codec.h"

#define CERTIFICATE_MAX 8192 /* characters in base64 */
#define SIGNATURE_MAX   1024

char *mosip_sealing_base64url(struct bytes view) {
    size_t size = CODEC_BASE64_CHARS(view.len) + 1;
    char *text = calloc(1, size);
    struct buffer target = buffer_over(text, text != NULL ? size : 0);
    struct bytes written;
    codec_base64url(&target, view);
    if (buffer_end(&target, &written) == ERR_OK)
        return text;
    free(text);
    return NULL;
}

char *mosip_sealing_wrap(X509 *certificate, const uint8_t key[static MOSIP_SEALING_KEY_BYTES]) {
    uint8_t wrapped[512];
    size_t len = sizeof(wrapped);
    EVP_PKEY_CTX *oaep = EVP_PKEY_CTX_new(X509_get0_pubkey(certificate), NULL);
    char *text = NULL;
    if (oaep != NULL && EVP_PKEY_encrypt_init(oaep) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(oaep, RSA_PKCS1_OAEP_PADDING) == 1 &&
        EVP_PKEY_CTX_set_rsa_oaep_md(oaep, EVP_sha256()) == 1 &&
        EVP_PKEY_CTX_set_rsa_mgf1_md(oaep, EVP_sha256()) == 1 &&
        EVP_PKEY_encrypt(oaep, wrapped, &len, key, MOSIP_SEALING_KEY_BYTES) == 1)
        text = mosip_sealing_base64url(bytes_of(wrapped, len));
    EVP_PKEY_CTX_free(oaep);
    return text;
}

char *mosip_sealing_thumbprint(X509 *certificate) {
    uint8_t hash[32];
    unsigned len = sizeof(hash);
    if (X509_digest(certificate, EVP_sha256(), hash, &len) != 1)
        return NULL;
    return mosip_sealing_base64url(bytes_of(hash, len));
}

/* {"alg":"RS256","x5c":[…]}, in base64url. */
static char *header_of(X509 *certificate) {
    char text[CERTIFICATE_MAX + 64];
    struct buffer header = buffer_over(text, sizeof(text));
    struct bytes view;
    unsigned char *der = NULL;
    int der_len = i2d_X509(certificate, &der);
    if (der_len <= 0)
        return NULL;
    buffer_format(&header, "{\"alg\":\"RS256\",\"x5c\":[\"");
    codec_base64(&header, bytes_of(der, (size_t)der_len));
    buffer_format(&header, "\"]}");
    OPENSSL_free(der);
    return buffer_end(&header, &view) == ERR_OK ? mosip_sealing_base64url(view) : NULL;
}

static char *signature_of(EVP_PKEY *key, const char *head, const char *payload) {
    uint8_t signature[SIGNATURE_MAX];
    size_t len = sizeof(signature);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool signed_it = digest != NULL &&
                     EVP_DigestSignInit(digest, NULL, EVP_sha256(), NULL, key) == 1 &&
                     EVP_DigestSignUpdate(digest, head, strlen(head)) == 1 &&
                     EVP_DigestSignUpdate(digest, ".", 1) == 1 &&
                     EVP_DigestSignUpdate(digest, payload, strlen(payload)) == 1 &&
                     EVP_DigestSignFinal(digest, signature, &len) == 1;
    EVP_MD_CTX_free(digest);
    return signed_it ? mosip_sealing_base64url(bytes_of(signature, len)) : NULL;
}

char *mosip_sealing_sign(EVP_PKEY *key, X509 *certificate, struct bytes payload, bool detached) {
    char *head = header_of(certificate), *middle = mosip_sealing_base64url(payload), *jws = NULL;
    char *tail = head != NULL && middle != NULL ? signature_of(key, head, middle) : NULL;
    if (tail != NULL && asprintf(&jws, "%s.%s.%s", head, detached ? "" : middle, tail) < 0)
        jws = NULL;
    free(head);
    free(middle);
    free(tail);
    return jws;
}
