#pragma once

#include "provisioning/officer_wire.h"

/*
 * OFFICER_CERTIFICATE: an officer has the box's CA issue a certificate for the key of a request
 * (PKCS#10). A programme's is registered with it in the same change, where it can be.
 */
enum officer_certificate_use {
    OFFICER_CERTIFICATE_MOSIP = 1, /* a programme of the MOSIP profile */
    OFFICER_CERTIFICATE_TLS,       /* of the JOSE profile, each of its three */
    OFFICER_CERTIFICATE_SIGNATURE,
    OFFICER_CERTIFICATE_ENCRYPTION,
    OFFICER_CERTIFICATE_DEVICE, /* a device that captures */
    OFFICER_CERTIFICATE_USES
};
#define OFFICER_CERTIFICATE_NAME_SIZE 65
#define OFFICER_CERTIFICATE_DAYS_MAX  1095
#define OFFICER_CERTIFICATE_DER_MAX   4096

struct officer_certificate {
    enum officer_certificate_use use;
    char id[OFFICER_CERTIFICATE_NAME_SIZE]; /* of the programme; of a device the name it is to bear
                                             */
    char name[PROGRAMME_NAME_SIZE]; /* of a programme that is not registered yet; "": it is */
    uint16_t days;
    bool replace; /* even if the programme has one that is registered */
    bool dry_run;
    struct bytes request; /* PEM or DER; a view of the frame */
};

/* What came of it. */
struct officer_issued {
    struct officer_outcome outcome;
    /* and when that is ERR_OK: */
    bool dry_run;                     /* nothing was done; what would be is below */
    bool registered;                  /* with its programme */
    bool replaced;                    /* the one that was registered before */
    bool anchored;                    /* the CA has become an authority of ${domain} by this */
    char domain[OFFICER_DOMAIN_SIZE]; /* "": none is needed */
    int64_t not_after_ms;
    struct bytes certificate, authority; /* DER; views of the frame; empty of a dry run */
};

void officer_wire_put_certificate(struct buffer *target,
                                  const struct officer_certificate *question);
MUST_CHECK enum err officer_wire_get_certificate(struct bytes payload,
                                                 struct officer_certificate *question);
void officer_wire_put_issued(struct buffer *target, const struct officer_issued *answer);
MUST_CHECK enum err officer_wire_get_issued(struct bytes payload, struct officer_issued *answer);
