#pragma once

#include "hsm/answers.h"

/*
 * What a signer does about changes of keys between messages. At signer 0 the steps of their lives
 * that are due; at every signer a look whether the keyring has changed: then its keys are loaded
 * anew, in place, and the peers are told. A signer that had not all first keys ends instead, to be
 * started with them.
 */

/* Gives the time until the next call, in ms. */
int renewal_turn(struct answers *answers);
