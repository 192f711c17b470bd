#include "tests/unit/core_clock.h"

_Atomic int64_t core_clock_shift_ms;

int64_t __real_clock_boot_ms(void);
int64_t __wrap_clock_boot_ms(void);
int64_t __real_clock_wall_ms(void);
int64_t __wrap_clock_wall_ms(void);

int64_t __wrap_clock_boot_ms(void) {
    return __real_clock_boot_ms() + core_clock_shift_ms;
}

int64_t __wrap_clock_wall_ms(void) {
    return __real_clock_wall_ms() + core_clock_shift_ms;
}
