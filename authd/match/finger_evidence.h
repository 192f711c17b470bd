#pragma once

#include "authd/match/finger_align.h"

/*
 * What speaks for an alignment in ${scratch}: how much of what both fingers could show they do
 * show, how alike the surroundings of the pairs are, and how exactly pairs lie to their
 * neighbours. Higher is better; without a scale of its own.
 */
float finger_evidence(const struct finger_prepared *one, const struct finger_prepared *other,
                      const struct finger_alignment *alignment,
                      const struct finger_scratch *scratch);
