#pragma once

#include "authd/supervise/account.h"
#include "authd/supervise/settings.h"

/* What authd needs from the file system, opened while it is root. Each: ERR_CONFIG, with what to
 * do. */

/* The programs, from settings->libexec, or authd's own folder, or ../libexec/idcs beside it; one a
 * kind; -1 of a kind there is none of. */
MUST_CHECK enum err prepare_executables(const struct settings *settings,
                                        int executables[static FAMILY_KINDS],
                                        struct conf_problem *problem);

/*
 * The folder <state-directory>/authd, authd's own, and locked: a second authd on the same state is
 * refused. Makes <run-directory> for provd too.
 */
MUST_CHECK enum err prepare_folders(const struct settings *settings,
                                    const struct accounts *accounts, int *marker_folder,
                                    struct conf_problem *problem);

/* As many descriptors as the system lets a process have: 16 lanes and 16 signers need 1,400. */
MUST_CHECK enum err prepare_limits(void);
