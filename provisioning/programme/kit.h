#pragma once

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/* What a programme is handed: kit.json and the files it names. */
struct kit {
    char folder[512];
    json_t *document; /* kit.json itself */
    X509 *encryption_certificate;
    char ca_certificate[768]; /* path */
    char outbox[768];
    const char *base_url, *licence_key, *domain_uri, *environment; /* inside document */
};

/* A key and its certificate, of a PKCS#12 file. */
struct kit_signer {
    EVP_PKEY *key;
    X509 *certificate;
};

/* One programme of the kit, with its signing key. */
struct kit_partner {
    const char *id, *name, *api_key;
    EVP_PKEY *key;
    X509 *certificate;
};

/* Each says on stderr what is wrong. ERR_NOT_FOUND, ERR_MALFORMED, ERR_CRYPTO. ${named} is the
 * kit's folder or its kit.json. */
MUST_CHECK enum err kit_open(const char *named, struct kit *kit);
void kit_close(struct kit *kit);
/* The issuer of the JOSE profile; "" in a kit of before it. */
const char *kit_issuer(const struct kit *kit);
/* Paths in a kit are relative to it. */
void kit_path(const struct kit *kit, const char *name, char *path, size_t size);
/* ${id} NULL: the first programme that is active and may ask for codes and use them. */
MUST_CHECK enum err kit_partner_open(const struct kit *kit, const char *id,
                                     struct kit_partner *partner);
/* Of an entry of "partners": may it use ${type} ("otp", "demo", "kyc"…); is it active and free to
 * choose its factors? */
bool kit_partner_may(const json_t *partner, const char *type);
bool kit_partner_usable(const json_t *partner);
void kit_partner_close(struct kit_partner *partner);
/* The first person whose note is ${note} or whose individualId it is; borrowed. */
MUST_CHECK enum err kit_person(const struct kit *kit, const char *note, const json_t **person);

/* The first capture device of ${type} ("Finger", "Iris"); borrowed. ERR_NOT_FOUND (also: the kit is
 * of before there were devices). */
MUST_CHECK enum err kit_device(const struct kit *kit, const char *type, const json_t **device);
/* Opens the file that member ${name} of ${entry} names, with the entry's p12_password. */
MUST_CHECK enum err kit_signer_open(const struct kit *kit, const json_t *entry, const char *name,
                                    struct kit_signer *signer);
void kit_signer_close(struct kit_signer *signer);
/* The certificate that member ${name} of the kit names; the caller frees it. */
MUST_CHECK enum err kit_certificate(const struct kit *kit, const char *name, X509 **certificate);
/*
 * Capture ${number} of a part ("Right IndexFinger", "Left"…) of ${person}, read from its file; 0 is
 * the one that is enrolled. The caller frees ${record}'s data. ERR_NOT_FOUND: the kit has none.
 */
MUST_CHECK enum err kit_capture(const struct kit *kit, const json_t *person, const char *part,
                                unsigned number, struct bytes *record);
