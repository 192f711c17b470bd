#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * From a certificate to the anchor that issued it, by the rules of certificate.h, which has the
 * algorithms loaded (certificate_open). What fails leaves its reasons in OpenSSL's queue: the
 * caller clears it. One thread.
 */
struct certificate_anchors {
    const struct bytes *list; /* DER */
    size_t count;
};

/* Gives back the anchors that are kept from question to question. */
void certificate_path_close(void);

/* All of ${der}; NULL: that is no certificate. The caller frees it. */
X509 *certificate_path_parse(struct bytes der);

/* ERR_MALFORMED: no key that can be used, such as a point that is not on its curve. ERR_DENIED: too
 * weak, or not RSA where it must be. */
MUST_CHECK enum err certificate_path_key(X509 *certificate, bool must_be_rsa);

/* ERR_EXPIRED when the certificate's or an anchor's time is what fails; ERR_CRYPTO: no path. */
MUST_CHECK enum err certificate_path_follow(struct bytes der, X509 *certificate,
                                            const struct certificate_anchors *anchors,
                                            int64_t now_ms);

/*
 * All of that for an RSA key that signs. A certificate whose issuer is no anchor's name is not even
 * read.
 * ${certificate} is the caller's to free, and NULL unless ERR_OK. The errors of those above.
 */
MUST_CHECK enum err certificate_path_judge(struct bytes der,
                                           const struct certificate_anchors *anchors,
                                           int64_t now_ms, X509 **certificate);
