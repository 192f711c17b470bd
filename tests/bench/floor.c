#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/floor.h"
#include "tests/bench/floor_echo.h"
#include "tests/bench/floor_finger.h"
#include "tests/bench/floor_plain.h"
#include "tests/bench/floor_token.h"

#define COPIES_MAX 64

/* One measures on each processor at the same time, so that none has caches and a clock to itself.
 */
struct copy {
    pid_t child;
    int socket;
    size_t processor;
    bool counts; /* it runs where the appliance does */
};

struct floor {
    const struct floor_options *options;
    size_t count;
    struct copy copies[COPIES_MAX];
    struct floor_echo *echo;
};

double floor_of_call(const struct floor_parts *parts, enum profile profile, enum call_kind call) {
    double every = parts->verify[call] + parts->write + parts->echo[call];
    double sealed = parts->decrypt + parts->unpad + parts->open[call];
    if (call == CALL_OTP) /* MOSIP's is signed and not sealed, JOSE's the other way round */
        return every + (profile == PROFILE_JOSE ? sealed : parts->sign);
    if (call == CALL_AUTH_FINGER)
        sealed += parts->decrypt_finger + parts->unpad_finger + parts->capture + parts->match;
    return every + sealed + parts->sign + (call == CALL_KYC_OTP ? parts->wrap : 0);
}

/* What a measuring process has. */
struct bench {
    struct floor_token *token;
    struct floor_plain *plain;
    struct floor_finger *finger; /* NULL: no call brings one */
};

static enum err open_bench(struct bench *bench, const struct floor_options *options,
                           const char *folder) {
    bool fingers = options->samples[CALL_AUTH_FINGER].given;
    ERR_TRY(floor_token_open(&bench->token, folder, options->profile, fingers));
    ERR_TRY(floor_plain_open(&bench->plain, options));
    return fingers ? floor_finger_open(&bench->finger) : ERR_OK;
}

static void close_bench(struct bench *bench) {
    floor_finger_close(bench->finger);
    floor_plain_close(bench->plain);
    floor_token_close(bench->token);
}

static enum err measure(const struct bench *bench, struct floor_parts *parts) {
    ERR_TRY(floor_token_measure(bench->token, parts));
    if (bench->finger != NULL)
        ERR_TRY(floor_finger_measure(bench->finger, parts));
    return floor_plain_measure(bench->plain, parts);
}

/* The child: a measurement for each byte that comes. */
static int serve(const struct floor_options *options, const struct copy *copy, int socket) {
    struct bench bench = {0};
    struct floor_parts parts;
    char question = 0, folder[512];
    cpu_set_t processor;
    CPU_ZERO(&processor);
    CPU_SET(copy->processor, &processor);
    snprintf(folder, sizeof folder, "%s/%zu", options->folder, copy->processor);
    enum err result = mkdir(folder, 0700) == 0 ? cores_pin_self(&processor) : ERR_SYSTEM;
    if (result == ERR_OK)
        result = open_bench(&bench, options, folder);
    while (result == ERR_OK && read(socket, &question, 1) == 1) {
        parts = (struct floor_parts){0};
        result = measure(&bench, &parts);
        if (result == ERR_OK && write(socket, &parts, sizeof parts) != sizeof parts)
            result = ERR_SYSTEM;
    }
    close_bench(&bench);
    return result == ERR_OK ? 0 : 1;
}

/* A child must not hold the other ends of those before it, or they would never end. */
static void forget_others(const struct floor *floor) {
    for (size_t i = 0; i < floor->count; i++)
        (void)close(floor->copies[i].socket);
}

static enum err start_copy(struct floor *floor, size_t processor) {
    int pair[2];
    const struct cores *cores = floor->options->cores;
    struct copy *copy = &floor->copies[floor->count];
    *copy = (struct copy){.processor = processor,
                          .counts = !cores->given || CPU_ISSET(processor, &cores->server)};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return ERR_SYSTEM;
    copy->child = fork();
    if (copy->child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        forget_others(floor);
        (void)close(pair[0]);
        _exit(serve(floor->options, copy, pair[1]));
    }
    (void)close(pair[1]);
    copy->socket = pair[0];
    floor->count++;
    return copy->child > 0 ? ERR_OK : ERR_SYSTEM;
}

/* On the processors that the run uses. */
static enum err start_copies(struct floor *floor) {
    const struct cores *cores = floor->options->cores;
    cpu_set_t used;
    if (cores->given)
        CPU_OR(&used, &cores->server, &cores->generator);
    else if (sched_getaffinity(0, sizeof used, &used) != 0)
        return ERR_SYSTEM;
    for (size_t i = 0; i < CPU_SETSIZE && floor->count < COPIES_MAX; i++)
        if (CPU_ISSET(i, &used))
            ERR_TRY(start_copy(floor, i));
    return ERR_OK;
}

enum err floor_open(struct floor **floor, const struct floor_options *options) {
    struct floor *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_FULL;
    made->options = options;
    enum err result = start_copies(made);
    if (result == ERR_OK)
        result = floor_echo_open(&made->echo, options);
    if (result != ERR_OK) {
        fprintf(stderr, "idcs-load: the floor cannot be measured\n");
        floor_close(made);
        return result;
    }
    *floor = made;
    return ERR_OK;
}

void floor_close(struct floor *floor) {
    if (floor == NULL)
        return;
    floor_echo_close(floor->echo);
    forget_others(floor);
    for (size_t i = 0; i < floor->count; i++)
        if (floor->copies[i].child > 0)
            (void)waitpid(floor->copies[i].child, NULL, 0);
    free(floor);
}

/* Adds ${one} to ${sum}, member by member: all are double. */
static void add_parts(struct floor_parts *sum, const struct floor_parts *one, double weight) {
    double *members = (double *)(void *)sum;
    for (size_t i = 0; i < sizeof *sum / sizeof *members; i++)
        members[i] += weight * ((const double *)(const void *)one)[i];
}

enum err floor_measure(struct floor *floor, struct floor_parts *parts) {
    double counting = 0;
    bool measured = floor->count > 0;
    *parts = (struct floor_parts){0};
    for (size_t i = 0; i < floor->count; i++) {
        measured = measured && send(floor->copies[i].socket, "?", 1, MSG_NOSIGNAL) == 1;
        counting += floor->copies[i].counts;
    }
    for (size_t i = 0; i < floor->count && measured; i++) {
        struct floor_parts one;
        measured =
            recv(floor->copies[i].socket, &one, sizeof one, MSG_WAITALL) == (ssize_t)sizeof one;
        if (measured && floor->copies[i].counts)
            add_parts(parts, &one, 1 / counting);
    }
    if (measured)
        return floor_echo_measure(floor->echo, parts);
    fprintf(stderr, "idcs-load: the floor could not be measured\n");
    return ERR_SYSTEM;
}
