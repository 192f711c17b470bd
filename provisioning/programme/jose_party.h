#pragma once

#include <jansson.h>
#include <openssl/evp.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/store/jose_client.h"
#include "provisioning/programme/kit.h"

/*
 * Both sides of the JOSE profile (docs/protocol.md §2) as a programme knows them: its own keys,
 * from the kit, and the appliance's, from its JWKS.
 */
#define JOSE_PARTY_KID_SIZE   44
#define JOSE_PARTY_TOKENS_MAX 32

struct jose_party_key {
    char kid[JOSE_PARTY_KID_SIZE]; /* RFC 7638 thumbprint */
    EVP_PKEY *key;
};

struct jose_party {
    const struct kit_partner *partner; /* the caller's */
    const char *base_url, *issuer;     /* inside the kit's document */
    char tls_certificate[1024], tls_key[1024];
    struct jose_party_key signature, encryption;
    struct jose_party_key request; /* the appliance's, to seal for */
    size_t token_count;
    struct jose_party_key tokens[JOSE_PARTY_TOKENS_MAX]; /* the appliance's, that sign results */
};

/*
 * Reads the kit's files for ${partner} and the appliance's ${jwks}. Says on stderr what is wrong.
 * ERR_NOT_FOUND: the kit has no JOSE keys for this programme, or the JWKS none for requests.
 * ERR_MALFORMED, ERR_CRYPTO. ${kit} and ${partner} must outlive it.
 */
MUST_CHECK enum err jose_party_open(const struct kit *kit, const struct kit_partner *partner,
                                    const json_t *jwks, struct jose_party *party);
void jose_party_close(struct jose_party *party);

/* The point of a P-256 key. ERR_CRYPTO: another kind. */
MUST_CHECK enum err jose_party_point(const EVP_PKEY *key,
                                     uint8_t point[static JOSE_CLIENT_POINT_BYTES]);
/* The key of a JWK's members; NULL when they are none of P-256. */
EVP_PKEY *jose_party_key_of(const json_t *jwk);
