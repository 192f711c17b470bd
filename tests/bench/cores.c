#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/cores.h"

#include "firmware/base/codec.h"

/* "3" or "0-2". */
static enum err add_range(char *word, cpu_set_t *set) {
    int64_t first = 0, last = 0;
    char *dash = strchr(word, '-');
    if (dash != NULL)
        *dash = '\0';
    ERR_TRY(codec_integer(word, 0, CPU_SETSIZE - 1, &first));
    last = first;
    if (dash != NULL)
        ERR_TRY(codec_integer(dash + 1, first, CPU_SETSIZE - 1, &last));
    for (int64_t i = first; i <= last; i++)
        CPU_SET((size_t)i, set);
    return ERR_OK;
}

static enum err parse_list(char *list, cpu_set_t *set) {
    char *rest = NULL;
    CPU_ZERO(set);
    for (char *word = strtok_r(list, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest))
        ERR_TRY(add_range(word, set));
    return CPU_COUNT(set) > 0 ? ERR_OK : ERR_MALFORMED;
}

enum err cores_parse(const char *text, struct cores *cores) {
    char copy[256];
    cpu_set_t both;
    if (strlen(text) >= sizeof copy)
        return ERR_TOO_LARGE;
    strcpy(copy, text);
    char *colon = strchr(copy, ':');
    if (colon == NULL)
        return ERR_MALFORMED;
    *colon = '\0';
    ERR_TRY(parse_list(copy, &cores->server));
    ERR_TRY(parse_list(colon + 1, &cores->generator));
    CPU_AND(&both, &cores->server, &cores->generator);
    cores->given = CPU_COUNT(&both) == 0;
    return cores->given ? ERR_OK : ERR_MALFORMED;
}

enum err cores_pin_self(const cpu_set_t *set) {
    return sched_setaffinity(0, sizeof *set, set) == 0 ? ERR_OK : ERR_SYSTEM;
}

enum err cores_pin_process(pid_t pid, const cpu_set_t *set) {
    char path[64];
    enum err result = ERR_OK;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    if (threads == NULL)
        return ERR_SYSTEM;
    for (const struct dirent *thread = readdir(threads); thread != NULL; thread = readdir(threads))
        if (thread->d_name[0] != '.' &&
            sched_setaffinity(atoi(thread->d_name), sizeof *set, set) != 0)
            result = ERR_SYSTEM;
    closedir(threads);
    return result;
}
