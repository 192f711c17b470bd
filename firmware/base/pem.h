#pragma once

#include "firmware/base/bytes.h"

/* Appends ${der} as PEM (RFC 7468) between lines with ${label}, such as "CERTIFICATE". */
void pem_put(struct buffer *target, const char *label, struct bytes der);
