#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/floor.h"
#include "tests/bench/floor_echo.h"
#include "tests/bench/floor_plain.h"
#include "tests/bench/floor_token.h"

struct floor {
    const struct floor_options *options;
    pid_t child;
    int socket;
    struct floor_echo *echo;
};

double floor_of_call(const struct floor_parts *parts, enum call_kind call) {
    double every = parts->verify[call] + parts->sign + parts->write + parts->echo[call];
    if (call == CALL_OTP)
        return every;
    double sealed = every + parts->decrypt + parts->unpad + parts->open[call];
    return call == CALL_KYC_OTP ? sealed + parts->wrap : sealed;
}

static enum err measure(struct floor_token *token, struct floor_plain *plain,
                        struct floor_parts *parts) {
    ERR_TRY(floor_token_measure(token, parts));
    return floor_plain_measure(plain, parts);
}

/* The child: a measurement for each byte that comes. */
static int serve(const struct floor_options *options, int socket) {
    struct floor_token *token = NULL;
    struct floor_plain *plain = NULL;
    struct floor_parts parts;
    char question = 0;
    if (options->cores->given && cores_pin_self(&options->cores->server) != ERR_OK)
        fprintf(stderr, "idcs-load: the floor cannot be measured on the appliance's cores\n");
    enum err result = floor_token_open(&token, options->folder);
    if (result == ERR_OK)
        result = floor_plain_open(&plain, options);
    while (result == ERR_OK && read(socket, &question, 1) == 1) {
        parts = (struct floor_parts){0};
        result = measure(token, plain, &parts);
        if (result == ERR_OK && write(socket, &parts, sizeof parts) != sizeof parts)
            result = ERR_SYSTEM;
    }
    floor_plain_close(plain);
    floor_token_close(token);
    return result == ERR_OK ? 0 : 1;
}

static enum err start_child(struct floor *floor) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return ERR_SYSTEM;
    floor->socket = pair[0];
    floor->child = fork();
    if (floor->child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)close(pair[0]);
        _exit(serve(floor->options, pair[1]));
    }
    (void)close(pair[1]);
    return floor->child > 0 ? ERR_OK : ERR_SYSTEM;
}

enum err floor_open(struct floor **floor, const struct floor_options *options) {
    struct floor *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_FULL;
    *made = (struct floor){.options = options, .socket = -1};
    enum err result = start_child(made);
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
    if (floor->socket >= 0)
        (void)close(floor->socket);
    if (floor->child > 0)
        (void)waitpid(floor->child, NULL, 0);
    free(floor);
}

enum err floor_measure(struct floor *floor, struct floor_parts *parts) {
    if (write(floor->socket, "?", 1) != 1 ||
        recv(floor->socket, parts, sizeof *parts, MSG_WAITALL) != (ssize_t)sizeof *parts) {
        fprintf(stderr, "idcs-load: the floor could not be measured\n");
        return ERR_SYSTEM;
    }
    return floor_echo_measure(floor->echo, parts);
}
