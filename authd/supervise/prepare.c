#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authd/supervise/prepare.h"

static enum err complain(struct conf_problem *problem, const char *subject, const char *advice) {
    snprintf(problem->text, sizeof problem->text, "%.100s: %s: %s", subject, strerror(errno),
             advice);
    return ERR_CONFIG;
}

/* Where authd itself lies, without the final slash. */
static enum err own_folder(char folder[static PATH_MAX]) {
    ssize_t len = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    if (len <= 0)
        return ERR_SYSTEM;
    folder[len] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        *slash = '\0';
    return ERR_OK;
}

static enum err find_libexec(const struct settings *settings, char folder[static PATH_MAX]) {
    static const char sibling[] = "/../libexec/idcs";
    char core[PATH_MAX];
    if (settings->libexec[0] != '\0') {
        snprintf(folder, PATH_MAX, "%s", settings->libexec);
        return ERR_OK;
    }
    ERR_TRY(own_folder(folder));
    int len = snprintf(core, sizeof core, "%s/%s", folder, family_facts[FAMILY_CORE].program);
    if (len < (int)sizeof core && access(core, F_OK) == 0)
        return ERR_OK;
    if (strlen(folder) + sizeof sibling > PATH_MAX)
        return ERR_TOO_LARGE;
    memcpy(folder + strlen(folder), sibling, sizeof sibling);
    return ERR_OK;
}

enum err prepare_executables(const struct settings *settings, int executables[static FAMILY_KINDS],
                             struct conf_problem *problem) {
    char folder[PATH_MAX], path[PATH_MAX];
    if (find_libexec(settings, folder) != ERR_OK)
        return complain(problem, "libexec", "name the folder of the other programs in [authd]");
    for (unsigned kind = 0; kind < FAMILY_KINDS; kind++) {
        const char *name = family_facts[kind].program;
        executables[kind] = -1;
        if (!settings_has(settings, (enum family_kind)kind))
            continue;
        int len = snprintf(path, sizeof path, "%s/%s", folder,
                           name != NULL ? name : settings->notify_program);
        executables[kind] = len < (int)sizeof path ? open(path, O_PATH | O_CLOEXEC) : -1;
        if (executables[kind] < 0)
            return complain(problem, path, "set libexec in [authd] to the folder that has it");
        if (faccessat(executables[kind], "", X_OK, AT_EMPTY_PATH) != 0)
            return complain(problem, path, "make it executable");
    }
    return ERR_OK;
}

/* Makes ${path} unless it is there, for ${account} when authd is root. */
static enum err make_folder(const char *path, mode_t mode, bool as_root,
                            const struct account *account) {
    if (mkdir(path, mode) != 0 && errno != EEXIST)
        return ERR_SYSTEM;
    if (as_root && chown(path, account->uid, account->gid) != 0)
        return ERR_SYSTEM;
    return ERR_OK;
}

static enum err open_marker_folder(const struct settings *settings, const struct accounts *accounts,
                                   int *folder, struct conf_problem *problem) {
    char path[SETTINGS_PATH_SIZE + 16];
    snprintf(path, sizeof path, "%s/authd", settings->state_directory);
    if (mkdir(settings->state_directory, 0755) != 0 && errno != EEXIST)
        return complain(problem, settings->state_directory, "make this folder");
    if (make_folder(path, 0755, accounts->as_root, &accounts->own) != ERR_OK)
        return complain(problem, path, "make this folder, owned by authd's user");
    *folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*folder < 0)
        return complain(problem, path, "let authd's user read this folder");
    if (flock(*folder, LOCK_EX | LOCK_NB) != 0)
        return complain(problem, path, "another authd runs on this state-directory: end it first");
    return ERR_OK;
}

enum err prepare_folders(const struct settings *settings, const struct accounts *accounts,
                         int *marker_folder, struct conf_problem *problem) {
    ERR_TRY(open_marker_folder(settings, accounts, marker_folder, problem));
    if (make_folder(settings->run_directory, 0755, accounts->as_root,
                    &accounts->kinds[FAMILY_PROVD]) != ERR_OK)
        return complain(problem, settings->run_directory,
                        "make this folder, owned by provd's user");
    return ERR_OK;
}

enum err prepare_limits(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return ERR_SYSTEM;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? ERR_OK : ERR_SYSTEM;
}
