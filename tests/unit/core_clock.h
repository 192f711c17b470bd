#pragma once

#include <stdint.h>

/*
 * Both clocks as core and its ledger read them, moved on by this much. For tests linked with
 * --wrap=clock_boot_ms,--wrap=clock_wall_ms (core.cmake).
 */
extern _Atomic int64_t core_clock_shift_ms;
