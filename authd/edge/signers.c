#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>

#include "authd/edge/signers.h"
#include "firmware/base/clock.h"
#include "firmware/base/frame.h"
#include "firmware/base/log.h"

#define SLICE_MS      10 /* of a wait, to notice that the signer has died */
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

static enum err take_signature(struct bytes payload, struct buffer *signature) {
    struct hsm_tls_signed answer;
    ERR_TRY(hsm_wire_get_tls_signed(payload, &answer));
    ERR_TRY(answer.receipt.status);
    buffer_raw(signature, answer.signature.data, answer.signature.len);
    return signature->err;
}

/* The answer to question ${id}; whatever else comes from this signer meanwhile is taken too. */
static enum err await(struct signers *signers, struct signer *signer, uint64_t id, int64_t end_ms,
                      struct buffer *signature) {
    while (!atomic_load(&signer->down)) {
        struct frame frame;
        int64_t left_ms = end_ms - clock_boot_ms();
        if (left_ms <= 0)
            return ERR_TIMEOUT;
        enum err err = frame_receive(signer->fd, signers->packet, sizeof signers->packet, &frame,
                                     left_ms < SLICE_MS ? left_ms : SLICE_MS);
        if (err == ERR_TIMEOUT)
            continue;
        ERR_TRY(err);
        if (frame.type == HSM_TLS_SIGNED && frame.id == id)
            return take_signature(frame.payload, signature);
        ERR_TRY(take_frame(signers, signer, &frame));
    }
    return ERR_CLOSED;
}

static enum err ask(struct signers *signers, struct signer *signer, int64_t end_ms,
                    const struct hsm_tls_sign *question, struct buffer *signature) {
    uint8_t memory[QUESTION_MAX];
    struct buffer target = buffer_over(memory, sizeof memory);
    struct frame frame = {.type = HSM_TLS_SIGN, .id = ++signers->last_id};
    int64_t now_ms = clock_boot_ms();
    hsm_wire_put_tls_sign(&target, question);
    ERR_TRY(buffer_end(&target, &frame.payload));
    ERR_TRY(frame_send(signer->fd, &frame, 0));
    return await(signers, signer, frame.id,
                 now_ms + SIGNERS_ANSWER_MS < end_ms ? now_ms + SIGNERS_ANSWER_MS : end_ms,
                 signature);
}

static bool may_be_asked(const struct signer *signer) {
    return signer->known && !atomic_load(&signer->down) && clock_boot_ms() >= signer->silent_ms;
}

enum err signers_sign(struct signers *signers, const struct hsm_tls_sign *question,
                      struct buffer *signature) {
    size_t count = signers->options.count;
    int64_t end_ms = clock_boot_ms() + SIGNERS_ALL_MS;
    for (size_t i = 0; i < count; i++) {
        struct signer *signer = &signers->of[(signers->next + i) % count];
        if (!may_be_asked(signer))
            continue;
        enum err err = ask(signers, signer, end_ms, question, signature);
        if (err == ERR_OK) {
            signers->next = (index_of(signers, signer) + 1) % count;
            return ERR_OK;
        }
        log_event(LOG_WARNING, "handshake-not-signed", "signer=%zu reason=%s",
                  index_of(signers, signer), err_text(err));
        if (err == ERR_TIMEOUT)
            signer->silent_ms = clock_boot_ms() + SIGNERS_SILENCE_MS;
    }
    return ERR_UNAVAILABLE;
}
