#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "authd/supervise/account.h"

static enum err find_user(const char *name, struct account *account, struct conf_problem *problem) {
    const struct passwd *entry = getpwnam(name);
    if (entry == NULL || entry->pw_uid == 0 || entry->pw_gid == 0) {
        snprintf(problem->text, sizeof problem->text,
                 "user %s: %s: make it with 'adduser --system --group --no-create-home %s', or "
                 "name another in [authd]",
                 name, entry == NULL ? "there is none" : "must not be root", name);
        return ERR_CONFIG;
    }
    *account = (struct account){.uid = entry->pw_uid, .gid = entry->pw_gid};
    return ERR_OK;
}

static enum err find_registry_group(const char *name, gid_t *gid, struct conf_problem *problem) {
    const struct group *entry = getgrnam(name);
    if (entry == NULL || entry->gr_gid == 0) {
        snprintf(problem->text, sizeof problem->text,
                 "registry-group %s: make it with 'addgroup --system %s', or name another in "
                 "[authd]",
                 name, name);
        return ERR_CONFIG;
    }
    *gid = entry->gr_gid;
    return ERR_OK;
}

enum err account_resolve(const struct settings *settings, struct accounts *accounts,
                         struct conf_problem *problem) {
    *accounts = (struct accounts){.as_root = geteuid() == 0};
    if (!accounts->as_root)
        return ERR_OK;
    ERR_TRY(find_user(settings->user, &accounts->own, problem));
    for (unsigned kind = 0; kind < FAMILY_KINDS; kind++)
        ERR_TRY(find_user(settings->users[kind], &accounts->kinds[kind], problem));
    static const enum family_kind readers[] = {FAMILY_CORE, FAMILY_PROVD};
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        struct account *account = &accounts->kinds[readers[i]];
        ERR_TRY(find_registry_group(settings->registry_group, &account->registry_gid, problem));
        account->reads_registry = true;
    }
    return ERR_OK;
}

size_t account_groups(const struct account *account, gid_t groups[static 1]) {
    if (!account->reads_registry)
        return 0;
    groups[0] = account->registry_gid;
    return 1;
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
