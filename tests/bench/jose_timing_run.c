#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/jose_timing_run.h"

#include "firmware/base/clock.h"
#include "provisioning/programme/https_pool.h"

enum { WAIT_MS = 100, URL_SIZE = 512 };

struct call {
    char url[URL_SIZE], *body;
    struct https_answer answer;
    uint8_t class;
    int64_t sent_ns;
    struct call *next;
};

struct state {
    const struct jose_timing_run *run;
    struct jose_timing_samples *samples;
    struct https_pool *pool;
    struct call *calls, *free;
    uint8_t *deck; /* the class of each request, shuffled */
    size_t deck_count, dealt, answered;
    enum err failure; /* from a callback */
};

static void on_answer(void *context, void *tag, enum err result) {
    struct state *state = context;
    struct call *call = tag;
    int64_t took_ns = clock_boot_ns() - call->sent_ns;
    struct jose_timing_samples *samples = &state->samples[call->class];
    if (result != ERR_OK || call->answer.status != state->run->plan->classes[call->class].status)
        samples->wrong++;
    else if (timing_add(&samples->times, took_ns) != ERR_OK)
        state->failure = ERR_FULL;
    https_answer_free(&call->answer);
    free(call->body);
    call->body = NULL;
    call->next = state->free;
    state->free = call;
    state->answered++;
}

/* Fisher and Yates. */
static enum err shuffle(struct state *state) {
    const struct jose_timing_run *run = state->run;
    state->deck = malloc(run->plan->class_count * run->samples);
    if (state->deck == NULL)
        return ERR_FULL;
    for (size_t class = 0; class < run->plan->class_count; class ++)
        for (size_t i = 0; i < run->samples && run->asked_of[class]; i++)
            state->deck[state->deck_count++] = (uint8_t) class;
    for (size_t i = state->deck_count; i > 1; i--) {
        size_t other = arc4random_uniform((uint32_t)i);
        uint8_t kept = state->deck[i - 1];
        state->deck[i - 1] = state->deck[other];
        state->deck[other] = kept;
    }
    return ERR_OK;
}

static enum err send_next(struct state *state) {
    struct jose_timing_plan *plan = state->run->plan;
    struct call *call = state->free;
    call->class = state->deck[state->dealt++];
    struct jose_timing_class *class = &plan->classes[call->class];
    ERR_TRY(jose_timing_plan_build(plan, class, &call->body));
    snprintf(call->url, sizeof call->url, "%s%s", plan->party.base_url, class->path);
    state->free = call->next;
    call->answer = (struct https_answer){.body = NULL};
    call->sent_ns = clock_boot_ns();
    const struct https_call sent = {.message = {.url = call->url,
                                                .body = call->body,
                                                .media = "application/jose",
                                                .certificate = plan->party.tls_certificate,
                                                .key = plan->party.tls_key},
                                    .answer = &call->answer,
                                    .tag = call};
    return https_pool_send(state->pool, &sent);
}

static enum err turn(struct state *state) {
    int wait_ms = -1;
    https_pool_turn(state->pool, &wait_ms);
    if (state->free != NULL && state->dealt < state->deck_count)
        return send_next(state);
    struct pollfd readable = {.fd = https_pool_descriptor(state->pool), .events = POLLIN};
    (void)poll(&readable, 1, wait_ms >= 0 && wait_ms < WAIT_MS ? wait_ms : WAIT_MS);
    return state->failure;
}

static enum err open_parts(struct state *state) {
    const struct jose_timing_run *run = state->run;
    const struct https_pool_options options = {.ca_certificate = run->plan->kit.ca_certificate,
                                               .connections = run->in_flight,
                                               .done = on_answer,
                                               .context = state};
    ERR_TRY(shuffle(state));
    state->calls = calloc(run->in_flight, sizeof *state->calls);
    if (state->calls == NULL)
        return ERR_FULL;
    for (unsigned i = 0; i < run->in_flight; i++) {
        state->calls[i].next = state->free;
        state->free = &state->calls[i];
    }
    return https_pool_open(&state->pool, &options);
}

static enum err run_all(struct state *state) {
    ERR_TRY(open_parts(state));
    while (state->answered < state->deck_count)
        ERR_TRY(turn(state));
    return ERR_OK;
}

enum err jose_timing_run(const struct jose_timing_run *run, struct jose_timing_samples *samples) {
    struct state state = {.run = run, .samples = samples};
    for (size_t i = 0; i < run->plan->class_count; i++) {
        timing_free(&samples[i].times);
        samples[i].wrong = 0;
    }
    enum err result = run_all(&state);
    https_pool_close(state.pool);
    for (unsigned i = 0; i < run->in_flight && state.calls != NULL; i++) {
        https_answer_free(&state.calls[i].answer);
        free(state.calls[i].body);
    }
    free(state.calls);
    free(state.deck);
    return result;
}
