#pragma once

#include "provisioning/cmd.h"
#include "provisioning/officer_wire_keys.h"

/* What the commands about the life of keys share. Each says what is wrong itself. */

/* "${name}=yes", "${name}=no" or not given, which is no. */
MUST_CHECK_RESULT enum result cmd_key_life_switch(const struct arguments *arguments,
                                                  const char *name, bool *is_on);
/* Sends the order, and says ${done}, of ${name}, or that it could be done. */
MUST_CHECK_RESULT enum result cmd_key_life_give(struct officer_link *link,
                                                const struct officer_key_order *order,
                                                const char *name, enum officer_text done);
