#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "provisioning/programme/jose_party.h"

#include "firmware/base/codec.h"

enum { COORDINATE_BYTES = 32, UNCOMPRESSED = 4 };

static enum err complain(enum err result, const char *what, const char *subject) {
    fprintf(stderr, "jose: %s: %s\n", what, subject);
    return result;
}

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

enum err jose_party_point(const EVP_PKEY *key, uint8_t point[static JOSE_CLIENT_POINT_BYTES]) {
    size_t len = 0;
    if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point,
                                        JOSE_CLIENT_POINT_BYTES, &len) != 1 ||
        len != JOSE_CLIENT_POINT_BYTES || point[0] != UNCOMPRESSED)
        return ERR_CRYPTO;
    return ERR_OK;
}

/* As a kid is written. */
static enum err thumbprint_of(const EVP_PKEY *key, char kid[static JOSE_PARTY_KID_SIZE]) {
    uint8_t point[JOSE_CLIENT_POINT_BYTES], thumbprint[JOSE_CLIENT_KID_BYTES];
    struct buffer name = buffer_over(kid, JOSE_PARTY_KID_SIZE);
    struct bytes view;
    ERR_TRY(jose_party_point(key, point));
    jose_client_kid(point, thumbprint);
    codec_base64url(&name, bytes_of(thumbprint, sizeof(thumbprint)));
    buffer_raw(&name, "", 1);
    return buffer_end(&name, &view);
}

static enum err read_key(const struct kit *kit, const char *name, struct jose_party_key *key) {
    char path[1024];
    kit_path(kit, name, path, sizeof(path));
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return complain(ERR_NOT_FOUND, "cannot open the key file", path);
    key->key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    if (key->key == NULL || thumbprint_of(key->key, key->kid) != ERR_OK)
        return complain(ERR_CRYPTO, "no P-256 key", path);
    return ERR_OK;
}

static bool coordinate(const json_t *jwk, const char *name, uint8_t *target) {
    size_t len = 0;
    return codec_base64_decode(bytes_of_text(text_of(jwk, name)), CODEC_STRICT, target,
                               COORDINATE_BYTES, &len) == ERR_OK &&
           len == COORDINATE_BYTES;
}

EVP_PKEY *jose_party_key_of(const json_t *jwk) {
    uint8_t point[JOSE_CLIENT_POINT_BYTES] = {UNCOMPRESSED};
    char group[] = "P-256";
    EVP_PKEY *key = NULL;
    if (strcmp(text_of(jwk, "kty"), "EC") != 0 || strcmp(text_of(jwk, "crv"), group) != 0 ||
        !coordinate(jwk, "x", point + 1) || !coordinate(jwk, "y", point + 1 + COORDINATE_BYTES))
        return NULL;
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *making = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (making == NULL || EVP_PKEY_fromdata_init(making) != 1 ||
        EVP_PKEY_fromdata(making, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(making);
    return key;
}

static enum err take_published(struct jose_party *party, const json_t *jwk) {
    bool seals = strcmp(text_of(jwk, "alg"), "ECDH-ES") == 0 && party->request.key == NULL;
    bool signs = strcmp(text_of(jwk, "alg"), "ES256") == 0;
    if (!seals && (!signs || party->token_count == JOSE_PARTY_TOKENS_MAX))
        return ERR_OK;
    struct jose_party_key *key = seals ? &party->request : &party->tokens[party->token_count];
    key->key = jose_party_key_of(jwk);
    if (key->key == NULL || thumbprint_of(key->key, key->kid) != ERR_OK)
        return complain(ERR_CRYPTO, "a key of the JWKS is not on P-256", text_of(jwk, "kid"));
    if (strcmp(key->kid, text_of(jwk, "kid")) != 0)
        return complain(ERR_CRYPTO, "a kid is not its key's thumbprint", text_of(jwk, "kid"));
    party->token_count += seals ? 0 : 1;
    return ERR_OK;
}

static enum err read_published(struct jose_party *party, const json_t *jwks) {
    size_t index;
    json_t *jwk;
    json_array_foreach(json_object_get(jwks, "keys"), index, jwk) {
        ERR_TRY(take_published(party, jwk));
    }
    return party->request.key != NULL && party->token_count > 0
               ? ERR_OK
               : complain(ERR_NOT_FOUND, "the JWKS lacks", "a key to seal for, or one that signs");
}

static enum err read_own(const struct kit *kit, const json_t *jose, struct jose_party *party) {
    kit_path(kit, text_of(jose, "tls_certificate"), party->tls_certificate,
             sizeof(party->tls_certificate));
    kit_path(kit, text_of(jose, "tls_key"), party->tls_key, sizeof(party->tls_key));
    ERR_TRY(read_key(kit, text_of(jose, "signature_key"), &party->signature));
    return read_key(kit, text_of(jose, "encryption_key"), &party->encryption);
}

enum err jose_party_open(const struct kit *kit, const struct kit_partner *partner,
                         const json_t *jwks, struct jose_party *party) {
    size_t index;
    json_t *entry;
    *party = (struct jose_party){.partner = partner,
                                 .base_url = text_of(kit->document, "jose_base_url"),
                                 .issuer = text_of(kit->document, "issuer")};
    const json_t *jose = NULL;
    json_array_foreach(json_object_get(kit->document, "partners"), index, entry) {
        if (strcmp(text_of(entry, "id"), partner->id) == 0)
            jose = json_object_get(entry, "jose");
    }
    if (jose == NULL)
        return complain(ERR_NOT_FOUND, "the kit has no JOSE keys of this programme", partner->id);
    enum err result = read_own(kit, jose, party);
    if (result == ERR_OK)
        result = read_published(party, jwks);
    if (result != ERR_OK)
        jose_party_close(party);
    return result;
}

void jose_party_close(struct jose_party *party) {
    EVP_PKEY_free(party->signature.key);
    EVP_PKEY_free(party->encryption.key);
    EVP_PKEY_free(party->request.key);
    for (size_t i = 0; i < party->token_count; i++)
        EVP_PKEY_free(party->tokens[i].key);
    *party = (struct jose_party){0};
}
