#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The chances of a schedule, which follow from its number alone and are the same everywhere. */
void schedule_random_begin(uint64_t number);
uint64_t schedule_random_draw(void);
int64_t schedule_random_between(int64_t least, int64_t most);
bool schedule_random_chance(unsigned percent);
