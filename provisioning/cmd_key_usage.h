#pragma once

#include "provisioning/cmd.h"
#include "provisioning/officer_wire_keys.h"

/* Prints who would be refused without the key of ${order}; nothing when nobody encrypts to such. */
MUST_CHECK_RESULT enum result cmd_key_usage_foretell(struct officer_link *link,
                                                     const struct officer_key_order *order,
                                                     const char *name);
/* Reads the name of a key, or of a purpose. */
MUST_CHECK_RESULT enum result cmd_key_usage_name(const char *text, bool of_key,
                                                 struct officer_key_order *order);
