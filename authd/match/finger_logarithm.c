#include "authd/match/finger_logarithm.h"

#include <stdint.h>
#include <string.h>

double finger_logarithm(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 52) - 1023;
    bits = (bits & 0xfffffffffffff) | 0x3ff0000000000000;
    double mantissa;
    memcpy(&mantissa, &bits, sizeof mantissa);
    if (mantissa > 1.4142135623730951) {
        mantissa /= 2;
        exponent++;
    }
    /* ln m = 2 artanh t, t = (m - 1) / (m + 1), |t| < 0.172 */
    double t = (mantissa - 1) / (mantissa + 1), square = t * t;
    double series = 1 + square * (1 / 3.0 + square * (1 / 5.0 + square * (1 / 7.0 + square / 9)));
    return 2 * t * series + exponent * 0.6931471805599453;
}
