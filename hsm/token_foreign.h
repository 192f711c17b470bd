#pragma once

#include "hsm/token_raw.h"

/*
 * Keys of types that libp11 does not know, as Ed25519: it then lists no key of the token at all.
 * They are told to the log with what to do, for whoever has put them there.
 */
void token_foreign_report(const struct token_raw *raw);
