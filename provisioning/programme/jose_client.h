#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "provisioning/programme/jose_party.h"

/*
 * A programme's requests of the JOSE profile, and its reading of the answers. For one thread. The
 * random parts (ephemeral key, nonce, IV) are new in each request.
 */
struct jose_question {
    const struct jose_party *party;
    const char *individual_id, *individual_id_type;
    const char *transaction_id;
    const json_t *factors; /* {"otp": …}, {"demographics": …}; NULL: none. Borrowed */
    const json_t *claims;  /* more claims: {"consent": true}, {"channels": […]}; NULL. Borrowed */
};

/* The compact JWS to be sent. The caller frees ${body}. ERR_CRYPTO. */
MUST_CHECK enum err jose_client_request(const struct jose_question *question, char **body);

/*
 * Verifies a JWT with the appliance's keys: its signature, header type, issuer, audience and times.
 * ${claims} stays NULL unless all is right; the caller frees them. ERR_CRYPTO: it is not.
 */
MUST_CHECK enum err jose_client_verify(const struct jose_party *party, const char *type,
                                       struct bytes jwt, json_t **claims);
/* Opens a nested JWT (§6) with the programme's encryption key. The caller frees ${jwt}, terminated.
 * ERR_CRYPTO, ERR_MALFORMED. */
MUST_CHECK enum err jose_client_open(const struct jose_party *party, struct bytes compact,
                                     char **jwt);
