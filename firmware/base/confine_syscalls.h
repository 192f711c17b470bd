#pragma once

#include "firmware/base/confine.h"

/* Loads the seccomp filter of ${plan}; a part of confine_enter, for it alone. ERR_SYSTEM. */
MUST_CHECK enum err confine_syscalls_load(const struct confine_plan *plan);
