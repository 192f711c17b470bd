#pragma once

#include "authd/match/demographic.h"

/* Adds a problem unless it is there already or the list is full; not passed either way. ${detail}
 * is as long as the field lets it be. */
void demographic_verdict_add(struct demographic_verdict *verdict, enum mosip_error error,
                             const char *detail);
