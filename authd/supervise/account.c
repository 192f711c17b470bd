#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "authd/supervise/account.h"

static enum err complain(struct conf_problem *problem, const char *kind, const char *name,
                         const char *advice) {
    snprintf(problem->text, sizeof problem->text, "%s %s: %s, or name another in [authd]", kind,
             name, advice);
    return ERR_CONFIG;
}

static enum err find_groups(const struct passwd *entry, struct account *account,
                            struct conf_problem *problem) {
    int count = ACCOUNT_GROUPS_MAX;
    if (getgrouplist(entry->pw_name, entry->pw_gid, account->groups, &count) < 0)
        return complain(problem, "user", entry->pw_name, "take it out of some of its groups");
    for (int i = 0; i < count; i++)
        if (account->groups[i] == 0)
            return complain(problem, "user", entry->pw_name, "take it out of root's group");
    account->group_count = (size_t)count;
    return ERR_OK;
}

static enum err find_user(const char *name, struct account *account, struct conf_problem *problem) {
    const struct passwd *entry = getpwnam(name);
    if (entry == NULL)
        return complain(problem, "user", name, "make it with 'useradd --system USER'");
    if (entry->pw_uid == 0)
        return complain(problem, "user", name, "must not be root");
    *account = (struct account){.uid = entry->pw_uid, .gid = entry->pw_gid};
    return find_groups(entry, account, problem);
}

static enum err join_group(const char *name, struct account *account,
                           struct conf_problem *problem) {
    const struct group *entry = getgrnam(name);
    if (entry == NULL || entry->gr_gid == 0)
        return complain(problem, "registry-group", name, "make it with 'groupadd --system GROUP'");
    for (size_t i = 0; i < account->group_count; i++)
        if (account->groups[i] == entry->gr_gid)
            return ERR_OK;
    if (account->group_count == ACCOUNT_GROUPS_MAX)
        return complain(problem, "registry-group", name, "its reader is in too many groups");
    account->groups[account->group_count++] = entry->gr_gid;
    return ERR_OK;
}

enum err account_resolve(const struct settings *settings, struct accounts *accounts,
                         struct conf_problem *problem) {
    *accounts = (struct accounts){.as_root = geteuid() == 0};
    if (!accounts->as_root)
        return ERR_OK;
    ERR_TRY(find_user(settings->user, &accounts->own, problem));
    for (unsigned kind = 0; kind < FAMILY_KINDS; kind++)
        if (settings_has(settings, (enum family_kind)kind))
            ERR_TRY(find_user(settings->users[kind], &accounts->kinds[kind], problem));
    ERR_TRY(join_group(settings->registry_group, &accounts->kinds[FAMILY_CORE], problem));
    return join_group(settings->registry_group, &accounts->kinds[FAMILY_PROVD], problem);
}

/* Nothing that is executed from here on can bring a capability back. */
static enum err empty_bounding_set(void) {
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
            return ERR_SYSTEM;
    return ERR_OK;
}

static enum err keep_capabilities(uint32_t kept) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {
        {.effective = kept, .permitted = kept},
    };
    return syscall(SYS_capset, &header, sets) == 0 ? ERR_OK : ERR_SYSTEM;
}

enum err account_give_up_root(const struct accounts *accounts) {
    const struct account *own = &accounts->own;
    if (!accounts->as_root)
        return ERR_OK;
    ERR_TRY(empty_bounding_set());
    if (setgroups(0, NULL) != 0 || setresgid(own->gid, own->gid, own->gid) != 0 ||
        prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || setresuid(own->uid, own->uid, own->uid) != 0)
        return ERR_SYSTEM;
    ERR_TRY(keep_capabilities(1u << CAP_SETUID | 1u << CAP_SETGID | 1u << CAP_KILL));
    return prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) == 0 ? ERR_OK : ERR_SYSTEM;
}
