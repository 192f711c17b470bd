#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "firmware/base/boot.h"
#include "firmware/base/conf.h"
#include "firmware/base/confine.h"
#include "firmware/base/log.h"
#include "firmware/base/serve.h"
#include "authd/plugin/library.h"
#include "authd/plugin/plugin_answer.h"
#include "authd/plugin/vendor.h"
#include "authd/wire/plugin_wire.h"

/* authd-plugin: runs a vendor's matcher where it can harm one question. See authd-plugin(8). */
#define PROCESS         "authd-plugin"
#define PATH_SIZE       180
#define SETTINGS_SIZE   1024
#define MEBIBYTE        (1024u * 1024u)
#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static struct settings {
    char vendor_library[PATH_SIZE];
    char settings[SETTINGS_SIZE];
    int64_t deadline_ms;
    int64_t memory_mib;
} settings;

#define TEXT(member)   CONF_TEXT, offsetof(struct settings, member), sizeof settings.member
#define NUMBER(member) CONF_NUMBER, offsetof(struct settings, member), 0

static const struct conf_key setting_keys[] = {
    {"library", TEXT(vendor_library), 0, 0, "", "shared library of the vendor; empty: no plug-in"},
    {"settings", TEXT(settings), 0, 0, "", "a line that the vendor's library is given"},
    {"deadline-ms", NUMBER(deadline_ms), 500, 60000, "2000", "longest time of one question"},
    {"memory-mib", NUMBER(memory_mib), 64, 65536, "1024", "address space of the process"},
};

static const struct boot_program program = {
    .name = PROCESS,
    .summary = "runs a vendor's biometric matcher, confined",
    .keys = setting_keys,
    .key_count = COUNT_OF(setting_keys),
};

static struct boot boot;
static struct serve *loop;
static struct serve_peer *peers[BOOT_PEERS_MAX]; /* as in boot.peers; NULL: none of ours */
static enum err fault;                           /* what the process ends for */

static void end_for(enum err reason, const char *event) {
    log_event(LOG_ERROR, event, "reason=%s", err_text(reason));
    fault = reason;
    serve_stop(loop);
}

/* authd ends the process when the matcher takes longer. */
static enum err answer_question(void *context, struct serve_peer *peer,
                                const struct frame *question) {
    (void)context;
    struct frame answer;
    serve_announce_silence(loop, settings.deadline_ms);
    enum err err = plugin_answer_make(question, &answer);
    bool failed = err == ERR_UNAVAILABLE;
    if (err == ERR_OK || failed)
        failed = serve_send(peer, &answer) != ERR_OK || failed;
    plugin_answer_forget();
    if (failed)
        end_for(ERR_UNAVAILABLE, "matcher-to-be-replaced");
    return failed ? ERR_OK : err;
}

/* In any state of the box, as in authd-unseal. */
static const struct serve_verb core_verbs[] = {
    {PLUGIN_COMPARE, SERVE_ANY_STATE, answer_question},
};
static const struct serve_verb provd_verbs[] = {
    {PLUGIN_EXTRACT, SERVE_ANY_STATE, answer_question},
};

static const struct asker {
    const char *role;
    const struct serve_verb *verbs;
    size_t verb_count;
} askers[] = {
    {"core", core_verbs, COUNT_OF(core_verbs)},
    {"provd", provd_verbs, COUNT_OF(provd_verbs)},
};

/* The parent holds both ends of every socket, so a peer is only lost by what it sent. */
static void lost_peer(void *context, struct serve_peer *peer, enum err reason) {
    (void)context, (void)peer;
    end_for(reason, "peer-broke-protocol");
}

static enum err add_peer(const struct boot_peer *peer, const struct asker *asker,
                         struct serve_peer **added) {
    struct serve_peer_options options = {
        .name = asker->role,
        .verbs = asker->verbs,
        .verb_count = asker->verb_count,
        .lost = lost_peer,
    };
    return serve_add_peer(loop, peer->fd, &options, added);
}

static enum err add_peers(void) {
    for (size_t i = 0; i < boot.peer_count; i++)
        for (size_t j = 0; j < COUNT_OF(askers); j++)
            if (strcmp(boot.peers[i].role, askers[j].role) == 0)
                ERR_TRY(add_peer(&boot.peers[i], &askers[j], &peers[i]));
    return ERR_OK;
}

static enum err greet(struct serve_peer *peer) {
    uint8_t memory[64];
    struct buffer target = buffer_over(memory, sizeof memory);
    struct frame frame = {.type = PLUGIN_HELLO};
    plugin_wire_put_hello(&target, vendor_hello());
    ERR_TRY(buffer_end(&target, &frame.payload));
    return serve_send(peer, &frame);
}

/* At this process's start, and again when an asker was replaced: once a life of both, for an asker
 * takes a second HELLO for that of a successor. */
static void peer_up(void *context, const char *role, uint16_t index) {
    (void)context;
    for (size_t i = 0; i < boot.peer_count; i++) {
        bool is_it = boot.peers[i].index == index && strcmp(boot.peers[i].role, role) == 0;
        if (is_it && peers[i] != NULL && greet(peers[i]) != ERR_OK)
            log_event(LOG_WARNING, "hello-not-sent", "role=%s index=%u", boot.peers[i].role, index);
    }
}

static enum err read_settings(void) {
    struct conf_problem problem = {0};
    enum err err = conf_parse(bytes_of(boot.settings, boot.settings_len), setting_keys,
                              COUNT_OF(setting_keys), &settings, &problem);
    if (err != ERR_OK)
        log_event(LOG_ERROR, "settings-refused", "problem=\"%s\"", problem.text);
    return err;
}

static enum err limit(__rlimit_resource_t resource, rlim_t most) {
    const struct rlimit value = {.rlim_cur = most, .rlim_max = most};
    return setrlimit(resource, &value) == 0 ? ERR_OK : ERR_SYSTEM;
}

/*
 * Before any of the vendor's code runs: no threads and no children, an end to its memory (that of a
 * sanitizer's build has none), and standard output leads nowhere.
 */
static enum err prepare_for_vendor(void) {
#ifndef IDCS_SANITIZE
    ERR_TRY(limit(RLIMIT_AS, (rlim_t)settings.memory_mib * MEBIBYTE));
#endif
    if (dup2(STDIN_FILENO, STDOUT_FILENO) < 0)
        return ERR_SYSTEM;
    return limit(RLIMIT_NPROC, 0);
}

/* What the vendor's code left open it must not have later. */
static enum err close_vendors_descriptors(void) {
    int keep[BOOT_PEERS_MAX + 1];
    size_t count = 0;
    keep[count++] = boot.control_fd;
    for (size_t i = 0; i < boot.peer_count; i++)
        keep[count++] = boot.peers[i].fd;
    return confine_close_others(keep, count);
}

static enum err load_vendor(struct library_problem *problem) {
    const struct match_plugin *table = NULL;
    ERR_TRY(library_check(settings.vendor_library, boot.as_root, problem));
    ERR_TRY(prepare_for_vendor());
    ERR_TRY(library_load(settings.vendor_library, &table, problem));
    ERR_TRY(vendor_open(table, settings.settings, problem));
    return close_vendors_descriptors();
}

static enum err load(void) {
    struct library_problem problem = {""};
    enum err err = load_vendor(&problem);
    if (err != ERR_OK)
        log_event(LOG_ERROR, "library-refused", "reason=%s problem=\"%s\"", err_text(err),
                  problem.text);
    return err;
}

/* No files, no network, no threads: the sockets it was started with, and memory. */
static enum err start(void) {
    static const struct confine_plan plan = {.process = PROCESS, .network = CONFINE_NO_NETWORK};
    static const struct boot_control control = {.peer_up = peer_up};
    ERR_TRY(read_settings());
    ERR_TRY(load());
    ERR_TRY(serve_open(&loop, boot.pulse));
    ERR_TRY(add_peers());
    ERR_TRY(confine_enter(&plan));
    log_event(LOG_INFO, "serving", "matcher=%s", vendor_hello()->name);
    return boot_ready(&boot, loop, &control);
}

/* More than the settings' own form, for --check: the library is looked at and not loaded. */
static enum err check_library(void) {
    struct library_problem problem = {""};
    ERR_TRY(read_settings());
    if (settings.vendor_library[0] == '\0')
        return ERR_OK;
    enum err err = library_check(settings.vendor_library, false, &problem);
    if (err != ERR_OK)
        fprintf(stderr, PROCESS ": %s\n", problem.text);
    return err;
}

/* It ends by _exit: what the vendor's code would do at an orderly end is of no interest. */
int main(int argc, char **argv) {
    bool finished = false;
    enum err err = boot_receive(argc, argv, &program, &boot, &finished);
    if (err == ERR_OK && finished)
        err = check_library();
    if (err != ERR_OK || finished)
        return boot_exit_code(err);
    err = start();
    if (err == ERR_OK)
        err = serve_run(loop);
    if (err == ERR_OK)
        err = fault;
    if (err == ERR_OK)
        vendor_close();
    _exit(boot_exit_code(err));
}
