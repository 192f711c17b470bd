#pragma once

#include "firmware/base/err.h"

/*
 * The kit: what a programme's developer is handed. Writes kit.json and the files it names into
 * ${directory}; paths in it are relative to it, but for the outbox, which is an absolute one.
 */
struct demo_kit_order {
    const char *people;     /* file of demo_people_make */
    const char *programmes; /* programmes.json of demo_programmes_make, beside its other files */
    const char *base_url;
    const char *jose_base_url, *issuer; /* of the JOSE profile */
    const char *outbox;
    const char *ida_partner_certificate, *ida_fir_certificate; /* PEM, as the box publishes them */
    const char *domain_uri, *env;
    const char *directory;
};
MUST_CHECK enum err demo_kit_make(const struct demo_kit_order *order);
