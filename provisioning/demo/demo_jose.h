#pragma once

#include <jansson.h>

#include "firmware/base/err.h"
#include "provisioning/demo/demo_certificate.h"
#include "provisioning/demo/demo_policy.h"

/*
 * What a demo programme has for the JOSE profile: keys for TLS, signature and encryption, each with
 * a certificate, in partners/ID.PURPOSE.pem and .key of a folder.
 */
MUST_CHECK enum err demo_jose_make(const char *directory, const struct demo_partner *partner,
                                   const struct demo_certificate *authority);
/* The member "jose" of the programme in programmes.json; NULL without memory. */
json_t *demo_jose_registration(const struct demo_partner *partner);
/* Copies what the programme needs from folder ${from} into the kit in folder ${to}, and gives the
 * member "jose" of kit.json. */
MUST_CHECK enum err demo_jose_hand_over(const char *from, const char *to, const char *id,
                                        json_t **jose);
