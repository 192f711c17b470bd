#include "authd/match/finger_scale.h"

#include "authd/match/finger.h"

uint32_t finger_scale(float evidence) {
    float s = evidence * 100000;
    return s > 2e9f ? 2000000000u : (uint32_t)s;
}
