#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/scope.h"
#include "authd/supervise/settings.h"

#define FILE_MAX 65536

#define TEXT(text, member, usual, words)                                                           \
    {                                                                                              \
        .name = (text), .type = CONF_TEXT, .offset = offsetof(struct settings, member),            \
        .size = sizeof((struct settings *)0)->member, .initial = (usual), .meaning = (words)       \
    }
#define NUMBER(text, member, least, most, usual, words)                                            \
    {                                                                                              \
        .name = (text), .type = CONF_NUMBER, .offset = offsetof(struct settings, member),          \
        .min = (least), .max = (most), .initial = (usual), .meaning = (words)                      \
    }

const struct conf_key settings_keys[] = {
    TEXT("listen", listen, "127.0.0.1:8443", "address and port of the programmes' endpoint"),
    TEXT("listen-jose", listen_jose, "", "the same of the JOSE profile; empty: there is none"),
    NUMBER("lanes", lanes, 0, FAMILY_LANES_MAX, "0",
           "threads of edge and core, and unseal workers; 0: one for each processor"),
    NUMBER("signers", signers, 0, FAMILY_SIGNERS_MAX, "0",
           "signers; 0: one for each lane; 1 for a token that wants one holder"),
    TEXT("libexec", libexec, "", "folder of the other programs; empty: authd finds it"),
    TEXT("notify-program", notify_program, "authd-outbox", "the notifier, a program in libexec"),
    TEXT("state-directory", state_directory, "/var/lib/idcs", "what must survive a restart"),
    TEXT("run-directory", run_directory, "/run/idcs", "where provd makes the officers' socket"),
    NUMBER("hang-ms", hang_ms, 200, 600000, "2000", "a process silent for longer is replaced"),
    NUMBER("start-ms", start_ms, 1000, 600000, "60000", "a process not ready by then is replaced"),
    TEXT("user", user, "idcs", "authd's own user, when started as root"),
    TEXT("edge-user", users[FAMILY_EDGE], "idcs-edge", "user of authd-edge"),
    TEXT("unseal-user", users[FAMILY_UNSEAL], "idcs-unseal", "user of authd-unseal"),
    TEXT("plugin-user", users[FAMILY_PLUGIN], "idcs-plugin", "user of authd-plugin"),
    TEXT("core-user", users[FAMILY_CORE], "idcs-core", "user of authd-core"),
    TEXT("hsm-user", users[FAMILY_HSM], "idcs-hsm", "user of hsm-signer"),
    TEXT("prov-user", users[FAMILY_PROVD], "idcs-prov", "user of provd"),
    TEXT("notify-user", users[FAMILY_NOTIFY], "idcs-notify", "user of the notifier"),
    TEXT("registry-group", registry_group, "idcs-registry", "group of who may read the registry"),
};
const size_t settings_key_count = sizeof settings_keys / sizeof *settings_keys;

/* The lines of others' sections that authd itself needs. */
static const struct conf_key signer_keys[] = {
    TEXT("pin-file", pin_file, "", "file with the PIN of the token's user"),
    NUMBER("key-propagation", propagation_seconds, 3, 3600, "60",
           "seconds until every process knows of a new key"),
};
static const struct conf_key plugin_keys[] = {
    TEXT("library", plugin_library, "", "shared library of the vendor's matcher"),
    NUMBER("deadline-ms", plugin_deadline_ms, 500, 60000, "2000", "longest time of one question"),
};
static const struct conf_key edge_keys[] = {
    TEXT("tls-key", edge_tls_key, "", "file with the private key of TLS"),
};
static const struct {
    enum family_kind kind;
    const struct conf_key *keys;
    size_t count;
} borrowed[] = {
    {FAMILY_HSM, signer_keys, sizeof signer_keys / sizeof *signer_keys},
    {FAMILY_PLUGIN, plugin_keys, sizeof plugin_keys / sizeof *plugin_keys},
    {FAMILY_EDGE, edge_keys, sizeof edge_keys / sizeof *edge_keys},
};
static const char *const known_sections[] = {"authd", "edge",  "unseal", "plugin", "core",
                                             "hsm",   "provd", "notify", NULL};

static void complain(struct conf_problem *problem, const char *advice, const char *subject) {
    snprintf(problem->text, sizeof problem->text, "%s: %s", subject, advice);
}

/* How many leading bytes of ${text} are its first line, the line end included. */
static size_t line_length(const char *text, size_t len) {
    const char *end = memchr(text, '\n', len);
    return end == NULL ? len : (size_t)(end - text) + 1;
}

static bool line_sets(const char *line, size_t len, const char *name) {
    size_t name_len = strlen(name);
    if (len <= name_len || memcmp(line, name, name_len) != 0)
        return false;
    char next = line[name_len];
    return next == ' ' || next == '\t' || next == '=' || next == ':';
}

static bool line_sets_any(const char *line, size_t len, const struct conf_key *keys, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (line_sets(line, len, keys[i].name))
            return true;
    return false;
}

/* Reads the lines that authd needs of a section; the rest is not authd's to judge. */
static enum err borrow(struct settings *settings, size_t place, struct conf_problem *problem) {
    const char *text = settings->sections[borrowed[place].kind].text;
    size_t left = settings->sections[borrowed[place].kind].len, picked = 0;
    char lines[BOOT_SETTINGS_MAX];
    while (left > 0) {
        size_t line = line_length(text, left);
        if (line_sets_any(text, line, borrowed[place].keys, borrowed[place].count)) {
            memcpy(lines + picked, text, line);
            picked += line;
        }
        text += line;
        left -= line;
    }
    return conf_parse(bytes_of(lines, picked), borrowed[place].keys, borrowed[place].count,
                      settings, problem);
}

static enum err cut_sections(struct bytes file, struct settings *settings,
                             struct conf_problem *problem) {
    for (unsigned kind = 0; kind < FAMILY_KINDS; kind++) {
        struct buffer buffer = buffer_over(settings->sections[kind].text, BOOT_SETTINGS_MAX);
        ERR_TRY(conf_section(file, known_sections, family_facts[kind].section, &buffer, problem));
        settings->sections[kind].len = buffer.len;
    }
    return ERR_OK;
}

/* provd tells officers which key handshakes use, which only edge's section says. */
static enum err tell_provd(struct settings *settings, struct conf_problem *problem) {
    static const char line[] = "\ntls-key-in = file\n";
    char *text = settings->sections[FAMILY_PROVD].text;
    size_t *len = &settings->sections[FAMILY_PROVD].len;
    if (settings->edge_tls_key[0] == '\0')
        return ERR_OK;
    if (*len + sizeof line > BOOT_SETTINGS_MAX) {
        complain(problem, "its section is too long", "provd");
        return ERR_CONFIG;
    }
    memcpy(text + *len, line, sizeof line);
    *len += sizeof line - 1;
    return ERR_OK;
}

static int64_t processors(void) {
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count < FAMILY_LANES_MAX ? count : FAMILY_LANES_MAX;
}

/*
 * A signer that was silent for hang-ms goes on with the keys it had, until it looks at the keyring,
 * once a second; one that is silent for longer is ended. Not before that may a new key be used.
 */
#define LOOK_MS 1000

static enum err judge_propagation(const struct settings *settings, struct conf_problem *problem) {
    int64_t least_ms = settings->hang_ms + LOOK_MS;
    if (settings->propagation_seconds * 1000 >= least_ms)
        return ERR_OK;
    snprintf(problem->text, sizeof problem->text,
             "key-propagation in [hsm]: give at least %lld, as hang-ms in [authd] is %lld; or make "
             "hang-ms smaller",
             (long long)((least_ms + 999) / 1000), (long long)settings->hang_ms);
    return ERR_CONFIG;
}

static enum err settle(struct settings *settings, struct conf_problem *problem) {
    if (settings->lanes == 0)
        settings->lanes = processors();
    if (settings->signers == 0)
        settings->signers = settings->lanes;
    ERR_TRY(judge_propagation(settings, problem));
    size_t name_len = strlen(settings->notify_program);
    if (name_len == 0 || name_len >= BOOT_NAME_SIZE ||
        strchr(settings->notify_program, '/') != NULL) {
        complain(problem, "give the name of a program in libexec, without a folder",
                 "notify-program");
        return ERR_CONFIG;
    }
    const char *const folders[] = {settings->state_directory, settings->run_directory};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if (folders[i][0] == '/')
            continue;
        complain(problem, "write the whole path, from /", folders[i]);
        return ERR_CONFIG;
    }
    return ERR_OK;
}

enum err settings_parse(struct bytes file, struct settings *settings,
                        struct conf_problem *problem) {
    char own[BOOT_SETTINGS_MAX];
    struct buffer buffer = buffer_over(own, sizeof own);
    memset(settings, 0, sizeof *settings);
    ERR_TRY(conf_section(file, known_sections, "authd", &buffer, problem));
    ERR_TRY(conf_parse(bytes_of(own, buffer.len), settings_keys, settings_key_count, settings,
                       problem));
    ERR_TRY(cut_sections(file, settings, problem));
    for (size_t i = 0; i < sizeof borrowed / sizeof *borrowed; i++)
        ERR_TRY(borrow(settings, i, problem));
    ERR_TRY(tell_provd(settings, problem));
    return settle(settings, problem);
}

bool settings_has(const struct settings *settings, enum family_kind kind) {
    return kind != FAMILY_PLUGIN || settings->plugin_library[0] != '\0';
}

enum err settings_load(const char *path, struct settings *settings, struct conf_problem *problem) {
    static char text[FILE_MAX + 1];
    SCOPE_STREAM *file = fopen(path, "re");
    if (file == NULL) {
        complain(problem, strerror(errno), path);
        return ERR_CONFIG;
    }
    size_t len = fread(text, 1, sizeof text, file);
    if (ferror(file) != 0 || len > FILE_MAX) {
        complain(problem, "cannot be read, or is over 64 KiB: is it the configuration?", path);
        return ERR_CONFIG;
    }
    return settings_parse(bytes_of(text, len), settings, problem);
}
