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

struct signer {
    int fd;
    _Atomic bool down;
    bool known;        /* it has told its chain */
    int64_t silent_ms; /* CLOCK_BOOTTIME until which it is not asked; 0: it answers */
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
    signer->known = false;
    signers->options.tell(signers->options.context, index_of(signers, signer), NULL);
}

static enum err take_chain(struct signers *signers, struct signer *signer, struct bytes payload) {
    struct hsm_tls_chain chain;
    ERR_TRY(hsm_wire_get_tls_chain(payload, &chain));
    if (chain.receipt.status != ERR_OK) {
        forget(signers, signer);
        return ERR_OK;
    }
    signer->known = true;
    signers->options.tell(signers->options.context, index_of(signers, signer), &chain);
    return ERR_OK;
}

static enum err take_frame(struct signers *signers, struct signer *signer,
                           const struct frame *frame) {
    const struct frame question = {.type = HSM_TLS_CHAIN};
    signer->silent_ms = 0;
    switch (frame->type) {
    case HSM_HELLO:
        return signers->options.ask ? frame_send(signer->fd, &question, 0) : ERR_OK;
    case HSM_TLS_CHAIN_IS:
        return take_chain(signers, signer, frame->payload);
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
        if (err == ERR_CLOSED)
            return err;
    }
    return ERR_OK;
}

/* One handshake's question, and the signers that have it and have not answered. */
struct asking {
    struct frame frame;
    size_t count;
    struct signer *waiting[SIGNERS_MAX];
    bool asked[SIGNERS_MAX]; /* by the signer's index */
};

static bool may_be_asked(const struct signer *signer) {
    return signer->known && !atomic_load(&signer->down) && clock_boot_ms() >= signer->silent_ms;
}

static enum err ask_another(struct signers *signers, struct asking *asking) {
    size_t count = signers->options.count;
    for (size_t i = 0; i < count; i++) {
        size_t index = (signers->next + i) % count;
        struct signer *signer = &signers->of[index];
        if (asking->asked[index] || !may_be_asked(signer))
            continue;
        asking->asked[index] = true;
        if (frame_send(signer->fd, &asking->frame, 0) != ERR_OK)
            continue;
        asking->waiting[asking->count++] = signer;
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

static void give_up(const struct signers *signers, struct asking *asking, size_t place,
                    enum err reason) {
    struct signer *signer = asking->waiting[place];
    log_event(LOG_WARNING, "handshake-not-signed", "signer=%zu reason=%s",
              index_of(signers, signer), err_text(reason));
    asking->waiting[place] = asking->waiting[--asking->count];
}

static enum err take_signature(struct bytes payload, struct buffer *signature) {
    struct hsm_tls_signed answer;
    ERR_TRY(hsm_wire_get_tls_signed(payload, &answer));
    ERR_TRY(answer.receipt.status);
    buffer_raw(signature, answer.signature.data, answer.signature.len);
    return signature->err;
}

/* What ${signer} has sent, the signature or something else. ERR_AGAIN: it has not answered yet. */
static enum err look_at(struct signers *signers, struct signer *signer, const struct asking *asking,
                        struct buffer *signature) {
    struct frame frame;
    if (atomic_load(&signer->down))
        return ERR_CLOSED;
    enum err err = frame_receive(signer->fd, signers->packet, sizeof signers->packet, &frame, 0);
    if (err == ERR_TIMEOUT)
        return ERR_AGAIN;
    ERR_TRY(err);
    signer->silent_ms = 0;
    if (frame.type == HSM_TLS_SIGNED && frame.id == asking->frame.id)
        return take_signature(frame.payload, signature);
    ERR_TRY(take_frame(signers, signer, &frame));
    return ERR_AGAIN;
}

/* The first of those that wait to give a signature. ERR_AGAIN: nobody has yet. */
static enum err look_at_all(struct signers *signers, struct asking *asking,
                            struct buffer *signature) {
    struct pollfd polled[SIGNERS_MAX];
    for (size_t i = 0; i < asking->count; i++)
        polled[i] = (struct pollfd){.fd = asking->waiting[i]->fd, .events = POLLIN};
    if (poll(polled, asking->count, SLICE_MS) < 0 && errno != EINTR)
        return ERR_SYSTEM;
    for (size_t i = asking->count; i-- > 0;) {
        struct signer *signer = asking->waiting[i];
        enum err err = look_at(signers, signer, asking, signature);
        if (err == ERR_OK)
            signers->next = (index_of(signers, signer) + 1) % signers->options.count;
        if (err == ERR_OK)
            return ERR_OK;
        if (err != ERR_AGAIN)
            give_up(signers, asking, i, err);
    }
    return ERR_AGAIN;
}

/* Those who are slow are not asked first again, unless they say something. */
static void distrust(const struct asking *asking, int64_t now_ms) {
    for (size_t i = 0; i < asking->count; i++)
        asking->waiting[i]->silent_ms = now_ms + SIGNERS_SILENCE_MS;
}

static enum err sign(struct signers *signers, struct asking *asking, struct buffer *signature) {
    int64_t now_ms = clock_boot_ms(), next_ms = now_ms, end_ms = now_ms + SIGNERS_ALL_MS;
    for (; now_ms < end_ms; now_ms = clock_boot_ms()) {
        if (now_ms >= next_ms)
            distrust(asking, now_ms);
        if (asking->count == 0 || now_ms >= next_ms)
            next_ms = ask_another(signers, asking) == ERR_OK ? now_ms + SIGNERS_ANSWER_MS : end_ms;
        if (asking->count == 0)
            return ERR_UNAVAILABLE;
        enum err err = look_at_all(signers, asking, signature);
        if (err != ERR_AGAIN)
            return err;
    }
    distrust(asking, now_ms);
    while (asking->count > 0)
        give_up(signers, asking, asking->count - 1, ERR_TIMEOUT);
    return ERR_UNAVAILABLE;
}

enum err signers_sign(struct signers *signers, const struct hsm_tls_sign *question,
                      struct buffer *signature) {
    uint8_t memory[QUESTION_MAX];
    struct buffer target = buffer_over(memory, sizeof memory);
    struct asking asking = {.frame = {.type = HSM_TLS_SIGN, .id = ++signers->last_id}};
    hsm_wire_put_tls_sign(&target, question);
    ERR_TRY(buffer_end(&target, &asking.frame.payload));
    return sign(signers, &asking, signature);
}
