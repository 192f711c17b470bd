#pragma once

#include "tests/bench/floor.h"

/* What needs no HSM: OpenSSL without any layer between, and a durable write. */
struct floor_plain;
MUST_CHECK enum err floor_plain_open(struct floor_plain **plain,
                                     const struct floor_options *options);
void floor_plain_close(struct floor_plain *plain);
/* Fills all but decrypt, sign and echo. */
MUST_CHECK enum err floor_plain_measure(struct floor_plain *plain, struct floor_parts *parts);
