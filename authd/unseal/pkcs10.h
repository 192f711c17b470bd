#pragma once

#include "firmware/base/bytes.h"
#include "authd/wire/pkcs10_wire.h"

/*
 * UNSEAL_PKCS10: the key of a request for a certificate, PEM (the first one in it) or DER, once it
 * is of a kind that may be certified and the request's own signature is by it, which only its owner
 * can make. certificate_open has loaded the algorithms. One thread.
 */
void pkcs10_read(struct bytes encoded, struct buffer *workspace, struct unseal_pkcs10_read *answer);
