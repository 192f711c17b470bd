#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/floor_echo.h"

#include "firmware/base/clock.h"
#include "provisioning/programme/https_pool.h"
#include "tests/bench/echo_server.h"
#include "tests/bench/processes.h"

#define WARM_MS    50
#define MEASURE_MS 150
#define TURN_MS    100
/* Enough for it to be busy. When 256 connected at once, one was seen to wait until the client gave
 * up; then it is measured again. */
#define CONNECTIONS_MAX 32
#define TIMEOUT_SECONDS 2
#define ATTEMPTS        5

struct floor_echo {
    const struct floor_options *options;
    struct https_pool *pool;
    pid_t child;
    int life; /* closed: the child ends */
    unsigned port;
    char certificate[512];
    struct https_answer *answers; /* one a connection */
    struct https_answer **free;
    unsigned free_count;
    unsigned answered, failed, connections;
};

static enum err start_child(struct floor_echo *echo) {
    int life[2], told[2];
    if (pipe2(life, 0) != 0 || pipe2(told, 0) != 0)
        return ERR_SYSTEM;
    echo->child = fork();
    if (echo->child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)close(life[1]);
        if (echo->options->cores->given)
            (void)!cores_pin_self(&echo->options->cores->server);
        _exit(echo_server_run(echo->certificate, told[1], life[0]));
    }
    (void)close(life[0]);
    (void)close(told[1]);
    echo->life = life[1];
    bool known = read(told[0], &echo->port, sizeof echo->port) == (ssize_t)sizeof echo->port;
    (void)close(told[0]);
    return echo->child > 0 && known ? ERR_OK : ERR_SYSTEM;
}

static void on_done(void *context, void *tag, enum err result) {
    struct floor_echo *echo = context;
    struct https_answer *answer = tag;
    if (result == ERR_OK && answer->status == 200)
        echo->answered++;
    else
        echo->failed++;
    https_answer_free(answer);
    echo->free[echo->free_count++] = answer;
}

static enum err open_pool(struct floor_echo *echo) {
    const struct https_pool_options options = {.ca_certificate = echo->certificate,
                                               .connections = echo->connections,
                                               .timeout_seconds = TIMEOUT_SECONDS,
                                               .done = on_done,
                                               .context = echo};
    echo->answers = calloc(options.connections, sizeof *echo->answers);
    echo->free = calloc(options.connections, sizeof(struct https_answer *));
    if (echo->answers == NULL || echo->free == NULL)
        return ERR_FULL;
    for (unsigned i = 0; i < options.connections; i++)
        echo->free[echo->free_count++] = &echo->answers[i];
    return https_pool_open(&echo->pool, &options);
}

enum err floor_echo_open(struct floor_echo **echo, const struct floor_options *options) {
    struct floor_echo *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_FULL;
    *made = (struct floor_echo){.options = options,
                                .life = -1,
                                .connections = options->connections < CONNECTIONS_MAX
                                                   ? options->connections
                                                   : CONNECTIONS_MAX};
    snprintf(made->certificate, sizeof made->certificate, "%s/echo.pem", options->folder);
    enum err result = start_child(made);
    if (result == ERR_OK)
        result = open_pool(made);
    if (result != ERR_OK) {
        floor_echo_close(made);
        return result;
    }
    *echo = made;
    return ERR_OK;
}

void floor_echo_close(struct floor_echo *echo) {
    if (echo == NULL)
        return;
    https_pool_close(echo->pool);
    if (echo->life >= 0)
        (void)close(echo->life);
    if (echo->child > 0)
        (void)waitpid(echo->child, NULL, 0);
    free(echo->answers);
    free(echo->free);
    free(echo);
}

/* Calls without a pause until ${until_ms}, then waits for what is under way. */
static enum err call(struct floor_echo *echo, const char *url, const struct floor_sample *sample,
                     int64_t until_ms) {
    while (clock_boot_ms() < until_ms || echo->free_count < echo->connections) {
        while (clock_boot_ms() < until_ms && echo->free_count > 0) {
            struct https_answer *answer = echo->free[echo->free_count - 1];
            const struct https_call one = {.message = {.url = url,
                                                       .body = sample->request.body,
                                                       .signature = sample->request.signature},
                                           .answer = answer,
                                           .tag = answer};
            ERR_TRY(https_pool_send(echo->pool, &one));
            echo->free_count--;
        }
        int wait_ms = TURN_MS;
        https_pool_turn(echo->pool, &wait_ms);
        struct pollfd ready = {.fd = https_pool_descriptor(echo->pool), .events = POLLIN};
        if (echo->free_count == 0)
            (void)poll(&ready, 1, wait_ms < 0 || wait_ms > TURN_MS ? TURN_MS : wait_ms);
    }
    return ERR_OK;
}

/* ERR_AGAIN: a call failed. */
static enum err try_call(struct floor_echo *echo, const struct floor_sample *sample, double *us) {
    char url[256];
    int64_t before_ns = 0, after_ns = 0;
    snprintf(url, sizeof url, "https://127.0.0.1:%u/%zu/%zu", echo->port, sample->answer_len,
             sample->answer_signature_len);
    ERR_TRY(call(echo, url, sample, clock_boot_ms() + WARM_MS));
    echo->answered = echo->failed = 0;
    ERR_TRY(processes_clock(echo->child, &before_ns));
    ERR_TRY(call(echo, url, sample, clock_boot_ms() + MEASURE_MS));
    ERR_TRY(processes_clock(echo->child, &after_ns));
    if (echo->answered == 0 || echo->failed > 0)
        return ERR_AGAIN;
    *us = (double)(after_ns - before_ns) / 1000 / echo->answered;
    return ERR_OK;
}

static enum err measure_call(struct floor_echo *echo, const struct floor_sample *sample,
                             double *us) {
    enum err result = ERR_AGAIN;
    for (unsigned attempt = 0; attempt < ATTEMPTS && result == ERR_AGAIN; attempt++)
        result = try_call(echo, sample, us);
    return result == ERR_AGAIN ? ERR_UNAVAILABLE : result;
}

enum err floor_echo_measure(struct floor_echo *echo, struct floor_parts *parts) {
    for (unsigned kind = 0; kind < CALL_KINDS; kind++)
        if (echo->options->samples[kind].given)
            ERR_TRY(measure_call(echo, &echo->options->samples[kind], &parts->echo[kind]));
    return ERR_OK;
}
