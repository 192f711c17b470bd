#pragma once

#include "firmware/base/bytes.h"
#include "authd/wire/tls_chain_wire.h"

/*
 * UNSEAL_TLS_CHAIN: certificates for TLS as an officer brings them. A judged chain has keys and
 * signatures of at least 112 bits, is valid at the given time, has been issued each by the next one
 * (RFC 8446 §4.4.2), and its leaf is for a server that signs (RFC 5280 §4.2.1.3, §4.2.1.12) and has
 * the names (RFC 6125; never the common name). The last may be any authority: whom clients trust is
 * theirs to say. certificate_open comes first. Views point into ${workspace}.
 */
void tls_chain_read(const struct tls_chain_question *question, struct buffer *workspace,
                    struct tls_chain_read *answer);
