#include <stddef.h>
#include <string.h>

#include "firmware/base/boot.h"
#include "firmware/base/conf.h"
#include "firmware/base/confine.h"
#include "firmware/base/frame.h"
#include "firmware/base/log.h"
#include "firmware/base/secret.h"
#include "firmware/base/serve.h"
#include "authd/unseal/worker.h"
#include "authd/wire/jose_wire.h"
#include "authd/wire/unseal_wire.h"

/* authd-unseal: turns hostile bytes into typed fields, for core or for provd. See authd-unseal(8).
 */
#define PROCESS         "authd-unseal"
#define ANSWER_WAIT_MS  1000
#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static struct settings {
    int64_t requests_before_recycle;
    bool one_request_per_worker;
} settings;

static const struct conf_key setting_keys[] = {
    {.name = "requests-before-recycle",
     .type = CONF_NUMBER,
     .offset = offsetof(struct settings, requests_before_recycle),
     .min = 1,
     .max = 1000000000,
     .initial = "10000",
     .meaning = "questions a worker answers before a fresh one takes its place"},
    {.name = "one-request-per-worker",
     .type = CONF_SWITCH,
     .offset = offsetof(struct settings, one_request_per_worker),
     .initial = "no",
     .meaning = "a fresh worker for every question: some 200 microseconds of CPU each"},
};

static const struct boot_program program = {
    .name = PROCESS,
    .summary = "turns requests into typed fields in a process that holds nothing",
    .keys = setting_keys,
    .key_count = COUNT_OF(setting_keys),
};

static struct serve *loop;
static int64_t answered;
static enum err fault; /* of this process or of a peer: what it ends for */

static void end_for(enum err reason, const char *event) {
    log_event(LOG_ERROR, event, "reason=%s", err_text(reason));
    fault = reason;
    serve_stop(loop);
}

/* A faulty process must not be what a question dies of: it ends, and the asker tries another. */
static enum err answer_question(void *context, struct serve_peer *peer,
                                const struct frame *question) {
    (void)context;
    struct frame answer;
    enum err err = worker_answer(question, &answer);
    if (err == ERR_OK && serve_send(peer, &answer) != ERR_OK)
        err = ERR_UNAVAILABLE;
    worker_forget();
    answered++;
    if (err == ERR_UNAVAILABLE)
        end_for(err, "cannot-answer");
    return err == ERR_UNAVAILABLE ? ERR_OK : err;
}

/*
 * In any state of the box: the state comes by another socket and could overtake a question that was
 * asked in time. Who may ask when is core's table.
 */
static const struct serve_verb core_verbs[] = {
    {UNSEAL_ENVELOPE, SERVE_ANY_STATE, answer_question},
    {UNSEAL_FOREIGN, SERVE_ANY_STATE, answer_question},
    {UNSEAL_PAYLOAD, SERVE_ANY_STATE, answer_question},
    {UNSEAL_SAMPLES, SERVE_ANY_STATE, answer_question},
    {JOSE_REQUEST, SERVE_ANY_STATE, answer_question},
    {JOSE_SEALED, SERVE_ANY_STATE, answer_question},
};
static const struct serve_verb provd_verbs[] = {
    {UNSEAL_CERTIFICATE, SERVE_ANY_STATE, answer_question},
    {UNSEAL_ENROLMENT, SERVE_ANY_STATE, answer_question},
    {UNSEAL_TLS_CHAIN, SERVE_ANY_STATE, answer_question},
    {UNSEAL_PKCS10, SERVE_ANY_STATE, answer_question},
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

static int recycle_when_due(void *context) {
    (void)context;
    if (answered >= settings.requests_before_recycle)
        serve_stop(loop);
    return -1;
}

static bool may_ask(const struct asker *asker, uint16_t type) {
    for (size_t i = 0; i < asker->verb_count; i++)
        if (asker->verbs[i].type == type)
            return true;
    return false;
}

/* One worker a question: the loop takes frames in batches, so here a single one is taken by hand.
 */
static enum err answer_single(const struct asker *asker, int fd, uint8_t *packet, size_t size) {
    struct frame question, answer;
    ERR_TRY(frame_receive(fd, packet, size, &question, 0));
    if (!may_ask(asker, question.type))
        return ERR_DENIED;
    enum err err = worker_answer(&question, &answer);
    if (err == ERR_OK)
        err = frame_send(fd, &answer, ANSWER_WAIT_MS);
    worker_forget();
    return err;
}

static void take_single(void *context, int fd) {
    static uint8_t packet[FRAME_MAX_BYTES];
    if (answered > 0)
        return;
    enum err err = answer_single(context, fd, packet, sizeof packet);
    secret_wipe(packet, sizeof packet);
    if (err == ERR_TIMEOUT)
        return;
    answered = settings.requests_before_recycle;
    if (err != ERR_OK)
        end_for(err, "cannot-answer");
}

static enum err add_peer(const struct boot_peer *peer, const struct asker *asker) {
    if (settings.one_request_per_worker)
        return serve_add_descriptor(loop, peer->fd, take_single, (void *)(uintptr_t)asker);
    struct serve_peer_options options = {
        .name = asker->role,
        .verbs = asker->verbs,
        .verb_count = asker->verb_count,
        .lost = lost_peer,
    };
    return serve_add_peer(loop, peer->fd, &options, NULL);
}

static enum err add_peers(const struct boot *boot) {
    for (size_t i = 0; i < boot->peer_count; i++)
        for (size_t j = 0; j < COUNT_OF(askers); j++)
            if (strcmp(boot->peers[i].role, askers[j].role) == 0)
                ERR_TRY(add_peer(&boot->peers[i], &askers[j]));
    return ERR_OK;
}

static enum err read_settings(const struct boot *boot) {
    struct conf_problem problem = {0};
    enum err err = conf_parse(bytes_of(boot->settings, boot->settings_len), setting_keys,
                              COUNT_OF(setting_keys), &settings, &problem);
    if (err != ERR_OK)
        log_event(LOG_ERROR, "settings-refused", "problem=\"%s\"", problem.text);
    return err;
}

/* No files, no network, no threads: the sockets it was started with, and memory. */
static enum err start(const struct boot *boot) {
    static const struct confine_plan plan = {.process = PROCESS, .network = CONFINE_NO_NETWORK};
    static const struct boot_control control = {0};
    ERR_TRY(read_settings(boot));
    ERR_TRY(worker_open());
    ERR_TRY(serve_open(&loop, boot->pulse));
    ERR_TRY(add_peers(boot));
    serve_on_turn(loop, recycle_when_due, NULL);
    ERR_TRY(confine_enter(&plan));
    return boot_ready(boot, loop, &control);
}

int main(int argc, char **argv) {
    static struct boot boot;
    bool finished = false;
    enum err err = boot_receive(argc, argv, &program, &boot, &finished);
    if (err != ERR_OK || finished)
        return boot_exit_code(err);
    err = start(&boot);
    if (err == ERR_OK)
        err = serve_run(loop);
    if (err == ERR_OK)
        err = fault;
    serve_close(loop);
    worker_close();
    if (err != ERR_OK)
        return boot_exit_code(err);
    return answered >= settings.requests_before_recycle ? BOOT_EXIT_RECYCLE : BOOT_EXIT_CLEAN;
}
