#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "authd/supervise/settings.h"

/* The users behind the names of the configuration. Without root everything runs as who started
 * authd. */
struct account {
    uid_t uid;
    gid_t gid;
    gid_t registry_gid;
    bool reads_registry; /* has the registry's group besides its own */
};

struct accounts {
    bool as_root; /* authd was started as root: the rest is filled in */
    struct account own;
    struct account kinds[FAMILY_KINDS];
};

/* ERR_CONFIG: a user is missing, or is root; ${problem} says how to make one. */
MUST_CHECK enum err account_resolve(const struct settings *settings, struct accounts *accounts,
                                    struct conf_problem *problem);

/* The supplementary groups of ${account} into ${groups}; how many. */
size_t account_groups(const struct account *account, gid_t groups[static 1]);

/*
 * authd gives up root once its sockets are bound and its files are open. It keeps three
 * capabilities: CAP_SETUID and CAP_SETGID, since each child it starts becomes another user, and
 * CAP_KILL, since it ends those that hang. The filter that follows lets it become its children's
 * users alone, so not root again.
 */
MUST_CHECK enum err account_give_up_root(const struct accounts *accounts);
