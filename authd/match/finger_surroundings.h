#pragma once

#include "authd/match/finger.h"

/* Describes the surroundings of every minutia of ${prepared}; its area is filled already. */
void finger_surroundings_fill(struct finger_prepared *prepared);
