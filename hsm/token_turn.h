#pragma once

#include <stdint.h>

#include "firmware/base/err.h"

/*
 * Who makes keys in the token and who lists them take turns, over all signers of the box. SoftHSM
 * 2.6.1 needs it: a process that reads an object while another is still writing it stores what it
 * misses as empty, over what the other has written (softhsm/SoftHSMv2#573), so that the new key is
 * lost, or is made use of without its modulus, which ends the process.
 *
 * A lock of the kernel's on a file, so that it ends with the process that has it.
 */
struct token_turn {
    int fd; /* -1: not open, and every turn is given */
};

enum token_turn_kind {
    TOKEN_TURN_LIST, /* any number at a time */
    TOKEN_TURN_MAKE, /* alone */
};

/* The file is made in ${directory}, the keyring's. ERR_SYSTEM. */
MUST_CHECK enum err token_turn_open(struct token_turn *turn, const char *directory);
void token_turn_close(struct token_turn *turn);

/* ERR_AGAIN: others still had their turn after ${patience_ms}. */
MUST_CHECK enum err token_turn_begin(struct token_turn *turn, enum token_turn_kind kind,
                                     int64_t patience_ms);
/* Also without one. */
void token_turn_end(struct token_turn *turn);
