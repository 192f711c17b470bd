#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "provisioning/programme/https.h"
#include "provisioning/programme/mosip_client.h"

/* One authentication over the JOSE profile (docs/protocol.md), told to whoever watches. */
struct jose_story {
    const struct mosip_parties *parties; /* who, about whom, in which transaction */
    struct https *https;
    const char *given_code;   /* NULL: the one in the outbox, or with biometrics none */
    const json_t *biometrics; /* NULL: authenticated by a code. Borrowed */
    bool attributes;          /* ask for attributes too */
};

/* True when the person was authenticated and the result verified. */
bool jose_story_tell(const struct jose_story *story);
