#pragma once

#include "authd/match/finger.h"

/*
 * Describes the surroundings of every minutia of ${prepared}, whose area is filled already; the
 * weight of those that crowd together becomes less.
 */
void finger_surroundings_fill(struct finger_prepared *prepared);
