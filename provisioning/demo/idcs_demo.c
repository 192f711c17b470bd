#include <stdbool.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "firmware/base/boot.h"
#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "provisioning/demo/demo_file.h"
#include "provisioning/demo/demo_kit.h"
#include "provisioning/demo/demo_people.h"
#include "provisioning/demo/demo_programmes.h"

enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* What can be given on the command line; NULL: not given. */
struct options {
    const char *count, *seed, *today, *out, *people, *programmes, *base_url, *outbox;
    const char *jose_base_url, *issuer;
    const char *ida_partner_certificate, *ida_fir_certificate, *domain_uri, *env;
};

static const struct option_text {
    const char *name;
    size_t offset;
    const char *initial; /* NULL: must be given */
    const char *meaning;
} option_texts[] = {
#define OPTION(name, member, initial, meaning)                                                     \
    { name, offsetof(struct options, member), initial, meaning }
    OPTION("count", count, "1000", "how many people"),
    OPTION("seed", seed, "idcs", "any text; the same one gives the same people"),
    OPTION("today", today, "", "YYYY-MM-DD: ages are as of this day (default: this day)"),
    OPTION("out", out, NULL, "file of people; folder of programmes or of the kit"),
    OPTION("people", people, NULL, "file that `idcs-demo people` has written"),
    OPTION("programmes", programmes, NULL, "programmes.json that `idcs-demo programmes` wrote"),
    OPTION("base-url", base_url, "https://127.0.0.1:8443", "where the service answers"),
    OPTION("jose-base-url", jose_base_url, "https://127.0.0.1:8444",
           "where it answers in the JOSE profile"),
    OPTION("issuer", issuer, "", "the issuer in its tokens (default: the former)"),
    OPTION("outbox", outbox, "/var/lib/idcs/outbox", "folder of authd-outbox"),
    OPTION("ida-partner-cert", ida_partner_certificate, NULL, "ida-partner.cer of the box, PEM"),
    OPTION("ida-fir-cert", ida_fir_certificate, NULL, "ida-fir.cer of the box, PEM"),
    OPTION("domain-uri", domain_uri, "https://idcs.example.org", "one that the box allows"),
    OPTION("env", env, "Staging", "one that the box allows"),
#undef OPTION
};
enum { OPTIONS = sizeof option_texts / sizeof *option_texts };

static const char **option_value(struct options *options, size_t index) {
    return (const char **)(void *)((char *)options + option_texts[index].offset);
}

static enum err read_today(const char *text, int64_t *today_ms) {
    char instant[CLOCK_TEXT_SIZE];
    *today_ms = clock_wall_ms();
    if (text[0] == '\0')
        return ERR_OK;
    (void)snprintf(instant, sizeof instant, "%.10sT00:00:00.000Z", text);
    if (strlen(text) == 10 && clock_parse_millis(bytes_of_text(instant), today_ms) == ERR_OK)
        return ERR_OK;
    fprintf(stderr, "idcs-demo: --today %s: write a date as 2027-12-31\n", text);
    return ERR_CONFIG;
}

static enum err run_people(const struct options *options) {
    DEMO_JSON_CLEANUP json_t *people = NULL;
    struct demo_people_order order = {.seed = options->seed};
    int64_t count;
    if (codec_integer(options->count, DEMO_PEOPLE_LEAST, DEMO_PEOPLE_MOST, &count) != ERR_OK) {
        fprintf(stderr, "idcs-demo: --count %s: give a number from %d to %d\n", options->count,
                DEMO_PEOPLE_LEAST, DEMO_PEOPLE_MOST);
        return ERR_CONFIG;
    }
    order.count = (uint32_t)count;
    ERR_TRY(read_today(options->today, &order.today_ms));
    ERR_TRY(demo_people_make(&order, &people));
    ERR_TRY(demo_file_write_json(options->out, people, DEMO_FILE_PUBLIC));
    printf("%s: %zu synthetic people\n", options->out, json_array_size(people));
    return ERR_OK;
}

static enum err run_programmes(const struct options *options) {
    bool made;
    ERR_TRY(demo_programmes_make(options->out, &made));
    printf("%s/%s: %s\n", options->out, DEMO_PROGRAMMES_FILE,
           made ? "programmes, keys and certificates are made"
                : "was there already; nothing has changed");
    return ERR_OK;
}

static enum err run_kit(const struct options *options) {
    const struct demo_kit_order order = {
        .people = options->people,
        .programmes = options->programmes,
        .base_url = options->base_url,
        .jose_base_url = options->jose_base_url,
        .issuer = options->issuer[0] != '\0' ? options->issuer : options->jose_base_url,
        .outbox = options->outbox,
        .ida_partner_certificate = options->ida_partner_certificate,
        .ida_fir_certificate = options->ida_fir_certificate,
        .domain_uri = options->domain_uri,
        .env = options->env,
        .directory = options->out,
    };
    ERR_TRY(demo_kit_make(&order));
    printf("%s/kit.json: the kit is ready\n", options->out);
    return ERR_OK;
}

#define TAKES_MAX 12
static const struct command {
    const char *name, *about;
    enum err (*run)(const struct options *options);
    const char *takes[TAKES_MAX]; /* names of its options */
    const char *example;
} commands[] = {
    {"people",
     "writes synthetic people for `officer people import`",
     run_people,
     {"count", "seed", "today", "out"},
     "idcs-demo people --count 1000 --out people.json"},
    {"programmes",
     "makes demo programmes, with keys and certificates, for `officer programmes import`",
     run_programmes,
     {"out"},
     "idcs-demo programmes --out programmes"},
    {"kit",
     "puts together what a programme's developer needs",
     run_kit,
     {"people", "programmes", "base-url", "jose-base-url", "issuer", "outbox", "ida-partner-cert",
      "ida-fir-cert", "domain-uri", "env", "out"},
     "idcs-demo kit --people people.json --programmes programmes/programmes.json "
     "--ida-partner-cert ida-partner.cer --ida-fir-cert ida-fir.cer --out kit"},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static bool takes(const struct command *command, const char *name) {
    for (size_t i = 0; i < TAKES_MAX && command->takes[i] != NULL; i++) {
        if (strcmp(command->takes[i], name) == 0)
            return true;
    }
    return false;
}

static void print_command(const struct command *command) {
    printf("\nidcs-demo %s: %s\n", command->name, command->about);
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option_text *text = &option_texts[i];
        if (!takes(command, text->name))
            continue;
        bool has_default = text->initial != NULL && text->initial[0] != '\0';
        printf("  --%-18s %s", text->name, text->meaning);
        if (has_default)
            printf(" (default: %s)", text->initial);
        printf("%s\n", text->initial == NULL ? " (must be given)" : "");
    }
    printf("  example: %s\n", command->example);
}

static void print_help(void) {
    printf("idcs-demo: makes synthetic people, demo programmes and the kit for developers.\n"
           "usage: idcs-demo COMMAND [OPTION VALUE]... | --help | --version\n");
    for (size_t i = 0; i < COMMANDS; i++)
        print_command(&commands[i]);
}

static enum err read_options(const struct command *command, int argc, char **argv,
                             struct options *options) {
    struct option known[OPTIONS + 1] = {0};
    int index, found;
    for (size_t i = 0; i < OPTIONS; i++) {
        known[i] = (struct option){.name = option_texts[i].name, .has_arg = required_argument};
        *option_value(options, i) = option_texts[i].initial;
    }
    while ((found = getopt_long(argc, argv, "", known, &index)) == 0) {
        if (!takes(command, known[index].name)) {
            fprintf(stderr, "idcs-demo: --%s is not for %s: see --help\n", known[index].name,
                    command->name);
            return ERR_CONFIG;
        }
        *option_value(options, (size_t)index) = optarg;
    }
    if (found != -1) /* getopt has said what is wrong */
        return ERR_CONFIG;
    if (optind < argc) {
        fprintf(stderr, "idcs-demo: '%s' is not an option: see --help\n", argv[optind]);
        return ERR_CONFIG;
    }
    for (size_t i = 0; i < OPTIONS; i++) {
        if (takes(command, known[i].name) && *option_value(options, i) == NULL) {
            fprintf(stderr, "idcs-demo: --%s is missing: see --help\n", known[i].name);
            return ERR_CONFIG;
        }
    }
    return ERR_OK;
}

static enum exit_status run_command(const struct command *command, int argc, char **argv) {
    struct options options;
    if (read_options(command, argc, argv, &options) != ERR_OK)
        return EXIT_USAGE;
    enum err err = command->run(&options);
    if (err == ERR_CONFIG)
        return EXIT_USAGE;
    if (err != ERR_OK)
        fprintf(stderr, "idcs-demo: %s failed: %s\n", command->name, err_text(err));
    return err == ERR_OK ? EXIT_DONE : EXIT_FAILED;
}

int main(int argc, char **argv) {
    const char *first = argc > 1 ? argv[1] : "";
    if (sodium_init() < 0)
        return EXIT_FAILED;
    if (strcmp(first, "--help") == 0 || strcmp(first, "--version") == 0) {
        if (strcmp(first, "--version") == 0)
            puts("idcs-demo (idcs) " BOOT_VERSION);
        else
            print_help();
        return EXIT_DONE;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(first, commands[i].name) != 0)
            continue;
        argv[1] = argv[0]; /* the name in getopt's complaints */
        return run_command(&commands[i], argc - 1, argv + 1);
    }
    fprintf(stderr, "idcs-demo: give a command, people, programmes or kit: see --help\n");
    return EXIT_USAGE;
}
