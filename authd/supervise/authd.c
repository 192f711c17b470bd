#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "authd/supervise/account.h"
#include "authd/supervise/listeners.h"
#include "authd/supervise/prepare.h"
#include "authd/supervise/supervisor.h"
#include "firmware/base/confine.h"
#include "firmware/base/log.h"

#define DEFAULT_FILE "/etc/idcs/authd.conf"

struct options {
    const char *file;
    bool check;
};

static struct settings settings;
static struct accounts accounts;
static struct supervisor supervisor;

static void print_help(void) {
    printf("authd: starts and supervises the processes of the authentication appliance.\n\n"
           "usage: authd [-f] [-t] [-c FILE]\n\n"
           "  -c FILE    the configuration (default: " DEFAULT_FILE ")\n"
           "  -t         check it, with each process's own judgement of its section, and end\n"
           "  -f         stay in the foreground, as it always does\n"
           "  --help, --version\n\n"
           "settings of the section [authd]:\n");
    for (size_t i = 0; i < settings_key_count; i++)
        printf("  %-17s %s (default: %s)\n", settings_keys[i].name, settings_keys[i].meaning,
               settings_keys[i].initial);
    printf("\nexample: authd -t -c " DEFAULT_FILE " && authd -c " DEFAULT_FILE "\n"
           "See authd(8).\n");
}

/* *finished: nothing is left to do. */
static enum err read_options(int argc, char **argv, struct options *options, bool *finished) {
    *options = (struct options){.file = DEFAULT_FILE};
    *finished = argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "--version") == 0);
    if (*finished && strcmp(argv[1], "--help") == 0)
        print_help();
    else if (*finished)
        puts("authd (idcs) " BOOT_VERSION);
    if (*finished)
        return ERR_OK;
    for (int option; (option = getopt(argc, argv, "c:tf")) != -1;) {
        if (option == '?')
            return ERR_CONFIG;
        if (option == 'c')
            options->file = optarg;
        options->check = options->check || option == 't';
    }
    if (optind < argc)
        fprintf(stderr, "authd: %s: not expected here; see authd --help\n", argv[optind]);
    return optind < argc ? ERR_CONFIG : ERR_OK;
}

/* Every process judges its own section; all problems are shown, not only the first. */
static enum err check_sections(const int *executables) {
    enum err result = ERR_OK;
    for (unsigned kind = 0; kind < FAMILY_KINDS; kind++) {
        if (!settings_has(&settings, (enum family_kind)kind))
            continue;
        const char *program = family_facts[kind].program;
        struct child_plan plan = {
            .executable = executables[kind],
            .name = program != NULL ? program : settings.notify_program,
            .account = accounts.as_root ? &accounts.kinds[kind] : NULL,
            .environment = child_environment(kind == FAMILY_HSM),
        };
        int status;
        ERR_TRY(child_check(
            &plan, bytes_of(settings.sections[kind].text, settings.sections[kind].len), &status));
        if (WIFEXITED(status) && WEXITSTATUS(status) == BOOT_EXIT_CLEAN)
            continue;
        fprintf(stderr, "authd: correct the section [%s] of the configuration\n",
                family_facts[kind].section);
        result = ERR_CONFIG;
    }
    return result;
}

static enum err confine_self(void) {
    struct confine_identity identities[FAMILY_KINDS];
    size_t count = 0;
    for (unsigned kind = 0; kind < FAMILY_KINDS; kind++)
        if (settings_has(&settings, (enum family_kind)kind))
            identities[count++] = (struct confine_identity){.uid = accounts.kinds[kind].uid,
                                                            .gid = accounts.kinds[kind].gid};
    const struct confine_plan plan = {
        .process = "authd",
        .files = true, /* to look at the PIN file, and its own folder */
        .fork = true,
        .identities = identities,
        .identity_count = accounts.as_root ? count : 0,
    };
    return confine_enter(&plan);
}

static enum err open_listeners(int *listeners, size_t *count, struct conf_problem *problem) {
    size_t lanes = (size_t)settings.lanes;
    ERR_TRY(listeners_open("listen", settings.listen, lanes, listeners, problem));
    *count = lanes;
    if (settings.listen_jose[0] == '\0')
        return ERR_OK;
    ERR_TRY(listeners_open("listen-jose", settings.listen_jose, lanes, listeners + lanes, problem));
    *count = 2 * lanes;
    return ERR_OK;
}

static void log_listeners(const int *listeners, size_t count) {
    size_t lanes = (size_t)settings.lanes;
    log_event(LOG_INFO, "listening", "address=%s port=%u profile=mosip", settings.listen,
              listeners_port(listeners[0]));
    if (count > lanes)
        log_event(LOG_INFO, "listening", "address=%s port=%u profile=jose", settings.listen_jose,
                  listeners_port(listeners[lanes]));
}

/* Everything that needs root or a path; afterwards authd has neither. */
static enum err open_all(const int *executables, struct conf_problem *problem) {
    static int listeners[BOOT_LISTENERS_MAX];
    size_t listener_count;
    int marker_folder;
    ERR_TRY(prepare_folders(&settings, &accounts, &marker_folder, problem));
    ERR_TRY(open_listeners(listeners, &listener_count, problem));
    snprintf(problem->text, sizeof problem->text,
             "cannot open what %d lanes and %d signers need: raise the limit of open files",
             (int)settings.lanes, (int)settings.signers);
    const struct supervisor_resources resources = {.settings = &settings,
                                                   .accounts = &accounts,
                                                   .executables = executables,
                                                   .listeners = listeners,
                                                   .listener_count = listener_count,
                                                   .marker_folder = marker_folder};
    ERR_TRY(supervisor_open(&resources, &supervisor));
    log_listeners(listeners, listener_count);
    return ERR_OK;
}

/* Descriptors 0 to 2 are always taken, so that no socket can become one of them; 0 reads nothing.
 */
static enum err settle_standard_descriptors(void) {
    int null;
    do {
        null = open("/dev/null", O_RDWR);
        if (null < 0)
            return ERR_SYSTEM;
    } while (null <= STDERR_FILENO);
    return dup2(null, STDIN_FILENO) == STDIN_FILENO && close(null) == 0 ? ERR_OK : ERR_SYSTEM;
}

static int fail(const struct conf_problem *problem, enum err err) {
    fprintf(stderr, "authd: %s\n", problem->text[0] != '\0' ? problem->text : err_text(err));
    return boot_exit_code(err);
}

static enum err get_ready(const struct options *options, int *executables,
                          struct conf_problem *problem) {
    ERR_TRY(settings_load(options->file, &settings, problem));
    ERR_TRY(account_resolve(&settings, &accounts, problem));
    ERR_TRY(prepare_executables(&settings, executables, problem));
    return prepare_limits();
}

int main(int argc, char **argv) {
    struct options options;
    struct conf_problem problem = {0};
    int executables[FAMILY_KINDS], exit_code = BOOT_EXIT_FAILURE;
    bool finished = false;
    enum err err = read_options(argc, argv, &options, &finished);
    if (err != ERR_OK || finished)
        return boot_exit_code(err);
    log_open("authd", 0, LOG_INFO);
    if (settle_standard_descriptors() != ERR_OK)
        return fail(&problem, ERR_SYSTEM);
    err = get_ready(&options, executables, &problem);
    if (err == ERR_OK && options.check) {
        err = check_sections(executables);
        if (err == ERR_OK)
            puts("authd: the configuration is right");
        return boot_exit_code(err);
    }
    if (err == ERR_OK)
        err = open_all(executables, &problem);
    if (err != ERR_OK)
        return fail(&problem, err);
    if (account_give_up_root(&accounts) != ERR_OK || confine_self() != ERR_OK)
        return fail(&(struct conf_problem){"cannot give up its privileges"}, ERR_DENIED);
    err = supervisor_run(&supervisor, &exit_code);
    return err == ERR_OK ? exit_code : boot_exit_code(err);
}
