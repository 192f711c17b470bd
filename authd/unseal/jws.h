#pragma once

#include "firmware/base/bytes.h"
#include "authd/wire/unseal_wire.h"

/*
 * The `signature` header: a detached compact JWS (RFC 7515 §7.2.2, appendix F), algorithm RS256,
 * with the signer's certificate in x5c. Nothing of it is verified here.
 */
struct jws {
    enum jws_shape shape;
    /* All empty unless JWS_READ: */
    struct bytes protected_header; /* the characters before ".." */
    struct bytes signature;        /* decoded */
    struct bytes certificate;      /* DER of x5c[0], framed as a certificate but not read */
};

/*
 * ${header} is the header's value. x5c is an array of which element 0 counts, or that element
 * alone; base64 of DER, or of PEM text, with line breaks anywhere. JWS_MALFORMED for any `crit`, as
 * no extension is understood here. Views point into ${header} and ${workspace}.
 */
void jws_read(struct bytes header, struct buffer *workspace, struct jws *jws);
