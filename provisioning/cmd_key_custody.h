#pragma once

#include "provisioning/officer_wire_keys.h"

/* Prints in whose custody a key is: "token", or "wrapped under IDA/KEK/2". */
void cmd_key_custody_print(const char *before, const struct officer_key *key);
