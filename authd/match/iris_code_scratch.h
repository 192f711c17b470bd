#pragma once

#include "authd/match/iris_code.h"

enum { IRIS_CODE_RIBBON_WORDS = 2 * IRIS_CODE_WORDS_MAX };

/*
 * A code as a ribbon that begins some columns before its first and goes once around and on: each
 * turn of the code is the ribbon shifted by 0 to 63 bits. It is personal data: iris_code_compare
 * wipes it when it is done.
 */
struct iris_code_scratch {
    uint64_t bits[IRIS_CODE_RIBBON_WORDS];
    uint64_t mask[IRIS_CODE_RIBBON_WORDS];
};
