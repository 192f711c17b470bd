#pragma once

#include <stdint.h>

/*
 * Prints in whose custody a key is: "token", or "wrapped under IDA/KEK/2" for the generation of the
 * KEK.
 */
void cmd_key_custody_print(uint16_t wrapped_by);
