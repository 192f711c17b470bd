#pragma once

#include "provisioning/officer_link.h"

/* For `officer status`: which certificate handshakes show and until when; nothing when the key of
 * TLS is not in the token. */
void cmd_tls_status(struct officer_link *link);
