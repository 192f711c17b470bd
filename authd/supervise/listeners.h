#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/conf.h"

/*
 * Binds ${address} ("127.0.0.1:8443", "[::1]:8443") ${count} times with SO_REUSEPORT: one queue of
 * connections for each lane of edge. Port 0 takes a free one. ERR_CONFIG with ${problem} saying
 * what to do about ${setting}, where the address comes from.
 */
MUST_CHECK enum err listeners_open(const char *setting, const char *address, size_t count,
                                   int *listeners, struct conf_problem *problem);

/* The port they have. */
uint16_t listeners_port(int listener);
