#pragma once

#include <stdint.h>

#include "firmware/base/err.h"

/*
 * The set of enum identifier_rule that ${list} names, separated by commas or blanks. ERR_CONFIG,
 * with
 * ${setting} in the log, for a name that is no rule.
 */
MUST_CHECK enum err rules_parse(const char *setting, const char *list, uint32_t *rules);
