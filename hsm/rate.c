#include "hsm/rate.h"

#define SECOND_NS INT64_C(1000000000)

struct rate rate_of(int64_t a_second, int64_t now_ns) {
    return (struct rate){.a_second = a_second, .left_ns = SECOND_NS, .then_ns = now_ns};
}

enum err rate_take(struct rate *rate, int64_t count, int64_t now_ns) {
    int64_t passed = now_ns > rate->then_ns ? now_ns - rate->then_ns : 0;
    rate->left_ns = passed >= SECOND_NS - rate->left_ns ? SECOND_NS : rate->left_ns + passed;
    rate->then_ns = now_ns;
    if (count < 0 || rate->a_second <= 0 || count > rate->a_second)
        return ERR_LIMIT;
    int64_t price = count * SECOND_NS / rate->a_second;
    if (price > rate->left_ns)
        return ERR_LIMIT;
    rate->left_ns -= price;
    return ERR_OK;
}
