#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/processes.h"

#define LINE_SIZE    512
#define NS_A_SECOND  1000000000LL
#define STATE_LISTEN 0x0a
#define STAT_CUTIME  13 /* the field behind the one with the state, counted from it */
#define ENDED        "(ended)"

static enum err complain(const char *what, const char *subject) {
    fprintf(stderr, "idcs-load: %s: %s\n", what, subject);
    return ERR_NOT_FOUND;
}

/* The first line of a small file. */
static enum err read_line(const char *path, char line[static LINE_SIZE]) {
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return ERR_NOT_FOUND;
    char *got = fgets(line, LINE_SIZE, file);
    fclose(file);
    if (got == NULL)
        return ERR_NOT_FOUND;
    line[strcspn(line, "\n")] = '\0';
    return ERR_OK;
}

/* The inode of the socket that listens on ${port}, IPv4 or IPv6; 0: none. */
static uint64_t listening_inode(unsigned port) {
    static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
    uint64_t found = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables && found == 0; i++) {
        char line[LINE_SIZE];
        FILE *table = fopen(tables[i], "re");
        while (table != NULL && found == 0 && fgets(line, sizeof line, table) != NULL) {
            unsigned local = 0, state = 0;
            uint64_t inode = 0;
            if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %*d %*d %" SCNu64,
                       &local, &state, &inode) == 3 &&
                local == port && state == STATE_LISTEN)
                found = inode;
        }
        if (table != NULL)
            fclose(table);
    }
    return found;
}

static bool holds(const char *pid, const char *link_wanted) {
    char path[300], link[64];
    bool found = false;
    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    DIR *descriptors = opendir(path);
    if (descriptors == NULL)
        return false;
    for (const struct dirent *entry = readdir(descriptors); entry != NULL && !found;
         entry = readdir(descriptors)) {
        ssize_t len = readlinkat(dirfd(descriptors), entry->d_name, link, sizeof link - 1);
        link[len > 0 ? len : 0] = '\0';
        found = strcmp(link, link_wanted) == 0;
    }
    closedir(descriptors);
    return found;
}

static bool is_called(const char *pid, const char *name) {
    char path[300], line[LINE_SIZE];
    snprintf(path, sizeof path, "/proc/%s/comm", pid);
    return read_line(path, line) == ERR_OK && strcmp(line, name) == 0;
}

/* The process called authd that has the listening socket: it keeps it for edges to come. */
static pid_t owner_of_port(unsigned port) {
    char link[64];
    pid_t found = 0;
    uint64_t inode = listening_inode(port);
    snprintf(link, sizeof link, "socket:[%" PRIu64 "]", inode);
    DIR *all = inode != 0 ? opendir("/proc") : NULL;
    for (const struct dirent *entry = all != NULL ? readdir(all) : NULL;
         entry != NULL && found == 0; entry = readdir(all))
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
            is_called(entry->d_name, "authd") && holds(entry->d_name, link))
            found = atoi(entry->d_name);
    if (all != NULL)
        closedir(all);
    return found;
}

enum err processes_find(struct processes *processes, unsigned port, const char *pid_file) {
    char line[LINE_SIZE];
    *processes = (struct processes){0};
    if (pid_file != NULL) {
        if (read_line(pid_file, line) != ERR_OK || atoi(line) <= 0 || !is_called(line, "authd"))
            return complain("this file does not hold the process id of an authd", pid_file);
        processes->authd = atoi(line);
        return ERR_OK;
    }
    processes->authd = owner_of_port(port);
    snprintf(line, sizeof line, "%u", port);
    return processes->authd != 0
               ? ERR_OK
               : complain("no authd of this machine can be seen behind the port (be root, or give "
                          "--pid FILE), so its CPU is not measured",
                          line);
}

enum err processes_clock(pid_t pid, int64_t *ns) {
    clockid_t clock;
    struct timespec now;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &now) != 0)
        return ERR_NOT_FOUND;
    *ns = (int64_t)now.tv_sec * NS_A_SECOND + now.tv_nsec;
    return ERR_OK;
}

/* Fields 16 and 17 of /proc/PID/stat: the time of children that were waited for. */
static enum err ended_clock(pid_t pid, int64_t *ns) {
    char path[64], line[LINE_SIZE];
    int64_t user = 0, kernel = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    ERR_TRY(read_line(path, line));
    const char *at = strrchr(line, ')');
    for (int i = 0; at != NULL && i <= STAT_CUTIME; i++)
        at = strchr(at + 1, ' ');
    if (at == NULL || sscanf(at, "%" SCNd64 " %" SCNd64, &user, &kernel) != 2)
        return ERR_MALFORMED;
    *ns = (user + kernel) * (NS_A_SECOND / sysconf(_SC_CLK_TCK));
    return ERR_OK;
}

static void add_process(struct processes *processes, pid_t pid) {
    char path[64], line[LINE_SIZE];
    if (processes->count == PROCESSES_MAX)
        return;
    struct process *process = &processes->list[processes->count];
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    if (read_line(path, line) != ERR_OK || processes_clock(pid, &process->ns) != ERR_OK)
        return;
    process->pid = pid;
    snprintf(process->name, sizeof process->name, "%.*s", PROCESS_NAME - 1, line);
    processes->count++;
}

enum err processes_look(struct processes *processes) {
    char path[64], text[8192], *rest = NULL;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)processes->authd,
             (int)processes->authd);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return ERR_NOT_FOUND;
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    processes->count = 0;
    add_process(processes, processes->authd);
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        if (atoi(word) > 0)
            add_process(processes, atoi(word));
    return ended_clock(processes->authd, &processes->ended_ns);
}

static void add_use(struct processes_use *use, const char *name, int64_t ns) {
    size_t i = 0;
    while (i < use->count && strcmp(use->by_name[i].name, name) != 0)
        i++;
    if (i == PROCESSES_NAMES)
        return;
    if (i == use->count) {
        snprintf(use->by_name[i].name, PROCESS_NAME, "%s", name);
        use->count++;
    }
    use->by_name[i].ns += ns;
    use->all_ns += ns;
}

static const struct process *find(const struct processes *processes, pid_t pid) {
    for (size_t i = 0; i < processes->count; i++)
        if (processes->list[i].pid == pid)
            return &processes->list[i];
    return NULL;
}

enum err processes_look_again(struct processes *processes, struct processes_use *use) {
    static struct processes before;
    before = *processes;
    ERR_TRY(processes_look(processes));
    for (size_t i = 0; i < processes->count; i++) {
        const struct process *now = &processes->list[i], *then = find(&before, now->pid);
        add_use(use, now->name, now->ns - (then != NULL ? then->ns : 0));
    }
    /* What ended in between: authd has its whole time, of which we know the beginning. */
    int64_t ended_ns = processes->ended_ns - before.ended_ns;
    for (size_t i = 0; i < before.count; i++)
        if (find(processes, before.list[i].pid) == NULL)
            ended_ns -= before.list[i].ns;
    if (ended_ns > 0)
        add_use(use, ENDED, ended_ns);
    return ERR_OK;
}

enum err processes_pin(const struct processes *processes, const cpu_set_t *set) {
    for (size_t i = 0; i < processes->count; i++)
        ERR_TRY(cores_pin_process(processes->list[i].pid, set));
    return ERR_OK;
}
