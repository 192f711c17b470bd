#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/wire/sample_wire.h"

/*
 * Who signed for a capture device: `data` by a certificate of the domain DEVICE, `digitalId` by one
 * of the domain FTM. A certificate is judged once in a question, as all segments of one device have
 * the same two.
 */
enum device_trust_domain {
    DEVICE_TRUST_DEVICE,
    DEVICE_TRUST_FTM,
    DEVICE_TRUST_DOMAINS,
};

struct device_trust {
    const struct samples_question *question;
    size_t count;
    struct {
        enum device_trust_domain domain;
        struct bytes der;
        X509 *certificate; /* NULL: not trusted */
    } signers[DEVICE_TRUST_DOMAINS * BIOMETRIC_SEGMENTS_MAX];
};

/* Makes what verifies: before confinement. One thread. Twice is allowed. ERR_CRYPTO. */
MUST_CHECK enum err device_trust_open(void);
void device_trust_close(void);

/* ${trust} is for one question, which must outlive it. */
void device_trust_begin(struct device_trust *trust, const struct samples_question *question);
void device_trust_end(struct device_trust *trust);

/*
 * *trusted says whether the certificate of ${jws} leads to an anchor of ${domain} in time and its
 * signature, RS256, is of the text. At most as often for a domain as there are segments. Whatever
 * is wrong makes it untrusted.
 */
void device_trust_verify(struct device_trust *trust, enum device_trust_domain domain,
                         const struct biometric_signed *jws, bool *trusted);
