#pragma once

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

#include "firmware/base/err.h"

/* Which processors the appliance and the generator run on. */
struct cores {
    cpu_set_t server, generator;
    bool given;
};

/* "0-2,5:3": the server's, a colon, the generator's; they may not overlap. ERR_MALFORMED. */
MUST_CHECK enum err cores_parse(const char *text, struct cores *cores);
/* The calling thread, and those it starts later. */
MUST_CHECK enum err cores_pin_self(const cpu_set_t *set);
/* All threads of a process. ERR_SYSTEM: not allowed, or it is gone. */
MUST_CHECK enum err cores_pin_process(pid_t pid, const cpu_set_t *set);
