#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/options.h"

#include "firmware/base/codec.h"

#define CLOSED_CONNECTIONS 32
#define OPEN_CONNECTIONS   256
#define CONNECTIONS_MAX    480 /* an appliance takes 512 from one address */

static const char usage_text[] =
    "usage: idcs-load --kit KIT.json [--profile mosip|jose] [--mix MIX] [--seconds N]\n"
    "                 [--rate R | --concurrency C] [--cores SERVER:GENERATOR] [--pid FILE]\n"
    "                 [--json FILE]\n"
    "\n"
    "Authenticates the people of a demonstration kit as fast as the appliance can, or at a set\n"
    "rate, checks every answer, and compares the CPU time with the floor of the design.\n"
    "\n"
    "  --kit KIT.json      the kit that quickstart wrote\n"
    "  --profile NAME      the wire profile: mosip (default) or jose\n"
    "  --mix MIX           otp (a code, then an authentication with it), otp-request (a code "
    "alone),\n"
    "                      demo (name and date of birth), ekyc (a code, then attributes with it),\n"
    "                      finger (a fingerprint from a capture device), or\n"
    "                      several with weights: otp=7,demo=2,ekyc=1 (default otp)\n"
    "  --seconds N         how long, the warming up and the floor not counted (default 10)\n"
    "  --rate R            open loop: R people a second, times counted from when each should have\n"
    "                      been served\n"
    "  --concurrency C     closed loop: C calls in flight at any time (default 32)\n"
    "  --cores S:G         processors of the appliance and of the generator, such as 0-2:3 (root)\n"
    "  --pid FILE          process id of authd (default: who listens on the kit's port; root)\n"
    "  --json FILE         the figures, for programs; - for standard output\n"
    "\n"
    "The appliance limits codes to 5 in 5 minutes a person. For a load, start it with\n"
    "  sudo provisioning/quickstart --set core.otp-requests=1000000 \\\n"
    "      --set core.otp-person-requests=1000000\n"
    "\n"
    "example: idcs-load --kit build/kit/kit.json --mix otp --seconds 20 --concurrency 32\n"
    "exit status: 0 all answers were right, 1 some were wrong or it could not run, 2 wrong "
    "command\n"
    "line\n";

static int refuse(const char *option, const char *advice) {
    fprintf(stderr, "idcs-load: --%s: %s\n%s", option, advice, usage_text);
    return 2;
}

static bool read_positive(const char *text, double most, double *value) {
    char *end = NULL;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && *value > 0 && *value <= most;
}

struct words {
    const char *profile, *mix, *seconds, *rate, *concurrency, *cores;
};

/* Sorts the arguments; 0, or what the program ends with. */
static int take_words(int argc, char **argv, struct options *options, struct words *words) {
    static const struct option names[] = {{"kit", required_argument, NULL, 'k'},
                                          {"profile", required_argument, NULL, 'p'},
                                          {"mix", required_argument, NULL, 'm'},
                                          {"seconds", required_argument, NULL, 's'},
                                          {"rate", required_argument, NULL, 'r'},
                                          {"concurrency", required_argument, NULL, 'c'},
                                          {"cores", required_argument, NULL, 'o'},
                                          {"pid", required_argument, NULL, 'i'},
                                          {"json", required_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    const struct {
        int letter;
        const char **target;
    } targets[] = {{'k', &options->kit},   {'p', &words->profile},    {'m', &words->mix},
                   {'s', &words->seconds}, {'r', &words->rate},       {'c', &words->concurrency},
                   {'o', &words->cores},   {'i', &options->pid_file}, {'j', &options->json}};
    int letter;
    while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
        size_t i = 0, count = sizeof targets / sizeof *targets;
        while (i < count && targets[i].letter != letter)
            i++;
        if (i == count)
            return fputs(usage_text, letter == 'h' ? stdout : stderr), letter == 'h' ? -1 : 2;
        *targets[i].target = optarg;
    }
    if (options->kit == NULL || optind != argc)
        return fputs(usage_text, stderr), 2;
    return 0;
}

static int read_load(const struct words *words, struct options *options) {
    int64_t connections = CLOSED_CONNECTIONS;
    if (words->rate != NULL && words->concurrency != NULL)
        return refuse("rate", "give it or --concurrency, not both");
    if (words->rate != NULL) {
        connections = OPEN_CONNECTIONS;
        if (!read_positive(words->rate, 1e6, &options->rate))
            return refuse("rate", "give people a second, such as 250");
    }
    if (words->concurrency != NULL &&
        codec_integer(words->concurrency, 1, CONNECTIONS_MAX, &connections) != ERR_OK)
        return refuse("concurrency", "give a number from 1 to 480");
    options->connections = (unsigned)connections;
    return 0;
}

static int interpret(const struct words *words, struct options *options) {
    const char *mix = words->mix != NULL ? words->mix : "otp";
    const char *profile = words->profile != NULL ? words->profile : "mosip";
    if (strcmp(profile, "mosip") != 0 && strcmp(profile, "jose") != 0)
        return refuse("profile", "give mosip or jose");
    options->profile = strcmp(profile, "jose") == 0 ? PROFILE_JOSE : PROFILE_MOSIP;
    if (mix_parse(mix, &options->mix) != ERR_OK)
        return refuse("mix", "give names such as otp, or otp=7,demo=2,ekyc=1");
    snprintf(options->mix_text, sizeof options->mix_text, "%s", mix);
    options->seconds = 10;
    if (words->seconds != NULL && !read_positive(words->seconds, 86400, &options->seconds))
        return refuse("seconds", "give a number above 0");
    if (words->cores != NULL && cores_parse(words->cores, &options->cores) != ERR_OK)
        return refuse("cores", "give two lists that do not overlap, such as 0-2:3");
    return read_load(words, options);
}

int options_read(int argc, char **argv, struct options *options, bool *finished) {
    struct words words = {0};
    *options = (struct options){0};
    int status = take_words(argc, argv, options, &words);
    if (status == 0)
        status = interpret(&words, options);
    *finished = status != 0;
    return status < 0 ? 0 : status;
}
