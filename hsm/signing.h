#pragma once

#include <openssl/evp.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * Signing a digest with a key of the token, and verifying the signature before anybody has it. A
 * bit that flips in a module makes a wrong one, and a single wrong RSA signature that was made by
 * the CRT tells the private key to whoever sees it (Boneh, DeMillo and Lipton 1997).
 */
struct signing {
    EVP_PKEY_CTX *sign, *verify; /* both on one key, whose public half OpenSSL computes with */
};

#define SIGNING_NO_PADDING 0 /* ECDSA */

/*
 * Opens it for ${key}, of which it keeps a reference. ${hash}: OpenSSL's name of what makes the
 * digests, "SHA256". ${padding}: SIGNING_NO_PADDING, RSA_PKCS1_PADDING, or RSA_PKCS1_PSS_PADDING
 * with a salt as long as the hash. ERR_CRYPTO: such a key cannot sign so; ERR_SYSTEM. It is to be
 * closed then too. Unopened it is all zeroes, which can be closed.
 */
MUST_CHECK enum err signing_open(struct signing *signing, EVP_PKEY *key, const char *hash,
                                 int padding);
void signing_close(struct signing *signing);

/*
 * Signs ${digest} into ${signature}. ${len}: what there is room for, then the length. ERR_HSM: the
 * token failed, or what it gave does not verify: nothing of it is left in ${signature}.
 */
MUST_CHECK enum err signing_make(struct signing *signing, struct bytes digest, uint8_t *signature,
                                 size_t *len);
