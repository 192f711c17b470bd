#pragma once

#include "tests/bench/floor.h"

/*
 * What a fingerprint adds to a call: its content key un-padded, two device signatures verified and
 * bioValue opened, in plain OpenSSL; and the matcher, which makes the presented and the enrolled
 * finger ready and compares them. (Its unwrapping is floor_token's.)
 */
struct floor_finger;
MUST_CHECK enum err floor_finger_open(struct floor_finger **finger);
void floor_finger_close(struct floor_finger *finger);
/* Fills unpad_finger, capture and match. */
MUST_CHECK enum err floor_finger_measure(struct floor_finger *finger, struct floor_parts *parts);
