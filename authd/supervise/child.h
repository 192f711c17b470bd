#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "authd/supervise/account.h"
#include "firmware/base/err.h"

/* The only fork of the appliance. */
struct child_plan {
    int executable;   /* open since before authd gave up root: no path is needed again */
    const char *name; /* what ps shows, with the index behind it */
    unsigned index;
    const int *descriptors; /* become BOOT_CONTROL_FD and the following numbers, in this order */
    size_t descriptor_count;
    const struct account *account; /* NULL: as authd itself */
    char *const *environment;
};
#define CHILD_DESCRIPTORS_MAX 640

/* ERR_SYSTEM. ${pidfd} is close-on-exec. */
MUST_CHECK enum err child_start(const struct child_plan *plan, pid_t *pid, int *pidfd);

/* Runs `${executable} --check` with ${settings} on its standard input; *status is its exit status.
 */
MUST_CHECK enum err child_check(const struct child_plan *plan, struct bytes settings, int *status);

/*
 * What a child's environment holds: a path, a locale, in sanitizer builds their options;
 * ${for_module} also authd's own SOFTHSM2_CONF, which the signer's PKCS#11 module reads. Ends with
 * NULL; lives as long as the program.
 */
char *const *child_environment(bool for_module);
