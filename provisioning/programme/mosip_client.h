#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "provisioning/programme/kit.h"

/*
 * A MOSIP relying party: builds encrypted and signed requests (reference profile: RS256,
 * RSA-OAEP-256, AES-256-GCM with a trailing 16-byte IV) and verifies signed responses. For one
 * thread.
 */
struct mosip_request {
    char url[768];
    char *body;      /* free with mosip_request_free */
    char *signature; /* value of the header `signature` */
};
void mosip_request_free(struct mosip_request *request);

/* Who asks whom about whom. */
struct mosip_parties {
    const struct kit *kit;
    const struct kit_partner *partner;
    const char *individual_id, *individual_id_type;
    const char *transaction_id;
};

/* POST …/otp/…: a code to ${channels} ("phone", "email"; NULL-terminated). */
MUST_CHECK enum err mosip_request_otp(const struct mosip_parties *parties,
                                      const char *const *channels, struct mosip_request *request);
/* POST …/auth/…: ${factors} is the inner request without its timestamp, such as {"otp": "123456"};
 * borrowed. */
MUST_CHECK enum err mosip_request_auth(const struct mosip_parties *parties, const json_t *factors,
                                       struct mosip_request *request);

/* POST …/kyc/…: the same, and asks for the person's attributes that the policy allows. */
MUST_CHECK enum err mosip_request_kyc(const struct mosip_parties *parties, const json_t *factors,
                                      struct mosip_request *request);

/*
 * Opens the attributes of an eKYC answer's ${response} (§2.7) with the programme's key. ERR_DENIED:
 * they were sealed for another certificate. ERR_MALFORMED, ERR_CRYPTO. The caller frees
 * ${identity}.
 */
MUST_CHECK enum err mosip_kyc_open(const struct kit_partner *partner, const json_t *response,
                                   json_t **identity);

/* Ten random characters; ${transaction_id} is terminated. */
MUST_CHECK enum err mosip_transaction_id(char transaction_id[static 11]);

/*
 * Verifies a detached JWS over ${body} with the RSA key of the certificate in its own x5c; the
 * caller compares
 * ${kid} with the JWKS. ${valid} is the answer.
 */
MUST_CHECK enum err mosip_response_verify(struct bytes body, const char *signature, char *kid,
                                          size_t kid_size, bool *valid);
