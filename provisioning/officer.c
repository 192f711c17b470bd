#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "firmware/base/boot.h"
#include "provisioning/cmd.h"

#define DEFAULT_SOCKET "/run/idcs/" OFFICER_SOCKET_NAME
#define ARENA_BYTES    (64u * 1024u)

static const struct command *const commands[] = {
    &cmd_key_initialise,
    &cmd_key_list,
    &cmd_key_show,
    &cmd_key_roll,
    &cmd_key_keep,
    &cmd_key_usage,
    &cmd_key_retire,
    &cmd_key_destroy,
    &cmd_key_revoke,
    &cmd_key_custody,
    &cmd_clock_confirm,
    &cmd_root_roll,
    &cmd_root_sweep,
    &cmd_root_remove,
    &cmd_tls_request,
    &cmd_tls_install,
    &cmd_tls_remove,
    &cmd_tls_show,
    &cmd_trust_add,
    &cmd_trust_list,
    &cmd_trust_remove,
    &cmd_partner_add,
    &cmd_partner_suspend,
    &cmd_partner_activate,
    &cmd_partner_jose,
    &cmd_partner_jose_remove,
    &cmd_partner_jose_show,
    &cmd_certificate_issue,
    &cmd_certificate_device,
    &cmd_policy_add,
    &cmd_api_key_add,
    &cmd_misp_add,
    &cmd_people_import,
    &cmd_programmes_import,
    &cmd_hotlist_add,
    &cmd_hotlist_remove,
    &cmd_status,
    &cmd_pin,
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

/* ---- help ---- */

/* Given as "name=value"; else the value stands alone. */
static bool is_named(const struct argument *argument) {
    return argument->name[0] != '\0' && !argument->bare;
}

/* "officer partner add id=ID name=NAME [status=…]" */
static void write_usage(const struct command *command, char *target, size_t size) {
    size_t len = (size_t)snprintf(target, size, "officer %s%s%s", command->noun,
                                  command->verb[0] != '\0' ? " " : "", command->verb);
    for (const struct argument *argument = command->arguments; argument->name != NULL; argument++) {
        int more = snprintf(target + len, size - len, " %s%s%s%s%s", argument->optional ? "[" : "",
                            is_named(argument) ? argument->name : "", is_named(argument) ? "=" : "",
                            argument->shown, argument->optional ? "]" : "");
        len = more > 0 && (size_t)more < size - len ? len + (size_t)more : size - 1;
    }
}

static void print_command(const struct command *command) {
    char usage[256];
    write_usage(command, usage, sizeof usage);
    (void)printf("\n  %s\n      ", usage);
    officer_text_print(stdout, command->about, NULL, NULL);
    officer_text_print(stdout, TEXT_EXAMPLE, command->example, NULL);
}

/* ${noun} NULL: all of them. */
static void print_help(const char *noun) {
    officer_text_print(stdout, TEXT_INTRODUCTION, NULL, NULL);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (noun == NULL || strcmp(commands[i]->noun, noun) == 0)
            print_command(commands[i]);
    officer_text_print(stdout, TEXT_OPTIONS, NULL, NULL);
}

/* ---- the command line ---- */

const char *arguments_get(const struct arguments *arguments, const char *name) {
    for (size_t i = 0; i < arguments->count; i++)
        if (strcmp(arguments->given[i].name, name) == 0)
            return arguments->given[i].value;
    return NULL;
}

static enum result refuse_argument(const struct command *command, const char *text) {
    char usage[256];
    write_usage(command, usage, sizeof usage);
    officer_text_complain(TEXT_UNKNOWN_ARGUMENT, text, usage);
    return RESULT_USAGE;
}

static enum result take(const struct argument *argument, const char *value,
                        struct arguments *arguments) {
    if (arguments_get(arguments, argument->name) != NULL) {
        officer_text_complain(TEXT_DOUBLE_ARGUMENT, argument->name, NULL);
        return RESULT_USAGE;
    }
    arguments->given[arguments->count].name = argument->name;
    arguments->given[arguments->count].value = value;
    arguments->count++;
    return RESULT_DONE;
}

/* What ${text} gives ${argument}: "days=30" or "--days=30", and "--dry-run" for "dry-run=yes".
 * NULL: it is of another. */
static const char *value_of(const struct argument *argument, const char *text) {
    size_t len = strlen(argument->name);
    bool is_option = strncmp(text, "--", 2) == 0;
    const char *name = is_option ? text + 2 : text;
    if (!is_named(argument) || strncmp(name, argument->name, len) != 0)
        return NULL;
    if (name[len] == '=')
        return name[len + 1] != '\0' ? name + len + 1 : NULL;
    return is_option && name[len] == '\0' && strcmp(argument->shown, "yes") == 0 ? "yes" : NULL;
}

/* No word that begins like an option stands for a file or a name. */
static enum result refuse_option(const struct command *command, const char *text) {
    static const char dry_run[] = "--dry-run";
    char name[64];
    if (strncmp(text, dry_run, sizeof dry_run - 1) != 0)
        return refuse_argument(command, text);
    (void)snprintf(name, sizeof name, "officer %s%s%s", command->noun,
                   command->verb[0] != '\0' ? " " : "", command->verb);
    officer_text_complain(TEXT_NO_DRY_RUN, name, NULL);
    return RESULT_USAGE;
}

/* What stands alone is the first such argument that was not given yet. */
static enum result read_word(const struct command *command, const char *text,
                             struct arguments *arguments) {
    char usage[256];
    bool takes_any = false;
    for (const struct argument *argument = command->arguments; argument->name != NULL; argument++) {
        if (is_named(argument))
            continue;
        takes_any = true;
        if (text[0] != '\0' && arguments_get(arguments, argument->name) == NULL)
            return take(argument, text, arguments);
    }
    if (!takes_any || text[0] == '\0')
        return refuse_argument(command, text);
    write_usage(command, usage, sizeof usage);
    officer_text_complain(TEXT_WORD_TOO_MANY, text, usage);
    return RESULT_USAGE;
}

static enum result read_argument(const struct command *command, const char *text,
                                 struct arguments *arguments) {
    for (const struct argument *argument = command->arguments; argument->name != NULL; argument++) {
        const char *value = value_of(argument, text);
        if (value != NULL)
            return take(argument, value, arguments);
    }
    return strncmp(text, "--", 2) == 0 ? refuse_option(command, text)
                                       : read_word(command, text, arguments);
}

static enum result read_arguments(const struct command *command, char **texts, size_t count,
                                  struct arguments *arguments) {
    char usage[256], missing[64];
    *arguments = (struct arguments){0};
    for (size_t i = 0; i < count; i++)
        RESULT_TRY(read_argument(command, texts[i], arguments));
    for (const struct argument *argument = command->arguments; argument->name != NULL; argument++) {
        if (argument->optional || arguments_get(arguments, argument->name) != NULL)
            continue;
        write_usage(command, usage, sizeof usage);
        (void)snprintf(missing, sizeof missing, "%s%s",
                       is_named(argument) ? argument->name : argument->shown,
                       is_named(argument) ? "=" : "");
        officer_text_complain(TEXT_MISSING_ARGUMENT, missing, usage);
        return RESULT_USAGE;
    }
    return RESULT_DONE;
}

static bool is_noun(const char *noun) {
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i]->noun, noun) == 0)
            return true;
    return false;
}

/* The command of ${noun} and ${verb}; one without a verb takes any. */
static const struct command *find_command(const char *noun, const char *verb) {
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i]->noun, noun) == 0 &&
            (commands[i]->verb[0] == '\0' || strcmp(commands[i]->verb, verb) == 0))
            return commands[i];
    return NULL;
}

static enum result run(const char *socket_path, char **texts, size_t count) {
    const char *noun = count > 0 ? texts[0] : "", *verb = count > 1 ? texts[1] : "";
    struct arguments arguments;
    if (!is_noun(noun)) {
        officer_text_complain(TEXT_UNKNOWN_NOUN, noun, NULL);
        return RESULT_USAGE;
    }
    const struct command *command = find_command(noun, verb);
    if (command == NULL) {
        officer_text_complain(TEXT_UNKNOWN_VERB, noun, verb);
        return RESULT_USAGE;
    }
    size_t words = command->verb[0] != '\0' ? 2 : 1;
    RESULT_TRY(read_arguments(command, texts + words, count - words, &arguments));
    struct officer_link link = {.socket_path = socket_path, .fd = -1};
    enum result result = command->run(&link, &arguments);
    officer_link_close(&link);
    return result;
}

/* Keys pass through this process: no core file, no debugger of the same user. */
static enum err keep_secrets(void) {
    const struct rlimit none = {0};
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
        return ERR_SYSTEM;
    return secret_arena_open(ARENA_BYTES);
}

/* --help and --version, wherever they stand. */
static bool answer_option(char **texts, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(texts[i], "--version") == 0) {
            (void)puts("officer (idcs) " BOOT_VERSION);
            return true;
        }
        if (strcmp(texts[i], "--help") == 0) {
            print_help(is_noun(texts[0]) ? texts[0] : NULL);
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv) {
    const char *socket_path = DEFAULT_SOCKET;
    char **texts = argv + 1;
    size_t count = argc > 0 ? (size_t)argc - 1 : 0;
    officer_text_choose_language();
    if (count >= 2 && strcmp(texts[0], "--socket") == 0) {
        socket_path = texts[1];
        texts += 2;
        count -= 2;
    }
    if (answer_option(texts, count))
        return RESULT_DONE;
    if (count == 0) {
        print_help(NULL);
        return RESULT_USAGE;
    }
    if (keep_secrets() != ERR_OK) {
        officer_text_complain(TEXT_NO_MEMORY, NULL, NULL);
        return RESULT_REFUSED;
    }
    return run(socket_path, texts, count);
}
