#pragma once

#include "firmware/base/err.h"
#include "authd/core/lane.h"

/*
 * Encodes the question of the request's step from what the request holds, and asks it. It can be
 * asked again at any time: unwrapping, looking up and signing repeat without harm. ERR_AGAIN: no
 * signer is ready, or unseal has suspects to try; the request waits until its deadline.
 */
MUST_CHECK enum err questions_ask(struct lane *lane, struct request *request);

/* Who has the question of this step. */
bool questions_is_for_unseal(enum step step);
bool questions_is_for_signer(enum step step);
