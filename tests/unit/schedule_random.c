#include "tests/unit/schedule_random.h"

static uint64_t random_state;

void schedule_random_begin(uint64_t number) {
    random_state = number;
}

/* splitmix64 */
uint64_t schedule_random_draw(void) {
    uint64_t value = random_state += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

int64_t schedule_random_between(int64_t least, int64_t most) {
    return least + (int64_t)(schedule_random_draw() % (uint64_t)(most - least + 1));
}

bool schedule_random_chance(unsigned percent) {
    return schedule_random_draw() % 100 < percent;
}
