#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "firmware/base/err.h"
#include "authd/plugin/match_plugin.h"

/*
 * The vendor's shared library: it must be root's, or the user's where the box runs without root,
 * and nobody else may write it or put another one in its place. These are rules for the file and
 * for each folder above it; a folder such as /tmp, where only owners rename, passes.
 */
#define LIBRARY_PROBLEM_SIZE 512

struct library_problem {
    char text[LIBRARY_PROBLEM_SIZE]; /* what is wrong and what to do, in one line */
};

/* ${as_root}: the box was started as root, so that only root's files are good. ERR_CONFIG. */
MUST_CHECK enum err library_check(const char *path, bool as_root, struct library_problem *problem);

/*
 * Runs the constructors of the library and of what it needs. *table lives as long as the process.
 * ERR_CONFIG: it cannot be loaded, exports no table, or one of another version or with a function
 * missing.
 */
MUST_CHECK enum err library_load(const char *path, const struct match_plugin **table,
                                 struct library_problem *problem);
