#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "authd/supervise/settings.h"

/* The users behind the names of the configuration. Without root everything runs as who started
 * authd. */
#define ACCOUNT_GROUPS_MAX 16

struct account {
    uid_t uid;
    gid_t gid;
    gid_t groups[ACCOUNT_GROUPS_MAX]; /* supplementary ones */
    size_t group_count;
};

struct accounts {
    bool as_root; /* authd was started as root: the rest is filled in */
    struct account own;
    struct account kinds[FAMILY_KINDS]; /* of those there are: see settings_has */
};

/*
 * A child has the groups its user has in the system; core and provd also have the registry's group.
 * ERR_CONFIG: a user is missing, is root, or is in root's group; ${problem} says what to do.
 */
MUST_CHECK enum err account_resolve(const struct settings *settings, struct accounts *accounts,
                                    struct conf_problem *problem);

/*
 * authd gives up root once its sockets are bound and its files are open. It keeps three
 * capabilities: CAP_SETUID and CAP_SETGID, since each child it starts becomes another user, and
 * CAP_KILL, since it ends those that hang. The filter that follows lets it become its children's
 * users alone, so not root again.
 */
MUST_CHECK enum err account_give_up_root(const struct accounts *accounts);
