#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>

#include "authd/edge/signers.h"
#include "firmware/base/clock.h"
#include "firmware/base/frame.h"
#include "firmware/base/log.h"

#define SLICE_MS      10 /* of a wait, to notice that a signer has died */
#define PACKET_MAX    (HSM_TLS_CERTIFICATES * (HSM_TLS_CERTIFICATE_MAX + 8) + 256)
#define QUESTION_MAX  256
#define FRAMES_A_READ 16

enum word { WORD_NONE, WORD_KEY, WORD_NO_KEY };

struct signer {
    int fd;
    _Atomic bool down;
    bool closed;          /* nothing more comes from its socket */
    enum word word;       /* what it has told of its chain */
    int64_t silent_ms;    /* CLOCK_BOOTTIME until which it is passed by, as it was slow */
    int64_t announced_ms; /* the same, as it said itself; 0: it answers */
};

struct signers {
    struct signers_options options;
    struct signer of[SIGNERS_MAX];
    size_t next; /* whom to ask first */
    uint64_t last_id;
    uint8_t packet[PACKET_MAX];
};

enum err signers_open(struct signers **signers, const struct signers_options *options) {
    *signers = NULL;
    if (options->count > SIGNERS_MAX)
        return ERR_TOO_LARGE;
    struct signers *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    made->options = *options;
    for (size_t i = 0; i < options->count; i++)
        made->of[i].fd = options->fds[i];
    /* By chance, so that an answer to a lane that died answers nothing of its successor. */
    if (getrandom(&made->last_id, sizeof made->last_id, 0) != (ssize_t)sizeof made->last_id) {
        free(made);
        return ERR_SYSTEM;
    }
    *signers = made;
    return ERR_OK;
}

void signers_close(struct signers *signers) {
    free(signers);
}

void signers_note(struct signers *signers, size_t signer, bool serves) {
    if (signer < signers->options.count)
        atomic_store(&signers->of[signer].down, !serves);
}

static size_t index_of(const struct signers *signers, const struct signer *signer) {
    return (size_t)(signer - signers->of);
}

static void forget(struct signers *signers, struct signer *signer) {
    signer->word = WORD_NO_KEY;
    signers->options.tell(signers->options.context, index_of(signers, signer), NULL);
}

static enum err take_chain(struct signers *signers, struct signer *signer, struct bytes payload) {
    struct hsm_tls_chain chain;
    ERR_TRY(hsm_wire_get_tls_chain(payload, &chain));
    if (chain.receipt.status != ERR_OK) {
        forget(signers, signer);
        return ERR_OK;
    }
    signer->word = WORD_KEY;
    signers->options.tell(signers->options.context, index_of(signers, signer), &chain);
    return ERR_OK;
}

/* What was asked before is answered before it is silent: it waits for this. */
static enum err take_silence(struct signer *signer, const struct frame *frame) {
    const struct frame heard = {.type = HSM_TLS_SILENCE_HEARD, .id = frame->id};
    uint32_t ms;
    ERR_TRY(hsm_wire_get_tls_silence(frame->payload, &ms));
    signer->announced_ms = ms > 0 ? clock_boot_ms() + ms : 0;
    if (ms == 0)
        return ERR_OK;
    enum err err = frame_send(signer->fd, &heard, 0);
    return err == ERR_TIMEOUT ? ERR_OK : err; /* a signer that reads nothing does not wait for it */
}

static enum err take_frame(struct signers *signers, struct signer *signer,
                           const struct frame *frame) {
    const struct frame question = {.type = HSM_TLS_CHAIN};
    signer->silent_ms = 0;
    switch (frame->type) {
    case HSM_HELLO:
        signer->announced_ms = 0;
        return signers->options.ask ? frame_send(signer->fd, &question, 0) : ERR_OK;
    case HSM_TLS_CHAIN_IS:
        return take_chain(signers, signer, frame->payload);
    case HSM_TLS_SILENCE:
        return take_silence(signer, frame);
    case HSM_TLS_SIGNED: /* too late */
        return ERR_OK;
    default:
        return ERR_DENIED;
    }
}

/* It is trusted again when it says HELLO again. */
static void report(struct signers *signers, struct signer *signer, enum err reason) {
    log_event(LOG_ERROR, "signer-not-understood", "signer=%zu reason=%s", index_of(signers, signer),
              err_text(reason));
    forget(signers, signer);
}

enum err signers_read(struct signers *signers, int fd) {
    struct signer *signer = signers->of;
    while (signer->fd != fd)
        signer++;
    for (int i = 0; i < FRAMES_A_READ; i++) {
        struct frame frame;
        enum err err = frame_receive(fd, signers->packet, sizeof signers->packet, &frame, 0);
        if (err == ERR_TIMEOUT)
            return ERR_OK;
        if (err == ERR_OK)
            err = take_frame(signers, signer, &frame);
        if (err != ERR_OK)
            report(signers, signer, err);
        signer->closed = err == ERR_CLOSED;
        if (signer->closed)
            return err;
    }
    return ERR_OK;
}

/* ---- who may be asked ---- */

static bool serves(const struct signer *signer) {
    return signer->word == WORD_KEY && !signer->closed && !atomic_load(&signer->down);
}

static bool may_be_asked(const struct signer *signer, int64_t now_ms) {
    return serves(signer) && now_ms >= signer->silent_ms && now_ms >= signer->announced_ms;
}

/* It may yet tell of a key, or its successor. */
static bool may_come(const struct signer *signer) {
    return signer->word != WORD_NO_KEY && !signer->closed;
}

bool signers_ready(const struct signers *signers) {
    bool any_may_come = false;
    int64_t now_ms = clock_boot_ms();
    for (size_t i = 0; i < signers->options.count; i++) {
        if (may_be_asked(&signers->of[i], now_ms))
            return true;
        any_may_come |= may_come(&signers->of[i]);
    }
    return !any_may_come || !signers->options.ask;
}

bool signers_announced(const struct signers *signers) {
    int64_t now_ms = clock_boot_ms();
    for (size_t i = 0; i < signers->options.count; i++)
        if (serves(&signers->of[i]) && now_ms < signers->of[i].announced_ms)
            return true;
    return false;
}

/* ---- one handshake ---- */

enum turn { TURN_TO_COME, TURN_ASKED, TURN_OVER };

/* One handshake's question, and by the signer's index who has it. */
struct asking {
    struct frame frame;
    enum turn turns[SIGNERS_MAX];
};

static bool anybody_has(const struct signers *signers, const struct asking *asking) {
    for (size_t i = 0; i < signers->options.count; i++)
        if (asking->turns[i] == TURN_ASKED)
            return true;
    return false;
}

static bool anybody_is_left(const struct signers *signers, const struct asking *asking) {
    for (size_t i = 0; i < signers->options.count; i++)
        if (asking->turns[i] != TURN_OVER && may_come(&signers->of[i]))
            return true;
    return false;
}

static enum err ask_another(struct signers *signers, struct asking *asking, int64_t now_ms) {
    size_t count = signers->options.count;
    for (size_t i = 0; i < count; i++) {
        size_t index = (signers->next + i) % count;
        struct signer *signer = &signers->of[index];
        if (asking->turns[index] != TURN_TO_COME || !may_be_asked(signer, now_ms))
            continue;
        if (frame_send(signer->fd, &asking->frame, 0) != ERR_OK) {
            signer->silent_ms = now_ms + SIGNERS_SILENCE_MS;
            continue;
        }
        asking->turns[index] = TURN_ASKED;
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

static void log_not_signed(size_t signer, enum err reason) {
    log_event(LOG_WARNING, "handshake-not-signed", "signer=%zu reason=%s", signer,
              err_text(reason));
}

/* What the dead one had not read its successor answers; what it had read is asked again. */
static void take_back_from_dead(struct signers *signers, struct asking *asking) {
    for (size_t i = 0; i < signers->options.count; i++)
        if (asking->turns[i] == TURN_ASKED && atomic_load(&signers->of[i].down))
            asking->turns[i] = TURN_TO_COME;
}

static enum err take_signature(struct bytes payload, struct buffer *signature) {
    struct hsm_tls_signed answer;
    ERR_TRY(hsm_wire_get_tls_signed(payload, &answer));
    ERR_TRY(answer.receipt.status);
    buffer_raw(signature, answer.signature.data, answer.signature.len);
    return signature->err;
}

/* What the signer has sent, the signature or something else. ERR_AGAIN: it has not answered yet. */
static enum err look_at(struct signers *signers, size_t index, struct asking *asking,
                        struct buffer *signature) {
    struct frame frame;
    struct signer *signer = &signers->of[index];
    enum err err = frame_receive(signer->fd, signers->packet, sizeof signers->packet, &frame, 0);
    if (err == ERR_TIMEOUT)
        return ERR_AGAIN;
    signer->closed = err == ERR_CLOSED;
    ERR_TRY(err);
    signer->silent_ms = 0;
    if (frame.type == HSM_TLS_SIGNED && frame.id == asking->frame.id)
        return take_signature(frame.payload, signature);
    if (frame.type == HSM_HELLO && asking->turns[index] == TURN_ASKED)
        asking->turns[index] = TURN_TO_COME; /* a successor, who may not have it */
    err = take_frame(signers, signer, &frame);
    if (err != ERR_OK)
        report(signers, signer, err);
    return err == ERR_OK ? ERR_AGAIN : err;
}

/* The first of all to give a signature. ERR_AGAIN: nobody has yet. */
static enum err look_at_all(struct signers *signers, struct asking *asking,
                            struct buffer *signature) {
    struct pollfd polled[SIGNERS_MAX];
    size_t count = signers->options.count;
    for (size_t i = 0; i < count; i++)
        polled[i] =
            (struct pollfd){.fd = signers->of[i].closed ? -1 : signers->of[i].fd, .events = POLLIN};
    int ready = poll(polled, count, SLICE_MS);
    if (ready < 0 && errno != EINTR)
        return ERR_SYSTEM;
    for (size_t i = 0; i < count && ready > 0; i++) {
        if (polled[i].revents == 0)
            continue;
        enum err err = look_at(signers, i, asking, signature);
        if (err == ERR_OK) {
            signers->next = (i + 1) % count;
            return ERR_OK;
        }
        if (err == ERR_AGAIN)
            continue;
        log_not_signed(i, err);
        asking->turns[i] = TURN_OVER;
    }
    return ERR_AGAIN;
}

/* Those who are slow are not asked first again, unless they say something. */
static void distrust(struct signers *signers, const struct asking *asking, int64_t now_ms) {
    for (size_t i = 0; i < signers->options.count; i++)
        if (asking->turns[i] == TURN_ASKED)
            signers->of[i].silent_ms = now_ms + SIGNERS_SILENCE_MS;
}

static void log_all(const struct signers *signers, const struct asking *asking) {
    for (size_t i = 0; i < signers->options.count; i++)
        if (asking->turns[i] == TURN_ASKED)
            log_not_signed(i, ERR_TIMEOUT);
    if (!anybody_has(signers, asking))
        log_event(LOG_WARNING, "handshake-not-signed", "signer=none reason=nobody-to-ask");
}

static enum err sign(struct signers *signers, struct asking *asking, int64_t until_ms,
                     struct buffer *signature) {
    int64_t now_ms = clock_boot_ms(), next_ms = now_ms;
    for (; now_ms < until_ms; now_ms = clock_boot_ms()) {
        take_back_from_dead(signers, asking);
        if (now_ms >= next_ms)
            distrust(signers, asking, now_ms);
        if ((now_ms >= next_ms || !anybody_has(signers, asking)) &&
            ask_another(signers, asking, now_ms) == ERR_OK)
            next_ms = now_ms + SIGNERS_ANSWER_MS;
        if (!anybody_is_left(signers, asking))
            return ERR_UNAVAILABLE;
        enum err err = look_at_all(signers, asking, signature);
        if (err != ERR_AGAIN)
            return err;
    }
    log_all(signers, asking);
    return ERR_UNAVAILABLE;
}

enum err signers_sign(struct signers *signers, const struct hsm_tls_sign *question,
                      int64_t until_ms, struct buffer *signature) {
    uint8_t memory[QUESTION_MAX];
    struct buffer target = buffer_over(memory, sizeof memory);
    struct asking asking = {.frame = {.type = HSM_TLS_SIGN, .id = ++signers->last_id}};
    hsm_wire_put_tls_sign(&target, question);
    ERR_TRY(buffer_end(&target, &asking.frame.payload));
    return sign(signers, &asking, until_ms, signature);
}
