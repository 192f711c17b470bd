#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authd/plugin/library.h"

static enum err complain(struct library_problem *problem, const char *path, const char *what) {
    snprintf(problem->text, sizeof problem->text, "%.200s: %.280s", path, what);
    return ERR_CONFIG;
}

static bool is_trusted_owner(uid_t owner, bool as_root) {
    return owner == 0 || (!as_root && owner == geteuid());
}

static enum err check_one(const char *path, bool as_root, struct library_problem *problem) {
    struct stat status;
    if (stat(path, &status) != 0)
        return complain(problem, path, strerror(errno));
    if (!is_trusted_owner(status.st_uid, as_root))
        return complain(problem, path,
                        as_root ? "not owned by root: chown it to root"
                                : "owned neither by root nor by the user of the box: chown it");
    bool only_owners_rename = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !only_owners_rename)
        return complain(problem, path, "others than its owner may write it: chmod go-w it");
    return ERR_OK;
}

/* From the file upwards; ${path} is cut at its slashes. */
static enum err check_folders(char *path, bool as_root, struct library_problem *problem) {
    for (char *slash = strrchr(path, '/'); slash != NULL && slash != path;
         slash = strrchr(path, '/')) {
        *slash = '\0';
        ERR_TRY(check_one(path, as_root, problem));
    }
    return check_one("/", as_root, problem);
}

/* Links are followed once: what is judged is what is loaded. */
static enum err resolve(const char *path, char real[static PATH_MAX],
                        struct library_problem *problem) {
    if (path[0] != '/')
        return complain(problem, path, "write the whole path of the library, from /");
    if (realpath(path, real) == NULL)
        return complain(problem, path, strerror(errno));
    return ERR_OK;
}

enum err library_check(const char *path, bool as_root, struct library_problem *problem) {
    char real[PATH_MAX];
    struct stat status;
    ERR_TRY(resolve(path, real, problem));
    if (stat(real, &status) != 0 || !S_ISREG(status.st_mode))
        return complain(problem, path, "not a file: name the shared library");
    ERR_TRY(check_one(real, as_root, problem));
    return check_folders(real, as_root, problem);
}

static bool is_whole(const struct match_plugin *table) {
    return table->init != NULL && table->describe != NULL && table->extract != NULL &&
           table->quality != NULL && table->compare != NULL && table->close != NULL;
}

static enum err judge_table(const char *path, const struct match_plugin *table,
                            struct library_problem *problem) {
    char text[128];
    if (table->abi_version != MATCH_PLUGIN_ABI_VERSION) {
        snprintf(text, sizeof text,
                 "made for version %u of match_plugin.h, this box has %u: ask the vendor for that",
                 (unsigned)table->abi_version, MATCH_PLUGIN_ABI_VERSION);
        return complain(problem, path, text);
    }
    if (table->table_bytes != sizeof *table || !is_whole(table))
        return complain(problem, path, "its table is not that of match_plugin.h: ask the vendor");
    return ERR_OK;
}

enum err library_load(const char *path, const struct match_plugin **table,
                      struct library_problem *problem) {
    char real[PATH_MAX];
    ERR_TRY(resolve(path, real, problem));
    void *library = dlopen(real, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return complain(problem, path, dlerror());
    const struct match_plugin *found = dlsym(library, MATCH_PLUGIN_SYMBOL);
    if (found == NULL)
        return complain(problem, path, "exports no " MATCH_PLUGIN_SYMBOL ": is it a matcher?");
    ERR_TRY(judge_table(path, found, problem));
    *table = found;
    return ERR_OK;
}
