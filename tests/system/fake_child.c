#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "firmware/base/boot.h"
#include "firmware/base/codec.h"
#include "firmware/base/conf.h"
#include "firmware/base/confine.h"
#include "firmware/base/frame.h"
#include "firmware/base/log.h"

/*
 * Stands in for any process of the appliance in the tests of its supervisor: started under that
 * process's name, it confines itself, logs what it hears, and at SIGUSR1 does what the file
 * <commands>/<name>-<index> says:
 *
 *   send ROLE COUNT      frames with the ids 0 to COUNT - 1 to ROLE 0 on lane 0
 *   exit CODE            ends at once
 *   state NUMBER         reports a state of the box
 *   report ROLE INDEX    reports a peer
 *   silence ALLOWED MS   announces ALLOWED ms of silence, and is silent for MS
 *   deaf                 closes the control socket and lives on
 */
enum { NUMBERED = 2 };

struct fake_settings {
    char commands[160];
    char pin_file[160];
    char behaviour[16]; /* serve, config, crash, stubborn, late */
    char library[32];   /* plug-ins: what authd wants to see, nothing is loaded */
    int64_t deadline_ms;
};

static const struct conf_key keys[] = {
    {.name = "commands",
     .type = CONF_TEXT,
     .offset = offsetof(struct fake_settings, commands),
     .size = sizeof((struct fake_settings *)0)->commands,
     .initial = "/nonexistent",
     .meaning = "folder of the command files"},
    {.name = "pin-file",
     .type = CONF_TEXT,
     .offset = offsetof(struct fake_settings, pin_file),
     .size = sizeof((struct fake_settings *)0)->pin_file,
     .initial = "",
     .meaning = "signers: a file that must say right"},
    {.name = "behaviour",
     .type = CONF_TEXT,
     .offset = offsetof(struct fake_settings, behaviour),
     .size = sizeof((struct fake_settings *)0)->behaviour,
     .initial = "serve",
     .meaning = "serve, config, crash, stubborn or late"},
    {.name = "library",
     .type = CONF_TEXT,
     .offset = offsetof(struct fake_settings, library),
     .size = sizeof((struct fake_settings *)0)->library,
     .initial = "",
     .meaning = "plug-ins: any path"},
    {.name = "deadline-ms",
     .type = CONF_NUMBER,
     .offset = offsetof(struct fake_settings, deadline_ms),
     .min = 500,
     .max = 60000,
     .initial = "2000",
     .meaning = "plug-ins: as authd knows it"},
};
#define KEY_COUNT (sizeof keys / sizeof *keys)

static struct boot boot;
static struct fake_settings settings;
static struct serve *serve;
static struct serve_peer *peers[BOOT_PEERS_MAX];
static char name[BOOT_NAME_SIZE];

static bool behaves(const char *behaviour) {
    return strcmp(settings.behaviour, behaviour) == 0;
}

/* What stands in the file, without the line end; empty when it cannot be read. */
static void read_file(const char *path, char *text, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, text, size - 1);
    text[len > 0 ? len : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    if (fd >= 0)
        (void)close(fd);
}

static enum err log_in(void) {
    char pin[32];
    if (settings.pin_file[0] == '\0')
        return ERR_OK;
    read_file(settings.pin_file, pin, sizeof pin);
    log_event(LOG_INFO, "login-tried", "process=%s", name);
    return strcmp(pin, "right") == 0 ? ERR_OK : ERR_PIN;
}

static enum err take_numbered(void *context, struct serve_peer *peer, const struct frame *frame) {
    (void)context, (void)peer;
    log_event(LOG_INFO, "got", "id=%llu", (unsigned long long)frame->id);
    return ERR_OK;
}

static void on_lost(void *context, struct serve_peer *peer, enum err reason) {
    (void)context, (void)peer;
    log_event(LOG_ERROR, "peer-lost", "reason=%s", err_text(reason));
}

static enum err add_peers(void) {
    static const struct serve_verb verbs[] = {{NUMBERED, SERVE_ANY_STATE, take_numbered}};
    const struct serve_peer_options options = {
        .name = "peer", .verbs = verbs, .verb_count = 1, .lost = on_lost};
    for (size_t i = 0; i < boot.peer_count; i++)
        ERR_TRY(serve_add_peer(serve, boot.peers[i].fd, &options, &peers[i]));
    return ERR_OK;
}

static enum err send_numbered(const char *role, long count) {
    int fd = boot_peer_fd(&boot, role, 0, 0);
    for (size_t i = 0; i < boot.peer_count; i++) {
        if (boot.peers[i].fd != fd)
            continue;
        for (long id = 0; id < count; id++) {
            struct frame frame = {.type = NUMBERED, .id = (uint64_t)id};
            ERR_TRY(serve_send(peers[i], &frame));
        }
        log_event(LOG_INFO, "sent", "count=%ld", count);
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

static enum err be_silent(long allowed_ms, long ms) {
    struct timespec duration = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    if (allowed_ms > 0)
        serve_announce_silence(serve, allowed_ms);
    (void)nanosleep(&duration, NULL);
    log_event(LOG_INFO, "spoke-again", "process=%s", name);
    return ERR_OK;
}

static enum err obey(const char *command) {
    char word[16], role[BOOT_NAME_SIZE];
    long first = 0, second = 0;
    if (sscanf(command, "exit %ld", &first) == 1)
        exit((int)first);
    if (sscanf(command, "state %ld", &first) == 1)
        return boot_report_state(serve, (enum box_state)first);
    if (sscanf(command, "silence %ld %ld", &first, &second) == 2)
        return be_silent(first, second);
    if (sscanf(command, "%15s %23s %ld", word, role, &first) == 3)
        return strcmp(word, "send") == 0 ? send_numbered(role, first)
                                         : boot_report_peer(serve, role, (uint16_t)first);
    if (strcmp(command, "deaf") == 0) {
        (void)shutdown(boot.control_fd, SHUT_RDWR);
        for (;;)
            (void)pause();
    }
    return ERR_NOT_FOUND;
}

static void on_signal(void *context, int fd) {
    char path[256], command[64];
    struct signalfd_siginfo information;
    (void)context;
    if (read(fd, &information, sizeof information) != (ssize_t)sizeof information)
        return;
    snprintf(path, sizeof path, "%s/%s-%u", settings.commands, name, boot.index);
    read_file(path, command, sizeof command);
    enum err err = obey(command);
    if (err != ERR_OK)
        log_event(LOG_ERROR, "command-failed", "reason=%s", err_text(err));
}

static void on_down(void *context, const char *role, uint16_t index) {
    (void)context;
    log_event(LOG_INFO, "heard-down", "role=%s peer=%u", role, index);
}

static void on_up(void *context, const char *role, uint16_t index) {
    (void)context;
    log_event(LOG_INFO, "heard-up", "role=%s peer=%u", role, index);
}

static void on_state(void *context, enum box_state state) {
    (void)context;
    log_event(LOG_INFO, "heard-state", "state=%s", box_state_text(state));
}

static void on_stop(void *context) {
    (void)context;
    log_event(LOG_INFO, "heard-stop", "process=%s", name);
    if (!behaves("stubborn"))
        serve_stop(serve);
}

static enum err watch_signal(void) {
    sigset_t watched;
    (void)sigemptyset(&watched);
    (void)sigaddset(&watched, SIGUSR1);
    if (sigprocmask(SIG_BLOCK, &watched, NULL) != 0)
        return ERR_SYSTEM;
    int fd = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    return serve_add_descriptor(serve, fd, on_signal, NULL);
}

static enum err confine(void) {
    static const int needed[] = {
        SYS_pause, /* for the command `deaf` */
    };
    const struct confine_path paths[] = {{settings.commands, CONFINE_READ}};
    const struct confine_plan plan = {
        .process = name,
        .paths = paths,
        .path_count = 1,
        .files = true,
        .more_syscalls = needed,
        .more_syscall_count = 1,
        .descriptors = 1024,
    };
    return confine_enter(&plan);
}

/* Edge alone has listeners: one or two for each of its lanes, and so for each socket to core. */
static bool listeners_are_right(void) {
    size_t lanes = 0;
    for (size_t i = 0; i < boot.peer_count; i++)
        lanes += strcmp(boot.peers[i].role, "core") == 0;
    if (strcmp(name, "authd-edge") != 0)
        return boot.listener_count == 0;
    return boot.listener_count == lanes || boot.listener_count == 2 * lanes;
}

static enum err run(void) {
    static const struct boot_control control = {
        .peer_down = on_down, .peer_up = on_up, .state = on_state, .stop = on_stop};
    struct conf_problem problem;
    ERR_TRY(conf_parse(bytes_of(boot.settings, boot.settings_len), keys, KEY_COUNT, &settings,
                       &problem));
    if (behaves("config"))
        return ERR_CONFIG;
    if (behaves("crash"))
        abort();
    if (behaves("late"))
        (void)pause();
    if (!listeners_are_right())
        return ERR_CONFIG;
    ERR_TRY(log_in());
    ERR_TRY(serve_open(&serve, boot.pulse));
    ERR_TRY(add_peers());
    ERR_TRY(watch_signal());
    ERR_TRY(confine());
    ERR_TRY(boot_ready(&boot, serve, &control));
    ERR_TRY(serve_run(serve));
    log_event(LOG_INFO, "ends-cleanly", "process=%s", name);
    serve_close(serve);
    return ERR_OK;
}

int main(int argc, char **argv) {
    const struct boot_program program = {
        .name = name, .summary = "a stand-in for tests", .keys = keys, .key_count = KEY_COUNT};
    bool finished = false;
    snprintf(name, sizeof name, "%s", basename(argv[0]));
    enum err err = boot_receive(argc, argv, &program, &boot, &finished);
    if (err == ERR_OK && !finished)
        err = run();
    return boot_exit_code(err);
}
